import { recordType } from '../../read/recordType.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { subjectOf } from '../../resolvers/approval/registry.ts'
import { submitForApproval } from '../../resolvers/approval/subject.ts'
import { todayIn } from '../../resolvers/checks.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { createRecords } from '../../resolvers/records.ts'
import { terminateContract } from '../../resolvers/revenue/endContract.ts'
import { recordReceipt } from '../../resolvers/revenue/recordReceipt.ts'
import { reverseReceipt } from '../../resolvers/revenue/reverseReceipt.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import type { DemoCompany, DemoRef } from './types.ts'

/** What is to be paid, whole units; on which day, from today; and what was: an amount and its day, a draft, or one that bounced. */
interface Plan {
  amount: number
  due: number
  paid?: [amount: number, on: number]
  draft?: true
  bounced?: true
}

/** A contract of a deal that was won, from which day to which, from today, and how it stands. */
interface Story {
  name: string
  type: 'SALES' | 'SERVICE' | 'SUBSCRIPTION'
  from: number
  to: number
  state: 'DRAFT' | 'IN_APPROVAL' | 'APPROVED' | 'TERMINATED'
  autoRenew?: boolean
  plans: Plan[]
}

const STORIES: Story[] = [
  {
    name: 'Machines and installation 设备及安装',
    type: 'SALES',
    from: -150,
    to: 215,
    state: 'APPROVED',
    plans: [
      { amount: 36_000, due: -140, paid: [36_000, -138] },
      { amount: 48_000, due: -95, paid: [30_000, -90] },
      { amount: 36_000, due: 40 },
    ],
  },
  {
    name: 'Spare parts 2 years 备件两年框架',
    type: 'SALES',
    from: -70,
    to: 660,
    state: 'APPROVED',
    plans: [
      { amount: 12_500, due: -65 },
      { amount: 12_500, due: -20, paid: [12_500, -4] },
      { amount: 12_500, due: 70, draft: true },
    ],
  },
  {
    name: 'Service and training 服务与培训',
    type: 'SERVICE',
    from: -40,
    to: 325,
    state: 'APPROVED',
    plans: [
      { amount: 8_400, due: -12, bounced: true },
      { amount: 8_400, due: 18 },
    ],
  },
  {
    name: 'Remote monitoring 远程监控订阅',
    type: 'SUBSCRIPTION',
    from: -358,
    to: 7,
    state: 'APPROVED',
    autoRenew: true,
    plans: [{ amount: 9_600, due: -350, paid: [9_600, -352] }],
  },
  {
    name: 'Retrofit of a line 产线改造',
    type: 'SALES',
    from: -60,
    to: 120,
    state: 'TERMINATED',
    plans: [
      { amount: 15_000, due: -45, paid: [15_000, -44] },
      { amount: 25_000, due: 60 },
    ],
  },
  {
    name: 'Second hall 二期厂房设备',
    type: 'SALES',
    from: 10,
    to: 375,
    state: 'IN_APPROVAL',
    plans: [{ amount: 60_000, due: 30 }],
  },
  {
    name: 'Framework for the year 年度框架协议',
    type: 'SALES',
    from: 20,
    to: 384,
    state: 'DRAFT',
    plans: [{ amount: 40_000, due: 45 }],
  },
]

/**
 * Contracts of deals that were won, with their plans and receipts in all states, so that there is something to be owed and received. Those in force were approved before the
 * company's flow for contracts began.
 *
 * @param known ids of clients by the keys of users and records.
 */
export async function loadContracts(
  write: WriteContext,
  { tenant: { baseCurrency }, records }: Pick<DemoCompany, 'tenant' | 'records'>,
  known: Map<string, string>,
): Promise<void> {
  const won = records.filter(
    ({ type, fields }) => type === 'Opportunity' && fields.actualCloseDate && !fields.lossReason,
  )
  const accounts = [...new Set(won.flatMap(({ fields }) => (fields.accountId as DemoRef | undefined)?.ref ?? []))]
  const owners = new Map(records.map(({ key, fields }) => [key, (fields.ownerId as DemoRef | undefined)?.ref]))
  for (const [at, story] of STORIES.entries()) {
    const account = accounts[at % accounts.length]
    const owner = known.get(owners.get(account ?? '') ?? '')
    if (!account || !owner) continue
    await tell(write, story, { accountId: known.get(account) as string, ownerId: owner, currency: baseCurrency })
  }
}

/** Makes one contract with what became of it. */
async function tell(
  write: WriteContext,
  { name, type, from, to, state, autoRenew = false, plans }: Story,
  { accountId, ownerId, currency }: { accountId: string; ownerId: string; currency: string },
): Promise<void> {
  const day = (offset: number) => todayIn(write.viewer.timezone, new Date(Date.now() + offset * 86_400_000))
  const money = (amount: number) => ({ amount: String(amount), currency })
  const whole = plans.reduce((sum, { amount }) => sum + amount, 0)
  const [id] = ids(
    await createRecords(write, recordType('Contract'), [
      { name, type, accountId, ownerId, amount: money(whole), startDate: day(from), endDate: day(to), autoRenew },
    ]),
  ) as [string]
  const contractId = idOf('Contract', id)
  if (state === 'DRAFT') return
  if (state === 'IN_APPROVAL') {
    const owner = { ...write.viewer, userId: uuidOf('User', ownerId) as string }
    const done = await submitForApproval({ ...write, viewer: owner }, { object: 'Contract', id })
    if ('errors' in done) throw new Error(`${name} was not submitted: ${done.errors[0]?.message}`)
  } else for (const turn of ['submitted', 'approved'] as const) await subjectOf('Contract')?.[turn]?.(write, id)
  const made = ids(
    await createRecords(
      write,
      recordType('ReceiptPlan'),
      plans.map(({ amount, due }) => ({ contractId, amount: money(amount), dueDate: day(due), remindDaysBefore: 7 })),
    ),
  )
  for (const [index, { amount, due, paid, draft, bounced }] of plans.entries()) {
    if (!paid && !draft && !bounced) continue
    const planId = idOf('ReceiptPlan', made[index] as string)
    const [received, on] = paid ?? [amount, Math.min(due, 0)]
    const input = { contractId, planId, amount: money(received), receivedOn: day(on), confirm: !draft }
    const [receipt] = ids([await recordReceipt(write, input)]) as [string]
    if (bounced) ids([await reverseReceipt(write, { id: idOf('Receipt', receipt), reason: 'The payment bounced' })])
  }
  if (state === 'TERMINATED')
    ids([await terminateContract(write, { id: contractId, reason: 'The customer closed the plant', on: day(-10) })])
}
