import { onePrimary } from '../customers/onePrimary.ts'
import type { Rules } from '../write.ts'

/** Rules of people's parts in opportunities: one primary person per opportunity. */
export const opportunityContactRules: Rules = onePrimary({
  table: 'opportunity_contact',
  owner: { field: 'opportunityId', column: 'opportunity_id', table: 'opportunity' },
})
