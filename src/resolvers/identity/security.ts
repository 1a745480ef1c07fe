import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { requireViewer } from '../mutation.ts'
import { validationError } from '../normalise.ts'

/** How a company protects its accounts and its data. */
export interface SecuritySettings {
  /** Null: passwords do not grow old. */
  passwordMaxAgeDays: number | null
  /** A role's right to export is not enough: each export needs an approved request. */
  exportNeedsApproval: boolean
  /** Whoever exports must say why. */
  exportNeedsPurpose: boolean
}

const COLUMNS: Record<keyof SecuritySettings, string> = {
  passwordMaxAgeDays: 'password_max_age_days',
  exportNeedsApproval: 'export_needs_approval',
  exportNeedsPurpose: 'export_needs_purpose',
}

/** Years of passwords that grow old after all. */
const MAX_DAYS = 3650

async function read(db: Reader, tenantId: string, lock = ''): Promise<SecuritySettings> {
  const columns = Object.entries(COLUMNS).map(([name, column]) => `${column} AS "${name}"`)
  const [row] = await db.rows<SecuritySettings>({
    text: `SELECT ${columns.join(', ')} FROM tenant WHERE id = $1 ${lock}`,
    values: [tenantId],
  })
  return row as SecuritySettings
}

/** The viewer's company's settings. */
export async function securitySettings(context: Context): Promise<SecuritySettings> {
  const viewer = requireViewer(context)
  return context.tenancy.readTenant(callerOf(viewer), (db) => read(db, viewer.tenantId))
}

/** Changes the settings that the input names. VALIDATION_FAILED for a number out of range, and for null where there is no such thing. A real change leaves a row in `change`. */
export async function updateSecuritySettings(
  context: Context,
  input: {
    passwordMaxAgeDays?: number | null
    exportNeedsApproval?: boolean | null
    exportNeedsPurpose?: boolean | null
  },
): Promise<{ settings: SecuritySettings | null; userErrors: UserErrorInfo[] }> {
  const viewer = requireViewer(context)
  const { tenantId } = viewer
  const userErrors = problemsOf(input)
  if (userErrors.length > 0) return { settings: null, userErrors }
  const settings = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const before = await read(db, tenantId, 'FOR UPDATE')
    const now = { ...before, ...(input as Partial<SecuritySettings>) }
    const changed = (Object.keys(COLUMNS) as (keyof SecuritySettings)[]).filter((name) => now[name] !== before[name])
    if (changed.length === 0) return before
    const sets = changed.map((name, index) => `${COLUMNS[name]} = $${index + 2}`)
    await db.rows({
      text: `UPDATE tenant SET ${sets.join(', ')}, updated_at = now() WHERE id = $1`,
      values: [tenantId, ...changed.map((name) => now[name])],
    })
    const byColumn = (from: SecuritySettings) => Object.fromEntries(changed.map((name) => [COLUMNS[name], from[name]]))
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

function problemsOf({
  passwordMaxAgeDays: days,
  exportNeedsApproval,
  exportNeedsPurpose,
}: Parameters<typeof updateSecuritySettings>[1]): UserErrorInfo[] {
  const errors: UserErrorInfo[] = []
  if (typeof days === 'number' && (days < 1 || days > MAX_DAYS))
    errors.push(validationError(['input', 'passwordMaxAgeDays'], days < 1 ? 'min' : 'max', `must be 1 to ${MAX_DAYS}`))
  if (exportNeedsApproval === null)
    errors.push(validationError(['input', 'exportNeedsApproval'], 'required', 'must be true or false'))
  if (exportNeedsPurpose === null)
    errors.push(validationError(['input', 'exportNeedsPurpose'], 'required', 'must be true or false'))
  return errors
}

/**
 * Writes the change of what is no record, as atrium.record_changes() does for records: by column name, with who and when of the bracket. What it
 * describes is locked by then, so that versions count up.
 */
export async function writeChange(
  db: Reader,
  tenantId: string,
  {
    object,
    recordId,
    before,
    after,
  }: { object: string; recordId: string; before: Record<string, unknown>; after: Record<string, unknown> },
): Promise<void> {
  await db.rows({
    text: `INSERT INTO change (tenant_id, operation, object, record_id, record_version, changed_fields, before, after, actor, user_id, request_id, ip)
 SELECT $1::uuid, 'updated', $2, $3::uuid, coalesce(max(c.record_version), 0) + 1, $4::text[], $5::jsonb, $6::jsonb,
 coalesce(NULLIF(current_setting('app.actor', true), ''), 'system'), atrium.actor_id(),
 NULLIF(current_setting('app.request_id', true), ''), NULLIF(current_setting('app.ip', true), '')
 FROM change c WHERE c.tenant_id = $1 AND c.object = $2 AND c.record_id = $3::uuid`,
    values: [tenantId, object, recordId, Object.keys(after).sort(), JSON.stringify(before), JSON.stringify(after)],
  })
  await db.rows({
    text: 'INSERT INTO change_commit (tenant_id) VALUES ($1) ON CONFLICT (tenant_id, xid) DO NOTHING',
    values: [tenantId],
  })
}
