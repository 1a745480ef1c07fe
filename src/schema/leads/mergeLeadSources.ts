import { recordType } from '../../read/recordType.ts'
import { mergeLeadSources } from '../../resolvers/leads/mergeLeadSources.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const Payload = builder.objectRef<Outcome>('MergeLeadSourcesPayload').implement({
  description: 'What mergeLeadSources did.',
  fields: (t) => ({
    leadSource: t.field({
      type: recordRef('LeadSource'),
      description: 'The source that stays; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    moved: t.int({
      description: 'Live records that came from one of the others and now come from it; null with a user error.',
      resolve: ({ more }) => (more as number | undefined) ?? null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('mergeLeadSources', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Makes one source of several spellings of it: leads, companies, people and deals that came from one of the others, whosever they are, come from the one that stays; the others go to the recycle bin. Errors: NOT_FOUND, FORBIDDEN, MERGE_NEEDS_TWO, BULK_TOO_LARGE over 200, HIERARCHY_CYCLE where one that goes stands above the one that stays. Needs LeadSource.merge and LeadSource.delete.',
    args: {
      intoId: t.arg.id({ required: true, description: 'The source that stays.' }),
      fromIds: t.arg.idList({ required: true, description: 'The sources that go.' }),
    },
    extensions: { permission: ['LeadSource.merge', 'LeadSource.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('LeadSource'), path: ['leadSource'] }, (write) =>
        mergeLeadSources(write, args),
      ),
  }),
)
