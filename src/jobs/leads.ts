import { CLEANUP, cleanUp } from '../resolvers/leads/capture/cleanup.ts'
import { expireRegistrations } from '../resolvers/leads/registration/expire.ts'
import { EXPIRY } from '../resolvers/leads/registration/submit.ts'
import type { JobKind } from './kind.ts'

/** What there is to do about leads by the clock: each step ends some of what is over, until there is none. */
export const LEAD_JOBS: readonly JobKind[] = [
  {
    kind: EXPIRY,
    as: 'system',
    step: async (context, { now }) => stepOf({ ...(await expireRegistrations(context, now)) }),
  },
  { kind: CLEANUP, as: 'system', step: async (context, { now }) => stepOf(await cleanUp(context, now)) },
]

function stepOf(figures: Record<string, number>) {
  const done = Object.values(figures).reduce((sum, one) => sum + one, 0)
  return { state: done === 0 ? null : {}, done, figures }
}
