import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** Options of `migrate`. */
export interface MigrateOptions {
  /** Folder of the files `NNNN_name.sql`; prisma/migrations if not given. */
  dir?: string
  log?: (line: string) => void
  /** Connection string of the application: its user is made when it is missing, and made a member of `atrium_app`. */
  appUrl?: string
}

interface Migration {
  name: string
  sql: string
  checksum: string
}

type Applied = Map<string, string>

const FOLDER = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))
const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/
// One lock for each database: 'atrium' in ASCII as a bigint.
const LOCK = BigInt(`0x${Buffer.from('atrium').toString('hex')}`).toString()
const INSUFFICIENT_PRIVILEGE = '42501'
const DUPLICATE_OBJECT = '42710'
const UNIQUE_VIOLATION = '23505'

/**
 * Brings a database up to the migration files, as its owner and over a direct connection (the lock is of the session).
 * Each file runs in its own transaction together with its row in `atrium.migration`; processes that migrate at once
 * wait for one another. Gives the names applied now and how many were applied before.
 *
 * Refused with a sentence, before anything is changed: an applied file that was changed or is missing, two files of one
 * number, a file that comes before one already applied, a `.sql` file with another kind of name. A file that fails is
 * rolled back, and the error names file and line; those before it stay.
 */
export async function migrate(
  ownerUrl: string,
  { dir = FOLDER, log = () => {}, appUrl }: MigrateOptions = {},
): Promise<{ applied: string[]; already: number }> {
  const files = await readMigrations(dir)
  return withClient(ownerUrl, async (client) => {
    await lock(client, log)
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS atrium;
       CREATE TABLE IF NOT EXISTS atrium.migration (
         name text PRIMARY KEY,
         checksum text NOT NULL,
         applied_at timestamptz(3) NOT NULL DEFAULT now(),
         duration_ms integer NOT NULL
       )`,
    )
    await ensureAppRole(client)
    const before = await readApplied(client)
    const open = outstanding(files, before)
    for (const file of open) {
      const duration = await apply(client, file)
      log(`${file.name} applied in ${duration} ms`)
    }
    if (appUrl) await ensureAppUser(client, appUrl)
    return { applied: open.map((file) => file.name), already: before.size }
  })
}

/** Names of the migration files that a database lacks, in order; changes nothing. The same refusals as `migrate`. */
export async function pending(ownerUrl: string, { dir = FOLDER }: { dir?: string } = {}): Promise<string[]> {
  const files = await readMigrations(dir)
  return withClient(ownerUrl, async (client) => {
    const { rows } = await client.query(`SELECT to_regclass('atrium.migration') IS NOT NULL AS made`)
    const applied: Applied = rows[0].made ? await readApplied(client) : new Map()
    return outstanding(files, applied).map((file) => file.name)
  })
}

async function readMigrations(dir: string): Promise<Migration[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort()
  const numbers = new Map<string, string>()
  for (const name of names) {
    const number = NAME.exec(name)?.[1]
    if (!number) throw new Error(`Migration ${name} is not named NNNN_name.sql (four digits, a-z, 0-9 and _).`)
    const twin = numbers.get(number)
    if (twin) throw new Error(`Migrations ${twin} and ${name} have the same number.`)
    numbers.set(number, name)
  }
  return Promise.all(
    names.map(async (name) => {
      // Line ends are the checkout's business: they count neither for the checksum nor for the line of an error.
      const sql = (await readFile(join(dir, name), 'utf8')).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function readApplied(client: pg.Client): Promise<Applied> {
  const { rows } = await client.query<{ name: string; checksum: string }>('SELECT name, checksum FROM atrium.migration')
  return new Map(rows.map((row) => [row.name, row.checksum]))
}

function outstanding(files: Migration[], applied: Applied): Migration[] {
  const here = new Set(files.map((file) => file.name))
  for (const name of applied.keys()) {
    if (!here.has(name)) {
      throw new Error(`Migration ${name} was applied to this database, but its file is missing: is this code older?`)
    }
  }
  const last = [...applied.keys()].sort().at(-1) ?? ''
  for (const { name, checksum } of files) {
    const known = applied.get(name)
    if (known && known !== checksum) {
      throw new Error(`Migration ${name} was changed after it was applied: undo the change and write a new file.`)
    }
    if (!known && name < last) {
      throw new Error(`Migration ${name} comes before ${last}, which is applied: give it a higher number.`)
    }
  }
  return files.filter((file) => !applied.has(file.name))
}

async function lock(client: pg.Client, log: (line: string) => void): Promise<void> {
  const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
  if (rows[0].taken) return
  log('Another process migrates this database: waiting for it.')
  await client.query('SELECT pg_advisory_lock($1)', [LOCK])
}

/** Runs one file; gives the milliseconds it took. */
async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<number> {
  const started = performance.now()
  // A setting that an earlier file left behind does not reach this one; a role's time-out is for requests.
  await client.query('RESET ROLE; RESET ALL; BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0')
  try {
    const { rows } = await client.query('SELECT pg_current_xact_id()::text AS id')
    // Without values it goes as one simple query, so that function bodies keep their semicolons.
    await client.query(sql)
    const now = await client.query('SELECT pg_current_xact_id()::text AS id')
    if (now.rows[0].id !== rows[0].id) {
      throw new Error(
        'it ends the transaction itself: take COMMIT and ROLLBACK out of it, and look what it left behind',
      )
    }
    const duration = Math.round(performance.now() - started)
    await client.query('INSERT INTO atrium.migration (name, checksum, duration_ms) VALUES ($1, $2, $3)', [
      name,
      checksum,
      duration,
    ])
    await client.query('COMMIT')
    return duration
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw new Error(`Migration ${name}${lineOf(error, sql)} failed: ${describe(error)}`, { cause: error })
  }
}

/** `:line` where PostgreSQL says at which character of the file it stopped; it counts characters, not UTF-16 units. */
function lineOf(error: unknown, sql: string): string {
  const position = Number((error as { position?: string }).position)
  if (!position) return ''
  const before = Array.from(sql).slice(0, position - 1)
  return `:${before.filter((character) => character === '\n').length + 1}`
}

function describe(error: unknown): string {
  const { message, detail, hint, where } = error as Error & { detail?: string; hint?: string; where?: string }
  return [message, detail, hint, where?.split('\n')[0]].filter(Boolean).join(' · ')
}

/** The role that migrations grant to. Roles belong to the whole server: another database's run may make it first. */
async function ensureAppRole(client: pg.Client): Promise<void> {
  if (await findRole(client, 'atrium_app')) return
  await client.query('CREATE ROLE atrium_app NOLOGIN').catch((error) => {
    if (error.code === INSUFFICIENT_PRIVILEGE) {
      throw new Error('The owner may not make roles. As a superuser: CREATE ROLE atrium_app NOLOGIN')
    }
    if (error.code !== DUPLICATE_OBJECT && error.code !== UNIQUE_VIOLATION) throw error
  })
}

/** Sees to it that the user of `appUrl` can sign in and has the rights of `atrium_app`, where that is permitted. */
async function ensureAppUser(client: pg.Client, appUrl: string): Promise<void> {
  const url = URL.parse(appUrl)
  if (!url) throw new Error('The application connection string is not a URL.')
  const name = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  if (!name) throw new Error('The application connection string names no user.')
  if (name === client.user) throw new Error(`The application must not connect as ${name}, which owns the database.`)
  const user = client.escapeIdentifier(name)
  const login = `LOGIN${password ? ` PASSWORD ${client.escapeLiteral(password)}` : ''}`

  const role = await findRole(client, name)
  if (!role) await permitted(`CREATE ROLE ${user} ${login}`, `CREATE ROLE ${user} LOGIN PASSWORD '…'`)
  else if (!role.login) await permitted(`ALTER ROLE ${user} ${login}`, `ALTER ROLE ${user} LOGIN PASSWORD '…'`)

  const { rows } = await client.query(`SELECT pg_has_role($1, 'atrium_app', 'USAGE') AS member`, [name])
  if (!rows[0].member) await permitted(`GRANT atrium_app TO ${user}`)

  async function permitted(sql: string, shown = sql): Promise<void> {
    await client.query(sql).catch((error) => {
      if (error.code === DUPLICATE_OBJECT || error.code === UNIQUE_VIOLATION) return
      if (error.code !== INSUFFICIENT_PRIVILEGE) throw error
      throw new Error(`The owner may not do this, so do it as a superuser: ${shown}`)
    })
  }
}

async function findRole(client: pg.Client, name: string): Promise<{ login: boolean } | undefined> {
  const { rows } = await client.query('SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = $1', [name])
  return rows[0]
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'atrium migrate' })
  // A connection that dies between two statements shows in the next one.
  client.on('error', () => {})
  try {
    await client.connect().catch((error) => {
      const reason = error.errors?.[0]?.message ?? error.message
      throw new Error(`Cannot connect to the database as its owner: ${reason}`, { cause: error })
    })
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
