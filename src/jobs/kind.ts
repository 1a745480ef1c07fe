import type { WriteContext } from '../resolvers/write.ts'

/** A job as the code of its kind sees it. */
export interface OpenJob {
  /** Its uuid, and that of who started it; null for what the calendar or a program started. */
  id: string
  startedBy: string | null
  /** As it was ordered. */
  input: Record<string, unknown>
  /** What the step before gave; null for the first step. */
  state: Record<string, unknown> | null
  /** The moment to work for. */
  now: Date
}

/** What a step did. */
export interface Step {
  /** Where the next step goes on; null: the job is done. Small: it is kept with the job. */
  state: Record<string, unknown> | null
  /** The next step is not done before; at once, in its turn, if left out. */
  notBefore?: Date
  /** Records that this step looked at. */
  done?: number
  /** How many there are in all, once that is known. */
  total?: number
  /** What it did, added to the job's figures by name. */
  figures?: Record<string, number>
}

/** A kind of job. */
export interface JobKind {
  kind: string
  /** As whom: 'system' sees and may do everything in the tenant, 'starter' what the user who ordered it may do, now. */
  as: 'system' | 'starter'
  /**
   * One step, in a transaction of its own, at most a few seconds long. It is run again when the process dies or the transaction fails, so it does
   * nothing outside the database. A UserErrors that it throws ends the job with the first code.
   */
  step(context: WriteContext, job: OpenJob): Promise<Step>
}
