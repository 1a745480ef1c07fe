import { addMembersJob } from './addMembers.ts'
import { APPROVAL_JOBS } from './approval.ts'
import { careRuleJob } from './care.ts'
import { normaliseJob, rfmJob, segmentsJob } from './customers.ts'
import { fillDuplicateKeys, findDuplicatesKind } from './duplicates.ts'
import { emailBlastJob } from './emailBlast.ts'
import { housekeeping } from './housekeeping.ts'
import { importRevert } from './importRevert.ts'
import type { JobKind } from './kind.ts'
import { LEAD_JOBS } from './leads.ts'
import { poolReclaim } from './poolReclaim.ts'
import { quotesExpire } from './quotes.ts'
import { remindersJob } from './reminders.ts'
import { sendReports } from './reports/send.ts'
import { revenueNightlyJob } from './revenue.ts'
import { forecastSnapshot } from './sales.ts'
import { caseSla } from './service.ts'
import { WORKFLOW_JOBS } from './workflows.ts'

/** All kinds of jobs. */
export const JOB_KINDS: readonly JobKind[] = [
  housekeeping,
  importRevert,
  poolReclaim,
  ...LEAD_JOBS,
  remindersJob,
  revenueNightlyJob,
  ...APPROVAL_JOBS,
  quotesExpire,
  emailBlastJob,
  careRuleJob,
  addMembersJob,
  rfmJob,
  segmentsJob,
  normaliseJob,
  forecastSnapshot,
  caseSla,
  sendReports,
  findDuplicatesKind,
  fillDuplicateKeys,
  ...WORKFLOW_JOBS,
]
