import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { type Added, addCampaignMembers, addTargetListMembers } from '../../resolvers/marketing/addMembers.ts'
import type { From } from '../../resolvers/marketing/memberSource.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import './campaignMember.ts'
import './targetList.ts'

const MembersFrom = builder.inputType('MembersFromInput', {
  description: 'Who is to be a member: give exactly one.',
  isOneOf: true,
  fields: (t) => ({
    recordIds: t.idList({ description: 'People, and companies for a campaign, by their ids; at most 200.' }),
    segmentId: t.id({ description: 'All members of a segment whom the caller sees.' }),
    targetListId: t.id({ description: 'All people on a target list whom the caller sees.' }),
  }),
})

const added = ({ more }: Outcome) => more as Added | undefined

const payload = (name: string, field: 'campaign' | 'targetList', type: 'Campaign' | 'TargetList') =>
  builder.objectRef<Outcome>(`${name}Payload`).implement({
    description: `What ${name.charAt(0).toLowerCase()}${name.slice(1)} did.`,
    fields: (t) => ({
      [field]: t.field({
        type: recordRef(type),
        description: 'What they were added to; null with a user error.',
        resolve: (outcome) => outcome.record,
      }),
      added: t.int({
        description: 'How many were made members by the call; null with a user error.',
        resolve: (outcome) => added(outcome)?.added ?? null,
      }),
      changed: t.int({
        description: 'How many were members and have another status now; null with a user error.',
        resolve: (outcome) => added(outcome)?.changed ?? null,
      }),
      jobId: t.id({
        description:
          'The job that adds those of a segment or a list, with the caller’s rights: its figures are ADDED, CHANGED and FAILED. Null for ids.',
        resolve: (outcome) => {
          const id = added(outcome)?.jobId
          return id ? idOf('Job', id) : null
        },
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong with the input; empty when it was done.',
      }),
    }),
  })

const CampaignPayload = payload('AddCampaignMembers', 'campaign', 'Campaign')
const ListPayload = payload('AddTargetListMembers', 'targetList', 'TargetList')

builder.mutationField('addCampaignMembers', (t) =>
  t.field({
    type: CampaignPayload,
    nullable: false,
    description:
      'Adds people or companies to a campaign; who is a member of it stays, with the status if one is given. Ids all or none, a segment or a list in the background. Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for a status of another campaign, BULK_TOO_LARGE over 200, FIELD_FORBIDDEN for a segment by what the caller may not filter by. Needs Campaign.update, CampaignMember.create and CampaignMember.update.',
    args: {
      campaignId: t.arg.id({ required: true, description: 'The campaign to add them to.' }),
      from: t.arg({ type: MembersFrom, required: true, description: 'Who is added.' }),
      statusId: t.arg.id({
        description:
          'The status that all of them get; for new ones the campaign’s default, and for the others what they have, if left out.',
      }),
    },
    extensions: { permission: ['Campaign.update', 'CampaignMember.create', 'CampaignMember.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Campaign'), path: ['campaign'] }, (write) =>
        addCampaignMembers(write, { ...args, from: args.from as From }),
      ),
  }),
)

builder.mutationField('addTargetListMembers', (t) =>
  t.field({
    type: ListPayload,
    nullable: false,
    description:
      'Adds people to a target list; who is on it stays. Ids all or none, a segment or another list in the background. Errors: NOT_FOUND, FORBIDDEN, BULK_TOO_LARGE over 200, VALIDATION_FAILED for a segment of companies, FIELD_FORBIDDEN for a segment by what the caller may not filter by. Needs TargetList.update and TargetListMember.create.',
    args: {
      targetListId: t.arg.id({ required: true, description: 'The list to add them to.' }),
      from: t.arg({ type: MembersFrom, required: true, description: 'Who is added.' }),
    },
    extensions: { permission: ['TargetList.update', 'TargetListMember.create'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('TargetList'), path: ['targetList'] }, (write) =>
        addTargetListMembers(write, { ...args, from: args.from as From }),
      ),
  }),
)
