import type { Row } from '../../read/finish.ts'
import { uuidOf } from '../../read/values.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { remainingMinutes, type Shown } from '../../resolvers/service/sla/remaining.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, int, one } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { MILESTONE_TYPES } from './caseFields.ts'

const kept = { write: 'never' } as const

record('CaseMilestone', {
  plural: 'caseMilestones',
  prefix: 'cmil',
  description: 'A time in which something about a case is to be done; each beginning has one of its own.',
  operations: [],
  fields: {
    type: choice('What is to be done.', 'CaseMilestoneType', MILESTONE_TYPES, kept),
    minutes: int('Business minutes that there are.', kept),
    startedAt: datetime('When it began.', kept),
    targetAt: datetime('By when it is to be done; while it stands, as it was when it came to stand.', kept),
    pausedSec: int('Business seconds for which it stood.', kept),
    pausedSince: datetime('Since when it stands; null while it runs.', kept),
    completedAt: datetime('When it was done.', kept),
    cancelledAt: datetime(
      'When it ended without being kept or missed: the case was resolved before it was answered.',
      kept,
    ),
    elapsedSec: int('Business seconds that it took, what it stood left out; null while it runs.', kept),
    isViolated: boolean('Was it missed.', kept),
    warnPct: int('Per cent of the time after which the owner is warned.', kept),
    warnedAt: datetime('When the owner was warned that it is about to end.', kept),
  },
  relations: {
    case: one('Case', 'caseId', 'The case that it is about.', { ...kept, part: true }),
    calendar: one(
      'BusinessCalendar',
      'calendarId',
      'The hours in which it is counted: those that it began with.',
      kept,
    ),
  },
})

builder.objectField(recordRef('CaseMilestone'), 'remainingMinutes', (t) =>
  t.field({
    type: 'Int',
    description:
      'Business minutes that are left at this moment, whole ones; less than 0 when it is late. Of what has ended, what was left then.',
    extensions: {
      cost: 2,
      needs: ['calendarId', 'minutes', 'startedAt', 'pausedSec', 'pausedSince', 'completedAt', 'cancelledAt'],
    },
    resolve: (row: Row, _args, context) =>
      remainingMinutes(context, requireViewer(context), {
        ...(row as unknown as Shown),
        calendar: uuidOf('BusinessCalendar', row.calendarId as string),
      }),
  }),
)
