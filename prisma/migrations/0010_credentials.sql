-- Credentials of programs, and sign-in by a company's own identity provider.

-- When a key was last used stands in a table of its own: a use is no change of the key.
ALTER TABLE api_key DROP COLUMN last_used_at;
ALTER TABLE api_key
  -- A partner app's key calls nothing by itself; it is traded for tokens at /oauth/token.
  ADD COLUMN kind text NOT NULL DEFAULT 'API_KEY' CHECK (kind IN ('API_KEY', 'PARTNER_APP')),
  -- Object.field; empty for all. Of an object that is named in it nothing else is shown, of one that is not, nothing at all.
  ADD COLUMN allowed_fields text[] NOT NULL DEFAULT '{}',
  -- The key that came in its place when it was rotated.
  ADD COLUMN replaced_by_id uuid,
  ADD FOREIGN KEY (tenant_id, replaced_by_id) REFERENCES api_key (tenant_id, id);
SELECT atrium.record_table('api_key');
CREATE INDEX ON api_key (tenant_id, replaced_by_id);

-- When and from where a key was last used, to the minute; one row per key that ever was.
CREATE TABLE api_key_use (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  api_key_id uuid NOT NULL,
  last_used_at timestamptz(3) NOT NULL DEFAULT now(),
  last_ip text,
  PRIMARY KEY (tenant_id, api_key_id),
  FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, id)
);
SELECT atrium.tenant_table('api_key_use');
-- A use does not move to another key.
REVOKE UPDATE (api_key_id) ON api_key_use FROM atrium_app;

-- An OpenID provider that vouches for a company's users.
CREATE TABLE identity_provider (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  issuer text NOT NULL,
  client_id text NOT NULL,
  -- Domains of e-mail addresses that it may vouch for; empty means any.
  allowed_domains text[] NOT NULL DEFAULT '{}',
  enabled boolean NOT NULL DEFAULT true,
  -- Makes users who are not there yet.
  auto_provision boolean NOT NULL DEFAULT false,
  -- Of the users that it makes.
  role_id uuid,
  email_claim text NOT NULL DEFAULT 'email',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('identity_provider');
CREATE INDEX ON identity_provider (tenant_id, role_id);
CREATE UNIQUE INDEX identity_provider_client_key ON identity_provider (tenant_id, issuer, client_id) WHERE deleted_at IS NULL;
CREATE INDEX ON identity_provider (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON identity_provider (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Who a provider's subject is here. One subject per user and provider: an address that the provider gives to another person opens nothing.
CREATE TABLE user_identity (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  provider_id uuid NOT NULL,
  -- The claim sub of its tokens.
  subject text NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_provider (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('user_identity');
CREATE UNIQUE INDEX user_identity_subject_key ON user_identity (tenant_id, provider_id, subject);
CREATE UNIQUE INDEX user_identity_user_key ON user_identity (tenant_id, provider_id, user_id);
CREATE INDEX ON user_identity (tenant_id, user_id);

-- Nonces that a sign-in has used up, until they would have expired anyway.
CREATE TABLE oidc_nonce (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.tenant_table('oidc_nonce');
CREATE INDEX ON oidc_nonce (tenant_id, expires_at);
