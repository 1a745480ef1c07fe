import type { Definition, Parameter } from './definition.ts'
import { registerStandard } from './standard.ts'
import { during, MOMENTS, PERIOD, plain, within } from './standardParts.ts'

const COMPANIES: Definition['measures'] = [{ function: 'COUNT', label: 'Companies' }]
const newOnes = (name: string, title: string, dimension: Definition['dimensions'][number], chart: string) =>
  plain(
    {
      name: `customers.${name}`,
      title,
      description: 'Companies that were entered in a time.',
      category: 'CUSTOMERS',
      chart,
      parameters: MOMENTS,
    },
    { object: 'Account', measures: COMPANIES, dimensions: [dimension], filter: during('createdAt') },
  )

const BEFORE: Parameter[] = [{ name: 'before', type: 'DATETIME', default: 'TODAY-30D', label: 'No contact since' }]

registerStandard(
  newOnes('new_by_month', 'New customers by month', { field: 'createdAt', bucket: 'MONTH', label: 'Month' }, 'LINE'),
  newOnes('new_by_level', 'New customers by level', { field: 'levelId', label: 'Level' }, 'PIE'),
  newOnes('new_by_source', 'New customers by source', { field: 'sourceId', label: 'Source' }, 'PIE'),
  plain(
    {
      name: 'customers.without_contact',
      title: 'Customers without contact',
      description: 'Companies with which nothing has happened since a day, or ever, by owner.',
      category: 'CUSTOMERS',
      chart: 'BAR',
      parameters: BEFORE,
    },
    {
      object: 'Account',
      measures: COMPANIES,
      dimensions: [{ field: 'ownerId', label: 'Owner' }],
      filter: { or: [{ lastActivityAt: { lt: { param: 'before' } } }, { lastActivityAt: { isNull: true } }] },
      orderBy: [{ by: 'MEASURE', index: 0, direction: 'DESC' }],
    },
  ),
  plain(
    {
      name: 'funnel.leads_by_status',
      title: 'Leads by status',
      description: 'Leads that were entered in a time, by where they stand now.',
      category: 'FUNNEL',
      chart: 'BAR',
      parameters: MOMENTS,
    },
    {
      object: 'Lead',
      measures: [{ function: 'COUNT', label: 'Leads' }],
      dimensions: [{ field: 'status', label: 'Status' }],
      filter: during('createdAt'),
    },
  ),
  plain(
    {
      name: 'activities.by_employee',
      title: 'Activities by employee',
      description: 'Activities that took place in a time, by whose they are and what they were.',
      category: 'ACTIVITIES',
      chart: 'BAR',
      parameters: MOMENTS,
    },
    {
      object: 'Activity',
      measures: [{ function: 'COUNT', label: 'Activities' }],
      dimensions: [
        { field: 'ownerId', label: 'Employee' },
        { field: 'kind', label: 'Kind' },
      ],
      filter: { status: { eq: 'DONE' }, ...during('startAt') },
    },
  ),
  plain(
    {
      name: 'money.receipts_by_owner',
      title: 'Receipts by owner',
      description:
        'What was received between two days, in the currencies of the contracts, by the contracts’ owners. What was paid from a credit was received before; refunds are not taken off.',
      category: 'MONEY',
      chart: 'BAR',
      parameters: PERIOD,
    },
    {
      object: 'Receipt',
      measures: [
        { function: 'COUNT', label: 'Receipts' },
        { function: 'SUM', field: 'amount', label: 'Amount' },
      ],
      dimensions: [{ field: 'contract.ownerId', label: 'Owner' }],
      filter: {
        status: { in: ['CONFIRMED', 'REVERSED'] },
        method: { neq: 'ACCOUNT_CREDIT' },
        ...within('receivedOn'),
      },
      currencies: 'EACH',
    },
  ),
  plain(
    {
      name: 'money.receivables_by_owner',
      title: 'Receivables by owner',
      description:
        'What is due by a day and not received yet, in the currencies of the contracts, by the contracts’ owners.',
      category: 'MONEY',
      chart: 'BAR',
      parameters: [{ name: 'by', type: 'DATE', label: 'Due by' }],
    },
    {
      object: 'ReceiptPlan',
      measures: [
        { function: 'COUNT', label: 'Plans' },
        { function: 'SUM', field: 'unreceivedAmount', label: 'Open' },
      ],
      dimensions: [{ field: 'contract.ownerId', label: 'Owner' }],
      filter: { status: { in: ['PENDING', 'PARTIAL', 'OVERDUE'] }, dueDate: { lte: { param: 'by' } } },
      currencies: 'EACH',
    },
  ),
  ...(
    [
      ['by_status', 'Cases by status', 'status', 'Status', 'PIE'],
      ['by_priority', 'Cases by priority', 'priority', 'Priority', 'BAR'],
      ['by_queue', 'Cases by queue', 'queueId', 'Queue', 'BAR'],
    ] as const
  ).map(([name, title, field, label, chart]) =>
    plain(
      {
        name: `service.${name}`,
        title,
        description: 'Cases that came in in a time.',
        category: 'SERVICE',
        chart,
        parameters: MOMENTS,
      },
      {
        object: 'Case',
        measures: [{ function: 'COUNT', label: 'Cases' }],
        dimensions: [{ field, label }],
        filter: during('createdAt'),
      },
    ),
  ),
)
