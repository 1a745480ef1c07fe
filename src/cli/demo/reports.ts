import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { createRecords } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'

/** Three reports of the demo company, and a dashboard that shows them beside standard ones. */
export async function loadReports(write: WriteContext, ownerId: string | undefined): Promise<void> {
  const period = [
    { name: 'from', type: 'DATE', default: 'START_OF_YEAR', label: 'From 起始日' },
    { name: 'to', type: 'DATE', default: 'TODAY', label: 'To 截止日' },
  ]
  const common = { visibility: 'PUBLIC', ownerId }
  const reports = await createRecords(write, recordType('Report'), [
    {
      ...common,
      name: 'Open pipeline by stage 各阶段商机',
      object: 'Opportunity',
      measures: [
        { function: 'COUNT', label: 'Deals' },
        { function: 'SUM', field: 'amount', label: 'Amount' },
      ],
      dimensions: [{ field: 'stageId', label: 'Stage' }],
      filter: { status: { eq: 'OPEN' } },
      chart: 'FUNNEL',
    },
    {
      ...common,
      name: 'Won by industry 行业成交',
      object: 'Opportunity',
      measures: [
        { function: 'COUNT', label: 'Deals' },
        { function: 'AVG', field: 'amount', label: 'Average' },
      ],
      dimensions: [{ field: 'account.industry', label: 'Industry' }],
      filter: { status: { eq: 'WON' }, actualCloseDate: { gte: { param: 'from' }, lte: { param: 'to' } } },
      parameters: period,
      chart: 'BAR',
    },
    {
      ...common,
      name: 'Customers by owner and status 客户分布',
      object: 'Account',
      measures: [{ function: 'COUNT', label: 'Customers' }],
      dimensions: [
        { field: 'ownerId', label: 'Owner' },
        { field: 'dealStatus', label: 'Deal status' },
      ],
      chart: 'TABLE',
    },
  ])
  const [stages, industries, customers] = ids(reports).map((id) => idOf('Report', id))
  const at = (reportId: string | undefined, x: number, y: number) => ({ reportId, x, y, w: 12, h: 8 })
  ids(
    await createRecords(write, recordType('Dashboard'), [
      {
        ...common,
        name: 'Sales 销售看板',
        layout: [
          at(stages, 0, 0),
          at(industries, 12, 0),
          at('standard:funnel.lead_to_won', 0, 8),
          at(customers, 12, 8),
        ],
      },
    ]),
  )
}
