import { DAILY_SNAPSHOT, takeSnapshot } from '../resolvers/sales/forecast/snapshot.ts'
import type { JobKind } from './kind.ts'

/** Keeps what deals come to today, for forecasts to be measured by later: one step, because all of a day's figures are of one moment. */
export const forecastSnapshot: JobKind = {
  kind: DAILY_SNAPSHOT,
  as: 'system',
  async step(context, { now }) {
    const rows = await takeSnapshot(context, now)
    return { state: null, done: rows, total: rows, figures: { ROWS: rows } }
  },
}
