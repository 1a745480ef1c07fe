-- Currencies with dated rates, numbers of documents, price books; how the company rounds.

-- A currency that the company deals in, besides its own.
CREATE TABLE currency (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  code text NOT NULL CHECK (code ~ '^[A-Z]{3}$'),
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('currency');
CREATE UNIQUE INDEX currency_code_key ON currency (tenant_id, code) WHERE deleted_at IS NULL;
CREATE INDEX ON currency (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a unit of a currency is worth in another from a day on, until the next rate.
CREATE TABLE exchange_rate (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  base_currency text NOT NULL CHECK (base_currency ~ '^[A-Z]{3}$'),
  rate numeric(20,10) NOT NULL CHECK (rate > 0),
  date date NOT NULL,
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
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT exchange_rate_two_currencies CHECK (currency <> base_currency)
);
SELECT atrium.record_table('exchange_rate');
CREATE UNIQUE INDEX exchange_rate_currency_base_currency_date_key ON exchange_rate (tenant_id, currency, base_currency, date) WHERE deleted_at IS NULL;
CREATE INDEX ON exchange_rate (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- How the numbers of a type of documents are made.
CREATE TABLE number_rule (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL CHECK (object IN ('OPPORTUNITY', 'QUOTE', 'ORDER', 'CONTRACT', 'RECEIPT', 'INVOICE', 'REFUND')),
  -- [{ kind: TEXT | DATE | SEQUENCE, text?, format? }]
  parts jsonb NOT NULL,
  pad integer NOT NULL DEFAULT 5 CHECK (pad BETWEEN 1 AND 12),
  reset_period text NOT NULL DEFAULT 'NEVER' CHECK (reset_period IN ('NEVER', 'DAY', 'MONTH', 'YEAR')),
  first_value integer NOT NULL DEFAULT 1 CHECK (first_value >= 1),
  allow_manual boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('number_rule');
CREATE UNIQUE INDEX number_rule_object_key ON number_rule (tenant_id, object) WHERE active AND deleted_at IS NULL;
CREATE INDEX ON number_rule (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- The last number given out per type of documents and period. Its row is the lock under which numbers are given: none twice.
CREATE TABLE number_counter (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  period text NOT NULL,
  last bigint NOT NULL CHECK (last >= 0),
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.tenant_table('number_counter');
CREATE UNIQUE INDEX number_counter_object_period_key ON number_counter (tenant_id, object, period);

-- A list of prices in one currency.
CREATE TABLE price_book (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  is_standard boolean NOT NULL DEFAULT false,
  parent_id uuid,
  active boolean NOT NULL DEFAULT true,
  valid_from date,
  valid_to date,
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
  FOREIGN KEY (tenant_id, parent_id) REFERENCES price_book (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT price_book_parent_not_self CHECK (parent_id <> id),
  CONSTRAINT price_book_valid CHECK (valid_from <= valid_to)
);
SELECT atrium.custom_table('price_book', 'PriceBook');
CREATE UNIQUE INDEX price_book_name_key ON price_book (tenant_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX price_book_standard_key ON price_book (tenant_id, currency) WHERE is_standard AND deleted_at IS NULL;
CREATE INDEX ON price_book (tenant_id, parent_id);
CREATE INDEX ON price_book (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- The price of a product in a book, from a quantity on and between days.
CREATE TABLE price_book_entry (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  price_book_id uuid NOT NULL,
  product_id uuid NOT NULL,
  unit_price bigint NOT NULL CHECK (unit_price >= 0),
  -- Always that of its book.
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  min_quantity numeric(18,4) NOT NULL DEFAULT 1 CHECK (min_quantity > 0),
  valid_from date,
  valid_to date,
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
  FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT price_book_entry_valid CHECK (valid_from <= valid_to)
);
SELECT atrium.custom_table('price_book_entry', 'PriceBookEntry');
CREATE UNIQUE INDEX price_book_entry_key ON price_book_entry (tenant_id, price_book_id, product_id, (min_quantity::text), valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL;
CREATE INDEX ON price_book_entry (tenant_id, price_book_id, product_id);
CREATE INDEX ON price_book_entry (tenant_id, product_id);
CREATE INDEX ON price_book_entry (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Half up, as people round, or to the even neighbour, as banks do.
ALTER TABLE tenant ADD COLUMN rounding text NOT NULL DEFAULT 'HALF_UP' CHECK (rounding IN ('HALF_UP', 'HALF_EVEN'));
GRANT UPDATE (rounding) ON tenant TO atrium_app;

-- What a deal's prices come from, and what a line's price was taken from.
ALTER TABLE opportunity ADD COLUMN price_book_id uuid, ADD FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book (tenant_id, id);
SELECT atrium.record_table('opportunity');
CREATE INDEX ON opportunity (tenant_id, price_book_id) WHERE price_book_id IS NOT NULL;
ALTER TABLE opportunity_line ADD COLUMN price_book_entry_id uuid, ADD FOREIGN KEY (tenant_id, price_book_entry_id) REFERENCES price_book_entry (tenant_id, id);
SELECT atrium.record_table('opportunity_line');
CREATE INDEX ON opportunity_line (tenant_id, price_book_entry_id) WHERE price_book_entry_id IS NOT NULL;
-- A product's properties, by name.
ALTER TABLE product ADD COLUMN specs jsonb;
SELECT atrium.record_table('product');

-- Everybody reads prices, rates and rules of numbers; they are set by those who have a right on the type.
CREATE FUNCTION atrium.seed_price_permissions() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope, write_scope)
  SELECT r.tenant_id, r.id, s.object, true, 'ALL', 'OWN'
  FROM role r CROSS JOIN (VALUES ('Currency'), ('ExchangeRate'), ('NumberRule'), ('PriceBook'), ('PriceBookEntry')) AS s(object)
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_price_permissions() TO atrium_app;

-- For the tenants that are there already, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_price_permissions();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
