import { describe, expect, it } from '@jest/globals'
import { datesReached, nextTick } from '../../src/resolvers/automation/ticks.ts'
import type { Any, Company } from '../support/app.ts'
import { codes, flow, openFlows, runsOf, verb, work } from '../support/automation.ts'
import { make } from '../support/factory.ts'
import { person } from '../support/people.ts'

const all = openFlows()

const STEP = { key: 'set', action: 'UPDATE_RECORD', values: { description: 'seen' } }
const off = (id: string) => verb(all.acme, 'disableWorkflow', id)

const start = async (by: Pick<Company, 'run'>, id: string, recordIds: string[]): Promise<Any> =>
  (
    await by.run<Any>(
      'mutation($id: ID!, $recordIds: [ID!]!) { runWorkflow(id: $id, recordIds: $recordIds) { started userErrors { code field } } }',
      { id, recordIds },
    )
  ).runWorkflow

describe('by hand', () => {
  it('a workflow starts for the records that meet its condition, each time it is said', async () => {
    const id = await flow(all.acme, {
      object: 'Lead',
      trigger: 'MANUAL',
      condition: { rating: { eq: 'HOT' } },
      steps: [STEP],
    })
    const { id: hot } = await make(all.acme, 'Lead', { rating: 'HOT' })
    const { id: cold } = await make(all.acme, 'Lead', { rating: 'COLD' })
    expect(await start(all.acme, id, [hot, cold])).toEqual({ started: 1, userErrors: [] })
    expect(await start(all.acme, id, [hot])).toEqual({ started: 1, userErrors: [] })
    expect(await start(all.acme, id, [])).toEqual({ started: 0, userErrors: [] })
    await work(all)
    expect((await runsOf(all.acme, id)).map(({ status, recordId }) => [status, recordId])).toEqual([
      ['COMPLETED', hot],
      ['COMPLETED', hot],
    ])
    await off(id)
    expect(codes(await start(all.acme, id, [hot]))).toEqual(['INVALID_STATE id'])
  })

  it('nothing starts for records that the caller does not see or change, or for a workflow of another company', async () => {
    const id = await flow(all.acme, { object: 'Lead', trigger: 'MANUAL', steps: [STEP] })
    const { id: lead } = await make(all.acme, 'Lead', { ownerId: all.acme.adminUserId })
    const { id: foreign } = await make(all.globex, 'Lead')
    expect(codes(await start(all.acme, id, [lead, foreign]))).toEqual(['NOT_FOUND recordIds.1'])
    expect(codes(await start(all.globex, id, [foreign]))).toEqual(['NOT_FOUND id'])
    expect(
      codes(
        await start(
          all.acme,
          id,
          Array.from({ length: 201 }, () => lead),
        ),
      ),
    ).toEqual(['BULK_TOO_LARGE recordIds'])
    // Who sees workflows and owns no such lead.
    const role = await make(all.acme, 'Role', {}, 'id key')
    const row = Object.fromEntries(
      [
        'Delete',
        'Restore',
        'Destroy',
        'Export',
        'Import',
        'Transfer',
        'Merge',
        'Approve',
        'Convert',
        'Reopen',
        'Create',
      ].map((one) => [`can${one}`, false]),
    )
    for (const object of ['Workflow', 'Lead'])
      await make(all.acme, 'ObjectPermission', {
        ...row,
        roleId: role.id,
        object,
        canRead: true,
        canUpdate: true,
        readScope: 'OWN',
        writeScope: 'OWN',
        allowList: false,
      })
    const rep = await person(all.test, all.acme, role.key)
    expect(codes(await start(rep, id, [lead]))).toEqual(['NOT_FOUND recordIds.0'])
    const { id: own } = await make(all.acme, 'Lead', { ownerId: rep.id })
    expect(await start(rep, id, [own])).toEqual({ started: 1, userErrors: [] })
    await off(id)
  })
})

describe('by the clock', () => {
  it('a schedule starts once, and once more at its next time', async () => {
    const id = await flow(all.acme, {
      trigger: 'SCHEDULE',
      cron: '0 9 * * *',
      steps: [{ key: 'tag', action: 'CREATE_RECORD', object: 'Tag', values: { name: 'tick {{ run.id }}' } }],
    })
    await work(all)
    expect(await runsOf(all.acme, id)).toEqual([])
    const day = 86_400_000
    await work(all, new Date(Date.now() + day))
    expect(await runsOf(all.acme, id)).toMatchObject([{ status: 'COMPLETED', recordId: null }])
    await work(all, new Date(Date.now() + day))
    expect(await runsOf(all.acme, id)).toHaveLength(1)
    // Three days without anybody there are made up for once.
    await work(all, new Date(Date.now() + 4 * day))
    expect(await runsOf(all.acme, id)).toHaveLength(2)
    await off(id)
    await work(all, new Date(Date.now() + 6 * day))
    expect(await runsOf(all.acme, id)).toHaveLength(2)
  })

  it('a schedule with a condition starts for each record that meets it', async () => {
    const id = await flow(all.acme, {
      object: 'Lead',
      trigger: 'SCHEDULE',
      cron: '0 9 * * *',
      condition: { companyName: { startsWith: 'tick' } },
      steps: [STEP],
    })
    const leads = []
    for (const n of [1, 2, 3]) leads.push((await make(all.acme, 'Lead', { companyName: `tick ${n}` })).id)
    await work(all, new Date(Date.now() + 86_400_000))
    expect((await runsOf(all.acme, id)).map(({ recordId }) => recordId).sort()).toEqual(leads.sort())
    await off(id)
  })

  it('a date starts for the records that reach it, once', async () => {
    const id = await flow(all.acme, {
      object: 'Opportunity',
      trigger: 'DATE_REACHED',
      dateField: 'closeDate',
      offsetDays: -1,
      timeOfDay: '08:00',
      steps: [{ key: 'set', action: 'UPDATE_RECORD', values: { nextStep: 'close it' } }],
    })
    const date = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
    const { id: soon } = await make(all.acme, 'Opportunity', { closeDate: date(3) })
    await make(all.acme, 'Opportunity', { closeDate: date(20) })
    await make(all.acme, 'Opportunity', { closeDate: date(-3) })
    const until = new Date(Date.now() + 4 * 86_400_000)
    await work(all, until)
    expect(await runsOf(all.acme, id)).toMatchObject([{ recordId: soon, status: 'COMPLETED' }])
    await work(all, new Date(until.getTime() + 86_400_000))
    expect(await runsOf(all.acme, id)).toHaveLength(1)
    await off(id)
  })

  it('a date with a time starts when it is reached', async () => {
    const id = await flow(all.acme, {
      object: 'Task',
      trigger: 'DATE_REACHED',
      dateField: 'dueAt',
      offsetMinutes: 30,
      steps: [{ key: 'set', action: 'UPDATE_RECORD', values: { priority: 'URGENT' } }],
    })
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
    const { id: task } = await make(all.acme, 'Task', { dueAt: at(10) })
    await make(all.acme, 'Task', { dueAt: at(60) })
    await work(all, new Date(Date.now() + 30 * 60_000))
    expect(await runsOf(all.acme, id)).toEqual([])
    await work(all, new Date(Date.now() + 50 * 60_000))
    expect(await runsOf(all.acme, id)).toMatchObject([{ recordId: task }])
    await off(id)
  })

  it('is read in the company’s time zone, across changes of the clocks', () => {
    const definition = { trigger: 'SCHEDULE', cron: '30 2 * * *' } as never
    const next = (zone: string, from: string) => nextTick(definition, zone, new Date(from))?.toISOString()
    expect(next('Asia/Shanghai', '2026-11-22T10:00:00Z')).toBe('2026-11-22T18:30:00.000Z')
    expect(next('America/New_York', '2026-11-01T12:00:00Z')).toBe('2026-11-02T07:30:00.000Z')
    const dates = (since: string, until: string) =>
      datesReached({ offsetDays: -2, timeOfDay: '09:00' }, 'Asia/Shanghai', new Date(since), new Date(until))
    // 09:00 there is 01:00 UTC.
    expect(dates('2026-11-22T00:59:00Z', '2026-11-22T01:00:00Z')).toEqual(['2026-11-24'])
    expect(dates('2026-11-22T01:00:00Z', '2026-11-22T23:00:00Z')).toEqual([])
    expect(dates('2026-11-20T00:00:00Z', '2026-11-22T02:00:00Z')).toEqual(['2026-11-22', '2026-11-23', '2026-11-24'])
  })
})
