import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { terminateContract, voidContract } from '../../src/resolvers/revenue/endContract.ts'
import { nextTerm, renewContract } from '../../src/resolvers/revenue/renewContract.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'
import { day, type Money, money, usd } from './money.ts'

let writes: Writes
let books: Money
beforeAll(async () => {
  writes = await openWrites()
  books = money(writes)
})
afterAll(() => writes?.close())

const read = (id: string) => writes.row('contract', id)
const product = async (input: Record<string, unknown> = {}) =>
  (
    await writes.create('Product', {
      code: `P${Math.random()}`,
      name: 'Lathe',
      unit: 'piece',
      standardPrice: usd('120.50'),
      ...input,
    })
  )[0] as string
const line = (contractId: string, input: Record<string, unknown> = {}) => ({
  contractId: ref('Contract', contractId),
  name: 'Work',
  unitPrice: usd(10),
  ...input,
})

describe('a new contract', () => {
  it('is a draft with a number of its own, in the currency of the company', async () => {
    const [one, two] = [await books.contract(), await books.contract()]
    const [a, b] = [await read(one), await read(two)]
    expect(a).toMatchObject({ status: 'DRAFT', currency: 'USD', amount: 10_000_000, received_amount: 0 })
    expect(a.unreceived_amount).toBe(10_000_000)
    expect([a.number, b.number]).toEqual(['CON-000001', 'CON-000002'])
    expect(await writes.updateRefused('Contract', one, { number: 'Mine' })).toEqual(['VALIDATION_FAILED number'])
  })

  it('may have a number by hand where the company’s rule says so, but no other’s: NUMBER_TAKEN', async () => {
    const [rule] = await writes.create('NumberRule', {
      object: 'CONTRACT',
      parts: [{ kind: 'TEXT', text: 'HT' }, { kind: 'SEQUENCE' }],
      pad: 3,
      firstValue: 1,
      allowManual: true,
    })
    const id = await books.contract({ number: 'HT-A' })
    expect((await read(id)).number).toBe('HT-A')
    const [account] = (await writes.create('Account', { name: 'C' })) as [string]
    const input = { name: 'X', accountId: ref('Account', account), startDate: day(0), endDate: day(1) }
    expect(await writes.refused('Contract', { ...input, number: 'HT-A' })).toEqual(['NUMBER_TAKEN number'])
    expect(await writes.refused('Contract', { ...input, number: 'HT-B' }, { ...input, number: 'HT-B' })).toEqual([
      'NUMBER_TAKEN number',
    ])
    await writes.destroy('NumberRule', rule as string)
  })

  it('does not end before it starts: CONTRACT_DATE_INVALID', async () => {
    const id = await books.contract({ startDate: '2026-01-01', endDate: '2026-01-01' })
    expect(await writes.updateRefused('Contract', id, { endDate: '2025-12-31' })).toEqual([
      'CONTRACT_DATE_INVALID endDate',
    ])
    expect(await writes.updateRefused('Contract', id, { startDate: '2026-01-02' })).toEqual([
      'CONTRACT_DATE_INVALID endDate',
    ])
    expect(await writes.updateRefused('Contract', id, { startDate: null })).toEqual(['VALIDATION_FAILED startDate'])
  })
})

describe('the lines of a contract', () => {
  it('keep name, code and price of the product as they were, and sum up to the amount', async () => {
    const id = await books.contract({ amount: undefined })
    const lathe = await product({ code: 'LATHE' })
    const [first] = (await writes.create(
      'ContractLine',
      line(id, { name: null, unitPrice: null, productId: ref('Product', lathe), quantity: '2', taxRate: '13' }),
      line(id, { name: 'Assembly', discountPct: '50' }),
    )) as [string]
    expect(await writes.row('contract_line', first)).toMatchObject({
      name: 'Lathe',
      code: 'LATHE',
      unit: 'piece',
      list_price: 1_205_000,
      unit_price: 1_205_000,
      subtotal: 2_410_000,
      total: 2_723_300,
    })
    expect((await read(id)).amount).toBe(2_723_300 + 50_000)
    await writes.update('Product', lathe, { name: 'Renamed', standardPrice: usd(1) })
    await writes.update('ContractLine', first, { quantity: '1' })
    expect(await writes.row('contract_line', first)).toMatchObject({ name: 'Lathe', total: 1_361_700 })
    expect((await read(id)).amount).toBe(1_361_700 + 50_000)
    await writes.remove('ContractLine', first)
    expect((await read(id)).amount).toBe(50_000)
    await writes.restore('ContractLine', first)
    expect((await read(id)).amount).toBe(1_361_700 + 50_000)
  })

  it('decide over amount and currency: AMOUNT_DERIVED_FROM_LINES, CURRENCY_MISMATCH', async () => {
    const id = await books.contract()
    await writes.create('ContractLine', line(id))
    expect(await writes.updateRefused('Contract', id, { amount: usd(7) })).toEqual(['AMOUNT_DERIVED_FROM_LINES amount'])
    expect(await writes.updateRefused('Contract', id, { currency: 'EUR' })).toEqual(['CURRENCY_MISMATCH currency'])
    expect(await writes.refused('ContractLine', line(id, { unitPrice: { amount: '1', currency: 'EUR' } }))).toEqual([
      'CURRENCY_MISMATCH currency',
    ])
    const old = await product({ status: 'INACTIVE' })
    expect(await writes.refused('ContractLine', line(id, { productId: ref('Product', old) }))).toEqual([
      'PRODUCT_INACTIVE productId',
    ])
  })

  it('are written as their contract is', async () => {
    const id = await books.contract()
    const [own] = (await writes.create('ContractLine', line(id))) as [string]
    for (const [turn, code] of [
      ['submitted', 'WITHDRAW_FIRST'],
      ['approved', 'APPROVED_NOT_EDITABLE'],
    ] as const) {
      await books.turn('Contract', id, turn)
      expect(await writes.refused('ContractLine', line(id))).toEqual([`${code} contractId`])
      expect(await writes.updateRefused('ContractLine', own, { quantity: '3' })).toEqual([`${code} contractId`])
      expect(await writes.removeRefused('ContractLine', own)).toEqual([`${code} id`])
    }
    expect(await writes.refused('ContractLine', line('00000000-0000-7000-8000-000000000000'))).toEqual([
      'NOT_FOUND contractId',
    ])
  })
})

describe('a contract that was approved', () => {
  it('freezes the rate of the day and what it is worth in the currency of the company', async () => {
    await writes.create('ExchangeRate', { currency: 'EUR', baseCurrency: 'USD', rate: '1.25', date: day(-3) })
    const id = await books.contract({ amount: { amount: '1000.10', currency: 'EUR' } }, 'submitted', 'approved')
    expect(await read(id)).toMatchObject({ status: 'APPROVED', rate: 1.25, rate_date: day(0), amount_base: 12_501_300 })
    const other = await books.contract({ amount: { amount: '1', currency: 'CHF' } }, 'submitted')
    await expect(books.turn('Contract', other, 'approved')).rejects.toMatchObject({
      errors: [{ code: 'CURRENCY_RATE_MISSING', details: { currency: 'CHF', date: day(0) } }],
    })
    expect((await read(other)).status).toBe('IN_APPROVAL')
  })

  it('is not edited, but given away: APPROVED_NOT_EDITABLE', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    for (const input of [{ name: 'Other' }, { amount: usd(5) }, { endDate: day(9) }])
      expect(await writes.updateRefused('Contract', id, input)).toEqual([
        `APPROVED_NOT_EDITABLE ${Object.keys(input)[0]}`,
      ])
    await writes.update('Contract', id, { ownerId: writes.adminId })
    expect((await read(id)).owner_id).not.toBeNull()
  })

  it('is not deleted, nor is one that was refused: INVALID_STATE; drafts and those that were withdrawn are', async () => {
    const made = async (...turns: ('submitted' | 'approved' | 'rejected' | 'withdrawn')[]) =>
      writes.removeRefused('Contract', await books.contract({}, ...turns))
    expect(await made('submitted', 'approved')).toEqual(['INVALID_STATE id'])
    expect(await made('submitted', 'rejected')).toEqual(['INVALID_STATE id'])
    expect(await made('submitted')).toEqual(['INVALID_STATE id'])
    expect(await made('submitted', 'withdrawn')).toEqual([])
    expect(await made()).toEqual([])
  })

  it('keeps its customer from the recycle bin while it is open: REFERENCE_IN_USE', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    const account = (await read(id)).account_id
    expect(await writes.removeRefused('Account', account)).toEqual(['REFERENCE_IN_USE id'])
    await books.done((context) => voidContract(context, { id: ref('Contract', id), reason: 'Wrong customer' }))
    expect(await writes.removeRefused('Account', account)).toEqual([])
  })
})

describe('a contract that was refused or withdrawn', () => {
  it('is edited and submitted again', async () => {
    for (const end of ['rejected', 'withdrawn'] as const) {
      const id = await books.contract({}, 'submitted', end)
      await writes.update('Contract', id, { name: 'Better' })
      await books.turn('Contract', id, 'submitted')
      await books.turn('Contract', id, 'approved')
      expect((await read(id)).status).toBe('APPROVED')
    }
  })
})

describe('a void contract', () => {
  it('is neither edited nor transferred: VOID_NOT_EDITABLE, VOID_NOT_TRANSFERABLE', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    const voided = (reason: string) =>
      books.refused((context) => voidContract(context, { id: ref('Contract', id), reason }))
    expect(await voided('  ')).toEqual(['VALIDATION_FAILED reason'])
    expect(await voided('Signed twice')).toEqual([])
    expect(await read(id)).toMatchObject({ status: 'VOID', void_reason: 'Signed twice' })
    expect(await voided('Again')).toEqual(['INVALID_STATE id'])
    expect(await writes.updateRefused('Contract', id, { name: 'X' })).toEqual(['VOID_NOT_EDITABLE name'])
    expect(await writes.updateRefused('Contract', id, { ownerId: writes.adminId })).toEqual([
      'VOID_NOT_TRANSFERABLE ownerId',
    ])
    expect(await writes.refused('ContractLine', line(id))).toEqual(['VOID_NOT_EDITABLE contractId'])
    expect(await writes.removeRefused('Contract', id)).toEqual(['INVALID_STATE id'])
  })

  it('had no money: what was received is reversed first', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    await books.receive(id, 10)
    const work = (context: Parameters<typeof voidContract>[0]) =>
      voidContract(context, { id: ref('Contract', id), reason: 'No' })
    expect(await books.refused(work)).toEqual(['INVALID_STATE id'])
    expect(await books.details(work)).toMatchObject({ from: 'APPROVED', to: 'VOID', received: '10.00' })
  })
})

describe('a contract that ends before its time', () => {
  it('keeps what was due by then, and voids the later plans', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    await books.plans(id, [100, day(-5)], [200, day(5)], [300, day(40)])
    const end = (on: string | null) => (context: Parameters<typeof voidContract>[0]) =>
      terminateContract(context, { id: ref('Contract', id), reason: 'Notice', on })
    expect(await books.refused(end(day(-101)))).toEqual(['VALIDATION_FAILED on'])
    expect(await books.refused(end(day(5)))).toEqual([])
    expect(await read(id)).toMatchObject({ status: 'TERMINATED', terminated_on: day(5), termination_reason: 'Notice' })
    expect((await books.stand(id)).map(([status]) => status)).toEqual(['OVERDUE', 'PENDING', 'VOID'])
    expect(await books.sums(id)).toMatchObject({ planned: 300 })
    expect(await books.refused(end(null))).toEqual(['INVALID_STATE id'])
    expect(await books.receiveRefused(id, 100)).toEqual([])
  })
})

describe('the renewal of a contract', () => {
  it('begins on the day after it and is as long, whole months for whole months', () => {
    expect(nextTerm('2026-01-01', '2026-12-31')).toEqual({ startDate: '2027-01-01', endDate: '2027-12-31' })
    expect(nextTerm('2026-02-01', '2026-02-28')).toEqual({ startDate: '2026-03-01', endDate: '2026-03-31' })
    expect(nextTerm('2026-03-10', '2026-03-19')).toEqual({ startDate: '2026-03-20', endDate: '2026-03-29' })
    expect(nextTerm('2027-03-01', '2028-02-29')).toEqual({ startDate: '2028-03-01', endDate: '2029-02-28' })
  })

  it('is a draft with the same lines at the same prices, made once', async () => {
    const lathe = await product({ code: 'R1' })
    const id = await books.contract({ startDate: '2026-01-01', endDate: '2026-12-31', amount: undefined })
    await writes.create(
      'ContractLine',
      line(id, {
        productId: ref('Product', lathe),
        unitPrice: usd('99.99'),
        quantity: '3',
        discountAmount: usd('0.50'),
      }),
      line(id, { name: 'Care', sort: 2 }),
    )
    const renew = (context: Parameters<typeof renewContract>[0]) => renewContract(context, { id: ref('Contract', id) })
    expect(await books.refused(renew)).toEqual(['INVALID_STATE id'])
    for (const turn of ['submitted', 'approved'] as const) await books.turn('Contract', id, turn)
    await writes.update('Product', lathe, { standardPrice: usd(1) })
    const next = await books.done(renew)
    const [old, now] = [await read(id), await read(next)]
    expect(now).toMatchObject({
      status: 'DRAFT',
      renewed_from_id: id,
      start_date: '2027-01-01',
      end_date: '2027-12-31',
      account_id: old.account_id,
      amount: old.amount,
      received_amount: 0,
    })
    expect(now.number).not.toBe(old.number)
    const lines = (of: string) =>
      writes.rows(
        'SELECT name, quantity::text, unit_price::text, discount_amount::text, total::text, sort FROM contract_line WHERE tenant_id = $1 AND contract_id = $2 ORDER BY sort, name',
        of,
      )
    expect(await lines(next)).toEqual(await lines(id))
    expect(await books.refused(renew)).toEqual(['INVALID_STATE id'])
    await books.done((context) => voidContract(context, { id: ref('Contract', next), reason: 'No' }))
    expect(await books.refused(renew)).toEqual([])
  })

  it('is made once by two at the same moment', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    const both = await Promise.all(
      [1, 2].map(() => books.refused((context) => renewContract(context, { id: ref('Contract', id) }))),
    )
    expect(both.flat()).toEqual(['INVALID_STATE id'])
    const made = await writes.rows('SELECT 1 FROM contract WHERE tenant_id = $1 AND renewed_from_id = $2', id)
    expect(made).toHaveLength(1)
  })
})
