import type { Viewer } from '../../../context.ts'
import type { Money } from '../../../read/finish.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { todayIn } from '../../checks.ts'
import { sqlFor } from '../../write.ts'
import { adjustmentsOf } from './adjustments.ts'
import { amountInBase, type Exact, exact, moneyIn, perCent, rateFound, weightedInBase } from './base.ts'
import { dealsSql } from './deals.ts'
import type { Period } from './period.ts'
import { type Frame, frameOf, type SalesScope, type ScopeInput, usersSql } from './scope.ts'
import { targetsOf } from './targets.ts'

/** Categories that a forecast has; OMITTED is none. */
export const CATEGORIES = ['CLOSED', 'COMMIT', 'BEST_CASE', 'PIPELINE'] as const
export type Category = (typeof CATEGORIES)[number]

export type ForecastGrouping = 'OWNER' | 'DEPARTMENT' | 'CATEGORY'

/** Deals of one category, exact. */
export interface Part {
  count: number
  amount: Exact
  weighted: Exact
  /** amount, where a manager has said something else that instead. */
  adjusted: Exact
}

/** Figures of a forecast by category. */
export type Parts = Record<Category, Part>

/** Figures as they are shown. */
export interface ShownPart {
  count: number
  /** Null, like all sums, where the viewer may not see amounts. */
  amount: Money | null
  weighted: Money | null
  adjusted: Money | null
}

export interface ForecastFigures {
  parts: Record<Category, ShownPart>
  total: ShownPart
  target: Money | null
  attainment: string | null
}

export interface ForecastGroup extends ForecastFigures {
  /** uuids; null where the grouping is another, and for deals of nobody. */
  ownerId: string | null
  departmentId: string | null
  category: Category | null
}

export interface Forecast {
  period: Period
  total: ForecastFigures
  groups: ForecastGroup[]
}

/** What the deals of a person come to. */
export interface PersonForecast {
  ownerId: string | null
  departmentId: string | null
  parts: Parts
}

const none = (): Part => ({ count: 0, amount: 0n, weighted: 0n, adjusted: 0n })
const noParts = (): Parts => ({ CLOSED: none(), COMMIT: none(), BEST_CASE: none(), PIPELINE: none() })

function add(to: Part, { count, amount, weighted, adjusted }: Part): void {
  to.count += count
  to.amount += amount
  to.weighted += weighted
  to.adjusted += adjusted
}

interface DealRow {
  ownerId: string | null
  departmentId: string | null
  category: Category
  currency: string
  rate: string | null
  day: string
  count: number
  amount: string | null
  weighted: string | null
}

/**
 * What the deals of a period come to, person by person, in one statement (dealsSql says which).
 *
 * @throws CURRENCY_RATE_MISSING.
 */
export async function peopleOf(
  db: Reader,
  viewer: Viewer,
  { start, end }: Period,
  scope: SalesScope,
): Promise<PersonForecast[]> {
  const sql = sqlFor(viewer.tenantId)
  const deals = dealsSql(sql, viewer, { start, end, today: todayIn(viewer.timezone) }, usersSql(sql, scope))
  const rows = await db.rows<DealRow>({
    text: `WITH ${deals}
 SELECT d.owner_id AS "ownerId", u.department_id AS "departmentId", d.category, d.currency, r.rate::text AS rate, min(d.day)::text AS day, count(*)::integer AS count,
 sum(d.amount)::text AS amount, sum(d.amount::numeric * d.probability)::text AS weighted
 FROM deal d JOIN rate r ON r.currency = d.currency AND r.day = d.day LEFT JOIN app_user u ON u.tenant_id = $1 AND u.id = d.owner_id
 GROUP BY 1, 2, 3, 4, r.rate ORDER BY 1, 3, 4`,
    values: sql.params.values,
  })
  const people = new Map<string | null, PersonForecast>()
  for (const { ownerId, departmentId, category, currency, rate, day, count, amount, weighted } of rows) {
    const person = people.get(ownerId) ?? { ownerId, departmentId, parts: noParts() }
    people.set(ownerId, person)
    const part = person.parts[category]
    part.count += count
    // Deals without an amount ask for no rate.
    if (amount === null || amount === '0') continue
    const known = rateFound(rate, currency, day)
    const sum = amountInBase(amount, known)
    part.amount += sum
    part.adjusted += sum
    part.weighted += weightedInBase(weighted as string, known)
  }
  return [...people.values()]
}

/** Puts what managers have said in the place of what the deals come to. */
async function adjust(db: Reader, viewer: Viewer, frame: Frame, people: PersonForecast[]): Promise<void> {
  for (const { ownerId, departmentId, category, amount } of await adjustmentsOf(db, viewer, frame)) {
    const found = people.find((one) => one.ownerId === ownerId)
    const person = found ?? { ownerId, departmentId, parts: noParts() }
    if (!found) people.push(person)
    person.parts[category].adjusted = exact(BigInt(amount))
  }
}

/**
 * The forecast of a period for a scope, in groups besides the whole. Targets and adjustments are those of exactly this period, as far as the viewer sees them.
 *
 * @returns null when there is no such department or user.
 * @throws CURRENCY_RATE_MISSING.
 */
export async function forecast(
  db: Reader,
  viewer: Viewer,
  args: {
    period: { type: Period['type']; start: string }
    scope?: ScopeInput | null
    groupBy?: ForecastGrouping | null
  },
): Promise<Forecast | null> {
  const frame = await frameOf(db, viewer, args.period, args.scope ?? { type: 'COMPANY' })
  if (!frame) return null
  const people = await peopleOf(db, viewer, frame.period, frame.scope)
  await adjust(db, viewer, frame, people)
  const targets = await targetsOf(db, viewer, frame)
  const show = shower(viewer)
  const grouped = (): ForecastGroup[] => {
    const empty = { ownerId: null, departmentId: null, category: null }
    if (args.groupBy === 'CATEGORY') {
      const all = together(people)
      return CATEGORIES.map((category) => {
        const parts = { ...noParts(), [category]: all[category] }
        return { ...empty, category, ...show(parts, null) }
      })
    }
    if (args.groupBy === 'DEPARTMENT') {
      const departments = Map.groupBy(people, ({ departmentId }) => departmentId)
      return [...departments].map(([departmentId, some]) => ({
        ...empty,
        departmentId,
        ...show(together(some), targets.departments.get(departmentId ?? '') ?? null),
      }))
    }
    if (args.groupBy !== 'OWNER') return []
    for (const ownerId of targets.users.keys())
      if (!people.some((one) => one.ownerId === ownerId)) people.push({ ownerId, departmentId: null, parts: noParts() })
    return people.map(({ ownerId, parts }) => ({
      ...empty,
      ownerId,
      ...show(parts, targets.users.get(ownerId ?? '') ?? null),
    }))
  }
  const total = show(together(people), targets.whole)
  return { period: frame.period, total, groups: grouped() }
}

function together(people: PersonForecast[]): Parts {
  const parts = noParts()
  for (const person of people) for (const category of CATEGORIES) add(parts[category], person.parts[category])
  return parts
}

/** Shows figures to a viewer, each rounded once. */
function shower(viewer: Viewer): (parts: Parts, target: bigint | null) => ForecastFigures {
  const currency = viewer.baseCurrency
  const type = recordType('Opportunity')
  const money = (field: string, sum: Exact) => (viewer.access.hides(type, field) ? null : moneyIn(currency, sum))
  const shown = ({ count, amount, weighted, adjusted }: Part): ShownPart => ({
    count,
    amount: money('amount', amount),
    weighted: money('expectedRevenue', weighted),
    adjusted: money('amount', adjusted),
  })
  return (parts, target) => {
    const total = none()
    for (const category of CATEGORIES) add(total, parts[category])
    return {
      parts: Object.fromEntries(CATEGORIES.map((category) => [category, shown(parts[category])])) as never,
      total: shown(total),
      target: target === null ? null : moneyIn(currency, exact(target)),
      attainment:
        target === null || viewer.access.hides(type, 'amount') ? null : perCent(parts.CLOSED.amount, exact(target)),
    }
  }
}
