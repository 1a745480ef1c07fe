import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { UserErrors } from '../../src/errors.ts'
import { housekeeping } from '../../src/jobs/housekeeping.ts'
import type { JobKind, OpenJob } from '../../src/jobs/kind.ts'
import { type RunOptions, runJobsOnce, startJobs } from '../../src/jobs/runner.ts'
import { idOf } from '../../src/read/values.ts'
import { orderHousekeeping } from '../../src/resolvers/platform/housekeeping.ts'
import { enqueueJob, type JobOrder, nextDaily } from '../../src/resolvers/platform/job.ts'
import { asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let app: TestApp
let rep: Person
let manager: Person
let foreigner: Person
beforeAll(async () => {
  asking.twice = false
  app = await testApp()
  rep = await person(app, app.acme, 'rep')
  manager = await person(app, app.acme, 'admin')
  foreigner = await person(app, app.globex, 'admin')
})
afterAll(() => app?.close())

/** Steps that were done: tenant and state. */
let steps: { tenantId: string; id: string; at: unknown }[] = []
let failing: ((job: OpenJob) => void) | null = null
afterEach(async () => {
  steps = []
  failing = null
  for (const company of [app.acme, app.globex]) {
    await app.app.tenancy.writeTenant({ tenantId: uuidIn(company.id) }, (db) =>
      db.rows({ text: `UPDATE job SET status = 'CANCELLED' WHERE tenant_id = $1`, values: [uuidIn(company.id)] }),
    )
  }
})

/** Counts from one to `to`, ten at a time. */
const count: JobKind = {
  kind: 'COUNT',
  as: 'system',
  async step({ viewer }, job) {
    failing?.(job)
    const from = (job.state?.from as number | undefined) ?? 0
    const to = job.input.to as number
    const next = Math.min(from + 10, to)
    steps.push({ tenantId: viewer.tenantId, id: job.id, at: next })
    return { state: next < to ? { from: next } : null, done: next - from, total: to, figures: { COUNTED: next - from } }
  },
}
const mine: JobKind = { ...count, kind: 'MINE', as: 'starter' }
const kinds = [count, mine]

function order(company: Company, more: Partial<JobOrder> & { to?: number; userId?: string } = {}) {
  const { to = 25, userId, ...rest } = more
  return app.app.tenancy.writeTenant({ tenantId: uuidIn(company.id), userId }, (db) =>
    enqueueJob(db, uuidIn(company.id), { kind: 'COUNT', input: { to }, ...rest }),
  )
}

async function drain(options: RunOptions = {}): Promise<void> {
  while ((await runJobsOnce(app.app.tenancy, { kinds, ...options })) > 0);
}

async function jobOf(company: Company, id: string) {
  const [job] = await app.app.tenancy.readTenant({ tenantId: uuidIn(company.id) }, (db) =>
    db.rows<Record<string, unknown>>({
      text: 'SELECT status, done, total, figures, attempts, error_code, run_at, key FROM job WHERE tenant_id = $1 AND id = $2',
      values: [uuidIn(company.id), id],
    }),
  )
  return job as Record<string, unknown>
}

describe('jobs', () => {
  it('are done step by step, each where the one before stopped, and count what they do', async () => {
    const { id } = await order(app.acme)
    expect(await runJobsOnce(app.app.tenancy, { kinds })).toBe(1)
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'RUNNING', done: 10, total: 25 })
    await drain()
    expect(await jobOf(app.acme, id)).toMatchObject({
      status: 'COMPLETED',
      done: 25,
      figures: [{ name: 'COUNTED', value: 25 }],
    })
    expect(steps.map(({ at }) => at)).toEqual([10, 20, 25])
  })

  it('of one company wait for no more than a step of each other company', async () => {
    for (let n = 0; n < 30; n++) await order(app.acme, { to: 100 })
    const { id } = await order(app.globex, { to: 5 })
    await runJobsOnce(app.app.tenancy, { kinds })
    expect(await jobOf(app.globex, id)).toMatchObject({ status: 'COMPLETED' })
    expect(steps).toHaveLength(2)
  })

  it('that are short do not wait for the end of a long one of the same company', async () => {
    await order(app.acme, { to: 1000 })
    const { id } = await order(app.acme, { to: 5 })
    await runJobsOnce(app.app.tenancy, { kinds })
    await runJobsOnce(app.app.tenancy, { kinds })
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED' })
  })

  it('are done once by several runners', async () => {
    const orders = await Promise.all(Array.from({ length: 10 }, () => order(app.acme, { to: 40 })))
    await Promise.all([drain(), drain(), drain()])
    await drain()
    for (const { id } of orders) {
      expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED', done: 40 })
      expect(steps.filter((step) => step.id === id).map(({ at }) => at)).toEqual([10, 20, 30, 40])
    }
  })

  it('of others go on while another runner is at the first one, and nobody spins', async () => {
    const tenantId = uuidIn(app.acme.id)
    const held = await order(app.acme, { userId: uuidIn(manager.id) })
    const { id } = await order(app.acme, { to: 5, userId: uuidIn(rep.id) })
    await app.app.tenancy.writeTenant({ tenantId }, async (db) => {
      await db.rows({
        text: 'SELECT id FROM job WHERE tenant_id = $1 AND id = $2 FOR UPDATE',
        values: [tenantId, held.id],
      })
      expect(await runJobsOnce(app.app.tenancy, { kinds })).toBe(1)
      expect(await runJobsOnce(app.app.tenancy, { kinds })).toBe(0)
    })
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED' })
    expect(await jobOf(app.acme, held.id)).toMatchObject({ status: 'QUEUED' })
    // Each change is in the name of who ordered the job.
    const changes = await app.app.tenancy.readTenant({ tenantId }, (db) =>
      db.rows<{ user: string }>({
        text: `SELECT DISTINCT user_id AS user FROM change WHERE tenant_id = $1 AND object = 'job' AND record_id = $2`,
        values: [tenantId, id],
      }),
    )
    expect(changes).toEqual([{ user: uuidIn(rep.id) }])
  })

  it('of a company are done while a step of another takes long, and are looked for when they are ordered', async () => {
    const gate = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const done = Promise.withResolvers<void>()
    const slow: JobKind = {
      kind: 'SLOW',
      as: 'system',
      async step() {
        reached.resolve()
        await gate.promise
        return { state: null }
      },
    }
    const quick: JobKind = {
      kind: 'QUICK',
      as: 'system',
      async step() {
        done.resolve()
        return { state: null }
      },
    }
    const { id } = await order(app.acme, { kind: 'SLOW' })
    const runner = startJobs(app.app.tenancy, {
      kinds: [slow, quick],
      lanes: 2,
      delay: 1,
      everyMs: 600_000,
      onError: (error) => done.reject(error),
    })
    await reached.promise
    await order(app.globex, { kind: 'QUICK' })
    await done.promise
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'QUEUED' })
    gate.resolve()
    await runner.stop()
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED' })
  })

  it('with one key are open once', async () => {
    const first = await order(app.acme, { key: 'one' })
    expect(await order(app.acme, { key: 'one' })).toEqual({ id: first.id, created: false })
    await drain()
    expect((await order(app.acme, { key: 'one' })).created).toBe(true)
    // Another company's key is its own.
    expect((await order(app.globex, { key: 'one' })).created).toBe(true)
  })

  it('are tried again after a failure, later each time, and fail after six', async () => {
    const { id } = await order(app.acme)
    failing = () => {
      throw new Error('broken')
    }
    let now = Date.now()
    const seen: unknown[] = []
    const options = { kinds, now: () => new Date(now), onError: (error: unknown) => void seen.push(error) }
    for (let n = 1; n <= 6; n++) {
      await runJobsOnce(app.app.tenancy, options)
      expect(await runJobsOnce(app.app.tenancy, options)).toBe(0)
      now += 1000 * 2 ** n
    }
    expect(seen).toHaveLength(6)
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'FAILED', error_code: 'INTERNAL', attempts: 6 })
  })

  it('go on after a failure that passes', async () => {
    const { id } = await order(app.acme)
    let failed = false
    failing = ({ state }) => {
      if (!state || failed) return
      failed = true
      throw new Error('once')
    }
    let now = Date.now()
    const options = { kinds, now: () => new Date(now), onError: () => {} }
    await drain(options)
    now += 10_000
    await drain(options)
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED', done: 25, attempts: 0 })
  })

  it('whose input is to blame fail at once with the code', async () => {
    const { id } = await order(app.acme)
    failing = () => {
      throw new UserErrors([{ code: 'NOT_FOUND', message: 'gone', field: null }])
    }
    await drain()
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'FAILED', error_code: 'NOT_FOUND', attempts: 1 })
  })

  it('of a kind that this process does not know wait for one that does, and hold up no other', async () => {
    const unknown = await order(app.acme, { kind: 'NEWER' })
    const known = await order(app.acme, { to: 5 })
    await drain()
    expect(await jobOf(app.acme, unknown.id)).toMatchObject({ status: 'QUEUED', attempts: 0 })
    expect(await jobOf(app.acme, known.id)).toMatchObject({ status: 'COMPLETED' })
    await drain({ kinds: [...kinds, { ...count, kind: 'NEWER' }] })
    expect(await jobOf(app.acme, unknown.id)).toMatchObject({ status: 'COMPLETED', done: 25 })
  })

  it('whose next step is to wait are left alone until then', async () => {
    const later = new Date(Date.now() + 60_000)
    const patient: JobKind = {
      kind: 'PATIENT',
      as: 'system',
      step: async (_context, { state }) => (state ? { state: null } : { state: {}, notBefore: later }),
    }
    const { id } = await order(app.acme, { kind: 'PATIENT' })
    await drain({ kinds: [patient] })
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'RUNNING', run_at: later })
    await drain({ kinds: [patient], now: () => later })
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED' })
  })

  it('of a starter who has left fail', async () => {
    const starter = await order(app.acme, { kind: 'MINE', userId: uuidIn(rep.id) })
    const nobody = await order(app.acme, { kind: 'MINE' })
    await drain()
    expect(await jobOf(app.acme, starter.id)).toMatchObject({ status: 'COMPLETED' })
    expect(await jobOf(app.acme, nobody.id)).toMatchObject({ status: 'FAILED', error_code: 'USER_INACTIVE' })
  })

  it('that are daily come back the next day at their time in the company’s zone', async () => {
    const { id } = await order(app.acme, { key: 'daily', dailyAt: '02:30' })
    await drain()
    expect(await jobOf(app.acme, id)).toMatchObject({ status: 'COMPLETED' })
    const again = await order(app.acme, { key: 'daily', dailyAt: '02:30' })
    expect(again.created).toBe(false)
    const at = (await jobOf(app.acme, again.id)).run_at as Date
    expect(at.getTime()).toBeGreaterThan(Date.now())
    expect(at.getTime()).toBeLessThanOrEqual(Date.now() + 25 * 3600_000)
  })

  it('are stopped by cancelJob, by who started them, and only while they are open', async () => {
    const { id } = await order(app.acme, { userId: uuidIn(rep.id), to: 1000 })
    await runJobsOnce(app.app.tenancy, { kinds })
    const { job: own } = await rep.run(
      'query($id: ID!) { job(id: $id) { id kind status done figures { name value } } }',
      {
        id: idOf('Job', id),
      },
    )
    expect(own).toMatchObject({ kind: 'COUNT', status: 'RUNNING', done: 10, figures: [{ name: 'COUNTED', value: 10 }] })
    const cancel = async (who: Person) =>
      (
        await who.run('mutation ($id: ID!) { cancelJob(id: $id) { job { status } userErrors { code } } }', {
          id: own.id,
        })
      ).cancelJob
    expect(await cancel(foreigner)).toEqual({ job: null, userErrors: [{ code: 'NOT_FOUND' }] })
    expect(await cancel(rep)).toEqual({ job: { status: 'CANCELLED' }, userErrors: [] })
    expect((await cancel(manager)).userErrors[0].code).toBe('INVALID_STATE')
    expect(await runJobsOnce(app.app.tenancy, { kinds })).toBe(0)
  })
})

describe('housekeeping', () => {
  it('is ordered for every company, and takes away old answers, jobs, notifications and done to-dos, and nothing else', async () => {
    const tenantId = uuidIn(app.globex.id)
    const write = (text: string) =>
      app.app.tenancy.writeTenant({ tenantId }, (db) => db.rows<{ n: number }>({ text, values: [] }))
    await write("UPDATE job SET status = 'CANCELLED', completed_at = NULL")
    await write(
      "INSERT INTO job (kind, status, completed_at) SELECT 'COUNT', 'COMPLETED', now() - n * interval '1 day' FROM unnest(ARRAY[85, 91, 200]) n",
    )
    await write(
      "INSERT INTO idempotency_record (principal, key, request_hash, response, expires_at) SELECT 'p', n::text, '\\x00', '{}', now() + n * interval '1 hour' FROM unnest(ARRAY[-1, 1]) n",
    )
    await write(
      `INSERT INTO notification (user_id, type, title, told_at, read_at) SELECT (SELECT id FROM app_user WHERE tenant_id = atrium.tenant_id() LIMIT 1), 'TEST', title, now() - told, now() - read
 FROM (VALUES ('read', interval '80 days', interval '1 day'), ('read long ago', '91 days', '1 day'), ('unread', '300 days', NULL), ('never read', '366 days', NULL)) AS x(title, told, read)`,
    )
    await write(
      `INSERT INTO todo_item (kind, user_id, object_type, record_id, source_id, show_at, done_at) SELECT 'TASK_DUE', (SELECT id FROM app_user WHERE tenant_id = atrium.tenant_id() LIMIT 1), 'Task', atrium.uuid7(), atrium.uuid7(), now(), now() - done
 FROM unnest(ARRAY['85 days', '91 days', NULL]::interval[]) done`,
    )
    const made = await app.app.tenancy.writeTenant({ tenantId }, (db) => orderHousekeeping(db, tenantId))
    expect(made).toBeUndefined()
    const now = new Date(Date.now() + 25 * 3600_000)
    while (
      (await runJobsOnce(app.app.tenancy, {
        now: () => new Date(now.getTime() - 23.5 * 3600_000),
        kinds: [housekeeping],
      })) > 0
    );
    expect(await write("SELECT count(*)::int AS n FROM job WHERE kind = 'COUNT' AND status = 'COMPLETED'")).toEqual([
      { n: 3 },
    ])
    while ((await runJobsOnce(app.app.tenancy, { now: () => now, kinds: [housekeeping] })) > 0);
    expect(
      await write(
        "SELECT count(*)::int AS n FROM job WHERE kind = 'COUNT' AND completed_at > now() - interval '90 days'",
      ),
    ).toEqual([{ n: 1 }])
    expect(await write("SELECT count(*)::int AS n FROM job WHERE completed_at < now() - interval '90 days'")).toEqual([
      { n: 0 },
    ])
    expect(await write('SELECT count(*)::int AS n FROM idempotency_record')).toEqual([{ n: 0 }])
    expect(await write("SELECT title FROM notification WHERE type = 'TEST' ORDER BY title")).toEqual([
      { title: 'read' },
      { title: 'unread' },
    ])
    expect(
      await write("SELECT count(*)::int AS n, count(done_at)::int AS done FROM todo_item WHERE object_type = 'Task'"),
    ).toEqual([{ n: 2, done: 1 }])
    expect(await write("SELECT count(*)::int AS n FROM job WHERE kind = 'HOUSEKEEPING' AND status = 'QUEUED'")).toEqual(
      [{ n: 1 }],
    )
  })
})

describe('the next time of a day', () => {
  it('is today or tomorrow, across changes of the clocks', () => {
    const next = (at: string, zone: string, from: string) => nextDaily(at, zone, new Date(from)).toISOString()
    expect(next('02:00', 'Asia/Shanghai', '2026-11-22T10:00:00Z')).toBe('2026-11-22T18:00:00.000Z')
    expect(next('19:00', 'Asia/Shanghai', '2026-11-22T10:00:00Z')).toBe('2026-11-22T11:00:00.000Z')
    expect(next('02:00', 'America/New_York', '2026-11-01T12:00:00Z')).toBe('2026-11-02T07:00:00.000Z')
    // 02:30 does not exist on the 8th of March there.
    expect(next('02:30', 'America/New_York', '2026-03-08T00:00:00Z')).toBe('2026-03-08T07:30:00.000Z')
  })
})
