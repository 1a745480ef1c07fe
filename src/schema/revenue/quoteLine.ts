import { quoteLineRules, quoteLines } from '../../resolvers/revenue/quote.ts'
import { record } from '../record.ts'
import { one } from '../shared/fields.ts'
import { replaceLinesField } from '../shared/replaceLines.ts'
import { LINE_RELATIONS, lineFields } from './lineFields.ts'

record('QuoteLine', {
  plural: 'quoteLines',
  prefix: 'quli',
  description:
    'A product in a quote, as it was when it came in. A part of the quote, whose sums are those of its lines. Stays with the quote once that is sent (APPROVED_NOT_EDITABLE).',
  fields: lineFields('quote'),
  relations: {
    quote: one('Quote', 'quoteId', 'The quote that it is a part of.', { required: true, write: 'create', part: true }),
    ...LINE_RELATIONS,
  },
  rules: quoteLineRules,
})

replaceLinesField(quoteLines)
