import { recalculateAmount } from './amount.ts'
import { type LineKind, lineRules } from './lines.ts'

/** Opportunities and their lines: frozen when the deal is closed (INVALID_STATE); the deal's amount is the sum of their totals. */
export const opportunityLines: LineKind = {
  line: 'OpportunityLine',
  parent: 'Opportunity',
  key: 'opportunityId',
  bookColumn: 'price_book_id',
  frozen: (status) =>
    status === 'OPEN' ? null : { code: 'INVALID_STATE', message: 'The lines of a closed opportunity are frozen.' },
  recalculate: recalculateAmount,
}

/** Rules of opportunity lines. */
export const opportunityLineRules = lineRules(opportunityLines)
