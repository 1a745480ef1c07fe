import type { Definition } from './definition.ts'
import { registerStandard } from './standard.ts'
import { plain, within } from './standardParts.ts'

const WON: Definition['measures'] = [
  { function: 'COUNT', label: 'Deals' },
  { function: 'SUM', field: 'amount', label: 'Amount' },
]
const won = { status: { eq: 'WON' }, ...within('actualCloseDate') }

registerStandard(
  plain(
    {
      name: 'sales.won_by_month',
      title: 'Won by month',
      description: 'Deals that were won and their amounts, by the month in which they closed.',
      category: 'SALES',
      chart: 'BAR',
    },
    {
      object: 'Opportunity',
      measures: WON,
      dimensions: [{ field: 'actualCloseDate', bucket: 'MONTH', label: 'Month' }],
      filter: won,
    },
  ),
  plain(
    {
      name: 'sales.won_by_owner',
      title: 'Won by owner',
      description: 'Deals that were won and their amounts, by owner, the largest amount first.',
      category: 'SALES',
      chart: 'BAR',
    },
    {
      object: 'Opportunity',
      measures: WON,
      dimensions: [{ field: 'ownerId', label: 'Owner' }],
      filter: won,
      orderBy: [{ by: 'MEASURE', index: 1, direction: 'DESC' }],
    },
  ),
  plain(
    {
      name: 'sales.won_by_source',
      title: 'Won by source',
      description: 'Deals that were won and their amounts, by where they came from, the largest amount first.',
      category: 'SALES',
      chart: 'PIE',
    },
    {
      object: 'Opportunity',
      measures: WON,
      dimensions: [{ field: 'sourceId', label: 'Source' }],
      filter: won,
      orderBy: [{ by: 'MEASURE', index: 1, direction: 'DESC' }],
    },
  ),
)
