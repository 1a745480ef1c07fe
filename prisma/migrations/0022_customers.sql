-- The customer master: levels, relations, invoice data, identities elsewhere, segments, consents; what is worked out of a customer's deals; how complete it is.

-- A grade of customers and how those of it are served: a setting of the company.
CREATE TABLE customer_level (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  key text NOT NULL,
  name text NOT NULL,
  -- The greater, the more the customer matters.
  rank integer NOT NULL DEFAULT 0,
  description text,
  service_strategy text,
  -- Days without contact until the pool takes one back, instead of the pool's own; null: the pool's.
  reclaim_days integer CHECK (reclaim_days BETWEEN 1 AND 3650),
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
SELECT atrium.record_table('customer_level');
CREATE UNIQUE INDEX customer_level_key_key ON customer_level (tenant_id, key) WHERE deleted_at IS NULL;
CREATE INDEX ON customer_level (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What an account has besides: its level, its department, and what recalculateRfm works out of its deals. Recency, frequency and monetary value are quintiles.
ALTER TABLE account
  ADD COLUMN level_id uuid,
  ADD COLUMN department_id uuid,
  ADD COLUMN rfm_recency integer CHECK (rfm_recency BETWEEN 1 AND 5),
  ADD COLUMN rfm_frequency integer CHECK (rfm_frequency BETWEEN 1 AND 5),
  ADD COLUMN rfm_monetary integer CHECK (rfm_monetary BETWEEN 1 AND 5),
  ADD COLUMN rfm_score integer CHECK (rfm_score BETWEEN 3 AND 15),
  ADD COLUMN rfm_class text CHECK (rfm_class IN ('CHAMPION', 'LOYAL', 'POTENTIAL_LOYALIST', 'NEW', 'NEEDS_ATTENTION', 'ABOUT_TO_SLEEP', 'CANNOT_LOSE',
    'AT_RISK', 'HIBERNATING', 'LOST')),
  ADD COLUMN rfm_calculated_at timestamptz(3),
  ADD COLUMN pareto_class text CHECK (pareto_class IN ('A', 'B', 'C')),
  -- How much is known of it, 0 to 100; docs/customers.md says what counts how much. Worked out with every write, so that no path escapes.
  ADD COLUMN data_quality_score integer GENERATED ALWAYS AS (
    CASE WHEN name ~ '[[:alnum:]]{2}' THEN 10 ELSE 0 END
    + CASE WHEN phone IS NOT NULL THEN 15 ELSE 0 END
    + CASE WHEN email IS NOT NULL THEN 15 ELSE 0 END
    + CASE WHEN website IS NOT NULL OR cardinality(domains) > 0 THEN 10 ELSE 0 END
    + CASE WHEN (billing_address ->> 'city') IS NOT NULL AND (billing_address ->> 'countryCode') IS NOT NULL THEN 10 ELSE 0 END
    + CASE WHEN industry IS NOT NULL THEN 10 ELSE 0 END
    + CASE WHEN registration_no IS NOT NULL OR tax_no IS NOT NULL THEN 5 ELSE 0 END
    + CASE WHEN owner_id IS NOT NULL THEN 10 ELSE 0 END
    + CASE WHEN primary_contact_id IS NOT NULL THEN 10 ELSE 0 END
    + CASE WHEN last_activity_at IS NOT NULL THEN 5 ELSE 0 END
  ) STORED,
  ADD FOREIGN KEY (tenant_id, level_id) REFERENCES customer_level (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id);
SELECT atrium.record_table('account');
CREATE INDEX ON account (tenant_id, level_id, id) WHERE level_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, department_id, id) WHERE department_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, rfm_score, id) WHERE deleted_at IS NULL;
CREATE INDEX ON account (tenant_id, data_quality_score, id) WHERE deleted_at IS NULL;
CREATE INDEX ON account (tenant_id, last_activity_at, id) WHERE deleted_at IS NULL;
-- The deals that count for RFM and Pareto, with all that is asked of them.
CREATE INDEX opportunity_won_idx ON opportunity (tenant_id, account_id, actual_close_date) INCLUDE (amount, currency) WHERE status = 'WON' AND deleted_at IS NULL;

-- Has mail to one of a person's addresses come back.
ALTER TABLE contact ADD COLUMN has_invalid_email boolean NOT NULL GENERATED ALWAYS AS (emails @> '[{"isInvalid": true}]') STORED;
SELECT atrium.record_table('contact');
ALTER TABLE lead ADD COLUMN has_invalid_email boolean NOT NULL GENERATED ALWAYS AS (emails @> '[{"isInvalid": true}]') STORED;
SELECT atrium.record_table('lead');

-- What stands on invoices to a company.
CREATE TABLE account_invoice_info (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid NOT NULL,
  title_type text NOT NULL DEFAULT 'ORG' CHECK (title_type IN ('ORG', 'PERSON')),
  title text NOT NULL,
  tax_no text,
  bank text,
  bank_account text,
  address text,
  phone text,
  is_default boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('account_invoice_info', 'AccountInvoiceInfo');
CREATE INDEX ON account_invoice_info (tenant_id, account_id, id);
CREATE INDEX ON account_invoice_info (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- How two companies stand to each other.
CREATE TABLE account_relation (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  source_id uuid NOT NULL,
  target_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('PARENT', 'SUBSIDIARY', 'PARTNER', 'COMPETES', 'REFERRED_BY')),
  description text,
  -- The same for the same two however they are named: that one is the other's parent says that the other is its subsidiary.
  pair_key text GENERATED ALWAYS AS (
    least(source_id, target_id)::text || greatest(source_id, target_id)::text || CASE WHEN kind IN ('PARENT', 'SUBSIDIARY') THEN 'OWNS' ELSE kind END
  ) STORED,
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
  FOREIGN KEY (tenant_id, source_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, target_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT account_relation_two CHECK (source_id <> target_id)
);
SELECT atrium.custom_table('account_relation', 'AccountRelation');
CREATE UNIQUE INDEX account_relation_pair_key ON account_relation (tenant_id, pair_key) WHERE deleted_at IS NULL;
CREATE INDEX ON account_relation (tenant_id, source_id, id);
CREATE INDEX ON account_relation (tenant_id, target_id, id);
CREATE INDEX ON account_relation (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a customer, a person or a lead is called on another platform.
CREATE TABLE third_party_identity (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  platform text NOT NULL CHECK (platform ~ '^[A-Z][A-Z0-9_]*$'),
  external_user_id text NOT NULL,
  union_id text,
  nickname text,
  account_id uuid,
  contact_id uuid,
  lead_id uuid,
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
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT third_party_identity_one_subject CHECK (num_nonnulls(account_id, contact_id, lead_id) = 1)
);
SELECT atrium.custom_table('third_party_identity', 'ThirdPartyIdentity');
CREATE UNIQUE INDEX third_party_identity_platform_external_user_id_key ON third_party_identity (tenant_id, platform, external_user_id) WHERE deleted_at IS NULL;
CREATE INDEX ON third_party_identity (tenant_id, account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX ON third_party_identity (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON third_party_identity (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON third_party_identity (tenant_id, union_id, id) WHERE deleted_at IS NULL;
CREATE INDEX ON third_party_identity (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A group of customers, people or leads: listed one by one, or by a filter.
CREATE TABLE segment (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  object text NOT NULL DEFAULT 'ACCOUNT' CHECK (object IN ('ACCOUNT', 'CONTACT', 'LEAD')),
  kind text NOT NULL DEFAULT 'STATIC' CHECK (kind IN ('STATIC', 'DYNAMIC')),
  -- Of a dynamic one: a filter of the API as clients write it.
  filter jsonb CHECK (jsonb_typeof(filter) = 'object'),
  -- As whoever refreshed it last saw it.
  member_count integer CHECK (member_count >= 0),
  refreshed_at timestamptz(3),
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
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT segment_filter_of_dynamic CHECK ((kind = 'DYNAMIC') = (filter IS NOT NULL))
);
SELECT atrium.custom_table('segment', 'Segment');
CREATE INDEX ON segment (tenant_id, owner_id, id);
CREATE INDEX ON segment (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON segment (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A record is in a static segment.
CREATE TABLE segment_member (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  segment_id uuid NOT NULL,
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
  FOREIGN KEY (tenant_id, segment_id) REFERENCES segment (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('segment_member');
CREATE UNIQUE INDEX segment_member_segment_id_object_type_record_id_key ON segment_member (tenant_id, segment_id, object_type, record_id) WHERE deleted_at IS NULL;
CREATE INDEX ON segment_member (tenant_id, segment_id, id);
CREATE INDEX ON segment_member (tenant_id, object_type, record_id, segment_id);
CREATE INDEX ON segment_member (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a person said to being contacted or to the use of their data. Only added to: the newest of a purpose and channel counts.
CREATE TABLE consent_record (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  contact_id uuid,
  lead_id uuid,
  purpose text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('EMAIL', 'PHONE', 'SMS', 'WECHAT', 'POST', 'WEB', 'OTHER')),
  status text NOT NULL CHECK (status IN ('GRANTED', 'DENIED', 'WITHDRAWN', 'PENDING')),
  lawful_basis text CHECK (lawful_basis IN ('CONSENT', 'CONTRACT', 'LEGAL_OBLIGATION', 'VITAL_INTERESTS', 'PUBLIC_TASK', 'LEGITIMATE_INTERESTS')),
  source text,
  at timestamptz(3) NOT NULL DEFAULT now(),
  evidence text,
  -- Is it the newest of its person, purpose and channel.
  is_current boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT consent_record_one_subject CHECK (num_nonnulls(contact_id, lead_id) = 1)
);
SELECT atrium.custom_table('consent_record', 'ConsentRecord');
-- Only where it stands and whether it counts may change: it moves with its person, never its words.
REVOKE UPDATE (purpose, channel, status, lawful_basis, source, at, evidence) ON consent_record FROM atrium_app;
CREATE INDEX ON consent_record (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX ON consent_record (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON consent_record (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Everybody who works with customers sees which levels there are.
CREATE FUNCTION atrium.seed_customer_levels() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'CustomerLevel', true, 'ALL', 'OWN' FROM role r
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_customer_levels() TO atrium_app;

-- The tenants that are there; see 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_customer_levels();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
