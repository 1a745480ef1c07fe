import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { moveOpportunityStage } from '../../resolvers/sales/moveOpportunityStage.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const Payload = builder.objectRef<Outcome>('MoveOpportunityStagePayload').implement({
  description: 'What moveOpportunityStage did.',
  fields: (t) => ({
    opportunity: t.field({
      type: recordRef('Opportunity'),
      description: 'The opportunity as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    changed: t.boolean({
      description: 'Did it move; false when it stood there already. Null with a user error.',
      resolve: (outcome) => outcome.changed,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('moveOpportunityStage', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Moves an opportunity to another stage of its pipeline and writes its history. Entering a won stage sets its closing date and makes its account a customer; a lost stage needs a reason. Errors: STAGE_NOT_IN_PIPELINE, INVALID_STATE for closed opportunities, LOSS_REASON_REQUIRED. Needs Opportunity.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The opportunity.' }),
      toStageId: t.arg.id({ required: true, description: 'The stage to move to.' }),
      reason: t.arg.string({ description: 'Why it moves; stands in the history. At most 2000 characters.' }),
      lossReason: t.arg.string({
        description:
          'Why it was lost; required when the stage is a lost one and none was given before. At most 255 characters.',
      }),
      actualCloseDate: t.arg({
        type: 'Date',
        description: 'When it was won or lost, not in the future; today in the company’s time zone if left out.',
      }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: { permission: ['Opportunity.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Opportunity'), path: ['opportunity'] }, (write) =>
        moveOpportunityStage(write, args),
      ),
  }),
)
