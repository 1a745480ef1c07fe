-- Workflows and other systems: what they send to start one, and what a step sends to them.

-- Signs both ways. The one before counts for a time, so that the other side can be told the new one.
CREATE TABLE workflow_secret (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  workflow_id uuid NOT NULL,
  -- Sealed by the deployment's secret.
  secret bytea NOT NULL,
  previous_secret bytea,
  previous_until timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT workflow_secret_workflow_key UNIQUE (tenant_id, workflow_id),
  CONSTRAINT workflow_secret_previous CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
  FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflow (tenant_id, id)
);
SELECT atrium.tenant_table('workflow_secret');

-- A request that a step makes: written in the step's transaction, sent afterwards, and again until there is an answer. Gone when the run knows it.
CREATE TABLE workflow_call (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  run_id uuid NOT NULL,
  position integer NOT NULL,
  workflow_id uuid NOT NULL,
  url text NOT NULL,
  body text NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT workflow_call_step_key UNIQUE (tenant_id, run_id, position),
  FOREIGN KEY (tenant_id, run_id) REFERENCES workflow_run (tenant_id, id),
  FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflow (tenant_id, id)
);
SELECT atrium.tenant_table('workflow_call');
REVOKE UPDATE (run_id, position, workflow_id, url, body) ON workflow_call FROM atrium_app;
CREATE INDEX workflow_call_due_idx ON workflow_call (tenant_id, next_attempt_at);
CREATE INDEX ON workflow_call (tenant_id, workflow_id);

-- From the token in an address to the company whose workflow it is, and who has requests that are due: ids and nothing else (0007 says how such functions run).
CREATE FUNCTION atrium.tenant_of_hook(wanted text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT w.tenant_id FROM public.workflow w WHERE w.hook_token = wanted AND w.deleted_at IS NULL LIMIT 1';
CREATE FUNCTION atrium.tenants_with_calls() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT DISTINCT c.tenant_id FROM public.workflow_call c WHERE c.next_attempt_at <= now()';
REVOKE ALL ON FUNCTION atrium.tenant_of_hook(text), atrium.tenants_with_calls() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenant_of_hook(text), atrium.tenants_with_calls() TO atrium_app;
GRANT SELECT (tenant_id, hook_token, deleted_at) ON workflow TO atrium_login;
GRANT SELECT (tenant_id, next_attempt_at) ON workflow_call TO atrium_login;
CREATE POLICY login ON workflow FOR SELECT TO atrium_login USING (true);
CREATE POLICY login ON workflow_call FOR SELECT TO atrium_login USING (true);
CREATE INDEX workflow_hook_idx ON workflow (hook_token) WHERE hook_token IS NOT NULL AND deleted_at IS NULL;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenant_of_hook(text) OWNER TO atrium_login;
ALTER FUNCTION atrium.tenants_with_calls() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
