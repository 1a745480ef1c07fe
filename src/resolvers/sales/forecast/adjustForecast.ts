import { may, requireRight } from '../../../access/decide.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { newId } from '../../../ids.ts'
import { fieldOf, recordType } from '../../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { lockTenant } from '../../checks.ts'
import { normalise, validationError } from '../../normalise.ts'
import type { Written } from '../../records.ts'
import { forbidden, sqlFor, type WriteContext } from '../../write.ts'
import { tenThousandths } from './base.ts'
import { type Category, peopleOf } from './forecast.ts'
import { isDay, type PeriodType, periodOf } from './period.ts'
import { fiscalYearStartOf, seen } from './scope.ts'

/** What is said about a person's forecast, as clients write it. */
export interface ForecastAdjusting {
  period: { type: PeriodType; start: string }
  ownerId: string
  category: string
  /** Null takes back what was said before. */
  amount?: { amount: string; currency?: string | null } | null
  note?: string | null
}

const ADJUSTABLE = ['COMMIT', 'BEST_CASE', 'PIPELINE']

/** Is a user above another: by managers, or as the head of a department that the other belongs to, or of one above it. */
const ABOVE = `WITH RECURSIVE boss AS (
 SELECT u.manager_id AS id FROM app_user u WHERE u.tenant_id = $1 AND u.id = $2
 UNION SELECT u.manager_id FROM boss b JOIN app_user u ON u.tenant_id = $1 AND u.id = b.id
), home AS (
 SELECT u.department_id AS id FROM app_user u WHERE u.tenant_id = $1 AND u.id = $2
 UNION SELECT d.parent_id FROM home h JOIN department d ON d.tenant_id = $1 AND d.id = h.id
) SELECT EXISTS (SELECT 1 FROM boss WHERE id = $3) OR EXISTS (SELECT 1 FROM home h JOIN department d ON d.tenant_id = $1 AND d.id = h.id AND d.head_id = $3 AND d.deleted_at IS NULL) AS above`

/**
 * Says what a category of a person's forecast for a period comes to, instead of the sum of their deals, or takes that back. For those above the person, by managers or as head of a
 * department, and for those who may change the company (Tenant.update). Of two at the same moment the later one stands.
 *
 * Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, VALIDATION_FAILED, CURRENCY_MISMATCH, CURRENCY_RATE_MISSING as a request error.
 */
export async function adjustForecast(context: WriteContext, adjusting: ForecastAdjusting): Promise<Written> {
  const { db, viewer } = context
  const { tenantId } = viewer
  requireRight(viewer, 'update', 'ForecastAdjustment')
  const ownerId = uuidOf('User', adjusting.ownerId) ?? NO_ID
  const sql = sqlFor(tenantId)
  const [owner] = await db.rows({
    text: `SELECT t.id FROM app_user t WHERE ${seen(viewer, 'User', 't', sql)} AND t.id = ${sql.params.add(ownerId, 'uuid')}`,
    values: sql.params.values,
  })
  if (!owner) return refused({ code: 'NOT_FOUND', message: 'There is no such User.', field: ['ownerId'] })
  if (!may(viewer, 'update', 'Tenant')) {
    const [row] = await db.rows<{ above: boolean }>({ text: ABOVE, values: [tenantId, ownerId, viewer.userId] })
    if (!row?.above) return refused(forbidden('ForecastAdjustment.update', ['ownerId']))
  }
  const { values, errors } = read(context, adjusting)
  if (errors.length > 0) return { id: null, errors }
  const { type, start: day } = adjusting.period
  const { start, end } = periodOf(type, day, await fiscalYearStartOf(db, tenantId))
  // The record is this verb's alone to write: whoever else is at it waits here.
  await lockTenant(context, `forecast_adjustment ${ownerId}`)
  const [before] = await db.rows<Before>({
    text: `SELECT id, adjusted_amount::text AS amount, currency, note FROM forecast_adjustment
 WHERE tenant_id = $1 AND owner_id = $2 AND period_type = $3 AND period_start = $4::date AND category = $5 AND deleted_at IS NULL`,
    values: [tenantId, ownerId, type, start, adjusting.category],
  })
  if (values.amount === null) {
    if (before)
      await db.rows({
        text: 'UPDATE forecast_adjustment SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND id = $2',
        values: [tenantId, before.id],
      })
    return { id: null, errors: [], changed: before !== undefined }
  }
  const currency = viewer.baseCurrency
  if (before && before.amount === values.amount && before.currency === currency && before.note === values.note)
    return { id: before.id, errors: [], changed: false }
  const [person] = await peopleOf(db, viewer, { type, start, end }, { type: 'USER', id: ownerId, tree: false })
  const sum = tenThousandths(currency, person?.parts[adjusting.category as Category].amount ?? 0n)
  const id = before?.id ?? newId()
  const said = [tenantId, id, String(sum), values.amount, currency, values.note, viewer.userId]
  await db.rows(
    before
      ? {
          text: 'UPDATE forecast_adjustment SET amount = $3, adjusted_amount = $4, currency = $5, note = $6, by_id = $7 WHERE tenant_id = $1 AND id = $2',
          values: said,
        }
      : {
          text: `INSERT INTO forecast_adjustment (tenant_id, id, amount, adjusted_amount, currency, note, by_id, owner_id, period_type, period_start, category)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::date, $11)`,
          values: [...said, ownerId, type, start, adjusting.category],
        },
  )
  return { id, errors: [], changed: true }
}

/** What was said before. */
interface Before {
  id: string
  amount: string
  currency: string
  note: string | null
}

const refused = (error: UserErrorInfo): Written => ({ id: null, errors: [error] })

/** Reads what the caller says by the kinds of the fields; a company's forecast is in its own currency. */
function read(
  { viewer }: WriteContext,
  { period, category, amount, note }: ForecastAdjusting,
): { values: { amount: string | null; note: string | null }; errors: UserErrorInfo[] } {
  const type = recordType('ForecastAdjustment')
  const errors: UserErrorInfo[] = []
  for (const [argument, field, given] of [
    ['amount', 'adjustedAmount', true],
    ['note', 'note', note != null],
  ] as const)
    if (given && !viewer.access.mayWriteField(type, field))
      errors.push({ code: 'FIELD_FORBIDDEN', message: `You may not write ${field}.`, field: [argument] })
  // The adjustment tells what the deals come to.
  if (viewer.access.hides(recordType('Opportunity'), 'amount'))
    errors.push({ code: 'FIELD_FORBIDDEN', message: 'You may not see the amounts of deals.', field: ['amount'] })
  const one = (argument: string, field: string, value: unknown): string | null => {
    const result = normalise(fieldOf(type, field), value ?? null, viewer)
    if (!('rule' in result)) return result.ok as string | null
    errors.push(validationError([argument, ...(result.path ?? [])], result.rule, result.message))
    return null
  }
  if (!isDay(period.start))
    errors.push(validationError(['period', 'start'], 'date', 'must be a date of the years 1900 to 2199'))
  if (!ADJUSTABLE.includes(category))
    errors.push(validationError(['category'], 'category', `must be one of ${ADJUSTABLE.join(', ')}`))
  if (amount?.currency && amount.currency !== viewer.baseCurrency)
    errors.push({
      code: 'CURRENCY_MISMATCH',
      message: 'Forecasts are in the company’s currency.',
      field: ['amount', 'currency'],
      details: { currency: viewer.baseCurrency },
    })
  return { values: { amount: one('amount', 'adjustedAmount', amount), note: one('note', 'note', note) }, errors }
}
