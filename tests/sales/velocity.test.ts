import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { deals, rate, salesPipeline } from './forecasts.ts'

let test: TestApp
let acme: Company
let pipeline: string
let stages: Record<string, string>
let names: string[]
let rep: Person
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  ;({ pipeline, stages } = await salesPipeline(acme))
  names = Object.keys(stages)
  rep = await person(test, acme, 'rep')
  await rate(acme, 'EUR', '1.0865', '2024-01-01')
})
afterAll(() => test.close())

const money = (amount: string, currency = 'USD') => ({ amount: { amount, currency } })

describe('stageConversion', () => {
  const CONVERSION = `query($id: ID!, $from: Date!, $to: Date!) { stageConversion(pipelineId: $id, from: $from, to: $to) { stage { name } entered advanced won lost advanceRate winRate averageDays medianDays } }`
  const conversion = async (of: Pick<Company, 'run'> = acme, from = '2024-01-01', to = '2024-01-31') =>
    (await of.run<Any>(CONVERSION, { id: pipeline, from, to })).stageConversion

  /** A way through the stages: places of stages with the days of January on which the deal came into them. */
  const walk = async (way: [stage: string, day: number][], more: Record<string, unknown> = {}) => {
    const last = way.at(-1) as [string, number]
    const [id] = (await deals(acme, {
      stageId: stages[last[0]],
      ...(last[0] === 'Lost' ? { lossReason: 'No' } : {}),
      ...more,
    })) as [string]
    const tenantId = uuidIn(acme.id)
    const rows = way.map(([stage, day], n) => ({
      from: n > 0 ? uuidIn(stages[(way[n - 1] as [string, number])[0]] as string) : null,
      to: uuidIn(stages[stage] as string),
      entered: `2024-01-${String(day).padStart(2, '0')}T12:00:00Z`,
      left: way[n + 1] ? `2024-01-${String((way[n + 1] as [string, number])[1]).padStart(2, '0')}T12:00:00Z` : null,
    }))
    await test.app.tenancy.writeTenant({ tenantId }, async (db) => {
      await db.rows({
        text: 'DELETE FROM opportunity_stage_history WHERE tenant_id = $1 AND opportunity_id = $2',
        values: [tenantId, uuidIn(id)],
      })
      await db.rows({
        text: `INSERT INTO opportunity_stage_history (tenant_id, opportunity_id, from_stage_id, to_stage_id, entered_at, left_at, duration_sec)
 SELECT $1::uuid, $2::uuid, x."from", x."to", x.entered, x."left", extract(epoch FROM x."left" - x.entered)::integer FROM json_to_recordset($3::json) AS x("from" uuid, "to" uuid, entered timestamptz, "left" timestamptz)`,
        values: [tenantId, uuidIn(id), JSON.stringify(rows)],
      })
    })
    return id
  }

  it('follows the deals that came into each stage', async () => {
    const [a, b, c] = names as [string, string, string]
    expect((await conversion()).map(({ entered, advanceRate }: Any) => [entered, advanceRate])).toEqual(
      names.map(() => [0, null]),
    )
    await walk(
      [
        [a, 1],
        [b, 3],
        ['Won', 10],
      ],
      { ownerId: rep.id },
    )
    await walk([
      [a, 2],
      [b, 8],
      ['Lost', 9],
    ])
    await walk([
      [a, 1],
      [c, 21],
      [a, 22],
      [b, 24],
    ])
    await walk([[a, 30]])
    await walk([[b, 31]])
    const found = Object.fromEntries((await conversion()).map(({ stage, ...figures }: Any) => [stage.name, figures]))
    // Stays in the first stage: 2, 6, 20 and 2 days; one is not over.
    expect(found[a]).toEqual({
      entered: 4,
      advanced: 3,
      won: 1,
      lost: 1,
      advanceRate: '75.00',
      winRate: '25.00',
      averageDays: '7.50',
      medianDays: '4.00',
    })
    expect(found[b]).toEqual({
      entered: 4,
      advanced: 1,
      won: 1,
      lost: 1,
      advanceRate: '25.00',
      winRate: '25.00',
      averageDays: '4.00',
      medianDays: '4.00',
    })
    // It went back from there.
    expect(found[c]).toMatchObject({ entered: 1, advanced: 0, averageDays: '1.00' })
    expect(found.Won).toMatchObject({ entered: 1, advanced: 0, averageDays: null })
    expect(
      (await conversion(rep)).map(({ entered }: Any) => entered).reduce((sum: number, one: number) => sum + one, 0),
    ).toBe(3)
    expect((await conversion(acme, '2024-01-30', '2024-01-30')).map(({ entered }: Any) => entered)).toEqual(
      names.map((_, n) => (n === 0 ? 1 : 0)),
    )
    expect(await conversion(test.globex)).toBeNull()
  })
})

describe('salesVelocity', () => {
  const FIGURES = 'won lost winRate averageAmount { amount } averageCycleDays open velocity { amount }'
  const VELOCITY = `query($from: Date!, $to: Date!, $groupBy: SalesVelocityGrouping, $scope: SalesScopeInput) { salesVelocity(from: $from, to: $to, groupBy: $groupBy, scope: $scope) { total { ${FIGURES} } groups { owner { id } quarter ${FIGURES} } } }`
  const velocity = async (variables: Record<string, unknown> = {}, of: Pick<Company, 'run'> = acme) =>
    (await of.run<Any>(VELOCITY, { from: '2024-04-01', to: '2024-09-30', ...variables })).salesVelocity

  it('is open deals × win rate × average amount ÷ cycle length', async () => {
    expect((await velocity()).total).toMatchObject({
      won: 0,
      lost: 0,
      winRate: null,
      averageAmount: null,
      averageCycleDays: null,
      velocity: null,
    })
    const day = (closed: string, won = true) => ({
      stageId: won ? stages.Won : stages.Lost,
      ...(won ? {} : { lossReason: 'No' }),
      actualCloseDate: closed,
    })
    const closed = [
      { ...day('2024-04-11'), ...money('100', 'EUR'), ownerId: rep.id },
      { ...day('2024-06-30'), ...money('200'), ownerId: rep.id },
      { ...day('2024-07-01'), ...money('0.01') },
      { ...day('2024-05-01', false), ...money('5000'), ownerId: rep.id },
      { ...day('2024-10-01'), ...money('5000'), ownerId: rep.id },
    ]
    const ids = await deals(acme, ...closed)
    const owner = await openOwner(test, acme)
    for (const [n, made] of ['2024-04-01', '2024-06-25', '2026-01-01', '2024-01-01', '2024-01-01'].entries())
      await owner.rows(
        'UPDATE opportunity SET created_at = $2 WHERE id = $1',
        uuidIn(ids[n] as string),
        `${made}T00:00:00Z`,
      )
    await owner.close()
    const open = await acme.run<Any>('{ all: opportunityAggregate(where: { status: { eq: OPEN } }) { count } }')
    const { total, groups } = await velocity({ groupBy: 'OWNER' })
    // Won: 108.65 + 200 + 0.01 = 308.66; cycles of 10 and 5 days; the third was won before it was entered.
    expect(total).toEqual({
      won: 3,
      lost: 1,
      winRate: '75.00',
      averageAmount: { amount: '102.89' },
      averageCycleDays: '7.50',
      open: open.all[0].count,
      // open × 308.66 × 2 ÷ (4 × 15)
      velocity: { amount: ((open.all[0].count * 30866 * 2) / 60 / 100).toFixed(2) },
    })
    expect(groups.find((group: Any) => group.owner?.id === rep.id)).toMatchObject({
      quarter: null,
      won: 2,
      lost: 1,
      winRate: '66.67',
      averageAmount: { amount: '154.33' },
      open: 0,
      velocity: { amount: '0.00' },
    })
    const quarters = (await velocity({ groupBy: 'QUARTER' })).groups
    expect(quarters.map(({ quarter, won, lost, velocity: none }: Any) => [quarter, won, lost, none])).toEqual([
      ['2024-04-01', 2, 1, null],
      ['2024-07-01', 1, 0, null],
    ])
    expect((await velocity({ groupBy: 'OWNER_AND_QUARTER' })).groups).toHaveLength(2)
    expect((await velocity({}, rep)).total).toMatchObject({ won: 2, lost: 1 })
    expect((await velocity({ scope: { type: 'USER', id: rep.id } })).total).toMatchObject({ won: 2, lost: 1, open: 0 })
    expect((await velocity({}, test.globex)).total.won).toBe(0)
  })

  it('has no number where a rate is missing', async () => {
    await deals(acme, { stageId: stages.Won, actualCloseDate: '2023-06-01', ...money('1', 'EUR') })
    const { errors } = await acme.ask(VELOCITY, { from: '2023-06-01', to: '2023-06-30' })
    expect(errors?.map(({ extensions: { code, currency, date } }) => [code, currency, date])).toEqual([
      ['CURRENCY_RATE_MISSING', 'EUR', '2023-06-01'],
    ])
  })
})
