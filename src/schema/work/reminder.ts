import { writeReminder } from '../../resolvers/work/reminder.ts'
import { record } from '../record.ts'
import { choice, datetime, int, one } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('Reminder', {
  plural: 'reminders',
  prefix: 'remi',
  description:
    'When the viewer wants to be reminded of a task or an activity, 提醒: at a moment, or so long before it is due or begins; it moves with that. Sent once, by a notification REMINDER; not for what is done or called off. Everybody sees and sets their own.',
  seen: (alias, user, { params }) => (user ? `${alias}.user_id = ${params.add(user, 'uuid')}` : 'false'),
  fields: {
    at: datetime('The moment; this or offsetMinutes.'),
    offsetMinutes: int('How many minutes before the task is due, or the activity begins; this or at.', {
      range: { min: 0, max: 525_600 },
    }),
    channel: choice(
      'How to be reminded.',
      'ReminderChannel',
      {
        IN_APP: 'By a notification in the application.',
        EMAIL: 'By a mail to the user’s address.',
        WEBHOOK: 'By a webhook, see notificationSettings.',
      },
      { default: 'IN_APP' },
    ),
    firesAt: datetime('When it is sent; null while there is nothing to remind of.', { ...kept, sort: false }),
    sentAt: datetime('When it was sent; another moment makes it a new one.', kept),
  },
  relations: {
    user: one('User', 'userId', 'Who is reminded: who made it.', kept),
    task: one('Task', 'taskId', 'The task to be reminded of; this or an activity.', { write: 'create' }),
    activity: one('Activity', 'activityId', 'The activity to be reminded of; this or a task.', { write: 'create' }),
  },
  rules: { write: writeReminder },
})
