import { onePrimary } from '../../resolvers/customers/onePrimary.ts'
import { record } from '../record.ts'
import { boolean, longText, one } from '../shared/fields.ts'

record('OpportunityCompetitor', {
  plural: 'opportunityCompetitors',
  prefix: 'opcm',
  description: 'A competitor in a deal. A part of the deal: it goes to the recycle bin with it.',
  fields: {
    isWinner: boolean('Did it win the deal. Setting it takes the mark from the deal’s other competitors.', {
      default: false,
    }),
    note: longText('How it stands in this deal.'),
  },
  relations: {
    opportunity: one('Opportunity', 'opportunityId', 'The deal itself.', {
      required: true,
      write: 'create',
      part: true,
    }),
    competitor: one('Competitor', 'competitorId', 'The competitor.', {
      required: true,
      write: 'create',
      onDelete: 'restrict',
    }),
  },
  unique: { opportunityAndCompetitor: ['opportunityId', 'competitorId'] },
  rules: onePrimary({
    table: 'opportunity_competitor',
    mark: { field: 'isWinner', column: 'is_winner' },
    owner: { field: 'opportunityId', column: 'opportunity_id', table: 'opportunity' },
  }),
})
