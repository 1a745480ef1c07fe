import { requireRight } from '../../access/decide.ts'
import type { UserErrorCode } from '../../errors.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { changedFields, checkScale, refuse, refuseAs, todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import { numbered } from '../platform/numbers.ts'
import type { Written } from '../records.ts'
import { after, type Change, idPath, type Rules, rulesTogether, type WriteContext } from '../write.ts'
import { ownCurrency } from './ownCurrency.ts'
import { lockOne, readReason, refused } from './refusals.ts'
import { lockContract, lockContracts, put, settle } from './settle.ts'
import { PAYABLE } from './states.ts'

/** What of an issued invoice may still be written: where it went, and what people note. */
const ASIDE = ['courierNo', 'note', 'externalSource', 'externalId']
const contractOf = (change: Change) => after(change, 'contractId') as string

const wrong = (from: string, to: string) => ({
  code: 'INVALID_STATE' as const,
  message: `An invoice that is ${from} cannot become ${to}.`,
  field: ['id'],
  details: { from, to, allowed: { DRAFT: ['ISSUED'], ISSUED: ['VOID'], VOID: [] }[from] },
})

/** Rules of invoices: in the currency of the contract (CURRENCY_MISMATCH), to a title of its account; written and deleted as drafts only (INVALID_STATE, VOID_NOT_EDITABLE). */
export const invoiceRules: Rules = rulesTogether(
  { write: numbered('INVOICE') },
  {
    async write(changes, context) {
      const contracts = await lockContracts(context, changes.map(contractOf))
      const accounts = await titleAccounts(changes, context)
      for (const change of changes) {
        const contract = contracts.get(contractOf(change))
        if (!contract) continue
        if (change.before) guard(change)
        else {
          change.values.accountId = contract.accountId
          if (contract.status === 'VOID') refuseAs(change, 'VOID_NOT_EDITABLE', 'contractId', 'The contract is void.')
        }
        ownCurrency(change, contract.currency, ['amount'])
        checkScale(change, 'taxRate', 3)
        const title = change.values.titleId as string | null | undefined
        if (title && accounts.get(title) !== contract.accountId)
          refuse(change, 'titleId', 'account', 'must be of the account of the contract')
      }
    },
    delete(changes) {
      for (const change of changes) {
        const from = change.before?.status as string
        if (!change.before?.deletedAt && from !== 'DRAFT')
          change.errors.push({
            code: 'INVALID_STATE',
            message: 'Only drafts are deleted; make it void.',
            field: idPath(change),
            details: { from, allowed: [] },
          })
      }
    },
  },
)

function guard(change: Change): void {
  const status = change.before?.status as string
  if (status === 'DRAFT') return
  const field = changedFields('Invoice', change).find((name) => !ASIDE.includes(name))
  const code: UserErrorCode = status === 'VOID' ? 'VOID_NOT_EDITABLE' : 'INVALID_STATE'
  if (field) refuseAs(change, code, field, `The invoice is ${status}.`, { from: status, allowed: ASIDE })
}

/** Whose the titles are that changes name, by their uuids. */
async function titleAccounts(changes: Change[], { db, viewer }: WriteContext): Promise<Map<string, string>> {
  const ids = changes.flatMap(({ values }) => (values.titleId as string | null | undefined) ?? [])
  if (ids.length === 0) return new Map()
  const rows = await db.rows<{ id: string; accountId: string }>({
    text: 'SELECT id, account_id AS "accountId" FROM account_invoice_info WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, ids],
  })
  return new Map(rows.map(({ id, accountId }) => [id, accountId]))
}

/**
 * Issues an invoice: from now on it counts as invoiced. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, CONTRACT_NOT_APPROVED, VALIDATION_FAILED.
 *
 * @param issuedOn YYYY-MM-DD, not in the future; today if left out.
 */
export async function issueInvoice(
  context: WriteContext,
  given: { id: string; invoiceNo?: string | null; issuedOn?: string | null; expectedVersion?: number | null },
): Promise<Written> {
  const { viewer } = context
  requireRight(viewer, 'update', 'Invoice')
  const found = await lockOne(context, 'Invoice', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  if (before.status !== 'DRAFT') return refused(wrong(before.status as string, 'ISSUED'))
  const today = todayIn(viewer.timezone)
  const on = given.issuedOn ?? today
  if (on > today) return refused(validationError(['issuedOn'], 'max', 'must not be in the future'))
  const number = normalise(fieldOf(recordType('Invoice'), 'invoiceNo'), given.invoiceNo ?? before.invoiceNo, viewer)
  if ('rule' in number) return refused(validationError(['invoiceNo'], number.rule, number.message))
  const contract = await lockContract(context, before.contractId as string)
  if (!PAYABLE.includes(contract.status))
    return refused({ code: 'CONTRACT_NOT_APPROVED', message: 'The contract is not approved.', field: ['id'] })
  await put(context, 'invoice', id, { status: 'ISSUED', issued_on: on, invoice_no: number.ok })
  await settle(context, [contract.id])
  return { id, errors: [], changed: true }
}

/** Makes an issued invoice void, 作废: it counts no more. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE, VALIDATION_FAILED without a reason. */
export async function voidInvoice(
  context: WriteContext,
  given: { id: string; reason: string; expectedVersion?: number | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'Invoice')
  const found = await lockOne(context, 'Invoice', given, 'update')
  if ('errors' in found) return refused(...found.errors)
  const { id, before } = found
  if (before.status !== 'ISSUED') return refused(wrong(before.status as string, 'VOID'))
  const why = readReason(context, 'Invoice', 'voidReason', given.reason)
  if ('code' in why) return refused(why)
  await put(context, 'invoice', id, { status: 'VOID', void_reason: why.reason })
  await settle(context, [before.contractId as string])
  return { id, errors: [], changed: true }
}
