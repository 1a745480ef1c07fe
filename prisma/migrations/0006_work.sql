-- Work: what was done, what is to do, and the tags on anything.

-- Something that happened or will happen with a customer: a call, a meeting, a message, a visit, a note.
CREATE TABLE activity (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  kind text NOT NULL CHECK (kind IN ('CALL', 'MEETING', 'EMAIL', 'SMS', 'VISIT', 'NOTE', 'FOLLOW_UP')),
  subject text,
  body text,
  direction text CHECK (direction IN ('INBOUND', 'OUTBOUND')),
  status text NOT NULL DEFAULT 'PLANNED' CHECK (status IN ('PLANNED', 'DONE', 'CANCELLED', 'NO_SHOW')),
  start_at timestamptz(3),
  end_at timestamptz(3),
  duration_sec integer CHECK (duration_sec >= 0),
  all_day boolean NOT NULL DEFAULT false,
  location text,
  -- Where a visit checked in, degrees.
  lat double precision CHECK (lat BETWEEN -90 AND 90),
  lng double precision CHECK (lng BETWEEN -180 AND 180),
  outcome text,
  next_follow_up_at timestamptz(3),
  -- [{ objectType, id, response }]: users, contacts, leads.
  attendees jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attendees) = 'array'),
  is_private boolean NOT NULL DEFAULT false,
  recording_url text,
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
  search_text text GENERATED ALWAYS AS (
    atrium.search_key(coalesce(subject, '') || ' ' || coalesce(location, ''))
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT activity_end_at_order CHECK (end_at >= start_at)
);
SELECT atrium.record_table('activity');
CREATE INDEX ON activity (tenant_id, owner_id);
CREATE INDEX ON activity (tenant_id, subject, id) WHERE deleted_at IS NULL;
CREATE INDEX ON activity (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON activity (tenant_id, start_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON activity (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- An activity concerns a record of any type.
CREATE TABLE activity_link (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  activity_id uuid NOT NULL,
  object_type text NOT NULL,
  record_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, activity_id) REFERENCES activity (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('activity_link');
CREATE INDEX ON activity_link (tenant_id, activity_id);
CREATE INDEX ON activity_link (tenant_id, object_type, record_id);
CREATE UNIQUE INDEX activity_link_activity_id_object_type_record_id_key ON activity_link (tenant_id, activity_id, object_type, record_id) WHERE deleted_at IS NULL;

-- Something to do. Its assignee is its owner.
CREATE TABLE task (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  title text NOT NULL,
  description text,
  due_at timestamptz(3),
  start_at timestamptz(3),
  priority text NOT NULL DEFAULT 'NORMAL' CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
  status text NOT NULL DEFAULT 'NOT_STARTED'
    CHECK (status IN ('NOT_STARTED', 'IN_PROGRESS', 'DONE', 'CANCELLED', 'DEFERRED')),
  assignee_id uuid,
  completed_at timestamptz(3),
  parent_task_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(title)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, assignee_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_task_id) REFERENCES task (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT task_parent_task_not_self CHECK (parent_task_id <> id)
);
SELECT atrium.record_table('task');
CREATE INDEX ON task (tenant_id, assignee_id);
CREATE INDEX ON task (tenant_id, parent_task_id);
CREATE INDEX ON task (tenant_id, title, id) WHERE deleted_at IS NULL;
CREATE INDEX ON task (tenant_id, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON task (tenant_id, start_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON task (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON task (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A task concerns a record of any type.
CREATE TABLE task_link (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  task_id uuid NOT NULL,
  object_type text NOT NULL,
  record_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, task_id) REFERENCES task (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('task_link');
CREATE INDEX ON task_link (tenant_id, task_id);
CREATE INDEX ON task_link (tenant_id, object_type, record_id);
CREATE UNIQUE INDEX task_link_task_id_object_type_record_id_key ON task_link (tenant_id, task_id, object_type, record_id) WHERE deleted_at IS NULL;

-- A word to group records by.
CREATE TABLE tag (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  color text,
  description text,
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
SELECT atrium.record_table('tag');
CREATE UNIQUE INDEX tag_name_key ON tag (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON tag (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A tag on a record of any type.
CREATE TABLE tag_link (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  tag_id uuid NOT NULL,
  object_type text NOT NULL,
  record_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, tag_id) REFERENCES tag (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('tag_link');
CREATE INDEX ON tag_link (tenant_id, tag_id);
CREATE INDEX ON tag_link (tenant_id, object_type, record_id);
CREATE UNIQUE INDEX tag_link_tag_id_object_type_record_id_key ON tag_link (tenant_id, tag_id, object_type, record_id) WHERE deleted_at IS NULL;
