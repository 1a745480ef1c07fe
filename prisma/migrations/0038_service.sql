-- Service: cases with queues, comments and promised times; calendars by which these are counted.

-- When a company works: hours of the week, in a time zone.
CREATE TABLE business_calendar (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  timezone text NOT NULL,
  -- [{ day, from, to }], HH:MM by the wall clock.
  weekly jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(weekly) = 'array'),
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
SELECT atrium.record_table('business_calendar');
CREATE UNIQUE INDEX business_calendar_name_key ON business_calendar (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON business_calendar (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A day that is not like its weekday: off, or with hours of its own.
CREATE TABLE holiday (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  calendar_id uuid NOT NULL,
  date date NOT NULL,
  name text NOT NULL,
  -- [{ from, to }]; none is a day off.
  hours jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(hours) = 'array'),
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
  FOREIGN KEY (tenant_id, calendar_id) REFERENCES business_calendar (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('holiday');
CREATE UNIQUE INDEX holiday_calendar_id_date_key ON holiday (tenant_id, calendar_id, date) WHERE deleted_at IS NULL;
CREATE INDEX ON holiday (tenant_id, calendar_id);
CREATE INDEX ON holiday (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Where cases wait for somebody who takes them.
CREATE TABLE case_queue (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  active boolean NOT NULL DEFAULT true,
  routing text NOT NULL DEFAULT 'MANUAL' CHECK (routing IN ('ROUND_ROBIN', 'LEAST_OPEN', 'MANUAL')),
  -- Does it take cases that name no queue, of these types and channels; empty: of all.
  is_default boolean NOT NULL DEFAULT false,
  case_types text[] NOT NULL DEFAULT '{}',
  channels text[] NOT NULL DEFAULT '{}',
  rank integer NOT NULL DEFAULT 100,
  -- The member who had the last turn.
  last_member_id uuid,
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
SELECT atrium.record_table('case_queue');
CREATE UNIQUE INDEX case_queue_name_key ON case_queue (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON case_queue (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Somebody who works on the cases of a queue.
CREATE TABLE case_queue_member (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  queue_id uuid NOT NULL,
  user_id uuid NOT NULL,
  active boolean NOT NULL DEFAULT true,
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
  FOREIGN KEY (tenant_id, queue_id) REFERENCES case_queue (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('case_queue_member');
CREATE UNIQUE INDEX case_queue_member_queue_id_user_id_key ON case_queue_member (tenant_id, queue_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX ON case_queue_member (tenant_id, queue_id);
CREATE INDEX ON case_queue_member (tenant_id, user_id);
CREATE INDEX ON case_queue_member (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What is promised to customers about how soon they are answered.
CREATE TABLE sla_policy (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  active boolean NOT NULL DEFAULT true,
  -- Of policies that fit equally well, the smallest.
  rank integer NOT NULL DEFAULT 100,
  calendar_id uuid NOT NULL,
  -- Per cent of the time after which the owner is warned.
  warn_pct integer NOT NULL DEFAULT 80 CHECK (warn_pct BETWEEN 1 AND 100),
  pause_statuses text[] NOT NULL DEFAULT '{WAITING_CUSTOMER}',
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
  FOREIGN KEY (tenant_id, calendar_id) REFERENCES business_calendar (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('sla_policy');
CREATE UNIQUE INDEX sla_policy_name_key ON sla_policy (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON sla_policy (tenant_id, calendar_id);
CREATE INDEX ON sla_policy (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- The times of a policy for some cases; what is null fits all.
CREATE TABLE sla_target (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  policy_id uuid NOT NULL,
  priority text CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
  level_id uuid,
  type text CHECK (type IN ('QUESTION', 'COMPLAINT', 'INCIDENT', 'FEEDBACK', 'SUGGESTION', 'RETURN')),
  -- Business minutes; null promises nothing.
  first_response_min integer CHECK (first_response_min BETWEEN 1 AND 525600),
  next_response_min integer CHECK (next_response_min BETWEEN 1 AND 525600),
  resolution_min integer CHECK (resolution_min BETWEEN 1 AND 525600),
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
  FOREIGN KEY (tenant_id, policy_id) REFERENCES sla_policy (tenant_id, id),
  FOREIGN KEY (tenant_id, level_id) REFERENCES customer_level (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('sla_target');
CREATE INDEX ON sla_target (tenant_id, policy_id);
CREATE INDEX ON sla_target (tenant_id, level_id);
CREATE INDEX ON sla_target (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What is done when the time of a case is about to end, or is over.
CREATE TABLE sla_escalation_step (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  policy_id uuid NOT NULL,
  milestone text NOT NULL CHECK (milestone IN ('FIRST_RESPONSE', 'NEXT_RESPONSE', 'RESOLUTION')),
  -- Business minutes after the target; less than 0 before it.
  after_min integer NOT NULL DEFAULT 0,
  action text NOT NULL CHECK (action IN ('NOTIFY_OWNER', 'NOTIFY_USER', 'NOTIFY_ROLE', 'NOTIFY_DEPARTMENT_HEAD', 'REASSIGN', 'RAISE_PRIORITY')),
  user_id uuid,
  role_id uuid,
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
  FOREIGN KEY (tenant_id, policy_id) REFERENCES sla_policy (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('sla_escalation_step');
CREATE INDEX ON sla_escalation_step (tenant_id, policy_id);
CREATE INDEX ON sla_escalation_step (tenant_id, user_id);
CREATE INDEX ON sla_escalation_step (tenant_id, role_id);
CREATE INDEX ON sla_escalation_step (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a customer asks for, complains about or reports.
CREATE TABLE service_case (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  subject text NOT NULL,
  description text,
  type text NOT NULL DEFAULT 'QUESTION' CHECK (type IN ('QUESTION', 'COMPLAINT', 'INCIDENT', 'FEEDBACK', 'SUGGESTION', 'RETURN')),
  channel text NOT NULL DEFAULT 'WEB' CHECK (channel IN ('PHONE', 'EMAIL', 'WEB', 'SOCIAL', 'CHAT', 'WECHAT')),
  priority text NOT NULL DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
  severity text CHECK (severity IN ('MINOR', 'MAJOR', 'CRITICAL')),
  status text NOT NULL DEFAULT 'NEW' CHECK (status IN ('NEW', 'ASSIGNED', 'IN_PROGRESS', 'WAITING_CUSTOMER', 'WAITING_INTERNAL', 'RESOLVED', 'CLOSED', 'REOPENED', 'DUPLICATE')),
  account_id uuid,
  contact_id uuid,
  product_id uuid,
  contract_id uuid,
  parent_case_id uuid,
  duplicate_of_id uuid,
  queue_id uuid,
  owner_id uuid,
  root_cause text,
  resolution text,
  is_escalated boolean NOT NULL DEFAULT false,
  escalated_to_id uuid,
  escalated_at timestamptz(3),
  first_response_at timestamptz(3),
  resolved_at timestamptz(3),
  closed_at timestamptz(3),
  reopen_count integer NOT NULL DEFAULT 0,
  -- Since when the customer waits for an answer: they spoke last. Null: the company did.
  awaiting_reply_since timestamptz(3),
  sla_policy_id uuid,
  sla_target_id uuid,
  satisfaction integer CHECK (satisfaction BETWEEN 1 AND 5),
  satisfaction_comment text,
  is_internal boolean NOT NULL DEFAULT false,
  is_important boolean NOT NULL DEFAULT false,
  archived_at timestamptz(3),
  archive_reason text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(number || ' ' || subject)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_case_id) REFERENCES service_case (tenant_id, id),
  FOREIGN KEY (tenant_id, duplicate_of_id) REFERENCES service_case (tenant_id, id),
  FOREIGN KEY (tenant_id, queue_id) REFERENCES case_queue (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, escalated_to_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, sla_policy_id) REFERENCES sla_policy (tenant_id, id),
  FOREIGN KEY (tenant_id, sla_target_id) REFERENCES sla_target (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT service_case_archived CHECK ((archived_at IS NULL) = (archive_reason IS NULL))
);
SELECT atrium.custom_table('service_case', 'Case');
CREATE UNIQUE INDEX service_case_number_key ON service_case (tenant_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON service_case (tenant_id, account_id);
CREATE INDEX ON service_case (tenant_id, contact_id);
CREATE INDEX ON service_case (tenant_id, product_id);
CREATE INDEX ON service_case (tenant_id, contract_id);
CREATE INDEX ON service_case (tenant_id, parent_case_id);
CREATE INDEX ON service_case (tenant_id, duplicate_of_id);
CREATE INDEX ON service_case (tenant_id, queue_id, status);
CREATE INDEX ON service_case (tenant_id, owner_id, status);
CREATE INDEX ON service_case (tenant_id, escalated_to_id);
CREATE INDEX ON service_case (tenant_id, sla_policy_id);
CREATE INDEX ON service_case (tenant_id, sla_target_id);
CREATE INDEX ON service_case (tenant_id, status, priority, id);
CREATE INDEX ON service_case (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What was said about a case, to the customer or among colleagues.
CREATE TABLE case_comment (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  case_id uuid NOT NULL,
  body text NOT NULL,
  is_internal boolean NOT NULL DEFAULT false,
  author_type text NOT NULL DEFAULT 'AGENT' CHECK (author_type IN ('AGENT', 'CUSTOMER')),
  contact_id uuid,
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
  FOREIGN KEY (tenant_id, case_id) REFERENCES service_case (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT case_comment_internal CHECK (author_type = 'AGENT' OR NOT is_internal)
);
SELECT atrium.custom_table('case_comment', 'CaseComment');
CREATE INDEX ON case_comment (tenant_id, case_id, at);
CREATE INDEX ON case_comment (tenant_id, contact_id);
CREATE INDEX ON case_comment (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A time in which something about a case is to be done.
CREATE TABLE case_milestone (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  case_id uuid NOT NULL,
  type text NOT NULL CHECK (type IN ('FIRST_RESPONSE', 'NEXT_RESPONSE', 'RESOLUTION')),
  calendar_id uuid NOT NULL,
  -- Business minutes that there are.
  minutes integer NOT NULL CHECK (minutes > 0),
  started_at timestamptz(3) NOT NULL,
  target_at timestamptz(3) NOT NULL,
  -- Business seconds for which the clock stood, and since when it stands.
  paused_sec integer NOT NULL DEFAULT 0 CHECK (paused_sec >= 0),
  paused_since timestamptz(3),
  completed_at timestamptz(3),
  cancelled_at timestamptz(3),
  is_violated boolean NOT NULL DEFAULT false,
  warn_pct integer NOT NULL DEFAULT 80,
  warned_at timestamptz(3),
  -- Escalation steps that were taken.
  fired_step_ids uuid[] NOT NULL DEFAULT '{}',
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
  FOREIGN KEY (tenant_id, case_id) REFERENCES service_case (tenant_id, id),
  FOREIGN KEY (tenant_id, calendar_id) REFERENCES business_calendar (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('case_milestone');
CREATE UNIQUE INDEX case_milestone_open_key ON case_milestone (tenant_id, case_id, type) WHERE completed_at IS NULL AND cancelled_at IS NULL AND deleted_at IS NULL;
CREATE INDEX ON case_milestone (tenant_id, case_id);
CREATE INDEX ON case_milestone (tenant_id, calendar_id);
CREATE INDEX ON case_milestone (tenant_id, target_at, id);
CREATE INDEX ON case_milestone (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE number_rule DROP CONSTRAINT number_rule_object_check,
  ADD CONSTRAINT number_rule_object_check CHECK (object IN ('OPPORTUNITY', 'QUOTE', 'ORDER', 'CONTRACT', 'RECEIPT', 'INVOICE', 'REFUND', 'CASE', 'RETURN_VISIT'));

-- The seeded roles see how service is set up; those who work on cases give them on and open them again.
CREATE FUNCTION atrium.seed_service() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, s.object, true, 'ALL', 'OWN'
  FROM role r CROSS JOIN (VALUES ('BusinessCalendar'), ('Holiday'), ('CaseQueue'), ('CaseQueueMember'), ('SlaPolicy'), ('SlaTarget'), ('SlaEscalationStep')) AS s(object)
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING;
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, can_create, can_update, can_delete, can_restore, can_transfer, can_reopen, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'Case', true, true, true, true, true, true, true, 'OWN', 'OWN'
  FROM role r WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key = 'rep'
  ON CONFLICT DO NOTHING;
  INSERT INTO access_inheritance (tenant_id, object, relation, access)
  SELECT atrium.tenant_id(), 'Case', 'account', 'NONE' WHERE atrium.tenant_id() IS NOT NULL
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_service() TO atrium_app;

-- For the tenants that are there already (0008 says why row security is off for a moment).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_service();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
