-- Saved views, reports, dashboards and what is sent of them by the calendar. What is written in them is checked by the code, against the record types.

-- How somebody looks at the records of a type: which ones, which columns, in which order.
CREATE TABLE saved_view (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  name text NOT NULL,
  filter jsonb,
  columns text[] NOT NULL DEFAULT '{}',
  sort jsonb,
  grouping text,
  visibility text NOT NULL DEFAULT 'PRIVATE' CHECK (visibility IN ('PRIVATE', 'TEAM', 'PUBLIC')),
  is_default boolean NOT NULL DEFAULT false,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('saved_view');
CREATE INDEX ON saved_view (tenant_id, owner_id);
CREATE INDEX ON saved_view (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Figures over the records of a type: what is counted and summed, by what, of which records.
CREATE TABLE report (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  name text NOT NULL,
  description text,
  measures jsonb NOT NULL DEFAULT '[]',
  dimensions jsonb NOT NULL DEFAULT '[]',
  filter jsonb,
  parameters jsonb NOT NULL DEFAULT '[]',
  order_by jsonb NOT NULL DEFAULT '[]',
  row_limit integer CHECK (row_limit BETWEEN 1 AND 1000),
  currencies text NOT NULL DEFAULT 'EACH' CHECK (currencies IN ('EACH', 'BASE')),
  chart text NOT NULL DEFAULT 'TABLE' CHECK (chart IN ('TABLE', 'NUMBER', 'BAR', 'LINE', 'PIE', 'FUNNEL')),
  visibility text NOT NULL DEFAULT 'PRIVATE' CHECK (visibility IN ('PRIVATE', 'TEAM', 'PUBLIC')),
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || coalesce(description, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('report');
CREATE INDEX ON report (tenant_id, owner_id);
CREATE INDEX ON report (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Reports side by side.
CREATE TABLE dashboard (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  layout jsonb NOT NULL DEFAULT '[]',
  visibility text NOT NULL DEFAULT 'PRIVATE' CHECK (visibility IN ('PRIVATE', 'TEAM', 'PUBLIC')),
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || coalesce(description, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('dashboard');
CREATE INDEX ON dashboard (tenant_id, owner_id);
CREATE INDEX ON dashboard (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Sends a report or a dashboard to users by the calendar.
CREATE TABLE report_schedule (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  -- The report: the id of one that was saved, or the name of a standard one.
  report_id uuid,
  standard text,
  dashboard_id uuid,
  cron text NOT NULL,
  recipient_ids text[] NOT NULL DEFAULT '{}',
  format text NOT NULL DEFAULT 'CSV' CHECK (format IN ('CSV', 'JSON', 'HTML')),
  parameters jsonb,
  active boolean NOT NULL DEFAULT true,
  next_run_at timestamptz(3),
  last_run_at timestamptz(3),
  last_error text,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, report_id) REFERENCES report (tenant_id, id),
  FOREIGN KEY (tenant_id, dashboard_id) REFERENCES dashboard (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('report_schedule');
CREATE INDEX ON report_schedule (tenant_id, owner_id);
CREATE INDEX ON report_schedule (tenant_id, report_id);
CREATE INDEX ON report_schedule (tenant_id, dashboard_id);
CREATE INDEX ON report_schedule (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What was sent, also of schedules that are gone: one row for each occurrence and user, so that nobody gets anything twice. The file opens by a token, of which only the hash is kept, until it expires.
CREATE TABLE report_delivery (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  schedule_id uuid NOT NULL,
  user_id uuid NOT NULL,
  due_at timestamptz(3) NOT NULL,
  format text NOT NULL CHECK (format IN ('CSV', 'JSON', 'HTML')),
  content text NOT NULL,
  token_hash text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('report_delivery');
CREATE UNIQUE INDEX report_delivery_once ON report_delivery (tenant_id, schedule_id, due_at, user_id);
CREATE UNIQUE INDEX report_delivery_token ON report_delivery (tenant_id, token_hash);
CREATE INDEX ON report_delivery (tenant_id, user_id);
CREATE INDEX ON report_delivery (tenant_id, expires_at);
