import { REPLACE } from '../resolvers/approval/absence.ts'
import { TIMEOUT } from '../resolvers/approval/advance.ts'
import { replaceApprover, timeOut, waitingFor } from '../resolvers/approval/clock.ts'
import type { JobKind } from './kind.ts'

/** What there is to do about approvals without an approver: one approval in each step. */
export const APPROVAL_JOBS: readonly JobKind[] = [
  {
    kind: TIMEOUT,
    as: 'system',
    async step(context, { input, now }) {
      const done = await timeOut(context, String(input.instanceId), now)
      return { state: null, done, figures: { OVERDUE: done } }
    },
  },
  {
    kind: REPLACE,
    as: 'system',
    async step(context, { input, state, now }) {
      const userId = String(input.userId)
      // Those that nobody can take over stay where they are.
      const waiting = await waitingFor(context, userId)
      const next = waiting.find((id) => id > String(state?.last ?? ''))
      if (!next) return { state: null }
      const done = await replaceApprover(context, next, userId, now)
      return { state: { last: next }, done, figures: { REASSIGNED: done } }
    },
  },
]
