-- Marketing: templates and mails to customers, who is not written to, campaigns, lists, mass mails and what becomes of them.

-- The key under which a company's addresses are hashed: of no use to another company, and with it alone no address is found.
ALTER TABLE tenant ADD COLUMN address_key bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
  -- To which campaign a deal is counted: that of the first touch, of the last, or to all alike; and how many days back touches count.
  ADD COLUMN marketing_attribution text NOT NULL DEFAULT 'LAST' CHECK (marketing_attribution IN ('FIRST', 'LAST', 'EVEN')),
  ADD COLUMN marketing_attribution_days integer NOT NULL DEFAULT 90 CHECK (marketing_attribution_days BETWEEN 1 AND 3650);
GRANT UPDATE (marketing_attribution, marketing_attribution_days) ON tenant TO atrium_app;

-- The keyed hash (NMAC with SHA-256) of an e-mail address for the tenant of the bracket: what is left of an address that asked not to be written to.
CREATE FUNCTION atrium.address_hash(address text) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT sha256(t.address_key || sha256(t.address_key || convert_to(lower(address), 'UTF8'))) FROM public.tenant t WHERE t.id = atrium.tenant_id() $$;
GRANT EXECUTE ON FUNCTION atrium.address_hash(text) TO atrium_app;

-- A mail with places for what is known of its recipient.
CREATE TABLE email_template (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  subject text NOT NULL,
  html text NOT NULL,
  -- What readers without HTML get; made of html where it is null.
  text text,
  -- Read out of the three by the application: contact.firstName.
  variables text[] NOT NULL DEFAULT '{}',
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
SELECT atrium.custom_table('email_template', 'EmailTemplate');
CREATE UNIQUE INDEX email_template_name_key ON email_template (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON email_template (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A mail to one recipient: what became of it. Its text stands in email_body until it is sent.
CREATE TABLE email_message (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  template_id uuid,
  contact_id uuid,
  lead_id uuid,
  user_id uuid,
  -- One address, and nothing that a header could take for more.
  to_address text NOT NULL CHECK (to_address ~ '^[^[:space:][:cntrl:],;:<>()"]+@[^[:space:][:cntrl:],;:<>()"@]+$'),
  address_hash bytea NOT NULL,
  subject text NOT NULL CHECK (subject !~ '[[:cntrl:]]'),
  -- Of business, so that opting out does not stop it.
  informational boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'QUEUED' CHECK (status IN ('QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'BOUNCED_SOFT', 'BOUNCED_HARD', 'FAILED', 'SUPPRESSED', 'CANCELLED')),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  sent_at timestamptz(3),
  -- What the mail server called it.
  provider_id text,
  -- Why it was not sent: OPTED_OUT, or codes of the last failure: EENVELOPE 550.
  problem text,
  opened_at timestamptz(3),
  first_click_at timestamptz(3),
  opens integer NOT NULL DEFAULT 0 CHECK (opens >= 0),
  clicks integer NOT NULL DEFAULT 0 CHECK (clicks >= 0),
  -- The same order twice is one mail.
  order_key text,
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
  FOREIGN KEY (tenant_id, template_id) REFERENCES email_template (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT email_message_one_recipient CHECK (num_nonnulls(contact_id, lead_id, user_id) = 1)
);
SELECT atrium.record_table('email_message');
CREATE INDEX ON email_message (tenant_id, template_id, id) WHERE template_id IS NOT NULL;
CREATE INDEX ON email_message (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON email_message (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON email_message (tenant_id, user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX email_message_due_idx ON email_message (tenant_id, next_attempt_at) WHERE status IN ('QUEUED', 'SENDING') AND deleted_at IS NULL;
CREATE INDEX email_message_address_idx ON email_message (tenant_id, address_hash);
CREATE UNIQUE INDEX email_message_order_key ON email_message (tenant_id, order_key) WHERE order_key IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON email_message (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- As in 0001, but without the hashes of addresses too. After a statement that wrote records: a row in change for each record that changed, and the transaction's row in change_commit. Names are column
-- names. For statements and not for rows, because a list or an import writes a thousand at once.
CREATE OR REPLACE FUNCTION atrium.record_changes() RETURNS trigger LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- A record type may have columns of these names; every column below is qualified.
DECLARE
  hidden CONSTANT text[] := ARRAY['tenant_id', 'search_text', 'version', 'updated_at', 'updated_by', 'key_hash', 'address_hash'];
  actor CONSTANT text := coalesce(NULLIF(current_setting('app.actor', true), ''), 'system');
  request CONSTANT text := NULLIF(current_setting('app.request_id', true), '');
  address CONSTANT text := NULLIF(current_setting('app.ip', true), '');
  speaker CONSTANT uuid := atrium.actor_id();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.change
      (tenant_id, operation, object, record_id, record_version, changed_fields, after, actor, user_id, request_id, ip)
    SELECT n.tenant_id, 'created', TG_TABLE_NAME, n.id, n.version, '{}', jsonb_strip_nulls(to_jsonb(n)) - hidden,
      actor, speaker, request, address
    FROM new_rows n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO public.change
      (tenant_id, operation, object, record_id, record_version, changed_fields, before, actor, user_id, request_id, ip)
    SELECT o.tenant_id, 'destroyed', TG_TABLE_NAME, o.id, o.version, '{}', jsonb_strip_nulls(to_jsonb(o)) - hidden,
      actor, speaker, request, address
    FROM old_rows o;
  ELSE
    INSERT INTO public.change
      (tenant_id, operation, object, record_id, record_version, changed_fields, before, after, actor, user_id, request_id, ip)
    SELECT n.tenant_id,
      CASE
        WHEN o.deleted_at IS NULL AND n.deleted_at IS NOT NULL THEN 'deleted'
        WHEN o.deleted_at IS NOT NULL AND n.deleted_at IS NULL THEN 'restored'
        ELSE 'updated'
      END,
      TG_TABLE_NAME, n.id, n.version, d.fields, d.old_values, d.new_values, actor, speaker, request, address
    FROM new_rows n JOIN old_rows o USING (tenant_id, id)
    CROSS JOIN LATERAL (SELECT to_jsonb(n) - hidden AS now, to_jsonb(o) AS was OFFSET 0) j
    CROSS JOIN LATERAL (
      SELECT array_agg(a.key ORDER BY a.key) AS fields, jsonb_object_agg(a.key, j.was -> a.key) AS old_values,
        jsonb_object_agg(a.key, a.value) AS new_values
      FROM jsonb_each(j.now) a
      WHERE a.value <> j.was -> a.key
    ) d
    WHERE d.fields IS NOT NULL;
  END IF;
  IF FOUND THEN
    INSERT INTO public.change_commit (tenant_id) VALUES (atrium.tenant_id()) ON CONFLICT (tenant_id, xid) DO NOTHING;
  END IF;
  RETURN NULL;
END $$;

-- The words of a mail that waits, with places for the addresses that the sender puts in. Gone when the mail is sent or given up.
CREATE TABLE email_body (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  message_id uuid NOT NULL,
  -- The name beside the deployment's own address, and where answers go.
  from_name text CHECK (from_name !~ '[[:cntrl:]]'),
  reply_to text CHECK (reply_to ~ '^[^[:space:][:cntrl:],;:<>()"]+@[^[:space:][:cntrl:],;:<>()"@]+$'),
  html text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (tenant_id, message_id),
  FOREIGN KEY (tenant_id, message_id) REFERENCES email_message (tenant_id, id)
);
SELECT atrium.tenant_table('email_body');
REVOKE UPDATE (message_id) ON email_body FROM atrium_app;

-- An address that is not written to any more: its keyed hash, so that it stays when the person is gone.
CREATE TABLE suppression (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  address_hash bytea NOT NULL,
  reason text NOT NULL CHECK (reason IN ('UNSUBSCRIBED', 'BOUNCE', 'COMPLAINT', 'MANUAL')),
  scope text NOT NULL DEFAULT 'ALL' CHECK (scope IN ('ALL', 'LIST')),
  note text,
  at timestamptz(3) NOT NULL DEFAULT now(),
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
SELECT atrium.record_table('suppression');
CREATE UNIQUE INDEX suppression_address_key ON suppression (tenant_id, address_hash) WHERE deleted_at IS NULL AND scope = 'ALL';
CREATE INDEX ON suppression (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- People who are, or are not, to be written to.
CREATE TABLE target_list (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  kind text NOT NULL DEFAULT 'INCLUDE' CHECK (kind IN ('INCLUDE', 'EXCLUDE')),
  -- Kept by a trigger of the members.
  member_count integer NOT NULL DEFAULT 0,
  opted_out_count integer NOT NULL DEFAULT 0,
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
SELECT atrium.custom_table('target_list', 'TargetList');
CREATE INDEX ON target_list (tenant_id, owner_id);
CREATE INDEX ON target_list (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A person on a target list.
CREATE TABLE target_list_member (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  target_list_id uuid NOT NULL,
  contact_id uuid,
  lead_id uuid,
  -- Asked not to be written to as one of this list.
  opted_out boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, target_list_id) REFERENCES target_list (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT target_list_member_one_person CHECK (num_nonnulls(contact_id, lead_id) = 1)
);
SELECT atrium.custom_table('target_list_member', 'TargetListMember');
CREATE UNIQUE INDEX target_list_member_contact_key ON target_list_member (tenant_id, target_list_id, contact_id) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE UNIQUE INDEX target_list_member_lead_key ON target_list_member (tenant_id, target_list_id, lead_id) WHERE deleted_at IS NULL AND lead_id IS NOT NULL;
CREATE INDEX ON target_list_member (tenant_id, target_list_id, id);
CREATE INDEX ON target_list_member (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON target_list_member (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON target_list_member (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Counts the live members of the lists that a statement touched, and how many of them opted out, under the lock of each list.
CREATE FUNCTION atrium.count_target_list() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  lists uuid[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    lists := ARRAY(SELECT DISTINCT n.target_list_id FROM new_rows n);
  ELSIF TG_OP = 'DELETE' THEN
    lists := ARRAY(SELECT DISTINCT o.target_list_id FROM old_rows o);
  ELSE
    lists := ARRAY(SELECT o.target_list_id FROM old_rows o UNION SELECT n.target_list_id FROM new_rows n);
  END IF;
  IF cardinality(lists) = 0 THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM public.target_list l WHERE l.tenant_id = atrium.tenant_id() AND l.id = ANY (lists) ORDER BY l.id FOR NO KEY UPDATE;
  UPDATE public.target_list l SET member_count = c.members, opted_out_count = c.opted_out
  FROM (SELECT x.id, count(m.id)::integer AS members, count(m.id) FILTER (WHERE m.opted_out)::integer AS opted_out
    FROM unnest(lists) AS x(id) LEFT JOIN public.target_list_member m ON m.tenant_id = atrium.tenant_id() AND m.target_list_id = x.id AND m.deleted_at IS NULL GROUP BY x.id) c
  WHERE l.tenant_id = atrium.tenant_id() AND l.id = c.id AND (l.member_count, l.opted_out_count) IS DISTINCT FROM (c.members, c.opted_out);
  RETURN NULL;
END $$;
CREATE TRIGGER count_insert AFTER INSERT ON target_list_member REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_target_list();
CREATE TRIGGER count_update AFTER UPDATE ON target_list_member REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_target_list();
CREATE TRIGGER count_delete AFTER DELETE ON target_list_member REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION atrium.count_target_list();

-- Something that is done to win customers.
CREATE TABLE campaign (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  code text,
  type text NOT NULL DEFAULT 'EMAIL' CHECK (type IN ('EMAIL', 'SMS', 'EVENT', 'WEBINAR', 'SOCIAL', 'ADS', 'WEB', 'OFFLINE', 'OTHER')),
  status text NOT NULL DEFAULT 'PLANNED' CHECK (status IN ('PLANNED', 'ACTIVE', 'PAUSED', 'COMPLETED', 'CANCELLED')),
  parent_id uuid,
  start_date date,
  end_date date,
  -- In ten-thousandths of the currency’s unit.
  budget bigint CHECK (budget >= 0),
  actual_cost bigint CHECK (actual_cost >= 0),
  expected_revenue bigint CHECK (expected_revenue >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  -- Per cent of its members.
  expected_response numeric(5,2) CHECK (expected_response BETWEEN 0 AND 100),
  target_segment_ids text[] NOT NULL DEFAULT '{}',
  goals text,
  description text,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || coalesce(code, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES campaign (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT campaign_dates CHECK (end_date >= start_date),
  CONSTRAINT campaign_money_has_currency CHECK (currency IS NOT NULL OR num_nonnulls(budget, actual_cost, expected_revenue) = 0)
);
SELECT atrium.custom_table('campaign', 'Campaign');
CREATE UNIQUE INDEX campaign_code_key ON campaign (tenant_id, code) WHERE deleted_at IS NULL AND code IS NOT NULL;
CREATE INDEX ON campaign (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX ON campaign (tenant_id, owner_id, id);
CREATE INDEX ON campaign (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON campaign (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- How far a member of a campaign has come.
CREATE TABLE campaign_member_status (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  campaign_id uuid NOT NULL,
  label text NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  has_responded boolean NOT NULL DEFAULT false,
  sort integer NOT NULL DEFAULT 0,
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
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('campaign_member_status', 'CampaignMemberStatus');
CREATE UNIQUE INDEX campaign_member_status_label_key ON campaign_member_status (tenant_id, campaign_id, label) WHERE deleted_at IS NULL;
CREATE INDEX ON campaign_member_status (tenant_id, campaign_id, sort);
CREATE INDEX ON campaign_member_status (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A person or a company that a campaign is about.
CREATE TABLE campaign_member (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  campaign_id uuid NOT NULL,
  contact_id uuid,
  lead_id uuid,
  account_id uuid,
  status_id uuid,
  -- Follows from the status.
  has_responded boolean NOT NULL DEFAULT false,
  first_responded_at timestamptz(3),
  source text,
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
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, status_id) REFERENCES campaign_member_status (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT campaign_member_exactly_one CHECK (num_nonnulls(contact_id, lead_id, account_id) = 1)
);
SELECT atrium.custom_table('campaign_member', 'CampaignMember');
CREATE UNIQUE INDEX campaign_member_contact_key ON campaign_member (tenant_id, campaign_id, contact_id) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE UNIQUE INDEX campaign_member_lead_key ON campaign_member (tenant_id, campaign_id, lead_id) WHERE deleted_at IS NULL AND lead_id IS NOT NULL;
CREATE UNIQUE INDEX campaign_member_account_key ON campaign_member (tenant_id, campaign_id, account_id) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX ON campaign_member (tenant_id, campaign_id, id);
CREATE INDEX ON campaign_member (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON campaign_member (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON campaign_member (tenant_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX ON campaign_member (tenant_id, status_id, id);
CREATE INDEX ON campaign_member (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A mail to all people of some lists.
CREATE TABLE email_blast (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  campaign_id uuid,
  template_id uuid NOT NULL,
  -- The name that recipients read; the address is the deployment’s.
  from_name text,
  reply_to text,
  schedule_at timestamptz(3),
  include_list_ids text[] NOT NULL DEFAULT '{}',
  exclude_list_ids text[] NOT NULL DEFAULT '{}',
  -- Of business, so that opting out does not stop it.
  informational boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'SCHEDULED', 'SENDING', 'PAUSED', 'SENT', 'FAILED', 'CANCELLED')),
  -- Mails per minute; null: as fast as the mail server takes them.
  throttle integer CHECK (throttle BETWEEN 1 AND 100000),
  started_at timestamptz(3),
  completed_at timestamptz(3),
  -- How far its mails are written: behind which member, and when all were.
  cursor_id uuid,
  expanded_at timestamptz(3),
  -- Why it failed.
  problem text,
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
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
  FOREIGN KEY (tenant_id, template_id) REFERENCES email_template (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('email_blast', 'EmailBlast');
CREATE INDEX ON email_blast (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX ON email_blast (tenant_id, template_id, id);
CREATE INDEX ON email_blast (tenant_id, owner_id, id);
CREATE INDEX ON email_blast (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON email_blast (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE email_message ADD COLUMN blast_id uuid, ADD FOREIGN KEY (tenant_id, blast_id) REFERENCES email_blast (tenant_id, id);
SELECT atrium.record_table('email_message');
-- Each address once over all lists of a blast.
CREATE UNIQUE INDEX email_message_blast_address_key ON email_message (tenant_id, blast_id, address_hash) WHERE blast_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX email_message_blast_idx ON email_message (tenant_id, blast_id, status) WHERE blast_id IS NOT NULL;

-- An address that mails of a blast lead to. What stands in the mails is its token: nobody can make the redirect lead elsewhere.
CREATE TABLE tracking_link (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  blast_id uuid NOT NULL,
  -- 128 random bits.
  token text NOT NULL,
  url text NOT NULL CHECK (octet_length(url) <= 2000),
  clicks integer NOT NULL DEFAULT 0 CHECK (clicks >= 0),
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
  FOREIGN KEY (tenant_id, blast_id) REFERENCES email_blast (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('tracking_link');
CREATE UNIQUE INDEX tracking_link_token_key ON tracking_link (tenant_id, token) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX tracking_link_url_key ON tracking_link (tenant_id, blast_id, url) WHERE deleted_at IS NULL;
CREATE INDEX ON tracking_link (tenant_id, blast_id, id);
CREATE INDEX ON tracking_link (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Something that a recipient, or a program in their place, did with a mail.
CREATE TABLE engagement_event (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  type text NOT NULL CHECK (type IN ('SENT', 'OPENED', 'CLICKED', 'BOUNCED', 'OPTED_OUT', 'OPTED_IN', 'LEAD_CREATED')),
  at timestamptz(3) NOT NULL DEFAULT now(),
  message_id uuid,
  blast_id uuid,
  campaign_id uuid,
  link_id uuid,
  contact_id uuid,
  lead_id uuid,
  -- Keyed hash of the network that it came from.
  ip_hash text,
  user_agent text,
  -- A scanner or a prefetch: not counted.
  is_bot boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, message_id) REFERENCES email_message (tenant_id, id),
  FOREIGN KEY (tenant_id, blast_id) REFERENCES email_blast (tenant_id, id),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
  FOREIGN KEY (tenant_id, link_id) REFERENCES tracking_link (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT engagement_event_one_person CHECK (num_nonnulls(contact_id, lead_id) = 1)
);
SELECT atrium.record_table('engagement_event');
CREATE INDEX ON engagement_event (tenant_id, message_id, id) WHERE message_id IS NOT NULL;
CREATE INDEX ON engagement_event (tenant_id, blast_id, id) WHERE blast_id IS NOT NULL;
CREATE INDEX ON engagement_event (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX ON engagement_event (tenant_id, link_id, id) WHERE link_id IS NOT NULL;
CREATE INDEX ON engagement_event (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON engagement_event (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON engagement_event (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- The companies that have a mail to customers to be sent, for the senders, who look across all.
CREATE FUNCTION atrium.tenants_with_email() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT DISTINCT m.tenant_id FROM public.email_message m WHERE m.status IN (''QUEUED'', ''SENDING'') AND m.next_attempt_at <= now() AND m.deleted_at IS NULL';
REVOKE ALL ON FUNCTION atrium.tenants_with_email() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_email() TO atrium_app;
GRANT SELECT (tenant_id, status, next_attempt_at, deleted_at) ON email_message TO atrium_login;
CREATE POLICY login ON email_message FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_email() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
