import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { homeSecrets, startPostgres, startRedis } from '../../src/cli/servers.ts'
import { migrate } from '../../src/tenancy/migrate.ts'
import type { BenchContext } from '../opponents/types.ts'
import { shuffle } from '../workloads.ts'
import { type BenchTenant, type BenchTenants, makeData } from './data.ts'

/** The addresses that an opponent gets. */
export interface Urls {
  /** The role of requests, under row security. */
  app: string
  /** The owner of the tables. */
  owner: string
  /** A role for which row security does not hold. */
  bypass: string
}

/** Where everything happens: an embedded PostgreSQL in a temporary folder, as `atrium start` would run it. */
export interface Place {
  home: string
  secret: string
  tenants: BenchTenants
  /** Of PostgreSQL's first process; the others are its children. */
  postmaster: number
  version: string
  contextOf(tenant: BenchTenant): Promise<BenchContext>
  /** A copy of the database as it was filled, in place of the copy before. */
  fresh(): Promise<Urls>
  /** A new Redis in place of the one before; null where the machine has none. */
  freshRedis(): Promise<{ url: string; pid: number } | null>
  stopRedis(): Promise<void>
  close(): Promise<void>
}

/** How much data is made, see data.ts. */
export interface Sizes {
  tenants: number
  rows: number
  giant: number
  hot: number
}

const FILLED = 'atrium'
const COPY = 'atrium_copy'
const PAGE = 200
/** Values that an account's name takes in turn in `update`. */
const NAMES = 20

/** Makes the database. `progress` hears of each step of the data; `keep` gets what must be closed as soon as it is there. */
export async function openPlace(
  { tenants, rows, giant, hot }: Sizes,
  {
    progress,
    keep,
  }: { progress(done: number, total: number, what: string): void; keep(close: () => Promise<void>): void },
): Promise<Place> {
  const home = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
  const closing: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })]
  let closed: Promise<void> | null = null
  const close = () => {
    closed ??= (async () => {
      for (const step of closing.reverse()) await step()
    })()
    return closed
  }
  keep(close)
  const starting = startPostgres(home)
  // An end that comes meanwhile waits for the start.
  closing.push(() =>
    starting.then(
      (one) => one.stop(),
      () => {},
    ),
  )
  const postgres = await starting
  const { secret } = await homeSecrets(home)
  await migrate(postgres.ownerUrl, { appUrl: postgres.appUrl })
  const made = await makeData({
    ownerUrl: postgres.ownerUrl,
    tenants,
    rowsPerTenant: rows,
    giant,
    hotAccountActivities: hot,
    progress,
  })
  const admin = new pg.Pool({ connectionString: postgres.adminUrl, max: 1 })
  admin.on('error', () => {})
  closing.push(() => admin.end())
  const named = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href
  const inFilled = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: named(postgres.adminUrl, FILLED) })
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }
  // What autovacuum does sooner or later: no run may fall into that moment.
  await inFilled('VACUUM (ANALYZE)')
  const [server] = await inFilled<{ version: string }>('SHOW server_version AS version').catch(() =>
    inFilled<{ version: string }>(`SELECT current_setting('server_version') AS version`),
  )

  let redis: Awaited<ReturnType<typeof startRedis>> = null
  const stopRedis = async () => {
    await redis?.stop()
    redis = null
  }
  closing.push(stopRedis)

  return {
    home,
    secret,
    tenants: made,
    postmaster: Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
    version: server?.version ?? '',
    async contextOf({ tenantId, apiKey }) {
      const accounts = await inFilled<{ id: string; name: string }>(
        `SELECT id, name FROM account WHERE tenant_id = $1 AND deleted_at IS NULL
         AND id NOT IN (SELECT id FROM account WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY name, id LIMIT 40)
         ORDER BY md5(id::text) LIMIT 200`,
        [tenantId],
      )
      const [{ count } = { count: 0 }] = await inFilled<{ count: number }>(
        'SELECT count(*)::integer AS count FROM account WHERE tenant_id = $1 AND deleted_at IS NULL',
        [tenantId],
      )
      const half = Math.floor(accounts.length / 2)
      if (half === 0) throw new Error('--rows is too small: the tenant needs more than forty accounts.')
      return {
        tenantId,
        token: apiKey,
        accountIds: accounts.slice(0, half).map(({ id }) => id),
        updates: shuffle(
          accounts
            .slice(half)
            .flatMap(({ id, name }) => Array.from({ length: NAMES }, (_, n) => ({ id, name: `${name} ${n}` }))),
        ),
        industry: 'Software',
        parts: ['dqvi', '小明'],
        page: Math.min(PAGE, Math.max(1, Math.floor(count / 20))),
        prepared: {},
      }
    },
    async fresh() {
      await admin.query(`DROP DATABASE IF EXISTS ${COPY} WITH (FORCE)`)
      await admin.query(`CREATE DATABASE ${COPY} OWNER atrium_owner TEMPLATE ${FILLED} STRATEGY file_copy`)
      await admin.query('CHECKPOINT')
      return {
        app: named(postgres.appUrl, COPY),
        owner: named(postgres.ownerUrl, COPY),
        bypass: named(postgres.adminUrl, COPY),
      }
    },
    async freshRedis() {
      await stopRedis()
      redis = await startRedis(home)
      if (!redis) return null
      const { server: mark } = JSON.parse(readFileSync(join(home, 'redis.json'), 'utf8')) as { server: string }
      return { url: redis.url, pid: Number.parseInt(mark, 10) }
    },
    stopRedis,
    close,
  }
}
