import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { mailsTo } from '../support/mails.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let owner: Owner
let rep: Person
let manager: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  rep = await person(test, acme, 'rep')
  manager = await person(test, acme, 'manager')
  await make(acme, 'Account', { name: '=1+1', industry: 'mine', ownerId: rep.id })
  await make(acme, 'Account', { name: 'B', industry: 'theirs', ownerId: manager.id })
})
afterAll(async () => {
  await owner?.close()
  await test.close()
})

const report = () =>
  make(acme, 'Report', {
    name: 'Companies',
    object: 'Account',
    measures: [{ function: 'COUNT', label: 'Companies' }],
    dimensions: [{ field: 'name', label: 'Name' }],
    rowLimit: undefined,
    visibility: 'PRIVATE',
  })
const schedule = async (input: Any) =>
  (
    await make(acme, 'ReportSchedule', {
      reportId: (await report()).id,
      cron: '0 8 * * *',
      active: true,
      parameters: undefined,
      ...input,
    })
  ).id as string
const refused = async (input: Any) => {
  const { createReportSchedule } = await acme.run<Any>(
    'mutation($input: CreateReportScheduleInput!) { createReportSchedule(input: $input) { userErrors { code field } } }',
    { input: { name: 'S', cron: '0 8 * * *', recipientIds: [rep.id], ...input } },
  )
  return createReportSchedule.userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
}
const state = async (id: string) =>
  (await acme.run<Any>('query($id: ID!) { reportSchedule(id: $id) { active nextRunAt lastRunAt lastError } }', { id }))
    .reportSchedule
/** Works off what is due at a moment. */
const until = async (now: Date) => {
  while ((await runJobsOnce(test.app.tenancy, { now: () => now })) > 0);
}
const mails = async (who: Person) => (await mailsTo(owner, who.email)).filter(({ kind }) => kind === 'REPORT')
const ticketOf = (text: string) => /ticket=(\S+)/.exec(text)?.[1] as string
const open = async (ticket: string) => acme.send({ method: 'GET', url: `/report-files?ticket=${ticket}` })
const days = (from: string, n: number) => new Date(Date.parse(from) + n * 86_400_000)

describe('a schedule', () => {
  it('sends each what they themselves may see, once for each time', async () => {
    const id = await schedule({ recipientIds: [rep.id, manager.id], format: 'HTML' })
    const { nextRunAt } = await state(id)
    await until(new Date(Date.parse(nextRunAt) - 1000))
    expect(await mails(rep)).toEqual([])
    await until(new Date(nextRunAt))
    const [mine] = await mails(rep)
    const [theirs] = await mails(manager)
    expect(await mails(rep)).toHaveLength(1)
    const file = async (mail: Any) => String((await open(ticketOf(mail.text))).bytes)
    expect(await file(mine)).toContain('<td>=1+1</td>')
    expect(await file(mine)).not.toContain('<td>B</td>')
    expect(await file(theirs)).toContain('<td>B</td>')
    expect(await file(theirs)).not.toContain('=1+1')
    const after = await state(id)
    expect([after.active, after.lastError, after.nextRunAt > nextRunAt]).toEqual([true, null, true])
    // The same moment again: nothing is left to do.
    await until(new Date(nextRunAt))
    expect(await mails(rep)).toHaveLength(1)
  })

  it('sends what was missed once', async () => {
    const id = await schedule({ recipientIds: [rep.id], format: 'HTML' })
    const before = (await mails(rep)).length
    const { nextRunAt } = await state(id)
    await owner.rows(
      'UPDATE report_schedule SET active = false WHERE tenant_id = $1 AND id <> $2',
      owner.tenantId,
      uuidIn(id),
    )
    await until(days(nextRunAt, 5))
    expect(await mails(rep)).toHaveLength(before + 1)
    const after = await state(id)
    expect(Date.parse(after.nextRunAt)).toBeGreaterThan(days(nextRunAt, 5).getTime())
  })

  it('is worked off by several processes at once as by one', async () => {
    const id = await schedule({ recipientIds: [rep.id], format: 'HTML' })
    const before = (await mails(rep)).length
    const { nextRunAt } = await state(id)
    await owner.rows(
      'UPDATE report_schedule SET active = false WHERE tenant_id = $1 AND id <> $2',
      owner.tenantId,
      uuidIn(id),
    )
    await Promise.all(Array.from({ length: 4 }, () => until(new Date(nextRunAt))))
    expect(await mails(rep)).toHaveLength(before + 1)
  })

  it('gives files away with the right to export alone, formulas behind an apostrophe', async () => {
    const id = await schedule({ recipientIds: [rep.id, acme.adminUserId], format: 'CSV' })
    await until(new Date((await state(id)).nextRunAt))
    expect((await state(id)).lastError).toBe('FORBIDDEN')
    const rows = await owner.rows<{ content: string; user: string }>(
      'SELECT content, user_id AS "user" FROM report_delivery WHERE tenant_id = $1 AND schedule_id = $2',
      owner.tenantId,
      uuidIn(id),
    )
    expect(rows).toEqual([{ content: "Name,Companies\r\n'=1+1,1\r\nB,1\r\n", user: uuidIn(acme.adminUserId) }])
  })

  it('opens a file by its link alone, until it expires or its user leaves', async () => {
    const [{ text } = { text: '' }] = await mails(rep)
    const ticket = ticketOf(text)
    expect((await open(ticket)).status).toBe(200)
    expect((await open(`${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`)).status).toBe(404)
    // Another company's number in front of it opens nothing.
    expect((await open(`${uuidIn(test.globex.id).replaceAll('-', '')}${ticket.slice(32)}`)).status).toBe(404)
    expect((await open('')).status).toBe(404)
    await owner.rows(
      `UPDATE report_delivery SET expires_at = now() - interval '1 second' WHERE tenant_id = $1`,
      owner.tenantId,
    )
    expect((await open(ticket)).status).toBe(404)
  })

  it('switches itself off when nobody is left, or the report is gone', async () => {
    const gone = await person(test, acme, 'rep')
    const alone = await schedule({ recipientIds: [gone.id] })
    const { id: reportId } = await report()
    const without = await schedule({ reportId })
    await owner.rows(
      `UPDATE app_user SET status = 'LEFT' WHERE tenant_id = $1 AND id = $2`,
      owner.tenantId,
      uuidIn(gone.id),
    )
    await acme.run('mutation($id: ID!) { deleteReport(id: $id) { userErrors { code } } }', { id: reportId })
    await until(new Date((await state(alone)).nextRunAt))
    const off = async (id: string) => {
      const { active, nextRunAt, lastError } = await state(id)
      return [active, nextRunAt, lastError]
    }
    expect(await off(alone)).toEqual([false, null, 'NO_RECIPIENTS'])
    expect(await off(without)).toEqual([false, null, 'REPORT_GONE'])
  })

  it('is refused without a time, a report or recipients', async () => {
    const { id } = await report()
    expect(await refused({ reportId: id })).toEqual([])
    expect(await refused({})).toEqual(['VALIDATION_FAILED input.reportId'])
    expect(await refused({ reportId: id, standard: 'standard:sales.won_by_month' })).toEqual([
      'VALIDATION_FAILED input.reportId',
    ])
    expect(await refused({ standard: 'standard:nothing' })).toEqual(['VALIDATION_FAILED input.standard'])
    for (const cron of ['soon', '* * * * *', '0 8 31 2 *', '0 0 8 * * *'])
      expect([cron, await refused({ reportId: id, cron })]).toEqual([cron, ['VALIDATION_FAILED input.cron']])
    expect(await refused({ reportId: id, recipientIds: [] })).toEqual(['VALIDATION_FAILED input.recipientIds'])
    expect(await refused({ reportId: id, recipientIds: [test.globex.adminUserId] })).toEqual([
      'REFERENCE_NOT_FOUND input.recipientIds.0',
    ])
    const theirs = (await make(test.globex, 'Report', {})).id
    expect(await refused({ reportId: theirs })).toEqual(['NOT_FOUND input.reportId'])
  })
})

describe('GET /reports/<id>.csv', () => {
  it('gives a report to whoever may export its type, and leaves a trace', async () => {
    const { id } = await report()
    const answer = await acme.send({ method: 'GET', url: `/reports/${id}.csv?purpose=audit` })
    expect([answer.status, String(answer.bytes)]).toEqual([200, "Name,Companies\r\n'=1+1,1\r\nB,1\r\n"])
    const [trace] = await owner.rows<{ after: Any }>(
      `SELECT after FROM change WHERE tenant_id = $1 AND object = 'export' AND operation = 'created' ORDER BY id DESC LIMIT 1`,
      owner.tenantId,
    )
    expect([trace?.after.object, trace?.after.purpose, trace?.after.where.report]).toEqual(['Account', 'audit', id])
    await acme.run(
      'mutation($id: ID!) { updateReport(id: $id, input: { visibility: PUBLIC }) { userErrors { code } } }',
      { id },
    )
    expect((await rep.send({ method: 'GET', url: `/reports/${id}.csv` })).status).toBe(403)
    expect((await rep.send({ method: 'GET', url: `/reports/${id}.html` })).status).toBe(200)
    expect((await test.globex.send({ method: 'GET', url: `/reports/${id}.csv` })).status).toBe(404)
    expect((await acme.send({ method: 'GET', url: `/reports/${id}.csv?parameters={` })).status).toBe(400)
  })
})
