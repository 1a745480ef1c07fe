import { changedFields, checkScale, refuseAs } from '../checks.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../write.ts'

/** Rules of the products that a lead is interested in: at most four decimals, and those of a converted lead are frozen (INVALID_STATE). */
export const leadProductRules: Rules = {
  async write(changes, context) {
    const converted = await convertedLeads(changes, context)
    for (const change of changes) {
      checkScale(change, 'quantity', 4)
      if (!converted.has(leadOf(change)) || (change.before && changedFields('LeadProduct', change).length === 0))
        continue
      refuseAs(change, 'INVALID_STATE', 'leadId', 'The lead is converted.', FROZEN)
    }
  },

  async delete(changes, context) {
    const live = changes.filter(({ before }) => before && !before.deletedAt)
    const converted = await convertedLeads(live, context)
    for (const change of live) {
      if (!converted.has(leadOf(change))) continue
      change.errors.push({
        code: 'INVALID_STATE',
        message: 'The lead is converted.',
        field: idPath(change),
        details: FROZEN,
      })
    }
  },
}

const FROZEN = { from: 'CONVERTED', allowed: [] }
const leadOf = (change: Change) => after(change, 'leadId') as string

/** Which of the leads of changes are converted. Locked, so that none is converted before the change is there; one that is made together with its products may be. */
async function convertedLeads(changes: Change[], { db, viewer }: WriteContext): Promise<Set<string>> {
  if (changes.length === 0) return new Set()
  const rows = await db.rows<{ id: string; frozen: boolean }>({
    text: `SELECT id, status = 'CONVERTED' AND created_at <> now()::timestamptz(3) AS frozen FROM lead WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, [...new Set(changes.map(leadOf))]],
  })
  return new Set(rows.flatMap(({ id, frozen }) => (frozen ? [id] : [])))
}
