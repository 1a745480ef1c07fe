-- Flows for exports, and contracts that go on by themselves.

-- The request for an export goes through them.
ALTER TABLE approval_flow DROP CONSTRAINT approval_flow_trigger_check,
  ADD CONSTRAINT approval_flow_trigger_check CHECK (trigger IN ('SUBMIT', 'CREATE', 'EXPORT'));

-- Is a renewal that was made by itself submitted at once.
ALTER TABLE tenant ADD COLUMN revenue_submit_renewals boolean NOT NULL DEFAULT false;
GRANT UPDATE (revenue_submit_renewals) ON tenant TO atrium_app;

-- When the night has made its renewal, or could not: it tries once.
ALTER TABLE contract ADD COLUMN auto_renewed_at timestamptz(3);
SELECT atrium.custom_table('contract', 'Contract');
CREATE INDEX contract_auto_renew_idx ON contract (tenant_id, end_date, id) WHERE auto_renew AND auto_renewed_at IS NULL AND status IN ('APPROVED', 'EXPIRED') AND deleted_at IS NULL;
