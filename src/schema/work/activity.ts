import type { Shape } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import { deleteActivity, writeActivity } from '../../resolvers/work/activity.ts'
import { afterActivities } from '../../resolvers/work/response.ts'
import { record } from '../record.ts'
import {
  attached,
  boolean,
  choice,
  datetime,
  decimal,
  int,
  longText,
  many,
  objects,
  one,
  text,
  url,
} from '../shared/fields.ts'

const Attendee: Shape = {
  name: 'Attendee',
  description: 'Someone who is to take part: a user, a contact or a lead by recordId, or anybody by name.',
  members: {
    recordId: { kind: 'text', description: 'Id of a live user, contact or lead; NOT_FOUND otherwise.', max: 100 },
    name: { kind: 'text', description: 'Name of one who is no record; required without recordId.' },
    email: { kind: 'email', description: 'E-mail address to invite.' },
    response: {
      kind: 'choice',
      description: 'What they answered.',
      choice: {
        name: 'AttendeeResponse',
        values: {
          NONE: 'Nothing yet.',
          ACCEPTED: 'Will come.',
          TENTATIVE: 'Perhaps will come.',
          DECLINED: 'Will not come.',
        },
      },
    },
  },
}

record('Activity', {
  plural: 'activities',
  prefix: 'acti',
  description:
    'Something that happened or will happen with customers, 跟进记录: a call, a meeting, a message, a visit, a note. What it is about stands in links.',
  search: ['subject', 'location'],
  inherits: { links: 'READ' },
  // Who is invited stands among the attendees by their id.
  seen: (alias, user, { params }) =>
    user
      ? `(NOT ${alias}.is_private OR ${alias}.owner_id = ${params.add(user, 'uuid')} OR ${alias}.attendees @> ${params.add(JSON.stringify([{ recordId: idOf('User', user) }]), 'jsonb')})`
      : `NOT ${alias}.is_private`,
  fields: {
    kind: choice(
      'What it is.',
      'ActivityKind',
      {
        CALL: 'A telephone call.',
        MEETING: 'A meeting.',
        EMAIL: 'An e-mail.',
        SMS: 'A short message.',
        VISIT: 'A visit at the customer’s, 拜访.',
        NOTE: 'A note for the record.',
        FOLLOW_UP: 'A follow-up of another kind, 跟进.',
      },
      { required: true },
    ),
    subject: text('What it is about, in a line.'),
    body: longText('What was said or is to be said.'),
    direction: choice('Who began it.', 'ActivityDirection', { INBOUND: 'The customer.', OUTBOUND: 'The tenant.' }),
    status: choice(
      'Where it stands.',
      'ActivityStatus',
      {
        PLANNED: 'Still to come.',
        DONE: 'It happened.',
        CANCELLED: 'Called off.',
        NO_SHOW: 'The customer did not come.',
      },
      { default: 'PLANNED' },
    ),
    startAt: datetime('When it begins.'),
    endAt: datetime('When it ends; not before startAt.'),
    durationSec: int('How long it took, seconds.', { range: { min: 0 } }),
    allDay: boolean('Does it take whole days.', { default: false }),
    location: text('Where it takes place.', { max: 500 }),
    lat: decimal('Where a visit checked in, 签到: latitude in degrees.', { range: { min: -90, max: 90 } }),
    lng: decimal('Where a visit checked in, 签到: longitude in degrees.', { range: { min: -180, max: 180 } }),
    outcome: text('What came of it.', { max: 2000 }),
    nextFollowUpAt: datetime(
      'When to get in touch next; in the future when it is written, VALIDATION_FAILED otherwise.',
    ),
    attendees: objects('Who takes part.', Attendee),
    isPrivate: boolean('Is it its owner’s and its attendees’ matter: nobody else sees it, administrators included.', {
      default: false,
    }),
    recordingUrl: url('Where a recording is kept.'),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.'),
    links: many('ActivityLink', 'activity', 'The records that it is about.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  rules: { write: writeActivity, delete: deleteActivity, done: afterActivities },
})
