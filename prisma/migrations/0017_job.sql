-- Jobs: work that is too long for a request, done in steps of one transaction each, after a restart as well as before.

CREATE TABLE job (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  kind text NOT NULL CHECK (kind ~ '^[A-Z][A-Z0-9_]{0,49}$'),
  -- What it is about, for people: the name of a record type or of a pool.
  subject text,
  status text NOT NULL DEFAULT 'QUEUED' CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  -- What it was asked to do; only the code of its kind reads it.
  input jsonb NOT NULL DEFAULT '{}',
  -- How far it has come; only the code of its kind reads it.
  state jsonb,
  done integer NOT NULL DEFAULT 0 CHECK (done >= 0),
  -- Null where it is not known.
  total integer CHECK (total >= 0),
  -- [{ name, value }]
  figures jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(figures) = 'array'),
  error_code text CHECK (error_code ~ '^[A-Z][A-Z0-9_]*$'),
  -- Steps that failed one after the other.
  attempts integer NOT NULL DEFAULT 0,
  -- Of two with the same key only one is open at a time.
  key text,
  -- The next step is not done before.
  run_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Local time at which it is done again every day, HH:MM.
  daily_at text CHECK (daily_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  started_at timestamptz(3),
  completed_at timestamptz(3),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('job');
CREATE UNIQUE INDEX job_key_key ON job (tenant_id, key) WHERE key IS NOT NULL AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL;
CREATE INDEX job_open_idx ON job (tenant_id, run_at, id) WHERE status IN ('QUEUED', 'RUNNING');
CREATE INDEX ON job (tenant_id, created_by);
CREATE INDEX ON job (tenant_id, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX ON job (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON job (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON job (tenant_id, completed_at, id) WHERE deleted_at IS NULL;

-- Who has a job that is due: ids of tenants and nothing else, for the runner, which then works inside each tenant's bracket (0007 says how such functions
-- run). Goes from tenant to tenant in the index, so that a hundred thousand jobs of one cost no more than one.
CREATE FUNCTION atrium.tenants_with_jobs(at timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
WITH RECURSIVE t AS (
  (SELECT j.tenant_id FROM public.job j WHERE j.status IN ('QUEUED', 'RUNNING') ORDER BY j.tenant_id LIMIT 1)
  UNION ALL
  SELECT (
    SELECT j.tenant_id FROM public.job j WHERE j.status IN ('QUEUED', 'RUNNING') AND j.tenant_id > t.tenant_id ORDER BY j.tenant_id LIMIT 1
  ) FROM t WHERE t.tenant_id IS NOT NULL
)
SELECT t.tenant_id FROM t WHERE EXISTS (
  SELECT 1 FROM public.job j WHERE j.tenant_id = t.tenant_id AND j.status IN ('QUEUED', 'RUNNING') AND j.run_at <= at
)
$$;
REVOKE ALL ON FUNCTION atrium.tenants_with_jobs(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_jobs(timestamptz) TO atrium_app;
GRANT SELECT (tenant_id, status, run_at) ON job TO atrium_login;
CREATE POLICY login ON job FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_jobs(timestamptz) OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;

-- The nightly housekeeping of tenants that were made before there were jobs (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    INSERT INTO job (tenant_id, kind, key, daily_at, run_at)
    VALUES (one, 'HOUSEKEEPING', 'housekeeping', to_char(time '01:00' + random() * interval '239 minutes', 'HH24:MI'), now());
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
