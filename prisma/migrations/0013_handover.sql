-- Hand-over of what a user owns to others, record by record, and how many records somebody may own.

-- How many live records of a type a user may own, for one user or for each of those with a role or in a department.
CREATE TABLE owner_quota (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  record_limit integer NOT NULL CHECK (record_limit >= 0),
  user_id uuid,
  role_id uuid,
  department_id uuid,
  principal_id uuid GENERATED ALWAYS AS (coalesce(user_id, role_id, department_id)) STORED,
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
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT owner_quota_one_principal CHECK (num_nonnulls(user_id, role_id, department_id) = 1)
);
SELECT atrium.record_table('owner_quota');
CREATE UNIQUE INDEX owner_quota_object_principal_key ON owner_quota (tenant_id, object, principal_id) WHERE deleted_at IS NULL;
CREATE INDEX ON owner_quota (tenant_id, user_id);
CREATE INDEX ON owner_quota (tenant_id, role_id);
CREATE INDEX ON owner_quota (tenant_id, department_id);

-- One hand-over: from whom, to whom, and how far it is.
CREATE TABLE handover_job (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  from_user_id uuid NOT NULL,
  to_user_id uuid NOT NULL,
  -- [{ object, toUserId }]: who gets the records of a type instead.
  rules jsonb CHECK (jsonb_typeof(rules) = 'array'),
  objects text[] NOT NULL DEFAULT '{}',
  include_closed boolean NOT NULL DEFAULT true,
  keep_access_days integer NOT NULL DEFAULT 0 CHECK (keep_access_days BETWEEN 0 AND 365),
  reason text,
  status text NOT NULL DEFAULT 'QUEUED'
    CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'COMPLETED_WITH_ERRORS', 'FAILED', 'CANCELLED')),
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
  FOREIGN KEY (tenant_id, from_user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, to_user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('handover_job');
CREATE INDEX ON handover_job (tenant_id, from_user_id);
CREATE INDEX ON handover_job (tenant_id, to_user_id);
CREATE INDEX ON handover_job (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX handover_job_open_idx ON handover_job (tenant_id, created_at, id) WHERE status IN ('QUEUED', 'RUNNING');

-- A record of a hand-over and what became of it: fixed when the hand-over is started, so that it can be resumed anywhere and its report adds up.
CREATE TABLE handover_item (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  job_id uuid NOT NULL,
  -- No foreign key: a record of any type, which may be gone by the time that the report is read.
  object text NOT NULL,
  record_id uuid NOT NULL,
  to_user_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'MOVED', 'SKIPPED', 'FAILED')),
  -- Why it was not moved.
  code text CHECK (code ~ '^[A-Z][A-Z0-9_]*$'),
  message text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, job_id) REFERENCES handover_job (tenant_id, id),
  FOREIGN KEY (tenant_id, to_user_id) REFERENCES app_user (tenant_id, id),
  CONSTRAINT handover_item_reason CHECK ((status IN ('SKIPPED', 'FAILED')) = (code IS NOT NULL))
);
SELECT atrium.tenant_table('handover_item');
REVOKE UPDATE (job_id, object, record_id, to_user_id) ON handover_item FROM atrium_app;
REVOKE DELETE ON handover_item FROM atrium_app;
CREATE UNIQUE INDEX handover_item_record_key ON handover_item (tenant_id, job_id, object, record_id);
CREATE INDEX handover_item_page_idx ON handover_item (tenant_id, job_id, id);
CREATE INDEX handover_item_status_idx ON handover_item (tenant_id, job_id, status, id);
-- What is on its way to somebody counts for their quota.
CREATE INDEX handover_item_receiver_idx ON handover_item (tenant_id, to_user_id, status, object);

-- Who has a hand-over under way: ids of tenants and nothing else, for the worker, which then works inside each tenant's bracket (0007 says how such functions run).
CREATE FUNCTION atrium.tenants_with_handover() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT DISTINCT j.tenant_id FROM public.handover_job j WHERE j.status IN (''QUEUED'', ''RUNNING'')';
REVOKE ALL ON FUNCTION atrium.tenants_with_handover() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_handover() TO atrium_app;
GRANT SELECT (tenant_id, status) ON handover_job TO atrium_login;
CREATE POLICY login ON handover_job FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_handover() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
