import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allocateReceipt } from '../../src/resolvers/revenue/allocate.ts'
import { confirmReceipt } from '../../src/resolvers/revenue/confirmReceipt.ts'
import { terminateContract } from '../../src/resolvers/revenue/endContract.ts'
import { refundReceipt } from '../../src/resolvers/revenue/refundReceipt.ts'
import { reverseReceipt } from '../../src/resolvers/revenue/reverseReceipt.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'
import { day, type Money, money, usd } from './money.ts'

let writes: Writes
let books: Money
beforeAll(async () => {
  writes = await openWrites()
  books = money(writes)
})
afterAll(() => writes?.close())

const row = (id: string) => writes.row('receipt', id)
const id = (uuid: string) => ref('Receipt', uuid)
const parts = (...some: [plan: string, amount: number | string][]) =>
  some.map(([plan, amount]) => ({ planId: ref('ReceiptPlan', plan), amount: usd(amount) }))
const setting = (column: string, value: boolean) =>
  writes.write(({ db, viewer }) =>
    db.rows({ text: `UPDATE tenant SET ${column} = $2 WHERE id = $1`, values: [viewer.tenantId, value] }),
  )
const approved = (input: Input = {}) => books.contract(input, 'submitted', 'approved')
const confirm = (receipt: string) => (context: WriteContext) => confirmReceipt(context, { id: id(receipt) })
const reverse =
  (receipt: string, reason = 'Bounced') =>
  (context: WriteContext) =>
    reverseReceipt(context, { id: id(receipt), reason })
const refund =
  (receipt: string, amount: number | string, more: Record<string, unknown> = {}) =>
  (context: WriteContext) =>
    refundReceipt(context, { receiptId: id(receipt), amount: usd(amount), reason: 'Returned', ...more })
const allocate =
  (receipt: string, ...some: [plan: string, amount: number | string][]) =>
  (context: WriteContext) =>
    allocateReceipt(context, { id: id(receipt), allocations: parts(...some) })

describe('a receipt', () => {
  it('needs a contract that was approved: CONTRACT_NOT_APPROVED', async () => {
    for (const turns of [[], ['submitted'], ['submitted', 'rejected'], ['submitted', 'withdrawn']] as const)
      expect(await books.receiveRefused(await books.contract({}, ...turns), 1)).toEqual([
        'CONTRACT_NOT_APPROVED contractId',
      ])
    expect(await books.receiveRefused('00000000-0000-7000-8000-000000000000', 1)).toEqual(['NOT_FOUND contractId'])
  })

  it('counts when it is confirmed, and not before', async () => {
    const contract = await approved()
    const receipt = await books.receive(contract, 300, { confirm: false, payer: 'Their mother', bankRef: 'B-1' })
    expect(await row(receipt)).toMatchObject({ status: 'DRAFT', amount: 3_000_000, currency: 'USD', rate: null })
    expect(await books.sums(contract)).toMatchObject({ received: 0, open: 1000 })
    expect(await books.refused(confirm(receipt))).toEqual([])
    expect(await row(receipt)).toMatchObject({
      status: 'CONFIRMED',
      rate: 1,
      amount_base: 3_000_000,
      payer: 'Their mother',
    })
    expect((await row(receipt)).account_id).toBe((await writes.row('contract', contract)).account_id)
    expect(await books.sums(contract)).toMatchObject({ received: 300, open: 700 })
    expect(await books.refused(confirm(receipt))).toEqual(['RECEIPT_CONFIRMED id'])
  })

  it('is worth what its day’s rate says', async () => {
    await writes.create('ExchangeRate', { currency: 'EUR', baseCurrency: 'USD', rate: '1.25', date: day(-30) })
    const contract = await approved({ amount: { amount: '1000', currency: 'EUR' } })
    await writes.create('ExchangeRate', { currency: 'EUR', baseCurrency: 'USD', rate: '1.5', date: day(-2) })
    const eur = { amount: { amount: '10', currency: 'EUR' } }
    const [old, today] = [
      await books.receive(contract, 0, { ...eur, receivedOn: day(-10) }),
      await books.receive(contract, 0, eur),
    ]
    expect([(await row(old)).amount_base, (await row(today)).amount_base]).toEqual([125_000, 150_000])
    expect(await books.receiveRefused(contract, 1)).toEqual(['CURRENCY_MISMATCH currency'])
    expect(await books.receiveRefused(contract, 0, { ...eur, receivedOn: day(-40) })).toEqual([
      'CURRENCY_RATE_MISSING ',
    ])
  })

  it('is more than nothing and not of tomorrow', async () => {
    const contract = await approved()
    expect(await books.receiveRefused(contract, 0)).toEqual(['VALIDATION_FAILED amount.amount'])
    expect(await books.receiveRefused(contract, -5)).toEqual(['VALIDATION_FAILED amount.amount'])
    expect(await books.receiveRefused(contract, 5, { receivedOn: day(1) })).toEqual(['VALIDATION_FAILED receivedOn'])
  })

  it('is not more than the contract asks for: RECEIPT_EXCEEDS_BALANCE with the balance', async () => {
    const contract = await approved()
    await books.receive(contract, '600.50')
    expect(await books.receiveRefused(contract, '399.51')).toEqual(['RECEIPT_EXCEEDS_BALANCE amount'])
    // Two drafts that fit alone and not together.
    const [one, two] = [
      await books.receive(contract, 300, { confirm: false }),
      await books.receive(contract, 300, { confirm: false }),
    ]
    await books.done(confirm(one))
    expect(await books.refused(confirm(two))).toEqual(['RECEIPT_EXCEEDS_BALANCE id'])
    expect(await books.details(confirm(two))).toEqual({ balance: '99.50' })
    await books.receive(contract, '99.50')
    expect(await books.sums(contract)).toMatchObject({ received: 1000, open: 0 })
    expect(await books.receiveRefused(contract, '0.01')).toEqual(['RECEIPT_EXCEEDS_BALANCE amount'])
  })

  it('is not more than the contract asks for when five come at the same moment', async () => {
    const contract = await approved()
    const drafts = await Promise.all([1, 2, 3, 4, 5].map(() => books.receive(contract, 300, { confirm: false })))
    const codes = (await Promise.all(drafts.map((draft) => books.refused(confirm(draft))))).flat()
    expect(codes).toEqual(['RECEIPT_EXCEEDS_BALANCE id', 'RECEIPT_EXCEEDS_BALANCE id'])
    expect(await books.sums(contract)).toMatchObject({ received: 900 })
    const numbers = await Promise.all(drafts.map(async (draft) => (await row(draft)).number))
    expect(new Set(numbers).size).toBe(5)
  })

  it('is written and deleted while it is a draft; a confirmed one stays: RECEIPT_CONFIRMED', async () => {
    const contract = await approved()
    const draft = await books.receive(contract, 10, { confirm: false })
    await writes.update('Receipt', draft, { amount: usd(20), payer: 'B' })
    expect(await writes.updateRefused('Receipt', draft, { amount: usd(1001) })).toEqual([
      'RECEIPT_EXCEEDS_BALANCE amount',
    ])
    await books.done(confirm(draft))
    for (const input of [{ amount: usd(5) }, { receivedOn: day(-1) }, { payer: 'C' }, { note: 'D' }])
      expect(await writes.updateRefused('Receipt', draft, input)).toEqual([
        `RECEIPT_CONFIRMED ${Object.keys(input)[0]}`,
      ])
    expect(await writes.removeRefused('Receipt', draft)).toEqual(['RECEIPT_CONFIRMED id'])
    const other = await books.receive(contract, 10, { confirm: false })
    expect(await writes.removeRefused('Receipt', other)).toEqual([])
  })

  it('waits for its approval where the company says so', async () => {
    await setting('revenue_receipt_needs_approval', true)
    const contract = await approved()
    const receipt = await books.receive(contract, 10, { confirm: false })
    expect(await books.refused(confirm(receipt))).toEqual(['INVALID_STATE id'])
    expect(await books.receiveRefused(contract, 10)).toEqual(['INVALID_STATE '])
    await books.turn('Receipt', receipt, 'submitted')
    expect(await books.refused(confirm(receipt))).toEqual(['APPROVAL_PENDING id'])
    expect(await writes.removeRefused('Receipt', receipt)).toEqual(['WITHDRAW_FIRST id'])
    expect(await books.refused(allocate(receipt))).toEqual(['WITHDRAW_FIRST id'])
    await books.turn('Receipt', receipt, 'rejected')
    await writes.update('Receipt', receipt, { amount: usd(30) })
    await books.turn('Receipt', receipt, 'submitted')
    await books.turn('Receipt', receipt, 'approved')
    expect((await row(receipt)).status).toBe('CONFIRMED')
    expect(await books.sums(contract)).toMatchObject({ received: 30 })
    await setting('revenue_receipt_needs_approval', false)
  })
})

describe('the parts of a receipt', () => {
  it('are as much as the receipt, in its currency, of plans of its contract: ALLOCATION_MISMATCH, CURRENCY_MISMATCH', async () => {
    const contract = await approved()
    const [a, b] = (await books.plans(contract, [100, day(1)], [200, day(2)])) as [string, string]
    const refused = (some: unknown[]) => books.receiveRefused(contract, 150, { allocations: some })
    expect(await refused(parts([a, 100], [b, 49]))).toEqual(['ALLOCATION_MISMATCH allocations'])
    expect(await refused(parts([a, 100], [b, 51]))).toEqual(['ALLOCATION_MISMATCH allocations'])
    expect(await refused(parts([a, 75], [a, 75]))).toEqual(['VALIDATION_FAILED allocations.planId'])
    expect(await refused(parts([a, 200], [b, -50]))).toEqual(['VALIDATION_FAILED allocations.amount'])
    const [euro] = parts([b, 50])
    expect(await refused([...parts([a, 100]), { ...euro, amount: { amount: '50', currency: 'EUR' } }])).toEqual([
      'CURRENCY_MISMATCH allocations.amount.currency',
    ])
    const [foreign] = (await books.plans(await approved(), [100, day(1)])) as [string]
    expect(await refused(parts([a, 100], [foreign, 50]))).toEqual(['NOT_FOUND allocations.planId'])
    expect(await books.receiveRefused(contract, 150, { planId: ref('ReceiptPlan', foreign) })).toEqual([
      'NOT_FOUND planId',
    ])
    // More than a plan asks for is not received for it.
    expect(await refused(parts([a, 101], [b, 49]))).toEqual(['RECEIPT_EXCEEDS_BALANCE '])
    expect(await books.stand(contract)).toEqual([
      ['PENDING', 0, null],
      ['PENDING', 0, null],
    ])
    await books.receive(contract, 150, { allocations: parts([a, 100], [b, 50]) })
    expect(await books.stand(contract)).toEqual([
      ['DONE', 100, day(0)],
      ['PARTIAL', 50, null],
    ])
  })

  it('settle a plan on the day of the receipt that completed it, in whatever order they are booked', async () => {
    const contract = await approved()
    const [a] = (await books.plans(contract, [100, day(-50)])) as [string]
    const planId = ref('ReceiptPlan', a)
    await books.receive(contract, 60, { planId, receivedOn: day(-10) })
    expect(await books.stand(contract)).toEqual([['OVERDUE', 60, null]])
    await books.receive(contract, 40, { planId, receivedOn: day(-20) })
    expect(await books.stand(contract)).toEqual([['DONE', 100, day(-10)]])
  })

  it('are said again of a draft, and once of a confirmed one', async () => {
    const contract = await approved()
    const [a, b] = (await books.plans(contract, [100, day(1)], [200, day(2)])) as [string, string]
    const draft = await books.receive(contract, 50, { confirm: false, planId: ref('ReceiptPlan', a) })
    expect((await row(draft)).plan_id).toBe(a)
    expect(await books.refused(allocate(draft, [b, 50]))).toEqual([])
    expect((await row(draft)).plan_id).toBe(b)
    expect(await books.refused(allocate(draft))).toEqual([])
    expect((await row(draft)).plan_id).toBeNull()
    await books.done(confirm(draft))
    expect((await books.stand(contract)).map(([, received]) => received)).toEqual([0, 0])
    expect(await books.refused(allocate(draft, [a, 20], [b, 29]))).toEqual(['ALLOCATION_MISMATCH allocations'])
    expect(await books.refused(allocate(draft, [a, 20], [b, 30]))).toEqual([])
    expect((await books.stand(contract)).map(([, received]) => received)).toEqual([20, 30])
    expect(await books.refused(allocate(draft, [a, 50]))).toEqual(['RECEIPT_CONFIRMED id'])
    expect(await books.sums(contract)).toMatchObject({ received: 50 })
  })

  it('must still be as much as the receipt when it is confirmed', async () => {
    const contract = await approved()
    const [a] = (await books.plans(contract, [100, day(1)])) as [string]
    const draft = await books.receive(contract, 50, { confirm: false, planId: ref('ReceiptPlan', a) })
    await writes.update('Receipt', draft, { amount: usd(60) })
    expect(await books.refused(confirm(draft))).toEqual(['ALLOCATION_MISMATCH id'])
    await books.done(allocate(draft, [a, 60]))
    await books.receive(contract, 50, { planId: ref('ReceiptPlan', a) })
    expect(await books.refused(confirm(draft))).toEqual(['RECEIPT_EXCEEDS_BALANCE id'])
    expect(await books.details(confirm(draft))).toEqual({ balance: '50.00' })
  })
})

describe('a plan that is void', () => {
  it('takes no money, also when a draft was for it before', async () => {
    const contract = await approved()
    const [a] = (await books.plans(contract, [100, day(20)])) as [string]
    const draft = await books.receive(contract, 50, { confirm: false, planId: ref('ReceiptPlan', a) })
    await books.done((context) => terminateContract(context, { id: ref('Contract', contract), reason: 'Notice' }))
    expect(await books.refused(confirm(draft))).toEqual(['RECEIPT_EXCEEDS_BALANCE id'])
    expect(await books.receiveRefused(contract, 50, { planId: ref('ReceiptPlan', a) })).toEqual([
      'INVALID_STATE planId',
    ])
    await books.done(allocate(draft))
    expect(await books.refused(confirm(draft))).toEqual([])
    expect(await books.stand(contract)).toEqual([['VOID', 0, null]])
  })
})

describe('a reversal', () => {
  it('is a counter-entry: both stay, and together they are nothing', async () => {
    const contract = await approved()
    const [a, b] = (await books.plans(contract, [100, day(1)], [200, day(-2)])) as [string, string]
    const receipt = await books.receive(contract, 150, { allocations: parts([a, 100], [b, 50]), bankRef: 'X' })
    expect(await books.refused(reverse(receipt, ' '))).toEqual(['VALIDATION_FAILED reason'])
    await books.done(reverse(receipt))
    const entries = await writes.rows(
      'SELECT status, amount::float / 10000 AS amount, reverses_id, reason, received_on::text AS day FROM receipt WHERE tenant_id = $1 AND contract_id = $2 ORDER BY amount DESC',
      contract,
    )
    expect(entries).toEqual([
      { status: 'REVERSED', amount: 150, reverses_id: null, reason: null, day: day(0) },
      { status: 'CONFIRMED', amount: -150, reverses_id: receipt, reason: 'Bounced', day: day(0) },
    ])
    expect(await books.sums(contract)).toMatchObject({ received: 0, open: 1000 })
    expect(await books.stand(contract)).toEqual([
      ['PENDING', 0, null],
      ['OVERDUE', 0, null],
    ])
    await books.receive(contract, 100, { planId: ref('ReceiptPlan', a), receivedOn: day(-1) })
    expect((await books.stand(contract))[0]).toEqual(['DONE', 100, day(-1)])
  })

  it('is done once, and not of drafts, counter-entries and what was refunded: INVALID_STATE', async () => {
    const contract = await approved()
    const draft = await books.receive(contract, 10, { confirm: false })
    expect(await books.refused(reverse(draft))).toEqual(['INVALID_STATE id'])
    const receipt = await books.receive(contract, 10)
    const both = await Promise.all([books.refused(reverse(receipt)), books.refused(reverse(receipt))])
    expect(both.flat()).toEqual(['INVALID_STATE id'])
    const [counter] = await writes.rows<{ id: string }>(
      'SELECT id FROM receipt WHERE tenant_id = $1 AND reverses_id = $2',
      receipt,
    )
    expect(await books.refused(reverse(counter?.id as string))).toEqual(['INVALID_STATE id'])
    expect(await books.sums(contract)).toMatchObject({ received: 0 })
    const other = await books.receive(contract, 10)
    await books.done(refund(other, 1))
    expect(await books.refused(reverse(other))).toEqual(['INVALID_STATE id'])
  })
})

describe('a refund', () => {
  it('is at most what is left of the receipt, and opens contract and plans again', async () => {
    const contract = await approved()
    const [a, b] = (await books.plans(contract, [100, day(1)], [200, day(2)])) as [string, string]
    const receipt = await books.receive(contract, 150, { allocations: parts([a, 100], [b, 50]) })
    expect(await books.refused(refund(receipt, '150.01'))).toEqual(['RECEIPT_EXCEEDS_BALANCE amount'])
    const made = await books.done(refund(receipt, 70, { method: 'CASH' }))
    expect(await writes.row('refund', made)).toMatchObject({ amount: 700_000, method: 'CASH', reason: 'Returned' })
    expect(await books.sums(contract)).toMatchObject({ received: 80, open: 920 })
    // The part that was said last goes first.
    expect((await books.stand(contract)).map(([status, received]) => [status, received])).toEqual([
      ['PARTIAL', 80],
      ['PENDING', 0],
    ])
    expect(await books.details(refund(receipt, 100))).toEqual({ balance: '80.00' })
    expect(await books.refused(refund(receipt, 80))).toEqual([])
    expect(await books.sums(contract)).toMatchObject({ received: 0 })
    expect((await row(receipt)).refunded_amount).toBe(1_500_000)
  })

  it('is of a confirmed receipt, after it and not tomorrow', async () => {
    const contract = await approved()
    const receipt = await books.receive(contract, 10, { receivedOn: day(-5) })
    expect(await books.refused(refund(receipt, 1, { refundedOn: day(-6) }))).toEqual(['VALIDATION_FAILED refundedOn'])
    expect(await books.refused(refund(receipt, 1, { refundedOn: day(1) }))).toEqual(['VALIDATION_FAILED refundedOn'])
    expect(await books.refused(refund(receipt, 0))).toEqual(['VALIDATION_FAILED amount'])
    expect(await books.refused(refund(receipt, 0, { amount: { amount: '1', currency: 'EUR' } }))).toEqual([
      'CURRENCY_MISMATCH amount.currency',
    ])
    expect(await books.refused(refund(receipt, 1, { reason: '' }))).toEqual(['VALIDATION_FAILED reason'])
    const draft = await books.receive(contract, 10, { confirm: false })
    expect(await books.refused(refund(draft, 1))).toEqual(['INVALID_STATE receiptId'])
  })
})

describe('what is paid too much', () => {
  const credit = async (contract: string) => {
    const { account_id } = await writes.row('contract', contract)
    const [found] = await writes.rows<{ balance: string }>(
      'SELECT balance::text FROM account_credit WHERE tenant_id = $1 AND account_id = $2',
      account_id,
    )
    return found ? Number(found.balance) / 10_000 : null
  }
  const sameCustomer = async (contract: string) =>
    approved({ accountId: ref('Account', (await writes.row('contract', contract)).account_id) })

  it('is the account’s credit where the company takes it, and pays for its next contract', async () => {
    await setting('revenue_allow_overpayment', true)
    const contract = await approved()
    const [a] = (await books.plans(contract, [1000, day(1)])) as [string]
    const receipt = await books.receive(contract, 1200, { planId: ref('ReceiptPlan', a) })
    expect(await row(receipt)).toMatchObject({ amount: 12_000_000, credit_amount: 2_000_000 })
    expect(await books.sums(contract)).toMatchObject({ received: 1000, open: 0 })
    expect(await books.stand(contract)).toEqual([['DONE', 1000, day(0)]])
    expect(await credit(contract)).toBe(200)
    const next = await sameCustomer(contract)
    const out = { method: 'ACCOUNT_CREDIT' }
    expect(await books.receiveRefused(next, 201, out)).toEqual(['RECEIPT_EXCEEDS_BALANCE '])
    const paid = await books.receive(next, 150, out)
    expect([await credit(contract), (await books.sums(next)).received]).toEqual([50, 150])
    // What was used cannot be taken back; what was used and came back can.
    expect(await books.refused(reverse(receipt))).toEqual(['RECEIPT_EXCEEDS_BALANCE id'])
    await books.done(reverse(paid))
    expect(await credit(contract)).toBe(200)
    await books.done(reverse(receipt))
    expect([await credit(contract), (await books.sums(contract)).received]).toEqual([0, 0])
    await setting('revenue_allow_overpayment', false)
  })

  it('is not refunded as if it had been the contract’s', async () => {
    await setting('revenue_allow_overpayment', true)
    const contract = await approved()
    const receipt = await books.receive(contract, 1001)
    expect(await books.refused(refund(receipt, 1001))).toEqual(['RECEIPT_EXCEEDS_BALANCE amount'])
    expect(await books.refused(refund(receipt, 1000))).toEqual([])
    expect(await credit(contract)).toBe(1)
    await setting('revenue_allow_overpayment', false)
  })

  it('is used once by two who draw on it at the same moment', async () => {
    await setting('revenue_allow_overpayment', true)
    const contract = await approved()
    await books.receive(contract, 1100)
    const others = [await sameCustomer(contract), await sameCustomer(contract)]
    const codes = await Promise.all(
      others.map((other) => books.receiveRefused(other, 80, { method: 'ACCOUNT_CREDIT' })),
    )
    expect(codes.flat()).toEqual(['RECEIPT_EXCEEDS_BALANCE '])
    expect(await credit(contract)).toBe(20)
    await setting('revenue_allow_overpayment', false)
  })
})
