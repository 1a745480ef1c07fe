import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { writeChange } from '../identity/security.ts'
import { requireViewer } from '../mutation.ts'
import { validationError } from '../normalise.ts'

/** To which of several campaigns that touched a deal it is counted. */
export type Attribution = 'FIRST' | 'LAST' | 'EVEN'

/** How a company measures its campaigns. */
export interface MarketingSettings {
  attribution: Attribution
  /** How many days before a deal was closed touches count. */
  attributionDays: number
}

const COLUMNS: Record<keyof MarketingSettings, string> = {
  attribution: 'marketing_attribution',
  attributionDays: 'marketing_attribution_days',
}
const NAMES = Object.keys(COLUMNS) as (keyof MarketingSettings)[]
const MAX_DAYS = 3650

async function read(db: Reader, tenantId: string, lock = ''): Promise<MarketingSettings> {
  const columns = NAMES.map((name) => `${COLUMNS[name]} AS "${name}"`)
  const [row] = await db.rows<MarketingSettings>({
    text: `SELECT ${columns.join(', ')} FROM tenant WHERE id = $1 ${lock}`,
    values: [tenantId],
  })
  return row as MarketingSettings
}

/** The viewer's company's settings. */
export async function marketingSettings(context: Context): Promise<MarketingSettings> {
  const viewer = requireViewer(context)
  return context.tenancy.readTenant(callerOf(viewer), (db) => read(db, viewer.tenantId))
}

/** Changes the settings that the input names. VALIDATION_FAILED for days out of range and for null. A real change leaves a row in `change`. */
export async function updateMarketingSettings(
  context: Context,
  input: { [K in keyof MarketingSettings]?: MarketingSettings[K] | null },
): Promise<{ settings: MarketingSettings | null; userErrors: UserErrorInfo[] }> {
  const viewer = requireViewer(context)
  const { tenantId } = viewer
  const userErrors = problemsOf(input)
  if (userErrors.length > 0) return { settings: null, userErrors }
  const settings = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const was = await read(db, tenantId, 'FOR UPDATE')
    const changed = NAMES.filter((name) => input[name] !== undefined && input[name] !== was[name])
    if (changed.length === 0) return was
    const now = { ...was, ...(input as Partial<MarketingSettings>) }
    await db.rows({
      text: `UPDATE tenant SET ${changed.map((name, index) => `${COLUMNS[name]} = $${index + 2}`).join(', ')}, updated_at = now() WHERE id = $1`,
      values: [tenantId, ...changed.map((name) => now[name])],
    })
    const byColumn = (from: MarketingSettings) => Object.fromEntries(changed.map((name) => [COLUMNS[name], from[name]]))
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

function problemsOf(input: Parameters<typeof updateMarketingSettings>[1]): UserErrorInfo[] {
  const errors = NAMES.filter((name) => input[name] === null).map((name) =>
    validationError(['input', name], 'required', 'must not be null'),
  )
  const { attributionDays: days } = input
  if (typeof days === 'number' && (days < 1 || days > MAX_DAYS))
    errors.push(validationError(['input', 'attributionDays'], days < 1 ? 'min' : 'max', `must be 1 to ${MAX_DAYS}`))
  return errors
}
