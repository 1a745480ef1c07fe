-- Who gets new leads and companies, forms by which leads come in, and customers registered before anybody else has them.

-- A rule by which records without an owner get one.
CREATE TABLE assignment_rule (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL CHECK (object IN ('LEAD', 'ACCOUNT')),
  name text NOT NULL,
  -- The smallest is tried first.
  priority integer NOT NULL DEFAULT 100,
  active boolean NOT NULL DEFAULT true,
  -- A filter of the API over the records, as clients write it; null fits all.
  condition jsonb CHECK (jsonb_typeof(condition) = 'object'),
  strategy text NOT NULL DEFAULT 'ROUND_ROBIN' CHECK (strategy IN ('ROUND_ROBIN', 'LOAD_BALANCED', 'WEIGHTED', 'MANUAL', 'POOL')),
  -- Of POOL: where what fits goes.
  pool_id uuid,
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
  FOREIGN KEY (tenant_id, pool_id) REFERENCES pool (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT assignment_rule_pool CHECK (strategy <> 'POOL' OR pool_id IS NOT NULL)
);
SELECT atrium.record_table('assignment_rule');
CREATE INDEX ON assignment_rule (tenant_id, pool_id) WHERE pool_id IS NOT NULL;
CREATE INDEX ON assignment_rule (tenant_id, object, priority, id) WHERE deleted_at IS NULL;
CREATE INDEX ON assignment_rule (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A user among whom a rule chooses.
CREATE TABLE assignment_candidate (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  rule_id uuid NOT NULL,
  user_id uuid NOT NULL,
  weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
  -- Open records of the rule's object that the user may own and still get one more; null: any number.
  open_limit integer CHECK (open_limit >= 0),
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
  FOREIGN KEY (tenant_id, rule_id) REFERENCES assignment_rule (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('assignment_candidate');
CREATE UNIQUE INDEX assignment_candidate_rule_id_user_id_key ON assignment_candidate (tenant_id, rule_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX ON assignment_candidate (tenant_id, rule_id);
CREATE INDEX ON assignment_candidate (tenant_id, user_id);
CREATE INDEX ON assignment_candidate (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Where a rule stands: its turns are taken one after the other under the lock of this row. Apart from the rule, because a turn is no change of it.
CREATE TABLE assignment_cursor (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  rule_id uuid NOT NULL,
  -- The candidate who had the last turn.
  last_candidate_id uuid,
  -- { candidate's id: what they have to their credit } of the smooth weighted round.
  credits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(credits) = 'object'),
  turns bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, rule_id),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES assignment_rule (tenant_id, id)
);
SELECT atrium.tenant_table('assignment_cursor');
REVOKE UPDATE (rule_id) ON assignment_cursor FROM atrium_app;

-- A form on a website by which leads come in.
CREATE TABLE lead_capture_form (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- Stands in the address of the form: 130 random bits, no secret and not to be guessed.
  key text NOT NULL CHECK (key ~ '^[0-9A-Za-z]{22,40}$'),
  name text NOT NULL,
  -- [{ field, required, label }]
  fields jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(fields) = 'array'),
  double_opt_in boolean NOT NULL DEFAULT false,
  -- How long an unconfirmed submission may be confirmed.
  lifetime_hours integer NOT NULL DEFAULT 48 CHECK (lifetime_hours BETWEEN 1 AND 720),
  consent_text text,
  source_id uuid,
  assignment_rule_id uuid,
  duplicate_policy text NOT NULL DEFAULT 'ALLOW' CHECK (duplicate_policy IN ('ALLOW', 'IGNORE', 'UPDATE', 'REFUSE')),
  allowed_origins text[] NOT NULL DEFAULT '{}',
  redirect_url text,
  -- A field that people do not see and programs fill in.
  honeypot text,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES lead_source (tenant_id, id),
  FOREIGN KEY (tenant_id, assignment_rule_id) REFERENCES assignment_rule (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('lead_capture_form');
-- A form does not change its address.
REVOKE UPDATE (key) ON lead_capture_form FROM atrium_app;
CREATE UNIQUE INDEX lead_capture_form_key_key ON lead_capture_form (tenant_id, key) WHERE deleted_at IS NULL;
CREATE INDEX lead_capture_form_key_idx ON lead_capture_form (key) WHERE deleted_at IS NULL;
CREATE INDEX ON lead_capture_form (tenant_id, source_id);
CREATE INDEX ON lead_capture_form (tenant_id, assignment_rule_id);
CREATE INDEX ON lead_capture_form (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What was sent by a form and what became of it.
CREATE TABLE lead_capture_submission (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  form_id uuid NOT NULL,
  submitted_at timestamptz(3) NOT NULL DEFAULT now(),
  outcome text NOT NULL CHECK (outcome IN ('CREATED', 'UPDATED', 'IGNORED', 'REFUSED', 'PENDING', 'EXPIRED', 'INVALID', 'SPAM')),
  lead_id uuid,
  error_code text CHECK (error_code ~ '^[A-Z][A-Z0-9_]*$'),
  -- What the person agreed to, and when they confirmed that the address is theirs.
  consent text,
  confirmed_at timestamptz(3),
  -- Keyed hash of the address it came from; goes after thirty days.
  ip_hash text,
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
  FOREIGN KEY (tenant_id, form_id) REFERENCES lead_capture_form (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('lead_capture_submission');
CREATE INDEX ON lead_capture_submission (tenant_id, form_id);
CREATE INDEX ON lead_capture_submission (tenant_id, lead_id);
CREATE INDEX ON lead_capture_submission (tenant_id, submitted_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead_capture_submission (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What was sent and waits to be confirmed. No record: it holds what nobody has agreed to have kept, and goes without a trace in the changes.
CREATE TABLE lead_capture_pending (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  submission_id uuid NOT NULL,
  -- SHA-256 of the token in the mail.
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  -- The input of the lead; null once the token was used or its time was over.
  input jsonb CHECK (jsonb_typeof(input) = 'object'),
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  PRIMARY KEY (tenant_id, submission_id),
  FOREIGN KEY (tenant_id, submission_id) REFERENCES lead_capture_submission (tenant_id, id)
);
SELECT atrium.tenant_table('lead_capture_pending');
REVOKE UPDATE (submission_id, token_hash, expires_at) ON lead_capture_pending FROM atrium_app;
CREATE UNIQUE INDEX lead_capture_pending_token_hash_key ON lead_capture_pending (tenant_id, token_hash);
CREATE INDEX ON lead_capture_pending (tenant_id, expires_at);

-- Somebody says that a customer is theirs before anybody has it; the first one is right.
CREATE TABLE customer_registration (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  registrant_id uuid NOT NULL,
  partner_id uuid,
  company_name text NOT NULL,
  tax_no text,
  contact_name text,
  contact_phone text,
  project text,
  expected_amount bigint CHECK (expected_amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  expected_close_date date,
  evidence text,
  status text NOT NULL DEFAULT 'SUBMITTED' CHECK (status IN ('SUBMITTED', 'APPROVED', 'REJECTED', 'EXPIRED', 'CONVERTED', 'REVOKED')),
  -- [{ object, name, match, since, protectedUntil }], masked.
  conflicts jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(conflicts) = 'array'),
  -- Taken under the lock of its names: decides who was first.
  submitted_at timestamptz(3) NOT NULL DEFAULT now(),
  account_id uuid,
  protected_until timestamptz(3),
  extensions integer NOT NULL DEFAULT 0 CHECK (extensions >= 0),
  decided_by_id uuid,
  decided_at timestamptz(3),
  reason text,
  -- By what the customer is recognised: the company's name without its legal form, tax number and telephone number, normalised.
  name_key text NOT NULL DEFAULT '',
  tax_key text,
  phone_key text,
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
    atrium.search_key(company_name || ' ' || coalesce(tax_no, '') || ' ' || coalesce(contact_name, '') || ' ' || coalesce(project, ''))
  ) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, registrant_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, decided_by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT customer_registration_money_has_currency CHECK (currency IS NOT NULL OR expected_amount IS NULL),
  CONSTRAINT customer_registration_approved CHECK (status <> 'APPROVED' OR (account_id IS NOT NULL AND protected_until IS NOT NULL))
);
SELECT atrium.record_table('customer_registration');
REVOKE UPDATE (registrant_id, submitted_at, name_key, tax_key, phone_key) ON customer_registration FROM atrium_app;
CREATE INDEX ON customer_registration (tenant_id, registrant_id);
CREATE INDEX ON customer_registration (tenant_id, partner_id);
CREATE INDEX ON customer_registration (tenant_id, account_id);
CREATE INDEX ON customer_registration (tenant_id, decided_by_id);
CREATE INDEX ON customer_registration (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_registration_name_idx ON customer_registration (tenant_id, name_key) WHERE status IN ('SUBMITTED', 'APPROVED') AND deleted_at IS NULL;
CREATE INDEX customer_registration_tax_idx ON customer_registration (tenant_id, tax_key) WHERE status IN ('SUBMITTED', 'APPROVED') AND deleted_at IS NULL;
CREATE INDEX customer_registration_phone_idx ON customer_registration (tenant_id, phone_key) WHERE status IN ('SUBMITTED', 'APPROVED') AND deleted_at IS NULL;
-- For the periodic work.
CREATE INDEX customer_registration_protected_idx ON customer_registration (tenant_id, protected_until) WHERE status = 'APPROVED';
CREATE INDEX customer_registration_submitted_idx ON customer_registration (tenant_id, submitted_at) WHERE status = 'SUBMITTED';

-- From the key in a form's address to the company whose form it is: an id and nothing else (0007 says how such functions run).
CREATE FUNCTION atrium.tenant_of_form(wanted text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT f.tenant_id FROM public.lead_capture_form f WHERE f.key = wanted AND f.deleted_at IS NULL LIMIT 1';
REVOKE ALL ON FUNCTION atrium.tenant_of_form(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenant_of_form(text) TO atrium_app;
GRANT SELECT (tenant_id, key, deleted_at) ON lead_capture_form TO atrium_login;
CREATE POLICY login ON lead_capture_form FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenant_of_form(text) OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;

-- A form that does not want the same lead twice looks for it by its numbers too.
CREATE INDEX lead_phone_idx ON lead (tenant_id, phone) WHERE phone IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX lead_mobile_idx ON lead (tenant_id, mobile) WHERE mobile IS NOT NULL AND deleted_at IS NULL;
