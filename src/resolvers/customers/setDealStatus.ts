import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { WriteContext } from '../write.ts'

/** Arguments of the verb as clients write them. */
export interface DealStatusChange {
  id: string
  dealStatus: 'WON' | 'NOT_WON'
  at?: string | null
  expectedVersion?: number | null
}

/**
 * Says whether a customer has bought, where no opportunity says it: deals of before the CRM, or outside of it. A won one gets its first and last deal; one that was won
 * by mistake loses both. While there are won opportunities the status follows them.
 *
 * Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, STALE_VERSION, VALIDATION_FAILED for a moment in the future, INVALID_STATE for NOT_WON with won opportunities.
 */
export async function setDealStatus(context: WriteContext, change: DealStatusChange): Promise<Written> {
  const { db, viewer } = context
  requireRight(viewer, 'update', 'Account')
  const type = recordType('Account')
  const target = { id: uuidOf(type.name, change.id) ?? NO_ID, expectedVersion: change.expectedVersion ?? null }
  const [locked] = await lockTargets(context, type, [target], { action: 'update', pathOf: () => ['id'] })
  if (!locked || locked.errors.length > 0) return { id: null, errors: locked?.errors ?? [] }
  if (!viewer.access.mayWriteField(type, 'dealStatus'))
    return {
      id: null,
      errors: [{ code: 'FIELD_FORBIDDEN', message: 'You may not write dealStatus.', field: ['dealStatus'] }],
    }
  const { id, before } = locked
  const at = change.at ?? new Date().toISOString()
  if (Date.parse(at) > Date.now() + 60_000)
    return { id: null, errors: [validationError(['at'], 'max', 'must not be in the future')] }
  if (change.dealStatus === 'WON') {
    const known = before?.dealStatus === 'WON'
    if (known && !change.at) return { id, errors: [], changed: false }
    await db.rows({
      text: `UPDATE account SET deal_status = 'WON', first_deal_at = least(first_deal_at, $3), last_deal_at = greatest(last_deal_at, $3) WHERE tenant_id = $1 AND id = $2`,
      values: [viewer.tenantId, id, at],
    })
    return { id, errors: [], changed: true }
  }
  if (before?.dealStatus !== 'WON') return { id, errors: [], changed: false }
  // The account is locked, and a deal that is won now waits for it to mark it.
  const [won] = await db.rows({
    text: `SELECT 1 FROM opportunity WHERE tenant_id = $1 AND account_id = $2 AND status = 'WON' AND deleted_at IS NULL LIMIT 1`,
    values: [viewer.tenantId, id],
  })
  if (won)
    return {
      id: null,
      errors: [
        {
          code: 'INVALID_STATE',
          message: 'The customer has won opportunities; its status follows them.',
          field: ['dealStatus'],
          details: { from: 'WON', to: 'NOT_WON', allowed: [] },
        },
      ],
    }
  await db.rows({
    text: `UPDATE account SET deal_status = 'NOT_WON', first_deal_at = NULL, last_deal_at = NULL WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id],
  })
  return { id, errors: [], changed: true }
}
