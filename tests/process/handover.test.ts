import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import '../../src/schema/index.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { startHandover } from '../../src/resolvers/identity/handover.ts'
import { BATCH } from '../../src/resolvers/identity/handoverBatch.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { until } from '../cache/model.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { uuidIn } from '../support/owner.ts'

jest.setTimeout(300_000)

const WORKER = fileURLToPath(new URL('handoverWorker.ts', import.meta.url))
const [ACCOUNTS, TASKS] = [1800, 700]
/** A process takes seconds to start on a busy machine. */
const SOON = { limit: 60_000 }

let database: TestDatabase
let tenancy: Tenancy
let owner: pg.Client
let tenantId: string
const children: ChildProcess[] = []

const write = <T>(work: (context: WriteContext) => Promise<T>): Promise<T> =>
  tenancy.writeTenant({ tenantId }, (db) =>
    work({ db, viewer: jobViewer({ id: tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }) }),
  )

async function make(type: string, inputs: Input[]): Promise<string[]> {
  const written = await write((context) => createRecords(context, recordType(type), inputs))
  expect(written.flatMap(({ errors }) => errors)).toEqual([])
  return written.map(({ id }) => id as string)
}

const rows = async <Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await owner.query(text, values)).rows

/** Starts a process that hands over. */
function worker(): ChildProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.appUrl },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

beforeAll(async () => {
  database = await freshDatabase()
  tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  const made = await createTenant(tenancy, { slug: 'acme', name: 'Acme', adminEmail: 'admin@acme.example' })
  tenantId = uuidIn(made.id)
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId])
})

afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL')
  await owner?.end()
  await tenancy?.close()
  await database?.drop()
})

describe('a hand-over whose process is killed in the middle of a batch', () => {
  it('is left between two batches, and finished by others, each record exactly once', async () => {
    const [role] = await rows<{ id: string }>(`SELECT id FROM role WHERE key = 'rep'`)
    const roleId = idOf('Role', role?.id as string)
    const [leaver, receiver] = (await make('User', [
      { name: 'Leaver', roleId },
      { name: 'Receiver', roleId },
    ])) as [string, string]
    const ownerId = idOf('User', leaver)
    const list = (n: number, of: (i: number) => Input) => Array.from({ length: n }, (_, i) => of(i))
    await make(
      'Account',
      list(ACCOUNTS, (i) => ({ name: `Account ${i}`, ownerId })),
    )
    await make(
      'Task',
      list(TASKS, (i) => ({ title: `Task ${i}`, assigneeId: ownerId })),
    )
    const { written } = await write((context) =>
      startHandover(context, { fromUserId: ownerId, toUserId: idOf('User', receiver) }),
    )
    expect(written.errors).toEqual([])
    const jobId = written.id as string

    const statuses = async () => {
      const found = await rows<{ status: string; n: number }>(
        'SELECT status, count(*)::int AS n FROM handover_item WHERE job_id = $1 GROUP BY 1',
        jobId,
      )
      return Object.fromEntries(found.map(({ status, n }) => [status, n]))
    }
    const owned = async (userId: string) => {
      const [row] = await rows<{ n: number }>(
        'SELECT (SELECT count(*) FROM account WHERE owner_id = $1)::int + (SELECT count(*) FROM task WHERE assignee_id = $1)::int AS n',
        userId,
      )
      return row?.n
    }
    const total = ACCOUNTS + TASKS
    expect([await statuses(), await owned(leaver)]).toEqual([{ PENDING: total }, total])

    // Somebody else writes a record of the third batch, so that the process stands still in the middle of it.
    const writer = new pg.Client({ connectionString: database.ownerUrl })
    await writer.connect()
    await writer.query('BEGIN')
    await writer.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId])
    await writer.query(
      `SELECT id FROM account WHERE id = (SELECT record_id FROM handover_item WHERE job_id = $1 ORDER BY id OFFSET $2 LIMIT 1) FOR UPDATE`,
      [jobId, 2 * BATCH + BATCH / 2],
    )
    const first = worker()
    await until(async () => {
      const [waiting] = await rows<{ n: number }>(
        'SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()',
      )
      return waiting?.n !== 0
    }, SOON)
    await end(first, 'SIGKILL')
    await writer.query('ROLLBACK')
    await writer.end()

    // Two batches are there, whole, with their report; of the third nothing is.
    const half = 2 * BATCH
    expect(await statuses()).toEqual({ MOVED: half, PENDING: total - half })
    expect([await owned(leaver), await owned(receiver)]).toEqual([total - half, half])
    expect(await rows('SELECT status FROM handover_job')).toEqual([{ status: 'RUNNING' }])

    const others = [worker(), worker()]
    await until(
      async () => (await rows<{ status: string }>('SELECT status FROM handover_job'))[0]?.status !== 'RUNNING',
      SOON,
    )
    for (const child of others) await end(child, 'SIGTERM')
    expect(await rows('SELECT status FROM handover_job')).toEqual([{ status: 'COMPLETED' }])
    expect(await statuses()).toEqual({ MOVED: total })
    expect([await owned(leaver), await owned(receiver)]).toEqual([0, total])
    expect(await rows('SELECT DISTINCT version FROM account UNION SELECT DISTINCT version FROM task')).toEqual([
      { version: 2 },
    ])
    const [changes] = await rows(
      `SELECT count(*)::int AS n, count(DISTINCT record_id)::int AS records FROM change WHERE actor = $1 AND object IN ('account', 'task')`,
      `job:${jobId}`,
    )
    expect(changes).toEqual({ n: total, records: total })
  })
})
