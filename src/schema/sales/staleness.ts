import type { Row } from '../../read/finish.ts'
import { daysSince } from '../../resolvers/customers/customer360.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'

builder.objectField(recordRef('Opportunity'), 'daysInStage', (t) =>
  t.field({
    type: 'Int',
    description: 'Whole days since it came into its stage. Lists are filtered and ordered by lastStageChangedAt.',
    extensions: { field: 'lastStageChangedAt' },
    resolve: (row: Row) => daysSince((row.lastStageChangedAt as string | null | undefined) ?? null),
  }),
)

builder.objectField(recordRef('Opportunity'), 'isRotten', (t) =>
  t.boolean({
    description:
      'Has it gone stale: is it open, and did nothing happen for as many days as its stage allows. Lists are filtered and ordered by rotsAt: { rotsAt: { lte: now } }.',
    extensions: { field: 'rotsAt', needs: ['rotsAt'] },
    resolve: (row: Row) => {
      const at = row.rotsAt as string | null | undefined
      return at === undefined ? null : at !== null && Date.parse(at) <= Date.now()
    },
  }),
)
