-- Who has to agree before a record counts: flows of steps, and what waits for a decision.

-- Who decides about records of a type, as its administrators are writing it; what holds is its published version.
CREATE TABLE approval_flow (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  -- Name of a record type whose code says that it can be approved.
  object text NOT NULL CHECK (object <> ''),
  trigger text NOT NULL DEFAULT 'SUBMIT' CHECK (trigger IN ('SUBMIT', 'CREATE')),
  -- A filter of the API over the records, as clients write it; null fits all.
  condition jsonb CHECK (jsonb_typeof(condition) = 'object'),
  -- The smallest is tried first.
  priority integer NOT NULL DEFAULT 100,
  active boolean NOT NULL DEFAULT true,
  recheck text NOT NULL DEFAULT 'FIRST_STEP' CHECK (recheck IN ('FIRST_STEP', 'LAST_STEP')),
  -- [{ name, mode, source, … }]; ids as clients write them.
  steps jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(steps) = 'array'),
  published_version_id uuid,
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);

-- What of a flow was published: never changed, so that what runs by it goes on as it began.
CREATE TABLE approval_flow_version (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  flow_id uuid NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  condition jsonb CHECK (jsonb_typeof(condition) = 'object'),
  recheck text NOT NULL CHECK (recheck IN ('FIRST_STEP', 'LAST_STEP')),
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
  FOREIGN KEY (tenant_id, flow_id) REFERENCES approval_flow (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('approval_flow_version');
REVOKE UPDATE (flow_id, number, condition, recheck, steps) ON approval_flow_version FROM atrium_app;
CREATE UNIQUE INDEX approval_flow_version_flow_id_number_key ON approval_flow_version (tenant_id, flow_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON approval_flow_version (tenant_id, flow_id);
CREATE INDEX ON approval_flow_version (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE approval_flow ADD FOREIGN KEY (tenant_id, published_version_id) REFERENCES approval_flow_version (tenant_id, id);
SELECT atrium.record_table('approval_flow');
CREATE INDEX ON approval_flow (tenant_id, published_version_id);
CREATE INDEX ON approval_flow (tenant_id, object, priority, id) WHERE deleted_at IS NULL;
CREATE INDEX ON approval_flow (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- One record on its way through a published flow.
CREATE TABLE approval_instance (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object_type text NOT NULL CHECK (object_type <> ''),
  record_id uuid NOT NULL,
  flow_id uuid NOT NULL,
  flow_version_id uuid NOT NULL,
  flow_name text NOT NULL,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'CANCELLED')),
  -- From 1, and its name; where it ended, once it is over.
  current_step integer NOT NULL DEFAULT 1 CHECK (current_step > 0),
  step_name text,
  -- Counts the steps that were begun, a step that is begun again too: the tasks of one beginning have the same.
  round integer NOT NULL DEFAULT 0,
  submitter_id uuid NOT NULL,
  submitted_at timestamptz(3) NOT NULL DEFAULT now(),
  comment text,
  -- Whom the submitter named, for steps that leave it to them.
  chosen_ids uuid[] NOT NULL DEFAULT '{}',
  decided_by_id uuid,
  decided_at timestamptz(3),
  -- The record when it was submitted and when it was approved, as the API shows it; shown to each viewer without what is hidden from them.
  snapshot jsonb NOT NULL DEFAULT '{}',
  decided_snapshot jsonb,
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
  FOREIGN KEY (tenant_id, flow_id) REFERENCES approval_flow (tenant_id, id),
  FOREIGN KEY (tenant_id, flow_version_id) REFERENCES approval_flow_version (tenant_id, id),
  FOREIGN KEY (tenant_id, submitter_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, decided_by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('approval_instance');
REVOKE UPDATE (submitter_id, submitted_at, comment, chosen_ids, snapshot) ON approval_instance FROM atrium_app;
-- A record waits once.
CREATE UNIQUE INDEX approval_instance_pending_key ON approval_instance (tenant_id, object_type, record_id) WHERE status = 'PENDING' AND deleted_at IS NULL;
CREATE INDEX ON approval_instance (tenant_id, object_type, record_id);
CREATE INDEX ON approval_instance (tenant_id, flow_id);
CREATE INDEX ON approval_instance (tenant_id, flow_version_id);
CREATE INDEX ON approval_instance (tenant_id, submitter_id, status);
CREATE INDEX ON approval_instance (tenant_id, decided_by_id);
CREATE INDEX ON approval_instance (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What one user has to decide about it.
CREATE TABLE approval_task (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  instance_id uuid NOT NULL,
  step integer NOT NULL CHECK (step > 0),
  step_name text NOT NULL,
  round integer NOT NULL,
  -- Their turn, of a step that takes them one after the other.
  sort integer NOT NULL DEFAULT 0,
  approver_id uuid NOT NULL,
  -- Whom the approver stands in for.
  delegated_from_id uuid,
  -- Who never decides it unless the step says so: that of the instance.
  submitter_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('WAITING', 'PENDING', 'APPROVED', 'REJECTED', 'RETURNED', 'TRANSFERRED', 'CANCELLED')),
  -- Another approver asked for this one: they have to agree besides those of the step.
  added boolean NOT NULL DEFAULT false,
  -- They had approved an earlier step, and the step asks nobody twice; or nobody decided in time.
  automatic boolean NOT NULL DEFAULT false,
  comment text,
  due_at timestamptz(3),
  escalations integer NOT NULL DEFAULT 0,
  decided_at timestamptz(3),
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
  FOREIGN KEY (tenant_id, instance_id) REFERENCES approval_instance (tenant_id, id),
  FOREIGN KEY (tenant_id, approver_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, delegated_from_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, submitter_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('approval_task');
REVOKE UPDATE (instance_id, step, step_name, round, submitter_id, added) ON approval_task FROM atrium_app;
CREATE INDEX ON approval_task (tenant_id, instance_id, round);
CREATE INDEX ON approval_task (tenant_id, approver_id, status);
CREATE INDEX ON approval_task (tenant_id, delegated_from_id);
CREATE INDEX ON approval_task (tenant_id, submitter_id);
CREATE INDEX ON approval_task (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What happened to it: one row for each act. Rows are added and never changed.
CREATE TABLE approval_log (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  instance_id uuid NOT NULL,
  task_id uuid,
  action text NOT NULL CHECK (action IN ('SUBMIT', 'APPROVE', 'REJECT', 'RETURN', 'ADD_SIGN', 'TRANSFER', 'WITHDRAW', 'CANCEL', 'PASS', 'ESCALATE', 'REMIND', 'REASSIGN')),
  -- Done by the clock or by a rule of the flow, not by somebody.
  automatic boolean NOT NULL DEFAULT false,
  step integer NOT NULL,
  by_id uuid,
  delegated_from_id uuid,
  to_user_id uuid,
  to_step integer,
  comment text,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
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
  FOREIGN KEY (tenant_id, instance_id) REFERENCES approval_instance (tenant_id, id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES approval_task (tenant_id, id),
  FOREIGN KEY (tenant_id, by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, delegated_from_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, to_user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('approval_log');
REVOKE UPDATE (instance_id, action, automatic, step, to_step, comment, at) ON approval_log FROM atrium_app;
CREATE INDEX ON approval_log (tenant_id, instance_id, at);
CREATE INDEX ON approval_log (tenant_id, task_id);
CREATE INDEX ON approval_log (tenant_id, by_id);
CREATE INDEX ON approval_log (tenant_id, delegated_from_id);
CREATE INDEX ON approval_log (tenant_id, to_user_id);
CREATE INDEX ON approval_log (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Who has to decide about a record, or is told, sees it: by a share, like any other, that stays when it is decided. One that ran out is opened again.
CREATE FUNCTION atrium.share_for_approval(object text, record uuid, users uuid[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO record_share (object_type, record_id, user_id, access, reason)
  SELECT object, record, u.id, 'READ', 'approval' FROM app_user u WHERE u.tenant_id = atrium.tenant_id() AND u.id = ANY (users)
  ON CONFLICT (tenant_id, object_type, record_id, principal_id) WHERE deleted_at IS NULL
  DO UPDATE SET expires_at = NULL WHERE record_share.expires_at <= now()
$$;
GRANT EXECUTE ON FUNCTION atrium.share_for_approval(text, uuid, uuid[]) TO atrium_app;

CREATE FUNCTION atrium.open_for_approver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.share_for_approval(i.object_type, i.record_id, ARRAY[NEW.approver_id])
  FROM approval_instance i WHERE i.tenant_id = NEW.tenant_id AND i.id = NEW.instance_id;
  RETURN NULL;
END $$;
CREATE TRIGGER open_for_approver_insert AFTER INSERT ON approval_task FOR EACH ROW WHEN (NEW.status IN ('WAITING', 'PENDING'))
EXECUTE FUNCTION atrium.open_for_approver();
CREATE TRIGGER open_for_approver_update AFTER UPDATE OF approver_id ON approval_task FOR EACH ROW
WHEN (NEW.approver_id <> OLD.approver_id AND NEW.status IN ('WAITING', 'PENDING'))
EXECUTE FUNCTION atrium.open_for_approver();
