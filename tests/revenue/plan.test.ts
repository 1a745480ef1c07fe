import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { voidContract } from '../../src/resolvers/revenue/endContract.ts'
import { generateReceiptPlans, splitAmount } from '../../src/resolvers/revenue/generatePlans.ts'
import { reverseReceipt } from '../../src/resolvers/revenue/reverseReceipt.ts'
import { minorUnit } from '../../src/resolvers/sales/amount.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'
import { day, type Money, money, usd } from './money.ts'

let writes: Writes
let books: Money
beforeAll(async () => {
  writes = await openWrites()
  books = money(writes)
})
afterAll(() => writes?.close())

const plan = (contractId: string, input: Record<string, unknown> = {}) => ({
  contractId: ref('Contract', contractId),
  amount: usd(100),
  dueDate: day(10),
  ...input,
})
const refused = (contractId: string, input: Record<string, unknown> = {}) =>
  writes.refused('ReceiptPlan', plan(contractId, input))
const states = async (id: string) => (await books.stand(id)).map(([status]) => status)
const tolerance = (percent: string) =>
  writes.write(({ db, viewer }) =>
    db.rows({
      text: 'UPDATE tenant SET revenue_plan_tolerance = $2 WHERE id = $1',
      values: [viewer.tenantId, percent],
    }),
  )

describe('a receipt plan', () => {
  it('is made for a contract that was submitted: CONTRACT_NOT_SUBMITTED, VOID_NOT_EDITABLE', async () => {
    expect(await refused(await books.contract())).toEqual(['CONTRACT_NOT_SUBMITTED contractId'])
    expect(await refused(await books.contract({}, 'submitted', 'rejected'))).toEqual([
      'CONTRACT_NOT_SUBMITTED contractId',
    ])
    const id = await books.contract({}, 'submitted', 'approved')
    await books.done((context) => voidContract(context, { id: ref('Contract', id), reason: 'No' }))
    expect(await refused(id)).toEqual(['VOID_NOT_EDITABLE contractId'])
    expect(await refused('00000000-0000-7000-8000-000000000000')).toEqual(['NOT_FOUND contractId'])
  })

  it('takes effect with the approval, and is void when the contract is rejected', async () => {
    const id = await books.contract({}, 'submitted')
    await books.plans(id, [100, day(-1)], [100, day(0)], [100, day(1)])
    expect(await states(id)).toEqual(['NOT_EFFECTIVE', 'NOT_EFFECTIVE', 'NOT_EFFECTIVE'])
    await books.turn('Contract', id, 'approved')
    expect(await states(id)).toEqual(['OVERDUE', 'PENDING', 'PENDING'])
    const other = await books.contract({}, 'submitted')
    const [void1] = await books.plans(other, [100, day(1)])
    await books.turn('Contract', other, 'rejected')
    expect(await states(other)).toEqual(['VOID'])
    expect(await books.sums(other)).toMatchObject({ planned: 0 })
    expect(await writes.updateRefused('ReceiptPlan', void1 as string, { amount: usd(5) })).toEqual([
      'VOID_NOT_EDITABLE amount',
    ])
  })

  it('waits while the contract is withdrawn, and keeps it from deletion and its currency from change', async () => {
    const id = await books.contract({}, 'submitted')
    await books.plans(id, [900, day(1)])
    await books.turn('Contract', id, 'withdrawn')
    expect(await states(id)).toEqual(['NOT_EFFECTIVE'])
    expect(await writes.removeRefused('Contract', id)).toEqual(['REFERENCE_IN_USE id'])
    expect(await writes.updateRefused('Contract', id, { currency: 'EUR' })).toEqual(['CURRENCY_MISMATCH currency'])
  })

  it('is not more than the contract with the others: PLAN_EXCEEDS_CONTRACT with what remains', async () => {
    const id = await books.contract({}, 'submitted')
    const [first, second] = (await books.plans(id, [600, day(1)], [300, day(2)])) as [string, string]
    expect(await refused(id, { amount: usd('100.01') })).toEqual(['PLAN_EXCEEDS_CONTRACT amount'])
    expect(await writes.updateRefused('ReceiptPlan', second, { amount: usd('400.01') })).toEqual([
      'PLAN_EXCEEDS_CONTRACT amount',
    ])
    await writes.update('ReceiptPlan', second, { amount: usd(400) })
    await writes.update('ReceiptPlan', first, { amount: usd(500) })
    expect(await books.sums(id)).toMatchObject({ planned: 900 })
    // Of several in one call the one that is too much.
    expect(await writes.refused('ReceiptPlan', plan(id, { amount: usd(60) }), plan(id, { amount: usd(50) }))).toEqual([
      'PLAN_EXCEEDS_CONTRACT amount',
    ])
    await tolerance('5')
    expect(await refused(id, { amount: usd('150.01') })).toEqual(['PLAN_EXCEEDS_CONTRACT amount'])
    expect(await refused(id, { amount: usd(150) })).toEqual([])
    await tolerance('0')
    const details = await writes
      .create('ReceiptPlan', plan(id, { amount: usd(1) }))
      .catch((error: { errors: { details: unknown }[] }) => error.errors[0]?.details)
    expect(details).toEqual({ remaining: '-50.00' })
  })

  it('is not more than the contract when two come at the same moment', async () => {
    const id = await books.contract({}, 'submitted')
    const both = await Promise.all([refused(id, { amount: usd(600) }), refused(id, { amount: usd(600) })])
    expect(both.flat()).toEqual(['PLAN_EXCEEDS_CONTRACT amount'])
    expect(await books.sums(id)).toMatchObject({ planned: 600 })
  })

  it('has a number of its own in the row, after nine comes ten', async () => {
    const id = await books.contract({}, 'submitted')
    await books.plans(id, ...Array.from({ length: 11 }, (): [number, string] => [1, day(1)]))
    await writes.create('ReceiptPlan', plan(id, { amount: usd(1), sequence: 20 }))
    await books.plans(id, [1, day(1)])
    const rows = await writes.rows<{ sequence: number }>(
      'SELECT sequence FROM receipt_plan WHERE tenant_id = $1 AND contract_id = $2 ORDER BY sequence',
      id,
    )
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21])
    expect(await refused(id, { sequence: 3, amount: usd(1) })).toEqual(['UNIQUE_VIOLATION contractId'])
    expect(await refused(id, { amount: { amount: '1', currency: 'EUR' } })).toEqual(['CURRENCY_MISMATCH currency'])
    expect(await refused(id, { amount: usd(0) })).toEqual(['VALIDATION_FAILED amount.amount'])
  })

  it('for which money came stays as it is: PLAN_HAS_RECEIPTS', async () => {
    const id = await books.contract({}, 'submitted', 'approved')
    const [first, second] = (await books.plans(id, [100, day(1)], [100, day(2)])) as [string, string]
    const receipt = await books.receive(id, 40, { planId: ref('ReceiptPlan', first) })
    expect(await writes.updateRefused('ReceiptPlan', first, { amount: usd(90) })).toEqual(['PLAN_HAS_RECEIPTS amount'])
    expect(await writes.updateRefused('ReceiptPlan', first, { dueDate: day(9) })).toEqual(['PLAN_HAS_RECEIPTS dueDate'])
    expect(await writes.updateRefused('ReceiptPlan', first, { note: 'Half of it came' })).toEqual([])
    expect(await writes.removeRefused('ReceiptPlan', first)).toEqual(['PLAN_HAS_RECEIPTS id'])
    await books.done((context) => reverseReceipt(context, { id: ref('Receipt', receipt), reason: 'Bounced' }))
    expect(await writes.updateRefused('ReceiptPlan', first, { dueDate: day(9) })).toEqual([])
    expect(await writes.removeRefused('ReceiptPlan', second)).toEqual([])
    expect(await books.sums(id)).toMatchObject({ planned: 100 })
  })
})

describe('the night', () => {
  it('makes plans overdue and contracts expire in the company’s time zone, and reminds their owners once', async () => {
    const owner = { ownerId: writes.adminId }
    const id = await books.contract({ ...owner, endDate: day(20) }, 'submitted', 'approved')
    await books.plans(id, [100, day(3)])
    await writes.create('ReceiptPlan', plan(id, { dueDate: day(5), remindDaysBefore: 30 }))
    const night = async (from: number) => {
      const tenancy = openTenancy({ databaseUrl: writes.databaseUrl, poolSize: 1 })
      // 00:06 of that day in Shanghai.
      const now = new Date(`${day(from)}T00:06:00+08:00`)
      while ((await runJobsOnce(tenancy, { now: () => now })) > 0);
      await tenancy.close()
    }
    const tasks = async () =>
      (
        await writes.rows<{ title: string }>(
          `SELECT t.title FROM task t JOIN task_link l ON l.tenant_id = $1 AND l.task_id = t.id WHERE t.tenant_id = $1 AND l.record_id = $2 ORDER BY t.title`,
          id,
        )
      ).map(({ title }) => title.replace(/^.*\) ?/, ''))
    await night(3)
    expect([await states(id), (await books.sums(id)).status]).toEqual([['PENDING', 'PENDING'], 'APPROVED'])
    expect(await tasks()).toEqual([`#2 is to be paid by ${day(5)}`, `ends on ${day(20)}`])
    await night(4)
    expect(await states(id)).toEqual(['OVERDUE', 'PENDING'])
    expect(await tasks()).toHaveLength(2)
    await night(20)
    expect((await books.sums(id)).status).toBe('APPROVED')
    await night(21)
    expect((await books.sums(id)).status).toBe('EXPIRED')
    // Who pays late pays all the same.
    await books.receive(id, 150)
    expect(await books.sums(id)).toMatchObject({ status: 'EXPIRED', received: 150 })
    expect(await tasks()).toHaveLength(2)
  })
})

describe('plans at an interval', () => {
  const generate = (contractId: string, more: Record<string, unknown>) =>
    books.refused((context) =>
      generateReceiptPlans(context, { contractId: ref('Contract', contractId), count: 3, interval: 'MONTH', ...more }),
    )
  const made = (contractId: string) =>
    writes.rows(
      'SELECT sequence, (amount::float / 10000) AS amount, due_date::text AS due FROM receipt_plan WHERE tenant_id = $1 AND contract_id = $2 ORDER BY sequence',
      contractId,
    )

  it('are what remains, the last with the rest, due on the same day of the month or its last', async () => {
    const id = await books.contract({ startDate: '2026-01-31', endDate: '2027-01-30' }, 'submitted')
    expect(await generate(id, {})).toEqual([])
    expect(await made(id)).toEqual([
      { sequence: 1, amount: 333.33, due: '2026-01-31' },
      { sequence: 2, amount: 333.33, due: '2026-02-28' },
      { sequence: 3, amount: 333.34, due: '2026-03-31' },
    ])
    expect(await generate(id, {})).toEqual(['PLAN_EXCEEDS_CONTRACT count'])
  })

  it('begin with a part of their own, and on a day of their own', async () => {
    const id = await books.contract({ startDate: '2026-01-01' }, 'submitted')
    await books.plans(id, [100, '2026-01-01'])
    expect(await generate(id, { firstPercent: '30', interval: 'QUARTER', firstDueDate: '2026-02-01' })).toEqual([])
    expect(await made(id)).toMatchObject([
      { amount: 100 },
      { sequence: 2, amount: 270, due: '2026-02-01' },
      { amount: 315, due: '2026-05-01' },
      { amount: 315, due: '2026-08-01' },
    ])
  })

  it('are none of a draft, of nothing, or of too many', async () => {
    expect(await generate(await books.contract(), {})).toEqual(['CONTRACT_NOT_SUBMITTED contractId'])
    const id = await books.contract({ amount: usd('0.02') }, 'submitted')
    expect(await generate(id, {})).toEqual(['PLAN_EXCEEDS_CONTRACT count'])
    expect(await generate(id, { count: 0 })).toEqual(['VALIDATION_FAILED count'])
    expect(await generate(id, { count: 121 })).toEqual(['VALIDATION_FAILED count'])
    for (const firstPercent of ['0', '100', '-1', '12.345'])
      expect(await generate(id, { firstPercent })).toEqual(['VALIDATION_FAILED firstPercent'])
    expect(await generate('00000000-0000-7000-8000-000000000000', {})).toEqual(['NOT_FOUND contractId'])
    expect(await made(id)).toEqual([])
  })

  it('sum up to the smallest unit, whatever is divided', () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 10n ** 15n),
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom('USD', 'JPY', 'KWD'),
        fc.option(fc.bigInt(1n, 9_999n)),
        (units, count, currency, percent) => {
          const unit = minorUnit(currency)
          const parts = splitAmount(units * unit, count, currency, percent)
          expect(parts).toHaveLength(count)
          expect(parts.reduce((sum, one) => sum + one, 0n)).toBe(units * unit)
          for (const part of parts) expect(part % unit).toBe(0n)
          const middle = new Set(parts.slice(1, -1))
          expect(middle.size).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
