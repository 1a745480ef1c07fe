import { orderRuns, RECIPIENTS, writeSchedule } from '../../resolvers/reports/schedule.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, json, one, text, texts } from '../shared/fields.ts'

record('ReportSchedule', {
  plural: 'reportSchedules',
  prefix: 'rsch',
  description:
    'Sends a report or a dashboard to users by the calendar, 定时报表: each gets by mail what they themselves may see, once for each time. What was missed while nothing ran is sent once. See docs/reports.md.',
  search: ['name'],
  fields: {
    name: text('What it is called; stands in the mail.', { required: true, max: 100 }),
    standard: text('The id of a standard report, instead of reportId: standard:sales.won_by_month.', { max: 100 }),
    cron: text(
      'When, in the company’s time zone: minute, hour, day of the month, month, weekday: 0 8 * * MON. At most once an hour.',
      { required: true, max: 100 },
    ),
    recipientIds: texts(`Ids of the users who get it, 1 to ${RECIPIENTS}.`),
    format: choice(
      'What the file is.',
      'ReportFormat',
      { CSV: 'A table for spreadsheets.', JSON: 'The answer of runReport.', HTML: 'A page for browsers.' },
      { default: 'CSV' },
    ),
    parameters: json(
      'Values of the report’s parameters, an object; words such as START_OF_MONTH-1M are read at each time.',
    ),
    active: boolean(
      'Is it switched on. Switches itself off when none of its recipients or the report is there any more.',
      {
        default: true,
      },
    ),
    nextRunAt: datetime('When it comes next; null while it is switched off.', { write: 'never' }),
    lastRunAt: datetime('When it was last sent.', { write: 'never' }),
    lastError: text(
      'Why it was last not sent to somebody, or switched itself off: a code such as FIELD_FORBIDDEN, REPORT_GONE, NO_RECIPIENTS.',
      { write: 'never', max: 60 },
    ),
  },
  relations: {
    report: one('Report', 'reportId', 'What it sends, unless dashboardId or standard says it.'),
    dashboard: one('Dashboard', 'dashboardId', 'What it sends, unless reportId or standard says it.'),
    owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.'),
  },
  rules: { write: writeSchedule, done: orderRuns },
})
