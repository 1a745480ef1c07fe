-- The foundation of isolation: who the tenant is, what a tenant table looks like, how a write becomes a change.
-- Every later migration calls atrium.tenant_table or atrium.record_table once after each CREATE TABLE, and again after it adds a column.

CREATE SCHEMA IF NOT EXISTS atrium;
REVOKE ALL ON SCHEMA atrium FROM PUBLIC;
GRANT USAGE ON SCHEMA atrium TO atrium_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO atrium_app;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Who is speaking. All of these are transaction-local settings; a pooled connection falls back to '', hence NULLIF.

CREATE FUNCTION atrium.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('app.tenant_id', true), '')::uuid;

CREATE FUNCTION atrium.actor_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULLIF(current_setting('app.user_id', true), '')::uuid;

-- RFC 9562 UUID version 7. PostgreSQL 18 has its own, ten times as fast; 15 to 17 get one put together.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 180000 THEN
    EXECUTE 'CREATE FUNCTION atrium.uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE RETURN uuidv7()';
  ELSE
    EXECUTE $body$
CREATE FUNCTION atrium.uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(
  set_bit(
    set_bit(
      overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6
      ),
      52, 1
    ),
    53, 1
  ),
  'hex'
)::uuid
$body$;
  END IF;
END $$;

-- What a search compares: case, width (full and half) and diacritics folded away. A text of one byte per character has nothing but case to fold.
CREATE FUNCTION atrium.search_key(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
  WHEN octet_length(value) = length(value) THEN lower(value)
  ELSE lower(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f]', '', 'g'))
END;

GRANT EXECUTE ON FUNCTION atrium.tenant_id(), atrium.actor_id(), atrium.uuid7(), atrium.search_key(text) TO atrium_app;

-- The tenant itself.

CREATE TABLE tenant (
  id uuid PRIMARY KEY DEFAULT atrium.uuid7(),
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,62}$'),
  name text NOT NULL,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('TRIAL', 'ACTIVE', 'SUSPENDED', 'DELETING')),
  plan text NOT NULL DEFAULT 'standard',
  region text,
  locale text NOT NULL DEFAULT 'en',
  timezone text NOT NULL DEFAULT 'UTC',
  base_currency text NOT NULL DEFAULT 'USD' CHECK (base_currency ~ '^[A-Z]{3}$'),
  default_country text NOT NULL DEFAULT 'US' CHECK (default_country ~ '^[A-Z]{2}$'),
  fiscal_year_start smallint NOT NULL DEFAULT 1 CHECK (fiscal_year_start BETWEEN 1 AND 12),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenant
  USING (id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))
  WITH CHECK (id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT ON tenant TO atrium_app;
GRANT UPDATE (name, locale, timezone, base_currency, default_country, fiscal_year_start, updated_at) ON tenant TO atrium_app;

-- Changes: one row per committed write of a record, the source of the change feed and of the audit. Append only for the application.

CREATE TABLE change (
  -- No foreign key: the record whose change it is has one, and an import would have it checked again for each of its rows.
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id(),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- Orders the changes of one transaction; transactions are ordered by change_commit.
  ordinal bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- The writing transaction; bigint and not xid8, because only leakproof comparisons use an index under row security.
  xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  -- The tenant's own count without gaps, given after the commit by atrium.number_changes().
  sequence bigint,
  operation text NOT NULL CHECK (operation IN ('created', 'updated', 'deleted', 'restored', 'destroyed')),
  object text NOT NULL,
  record_id uuid NOT NULL,
  record_version integer NOT NULL,
  -- Of an update; what a created or destroyed record held stands in after or before.
  changed_fields text[] NOT NULL,
  before jsonb,
  after jsonb,
  actor text NOT NULL,
  user_id uuid,
  request_id text,
  ip text,
  at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX change_sequence_key ON change (tenant_id, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX change_unnumbered_idx ON change (tenant_id, xid) WHERE sequence IS NULL;
CREATE INDEX change_record_idx ON change (tenant_id, object, record_id, record_version);

-- One row per transaction whose changes have no number yet. Its ordinal is drawn while the transaction commits, so that it orders commits.
CREATE TABLE change_commit (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  ordinal bigint,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT change_commit_xid_key UNIQUE (tenant_id, xid)
);
CREATE SEQUENCE atrium.change_commit_ordinal;

-- The last number given to each tenant's changes; survives the removal of old changes.
CREATE TABLE change_counter (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  last_sequence bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT change_counter_tenant_key UNIQUE (tenant_id)
);

-- Answers kept for retries (Idempotency-Key); written in the transaction of the effect.
CREATE TABLE idempotency_record (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  principal text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL,
  response jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL DEFAULT now() + interval '7 days',
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX idempotency_record_key ON idempotency_record (tenant_id, principal, key);
CREATE INDEX idempotency_record_expires_idx ON idempotency_record (tenant_id, expires_at);

-- The migration helpers.

-- Row security, forced, with one policy for reading and writing, and the application's grants. Safe to call again.
CREATE FUNCTION atrium.tenant_table(target regclass, append_only boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
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

-- Before an update of a record: the next version, and who and when.
CREATE FUNCTION atrium.touch_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated_at := now();
  NEW.updated_by := atrium.actor_id();
  RETURN NEW;
END $$;

-- After a statement that wrote records: a row in change for each record that changed, and the transaction's row in change_commit. Names are column
-- names. For statements and not for rows, because a list or an import writes a thousand at once.
CREATE FUNCTION atrium.record_changes() RETURNS trigger LANGUAGE plpgsql AS $$
#variable_conflict use_variable
-- A record type may have columns of these names; every column below is qualified.
DECLARE
  hidden CONSTANT text[] := ARRAY['tenant_id', 'search_text', 'version', 'updated_at', 'updated_by', 'key_hash'];
  actor CONSTANT text := coalesce(NULLIF(current_setting('app.actor', true), ''), 'system');
  request CONSTANT text := NULLIF(current_setting('app.request_id', true), '');
  address CONSTANT text := NULLIF(current_setting('app.ip', true), '');
  speaker CONSTANT uuid := atrium.actor_id();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.change
      (tenant_id, operation, object, record_id, record_version, changed_fields, after, actor, user_id, request_id, ip)
    SELECT n.tenant_id, 'created', TG_TABLE_NAME, n.id, n.version, '{}', jsonb_strip_nulls(to_jsonb(n)) - hidden,
      actor, speaker, request, address
    FROM new_rows n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO public.change
      (tenant_id, operation, object, record_id, record_version, changed_fields, before, actor, user_id, request_id, ip)
    SELECT o.tenant_id, 'destroyed', TG_TABLE_NAME, o.id, o.version, '{}', jsonb_strip_nulls(to_jsonb(o)) - hidden,
      actor, speaker, request, address
    FROM old_rows o;
  ELSE
    INSERT INTO public.change
      (tenant_id, operation, object, record_id, record_version, changed_fields, before, after, actor, user_id, request_id, ip)
    SELECT n.tenant_id,
      CASE
        WHEN o.deleted_at IS NULL AND n.deleted_at IS NOT NULL THEN 'deleted'
        WHEN o.deleted_at IS NOT NULL AND n.deleted_at IS NULL THEN 'restored'
        ELSE 'updated'
      END,
      TG_TABLE_NAME, n.id, n.version, d.fields, d.old_values, d.new_values, actor, speaker, request, address
    FROM new_rows n JOIN old_rows o USING (tenant_id, id)
    CROSS JOIN LATERAL (SELECT to_jsonb(n) - hidden AS now, to_jsonb(o) AS was OFFSET 0) j
    CROSS JOIN LATERAL (
      SELECT array_agg(a.key ORDER BY a.key) AS fields, jsonb_object_agg(a.key, j.was -> a.key) AS old_values,
        jsonb_object_agg(a.key, a.value) AS new_values
      FROM jsonb_each(j.now) a
      WHERE a.value <> j.was -> a.key
    ) d
    WHERE d.fields IS NOT NULL;
  END IF;
  IF FOUND THEN
    INSERT INTO public.change_commit (tenant_id) VALUES (atrium.tenant_id()) ON CONFLICT (tenant_id, xid) DO NOTHING;
  END IF;
  RETURN NULL;
END $$;

-- While a transaction commits: its place among the commits. Only the function may draw it.
CREATE FUNCTION atrium.draw_ordinal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE public.change_commit t SET ordinal = nextval('atrium.change_commit_ordinal')
  WHERE t.tenant_id = atrium.tenant_id() AND t.id = NEW.id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER draw_ordinal AFTER INSERT ON change_commit
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION atrium.draw_ordinal();

-- A record type's table: a tenant table with version, change rows and the key of other systems. Safe to call again.
CREATE FUNCTION atrium.record_table(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  bare text := (SELECT relname FROM pg_class WHERE oid = target);
BEGIN
  PERFORM atrium.tenant_table(target);
  EXECUTE format('DROP TRIGGER IF EXISTS touch ON %s', target);
  EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION atrium.touch_record()', target);
  EXECUTE format('CREATE OR REPLACE TRIGGER change_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION atrium.record_changes()', target);
  EXECUTE format('CREATE OR REPLACE TRIGGER change_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION atrium.record_changes()', target);
  EXECUTE format('CREATE OR REPLACE TRIGGER change_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION atrium.record_changes()', target);
  EXECUTE format('CREATE UNIQUE INDEX IF NOT EXISTS %I ON %s (tenant_id, external_source, external_id) '
    'WHERE deleted_at IS NULL AND external_id IS NOT NULL', bare || '_external_key', target);
END $$;

SELECT atrium.tenant_table('change', append_only => true);
SELECT atrium.tenant_table('change_counter', append_only => true);
SELECT atrium.tenant_table('change_commit', append_only => true);
SELECT atrium.tenant_table('idempotency_record');
REVOKE INSERT ON change_counter FROM atrium_app;

-- Numbers the current tenant's committed changes in the order of their commits and gives back the last number. A transaction's changes are numbered only
-- when no transaction that began to write before it is still open (pg_snapshot_xmin), and none that committed before it waits for that: so a reader that
-- has seen number n never misses a smaller one. Runs as the owner because the application may not update changes; row security still holds (FORCE), and
-- the tenant stands in every statement.
CREATE FUNCTION atrium.number_changes() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant uuid := atrium.tenant_id();
  last bigint;
  given bigint;
  oldest bigint;
  waiting bigint;
BEGIN
  IF tenant IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO public.change_counter (tenant_id) VALUES (tenant) ON CONFLICT (tenant_id) DO NOTHING;
  SELECT c.last_sequence INTO last FROM public.change_counter c WHERE c.tenant_id = tenant FOR UPDATE;
  -- One snapshot for both: what is committed by now, and what of it may not be numbered yet.
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    (SELECT min(t.ordinal) FROM public.change_commit t
     WHERE t.tenant_id = tenant AND t.xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
  INTO oldest, waiting;
  WITH ready AS (
    SELECT c.id, c.xid, last + row_number() OVER (ORDER BY t.ordinal, c.ordinal) AS sequence
    FROM public.change_commit t JOIN public.change c ON c.tenant_id = tenant AND c.xid = t.xid AND c.sequence IS NULL
    WHERE t.tenant_id = tenant AND t.xid < oldest AND (waiting IS NULL OR t.ordinal < waiting)
  ), numbered AS (
    UPDATE public.change c SET sequence = ready.sequence FROM ready WHERE c.tenant_id = tenant AND c.id = ready.id
    RETURNING 1
  ), done AS (
    DELETE FROM public.change_commit t USING ready WHERE t.tenant_id = tenant AND t.xid = ready.xid
  )
  SELECT count(*) INTO given FROM numbered;
  IF given > 0 THEN
    UPDATE public.change_counter c SET last_sequence = last + given WHERE c.tenant_id = tenant;
  END IF;
  RETURN last + given;
END $$;
GRANT EXECUTE ON FUNCTION atrium.number_changes() TO atrium_app;
