import type { UserErrorInfo } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { MOST_READ, markNotificationsRead, unreadCount } from '../../resolvers/work/readNotifications.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

interface Read {
  count: number
  unread: number | null
  userErrors: UserErrorInfo[]
}

const Payload = builder.objectRef<Read>('MarkNotificationsReadPayload').implement({
  description: 'What markNotificationsRead did.',
  fields: (t) => ({
    count: t.exposeInt('count', { nullable: false, description: 'How many were unread, and are not any more.' }),
    unread: t.exposeInt('unread', { description: 'How many are unread now; null with a user error.' }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'BULK_TOO_LARGE; empty when it was done.',
    }),
  }),
})

builder.queryField('unreadNotificationCount', (t) =>
  t.int({
    nullable: false,
    description: 'How many notifications of the viewer are unread. Needs Notification.read.',
    extensions: { permission: ['Notification.read'], cost: 2 },
    resolve: (_root, _args, context) => {
      const viewer = requireViewer(context)
      return context.tenancy.readTenant(callerOf(viewer), (db) => unreadCount(db, viewer.tenantId, viewer.userId))
    },
  }),
)

builder.mutationField('markNotificationsRead', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Marks notifications of the viewer as read. Those of others, and ids that name none, count for nothing. Needs Notification.read.',
    args: {
      ids: t.arg.idList({ description: `Which ones, at most ${MOST_READ}; left out: all that are unread.` }),
    },
    extensions: { permission: ['Notification.read'] },
    resolve: (_root, { ids }, context): Read | Promise<Read> => {
      const viewer = requireViewer(context)
      if (ids && ids.length > MOST_READ) {
        const message = `At most ${MOST_READ} notifications at once.`
        const error: UserErrorInfo = { code: 'BULK_TOO_LARGE', message, field: ['ids'], details: { max: MOST_READ } }
        return { count: 0, unread: null, userErrors: [error] }
      }
      return context.tenancy.writeTenant(callerOf(viewer), async (db) => ({
        count: await markNotificationsRead({ db, viewer }, ids ? ids.map(String) : null),
        unread: await unreadCount(db, viewer.tenantId, viewer.userId),
        userErrors: [],
      }))
    },
  }),
)
