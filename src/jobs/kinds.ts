import { APPROVAL_JOBS } from './approval.ts'
import { normaliseJob, rfmJob, segmentsJob } from './customers.ts'
import { fillDuplicateKeys, findDuplicatesKind } from './duplicates.ts'
import { housekeeping } from './housekeeping.ts'
import { importRevert } from './importRevert.ts'
import type { JobKind } from './kind.ts'
import { LEAD_JOBS } from './leads.ts'
import { poolReclaim } from './poolReclaim.ts'
import { quotesExpire } from './quotes.ts'

/** All kinds of jobs. */
export const JOB_KINDS: readonly JobKind[] = [
  housekeeping,
  importRevert,
  poolReclaim,
  ...LEAD_JOBS,
  ...APPROVAL_JOBS,
  quotesExpire,
  rfmJob,
  segmentsJob,
  normaliseJob,
  findDuplicatesKind,
  fillDuplicateKeys,
]
