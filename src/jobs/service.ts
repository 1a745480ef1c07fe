import { checkTimes } from '../resolvers/service/sla/due.ts'
import { CASE_SLA } from '../resolvers/service/sla/milestones.ts'
import type { JobKind } from './kind.ts'

/** Looks at the times of one case when something is to be done about them. */
export const caseSla: JobKind = {
  kind: CASE_SLA,
  as: 'system',
  async step(context, { input, now }) {
    // What the clock does is nobody's doing, whoever wrote the case last.
    await context.db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
    const done = await checkTimes(context, String(input.caseId), now)
    return { state: null, done, figures: { CASE_TIMES: done } }
  },
}
