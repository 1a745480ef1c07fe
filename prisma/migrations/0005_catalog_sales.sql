-- Catalogue: what the tenant sells.

-- A branch of the catalogue.
CREATE TABLE product_category (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  parent_id uuid,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES product_category (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT product_category_parent_not_self CHECK (parent_id <> id)
);
SELECT atrium.record_table('product_category');
CREATE INDEX ON product_category (tenant_id, parent_id);
CREATE INDEX ON product_category (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON product_category (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Something that the tenant sells.
CREATE TABLE product (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  code text NOT NULL,
  name text NOT NULL,
  category_id uuid,
  type text NOT NULL DEFAULT 'GOODS' CHECK (type IN ('GOODS', 'SERVICE', 'SUBSCRIPTION')),
  unit text,
  standard_price bigint CHECK (standard_price >= 0),
  cost bigint CHECK (cost >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  -- Per cent.
  tax_rate numeric(6,3) CHECK (tax_rate >= 0),
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'INACTIVE')),
  description text,
  image_urls text[] NOT NULL DEFAULT '{}',
  min_qty numeric(18,4) CHECK (min_qty >= 0),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || code)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, category_id) REFERENCES product_category (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT product_money_has_currency CHECK (currency IS NOT NULL OR (standard_price IS NULL AND cost IS NULL))
);
SELECT atrium.record_table('product');
CREATE INDEX ON product (tenant_id, category_id);
CREATE UNIQUE INDEX product_code_key ON product (tenant_id, code) WHERE deleted_at IS NULL;
CREATE INDEX ON product (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON product (tenant_id, standard_price, id) WHERE deleted_at IS NULL;
CREATE INDEX ON product (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON product (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Sales: pipelines and the opportunities that move through them.

-- A way of selling: an ordered row of stages.
CREATE TABLE pipeline (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT true,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('pipeline');
CREATE UNIQUE INDEX pipeline_default_key ON pipeline (tenant_id) WHERE is_default AND deleted_at IS NULL;
CREATE INDEX ON pipeline (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON pipeline (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A step of a pipeline.
CREATE TABLE stage (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  pipeline_id uuid NOT NULL,
  name text NOT NULL,
  sort integer NOT NULL DEFAULT 0,
  kind text NOT NULL DEFAULT 'OPEN' CHECK (kind IN ('OPEN', 'WON', 'LOST', 'INVALID')),
  probability integer NOT NULL DEFAULT 0 CHECK (probability BETWEEN 0 AND 100),
  forecast_category text NOT NULL DEFAULT 'PIPELINE'
    CHECK (forecast_category IN ('PIPELINE', 'BEST_CASE', 'COMMIT', 'CLOSED', 'OMITTED')),
  -- Days without activity after which an opportunity is rotten.
  rotten_days integer CHECK (rotten_days >= 0),
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
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('stage');
CREATE INDEX ON stage (tenant_id, pipeline_id, sort);
CREATE UNIQUE INDEX stage_pipeline_id_name_key ON stage (tenant_id, pipeline_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON stage (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON stage (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A possible sale.
CREATE TABLE opportunity (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- The tenant's own number for it.
  number text,
  name text NOT NULL,
  account_id uuid,
  primary_contact_id uuid,
  pipeline_id uuid NOT NULL,
  stage_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'WON', 'LOST', 'INVALID')),
  amount bigint CHECK (amount >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  probability integer NOT NULL DEFAULT 0 CHECK (probability BETWEEN 0 AND 100),
  expected_revenue bigint GENERATED ALWAYS AS (round(amount::numeric * probability / 100)::bigint) STORED,
  forecast_category text NOT NULL DEFAULT 'PIPELINE'
    CHECK (forecast_category IN ('PIPELINE', 'BEST_CASE', 'COMMIT', 'CLOSED', 'OMITTED')),
  -- When it is expected to close.
  close_date date,
  actual_close_date date,
  type text NOT NULL DEFAULT 'NEW' CHECK (type IN ('NEW', 'UPSELL', 'RENEWAL')),
  source_id uuid,
  next_step text,
  next_follow_up_at timestamptz(3),
  loss_reason text,
  description text,
  last_stage_changed_at timestamptz(3),
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || coalesce(number, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, primary_contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline (tenant_id, id),
  FOREIGN KEY (tenant_id, stage_id) REFERENCES stage (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES lead_source (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('opportunity');
CREATE INDEX ON opportunity (tenant_id, account_id);
CREATE INDEX ON opportunity (tenant_id, primary_contact_id);
CREATE INDEX ON opportunity (tenant_id, pipeline_id);
CREATE INDEX ON opportunity (tenant_id, stage_id);
CREATE INDEX ON opportunity (tenant_id, source_id);
CREATE INDEX ON opportunity (tenant_id, owner_id);
CREATE INDEX ON opportunity (tenant_id, number, id) WHERE deleted_at IS NULL;
CREATE INDEX ON opportunity (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON opportunity (tenant_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX ON opportunity (tenant_id, amount, id) WHERE deleted_at IS NULL;
CREATE INDEX ON opportunity (tenant_id, close_date, id) WHERE deleted_at IS NULL;
CREATE INDEX ON opportunity (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A product in an opportunity, at the price offered.
CREATE TABLE opportunity_line (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  opportunity_id uuid NOT NULL,
  product_id uuid,
  name text NOT NULL,
  quantity numeric(18,4) NOT NULL DEFAULT 1 CHECK (quantity > 0),
  unit text,
  list_price bigint CHECK (list_price >= 0),
  unit_price bigint CHECK (unit_price >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  discount_pct numeric(5,2) CHECK (discount_pct BETWEEN 0 AND 100),
  discount_amount bigint CHECK (discount_amount >= 0),
  -- Per cent.
  tax_rate numeric(6,3) CHECK (tax_rate >= 0),
  -- Computed by the application: before tax.
  subtotal bigint CHECK (subtotal >= 0),
  -- Computed by the application: with tax.
  total bigint CHECK (total >= 0),
  service_date date,
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
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('opportunity_line');
CREATE INDEX ON opportunity_line (tenant_id, opportunity_id, sort);
CREATE INDEX ON opportunity_line (tenant_id, product_id);

-- A person's part in an opportunity.
CREATE TABLE opportunity_contact (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  opportunity_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  role text CHECK (role IN ('DECISION_MAKER', 'EVALUATOR', 'INFLUENCER', 'BUYER', 'USER', 'FINANCE', 'OTHER')),
  is_primary boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('opportunity_contact');
CREATE INDEX ON opportunity_contact (tenant_id, opportunity_id);
CREATE INDEX ON opportunity_contact (tenant_id, contact_id);
CREATE UNIQUE INDEX opportunity_contact_opportunity_id_contact_id_key ON opportunity_contact (tenant_id, opportunity_id, contact_id) WHERE deleted_at IS NULL;

-- One stay of an opportunity in a stage, with what it was worth then.
CREATE TABLE opportunity_stage_history (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  opportunity_id uuid NOT NULL,
  from_stage_id uuid,
  to_stage_id uuid NOT NULL,
  from_probability integer CHECK (from_probability BETWEEN 0 AND 100),
  to_probability integer CHECK (to_probability BETWEEN 0 AND 100),
  amount bigint CHECK (amount >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  close_date date,
  entered_at timestamptz(3) NOT NULL,
  left_at timestamptz(3),
  duration_sec integer CHECK (duration_sec >= 0),
  changed_by_id uuid,
  reason text,
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
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, from_stage_id) REFERENCES stage (tenant_id, id),
  FOREIGN KEY (tenant_id, to_stage_id) REFERENCES stage (tenant_id, id),
  FOREIGN KEY (tenant_id, changed_by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT opportunity_stage_history_money_has_currency CHECK (currency IS NOT NULL OR amount IS NULL),
  CONSTRAINT opportunity_stage_history_left_at_order CHECK (left_at >= entered_at)
);
SELECT atrium.record_table('opportunity_stage_history');
CREATE INDEX opportunity_stage_history_opportunity_id_entered_at_idx ON opportunity_stage_history (tenant_id, opportunity_id, entered_at);
CREATE INDEX ON opportunity_stage_history (tenant_id, from_stage_id);
CREATE INDEX ON opportunity_stage_history (tenant_id, to_stage_id);
CREATE INDEX ON opportunity_stage_history (tenant_id, changed_by_id);

-- Keys that had to wait for their target.
ALTER TABLE lead ADD FOREIGN KEY (tenant_id, converted_opportunity_id) REFERENCES opportunity (tenant_id, id);
