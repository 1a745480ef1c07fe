import { DateTime } from 'luxon'
import { may, requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { formatMoney, idOf } from '../../read/values.ts'
import { createRecords, type Written } from '../records.ts'
import type { Input, Values, WriteContext } from '../write.ts'
import { lockOne, refused } from './refusals.ts'
import { put } from './settle.ts'

const LINE_FIELDS = [
  'name',
  'quantity',
  'unit',
  'listPrice',
  'unitPrice',
  'discountPct',
  'discountAmount',
  'taxRate',
  'sort',
]
const KEPT = ['name', 'type', 'autoRenew', 'renewalNoticeDays', 'paymentTerms', 'description']

/** The days of the contract that follows on one: as long as it, whole months where it had whole months. */
export function nextTerm(start: string, end: string): { startDate: string; endDate: string } {
  const from = DateTime.fromISO(start, { zone: 'utc' })
  const next = DateTime.fromISO(end, { zone: 'utc' }).plus({ days: 1 })
  const { months, days } = next.diff(from, ['months', 'days'])
  const after = days === 0 ? next.plus({ months }) : next.plus(next.diff(from, 'days'))
  return { startDate: next.toISODate() as string, endDate: after.minus({ days: 1 }).toISODate() as string }
}

/**
 * Makes the draft of the contract that follows on one: the same customer, terms and lines, at the prices that were agreed on, from the day after it ends. Once: as
 * long as that renewal is live and not void, there is no second.
 *
 * Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE, PRODUCT_INACTIVE, and what creating a contract may say.
 */
export async function renewContract(context: WriteContext, { id: named }: { id: string }): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'create', 'Contract')
  const found = await lockOne(context, 'Contract', { id: named }, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  if (before.status !== 'APPROVED' && before.status !== 'EXPIRED')
    return refused({
      code: 'INVALID_STATE',
      message: 'Only contracts that are or were in force are renewed.',
      field: ['id'],
      details: { from: before.status, to: 'RENEWED', allowed: ['APPROVED', 'EXPIRED'] },
    })
  const [renewal] = await db.rows({
    text: `SELECT 1 FROM contract WHERE tenant_id = $1 AND renewed_from_id = $2 AND status <> 'VOID' AND deleted_at IS NULL LIMIT 1`,
    values: [viewer.tenantId, id],
  })
  if (renewal)
    return refused({
      code: 'INVALID_STATE',
      message: 'The contract was renewed already.',
      field: ['id'],
      details: { from: 'RENEWED', to: 'RENEWED', allowed: [] },
    })
  const [written] = (await createRecords(context, recordType('Contract'), [await copyOf(context, id, before)], {
    pathOf: () => ['id'],
  })) as [Written]
  if (!written.id) return refused(...written.errors.map((error) => ({ ...error, field: ['id'] })))
  await put(context, 'contract', written.id, { renewed_from_id: id })
  return written
}

async function copyOf({ db, viewer }: WriteContext, id: string, before: Values): Promise<Input> {
  const currency = before.currency as string
  const money = (value: unknown) => (value === null ? null : { amount: formatMoney(value as string), currency })
  const of = (type: string, value: unknown) => (value === null ? null : idOf(type, value as string))
  const lines = await db.rows<Values & { productId: string | null }>({
    text: `SELECT product_id AS "productId", name, quantity::text, unit, list_price::text AS "listPrice", unit_price::text AS "unitPrice", discount_pct::text AS "discountPct",
 discount_amount::text AS "discountAmount", tax_rate::text AS "taxRate", sort FROM contract_line WHERE tenant_id = $1 AND contract_id = $2 AND deleted_at IS NULL ORDER BY sort, id`,
    values: [viewer.tenantId, id],
  })
  return {
    ...Object.fromEntries(KEPT.map((name) => [name, before[name]])),
    ...nextTerm(before.startDate as string, before.endDate as string),
    accountId: of('Account', before.accountId),
    customerSignerId: of('Contact', before.customerSignerId),
    companySignerId: of('User', before.companySignerId),
    ...(before.ownerId && may(viewer, 'transfer', 'Contract') ? { ownerId: of('User', before.ownerId) } : {}),
    currency,
    ...(lines.length > 0
      ? {
          lines: lines.map((line) => ({
            ...Object.fromEntries(
              LINE_FIELDS.map((name) => [name, /(Price|Amount)$/.test(name) ? money(line[name]) : line[name]]),
            ),
            productId: of('Product', line.productId),
          })),
        }
      : { amount: money(before.amount) }),
  }
}
