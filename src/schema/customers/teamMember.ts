import { fieldOf, recordType } from '../../read/recordType.ts'
import { addTeamMember, removeTeamMember, type TeamMember } from '../../resolvers/customers/teamMember.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import '../identity/recordShare.ts'
import { scalarOf } from '../shared/kinds.ts'
import { payloadRef } from '../shared/names.ts'

const record = 'A company, person, lead, deal or any other record that has an owner.'

builder.mutationField('addTeamMember', (t) =>
  t.field({
    type: payloadRef('RecordShare'),
    nullable: false,
    description:
      'Lets a user work with a record besides its owner, 团队成员: makes a share of it, or gives the one there is this access. Errors: NOT_FOUND, FORBIDDEN unless the caller may write the record, OWNER_IS_MEMBER for its owner, VALIDATION_FAILED. Needs RecordShare.create and RecordShare.update.',
    args: {
      recordId: t.arg.id({ required: true, description: record }),
      userId: t.arg.id({ required: true, description: 'The user who becomes a member.' }),
      access: t.arg({
        type: scalarOf(fieldOf(recordType('RecordShare'), 'access')),
        description: 'May they write it too; READ if left out.',
      }) as never,
      expiresAt: t.arg({ type: 'DateTime', description: 'When it ends, in the future; never if left out.' }),
      reason: t.arg.string({ description: 'Why they become a member. At most 2000 characters.' }),
    },
    extensions: { permission: ['RecordShare.create', 'RecordShare.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('RecordShare'), path: ['recordShare'] }, (write) =>
        addTeamMember(write, args as unknown as TeamMember),
      ),
  }),
)

builder.mutationField('removeTeamMember', (t) =>
  t.field({
    type: payloadRef('RecordShare'),
    nullable: false,
    description:
      'Takes a user from those who work with a record besides its owner. Errors: NOT_FOUND for one who is no member, FORBIDDEN, OWNER_IS_MEMBER for its owner. Needs RecordShare.delete.',
    args: {
      recordId: t.arg.id({ required: true, description: record }),
      userId: t.arg.id({ required: true, description: 'The user who leaves.' }),
    },
    extensions: { permission: ['RecordShare.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('RecordShare'), path: ['recordShare'] }, (write) =>
        removeTeamMember(write, args),
      ),
  }),
)
