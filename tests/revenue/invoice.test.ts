import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { issueInvoice, voidInvoice } from '../../src/resolvers/revenue/invoice.ts'
import type { WriteContext } from '../../src/resolvers/write.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'
import { day, type Money, money, usd } from './money.ts'

let writes: Writes
let books: Money
beforeAll(async () => {
  writes = await openWrites()
  books = money(writes)
})
afterAll(() => writes?.close())

const draft = async (contract: string, more: Record<string, unknown> = {}) =>
  (await writes.create('Invoice', { contractId: ref('Contract', contract), amount: usd(100), ...more }))[0] as string
const issue =
  (id: string, more: Record<string, unknown> = {}) =>
  (context: WriteContext) =>
    issueInvoice(context, { id: ref('Invoice', id), ...more })
const spoil =
  (id: string, reason = 'Wrong title') =>
  (context: WriteContext) =>
    voidInvoice(context, { id: ref('Invoice', id), reason })
const approved = () => books.contract({}, 'submitted', 'approved')
const row = (id: string) => writes.row('invoice', id)

describe('an invoice', () => {
  it('counts from its issue until it is void', async () => {
    const contract = await approved()
    const [a, b] = [await draft(contract), await draft(contract, { amount: usd('50.5'), taxRate: '13' })]
    expect(await row(a)).toMatchObject({ status: 'DRAFT', number: expect.stringMatching(/^INV-/), currency: 'USD' })
    expect((await row(a)).account_id).toBe((await writes.row('contract', contract)).account_id)
    expect((await books.sums(contract)).invoiced).toBe(0)
    await books.done(issue(a, { invoiceNo: '0123', issuedOn: day(-2) }))
    await books.done(issue(b))
    expect(await row(a)).toMatchObject({ status: 'ISSUED', invoice_no: '0123', issued_on: day(-2) })
    expect((await row(b)).issued_on).toBe(day(0))
    expect((await books.sums(contract)).invoiced).toBe(150.5)
    expect(await books.refused(issue(a))).toEqual(['INVALID_STATE id'])
    expect(await books.refused(spoil(a, ''))).toEqual(['VALIDATION_FAILED reason'])
    await books.done(spoil(a))
    expect((await books.sums(contract)).invoiced).toBe(50.5)
    expect(await books.refused(spoil(a))).toEqual(['INVALID_STATE id'])
  })

  it('is asked for before the contract is approved, and issued after it: CONTRACT_NOT_APPROVED', async () => {
    const contract = await books.contract()
    const id = await draft(contract)
    expect(await books.refused(issue(id))).toEqual(['CONTRACT_NOT_APPROVED id'])
    for (const turn of ['submitted', 'approved'] as const) await books.turn('Contract', contract, turn)
    expect(await books.refused(issue(id, { issuedOn: day(1) }))).toEqual(['VALIDATION_FAILED issuedOn'])
    expect(await books.refused(issue(id, { invoiceNo: 'x'.repeat(51) }))).toEqual(['VALIDATION_FAILED invoiceNo'])
    expect(await books.refused(issue(id))).toEqual([])
    expect(await books.refused(issue('00000000-0000-7000-8000-000000000000'))).toEqual(['NOT_FOUND id'])
  })

  it('is written as a draft; once issued only where it went and notes are', async () => {
    const id = await draft(await approved())
    await writes.update('Invoice', id, { amount: usd(120) })
    await books.done(issue(id))
    expect(await writes.updateRefused('Invoice', id, { amount: usd(1) })).toEqual(['INVALID_STATE amount'])
    expect(await writes.updateRefused('Invoice', id, { courierNo: 'SF1', note: 'Sent' })).toEqual([])
    expect(await writes.removeRefused('Invoice', id)).toEqual(['INVALID_STATE id'])
    await books.done(spoil(id))
    expect(await writes.updateRefused('Invoice', id, { amount: usd(1) })).toEqual(['VOID_NOT_EDITABLE amount'])
    const other = await draft(await approved())
    expect(await writes.removeRefused('Invoice', other)).toEqual([])
  })

  it('bears a title of its customer, and follows the contract to another', async () => {
    const contract = await books.contract()
    const { account_id: own } = await writes.row('contract', contract)
    const [other] = (await writes.create('Account', { name: 'Other' })) as [string]
    const titles = await writes.create(
      'AccountInvoiceInfo',
      { accountId: ref('Account', own), title: 'Own' },
      { accountId: ref('Account', other), title: 'Other' },
    )
    const [mine, theirs] = titles.map((id) => ref('AccountInvoiceInfo', id))
    const input = { contractId: ref('Contract', contract), amount: usd(1) }
    expect(await writes.refused('Invoice', { ...input, titleId: theirs })).toEqual(['VALIDATION_FAILED titleId'])
    const id = await draft(contract, { titleId: mine })
    await writes.update('Contract', contract, { accountId: ref('Account', other) })
    expect((await row(id)).account_id).toBe(other)
    expect(await writes.refused('Invoice', { ...input, amount: { amount: '1', currency: 'EUR' } })).toEqual([
      'CURRENCY_MISMATCH currency',
    ])
  })
})
