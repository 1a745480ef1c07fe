import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import '../../src/schema/index.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import type { Input } from '../../src/resolvers/write.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { until } from '../cache/model.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { uuidIn } from '../support/owner.ts'

jest.setTimeout(300_000)

const WORKER = fileURLToPath(new URL('poolWorker.ts', import.meta.url))
/** More than two steps take, and what a step takes. */
const [MANY, STEP] = [450, 200]
/** A process takes seconds to start on a busy machine. */
const SOON = { limit: 60_000 }

let database: TestDatabase
let tenancy: Tenancy
let owner: pg.Client
let tenantId: string
const children: ChildProcess[] = []

const rows = async <Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await owner.query(text, values)).rows
const count = async (text: string, ...values: unknown[]) =>
  (await rows<{ n: number }>(`SELECT count(*)::int AS n ${text}`, ...values))[0]?.n

async function make(type: string, inputs: Input[]): Promise<string[]> {
  const viewer = jobViewer({ id: tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
  const written = await tenancy.writeTenant({ tenantId }, (db) =>
    createRecords({ db, viewer }, recordType(type), inputs),
  )
  expect(written.flatMap(({ errors }) => errors)).toEqual([])
  return written.map(({ id }) => id as string)
}

function worker(): ChildProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.appUrl, WORK: 'jobs' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

const waiting = async () =>
  (await count(
    'FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()',
  )) ?? 0

/** Kills a process that works off jobs while it waits, in the middle of a step, for a row that another writer holds. */
async function killWaiting(table: string, id: string): Promise<void> {
  const writer = new pg.Client({ connectionString: database.ownerUrl })
  await writer.connect()
  await writer.query('BEGIN')
  await writer.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId])
  await writer.query(`SELECT id FROM ${table} WHERE id = $1 FOR UPDATE`, [id])
  const doomed = worker()
  await until(async () => (await waiting()) > 0, SOON)
  await end(doomed, 'SIGKILL')
  await writer.query('ROLLBACK')
  await writer.end()
  await until(async () => (await waiting()) === 0, SOON)
}

/** Two processes work until something holds. */
async function two(done: () => Promise<boolean>): Promise<void> {
  const others = [worker(), worker()]
  await until(done, SOON)
  for (const child of others) await end(child, 'SIGTERM')
}

beforeAll(async () => {
  database = await freshDatabase()
  tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  const made = await createTenant(tenancy, { slug: 'acme', name: 'Acme', adminEmail: 'admin@acme.example' })
  tenantId = uuidIn(made.id)
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId])
}, 300_000)

afterAll(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL')
  await owner?.end()
  await tenancy?.close()
  await database?.drop()
})

describe('a process that is killed in the middle', () => {
  it('of care messages leaves whole steps: others write the rest, one message and one note for each person', async () => {
    const [templateId] = await make('EmailTemplate', [{ name: 'Hello', subject: 'Hello', html: 'Hello' }])
    await rows(
      `INSERT INTO contact (tenant_id, last_name, email, created_at) SELECT $1::uuid, 'Silent ' || n, 'silent' || n || '@x.example', now() - interval '9 days' FROM generate_series(1, $2::int) n`,
      tenantId,
      MANY,
    )
    const people = await rows<{ id: string }>('SELECT id FROM contact ORDER BY id')
    const [rule] = await make('CareRule', [
      {
        name: 'Say hello',
        trigger: 'NO_CONTACT_DAYS',
        days: 3,
        channel: 'EMAIL',
        templateId: idOf('EmailTemplate', templateId as string),
        sendAtLocalTime: '00:00',
        quietFrom: null,
        quietTo: null,
      },
    ])
    const state = async () => ({
      noted: await count('FROM care_execution WHERE rule_id = $1', rule),
      people: await count('FROM (SELECT DISTINCT contact_id FROM care_execution) x'),
      mails: await count('FROM email_message'),
      mailed: await count('FROM (SELECT DISTINCT contact_id FROM email_message) x'),
      bodies: await count('FROM email_body'),
    })
    const all = (n: number) => ({ noted: n, people: n, mails: n, mailed: n, bodies: n })
    await killWaiting('contact', people[STEP + STEP / 2]?.id as string)
    expect(await state()).toEqual(all(STEP))
    await two(async () => (await count('FROM care_execution')) === MANY)
    expect(await state()).toEqual(all(MANY))
    // Every mail is of somebody who is noted, and nobody was skipped.
    expect(
      await count(`FROM email_message m JOIN care_execution e ON e.contact_id = m.contact_id AND e.status = 'SENT'`),
    ).toBe(MANY)
  })

  it('of reminders leaves whole steps, too: others send the rest, each once', async () => {
    const [role] = await rows<{ id: string }>(`SELECT id FROM role WHERE key = 'rep'`)
    const [early, late] = await make(
      'User',
      ['Early', 'Late'].map((name) => ({ name, roleId: idOf('Role', role?.id as string), status: 'ACTIVE' })),
    )
    await rows(
      `WITH k AS (
 INSERT INTO task (tenant_id, title, due_at, assignee_id) SELECT $1::uuid, 'Task ' || n, '2026-01-02T00:00:00Z'::timestamptz + n * interval '1 ms', CASE WHEN n <= $4 THEN $2::uuid ELSE $3::uuid END
 FROM generate_series(1, $5::int) n RETURNING id, assignee_id, due_at
) INSERT INTO reminder (tenant_id, user_id, task_id, at) SELECT $1::uuid, k.assignee_id, k.id, k.due_at FROM k`,
      tenantId,
      early,
      late,
      STEP,
      MANY,
    )
    const state = async () => ({
      sent: await count('FROM reminder WHERE sent_at IS NOT NULL'),
      told: await count(`FROM notification WHERE type = 'REMINDER' AND count = 1`),
      tasks: await count(`FROM (SELECT DISTINCT record_id FROM notification WHERE type = 'REMINDER') x`),
    })
    await killWaiting('app_user', late as string)
    expect(await state()).toEqual({ sent: STEP, told: STEP, tasks: STEP })
    await two(async () => (await count('FROM reminder WHERE sent_at IS NULL')) === 0)
    expect(await state()).toEqual({ sent: MANY, told: MANY, tasks: MANY })
  })
})
