import type pg from 'pg'

/** A look at the database's own catalogue, as its owner: one sentence for each thing that is wrong; none when all is well. */
export type Check = (client: Client) => Promise<string[]>
/** Whatever runs a statement. */
export type Client = Pick<pg.ClientBase, 'query'>

/** The role of the application. */
export const APP = 'atrium_app'
/** Tables that belong to no tenant; the application may not touch them. */
export const SHARED: Record<string, string> = {
  'atrium.migration': 'which migrations this database has had',
  'atrium.sign_in_attempt':
    'counts attempts at accounts, also of companies that do not exist; keyed hashes, no data of anybody',
}
/** What is not PostgreSQL's own, over pg_namespace n. */
export const OURS = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
/** A table as people call it, over pg_class c and pg_namespace n. */
export const NAME = `CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname`

/** A table of a tenant's rows. */
export interface Table {
  oid: number
  name: string
  /** The column that holds the tenant: tenant_id, or id in the table tenant. */
  tenant: string
}

/** Rows of a statement. */
export async function rows<Row>(client: Client, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await client.query(text, values)).rows
}

/** Every table of the deployment. */
export async function allTables(client: Client): Promise<Table[]> {
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
export function eachTable(look: (client: Client, table: Table) => Promise<string[]>): Check {
  return async (client) => {
    const problems: string[] = []
    for (const table of await tenantTables(client)) problems.push(...(await look(client, table)))
    return problems
  }
}

/** A foreign key. */
export interface ForeignKey {
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
  // An index serves a key when its first columns are the key's, in any order; one without the rows that refer to nothing does as well, since nobody looks
  // those up by the key. NOT ENFORCED came with PostgreSQL 18.
  return rows<ForeignKey>(
    client,
    `SELECT ${NAME} AS name, k.conname AS constraint, t.relname AS target, ${columns('k.conrelid', 'k.conkey')} AS columns, ${columns('k.confrelid', 'k.confkey')} AS targets,
       k.confdeltype::text || k.confupdtype::text AS actions, k.convalidated AND coalesce(to_jsonb(k)->>'conenforced', 'true') = 'true' AS checked,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid
         AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = ANY (SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)))
         AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) AS indexed
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class t ON t.oid = k.confrelid
     WHERE k.contype = 'f' AND ${OURS} ORDER BY 1, 2`,
  )
}

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

/** Every index of the tenant tables. */
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

/**
 * Takes the foreign keys from all tables, while rows are copied that refer to what is there: to look each up again takes most of the time. As the owner.
 *
 * @returns puts them back, without looking at the rows that are there.
 */
export async function takeKeys(owner: pg.Client): Promise<() => Promise<void>> {
  const taken = await rows<{ table: string; name: string; text: string }>(
    owner,
    `SELECT c.conrelid::regclass::text AS table, c.conname AS name, pg_get_constraintdef(c.oid) AS text FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
     WHERE c.contype = 'f' AND c.conparentid = 0 AND r.relkind = 'r' AND c.connamespace = 'public'::regnamespace`,
  )
  const alter = (change: (key: (typeof taken)[number]) => string) =>
    owner.query(taken.map((key) => `ALTER TABLE ${key.table} ${change(key)}`).join(';'))
  await alter(({ name }) => `DROP CONSTRAINT "${name}"`)
  return async () => void (await alter(({ name, text }) => `ADD CONSTRAINT "${name}" ${text} NOT VALID`))
}
