import type { CHECKS } from './catalogue.ts'
import type { DECLARED } from './registry.ts'

/** What is planted, the statements that plant it, which checks must say so, and what the first of them says. */
export type Plant<Name extends string> = [plant: string, sql: string, by: Name[], says: string]

/** A tenant table as a migration makes it, but for what a plant leaves out. */
export const TABLE = `CREATE TABLE planted (
  tenant_id uuid NOT NULL DEFAULT atrium.tenant_id() REFERENCES tenant (id),
  id uuid NOT NULL DEFAULT atrium.uuid7(),
  name text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);`
/** A function that runs as its owner, with `rest` between its head and its body. */
export const DEFINER = (
  rest: string,
  body = 'SELECT a.id FROM public.account a WHERE a.tenant_id = atrium.tenant_id()',
) => `CREATE FUNCTION atrium.planted() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER ${rest} AS '${body}';`
/** The search_path of every such function. */
export const PATH = 'SET search_path = pg_catalog, pg_temp'

/** Leaks and what the checks of the catalogue say of them. */
export const PLANTS: Plant<keyof typeof CHECKS>[] = [
  // The leaks that the issue names.
  [
    'a tenant table without policy',
    `${TABLE} SELECT atrium.tenant_table('planted'); DROP POLICY tenant ON planted`,
    ['policies'],
    'planted has no policy for all commands and roles',
  ],
  [
    'a tenant table that nobody fenced in',
    `${TABLE} GRANT SELECT, INSERT ON planted TO atrium_app`,
    ['rowSecurity', 'policies'],
    'planted: row security is not enabled',
  ],
  [
    'a tenant table without FORCE',
    `ALTER TABLE account NO FORCE ROW LEVEL SECURITY`,
    ['rowSecurity'],
    'account: row security is not forced',
  ],
  [
    'a plain foreign key',
    `CREATE UNIQUE INDEX planted_key ON account (id); ALTER TABLE contact ADD planted_id uuid REFERENCES account (id); CREATE INDEX ON contact (tenant_id, planted_id)`,
    ['foreignKeyShape', 'foreignKeyIndexes', 'indexKeys', 'softDelete'],
    'contact: foreign key contact_planted_id_fkey (planted_id) to account (id) does not stay within the tenant',
  ],
  [
    'a unique index not led by the tenant',
    `CREATE UNIQUE INDEX planted_key ON account (code) WHERE deleted_at IS NULL`,
    ['indexKeys'],
    'account: unique index planted_key does not begin with the tenant',
  ],
  [
    'a SECURITY DEFINER function without search_path',
    DEFINER(''),
    ['functions'],
    'function planted runs as its owner without a fixed search_path',
  ],
  [
    'a right to move rows to another tenant',
    `GRANT UPDATE (tenant_id) ON account TO atrium_app`,
    ['grants'],
    'atrium_app may UPDATE account.tenant_id',
  ],
  // Their relatives.
  [
    'row security switched off',
    `ALTER TABLE contact DISABLE ROW LEVEL SECURITY`,
    ['rowSecurity'],
    'contact: row security is not enabled',
  ],
  [
    'a second policy that opens all',
    `CREATE POLICY planted ON lead FOR SELECT USING (true)`,
    ['policies'],
    'lead: USING of policy planted is true',
  ],
  [
    'a policy that checks nothing on write',
    `ALTER POLICY tenant ON lead WITH CHECK (true)`,
    ['policies'],
    'lead: WITH CHECK of policy tenant is true',
  ],
  [
    'a policy without NULLIF, which fails on a pooled connection',
    `ALTER POLICY tenant ON tag USING (tenant_id = current_setting('app.tenant_id', true)::uuid)`,
    ['policies'],
    'tag: USING of policy tenant is',
  ],
  [
    'a login policy on a table that no login reads',
    `CREATE POLICY login ON account FOR SELECT TO atrium_login USING (true)`,
    ['policies'],
    'account: USING of policy login is true',
  ],
  [
    'a search policy on a table that is not searched',
    `CREATE POLICY search ON session FOR SELECT TO atrium_search USING (true)`,
    ['policies'],
    'session: USING of policy search is true',
  ],
  [
    'a search policy under which rows may be written',
    `DROP POLICY search ON contact; CREATE POLICY search ON contact TO atrium_search USING (true)`,
    ['policies'],
    'contact: USING of policy search is true',
  ],
  [
    'a table without tenant',
    `CREATE TABLE planted (id uuid PRIMARY KEY, name text)`,
    ['tenantColumn', 'rowSecurity', 'policies', 'grants', 'primaryKeys', 'indexKeys'],
    'planted has no column tenant_id',
  ],
  [
    'a tenant that may be missing',
    `ALTER TABLE session DROP CONSTRAINT session_tenant_id_fkey, ALTER tenant_id DROP DEFAULT`,
    ['tenantColumn'],
    'session.tenant_id does not default to the tenant that is set',
  ],
  [
    'a primary key that does not begin with the tenant',
    `ALTER TABLE idempotency_record DROP CONSTRAINT idempotency_record_pkey, ADD PRIMARY KEY (id, tenant_id)`,
    ['primaryKeys', 'indexKeys'],
    'the primary key of idempotency_record begins with id',
  ],
  [
    'a composite foreign key with its columns crossed',
    `ALTER TABLE account ADD FOREIGN KEY (owner_id, tenant_id) REFERENCES app_user (tenant_id, id)`,
    ['foreignKeyShape'],
    'account: foreign key account_owner_id_tenant_id_fkey (owner_id, tenant_id)',
  ],
  [
    'a foreign key that cascades',
    `ALTER TABLE task ADD FOREIGN KEY (tenant_id, assignee_id) REFERENCES app_user (tenant_id, id) ON DELETE CASCADE`,
    ['foreignKeyShape'],
    'task: foreign key task_tenant_id_assignee_id_fkey1 (tenant_id, assignee_id) to app_user (tenant_id, id) acts by itself',
  ],
  [
    'a foreign key that is not checked',
    `ALTER TABLE task ADD FOREIGN KEY (tenant_id, assignee_id) REFERENCES app_user (tenant_id, id) NOT VALID`,
    ['foreignKeyShape'],
    'is not checked',
  ],
  [
    'a foreign key without index',
    `ALTER TABLE task ADD planted_id uuid, ADD FOREIGN KEY (tenant_id, planted_id) REFERENCES account (tenant_id, id)`,
    ['foreignKeyIndexes'],
    'task: foreign key task_tenant_id_planted_id_fkey (tenant_id, planted_id) has no index',
  ],
  [
    'a plain index not led by the tenant',
    `CREATE INDEX planted_idx ON account (name)`,
    ['indexKeys'],
    'account: index planted_idx does not begin with the tenant',
  ],
  [
    'a unique index that counts the recycle bin',
    `CREATE UNIQUE INDEX planted_key ON account (tenant_id, code)`,
    ['softDelete'],
    'account: unique index planted_key also counts what lies in the recycle bin',
  ],
  [
    'an index by numbers, of no use under row security',
    `CREATE INDEX planted_idx ON product (tenant_id, min_qty)`,
    ['indexOperators'],
    'product: index planted_idx is of no use under row security',
  ],
  [
    'a state as an enum',
    `CREATE TYPE planted AS ENUM ('A', 'B'); ALTER TABLE tag ADD state planted`,
    ['columnTypes'],
    'tag.state has the type planted',
  ],
  [
    'a time without zone',
    `ALTER TABLE tag ADD planted_at timestamp`,
    ['columnTypes'],
    'tag.planted_at has the type timestamp without time zone',
  ],
  [
    'a number from a sequence',
    `ALTER TABLE opportunity ADD planted bigserial`,
    ['sequences'],
    'opportunity.planted draws from a sequence',
  ],
  [
    'a record table that keeps no changes',
    `DROP TRIGGER change_update ON contact`,
    ['triggers'],
    'contact has no trigger change_update',
  ],
  [
    'a commit that draws no place',
    `DROP TRIGGER draw_ordinal ON change_commit`,
    ['triggers'],
    'change_commit has no trigger draw_ordinal',
  ],
  [
    'a record table whose trigger is switched off',
    `ALTER TABLE contact DISABLE TRIGGER touch`,
    ['triggers'],
    'contact has no trigger touch',
  ],
  [
    'a right to remove what happened',
    `GRANT DELETE ON change TO atrium_app`,
    ['grants'],
    'atrium_app may DELETE change',
  ],
  [
    'a right to rewrite what happened',
    `GRANT UPDATE (after) ON change TO atrium_app`,
    ['grants'],
    'atrium_app may UPDATE change',
  ],
  [
    'a right to empty a table',
    `GRANT TRUNCATE ON account TO atrium_app`,
    ['grants'],
    'atrium_app may TRUNCATE account',
  ],
  [
    'a right to find values by foreign key',
    `GRANT REFERENCES ON account TO atrium_app`,
    ['grants'],
    'atrium_app may REFERENCES account',
  ],
  ['a right of everyone', `GRANT SELECT ON account TO PUBLIC`, ['grants'], 'PUBLIC may SELECT account'],
  [
    'a right of the login role to more than it needs',
    `GRANT SELECT (name) ON api_key TO atrium_login`,
    ['grants'],
    'atrium_login may SELECT api_key.name',
  ],
  [
    'a right of the search role to more than it needs',
    `GRANT SELECT (birthday) ON contact TO atrium_search`,
    ['grants'],
    'atrium_search may SELECT contact.birthday',
  ],
  [
    'a right of the search role to a table that it does not search',
    `GRANT SELECT (id) ON session TO atrium_search`,
    ['grants'],
    'atrium_search may SELECT session.id',
  ],
  [
    'a right to end one’s own suspension',
    `GRANT UPDATE (status) ON tenant TO atrium_app`,
    ['grants'],
    'atrium_app may UPDATE tenant.status',
  ],
  [
    'a right to make tables',
    `GRANT CREATE ON SCHEMA public TO atrium_app`,
    ['roles'],
    'atrium_app may create things in public',
  ],
  [
    'a function that belongs to the application',
    `GRANT atrium_app TO CURRENT_USER; GRANT CREATE ON SCHEMA atrium TO atrium_app; ALTER FUNCTION atrium.touch_record() OWNER TO atrium_app; REVOKE CREATE ON SCHEMA atrium FROM atrium_app`,
    ['roles'],
    'atrium_app owns 1 objects',
  ],
  [
    'an owner for whom the login policies hold',
    `GRANT atrium_login TO CURRENT_USER WITH INHERIT TRUE`,
    ['roles'],
    'the owner, inherits what atrium_login may see',
  ],
  [
    'an owner for whom the search policies hold',
    `GRANT atrium_search TO CURRENT_USER WITH INHERIT TRUE`,
    ['roles'],
    'the owner, inherits what atrium_search may see',
  ],
  [
    'an application that can act as the search role',
    `GRANT atrium_search TO atrium_app`,
    ['roles'],
    'atrium_app is a member of atrium_search',
  ],
  [
    'an index of parts of names without the tenant in its keys',
    `DROP INDEX contact_search_idx; CREATE INDEX contact_search_idx ON contact USING gin (string_to_array(search_text, ' ')) WHERE deleted_at IS NULL`,
    ['indexKeys'],
    'contact: index contact_search_idx does not begin with the tenant',
  ],
  [
    'a search function without the tenant’s predicate',
    `DROP FUNCTION atrium.search_contact(text[], integer); CREATE FUNCTION atrium.search_contact(words text[], most integer) RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER ${PATH} AS 'SELECT array_agg(r.id) FROM public.contact r'`,
    ['functions'],
    'function search_contact runs as its owner without a tenant predicate',
  ],
  [
    'an application that can act as the login role',
    `GRANT atrium_login TO atrium_app`,
    ['roles', 'grants'],
    'atrium_app is a member of atrium_login',
  ],
  [
    'a SECURITY DEFINER function with a path of its own',
    DEFINER('SET search_path = public, pg_temp'),
    ['functions'],
    'without a fixed search_path',
  ],
  [
    'a SECURITY DEFINER function without tenant predicate',
    DEFINER(PATH, 'SELECT a.id FROM public.account a'),
    ['functions'],
    'function planted runs as its owner without a tenant predicate',
  ],
  [
    'a SECURITY DEFINER function that everyone may call',
    `${DEFINER(PATH)} GRANT EXECUTE ON FUNCTION atrium.planted() TO PUBLIC`,
    ['functions'],
    'function planted may be called by everyone',
  ],
  [
    'a look across tenants as the owner of the tables',
    `DROP FUNCTION atrium.tenant_of_slug(text); CREATE FUNCTION atrium.tenant_of_slug(wanted text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER ${PATH} AS 'SELECT t.id FROM public.tenant t WHERE t.slug = wanted'`,
    ['functions'],
    'function tenant_of_slug looks across tenants and belongs to',
  ],
  [
    'a view that reads as its owner',
    `CREATE VIEW planted AS SELECT * FROM account`,
    ['views'],
    'view planted reads as its owner',
  ],
  [
    'a materialized view',
    `CREATE MATERIALIZED VIEW planted AS SELECT * FROM account`,
    ['views'],
    'planted knows no row security',
  ],
]

/** The same for what is declared. */
export const DIFFERENCES: Plant<keyof typeof DECLARED>[] = [
  ['a table without model', TABLE, ['drift'], 'table planted has no model'],
  ['a model without table', 'DROP TABLE user_secret', ['drift'], 'model UserSecret has no table user_secret'],
  [
    'a record table without record type',
    'CREATE TABLE planted (tenant_id uuid, version integer)',
    ['drift', 'fieldsAndColumns'],
    'table planted has no model',
  ],
  [
    'a column that nobody declared',
    'ALTER TABLE tag ADD planted text',
    ['fieldsAndColumns', 'drift'],
    'tag.planted is no field of Tag',
  ],
  [
    'a field without column',
    'ALTER TABLE tag DROP color',
    ['fieldsAndColumns', 'drift'],
    'Tag.color has no column tag.color',
  ],
  [
    'money as a number',
    'ALTER TABLE opportunity DROP amount CASCADE, ADD amount numeric(18,2)',
    ['fieldsAndColumns', 'drift'],
    'Opportunity.amount is money and its column numeric(18,2)',
  ],
  [
    'a required field that may be null',
    'ALTER TABLE account ALTER name DROP NOT NULL',
    ['fieldsAndColumns', 'drift'],
    'Account.name is required and its column may be null',
  ],
  [
    'a state that the database does not know',
    `ALTER TABLE task DROP CONSTRAINT task_status_check, ADD CONSTRAINT task_status_check CHECK (status IN ('DONE', 'NOT_STARTED'))`,
    ['fieldsAndColumns'],
    'Task.status knows CANCELLED,DEFERRED,DONE,IN_PROGRESS,NOT_STARTED, its column DONE,NOT_STARTED',
  ],
  [
    'a state without CHECK',
    'ALTER TABLE task DROP CONSTRAINT task_priority_check',
    ['fieldsAndColumns'],
    'its column anything',
  ],
  [
    'a search that looks into more than is declared',
    `ALTER TABLE tag DROP search_text, ADD search_text text GENERATED ALWAYS AS (atrium.search_key(name || coalesce(color, ''))) STORED`,
    ['fieldsAndColumns'],
    'Tag searches name, its table color,name',
  ],
  [
    'a lost default',
    `ALTER TABLE task ALTER status DROP DEFAULT`,
    ['drift'],
    'Task (task.status) has a default in the schema only',
  ],
  [
    'a primary key in another order',
    `ALTER TABLE session DROP CONSTRAINT session_pkey, ADD PRIMARY KEY (id, tenant_id)`,
    ['drift'],
    'Session is keyed by tenant_id,id in the schema and by id,tenant_id',
  ],
  [
    'a relation without foreign key',
    'ALTER TABLE account DROP CONSTRAINT account_tenant_id_owner_id_fkey',
    ['relationsAndKeys'],
    'Account.owner has no foreign key (tenant_id, owner_id) to app_user',
  ],
  [
    'a relation over a plain foreign key',
    'ALTER TABLE account DROP CONSTRAINT account_tenant_id_owner_id_fkey; CREATE UNIQUE INDEX planted ON app_user (id); ALTER TABLE account ADD FOREIGN KEY (owner_id) REFERENCES app_user (id)',
    ['relationsAndKeys', 'keysAndIndexes'],
    'Account.owner has no foreign key (tenant_id, owner_id) to app_user',
  ],
  [
    'a foreign key that is no relation',
    'ALTER TABLE tag ADD FOREIGN KEY (tenant_id, id) REFERENCES account (tenant_id, id)',
    ['relationsAndKeys'],
    'is no relation of Tag',
  ],
  [
    'a key without unique index',
    'DROP INDEX product_code_key',
    ['keysAndIndexes'],
    'Product has a key code and no unique index (tenant_id,code)',
  ],
  [
    'a unique index that is no key',
    'CREATE UNIQUE INDEX planted ON account (tenant_id, code) WHERE deleted_at IS NULL',
    ['keysAndIndexes'],
    'account: unique index planted is no key of Account',
  ],
]
