-- Work: tasks that come again, wait for others and have steps; reminders.

ALTER TABLE task
  -- RFC 5545, without DTSTART: the days of the series count from recurrence_start, the day of its first task.
  ADD COLUMN recurrence text,
  ADD COLUMN recurrence_start timestamptz(3),
  -- The task that this one came after.
  ADD COLUMN recurrence_of_id uuid,
  -- [{ title, done }].
  ADD COLUMN checklist jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(checklist) = 'array'),
  ADD FOREIGN KEY (tenant_id, recurrence_of_id) REFERENCES task (tenant_id, id);
SELECT atrium.record_table('task');
-- Each task of a series is followed by one, however often it is completed.
CREATE INDEX ON task (tenant_id, recurrence_of_id);
CREATE UNIQUE INDEX task_recurrence_of_id_key ON task (tenant_id, recurrence_of_id) WHERE deleted_at IS NULL;

-- A task that waits for another.
CREATE TABLE task_dependency (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  task_id uuid NOT NULL,
  depends_on_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, depends_on_id) REFERENCES task (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT task_dependency_not_self CHECK (task_id <> depends_on_id)
);
SELECT atrium.record_table('task_dependency');
CREATE UNIQUE INDEX task_dependency_task_id_depends_on_id_key ON task_dependency (tenant_id, task_id, depends_on_id) WHERE deleted_at IS NULL;
CREATE INDEX ON task_dependency (tenant_id, task_id);
CREATE INDEX ON task_dependency (tenant_id, depends_on_id);
CREATE INDEX ON task_dependency (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- When a user wants to be reminded of a task or an activity: at a moment, or so long before it is due or begins.
CREATE TABLE reminder (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  user_id uuid NOT NULL,
  task_id uuid,
  activity_id uuid,
  at timestamptz(3),
  offset_minutes integer CHECK (offset_minutes BETWEEN 0 AND 525600),
  channel text NOT NULL DEFAULT 'IN_APP' CHECK (channel IN ('IN_APP', 'EMAIL', 'WEBHOOK')),
  -- Kept by triggers: when it is sent; null while there is nothing to remind of.
  fires_at timestamptz(3),
  sent_at timestamptz(3),
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES task (tenant_id, id),
  FOREIGN KEY (tenant_id, activity_id) REFERENCES activity (tenant_id, id),
  CONSTRAINT reminder_one_record CHECK (num_nonnulls(task_id, activity_id) <= 1),
  CONSTRAINT reminder_one_moment CHECK (num_nonnulls(at, offset_minutes) = 1)
);
SELECT atrium.record_table('reminder');
CREATE INDEX reminder_due_idx ON reminder (tenant_id, fires_at, id) WHERE sent_at IS NULL AND fires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON reminder (tenant_id, user_id, id);
CREATE INDEX ON reminder (tenant_id, task_id, user_id);
CREATE INDEX ON reminder (tenant_id, activity_id, user_id);
CREATE INDEX ON reminder (tenant_id, user_id, created_at, id) WHERE deleted_at IS NULL;

-- When a reminder of an open record is sent.
CREATE FUNCTION atrium.reminder_moment(task_id uuid, activity_id uuid, at timestamptz, offset_minutes integer) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce(at, x.moment - make_interval(mins => offset_minutes)) FROM (
    SELECT k.due_at AS moment FROM task k WHERE k.tenant_id = atrium.tenant_id() AND k.id = task_id AND k.status NOT IN ('DONE', 'CANCELLED') AND k.deleted_at IS NULL
    UNION ALL
    SELECT a.start_at FROM activity a WHERE a.tenant_id = atrium.tenant_id() AND a.id = activity_id AND a.status = 'PLANNED' AND a.deleted_at IS NULL
  ) x
$$;
GRANT EXECUTE ON FUNCTION atrium.reminder_moment(uuid, uuid, timestamptz, integer) TO atrium_app;

CREATE FUNCTION atrium.settle_reminder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.fires_at := atrium.reminder_moment(NEW.task_id, NEW.activity_id, NEW.at, NEW.offset_minutes);
  -- Another moment is another reminder.
  IF TG_OP = 'UPDATE' AND NEW.sent_at IS NOT DISTINCT FROM OLD.sent_at AND NEW.fires_at > now() AND NEW.fires_at IS DISTINCT FROM OLD.fires_at THEN
    NEW.sent_at := NULL;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER settle BEFORE INSERT OR UPDATE ON reminder FOR EACH ROW EXECUTE FUNCTION atrium.settle_reminder();

-- The job that sends what is due is ordered with the moment, one for each minute: nobody looks for reminders in between.
CREATE FUNCTION atrium.order_reminders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job (kind, subject, key, run_at)
  SELECT DISTINCT ON (1, 2, 3) 'REMINDERS', 'Reminder', 'reminders ' || to_char(n.fires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), n.fires_at
  FROM new_rows n WHERE n.fires_at IS NOT NULL AND n.sent_at IS NULL AND n.deleted_at IS NULL ORDER BY 1, 2, 3, n.fires_at DESC
  ON CONFLICT (tenant_id, key) WHERE key IS NOT NULL AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL DO UPDATE SET run_at = greatest(job.run_at, excluded.run_at);
  RETURN NULL;
END $$;
CREATE TRIGGER order_insert AFTER INSERT ON reminder REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.order_reminders();
CREATE TRIGGER order_update AFTER UPDATE ON reminder REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.order_reminders();

-- Reminders move with what they are of.
CREATE FUNCTION atrium.move_reminders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'task' THEN
    UPDATE reminder r SET fires_at = NULL FROM new_rows n
    WHERE r.tenant_id = n.tenant_id AND r.task_id = n.id AND r.deleted_at IS NULL
      AND r.fires_at IS DISTINCT FROM atrium.reminder_moment(r.task_id, r.activity_id, r.at, r.offset_minutes);
  ELSE
    UPDATE reminder r SET fires_at = NULL FROM new_rows n
    WHERE r.tenant_id = n.tenant_id AND r.activity_id = n.id AND r.deleted_at IS NULL
      AND r.fires_at IS DISTINCT FROM atrium.reminder_moment(r.task_id, r.activity_id, r.at, r.offset_minutes);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER move_reminders AFTER UPDATE ON task REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.move_reminders();
CREATE TRIGGER move_reminders AFTER UPDATE ON activity REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.move_reminders();
