import { functions, grants, policies, roles, SEARCHED, views } from './privileges.ts'
import { type Check, type Client, eachTable, foreignKeys, indexes, NAME, OURS, rows } from './tables.ts'

/** Indexes that do not begin with the tenant. */
const OTHER_INDEXES: Record<string, string> = {
  tenant_pkey: 'the tenant is its own key',
  tenant_slug_key: 'a slug names one company of the deployment',
  api_key_key_hash_idx: 'an API key arrives before its tenant is known; not unique',
  workflow_hook_idx: 'what is sent to a workflow names its token and arrives before its tenant is known; not unique',
  lead_capture_form_key_idx: 'a submission names its form and arrives before its tenant is known; not unique',
  session_id_idx: 'a refresh token names its session and arrives before its tenant is known; not unique',
}
/** Indexes of parts of names: a hash of the tenant is in each of their keys, and atrium_search reads them, for which row security sets no condition. */
const SEARCH_INDEXES = SEARCHED.map((table) => `${table}_search_idx`)
const SEARCH_KEY =
  /^CREATE INDEX \S+ ON \S+ USING gin \(atrium\.search_grams\(tenant_id, search_text\)\) WHERE \(deleted_at IS NULL\)$/
/** References to users that nothing looks up by: a user is never destroyed. */
const NOT_LOOKED_UP = ['created_by', 'updated_by', 'deleted_by']
const SEQUENCES: Record<string, string> = {
  'change.ordinal': 'orders the changes of one round of numbering; seen by nobody',
}

/** Tables whose tenant is checked elsewhere, and where. */
const UNREFERRED: Record<string, string> = {
  change:
    'written by triggers for rows of record tables, which refer to it; checking each again costs an import a tenth',
  duplicate_key: 'written for rows of record tables, several for each',
  pipeline_total: 'written by triggers for rows of opportunity, which refer to it',
  receivable_total: 'written by triggers for rows of contract and receipt_plan, which refer to it',
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
  if (tenant === 'tenant_id' && column.fallback !== 'atrium.tenant_id()')
    problems.push(`${name}.tenant_id does not default to the tenant that is set`)
  if (tenant === 'tenant_id' && !column.known && !Object.hasOwn(UNREFERRED, name))
    problems.push(`${name}.tenant_id does not refer to tenant`)
  return problems
})

const rowSecurity = eachTable(async (client, { oid, name }) => {
  const [found] = await rows<{ on: boolean; forced: boolean }>(
    client,
    'SELECT relrowsecurity AS on, relforcerowsecurity AS forced FROM pg_class WHERE oid = $1',
    [oid],
  )
  return [
    ...(found?.on ? [] : [`${name}: row security is not enabled`]),
    ...(found?.forced ? [] : [`${name}: row security is not forced`]),
  ]
})

const primaryKeys = eachTable(async (client, { oid, name, tenant }) => {
  const [key] = await rows<{ first: string }>(
    client,
    `SELECT a.attname AS first FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.conrelid = $1 AND k.contype = 'p'`,
    [oid],
  )
  return key?.first === tenant ? [] : [`the primary key of ${name} ${key ? `begins with ${key.first}` : 'is missing'}`]
})

const foreignKeyShape: Check = async (client) =>
  (await foreignKeys(client)).flatMap(({ name, constraint, target, columns, targets, actions, checked }) => {
    const key = `${name}: foreign key ${constraint} (${columns.join(', ')}) to ${target} (${targets.join(', ')})`
    const home =
      target === 'tenant'
        ? targets.join() === 'id' && columns.join() === 'tenant_id'
        : columns[0] === 'tenant_id' && targets[0] === 'tenant_id'
    return [
      ...(home ? [] : [`${key} does not stay within the tenant`]),
      // Citus knows no action that would write the distribution column, and a cascade is a write that nobody sees.
      ...(actions === 'aa' ? [] : [`${key} acts by itself on delete or update`]),
      ...(checked ? [] : [`${key} is not checked`]),
    ]
  })

const foreignKeyIndexes: Check = async (client) =>
  (await foreignKeys(client))
    .filter(
      ({ target, columns, indexed }) =>
        target !== 'tenant' && !indexed && !columns.some((column) => NOT_LOOKED_UP.includes(column)),
    )
    .map(({ name, constraint, columns }) => `${name}: foreign key ${constraint} (${columns.join(', ')}) has no index`)

const indexKeys: Check = async (client) => {
  const definitions = await rows<{ name: string; text: string }>(
    client,
    'SELECT relname AS name, pg_get_indexdef(oid) AS text FROM pg_class WHERE relname = ANY ($1)',
    [SEARCH_INDEXES],
  )
  const search = new Set(definitions.filter(({ text }) => SEARCH_KEY.test(text)).map(({ name }) => name))
  return (await indexes(client))
    .filter(
      ({ name, columns }) => columns[0] !== 'tenant_id' && !Object.hasOwn(OTHER_INDEXES, name) && !search.has(name),
    )
    .map(
      ({ table, name, unique }) =>
        `${table}: ${unique ? 'unique index' : 'index'} ${name} does not begin with the tenant`,
    )
}

const softDelete: Check = async (client) => {
  const binned = await rows<{ name: string }>(
    client,
    `SELECT ${NAME} AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE ${OURS} AND a.attname = 'deleted_at' AND NOT a.attisdropped`,
  )
  const names = new Set(binned.map(({ name }) => name))
  return (await indexes(client))
    .filter(
      ({ table, unique, primary, predicate }) =>
        names.has(table) && unique && !primary && !predicate?.includes('deleted_at IS NULL'),
    )
    .map(({ table, name }) => `${table}: unique index ${name} also counts what lies in the recycle bin`)
}

const indexOperators: Check = async (client) => {
  const found = await rows<{ name: string; index: string; operator: string }>(
    client,
    `SELECT DISTINCT ${NAME} AS name, i.indexrelid::regclass::text AS index, o.oid::regoperator::text AS operator
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL unnest(i.indclass::oid[]) AS u(class)
     JOIN pg_opclass s ON s.oid = u.class JOIN pg_amop m ON m.amopfamily = s.opcfamily AND m.amoplefttype = s.opcintype JOIN pg_operator o ON o.oid = m.amopopr
     JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_class x ON x.oid = i.indexrelid
     WHERE ${OURS} AND NOT p.proleakproof AND m.amoplefttype = m.amoprighttype AND x.relname <> ALL ($1)`,
    [SEARCH_INDEXES],
  )
  return found.map(
    ({ name, index, operator }) =>
      `${name}: index ${index} is of no use under row security, ${operator} is not leakproof`,
  )
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
  return found
    .filter(({ column }) => !Object.hasOwn(SEQUENCES, column))
    .map(({ column }) => `${column} draws from a sequence, which counts all tenants together`)
}

// pg_trigger.tgtype, bit by bit: row 1, before 2, insert 4, delete 8, update 16.
const TRIGGERS: Record<string, { function: string; type: number; deferred: boolean; narrowed?: true }> = {
  touch: { function: 'atrium.touch_record', type: 1 + 2 + 16, deferred: false },
  change_insert: { function: 'atrium.record_changes', type: 4, deferred: false },
  change_update: { function: 'atrium.record_changes', type: 16, deferred: false },
  change_delete: { function: 'atrium.record_changes', type: 8, deferred: false },
}

/** Triggers of tables that hold no records. */
const OTHER_TRIGGERS: Record<string, typeof TRIGGERS> = {
  tenant: { todos_update: { function: 'atrium.todos_of_tenant', type: 1 + 16, deferred: false, narrowed: true } },
  change_commit: { draw_ordinal: { function: 'atrium.draw_ordinal', type: 1 + 4, deferred: true } },
}

const triggers = eachTable(async (client, { oid, name }) => {
  const [{ record } = { record: true }] = await rows<{ record: boolean }>(
    client,
    `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1 AND attname = 'version' AND NOT attisdropped) AS record`,
    [oid],
  )
  const found = await rows<{
    name: string
    function: string
    type: number
    deferred: boolean
    enabled: string
    narrowed: boolean
  }>(
    client,
    `SELECT tgname AS name, tgfoid::regproc::text AS function, tgtype AS type, tgdeferrable AND tginitdeferred AS deferred, tgenabled::text AS enabled,
       tgqual IS NOT NULL OR tgattr::text <> '' AS narrowed FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal`,
    [oid],
  )
  const expected = record ? TRIGGERS : (OTHER_TRIGGERS[name.split('.').at(-1) as string] ?? {})
  if (!record) {
    const odd = found.filter((one) => !Object.hasOwn(expected, one.name))
    if (odd.length > 0) return odd.map((trigger) => `${name} is no record table and has a trigger ${trigger.name}`)
  }
  return Object.entries(expected).flatMap(([wanted, { function: called, type, deferred, narrowed = false }]) => {
    const right = found.some(
      (one) =>
        one.name === wanted &&
        one.function === called &&
        one.type === type &&
        one.deferred === deferred &&
        one.enabled === 'O' &&
        one.narrowed === narrowed,
    )
    return right ? [] : [`${name} has no trigger ${wanted} as atrium.record_table makes it`]
  })
})

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
export async function problemsOf(
  client: Client,
  checks: Record<string, Check> = CHECKS,
): Promise<Record<string, string[]>> {
  const problems: Record<string, string[]> = {}
  for (const [name, check] of Object.entries(checks)) {
    const found = await check(client)
    if (found.length > 0) problems[name] = found
  }
  return problems
}
