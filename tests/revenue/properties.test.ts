import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { UserErrors } from '../../src/errors.ts'
import { recordType } from '../../src/read/recordType.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../../src/resolvers/records.ts'
import { allocateReceipt } from '../../src/resolvers/revenue/allocate.ts'
import { confirmReceipt } from '../../src/resolvers/revenue/confirmReceipt.ts'
import { recordReceipt } from '../../src/resolvers/revenue/recordReceipt.ts'
import { refundReceipt } from '../../src/resolvers/revenue/refundReceipt.ts'
import { reverseReceipt } from '../../src/resolvers/revenue/reverseReceipt.ts'
import { PLAN_STATES, RECEIPT_STATES, type States } from '../../src/resolvers/revenue/states.ts'
import type { WriteContext } from '../../src/resolvers/write.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'
import { day, type Money, money, usd } from './money.ts'

jest.setTimeout(300_000)

let writes: Writes
let books: Money
beforeAll(async () => {
  writes = await openWrites()
  books = money(writes)
})
afterAll(() => writes?.close())

/** What somebody does with a contract; numbers choose among what there is. */
type Act =
  | { do: 'plan' | 'changePlan'; amount: number; due: number; which: number }
  | { do: 'dropPlan'; which: number }
  | { do: 'receive'; amount: number; on: number; split: number; confirm: boolean; credit: boolean }
  | { do: 'confirm' | 'reverse' | 'drop'; which: number }
  | { do: 'refund'; which: number; amount: number }
  | { do: 'allocate'; which: number; split: number }

const which = fc.nat(30)
const amount = fc.integer({ min: 1, max: 60_000 }).map((cents) => cents / 100)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('plan' as const), amount, due: fc.integer({ min: -20, max: 20 }), which }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('changePlan' as const),
      amount,
      due: fc.integer({ min: -20, max: 20 }),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dropPlan' as const), which }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      amount,
      on: fc.integer({ min: -30, max: 0 }),
      split: fc.nat(3),
      confirm: fc.boolean(),
      credit: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('confirm' as const, 'reverse' as const, 'drop' as const), which }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refund' as const), which, amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('allocate' as const), which, split: fc.nat(3) }) },
)

interface Plan {
  id: string
  status: string
  amount: string
  received: string
  due: string
  settled: string | null
}
interface Receipt {
  id: string
  status: string
  amount: string
}

const plansOf = (contract: string) =>
  writes.rows<Plan>(
    `SELECT id, status, amount::text, received_amount::text AS received, due_date::text AS due, settled_at::text AS settled FROM receipt_plan
 WHERE tenant_id = $1 AND contract_id = $2 AND deleted_at IS NULL ORDER BY sequence`,
    contract,
  )
const receiptsOf = (contract: string) =>
  writes.rows<Receipt>(
    'SELECT id, status, amount::text FROM receipt WHERE tenant_id = $1 AND contract_id = $2 AND deleted_at IS NULL ORDER BY id',
    contract,
  )
const pick = <One>(some: One[], n: number): One | undefined => some[n % Math.max(some.length, 1)]

/** Parts of an amount over the first plans; now and then they are not as much as it. */
function parts(plans: Plan[], total: number, split: number) {
  const chosen = plans.slice(0, split)
  const cents = Math.round(total * 100)
  return chosen.map(({ id }, n) => ({
    planId: ref('ReceiptPlan', id),
    amount: usd(
      (n === chosen.length - 1
        ? cents - Math.floor(cents / chosen.length) * (chosen.length - 1)
        : Math.floor(cents / chosen.length)) / 100,
    ),
  }))
}

/** Does it; a refusal is an answer too. */
async function perform(contract: string, one: Act): Promise<void> {
  const [plans, receipts] = [await plansOf(contract), await receiptsOf(contract)]
  const work = async (context: WriteContext): Promise<Written | undefined> => {
    const plan = 'which' in one ? pick(plans, one.which) : undefined
    const receipt = 'which' in one ? pick(receipts, one.which) : undefined
    const id = receipt && ref('Receipt', receipt.id)
    const first = async (some: Promise<Written[]>) => (await some)[0]
    switch (one.do) {
      case 'plan':
        return first(
          createRecords(context, recordType('ReceiptPlan'), [
            { contractId: ref('Contract', contract), amount: usd(one.amount), dueDate: day(one.due) },
          ]),
        )
      case 'changePlan':
        return (
          plan &&
          first(
            updateRecords(context, recordType('ReceiptPlan'), [
              { id: plan.id, input: { amount: usd(one.amount), dueDate: day(one.due) } },
            ]),
          )
        )
      case 'dropPlan':
        return plan && first(deleteRecords(context, recordType('ReceiptPlan'), [{ id: plan.id }]))
      case 'receive':
        return recordReceipt(context, {
          contractId: ref('Contract', contract),
          amount: usd(one.amount),
          receivedOn: day(one.on),
          confirm: one.confirm,
          ...(one.credit && one.split === 0 ? { method: 'ACCOUNT_CREDIT' } : {}),
          ...(one.split > 0 ? { allocations: parts(plans, one.amount, one.split) } : {}),
        })
      case 'confirm':
        return id ? confirmReceipt(context, { id }) : undefined
      case 'reverse':
        return id ? reverseReceipt(context, { id, reason: 'Why not' }) : undefined
      case 'drop':
        return receipt && first(deleteRecords(context, recordType('Receipt'), [{ id: receipt.id }]))
      case 'refund':
        return id ? refundReceipt(context, { receiptId: id, amount: usd(one.amount), reason: 'Why not' }) : undefined
      case 'allocate':
        return id
          ? allocateReceipt(context, {
              id,
              allocations: parts(plans, Number(receipt?.amount) / 10_000, one.split),
            })
          : undefined
    }
  }
  await writes
    .write(async (context) => {
      const { errors } = (await work(context)) ?? { errors: [] }
      if (errors.length > 0) throw new UserErrors(errors)
    })
    .catch((error: unknown) => {
      if (!(error instanceof UserErrors)) throw error
      expect(error.errors.map(({ code }) => code)).not.toContain('INTERNAL')
    })
}

/** All that must hold of a contract at any moment, worked out anew from its entries. */
async function exact(contract: string): Promise<void> {
  const [row] = await writes.rows<Record<string, string>>(
    `SELECT c.amount::text, c.received_amount::text AS received, c.planned_amount::text AS planned,
 (SELECT coalesce(sum(r.amount - r.credit_amount), 0)::text FROM receipt r WHERE r.tenant_id = $1 AND r.contract_id = c.id AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL) AS paid,
 (SELECT coalesce(sum(f.amount), 0)::text FROM refund f WHERE f.tenant_id = $1 AND f.contract_id = c.id AND f.deleted_at IS NULL) AS refunded,
 (SELECT coalesce(sum(p.amount), 0)::text FROM receipt_plan p WHERE p.tenant_id = $1 AND p.contract_id = c.id AND p.deleted_at IS NULL) AS plans,
 (SELECT coalesce(sum(r.credit_amount), 0) - coalesce(sum(r.amount) FILTER (WHERE r.method = 'ACCOUNT_CREDIT'), 0) FROM receipt r
  WHERE r.tenant_id = $1 AND r.account_id = c.account_id AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL)::text AS credit,
 (SELECT coalesce(sum(a.balance), 0)::text FROM account_credit a WHERE a.tenant_id = $1 AND a.account_id = c.account_id) AS balance
 FROM contract c WHERE c.tenant_id = $1 AND c.id = $2`,
    contract,
  )
  const of = (name: string) => BigInt(row?.[name] as string)
  expect(of('received')).toBe(of('paid') - of('refunded'))
  expect(of('received') >= 0n && of('received') <= of('amount')).toBe(true)
  expect(of('planned')).toBe(of('plans'))
  expect(of('planned') <= of('amount')).toBe(true)
  expect([of('balance'), of('balance') >= 0n]).toEqual([of('credit'), true])
  const entries = await writes.rows<{ plan: string; amount: string; day: string }>(
    `SELECT a.plan_id AS plan, a.amount::text, coalesce(f.refunded_on, r.received_on)::text AS day FROM receipt_allocation a
 JOIN receipt r ON r.tenant_id = $1 AND r.id = a.receipt_id AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL
 LEFT JOIN refund f ON f.tenant_id = $1 AND f.id = a.refund_id
 WHERE a.tenant_id = $1 AND r.contract_id = $2 AND a.deleted_at IS NULL ORDER BY day, a.id`,
    contract,
  )
  for (const plan of await plansOf(contract)) {
    let sum = 0n
    let settled: string | null = null
    for (const entry of entries.filter((one) => one.plan === plan.id)) {
      const next: bigint = sum + BigInt(entry.amount)
      if (sum < BigInt(plan.amount) && next >= BigInt(plan.amount)) settled = entry.day
      sum = next
    }
    const done = sum >= BigInt(plan.amount)
    const status = done ? 'DONE' : plan.due < day(0) ? 'OVERDUE' : sum > 0n ? 'PARTIAL' : 'PENDING'
    expect(plan).toMatchObject({ received: String(sum), status, settled: done ? settled : null })
    expect(sum >= 0n && sum <= BigInt(plan.amount)).toBe(true)
  }
  // The parts of what counts are as much as it, or there are none.
  const odd = await writes.rows(
    `SELECT r.id FROM receipt r JOIN receipt_allocation a ON a.tenant_id = $1 AND a.receipt_id = r.id AND a.deleted_at IS NULL
 WHERE r.tenant_id = $1 AND r.contract_id = $2 AND r.status IN ('CONFIRMED', 'REVERSED') AND r.deleted_at IS NULL
 GROUP BY r.id, r.amount, r.credit_amount, r.refunded_amount HAVING sum(a.amount) <> r.amount - r.credit_amount - r.refunded_amount`,
    contract,
  )
  expect(odd).toEqual([])
}

/** No record took a step that its state machine does not have. */
function steps<State extends string>(
  states: States<State>,
  was: { id: string; status: string }[],
  now: { id: string; status: string }[],
): void {
  for (const { id, status } of now) {
    const from = was.find((one) => one.id === id)?.status
    if (from !== undefined && from !== status) expect(states[from as State]).toContain(status)
  }
}

const overpayment = (allowed: boolean) =>
  writes.write(({ db, viewer }) =>
    db.rows({
      text: 'UPDATE tenant SET revenue_allow_overpayment = $2 WHERE id = $1',
      values: [viewer.tenantId, allowed],
    }),
  )

describe('whatever happens with the money of a contract', () => {
  it('balances are the sums of the entries, nothing is paid too much, and statuses follow', async () => {
    let received = 0
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), fc.boolean(), async (acts, allowed) => {
        await overpayment(allowed)
        const contract = await books.contract({}, 'submitted', 'approved')
        for (const one of acts) {
          const was = [await plansOf(contract), await receiptsOf(contract)] as const
          await perform(contract, one)
          await exact(contract)
          steps(PLAN_STATES, was[0], await plansOf(contract))
          steps(RECEIPT_STATES, was[1], await receiptsOf(contract))
        }
        received += (await books.sums(contract)).received
      }),
      { numRuns: 40 },
    )
    // Something happened at all.
    expect(received).toBeGreaterThan(0)
  })

  it('also when several do it at the same moment over connections of their own', async () => {
    await overpayment(false)
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 12, maxLength: 30 }), async (acts) => {
        const contract = await books.contract({}, 'submitted', 'approved')
        await books.plans(contract, [400, day(-1)], [300, day(3)])
        for (let at = 0; at < acts.length; at += 6) {
          await Promise.all(acts.slice(at, at + 6).map((one) => perform(contract, one)))
          await exact(contract)
        }
      }),
      { numRuns: 15 },
    )
  })
})
