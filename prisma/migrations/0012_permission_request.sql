-- Requests for rights: a role, access to a record, a field, an export. Decided by the applicant's superiors, granted for a time.

CREATE TABLE permission_request (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  applicant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('ROLE', 'RECORD_ACCESS', 'FIELD', 'EXPORT')),
  -- What is asked for, by kind: a role; a type's record, by its id as clients write it; a type's field; a type.
  role_id uuid,
  object text,
  record_id text,
  field text,
  access text CHECK (access IN ('READ', 'WRITE')),
  -- Of an export: what it is for.
  purpose text,
  reason text NOT NULL,
  evidence text[] NOT NULL DEFAULT '{}',
  requested_until timestamptz(3),
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED', 'REVOKED', 'CANCELLED')),
  step text NOT NULL DEFAULT 'MANAGER' CHECK (step IN ('MANAGER', 'DEPARTMENT_HEAD')),
  approver_id uuid,
  -- Whom the approver stands in for.
  on_behalf_of_id uuid,
  -- The first of two approvals.
  endorsed_by_id uuid,
  endorsed_at timestamptz(3),
  endorsement_note text,
  due_at timestamptz(3),
  escalated_at timestamptz(3),
  escalations integer NOT NULL DEFAULT 0,
  decided_by_id uuid,
  decided_at timestamptz(3),
  decision_note text,
  granted_until timestamptz(3),
  granted_user_role_id uuid,
  granted_share_id uuid,
  -- When a grant was revoked or ran out, or a request was given up; and why, where somebody said so.
  ended_at timestamptz(3),
  end_note text,
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
  FOREIGN KEY (tenant_id, applicant_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, approver_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, on_behalf_of_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, endorsed_by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, decided_by_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, granted_user_role_id) REFERENCES user_role (tenant_id, id),
  FOREIGN KEY (tenant_id, granted_share_id) REFERENCES record_share (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('permission_request');
REVOKE UPDATE (applicant_id, kind, object, record_id, field, access, purpose, reason, evidence, requested_until) ON permission_request FROM atrium_app;
CREATE INDEX ON permission_request (tenant_id, applicant_id, status);
CREATE INDEX ON permission_request (tenant_id, approver_id, status);
CREATE INDEX ON permission_request (tenant_id, role_id);
CREATE INDEX ON permission_request (tenant_id, on_behalf_of_id);
CREATE INDEX ON permission_request (tenant_id, endorsed_by_id);
CREATE INDEX ON permission_request (tenant_id, decided_by_id);
CREATE INDEX ON permission_request (tenant_id, granted_user_role_id);
CREATE INDEX ON permission_request (tenant_id, granted_share_id);
CREATE INDEX ON permission_request (tenant_id, created_at, id) WHERE deleted_at IS NULL;
-- For the periodic work.
CREATE INDEX permission_request_pending_idx ON permission_request (tenant_id, id) WHERE status = 'PENDING';
CREATE INDEX permission_request_granted_idx ON permission_request (tenant_id, granted_until) WHERE status = 'APPROVED';

-- What users may do besides their roles, as long as it holds: to see or write a field (READ, WRITE), to export a type (EXPORT). It is no table: an approved
-- request is the grant. Reads as who asks.
CREATE VIEW access_grant WITH (security_invoker = true) AS
SELECT p.tenant_id, p.id, p.applicant_id AS user_id, p.object, p.field, CASE p.kind WHEN 'EXPORT' THEN 'EXPORT' ELSE p.access END AS access,
  p.granted_until AS expires_at
FROM permission_request p
WHERE p.status = 'APPROVED' AND p.kind IN ('FIELD', 'EXPORT') AND p.deleted_at IS NULL;
GRANT SELECT ON access_grant TO atrium_app;

-- The seeded roles below the manager, who has all business types, see and make their own requests and decide those that are theirs to decide.
CREATE FUNCTION atrium.seed_permission_requests() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, can_create, can_approve, read_scope, write_scope)
  SELECT r.tenant_id, r.id, 'PermissionRequest', true, true, true, 'OWN', 'OWN'
  FROM role r
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('rep', 'readonly')
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_permission_requests() TO atrium_app;

-- For the tenants that are there already, as in 0008.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_permission_requests();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;

-- Where somebody waits for a decision, or a grant has run out: ids of tenants and nothing else, for the periodic work, which then looks inside each
-- tenant's bracket what is to be done (0007 says how such functions run).
CREATE FUNCTION atrium.tenants_with_access_work(at timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'SELECT p.tenant_id FROM public.permission_request p WHERE p.status = ''PENDING'' AND at IS NOT NULL
    UNION SELECT p.tenant_id FROM public.permission_request p WHERE p.status = ''APPROVED'' AND p.granted_until <= at';
REVOKE ALL ON FUNCTION atrium.tenants_with_access_work(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION atrium.tenants_with_access_work(timestamptz) TO atrium_app;
GRANT SELECT (tenant_id, status, granted_until) ON permission_request TO atrium_login;
CREATE POLICY login ON permission_request FOR SELECT TO atrium_login USING (true);
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'GRANT atrium_login TO CURRENT_USER';
  END IF;
END $$;
GRANT CREATE ON SCHEMA atrium TO atrium_login;
ALTER FUNCTION atrium.tenants_with_access_work(timestamptz) OWNER TO atrium_login;
REVOKE CREATE ON SCHEMA atrium FROM atrium_login;
DO $$ BEGIN
  IF current_setting('server_version_num')::integer < 160000 THEN
    EXECUTE 'REVOKE atrium_login FROM CURRENT_USER';
  END IF;
END $$;
