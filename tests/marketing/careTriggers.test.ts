import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ref } from '../support/writes.ts'
import { type Cared, openCare } from './care.ts'

let acme: Cared
beforeAll(async () => {
  acme = await openCare()
}, 300_000)
afterAll(() => acme?.close())

const sql = (text: string, ...values: unknown[]) =>
  acme.write(({ db, viewer }) => db.rows({ text, values: [viewer.tenantId, ...values] }))
const account = async (more: Record<string, unknown> = {}) =>
  (await acme.create('Account', { name: 'Byron Ltd', ...more }))[0] as string
/** A company with somebody to talk to. */
async function company(deal: string | null = null): Promise<{ accountId: string; contactId: string }> {
  const contactId = await acme.contact()
  const accountId = await account({ primaryContactId: ref('Contact', contactId) })
  if (deal)
    await sql(
      `UPDATE account SET deal_status = 'WON', first_deal_at = $3, last_deal_at = $3 WHERE tenant_id = $1 AND id = $2`,
      accountId,
      deal,
    )
  return { accountId, contactId }
}
async function win(accountId: string, amount: string, day: string, currency = 'USD'): Promise<void> {
  const [id] = await acme.create('Opportunity', {
    name: 'Deal',
    accountId: ref('Account', accountId),
    amount: { amount, currency },
  })
  await sql(
    `UPDATE opportunity SET status = 'WON', actual_close_date = $3::date WHERE tenant_id = $1 AND id = $2`,
    id,
    day,
  )
  await sql(`UPDATE account SET deal_status = 'WON' WHERE tenant_id = $1 AND id = $2`, accountId)
}
async function contract(accountId: string, endDate: string, more: Record<string, unknown> = {}): Promise<string> {
  const [id] = await acme.create('Contract', {
    name: 'Care',
    accountId: ref('Account', accountId),
    startDate: '2027-01-01',
    endDate,
    currency: 'USD',
    ...more,
  })
  await sql(`UPDATE contract SET status = 'APPROVED' WHERE tenant_id = $1 AND id = $2`, id)
  return id as string
}

describe('a birthday', () => {
  it('is wished on the day, from the time of the rule on, once a year', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', sendAtLocalTime: '09:30' })
    const [ada, other] = [
      await acme.contact({ birthday: '1980-05-17' }),
      await acme.contact({ birthday: '1980-05-18' }),
    ]
    // Half past nine in Shanghai is half past one.
    const before = await acme.run(rule, '2027-05-17T01:20:00Z')
    expect(before).toMatchObject({ sent: 0, skipped: 0, next: new Date('2027-05-17T01:30:00Z') })
    expect(await acme.run(rule, '2027-05-17T01:30:00Z')).toMatchObject({ sent: 1 })
    expect(await acme.run(rule, '2027-05-17T02:30:00Z')).toMatchObject({ sent: 0, skipped: 0 })
    expect(await acme.mails(ada)).toEqual([{ subject: 'For Ada of' }])
    expect(await acme.run(rule, '2028-05-17T01:30:00Z')).toMatchObject({ sent: 1 })
    expect(await acme.executions(rule)).toEqual([
      { contact: ada, account: null, period: '2027', status: 'SENT', reason: null },
      { contact: ada, account: null, period: '2028', status: 'SENT', reason: null },
    ])
    expect(await acme.mails(other)).toEqual([])
  })

  it('without a year is one, too', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY' })
    const ada = await acme.contact({ birthday: '--06-01' })
    await acme.run(rule, '2027-06-01T02:00:00Z')
    expect(await acme.mails(ada)).toHaveLength(1)
  })

  it('of 29 February is kept on the 28th in common years, and on the 29th in leap years', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY' })
    const [leap, last] = [
      await acme.contact({ birthday: '2004-02-29' }),
      await acme.contact({ birthday: '2004-02-28' }),
    ]
    const wished = async (day: string) => {
      const before = (await acme.executions(rule)).length
      await acme.run(rule, `${day}T02:00:00Z`)
      return (await acme.executions(rule))
        .slice(before)
        .map(({ contact }) => contact)
        .sort()
    }
    expect(await wished('2027-02-28')).toEqual([leap, last].sort())
    expect(await wished('2027-03-01')).toEqual([])
    expect(await wished('2028-02-28')).toEqual([last])
    expect(await wished('2028-02-29')).toEqual([leap])
    // A century is no leap year.
    expect(await wished('2100-02-28')).toEqual([leap, last].sort())
  })

  it('is only of those whom the filter finds', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', filter: { title: { eq: 'CEO' } } })
    const [ceo, cto] = [
      await acme.contact({ birthday: '1980-07-07', title: 'CEO' }),
      await acme.contact({ birthday: '1980-07-07', title: 'CTO' }),
    ]
    await acme.run(rule, '2027-07-07T02:00:00Z')
    expect([(await acme.mails(ceo)).length, (await acme.mails(cto)).length]).toEqual([1, 0])
  })

  it('of those who are of use no more, and of those in the recycle bin, is not', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY' })
    await acme.contact({ birthday: '1980-07-09', status: 'INACTIVE' })
    await acme.remove('Contact', await acme.contact({ birthday: '1980-07-09' }))
    expect(await acme.run(rule, '2027-07-09T02:00:00Z')).toMatchObject({ sent: 0, skipped: 0 })
  })
})

it('of more people than a step takes all are wished, each once', async () => {
  const rule = await acme.rule({ trigger: 'BIRTHDAY', filter: { title: { eq: 'many' } } })
  await sql(
    `INSERT INTO contact (tenant_id, last_name, birthday, email, title) SELECT $1::uuid, 'Many ' || n, '1980-08-08', 'many' || n || '@x.example', 'many' FROM generate_series(1, 450) n`,
  )
  expect(await acme.run(rule, '2027-08-08T02:00:00Z')).toMatchObject({ sent: 450 })
  const executions = await acme.executions(rule)
  expect([executions.length, new Set(executions.map(({ contact }) => contact)).size]).toEqual([450, 450])
})

it('a silence is broken once: when it has lasted so many days, and again only after another contact', async () => {
  const rule = await acme.rule({ trigger: 'NO_CONTACT_DAYS', days: 30, filter: { title: { eq: 'silent' } } })
  const ada = await acme.contact({ title: 'silent', lastActivityAt: '2027-01-10T10:00:00Z' })
  expect(await acme.run(rule, '2027-02-08T02:00:00Z')).toMatchObject({ sent: 0 })
  expect(await acme.run(rule, '2027-02-09T02:00:00Z')).toMatchObject({ sent: 1 })
  expect(await acme.run(rule, '2027-03-20T02:00:00Z')).toMatchObject({ sent: 0 })
  await acme.update('Contact', ada, { lastActivityAt: '2027-03-21T10:00:00Z' })
  expect(await acme.run(rule, '2027-05-20T02:00:00Z')).toMatchObject({ sent: 1 })
  expect((await acme.executions(rule)).map(({ period }) => period)).toEqual(['2027-01-10', '2027-03-21'])
})

it('an anniversary is that of the first deal, for the person to talk to, from the year after on', async () => {
  const rule = await acme.rule({ trigger: 'ANNIVERSARY' })
  // In Shanghai it is the next day already.
  const { contactId } = await company('2027-04-03T20:00:00Z')
  expect(await acme.run(rule, '2027-04-04T02:00:00Z')).toMatchObject({ sent: 0 })
  expect(await acme.run(rule, '2028-04-03T02:00:00Z')).toMatchObject({ sent: 0 })
  expect(await acme.run(rule, '2028-04-04T02:00:00Z')).toMatchObject({ sent: 1 })
  expect(await acme.mails(contactId)).toEqual([{ subject: 'For Ada of Byron Ltd' }])
})

it('who has bought for the amount in a year is thanked, once each year', async () => {
  const rule = await acme.rule({ trigger: 'HIGH_VALUE', amount: { amount: '1000', currency: 'USD' } })
  const [big, small, old, foreign] = [await company(), await company(), await company(), await company()]
  await win(big.accountId, '600', '2027-03-01')
  await win(big.accountId, '400', '2027-05-01')
  await win(small.accountId, '999.9999', '2027-05-01')
  await win(old.accountId, '5000', '2026-01-01')
  await acme.create('ExchangeRate', { currency: 'EUR', baseCurrency: 'USD', date: '2027-01-01', rate: '1.25' })
  await win(foreign.accountId, '800', '2027-05-01', 'EUR')
  await win(small.accountId, '800', '2027-05-01', 'JPY')
  expect(await acme.run(rule, '2027-06-01T02:00:00Z')).toMatchObject({ sent: 2 })
  expect(await acme.run(rule, '2027-06-02T02:00:00Z')).toMatchObject({ sent: 0 })
  expect((await acme.executions(rule)).map(({ contact }) => contact).sort()).toEqual(
    [big.contactId, foreign.contactId].sort(),
  )
  expect(await acme.run(rule, '2028-02-01T02:00:00Z')).toMatchObject({ sent: 2 })
})

it('a contract that ends soon is told of once, to its signer, else to the person to talk to; the same person on two runs', async () => {
  const rule = await acme.rule({ trigger: 'CONTRACT_EXPIRING', days: 30 })
  const { accountId, contactId } = await company()
  const signer = await acme.contact()
  const [first, second] = [
    await contract(accountId, '2027-12-31', { name: 'One', customerSignerId: ref('Contact', signer) }),
    await contract(accountId, '2027-12-30', { name: 'Two' }),
  ]
  await contract(accountId, '2027-12-29', { name: 'Three' })
  const draft = await contract(accountId, '2027-12-28')
  await sql(`UPDATE contract SET status = 'DRAFT' WHERE tenant_id = $1 AND id = $2`, draft)
  expect(await acme.run(rule, '2027-11-28T02:00:00Z')).toMatchObject({ sent: 0 })
  // A system that stood still for some days has not missed it.
  expect(await acme.run(rule, '2027-12-05T02:00:00Z')).toMatchObject({ sent: 3 })
  expect(await acme.run(rule, '2027-12-06T02:00:00Z')).toMatchObject({ sent: 0 })
  expect(await acme.mails(signer)).toEqual([{ subject: 'For Ada of Byron Ltd One' }])
  expect((await acme.mails(contactId)).map(({ subject }) => subject).sort()).toEqual([
    'For Ada of Byron Ltd Three',
    'For Ada of Byron Ltd Two',
  ])
  const told = await acme.rows<{ contract: string }>(
    'SELECT contract_id AS contract FROM care_execution WHERE tenant_id = $1 AND rule_id = $2',
    rule,
  )
  expect(told.map((one) => one.contract)).toEqual(expect.arrayContaining([first, second]))
  await sql(`UPDATE contract SET end_date = '2028-12-31' WHERE tenant_id = $1 AND id = $2`, first)
  expect(await acme.run(rule, '2028-12-10T02:00:00Z')).toMatchObject({ sent: 1 })
})
