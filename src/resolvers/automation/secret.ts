import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { requireRight } from '../../access/decide.ts'
import type { Vault } from '../../access/totp.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** Hours in which the secret before still counts for what comes in. */
export const OVERLAP_HOURS = 24
/** How far the clock of who signs may be from ours, milliseconds. */
const SKEW = 300_000

const aboutOf = (tenantId: string, workflowId: string) => `workflow ${tenantId} ${workflowId}`

/** The header of a signature: the moment, and HMAC-SHA256 over it and the body, as hexadecimal digits. */
export function sign(secret: string, body: string | Buffer, at: Date): string {
  const t = Math.floor(at.getTime() / 1000)
  return `t=${t},v1=${hmac(secret, t, body).toString('hex')}`
}

function hmac(secret: string, t: number, body: string | Buffer): Buffer {
  return createHmac('sha256', secret).update(`${t}.`).update(body).digest()
}

/** Does a header sign a body by one of the secrets, at about this time. */
export function isSigned(header: string, body: Buffer, secrets: readonly string[], now = new Date()): boolean {
  const match = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header)
  if (!match) return false
  const t = Number(match[1])
  if (Math.abs(now.getTime() - t * 1000) > SKEW) return false
  const given = Buffer.from(match[2] as string, 'hex')
  return secrets.some((secret) => timingSafeEqual(given, hmac(secret, t, body)))
}

/** The secrets of a workflow (uuid) that count now, the current one first; none when it has none. */
export async function secretsOf(db: Reader, tenantId: string, workflowId: string, vault: Vault): Promise<string[]> {
  const [row] = await db.rows<{ secret: Buffer; previous: Buffer | null }>({
    text: 'SELECT secret, CASE WHEN previous_until > now() THEN previous_secret END AS previous FROM workflow_secret WHERE tenant_id = $1 AND workflow_id = $2',
    values: [tenantId, workflowId],
  })
  if (!row) return []
  const about = aboutOf(tenantId, workflowId)
  return [row.secret, ...(row.previous ? [row.previous] : [])].map((sealed) => vault.open(sealed, about))
}

/** What became of a rotation: the secret is in nothing that is kept. */
export interface Rotated extends Written {
  secret: string | null
}

/** Makes a workflow a new secret, which is shown this once; the one before counts for a day for what comes in. Errors: NOT_FOUND, FORBIDDEN. */
export async function rotateSecret(context: WriteContext, id: string, vault: Vault): Promise<Rotated> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'Workflow')
  const type = recordType('Workflow')
  const target = { id: uuidOf(type.name, id) ?? NO_ID }
  const [workflow] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['id'] })
  if (!workflow?.before) return { id: null, errors: workflow?.errors ?? [], secret: null }
  const secret = `whsec_${randomBytes(32).toString('base64url')}`
  await db.rows({
    text: `INSERT INTO workflow_secret (tenant_id, workflow_id, secret) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, workflow_id)
 DO UPDATE SET previous_secret = workflow_secret.secret, previous_until = now() + interval '${OVERLAP_HOURS} hours', secret = excluded.secret`,
    values: [viewer.tenantId, workflow.id, vault.seal(secret, aboutOf(viewer.tenantId, workflow.id))],
  })
  return { id: workflow.id, errors: [], changed: true, secret }
}
