-- Imports that are ordered through the API: they wait for a worker, say how far they are, can be stopped, and keep why they failed.

ALTER TABLE import_job DROP CONSTRAINT import_job_status_check;
ALTER TABLE import_job
  ADD CONSTRAINT import_job_status_check CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'REVERTING', 'REVERTED')),
  ADD COLUMN dry_run boolean NOT NULL DEFAULT false,
  -- As it was given; null for imports from the command line.
  ADD COLUMN mapping jsonb,
  ADD COLUMN problems integer CHECK (problems >= 0),
  ADD COLUMN error_code text,
  ADD COLUMN error_message text;
GRANT UPDATE (dry_run, mapping, problems, error_code, error_message) ON import_job TO atrium_app;

ALTER TABLE attachment DROP CONSTRAINT attachment_category_check;
ALTER TABLE attachment
  ADD CONSTRAINT attachment_category_check CHECK (category IN ('DOCUMENT', 'CONTRACT', 'IMAGE', 'EVIDENCE', 'IMPORT_ERRORS', 'OTHER'));

-- What the worker needs to know of an import that waits or runs; gone with its end.
CREATE TABLE import_run (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  import_id uuid NOT NULL,
  -- Of the file, an attachment. No foreign key: the file may go while the import waits, which then fails.
  attachment_id uuid NOT NULL,
  -- The API key that ordered it, and whose rights count; null: those of the user.
  key_id uuid,
  -- Until when a worker has it; null while it waits. One that does not renew it has died.
  lease_until timestamptz(3),
  -- Somebody wants it to stop.
  stop boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, import_id),
  FOREIGN KEY (tenant_id, import_id) REFERENCES import_job (tenant_id, id)
);
SELECT atrium.tenant_table('import_run');
REVOKE UPDATE ON import_run FROM atrium_app;
GRANT UPDATE (lease_until, stop), DELETE ON import_run TO atrium_app;

-- Who has an import that waits, or whose worker died: ids of tenants and nothing else, for the worker, which then works inside each tenant's bracket (0007
-- says how such functions run).
CREATE FUNCTION atrium.tenants_with_imports() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT r.tenant_id FROM public.import_run r WHERE r.lease_until IS NULL OR r.lease_until < now() GROUP BY r.tenant_id ORDER BY min(r.import_id::text)';
REVOKE ALL ON FUNCTION atrium.tenants_with_imports() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_imports() TO atrium_app;
GRANT SELECT (tenant_id, import_id, lease_until) ON import_run TO atrium_login;
CREATE POLICY login ON import_run FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_imports() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
