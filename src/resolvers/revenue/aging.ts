import type { Context, Viewer } from '../../context.ts'
import { pageOf } from '../../read/emit.ts'
import type { Money } from '../../read/finish.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { formatMoney, idOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { type AgingGroupBy, type AgingRow, BUCKETS, type Bucket, keptSums, plainSums } from './agingSums.ts'

/** The field of the contract that names a group, and the type that it names. */
const GROUPS = {
  ACCOUNT: { field: 'accountId', type: 'Account' },
  OWNER: { field: 'ownerId', type: 'User' },
} as const

/** What is open in one currency, by how long it has been due. */
export type Aging = Record<Bucket | 'total', Money>

/** Of one customer, or one owner of contracts; all of them where `id` is null. */
export interface AgingGroup {
  /** Id for clients; null for contracts without an owner. */
  id: string | null
  uuid: string | null
  base: Aging
  currencies: { currency: string; aging: Aging }[]
}

/** What customers owe on a day. */
export interface Receivables {
  asOf: string
  all: AgingGroup
  groups: AgingGroup[]
  groupCount: number
}

/** Groups of one answer when nobody says how many. */
export const GROUPS_SHOWN = 20

/**
 * What is open of the plans of contracts that the viewer sees, as it was at the end of a day: what came or went back later is left out. In the currencies of the contracts, and in the
 * company's at the rates that were frozen when they were approved. One statement, however many plans there are: over the sums that triggers keep (decision 0029) as it stands today, where
 * the owner alone decides what the viewer sees; otherwise over the plans.
 *
 * @throws FIELD_FORBIDDEN where the viewer does not see what it is made of, PAGE_SIZE_EXCEEDED for more than a hundred groups.
 */
export async function receivablesAging(
  context: Context,
  viewer: Viewer,
  { asOf, groupBy, first }: { asOf: string | null; groupBy: AgingGroupBy; first: number | null },
): Promise<Receivables> {
  const [plan, contract] = [recordType('ReceiptPlan'), recordType('Contract')]
  const by = GROUPS[groupBy]
  for (const field of ['amount', 'receivedAmount', 'unreceivedAmount', 'dueDate', 'status'])
    viewer.access.requireField(plan, field, ['receivablesAging'])
  for (const field of [by.field, 'rate']) viewer.access.requireField(contract, field, ['receivablesAging'])
  const today = todayIn(viewer.timezone)
  const day = asOf ?? today
  const { size } = pageOf({ first: first ?? GROUPS_SHOWN })
  const asked = { day, by: groupBy, size }
  const ask = (statement: typeof keptSums) =>
    context.tenancy.readTenant(callerOf(viewer), (db) => db.rows<AgingRow>(statement(viewer, asked)))
  let found = day >= today && viewer.access.byOwner(contract) ? await ask(keptSums) : null
  if (!found || found[0]?.later) found = await ask(plainSums)
  const rows = found.filter((row): row is Told => row.currency !== null)
  const whole = rows.filter(({ all }) => all)
  const groups = Map.groupBy(
    rows.filter(({ all }) => !all),
    ({ key }) => key,
  )
  const groupOf = (uuid: string | null, some: Told[]): AgingGroup => ({
    id: uuid && idOf(by.type, uuid),
    uuid,
    base: agingOf(some, 'base', viewer.baseCurrency),
    currencies: [...Map.groupBy(some, ({ currency }) => currency)].map(([currency, own]) => ({
      currency,
      aging: agingOf(own, 'amount', currency),
    })),
  })
  return {
    asOf: day,
    all: groupOf(null, whole),
    groups: [...groups].map(([key, some]) => groupOf(key, some)),
    groupCount: whole[0]?.keys ?? 0,
  }
}

type Told = AgingRow & { currency: string }

function agingOf(rows: Told[], side: 'amount' | 'base', currency: string): Aging {
  const sums = BUCKETS.map(() => 0n)
  for (const row of rows) sums[row.bucket] = (sums[row.bucket] as bigint) + BigInt(row[side])
  const money = (amount: bigint): Money => ({ amount: formatMoney(String(amount)), currency })
  return {
    ...(Object.fromEntries(BUCKETS.map((bucket, at) => [bucket, money(sums[at] as bigint)])) as Record<Bucket, Money>),
    total: money(sums.reduce((all, one) => all + one, 0n)),
  }
}
