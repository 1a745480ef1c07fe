import { reclaimBatch } from '../resolvers/leads/pool/reclaim.ts'
import { remindBatch } from '../resolvers/leads/pool/remind.ts'
import { reclaimOf } from '../resolvers/leads/pool/verdict.ts'
import type { JobKind, Step } from './kind.ts'

/** How far a pass is: whom it has reminded, or which records it has looked at. */
interface State {
  phase: 'REMIND' | 'TAKE'
  after: string | null
}

/**
 * A pass of the rules of a pool over the records of its people: what is due goes back to it; the daily one reminds of what comes before. Its figures: TAKEN, FAILED,
 * REMINDED, SKIPPED, and each reason for which records were left. A pool that is gone or switched off by now has nothing to do.
 */
export const poolReclaim: JobKind = {
  kind: 'POOL_RECLAIM',
  as: 'system',
  async step({ db, viewer }, { input, state, now }): Promise<Step> {
    const { tenantId, timezone } = viewer
    const { poolId, daily } = input as { poolId: string; daily: boolean }
    // What the calendar starts is nobody's doing, whoever set the pool up.
    if (daily) await db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
    const reclaim = await reclaimOf(db, tenantId, poolId)
    if (!reclaim) return { state: null }
    const { phase, after } = (state as State | null) ?? { phase: daily ? 'REMIND' : 'TAKE', after: null }
    const moment = { at: now, timezone }
    if (phase === 'REMIND') {
      const { reminded, last } = await remindBatch(db, tenantId, reclaim, moment, after)
      const next: State = last ? { phase, after: last } : { phase: 'TAKE', after: null }
      return { state: { ...next }, figures: { REMINDED: reminded } }
    }
    const { last, seen, taken, skipped, failed } = await reclaimBatch(db, tenantId, reclaim, moment, after)
    const left = Object.values(skipped).reduce((sum, count) => sum + count, 0)
    return {
      state: last ? { phase, after: last } : null,
      done: seen,
      figures: { TAKEN: taken, SKIPPED: left, FAILED: failed, ...skipped },
    }
  },
}
