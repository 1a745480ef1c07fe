import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { fill } from '../support/fill.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'

let test: TestApp
let owner: Owner
const viewers: Pick<Company, 'run' | 'ask'>[] = []
/** The deals that each viewer sees, as the API gives them. */
const seen: Any[][] = []
beforeAll(async () => {
  test = await testApp()
  const { acme } = test
  owner = await openOwner(test, acme)
  await fill(acme, owner)
  const rep = await person(test, acme, 'rep')
  for (const table of ['opportunity', 'account'])
    await owner.rows(
      `UPDATE ${table} SET owner_id = $2 FROM (SELECT id AS i, row_number() OVER (ORDER BY id) AS n FROM ${table} WHERE tenant_id = $1) x WHERE tenant_id = $1 AND id = x.i AND n % 2 = 0 AND deleted_at IS NULL`,
      owner.tenantId,
      uuidIn(rep.id),
    )
  await owner.rows(
    `UPDATE opportunity SET amount = 10000 * (n % 7) + 25 * n, currency = CASE n % 3 WHEN 0 THEN 'EUR' ELSE 'USD' END
 FROM (SELECT id AS i, row_number() OVER (ORDER BY id)::integer AS n FROM opportunity WHERE tenant_id = $1) x WHERE tenant_id = $1 AND id = x.i AND n % 5 > 0`,
    owner.tenantId,
  )
  for (const viewer of [acme, rep]) {
    viewers.push(viewer)
    const { opportunities } = await viewer.run<Any>(
      '{ opportunities(first: 100) { nodes { id status type currency amount { amount } probability closeDate createdAt owner { id name } account { industry } stage { name } } } }',
    )
    seen.push(opportunities.nodes)
  }
}, 240_000)
afterAll(async () => {
  await owner?.close()
  await test.close()
})

const PREVIEW = `query($definition: ReportDefinitionInput!, $parameters: JSON) { runReportDefinition(definition: $definition, parameters: $parameters) { columns { key } rows { values } totals { values } truncated } }`

/** The day of a moment in Shanghai, which has no summer time. */
const dayOf = (moment: string) => new Date(Date.parse(moment) + 8 * 3_600_000).toISOString().slice(0, 10)

/** The first day of the span that a day lies in. */
function spanOf(day: string, bucket: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const first = (y: number, m: number) => new Date(Date.UTC(y, m, 1)).toISOString().slice(0, 10)
  if (bucket === 'MONTH') return first(year, month)
  if (bucket === 'QUARTER') return first(year, month - (month % 3))
  if (bucket === 'YEAR') return first(year, 0)
  if (bucket === 'WEEK') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  return date.toISOString().slice(0, 10)
}

const KEYS: Record<string, (deal: Any, bucket: string) => unknown> = {
  status: ({ status }) => status,
  type: ({ type }) => type,
  currency: ({ currency }) => currency,
  probability: ({ probability }) => probability,
  closeDate: ({ closeDate }, bucket) => (closeDate === null ? null : spanOf(closeDate, bucket)),
  createdAt: ({ createdAt }, bucket) => spanOf(dayOf(createdAt), bucket),
  ownerId: ({ owner: one }) => one && { id: one.id, name: one.name },
  'stage.name': ({ stage }) => stage?.name ?? null,
  'account.industry': ({ account }) => account?.industry ?? null,
}

const tenThousandths = (amount: string) => {
  const [whole = '', fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(4, '0'))
}

/** A measure over some deals: what it comes to, as a number or a text that compares. */
function calculate(fn: string, field: string | undefined, deals: Any[], currency: string | null): unknown {
  if (fn === 'COUNT') return deals.length
  if (field === 'amount') {
    const amounts = deals.flatMap(({ amount }) => (amount ? [tenThousandths(amount.amount)] : []))
    if (amounts.length === 0) return null
    const sum = amounts.reduce((all, one) => all + one, 0n)
    const sorted = amounts.toSorted((a, b) => (a < b ? -1 : 1))
    const value = { SUM: sum, AVG: sum / BigInt(amounts.length), MIN: sorted[0], MAX: sorted.at(-1) }[fn] as bigint
    return `${value} ${currency}`
  }
  const values = deals.map((deal) => deal[field as string]).filter((one) => one !== null)
  if (values.length === 0) return null
  if (field === 'closeDate') return values.toSorted()[fn === 'MIN' ? 0 : values.length - 1]
  const sum = values.reduce((all: number, one: number) => all + one, 0)
  const value = { SUM: sum, AVG: sum / values.length, MIN: Math.min(...values), MAX: Math.max(...values) }[fn] as number
  return value.toFixed(6)
}

/** A cell of an answer as calculate writes it. */
function cell(value: Any, field: string | undefined): unknown {
  if (value === null) return null
  if (field === 'amount') return `${tenThousandths(value.amount)} ${value.currency}`
  return field === 'probability' ? Number(value).toFixed(6) : value
}

const bucket = fc.constantFrom('DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR')
const dimension = fc.oneof(
  fc.record({
    field: fc.constantFrom('status', 'type', 'currency', 'probability', 'ownerId', 'stage.name', 'account.industry'),
  }),
  fc.record({ field: fc.constantFrom('closeDate', 'createdAt'), bucket }),
)
const measure = fc.oneof(
  fc.constant({ function: 'COUNT' }),
  fc.record({ function: fc.constantFrom('SUM', 'AVG', 'MIN', 'MAX'), field: fc.constantFrom('amount', 'probability') }),
  fc.record({ function: fc.constantFrom('MIN', 'MAX'), field: fc.constant('closeDate') }),
)
const statuses = fc.subarray(['OPEN', 'WON', 'LOST', 'INVALID'])
const condition = fc.oneof(
  fc.constant(null),
  statuses.map((some) => ({ json: { status: { in: some } }, holds: (deal: Any) => some.includes(deal.status) })),
  fc.integer({ min: 0, max: 60 }).map((least) => ({
    json: { probability: { gte: { param: 'least' } } },
    least,
    holds: (deal: Any) => deal.probability !== null && deal.probability >= least,
  })),
  fc.constant({ json: { probability: { gte: { param: 'least' } } }, holds: () => true }),
  fc.boolean().map((empty) => ({
    json: { closeDate: { isNull: empty } },
    holds: (deal: Any) => (deal.closeDate === null) === empty,
  })),
  statuses.map((some) => ({
    json: { not: { status: { in: some } } },
    holds: (deal: Any) => !some.includes(deal.status),
  })),
)
/** Something wrong in a definition, and the path of what is said about it. */
const flaw: fc.Arbitrary<((definition: Any) => string) | null> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  fc.constantFrom<(definition: Any) => string>(
    (one) => `dimensions.${one.dimensions.unshift({ field: 'nothing' }) && 0}.field`,
    (one) => `dimensions.${one.dimensions.unshift({ field: 'amount' }) && 0}.field`,
    (one) => `dimensions.${one.dimensions.unshift({ field: 'type', bucket: 'DAY' }) && 0}.field`,
    (one) => `dimensions.${one.dimensions.unshift({ field: 'account.owner.name' }) && 0}.field`,
    (one) => `measures.${one.measures.unshift({ function: 'SUM', field: 'name' }) && 0}.field`,
    (one) => `measures.${one.measures.unshift({ function: 'MAX' }) && 0}.field`,
    (one) => `measures.${one.measures.unshift({ function: 'COUNT', field: 'amount' }) && 0}.field`,
    (one) => `orderBy.${one.orderBy.push({ by: 'MEASURE', index: 99 }) - 1}.index`,
    (one) => {
      one.filter = { ...one.filter, nothing: { eq: 1 } }
      return 'filter'
    },
    (one) => {
      one.filter = { ...one.filter, name: { eq: { param: 'unknown' } } }
      return 'filter.name.eq'
    },
    (one) => {
      one.rowLimit = 1001
      return 'rowLimit'
    },
    (one) => {
      one.object = 'Nothing'
      return 'object'
    },
  ),
)

describe('any definition', () => {
  it('is refused with the path of what is wrong, or gives what JavaScript finds in what its viewer sees', async () => {
    const refusals = { wrong: 0, right: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1),
        fc.uniqueArray(dimension, { maxLength: 2, selector: ({ field }) => field }),
        fc.uniqueArray(measure, {
          minLength: 1,
          maxLength: 3,
          selector: (one) => `${one.function} ${'field' in one ? one.field : ''}`,
        }),
        condition,
        fc.constantFrom<'ASC' | 'DESC' | null>(null, 'ASC', 'DESC'),
        flaw,
        async (place, dimensions, measures, filter, direction, spoil) => {
          const definition: Any = {
            object: 'Opportunity',
            dimensions: [...dimensions],
            measures: [...measures],
            filter: filter?.json ?? null,
            parameters: [{ name: 'least', type: 'INT' }],
            orderBy: direction ? [{ by: 'MEASURE', index: 0, direction }] : [],
          }
          const path = spoil?.(definition)
          const least = filter && 'least' in filter ? filter.least : null
          const answer = await viewers[place]!.ask<Any>(PREVIEW, { definition, parameters: { least } })
          if (path !== undefined) {
            refusals.wrong++
            expect(
              answer.errors?.map(({ extensions }) => [extensions.code, (extensions.field as string[]).join('.')]),
            ).toEqual([['BAD_USER_INPUT', `definition.${path}`]])
            return
          }
          refusals.right++
          expect(answer.errors).toBeUndefined()
          const { rows, totals, truncated } = answer.data.runReportDefinition
          const paid = measures.some((one) => 'field' in one && one.field === 'amount')
          const apart = paid && !dimensions.some(({ field }) => field === 'currency')
          const keys = [...dimensions, ...(apart ? [{ field: 'currency' }] : [])] as {
            field: string
            bucket?: string
          }[]
          const deals = seen[place]!.filter((deal) => filter?.holds(deal) ?? true)
          const fieldOf = (one: (typeof measures)[number]) => ('field' in one ? one.field : undefined)
          const group = (by: typeof keys) =>
            Map.groupBy(deals, (deal) => JSON.stringify(by.map((key) => KEYS[key.field]!(deal, key.bucket ?? 'DAY'))))
          const wanted = (groups: Map<string, Any[]>, shown: (key: unknown[]) => unknown[]) =>
            [...groups]
              .map(([key, some]) =>
                JSON.stringify([
                  ...shown(JSON.parse(key)),
                  ...measures.map((one) => calculate(one.function, fieldOf(one), some, some[0].currency)),
                ]),
              )
              .sort()
          const found = (list: Any[]) =>
            list.map(({ values }) =>
              JSON.stringify(
                values.map((value: Any, at: number) =>
                  at < keys.length ? value : cell(value, fieldOf(measures[at - keys.length]!)),
                ),
              ),
            )
          // Without dimensions there is one row, also of nothing.
          const groups = group(keys)
          if (keys.length === 0 && groups.size === 0) groups.set('[]', [])
          const all = (some: Map<string, Any[]>) =>
            some.get('[]')?.length === 0
              ? [JSON.stringify(measures.map((one) => (one.function === 'COUNT' ? 0 : null)))]
              : null
          expect(found(rows).toSorted()).toEqual(all(groups) ?? wanted(groups, (key) => key))
          expect(truncated).toBe(false)
          const whole = group(paid ? [{ field: 'currency' }] : [])
          if (!paid && whole.size === 0)
            expect(totals).toEqual([
              { values: [...keys.map(() => null), ...measures.map((one) => (one.function === 'COUNT' ? 0 : null))] },
            ])
          else
            expect(found(totals).toSorted()).toEqual(
              wanted(whole, ([currency]) => keys.map(({ field }) => (field === 'currency' && paid ? currency : null))),
            )
          if (direction && measures[0]!.function === 'COUNT') {
            const counts = rows.map(({ values }: Any) => values[keys.length])
            expect(counts).toEqual(counts.toSorted((a: number, b: number) => (direction === 'ASC' ? a - b : b - a)))
          }
        },
      ),
      { numRuns: 150 },
    )
    expect(refusals.wrong).toBeGreaterThan(5)
    expect(refusals.right).toBeGreaterThan(50)
  }, 300_000)
})
