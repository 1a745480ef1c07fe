import { recordType } from '../../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../../read/values.ts'
import { lockTenant } from '../../checks.ts'
import { validationError } from '../../normalise.ts'
import { createRecords, updateRecords, type Written } from '../../records.ts'
import { type Input, sqlFor, type WriteContext } from '../../write.ts'
import { minorUnit } from '../amount.ts'
import { isDay, type Period, type PeriodType, periodOf, requireDay, yearBefore } from './period.ts'
import { fiscalYearStartOf, seen } from './scope.ts'

/** A target as clients write it. */
export interface TargetInput {
  scopeType: 'COMPANY' | 'DEPARTMENT' | 'USER'
  scopeId?: string | null
  metric: string
  period: { type: PeriodType; start: string }
  amount?: { amount: string; currency?: string | null } | null
  count?: number | null
}

const NO_DAY = '2000-01-01'
const SCOPE_FIELDS = { DEPARTMENT: 'departmentId', USER: 'userId' } as const
const TYPES = { DEPARTMENT: 'Department', USER: 'User' } as const

/** The key of a target, with the uuid of whose it is; the company's is its own. */
interface Key {
  scope: string
  metric: string
  type: string
  start: string
}

/** Targets that there are, by key: uuids, null for a key without one. Nobody else sets any until the end of the transaction. */
async function existing(context: WriteContext, keys: Key[]): Promise<(string | null)[]> {
  await lockTenant(context, 'sales_target')
  const rows = await context.db.rows<{ place: number; id: string }>({
    text: `SELECT k.place, t.id FROM json_to_recordset($2::json) AS k(place integer, scope uuid, metric text, type text, start date)
 JOIN sales_target t ON t.tenant_id = $1 AND t.scope_id = k.scope AND t.metric = k.metric AND t.period_type = k.type AND t.period_start = k.start AND t.deleted_at IS NULL`,
    values: [context.viewer.tenantId, JSON.stringify(keys.map((key, place) => ({ place, ...key })))],
  })
  const found: (string | null)[] = keys.map(() => null)
  for (const { place, id } of rows) found[place] = id
  return found
}

/**
 * Sets targets: changes the one that there is for the scope, metric and period, or makes it. Any day names its period. Of two at the same moment both are done, one after the other.
 *
 * Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, VALIDATION_FAILED, CURRENCY_MISMATCH; UNIQUE_VIOLATION for a second one of the same call.
 */
export async function setTargets(
  context: WriteContext,
  inputs: TargetInput[],
  { partial, pathOf }: { partial: boolean; pathOf: (index: number) => string[] },
): Promise<Written[]> {
  const { tenantId } = context.viewer
  const fiscal = await fiscalYearStartOf(context.db, tenantId)
  const keys = inputs.map(({ scopeType, scopeId, metric, period }): Key => {
    // Refused below; any day serves until then.
    const day = isDay(period.start) ? period.start : NO_DAY
    const scope = scopeType === 'COMPANY' ? tenantId : (uuidOf(TYPES[scopeType], scopeId) ?? NO_ID)
    return { scope, metric, type: period.type, start: periodOf(period.type, day, fiscal).start }
  })
  const found = await existing(context, keys)
  const results: Written[] = []
  const seenKeys = new Set<string>()
  const [made, changed]: [number[], number[]] = [[], []]
  for (const [index, key] of keys.entries()) {
    const text = JSON.stringify(key)
    const { period, scopeType, scopeId } = inputs[index] as TargetInput
    const refused = (field: string[], rule: string, message: string) => {
      results[index] = { id: null, errors: [validationError([...pathOf(index), ...field], rule, message)] }
    }
    if (!isDay(period.start)) refused(['period', 'start'], 'date', 'must be a date of the years 1900 to 2199')
    else if (scopeType === 'COMPANY' && scopeId != null)
      refused(['scopeId'], 'scope', 'must be left out for the company')
    else if (scopeType !== 'COMPANY' && scopeId == null)
      refused(['scopeId'], 'required', `is required for ${scopeType}`)
    else if (seenKeys.has(text) && key.scope !== NO_ID)
      results[index] = {
        id: null,
        errors: [{ code: 'UNIQUE_VIOLATION', message: 'An earlier row sets this target.', field: pathOf(index) }],
      }
    else (found[index] ? changed : made).push(index)
    seenKeys.add(text)
  }
  const measures = ({ amount, count }: TargetInput): Input => ({
    ...(amount === undefined ? {} : { amount }),
    ...(count === undefined ? {} : { count }),
  })
  const rowsOf = (indices: number[], written: Written[]) => {
    indices.forEach((index, place) => {
      const one = written[place] as Written
      results[index] = { ...one, errors: one.errors.map((error) => ({ ...error, field: renamed(error.field) })) }
    })
  }
  const type = recordType('SalesTarget')
  const paths = (indices: number[]) => ({ partial, pathOf: (place: number) => pathOf(indices[place] as number) })
  if (made.length > 0) {
    const given = made.map((index): Input => {
      const input = inputs[index] as TargetInput
      const { scopeType, scopeId, metric, period } = input
      const start = (keys[index] as Key).start
      return {
        ...(scopeType === 'COMPANY' ? {} : { [SCOPE_FIELDS[scopeType]]: scopeId ?? null }),
        metric,
        periodType: period.type,
        periodStart: start,
        ...measures(input),
      }
    })
    rowsOf(made, await createRecords(context, type, given, paths(made)))
  }
  if (changed.length > 0) {
    const given = changed.map((index) => ({
      id: found[index] as string,
      input: measures(inputs[index] as TargetInput),
    }))
    rowsOf(changed, await updateRecords(context, type, given, paths(changed)))
  }
  return results
}

/** Paths in the words of the input of setTarget. */
const renamed = (field: string[] | null | undefined) =>
  field?.map((part) => (part === 'departmentId' || part === 'userId' ? 'scopeId' : part)) ?? null

/**
 * Copies the targets of the year before a fiscal year, which any of its days names, into it: those that the viewer sees, months and quarters too, raised by `growth` hundredths of a per cent. What is there
 * already stays.
 *
 * @returns the new targets, or their errors, as createSalesTargets gives them.
 * @throws BAD_USER_INPUT for a day that is none.
 */
export async function copyTargets(
  context: WriteContext,
  { year, growth }: { year: string; growth: bigint },
): Promise<Written[]> {
  const { db, viewer } = context
  requireDay(year, ['year'])
  const fiscal = await fiscalYearStartOf(db, viewer.tenantId)
  const to = periodOf('YEAR', year, fiscal)
  const from = yearBefore(to, fiscal)
  const sql = sqlFor(viewer.tenantId)
  const rows = await db.rows<TargetRow>({
    text: `SELECT t.scope_id AS scope, t.department_id AS "departmentId", t.user_id AS "userId", t.metric, t.period_type AS type, t.period_start::text AS start,
 t.amount::text AS amount, t.currency, t.target_count AS count FROM sales_target t WHERE ${seen(viewer, 'SalesTarget', 't', sql)}
 AND t.period_start BETWEEN ${sql.params.add(from.start, 'date')} AND ${sql.params.add(from.end, 'date')} ORDER BY t.id`,
    values: sql.params.values,
  })
  const keys = rows.map(({ scope, metric, type, start }): Key => ({ scope, metric, type, start: yearLater(start) }))
  const found = await existing(context, keys)
  const wanted = rows.flatMap((row, index): Input[] => {
    if (found[index]) return []
    const { departmentId, userId, metric, type, start, amount, currency, count } = row
    return [
      {
        ...(departmentId ? { departmentId: idOf('Department', departmentId) } : {}),
        ...(userId ? { userId: idOf('User', userId) } : {}),
        metric,
        periodType: type,
        periodStart: yearLater(start),
        ...(amount === null
          ? { count: Number(raised(BigInt(count as number), growth, 1n)) }
          : { amount: { amount: decimal(raised(BigInt(amount), growth, minorUnit(currency as string))), currency } }),
      },
    ]
  })
  return wanted.length > 0 ? createRecords(context, recordType('SalesTarget'), wanted) : []
}

interface TargetRow {
  scope: string
  departmentId: string | null
  userId: string | null
  metric: string
  type: Period['type']
  start: string
  amount: string | null
  currency: string | null
  count: number | null
}

/** Per cent with two decimals, as a whole number. */
const WHOLE = 10_000n

const yearLater = (start: string) => `${String(Number(start.slice(0, 4)) + 1).padStart(4, '0')}${start.slice(4)}`

/** A measure raised by hundredths of a per cent, rounded half up to `unit`; never below nothing. */
function raised(measure: bigint, growth: bigint, unit: bigint): bigint {
  const n = measure * (WHOLE + growth)
  return n <= 0n ? 0n : ((2n * n + WHOLE * unit) / (2n * WHOLE * unit)) * unit
}

const decimal = (amount: bigint) => `${amount / WHOLE}.${String(amount % WHOLE).padStart(4, '0')}`
