import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { writeChange } from '../identity/security.ts'
import { requireViewer } from '../mutation.ts'
import { validationError } from '../normalise.ts'
import type { Rounding } from '../sales/amount.ts'

/** How a company works with contracts and money. */
export interface RevenueSettings {
  /** By how much the plans of a contract may be more than the contract, per cent of its amount, decimal text. */
  planTolerance: string
  /** May more be received than a contract asks for; what is too much becomes a credit of the account. */
  allowOverpayment: boolean
  /** How many days before a contract ends its owner is reminded; 0 for never. */
  contractReminderDays: number
  /** Must a receipt go through an approval flow before it counts. */
  receiptNeedsApproval: boolean
  /** Are renewals that are made by themselves (Contract.autoRenew) submitted at once. */
  submitRenewals: boolean
  /** How half of a currency's smallest unit is rounded in the lines of all documents. */
  rounding: Rounding
}

const COLUMNS: Record<keyof RevenueSettings, string> = {
  planTolerance: 'revenue_plan_tolerance',
  allowOverpayment: 'revenue_allow_overpayment',
  contractReminderDays: 'revenue_contract_reminder_days',
  receiptNeedsApproval: 'revenue_receipt_needs_approval',
  submitRenewals: 'revenue_submit_renewals',
  rounding: 'rounding',
}
const NAMES = Object.keys(COLUMNS) as (keyof RevenueSettings)[]
const MAX_DAYS = 365

/** The settings of a company, in a bracket of its own. */
export async function revenueSettings(db: Reader, tenantId: string, lock = ''): Promise<RevenueSettings> {
  const columns = NAMES.map((name) => `${COLUMNS[name]}${name === 'planTolerance' ? '::text' : ''} AS "${name}"`)
  const [row] = await db.rows<RevenueSettings>({
    text: `SELECT ${columns.join(', ')} FROM tenant WHERE id = $1 ${lock}`,
    values: [tenantId],
  })
  return row as RevenueSettings
}

/** The viewer's company's settings. */
export async function readRevenueSettings(context: Context): Promise<RevenueSettings> {
  const viewer = requireViewer(context)
  return context.tenancy.readTenant(callerOf(viewer), (db) => revenueSettings(db, viewer.tenantId))
}

/** Changes the settings that the input names. VALIDATION_FAILED for a number out of range and for null. A real change leaves a row in `change`. */
export async function updateRevenueSettings(
  context: Context,
  input: { [K in keyof RevenueSettings]?: RevenueSettings[K] | null },
): Promise<{ settings: RevenueSettings | null; userErrors: UserErrorInfo[] }> {
  const viewer = requireViewer(context)
  const { tenantId } = viewer
  const userErrors = problemsOf(input)
  if (userErrors.length > 0) return { settings: null, userErrors }
  const settings = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const was = await revenueSettings(db, tenantId, 'FOR UPDATE')
    const given = NAMES.filter((name) => input[name] !== undefined)
    if (given.length === 0) return was
    await db.rows({
      text: `UPDATE tenant SET ${given.map((name, index) => `${COLUMNS[name]} = $${index + 2}`).join(', ')} WHERE id = $1`,
      values: [tenantId, ...given.map((name) => input[name])],
    })
    const now = await revenueSettings(db, tenantId)
    const changed = NAMES.filter((name) => now[name] !== was[name])
    if (changed.length === 0) return now
    await db.rows({ text: 'UPDATE tenant SET updated_at = now() WHERE id = $1', values: [tenantId] })
    const byColumn = (from: RevenueSettings) => Object.fromEntries(changed.map((name) => [COLUMNS[name], from[name]]))
    await writeChange(db, tenantId, {
      object: 'tenant',
      recordId: tenantId,
      before: byColumn(was),
      after: byColumn(now),
    })
    return now
  })
  return { settings, userErrors: [] }
}

function problemsOf(input: Parameters<typeof updateRevenueSettings>[1]): UserErrorInfo[] {
  const errors: UserErrorInfo[] = []
  for (const name of NAMES)
    if (input[name] === null) errors.push(validationError(['input', name], 'required', 'must not be null'))
  const { planTolerance: tolerance, contractReminderDays: days } = input
  if (typeof tolerance === 'string' && !/^\d{1,2}(\.\d{1,2}0*)?$|^100(\.0+)?$/.test(tolerance))
    errors.push(validationError(['input', 'planTolerance'], 'range', 'must be 0 to 100, with at most two decimals'))
  if (typeof days === 'number' && (days < 0 || days > MAX_DAYS))
    errors.push(
      validationError(['input', 'contractReminderDays'], days < 0 ? 'min' : 'max', `must be 0 to ${MAX_DAYS}`),
    )
  return errors
}
