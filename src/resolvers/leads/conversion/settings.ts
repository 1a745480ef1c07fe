import type { Context } from '../../../context.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { callerOf } from '../../../read/read.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { writeChange } from '../../identity/security.ts'
import { requireViewer } from '../../mutation.ts'
import { validationError } from '../../normalise.ts'

/** How a company works with leads. */
export interface LeadSettings {
  /** Only leads with the status QUALIFIED are converted. */
  conversionNeedsQualified: boolean
  /** How many days a conversion can be undone; 0 for never. */
  reversionDays: number
}

const COLUMNS: Record<keyof LeadSettings, string> = {
  conversionNeedsQualified: 'lead_conversion_needs_qualified',
  reversionDays: 'lead_reversion_days',
}

const MAX_DAYS = 3650

/** The settings of a company, in a bracket of its own. */
export async function readLeadSettings(db: Reader, tenantId: string, lock = ''): Promise<LeadSettings> {
  const columns = Object.entries(COLUMNS).map(([name, column]) => `${column} AS "${name}"`)
  const [row] = await db.rows<LeadSettings>({
    text: `SELECT ${columns.join(', ')} FROM tenant WHERE id = $1 ${lock}`,
    values: [tenantId],
  })
  return row as LeadSettings
}

/** The viewer's company's settings. */
export async function leadSettings(context: Context): Promise<LeadSettings> {
  const viewer = requireViewer(context)
  return context.tenancy.readTenant(callerOf(viewer), (db) => readLeadSettings(db, viewer.tenantId))
}

/** Changes the settings that the input names. VALIDATION_FAILED for a number out of range, and for null. A real change leaves a row in `change`. */
export async function updateLeadSettings(
  context: Context,
  input: { conversionNeedsQualified?: boolean | null; reversionDays?: number | null },
): Promise<{ settings: LeadSettings | null; userErrors: UserErrorInfo[] }> {
  const viewer = requireViewer(context)
  const { tenantId } = viewer
  const userErrors = problemsOf(input)
  if (userErrors.length > 0) return { settings: null, userErrors }
  const settings = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const before = await readLeadSettings(db, tenantId, 'FOR UPDATE')
    const now = { ...before, ...(input as Partial<LeadSettings>) }
    const changed = (Object.keys(COLUMNS) as (keyof LeadSettings)[]).filter((name) => now[name] !== before[name])
    if (changed.length === 0) return before
    const sets = changed.map((name, index) => `${COLUMNS[name]} = $${index + 2}`)
    await db.rows({
      text: `UPDATE tenant SET ${sets.join(', ')}, updated_at = now() WHERE id = $1`,
      values: [tenantId, ...changed.map((name) => now[name])],
    })
    const byColumn = (from: LeadSettings) => Object.fromEntries(changed.map((name) => [COLUMNS[name], from[name]]))
    await writeChange(db, tenantId, {
      object: 'tenant',
      recordId: tenantId,
      before: byColumn(before),
      after: byColumn(now),
    })
    return now
  })
  return { settings, userErrors: [] }
}

function problemsOf(input: Parameters<typeof updateLeadSettings>[1]): UserErrorInfo[] {
  const errors: UserErrorInfo[] = []
  const { reversionDays: days } = input
  for (const name of Object.keys(COLUMNS) as (keyof LeadSettings)[])
    if (input[name] === null) errors.push(validationError(['input', name], 'required', 'must not be null'))
  if (typeof days === 'number' && (days < 0 || days > MAX_DAYS))
    errors.push(validationError(['input', 'reversionDays'], days < 0 ? 'min' : 'max', `must be 0 to ${MAX_DAYS}`))
  return errors
}
