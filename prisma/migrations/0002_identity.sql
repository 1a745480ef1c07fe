-- Identity: who works in a company, what they may do, and what they sign in with.

-- A named set of rights; every user and API key has one.
CREATE TABLE role (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  key text NOT NULL,
  name text NOT NULL,
  description text,
  -- Seeded with the tenant; cannot be removed.
  is_system boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (
    atrium.search_key(name || ' ' || key || ' ' || coalesce(description, ''))
  ) STORED,
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.record_table('role');
CREATE UNIQUE INDEX role_key_key ON role (tenant_id, key) WHERE deleted_at IS NULL;
CREATE INDEX ON role (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON role (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A person who works in the company. Secrets stand in user_secret.
CREATE TABLE app_user (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- Lower case; unique among the live users of the tenant.
  email text CHECK (email = lower(email)),
  name text NOT NULL,
  mobile text,
  avatar_url text,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('INVITED', 'ACTIVE', 'SUSPENDED', 'LEFT')),
  locale text,
  timezone text,
  title text,
  employee_no text,
  manager_id uuid,
  role_id uuid NOT NULL,
  last_login_at timestamptz(3),
  password_changed_at timestamptz(3),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (
    atrium.search_key(
      name || ' ' || coalesce(email, '') || ' ' || coalesce(mobile, '') || ' ' || coalesce(employee_no, '')
    )
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, manager_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT app_user_manager_not_self CHECK (manager_id <> id)
);
SELECT atrium.record_table('app_user');
CREATE INDEX ON app_user (tenant_id, manager_id);
CREATE INDEX ON app_user (tenant_id, role_id);
CREATE UNIQUE INDEX app_user_email_key ON app_user (tenant_id, email) WHERE deleted_at IS NULL;
CREATE INDEX ON app_user (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON app_user (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON app_user (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A key by which a program calls. Only its hash is kept.
CREATE TABLE api_key (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  -- The first 12 characters, to tell keys apart.
  prefix text NOT NULL,
  last4 text NOT NULL,
  -- SHA-256 of the whole key.
  key_hash bytea NOT NULL,
  role_id uuid NOT NULL,
  -- On whose behalf the key acts, if anyone's.
  user_id uuid,
  scopes text[] NOT NULL DEFAULT '{}',
  -- CIDR ranges; empty means any.
  allowed_ips text[] NOT NULL DEFAULT '{}',
  expires_at timestamptz(3),
  last_used_at timestamptz(3),
  revoked_at timestamptz(3),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || prefix)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('api_key');
CREATE INDEX ON api_key (tenant_id, role_id);
CREATE INDEX ON api_key (tenant_id, user_id);
CREATE UNIQUE INDEX api_key_key_hash_key ON api_key (tenant_id, key_hash) WHERE deleted_at IS NULL;
CREATE INDEX ON api_key (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON api_key (tenant_id, created_at, id) WHERE deleted_at IS NULL;
-- A key arrives before its tenant is known; the look-up runs in one audited function.
CREATE INDEX ON api_key (key_hash);

-- What proves a user. Apart from app_user, so that no read of users and no change row can carry it.
CREATE TABLE user_secret (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  user_id uuid NOT NULL,
  password_hash text,
  failed_attempts integer NOT NULL DEFAULT 0 CHECK (failed_attempts >= 0),
  locked_until timestamptz(3),
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('user_secret');
-- A password does not move to another user.
REVOKE UPDATE (user_id) ON user_secret FROM atrium_app;

-- A signed-in user: one refresh token at a time, rotated at each use.
CREATE TABLE session (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  user_id uuid NOT NULL,
  -- SHA-256 of the current refresh token.
  refresh_hash bytea NOT NULL,
  -- SHA-256 of the token before; its reuse revokes the family.
  previous_hash bytea,
  -- Same for all tokens that stem from one sign-in.
  family uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  ip text,
  user_agent text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('session');
CREATE INDEX ON session (tenant_id, user_id);
CREATE INDEX ON session (tenant_id, family);
CREATE INDEX ON session (tenant_id, expires_at);
-- A refresh token arrives before its tenant is known, like an API key.
CREATE INDEX ON session (refresh_hash);
CREATE INDEX ON session (previous_hash);

-- Keys that had to wait for their target.
ALTER TABLE role ADD FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id);
ALTER TABLE role ADD FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id);
ALTER TABLE role ADD FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id);
