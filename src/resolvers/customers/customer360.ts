import type { Context, Viewer } from '../../context.ts'
import { pageOf } from '../../read/emit.ts'
import type { Money } from '../../read/finish.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { formatMoney, uuidOf } from '../../read/values.ts'
import { todayIn } from '../checks.ts'
import { HAPPENED, linkedTo, seen, shown } from '../work/timeline.ts'
import { sqlFor } from '../write.ts'

// The view of a customer from all sides. Each part is one statement, whatever the customer has; all of them look through the viewer's own eyes.

const hides = (viewer: Viewer, name: string, field: string) => viewer.access.hides(recordType(name), field)

/** uuid of a customer that the viewer sees; null where there is none. */
export async function findCustomer(context: Context, viewer: Viewer, id: string): Promise<string | null> {
  const uuid = uuidOf('Account', id)
  if (!uuid) return null
  const sql = sqlFor(viewer.tenantId)
  const where = seen(viewer, 'Account', 't', sql)
  const query = {
    text: `SELECT t.id FROM account t WHERE ${where} AND t.id = ${sql.params.add(uuid, 'uuid')}`,
    values: sql.params.values,
  }
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) => db.rows<{ id: string }>(query))
  return row?.id ?? null
}

/** Deals of one status. */
export interface DealFigures {
  count: number
  /** One sum for each currency, the greatest part of the deals first; null where the viewer may not see amounts. */
  amounts: Money[] | null
}

/** A customer in figures. */
export interface CustomerFigures {
  open: DealFigures
  won: DealFigures
  lost: DealFigures
  openTasks: number
  overdueTasks: number
  activities: number
  lastActivityAt: string | null
  contacts: number
}

interface FigureRow extends Omit<CustomerFigures, 'open' | 'won' | 'lost'> {
  deals: { status: string; currency: string; count: number; amount: string | null }[] | null
}

/** A customer (its uuid) in figures, over what the viewer sees of deals, tasks, activities and people. */
export async function figuresOf(context: Context, viewer: Viewer, accountId: string): Promise<CustomerFigures> {
  const sql = sqlFor(viewer.tenantId)
  const account = sql.params.add(accountId, 'uuid')
  const deals = `SELECT json_agg(d) FROM (SELECT o.status, o.currency, count(*)::integer AS count, sum(o.amount)::text AS amount FROM opportunity o
 WHERE ${seen(viewer, 'Opportunity', 'o', sql)} AND o.account_id = ${account} GROUP BY 1, 2 ORDER BY 3 DESC, 2) d`
  const tasks = (more: string) =>
    `SELECT count(*)::integer FROM task t WHERE ${seen(viewer, 'Task', 't', sql)} AND t.status IN ('NOT_STARTED', 'IN_PROGRESS', 'DEFERRED')${more} AND t.id IN (${linkedTo(viewer, 'task', 'Account', account, sql)})`
  const done = `FROM activity a WHERE ${seen(viewer, 'Activity', 'a', sql)} AND ${HAPPENED} AND a.id IN (${linkedTo(viewer, 'activity', 'Account', account, sql)})`
  const last = hides(viewer, 'Account', 'lastActivityAt')
    ? 'NULL'
    : `(SELECT c.last_activity_at FROM account c WHERE c.tenant_id = $1 AND c.id = ${account}${shown(viewer, 'Account', 'lastActivityAt', 'c', sql)})`
  const contacts = `SELECT count(*)::integer FROM contact c JOIN account_contact l ON l.tenant_id = $1 AND l.contact_id = c.id AND l.account_id = ${account} AND l.deleted_at IS NULL
 WHERE ${seen(viewer, 'Contact', 'c', sql)}`
  const text = `SELECT (${deals}) AS deals, (${tasks('')}) AS "openTasks", (${tasks(' AND t.due_at < now()')}) AS "overdueTasks", (${contacts}) AS contacts,
 x.activities, greatest(x.last, ${last}) AS "lastActivityAt" FROM (SELECT count(*)::integer AS activities, max(coalesce(a.start_at, a.created_at)) AS last ${done}) x`
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<FigureRow>({ text, values: sql.params.values }),
  )
  const { deals: found, lastActivityAt, ...rest } = row as FigureRow
  const of = (status: string): DealFigures => {
    const some = (found ?? []).filter((one) => one.status === status)
    return {
      count: some.reduce((sum, { count }) => sum + count, 0),
      amounts: hides(viewer, 'Opportunity', 'amount')
        ? null
        : some.flatMap(({ amount, currency }) => (amount === null ? [] : [{ amount: formatMoney(amount), currency }])),
    }
  }
  return {
    ...rest,
    lastActivityAt: lastActivityAt && new Date(lastActivityAt).toISOString(),
    open: of('OPEN'),
    won: of('WON'),
    lost: of('LOST'),
  }
}

/** Whole days between a moment and now; null without one. */
export function daysSince(moment: string | null, now = Date.now()): number | null {
  return moment === null ? null : Math.max(0, Math.floor((now - Date.parse(moment)) / 86_400_000))
}

/** A date that lies ahead, or lies behind undone. */
export interface NextDate {
  kind: 'FOLLOW_UP' | 'TASK' | 'ACTIVITY' | 'EXPECTED_CLOSE'
  object: string
  recordId: string
  /** The day, in the tenant's time zone. */
  on: string
  /** The moment, where it is known. */
  at: string | null
}

const DATES = { default: 10, max: 100 }

/**
 * What comes next with a customer (its uuid), the nearest first: follow-ups, open tasks, planned activities, expected closings; or, `overdue`, what should have been
 * by yesterday and was not, the latest first. Only over fields and types that the viewer sees.
 */
export async function nextDatesOf(
  context: Context,
  viewer: Viewer,
  accountId: string,
  { first, overdue }: { first?: number | null; overdue?: boolean | null },
): Promise<NextDate[]> {
  const { size } = pageOf({ first: first ?? DATES.default })
  const sql = sqlFor(viewer.tenantId)
  const account = sql.params.add(accountId, 'uuid')
  const zone = sql.params.add(viewer.timezone, 'text')
  const today = sql.params.add(todayIn(viewer.timezone), 'date')
  const limit = sql.params.add(size, 'integer')
  const branches: string[] = []
  const add = (kind: NextDate['kind'], name: string, field: string, alias: string, where: string, day = false) => {
    const type = recordType(name)
    if (!viewer.access.may('read', name) || hides(viewer, name, field)) return
    const column = `${alias}.${ident(type.fields.get(field)!.column)}`
    const on = day ? column : `(${column} AT TIME ZONE ${zone})::date`
    branches.push(
      `SELECT '${kind}' AS kind, '${name}' AS object, ${alias}.id AS "recordId", ${on} AS "on", ${day ? 'NULL::timestamptz' : column} AS at FROM ${ident(type.table)} ${alias}
 WHERE ${seen(viewer, name, alias, sql)} AND ${on} ${overdue ? '<' : '>='} ${today} AND ${where}${shown(viewer, name, field, alias, sql)}`,
    )
  }
  const ofDeal = (alias: string) => `${alias}.account_id = ${account} AND ${alias}.status = 'OPEN'`
  add('FOLLOW_UP', 'Account', 'nextFollowUpAt', 'c', `c.id = ${account}`)
  add('FOLLOW_UP', 'Opportunity', 'nextFollowUpAt', 'o', ofDeal('o'))
  add('EXPECTED_CLOSE', 'Opportunity', 'closeDate', 'p', ofDeal('p'), true)
  add(
    'TASK',
    'Task',
    'dueAt',
    't',
    `t.status IN ('NOT_STARTED', 'IN_PROGRESS', 'DEFERRED') AND t.id IN (${linkedTo(viewer, 'task', 'Account', account, sql)})`,
  )
  add(
    'ACTIVITY',
    'Activity',
    'startAt',
    'a',
    `a.status = 'PLANNED' AND a.id IN (${linkedTo(viewer, 'activity', 'Account', account, sql)})`,
  )
  if (branches.length === 0) return []
  const direction = overdue ? 'DESC' : 'ASC'
  const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Omit<NextDate, 'at'> & { at: Date | null }>({
      text: `SELECT u.kind, u.object, u."recordId", u."on"::text AS "on", u.at FROM (${branches.join(' UNION ALL ')}) u ORDER BY u."on" ${direction}, u.at ${direction} NULLS LAST, u."recordId", u.kind LIMIT ${limit}`,
      values: sql.params.values,
    }),
  )
  return rows.map(({ at, ...one }) => ({ ...one, at: at && new Date(at).toISOString() }))
}

/** What a customer owes. */
export interface CustomerReceivables {
  /** What is to be paid by its plans, one sum for each currency; null where the viewer may not see it. */
  open: Money[] | null
  /** What of it should have been paid before today. */
  overdue: Money[] | null
  /** What was received for its contracts. */
  received: Money[] | null
  /** The next day on which something is due, from today on. */
  nextDueOn: string | null
}

/** What a customer (its uuid) owes by the plans of its contracts that the viewer sees. */
export async function receivablesOf(context: Context, viewer: Viewer, accountId: string): Promise<CustomerReceivables> {
  const sql = sqlFor(viewer.tenantId)
  const account = sql.params.add(accountId, 'uuid')
  const today = sql.params.add(todayIn(viewer.timezone), 'date')
  const text = `SELECT c.currency, sum(c.received_amount)::text AS received, coalesce(sum(p.open), 0)::text AS open, coalesce(sum(p.overdue), 0)::text AS overdue, min(p.next)::text AS next
 FROM contract c LEFT JOIN LATERAL (SELECT sum(p.unreceived_amount) AS open, sum(p.unreceived_amount) FILTER (WHERE p.due_date < ${today}) AS overdue, min(p.due_date) FILTER (WHERE p.due_date >= ${today}) AS next
  FROM receipt_plan p WHERE p.tenant_id = $1 AND p.contract_id = c.id AND p.status IN ('PENDING', 'PARTIAL', 'OVERDUE') AND p.deleted_at IS NULL) p ON true
 WHERE ${seen(viewer, 'Contract', 'c', sql)} AND c.account_id = ${account} GROUP BY 1 ORDER BY sum(p.open) DESC NULLS LAST, 1`
  const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<{ currency: string; received: string; open: string; overdue: string; next: string | null }>({
      text,
      values: sql.params.values,
    }),
  )
  const sums = (name: 'received' | 'open' | 'overdue', type: string, field: string) =>
    hides(viewer, type, field)
      ? null
      : rows.flatMap((row) => (row[name] === '0' ? [] : [{ amount: formatMoney(row[name]), currency: row.currency }]))
  const days = rows.flatMap(({ next }) => next ?? []).sort()
  return {
    open: sums('open', 'ReceiptPlan', 'unreceivedAmount'),
    overdue: hides(viewer, 'ReceiptPlan', 'dueDate') ? null : sums('overdue', 'ReceiptPlan', 'unreceivedAmount'),
    received: sums('received', 'Contract', 'receivedAmount'),
    nextDueOn: hides(viewer, 'ReceiptPlan', 'dueDate') ? null : (days[0] ?? null),
  }
}
