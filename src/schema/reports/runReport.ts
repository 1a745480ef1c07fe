import type { Context } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import type { Cell } from '../../resolvers/reports/compile.ts'
import { completeDefinition } from '../../resolvers/reports/definition.ts'
import { openReports } from '../../resolvers/reports/open.ts'
import { type Column, type Result, runDefinition } from '../../resolvers/reports/run.ts'
import { builder } from '../builder.ts'
import { enumType, shapeType } from '../shared/kinds.ts'
import type { Any } from '../shared/names.ts'
import { CURRENCIES } from './report.ts'
import { Dimension, Having, Measure, Order, Parameter } from './shapes.ts'

const ColumnKind = builder.enumType('ReportColumnKind', {
  description: 'What a column of a report is.',
  values: {
    DIMENSION: { description: 'It makes the rows.' },
    MEASURE: { description: 'It is counted or calculated.' },
  } as const,
})

const ColumnType = builder.enumType('ReportColumnType', {
  description: 'What stands in the cells of a column.',
  values: {
    TEXT: { description: 'A text, or a value of a choice.' },
    BOOLEAN: { description: 'true or false.' },
    INTEGER: { description: 'A whole number.' },
    DECIMAL: { description: 'A decimal as a text.' },
    MONEY: { description: '{ "amount": "12.50", "currency": "USD" }.' },
    DATE: { description: 'A day, YYYY-MM-DD; of a longer span its first.' },
    DATETIME: { description: 'A moment, RFC 3339 in UTC.' },
    RECORD: { description: '{ "id": "…", "name": "…" }; null where the viewer does not see it.' },
  } as const,
})

const ReportColumn = builder.objectRef<Column>('ReportColumn').implement({
  description: 'A column of a report.',
  fields: (t) => ({
    key: t.exposeString('key', { nullable: false, description: 'What it is made of: account.industry, SUM amount.' }),
    label: t.exposeString('label', { nullable: false, description: 'What stands above it.' }),
    kind: t.expose('kind', {
      type: ColumnKind,
      nullable: false,
      description: 'Does it make rows or is it calculated.',
    }),
    type: t.field({
      type: ColumnType,
      nullable: false,
      description: 'What stands in its cells.',
      resolve: ({ type }) => type as 'TEXT',
    }),
  }),
})

const ReportRow = builder.objectRef<{ values: Cell[] }>('ReportRow').implement({
  description: 'A row of a report.',
  fields: (t) => ({
    values: t.field({
      type: ['JSON'] as Any,
      nullable: { list: false, items: true },
      description: 'A cell for each column; null: no value.',
      resolve: ({ values }) => values as Any,
    }),
  }),
})

/** The answer of a report. */
export const ReportResult = builder.objectRef<Result>('ReportResult').implement({
  description: 'The figures of a report, as the caller may see them.',
  fields: (t) => ({
    columns: t.field({
      type: [ReportColumn],
      nullable: { list: false, items: false },
      description: 'Its columns: dimensions, the currency where amounts are told apart by it, measures.',
      resolve: ({ columns }) => columns,
    }),
    rows: t.field({
      type: [ReportRow],
      nullable: { list: false, items: false },
      description: 'Its rows, at most 1,000, in their order.',
      resolve: ({ rows }) => rows,
    }),
    totals: t.field({
      type: [ReportRow],
      nullable: { list: false, items: false },
      description:
        'The same over all records, those of rows that are cut off or left out by having too: one row, or one for each currency. Cells of dimensions are null, averages those of the records.',
      resolve: ({ totals }) => totals,
    }),
    truncated: t.exposeBoolean('truncated', {
      nullable: false,
      description: 'Are there more rows than these: more than rowLimit, or than 1,000.',
    }),
  }),
})

const list = (t: Any, shape: Parameters<typeof shapeType>[0], description: string) =>
  t.field({ type: [shapeType(shape).input], description })

const DefinitionInput = builder.inputType('ReportDefinitionInput', {
  description: 'A report that is not saved; the fields are those of Report.',
  fields: (t: Any) =>
    ({
      object: t.string({ required: true, description: 'Name of the type: Opportunity.' }),
      measures: list(t, Measure, 'What it counts and calculates.'),
      dimensions: list(t, Dimension, 'What makes its rows.'),
      filter: t.field({ type: 'JSON', description: 'Which records; all if left out.' }),
      parameters: list(t, Parameter, 'What may be said in parameters.'),
      having: list(t, Having, 'Which rows, by their measures.'),
      orderBy: list(t, Order, 'The order of its rows.'),
      rowLimit: t.int({ description: 'Most rows, 1 to 1,000.' }),
      currencies: t.field({
        type: enumType(
          { name: 'ReportCurrencies', values: CURRENCIES },
          'What becomes of amounts in several currencies.',
        ),
        description: 'What becomes of amounts in several currencies; EACH if left out.',
      }),
    }) as Any,
})

const ERRORS =
  'Errors: BAD_USER_INPUT with the path of what is wrong, FORBIDDEN and FIELD_FORBIDDEN for types and fields that the caller may not use, CURRENCY_RATE_MISSING, TIMEOUT.'

builder.queryField('runReport', (t) =>
  t.field({
    type: ReportResult,
    description: `Runs a report over what the caller sees, with their rights; null for one that there is not. ${ERRORS} Needs Report.read and the right to read its type.`,
    args: {
      id: t.arg.id({ required: true, description: 'The report, or standard:… of standardReports.' }),
      parameters: t.arg({ type: 'JSON', description: 'An object: values by the names of its parameters.' }),
    },
    extensions: { permission: ['Report.read'], cost: 40 },
    resolve: (_root, { id, parameters }, context: Context) => {
      const viewer = requireViewer(context)
      return context.tenancy.readTenant(callerOf(viewer), async (db) => {
        const [report] = await openReports(db, viewer, [String(id)])
        return report ? report.run(db, viewer, parameters) : null
      })
    },
  }),
)

/** A list of shapes as clients write it: nulls are as good as left out. */
function plain<T>(given: T): T {
  if (Array.isArray(given)) return given.map(plain) as T
  if (typeof given !== 'object' || given === null) return given
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined)) as T
}

builder.queryField('runReportDefinition', (t) =>
  t.field({
    type: ReportResult,
    nullable: false,
    description: `Runs a report that is not saved, as runReport does: for who is making one. ${ERRORS} Needs Report.read and the right to read its type.`,
    args: {
      definition: t.arg({ type: DefinitionInput as Any, required: true, description: 'The report.' }),
      parameters: t.arg({ type: 'JSON', description: 'An object: values by the names of its parameters.' }),
    },
    extensions: { permission: ['Report.read'], cost: 40 },
    resolve: (_root, { definition, parameters }: Any, context: Context) => {
      const viewer = requireViewer(context)
      const { filter, ...rest } = definition
      const whole = completeDefinition({
        ...(Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, plain(value)])) as Any),
        filter,
      })
      return context.tenancy.readTenant(callerOf(viewer), (db) => runDefinition(db, viewer, whole, parameters))
    },
  }),
)
