import { TICK } from '../resolvers/automation/arm.ts'
import { type Clock, tick } from '../resolvers/automation/clock.ts'
import { nextStep } from '../resolvers/automation/run.ts'
import { RUNS } from '../resolvers/automation/start.ts'
import type { JobKind, Step } from './kind.ts'

/** What there is to do for workflows: one step of one run in each step of the job, and what the clock starts. */
export const WORKFLOW_JOBS: readonly JobKind[] = [
  {
    kind: RUNS,
    as: 'system',
    async step({ db, viewer }, { now }): Promise<Step> {
      // Who caused the first of them has nothing to do with the others.
      await db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
      const step = await nextStep({ db, viewer }, now)
      if ('done' in step) return { state: {}, done: 1 }
      return step.next ? { state: {}, notBefore: step.next } : { state: null }
    },
  },
  {
    kind: TICK,
    as: 'system',
    async step({ db, viewer }, { input, state, now }): Promise<Step> {
      await db.rows({ text: `SELECT set_config('app.user_id', '', true)`, values: [] })
      const ticked = await tick({ db, viewer }, String(input.workflowId), (state ?? input) as unknown as Clock, now)
      if (!ticked) return { state: null }
      const { clock, started, notBefore } = ticked
      return { state: { ...clock }, done: started, figures: { STARTED: started }, ...(notBefore ? { notBefore } : {}) }
    },
  },
]
