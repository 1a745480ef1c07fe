import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'

let test: TestApp
let acme: Company
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
})
afterAll(() => test.close())

const rows = <Row>(text: string) =>
  test.app.tenancy.readTenant({ tenantId: uuidIn(acme.id) }, (db) => db.rows<Row>({ text, values: [uuidIn(acme.id)] }))
const RECALCULATE = 'mutation { recalculateRfm { customers changed sales otherCurrency userErrors { code } } }'
const recalculate = async () => (await acme.run<Any>(RECALCULATE)).recalculateRfm

/** Forty customers with a plain pattern of won deals, written by the API in lists. */
async function history(): Promise<void> {
  const { stages } = await acme.run<Any>('{ stages(where: { kind: { eq: WON } }) { nodes { id } } }')
  const made = await acme.run<Any>(
    'mutation($input: [CreateAccountInput!]!) { createAccounts(input: $input) { results { account { id } } } }',
    { input: Array.from({ length: 43 }, (_, n) => ({ name: `Customer ${n}` })) },
  )
  const ids = made.createAccounts.results.map(({ account }: Any) => account.id)
  // The last three never bought; amounts, numbers and days have equals among them.
  const deals = ids.slice(0, 40).flatMap((accountId: string, n: number) =>
    Array.from({ length: 1 + (n % 4) }, (_, k) => ({
      name: `Deal ${n} ${k}`,
      accountId,
      stageId: stages.nodes[0].id,
      actualCloseDate: `2024-0${1 + ((n * 7 + k) % 9)}-1${n % 5}`,
      amount: n % 10 === 3 ? null : { amount: String(100 * (1 + ((n * 13) % 11)) ** 2), currency: 'USD' },
    })),
  )
  deals.push({ ...deals[0], name: 'Euros', amount: { amount: '1000000', currency: 'EUR' } })
  for (let from = 0; from < deals.length; from += 100) {
    const { createOpportunities } = await acme.run<Any>(
      'mutation($input: [CreateOpportunityInput!]!) { createOpportunities(input: $input) { results { userErrors { code message field } } } }',
      { input: deals.slice(from, from + 100) },
    )
    expect(createOpportunities.results.flatMap(({ userErrors }: Any) => userErrors)).toEqual([])
  }
}

describe('recalculateRfm', () => {
  it('gives the fifths that plain SQL gives, a class to each, and writes only what changed', async () => {
    await history()
    expect(await recalculate()).toEqual({ customers: 40, changed: 40, sales: 101, otherCurrency: 1, userErrors: [] })
    const plain = await rows(
      `SELECT account_id AS id, ntile(5) OVER (ORDER BY max(actual_close_date), account_id)::integer AS r, ntile(5) OVER (ORDER BY count(*), account_id)::integer AS f,
 ntile(5) OVER (ORDER BY coalesce(sum(amount) FILTER (WHERE currency = 'USD'), 0), account_id)::integer AS m
 FROM opportunity WHERE tenant_id = $1 AND status = 'WON' GROUP BY account_id ORDER BY account_id`,
    )
    const found = await rows(
      'SELECT id, rfm_recency AS r, rfm_frequency AS f, rfm_monetary AS m FROM account WHERE tenant_id = $1 AND rfm_score IS NOT NULL ORDER BY id',
    )
    expect(plain).toHaveLength(40)
    expect(found).toEqual(plain)
    expect(await recalculate()).toMatchObject({ customers: 40, changed: 0 })
    const [versions] = await rows<{ most: number }>('SELECT max(version) AS most FROM account WHERE tenant_id = $1')
    // Made, marked as one who bought, and classed once.
    expect(versions?.most).toBeLessThanOrEqual(4)
  })

  it('classes by the documented table and by cumulative sums', async () => {
    const { accounts } = await acme.run<Any>(
      '{ accounts(first: 100, orderBy: [{ field: RFM_SCORE, direction: DESC, nulls: LAST }]) { nodes { rfm { recency frequency monetary score class calculatedAt } rfmScore rfmClass paretoClass } } }',
    )
    const classOf = (r: number, v: number) => {
      if (r >= 4) return v >= 4 ? 'CHAMPION' : v >= 2 ? 'POTENTIAL_LOYALIST' : 'NEW'
      if (r === 3) return v >= 4 ? 'LOYAL' : v === 3 ? 'NEEDS_ATTENTION' : 'ABOUT_TO_SLEEP'
      if (r === 1 && v >= 4) return 'CANNOT_LOSE'
      return v >= 3 ? 'AT_RISK' : r === 2 ? 'HIBERNATING' : 'LOST'
    }
    const bought = accounts.nodes.filter(({ rfm }: Any) => rfm)
    expect(bought).toHaveLength(40)
    for (const { rfm, rfmScore, rfmClass } of bought) {
      expect(rfm.class).toBe(classOf(rfm.recency, Math.round((rfm.frequency + rfm.monetary) / 2)))
      expect([rfm.score, rfm.class]).toEqual([rfmScore, rfmClass])
      expect(rfm.score).toBe(rfm.recency + rfm.frequency + rfm.monetary)
    }
    expect(accounts.nodes.slice(40).every(({ rfm, paretoClass }: Any) => rfm === null && paretoClass === null)).toBe(
      true,
    )
    const sums = await rows<{ class: string; amount: string }>(
      `SELECT a.pareto_class AS class, coalesce(sum(o.amount) FILTER (WHERE o.currency = 'USD'), 0) AS amount FROM account a JOIN opportunity o ON o.tenant_id = $1 AND o.account_id = a.id AND o.status = 'WON'
 WHERE a.tenant_id = $1 GROUP BY a.id, a.pareto_class ORDER BY 2 DESC, a.id`,
    )
    const total = sums.reduce((sum, { amount }) => sum + Number(amount), 0)
    let before = 0
    for (const { class: given, amount } of sums) {
      expect(given).toBe(before < 0.8 * total ? 'A' : before < 0.95 * total ? 'B' : 'C')
      before += Number(amount)
    }
    const { accounts: best } = await acme.run<Any>(
      '{ accounts(where: { rfmClass: { eq: CHAMPION }, paretoClass: { eq: A } }) { totalCount { value } } }',
    )
    expect(best.totalCount.value).toBe(
      bought.filter(({ rfmClass, paretoClass }: Any) => rfmClass === 'CHAMPION' && paretoClass === 'A').length,
    )
  })

  it('takes everything from one whose deals went', async () => {
    const { accounts } = await acme.run<Any>(
      '{ accounts(first: 1, where: { rfmScore: { isNull: false } }) { nodes { id opportunities { nodes { id } } } } }',
    )
    const [account] = accounts.nodes
    for (const { id } of account.opportunities.nodes)
      await acme.run('mutation($id: ID!) { deleteOpportunity(id: $id) { userErrors { code } } }', { id })
    expect((await recalculate()).customers).toBe(39)
    const { account: now } = await acme.run<Any>(
      'query($id: ID!) { account(id: $id) { rfm { score } paretoClass rfmCalculatedAt } }',
      {
        id: account.id,
      },
    )
    expect(now).toEqual({ rfm: null, paretoClass: null, rfmCalculatedAt: null })
  })

  it('leaves other companies alone, is nobody’s but the administrator’s, and runs every night where that is wanted', async () => {
    expect((await test.globex.run<Any>(RECALCULATE)).recalculateRfm).toMatchObject({ customers: 0, changed: 0 })
    const rep = await person(test, acme, 'rep')
    expect((await rep.ask(RECALCULATE)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const SCHEDULE =
      'mutation($at: String) { scheduleRfm(dailyAt: $at) { job { id dailyAt } userErrors { code field } } }'
    expect((await acme.run<Any>(SCHEDULE, { at: '25:00' })).scheduleRfm.userErrors).toEqual([
      { code: 'VALIDATION_FAILED', field: ['dailyAt'] },
    ])
    const first = (await acme.run<Any>(SCHEDULE, { at: '02:30' })).scheduleRfm.job
    const second = (await acme.run<Any>(SCHEDULE, { at: '03:30' })).scheduleRfm.job
    const jobs = async () =>
      (
        await acme.run<Any>(
          '{ jobs(where: { kind: { eq: "RECALCULATE_RFM" } }) { nodes { id status dailyAt figures { name value } } } }',
        )
      ).jobs.nodes
    expect((await jobs()).map(({ id, status }: Any) => [id, status])).toEqual([
      [first.id, 'CANCELLED'],
      [second.id, 'QUEUED'],
    ])
    const now = () => new Date(Date.now() + 24 * 3_600_000)
    for (let n = 0; n < 5; n++) await runJobsOnce(test.app.tenancy, { now })
    const after = await jobs()
    expect(after[1]).toMatchObject({
      status: 'COMPLETED',
      figures: [{ name: 'CHANGED', value: 0 }, { name: 'OTHER_CURRENCY' }],
    })
    expect(after[2]).toMatchObject({ status: 'QUEUED', dailyAt: '03:30' })
    expect((await acme.run<Any>(SCHEDULE)).scheduleRfm).toEqual({ job: null, userErrors: [] })
    expect((await jobs())[2].status).toBe('CANCELLED')
  })
})
