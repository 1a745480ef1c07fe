import { recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { type ActivityLog, logActivity } from '../../resolvers/work/logActivity.ts'
import { type Response, respondToInvitation } from '../../resolvers/work/respond.ts'
import { builder } from '../builder.ts'
import { inputRef, payloadRef } from '../shared/names.ts'

const FollowUp = builder.inputType('FollowUpTaskInput', {
  description: 'The task that follows from an activity.',
  fields: (t) => ({
    title: t.string({ required: true, description: 'What is to do, in a line.' }),
    dueAt: t.field({ type: 'DateTime', required: true, description: 'When it must be done.' }),
    assigneeId: t.id({ description: 'Who is to do it; the caller if left out.' }),
  }),
})

builder.mutationField('logActivity', (t) =>
  t.field({
    type: payloadRef('Activity'),
    nullable: false,
    description:
      'Writes down what was done with customers, 写跟进, in one go: the activity, DONE and now unless it says otherwise, its links, the task that follows, and on the accounts, contacts, leads and deals that it is about when something last happened and when it is to happen next. All or nothing. Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for a nextFollowUpAt that is over. Needs Activity.create, ActivityLink.create, and Task.create and TaskLink.create for the task.',
    args: {
      input: t.arg({ type: inputRef('CreateActivityInput'), required: true, description: 'The activity.' }),
      recordIds: t.arg.idList({ required: true, description: 'What it is about: records of any type, 1 to 20.' }),
      followUpTask: t.arg({ type: FollowUp, description: 'A task about the same records.' }),
    },
    extensions: { permission: ['Activity.create', 'ActivityLink.create'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Activity'), path: ['activity'] }, (write) =>
        logActivity(write, args as unknown as ActivityLog),
      ),
  }),
)

const ResponseEnum = builder.enumType('InvitationResponse', {
  description: 'What somebody answers to an invitation.',
  values: {
    ACCEPTED: { description: 'Will come.' },
    TENTATIVE: { description: 'Perhaps will come.' },
    DECLINED: { description: 'Will not come.' },
  } as const,
})

builder.mutationField('respondToInvitation', (t) =>
  t.field({
    type: payloadRef('Activity'),
    nullable: false,
    description:
      'Answers an invitation: what stands as response among the attendees of an activity, for the caller themselves. The owner is told. Errors: NOT_FOUND, also for who is not invited, INVALID_STATE for what is called off or over. Needs Activity.read.',
    args: {
      id: t.arg.id({ required: true, description: 'The activity.' }),
      response: t.arg({ type: ResponseEnum, required: true, description: 'The answer.' }),
    },
    extensions: { permission: ['Activity.read'] },
    resolve: (_root, { id, response }, context, info) =>
      mutateOne({ context, info, type: recordType('Activity'), path: ['activity'] }, (write) =>
        respondToInvitation(write, String(id), response as Response),
      ),
  }),
)
