import type pg from 'pg'
import { rows, type Table, tenantTables } from './tables.ts'

/** What the application's role must not be able to do, whatever a request makes it send. Each probe gives a sentence for each hole. */

/** Runs `work` in a transaction that is undone, with that tenant set; null sets none. */
export async function asTenant<T>(client: pg.Client, tenant: string | null, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN')
  try {
    if (tenant !== null) await client.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenant])
    return await work()
  } finally {
    await client.query('ROLLBACK')
  }
}

/** What became of a statement: how many rows, or the SQLSTATE and message of its failure. The transaction goes on. */
export async function attempt(
  client: pg.Client,
  text: string,
  values: unknown[] = [],
): Promise<{ count: number; code: string | null; message: string }> {
  await client.query('SAVEPOINT attempt')
  try {
    const { rowCount } = await client.query(text, values)
    await client.query('RELEASE SAVEPOINT attempt')
    return { count: rowCount ?? 0, code: null, message: '' }
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT attempt')
    const { code, message } = error as { code: string; message: string }
    return { count: 0, code, message }
  }
}

const DENIED = '42501'
/** invalid_text_representation: the setting is no uuid. */
const NO_UUID = '22P02'

/** Rows of each table that a tenant sees. */
export async function counts(client: pg.Client, tenant: string | null): Promise<Record<string, number>> {
  return asTenant(client, tenant, async () => {
    const found: Record<string, number> = {}
    for (const { name } of await tenantTables(client)) {
      const [row] = await rows<{ n: number }>(client, `SELECT count(*)::int AS n FROM ${name}`)
      found[name] = row?.n ?? 0
    }
    return found
  })
}

/** Without a tenant, and with the empty one that a pooled connection falls back to: no rows and no error. With nonsense: no rows. */
export async function withoutTenant(client: pg.Client): Promise<string[]> {
  const problems: string[] = []
  const tables = await tenantTables(client)
  for (const setting of [null, '', 'x', `' OR 1=1 --`, '%', '00000000-0000-0000-0000-000000000000']) {
    await asTenant(client, setting, async () => {
      for (const { name } of tables) {
        const { code, count } = await attempt(client, `SELECT 1 FROM ${name} LIMIT 1`)
        const mayFail = setting !== null && setting !== '' && code === NO_UUID
        if (count > 0) problems.push(`${name} shows rows with app.tenant_id ${JSON.stringify(setting)}`)
        if (code !== null && !mayFail)
          problems.push(`${name} fails with ${code} with app.tenant_id ${JSON.stringify(setting)}`)
      }
    })
  }
  return problems
}

interface Columns {
  insert: string[]
  update: string[]
}

/** The columns that a role may write, generated ones left out. */
async function writable(client: pg.Client, { oid }: Table): Promise<Columns> {
  const found = await rows<{ name: string; insert: boolean; update: boolean }>(
    client,
    `SELECT quote_ident(attname) AS name, has_column_privilege(attrelid, attnum, 'INSERT') AS insert, has_column_privilege(attrelid, attnum, 'UPDATE') AS update
     FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''`,
    [oid],
  )
  return {
    insert: found.filter(({ insert }) => insert).map(({ name }) => name),
    update: found.filter(({ update }) => update).map(({ name }) => name),
  }
}

/**
 * Tries to put rows into another tenant's tables, to move own ones there, and to change or remove those that are there.
 * Controls: the same insert into the own tables gets past row security, the same update of own rows writes them.
 */
export async function foreignWrites(client: pg.Client, own: string, other: string): Promise<string[]> {
  const problems: string[] = []
  for (const table of await tenantTables(client)) {
    const { name, tenant } = table
    const { insert, update } = await writable(client, table)
    // A row of our own, copied under a new id; only the tenant differs between probe and control.
    const copy = (list: string[]) =>
      list
        .map((column) =>
          column === tenant
            ? '$1::uuid'
            : column === 'id'
              ? 'gen_random_uuid()'
              : column === 'slug'
                ? `slug || '-2'`
                : column,
        )
        .join()
    await asTenant(client, own, async () => {
      if (insert.length > 0) {
        const text = `INSERT INTO ${name} (${insert.join()}) SELECT ${copy(insert)} FROM ${name} LIMIT 1`
        const foreign = await attempt(client, text, [other])
        if (foreign.code !== DENIED || !foreign.message.includes('row-level security'))
          problems.push(`${name} takes a row of another tenant: ${foreign.code} ${foreign.message}`)
        // A copy may break a unique index; by then it is past row security.
        const control = await attempt(client, text, [own])
        if (control.code === null ? control.count !== 1 : control.code !== '23505')
          problems.push(`${name} does not take a row of its own tenant: ${control.code} ${control.message}`)
      }
      const moved = await attempt(client, `UPDATE ${name} SET ${tenant} = $1::uuid`, [other])
      if (moved.code !== DENIED)
        problems.push(`${name} lets rows move to another tenant: ${moved.code} ${moved.count} rows`)
      const removed = await attempt(client, `DELETE FROM ${name} WHERE ${tenant} = $1::uuid`, [other])
      if (removed.count > 0 || (removed.code !== null && removed.code !== DENIED))
        problems.push(`${name} lets another tenant’s rows be removed: ${removed.code} ${removed.count} rows`)
      const column = update[0]
      if (!column) return
      const touch = `UPDATE ${name} SET ${column} = ${column} WHERE ${tenant} = $1::uuid`
      const changed = await attempt(client, touch, [other])
      if (changed.count > 0 || changed.code !== null)
        problems.push(`${name} lets another tenant’s rows be written: ${changed.code} ${changed.count} rows`)
      const control = await attempt(client, touch, [own])
      if (control.count === 0)
        problems.push(`${name} does not let its own rows be written: ${control.code} ${control.message}`)
    })
  }
  return problems
}

/** What comes out of COPY … TO STDOUT, as text. */
async function copyOut(client: pg.Client, name: string): Promise<string> {
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  const chunks: Buffer[] = []
  const take = ({ chunk }: { chunk: Buffer }) => chunks.push(Buffer.from(chunk))
  connection.on('copyData', take)
  try {
    await client.query(`COPY ${name} TO STDOUT`)
  } finally {
    connection.off('copyData', take)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** COPY gives the tenant's own rows, all of them and no others, and takes none. */
export async function copies(client: pg.Client, own: string, other: string): Promise<string[]> {
  const problems: string[] = []
  const seen = await counts(client, own)
  await asTenant(client, own, async () => {
    for (const { name } of await tenantTables(client)) {
      const text = await copyOut(client, name)
      const lines = text.split('\n').length - 1
      if (text.includes(other)) problems.push(`COPY ${name} gives rows of another tenant`)
      if (lines !== seen[name]) problems.push(`COPY ${name} gives ${lines} of ${seen[name]} rows`)
      const { code, message } = await attempt(client, `COPY ${name} FROM STDIN`)
      // feature_not_supported: COPY FROM knows no row security.
      if (code !== '0A000' && code !== DENIED) problems.push(`COPY ${name} FROM is let through: ${code} ${message}`)
    }
  })
  return problems
}

/** Ways to get around row security that need a right the role must not have. `owner` owns the tables. */
export async function escapes(client: pg.Client, own: string, owner: string): Promise<string[]> {
  const tables = await tenantTables(client)
  const tries = [
    `SET LOCAL ROLE ${owner}`,
    'SET LOCAL ROLE atrium_login',
    'SET LOCAL ROLE atrium_search',
    `SET LOCAL SESSION AUTHORIZATION ${owner}`,
    'CREATE TABLE public.planted ()',
    'CREATE TABLE atrium.planted ()',
    'CREATE SCHEMA planted',
    `CREATE FUNCTION public.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `CREATE OR REPLACE FUNCTION atrium.tenant_id() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid'`,
    'CREATE ROLE planted',
    `GRANT ${owner} TO CURRENT_USER`,
    'ALTER ROLE CURRENT_USER BYPASSRLS',
    'SET LOCAL session_replication_role = replica',
    `SELECT pg_read_file('postgresql.conf')`,
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    'SELECT * FROM pg_statistic LIMIT 1',
    'SELECT * FROM pg_authid LIMIT 1',
    'SELECT * FROM atrium.migration',
    `SELECT atrium.tenant_table('account')`,
    ...tables.flatMap(({ name }) => [
      `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
      `ALTER TABLE ${name} DISABLE TRIGGER ALL`,
      `CREATE POLICY planted ON ${name} USING (true)`,
      `CREATE INDEX ON ${name} ((1))`,
      `CREATE TRIGGER planted AFTER INSERT ON ${name} EXECUTE FUNCTION atrium.record_change()`,
      `TRUNCATE ${name} CASCADE`,
      `DROP TABLE ${name} CASCADE`,
    ]),
  ]
  return asTenant(client, own, async () => {
    const problems: string[] = []
    for (const text of tries) {
      const { code, message } = await attempt(client, text)
      if (code !== DENIED) problems.push(`${text}: ${code} ${message}`)
    }
    await client.query('SET LOCAL row_security = off')
    for (const { name } of tables) {
      const { code } = await attempt(client, `SELECT 1 FROM ${name}`)
      if (code !== DENIED) problems.push(`row_security = off opens ${name}`)
    }
    return problems
  })
}

/** What the planner knows of the tables' values, and what others are doing. */
export async function statistics(client: pg.Client): Promise<string[]> {
  const problems: string[] = []
  for (const view of ['pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs']) {
    const found = await rows<{ name: string }>(
      client,
      `SELECT DISTINCT tablename AS name FROM ${view} WHERE schemaname IN ('public', 'atrium')`,
    )
    for (const { name } of found) problems.push(`${view} shows values of ${name}`)
  }
  const others = await rows<{ query: string }>(
    client,
    `SELECT query FROM pg_stat_activity WHERE usename <> current_user AND query NOT IN ('', '<insufficient privilege>')`,
  )
  for (const { query } of others) problems.push(`pg_stat_activity shows ${query}`)
  const [found] = await rows<{ there: boolean }>(
    client,
    `SELECT to_regclass('pg_stat_statements') IS NOT NULL AS there`,
  )
  if (found?.there) problems.push('pg_stat_statements is installed')
  return problems
}
