-- Attachments: files at records of any type, and what is kept of their bytes.

-- How many bytes of files the company may keep; null: what the deployment says. Set by the operator, never by the company itself.
ALTER TABLE tenant ADD COLUMN storage_quota bigint CHECK (storage_quota >= 0);

-- How many bytes of files the company keeps. One row, so that two uploads cannot both take the last place.
CREATE TABLE storage_use (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT storage_use_tenant_key UNIQUE (tenant_id)
);
SELECT atrium.tenant_table('storage_use');

-- A file in the store. It is named there by tenant and id, which is random and no part of what a client said. The row is written before the bytes and goes
-- after them, so that a process that dies leaves no bytes without a row: PENDING and GONE ones are swept.
CREATE TABLE stored_file (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  size bigint NOT NULL CHECK (size >= 0),
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'STORED', 'GONE')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
SELECT atrium.tenant_table('stored_file');
REVOKE UPDATE (size) ON stored_file FROM atrium_app;
CREATE INDEX stored_file_open_idx ON stored_file (tenant_id, created_at, id) WHERE status <> 'STORED';

-- A file at a record. Without one it waits to be attached, is its uploader's alone, and goes after a day.
CREATE TABLE attachment (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  -- Null: there are no bytes to be had.
  file_id uuid,
  file_name text NOT NULL,
  content_type text NOT NULL,
  size integer NOT NULL CHECK (size >= 0),
  sha256 text NOT NULL,
  description text,
  category text NOT NULL DEFAULT 'OTHER' CHECK (category IN ('DOCUMENT', 'CONTRACT', 'IMAGE', 'EVIDENCE', 'OTHER')),
  object_type text,
  record_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(file_name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, file_id) REFERENCES stored_file (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT attachment_whole_link CHECK ((object_type IS NULL) = (record_id IS NULL))
);
SELECT atrium.record_table('attachment');
REVOKE UPDATE (file_id, content_type, size, sha256) ON attachment FROM atrium_app;
CREATE INDEX ON attachment (tenant_id, file_id);
CREATE INDEX ON attachment (tenant_id, object_type, record_id, id);
CREATE INDEX ON attachment (tenant_id, file_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON attachment (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX attachment_loose_idx ON attachment (tenant_id, updated_at) WHERE record_id IS NULL;

-- Whoever removes the row, on whatever path, leaves the bytes to the sweeper.
CREATE FUNCTION atrium.forget_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.stored_file f SET status = 'GONE' WHERE f.tenant_id = OLD.tenant_id AND f.id = OLD.file_id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_file AFTER DELETE ON attachment FOR EACH ROW EXECUTE FUNCTION atrium.forget_file();

-- Who has files to sweep: ids of tenants and nothing else, for the worker, which then works inside each tenant's bracket (0007 says how such functions run).
CREATE FUNCTION atrium.tenants_with_files() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT f.tenant_id FROM public.stored_file f WHERE f.status <> 'STORED'
  UNION
  SELECT a.tenant_id FROM public.attachment a WHERE a.record_id IS NULL AND a.updated_at < now() - interval '1 day'
$$;
REVOKE ALL ON FUNCTION atrium.tenants_with_files() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_files() TO atrium_app;
GRANT SELECT (tenant_id, status) ON stored_file TO atrium_login;
GRANT SELECT (tenant_id, record_id, updated_at) ON attachment TO atrium_login;
CREATE POLICY login ON stored_file FOR SELECT TO atrium_login USING (true);
CREATE POLICY login ON attachment FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_files() OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;

-- Keys by which an upsert finds customers, besides the unique ones: several may have the same.
CREATE INDEX ON account (tenant_id, tax_no, id) WHERE deleted_at IS NULL;

-- The domains of accounts, one in a row: what is in a list is found by no index under row security.
CREATE TABLE account_domain (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  account_id uuid NOT NULL,
  domain text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
);
SELECT atrium.tenant_table('account_domain');
CREATE INDEX ON account_domain (tenant_id, account_id);
CREATE INDEX ON account_domain (tenant_id, domain, account_id);

CREATE FUNCTION atrium.keep_domains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM public.account_domain d WHERE d.tenant_id = OLD.tenant_id AND d.account_id = OLD.id;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  INSERT INTO public.account_domain (tenant_id, account_id, domain)
  SELECT DISTINCT NEW.tenant_id, NEW.id, u.domain FROM unnest(NEW.domains) AS u(domain) WHERE u.domain IS NOT NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER domains_insert AFTER INSERT ON account FOR EACH ROW WHEN (cardinality(NEW.domains) > 0) EXECUTE FUNCTION atrium.keep_domains();
CREATE TRIGGER domains_update AFTER UPDATE OF domains ON account FOR EACH ROW WHEN (OLD.domains <> NEW.domains) EXECUTE FUNCTION atrium.keep_domains();
CREATE TRIGGER domains_delete BEFORE DELETE ON account FOR EACH ROW WHEN (cardinality(OLD.domains) > 0) EXECUTE FUNCTION atrium.keep_domains();

-- Those that are there. The owner sees no tenant's rows either (FORCE), so both tables are opened to it for a moment, inside this transaction.
ALTER TABLE account NO FORCE ROW LEVEL SECURITY;
ALTER TABLE account_domain NO FORCE ROW LEVEL SECURITY;
INSERT INTO account_domain (tenant_id, account_id, domain)
SELECT DISTINCT a.tenant_id, a.id, u.domain FROM account a CROSS JOIN LATERAL unnest(a.domains) AS u(domain) WHERE u.domain IS NOT NULL;
ALTER TABLE account FORCE ROW LEVEL SECURITY;
ALTER TABLE account_domain FORCE ROW LEVEL SECURITY;

-- Exports: must whoever exports say why.
ALTER TABLE tenant ADD COLUMN export_needs_purpose boolean NOT NULL DEFAULT false;
GRANT UPDATE (export_needs_purpose) ON tenant TO atrium_app;
