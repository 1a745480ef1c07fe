import { DateTime } from 'luxon'
import { requireRight } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { attainmentOf } from '../sales/forecast/attainment.ts'
import { perCent } from '../sales/forecast/base.ts'
import { seen } from '../sales/forecast/scope.ts'
import { salesVelocity } from '../sales/salesVelocity.ts'
import { sqlFor } from '../write.ts'
import type { Cell } from './compile.ts'
import { completeDefinition, type Definition } from './definition.ts'
import { type Column, type Result, runDefinition } from './run.ts'
import { registerStandard } from './standard.ts'
import { during, MOMENTS, PERIOD } from './standardParts.ts'

// Standard reports that are more than one report: rates, steps, several types beside each other.

const column = (label: string, type: string, kind: Column['kind'] = 'MEASURE'): Column => ({
  key: label,
  label,
  kind,
  type,
})

/** Users by their uuids as cells; those that the viewer does not see are missing. */
async function userCells(db: Reader, viewer: Viewer, uuids: (string | null)[]): Promise<Map<string | null, Cell>> {
  const sql = sqlFor(viewer.tenantId)
  const rows = await db.rows<{ id: string; name: string }>({
    text: `SELECT t.id, t.name FROM app_user t WHERE ${seen(viewer, 'User', 't', sql)} AND t.id = ANY (${sql.params.add(
      uuids.filter((one) => one !== null),
      'uuid[]',
    )})`,
    values: sql.params.values,
  })
  const named = !viewer.access.hides(recordType('User'), 'name')
  return new Map(rows.map(({ id, name }) => [id, { id: idOf('User', id), name: named ? name : null }]))
}

/** Win rate and cycle by owner: what salesVelocity says. */
async function velocity(db: Reader, viewer: Viewer, parameters: Map<string, unknown>): Promise<Result> {
  requireRight(viewer, 'read', 'Opportunity')
  for (const field of ['status', 'actualCloseDate', 'ownerId', 'pipelineId', 'createdAt', 'amount'])
    viewer.access.requireField(recordType('Opportunity'), field, ['runReport'])
  const found = await salesVelocity(db, viewer, {
    from: String(parameters.get('from')),
    to: String(parameters.get('to')),
    groupBy: 'OWNER',
  })
  const { total, groups } = found!
  const users = await userCells(
    db,
    viewer,
    groups.map(({ ownerId }) => ownerId),
  )
  const cells = (of: typeof total): Cell[] => [of.won, of.lost, of.winRate, of.averageAmount, of.averageCycleDays]
  return {
    columns: [
      column('Owner', 'RECORD', 'DIMENSION'),
      column('Won', 'INTEGER'),
      column('Lost', 'INTEGER'),
      column('Win rate %', 'DECIMAL'),
      column('Average amount', 'MONEY'),
      column('Average cycle, days', 'DECIMAL'),
    ],
    rows: groups.slice(0, 1000).map((group) => ({ values: [users.get(group.ownerId) ?? null, ...cells(group)] })),
    totals: [{ values: [null, ...cells(total)] }],
    truncated: groups.length > 1000,
  }
}

/** A count of leads under a filter. */
async function leads(db: Reader, viewer: Viewer, parameters: Map<string, unknown>, now: Date, filter: object) {
  const definition = completeDefinition({
    object: 'Lead',
    measures: [{ function: 'COUNT' }],
    filter: { ...during('createdAt'), ...filter },
    parameters: MOMENTS,
  })
  const { totals } = await runDefinition(db, viewer, definition, Object.fromEntries(parameters), now)
  return totals[0]!.values[0] as number
}

/** From lead to won deal: how many of the leads of a time came how far. */
async function funnel(db: Reader, viewer: Viewer, parameters: Map<string, unknown>, now: Date): Promise<Result> {
  const steps = [
    ['Leads', {}],
    ['Converted', { status: { eq: 'CONVERTED' } }],
    ['Deals', { convertedOpportunity: { isNull: false } }],
    ['Won', { convertedOpportunity: { is: { status: { eq: 'WON' } } } }],
  ] as const
  const counts: number[] = []
  for (const [, filter] of steps) counts.push(await leads(db, viewer, parameters, now, filter))
  const rate = (at: number, of: number) => perCent(BigInt(counts[at] as number), BigInt(counts[of] as number))
  return {
    columns: [
      column('Step', 'TEXT', 'DIMENSION'),
      column('Count', 'INTEGER'),
      column('Of all %', 'DECIMAL'),
      column('Of the step before %', 'DECIMAL'),
    ],
    rows: steps.map(([name], at) => ({ values: [name, counts[at], rate(at, 0), at === 0 ? null : rate(at, at - 1)] })),
    totals: [],
    truncated: false,
  }
}

/** A report by one field of users, and the labels of its measures. */
interface Part {
  definition: Partial<Definition> & Pick<Definition, 'object' | 'dimensions' | 'measures'>
  parameters: Record<string, unknown>
  columns: Column[]
}

/** Several reports by user beside each other. What somebody has none of is 0, or empty where it is an amount. */
async function beside(db: Reader, viewer: Viewer, parts: Part[], now: Date): Promise<Result> {
  const people = new Map<string, Cell>()
  const cells = new Map<string, Cell[]>()
  const totals: Cell[] = []
  const empty = parts.flatMap(({ columns }) => columns.map(({ type }) => (type === 'INTEGER' ? 0 : null)))
  let place = 0
  let truncated = false
  for (const { definition, parameters, columns } of parts) {
    const result = await runDefinition(
      db,
      viewer,
      completeDefinition({ currencies: 'BASE', ...definition }),
      parameters,
      now,
    )
    truncated ||= result.truncated
    for (const { values } of result.rows) {
      const [user, ...found] = values as [{ id: string } | null, ...Cell[]]
      const key = user?.id ?? ''
      people.set(key, user)
      const row = cells.get(key) ?? [...empty]
      row.splice(place, found.length, ...found)
      cells.set(key, row)
    }
    totals.push(...(result.totals[0]?.values.slice(1) ?? []))
    place += columns.length
  }
  return {
    columns: [column('Employee', 'RECORD', 'DIMENSION'), ...parts.flatMap(({ columns }) => columns)],
    rows: [...cells].map(([key, values]) => ({ values: [people.get(key) ?? null, ...values] })),
    totals: [{ values: [null, ...totals] }],
    truncated,
  }
}

/** What employees did in a month, and how far they reached their targets of won deals. */
async function performance(db: Reader, viewer: Viewer, parameters: Map<string, unknown>, now: Date): Promise<Result> {
  const month = DateTime.fromISO(String(parameters.get('month'))).startOf('month')
  const [first, next] = [month.toFormat('yyyy-MM-dd'), month.plus({ months: 1 }).toFormat('yyyy-MM-dd')]
  const given = { from: first, until: next }
  const days = { parameters: MOMENTS.map((one) => ({ ...one, type: 'DATE' as const })) }
  const result = await beside(
    db,
    viewer,
    [
      {
        definition: {
          object: 'Opportunity',
          dimensions: [{ field: 'ownerId' }],
          measures: [{ function: 'COUNT' }, { function: 'SUM', field: 'amount' }],
          filter: { status: { eq: 'WON' }, ...during('actualCloseDate') },
          ...days,
        },
        parameters: given,
        columns: [column('Deals won', 'INTEGER'), column('Won amount', 'MONEY')],
      },
      {
        definition: {
          object: 'Activity',
          dimensions: [{ field: 'ownerId' }],
          measures: [{ function: 'COUNT' }],
          filter: { status: { eq: 'DONE' }, ...during('startAt') },
          parameters: MOMENTS,
        },
        parameters: given,
        columns: [column('Activities', 'INTEGER')],
      },
      {
        definition: {
          object: 'Account',
          dimensions: [{ field: 'ownerId' }],
          measures: [{ function: 'COUNT' }],
          filter: during('firstDealAt'),
          parameters: MOMENTS,
        },
        parameters: given,
        columns: [column('New customers', 'INTEGER')],
      },
      {
        definition: {
          object: 'Receipt',
          dimensions: [{ field: 'contract.ownerId' }],
          measures: [{ function: 'SUM', field: 'amount' }],
          filter: {
            status: { in: ['CONFIRMED', 'REVERSED'] },
            method: { neq: 'ACCOUNT_CREDIT' },
            ...during('receivedOn'),
          },
          ...days,
        },
        parameters: given,
        columns: [column('Receipts', 'MONEY')],
      },
    ],
    now,
  )
  const attained = await attainments(db, viewer, first)
  const person = (cell: Cell) => (cell as { id: string } | null)?.id ?? ''
  for (const row of result.rows) row.values.push(attained.get(person(row.values[0])) ?? null)
  for (const row of result.totals) row.values.push(null)
  return { ...result, columns: [...result.columns, column('Target of won deals %', 'DECIMAL')] }
}

/** How far users reached their targets of won amounts of a month, by their ids; what the viewer may not see of them is missing. */
async function attainments(db: Reader, viewer: Viewer, start: string): Promise<Map<string, string | null>> {
  const sql = sqlFor(viewer.tenantId)
  const targets = await db.rows<{ id: string; userId: string }>({
    text: `SELECT t.id, t.user_id AS "userId" FROM sales_target t WHERE ${seen(viewer, 'SalesTarget', 't', sql)} AND t.user_id IS NOT NULL AND t.metric = 'WON_AMOUNT' AND t.period_type = 'MONTH' AND t.period_start = ${sql.params.add(start, 'date')}`,
    values: sql.params.values,
  })
  if (targets.length === 0) return new Map()
  const found = new Map(
    (await attainmentOf(db, viewer, { type: 'MONTH', start })).map((one) => [one.targetId, one.attainment]),
  )
  return new Map(targets.map(({ id, userId }) => [idOf('User', userId), found.get(id) ?? null]))
}

/** Rows of a report by one dimension and yes or no, as: how many, how many yes, and their per cent. */
async function shares(
  db: Reader,
  viewer: Viewer,
  definition: Partial<Definition> & Pick<Definition, 'object' | 'dimensions'>,
  { parameters, now, columns }: { parameters: Map<string, unknown>; now: Date; columns: Column[] },
): Promise<Result> {
  const { rows, truncated } = await runDefinition(
    db,
    viewer,
    completeDefinition({ ...definition, measures: [{ function: 'COUNT' }], parameters: MOMENTS }),
    Object.fromEntries(parameters),
    now,
  )
  const groups = Map.groupBy(rows, ({ values: [key] }) => JSON.stringify(key))
  const cells = (some: typeof rows): Cell[] => {
    const sum = (of: typeof rows) => of.reduce((all, { values }) => all + (values[2] as number), 0)
    const [all, yes] = [sum(some), sum(some.filter(({ values }) => values[1] === true))]
    return [all, yes, perCent(BigInt(yes), BigInt(all))]
  }
  return {
    columns,
    rows: [...groups].map(([key, some]) => ({ values: [JSON.parse(key), ...cells(some)] })),
    totals: [{ values: [null, ...cells(rows)] }],
    truncated,
  }
}

/** How many of the times that were promised about cases were missed. What ended without being kept or missed does not count. */
const violations = (db: Reader, viewer: Viewer, parameters: Map<string, unknown>, now: Date): Promise<Result> =>
  shares(
    db,
    viewer,
    {
      object: 'CaseMilestone',
      dimensions: [{ field: 'type' }, { field: 'isViolated' }],
      filter: {
        cancelledAt: { isNull: true },
        or: [{ completedAt: { isNull: false } }, { isViolated: { eq: true } }],
        ...during('startedAt'),
      },
    },
    {
      parameters,
      now,
      columns: [
        column('What is to be done', 'TEXT', 'DIMENSION'),
        column('Times', 'INTEGER'),
        column('Missed', 'INTEGER'),
        column('Missed %', 'DECIMAL'),
      ],
    },
  )

/** Whom campaigns were about, and who of them responded. */
const campaigns = (db: Reader, viewer: Viewer, parameters: Map<string, unknown>, now: Date): Promise<Result> =>
  shares(
    db,
    viewer,
    {
      object: 'CampaignMember',
      dimensions: [{ field: 'campaignId' }, { field: 'hasResponded' }],
      filter: during('createdAt'),
    },
    {
      parameters,
      now,
      columns: [
        column('Campaign', 'RECORD', 'DIMENSION'),
        column('Members', 'INTEGER'),
        column('Responded', 'INTEGER'),
        column('Responded %', 'DECIMAL'),
      ],
    },
  )

registerStandard(
  {
    name: 'sales.win_rate_and_cycle',
    title: 'Win rate and cycle',
    description:
      'Of the deals that closed between two days: how many were won, for how much on average and after how many days, by owner. Figures as of salesVelocity.',
    category: 'SALES',
    chart: 'TABLE',
    parameters: PERIOD,
    objects: ['Opportunity'],
    run: velocity,
  },
  {
    name: 'funnel.lead_to_won',
    title: 'From lead to won deal',
    description:
      'Of the leads that were entered in a time: how many were converted, became a deal that the viewer sees, and were won.',
    category: 'FUNNEL',
    chart: 'FUNNEL',
    parameters: MOMENTS,
    objects: ['Lead', 'Opportunity'],
    run: funnel,
  },
  {
    name: 'performance.by_employee',
    title: 'Performance by employee',
    description:
      'What employees did in a month: deals won and their amounts, activities, new customers (whose first deal was won), receipts of their contracts, and how far they reached their targets of won amounts. Amounts at the rates of the day.',
    category: 'PERFORMANCE',
    chart: 'TABLE',
    parameters: [{ name: 'month', type: 'DATE', default: 'START_OF_MONTH', label: 'A day of the month' }],
    objects: ['Opportunity', 'Activity', 'Account', 'Receipt'],
    run: performance,
  },
  {
    name: 'service.sla',
    title: 'SLA: times that were missed',
    description:
      'Of the times that began in a time and are over: how many were missed, by what was to be done. What is left of a hundred per cent was attained.',
    category: 'SERVICE',
    chart: 'BAR',
    parameters: MOMENTS,
    objects: ['CaseMilestone'],
    run: violations,
  },
  {
    name: 'marketing.campaign_response',
    title: 'Response to campaigns',
    description: 'Members that came to campaigns in a time, and how many of them responded, by campaign.',
    category: 'MARKETING',
    chart: 'BAR',
    parameters: MOMENTS,
    objects: ['CampaignMember'],
    run: campaigns,
  },
)
