-- Search by a part of a name, by index. Under row security LIKE and the operators of arrays never use one, for they are not leakproof; so the look runs
-- as a role of its own, in one function per table, which names the tenant itself and gives back ids and nothing else (docs/decisions/0016-search.md).

-- The grams of a search_text: each three bytes that follow one another in UTF-8, as an integer. A letter of ASCII is a byte and a Chinese character three,
-- so three letters, or one character, are the shortest part that is looked up at once. The space at the end gives the last two letters a gram as well.
-- Two thirds of the 32 bits are the gram's; over all of them lies a hash of the tenant: so a list of the index belongs to one tenant, and a gram of
-- another tenant that happens to meet it is sorted out by the tenant's predicate. Its cost is said to be high, so that no plan works it out row by row.
CREATE FUNCTION atrium.search_grams(tenant uuid, key text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
DECLARE
  bytes CONSTANT bytea := convert_to(key || ' ', 'UTF8');
  mark CONSTANT integer := uuid_hash(tenant);
  last CONSTANT integer := octet_length(bytes) - 1;
  grams integer[] := '{}';
  gram integer;
BEGIN
  IF last < 2 THEN
    RETURN grams;
  END IF;
  gram := get_byte(bytes, 0) << 8 | get_byte(bytes, 1);
  FOR place IN 2..last LOOP
    gram := (gram & 65535) << 8 | get_byte(bytes, place);
    grams[place - 1] := gram # mark;
  END LOOP;
  RETURN grams;
END $$;

-- The grams that may follow a part of two bytes, of which a record that has the part has one: any third byte that UTF-8 knows.
CREATE FUNCTION atrium.search_pairs(tenant uuid, part text) RETURNS integer[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
  SELECT array_agg(((get_byte(b.bytes, 0) << 8 | get_byte(b.bytes, 1)) << 8 | third) # uuid_hash(tenant))
  FROM (SELECT convert_to(part, 'UTF8') AS bytes) b CROSS JOIN generate_series(1, 244) third
);

-- Patterns for LIKE in which the words stand for themselves.
CREATE FUNCTION atrium.search_patterns(words text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT array_agg('%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%') FROM unnest(words) word);

REVOKE ALL ON FUNCTION atrium.search_grams(uuid, text), atrium.search_pairs(uuid, text), atrium.search_patterns(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.search_grams(uuid, text) TO atrium_app;

-- Who looks: may read four columns of the searched tables, own the functions, and nothing else. Nobody signs in as it and nobody has its rights.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'atrium_search') THEN
    CREATE ROLE atrium_search NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
END $$;
GRANT USAGE ON SCHEMA public, atrium TO atrium_search;
GRANT EXECUTE ON FUNCTION atrium.tenant_id(), atrium.search_grams(uuid, text), atrium.search_pairs(uuid, text), atrium.search_patterns(text[])
  TO atrium_search;

-- Makes a table with a search_text searchable by index: the index, what atrium_search may read, and the function atrium.search_<table>. Call it once after
-- the CREATE TABLE of a searchable type.
CREATE FUNCTION atrium.search_table(target regclass) RETURNS void LANGUAGE plpgsql AS $make$
DECLARE
  bare CONSTANT text := (SELECT relname FROM pg_class WHERE oid = target);
  func CONSTANT text := format('atrium.%I(text[], integer)', 'search_' || bare);
  modern CONSTANT boolean := current_setting('server_version_num')::integer >= 160000;
BEGIN
  EXECUTE format('CREATE INDEX %I ON %s USING gin (atrium.search_grams(tenant_id, search_text)) WHERE deleted_at IS NULL',
    bare || '_search_idx', target);
  EXECUTE format('GRANT SELECT (tenant_id, id, search_text, deleted_at) ON %s TO atrium_search', target);
  -- With no condition that would have to hold before LIKE and the index may be looked at. The condition is in the function.
  EXECUTE format('CREATE POLICY search ON %s FOR SELECT TO atrium_search USING (true)', target);
  EXECUTE format($def$
CREATE FUNCTION atrium.%I(words text[], most integer) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
-- Ids of the current tenant's live records in which each of the words stands; null when there are more than so many, or when no word is long enough.
DECLARE
  tenant CONSTANT uuid := atrium.tenant_id();
  patterns CONSTANT text[] := atrium.search_patterns(words);
  wanted integer[];
  word text;
  ids uuid[];
BEGIN
  IF tenant IS NULL THEN
    RETURN NULL;
  END IF;
  -- Without the gram that ends with the space that search_grams adds: after the part anything may stand.
  FOREACH word IN ARRAY coalesce(words, '{}') LOOP
    IF octet_length(word) >= 3 THEN
      wanted := wanted || (atrium.search_grams(tenant, word))[:octet_length(word) - 2];
    END IF;
  END LOOP;
  -- "IS TRUE" keeps the planner from reading all of the tenant by another index.
  IF wanted IS NOT NULL THEN
    ids := ARRAY(
      SELECT r.id FROM public.%I r
      WHERE (r.tenant_id = tenant) IS TRUE AND r.deleted_at IS NULL AND atrium.search_grams(r.tenant_id, r.search_text) @> wanted
        AND r.search_text LIKE ALL (patterns)
      LIMIT most + 1
    );
  ELSE
    SELECT w INTO word FROM unnest(words) w WHERE octet_length(w) = 2 LIMIT 1;
    IF NOT FOUND THEN
      RETURN NULL;
    END IF;
    wanted := atrium.search_pairs(tenant, word);
    ids := ARRAY(
      SELECT r.id FROM public.%I r
      WHERE (r.tenant_id = tenant) IS TRUE AND r.deleted_at IS NULL AND atrium.search_grams(r.tenant_id, r.search_text) && wanted
        AND r.search_text LIKE ALL (patterns)
      LIMIT most + 1
    );
  END IF;
  RETURN CASE WHEN cardinality(ids) <= most THEN ids END;
END $body$ $def$, 'search_' || bare, bare, bare);
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', func);
  EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO atrium_app', func);
  -- A function's new owner needs CREATE on its schema, and the old one must be a member of the new, at the moment of the change. 0007 says why the
  -- owner may not keep what it inherits.
  EXECUTE 'GRANT atrium_search TO CURRENT_USER' || CASE WHEN modern THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
  GRANT CREATE ON SCHEMA atrium TO atrium_search;
  EXECUTE format('ALTER FUNCTION %s OWNER TO atrium_search', func);
  REVOKE CREATE ON SCHEMA atrium FROM atrium_search;
  IF NOT modern THEN
    REVOKE atrium_search FROM CURRENT_USER;
  END IF;
END $make$;

-- The types of which a company may have many. Roles, stages, tags and the like are searched as fast without.
SELECT atrium.search_table(name::regclass)
FROM unnest(ARRAY['account', 'activity', 'app_user', 'contact', 'lead', 'opportunity', 'product', 'task']) name;
