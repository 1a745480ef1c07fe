import { housekeeping } from './housekeeping.ts'
import type { JobKind } from './kind.ts'
import { LEAD_JOBS } from './leads.ts'

/** All kinds of jobs. */
export const JOB_KINDS: readonly JobKind[] = [housekeeping, ...LEAD_JOBS]
