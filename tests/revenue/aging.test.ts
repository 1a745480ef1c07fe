import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { subjectOf } from '../../src/resolvers/approval/registry.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { day } from './money.ts'

jest.setTimeout(300_000)

let test: TestApp
let acme: Company
let owner: Owner
let ann: Person
let ben: Person
const accounts: Record<string, string> = {}

/** A contract in force since long ago of somebody, with plans of these amounts and days. */
async function contract(
  company: Company,
  who: string,
  accountId: string,
  plans: [amount: string, dueDate: string][],
  currency = 'USD',
): Promise<{ id: string; plans: string[] }> {
  const { id } = await make(company, 'Contract', {
    ownerId: who,
    accountId,
    currency: undefined,
    amount: { amount: '10000', currency },
    startDate: '2025-01-01',
    endDate: '2030-01-01',
  })
  const tenantId = uuidIn(company.id)
  const viewer = jobViewer({ id: tenantId, timezone: 'Asia/Shanghai', baseCurrency: 'USD', defaultCountry: 'CN' })
  await company.tenancy.writeTenant({ tenantId }, async (db) => {
    for (const turn of ['submitted', 'approved'] as const)
      await subjectOf('Contract')?.[turn]?.({ db, viewer }, uuidIn(id))
    await db.rows({
      text: `UPDATE contract SET approved_at = now() - interval '400 days' WHERE tenant_id = $1 AND id = $2`,
      values: [tenantId, uuidIn(id)],
    })
  })
  const ids: string[] = []
  for (const [amount, dueDate] of plans) {
    const { createReceiptPlan } = await company.run<Any>(
      'mutation($input: CreateReceiptPlanInput!) { createReceiptPlan(input: $input) { receiptPlan { id } userErrors { code } } }',
      { input: { contractId: id, amount: { amount }, dueDate } },
    )
    expect(createReceiptPlan.userErrors).toEqual([])
    ids.push(createReceiptPlan.receiptPlan.id)
  }
  return { id, plans: ids }
}

const receive = async (contractId: string, planId: string, amount: string, receivedOn: string): Promise<string> => {
  const { recordReceipt } = await acme.run<Any>(
    'mutation($input: RecordReceiptInput!) { recordReceipt(input: $input) { receipt { id } userErrors { code field } } }',
    { input: { contractId, planId, amount: { amount }, receivedOn, confirm: true } },
  )
  expect(recordReceipt.userErrors).toEqual([])
  return recordReceipt.receipt.id
}

const BUCKETS =
  'notDue { amount currency } days1To30 { amount } days31To60 { amount } days61To90 { amount } over90 { amount } total { amount }'
const aging = async (by: Pick<Company, 'run'>, args = ''): Promise<Any> =>
  (
    await by.run<Any>(
      `{ receivablesAging${args} { asOf groupCount base { ${BUCKETS} } currencies { currency aging { ${BUCKETS} } } groups { id record { id } base { ${BUCKETS} } } } }`,
    )
  ).receivablesAging
const amounts = (buckets: Any) => Object.values(buckets).map((one) => Number((one as Any).amount))

beforeAll(async () => {
  asking.twice = false
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  ann = await person(test, acme, 'rep')
  ben = await person(test, acme, 'rep')
  await make(acme, 'ExchangeRate', { currency: 'EUR', baseCurrency: 'USD', rate: '1.5', date: '2025-01-01' })
  for (const [name, who] of [
    ['a', ann],
    ['b', ben],
  ] as const)
    accounts[name] = (await make(acme, 'Account', { ownerId: who.id })).id
})
afterAll(async () => {
  asking.twice = true
  await owner?.close()
  await test?.close()
})

describe('what customers owe', () => {
  it('is nothing before there is a contract', async () => {
    expect(await aging(acme)).toMatchObject({ asOf: day(0), groupCount: 0, currencies: [], groups: [] })
    expect(amounts((await aging(acme)).base)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('is told apart by how long it has been due, by currency and in the company’s, with the most first', async () => {
    const first = await contract(acme, ann.id, accounts.a as string, [
      ['1', day(5)],
      ['2', day(0)],
      ['4', day(-1)],
      ['8', day(-30)],
      ['16', day(-31)],
      ['32', day(-60)],
      ['64', day(-61)],
      ['128', day(-90)],
      ['256', day(-91)],
    ])
    await contract(acme, ben.id, accounts.b as string, [['1000', day(-100)]], 'EUR')
    const all = await aging(acme)
    expect(amounts(all.base)).toEqual([3, 12, 48, 192, 1756, 2011])
    expect(all.base.notDue.currency).toBe('USD')
    expect(all.currencies.map(({ currency, aging: one }: Any) => [currency, ...amounts(one)])).toEqual([
      ['EUR', 0, 0, 0, 0, 1000, 1000],
      ['USD', 3, 12, 48, 192, 256, 511],
    ])
    expect([all.groupCount, all.groups.map(({ id, record }: Any) => [id, record.id])]).toEqual([
      2,
      [
        [accounts.b, accounts.b],
        [accounts.a, accounts.a],
      ],
    ])
    expect((await aging(acme, '(first: 1)')).groups).toHaveLength(1)
    const owners = await aging(acme, '(groupBy: OWNER)')
    expect(owners.groups.map(({ id, base }: Any) => [id, Number(base.total.amount)])).toEqual([
      [ben.id, 1500],
      [ann.id, 511],
    ])
    // What was paid is owed no more.
    await receive(first.id, first.plans[8] as string, '200', day(-10))
    expect(amounts((await aging(acme)).base)).toEqual([3, 12, 48, 192, 1556, 1811])
    // As it stood before that.
    expect(amounts((await aging(acme, `(asOf: "${day(-11)}")`)).base)[5]).toBe(2011)
    expect(amounts((await aging(acme, `(asOf: "${day(-10)}")`)).base)[5]).toBe(1811)
  })

  it('is of a day, also of plans that are settled by now and of money that went back', async () => {
    const accountId = (await make(acme, 'Account', { ownerId: ann.id })).id
    const { id, plans } = await contract(acme, ann.id, accountId, [['100', day(-50)]])
    const receipt = await receive(id, plans[0] as string, '100', day(-20))
    const of = async (from: number) => {
      const { groups } = await aging(acme, `(asOf: "${day(from)}", first: 100)`)
      return groups.filter((one: Any) => one.id === accountId).map(({ base }: Any) => amounts(base)[5])
    }
    expect([await of(-21), await of(-20), await of(0)]).toEqual([[100], [], []])
    const { refundReceipt } = await acme.run<Any>(
      'mutation($input: RefundReceiptInput!) { refundReceipt(input: $input) { userErrors { code } } }',
      { input: { receiptId: receipt, amount: { amount: '30' }, reason: 'Returned', refundedOn: day(-5) } },
    )
    expect(refundReceipt.userErrors).toEqual([])
    expect([await of(-21), await of(-6), await of(-5), await of(0)]).toEqual([[100], [], [30], [30]])
  })

  it('is of the contracts that the viewer sees', async () => {
    expect((await aging(ann)).groups.map(({ id }: Any) => id)).not.toContain(accounts.b)
    expect((await aging(ben)).groups.map(({ id }: Any) => id)).toEqual([accounts.b])
    expect(amounts((await aging(ben)).base)[5]).toBe(1500)
    expect((await aging(test.globex)).groupCount).toBe(0)
  })

  it('is not told to who may not see what it is made of', async () => {
    const [rep] = await owner.rows<{ id: string }>(`SELECT id FROM role WHERE ${OWN} AND key = 'rep'`)
    const hide = (object: string, field: string) =>
      owner.rows(
        `INSERT INTO field_permission (tenant_id, role_id, object, field, access) VALUES (atrium.tenant_id(), $1, $2, $3, 'HIDDEN') RETURNING id`,
        rep?.id,
        object,
        field,
      )
    const [row] = await hide('ReceiptPlan', 'unreceivedAmount')
    const cat = await person(test, acme, 'rep')
    const answer = await cat.ask('{ receivablesAging { asOf } }')
    expect(answer.errors?.[0]?.extensions.code).toBe('FIELD_FORBIDDEN')
    const view = await cat.ask('query($id: ID!) { customer360(id: $id) { receivables { open { amount } } } }', {
      id: (await make(acme, 'Account', { ownerId: cat.id })).id,
    })
    expect(view.data?.customer360.receivables.open).toBeNull()
    expect(view.errors?.map(({ extensions }) => extensions.code)).toEqual(['FIELD_FORBIDDEN'])
    await owner.rows(`DELETE FROM field_permission WHERE ${OWN} AND id = $1`, (row as Any).id)
  })
})

describe('what a customer owes, in the view of the customer', () => {
  const of = async (by: Pick<Company, 'run'>, id: string) =>
    (
      await by.run<Any>(
        'query($id: ID!) { customer360(id: $id) { receivables { open { amount currency } overdue { amount } received { amount } nextDueOn } } }',
        { id },
      )
    ).customer360?.receivables

  it('is what is open and overdue by currency, and when the next is due', async () => {
    expect(await of(acme, accounts.a as string)).toEqual({
      open: [{ amount: '311.00', currency: 'USD' }],
      overdue: [{ amount: '308.00' }],
      received: [{ amount: '200.00' }],
      nextDueOn: day(0),
    })
    expect(await of(acme, accounts.b as string)).toMatchObject({
      open: [{ amount: '1000.00', currency: 'EUR' }],
      nextDueOn: null,
    })
    const nobody = (await make(acme, 'Account')).id
    expect(await of(acme, nobody)).toEqual({ open: [], overdue: [], received: [], nextDueOn: null })
    expect(await of(test.globex, accounts.a as string)).toBeUndefined()
  })
})
