import type { Shape } from '../../read/recordType.ts'
import { LIMITS, publishApprovalFlow, writeApprovalFlow } from '../../resolvers/approval/flow.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { boolean, choice, int, json, many, objects, one, text } from '../shared/fields.ts'
import { payloadRef } from '../shared/names.ts'

const ApprovalStep: Shape = {
  name: 'ApprovalStep',
  description: 'A step of an approval flow: whom it asks, and how.',
  members: {
    name: { kind: 'text', description: 'What people call it.', max: 100, required: true },
    mode: {
      kind: 'choice',
      description: 'How many of its approvers have to agree; ANY if left out. One who rejects decides for all.',
      choice: {
        name: 'ApprovalMode',
        values: {
          ANY: 'One is enough, 或签.',
          ALL: 'All have to, 会签.',
          SEQUENTIAL: 'All have to, one after the other, 依次审批.',
        },
      },
    },
    source: {
      kind: 'choice',
      description: 'Where it finds its approvers.',
      required: true,
      choice: {
        name: 'ApproverSource',
        values: {
          USERS: 'Those of userIds.',
          ROLE: 'The active users who have roleId, at most 50.',
          MANAGER: 'The submitter’s manager.',
          NTH_MANAGER: 'The submitter’s manager, level steps up.',
          DEPARTMENT_HEAD: 'The head of the submitter’s department or, where it has none, of the one above it.',
          FIELD: 'The user whom a field of the record names.',
          INITIATOR_CHOICE: 'Those whom the submitter names: approverIds of submitForApproval.',
        },
      },
    },
    userIds: { kind: 'texts', description: 'Of USERS: ids of users, in their order; at most 50.' },
    roleId: { kind: 'text', description: 'Of ROLE: the id of the role.' },
    level: { kind: 'int', description: `Of NTH_MANAGER: how many levels up, 1 to ${LIMITS.level}.` },
    field: { kind: 'text', description: 'Of FIELD: the name of a field that holds a user, such as ownerId.' },
    emptyApproverAction: {
      kind: 'choice',
      description: 'What happens when nobody is found; ADMIN if left out.',
      choice: {
        name: 'EmptyApproverAction',
        values: {
          AUTO_PASS: 'The step passes.',
          ADMIN: 'An administrator decides.',
          FALLBACK_USER: 'fallbackUserId decides.',
          REFUSE: 'What would come to the step is refused with NO_APPROVER.',
        },
      },
    },
    fallbackUserId: { kind: 'text', description: 'Of FALLBACK_USER: the id of the user.' },
    sameAsSubmitterAction: {
      kind: 'choice',
      description: 'What happens when the submitter would be asked; MANAGER if left out.',
      choice: {
        name: 'SameAsSubmitterAction',
        values: {
          SKIP: 'They are not; where nobody else is, the step passes.',
          MANAGER: 'Their manager is.',
          ALLOW: 'They are, and may approve what they submitted.',
        },
      },
    },
    duplicateApproverRule: {
      kind: 'choice',
      description: 'What happens when somebody approved an earlier step; FIRST_ONLY if left out.',
      choice: {
        name: 'DuplicateApproverRule',
        values: { FIRST_ONLY: 'That counts for this step too.', EACH: 'They are asked again.' },
      },
    },
    timeoutHours: { kind: 'int', description: `Hours that an approver has, 1 to ${LIMITS.hours}; any if left out.` },
    timeoutAction: {
      kind: 'choice',
      description: 'What happens when nobody decided in time; ESCALATE if left out.',
      choice: {
        name: 'ApprovalTimeoutAction',
        values: {
          ESCALATE: 'The approver’s superior is asked instead, then an administrator.',
          APPROVE: 'It is approved.',
          REJECT: 'It is rejected.',
          REMIND: 'The approver is asked again.',
        },
      },
    },
    ccUserIds: { kind: 'texts', description: 'Ids of users who see the record and are told when the step begins.' },
    editableFields: {
      kind: 'texts',
      description:
        'Names of fields of the record that the approvers of the step and the submitter may change while it waits, where they may write the record.',
    },
    requireComment: {
      kind: 'boolean',
      description: 'Does who rejects or returns it have to say why; false if left out.',
    },
  },
}

const RECHECK = {
  FIRST_STEP: 'At the first step.',
  LAST_STEP: 'At the step where it ended, if the flow was not published anew since.',
}

const type = record('ApprovalFlow', {
  plural: 'approvalFlows',
  prefix: 'aflw',
  description:
    'Who has to agree to records of a type, 审批流. Written as a draft: what is submitted goes by the published version (publishApprovalFlow), and what is under way goes on by the one that it began with. Of the active flows of a type the first, by priority, whose condition a record meets decides over it. See docs/approval.md.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What people call it; stands in mails.', { required: true, max: 100 }),
    object: text(
      'Name of the type whose records it is for, one that can be approved: Opportunity; with the trigger EXPORT any type.',
      {
        required: true,
        write: 'create',
        max: 30,
      },
    ),
    trigger: choice(
      'When it begins.',
      'ApprovalTrigger',
      {
        SUBMIT: 'Somebody submits a record.',
        CREATE:
          'A user makes a record, which is submitted by that; what comes back is submitted like any other. Programs without a user, and imports, make records as they are.',
        EXPORT:
          'Records of the type are exported: that takes a granted request (requestPermission of the kind EXPORT), and the request goes through the flow. For any type; without a condition.',
      },
      { default: 'SUBMIT' },
    ),
    condition: json(
      'Which records it is for: what the where of their list takes, as JSON: {"amount": {"gt": "10000"}}. Checked as where is: VALIDATION_FAILED with the path of what is wrong. Null: all records. At most 20,000 characters.',
      { max: 20_000 },
    ),
    priority: int('The smallest is tried first; of equals the older one.', { default: 100 }),
    active: boolean('Does it take new records; what is under way goes on.', { default: true }),
    recheck: choice(
      'Where a record begins that comes back after it was rejected, returned or withdrawn.',
      'ApprovalRecheck',
      RECHECK,
      { default: 'FIRST_STEP' },
    ),
    steps: objects(
      `The steps of the draft, in their order; at most ${LIMITS.steps}. Errors: VALIDATION_FAILED, REFERENCE_NOT_FOUND for users and roles that are not there.`,
      ApprovalStep,
    ),
  },
  relations: {
    publishedVersion: one('ApprovalFlowVersion', 'publishedVersionId', 'What holds; null before it is published.', {
      write: 'never',
    }),
    versions: many('ApprovalFlowVersion', 'flow', 'What was published; order them by NUMBER.'),
    instances: many('ApprovalInstance', 'flow', 'What went or goes through it.'),
  },
  rules: { write: writeApprovalFlow },
})

const kept = { write: 'never' } as const

record('ApprovalFlowVersion', {
  plural: 'approvalFlowVersions',
  prefix: 'aflv',
  description: 'What of an approval flow was published. Never changed.',
  settings: true,
  fields: {
    number: int('Counts what was published of the flow, from 1.', kept),
    condition: json('Which records it is for; null: all.', kept),
    recheck: choice('Where a record begins that comes back.', 'ApprovalRecheck', RECHECK, kept),
    steps: objects('Its steps, in their order.', ApprovalStep, kept),
  },
  relations: {
    flow: one('ApprovalFlow', 'flowId', 'The flow of which it is a version.', { ...kept, part: true }),
    instances: many('ApprovalInstance', 'flowVersion', 'What went or goes by it.'),
  },
  operations: [],
})

builder.mutationField('publishApprovalFlow', (t) =>
  t.field({
    type: payloadRef('ApprovalFlow'),
    nullable: false,
    description:
      'Makes the draft of a flow its next version: what is submitted from now on goes by it. Nothing happens when it is published as it is. Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for a flow without steps, REFERENCE_NOT_FOUND for users and roles that have gone since. Needs ApprovalFlow.update.',
    args: { id: t.arg.id({ required: true, description: 'The flow to publish.' }) },
    extensions: { permission: ['ApprovalFlow.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['approvalFlow'] }, (write) => publishApprovalFlow(write, id)),
  }),
)
