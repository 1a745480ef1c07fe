import type { Context } from '../../context.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { dashboardData, type WidgetData } from '../../resolvers/reports/dashboardData.ts'
import { builder } from '../builder.ts'
import { enumType, shapeType } from '../shared/kinds.ts'
import type { Any } from '../shared/names.ts'
import { ReportResult } from './runReport.ts'
import { CHARTS, Widget } from './shapes.ts'

const WidgetError = builder.objectRef<{ code: string; message: string }>('DashboardWidgetError').implement({
  description: 'Why a widget has no figures.',
  fields: (t) => ({
    code: t.exposeString('code', {
      nullable: false,
      description: 'NOT_FOUND for a report that the caller does not see, or what runReport answers.',
    }),
    message: t.exposeString('message', { nullable: false, description: 'The same in words.' }),
  }),
})

const Data = builder.objectRef<WidgetData>('DashboardWidgetData').implement({
  description: 'A widget with its figures, or why it has none.',
  fields: (t) => ({
    widget: t.field({
      type: shapeType(Widget).output,
      nullable: false,
      description: 'Which report, and where it stands.',
      resolve: ({ widget }) => widget as Any,
    }),
    title: t.exposeString('title', { description: 'What stands above it: its own title, or the name of the report.' }),
    chart: t.field({
      type: enumType({ name: 'ReportChart', values: CHARTS }, 'How a report is drawn.'),
      description: 'How it is drawn: as it says itself, or as the report does.',
      resolve: ({ chart }) => chart as Any,
    }),
    result: t.field({ type: ReportResult, description: 'Its figures.', resolve: ({ result }) => result }),
    error: t.field({ type: WidgetError, description: 'Why it has none.', resolve: ({ error }) => error }),
  }),
})

const DashboardData = builder.objectRef<{ name: string; widgets: WidgetData[] }>('DashboardData').implement({
  description: 'A dashboard with its figures.',
  fields: (t) => ({
    name: t.exposeString('name', { nullable: false, description: 'What it is called.' }),
    widgets: t.field({
      type: [Data],
      nullable: { list: false, items: false },
      description: 'Its widgets, in their order; at most 24.',
      resolve: ({ widgets }) => widgets,
    }),
  }),
})

builder.queryField('dashboardData', (t) =>
  t.field({
    type: DashboardData,
    description:
      'Runs the reports of a dashboard with the rights of the caller; null for one that there is not. What goes wrong with one of them is the error of its widget. Needs Dashboard.read and Report.read.',
    args: {
      id: t.arg.id({ required: true, description: 'The dashboard.' }),
      parameters: t.arg({
        type: 'JSON',
        description:
          'An object: values by name, for all reports that have such a parameter; they go before those of the widgets.',
      }),
    },
    extensions: { permission: ['Dashboard.read', 'Report.read'], cost: 300 },
    resolve: (_root, { id, parameters }, context: Context) =>
      dashboardData(context, requireViewer(context), { id: String(id), parameters }),
  }),
)
