-- Posts to social networks, and the accounts that they appear under.

-- An account of the company with a network, and by which connector posts get there.
CREATE TABLE social_account (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  platform text NOT NULL CHECK (platform IN ('WECHAT', 'WEIBO', 'DOUYIN', 'XIAOHONGSHU', 'LINKEDIN', 'FACEBOOK', 'INSTAGRAM', 'X', 'YOUTUBE', 'OTHER')),
  handle text,
  -- A name of the deployment’s registry of connectors; what its settings are, it says itself.
  connector text NOT NULL DEFAULT 'manual',
  settings jsonb NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || coalesce(handle, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('social_account');
CREATE UNIQUE INDEX social_account_name_key ON social_account (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON social_account (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a connector proves itself by. Beside the record, so that no change row tells of it.
CREATE TABLE social_secret (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid NOT NULL,
  -- Sealed by the deployment's secret. The one before signs too for a time, so that the other side can be told the new one.
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_until timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT social_secret_account_key UNIQUE (tenant_id, account_id),
  CONSTRAINT social_secret_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
  FOREIGN KEY (tenant_id, account_id) REFERENCES social_account (tenant_id, id)
);
SELECT atrium.tenant_table('social_secret');
REVOKE UPDATE (account_id) ON social_secret FROM atrium_app;

-- A post to a network.
CREATE TABLE social_post (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid NOT NULL,
  campaign_id uuid,
  content text NOT NULL,
  link_url text,
  schedule_at timestamptz(3),
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'SCHEDULED', 'PUBLISHING', 'PUBLISHED', 'FAILED', 'CANCELLED')),
  published_at timestamptz(3),
  -- Of the network.
  published_id text,
  published_url text,
  failure_code text CHECK (failure_code IN ('REFUSED', 'GAVE_UP', 'ACCOUNT_INACTIVE', 'CONNECTOR_MISSING', 'NO_SECRET')),
  failure_message text,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  impressions integer CHECK (impressions >= 0),
  likes integer CHECK (likes >= 0),
  comments integer CHECK (comments >= 0),
  shares integer CHECK (shares >= 0),
  clicks integer CHECK (clicks >= 0),
  metrics_at timestamptz(3),
  owner_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(content)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES social_account (tenant_id, id),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT social_post_published CHECK ((status = 'PUBLISHED') = (published_at IS NOT NULL)),
  CONSTRAINT social_post_failure CHECK ((status = 'FAILED') <= (failure_code IS NOT NULL))
);
SELECT atrium.custom_table('social_post', 'SocialPost');
CREATE INDEX ON social_post (tenant_id, account_id, id);
CREATE INDEX ON social_post (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX ON social_post (tenant_id, owner_id, id);
CREATE INDEX ON social_post (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What is still to be done for a post by its connector, beside the record: attempts and leases are no changes of it. Its id is the key under which the connector publishes once.
CREATE TABLE social_delivery (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  post_id uuid NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  -- When it is published, tried again, taken over from a process that died, or its figures are asked for; null: nothing to do.
  due_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT social_delivery_post_key UNIQUE (tenant_id, post_id),
  FOREIGN KEY (tenant_id, post_id) REFERENCES social_post (tenant_id, id)
);
SELECT atrium.tenant_table('social_delivery');
REVOKE UPDATE (post_id) ON social_delivery FROM atrium_app;
CREATE INDEX social_delivery_due_idx ON social_delivery (tenant_id, due_at) WHERE due_at IS NOT NULL;

-- What goes for good takes these along.
CREATE FUNCTION atrium.drop_social_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM social_secret WHERE tenant_id = OLD.tenant_id AND account_id = OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER social_account_gone BEFORE DELETE ON social_account FOR EACH ROW EXECUTE FUNCTION atrium.drop_social_secret();
CREATE FUNCTION atrium.drop_social_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM social_delivery WHERE tenant_id = OLD.tenant_id AND post_id = OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER social_post_gone BEFORE DELETE ON social_post FOR EACH ROW EXECUTE FUNCTION atrium.drop_social_delivery();

-- Which companies have something due: ids and nothing else (0007 says how such functions run).
CREATE FUNCTION atrium.tenants_with_social() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT DISTINCT d.tenant_id FROM public.social_delivery d WHERE d.due_at <= now()';
REVOKE ALL ON FUNCTION atrium.tenants_with_social() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_social() TO atrium_app;
GRANT SELECT (tenant_id, due_at) ON social_delivery TO atrium_login;
CREATE POLICY login ON social_delivery FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_social() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;

-- The seeded roles see under which accounts they may post.
CREATE FUNCTION atrium.seed_social() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'SocialAccount', true, 'ALL', 'OWN'
  FROM role r WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_social() TO atrium_app;

-- For the tenants that are there already (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_social();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
