-- Customers of a product line alone: those that have a deal about a product of it.
ALTER TABLE pool_reclaim_rule ADD COLUMN product_category_id uuid,
  ADD FOREIGN KEY (tenant_id, product_category_id) REFERENCES product_category (tenant_id, id);
GRANT UPDATE (product_category_id) ON pool_reclaim_rule TO atrium_app;
CREATE INDEX ON pool_reclaim_rule (tenant_id, product_category_id) WHERE product_category_id IS NOT NULL;
