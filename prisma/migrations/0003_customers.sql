-- Customers: companies, people, and who belongs where.

-- How a person is called: family name first and no space where the family name is Han, kana or Hangul and the given name is too.
CREATE FUNCTION atrium.full_name(first_name text, last_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN coalesce(first_name, '') = '' THEN last_name
  WHEN last_name ~ '^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]'
    AND first_name ~ '^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]' THEN last_name || first_name
  ELSE first_name || ' ' || last_name
END;
GRANT EXECUTE ON FUNCTION atrium.full_name(text, text) TO atrium_app;

-- A company that the tenant sells to, buys from, works with or competes with.
CREATE TABLE account (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  -- The tenant's own number for it.
  code text,
  type text NOT NULL DEFAULT 'PROSPECT'
    CHECK (type IN ('PROSPECT', 'CUSTOMER', 'PARTNER', 'RESELLER', 'COMPETITOR', 'SUPPLIER', 'OTHER')),
  lifecycle_stage text,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'LOCKED', 'INACTIVE', 'ARCHIVED')),
  deal_status text NOT NULL DEFAULT 'NOT_WON' CHECK (deal_status IN ('NOT_WON', 'WON')),
  first_deal_at timestamptz(3),
  last_deal_at timestamptz(3),
  parent_id uuid,
  industry text,
  sub_industry text,
  year_founded integer CHECK (year_founded BETWEEN 1 AND 9999),
  ownership text CHECK (ownership IN ('PUBLIC', 'PRIVATE', 'SUBSIDIARY', 'STATE', 'OTHER')),
  employees integer CHECK (employees >= 0),
  annual_revenue bigint CHECK (annual_revenue >= 0),
  credit_limit bigint CHECK (credit_limit >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  rating text,
  credit_rating text,
  website text,
  -- Lower case, without www.
  domains text[] NOT NULL DEFAULT '{}',
  phone text,
  fax text,
  email text,
  registration_no text,
  tax_no text,
  -- { street, city, state, postalCode, countryCode, lat, lng }
  billing_address jsonb CHECK (jsonb_typeof(billing_address) = 'object'),
  -- As billingAddress.
  shipping_address jsonb CHECK (jsonb_typeof(shipping_address) = 'object'),
  primary_contact_id uuid,
  source_id uuid,
  do_not_contact boolean NOT NULL DEFAULT false,
  description text,
  last_activity_at timestamptz(3),
  next_follow_up_at timestamptz(3),
  -- The last follow-up in short.
  last_content text,
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
      name || ' ' || coalesce(code, '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '')
      || ' ' || coalesce(website, '') || ' ' || coalesce(registration_no, '') || ' ' || coalesce(tax_no, '')
    )
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT account_parent_not_self CHECK (parent_id <> id),
  CONSTRAINT account_money_has_currency CHECK (currency IS NOT NULL OR (annual_revenue IS NULL AND credit_limit IS NULL))
);
SELECT atrium.record_table('account');
CREATE INDEX ON account (tenant_id, parent_id);
CREATE INDEX ON account (tenant_id, primary_contact_id);
CREATE INDEX ON account (tenant_id, source_id);
CREATE INDEX ON account (tenant_id, owner_id);
CREATE INDEX ON account (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON account (tenant_id, code, id) WHERE deleted_at IS NULL;
CREATE INDEX ON account (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON account (tenant_id, annual_revenue, id) WHERE deleted_at IS NULL;
CREATE INDEX ON account (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A person whom the tenant knows.
CREATE TABLE contact (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  salutation text,
  first_name text,
  last_name text NOT NULL,
  full_name text NOT NULL GENERATED ALWAYS AS (atrium.full_name(first_name, last_name)) STORED,
  title text,
  department_name text,
  -- YYYY-MM-DD, or --MM-DD when the year is not known.
  birthday text CHECK (birthday ~ '^([0-9]{4}|-)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
  gender text,
  email text,
  phone text,
  mobile text,
  -- Further ones: [{ address, type, isInvalid, optedOut }].
  emails jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(emails) = 'array'),
  -- Further ones: [{ number, type }], E.164.
  phones jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(phones) = 'array'),
  -- [{ platform, handle }]
  socials jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(socials) = 'array'),
  -- { street, city, state, postalCode, countryCode, lat, lng }
  address jsonb CHECK (jsonb_typeof(address) = 'object'),
  language text,
  timezone text,
  do_not_call boolean NOT NULL DEFAULT false,
  do_not_email boolean NOT NULL DEFAULT false,
  preferred_channel text,
  reports_to_id uuid,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'INACTIVE')),
  source_id uuid,
  description text,
  last_activity_at timestamptz(3),
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
      atrium.full_name(first_name, last_name) || ' ' || last_name || ' ' || coalesce(first_name, '')
      || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '') || ' ' || coalesce(mobile, '')
    )
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, reports_to_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT contact_reports_to_not_self CHECK (reports_to_id <> id)
);
SELECT atrium.record_table('contact');
CREATE INDEX ON contact (tenant_id, reports_to_id);
CREATE INDEX ON contact (tenant_id, source_id);
CREATE INDEX ON contact (tenant_id, owner_id);
CREATE INDEX ON contact (tenant_id, last_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON contact (tenant_id, full_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON contact (tenant_id, email, id) WHERE deleted_at IS NULL;
CREATE INDEX ON contact (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A person's part in a company, past or present.
CREATE TABLE account_contact (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  role text CHECK (role IN ('DECISION_MAKER', 'EVALUATOR', 'INFLUENCER', 'BUYER', 'USER', 'FINANCE', 'OTHER')),
  -- The company that the person mainly works for.
  is_primary boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  from_date date,
  to_date date,
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT account_contact_to_date_order CHECK (to_date >= from_date)
);
SELECT atrium.record_table('account_contact');
CREATE INDEX ON account_contact (tenant_id, account_id);
CREATE INDEX ON account_contact (tenant_id, contact_id);
CREATE UNIQUE INDEX account_contact_account_id_contact_id_key ON account_contact (tenant_id, account_id, contact_id) WHERE deleted_at IS NULL;

-- Keys that had to wait for their target.
ALTER TABLE account ADD FOREIGN KEY (tenant_id, primary_contact_id) REFERENCES contact (tenant_id, id);
