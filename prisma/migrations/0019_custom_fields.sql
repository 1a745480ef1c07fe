-- Custom fields: what a company adds to a record type. Definitions are records, values stand in a column of the record, by the definition's id, and those
-- of indexed and unique fields in custom_value too: jsonb operators are not leakproof, so under row security no index serves them.

CREATE TABLE field_definition (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  api_name text NOT NULL CHECK (api_name ~ '^[a-z][a-zA-Z0-9]{0,39}$'),
  label jsonb NOT NULL,
  description text,
  type text NOT NULL CHECK (type IN ('TEXT', 'LONGTEXT', 'NUMBER', 'DECIMAL', 'CURRENCY', 'PERCENT', 'BOOL', 'DATE', 'DATETIME', 'SELECT', 'MULTISELECT',
    'EMAIL', 'PHONE', 'URL', 'USER', 'REFERENCE', 'JSON')),
  is_required boolean NOT NULL DEFAULT false,
  is_unique boolean NOT NULL DEFAULT false,
  is_indexed boolean NOT NULL DEFAULT false,
  -- Its values stand in custom_value. Once so, always so: another process may still read them there.
  is_stored boolean NOT NULL DEFAULT false,
  default_value jsonb,
  min_value numeric(18,4),
  max_value numeric(18,4),
  max_length integer CHECK (max_length BETWEEN 1 AND 20000),
  pattern text,
  options jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(options) = 'array'),
  ref_object text,
  is_personal_data boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'DEPRECATED')),
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(api_name || ' ' || coalesce(description, ''))) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('field_definition');
-- The name of one in the recycle bin is free again: values are kept by the id.
CREATE UNIQUE INDEX field_definition_object_api_name_key ON field_definition (tenant_id, object, api_name) WHERE deleted_at IS NULL;
CREATE INDEX ON field_definition (tenant_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE custom_value (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  field_id uuid NOT NULL,
  -- No foreign key: a record of whatever type the field belongs to.
  record_id uuid NOT NULL,
  -- One of the three, by the type of the field: texts and ids, numbers in ten-thousandths (true is 1), days (their beginning in UTC) and moments.
  text_value text,
  number_value bigint,
  time_value timestamptz(3),
  is_unique boolean NOT NULL,
  -- Is the record none of the recycle bin.
  live boolean NOT NULL,
  PRIMARY KEY (tenant_id, record_id, field_id),
  FOREIGN KEY (tenant_id, field_id) REFERENCES field_definition (tenant_id, id)
);
SELECT atrium.tenant_table('custom_value');
REVOKE UPDATE (field_id, record_id, text_value, number_value, time_value) ON custom_value FROM atrium_app;
CREATE INDEX custom_value_text_idx ON custom_value (tenant_id, field_id, text_value, record_id) WHERE text_value IS NOT NULL;
CREATE INDEX custom_value_number_idx ON custom_value (tenant_id, field_id, number_value, record_id) WHERE number_value IS NOT NULL;
CREATE INDEX custom_value_time_idx ON custom_value (tenant_id, field_id, time_value, record_id) WHERE time_value IS NOT NULL;
CREATE INDEX custom_value_field_idx ON custom_value (tenant_id, field_id);
CREATE UNIQUE INDEX custom_value_text_key ON custom_value (tenant_id, field_id, text_value) WHERE is_unique AND live;
CREATE UNIQUE INDEX custom_value_number_key ON custom_value (tenant_id, field_id, number_value) WHERE is_unique AND live;
CREATE UNIQUE INDEX custom_value_time_key ON custom_value (tenant_id, field_id, time_value) WHERE is_unique AND live;

-- What of a value stands in custom_value. The parts of src/read/custom.ts compare with the same.
CREATE FUNCTION atrium.custom_parts(type text, value jsonb, OUT text_value text, OUT number_value bigint, OUT time_value timestamptz) LANGUAGE sql STABLE
AS $$
  SELECT
    CASE WHEN type IN ('TEXT', 'SELECT', 'EMAIL', 'PHONE', 'URL', 'USER', 'REFERENCE') THEN value #>> '{}' END,
    CASE
      WHEN type IN ('NUMBER', 'DECIMAL', 'PERCENT') THEN ((value #>> '{}')::numeric * 10000)::bigint
      WHEN type = 'CURRENCY' THEN (value ->> 'amount')::bigint
      WHEN type = 'BOOL' THEN (value::boolean)::integer::bigint
    END,
    CASE
      WHEN type = 'DATE' THEN ((value #>> '{}') || 'T00:00:00Z')::timestamptz
      WHEN type = 'DATETIME' THEN (value #>> '{}')::timestamptz
    END
$$;
GRANT EXECUTE ON FUNCTION atrium.custom_parts(text, jsonb) TO atrium_app;

-- After a record with custom fields was written: its rows in custom_value. Whoever changes a definition holds the lock alone (src/resolvers/platform), so
-- what the next statement finds is what holds until the end of this transaction: no value is missing from the table, and none is left in it.
CREATE FUNCTION atrium.keep_custom_values() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of_type CONSTANT text := TG_ARGV[0];
  was jsonb := '{}';
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM public.custom_value v WHERE v.tenant_id = OLD.tenant_id AND v.record_id = OLD.id;
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(hashtextextended(NEW.tenant_id || ' custom fields ' || of_type, 0));
  IF TG_OP = 'UPDATE' THEN
    was := OLD.custom_fields;
    DELETE FROM public.custom_value v
    WHERE v.tenant_id = NEW.tenant_id AND v.record_id = NEW.id AND was -> v.field_id::text IS DISTINCT FROM NEW.custom_fields -> v.field_id::text;
    IF (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) THEN
      UPDATE public.custom_value v SET live = NEW.deleted_at IS NULL WHERE v.tenant_id = NEW.tenant_id AND v.record_id = NEW.id;
    END IF;
  END IF;
  INSERT INTO public.custom_value (tenant_id, field_id, record_id, text_value, number_value, time_value, is_unique, live)
  SELECT NEW.tenant_id, f.id, NEW.id, p.text_value, p.number_value, p.time_value, f.is_unique, NEW.deleted_at IS NULL
  FROM public.field_definition f CROSS JOIN LATERAL atrium.custom_parts(f.type, NEW.custom_fields -> f.id::text) p
  WHERE f.tenant_id = NEW.tenant_id AND f.object = of_type AND f.deleted_at IS NULL AND f.is_stored
    AND NEW.custom_fields ? f.id::text AND was -> f.id::text IS DISTINCT FROM NEW.custom_fields -> f.id::text;
  RETURN NULL;
END $$;

-- Gives a record type's table its custom fields. To be called, as record_table is, by the migration that makes the table; it calls that too. A record
-- without any costs no call: the conditions are looked at before the triggers are queued.
CREATE FUNCTION atrium.custom_table(target regclass, object text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS custom_fields jsonb NOT NULL DEFAULT ''{}''', target);
  EXECUTE format('CREATE OR REPLACE TRIGGER custom_insert AFTER INSERT ON %s FOR EACH ROW WHEN (NEW.custom_fields <> ''{}'') '
    'EXECUTE FUNCTION atrium.keep_custom_values(%L)', target, object);
  EXECUTE format('CREATE OR REPLACE TRIGGER custom_update AFTER UPDATE ON %s FOR EACH ROW '
    'WHEN (OLD.custom_fields <> NEW.custom_fields OR ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) AND NEW.custom_fields <> ''{}'')) '
    'EXECUTE FUNCTION atrium.keep_custom_values(%L)', target, object);
  EXECUTE format('CREATE OR REPLACE TRIGGER custom_delete AFTER DELETE ON %s FOR EACH ROW WHEN (OLD.custom_fields <> ''{}'') '
    'EXECUTE FUNCTION atrium.keep_custom_values(%L)', target, object);
  PERFORM atrium.record_table(target);
END $$;

SELECT atrium.custom_table(target::regclass, object) FROM (VALUES
  ('account', 'Account'), ('contact', 'Contact'), ('account_contact', 'AccountContact'), ('lead', 'Lead'), ('lead_source', 'LeadSource'),
  ('opportunity', 'Opportunity'), ('opportunity_contact', 'OpportunityContact'), ('opportunity_line', 'OpportunityLine'),
  ('product', 'Product'), ('product_category', 'ProductCategory'), ('activity', 'Activity'), ('task', 'Task'), ('tag', 'Tag'),
  ('app_user', 'User'), ('department', 'Department'), ('team', 'Team')
) AS t(target, object);

-- Everybody may read what fields there are: a form is drawn from it.
CREATE FUNCTION atrium.seed_custom_fields() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, read_scope)
  SELECT r.tenant_id, r.id, 'FieldDefinition', true, 'ALL'
  FROM role r
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_custom_fields() TO atrium_app;

-- Tenants that are there, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_custom_fields();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
