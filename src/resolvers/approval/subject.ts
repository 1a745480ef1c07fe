// What other domains use of approvals.

export { type Pending, pendingApproval, refusePending } from './pending.ts'
export { approvalSubject, type Follow, type Subject } from './registry.ts'
export { needsApproval, type Submission, type Submitted, submitForApproval } from './submit.ts'
export { submitCreated } from './submitCreated.ts'
export { withdrawFromApproval } from './withdraw.ts'
