-- Users of customers: each is a contact's, has the role that is theirs alone, and sees what is that contact's (docs/portal.md).
ALTER TABLE app_user ADD COLUMN contact_id uuid;
ALTER TABLE app_user ADD FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id);
CREATE INDEX ON app_user (tenant_id, contact_id);
-- A merge gives the survivor the users of the contacts that it takes in.
GRANT UPDATE (contact_id) ON app_user TO atrium_app;

-- The role of every company that is there; new ones begin with it (src/access/roles.ts). A role of the company's own that has its key keeps all but that.
CREATE FUNCTION pg_temp.seed_customer_role() RETURNS void LANGUAGE sql AS $$
  UPDATE role SET key = 'customer-' || left(id::text, 8) WHERE tenant_id = atrium.tenant_id() AND key = 'customer' AND NOT is_system AND deleted_at IS NULL;
  INSERT INTO role (tenant_id, key, name, description, is_system)
  SELECT atrium.tenant_id(), 'customer', 'Customer',
    'A customer’s own user: opens cases, sees their own with what was said to them, and published articles; nothing else. docs/portal.md.', true
$$;
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM pg_temp.seed_customer_role();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
