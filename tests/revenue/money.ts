import { UserErrors } from '../../src/errors.ts'
import { subjectOf } from '../../src/resolvers/approval/registry.ts'
import { todayIn } from '../../src/resolvers/checks.ts'
import type { Written } from '../../src/resolvers/records.ts'
import { recordReceipt } from '../../src/resolvers/revenue/recordReceipt.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { ref, type Writes } from '../support/writes.ts'

export type Turn = 'submitted' | 'approved' | 'rejected' | 'withdrawn'

/** An amount in the currency of the tests. */
export const usd = (amount: string | number) => ({ amount: String(amount), currency: 'USD' })

/** A day so many days from today, in the company's time zone. */
export const day = (from: number): string => todayIn('Asia/Shanghai', new Date(Date.now() + from * 86_400_000))

/** What the tests of money do with a company. */
export interface Money {
  /** A contract (uuid) of a new customer that took these turns of its approval. */
  contract(input?: Input, ...turns: Turn[]): Promise<string>
  turn(object: 'Contract' | 'Receipt', id: string, turn: Turn): Promise<void>
  /** Plans of a contract, their uuids. */
  plans(contractId: string, ...plans: [amount: number | string, dueDate: string][]): Promise<string[]>
  /** A receipt of today, of these parts by plan; its uuid. */
  receive(contractId: string, amount: number | string, more?: Input): Promise<string>
  receiveRefused(contractId: string, amount: number | string, more?: Input): Promise<string[]>
  /** Runs a verb that must be done; its uuid. */
  done(work: (context: WriteContext) => Promise<Written>): Promise<string>
  /** Codes of what is wrong, each with its field. With [] it was done. */
  refused(work: (context: WriteContext) => Promise<Written>): Promise<string[]>
  /** Details of the first error. */
  details(work: (context: WriteContext) => Promise<Written>): Promise<unknown>
  /** Of a contract: status, what is planned, received and invoiced, in whole units. */
  sums(
    contractId: string,
  ): Promise<{ status: string; planned: number; received: number; open: number; invoiced: number }>
  /** Of the live plans of a contract, in order: status, what was received, and when all of it was. */
  stand(contractId: string): Promise<[status: string, received: number, settledAt: string | null][]>
}

/** Opens a company's books. */
export function money(writes: Writes): Money {
  const run = (work: (context: WriteContext) => Promise<Written>) =>
    writes.write(async (context) => {
      const { id, errors } = await work(context)
      if (errors.length > 0) throw new UserErrors(errors)
      return id as string
    })
  const failure = async (work: (context: WriteContext) => Promise<Written>) => {
    try {
      await run(work)
      return []
    } catch (error) {
      if (error instanceof UserErrors) return error.errors
      throw error
    }
  }
  const codes = async (work: (context: WriteContext) => Promise<Written>) =>
    (await failure(work)).map(
      ({ code, field }) => `${code} ${(field ?? []).filter((part) => !/^(input|\d+)$/.test(part)).join('.')}`,
    )
  const receipt = (contractId: string, amount: number | string, more: Input) => (context: WriteContext) =>
    recordReceipt(context, {
      contractId: ref('Contract', contractId),
      amount: usd(amount),
      receivedOn: day(0),
      confirm: true,
      ...more,
    })
  const turn = (object: string, id: string, one: Turn) =>
    writes.write(async (context) => subjectOf(object)?.[one]?.(context, id))
  return {
    turn,
    async contract(input = {}, ...turns) {
      const [account] = (await writes.create('Account', { name: 'Customer' })) as [string]
      const [id] = (await writes.create('Contract', {
        name: 'Agreement',
        accountId: ref('Account', account),
        amount: usd(1000),
        startDate: day(-100),
        endDate: day(265),
        ...input,
      })) as [string]
      for (const one of turns) await turn('Contract', id, one)
      return id
    },
    plans: (contractId, ...plans) =>
      writes.create(
        'ReceiptPlan',
        ...plans.map(([amount, dueDate]) => ({
          contractId: ref('Contract', contractId),
          amount: usd(amount),
          dueDate,
        })),
      ),
    receive: (contractId, amount, more = {}) => run(receipt(contractId, amount, more)),
    receiveRefused: (contractId, amount, more = {}) => codes(receipt(contractId, amount, more)),
    done: run,
    refused: codes,
    details: async (work) => (await failure(work))[0]?.details,
    async sums(contractId) {
      const row = await writes.row('contract', contractId)
      const units = (name: string) => row[name] / 10_000
      return {
        status: row.status,
        planned: units('planned_amount'),
        received: units('received_amount'),
        open: units('unreceived_amount'),
        invoiced: units('invoiced_amount'),
      }
    },
    async stand(contractId) {
      const rows = await writes.rows<{ status: string; received: number; settledAt: string | null }>(
        `SELECT status, received_amount::float / 10000 AS received, settled_at::text AS "settledAt" FROM receipt_plan
 WHERE tenant_id = $1 AND contract_id = $2 AND deleted_at IS NULL ORDER BY sequence`,
        contractId,
      )
      return rows.map(({ status, received, settledAt }) => [status, received, settledAt])
    },
  }
}
