-- Who may do what: the organisation (departments, teams), what roles allow (objects, fields, scopes), and what is shared record by record.

-- A part of the company, in a tree; its head answers for it.
CREATE TABLE department (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  parent_id uuid,
  head_id uuid,
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
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES department (tenant_id, id),
  FOREIGN KEY (tenant_id, head_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT department_parent_not_self CHECK (parent_id <> id)
);
SELECT atrium.record_table('department');
CREATE INDEX ON department (tenant_id, parent_id);
CREATE INDEX ON department (tenant_id, head_id);
CREATE INDEX ON department (tenant_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX ON department (tenant_id, created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE app_user
  ADD COLUMN department_id uuid,
  -- Who acts while the user is out of office.
  ADD COLUMN delegate_id uuid,
  ADD COLUMN out_of_office_from timestamptz(3),
  ADD COLUMN out_of_office_to timestamptz(3),
  ADD FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, delegate_id) REFERENCES app_user (tenant_id, id),
  ADD CONSTRAINT app_user_delegate_not_self CHECK (delegate_id <> id),
  ADD CONSTRAINT app_user_out_of_office_order CHECK (out_of_office_to >= out_of_office_from);
SELECT atrium.record_table('app_user');
CREATE INDEX ON app_user (tenant_id, department_id);
CREATE INDEX ON app_user (tenant_id, delegate_id);

-- People who work together across departments.
CREATE TABLE team (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  description text,
  leader_id uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid DEFAULT atrium.actor_id(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_by uuid DEFAULT atrium.actor_id(),
  deleted_at timestamptz(3),
  deleted_by uuid,
  external_source text NOT NULL DEFAULT '',
  external_id text,
  search_text text GENERATED ALWAYS AS (atrium.search_key(name)) STORED,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, leader_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('team');
CREATE INDEX ON team (tenant_id, leader_id);
CREATE UNIQUE INDEX team_name_key ON team (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON team (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- A user belongs to a team.
CREATE TABLE team_member (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  team_id uuid NOT NULL,
  user_id uuid NOT NULL,
  -- What they do in it, in the tenant's own words.
  role text,
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
  FOREIGN KEY (tenant_id, team_id) REFERENCES team (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('team_member');
CREATE UNIQUE INDEX team_member_team_id_user_id_key ON team_member (tenant_id, team_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX ON team_member (tenant_id, team_id);
CREATE INDEX ON team_member (tenant_id, user_id);

-- A role that a user has besides their main one, perhaps for a time.
CREATE TABLE user_role (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  user_id uuid NOT NULL,
  role_id uuid NOT NULL,
  expires_at timestamptz(3),
  reason text,
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
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('user_role');
CREATE UNIQUE INDEX user_role_user_id_role_id_key ON user_role (tenant_id, user_id, role_id) WHERE deleted_at IS NULL;
CREATE INDEX ON user_role (tenant_id, user_id);
CREATE INDEX ON user_role (tenant_id, role_id);

-- What a role may do with records of one type (object), or with those of all business types that it has no row of its own for (*).
CREATE TABLE object_permission (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  role_id uuid NOT NULL,
  object text NOT NULL,
  can_read boolean NOT NULL DEFAULT false,
  can_create boolean NOT NULL DEFAULT false,
  can_update boolean NOT NULL DEFAULT false,
  can_delete boolean NOT NULL DEFAULT false,
  can_restore boolean NOT NULL DEFAULT false,
  can_destroy boolean NOT NULL DEFAULT false,
  can_export boolean NOT NULL DEFAULT false,
  can_import boolean NOT NULL DEFAULT false,
  can_transfer boolean NOT NULL DEFAULT false,
  can_merge boolean NOT NULL DEFAULT false,
  can_approve boolean NOT NULL DEFAULT false,
  -- Whose records: only for types whose records have an owner.
  read_scope text NOT NULL DEFAULT 'OWN' CHECK (read_scope IN ('OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL')),
  write_scope text NOT NULL DEFAULT 'OWN' CHECK (write_scope IN ('OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL')),
  -- true: only the fields that field_permission lists; false: all fields but those that it restricts.
  allow_list boolean NOT NULL DEFAULT false,
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
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('object_permission');
CREATE INDEX ON object_permission (tenant_id, role_id);
CREATE UNIQUE INDEX object_permission_role_id_object_key ON object_permission (tenant_id, role_id, object) WHERE deleted_at IS NULL;

-- What a role may do with one field of a type.
CREATE TABLE field_permission (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  role_id uuid NOT NULL,
  object text NOT NULL,
  field text NOT NULL,
  access text NOT NULL DEFAULT 'READ' CHECK (access IN ('HIDDEN', 'READ', 'WRITE')),
  -- Masked in lists, or everywhere.
  mask text NOT NULL DEFAULT 'NONE' CHECK (mask IN ('NONE', 'LIST', 'ALWAYS')),
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
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id)
);
SELECT atrium.record_table('field_permission');
CREATE INDEX ON field_permission (tenant_id, role_id);
CREATE UNIQUE INDEX field_permission_role_id_object_field_key ON field_permission (tenant_id, role_id, object, field) WHERE deleted_at IS NULL;

-- A record shown to somebody whom their scope would not show it.
CREATE TABLE record_share (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object_type text NOT NULL CHECK (object_type <> ''),
  record_id uuid NOT NULL,
  user_id uuid,
  team_id uuid,
  department_id uuid,
  role_id uuid,
  -- Whoever of the four it is.
  principal_id uuid GENERATED ALWAYS AS (coalesce(user_id, team_id, department_id, role_id)) STORED,
  access text NOT NULL DEFAULT 'READ' CHECK (access IN ('READ', 'WRITE')),
  expires_at timestamptz(3),
  reason text,
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
  FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, team_id) REFERENCES team (tenant_id, id),
  FOREIGN KEY (tenant_id, department_id) REFERENCES department (tenant_id, id),
  FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
  FOREIGN KEY (tenant_id, created_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, updated_by) REFERENCES app_user (tenant_id, id),
  FOREIGN KEY (tenant_id, deleted_by) REFERENCES app_user (tenant_id, id),
  CONSTRAINT record_share_one_principal CHECK (num_nonnulls(user_id, team_id, department_id, role_id) = 1)
);
SELECT atrium.record_table('record_share');
CREATE UNIQUE INDEX record_share_record_principal_key ON record_share (tenant_id, object_type, record_id, principal_id) WHERE deleted_at IS NULL;
CREATE INDEX ON record_share (tenant_id, principal_id, object_type) WHERE deleted_at IS NULL;
CREATE INDEX ON record_share (tenant_id, user_id);
CREATE INDEX ON record_share (tenant_id, team_id);
CREATE INDEX ON record_share (tenant_id, department_id);
CREATE INDEX ON record_share (tenant_id, role_id);

-- Whether access to one record opens another that refers to it: the tenant's own setting for a relation.
CREATE TABLE access_inheritance (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  object text NOT NULL,
  relation text NOT NULL,
  access text NOT NULL CHECK (access IN ('NONE', 'READ', 'WRITE')),
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
SELECT atrium.record_table('access_inheritance');
CREATE UNIQUE INDEX access_inheritance_object_relation_key ON access_inheritance (tenant_id, object, relation) WHERE deleted_at IS NULL;

-- What the roles that a tenant begins with may do. The administrator has no rows: that role may do everything, and nobody can change it.
-- * stands for all business types; types that say how the company works (src/schema, `settings`) have rows of their own, so a new one is closed.
CREATE FUNCTION atrium.seed_permissions() RETURNS void LANGUAGE sql AS $$
  INSERT INTO object_permission (tenant_id, role_id, object, can_read, can_create, can_update, can_delete, can_restore, can_destroy,
    can_export, can_import, can_transfer, can_merge, can_approve, read_scope, write_scope)
  SELECT r.tenant_id, r.id, p.object, p.rights LIKE '%r%', p.rights LIKE '%c%', p.rights LIKE '%u%', p.rights LIKE '%d%', p.rights LIKE '%b%',
    p.rights LIKE '%x%', p.rights LIKE '%e%', p.rights LIKE '%i%', p.rights LIKE '%t%', p.rights LIKE '%m%', p.rights LIKE '%a%', p.read_scope, p.write_scope
  FROM role r
  -- r read, c create, u update, d delete, b bring back (restore), x destroy, e export, i import, t transfer, m merge, a approve
  JOIN (VALUES
    ('manager', '*', 'rcudbxeitma', 'OWN_AND_SUBORDINATES', 'OWN_AND_SUBORDINATES'),
    ('rep', '*', 'rcudb', 'OWN', 'OWN'),
    ('rep', 'Task', 'rcudbt', 'OWN', 'OWN'),
    ('rep', 'Product', 'r', 'ALL', 'OWN'),
    ('rep', 'ProductCategory', 'r', 'ALL', 'OWN'),
    ('rep', 'LeadSource', 'r', 'ALL', 'OWN'),
    ('readonly', '*', 'r', 'ALL', 'OWN')
  ) AS p(role, object, rights, read_scope, write_scope) ON p.role = r.key
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL
  UNION ALL
  SELECT r.tenant_id, r.id, s.object, true, s.shares AND r.key <> 'readonly', s.shares AND r.key <> 'readonly', s.shares AND r.key <> 'readonly',
    false, false, false, false, false, false, false, 'ALL', 'OWN'
  FROM role r
  CROSS JOIN (VALUES ('Role', false), ('User', false), ('UserRole', false), ('Pipeline', false), ('Stage', false), ('Department', false),
    ('Team', false), ('TeamMember', false), ('RecordShare', true)) AS s(object, shares)
  WHERE r.tenant_id = atrium.tenant_id() AND r.is_system AND r.deleted_at IS NULL AND r.key IN ('manager', 'rep', 'readonly')
  ON CONFLICT DO NOTHING;
  INSERT INTO access_inheritance (tenant_id, object, relation, access)
  SELECT atrium.tenant_id(), i.object, i.relation, i.access
  FROM (VALUES ('Contact', 'accounts', 'READ'), ('Opportunity', 'account', 'NONE'), ('Activity', 'links', 'READ'), ('Task', 'links', 'NONE')) AS i(object, relation, access)
  WHERE atrium.tenant_id() IS NOT NULL
  ON CONFLICT DO NOTHING
$$;
GRANT EXECUTE ON FUNCTION atrium.seed_permissions() TO atrium_app;

-- Tenants that were made before roles had rows. The owner sees no tenant's rows either (FORCE), so the list is read with that off for a moment, inside
-- this transaction; the rows are written with the tenant set, as always.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
  one uuid;
BEGIN
  FOR one IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant_id', one::text, true);
    PERFORM atrium.seed_permissions();
  END LOOP;
  PERFORM set_config('app.tenant_id', '', true);
END $$;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
