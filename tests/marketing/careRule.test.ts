import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCareRule } from '../../src/resolvers/marketing/care/run.ts'
import { ref } from '../support/writes.ts'
import { type Cared, openCare } from './care.ts'

let acme: Cared
let template: { templateId: string }
beforeAll(async () => {
  acme = await openCare()
  template = { templateId: ref('EmailTemplate', acme.templateId) }
}, 300_000)
afterAll(() => acme?.close())

const jobs = (rule: string) =>
  acme.rows<{ status: string; kind: string; daily: string }>(
    `SELECT status, kind, daily_at AS daily FROM job WHERE tenant_id = $1 AND key = 'care:' || $2 AND status IN ('QUEUED', 'RUNNING')`,
    rule,
  )

describe('a care rule is refused', () => {
  const cases: [string, object, string[]][] = [
    ['that mails nothing', { trigger: 'BIRTHDAY', channel: 'EMAIL' }, ['VALIDATION_FAILED templateId']],
    ['of a silence without days', { trigger: 'NO_CONTACT_DAYS', channel: 'TASK' }, ['VALIDATION_FAILED days']],
    ['of a contract without days', { trigger: 'CONTRACT_EXPIRING', channel: 'TASK' }, ['VALIDATION_FAILED days']],
    ['of no amount', { trigger: 'HIGH_VALUE', channel: 'TASK' }, ['VALIDATION_FAILED amount']],
    [
      'at no time',
      { trigger: 'BIRTHDAY', channel: 'TASK', sendAtLocalTime: '24:00' },
      ['VALIDATION_FAILED sendAtLocalTime'],
    ],
    [
      'in its quiet hours',
      { trigger: 'BIRTHDAY', channel: 'TASK', sendAtLocalTime: '22:00' },
      ['VALIDATION_FAILED sendAtLocalTime'],
    ],
    [
      'with half of the quiet hours',
      { trigger: 'BIRTHDAY', channel: 'TASK', quietFrom: '21:00', quietTo: null },
      ['VALIDATION_FAILED quietTo'],
    ],
    [
      'with a filter of another type',
      { trigger: 'ANNIVERSARY', channel: 'TASK', filter: { birthday: { eq: 'x' } } },
      ['VALIDATION_FAILED filter'],
    ],
    [
      'with a filter that is none',
      { trigger: 'BIRTHDAY', channel: 'TASK', filter: { lastName: { eq: 7 } } },
      ['VALIDATION_FAILED filter.lastName.eq'],
    ],
    [
      'with a template that there is not',
      { trigger: 'BIRTHDAY', channel: 'EMAIL', templateId: 'etpl_01j0000000000000000000000z' },
      ['NOT_FOUND templateId'],
    ],
  ]
  it.each(cases)('%s', async (what, input, errors) => {
    expect(await acme.refused('CareRule', { name: what, ...input })).toEqual(errors)
  })

  it('of a name that there is', async () => {
    await acme.rule({ trigger: 'BIRTHDAY', name: 'Twice' })
    expect(await acme.refused('CareRule', { name: 'Twice', trigger: 'BIRTHDAY', ...template })).toEqual([
      'UNIQUE_VIOLATION name',
    ])
  })

  it('when a change takes away what it needs', async () => {
    const rule = await acme.rule({ trigger: 'NO_CONTACT_DAYS', days: 3 })
    expect(await acme.updateRefused('CareRule', rule, { days: null })).toEqual(['VALIDATION_FAILED days'])
    expect(await acme.updateRefused('CareRule', rule, { templateId: null })).toEqual(['VALIDATION_FAILED templateId'])
    expect(await acme.updateRefused('CareRule', rule, { quietFrom: '08:30', quietTo: '09:30' })).toEqual([
      'VALIDATION_FAILED sendAtLocalTime',
    ])
    await acme.update('CareRule', rule, { channel: 'TASK', templateId: null })
  })
})

it('keeps its template from the recycle bin', async () => {
  const [id] = await acme.create('EmailTemplate', { name: 'Kept', subject: 'x', html: 'x' })
  await acme.rule({ trigger: 'BIRTHDAY', templateId: ref('EmailTemplate', id as string) })
  expect(await acme.removeRefused('EmailTemplate', id as string)).toEqual(['REFERENCE_IN_USE id'])
})

it('has a job while it is at work, of which there is one', async () => {
  const rule = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '10:00' })
  expect(await jobs(rule)).toEqual([{ status: 'QUEUED', kind: 'CARE_RULE', daily: '10:00' }])
  await acme.update('CareRule', rule, { sendAtLocalTime: '11:00' })
  expect(await jobs(rule)).toEqual([{ status: 'QUEUED', kind: 'CARE_RULE', daily: '11:00' }])
  await acme.update('CareRule', rule, { active: false })
  expect(await jobs(rule)).toEqual([])
  expect(await acme.write((context) => runCareRule(context, rule, new Date()))).toBeNull()
  await acme.update('CareRule', rule, { active: true })
  expect(await jobs(rule)).toHaveLength(1)
  await acme.remove('CareRule', rule)
  expect(await jobs(rule)).toEqual([])
  await acme.restore('CareRule', rule)
  expect(await jobs(rule)).toHaveLength(1)
})

it('finds nobody by a filter that the API does not know any more', async () => {
  const rule = await acme.rule({ trigger: 'BIRTHDAY', filter: { title: { eq: 'x' } } })
  await acme.contact({ birthday: '1980-05-17', title: 'x' })
  await acme.write(({ db, viewer }) =>
    db.rows({
      text: `UPDATE care_rule SET filter = '{"gone": {"eq": 1}}' WHERE tenant_id = $1 AND id = $2`,
      values: [viewer.tenantId, rule],
    }),
  )
  expect(await acme.run(rule, '2027-05-17T02:00:00Z')).toMatchObject({ sent: 0, skipped: 0 })
})
