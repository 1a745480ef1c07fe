import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadMapping } from '../../src/jobs/import/mapping.ts'
import { runImport } from '../../src/jobs/import/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type Any, asking, type TestApp, testApp } from '../support/app.ts'
import { openOwner, uuidIn } from '../support/owner.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples/import')
/** Real files stand beside the checkout and are no part of it. */
const DATA = process.env.ATRIUM_TEST_DATA ?? join(import.meta.dirname, '../../../shared/data')
const MAVEN = join(DATA, 'maven-crm-opportunities')
const onMaven = existsSync(MAVEN) ? it : it.skip

interface Sale {
  id: string
  agent: string
  stage: string
  engaged: string
  closed: string
  /** Whole dollars: what it brought, or, where the file says nothing, what the product costs by its list. */
  value: number
}

/** Lines of a file without its header; none of its values holds a comma. */
const lines = (name: string) =>
  readFileSync(join(MAVEN, name), 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))

/** The deals as the file has them. */
function sales(): Sale[] {
  const prices = new Map(lines('products.csv').map(([product, , price]) => [product, Number(price)]))
  prices.set('GTXPro', prices.get('GTX Pro') as number)
  return lines('sales_pipeline.csv').map((line) => {
    const [id, agent, product, , stage, engaged, closed, value] = line
    return { id, agent, stage, engaged, closed, value: value ? Number(value) : prices.get(product as string) } as Sale
  })
}

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0)
const days = ({ engaged, closed }: Sale) => (Date.parse(closed) - Date.parse(engaged)) / 86_400_000
const quarterOf = ({ closed }: Sale) =>
  `${closed.slice(0, 4)}-${String(Math.floor((Number(closed.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`
/** n / d with two decimals, halves up, over whole numbers. */
const twoDecimals = (n: number, d: number) => {
  const hundredths = Math.floor((2 * n * 100 + d) / (2 * d))
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
}

let test: TestApp
beforeAll(async () => {
  asking.twice = false
  test = await testApp({ statementTimeout: 60_000 })
})
// The changes of some ten thousand rows are numbered first.
afterAll(() => test.close(), 300_000)

describe('the 8,800 opportunities of a real CRM', () => {
  onMaven(
    'have the pipeline, the won amounts, win rates and cycles that plain arithmetic over the file gives',
    async () => {
      const { acme } = test
      const load = async (mapping: string, file: string) => {
        const summary = await runImport({
          tenancy: test.app.tenancy,
          viewer: jobViewer({ id: uuidIn(acme.id), timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }),
          mapping: await loadMapping(join(EXAMPLES, mapping)),
          file,
          mode: 'create',
        })
        expect(summary).toMatchObject({ failed: 0, problems: 0 })
      }
      await load('maven/users.json', join(MAVEN, 'sales_teams.csv'))
      await load('maven/stages.json', join(EXAMPLES, 'maven/stages.csv'))
      await load('maven/accounts.json', join(MAVEN, 'accounts.csv'))
      await load('maven/products.json', join(MAVEN, 'products.csv'))
      await load('maven/opportunities.json', join(MAVEN, 'sales_pipeline.csv'))
      const all = sales()
      expect(all).toHaveLength(8800)
      // The mapping leaves out when a deal was engaged, which here is when it was made.
      const owner = await openOwner(test, acme)
      await owner.rows(
        `UPDATE opportunity o SET created_at = (x.engaged::timestamp + interval '4 hours') AT TIME ZONE 'UTC' FROM json_to_recordset($1::json) AS x(id text, engaged date) WHERE o.external_id = x.id AND o.external_source = 'maven' AND x.engaged IS NOT NULL`,
        JSON.stringify(all.map(({ id, engaged }) => ({ id, engaged: engaged || null }))),
      )
      await owner.close()
      const won = all.filter(({ stage }) => stage === 'Won')
      const closed = all.filter(({ stage }) => stage === 'Won' || stage === 'Lost')

      const { pipelines } = await acme.run<Any>('{ pipelines(where: { isDefault: { eq: true } }) { nodes { id } } }')
      for (const where of ['', ', where: {}']) {
        const { pipelineSummary } = await acme.run<Any>(
          `query($id: ID!) { pipelineSummary(pipelineId: $id${where}) { stages { stage { name } count amount { amount currency } } } }`,
          { id: pipelines.nodes[0].id },
        )
        const counted = pipelineSummary.stages.filter(({ count }: Any) => count > 0)
        expect(
          Object.fromEntries(counted.map(({ stage, count, amount }: Any) => [stage.name, [count, amount.amount]])),
        ).toEqual(
          Object.fromEntries(
            ['Prospecting', 'Engaging', 'Won', 'Lost'].map((name) => {
              const some = all.filter(({ stage }) => stage === name)
              return [name, [some.length, `${sum(some.map(({ value }) => value))}.00`]]
            }),
          ),
        )
      }

      const quarters = [...new Set(won.map(quarterOf))].toSorted()
      expect(quarters).toEqual(['2017-01-01', '2017-04-01', '2017-07-01', '2017-10-01'])
      for (const start of quarters) {
        const { forecast } = await acme.run<Any>(
          'query($start: Date!) { forecast(period: { type: QUARTER, start: $start }, groupBy: OWNER) { total { closed { count amount { amount } } } groups { owner { name } closed { count amount { amount } } } } }',
          { start },
        )
        const some = won.filter((sale) => quarterOf(sale) === start)
        expect(forecast.total.closed).toEqual({
          count: some.length,
          amount: { amount: `${sum(some.map(({ value }) => value))}.00` },
        })
        expect(
          Object.fromEntries(
            forecast.groups.map(({ owner, closed }: Any) => [owner.name, [closed.count, closed.amount.amount]]),
          ),
        ).toEqual(
          Object.fromEntries(
            [...Map.groupBy(some, ({ agent }) => agent)].map(([agent, own]) => [
              agent,
              [own.length, `${sum(own.map(({ value }) => value))}.00`],
            ]),
          ),
        )
      }

      const { salesVelocity } = await acme.run<Any>(
        '{ salesVelocity(from: "2017-01-01", to: "2017-12-31", groupBy: OWNER_AND_QUARTER) { total { won lost winRate averageAmount { amount } averageCycleDays } groups { owner { name } quarter won lost winRate averageCycleDays } } }',
      )
      const figures = (some: Sale[]) => {
        const wins = some.filter(({ stage }) => stage === 'Won')
        return {
          won: wins.length,
          lost: some.length - wins.length,
          winRate: twoDecimals(wins.length * 100, some.length),
          averageCycleDays: wins.length > 0 ? twoDecimals(sum(wins.map(days)), wins.length) : null,
        }
      }
      expect(salesVelocity.total).toEqual({
        ...figures(closed),
        averageAmount: { amount: twoDecimals(sum(won.map(({ value }) => value)), won.length) },
      })
      const expected = [...Map.groupBy(closed, (sale) => `${sale.agent} ${quarterOf(sale)}`)].map(([key, some]) => [
        key,
        figures(some),
      ])
      expect(expected.length).toBeGreaterThan(100)
      expect(
        Object.fromEntries(
          salesVelocity.groups.map(({ owner, quarter, ...rest }: Any) => [`${owner.name} ${quarter}`, rest]),
        ),
      ).toEqual(Object.fromEntries(expected))
    },
    180_000,
  )
})
