-- Lists below a record are walked, not sorted: an index that leads to the many of one record ends with what they are listed by, the id. So the first page
-- costs the same for the account with twenty thousand activities as for one with five. Each takes the place of an index that it covers. Where most rows
-- refer to nothing, those rows are left out: an import writes no entries for references that it does not bring, and a foreign key's look-up, which is
-- an equality, finds the others all the same. Owners keep their nulls, because a scope also asks for records without an owner.

DROP INDEX account_tenant_id_parent_id_idx, account_tenant_id_primary_contact_id_idx, account_tenant_id_source_id_idx, account_tenant_id_owner_id_idx;
CREATE INDEX ON account (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, primary_contact_id, id) WHERE primary_contact_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, source_id, id) WHERE source_id IS NOT NULL;
CREATE INDEX ON account (tenant_id, owner_id, id);

DROP INDEX contact_tenant_id_reports_to_id_idx, contact_tenant_id_source_id_idx, contact_tenant_id_owner_id_idx;
CREATE INDEX ON contact (tenant_id, reports_to_id, id) WHERE reports_to_id IS NOT NULL;
CREATE INDEX ON contact (tenant_id, source_id, id) WHERE source_id IS NOT NULL;
CREATE INDEX ON contact (tenant_id, owner_id, id);

-- The other way, from a contact to its companies, stays as it is: nobody belongs to thousands.
DROP INDEX account_contact_tenant_id_account_id_idx;
CREATE INDEX ON account_contact (tenant_id, account_id, id);

DROP INDEX lead_tenant_id_source_id_idx, lead_tenant_id_owner_id_idx, lead_tenant_id_converted_by_idx, lead_tenant_id_converted_account_id_idx,
  lead_tenant_id_converted_contact_id_idx, lead_tenant_id_converted_opportunity_id_idx;
CREATE INDEX ON lead (tenant_id, source_id, id) WHERE source_id IS NOT NULL;
CREATE INDEX ON lead (tenant_id, owner_id, id);
CREATE INDEX ON lead (tenant_id, converted_by) WHERE converted_by IS NOT NULL;
CREATE INDEX ON lead (tenant_id, converted_account_id) WHERE converted_account_id IS NOT NULL;
CREATE INDEX ON lead (tenant_id, converted_contact_id) WHERE converted_contact_id IS NOT NULL;
CREATE INDEX ON lead (tenant_id, converted_opportunity_id, id) WHERE converted_opportunity_id IS NOT NULL;

DROP INDEX opportunity_tenant_id_account_id_idx, opportunity_tenant_id_primary_contact_id_idx, opportunity_tenant_id_pipeline_id_idx,
  opportunity_tenant_id_stage_id_idx, opportunity_tenant_id_source_id_idx, opportunity_tenant_id_owner_id_idx;
CREATE INDEX ON opportunity (tenant_id, account_id, id);
CREATE INDEX ON opportunity (tenant_id, primary_contact_id, id) WHERE primary_contact_id IS NOT NULL;
CREATE INDEX ON opportunity (tenant_id, pipeline_id, id);
CREATE INDEX ON opportunity (tenant_id, stage_id, id);
CREATE INDEX ON opportunity (tenant_id, source_id, id) WHERE source_id IS NOT NULL;
CREATE INDEX ON opportunity (tenant_id, owner_id, id);

DROP INDEX opportunity_line_tenant_id_product_id_idx;
CREATE INDEX ON opportunity_line (tenant_id, product_id, id) WHERE product_id IS NOT NULL;

DROP INDEX product_tenant_id_category_id_idx;
CREATE INDEX ON product (tenant_id, category_id, id) WHERE category_id IS NOT NULL;

DROP INDEX app_user_tenant_id_manager_id_idx, app_user_tenant_id_role_id_idx, app_user_tenant_id_department_id_idx;
CREATE INDEX ON app_user (tenant_id, manager_id, id) WHERE manager_id IS NOT NULL;
CREATE INDEX ON app_user (tenant_id, role_id, id);
CREATE INDEX ON app_user (tenant_id, department_id, id);

DROP INDEX activity_tenant_id_owner_id_idx, task_tenant_id_assignee_id_idx, task_tenant_id_parent_task_id_idx;
CREATE INDEX ON activity (tenant_id, owner_id, id);
CREATE INDEX ON task (tenant_id, assignee_id, id);
CREATE INDEX ON task (tenant_id, parent_task_id, id) WHERE parent_task_id IS NOT NULL;

-- What a record has over links is listed by the id at the links' other end.
DROP INDEX activity_link_tenant_id_object_type_record_id_idx, task_link_tenant_id_object_type_record_id_idx, tag_link_tenant_id_object_type_record_id_idx,
  tag_link_tenant_id_tag_id_idx;
CREATE INDEX ON activity_link (tenant_id, object_type, record_id, activity_id);
CREATE INDEX ON task_link (tenant_id, object_type, record_id, task_id);
CREATE INDEX ON tag_link (tenant_id, object_type, record_id, tag_id);
CREATE INDEX ON tag_link (tenant_id, tag_id, id);

-- A prepared statement is planned once for every tenant, and PostgreSQL would plan it for the mean one. Among ten thousand companies the mean one is
-- small, and what is right for a hundred rows is wrong for the company with a hundred times as many: its rows were sorted where an index has the order,
-- and a list of ids was looked for in all of its index entries instead of by the key. So it is told to reckon with five thousand rows for each tenant
-- (or with those of the largest, where the statistics know that one to be smaller). A plan that is good for many rows is good for few. Custom plans, made
-- with the tenant at hand, go by its true share as before. Holds from the next ANALYZE on.

-- As in 0001, and with that for each new table.
CREATE OR REPLACE FUNCTION atrium.tenant_table(target regclass, append_only boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  writable text;
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('DROP POLICY IF EXISTS tenant ON %s', target);
  EXECUTE format(
    'CREATE POLICY tenant ON %s '
    'USING (tenant_id = (SELECT NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)) '
    'WITH CHECK (tenant_id = (SELECT NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid))', target);
  EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET (n_distinct = -0.0002)', target);
  EXECUTE format('REVOKE ALL ON %s FROM atrium_app', target);
  EXECUTE format('GRANT SELECT, INSERT ON %s TO atrium_app', target);
  IF append_only THEN
    RETURN;
  END IF;
  EXECUTE format('GRANT DELETE ON %s TO atrium_app', target);
  SELECT string_agg(quote_ident(attname), ', ') INTO writable
  FROM pg_attribute
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND attname NOT IN ('tenant_id', 'id', 'created_at', 'created_by');
  IF writable IS NOT NULL THEN
    EXECUTE format('GRANT UPDATE (%s) ON %s TO atrium_app', writable, target);
  END IF;
END $$;

DO $$
DECLARE
  one regclass;
BEGIN
  FOR one IN
    SELECT c.oid::regclass FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET (n_distinct = -0.0002)', one);
  END LOOP;
END $$;

-- Where one company owns half of a table, reading all of it looks cheap for everybody. For the application it never is: each table has an index that begins
-- with the tenant, and what lies between is other companies' rows. Nor does compiling a statement that runs for a millisecond pay. The role may belong to
-- somebody else's hands, where the owner may not set this; nothing is wrong then but for the speed of such statements.
DO $$ BEGIN
  ALTER ROLE atrium_app SET enable_seqscan = off;
  ALTER ROLE atrium_app SET jit = off;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'enable_seqscan and jit stay as they are for atrium_app';
END $$;
