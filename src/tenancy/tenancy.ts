import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { Bracketed, type Named, type TextRow } from './bracketed.ts'
import { databaseError } from './databaseError.ts'
import { createNames } from './names.ts'
import { createPrismaDoor, type PrismaTransaction } from './prisma.ts'

/** Whose rows a bracket opens, and what its changes say about who did it. */
export interface Caller {
  tenantId: string
  userId?: string | null
  /** `user:<id>`, `apiKey:<id>`, `job`; stands in every change. */
  actor?: string
  requestId?: string
  ip?: string | null
}

/** A statement with $1, $2 … and their values. */
export interface Query {
  text: string
  values: unknown[]
}

/** What a reading bracket offers. PostgreSQL itself refuses writes: the transaction is READ ONLY. */
export interface Reader {
  /** Runs one statement and gives its rows. */
  rows<Row = Record<string, unknown>>(query: Query): Promise<Row[]>
}

/** What a writing bracket offers: all of it is one transaction. */
export interface Writer extends Reader {
  /** Like `rows`, for what is likely to be the bracket's last statement: what the end needs goes out right behind it, which saves a round trip. */
  lastRows<Row = Record<string, unknown>>(query: Query): Promise<Row[]>
  /** The typed Prisma client on this transaction, for business verbs. */
  prisma(): Promise<PrismaTransaction>
  /** Runs `work` so that a failure inside undoes only what it did. */
  savepoint<T>(work: () => Promise<T>): Promise<T>
}

/** A record that a transaction changed or removed, told before its commit. */
export interface Touched {
  object: string
  recordId: string
  version: number
}

export interface Tenancy {
  /** Reads as the caller's tenant, in one read-only transaction. Rows of other tenants do not exist in it. */
  readTenant<T>(caller: Caller, work: (db: Reader) => Promise<T>): Promise<T>
  /** Runs one reading statement in a bracket of its own, in one round trip, and gives its rows: columns as the texts that PostgreSQL wrote, in their order. */
  readTexts(caller: Caller, query: Query): Promise<TextRow[]>
  /**
   * Writes as the caller's tenant, in one transaction: committed when `work` succeeds, undone when it throws. Runs again, up to three times, when
   * PostgreSQL reports a deadlock or a serialization failure, so `work` must have no effects outside the database.
   */
  writeTenant<T>(caller: Caller, work: (db: Writer) => Promise<T>): Promise<T>
  /** Runs one of the few functions that look across tenants (sign-in, keys). Sees no tenant's rows otherwise. */
  withoutTenant<T>(work: (db: Reader) => Promise<T>): Promise<T>
  /** Runs one of the few functions that count what belongs to no tenant (attempts to sign in). Sees no tenant's rows; committed when it resolves. */
  writeWithoutTenant<T>(work: (db: Reader) => Promise<T>): Promise<T>
  /** Is told of all records that a transaction changed, before and after its commit; see cache/. Of new records only where they stand in the tables of `made`. */
  onTouched(listener: TouchListener, made?: readonly string[]): void
  /** Is told after each commit of a writing bracket. */
  onWritten(listener: (caller: Caller) => void): void
  /** Connections in use, idle and waiting, for metrics. */
  stats(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

export interface TouchListener {
  before(tenantId: string, touched: Touched[]): Promise<void>
  after(tenantId: string, touched: Touched[]): Promise<void>
}

export interface TenancyOptions {
  /** The app role's URL. */
  databaseUrl: string
  poolSize?: number
  /** Longest to wait for a free connection, in milliseconds; then SERVICE_UNAVAILABLE. Ten seconds are Prisma’s pool_timeout. */
  poolTimeout?: number
  /** Named prepared statements; off behind PgBouncer before 1.21 in transaction mode. */
  prepare?: boolean
  /** Longest a statement may run, in milliseconds. */
  statementTimeout?: number
  onError?: (error: Error) => void
}

const SET_READ = `SELECT set_config('app.tenant_id', $1, true), set_config('statement_timeout', $2, true), set_config('TimeZone', 'UTC', true)`
const SET_READ_ONLY = `${SET_READ}, set_config('transaction_read_only', 'on', true)`
const SET_WRITE = `SELECT set_config('app.tenant_id', $1, true), set_config('statement_timeout', $2, true), set_config('TimeZone', 'UTC', true),
 set_config('app.user_id', $3, true), set_config('app.actor', $4, true), set_config('app.request_id', $5, true), set_config('app.ip', $6, true)`
// From the change rows, so that the caches hear of every record this transaction changed, whoever wrote the statement.
// A record that is gone has no next version, yet its last one is old.
const TOUCHED = `SELECT object, record_id AS "recordId", record_version + (operation = 'destroyed')::integer AS version FROM change
 WHERE tenant_id = $1 AND sequence IS NULL AND xid = pg_current_xact_id()::text::bigint AND (operation <> 'created' OR object = ANY ($2::text[]))`
const ATTEMPTS = 3
/**
 * Statements of the application look up by index, with the tenant in front: each is planned once per connection, and never by reading a table from end to end. To plan one anew for its
 * values takes longer than to run it: of the hot ones between a quarter and three quarters of their time (bench/scale.ts). Beside what 0016 sets for the role, which a login that is
 * only a member of it does not get.
 */
const PLANNING = 'SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off'
/** A connection is replaced after this many distinct prepared statements, which bounds the server's memory for it. */
const MAX_PREPARED = 500

type Client = pg.PoolClient & {
  connection: { parsedStatements: Record<string, string> }
  getTransactionStatus(): string | null
  prepared?: Set<string>
}

/**
 * Opens the door to the tenants' data: nothing else hands out a connection. Each bracket begins a transaction, names the tenant in it, and
 * sends both together with the first statement (pipeline mode), so a bracket costs no extra round trip.
 */
export function openTenancy({
  databaseUrl,
  poolSize = 10,
  poolTimeout = 10_000,
  prepare = true,
  statementTimeout = 15_000,
  onError = () => {},
}: TenancyOptions): Tenancy {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: poolSize,
    pipeline: true,
    connectionTimeoutMillis: poolTimeout,
    idleTimeoutMillis: 30_000,
    application_name: 'atrium',
  } as pg.PoolConfig)
  pool.on('error', onError)
  // The pool listens to idle connections only. One that is lost while it is used fails its statements; its event without a listener would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => {})
    // Goes out before the connection's first bracket. It only guides the planner, so it harms nobody where a pooler hands the connection on.
    client.query(PLANNING).catch(() => {})
  })
  const nameOf = createNames()
  const prisma = createPrismaDoor()
  const listeners: TouchListener[] = []
  const told: string[] = []
  const written: ((caller: Caller) => void)[] = []

  function named(client: Client, { text, values }: Query): Named {
    const name = prepare ? nameOf(text) : undefined
    if (name) {
      client.prepared ??= new Set()
      client.prepared.add(name)
    }
    return { name, text, values }
  }

  function send<Row>(client: Client, query: Query): Promise<pg.QueryResult<Row & pg.QueryResultRow>> {
    const { name, text, values } = named(client, query)
    return client.query(name ? { name, text, values } : { text, values })
  }

  async function connect(): Promise<Client> {
    return (await pool.connect()) as Client
  }

  /** Gives the connection back; one that is broken, mid-transaction or full of prepared statements is closed instead. */
  function release(client: Client): void {
    const spent = (client.prepared?.size ?? 0) > MAX_PREPARED
    client.release(spent || client.getTransactionStatus() !== 'I')
  }

  async function abandon(client: Client): Promise<void> {
    try {
      await client.query('ROLLBACK')
    } catch {
      // A connection that cannot roll back is closed by release().
    }
  }

  /** Sends the opening statements without waiting; their failure shows in the statements behind them and again here. */
  function begin(client: Client, mode: string, settings: Query): Promise<unknown> {
    const opening = Promise.all([client.query(mode), send(client, settings)])
    opening.catch(() => {})
    return opening
  }

  async function read<T>(settings: Query, work: (db: Reader) => Promise<T>): Promise<T> {
    const client = await connect().catch((error: unknown) => {
      throw databaseError(error)
    })
    let result: T
    try {
      const opening = begin(client, 'BEGIN READ ONLY', settings)
      result = await work({ rows: async (query) => (await send(client, query)).rows as never })
      await opening
    } catch (error) {
      await abandon(client)
      release(client)
      throw databaseError(error)
    }
    // The answer need not wait for the end of a transaction that wrote nothing.
    client.query('COMMIT').then(
      () => release(client),
      () => client.release(true),
    )
    return result
  }

  async function readTexts(caller: Caller, query: Query): Promise<TextRow[]> {
    const client = await connect().catch((error: unknown) => {
      throw databaseError(error)
    })
    const settings = { text: SET_READ_ONLY, values: [caller.tenantId, String(statementTimeout)] }
    return new Promise((resolve, reject) => {
      const done = (rows: TextRow[]) => {
        release(client)
        resolve(rows)
      }
      const failed = (error: Error) => {
        // Its Sync is still on the way; a statement behind it waits for that.
        client.query('SELECT 1').then(
          () => release(client),
          () => client.release(true),
        )
        reject(databaseError(error))
      }
      try {
        client.query(new Bracketed(named(client, settings), named(client, query), { done, failed }))
      } catch (error) {
        // A value that is none for PostgreSQL: nothing was sent, and what pg keeps about it is not to be relied on.
        client.release(true)
        reject(error)
      }
    })
  }

  async function writeNowhere<T>(work: (db: Reader) => Promise<T>): Promise<T> {
    const client = await connect().catch((error: unknown) => {
      throw databaseError(error)
    })
    try {
      const opening = begin(client, 'BEGIN', { text: SET_READ, values: ['', String(statementTimeout)] })
      const result = await work({ rows: async (query) => (await send(client, query)).rows as never })
      await opening
      await client.query('COMMIT')
      release(client)
      return result
    } catch (error) {
      await abandon(client)
      release(client)
      throw databaseError(error)
    }
  }

  async function write<T>(caller: Caller, work: (db: Writer) => Promise<T>): Promise<T> {
    const client = await connect()
    const typed: { door?: ReturnType<typeof prisma.open> } = {}
    let savepoints = 0
    const touchedBy = () => send<Touched>(client, { text: TOUCHED, values: [caller.tenantId, told] })
    let asked: ReturnType<typeof touchedBy> | null = null
    const db: Writer = {
      async rows(query) {
        // A statement behind the last one may have written.
        asked = null
        return (await send(client, query)).rows as never
      },
      async lastRows(query) {
        const sent = send(client, query)
        asked = listeners.length > 0 ? touchedBy() : null
        asked?.catch(() => {})
        return (await sent).rows as never
      },
      async prisma() {
        asked = null
        typed.door ??= prisma.open(client)
        return (await typed.door).tx
      },
      async savepoint(inner) {
        const name = `s${++savepoints}`
        // Neither is waited for, which saves two round trips: where one fails, so does every statement behind it, and the commit.
        client.query(`SAVEPOINT ${name}`).catch(() => {})
        try {
          const value = await inner()
          client.query(`RELEASE SAVEPOINT ${name}`).catch(() => {})
          return value
        } catch (error) {
          await client.query(`ROLLBACK TO SAVEPOINT ${name}`)
          throw error
        }
      },
    }
    let result: T
    let touched: Touched[] = []
    try {
      const opening = begin(client, 'BEGIN', {
        text: SET_WRITE,
        values: [
          caller.tenantId,
          String(statementTimeout),
          caller.userId ?? '',
          caller.actor ?? 'job',
          caller.requestId ?? '',
          caller.ip ?? '',
        ],
      })
      result = await work(db)
      if (typed.door) await (await typed.door).close(true)
      await opening
      if (listeners.length > 0) {
        touched = (await (asked ?? touchedBy())).rows
        if (touched.length > 0)
          await Promise.all(listeners.map((listener) => listener.before(caller.tenantId, touched)))
      }
      const { command } = await client.query('COMMIT')
      // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and with no error.
      if (command !== 'COMMIT') throw new Error('The transaction had failed before its end and was rolled back.')
    } catch (error) {
      const door = await typed.door?.catch(() => null)
      await door?.close(false)
      await abandon(client)
      release(client)
      throw error
    }
    release(client)
    if (touched.length > 0) await Promise.all(listeners.map((listener) => listener.after(caller.tenantId, touched)))
    for (const listener of written) listener(caller)
    return result
  }

  return {
    readTenant: (caller, work) => read({ text: SET_READ, values: [caller.tenantId, String(statementTimeout)] }, work),
    readTexts,
    // With no tenant, said so: a pooler may hand over a connection on which somebody else left one.
    withoutTenant: (work) => read({ text: SET_READ, values: ['', String(statementTimeout)] }, work),
    writeWithoutTenant: writeNowhere,
    async writeTenant(caller, work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await write(caller, work)
        } catch (error) {
          const code = (error as { code?: unknown }).code
          if (attempt === ATTEMPTS || (code !== '40001' && code !== '40P01')) throw databaseError(error)
          // The other transaction goes first: at once, this one would take the same locks again and stand in its way again.
          await setTimeout(attempt * (20 + Math.random() * 60))
        }
      }
    },
    onTouched: (listener, made = []) => {
      listeners.push(listener)
      told.push(...made)
    },
    onWritten: (listener) => {
      written.push(listener)
    },
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  }
}

/** Why the app must not run as this database role, in sentences; empty when it may. */
export async function roleProblems(tenancy: Tenancy): Promise<string[]> {
  const [row] = await tenancy.withoutTenant((db) =>
    db.rows<{ name: string; superuser: boolean; bypass: boolean; owns: boolean; creates: boolean; member: boolean }>({
      text: `SELECT current_user AS name, r.rolsuper AS superuser, r.rolbypassrls AS bypass,
 EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owns,
 has_schema_privilege(r.oid, 'public', 'CREATE') OR has_schema_privilege(r.oid, 'atrium', 'CREATE') AS creates,
 pg_has_role(r.oid, 'atrium_app', 'MEMBER') AS member
 FROM pg_roles r WHERE r.rolname = current_user`,
      values: [],
    }),
  )
  if (!row) return ['The database does not know its own role.']
  const problems: string[] = []
  if (row.superuser) problems.push(`The role ${row.name} is a superuser, for whom row security does not hold.`)
  if (row.bypass) problems.push(`The role ${row.name} has BYPASSRLS, so row security does not hold for it.`)
  if (row.owns) problems.push(`The role ${row.name} owns tables, or is a member of the role that does.`)
  if (row.creates) problems.push(`The role ${row.name} may create objects in the schemas of Atrium.`)
  if (!row.member) problems.push(`The role ${row.name} is not a member of atrium_app.`)
  return problems.map(
    (problem) => `${problem} DATABASE_URL must name the unprivileged role; DATABASE_OWNER_URL is for migrations.`,
  )
}
