import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadMapping } from '../../src/jobs/import/mapping.ts'
import { runImport } from '../../src/jobs/import/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { uuidIn } from '../support/owner.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples/import')
/** Real files stand beside the checkout and are no part of it. */
const DATA = process.env.ATRIUM_TEST_DATA ?? join(import.meta.dirname, '../../../shared/data')
const MAVEN = join(DATA, 'maven-crm-opportunities')
const LEADS = join(DATA, 'xeducation-leads/Leads.csv')
const onMaven = existsSync(MAVEN) ? it : it.skip
const onLeads = existsSync(LEADS) ? it : it.skip

let test: TestApp
beforeAll(async () => {
  test = await testApp({ statementTimeout: 60_000 })
})
// The changes of forty thousand rows are numbered first.
afterAll(() => test.close(), 300_000)

async function load(company: Company, mapping: string, file: string): Promise<void> {
  const summary = await runImport({
    tenancy: test.app.tenancy,
    viewer: jobViewer({ id: uuidIn(company.id), timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' }),
    mapping: await loadMapping(join(EXAMPLES, mapping)),
    file,
    mode: 'create',
  })
  expect(summary).toMatchObject({ failed: 0, problems: 0 })
}

describe('the real files', () => {
  onMaven(
    'of a CRM: fifths over the 4,238 won deals are those of plain SQL',
    async () => {
      const { acme } = test
      await load(acme, 'maven/users.json', join(MAVEN, 'sales_teams.csv'))
      await load(acme, 'maven/stages.json', join(EXAMPLES, 'maven/stages.csv'))
      await load(acme, 'maven/accounts.json', join(MAVEN, 'accounts.csv'))
      await load(acme, 'maven/products.json', join(MAVEN, 'products.csv'))
      await load(acme, 'maven/opportunities.json', join(MAVEN, 'sales_pipeline.csv'))
      const { recalculateRfm } = await acme.run<Any>(
        'mutation { recalculateRfm { customers changed sales otherCurrency userErrors { code } } }',
      )
      expect(recalculateRfm).toEqual({ customers: 85, changed: 85, sales: 4238, otherCurrency: 0, userErrors: [] })
      const read = (text: string) =>
        test.app.tenancy.readTenant({ tenantId: uuidIn(acme.id) }, (db) => db.rows({ text, values: [uuidIn(acme.id)] }))
      const plain = await read(
        `SELECT account_id AS id, ntile(5) OVER (ORDER BY max(actual_close_date), account_id)::integer AS r, ntile(5) OVER (ORDER BY count(*), account_id)::integer AS f,
 ntile(5) OVER (ORDER BY sum(amount), account_id)::integer AS m FROM opportunity WHERE tenant_id = $1 AND status = 'WON' GROUP BY account_id ORDER BY account_id`,
      )
      expect(plain).toHaveLength(85)
      expect(
        await read(
          'SELECT id, rfm_recency AS r, rfm_frequency AS f, rfm_monetary AS m FROM account WHERE tenant_id = $1 ORDER BY id',
        ),
      ).toEqual(plain)
    },
    180_000,
  )

  onLeads(
    'of leads: "Select" is nothing, the spellings of the source are one list, and 38.5 % were converted',
    async () => {
      const { globex } = test
      await load(globex, 'xeducation/leads.json', LEADS)
      const texts = await test.app.tenancy.readTenant({ tenantId: uuidIn(globex.id) }, (db) =>
        db.rows({
          text: `SELECT e.key, e.value FROM lead l CROSS JOIN LATERAL jsonb_each(to_jsonb(l) || coalesce(l.address, '{}')) e WHERE l.tenant_id = $1 AND e.value = '"Select"'`,
          values: [uuidIn(globex.id)],
        }),
      )
      expect(texts).toEqual([])
      const AGGREGATE = `{ all: leadAggregate { count } converted: leadAggregate(where: { status: { eq: CONVERTED } }) { count }
        bySource: leadAggregate(groupBy: [{ field: SOURCE }], orderBy: [{ by: COUNT, direction: DESC }]) { key { source { key } } count } leadSources(first: 100) { nodes { id key } } }`
      const before = await globex.run<Any>(AGGREGATE)
      const share = ({ all, converted }: Any) => Math.round((1000 * converted[0].count) / all[0].count) / 10
      expect([before.all[0].count, before.converted[0].count, share(before)]).toEqual([9240, 3561, 38.5])
      const keys = before.leadSources.nodes.map(({ key }: Any) => key)
      expect(keys).toHaveLength(20)
      expect(new Set(keys.map((key: string) => key.toLowerCase())).size).toBe(20)
      // What two vendors of the same thing are to the tenant is for the tenant to say.
      const idOf = (key: string) => before.leadSources.nodes.find((one: Any) => one.key === key).id
      const { mergeLeadSources } = await globex.run<Any>(
        'mutation($into: ID!, $from: [ID!]!) { mergeLeadSources(intoId: $into, fromIds: $from) { moved userErrors { code } } }',
        { into: idOf('live_chat'), from: [idOf('olark_chat')] },
      )
      expect(mergeLeadSources).toEqual({ moved: 1755, userErrors: [] })
      const after = await globex.run<Any>(AGGREGATE)
      expect(after.bySource.find(({ key }: Any) => key.source?.key === 'live_chat').count).toBe(1757)
      expect(after.leadSources.nodes).toHaveLength(19)
      expect(share(after)).toBe(38.5)
    },
    120_000,
  )
})
