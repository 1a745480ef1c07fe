-- Conversion of leads: the right to it, what it did and how far it can be undone, and the products that a lead is interested in.

ALTER TABLE object_permission ADD COLUMN can_convert boolean NOT NULL DEFAULT false;
SELECT atrium.record_table('object_permission');

ALTER TABLE tenant
  -- Only leads with the status QUALIFIED are converted.
  ADD COLUMN lead_conversion_needs_qualified boolean NOT NULL DEFAULT false,
  -- How many days a conversion can be undone; 0 for never.
  ADD COLUMN lead_reversion_days integer NOT NULL DEFAULT 30 CHECK (lead_reversion_days BETWEEN 0 AND 3650),
  -- Custom fields of leads that go to one of another name, or nowhere: [{ from, target, to }]; the others go to those of their name.
  ADD COLUMN lead_custom_fields jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(lead_custom_fields) = 'array');
GRANT UPDATE (lead_conversion_needs_qualified, lead_reversion_days, lead_custom_fields) ON tenant TO atrium_app;

-- A product that a lead is interested in.
CREATE TABLE lead_product (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  lead_id uuid NOT NULL,
  product_id uuid NOT NULL,
  quantity numeric(18,4) NOT NULL DEFAULT 1 CHECK (quantity > 0),
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
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.custom_table('lead_product', 'LeadProduct');
CREATE UNIQUE INDEX lead_product_lead_id_product_id_key ON lead_product (tenant_id, lead_id, product_id) WHERE deleted_at IS NULL;
CREATE INDEX ON lead_product (tenant_id, lead_id);
CREATE INDEX ON lead_product (tenant_id, product_id);
CREATE INDEX ON lead_product (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a conversion made of a lead. Rows stay when it is undone: they are its history.
CREATE TABLE lead_conversion (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  lead_id uuid NOT NULL,
  account_id uuid,
  contact_id uuid,
  opportunity_id uuid,
  -- false: it was there, and was linked.
  account_made boolean NOT NULL DEFAULT false,
  contact_made boolean NOT NULL DEFAULT false,
  former_status text NOT NULL
    CHECK (former_status IN ('NEW', 'ASSIGNED', 'WORKING', 'NURTURING', 'QUALIFIED', 'UNQUALIFIED', 'CONVERTED', 'RECYCLED')),
  revertible_until timestamptz(3) NOT NULL,
  reverted_at timestamptz(3),
  reverted_by uuid,
  -- { lead, filled, links, moved }: what it takes to undo it; seen by nobody.
  trace jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(trace) = 'object'),
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
  FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
  FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
  FOREIGN KEY (tenant_id, reverted_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('lead_conversion');
CREATE INDEX ON lead_conversion (tenant_id, lead_id);
CREATE INDEX ON lead_conversion (tenant_id, account_id);
CREATE INDEX ON lead_conversion (tenant_id, contact_id);
CREATE INDEX ON lead_conversion (tenant_id, opportunity_id);
CREATE INDEX ON lead_conversion (tenant_id, reverted_by);
CREATE INDEX ON lead_conversion (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE lead
  -- The conversion that holds; null when there was none, or it was undone.
  ADD COLUMN conversion_id uuid,
  -- What the score is made of: [{ key, points, reason }].
  ADD COLUMN score_parts jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(score_parts) = 'array'),
  ADD FOREIGN KEY (tenant_id, conversion_id) REFERENCES lead_conversion (tenant_id, id);
SELECT atrium.record_table('lead');
CREATE INDEX ON lead (tenant_id, conversion_id) WHERE conversion_id IS NOT NULL;

-- The seeded roles that write leads convert them too.
CREATE FUNCTION atrium.seed_lead_conversion() RETURNS void LANGUAGE sql AS $$
  UPDATE object_permission p SET can_convert = true
  FROM role r
  WHERE p.tenant_id = atrium.tenant_id() AND r.tenant_id = p.tenant_id AND r.id = p.role_id AND r.is_system AND r.key IN ('manager', 'rep')
    AND r.deleted_at IS NULL AND p.deleted_at IS NULL AND p.object IN ('*', 'Lead') AND p.can_update AND NOT p.can_convert
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_lead_conversion() TO atrium_app;

-- For the tenants that are there already, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_lead_conversion();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
