import { record } from '../record.ts'
import { currency, date, datetime, int, money, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('OpportunityStageHistory', {
  plural: 'opportunityStageHistories',
  prefix: 'osth',
  description:
    'One stay of a deal in a stage, with what it was worth then. Written with every move, and when a deal is made; never by clients.',
  fields: {
    fromProbability: int('Per cent before the move; null for the first stage.', kept),
    toProbability: int('Per cent after the move.', kept),
    amount: money('The deal’s amount at the move.', kept),
    currency: currency('Currency of amount.', kept),
    closeDate: date('The expected close date at the move.', kept),
    enteredAt: datetime('When the deal came into the stage.', kept),
    leftAt: datetime('When it left the stage; null while it stands there.', kept),
    durationSec: int('How long it stayed, seconds; null while it stands there.', kept),
    reason: text('Why it was moved, as the mover said.', { ...kept, max: 2000 }),
  },
  relations: {
    opportunity: one('Opportunity', 'opportunityId', 'The deal itself.', { ...kept, part: true }),
    fromStage: one('Stage', 'fromStageId', 'The stage it came from; null for the first one.', kept),
    toStage: one('Stage', 'toStageId', 'The stage it came into.', kept),
    changedBy: one('User', 'changedById', 'Who moved it; null for programs without a user.', kept),
  },
  operations: [],
})
