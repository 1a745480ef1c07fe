-- What users are told (notifications, and how they want to be told), and what they have to do (to-dos).

-- What a user is told. One of a group that was not read yet is counted up instead of told again.
CREATE TABLE notification (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  user_id uuid NOT NULL,
  type text NOT NULL CHECK (type ~ '^[A-Z][A-Z0-9_]*$'),
  title text NOT NULL,
  body text,
  -- What programs need to know of it.
  payload jsonb,
  -- The record that it is about; its id as clients write it.
  object_type text,
  record_id text,
  group_key text,
  count integer NOT NULL DEFAULT 1 CHECK (count >= 1),
  -- When it was last told.
  told_at timestamptz(3) NOT NULL DEFAULT now(),
  read_at timestamptz(3),
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
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('notification');
CREATE INDEX ON notification (tenant_id, user_id, id);
CREATE INDEX notification_unread_idx ON notification (tenant_id, user_id, told_at, id) WHERE read_at IS NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX notification_group_key ON notification (tenant_id, user_id, group_key) WHERE read_at IS NULL AND group_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON notification (tenant_id, user_id, created_at, id) WHERE deleted_at IS NULL;

-- How a user wants to be told. Users without a row have notifications in the application and none elsewhere.
CREATE TABLE notification_setting (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  user_id uuid NOT NULL,
  in_app boolean NOT NULL DEFAULT true,
  email boolean NOT NULL DEFAULT false,
  webhook boolean NOT NULL DEFAULT false,
  -- { TASK_ASSIGNED: { inApp, email, webhook } }: what differs for a type.
  types jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(types) = 'object'),
  -- HH:MM in the user's time zone; mails and webhooks wait until it is over.
  quiet_from text CHECK (quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  quiet_to text CHECK (quiet_to ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  webhook_url text,
  -- By which what goes to the address is signed.
  webhook_secret text,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  CONSTRAINT notification_setting_quiet CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)),
  CONSTRAINT notification_setting_webhook CHECK ((webhook_url IS NULL) = (webhook_secret IS NULL))
);
SELECT atrium.tenant_table('notification_setting');
REVOKE UPDATE (user_id) ON notification_setting FROM atrium_app;

-- What waits to go to the address that a user named. Written in the transaction that causes it, sent afterwards (src/events/webhook.ts).
CREATE TABLE webhook_delivery (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  user_id uuid NOT NULL,
  body text NOT NULL,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'SENT', 'FAILED')),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  sent_at timestamptz(3),
  -- The status of the last answer, or what went wrong.
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.tenant_table('webhook_delivery');
REVOKE UPDATE (user_id, body) ON webhook_delivery FROM atrium_app;
CREATE INDEX webhook_delivery_pending_idx ON webhook_delivery (tenant_id, next_attempt_at) WHERE status = 'PENDING';
CREATE INDEX webhook_delivery_done_idx ON webhook_delivery (tenant_id, created_at) WHERE status <> 'PENDING';
CREATE INDEX ON webhook_delivery (tenant_id, user_id);

-- Who has something waiting that is due: ids of tenants and nothing else, as atrium.tenants_with_mail().
CREATE FUNCTION atrium.tenants_with_webhooks() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT DISTINCT d.tenant_id FROM public.webhook_delivery d WHERE d.status = 'PENDING' AND d.next_attempt_at <= now() $$;
REVOKE ALL ON FUNCTION atrium.tenants_with_webhooks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_webhooks() TO atrium_app;
GRANT SELECT (tenant_id, status, next_attempt_at) ON webhook_delivery TO atrium_login;
CREATE POLICY login ON webhook_delivery FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_webhooks() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;

-- To-dos: what users have to do, read from one table that the triggers of its sources keep.

-- What somebody has to do, kept by the triggers below: a record of another table says so. It shows from its time on, without anything that runs then.
CREATE TABLE todo_item (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  kind text NOT NULL CHECK (kind IN ('CUSTOMER_FOLLOW_UP', 'LEAD_ASSIGNED', 'CUSTOMER_ASSIGNED', 'ABOUT_TO_ENTER_POOL', 'CONTRACT_APPROVAL', 'RECEIPT_APPROVAL', 'RECEIPT_DUE', 'CONTRACT_EXPIRING', 'RETURN_VISIT_DUE', 'INVOICE_APPROVAL', 'APPROVAL', 'TASK_DUE', 'CASE_SLA', 'PERMISSION_REQUEST', 'REGISTRATION_APPROVAL', 'QUOTE_EXPIRING')),
  user_id uuid NOT NULL,
  -- The record that it is about, and the one that it comes from: of an approval its task.
  object_type text NOT NULL,
  record_id uuid NOT NULL,
  source_id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid,
  title text,
  due_at timestamptz(3),
  show_at timestamptz(3) NOT NULL DEFAULT now(),
  -- What caused it: another moment of the same makes it new.
  since timestamptz(3),
  snoozed_until timestamptz(3),
  shown_from timestamptz(3) NOT NULL GENERATED ALWAYS AS (greatest(show_at, snoozed_until)) STORED,
  done_at timestamptz(3),
  -- Done because its user said so; it stays that until something new causes it.
  dismissed boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('todo_item');
CREATE INDEX todo_item_open_idx ON todo_item (tenant_id, user_id, due_at, id) WHERE done_at IS NULL AND deleted_at IS NULL;
CREATE INDEX ON todo_item (tenant_id, user_id, id);
CREATE INDEX ON todo_item (tenant_id, source_id);
CREATE INDEX ON todo_item (tenant_id, object_type, record_id);
CREATE INDEX ON todo_item (tenant_id, account_id, user_id);
CREATE UNIQUE INDEX todo_item_kind_source_user_key ON todo_item (tenant_id, kind, source_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX ON todo_item (tenant_id, user_id, created_at, id) WHERE deleted_at IS NULL;

-- What the rows of a source have to be done about, now or later, and what of it was done. A source is a table; the others' branches are not run.
CREATE FUNCTION atrium.todo_wanted(source text, ids uuid[])
RETURNS TABLE (kind text, object_type text, record_id uuid, source_id uuid, user_id uuid, title text, due_at timestamptz, show_at timestamptz, since timestamptz, account_id uuid, done_at timestamptz)
LANGUAGE sql STABLE AS $$
  -- A task with a day, from when it begins.
  SELECT 'TASK_DUE', 'Task', k.id, k.id, k.assignee_id, k.title, (k.due_at)::timestamptz, (coalesce(k.start_at, k.created_at))::timestamptz, (k.created_at)::timestamptz, (SELECT l.record_id FROM task_link l WHERE l.tenant_id = k.tenant_id AND l.task_id = k.id AND l.object_type = 'Account' AND l.deleted_at IS NULL ORDER BY l.id LIMIT 1)::uuid, (k.completed_at)::timestamptz
  FROM task k
  WHERE source = 'task' AND k.tenant_id = atrium.tenant_id() AND k.id = ANY (ids) AND k.deleted_at IS NULL AND k.assignee_id IS NOT NULL AND k.due_at IS NOT NULL
    AND k.status <> 'CANCELLED' AND k.external_source NOT IN ('atrium:pool', 'atrium:revenue')
  UNION ALL
  -- A account that goes back to its pool: the pools’ reminder says when (src/resolvers/leads/pool/remind.ts). A follow-up since then has moved the day.
  SELECT 'ABOUT_TO_ENTER_POOL', 'Account', r.id, k.id, k.assignee_id, r.name, (k.due_at)::timestamptz, (k.created_at)::timestamptz, (k.due_at)::timestamptz, (r.id)::uuid, (k.completed_at)::timestamptz
  FROM task k JOIN task_link l ON l.tenant_id = k.tenant_id AND l.task_id = k.id AND l.object_type = 'Account' AND l.deleted_at IS NULL
    JOIN account r ON r.tenant_id = k.tenant_id AND r.id = l.record_id
  WHERE source = 'task' AND k.tenant_id = atrium.tenant_id() AND k.id = ANY (ids) AND k.deleted_at IS NULL AND k.external_source = 'atrium:pool' AND k.status <> 'CANCELLED'
    AND r.deleted_at IS NULL AND r.owner_id = k.assignee_id AND (r.last_activity_at IS NULL OR r.last_activity_at <= k.created_at)
  UNION ALL
  SELECT 'ABOUT_TO_ENTER_POOL', 'Lead', r.id, k.id, k.assignee_id, r.full_name, (k.due_at)::timestamptz, (k.created_at)::timestamptz, (k.due_at)::timestamptz, (NULL)::uuid, (k.completed_at)::timestamptz
  FROM task k JOIN task_link l ON l.tenant_id = k.tenant_id AND l.task_id = k.id AND l.object_type = 'Lead' AND l.deleted_at IS NULL
    JOIN lead r ON r.tenant_id = k.tenant_id AND r.id = l.record_id
  WHERE source = 'task' AND k.tenant_id = atrium.tenant_id() AND k.id = ANY (ids) AND k.deleted_at IS NULL AND k.external_source = 'atrium:pool' AND k.status <> 'CANCELLED'
    AND r.deleted_at IS NULL AND r.owner_id = k.assignee_id AND (r.last_activity_at IS NULL OR r.last_activity_at <= k.created_at)
  UNION ALL
  -- A customer to get in touch with, from the morning of the day.
  SELECT 'CUSTOMER_FOLLOW_UP', 'Account', r.id, r.id, r.owner_id, r.name, (r.next_follow_up_at)::timestamptz, (date_trunc('day', r.next_follow_up_at AT TIME ZONE n.timezone) AT TIME ZONE n.timezone)::timestamptz, (r.next_follow_up_at)::timestamptz, (r.id)::uuid, (CASE WHEN r.last_activity_at >= r.next_follow_up_at THEN r.last_activity_at END)::timestamptz
  FROM account r JOIN tenant n ON n.id = r.tenant_id
  WHERE source = 'account' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND r.next_follow_up_at IS NOT NULL
  UNION ALL
  -- A lead to get in touch with.
  SELECT 'CUSTOMER_FOLLOW_UP', 'Lead', r.id, r.id, r.owner_id, r.full_name, (r.next_follow_up_at)::timestamptz, (date_trunc('day', r.next_follow_up_at AT TIME ZONE n.timezone) AT TIME ZONE n.timezone)::timestamptz, (r.next_follow_up_at)::timestamptz, (NULL)::uuid, (CASE WHEN r.last_activity_at >= r.next_follow_up_at THEN r.last_activity_at END)::timestamptz
  FROM lead r JOIN tenant n ON n.id = r.tenant_id
  WHERE source = 'lead' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND r.next_follow_up_at IS NOT NULL AND r.status NOT IN ('CONVERTED', 'UNQUALIFIED')
  UNION ALL
  -- A customer that somebody was given, until they did something with it.
  SELECT 'CUSTOMER_ASSIGNED', 'Account', r.id, r.id, r.owner_id, r.name, (NULL)::timestamptz, (r.claimed_at)::timestamptz, (r.claimed_at)::timestamptz, (r.id)::uuid, (CASE WHEN r.last_activity_at >= r.claimed_at THEN r.last_activity_at END)::timestamptz
  FROM account r
  WHERE source = 'account' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND r.claim_type = 'ASSIGNED' AND r.claimed_at IS NOT NULL
  UNION ALL
  -- A lead that somebody was given, until they answered it.
  SELECT 'LEAD_ASSIGNED', 'Lead', r.id, r.id, r.owner_id, r.full_name, (NULL)::timestamptz, (r.claimed_at)::timestamptz, (r.claimed_at)::timestamptz, (NULL)::uuid, (CASE WHEN greatest(r.first_response_at, r.last_activity_at) >= r.claimed_at THEN greatest(r.first_response_at, r.last_activity_at) END)::timestamptz
  FROM lead r
  WHERE source = 'lead' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND r.claim_type = 'ASSIGNED' AND r.claimed_at IS NOT NULL AND r.status NOT IN ('CONVERTED', 'UNQUALIFIED')
  UNION ALL
  -- An approval that waits for its approver.
  SELECT CASE WHEN i.object_type IN ('Contract', 'Receipt', 'Invoice') THEN upper(i.object_type) || '_APPROVAL' ELSE 'APPROVAL' END, i.object_type, i.record_id, a.id, a.approver_id, i.flow_name, (a.due_at)::timestamptz, (a.created_at)::timestamptz, (a.created_at)::timestamptz, (CASE i.object_type
      WHEN 'Account' THEN i.record_id
      WHEN 'Contract' THEN (SELECT x.account_id FROM contract x WHERE x.tenant_id = i.tenant_id AND x.id = i.record_id)
      WHEN 'Receipt' THEN (SELECT x.account_id FROM receipt x WHERE x.tenant_id = i.tenant_id AND x.id = i.record_id)
      WHEN 'Invoice' THEN (SELECT x.account_id FROM invoice x WHERE x.tenant_id = i.tenant_id AND x.id = i.record_id)
      WHEN 'Quote' THEN (SELECT x.account_id FROM quote x WHERE x.tenant_id = i.tenant_id AND x.id = i.record_id)
      WHEN 'Opportunity' THEN (SELECT x.account_id FROM opportunity x WHERE x.tenant_id = i.tenant_id AND x.id = i.record_id)
    END)::uuid, (CASE WHEN a.status <> 'PENDING' THEN coalesce(a.decided_at, a.updated_at) END)::timestamptz
  FROM approval_task a JOIN approval_instance i ON i.tenant_id = a.tenant_id AND i.id = a.instance_id
  WHERE source = 'approval_task' AND a.tenant_id = atrium.tenant_id() AND a.id = ANY (ids) AND a.deleted_at IS NULL AND a.status IN ('PENDING', 'APPROVED', 'REJECTED', 'RETURNED')
  UNION ALL
  -- Money that is due, from the day of its reminder.
  SELECT 'RECEIPT_DUE', 'ReceiptPlan', p.id, p.id, r.owner_id, r.name || ' #' || p.sequence, (((p.due_date + 1)::timestamp AT TIME ZONE n.timezone) - interval '1 millisecond')::timestamptz, ((p.due_date - coalesce(p.remind_days_before, 0))::timestamp AT TIME ZONE n.timezone)::timestamptz, ((p.due_date)::timestamp AT TIME ZONE n.timezone)::timestamptz, (r.account_id)::uuid, (CASE WHEN p.status = 'DONE' THEN coalesce(p.settled_at::timestamp AT TIME ZONE n.timezone, p.updated_at) END)::timestamptz
  FROM receipt_plan p JOIN contract r ON r.tenant_id = p.tenant_id AND r.id = p.contract_id JOIN tenant n ON n.id = p.tenant_id
  WHERE source = 'receipt_plan' AND p.tenant_id = atrium.tenant_id() AND p.id = ANY (ids) AND p.deleted_at IS NULL AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND p.status IN ('PENDING', 'PARTIAL', 'OVERDUE', 'DONE')
  UNION ALL
  -- A contract that ends and was not renewed, so many days before.
  SELECT 'CONTRACT_EXPIRING', 'Contract', r.id, r.id, r.owner_id, r.name || ' (' || r.number || ')', (((r.end_date + 1)::timestamp AT TIME ZONE n.timezone) - interval '1 millisecond')::timestamptz, ((r.end_date - greatest(n.revenue_contract_reminder_days, r.renewal_notice_days))::timestamp AT TIME ZONE n.timezone)::timestamptz, ((r.end_date)::timestamp AT TIME ZONE n.timezone)::timestamptz, (r.account_id)::uuid, (SELECT min(x.created_at) FROM contract x WHERE x.tenant_id = r.tenant_id AND x.renewed_from_id = r.id AND x.deleted_at IS NULL AND x.status <> 'VOID')::timestamptz
  FROM contract r JOIN tenant n ON n.id = r.tenant_id
  WHERE source = 'contract' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND r.status = 'APPROVED' AND n.revenue_contract_reminder_days > 0
  UNION ALL
  -- A quote whose last day comes, a week before.
  SELECT 'QUOTE_EXPIRING', 'Quote', r.id, r.id, r.owner_id, r.name || ' (' || r.number || ')', (((r.valid_until + 1)::timestamp AT TIME ZONE n.timezone) - interval '1 millisecond')::timestamptz, ((r.valid_until - 7)::timestamp AT TIME ZONE n.timezone)::timestamptz, ((r.valid_until)::timestamp AT TIME ZONE n.timezone)::timestamptz, (r.account_id)::uuid, (CASE WHEN r.status <> 'SENT' THEN coalesce(r.accepted_at, r.declined_at, r.updated_at) END)::timestamptz
  FROM quote r JOIN tenant n ON n.id = r.tenant_id
  WHERE source = 'quote' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.owner_id IS NOT NULL AND r.status IN ('SENT', 'ACCEPTED', 'DECLINED')
  UNION ALL
  -- A request for rights that waits for its approver.
  SELECT 'PERMISSION_REQUEST', 'PermissionRequest', r.id, r.id, r.approver_id, u.name, (r.due_at)::timestamptz, (r.created_at)::timestamptz, (r.created_at)::timestamptz, (NULL)::uuid, (CASE WHEN r.status <> 'PENDING' THEN r.decided_at END)::timestamptz
  FROM permission_request r JOIN app_user u ON u.tenant_id = r.tenant_id AND u.id = r.applicant_id
  WHERE source = 'permission_request' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND r.approver_id IS NOT NULL AND (r.status = 'PENDING' OR r.decided_by_id = r.approver_id AND r.decided_at IS NOT NULL)
  UNION ALL
  -- A registration that waits for a decision: of the registrant’s manager, else of the head of the department, else of the administrators.
  SELECT 'REGISTRATION_APPROVAL', 'CustomerRegistration', r.id, r.id, d.id, r.company_name, (NULL)::timestamptz, (r.submitted_at)::timestamptz, (r.submitted_at)::timestamptz, (r.account_id)::uuid, (CASE WHEN r.status <> 'SUBMITTED' THEN r.decided_at END)::timestamptz
  FROM customer_registration r JOIN LATERAL (
      SELECT coalesce(m.id, h.id) AS id FROM app_user u
      LEFT JOIN app_user m ON m.tenant_id = u.tenant_id AND m.id = u.manager_id AND m.status = 'ACTIVE' AND m.deleted_at IS NULL
      LEFT JOIN department x ON x.tenant_id = u.tenant_id AND x.id = u.department_id AND x.deleted_at IS NULL
      LEFT JOIN app_user h ON h.tenant_id = u.tenant_id AND h.id = x.head_id AND h.id <> u.id AND h.status = 'ACTIVE' AND h.deleted_at IS NULL
      WHERE u.tenant_id = r.tenant_id AND u.id = r.registrant_id AND coalesce(m.id, h.id) IS NOT NULL
      UNION ALL
      SELECT b.id FROM app_user u
      LEFT JOIN app_user m ON m.tenant_id = u.tenant_id AND m.id = u.manager_id AND m.status = 'ACTIVE' AND m.deleted_at IS NULL
      LEFT JOIN department x ON x.tenant_id = u.tenant_id AND x.id = u.department_id AND x.deleted_at IS NULL
      LEFT JOIN app_user h ON h.tenant_id = u.tenant_id AND h.id = x.head_id AND h.id <> u.id AND h.status = 'ACTIVE' AND h.deleted_at IS NULL
      JOIN role o ON o.tenant_id = u.tenant_id AND o.is_system AND o.key = 'admin' AND o.deleted_at IS NULL
      JOIN app_user b ON b.tenant_id = u.tenant_id AND b.role_id = o.id AND b.id <> u.id AND b.status = 'ACTIVE' AND b.deleted_at IS NULL
      WHERE u.tenant_id = r.tenant_id AND u.id = r.registrant_id AND m.id IS NULL AND h.id IS NULL
    ) d ON true
  WHERE source = 'customer_registration' AND r.tenant_id = atrium.tenant_id() AND r.id = ANY (ids) AND r.deleted_at IS NULL AND (r.status = 'SUBMITTED' OR r.decided_by_id = d.id AND r.decided_at IS NOT NULL)
$$;
GRANT EXECUTE ON FUNCTION atrium.todo_wanted(text, uuid[]) TO atrium_app;

-- Makes the to-dos of some rows of a source what they have to be. One that is the same stays as it is; another moment of the same is a new one; what was done by the way that
-- its source knows is done; what is nobody's any more goes.
CREATE FUNCTION atrium.sync_todos(source text, ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF ids IS NULL OR cardinality(ids) = 0 THEN
    RETURN;
  END IF;
  WITH wanted AS MATERIALIZED (
    SELECT * FROM atrium.todo_wanted(source, ids)
  ), there AS MATERIALIZED (
    SELECT t.id, t.kind, t.source_id, t.user_id FROM public.todo_item t
    WHERE t.tenant_id = atrium.tenant_id() AND t.source_id = ANY (ids) AND t.deleted_at IS NULL ORDER BY t.id FOR UPDATE
  ), gone AS (
    DELETE FROM public.todo_item t USING there h WHERE t.tenant_id = atrium.tenant_id() AND t.id = h.id
      AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.kind = h.kind AND w.source_id = h.source_id AND w.user_id = h.user_id)
  ), done AS (
    UPDATE public.todo_item t SET done_at = w.done_at FROM there h JOIN wanted w ON w.kind = h.kind AND w.source_id = h.source_id AND w.user_id = h.user_id AND w.done_at IS NOT NULL
    WHERE t.tenant_id = atrium.tenant_id() AND t.id = h.id AND t.done_at IS NULL
  )
  INSERT INTO public.todo_item AS t (kind, user_id, object_type, record_id, source_id, account_id, title, due_at, show_at, since)
  SELECT w.kind, w.user_id, w.object_type, w.record_id, w.source_id, w.account_id, left(w.title, 500), w.due_at, w.show_at, w.since
  FROM wanted w WHERE w.done_at IS NULL ORDER BY w.source_id, w.kind, w.user_id
  ON CONFLICT (tenant_id, kind, source_id, user_id) WHERE deleted_at IS NULL DO UPDATE SET
    object_type = excluded.object_type, record_id = excluded.record_id, account_id = excluded.account_id, title = excluded.title,
    due_at = excluded.due_at, show_at = excluded.show_at, since = excluded.since,
    done_at = CASE WHEN t.dismissed AND t.since IS NOT DISTINCT FROM excluded.since AND t.due_at IS NOT DISTINCT FROM excluded.due_at THEN t.done_at END,
    dismissed = t.dismissed AND t.since IS NOT DISTINCT FROM excluded.since AND t.due_at IS NOT DISTINCT FROM excluded.due_at,
    snoozed_until = CASE WHEN t.since IS NOT DISTINCT FROM excluded.since AND t.due_at IS NOT DISTINCT FROM excluded.due_at THEN t.snoozed_until END
  WHERE (t.object_type, t.record_id, t.account_id, t.title, t.due_at, t.show_at, t.since) IS DISTINCT FROM
    (excluded.object_type, excluded.record_id, excluded.account_id, excluded.title, excluded.due_at, excluded.show_at, excluded.since)
    OR t.done_at IS NOT NULL AND NOT t.dismissed;
END $$;
GRANT EXECUTE ON FUNCTION atrium.sync_todos(text, uuid[]) TO atrium_app;

-- For domains that know themselves what is to do: a to-do of one user about one record, made or changed; a done one is new again when its due moment is another.
CREATE FUNCTION atrium.todo_put(kind text, object_type text, record_id uuid, user_id uuid, title text, due_at timestamptz, show_at timestamptz, account_id uuid)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.todo_item AS t (kind, user_id, object_type, record_id, source_id, account_id, title, due_at, show_at, since)
  VALUES ($1, $4, $2, $3, $3, $8, left($5, 500), $6, coalesce($7, now()), $6)
  ON CONFLICT (tenant_id, kind, source_id, user_id) WHERE deleted_at IS NULL DO UPDATE SET
    object_type = excluded.object_type, record_id = excluded.record_id, account_id = excluded.account_id, title = excluded.title,
    due_at = excluded.due_at, show_at = excluded.show_at, since = excluded.since,
    done_at = CASE WHEN t.since IS NOT DISTINCT FROM excluded.since AND t.dismissed THEN t.done_at END,
    dismissed = t.dismissed AND t.since IS NOT DISTINCT FROM excluded.since,
    snoozed_until = CASE WHEN t.since IS NOT DISTINCT FROM excluded.since THEN t.snoozed_until END
  WHERE (t.object_type, t.record_id, t.account_id, t.title, t.due_at, t.show_at) IS DISTINCT FROM
    (excluded.object_type, excluded.record_id, excluded.account_id, excluded.title, excluded.due_at, excluded.show_at)
    OR t.done_at IS NOT NULL AND NOT t.dismissed
$$;
-- What is done, of one user or of all; nothing when nothing was to do.
CREATE FUNCTION atrium.todo_done(kind text, object_type text, record_id uuid, user_id uuid DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  UPDATE public.todo_item t SET done_at = now()
  WHERE t.tenant_id = atrium.tenant_id() AND t.source_id = $3 AND t.kind = $1 AND t.object_type = $2 AND ($4 IS NULL OR t.user_id = $4) AND t.done_at IS NULL AND t.deleted_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION atrium.todo_put(text, text, uuid, uuid, text, timestamptz, timestamptz, uuid), atrium.todo_done(text, text, uuid, uuid) TO atrium_app;

-- Makes a table a source: after each statement that wrote it, the to-dos of the rows whose columns changed are made what they have to be. `id` is the column with the
-- source's id, where the table is not the source itself; a new row counts when `fresh` holds for it.
CREATE FUNCTION atrium.todo_source(target regclass, source text, id text, fresh text, columns text[]) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  func text := format('atrium.todos_of_%s_by_%s', target, id);
  list text := (SELECT string_agg('n.' || quote_ident(c), ', ') FROM unnest(columns) c);
  old_list text := (SELECT string_agg('o.' || quote_ident(c), ', ') FROM unnest(columns) c);
BEGIN
  EXECUTE format($f$
    CREATE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        PERFORM atrium.sync_todos(%2$L, ARRAY(SELECT DISTINCT n.%3$I FROM new_rows n WHERE n.%3$I IS NOT NULL AND (%4$s)));
      ELSIF TG_OP = 'DELETE' THEN
        PERFORM atrium.sync_todos(%2$L, ARRAY(SELECT DISTINCT o.%3$I FROM old_rows o WHERE o.%3$I IS NOT NULL));
      ELSE
        PERFORM atrium.sync_todos(%2$L, ARRAY(
          SELECT DISTINCT x.id FROM new_rows n JOIN old_rows o USING (tenant_id, id) CROSS JOIN LATERAL (VALUES (n.%3$I), (o.%3$I)) AS x(id)
          WHERE (%5$s) IS DISTINCT FROM (%6$s) AND x.id IS NOT NULL));
      END IF;
      RETURN NULL;
    END $body$ $f$, func, source, id, fresh, list, old_list);
  EXECUTE format('CREATE TRIGGER todos_insert_%2$s AFTER INSERT ON %1$s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %3$s()', target, id, func);
  EXECUTE format('CREATE TRIGGER todos_update_%2$s AFTER UPDATE ON %1$s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %3$s()', target, id, func);
  EXECUTE format('CREATE TRIGGER todos_delete_%2$s AFTER DELETE ON %1$s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %3$s()', target, id, func);
END $make$;

SELECT atrium.todo_source('task', 'task', 'id', 'n.due_at IS NOT NULL',
  '{title, due_at, start_at, status, assignee_id, completed_at, deleted_at}');
SELECT atrium.todo_source('task_link', 'task', 'task_id', 'true', '{task_id, object_type, record_id, deleted_at}');
SELECT atrium.todo_source('account', 'account', 'id', $$n.next_follow_up_at IS NOT NULL OR n.claim_type = 'ASSIGNED'$$,
  '{name, owner_id, claim_type, claimed_at, next_follow_up_at, last_activity_at, deleted_at}');
SELECT atrium.todo_source('lead', 'lead', 'id', $$n.next_follow_up_at IS NOT NULL OR n.claim_type = 'ASSIGNED'$$,
  '{full_name, owner_id, claim_type, claimed_at, next_follow_up_at, last_activity_at, first_response_at, status, deleted_at}');
SELECT atrium.todo_source('approval_task', 'approval_task', 'id', 'true', '{approver_id, status, due_at, decided_at, deleted_at}');
SELECT atrium.todo_source('receipt_plan', 'receipt_plan', 'id', $$n.status <> 'NOT_EFFECTIVE'$$,
  '{sequence, due_date, remind_days_before, status, settled_at, deleted_at}');
SELECT atrium.todo_source('contract', 'contract', 'id', $$n.status = 'APPROVED'$$,
  '{name, number, owner_id, account_id, end_date, renewal_notice_days, status, deleted_at}');
-- One that renews another ends what was to do about that.
SELECT atrium.todo_source('contract', 'contract', 'renewed_from_id', 'true', '{renewed_from_id, status, deleted_at}');
SELECT atrium.todo_source('quote', 'quote', 'id', $$n.status = 'SENT'$$,
  '{name, number, owner_id, account_id, valid_until, status, accepted_at, declined_at, deleted_at}');
SELECT atrium.todo_source('permission_request', 'permission_request', 'id', 'true', '{approver_id, status, due_at, decided_at, decided_by_id, deleted_at}');
SELECT atrium.todo_source('customer_registration', 'customer_registration', 'id', 'true', '{company_name, registrant_id, account_id, status, decided_at, decided_by_id, deleted_at}');

-- What hangs on a contract: its plans are its owner's to collect.
CREATE FUNCTION atrium.todos_of_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.sync_todos('receipt_plan', ARRAY(
    SELECT p.id FROM new_rows n JOIN old_rows o USING (tenant_id, id) JOIN public.receipt_plan p ON p.tenant_id = n.tenant_id AND p.contract_id = n.id
    WHERE (n.name, n.owner_id, n.account_id, n.deleted_at) IS DISTINCT FROM (o.name, o.owner_id, o.account_id, o.deleted_at)));
  RETURN NULL;
END $$;
CREATE TRIGGER todos_plans AFTER UPDATE ON contract REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.todos_of_plans();

-- What the pools have reminded of ends with a follow-up, a new owner, or the way into the pool.
CREATE FUNCTION atrium.todos_of_reminders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.sync_todos('task', ARRAY(
    SELECT DISTINCT k.id FROM new_rows n JOIN old_rows o USING (tenant_id, id)
    JOIN public.task_link l ON l.tenant_id = n.tenant_id AND l.object_type = TG_ARGV[0] AND l.record_id = n.id
    JOIN public.task k ON k.tenant_id = n.tenant_id AND k.id = l.task_id AND k.external_source = 'atrium:pool'
    WHERE (n.owner_id, n.last_activity_at, n.deleted_at) IS DISTINCT FROM (o.owner_id, o.last_activity_at, o.deleted_at)));
  RETURN NULL;
END $$;
CREATE TRIGGER todos_reminders AFTER UPDATE ON account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.todos_of_reminders('Account');
CREATE TRIGGER todos_reminders AFTER UPDATE ON lead REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.todos_of_reminders('Lead');

-- Everything that the current tenant's sources say, from the beginning: for data that was there before, and after a change of what holds for all of them. Gives how many are open.
CREATE FUNCTION atrium.rebuild_todos() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.sync_todos('task', ARRAY(SELECT id FROM task WHERE tenant_id = atrium.tenant_id() AND due_at IS NOT NULL AND status NOT IN ('DONE', 'CANCELLED') AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('account', ARRAY(SELECT id FROM account WHERE tenant_id = atrium.tenant_id() AND owner_id IS NOT NULL AND (next_follow_up_at IS NOT NULL OR claim_type = 'ASSIGNED') AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('lead', ARRAY(SELECT id FROM lead WHERE tenant_id = atrium.tenant_id() AND owner_id IS NOT NULL AND (next_follow_up_at IS NOT NULL OR claim_type = 'ASSIGNED') AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('approval_task', ARRAY(SELECT id FROM approval_task WHERE tenant_id = atrium.tenant_id() AND status = 'PENDING' AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('receipt_plan', ARRAY(SELECT id FROM receipt_plan WHERE tenant_id = atrium.tenant_id() AND status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('contract', ARRAY(SELECT id FROM contract WHERE tenant_id = atrium.tenant_id() AND status = 'APPROVED' AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('quote', ARRAY(SELECT id FROM quote WHERE tenant_id = atrium.tenant_id() AND status = 'SENT' AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('permission_request', ARRAY(SELECT id FROM permission_request WHERE tenant_id = atrium.tenant_id() AND status = 'PENDING' AND deleted_at IS NULL));
  PERFORM atrium.sync_todos('customer_registration', ARRAY(SELECT id FROM customer_registration WHERE tenant_id = atrium.tenant_id() AND status = 'SUBMITTED' AND deleted_at IS NULL));
  RETURN (SELECT count(*) FROM todo_item WHERE tenant_id = atrium.tenant_id() AND done_at IS NULL AND deleted_at IS NULL);
END $$;
GRANT EXECUTE ON FUNCTION atrium.rebuild_todos() TO atrium_app;

-- A company's days begin elsewhere, or its contracts are reminded of earlier.
CREATE FUNCTION atrium.todos_of_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM atrium.rebuild_todos();
  RETURN NULL;
END $$;
CREATE TRIGGER todos_update AFTER UPDATE OF timezone, revenue_contract_reminder_days ON tenant FOR EACH ROW
  WHEN ((OLD.timezone, OLD.revenue_contract_reminder_days) IS DISTINCT FROM (NEW.timezone, NEW.revenue_contract_reminder_days)) EXECUTE FUNCTION atrium.todos_of_tenant();

-- For the tenants that are there already, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.rebuild_todos();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
