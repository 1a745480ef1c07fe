import type { Context } from '../../context.ts'
import type { Row } from '../../read/finish.ts'
import { recordType } from '../../read/recordType.ts'
import {
  cancelPermissionRequest,
  decidePermissionRequest,
  revokeGrant,
} from '../../resolvers/identity/permissionRequest.ts'
import { recordOf } from '../../resolvers/identity/permissionTarget.ts'
import { requestPermission } from '../../resolvers/identity/requestPermission.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { attached, choice, datetime, int, one, text, texts } from '../shared/fields.ts'
import { enumType } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import { Node, UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

const type = record('PermissionRequest', {
  plural: 'permissionRequests',
  prefix: 'preq',
  description:
    'Somebody asks for a right, 权限申请: a role, access to a record, a field, an export. Their superior decides within five working days; data of another department also takes the approval of its head. An approved one is the grant, as long as it holds. Seen by the applicant, its approvers and whoever has them in scope.',
  fields: {
    kind: choice(
      'What kind of right.',
      'PermissionRequestKind',
      {
        ROLE: 'A further role of a user.',
        RECORD_ACCESS: 'A record that their scope does not hold; granted as a share.',
        FIELD: 'A field that their roles hide, mask or do not let them write.',
        EXPORT: 'The export of a type.',
      },
      kept,
    ),
    object: text('Name of the type that it is about: that of the record, of the field, of the export.', {
      ...kept,
      max: 100,
    }),
    recordId: text('Id of the record.', { ...kept, max: 100, sort: false }),
    field: text('Name of the field.', { ...kept, max: 100 }),
    access: choice(
      'How far a record or a field is to be opened.',
      'PermissionAccess',
      { READ: 'To see it.', WRITE: 'To see and to write it.' },
      kept,
    ),
    purpose: text('What the export is for.', { ...kept, max: 500 }),
    reason: text('Why they need it.', { ...kept, max: 2000 }),
    evidence: texts('What proves it: addresses, or ids of files.', { ...kept, max: 2000 }),
    requestedUntil: datetime('How long they need it; null for good.', kept),
    status: choice(
      'How it stands.',
      'PermissionRequestStatus',
      {
        PENDING: 'Waits for a decision.',
        APPROVED: 'Granted, and holds.',
        REJECTED: 'It was refused.',
        EXPIRED: 'The grant’s time is over, or nobody decided in time.',
        REVOKED: 'The grant was taken back.',
        CANCELLED: 'The applicant took it back, or has left.',
      },
      kept,
    ),
    step: choice(
      'Which approval it waits for, or had last.',
      'PermissionRequestStep',
      {
        MANAGER: 'That of the applicant’s superior.',
        DEPARTMENT_HEAD: 'That of the head of the department that the data belongs to; the superior has approved.',
      },
      kept,
    ),
    endorsedAt: datetime('When the superior approved what the department’s head was to decide.', kept),
    endorsementNote: text('What the superior said.', { ...kept, max: 2000 }),
    dueAt: datetime(
      'By when the approver is to decide: the end of the fifth working day, Monday to Friday, in the company’s time zone. Then it goes to their superior, then to an administrator, then it expires.',
      kept,
    ),
    escalatedAt: datetime('When it last went to somebody else because it was overdue.', kept),
    escalations: int('How often it was overdue at this step.', kept),
    decidedAt: datetime('When it was decided.', kept),
    decisionNote: text('What the decider said; there is one with every rejection.', { ...kept, max: 2000 }),
    grantedUntil: datetime(
      'When the grant ends, to the second; null for good. While it waits for the second approval, what the first allowed.',
      kept,
    ),
    endedAt: datetime('When the grant ended, or the request was given up.', kept),
    endNote: text('Why the grant was revoked.', { ...kept, max: 2000 }),
  },
  relations: {
    applicant: one('User', 'applicantId', 'Who asks for the right.', kept),
    role: one('Role', 'roleId', 'The role asked for.', kept),
    approver: one('User', 'approverId', 'Who is to decide, or was when it was decided.', kept),
    onBehalfOf: one('User', 'onBehalfOfId', 'Whom the approver stands in for, who was out of office.', kept),
    endorsedBy: one(
      'User',
      'endorsedById',
      'The superior who approved what the department’s head was to decide.',
      kept,
    ),
    decidedBy: one('User', 'decidedById', 'Who decided: the approver or an administrator.', kept),
    grantedUserRole: one('UserRole', 'grantedUserRoleId', 'The further role that was granted.', kept),
    grantedShare: one('RecordShare', 'grantedShareId', 'The share that was granted.', kept),
    approvals: attached(
      'ApprovalInstance',
      'Its approvals, where the company has a flow for such requests: that decides it then, and there is no approver.',
    ),
  },
  // Whoever has or had a part in it goes on seeing it.
  owners: ['applicantId', 'approverId', 'onBehalfOfId', 'endorsedById'],
  operations: [],
})

builder.objectField(recordRef('PermissionRequest'), 'record', (t) =>
  t.field({
    type: Node,
    description: 'The record asked for; null while the viewer may not see it, or when it is gone.',
    extensions: { field: 'recordId' },
    resolve: (row: Row, _args, context: Context, info) => {
      const found = row.recordId ? recordOf(row.recordId as string) : null
      return found
        ? (context.loaders.load(context, requireViewer(context), info, found.type, found.uuid) as Promise<{
            id: string
          } | null>)
        : null
    },
  }),
)

const Payload = builder.objectRef<Outcome>('PermissionRequestPayload').implement({
  description: 'What a mutation of a request did.',
  fields: (t) => ({
    permissionRequest: t.field({
      type: recordRef('PermissionRequest'),
      description: 'The request as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const enumOf = (name: string) => enumType(type.fields.get(name)!.choice!, type.fields.get(name)!.description)

const RequestPermissionInput = builder.inputType('RequestPermissionInput', {
  description: 'What somebody asks for. Which of the fields to give follows from the kind.',
  fields: (t) => ({
    kind: t.field({ type: enumOf('kind'), required: true, description: 'What kind of right.' }),
    roleId: t.id({ description: 'ROLE: the role. Required.' }),
    recordId: t.id({
      description:
        'RECORD_ACCESS: the record, of a type whose records have an owner and that the applicant may read. Required.',
    }),
    object: t.string({ description: 'FIELD, EXPORT: name of the type, which the applicant may read. Required.' }),
    field: t.string({ description: 'FIELD: name of the field. Required.' }),
    access: t.field({
      type: enumOf('access'),
      description: 'RECORD_ACCESS, FIELD: how far; READ if left out. WRITE needs the right to update the type.',
    }),
    purpose: t.string({ description: 'EXPORT: what it is for. Required; at most 500 characters.' }),
    reason: t.string({ required: true, description: 'Why it is needed. At most 2000 characters.' }),
    evidence: t.stringList({
      description: 'What proves it: addresses, or ids of files. At most 100, of at most 2000 characters.',
    }),
    requestedUntil: t.field({
      type: 'DateTime',
      description: 'How long it is needed, in the future; for good if left out.',
    }),
  }),
})

type Ask = Pick<Parameters<typeof mutateOne>[0], 'context' | 'info'>
const mutate = (ask: Ask, work: Parameters<typeof mutateOne>[1]) =>
  mutateOne({ ...ask, type: recordType('PermissionRequest'), path: ['permissionRequest'] }, work)

builder.mutationField('requestPermission', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Asks for a role, access to a record, a field or an export. Goes to the applicant’s manager; without one to the head of their department, then to an administrator; whoever is out of office is stood in for by their delegate. The outcome is mailed to the applicant. Errors: NOT_FOUND, FORBIDDEN for what would open nothing, UNIQUE_VIOLATION for what waits for a decision already, INVALID_STATE when nobody but the applicant could decide. FORBIDDEN for keys without a user. Needs PermissionRequest.create.',
    args: { input: t.arg({ type: RequestPermissionInput, required: true, description: 'What is asked for.' }) },
    extensions: { permission: ['PermissionRequest.create'] },
    resolve: (_root, { input }, context, info) =>
      mutate({ context, info }, (write) => requestPermission(write, { ...input })),
  }),
)

builder.mutationField('decidePermissionRequest', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Approves or rejects a request. Its approver does, or an administrator, whose approval is the last. Approving data of another department passes it on to its head (status stays PENDING). Errors: SELF_APPROVAL_FORBIDDEN, FORBIDDEN for others than the approver, INVALID_STATE for one that is decided, PRIVILEGE_ESCALATION for what the decider does not have themselves, USER_INACTIVE for an applicant who has left. Needs PermissionRequest.approve.',
    args: {
      id: t.arg.id({ required: true, description: 'The request.' }),
      approve: t.arg.boolean({ required: true, description: 'true: approve; false: reject.' }),
      note: t.arg.string({ description: 'What to say to it; required with a rejection. At most 2000 characters.' }),
      until: t.arg({
        type: 'DateTime',
        description:
          'When the grant ends, in the future and not after what was asked for; what was asked for if left out.',
      }),
    },
    extensions: { permission: ['PermissionRequest.approve'] },
    resolve: (_root, args, context, info) => mutate({ context, info }, (write) => decidePermissionRequest(write, args)),
  }),
)

builder.mutationField('cancelPermissionRequest', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes a request back that is not decided. Errors: FORBIDDEN for others than the applicant, INVALID_STATE for one that is decided. Needs PermissionRequest.create.',
    args: { id: t.arg.id({ required: true, description: 'The request.' }) },
    extensions: { permission: ['PermissionRequest.create'] },
    resolve: (_root, { id }, context, info) => mutate({ context, info }, (write) => cancelPermissionRequest(write, id)),
  }),
)

builder.mutationField('revokeGrant', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Ends the grant of an approved request before its time, within seconds; the applicant is told. Whoever approved it may, whoever could grant it, and administrators. Errors: FORBIDDEN, INVALID_STATE for one that is not APPROVED, LAST_ADMIN. Needs PermissionRequest.approve.',
    args: {
      id: t.arg.id({ required: true, description: 'The approved request.' }),
      note: t.arg.string({ required: true, description: 'Why. At most 2000 characters.' }),
    },
    extensions: { permission: ['PermissionRequest.approve'] },
    resolve: (_root, { id, note }, context, info) => mutate({ context, info }, (write) => revokeGrant(write, id, note)),
  }),
)
