import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rate, salesPipeline } from '../sales/forecasts.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { fill } from '../support/fill.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'

let test: TestApp
let acme: Company
let owner: Owner
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  await salesPipeline(acme)
  await fill(acme, owner)
  await rate(acme, 'EUR', '1.1', '2019-01-01')
  // What is filled by the server alone is scattered; what reports look at is made to lie about.
  await owner.rows(
    `UPDATE opportunity SET status = (ARRAY['WON', 'WON', 'LOST', 'OPEN'])[1 + n % 4], actual_close_date = date '2026-01-15' + (n * 11) % 200, currency = CASE n % 3 WHEN 0 THEN 'EUR' ELSE 'USD' END
 FROM (SELECT id AS i, row_number() OVER (ORDER BY id)::integer AS n FROM opportunity WHERE tenant_id = $1) x WHERE tenant_id = $1 AND id = x.i`,
    owner.tenantId,
  )
}, 240_000)
afterAll(async () => {
  await owner?.close()
  await test.close()
})

const RUN = `query($id: ID!, $parameters: JSON) { runReport(id: $id, parameters: $parameters) { columns { label type } rows { values } totals { values } } }`
const run = async (id: string, parameters: Any = {}, of: Pick<Company, 'run'> = acme) =>
  (await of.run<Any>(RUN, { id: `standard:${id}`, parameters })).runReport
const values = ({ rows }: Any) => rows.map((row: Any) => row.values)
/** Rows as texts, in an order of their own: what SQL and the report agree on. */
const sorted = (rows: Any[][]) => rows.map((row) => JSON.stringify(row)).sort()
const plainCell = (cell: Any) => {
  if (cell === null || typeof cell !== 'object') return cell
  return 'amount' in cell ? `${cell.amount} ${cell.currency}` : uuidIn(cell.id)
}
const cells = (result: Any) => values(result).map((row: Any) => row.map(plainCell))
const sql = async (text: string) =>
  (await owner.rows<Any>(text, owner.tenantId)).map((row) => Object.values(row)) as Any[][]

const PERIOD = { from: '2026-01-01', to: '2026-06-30' }
const TIME = { from: '2020-01-01', until: '2030-01-01' }
const WON = `FROM opportunity o WHERE tenant_id = $1 AND deleted_at IS NULL AND status = 'WON' AND actual_close_date BETWEEN '2026-01-01' AND '2026-06-30'`
const BASE = `to_char(round(sum(amount * CASE currency WHEN 'EUR' THEN 1.1 ELSE 1 END) / 100) / 100, 'FM999999990.00') || ' USD'`
const NEW = `FROM account WHERE tenant_id = $1 AND deleted_at IS NULL`

describe('standard reports', () => {
  it('are all listed, and every one runs', async () => {
    const { standardReports } = await acme.run<Any>('{ standardReports { id name parameters { name type default } } }')
    expect(standardReports.length).toBeGreaterThanOrEqual(14)
    for (const { id } of standardReports)
      expect([id, await run(id.slice('standard:'.length))]).toEqual([id, expect.anything()])
  })

  const same: [string, Any, string][] = [
    [
      'sales.won_by_month',
      PERIOD,
      `SELECT date_trunc('month', actual_close_date)::date::text, count(*)::integer, ${BASE} ${WON} GROUP BY 1`,
    ],
    ['sales.won_by_owner', PERIOD, `SELECT owner_id, count(*)::integer, ${BASE} ${WON} GROUP BY 1`],
    ['sales.won_by_source', PERIOD, `SELECT source_id, count(*)::integer, ${BASE} ${WON} GROUP BY 1`],
    [
      'customers.new_by_month',
      TIME,
      `SELECT date_trunc('month', created_at AT TIME ZONE 'Asia/Shanghai')::date::text, count(*)::integer ${NEW} GROUP BY 1`,
    ],
    ['customers.new_by_level', TIME, `SELECT level_id, count(*)::integer ${NEW} GROUP BY 1`],
    ['customers.new_by_source', TIME, `SELECT source_id, count(*)::integer ${NEW} GROUP BY 1`],
    [
      'customers.without_contact',
      { before: '2020-04-01' },
      `SELECT owner_id, count(*)::integer ${NEW} AND (last_activity_at IS NULL OR last_activity_at < timestamptz '2020-04-01 00:00 Asia/Shanghai') GROUP BY 1`,
    ],
    [
      'funnel.leads_by_status',
      TIME,
      `SELECT status, count(*)::integer FROM lead WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY 1`,
    ],
    [
      'activities.by_employee',
      TIME,
      `SELECT owner_id, kind, count(*)::integer FROM activity WHERE tenant_id = $1 AND deleted_at IS NULL AND status = 'DONE' AND start_at IS NOT NULL GROUP BY 1, 2`,
    ],
    [
      'money.receipts_by_owner',
      { from: '2000-01-01', to: '2030-01-01' },
      `SELECT c.owner_id, r.currency, count(*)::integer, to_char(sum(r.amount) / 10000.0, 'FM999999990.0099') || ' ' || r.currency FROM receipt r JOIN contract c ON c.tenant_id = $1 AND c.id = r.contract_id WHERE r.tenant_id = $1 AND r.deleted_at IS NULL AND r.status IN ('CONFIRMED', 'REVERSED') AND r.method IS DISTINCT FROM 'ACCOUNT_CREDIT' GROUP BY 1, 2`,
    ],
    [
      'money.receivables_by_owner',
      {},
      `SELECT c.owner_id, p.currency, count(*)::integer, to_char(sum(p.unreceived_amount) / 10000.0, 'FM999999990.0099') || ' ' || p.currency FROM receipt_plan p JOIN contract c ON c.tenant_id = $1 AND c.id = p.contract_id WHERE p.tenant_id = $1 AND p.deleted_at IS NULL AND p.status IN ('PENDING', 'PARTIAL', 'OVERDUE') GROUP BY 1, 2`,
    ],
    ...(['status', 'priority'] as const).map((name): [string, Any, string] => [
      `service.by_${name}`,
      TIME,
      `SELECT ${name}, count(*)::integer FROM service_case WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY 1`,
    ]),
    [
      'service.by_queue',
      TIME,
      `SELECT queue_id, count(*)::integer FROM service_case WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY 1`,
    ],
    [
      'service.sla',
      { from: '2000-01-01', until: '2100-01-01' },
      `SELECT type, count(*)::integer AS all, (count(*) FILTER (WHERE is_violated))::integer AS missed, to_char(round(100.0 * count(*) FILTER (WHERE is_violated) / count(*), 2), 'FM990.00') FROM case_milestone WHERE tenant_id = $1 AND deleted_at IS NULL AND cancelled_at IS NULL AND (completed_at IS NOT NULL OR is_violated) GROUP BY 1`,
    ],
    [
      'marketing.campaign_response',
      TIME,
      `SELECT campaign_id, count(*)::integer AS all, (count(*) FILTER (WHERE has_responded))::integer AS yes, to_char(round(100.0 * count(*) FILTER (WHERE has_responded) / count(*), 2), 'FM990.00') FROM campaign_member WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY 1`,
    ],
  ]
  it.each(same)('%s says what plain SQL says', async (id, parameters, text) => {
    // The day that stands in TIME as such begins at midnight of the company.
    const wanted = await sql(text)
    expect(wanted.length).toBeGreaterThan(0)
    expect(sorted(cells(await run(id, parameters)))).toEqual(sorted(wanted))
  })

  it('sales.win_rate_and_cycle counts wins and losses by owner', async () => {
    const wanted = await sql(
      `SELECT owner_id, (count(*) FILTER (WHERE status = 'WON'))::integer AS won, (count(*) FILTER (WHERE status = 'LOST'))::integer AS lost,
 to_char(round(100.0 * count(*) FILTER (WHERE status = 'WON') / count(*), 2), 'FM990.00') FROM opportunity o
 WHERE tenant_id = $1 AND deleted_at IS NULL AND status IN ('WON', 'LOST') AND actual_close_date BETWEEN '2026-01-01' AND '2026-06-30' GROUP BY 1`,
    )
    const found = cells(await run('sales.win_rate_and_cycle', PERIOD)).map((row: Any[]) => row.slice(0, 4))
    expect(sorted(found)).toEqual(sorted(wanted))
  })

  it('funnel.lead_to_won follows leads to won deals', async () => {
    await owner.rows(
      `UPDATE lead SET status = 'CONVERTED', converted_opportunity_id = o.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM opportunity WHERE tenant_id = $1 AND deleted_at IS NULL LIMIT 6) o,
 (SELECT id AS i, row_number() OVER (ORDER BY id) AS n FROM lead WHERE tenant_id = $1 AND deleted_at IS NULL) l WHERE tenant_id = $1 AND lead.id = l.i AND o.n = l.n`,
      owner.tenantId,
    )
    const [counts] = (await sql(
      `SELECT count(*)::integer AS a, (count(*) FILTER (WHERE l.status = 'CONVERTED'))::integer AS b, count(o.id)::integer AS c, (count(*) FILTER (WHERE o.status = 'WON'))::integer AS d
 FROM lead l LEFT JOIN opportunity o ON o.tenant_id = $1 AND o.id = l.converted_opportunity_id AND o.deleted_at IS NULL WHERE l.tenant_id = $1 AND l.deleted_at IS NULL`,
    )) as [number[]]
    const found = cells(await run('funnel.lead_to_won', TIME))
    expect(found.map((row: Any[]) => row[1])).toEqual(counts)
    expect(counts.at(-1)).toBeGreaterThan(0)
    const [all, converted] = counts as [number, number]
    expect(found[1].slice(2)).toEqual([((100 * converted) / all).toFixed(2), ((100 * converted) / all).toFixed(2)])
  })

  it('performance.by_employee puts what employees did beside each other', async () => {
    const [user] = await owner.rows<{ id: string }>(
      `SELECT owner_id AS id FROM opportunity WHERE tenant_id = $1 AND status = 'WON' AND deleted_at IS NULL AND owner_id IS NOT NULL ORDER BY id LIMIT 1`,
      owner.tenantId,
    )
    await owner.rows(
      `UPDATE opportunity SET actual_close_date = '2031-03-05' WHERE tenant_id = $1 AND owner_id = $2 AND status = 'WON'`,
      owner.tenantId,
      user!.id,
    )
    await owner.rows(
      `UPDATE activity SET status = 'DONE', start_at = '2031-03-31T15:59:59Z', end_at = NULL WHERE tenant_id = $1 AND owner_id = $2`,
      owner.tenantId,
      user!.id,
    )
    await owner.rows(
      `UPDATE account SET first_deal_at = '2031-02-28T16:00:00Z' WHERE tenant_id = $1 AND owner_id = $2`,
      owner.tenantId,
      user!.id,
    )
    await make(acme, 'SalesTarget', {
      userId: (await acme.run<Any>('{ users(first: 100) { nodes { id } } }')).users.nodes.find(
        ({ id }: Any) => uuidIn(id) === user!.id,
      ).id,
      departmentId: undefined,
      periodStart: '2031-03-01',
      amount: { amount: '1000', currency: 'USD' },
    })
    const count = async (table: string, more: string) =>
      (
        await sql(
          `SELECT count(*)::integer FROM ${table} WHERE tenant_id = $1 AND deleted_at IS NULL AND owner_id = '${user!.id}' AND ${more}`,
        )
      )[0]![0]
    const [[amount]] = (await sql(
      `SELECT round(sum(amount * CASE currency WHEN 'EUR' THEN 1.1 ELSE 1 END) / 100) / 100 FROM opportunity WHERE tenant_id = $1 AND deleted_at IS NULL AND owner_id = '${user!.id}' AND status = 'WON'`,
    )) as [[string]]
    const result = await run('performance.by_employee', { month: '2031-03-17' })
    const row = cells(result).find(([id]: Any[]) => id === user!.id)
    expect(row.slice(1, 5)).toEqual([
      await count('opportunity', `status = 'WON'`),
      `${Number(amount).toFixed(2)} USD`,
      await count('activity', 'true'),
      await count('account', 'true'),
    ])
    expect(row.slice(5)).toEqual([null, (Number(amount) / 10).toFixed(2)])
  })

  it('tell a neighbour nothing, and each what they see', async () => {
    expect(values(await run('sales.won_by_month', PERIOD, test.globex))).toEqual([])
    const rep = await person(test, acme, 'rep')
    expect(values(await run('customers.new_by_level', TIME, rep))).not.toEqual(
      values(await run('customers.new_by_level', TIME)),
    )
    expect((await acme.run<Any>(RUN, { id: 'standard:nothing' })).runReport).toBeNull()
  })
})
