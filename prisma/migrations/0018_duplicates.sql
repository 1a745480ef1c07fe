-- Duplicates: the rules of a company, the keys by which records are found that may be the same, and the pairs that were found.

-- When records of a type are taken for the same.
CREATE TABLE duplicate_rule (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL CHECK (object IN ('Account', 'Contact', 'Lead')),
  name text NOT NULL,
  -- [{ field, method, weight }]
  matchers jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(matchers) = 'array'),
  -- Points from which on two records are taken for the same.
  threshold numeric(8,2) NOT NULL CHECK (threshold > 0),
  scope text NOT NULL DEFAULT 'ALL' CHECK (scope IN ('ALL', 'VISIBLE')),
  -- Names of further types against which a new record is held.
  cross_objects text[] NOT NULL DEFAULT '{}',
  action text NOT NULL DEFAULT 'WARN' CHECK (action IN ('BLOCK', 'WARN')),
  active boolean NOT NULL DEFAULT true,
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
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('duplicate_rule');
CREATE INDEX ON duplicate_rule (tenant_id, object, id) WHERE deleted_at IS NULL;
CREATE INDEX ON duplicate_rule (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- By what a record is found: hashes of its e-mail addresses, telephone numbers, name and so on, several per record (src/resolvers/customers/duplicates/keys.ts).
-- Of records in the recycle bin too; who looks, looks at the record. No foreign keys: a record of one of three types, whose
-- going the triggers below hear of, and a tenant that the record refers to (as in 0001's change: an import would have it checked for each key).
CREATE TABLE duplicate_key (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id(),
  key bigint NOT NULL,
  record_id uuid NOT NULL,
  object text NOT NULL,
  PRIMARY KEY (tenant_id, key, object, record_id)
);
SELECT atrium.tenant_table('duplicate_key');
REVOKE UPDATE (key, record_id, object) ON duplicate_key FROM atrium_app;
CREATE INDEX duplicate_key_record_idx ON duplicate_key (tenant_id, record_id);

-- Of which types the keys of all records of a company are there, made by which version of the code.
CREATE TABLE duplicate_filled (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  object text NOT NULL CHECK (object IN ('Account', 'Contact', 'Lead')),
  keys_version integer NOT NULL,
  PRIMARY KEY (tenant_id, object)
);
SELECT atrium.tenant_table('duplicate_filled');
REVOKE UPDATE (object) ON duplicate_filled FROM atrium_app;

-- A record whose compared values change by whatever statement loses its keys; who writes by the standard verbs gives it its new ones in the same
-- transaction, and for whoever does not, the next search for duplicates does. So a key never stands for what is no longer there.
CREATE FUNCTION atrium.forget_duplicate_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM public.duplicate_key k WHERE k.tenant_id = OLD.tenant_id AND k.record_id = OLD.id;
  RETURN NULL;
END $$;

CREATE TRIGGER forget_duplicate_keys AFTER UPDATE OF name, email, phone, website, domains, tax_no, registration_no, billing_address, shipping_address, external_id
  ON account FOR EACH ROW WHEN (
    (OLD.name, OLD.email, OLD.phone, OLD.website, OLD.domains, OLD.tax_no, OLD.registration_no, OLD.billing_address, OLD.shipping_address, OLD.external_id)
    IS DISTINCT FROM
    (NEW.name, NEW.email, NEW.phone, NEW.website, NEW.domains, NEW.tax_no, NEW.registration_no, NEW.billing_address, NEW.shipping_address, NEW.external_id)
  ) EXECUTE FUNCTION atrium.forget_duplicate_keys();
CREATE TRIGGER forget_duplicate_keys AFTER UPDATE OF first_name, last_name, email, emails, phone, mobile, phones, birthday, address, external_id
  ON contact FOR EACH ROW WHEN (
    (OLD.first_name, OLD.last_name, OLD.email, OLD.emails, OLD.phone, OLD.mobile, OLD.phones, OLD.birthday, OLD.address, OLD.external_id)
    IS DISTINCT FROM
    (NEW.first_name, NEW.last_name, NEW.email, NEW.emails, NEW.phone, NEW.mobile, NEW.phones, NEW.birthday, NEW.address, NEW.external_id)
  ) EXECUTE FUNCTION atrium.forget_duplicate_keys();
CREATE TRIGGER forget_duplicate_keys AFTER UPDATE OF full_name, first_name, last_name, company_name, email, emails, phone, mobile, phones, website, address, external_id
  ON lead FOR EACH ROW WHEN (
    (OLD.full_name, OLD.first_name, OLD.last_name, OLD.company_name, OLD.email, OLD.emails, OLD.phone, OLD.mobile, OLD.phones, OLD.website, OLD.address, OLD.external_id)
    IS DISTINCT FROM
    (NEW.full_name, NEW.first_name, NEW.last_name, NEW.company_name, NEW.email, NEW.emails, NEW.phone, NEW.mobile, NEW.phones, NEW.website, NEW.address, NEW.external_id)
  ) EXECUTE FUNCTION atrium.forget_duplicate_keys();
CREATE TRIGGER forget_duplicate_keys_of_destroyed AFTER DELETE ON account FOR EACH ROW EXECUTE FUNCTION atrium.forget_duplicate_keys();
CREATE TRIGGER forget_duplicate_keys_of_destroyed AFTER DELETE ON contact FOR EACH ROW EXECUTE FUNCTION atrium.forget_duplicate_keys();
CREATE TRIGGER forget_duplicate_keys_of_destroyed AFTER DELETE ON lead FOR EACH ROW EXECUTE FUNCTION atrium.forget_duplicate_keys();

-- Two records that were found to look alike, and what a person said to that.
CREATE TABLE duplicate_pair (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL CHECK (object IN ('Account', 'Contact', 'Lead')),
  -- No foreign keys: a record of one of three types, which may be gone by the time that somebody looks. left_id is the smaller one.
  left_id uuid NOT NULL,
  right_id uuid NOT NULL,
  rule_id uuid,
  -- The search that saw it last; null for one that a person entered.
  job_id uuid,
  -- How sure, in thousandths: 500 is the rule's threshold.
  score integer NOT NULL CHECK (score BETWEEN 0 AND 1000),
  -- The smallest id of those that hang together over open pairs.
  group_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'DISMISSED', 'MERGED')),
  found_at timestamptz(3) NOT NULL DEFAULT now(),
  decided_at timestamptz(3),
  decided_by uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES duplicate_rule (tenant_id, id),
  FOREIGN KEY (tenant_id, decided_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT duplicate_pair_order CHECK (left_id < right_id)
);
SELECT atrium.tenant_table('duplicate_pair');
REVOKE UPDATE (object, left_id, right_id, found_at) ON duplicate_pair FROM atrium_app;
CREATE UNIQUE INDEX duplicate_pair_records_key ON duplicate_pair (tenant_id, object, left_id, right_id);
CREATE INDEX duplicate_pair_right_idx ON duplicate_pair (tenant_id, right_id);
CREATE INDEX duplicate_pair_page_idx ON duplicate_pair (tenant_id, object, status, score, id);
CREATE INDEX duplicate_pair_group_idx ON duplicate_pair (tenant_id, object, status, group_id);
CREATE INDEX duplicate_pair_rule_idx ON duplicate_pair (tenant_id, rule_id);
CREATE INDEX duplicate_pair_decided_by_idx ON duplicate_pair (tenant_id, decided_by);

-- The rules that a company begins with: one for each type, which warns.
CREATE FUNCTION atrium.seed_duplicate_rules() RETURNS void LANGUAGE sql AS $$
  INSERT INTO duplicate_rule (tenant_id, object, name, matchers, threshold)
  SELECT atrium.tenant_id(), d.object, d.name,
    (SELECT jsonb_agg(jsonb_build_object('field', m.field, 'method', 'FUZZY', 'weight', m.weight) ORDER BY m.place)
     FROM jsonb_array_elements(d.weights) WITH ORDINALITY AS w(pair, place)
     CROSS JOIN LATERAL (SELECT w.pair ->> 0 AS field, w.pair ->> 1 AS weight, w.place) m), d.threshold
  FROM (VALUES
    ('Account', 'Same company', 10,
      '[["name", 12], ["taxNo", 24], ["registrationNo", 24], ["email", 12], ["phone", 9], ["domain", 8], ["street", 8], ["city", 3], ["postalCode", 3], ["state", 1]]'::jsonb),
    ('Contact', 'Same person', 14,
      '[["name", 10.5], ["email", 24], ["phone", 18], ["birthday", 10], ["street", 9.5], ["city", 3], ["postalCode", 4], ["state", 0.4]]'),
    ('Lead', 'Same lead', 12,
      '[["name", 9], ["companyName", 7], ["email", 24], ["phone", 18], ["domain", 3], ["street", 6], ["city", 2], ["postalCode", 3]]')
  ) AS d(object, name, threshold, weights)
  WHERE atrium.tenant_id() IS NOT NULL AND NOT EXISTS (SELECT 1 FROM duplicate_rule r WHERE r.tenant_id = atrium.tenant_id() AND r.object = d.object)
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_duplicate_rules() TO atrium_app;

-- Companies that are there already get them too, and a job that makes the keys of their records (0008 says how).
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_duplicate_rules();
    INSERT INTO job (tenant_id, kind, key, subject) SELECT one, 'FILL_DUPLICATE_KEYS', 'fill duplicate keys', 'Account, Contact, Lead';
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
