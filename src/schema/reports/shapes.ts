import { BUCKETS } from '../../read/aggregate.ts'
import type { Shape } from '../../read/recordType.ts'
import { LIMITS } from '../../resolvers/reports/definition.ts'

/** How a report is drawn. */
export const CHARTS = {
  TABLE: 'A table of rows.',
  NUMBER: 'One figure.',
  BAR: 'Bars beside each other.',
  LINE: 'A line over time.',
  PIE: 'Shares of a whole.',
  FUNNEL: 'Steps that get fewer.',
}

/** Who sees a record besides its owner. */
export const VISIBILITIES = {
  PRIVATE: 'Nobody but administrators.',
  TEAM: 'The members of its owner’s teams.',
  PUBLIC: 'Everybody who may read the type.',
}

const label = {
  kind: 'text',
  description: 'What stands above the column; what it is made of if left out.',
  max: 100,
} as const

export const Measure: Shape = {
  name: 'ReportMeasure',
  description: 'What a report counts or calculates.',
  members: {
    function: {
      kind: 'choice',
      description: 'How it is calculated.',
      required: true,
      choice: {
        name: 'ReportFunction',
        values: {
          COUNT: 'How many records.',
          SUM: 'The sum of a field.',
          AVG: 'Its average.',
          MIN: 'Its least value.',
          MAX: 'Its greatest value.',
        },
      },
    },
    field: {
      kind: 'text',
      description:
        'Of all but COUNT: the name of a number or amount of the type, customFields.<apiName> for a custom field; of MIN and MAX a date too.',
      max: 100,
    },
    label,
  },
}

export const Dimension: Shape = {
  name: 'ReportDimension',
  description: 'What makes the rows of a report.',
  members: {
    field: {
      kind: 'text',
      description:
        'The name of a field of the type, customFields.<apiName>, or a field of the record that a relation to one leads to: account.industry, owner.departmentId.',
      required: true,
      max: 100,
    },
    bucket: {
      kind: 'choice',
      description: 'Of dates: the span that makes a row, in the company’s time zone; days if left out.',
      choice: {
        name: 'ReportBucket',
        values: Object.fromEntries(BUCKETS.map((one) => [one, `A ${one.toLowerCase()} of the calendar.`])),
      },
    },
    label,
  },
}

export const Parameter: Shape = {
  name: 'ReportParameter',
  description: 'What whoever runs a report may say. It stands in the filter as { "param": "name" }.',
  members: {
    name: { kind: 'text', description: 'Its name: from.', required: true, max: 40 },
    type: {
      kind: 'choice',
      description: 'What it is.',
      required: true,
      choice: {
        name: 'ReportParameterType',
        values: {
          TEXT: 'Any text, as it is.',
          CHOICE: 'One of values.',
          INT: 'A whole number.',
          DECIMAL: 'A decimal, an amount.',
          BOOLEAN: 'true or false.',
          DATE: 'A day, YYYY-MM-DD; or TODAY, START_OF_WEEK, START_OF_MONTH, START_OF_QUARTER, START_OF_YEAR, with -30D, +2W, -1M, -1Y behind it.',
          DATETIME: 'A moment, RFC 3339; or a day, which stands for its beginning in the company’s time zone.',
          ID: 'The id of a record.',
        },
      },
    },
    list: { kind: 'boolean', description: 'It is a list of them, for in and notIn.' },
    required: {
      kind: 'boolean',
      description: 'It must be given where it has no default; a condition without it is left out otherwise.',
    },
    default: { kind: 'text', description: 'What it is where nobody says it, as a text.' },
    values: { kind: 'texts', description: `Of CHOICE: what may be chosen, at most ${LIMITS.values}.` },
    label: { kind: 'text', description: 'What people read.', max: 100 },
  },
}

export const Having: Shape = {
  name: 'ReportRowCondition',
  description: 'What a measure of a row must be for the row to stand in the report.',
  members: {
    measure: {
      kind: 'int',
      description: 'The place of the measure, from 0: a count, a number or an amount.',
      required: true,
    },
    operator: {
      kind: 'choice',
      description: 'How it is compared.',
      required: true,
      choice: {
        name: 'ReportComparison',
        values: {
          EQ: 'Equal to the value.',
          NEQ: 'Not equal.',
          LT: 'Less than the value.',
          LTE: 'Less or equal.',
          GT: 'Greater than the value.',
          GTE: 'Greater or equal.',
        },
      },
    },
    value: {
      kind: 'text',
      description: 'With what, a decimal; of amounts in the currency of the row.',
      required: true,
      max: 40,
    },
  },
}

export const Order: Shape = {
  name: 'ReportSort',
  description: 'A column by which rows are ordered.',
  members: {
    by: {
      kind: 'choice',
      description: 'Where the column stands.',
      required: true,
      choice: { name: 'ReportSortBy', values: { DIMENSION: 'Among the dimensions.', MEASURE: 'Among the measures.' } },
    },
    index: { kind: 'int', description: 'Its place there, from 0.', required: true },
    direction: {
      kind: 'choice',
      description: 'Which end comes first; ASC if left out. Rows without a value stand last.',
      choice: { name: 'ReportSortDirection', values: { ASC: 'The least.', DESC: 'The greatest.' } },
    },
  },
}

export const Widget: Shape = {
  name: 'DashboardWidget',
  description: 'A report on a dashboard.',
  members: {
    reportId: {
      kind: 'text',
      description: 'The id of a report, or of a standard one: standard:sales.won_by_month.',
      required: true,
      max: 100,
    },
    title: { kind: 'text', description: 'What stands above it; the report’s name if left out.', max: 100 },
    chart: {
      kind: 'choice',
      description: 'How it is drawn; as the report says if left out.',
      choice: { name: 'ReportChart', values: CHARTS },
    },
    x: { kind: 'int', description: 'Column of the grid of 24, from 0.' },
    y: { kind: 'int', description: 'Row of the grid, from 0.' },
    w: { kind: 'int', description: 'Columns that it takes, 1 to 24.' },
    h: { kind: 'int', description: 'Rows that it takes, 1 to 100.' },
    parameters: { kind: 'json', description: 'Values of the report’s parameters, an object.', max: 5000 },
  },
}
