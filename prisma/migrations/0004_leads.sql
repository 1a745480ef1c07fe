-- Leads: people who may become customers, and where they came from.

-- Where leads come from.
CREATE TABLE lead_source (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  key text NOT NULL,
  name text NOT NULL,
  platform text,
  parent_id uuid,
  cost_per_lead bigint CHECK (cost_per_lead >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
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
  search_text text GENERATED ALWAYS AS (
    atrium.search_key(name || ' ' || key || ' ' || coalesce(platform, ''))
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES lead_source (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT lead_source_parent_not_self CHECK (parent_id <> id),
  CONSTRAINT lead_source_money_has_currency CHECK (currency IS NOT NULL OR cost_per_lead IS NULL)
);
SELECT atrium.record_table('lead_source');
CREATE INDEX ON lead_source (tenant_id, parent_id);
CREATE UNIQUE INDEX lead_source_key_key ON lead_source (tenant_id, key) WHERE deleted_at IS NULL;
CREATE INDEX ON lead_source (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead_source (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Someone who showed interest and is not yet known to be a customer.
CREATE TABLE lead (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- The tenant's own number for it.
  number text,
  full_name text NOT NULL,
  first_name text,
  last_name text,
  company_name text,
  title text,
  email text,
  phone text,
  mobile text,
  -- As in Contact.
  emails jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(emails) = 'array'),
  -- As in Contact.
  phones jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(phones) = 'array'),
  website text,
  -- As in Contact.
  address jsonb CHECK (jsonb_typeof(address) = 'object'),
  industry text,
  employees integer CHECK (employees >= 0),
  annual_revenue bigint CHECK (annual_revenue >= 0),
  expected_amount bigint CHECK (expected_amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  status text NOT NULL DEFAULT 'NEW'
    CHECK (status IN ('NEW', 'ASSIGNED', 'WORKING', 'NURTURING', 'QUALIFIED', 'UNQUALIFIED', 'CONVERTED', 'RECYCLED')),
  status_reason text,
  rating text CHECK (rating IN ('HOT', 'WARM', 'COLD')),
  score integer,
  source_id uuid,
  channel text,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_term text,
  utm_content text,
  landing_url text,
  referrer text,
  total_visits integer CHECK (total_visits >= 0),
  -- Seconds.
  time_on_site integer CHECK (time_on_site >= 0),
  -- Mean per visit.
  page_views numeric(10,2) CHECK (page_views >= 0),
  do_not_contact boolean NOT NULL DEFAULT false,
  do_not_email boolean NOT NULL DEFAULT false,
  do_not_call boolean NOT NULL DEFAULT false,
  description text,
  assigned_at timestamptz(3),
  first_response_at timestamptz(3),
  next_follow_up_at timestamptz(3),
  last_activity_at timestamptz(3),
  converted_at timestamptz(3),
  converted_by uuid,
  converted_account_id uuid,
  converted_contact_id uuid,
  converted_opportunity_id uuid,
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
    atrium.search_key(
      full_name || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, '')
      || ' ' || coalesce(company_name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '')
      || ' ' || coalesce(mobile, '') || ' ' || coalesce(number, '')
    )
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES lead_source (tenant_id, id),
  FOREIGN KEY (tenant_id, converted_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, converted_account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, converted_contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT lead_money_has_currency CHECK (currency IS NOT NULL OR (annual_revenue IS NULL AND expected_amount IS NULL))
);
SELECT atrium.record_table('lead');
CREATE INDEX ON lead (tenant_id, source_id);
CREATE INDEX ON lead (tenant_id, converted_by);
CREATE INDEX ON lead (tenant_id, converted_account_id);
CREATE INDEX ON lead (tenant_id, converted_contact_id);
CREATE INDEX ON lead (tenant_id, converted_opportunity_id);
CREATE INDEX ON lead (tenant_id, owner_id);
CREATE INDEX ON lead (tenant_id, number, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead (tenant_id, full_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead (tenant_id, email, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead (tenant_id, expected_amount, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead (tenant_id, score, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Keys that had to wait for their target.
ALTER TABLE account ADD FOREIGN KEY (tenant_id, source_id) REFERENCES lead_source (tenant_id, id);
ALTER TABLE contact ADD FOREIGN KEY (tenant_id, source_id) REFERENCES lead_source (tenant_id, id);
