import { recordType } from '../../read/recordType.ts'
import { cancelRun, retryRun, runWorkflow, type Started } from '../../resolvers/automation/verbs.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, datetime, int, json, many, one, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

const type = record('WorkflowRun', {
  plural: 'workflowRuns',
  prefix: 'wrun',
  description:
    'One time that a workflow ran or is running, 工作流运行: for a record or for none. Kept for thirty days after its end.',
  settings: true,
  fields: {
    status: choice(
      'Where it stands.',
      'WorkflowRunStatus',
      {
        QUEUED: 'It waits for its first step.',
        RUNNING: 'Under way; a step that failed is tried again at dueAt.',
        WAITING: 'A WAIT holds it until dueAt.',
        COMPLETED: 'All of its steps were done.',
        FAILED: 'Given up; errorCode says why. What its steps had done by then stays done.',
        CANCELLED: 'Stopped by cancelWorkflowRun.',
      },
      kept,
    ),
    objectType: text('Name of the type of the record that it is about.', kept),
    recordId: text('The id of that record, which may be gone by now; null for none.', kept),
    position: int('How many steps of its version it has gone past.', kept),
    depth: int('How many workflows started one another before it, itself counted.', kept),
    attempts: int('How often the step where it stands has failed.', kept),
    dueAt: datetime('When its next step is done; null where it is over.', kept),
    errorCode: text(
      'Why it failed: a code of ErrorCode or of a request error, such as WORKFLOW_LOOP, USER_INACTIVE, FORBIDDEN.',
      kept,
    ),
    errorMessage: text('The same in a sentence.', { ...kept, max: 500 }),
    startedAt: datetime('When its first step was done.', kept),
    completedAt: datetime('When it was over.', kept),
  },
  relations: {
    workflow: one('Workflow', 'workflowId', 'The workflow that runs.', { ...kept, part: true }),
    workflowVersion: one('WorkflowVersion', 'versionId', 'The version that it goes by.', kept),
    cause: one('WorkflowRun', 'causeId', 'The run whose writes started it.', kept),
    steps: many('StepRun', 'run', 'What its steps did; order them by POSITION.'),
  },
  operations: [],
})

record('StepRun', {
  plural: 'stepRuns',
  prefix: 'wstp',
  description: 'What a step of a run of a workflow did. Steps that a branch left out have none.',
  settings: true,
  fields: {
    position: int('The place of the step in the version, from 0.', kept),
    key: text('The key of the step.', kept),
    action: text('What the step does: a value of WorkflowAction.', kept),
    status: choice(
      'How it went.',
      'StepRunStatus',
      {
        WAITING: 'The answer of another system is waited for.',
        COMPLETED: 'It was done.',
        FAILED: 'The last attempt failed.',
        CANCELLED: 'Its run was stopped before there was an answer.',
      },
      kept,
    ),
    attempts: int('How often it was tried.', kept),
    result: json('What it did: { "recordId": … } of what was written, { "outcome": … } of a branch.', kept),
    errorCode: text('Why the last attempt failed.', kept),
    errorMessage: text('The same in a sentence.', { ...kept, max: 500 }),
    startedAt: datetime('When it was first tried.', kept),
    completedAt: datetime('When it was last tried.', kept),
  },
  relations: {
    run: one('WorkflowRun', 'runId', 'The run of which it is a step.', { ...kept, part: true }),
  },
  operations: [],
})

const RunPayload = builder.objectRef<Outcome>('WorkflowRunVerbPayload').implement({
  description: 'What became of a run of a workflow.',
  fields: (t) => ({
    workflowRun: t.field({
      type: recordRef('WorkflowRun'),
      description: 'The run as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('cancelWorkflowRun', (t) =>
  t.field({
    type: RunPayload,
    nullable: false,
    description:
      'Stops a run of a workflow where it stands: what its steps did stays done. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that is over. Needs WorkflowRun.update.',
    args: { id: t.arg.id({ required: true, description: 'The run to stop.' }) },
    extensions: { permission: ['WorkflowRun.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['workflowRun'] }, (write) => cancelRun(write, id)),
  }),
)

builder.mutationField('retryWorkflowRun', (t) =>
  t.field({
    type: RunPayload,
    nullable: false,
    description:
      'Lets a run that failed go on with the step at which it did; steps that were done are not done again. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that did not fail, or failed before its first step: a loop, a condition that could not be asked. Needs WorkflowRun.update.',
    args: { id: t.arg.id({ required: true, description: 'The run to try again.' }) },
    extensions: { permission: ['WorkflowRun.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['workflowRun'] }, (write) => retryRun(write, id)),
  }),
)

const StartPayload = builder.objectRef<Outcome>('RunWorkflowPayload').implement({
  description: 'What runWorkflow started.',
  fields: (t) => ({
    workflow: t.field({
      type: recordRef('Workflow'),
      description: 'The workflow; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    started: t.int({
      nullable: false,
      description: 'How many runs were started: one for each record that meets the condition.',
      resolve: ({ more }) => (more as Started['more'] | undefined)?.started ?? 0,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('runWorkflow', (t) =>
  t.field({
    type: StartPayload,
    nullable: false,
    description:
      'Starts an enabled workflow of the trigger MANUAL for records that the caller may change, at most 200; those that do not meet its condition are left out. It does what its principal may do, whoever starts it. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a workflow that is not enabled or has another trigger, USER_INACTIVE, BULK_TOO_LARGE. Needs Workflow.read and the right to update the records.',
    args: {
      id: t.arg.id({ required: true, description: 'The workflow to start.' }),
      recordIds: t.arg.idList({ required: true, description: 'The records to start it for, each once.' }),
    },
    extensions: { permission: ['Workflow.read'] },
    resolve: (_root, { id, recordIds }, context, info) =>
      mutateOne({ context, info, type: recordType('Workflow'), path: ['workflow'] }, (write) =>
        runWorkflow(write, { id, recordIds }),
      ),
  }),
)
