import type pg from 'pg'

/** A look at the database's own catalogue, as its owner: one sentence for each thing that is wrong; none when all is well. */
export type Check = (client: Client) => Promise<string[]>
/** Whatever runs a statement. */
export type Client = Pick<pg.ClientBase, 'query'>

/** The role of the application. */
export const APP = 'atrium_app'
/** The role that looks from a credential to its tenant, and what it may read. */
export const LOGIN = 'atrium_login'
const LOGIN_READS: Record<string, string[]> = {
  tenant: ['id', 'slug'],
  api_key: ['tenant_id', 'key_hash', 'deleted_at'],
  session: ['tenant_id', 'refresh_hash', 'previous_hash'],
}
/** Functions that look across tenants on purpose: they answer a secret, or a company's name, with a tenant's id and nothing else. */
export const ACROSS_TENANTS: Record<string, string> = {
  tenant_of_slug: 'sign-in names the company by its slug',
  tenant_of_key: 'an API key arrives before its tenant is known',
  tenant_of_refresh: 'a refresh token arrives before its tenant is known',
}
/** Tables that belong to no tenant; the application may not touch them. */
const SHARED: Record<string, string> = { 'atrium.migration': 'which migrations this database has had' }
/** Indexes that do not begin with the tenant. */
const OTHER_INDEXES: Record<string, string> = {
  tenant_pkey: 'the tenant is its own key',
  tenant_slug_key: 'a slug names one company of the deployment',
  api_key_key_hash_idx: 'an API key arrives before its tenant is known; not unique',
  session_refresh_hash_idx: 'a refresh token arrives before its tenant is known; not unique',
  session_previous_hash_idx: 'a refresh token arrives before its tenant is known; not unique',
}
/** Tables that the application only adds to, or does not write at all: privileges it must not have, and why. */
const NOT_WRITTEN: Record<string, { never: string[]; why: string }> = {
  change: { never: ['UPDATE', 'DELETE'], why: 'what happened stays as it happened' },
  change_counter: { never: ['INSERT', 'UPDATE', 'DELETE'], why: 'atrium.number_changes() alone counts' },
  tenant: { never: ['DELETE'], why: 'a company does not remove itself' },
}
/** Columns that the application sets once and never changes, besides keys. */
const SET_ONCE: Record<string, string[]> = {
  '*': ['tenant_id', 'id', 'created_at', 'created_by'],
  tenant: ['slug', 'status', 'plan', 'region'],
}
/** References to users that nothing looks up by: a user is never destroyed. */
const NOT_LOOKED_UP = ['created_by', 'updated_by', 'deleted_by']
const SEQUENCES: Record<string, string> = { 'change.ordinal': 'orders the changes of one round of numbering; seen by nobody' }
const CANONICAL = (column: string) =>
  `(${column} = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS "nullif"))`

const OURS = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
const NAME = `CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname`

/** A table of a tenant's rows. */
export interface Table {
  oid: number
  name: string
  /** The column that holds the tenant: tenant_id, or id in the table tenant. */
  tenant: string
}

export async function rows<Row>(client: Client, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await client.query(text, values)).rows
}

async function allTables(client: Client): Promise<Table[]> {
  const found = await rows<{ oid: number; name: string }>(
    client,
    `SELECT c.oid, ${NAME} AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND ${OURS} ORDER BY 2`,
  )
  return found.map((table) => ({ ...table, tenant: table.name === 'tenant' ? 'id' : 'tenant_id' }))
}

/** Every table but the few shared ones, by name. */
export async function tenantTables(client: Client): Promise<Table[]> {
  return (await allTables(client)).filter(({ name }) => !Object.hasOwn(SHARED, name))
}

/** Runs a check of each tenant table. */
function eachTable(look: (client: Client, table: Table) => Promise<string[]>): Check {
  return async (client) => {
    const problems: string[] = []
    for (const table of await tenantTables(client)) problems.push(...(await look(client, table)))
    return problems
  }
}

const tenantColumn = eachTable(async (client, { oid, name, tenant }) => {
  const [column] = await rows<{ type: string; required: boolean; fallback: string | null; known: boolean }>(
    client,
    `SELECT format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, pg_get_expr(d.adbin, d.adrelid) AS fallback,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum]
         AND k.confrelid = 'public.tenant'::regclass) AS known
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = $1 AND a.attname = $2`,
    [oid, tenant],
  )
  if (!column) return [`${name} has no column ${tenant}`]
  const problems = []
  if (column.type !== 'uuid' || !column.required) problems.push(`${name}.${tenant} is not uuid NOT NULL`)
  if (tenant === 'tenant_id' && column.fallback !== 'atrium.tenant_id()') problems.push(`${name}.tenant_id does not default to the tenant that is set`)
  if (tenant === 'tenant_id' && !column.known) problems.push(`${name}.tenant_id does not refer to tenant`)
  return problems
})

const rowSecurity = eachTable(async (client, { oid, name }) => {
  const [found] = await rows<{ on: boolean; forced: boolean }>(client, 'SELECT relrowsecurity AS on, relforcerowsecurity AS forced FROM pg_class WHERE oid = $1', [oid])
  return [...(found?.on ? [] : [`${name}: row security is not enabled`]), ...(found?.forced ? [] : [`${name}: row security is not forced`])]
})

const policies = eachTable(async (client, { oid, name, tenant }) => {
  const found = await rows<{ name: string; permissive: boolean; cmd: string; roles: string[]; using: string | null; check: string | null }>(
    client,
    `SELECT polname AS name, polpermissive AS permissive, polcmd::text AS cmd, ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END FROM unnest(polroles) r) AS roles,
       pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check FROM pg_policy WHERE polrelid = $1`,
    [oid],
  )
  const wanted = CANONICAL(tenant)
  const problems: string[] = []
  if (!found.some((one) => one.permissive && one.cmd === '*' && one.roles.join() === 'public')) problems.push(`${name} has no policy for all commands and roles`)
  for (const policy of found) {
    const login = policy.roles.join() === LOGIN && policy.cmd === 'r' && policy.using === 'true' && Object.hasOwn(LOGIN_READS, name)
    if (login) continue
    if (policy.using !== wanted) problems.push(`${name}: USING of policy ${policy.name} is ${policy.using}`)
    if (policy.check !== wanted) problems.push(`${name}: WITH CHECK of policy ${policy.name} is ${policy.check}`)
  }
  return problems
})

const grants: Check = async (client) => {
  const problems: string[] = []
  const tables = await allTables(client)
  // MAINTAIN came with PostgreSQL 17.
  const [{ version } = { version: 0 }] = await rows<{ version: number }>(client, `SELECT current_setting('server_version_num')::int AS version`)
  const never = ['TRUNCATE', 'REFERENCES', 'TRIGGER', ...(version >= 170_000 ? ['MAINTAIN'] : [])]
  const may = async (table: Table, privilege: string): Promise<boolean> => {
    const byColumn = ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'].some((one) => privilege.startsWith(one))
    const test = `has_table_privilege($1, $2::oid, $3)${byColumn ? ' OR has_any_column_privilege($1, $2::oid, $3)' : ''}`
    const [found] = await rows<{ may: boolean }>(client, `SELECT ${test} AS may`, [APP, table.oid, privilege])
    return found?.may ?? true
  }
  for (const table of tables) {
    const { oid, name } = table
    const shared = Object.hasOwn(SHARED, name)
    const forbidden = shared ? ['SELECT', 'INSERT', 'UPDATE', 'DELETE', ...never] : [...never, ...(NOT_WRITTEN[name]?.never ?? [])]
    for (const privilege of forbidden) if (await may(table, privilege)) problems.push(`${APP} may ${privilege} ${name}`)
    for (const privilege of ['SELECT', 'INSERT', 'UPDATE', 'DELETE']) {
      if (await may(table, `${privilege} WITH GRANT OPTION`)) problems.push(`${APP} may pass on ${privilege} of ${name}`)
    }
    const columns = await rows<{ column: string }>(
      client,
      `SELECT a.attname AS column FROM pg_attribute a WHERE a.attrelid = $2 AND a.attnum > 0 AND NOT a.attisdropped
         AND (a.attname = ANY ($3) OR a.attnum = ANY ((SELECT conkey FROM pg_constraint WHERE conrelid = $2 AND contype = 'p')::int2[]))
         AND has_column_privilege($1, a.attrelid, a.attnum, 'UPDATE')`,
      [APP, oid, [...(SET_ONCE['*'] ?? []), ...(SET_ONCE[name] ?? [])]],
    )
    for (const { column } of columns) problems.push(`${APP} may UPDATE ${name}.${column}`)
    if (!shared && !(await may(table, 'SELECT'))) problems.push(`${APP} may not read ${name}`)
  }
  const others = await rows<{ name: string; column: string | null; role: string; privilege: string }>(
    client,
    `SELECT x.name, x.column, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS role, x.privilege FROM (
       SELECT ${NAME} AS name, NULL AS column, c.relowner, (aclexplode(c.relacl)).grantee, (aclexplode(c.relacl)).privilege_type AS privilege
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OURS}
       UNION ALL
       SELECT ${NAME}, a.attname, c.relowner, (aclexplode(a.attacl)).grantee, (aclexplode(a.attacl)).privilege_type
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE ${OURS}
     ) x WHERE x.grantee <> x.relowner AND x.grantee <> $1::regrole`,
    [APP],
  )
  for (const { name, column, role, privilege } of others) {
    if (role === LOGIN && privilege === 'SELECT' && column && LOGIN_READS[name]?.includes(column)) continue
    problems.push(`${role} may ${privilege} ${name}${column ? `.${column}` : ''}`)
  }
  return problems
}

const roles: Check = async (client) => {
  const found = await rows<{ name: string; powers: string[]; login: boolean; memberOf: string[]; owns: string; creates: string[] }>(
    client,
    `SELECT r.rolname AS name, r.rolcanlogin AS login,
       array_remove(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
         CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END], NULL) AS powers,
       ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE o.oid <> r.oid AND o.rolname <> $1 AND pg_has_role(r.oid, o.oid, 'MEMBER')) AS "memberOf",
       (SELECT count(*) FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
         AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.classid <> 'pg_proc'::regclass) AS owns,
       ARRAY(SELECT n.nspname::text FROM pg_namespace n WHERE ${OURS} AND has_schema_privilege(r.oid, n.oid, 'CREATE')
         UNION ALL SELECT 'the database' WHERE has_database_privilege(r.oid, current_database(), 'CREATE')) AS creates
     FROM pg_roles r WHERE r.rolname IN ($1, $2) OR r.oid IN (SELECT m.member FROM pg_auth_members m
       WHERE m.roleid IN ($1::regrole, $2::regrole) AND m.member <> (SELECT relowner FROM pg_class WHERE oid = 'public.tenant'::regclass))`,
    [APP, LOGIN],
  )
  const problems: string[] = []
  if (found.length < 2) problems.push(`${APP} or ${LOGIN} is missing`)
  for (const { name, powers, memberOf, owns, creates, login } of found) {
    for (const power of powers) problems.push(`${name} has ${power}`)
    for (const other of memberOf) problems.push(`${name} is a member of ${other}`)
    for (const place of creates) problems.push(`${name} may create things in ${place}`)
    if (owns !== '0') problems.push(`${name} owns ${owns} objects`)
    if (name === LOGIN && login) problems.push(`${name} can log in`)
  }
  return problems
}

const primaryKeys = eachTable(async (client, { oid, name, tenant }) => {
  const [key] = await rows<{ first: string }>(
    client,
    `SELECT a.attname AS first FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.conrelid = $1 AND k.contype = 'p'`,
    [oid],
  )
  return key?.first === tenant ? [] : [`the primary key of ${name} ${key ? `begins with ${key.first}` : 'is missing'}`]
})

interface ForeignKey {
  name: string
  constraint: string
  target: string
  columns: string[]
  targets: string[]
  actions: string
  checked: boolean
  indexed: boolean
}

/** Every foreign key of a table: its columns and those it refers to, in order. */
export async function foreignKeys(client: Client): Promise<ForeignKey[]> {
  const columns = (relation: string, key: string) =>
    `ARRAY(SELECT a.attname::text FROM unnest(${key}) WITH ORDINALITY u(num, place) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.num ORDER BY u.place)`
  // An index serves a key when its first columns are the key's, in any order. NOT ENFORCED came with PostgreSQL 18.
  return rows<ForeignKey>(
    client,
    `SELECT ${NAME} AS name, k.conname AS constraint, t.relname AS target, ${columns('k.conrelid', 'k.conkey')} AS columns, ${columns('k.confrelid', 'k.confkey')} AS targets,
       k.confdeltype::text || k.confupdtype::text AS actions, k.convalidated AND coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true' AS checked,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND (i.indpred IS NULL OR i.indisprimary)
         AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS indexed
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class t ON t.oid = k.confrelid
     WHERE k.contype = 'f' AND ${OURS} ORDER BY 1, 2`,
  )
}

const foreignKeyShape: Check = async (client) =>
  (await foreignKeys(client)).flatMap(({ name, constraint, target, columns, targets, actions, checked }) => {
    const key = `${name}: foreign key ${constraint} (${columns.join(', ')}) to ${target} (${targets.join(', ')})`
    const home = target === 'tenant' ? targets.join() === 'id' && columns.join() === 'tenant_id' : columns[0] === 'tenant_id' && targets[0] === 'tenant_id'
    return [
      ...(home ? [] : [`${key} does not stay within the tenant`]),
      // Citus knows no action that would write the distribution column, and a cascade is a write that nobody sees.
      ...(actions === 'aa' ? [] : [`${key} acts by itself on delete or update`]),
      ...(checked ? [] : [`${key} is not checked`]),
    ]
  })

const foreignKeyIndexes: Check = async (client) =>
  (await foreignKeys(client))
    .filter(({ target, columns, indexed }) => target !== 'tenant' && !indexed && !columns.some((column) => NOT_LOOKED_UP.includes(column)))
    .map(({ name, constraint, columns }) => `${name}: foreign key ${constraint} (${columns.join(', ')}) has no index`)

/** An index of a tenant table. */
export interface Index {
  table: string
  name: string
  unique: boolean
  primary: boolean
  /** Names of its key columns; null for an expression. */
  columns: (string | null)[]
  predicate: string | null
}

export async function indexes(client: Client): Promise<Index[]> {
  return rows<Index>(
    client,
    `SELECT ${NAME} AS table, x.relname AS name, i.indisunique OR i.indisexclusion AS unique, i.indisprimary AS primary, pg_get_expr(i.indpred, i.indrelid) AS predicate,
       ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) place LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[place] AND a.attnum > 0
         ORDER BY place) AS columns
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid
     WHERE ${OURS} AND NOT (${NAME} = ANY ($1)) ORDER BY 1, 2`,
    [Object.keys(SHARED)],
  )
}

const indexKeys: Check = async (client) =>
  (await indexes(client))
    .filter(({ name, columns }) => columns[0] !== 'tenant_id' && !Object.hasOwn(OTHER_INDEXES, name))
    .map(({ table, name, unique }) => `${table}: ${unique ? 'unique index' : 'index'} ${name} does not begin with the tenant`)

const softDelete: Check = async (client) => {
  const binned = await rows<{ name: string }>(
    client,
    `SELECT ${NAME} AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE ${OURS} AND a.attname = 'deleted_at' AND NOT a.attisdropped`,
  )
  const names = new Set(binned.map(({ name }) => name))
  return (await indexes(client))
    .filter(({ table, unique, primary, predicate }) => names.has(table) && unique && !primary && !predicate?.includes('deleted_at IS NULL'))
    .map(({ table, name }) => `${table}: unique index ${name} also counts what lies in the recycle bin`)
}

const indexOperators: Check = async (client) => {
  const found = await rows<{ name: string; index: string; operator: string }>(
    client,
    `SELECT DISTINCT ${NAME} AS name, i.indexrelid::regclass::text AS index, o.oid::regoperator::text AS operator
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL unnest(i.indclass::oid[]) AS u(class)
     JOIN pg_opclass s ON s.oid = u.class JOIN pg_amop m ON m.amopfamily = s.opcfamily AND m.amoplefttype = s.opcintype JOIN pg_operator o ON o.oid = m.amopopr
     JOIN pg_proc p ON p.oid = o.oprcode WHERE ${OURS} AND NOT p.proleakproof AND m.amoplefttype = m.amoprighttype`,
  )
  return found.map(({ name, index, operator }) => `${name}: index ${index} is of no use under row security, ${operator} is not leakproof`)
}

const columnTypes: Check = async (client) => {
  const found = await rows<{ name: string; column: string; type: string }>(
    client,
    `SELECT ${NAME} AS name, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
     WHERE c.relkind IN ('r', 'p') AND ${OURS} AND a.attnum > 0 AND NOT a.attisdropped
       AND (t.typtype <> 'b' OR t.typname IN ('timestamp', 'money', 'json', 'bpchar', 'varchar', 'float4', 'timetz') OR (t.typname = 'timestamptz' AND a.atttypmod <> 3))`,
  )
  return found.map(({ name, column, type }) => `${name}.${column} has the type ${type}`)
}

const sequences: Check = async (client) => {
  const found = await rows<{ column: string }>(
    client,
    `SELECT ${NAME} || '.' || a.attname AS column FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE ${OURS} AND c.relkind IN ('r', 'p') AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) ~ 'nextval')`,
  )
  return found.filter(({ column }) => !Object.hasOwn(SEQUENCES, column)).map(({ column }) => `${column} draws from a sequence, which counts all tenants together`)
}

// pg_trigger.tgtype, bit by bit: row 1, before 2, insert 4, delete 8, update 16.
const TRIGGERS: Record<string, { function: string; type: number; deferred: boolean }> = {
  touch: { function: 'atrium.touch_record', type: 1 + 2 + 16, deferred: false },
  change: { function: 'atrium.record_change', type: 1 + 4 + 8 + 16, deferred: true },
}

const triggers = eachTable(async (client, { oid, name }) => {
  const [{ record } = { record: true }] = await rows<{ record: boolean }>(client, `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1 AND attname = 'version' AND NOT attisdropped) AS record`, [oid])
  const found = await rows<{ name: string; function: string; type: number; deferred: boolean; enabled: string; narrowed: boolean }>(
    client,
    `SELECT tgname AS name, tgfoid::regproc::text AS function, tgtype AS type, tgdeferrable AND tginitdeferred AS deferred, tgenabled::text AS enabled,
       tgqual IS NOT NULL OR tgattr::text <> '' AS narrowed FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal`,
    [oid],
  )
  if (!record) return found.map((trigger) => `${name} is no record table and has a trigger ${trigger.name}`)
  return Object.entries(TRIGGERS).flatMap(([wanted, { function: called, type, deferred }]) => {
    const right = found.some(
      (one) => one.name === wanted && one.function === called && one.type === type && one.deferred === deferred && one.enabled === 'O' && !one.narrowed,
    )
    return right ? [] : [`${name} has no trigger ${wanted} as atrium.record_table makes it`]
  })
})

const functions: Check = async (client) => {
  const found = await rows<{ name: string; definer: boolean; owner: string; config: string[] | null; public: boolean; body: string }>(
    client,
    `SELECT p.proname AS name, p.prosecdef AS definer, pg_get_userbyid(p.proowner)::text AS owner, p.proconfig AS config, has_function_privilege('public', p.oid, 'EXECUTE') AS public,
       coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${OURS} AND p.prokind <> 'a'`,
  )
  return found.flatMap(({ name, definer, owner, config, public: everyone, body }) => {
    const problems = everyone ? [`function ${name} may be called by everyone`] : []
    if (!definer) return problems
    if (config?.join() !== 'search_path=pg_catalog, pg_temp') problems.push(`function ${name} runs as its owner without a fixed search_path`)
    if (/\bexecute\b/i.test(body)) problems.push(`function ${name} runs as its owner and builds statements`)
    if (Object.hasOwn(ACROSS_TENANTS, name)) {
      if (owner !== LOGIN) problems.push(`function ${name} looks across tenants and belongs to ${owner}`)
    } else if (!tenantInside(body)) problems.push(`function ${name} runs as its owner without a tenant predicate`)
    return problems
  })
}

/** Does every table that a function's body names carry the tenant's predicate, or get the tenant's id. */
function tenantInside(body: string): boolean {
  const named = [...body.matchAll(/\b(from|join|update|into)\s+public\.(\w+)(?:\s+(?:as\s+)?(\w+))?\s*(\(\s*tenant_id\b)?/gi)]
  return named.length > 0 && named.every(([, verb, table, alias, first]) => (verb?.toLowerCase() === 'into' ? first : new RegExp(`\\b(${table}|${alias})\\.tenant_id = `).test(body)))
}

const views: Check = async (client) => {
  const found = await rows<{ name: string; kind: string; invoker: boolean }>(
    client,
    `SELECT ${NAME} AS name, c.relkind::text AS kind, coalesce(c.reloptions::text ~ 'security_invoker=(true|on|1)', false) AS invoker
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OURS} AND c.relkind IN ('v', 'm', 'f')`,
  )
  return found.filter(({ kind, invoker }) => kind !== 'v' || !invoker).map(({ name, kind }) => (kind === 'v' ? `view ${name} reads as its owner` : `${name} knows no row security`))
}

/** Every check of the catalogue, by name. */
export const CHECKS = {
  tenantColumn,
  rowSecurity,
  policies,
  grants,
  roles,
  primaryKeys,
  foreignKeyShape,
  foreignKeyIndexes,
  indexKeys,
  softDelete,
  indexOperators,
  columnTypes,
  sequences,
  triggers,
  functions,
  views,
} satisfies Record<string, Check>

/** What each check says, for those that say anything. */
export async function problemsOf(client: Client, checks: Record<string, Check> = CHECKS): Promise<Record<string, string[]>> {
  const problems: Record<string, string[]> = {}
  for (const [name, check] of Object.entries(checks)) {
    const found = await check(client)
    if (found.length > 0) problems[name] = found
  }
  return problems
}
