import { CARE } from '../resolvers/marketing/care/rule.ts'
import { runCareRule } from '../resolvers/marketing/care/run.ts'
import type { JobKind } from './kind.ts'

/** Works a care rule, some people in each step, for as long as it is switched on. Its figures: SENT, SKIPPED. */
export const careRuleJob: JobKind = {
  kind: CARE,
  as: 'system',
  async step(context, { input, now }) {
    // What the calendar does is nobody's doing, whoever set the rule up.
    await context.db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
    const done = await runCareRule(context, String(input.ruleId), now)
    if (!done) return { state: null }
    const { sent, skipped, next } = done
    return {
      state: {},
      ...(next ? { notBefore: next } : {}),
      done: sent + skipped,
      figures: { SENT: sent, SKIPPED: skipped },
    }
  },
}
