import { fieldOf, recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { setOpportunityTeam, type TeamSet } from '../../resolvers/sales/opportunityTeam.ts'
import { builder } from '../builder.ts'
import '../identity/recordShare.ts'
import { scalarOf } from '../shared/kinds.ts'
import { payloadRef } from '../shared/names.ts'

const MemberInput = builder.inputType('OpportunityTeamMemberInput', {
  description: 'One who works on a deal besides its owner.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The user, who is not the owner.' }),
    role: t.string({
      required: true,
      description: 'What they do for the deal: Sales engineer. At most 100 characters.',
    }),
    access: t.field({
      type: scalarOf(fieldOf(recordType('RecordShare'), 'access')),
      description: 'May they write it too; READ if left out.',
    }) as never,
  }),
})

builder.mutationField('setOpportunityTeam', (t) =>
  t.field({
    type: payloadRef('Opportunity'),
    nullable: false,
    description:
      'Says who works on a deal besides its owner, 销售团队, all members at once. A member is a share of the deal with a teamRole (recordShares shows them); other shares stay. Errors: NOT_FOUND, FORBIDDEN, OWNER_IS_MEMBER, VALIDATION_FAILED. Needs Opportunity.update, RecordShare.create, RecordShare.update and RecordShare.delete.',
    args: {
      id: t.arg.id({ required: true, description: 'The opportunity.' }),
      members: t.arg({
        type: [MemberInput],
        required: true,
        description: 'The whole team; an empty list dissolves it. At most 100.',
      }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: {
      permission: ['Opportunity.update', 'RecordShare.create', 'RecordShare.update', 'RecordShare.delete'],
    },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Opportunity'), path: ['opportunity'] }, (write) =>
        setOpportunityTeam(write, args as unknown as TeamSet),
      ),
  }),
)
