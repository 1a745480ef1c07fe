import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { writeChange } from '../identity/security.ts'
import { requireViewer } from '../mutation.ts'
import { validationError } from '../normalise.ts'

/** How a company serves its customers. */
export interface ServiceSettings {
  /** May everybody read the articles that are written for everybody. */
  publicKnowledge: boolean
}

const COLUMN = 'service_public_knowledge'

async function read(db: Reader, tenantId: string, lock = ''): Promise<ServiceSettings> {
  const [row] = await db.rows<ServiceSettings>({
    text: `SELECT ${COLUMN} AS "publicKnowledge" FROM tenant WHERE id = $1 ${lock}`,
    values: [tenantId],
  })
  return row as ServiceSettings
}

/** The viewer's company's settings. */
export async function serviceSettings(context: Context): Promise<ServiceSettings> {
  const viewer = requireViewer(context)
  return context.tenancy.readTenant(callerOf(viewer), (db) => read(db, viewer.tenantId))
}

/** Changes the settings that the input names. VALIDATION_FAILED for null. A real change leaves a row in `change`. */
export async function updateServiceSettings(
  context: Context,
  { publicKnowledge }: { publicKnowledge?: boolean | null },
): Promise<{ settings: ServiceSettings | null; userErrors: UserErrorInfo[] }> {
  const viewer = requireViewer(context)
  const { tenantId } = viewer
  if (publicKnowledge === null)
    return {
      settings: null,
      userErrors: [validationError(['input', 'publicKnowledge'], 'required', 'must not be null')],
    }
  const settings = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const was = await read(db, tenantId, 'FOR UPDATE')
    if (publicKnowledge === undefined || publicKnowledge === was.publicKnowledge) return was
    await db.rows({
      text: `UPDATE tenant SET ${COLUMN} = $2, updated_at = now() WHERE id = $1`,
      values: [tenantId, publicKnowledge],
    })
    await writeChange(db, tenantId, {
      object: 'tenant',
      recordId: tenantId,
      before: { [COLUMN]: was.publicKnowledge },
      after: { [COLUMN]: publicKnowledge },
    })
    return { publicKnowledge }
  })
  return { settings, userErrors: [] }
}
