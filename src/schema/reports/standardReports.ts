import { requireViewer } from '../../resolvers/mutation.ts'
import { STANDARD, type Standard, standardReports } from '../../resolvers/reports/standard.ts'
import '../../resolvers/reports/standardOthers.ts'
import '../../resolvers/reports/standardSales.ts'
import '../../resolvers/reports/standardVerbs.ts'
import { builder } from '../builder.ts'
import { enumType, shapeType } from '../shared/kinds.ts'
import type { Any } from '../shared/names.ts'
import { CHARTS, Parameter } from './shapes.ts'

const Category = builder.enumType('StandardReportCategory', {
  description: 'What standard reports are about.',
  values: {
    SALES: { description: 'Deals that are won and lost.' },
    CUSTOMERS: { description: 'Companies.' },
    FUNNEL: { description: 'From lead to deal.' },
    ACTIVITIES: { description: 'What people did.' },
    MONEY: { description: 'What came in and what is owed.' },
    PERFORMANCE: { description: 'Employees beside each other.' },
    SERVICE: { description: 'Cases of customers.' },
    MARKETING: { description: 'Campaigns.' },
  } as const,
})

const StandardReport = builder.objectRef<Standard>('StandardReport').implement({
  description: 'A report that Atrium brings along. runReport runs it by its id.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'standard:sales.won_by_month; the same in every company.',
      resolve: ({ name }) => `${STANDARD}${name}`,
    }),
    name: t.string({ nullable: false, description: 'What it is called.', resolve: ({ title }) => title }),
    description: t.exposeString('description', { nullable: false, description: 'What it tells.' }),
    category: t.expose('category', { type: Category, nullable: false, description: 'What it is about.' }),
    chart: t.field({
      type: enumType({ name: 'ReportChart', values: CHARTS }, 'How a report is drawn.'),
      nullable: false,
      description: 'How it is drawn.',
      resolve: ({ chart }) => chart as Any,
    }),
    parameters: t.field({
      type: [shapeType(Parameter).output],
      nullable: { list: false, items: false },
      description: 'What whoever runs it may say.',
      resolve: ({ parameters }) => parameters as Any,
    }),
  }),
})

builder.queryField('standardReports', (t) =>
  t.field({
    type: [StandardReport],
    nullable: { list: false, items: false },
    description: 'The reports that Atrium brings along. Needs Report.read.',
    extensions: { permission: ['Report.read'] },
    resolve: (_root, _args, context) => {
      requireViewer(context)
      return standardReports()
    },
  }),
)
