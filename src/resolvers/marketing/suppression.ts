import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

export type SuppressionReason = 'UNSUBSCRIBED' | 'BOUNCE' | 'COMPLAINT' | 'MANUAL'

/** Notes that an address is not written to any more. @returns uuid of the suppression, and whether it was made by this call: of an address there is one. */
export async function suppress(
  db: Writer,
  tenantId: string,
  { address, reason, note = null }: { address: string; reason: SuppressionReason; note?: string | null },
): Promise<{ id: string; created: boolean }> {
  const [made] = await db.rows<{ id: string }>({
    text: `INSERT INTO suppression (tenant_id, address_hash, reason, note) VALUES ($1, atrium.address_hash($2), $3, $4)
 ON CONFLICT (tenant_id, address_hash) WHERE deleted_at IS NULL AND scope = 'ALL' DO NOTHING RETURNING id`,
    values: [tenantId, address, reason, note],
  })
  if (made) return { id: made.id, created: true }
  // A mailbox that is not there is the stronger reason: not even mails of business go there.
  const [known] = await db.rows<{ id: string }>({
    text: `UPDATE suppression SET reason = CASE WHEN $3 = 'BOUNCE' THEN $3 ELSE reason END
 WHERE tenant_id = $1 AND address_hash = atrium.address_hash($2) AND scope = 'ALL' AND deleted_at IS NULL RETURNING id`,
    values: [tenantId, address, reason],
  })
  return { id: known?.id as string, created: false }
}

/** Reads an address as contacts have it. */
function addressIn(context: WriteContext, given: string): { address: string } | UserErrorInfo {
  const result = normalise({ kind: 'email', max: 254, required: true }, given, context.viewer)
  if ('rule' in result) return validationError(['address'], result.rule, result.message)
  return result.ok === null ? validationError(['address'], 'required', 'is required') : { address: result.ok as string }
}

/** Stops all mails but those of business to an address. Again: nothing changes. Errors: VALIDATION_FAILED. @throws FORBIDDEN. */
export async function suppressAddress(
  context: WriteContext,
  { address, note }: { address: string; note?: string | null },
): Promise<Written> {
  requireRight(context.viewer, 'create', 'Suppression')
  const read = addressIn(context, address)
  if ('code' in read) return { id: null, errors: [read] }
  const text = normalise({ kind: 'text', max: 2000, required: false }, note ?? null, context.viewer)
  if ('rule' in text) return { id: null, errors: [validationError(['note'], text.rule, text.message)] }
  const { id, created } = await suppress(context.db, context.viewer.tenantId, {
    address: read.address,
    reason: 'MANUAL',
    note: text.ok as string | null,
  })
  return { id, errors: [], changed: created }
}

/**
 * Lets an address be written to again, whatever stopped it. What its owner said, their consent, stays as it is and goes on counting. Errors: VALIDATION_FAILED,
 * NOT_FOUND for an address that is not suppressed. @throws FORBIDDEN.
 */
export async function unsuppressAddress(context: WriteContext, { address }: { address: string }): Promise<Written> {
  requireRight(context.viewer, 'delete', 'Suppression')
  const read = addressIn(context, address)
  if ('code' in read) return { id: null, errors: [read] }
  const [gone] = await context.db.rows<{ id: string }>({
    text: `UPDATE suppression SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND address_hash = atrium.address_hash($2) AND scope = 'ALL' AND deleted_at IS NULL RETURNING id`,
    values: [context.viewer.tenantId, read.address],
  })
  if (gone) return { id: gone.id, errors: [], changed: true }
  return { id: null, errors: [{ code: 'NOT_FOUND', message: 'The address is not suppressed.', field: ['address'] }] }
}
