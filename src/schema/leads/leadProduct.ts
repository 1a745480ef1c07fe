import { leadProductRules } from '../../resolvers/leads/leadProduct.ts'
import { record } from '../record.ts'
import { decimal, one } from '../shared/fields.ts'

record('LeadProduct', {
  plural: 'leadProducts',
  prefix: 'lepr',
  description:
    'A product that a lead is interested in, 意向产品. A part of the lead; its conversion makes lines of the opportunity of them. Those of a converted lead are frozen (INVALID_STATE).',
  fields: {
    quantity: decimal('How much of it, more than 0, at most four decimals.', { default: '1', range: { min: 0.0001 } }),
  },
  relations: {
    lead: one('Lead', 'leadId', 'The lead that is interested.', { required: true, write: 'create', part: true }),
    product: one('Product', 'productId', 'The product.', { required: true, write: 'create' }),
  },
  unique: { leadAndProduct: ['leadId', 'productId'] },
  rules: leadProductRules,
})
