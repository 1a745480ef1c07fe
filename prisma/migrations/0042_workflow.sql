-- Workflows: what a company has done by itself when something happens, under the rights of somebody it names.

-- What happens by itself, as its administrators are writing it; what holds is its published version.
CREATE TABLE workflow (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  -- Name of a record type; null where no record starts it.
  object text CHECK (object <> ''),
  trigger text NOT NULL CHECK (trigger IN ('RECORD_CREATED', 'RECORD_UPDATED', 'RECORD_DELETED', 'SCHEDULE', 'DATE_REACHED', 'WEBHOOK', 'MANUAL')),
  -- Of RECORD_UPDATED: API names of the fields, and the values that the first one goes from and to, as clients write them.
  watched_fields text[] NOT NULL DEFAULT '{}',
  from_value jsonb,
  to_value jsonb,
  -- Of SCHEDULE.
  cron text,
  -- Of DATE_REACHED.
  date_field text,
  offset_days integer NOT NULL DEFAULT 0,
  offset_minutes integer NOT NULL DEFAULT 0,
  time_of_day text CHECK (time_of_day ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  -- A filter of the API over the records, as clients write it; null fits all.
  condition jsonb CHECK (jsonb_typeof(condition) = 'object'),
  principal text NOT NULL DEFAULT 'USER' CHECK (principal IN ('USER', 'SYSTEM')),
  run_as_id uuid,
  max_depth integer NOT NULL DEFAULT 8 CHECK (max_depth BETWEEN 1 AND 8),
  -- [{ key, action, … }]; ids as clients write them.
  steps jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(steps) = 'array'),
  enabled boolean NOT NULL DEFAULT false,
  published_version_id uuid,
  -- Stands in the address of a WEBHOOK.
  hook_token text CHECK (hook_token ~ '^[0-9A-Za-z]{22}$'),
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
  FOREIGN KEY (tenant_id, run_as_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('workflow');
CREATE INDEX ON workflow (tenant_id, published_version_id);
CREATE INDEX ON workflow (tenant_id, run_as_id);
CREATE INDEX workflow_enabled_idx ON workflow (tenant_id, id) WHERE enabled AND deleted_at IS NULL;
CREATE UNIQUE INDEX workflow_hook_token_key ON workflow (tenant_id, hook_token) WHERE hook_token IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON workflow (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What of a workflow was published: never changed, so that what runs by it goes on as it began.
CREATE TABLE workflow_version (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  workflow_id uuid NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  -- Name of a record type; null where no record starts it.
  object text CHECK (object <> ''),
  trigger text NOT NULL CHECK (trigger IN ('RECORD_CREATED', 'RECORD_UPDATED', 'RECORD_DELETED', 'SCHEDULE', 'DATE_REACHED', 'WEBHOOK', 'MANUAL')),
  -- Of RECORD_UPDATED: API names of the fields, and the values that the first one goes from and to, as clients write them.
  watched_fields text[] NOT NULL DEFAULT '{}',
  from_value jsonb,
  to_value jsonb,
  -- Of SCHEDULE.
  cron text,
  -- Of DATE_REACHED.
  date_field text,
  offset_days integer NOT NULL DEFAULT 0,
  offset_minutes integer NOT NULL DEFAULT 0,
  time_of_day text CHECK (time_of_day ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  -- A filter of the API over the records, as clients write it; null fits all.
  condition jsonb CHECK (jsonb_typeof(condition) = 'object'),
  principal text NOT NULL DEFAULT 'USER' CHECK (principal IN ('USER', 'SYSTEM')),
  run_as_id uuid,
  max_depth integer NOT NULL DEFAULT 8 CHECK (max_depth BETWEEN 1 AND 8),
  steps jsonb NOT NULL CHECK (jsonb_typeof(steps) = 'array' AND jsonb_array_length(steps) > 0),
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
  FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflow (tenant_id, id),
  FOREIGN KEY (tenant_id, run_as_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT workflow_version_principal CHECK ((principal = 'USER') = (run_as_id IS NOT NULL))
);
SELECT atrium.record_table('workflow_version');
REVOKE UPDATE (workflow_id, number, object, trigger, watched_fields, from_value, to_value, cron, date_field, offset_days, offset_minutes, time_of_day, condition, principal, run_as_id, max_depth, steps) ON workflow_version FROM atrium_app;
CREATE UNIQUE INDEX workflow_version_workflow_id_number_key ON workflow_version (tenant_id, workflow_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON workflow_version (tenant_id, workflow_id);
CREATE INDEX ON workflow_version (tenant_id, run_as_id);
CREATE INDEX ON workflow_version (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE workflow ADD FOREIGN KEY (tenant_id, published_version_id) REFERENCES workflow_version (tenant_id, id);

-- One time that a workflow ran or is running, for one record or none.
CREATE TABLE workflow_run (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  workflow_id uuid NOT NULL,
  version_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'QUEUED' CHECK (status IN ('QUEUED', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  -- The record that it is about, by the id that clients know; it may be gone by now.
  object_type text,
  record_id text,
  -- What started it: of the same workflow and event there is one run.
  event_key text NOT NULL DEFAULT atrium.uuid7()::text,
  -- How many steps of its version it has gone past.
  position integer NOT NULL DEFAULT 0 CHECK (position >= 0),
  -- { outcomes, unchecked }; only the code of runs reads it.
  state jsonb NOT NULL DEFAULT '{}',
  -- Of WEBHOOK: what was sent.
  payload jsonb,
  -- The run whose writes started this one, how many such runs there are behind it, and what they ran for, itself among it: workflow and record.
  cause_id uuid,
  depth integer NOT NULL DEFAULT 1 CHECK (depth > 0),
  chain text[] NOT NULL DEFAULT '{}',
  -- Attempts of the step where it stands that failed.
  attempts integer NOT NULL DEFAULT 0,
  -- When its next step is to be done; null where it is over or waits for somebody else's answer.
  due_at timestamptz(3),
  error_code text CHECK (error_code ~ '^[A-Z][A-Z0-9_]*$'),
  error_message text,
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
  FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflow (tenant_id, id),
  FOREIGN KEY (tenant_id, version_id) REFERENCES workflow_version (tenant_id, id),
  FOREIGN KEY (tenant_id, cause_id) REFERENCES workflow_run (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('workflow_run');
CREATE UNIQUE INDEX workflow_run_event_key ON workflow_run (tenant_id, workflow_id, event_key) WHERE deleted_at IS NULL;
CREATE INDEX workflow_run_due_idx ON workflow_run (tenant_id, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON workflow_run (tenant_id, workflow_id, id);
CREATE INDEX ON workflow_run (tenant_id, version_id);
CREATE INDEX ON workflow_run (tenant_id, cause_id);
CREATE INDEX ON workflow_run (tenant_id, record_id);
CREATE INDEX ON workflow_run (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON workflow_run (tenant_id, completed_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON workflow_run (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a step of a run did. There is one for each step of a run: what is there is not done again.
CREATE TABLE workflow_step_run (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  run_id uuid NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  key text NOT NULL,
  action text NOT NULL,
  status text NOT NULL CHECK (status IN ('WAITING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  attempts integer NOT NULL DEFAULT 1,
  -- What it did, small: { recordId }, { status }.
  result jsonb,
  error_code text CHECK (error_code ~ '^[A-Z][A-Z0-9_]*$'),
  error_message text,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
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
  -- Housekeeping removes runs with their steps.
  FOREIGN KEY (tenant_id, run_id) REFERENCES workflow_run (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('workflow_step_run');
CREATE UNIQUE INDEX workflow_step_run_position_key ON workflow_step_run (tenant_id, run_id, position) WHERE deleted_at IS NULL;
CREATE INDEX ON workflow_step_run (tenant_id, run_id);
CREATE INDEX ON workflow_step_run (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- How far the changes of a company were looked at for workflows that records start; a company without such workflows has no row.
CREATE TABLE workflow_cursor (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  last_sequence bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT workflow_cursor_tenant_key UNIQUE (tenant_id)
);
SELECT atrium.tenant_table('workflow_cursor');

-- Whose changes are to be looked at: ids of tenants and nothing else, for the process that then works inside each tenant's bracket (0007 says how such
-- functions run). Asks only about tenants that have a cursor.
CREATE FUNCTION atrium.tenants_with_changes() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
SELECT c.tenant_id FROM public.workflow_cursor c
WHERE EXISTS (SELECT 1 FROM public.change_commit k WHERE k.tenant_id = c.tenant_id)
  OR EXISTS (SELECT 1 FROM public.change_counter n WHERE n.tenant_id = c.tenant_id AND n.last_sequence > c.last_sequence)
$$;
REVOKE ALL ON FUNCTION atrium.tenants_with_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_changes() TO atrium_app;
GRANT SELECT (tenant_id, last_sequence) ON workflow_cursor TO atrium_login;
GRANT SELECT (tenant_id) ON change_commit TO atrium_login;
GRANT SELECT (tenant_id, last_sequence) ON change_counter TO atrium_login;
CREATE POLICY login ON workflow_cursor FOR SELECT TO atrium_login USING (true);
CREATE POLICY login ON change_commit FOR SELECT TO atrium_login USING (true);
CREATE POLICY login ON change_counter FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_changes() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;

-- A hundred thousand jobs that were ordered at one moment are not sorted to find the first.
CREATE INDEX job_due_idx ON job (tenant_id, run_at, status, id) WHERE status IN ('QUEUED', 'RUNNING');
DROP INDEX job_open_idx;
