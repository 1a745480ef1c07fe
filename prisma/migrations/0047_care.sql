-- Care rules and what they did; campaigns that leads and deals came from.

-- Something nice or useful that is done for customers when its moment comes: a wish on a birthday, a task when nobody spoke to them.
CREATE TABLE care_rule (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  active boolean NOT NULL DEFAULT true,
  trigger text NOT NULL CHECK (trigger IN ('BIRTHDAY', 'NO_CONTACT_DAYS', 'ANNIVERSARY', 'HIGH_VALUE', 'CONTRACT_EXPIRING')),
  -- A where of the type that the trigger is about; null: all records.
  filter jsonb,
  -- Of NO_CONTACT_DAYS and CONTRACT_EXPIRING.
  days integer CHECK (days BETWEEN 1 AND 3650),
  -- Of HIGH_VALUE, in ten-thousandths of the currency's unit.
  amount bigint CHECK (amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  channel text NOT NULL DEFAULT 'TASK' CHECK (channel IN ('EMAIL', 'TASK', 'NOTIFICATION')),
  template_id uuid,
  -- HH:MM by the clock of the person.
  send_at_local_time text NOT NULL DEFAULT '09:00' CHECK (send_at_local_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  quiet_from text CHECK (quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  quiet_to text CHECK (quiet_to ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  cooldown_days integer NOT NULL DEFAULT 0 CHECK (cooldown_days BETWEEN 0 AND 3650),
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
  FOREIGN KEY (tenant_id, template_id) REFERENCES email_template (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT care_rule_money_has_currency CHECK (currency IS NOT NULL OR amount IS NULL)
);
SELECT atrium.record_table('care_rule');
CREATE INDEX ON care_rule (tenant_id, template_id, id) WHERE template_id IS NOT NULL;
CREATE UNIQUE INDEX care_rule_name_key ON care_rule (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON care_rule (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a care rule did for a person, or why it did nothing: once in each period.
CREATE TABLE care_execution (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  rule_id uuid NOT NULL,
  -- For whom: a person, or a company that nobody is known of.
  contact_id uuid,
  account_id uuid,
  contract_id uuid,
  -- Once in each: the year, the last contact, the end of the contract.
  period text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('EMAIL', 'TASK', 'NOTIFICATION')),
  status text NOT NULL CHECK (status IN ('SENT', 'SKIPPED')),
  reason text CHECK (reason IN ('DO_NOT_CONTACT', 'NO_CONTACT', 'NO_ADDRESS', 'INVALID_ADDRESS', 'DO_NOT_EMAIL', 'OPTED_OUT', 'CONSENT', 'SUPPRESSED', 'COOLDOWN', 'QUIET_HOURS', 'NO_OWNER', 'RENDER_FAILED')),
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
  FOREIGN KEY (tenant_id, rule_id) REFERENCES care_rule (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT care_execution_for_one CHECK (num_nonnulls(contact_id, account_id) = 1),
  CONSTRAINT care_execution_has_reason CHECK ((status = 'SKIPPED') = (reason IS NOT NULL))
);
SELECT atrium.record_table('care_execution');
CREATE UNIQUE INDEX care_execution_contact_key ON care_execution (tenant_id, rule_id, contact_id, period) WHERE deleted_at IS NULL AND contact_id IS NOT NULL;
CREATE UNIQUE INDEX care_execution_account_key ON care_execution (tenant_id, rule_id, account_id, period) WHERE deleted_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX ON care_execution (tenant_id, rule_id, id);
CREATE INDEX ON care_execution (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON care_execution (tenant_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX ON care_execution (tenant_id, contract_id, id) WHERE contract_id IS NOT NULL;
CREATE INDEX ON care_execution (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Whose birthday it is, and in which time zones people live.
CREATE INDEX contact_birthday_idx ON contact (tenant_id, right(birthday, 5)) WHERE birthday IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX contact_timezone_idx ON contact (tenant_id, timezone) WHERE timezone IS NOT NULL AND deleted_at IS NULL;

-- The campaign that a lead or a deal came from; a form gives its leads one.
ALTER TABLE lead ADD COLUMN campaign_id uuid, ADD FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id);
SELECT atrium.record_table('lead');
CREATE INDEX ON lead (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;
ALTER TABLE opportunity ADD COLUMN campaign_id uuid, ADD FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id);
SELECT atrium.record_table('opportunity');
CREATE INDEX ON opportunity (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;
ALTER TABLE lead_capture_form ADD COLUMN campaign_id uuid, ADD FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id);
SELECT atrium.record_table('lead_capture_form');
CREATE INDEX ON lead_capture_form (tenant_id, campaign_id, id) WHERE campaign_id IS NOT NULL;
