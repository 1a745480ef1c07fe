import type { Shape } from '../../read/recordType.ts'
import { writeCalendar, writeHoliday } from '../../resolvers/service/calendar.ts'
import { record } from '../record.ts'
import { date, many, objects, one, text } from '../shared/fields.ts'

const FROM = {
  kind: 'text',
  description: 'When they begin, HH:MM by the wall clock, up to 23:59.',
  required: true,
  max: 5,
} as const
const TO = {
  kind: 'text',
  description: 'When they end, HH:MM after from; 24:00 is the end of the day.',
  required: true,
  max: 5,
} as const

const WeeklyHours: Shape = {
  name: 'WeeklyHours',
  description: 'Hours of every week. What goes over midnight is two ranges.',
  members: {
    day: {
      kind: 'choice',
      description: 'The day of the week.',
      required: true,
      choice: {
        name: 'Weekday',
        values: {
          MONDAY: 'On Mondays.',
          TUESDAY: 'On Tuesdays.',
          WEDNESDAY: 'On Wednesdays.',
          THURSDAY: 'On Thursdays.',
          FRIDAY: 'On Fridays.',
          SATURDAY: 'On Saturdays.',
          SUNDAY: 'On Sundays.',
        },
      },
    },
    from: FROM,
    to: TO,
  },
}

const DayHours: Shape = {
  name: 'DayHours',
  description: 'Hours of one day.',
  members: { from: FROM, to: TO },
}

record('BusinessCalendar', {
  plural: 'businessCalendars',
  prefix: 'bcal',
  description:
    'When a company works, 工作日历: what it promises is counted in these hours, by the wall clock of the time zone. docs/service.md says how.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What it is called, unique.', { required: true, max: 100 }),
    timezone: text('IANA name of the time zone, Asia/Shanghai.', { required: true, max: 50 }),
    weekly: objects('The hours of the week, as many ranges a day as there are; they do not overlap.', WeeklyHours),
  },
  relations: {
    holidays: many('Holiday', 'calendar', 'The days that are not like their weekday.'),
    policies: many('SlaPolicy', 'calendar', 'What is promised by it.'),
  },
  unique: { name: ['name'] },
  rules: { write: writeCalendar },
})

record('Holiday', {
  plural: 'holidays',
  prefix: 'hday',
  description: 'A day that is not like its weekday: off, or with hours of its own, 节假日与调休.',
  settings: true,
  fields: {
    date: date('The day; a calendar has one of each.', { required: true }),
    name: text('What it is called.', { required: true, max: 100 }),
    hours: objects('The hours that are worked; none on a day off.', DayHours),
  },
  relations: {
    calendar: one('BusinessCalendar', 'calendarId', 'The calendar.', { required: true, write: 'create', part: true }),
  },
  unique: { calendarAndDate: ['calendarId', 'date'] },
  rules: { write: writeHoliday },
})
