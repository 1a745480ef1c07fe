import { requireRight } from '../access/decide.ts'
import { viewerOfUser } from '../access/viewer.ts'
import { recordType } from '../read/recordType.ts'
import { NO_ID } from '../read/values.ts'
import { applyBatch, NORMALISE } from '../resolvers/customers/normalisation.ts'
import type { NormalisationRule } from '../resolvers/customers/normaliseText.ts'
import { calculateRfm } from '../resolvers/customers/rfm.ts'
import { count } from '../resolvers/customers/segment.ts'
import { DAILY_RFM, DAILY_SEGMENTS } from '../resolvers/customers/upkeep.ts'
import type { Values } from '../resolvers/write.ts'
import type { JobKind } from './kind.ts'

/** RFM and Pareto of all customers: one step, because fifths are of all of them. */
export const rfmJob: JobKind = {
  kind: DAILY_RFM,
  as: 'system',
  async step(context) {
    const { customers, changed, otherCurrency } = await calculateRfm(context)
    return {
      state: null,
      done: customers,
      total: customers,
      figures: { CHANGED: changed, OTHER_CURRENCY: otherCurrency },
    }
  },
}

/** Segments of one step: each is a count over a whole type. */
const BATCH = 10

/** Counts the members of each segment as its owner sees them today: nobody's rights are wider in the night. */
export const segmentsJob: JobKind = {
  kind: DAILY_SEGMENTS,
  as: 'system',
  async step({ db, viewer }, { state }) {
    const rows = await db.rows<{ id: string; ownerId: string | null; object: string; kind: string; filter: unknown }>({
      text: `SELECT id, owner_id AS "ownerId", object, kind, filter FROM segment WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE`,
      values: [viewer.tenantId, (state?.after as string | undefined) ?? NO_ID],
    })
    const figures = { COUNTED: 0, SKIPPED: 0 }
    for (const { id, ownerId, ...before } of rows) {
      const owner = ownerId && (await viewerOfUser(db, viewer.tenantId, ownerId))
      const change = { id, before: before as Values, values: {}, input: {}, path: [], errors: [] }
      const problem = owner ? await count({ db, viewer: owner }, change) : 'nobody'
      figures[problem ? 'SKIPPED' : 'COUNTED']++
    }
    const after = rows.length < BATCH ? null : rows.at(-1)?.id
    return { state: after ? { after } : null, done: rows.length, figures }
  },
}

/** Applies a normalisation with the rights of who ordered it, batch by batch in the order of the ids; what one batch changed, a repeated one finds as it should be. */
export const normaliseJob: JobKind = {
  kind: NORMALISE,
  as: 'starter',
  async step(context, { input, state }) {
    const { object, rules } = input as { object: string; rules: NormalisationRule[] }
    requireRight(context.viewer, 'update', object)
    const after = (state?.after as string | undefined) ?? null
    const { looked, changed, failed, last } = await applyBatch(context, recordType(object), rules, after)
    return { state: last ? { after: last } : null, done: looked, figures: { CHANGED: changed, FAILED: failed } }
  },
}
