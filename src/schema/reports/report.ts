import { LIMITS } from '../../resolvers/reports/definition.ts'
import { writeReport } from '../../resolvers/reports/report.ts'
import { record } from '../record.ts'
import { choice, int, json, longText, many, objects, one, text } from '../shared/fields.ts'
import { CHARTS, Dimension, Having, Measure, Order, Parameter, VISIBILITIES } from './shapes.ts'

/** How amounts of several currencies stand beside each other. */
export const CURRENCIES = {
  EACH: 'In their own, a row for each currency.',
  BASE: 'In the company’s base currency, at the rates of the day on which it is run; CURRENCY_RATE_MISSING without one.',
}

record('Report', {
  plural: 'reports',
  prefix: 'rprt',
  visibility: true,
  description:
    'Figures over the records of a type, 报表: runReport runs it with the rights of whoever asks, over what they see. Its definition is checked when it is written: VALIDATION_FAILED and FIELD_FORBIDDEN with the path. Seen by its visibility, and by those whom it is shared with. See docs/reports.md.',
  search: ['name', 'description'],
  fields: {
    name: text('What it is called.', { required: true, max: 100 }),
    object: text('Name of the type that it is about: Opportunity.', { required: true, max: 60 }),
    description: longText('What it tells.'),
    measures: objects(`What it counts and calculates, 1 to ${LIMITS.measures}.`, Measure),
    dimensions: objects(`What makes its rows, at most ${LIMITS.dimensions}; none: one row.`, Dimension),
    filter: json(
      'Which records: what where of the type’s list takes, as JSON, with { "param": "from" } in the place of operands. At most 20,000 characters.',
      { max: LIMITS.filter },
    ),
    parameters: objects(`What whoever runs it may say, at most ${LIMITS.parameters}.`, Parameter),
    having: objects(
      `Which rows, by what they count and calculate: all must hold; at most ${LIMITS.having}. Totals are over the records of all rows.`,
      Having,
    ),
    orderBy: objects('The order of its rows; that of the dimensions if left out.', Order),
    rowLimit: int('Most rows; 1,000 if left out.', { range: { min: 1, max: LIMITS.rows } }),
    currencies: choice('What becomes of amounts in several currencies.', 'ReportCurrencies', CURRENCIES, {
      default: 'EACH',
    }),
    chart: choice('How it is drawn.', 'ReportChart', CHARTS, { default: 'TABLE' }),
    visibility: choice('Who sees it besides its owner.', 'Visibility', VISIBILITIES, { default: 'PRIVATE' }),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.'),
    schedules: many('ReportSchedule', 'report', 'When it is sent, and to whom.'),
  },
  rules: { write: writeReport },
})
