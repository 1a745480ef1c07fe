-- What came of what: the quote that a contract was made of, the contract that an order is under.
ALTER TABLE contract ADD COLUMN quote_id uuid, ADD FOREIGN KEY (tenant_id, quote_id) REFERENCES quote (tenant_id, id);
SELECT atrium.record_table('contract');
CREATE INDEX ON contract (tenant_id, quote_id, id) WHERE quote_id IS NOT NULL;
ALTER TABLE sales_order ADD COLUMN contract_id uuid, ADD FOREIGN KEY (tenant_id, contract_id) REFERENCES contract (tenant_id, id);
SELECT atrium.record_table('sales_order');
CREATE INDEX ON sales_order (tenant_id, contract_id, id) WHERE contract_id IS NOT NULL;
