import { REMINDERS, sendReminders } from '../resolvers/work/sendReminders.ts'
import type { JobKind } from './kind.ts'

/** Sends the reminders whose moment has come, some in each step: each in the transaction that notes it as sent, so once. */
export const remindersJob: JobKind = {
  kind: REMINDERS,
  as: 'system',
  async step(context, { now }) {
    // Whoever set the first of them, the clock sends them all.
    await context.db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
    const { looked, sent } = await sendReminders(context, now)
    return { state: looked === 0 ? null : {}, done: looked, figures: { SENT: sent } }
  },
}
