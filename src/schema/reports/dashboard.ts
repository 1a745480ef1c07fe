import { WIDGETS, writeDashboard } from '../../resolvers/reports/dashboard.ts'
import { record } from '../record.ts'
import { choice, longText, many, objects, one, text } from '../shared/fields.ts'
import { VISIBILITIES, Widget } from './shapes.ts'

record('Dashboard', {
  plural: 'dashboards',
  prefix: 'dash',
  visibility: true,
  description:
    'Reports side by side, 仪表盘: dashboardData runs them with the rights of whoever asks. Seen by its visibility, and by those whom it is shared with; a report that its viewer does not see is an error of its widget.',
  search: ['name', 'description'],
  fields: {
    name: text('What it is called.', { required: true, max: 100 }),
    description: longText('What it tells.'),
    layout: objects(
      `Its reports and where they stand, at most ${WIDGETS}. REFERENCE_NOT_FOUND for reports that the writer does not see.`,
      Widget,
    ),
    visibility: choice('Who sees it besides its owner.', 'Visibility', VISIBILITIES, { default: 'PRIVATE' }),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.'),
    schedules: many('ReportSchedule', 'dashboard', 'When it is sent, and to whom.'),
  },
  rules: { write: writeDashboard },
})
