import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'
import { person } from '../support/people.ts'

let test: TestApp
let owner: Owner
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const PICK = 'planTolerance allowOverpayment contractReminderDays receiptNeedsApproval'
const update = async (input: Record<string, unknown>): Promise<Any> =>
  (
    await test.acme.run<Any>(
      `mutation($input: UpdateRevenueSettingsInput!) { updateRevenueSettings(input: $input) { revenueSettings { ${PICK} } userErrors { code field } } }`,
      { input },
    )
  ).updateRevenueSettings
const changes = async () =>
  (
    await owner.rows<{ after: Any }>(
      `SELECT after FROM change WHERE ${OWN} AND object = 'tenant' AND after::text LIKE '%revenue_%' ORDER BY id`,
    )
  ).map(({ after }) => after)

describe('how a company works with money', () => {
  it('is strict until it says otherwise; a change stands in the changes, none does not', async () => {
    const { revenueSettings } = await test.acme.run<Any>(`{ revenueSettings { ${PICK} } }`)
    expect(revenueSettings).toEqual({
      planTolerance: '0.00',
      allowOverpayment: false,
      contractReminderDays: 30,
      receiptNeedsApproval: false,
    })
    const done = await update({ planTolerance: '2.50', allowOverpayment: true })
    expect(done).toEqual({
      revenueSettings: {
        planTolerance: '2.50',
        allowOverpayment: true,
        contractReminderDays: 30,
        receiptNeedsApproval: false,
      },
      userErrors: [],
    })
    expect(await update({ planTolerance: '2.5' })).toEqual(done)
    expect(await update({})).toEqual(done)
    expect(await changes()).toEqual([{ revenue_plan_tolerance: '2.50', revenue_allow_overpayment: true }])
    expect((await test.globex.run<Any>(`{ revenueSettings { ${PICK} } }`)).revenueSettings).toEqual(revenueSettings)
  })

  it('is within bounds', async () => {
    for (const [input, path] of [
      [{ planTolerance: '100.01' }, 'planTolerance'],
      [{ planTolerance: '-1' }, 'planTolerance'],
      [{ planTolerance: '1.234' }, 'planTolerance'],
      [{ contractReminderDays: -1 }, 'contractReminderDays'],
      [{ contractReminderDays: 366 }, 'contractReminderDays'],
      [{ allowOverpayment: null }, 'allowOverpayment'],
    ] as const)
      expect(await update(input)).toEqual({
        revenueSettings: null,
        userErrors: [{ code: 'VALIDATION_FAILED', field: ['input', path] }],
      })
  })

  it('is for who runs the company to say', async () => {
    const rep = await person(test, test.acme, 'rep')
    const answer = await rep.ask('mutation { updateRevenueSettings(input: {}) { userErrors { code } } }')
    expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})
