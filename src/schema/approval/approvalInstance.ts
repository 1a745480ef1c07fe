import type { Context } from '../../context.ts'
import type { Row } from '../../read/finish.ts'
import { readSnapshot } from '../../resolvers/approval/readSnapshot.ts'
import { approvable } from '../../resolvers/approval/registry.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, int, many, one, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'

const kept = { write: 'never' } as const

record('ApprovalInstance', {
  plural: 'approvalInstances',
  prefix: 'apri',
  description:
    'A record on its way through an approval flow, 审批单. While it is PENDING the record stays as it is (APPROVAL_PENDING). Who sees the record sees it; the submitter does, and whoever decides or gets a copy has the record shared with them.',
  any: { name: 'record', description: 'What is to be approved.', among: approvable },
  fields: {
    flowName: text('What its flow was called when it was submitted.', kept),
    status: choice(
      'How it stands.',
      'ApprovalStatus',
      {
        PENDING: 'It waits for a decision.',
        APPROVED: 'All steps were passed.',
        REJECTED: 'An approver rejected it.',
        WITHDRAWN: 'The submitter took it back, or an approver gave it back to them.',
        CANCELLED: 'An administrator ended it.',
      },
      kept,
    ),
    currentStep: int('The step where it stands or ended, from 1.', kept),
    stepName: text('What that step is called.', kept),
    comment: text('What the submitter said to it.', { ...kept, max: 2000 }),
    submittedAt: datetime('When it was submitted.', kept),
    decidedAt: datetime('When it ended.', kept),
  },
  relations: {
    flow: one('ApprovalFlow', 'flowId', 'The flow that it goes through.', kept),
    flowVersion: one('ApprovalFlowVersion', 'flowVersionId', 'The version of the flow that it goes by.', kept),
    submitter: one('User', 'submitterId', 'Who submitted it.', kept),
    decidedBy: one('User', 'decidedById', 'Who ended it; null for the clock.', kept),
    tasks: many('ApprovalTask', 'instance', 'What its approvers have to decide, or had.'),
    log: many('ApprovalLog', 'instance', 'What happened to it; order it by AT.'),
  },
  operations: [],
})

for (const [name, column, description] of [
  ['snapshot', 'snapshot', 'The record as it was submitted'],
  ['approvedSnapshot', 'decided_snapshot', 'The record as it was approved; null of what was not'],
] as const) {
  builder.objectField(recordRef('ApprovalInstance'), name, (t) =>
    t.field({
      type: 'JSON',
      description: `${description}, by the names of its fields: without those that are hidden from the viewer, masked where they see them masked; its custom fields by their apiName, and its lines under lines, likewise. Each is a statement of its own.`,
      extensions: { needs: ['id', 'objectType'] },
      resolve: (row: Row, _args, context: Context) =>
        readSnapshot(context.tenancy, requireViewer(context), row, column),
    }),
  )
}

record('ApprovalTask', {
  plural: 'approvalTasks',
  prefix: 'aprt',
  description:
    'What one user has to decide about an approval, 审批任务: approvalTasks(where: { approverId: { eq: … }, status: { eq: PENDING } }) is an inbox. Who sees the approval sees it.',
  fields: {
    step: int('Of which step, from 1.', kept),
    stepName: text('What the step is called.', kept),
    round: int('Counts the steps that were begun: tasks of one beginning have the same.', kept),
    sort: int('The approver’s turn, of a step that takes one after the other.', kept),
    status: choice(
      'How it stands.',
      'ApprovalTaskStatus',
      {
        WAITING: 'Others decide before.',
        PENDING: 'The approver has to decide.',
        APPROVED: 'They approved.',
        REJECTED: 'They rejected.',
        RETURNED: 'They gave it back.',
        TRANSFERRED: 'They gave it to somebody else.',
        CANCELLED: 'It is not asked any more: somebody else decided, or it was taken back.',
      },
      kept,
    ),
    added: boolean('Did another approver ask for this one, 加签.', kept),
    automatic: boolean(
      'Was it decided without the approver: they had approved an earlier step, or their time was over.',
      kept,
    ),
    comment: text('What the approver said to it.', { ...kept, max: 2000 }),
    dueAt: datetime('Until when they have time; null for any.', kept),
    escalations: int('How often it was passed on or asked again because nobody decided in time.', kept),
    decidedAt: datetime('When they decided.', kept),
  },
  relations: {
    instance: one('ApprovalInstance', 'instanceId', 'The approval.', { ...kept, part: true }),
    approver: one('User', 'approverId', 'Who decides.', kept),
    delegatedFrom: one('User', 'delegatedFromId', 'Whom they stand in for.', kept),
    submitter: one('User', 'submitterId', 'Who submitted it.', kept),
  },
  operations: [],
})

record('ApprovalLog', {
  plural: 'approvalLogs',
  prefix: 'aprl',
  description: 'An act on an approval, 审批记录. Rows are added and never changed. Who sees the approval sees them.',
  fields: {
    action: choice(
      'What was done.',
      'ApprovalAction',
      {
        SUBMIT: 'It was submitted.',
        APPROVE: 'An approver approved.',
        REJECT: 'An approver rejected.',
        RETURN: 'An approver gave it back; toStep says where to, null for the submitter.',
        ADD_SIGN: 'An approver asked toUser to decide as well.',
        TRANSFER: 'An approver gave their decision to toUser.',
        WITHDRAW: 'The submitter took it back.',
        CANCEL: 'An administrator ended it.',
        PASS: 'A step passed by itself.',
        ESCALATE: 'Nobody decided in time; toUser does now.',
        REMIND: 'Nobody decided in time; toUser was asked again.',
        REASSIGN: 'The approver is not there; toUser decides now.',
      },
      kept,
    ),
    automatic: boolean('Was it done by the flow or the clock, and not by somebody.', kept),
    step: int('At which step, from 1.', kept),
    toStep: int('Of RETURN: to which step.', kept),
    comment: text('What was said to it.', { ...kept, max: 2000 }),
    at: datetime('When it was done.', kept),
  },
  relations: {
    instance: one('ApprovalInstance', 'instanceId', 'The approval.', { ...kept, part: true }),
    task: one('ApprovalTask', 'taskId', 'Whose task it was.', kept),
    by: one('User', 'byId', 'Who did it; null when it happened by itself.', kept),
    delegatedFrom: one('User', 'delegatedFromId', 'Whom they stood in for.', kept),
    toUser: one('User', 'toUserId', 'To whom it went.', kept),
  },
  operations: [],
})
