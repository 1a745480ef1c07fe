-- Quotes, their revisions, and orders.

-- An offer to a customer, in one of its revisions.
CREATE TABLE quote (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  revision integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
  name text NOT NULL,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'IN_APPROVAL', 'APPROVED', 'REJECTED', 'SENT', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'VOID')),
  account_id uuid NOT NULL,
  opportunity_id uuid,
  contact_id uuid,
  price_book_id uuid,
  -- The revision before it, and the one that took its place.
  parent_quote_id uuid,
  superseded_by_id uuid,
  is_primary boolean NOT NULL DEFAULT false,
  valid_until date NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Sums of the lines, kept by the application under this row's lock; total = subtotal - discount + tax + shipping.
  subtotal bigint NOT NULL DEFAULT 0 CHECK (subtotal >= 0),
  discount bigint NOT NULL DEFAULT 0 CHECK (discount >= 0),
  tax bigint NOT NULL DEFAULT 0 CHECK (tax >= 0),
  shipping bigint CHECK (shipping >= 0),
  total bigint NOT NULL DEFAULT 0 CHECK (total >= 0),
  -- For the conditions of approvals: what of the subtotal is given away, per cent.
  discount_pct numeric(5,2) GENERATED ALWAYS AS (CASE WHEN subtotal > 0 THEN round(discount * 100.0 / subtotal, 2) ELSE 0 END) STORED,
  -- Frozen when it is sent or comes into force: what a unit of the currency is worth in the company's, of which day, and the total in it.
  rate numeric(20,10) CHECK (rate > 0),
  rate_date date,
  total_base numeric(20,4) CHECK (total_base >= 0),
  terms text,
  description text,
  sent_at timestamptz(3),
  -- Whether somebody opened the page behind the link of its mail.
  viewed_at timestamptz(3),
  accepted_at timestamptz(3),
  declined_at timestamptz(3),
  signed_by text,
  decline_reason text,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name || ' ' || number)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_quote_id) REFERENCES quote (tenant_id, id),
  FOREIGN KEY (tenant_id, superseded_by_id) REFERENCES quote (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('quote', 'Quote');
CREATE UNIQUE INDEX quote_number_revision_key ON quote (tenant_id, number, revision) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX quote_accepted_key ON quote (tenant_id, opportunity_id) WHERE status = 'ACCEPTED' AND deleted_at IS NULL;
CREATE INDEX ON quote (tenant_id, account_id, id);
CREATE INDEX ON quote (tenant_id, opportunity_id, id);
CREATE INDEX ON quote (tenant_id, contact_id);
CREATE INDEX ON quote (tenant_id, price_book_id) WHERE price_book_id IS NOT NULL;
CREATE INDEX ON quote (tenant_id, parent_quote_id) WHERE parent_quote_id IS NOT NULL;
CREATE INDEX ON quote (tenant_id, superseded_by_id) WHERE superseded_by_id IS NOT NULL;
CREATE INDEX ON quote (tenant_id, owner_id, id);
-- What the job that ends quotes looks for.
CREATE INDEX ON quote (tenant_id, valid_until) WHERE status = 'SENT' AND deleted_at IS NULL;
CREATE INDEX ON quote (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON quote (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A product in a quote, as it was when it came in.
CREATE TABLE quote_line (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  quote_id uuid NOT NULL,
  product_id uuid,
  price_book_entry_id uuid,
  -- As the product had them when the line was made.
  code text,
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
  -- Computed by the application.
  subtotal bigint CHECK (subtotal >= 0),
  discount bigint CHECK (discount >= 0),
  tax bigint CHECK (tax >= 0),
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
  FOREIGN KEY (tenant_id, quote_id) REFERENCES quote (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, price_book_entry_id) REFERENCES price_book_entry (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('quote_line', 'QuoteLine');
CREATE INDEX ON quote_line (tenant_id, quote_id, sort);
CREATE INDEX ON quote_line (tenant_id, product_id);
CREATE INDEX ON quote_line (tenant_id, price_book_entry_id) WHERE price_book_entry_id IS NOT NULL;
CREATE INDEX ON quote_line (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a customer ordered.
CREATE TABLE sales_order (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  name text,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'IN_APPROVAL', 'ACTIVATED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CANCELLED', 'CLOSED')),
  account_id uuid NOT NULL,
  contact_id uuid,
  quote_id uuid,
  opportunity_id uuid,
  price_book_id uuid,
  order_date date NOT NULL,
  -- The customer's own number for it.
  customer_reference text,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Sums of the lines, kept by the application under this row's lock; total = subtotal - discount + tax + shipping.
  subtotal bigint NOT NULL DEFAULT 0 CHECK (subtotal >= 0),
  discount bigint NOT NULL DEFAULT 0 CHECK (discount >= 0),
  tax bigint NOT NULL DEFAULT 0 CHECK (tax >= 0),
  shipping bigint CHECK (shipping >= 0),
  total bigint NOT NULL DEFAULT 0 CHECK (total >= 0),
  -- For the conditions of approvals: what of the subtotal is given away, per cent.
  discount_pct numeric(5,2) GENERATED ALWAYS AS (CASE WHEN subtotal > 0 THEN round(discount * 100.0 / subtotal, 2) ELSE 0 END) STORED,
  -- Frozen when it is sent or comes into force: what a unit of the currency is worth in the company's, of which day, and the total in it.
  rate numeric(20,10) CHECK (rate > 0),
  rate_date date,
  total_base numeric(20,4) CHECK (total_base >= 0),
  billing_address jsonb,
  shipping_address jsonb,
  description text,
  activated_at timestamptz(3),
  cancelled_at timestamptz(3),
  cancel_reason text,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(coalesce(name, '') || ' ' || number)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, quote_id) REFERENCES quote (tenant_id, id),
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('sales_order', 'Order');
CREATE UNIQUE INDEX sales_order_number_key ON sales_order (tenant_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON sales_order (tenant_id, account_id, id);
CREATE INDEX ON sales_order (tenant_id, contact_id);
CREATE INDEX ON sales_order (tenant_id, quote_id);
CREATE INDEX ON sales_order (tenant_id, opportunity_id, id);
CREATE INDEX ON sales_order (tenant_id, price_book_id) WHERE price_book_id IS NOT NULL;
CREATE INDEX ON sales_order (tenant_id, owner_id, id);
CREATE INDEX ON sales_order (tenant_id, order_date, id) WHERE deleted_at IS NULL;
CREATE INDEX ON sales_order (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A product in an order, as it was when it came in.
CREATE TABLE order_line (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  order_id uuid NOT NULL,
  product_id uuid,
  price_book_entry_id uuid,
  -- As the product had them when the line was made.
  code text,
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
  -- Computed by the application.
  subtotal bigint CHECK (subtotal >= 0),
  discount bigint CHECK (discount >= 0),
  tax bigint CHECK (tax >= 0),
  total bigint CHECK (total >= 0),
  service_date date,
  sort integer NOT NULL DEFAULT 0,
  fulfilled_qty numeric(18,4) NOT NULL DEFAULT 0 CHECK (fulfilled_qty >= 0),
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
  FOREIGN KEY (tenant_id, order_id) REFERENCES sales_order (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, price_book_entry_id) REFERENCES price_book_entry (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT order_line_not_over_fulfilled CHECK (fulfilled_qty <= quantity)
);
SELECT atrium.custom_table('order_line', 'OrderLine');
CREATE INDEX ON order_line (tenant_id, order_id, sort);
CREATE INDEX ON order_line (tenant_id, product_id);
CREATE INDEX ON order_line (tenant_id, price_book_entry_id) WHERE price_book_entry_id IS NOT NULL;
CREATE INDEX ON order_line (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Access to a customer opens its quotes and orders only where the company says so.
CREATE FUNCTION atrium.seed_quotes() RETURNS void LANGUAGE sql AS $$
  INSERT INTO access_inheritance (tenant_id, object, relation, access)
  SELECT atrium.tenant_id(), i.object, 'account', 'NONE' FROM (VALUES ('Quote'), ('Order')) AS i(object)
  WHERE atrium.tenant_id() IS NOT NULL
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_quotes() TO atrium_app;

-- For the tenants that are there already, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_quotes();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
