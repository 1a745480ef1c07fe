import { publishWorkflow, setEnabled } from '../../resolvers/automation/publish.ts'
import { OVERLAP_HOURS, rotateSecret } from '../../resolvers/automation/secret.ts'
import { writeWorkflow } from '../../resolvers/automation/workflow.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { boolean, int, longText, many, one, text } from '../shared/fields.ts'
import { payloadRef, recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import { definitionFields } from './definitionFields.ts'

const type = record('Workflow', {
  plural: 'workflows',
  prefix: 'wflw',
  description:
    'What a company has done by itself when something happens, 工作流. Written as a draft: what starts goes by the published version (publishWorkflow) while it is enabled (enableWorkflow), and what is under way goes on by the one that it began with. It never does more than who it runs as may do. See docs/workflows.md.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What people call it.', { required: true, max: 100 }),
    description: longText('What it is for.'),
    ...definitionFields(),
    enabled: boolean('Does its published version start; see enableWorkflow and disableWorkflow.', { write: 'never' }),
    hookToken: text('Of WEBHOOK: stands in its address. Made by the server, never changed.', { write: 'never' }),
  },
  relations: {
    runAs: one('User', 'runAsId', 'Of the principal USER: with whose rights it runs; who publishes it if left out.'),
    publishedVersion: one('WorkflowVersion', 'publishedVersionId', 'What holds; null before it is published.', {
      write: 'never',
    }),
    versions: many('WorkflowVersion', 'workflow', 'What was published; order them by NUMBER.'),
    runs: many('WorkflowRun', 'workflow', 'The times that it ran or is running.'),
  },
  rules: { write: writeWorkflow },
})

const kept = { write: 'never' } as const

record('WorkflowVersion', {
  plural: 'workflowVersions',
  prefix: 'wver',
  description: 'What of a workflow was published. Never changed.',
  settings: true,
  fields: { number: int('Counts what was published of the workflow, from 1.', kept), ...definitionFields(kept) },
  relations: {
    workflow: one('Workflow', 'workflowId', 'The workflow of which it is a version.', { ...kept, part: true }),
    runAs: one('User', 'runAsId', 'With whose rights it runs; null for the principal SYSTEM.', kept),
    runs: many('WorkflowRun', 'workflowVersion', 'What ran or runs by it.'),
  },
  operations: [],
})

const PRINCIPAL_ERRORS =
  'USER_INACTIVE for a principal who does not work here, PRIVILEGE_ESCALATION for one who may do more than the caller'

builder.mutationField('publishWorkflow', (t) =>
  t.field({
    type: payloadRef('Workflow'),
    nullable: false,
    description: `Makes the draft of a workflow its next version: what starts from now on goes by it. Nothing happens when it is published as it is. Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for one without steps or whose draft does not hold any more, ${PRINCIPAL_ERRORS}. Needs Workflow.update.`,
    args: { id: t.arg.id({ required: true, description: 'The workflow to publish.' }) },
    extensions: { permission: ['Workflow.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['workflow'] }, (write) => publishWorkflow(write, id)),
  }),
)

builder.mutationField('enableWorkflow', (t) =>
  t.field({
    type: payloadRef('Workflow'),
    nullable: false,
    description: `Lets the published version of a workflow start from now on. Nothing happens when it does already. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that was never published, ${PRINCIPAL_ERRORS}. Needs Workflow.update.`,
    args: { id: t.arg.id({ required: true, description: 'The workflow to enable.' }) },
    extensions: { permission: ['Workflow.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['workflow'] }, (write) => setEnabled(write, id, true)),
  }),
)

builder.mutationField('disableWorkflow', (t) =>
  t.field({
    type: payloadRef('Workflow'),
    nullable: false,
    description:
      'Lets a workflow start no more; what is under way goes on to its end. Errors: NOT_FOUND, FORBIDDEN. Needs Workflow.update.',
    args: { id: t.arg.id({ required: true, description: 'The workflow to disable.' }) },
    extensions: { permission: ['Workflow.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['workflow'] }, (write) => setEnabled(write, id, false)),
  }),
)

const SecretPayload = builder.objectRef<Outcome & { secret: string | null }>('RotateWorkflowSecretPayload').implement({
  description: 'What rotateWorkflowSecret made.',
  fields: (t) => ({
    workflow: t.field({
      type: recordRef('Workflow'),
      description: 'The workflow; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    secret: t.exposeString('secret', {
      nullable: true,
      description: 'The new secret, shown this once; null for the answer to a retry.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('rotateWorkflowSecret', (t) =>
  t.field({
    type: SecretPayload,
    nullable: false,
    description: `Makes a workflow a new secret. It signs what the workflow sends, and what is sent to it has to be signed by it; the one before counts for ${OVERLAP_HOURS} hours for what comes in. Errors: NOT_FOUND, FORBIDDEN. Needs Workflow.update.`,
    args: { id: t.arg.id({ required: true, description: 'The workflow that the secret is for.' }) },
    extensions: { permission: ['Workflow.update'] },
    resolve: async (_root, { id }, context, info) => {
      // Not kept with the answer: a retry gives none.
      let secret: string | null = null
      const outcome = await mutateOne({ context, info, type, path: ['workflow'] }, async (write) => {
        const { secret: made, ...written } = await rotateSecret(write, id, context.services.tokens.vault)
        secret = made
        return written
      })
      return { ...outcome, secret }
    },
  }),
)
