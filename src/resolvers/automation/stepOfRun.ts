import type { Version } from './definition.ts'
import type { Failure } from './failure.ts'

/** A run as its code sees it. */
export interface Run {
  id: string
  status: string
  recordId: string | null
  payload: unknown
  position: number
  /** What its branches answered, by their keys. */
  state: { outcomes?: Record<string, boolean> }
  attempts: number
  workflowName: string
  version: Version
}

/** What a step did. */
export interface Done {
  /** Small: it is shown with the run. */
  result?: Record<string, unknown>
  /** Of a BRANCH. */
  outcome?: boolean
  /** Another system is asked: the run goes on when it has answered. */
  asked?: true
  /** The next step is not done before. */
  until?: Date
}

/** Ends a run: its step cannot be done. */
export class StepRefused extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}
