-- Imports: each is a record, and knows its changes, so that it can be reverted.

CREATE TABLE import_job (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- Name of the record type.
  object text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('CREATE', 'UPSERT')),
  file_name text NOT NULL,
  status text NOT NULL DEFAULT 'RUNNING' CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED', 'REVERTING', 'REVERTED')),
  -- Rows of the file; null while it runs.
  rows integer CHECK (rows >= 0),
  created integer CHECK (created >= 0),
  updated integer CHECK (updated >= 0),
  unchanged integer CHECK (unchanged >= 0),
  failed integer CHECK (failed >= 0),
  completed_at timestamptz(3),
  can_revert_until timestamptz(3) NOT NULL DEFAULT now() + interval '30 days',
  reverted_at timestamptz(3),
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
SELECT atrium.record_table('import_job');
CREATE INDEX ON import_job (tenant_id, created_by);
CREATE INDEX ON import_job (tenant_id, object, id) WHERE deleted_at IS NULL;
CREATE INDEX ON import_job (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON import_job (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON import_job (tenant_id, completed_at, id) WHERE deleted_at IS NULL;

-- What each transaction of an import changed: ids of change, whose before and after a revert reads. One row for a thousand records.
CREATE TABLE import_batch (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  import_id uuid NOT NULL,
  -- In the order in which they were made.
  change_ids uuid[] NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT now(),
  reverted_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, import_id) REFERENCES import_job (tenant_id, id)
);
SELECT atrium.tenant_table('import_batch');
REVOKE UPDATE ON import_batch FROM atrium_app;
GRANT UPDATE (reverted_at) ON import_batch TO atrium_app;
CREATE INDEX ON import_batch (tenant_id, import_id, id);
CREATE INDEX ON import_batch (tenant_id, at);
