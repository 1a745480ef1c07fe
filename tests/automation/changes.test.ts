import { expect, it } from '@jest/globals'
import { numberNow } from '../../src/events/sequence.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { followOnce } from '../../src/jobs/workflowChanges.ts'
import { followChanges } from '../../src/resolvers/automation/changes.ts'
import { nextStep } from '../../src/resolvers/automation/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { flow, openFlows, runsOf, verb, work } from '../support/automation.ts'
import { make } from '../support/factory.ts'
import { OWN, uuidIn } from '../support/owner.ts'

const all = openFlows()

const off = (id: string) => verb(all.acme, 'disableWorkflow', id)
const fail = (error: unknown) => {
  throw error
}
const viewer = () => jobViewer({ id: uuidIn(all.acme.id), timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })

const onTags = (word: string, steps: object[] = [{ key: 'wait', action: 'WAIT', minutes: 1 }]) => ({
  object: 'Tag',
  trigger: 'RECORD_CREATED',
  condition: { name: { startsWith: word } },
  steps,
})

/** Makes so many tags with one statement. */
const bulk = (word: string, count: number) =>
  all.test.app.tenancy.writeTenant({ tenantId: uuidIn(all.acme.id) }, (db) =>
    db.rows({
      text: `INSERT INTO tag (tenant_id, name) SELECT $1, $2 || n FROM generate_series(1, $3) n`,
      values: [uuidIn(all.acme.id), word, count],
    }),
  )

const countOf = async (id: string): Promise<{ runs: number; records: number }> => {
  const [row] = await all.owner.rows<{ runs: number; records: number }>(
    `SELECT count(*)::integer AS runs, count(DISTINCT record_id)::integer AS records FROM workflow_run WHERE ${OWN} AND workflow_id = $1`,
    uuidIn(id),
  )
  return row as { runs: number; records: number }
}

it('follows many changes in batches, each once, by two processes at once', async () => {
  const id = await flow(all.acme, onTags('bulk'))
  await bulk('bulk', 1700)
  const rounds: boolean[] = []
  const drain = async () => {
    do rounds.push(await followOnce(all.test.app.tenancy, fail))
    while (rounds.at(-1))
  }
  await Promise.all([drain(), drain()])
  await drain()
  expect(await countOf(id)).toEqual({ runs: 1700, records: 1700 })
  // More than one transaction was needed.
  expect(rounds.length).toBeGreaterThan(4)
  await off(id)
  await all.owner.rows(`UPDATE workflow_run SET due_at = NULL, status = 'CANCELLED' WHERE ${OWN}`)
})

it('looks again at what a process had looked at that was killed before its commit', async () => {
  const id = await flow(all.acme, onTags('kill'))
  await make(all.acme, 'Tag', { name: 'kill 1' })
  const tenantId = uuidIn(all.acme.id)
  await numberNow(all.test.app.tenancy, tenantId)
  const killed = all.test.app.tenancy.writeTenant({ tenantId }, async (db) => {
    await followChanges({ db, viewer: viewer() })
    throw new Error('killed')
  })
  await expect(killed).rejects.toThrow('killed')
  expect(await runsOf(all.acme, id)).toEqual([])
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'WAITING' }])
  await off(id)
})

it('does no step twice that a killed process had done, and loses none', async () => {
  const id = await flow(
    all.acme,
    onTags('step', [
      { key: 'make', action: 'CREATE_RECORD', object: 'Tag', values: { name: 'made by {{ run.id }}' } },
      { key: 'task', action: 'CREATE_TASK', values: { title: 'x' } },
    ]),
  )
  await make(all.acme, 'Tag', { name: 'step 1' })
  while (await followOnce(all.test.app.tenancy, fail));
  const tenantId = uuidIn(all.acme.id)
  const later = new Date(Date.now() + 1000)
  const killed = all.test.app.tenancy.writeTenant({ tenantId }, async (db) => {
    await nextStep({ db, viewer: viewer() }, later)
    throw new Error('killed')
  })
  await expect(killed).rejects.toThrow('killed')
  // Several at once do each step once.
  const step = () => all.test.app.tenancy.writeTenant({ tenantId }, (db) => nextStep({ db, viewer: viewer() }, later))
  await Promise.all([step(), step(), step()])
  await work(all, later)
  const [run] = await runsOf(all.acme, id)
  expect(run).toMatchObject({
    status: 'COMPLETED',
    steps: [
      { key: 'make', attempts: 1 },
      { key: 'task', attempts: 1 },
    ],
  })
  const made = await all.owner.rows(`SELECT id FROM tag WHERE ${OWN} AND name = $1`, `made by ${run.id}`)
  expect(made).toHaveLength(1)
  await off(id)
})

it('starts for what was written after it was enabled, and not for what was before', async () => {
  await make(all.acme, 'Tag', { name: 'past 1' })
  await numberNow(all.test.app.tenancy, uuidIn(all.acme.id))
  const id = await flow(all.acme, onTags('past'))
  const { id: after } = await make(all.acme, 'Tag', { name: 'past 2' })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ recordId: after }])
  await off(id)
})

it('tries again what failed on our side, later each time, and then gives up', async () => {
  const id = await flow(all.acme, onTags('fail', [{ key: 'task', action: 'CREATE_TASK', values: { title: 'x' } }]))
  await make(all.acme, 'Tag', { name: 'fail 1' })
  // Nobody may write tasks at this moment: not a mistake of the workflow.
  await all.owner.rows(
    `CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`,
  )
  await all.owner.rows('CREATE TRIGGER broken BEFORE INSERT ON task FOR EACH ROW EXECUTE FUNCTION broken()')
  while (await followOnce(all.test.app.tenancy, fail));
  let now = Date.now() + 10
  const seen: number[] = []
  for (const minutes of [1, 5, 30, 120]) {
    while ((await runJobsOnce(all.test.app.tenancy, { now: () => new Date(now) })) > 0);
    const [run] = await runsOf(all.acme, id)
    expect(run).toMatchObject({
      status: 'RUNNING',
      errorCode: null,
      steps: [{ status: 'FAILED', errorCode: 'INTERNAL' }],
    })
    seen.push(run.attempts)
    expect(Date.parse(run.dueAt)).toBe(now + minutes * 60_000)
    now += minutes * 60_000
  }
  expect(seen).toEqual([1, 2, 3, 4])
  while ((await runJobsOnce(all.test.app.tenancy, { now: () => new Date(now) })) > 0);
  const [failed] = await runsOf(all.acme, id)
  expect(failed).toMatchObject({ status: 'FAILED', errorCode: 'INTERNAL', attempts: 5 })
  await all.owner.rows('DROP TRIGGER broken ON task')
  await verb(all.acme, 'retryWorkflowRun', failed.id)
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED' }])
  await off(id)
})

it('goes to the next run while one waits, and is cleared away a month after its end', async () => {
  const id = await flow(all.acme, onTags('old', [{ key: 'task', action: 'CREATE_TASK', values: { title: 'x' } }]))
  await make(all.acme, 'Tag', { name: 'old 1' })
  await work(all)
  expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED' }])
  await all.owner.rows(`UPDATE job SET run_at = now() WHERE ${OWN} AND kind = 'HOUSEKEEPING'`)
  await work(all, new Date(Date.now() + 29 * 86_400_000))
  expect(await runsOf(all.acme, id)).toHaveLength(1)
  await work(all, new Date(Date.now() + 32 * 86_400_000))
  expect(await runsOf(all.acme, id)).toEqual([])
  await off(id)
})
