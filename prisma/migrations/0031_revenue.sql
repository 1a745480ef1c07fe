-- Revenue: contracts, what is to be paid for them, what was paid, and invoices.

ALTER TABLE tenant
  -- By how much the plans of a contract may be more than the contract, per cent of its amount.
  ADD COLUMN revenue_plan_tolerance numeric(5,2) NOT NULL DEFAULT 0 CHECK (revenue_plan_tolerance BETWEEN 0 AND 100),
  -- May more be received than a contract asks for; what is too much becomes a credit of the account.
  ADD COLUMN revenue_allow_overpayment boolean NOT NULL DEFAULT false,
  -- How many days before a contract ends its owner is reminded; 0 for never.
  ADD COLUMN revenue_contract_reminder_days integer NOT NULL DEFAULT 30 CHECK (revenue_contract_reminder_days BETWEEN 0 AND 365),
  -- Must a receipt go through an approval flow before it counts.
  ADD COLUMN revenue_receipt_needs_approval boolean NOT NULL DEFAULT false;
GRANT UPDATE (revenue_plan_tolerance, revenue_allow_overpayment, revenue_contract_reminder_days, revenue_receipt_needs_approval) ON tenant TO atrium_app;

-- What a customer and the company agreed on.
CREATE TABLE contract (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  name text NOT NULL,
  type text NOT NULL DEFAULT 'SALES' CHECK (type IN ('SALES', 'SERVICE', 'SUBSCRIPTION', 'FRAMEWORK', 'OTHER')),
  account_id uuid NOT NULL,
  opportunity_id uuid,
  amount bigint NOT NULL DEFAULT 0 CHECK (amount >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Frozen at the approval: what one unit of the currency is worth in the company's, of which day, and the amount in it.
  rate numeric(20,10) CHECK (rate > 0),
  rate_date date,
  amount_base bigint CHECK (amount_base >= 0),
  start_date date NOT NULL,
  end_date date NOT NULL,
  signed_date date,
  auto_renew boolean NOT NULL DEFAULT false,
  renewal_notice_days integer CHECK (renewal_notice_days BETWEEN 0 AND 365),
  payment_terms text,
  description text,
  customer_signer_id uuid,
  company_signer_id uuid,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'IN_APPROVAL', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED', 'TERMINATED', 'VOID')),
  approved_at timestamptz(3),
  terminated_on date,
  void_reason text,
  termination_reason text,
  renewed_from_id uuid,
  -- Kept by the application under this row's lock: what is planned, was received and was invoiced.
  planned_amount bigint NOT NULL DEFAULT 0 CHECK (planned_amount >= 0),
  received_amount bigint NOT NULL DEFAULT 0 CHECK (received_amount >= 0),
  unreceived_amount bigint GENERATED ALWAYS AS (amount - received_amount) STORED,
  invoiced_amount bigint NOT NULL DEFAULT 0 CHECK (invoiced_amount >= 0),
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
  FOREIGN KEY (tenant_id, customer_signer_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, company_signer_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, renewed_from_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT contract_dates CHECK (end_date >= start_date),
  CONSTRAINT contract_received CHECK (received_amount <= amount)
);
SELECT atrium.custom_table('contract', 'Contract');
CREATE UNIQUE INDEX contract_number_key ON contract (tenant_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON contract (tenant_id, account_id, id);
CREATE INDEX ON contract (tenant_id, opportunity_id, id) WHERE opportunity_id IS NOT NULL;
CREATE INDEX ON contract (tenant_id, customer_signer_id) WHERE customer_signer_id IS NOT NULL;
CREATE INDEX ON contract (tenant_id, company_signer_id) WHERE company_signer_id IS NOT NULL;
CREATE INDEX ON contract (tenant_id, renewed_from_id, id) WHERE renewed_from_id IS NOT NULL;
CREATE INDEX ON contract (tenant_id, owner_id, id);
CREATE INDEX ON contract (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON contract (tenant_id, end_date, id) WHERE deleted_at IS NULL;
CREATE INDEX ON contract (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A product in a contract, as it was when it came in.
CREATE TABLE contract_line (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  contract_id uuid NOT NULL,
  product_id uuid,
  price_book_entry_id uuid,
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
  -- Computed by the application: before tax, and with it.
  subtotal bigint CHECK (subtotal >= 0),
  total bigint CHECK (total >= 0),
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
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, price_book_entry_id) REFERENCES price_book_entry (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('contract_line', 'ContractLine');
CREATE INDEX ON contract_line (tenant_id, contract_id, sort);
CREATE INDEX ON contract_line (tenant_id, product_id, id) WHERE product_id IS NOT NULL;
CREATE INDEX ON contract_line (tenant_id, price_book_entry_id, id) WHERE price_book_entry_id IS NOT NULL;
CREATE INDEX ON contract_line (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What of a contract is to be paid by when.
CREATE TABLE receipt_plan (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  contract_id uuid NOT NULL,
  sequence integer NOT NULL CHECK (sequence > 0),
  amount bigint NOT NULL CHECK (amount > 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  due_date date NOT NULL,
  method text CHECK (method IN ('BANK_TRANSFER', 'CASH', 'CHEQUE', 'CARD', 'DIGITAL_WALLET', 'ACCEPTANCE_BILL', 'ACCOUNT_CREDIT', 'OTHER')),
  remind_days_before integer CHECK (remind_days_before BETWEEN 0 AND 365),
  status text NOT NULL DEFAULT 'NOT_EFFECTIVE' CHECK (status IN ('NOT_EFFECTIVE', 'PENDING', 'PARTIAL', 'DONE', 'OVERDUE', 'VOID')),
  -- Kept by the application under the contract's lock: the sum of its allocations that count.
  received_amount bigint NOT NULL DEFAULT 0 CHECK (received_amount >= 0),
  unreceived_amount bigint GENERATED ALWAYS AS (amount - received_amount) STORED,
  settled_at date,
  note text,
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
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT receipt_plan_received CHECK (received_amount <= amount)
);
SELECT atrium.custom_table('receipt_plan', 'ReceiptPlan');
CREATE UNIQUE INDEX receipt_plan_sequence_key ON receipt_plan (tenant_id, contract_id, sequence) WHERE deleted_at IS NULL;
CREATE INDEX ON receipt_plan (tenant_id, contract_id, id);
CREATE INDEX ON receipt_plan (tenant_id, due_date, id) WHERE deleted_at IS NULL;
-- What is open, by the day on which it is due: the aging of receivables, and the work of the night.
CREATE INDEX receipt_plan_open_idx ON receipt_plan (tenant_id, due_date, id) INCLUDE (contract_id, unreceived_amount) WHERE status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND deleted_at IS NULL;
CREATE INDEX ON receipt_plan (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Money that came in for a contract, or that one that was reversed takes back.
CREATE TABLE receipt (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  account_id uuid NOT NULL,
  contract_id uuid NOT NULL,
  plan_id uuid,
  amount bigint NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Frozen when it is confirmed.
  rate numeric(20,10) CHECK (rate > 0),
  amount_base bigint,
  received_on date NOT NULL,
  method text NOT NULL DEFAULT 'BANK_TRANSFER' CHECK (method IN ('BANK_TRANSFER', 'CASH', 'CHEQUE', 'CARD', 'DIGITAL_WALLET', 'ACCEPTANCE_BILL', 'ACCOUNT_CREDIT', 'OTHER')),
  payer text,
  bank_ref text,
  note text,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'IN_APPROVAL', 'CONFIRMED', 'REJECTED', 'REVERSED')),
  -- What of it was more than the contract asked for, and went to the account's credit.
  credit_amount bigint NOT NULL DEFAULT 0,
  refunded_amount bigint NOT NULL DEFAULT 0 CHECK (refunded_amount >= 0),
  confirmed_at timestamptz(3),
  confirmed_by_id uuid,
  -- Of a counter-entry: the receipt that it takes back, and why.
  reverses_id uuid,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(number || ' ' || coalesce(payer, '') || ' ' || coalesce(bank_ref, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES receipt_plan (tenant_id, id),
  FOREIGN KEY (tenant_id, confirmed_by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, reverses_id) REFERENCES receipt (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT receipt_sign CHECK (CASE WHEN reverses_id IS NULL THEN amount > 0 ELSE amount < 0 END),
  CONSTRAINT receipt_credit CHECK (CASE WHEN amount > 0 THEN credit_amount BETWEEN 0 AND amount ELSE credit_amount BETWEEN amount AND 0 END),
  CONSTRAINT receipt_refunded CHECK (refunded_amount <= greatest(amount, 0))
);
SELECT atrium.custom_table('receipt', 'Receipt');
CREATE UNIQUE INDEX receipt_number_key ON receipt (tenant_id, number) WHERE deleted_at IS NULL;
-- A receipt is reversed once.
CREATE UNIQUE INDEX receipt_reverses_id_key ON receipt (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON receipt (tenant_id, account_id, id);
CREATE INDEX ON receipt (tenant_id, contract_id, id);
CREATE INDEX ON receipt (tenant_id, plan_id, id) WHERE plan_id IS NOT NULL;
CREATE INDEX ON receipt (tenant_id, confirmed_by_id) WHERE confirmed_by_id IS NOT NULL;
CREATE INDEX ON receipt (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX ON receipt (tenant_id, received_on, id) WHERE deleted_at IS NULL;
CREATE INDEX ON receipt (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Money of a receipt that was given back.
CREATE TABLE refund (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  receipt_id uuid NOT NULL,
  contract_id uuid NOT NULL,
  account_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  refunded_on date NOT NULL,
  method text NOT NULL DEFAULT 'BANK_TRANSFER' CHECK (method IN ('BANK_TRANSFER', 'CASH', 'CHEQUE', 'CARD', 'DIGITAL_WALLET', 'ACCEPTANCE_BILL', 'ACCOUNT_CREDIT', 'OTHER')),
  reason text NOT NULL,
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
  FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipt (tenant_id, id),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('refund');
CREATE UNIQUE INDEX refund_number_key ON refund (tenant_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON refund (tenant_id, receipt_id, id);
CREATE INDEX ON refund (tenant_id, contract_id, id);
CREATE INDEX ON refund (tenant_id, account_id, id);
CREATE INDEX ON refund (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What of a receipt is for which plan; what a reversal or a refund takes back is less than 0.
CREATE TABLE receipt_allocation (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  receipt_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  refund_id uuid,
  amount bigint NOT NULL CHECK (amount <> 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
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
  FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipt (tenant_id, id),
  FOREIGN KEY (tenant_id, plan_id) REFERENCES receipt_plan (tenant_id, id),
  FOREIGN KEY (tenant_id, refund_id) REFERENCES refund (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('receipt_allocation');
CREATE INDEX ON receipt_allocation (tenant_id, receipt_id, id);
CREATE INDEX ON receipt_allocation (tenant_id, plan_id, id);
CREATE INDEX ON receipt_allocation (tenant_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX ON receipt_allocation (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- An invoice to a customer for a contract.
CREATE TABLE invoice (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  number text NOT NULL,
  account_id uuid NOT NULL,
  contract_id uuid NOT NULL,
  type text NOT NULL DEFAULT 'VAT_NORMAL' CHECK (type IN ('VAT_NORMAL', 'VAT_SPECIAL', 'ELECTRONIC', 'OTHER')),
  amount bigint NOT NULL CHECK (amount > 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Per cent; the amount is with tax.
  tax_rate numeric(6,3) CHECK (tax_rate >= 0),
  title_id uuid,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'ISSUED', 'VOID')),
  issued_on date,
  invoice_no text,
  courier_no text,
  void_reason text,
  note text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(number || ' ' || coalesce(invoice_no, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id),
  FOREIGN KEY (tenant_id, title_id) REFERENCES account_invoice_info (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('invoice', 'Invoice');
CREATE UNIQUE INDEX invoice_number_key ON invoice (tenant_id, number) WHERE deleted_at IS NULL;
CREATE INDEX ON invoice (tenant_id, account_id, id);
CREATE INDEX ON invoice (tenant_id, contract_id, id);
CREATE INDEX ON invoice (tenant_id, title_id) WHERE title_id IS NOT NULL;
CREATE INDEX ON invoice (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What an account has paid beyond its contracts, in one currency.
CREATE TABLE account_credit (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- Kept by the application under this row's lock.
  balance bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
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
SELECT atrium.record_table('account_credit');
CREATE UNIQUE INDEX account_credit_account_id_currency_key ON account_credit (tenant_id, account_id, currency) WHERE deleted_at IS NULL;
CREATE INDEX ON account_credit (tenant_id, account_id, id);
CREATE INDEX ON account_credit (tenant_id, created_at, id) WHERE deleted_at IS NULL;
