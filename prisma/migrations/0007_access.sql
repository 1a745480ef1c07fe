-- The only looks across tenants: from a credential, or a company's name at sign-in, to the tenant it belongs to. They run as a role of their own that
-- may read just these columns, and they give back an id and nothing else; everything after happens inside that tenant's bracket.

DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'atrium_login') THEN
    CREATE ROLE atrium_login NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
END $$;
GRANT atrium_login TO CURRENT_USER;
GRANT USAGE ON SCHEMA public, atrium TO atrium_login;
GRANT SELECT (id, slug) ON tenant TO atrium_login;
GRANT SELECT (tenant_id, key_hash, deleted_at) ON api_key TO atrium_login;
GRANT SELECT (tenant_id, refresh_hash, previous_hash) ON session TO atrium_login;
CREATE POLICY login ON tenant FOR SELECT TO atrium_login USING (true);
CREATE POLICY login ON api_key FOR SELECT TO atrium_login USING (true);
CREATE POLICY login ON session FOR SELECT TO atrium_login USING (true);

CREATE FUNCTION atrium.tenant_of_slug(wanted text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT t.id FROM public.tenant t WHERE t.slug = wanted';

CREATE FUNCTION atrium.tenant_of_key(wanted bytea) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT k.tenant_id FROM public.api_key k WHERE k.key_hash = wanted AND k.deleted_at IS NULL';

CREATE FUNCTION atrium.tenant_of_refresh(wanted bytea) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT s.tenant_id FROM public.session s WHERE s.refresh_hash = wanted OR s.previous_hash = wanted LIMIT 1';

-- A function's new owner needs CREATE on its schema at the moment of the change.
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenant_of_slug(text) OWNER TO atrium_login;
ALTER FUNCTION atrium.tenant_of_key(bytea) OWNER TO atrium_login;
ALTER FUNCTION atrium.tenant_of_refresh(bytea) OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
REVOKE ALL ON FUNCTION atrium.tenant_of_slug(text), atrium.tenant_of_key(bytea), atrium.tenant_of_refresh(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenant_of_slug(text), atrium.tenant_of_key(bytea), atrium.tenant_of_refresh(bytea) TO atrium_app;

-- The owner gave itself atrium_login to hand the login functions over. While it inherits from that role, the policies that let the role look
-- across tenants hold for the owner as well, and for what runs as the owner, in spite of FORCE. It keeps the right to become the role, which a later
-- migration of those functions needs (SET LOCAL ROLE atrium_login); PostgreSQL 15 cannot tell the two apart, there it grants itself the role again.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER WITH INHERIT FALSE, SET TRUE';
  ELSE
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
