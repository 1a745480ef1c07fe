import type { UserErrorInfo } from '../../errors.ts'
import {
  type CalendarFeed,
  calendarFeed,
  createCalendarFeed,
  deleteCalendarFeed,
} from '../../resolvers/work/calendarFeed.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const Feed = builder.objectRef<CalendarFeed>('CalendarFeed').implement({
  description:
    'The viewer’s calendar as calendar programs subscribe to it, 日历订阅. Its address is shown once, by createCalendarFeed.',
  fields: (t) => ({
    createdAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When its address was made.',
      resolve: ({ createdAt }) => createdAt,
    }),
  }),
})

const Created = builder.objectRef<{ url: string; userErrors: UserErrorInfo[] }>('CreateCalendarFeedPayload').implement({
  description: 'What createCalendarFeed did.',
  fields: (t) => ({
    url: t.exposeString('url', {
      nullable: false,
      description: 'The address to subscribe to. Whoever has it reads the calendar; it is shown this once.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'Always empty: there is nothing that the caller could say wrong.',
    }),
  }),
})

const Deleted = builder
  .objectRef<{ deleted: boolean; userErrors: UserErrorInfo[] }>('DeleteCalendarFeedPayload')
  .implement({
    description: 'What deleteCalendarFeed did.',
    fields: (t) => ({
      deleted: t.exposeBoolean('deleted', { nullable: false, description: 'Was there one.' }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'Always empty: there is nothing that the caller could say wrong.',
      }),
    }),
  })

builder.queryField('calendarFeed', (t) =>
  t.field({
    type: Feed,
    description: 'The viewer’s calendar feed; null when there is none. FORBIDDEN for keys without a user.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => calendarFeed(context),
  }),
)

builder.mutationField('createCalendarFeed', (t) =>
  t.field({
    type: Created,
    nullable: false,
    description:
      'Makes the viewer’s calendar feed (iCalendar): the activities that they own or are invited to and their open tasks, 30 days back and a year ahead, as far as they may see them. Called again it makes another address, and the one before opens nothing. FORBIDDEN for keys without a user.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => createCalendarFeed(context),
  }),
)

builder.mutationField('deleteCalendarFeed', (t) =>
  t.field({
    type: Deleted,
    nullable: false,
    description:
      'Ends the viewer’s calendar feed: its address opens nothing any more. FORBIDDEN for keys without a user.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => deleteCalendarFeed(context),
  }),
)
