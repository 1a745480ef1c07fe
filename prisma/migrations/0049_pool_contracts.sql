-- Customers go back to a pool when their contracts are over.
ALTER TABLE pool_reclaim_rule DROP CONSTRAINT pool_reclaim_rule_basis_check;
ALTER TABLE pool_reclaim_rule ADD CONSTRAINT pool_reclaim_rule_basis_check CHECK (basis IN ('NO_FOLLOW_UP', 'NO_OPPORTUNITY', 'NOT_WON', 'CONTRACT_ENDED', 'PROTECTION_EXPIRED'));
