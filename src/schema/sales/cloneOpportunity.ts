import { recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { cloneOpportunity } from '../../resolvers/sales/cloneOpportunity.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'

builder.mutationField('cloneOpportunity', (t) =>
  t.field({
    type: payloadRef('Opportunity'),
    nullable: false,
    description:
      'Makes an open opportunity like another, open or closed, in the first open stage of its pipeline: its values, lines and people, as far as the caller sees and may write them; number, external id, loss and unique custom fields stay behind. It is the caller’s. Errors: NOT_FOUND, and those of a create, at id: PRODUCT_INACTIVE, VALIDATION_FAILED. Needs Opportunity.read and Opportunity.create.',
    args: {
      id: t.arg.id({ required: true, description: 'The opportunity to copy.' }),
      name: t.arg.string({ description: 'What the new one is called; as the other if left out.' }),
    },
    extensions: { permission: ['Opportunity.read', 'Opportunity.create'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Opportunity'), path: ['opportunity'] }, (write) =>
        cloneOpportunity(write, args),
      ),
  }),
)
