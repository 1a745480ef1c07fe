import { NIGHTLY } from '../resolvers/revenue/contract.ts'
import { revenueNightly } from '../resolvers/revenue/nightly.ts'
import type { JobKind } from './kind.ts'

/** What there is to do about contracts and money by the day: each step does some of what is due, until there is none. */
export const revenueNightlyJob: JobKind = {
  kind: NIGHTLY,
  as: 'system',
  async step(context, { now }) {
    // What the calendar starts is nobody's doing, whoever made the first contract.
    await context.db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
    const figures = await revenueNightly(context, now)
    const done = Object.values(figures).reduce((sum, one) => sum + one, 0)
    return { state: done === 0 ? null : {}, done, figures }
  },
}
