import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import '../../src/schema/index.ts'
import { createTokens } from '../../src/access/token.ts'
import { newId } from '../../src/ids.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { subjectOf } from '../../src/resolvers/approval/registry.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { until } from '../cache/model.ts'
import { type Any, SECRET } from '../support/app.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { uuidIn } from '../support/owner.ts'

jest.setTimeout(300_000)

const WORKER = fileURLToPath(new URL('poolWorker.ts', import.meta.url))
/** Payments of ten each, for a contract that asks for as many of them as half. */
const [PAYMENTS, EACH] = [40, 10]
const ASKED = (PAYMENTS / 2) * EACH
/** A process takes seconds to start on a busy machine. */
const SOON = { limit: 60_000 }

let database: TestDatabase
let tenancy: Tenancy
let owner: pg.Client
let tenantId: string
let token: string
let accountId: string
const children: ChildProcess[] = []

const write = <T>(work: (context: WriteContext) => Promise<T>): Promise<T> =>
  tenancy.writeTenant({ tenantId }, (db) =>
    work({ db, viewer: jobViewer({ id: tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }) }),
  )

async function make(type: string, ...inputs: Input[]): Promise<string[]> {
  const written = await write((context) => createRecords(context, recordType(type), inputs))
  expect(written.flatMap(({ errors }) => errors)).toEqual([])
  return written.map(({ id }) => idOf(type, id as string))
}

const rows = async <Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await owner.query(text, values)).rows

/** A process that serves, and its address. */
async function server(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [WORKER], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.appUrl,
      ATRIUM_TEST_REDIS_URL: process.env.ATRIUM_TEST_REDIS_URL,
      WORK: 'serve',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = await once(child.stdout!, 'data')
  return { child, url: String(line).trim() }
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
  const sessionId = newId()
  await rows(
    `INSERT INTO session (tenant_id, id, user_id, refresh_hash, expires_at) VALUES ($1, $2, $3, $4, now() + interval '1 hour')`,
    tenantId,
    sessionId,
    uuidIn(made.adminUserId),
    Buffer.from(sessionId.replaceAll('-', '').repeat(2), 'hex'),
  )
  token = (await createTokens({ secret: SECRET }).signAccess({ tenantId, userId: uuidIn(made.adminUserId), sessionId }))
    .token
  ;[accountId] = (await make('Account', { name: 'Customer' })) as [string]
})

afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL')
  await owner?.end()
  await tenancy?.close()
  await database?.drop()
})

/** A contract in force with one plan over all of it. */
async function asked(): Promise<{ contractId: string; planId: string }> {
  const [contractId] = (await make('Contract', {
    name: 'Agreement',
    accountId,
    amount: { amount: String(ASKED) },
    startDate: '2026-01-01',
    endDate: '2026-12-31',
  })) as [string]
  for (const turn of ['submitted', 'approved'] as const)
    await write(async (context) => subjectOf('Contract')?.[turn]?.(context, uuidIn(contractId)))
  const [planId] = (await make('ReceiptPlan', {
    contractId,
    amount: { amount: String(ASKED) },
    dueDate: '2026-06-30',
  })) as [string]
  return { contractId, planId }
}

/** What became of a payment: its code, 'TAKEN', or null when the process was gone before it answered. */
async function pay(url: string, to: { contractId: string; planId: string }, key: string): Promise<string | null> {
  for (;;) {
    const answer: Any = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `mutation($input: RecordReceiptInput!) { recordReceipt(input: $input) @idempotent(key: "${key}") { receipt { id } userErrors { code } } }`,
        variables: {
          input: { ...to, amount: { amount: String(EACH) }, receivedOn: '2026-05-01', bankRef: key, confirm: true },
        },
      }),
    }).then(
      (response) => response.json(),
      () => null,
    )
    if (answer === null) return null
    const busy = ['SERVICE_UNAVAILABLE', 'TIMEOUT', 'IDEMPOTENCY_IN_PROGRESS', 'CONCURRENCY_LIMIT']
    if (answer.errors?.every((one: Any) => busy.includes(one.extensions.code))) continue
    expect(answer.errors).toBeUndefined()
    const { receipt, userErrors } = answer.data.recordReceipt
    return receipt ? 'TAKEN' : userErrors[0].code
  }
}

/** What the database says of a contract, and that nothing of it is half done: so many receipts, each whole, and the sums are theirs. */
async function exact({ contractId, planId }: { contractId: string; planId: string }): Promise<number> {
  const id = uuidIn(contractId)
  const receipts = await rows<{ number: string; key: string; whole: boolean }>(
    `SELECT r.number, r.bank_ref AS key, r.status = 'CONFIRMED' AND r.confirmed_at IS NOT NULL AND r.rate IS NOT NULL
 AND (SELECT sum(a.amount) FROM receipt_allocation a WHERE a.receipt_id = r.id AND a.plan_id = $2) = r.amount AS whole FROM receipt r WHERE r.contract_id = $1`,
    id,
    uuidIn(planId),
  )
  expect(receipts.every(({ whole }) => whole)).toBe(true)
  expect(new Set(receipts.map(({ number }) => number)).size).toBe(receipts.length)
  // Nobody's payment was taken twice.
  expect(new Set(receipts.map(({ key }) => key)).size).toBe(receipts.length)
  const sum = receipts.length * EACH * 10_000
  const [row] = await rows(
    `SELECT c.received_amount::int AS received, p.received_amount::int AS planned, p.status, p.settled_at::text AS settled
 FROM contract c JOIN receipt_plan p ON p.contract_id = c.id WHERE c.id = $1`,
    id,
  )
  const done = receipts.length * EACH === ASKED
  expect(row).toEqual({
    received: sum,
    planned: sum,
    status: done ? 'DONE' : 'OVERDUE',
    settled: done ? '2026-05-01' : null,
  })
  return receipts.length
}

const waiting = async () => {
  const [row] = await rows<{ n: number }>(
    'SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()',
  )
  return row?.n ?? 0
}

describe('forty payments at once over two processes for a contract that asks for twenty of them', () => {
  it('make twenty receipts, exactly what was asked for; the others are told', async () => {
    const to = await asked()
    const servers = await Promise.all([server(), server()])
    const said = await Promise.all(
      Array.from({ length: PAYMENTS }, (_, n) => pay(servers[n % 2]?.url as string, to, `one-${n}`)),
    )
    expect(said.filter((one) => one === 'TAKEN')).toHaveLength(PAYMENTS / 2)
    expect(said.filter((one) => one === 'RECEIPT_EXCEEDS_BALANCE')).toHaveLength(PAYMENTS / 2)
    expect(await exact(to)).toBe(PAYMENTS / 2)
    for (const { child } of servers) await end(child, 'SIGTERM')
  })

  it('still do when one of the processes is killed in the middle, and who heard nothing pays once by asking again', async () => {
    const to = await asked()
    const [doomed, other] = (await Promise.all([server(), server()])) as [
      Awaited<ReturnType<typeof server>>,
      Awaited<ReturnType<typeof server>>,
    ]
    // All of them want the contract that somebody else is writing.
    const writer = new pg.Client({ connectionString: database.ownerUrl })
    await writer.connect()
    await writer.query('BEGIN')
    await writer.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId])
    await writer.query('SELECT id FROM contract WHERE id = $1 FOR UPDATE', [uuidIn(to.contractId)])
    const urls = (n: number) => (n % 2 ? doomed.url : other.url)
    const paying = Array.from({ length: PAYMENTS }, (_, n) => pay(urls(n), to, `two-${n}`))
    await until(async () => (await waiting()) >= 10, SOON)
    await writer.query('ROLLBACK')
    await writer.end()
    // Some of them are through by now, others in the middle of it.
    await until(
      async () => (await rows('SELECT 1 FROM receipt WHERE contract_id = $1', uuidIn(to.contractId))).length >= 2,
      SOON,
    )
    await end(doomed.child, 'SIGKILL')
    const said = await Promise.all(paying)
    // A backend whose client is gone learns so at its next word: what it had not committed is gone with it.
    await until(async () => (await waiting()) === 0, SOON)
    const there = await exact(to)
    expect(there).toBeGreaterThanOrEqual(said.filter((one) => one === 'TAKEN').length)
    expect(said).toContain(null)
    const again = await Promise.all(
      said.map((one, n) => (one === null ? pay(other.url, to, `two-${n}`) : Promise.resolve(one))),
    )
    expect(again).not.toContain(null)
    expect(await exact(to)).toBe(PAYMENTS / 2)
    // Whoever was told that it was taken has a receipt, and nobody else.
    const keys = await rows<{ key: string }>(
      'SELECT bank_ref AS key FROM receipt WHERE contract_id = $1 ORDER BY 1',
      uuidIn(to.contractId),
    )
    expect(keys.map(({ key }) => key)).toEqual(again.flatMap((one, n) => (one === 'TAKEN' ? [`two-${n}`] : [])).sort())
    await end(other.child, 'SIGTERM')
  })
})
