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
  file_id uuid NOT NULL,
  file_name text NOT NULL,
  content_type text NOT NULL,
  size integer NOT NULL CHECK (size >= 0),
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
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
CREATE INDEX attachment_loose_idx ON attachment (tenant_id, updated_at, id) WHERE record_id IS NULL;

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
