import type { Context, Viewer } from '../../../context.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { callerOf } from '../../../read/read.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { writeChange } from '../../identity/security.ts'
import { requireViewer } from '../../mutation.ts'
import { validationError } from '../../normalise.ts'
import { type CustomMapping, fits, typeOfTarget } from './customMapping.ts'

/** How a company works with leads. */
export interface LeadSettings {
  /** Only leads with the status QUALIFIED are converted. */
  conversionNeedsQualified: boolean
  /** How many days a conversion can be undone; 0 for never. */
  reversionDays: number
  /** Custom fields of leads that go to one of another name, or nowhere. */
  customFields: CustomMapping[]
}

const COLUMNS: Record<keyof LeadSettings, string> = {
  conversionNeedsQualified: 'lead_conversion_needs_qualified',
  reversionDays: 'lead_reversion_days',
  customFields: 'lead_custom_fields',
}

const MAX_DAYS = 3650
/** Rows of the mapping of custom fields. */
const MAX_MAPPED = 300

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

/** Changes the settings that the input names. VALIDATION_FAILED for a number out of range, for null, and for
 * custom fields that there are not or that do not fit each other. A real change leaves a row in `change`. */
export async function updateLeadSettings(
  context: Context,
  input: {
    conversionNeedsQualified?: boolean | null
    reversionDays?: number | null
    customFields?: CustomMapping[] | null
  },
): Promise<{ settings: LeadSettings | null; userErrors: UserErrorInfo[] }> {
  const viewer = requireViewer(context)
  const { tenantId } = viewer
  const userErrors = problemsOf(viewer, input)
  if (userErrors.length > 0) return { settings: null, userErrors }
  const settings = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const before = await readLeadSettings(db, tenantId, 'FOR UPDATE')
    const now = { ...before, ...(input as Partial<LeadSettings>) }
    const changed = (Object.keys(COLUMNS) as (keyof LeadSettings)[]).filter(
      (name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]),
    )
    if (changed.length === 0) return before
    const sets = changed.map((name, index) => `${COLUMNS[name]} = $${index + 2}`)
    await db.rows({
      text: `UPDATE tenant SET ${sets.join(', ')}, updated_at = now() WHERE id = $1`,
      values: [tenantId, ...changed.map((name) => (name === 'customFields' ? JSON.stringify(now[name]) : now[name]))],
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

function problemsOf(viewer: Viewer, input: Parameters<typeof updateLeadSettings>[1]): UserErrorInfo[] {
  const errors: UserErrorInfo[] = []
  const { reversionDays: days } = input
  for (const name of Object.keys(COLUMNS) as (keyof LeadSettings)[])
    if (input[name] === null) errors.push(validationError(['input', name], 'required', 'must not be null'))
  if (typeof days === 'number' && (days < 0 || days > MAX_DAYS))
    errors.push(validationError(['input', 'reversionDays'], days < 0 ? 'min' : 'max', `must be 0 to ${MAX_DAYS}`))
  errors.push(...mappingProblems(viewer, input.customFields ?? []))
  return errors
}

function mappingProblems({ access }: Viewer, mappings: CustomMapping[]): UserErrorInfo[] {
  const path = ['input', 'customFields']
  if (mappings.length > MAX_MAPPED)
    return [validationError(path, 'maxItems', `must have at most ${MAX_MAPPED} members`)]
  const seen = new Set<string>()
  return mappings.flatMap(({ from, target, to }, index): UserErrorInfo[] => {
    const at = [...path, String(index)]
    const source = access.custom(recordType('Lead')).get(from)
    if (!source) return [validationError([...at, 'from'], 'field', 'names no custom field of leads')]
    const key = `${from} ${target}`
    if (seen.has(key)) return [validationError([...at, 'from'], 'once', 'must not be named twice for one target')]
    seen.add(key)
    if (to === null) return []
    const found = access.custom(recordType(typeOfTarget(target))).get(to)
    if (!found) return [validationError([...at, 'to'], 'field', `names no custom field of ${typeOfTarget(target)}`)]
    return fits(source, found) ? [] : [validationError([...at, 'to'], 'type', `must be of the type of ${from}`)]
  })
}
