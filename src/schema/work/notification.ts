import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import type { Row } from '../../read/finish.ts'
import { recordTypeOfPrefix } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { datetime, int, json, longText, one, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { Node } from '../shared/types.ts'

const kept = { write: 'never' } as const

record('Notification', {
  plural: 'notifications',
  prefix: 'noti',
  description:
    'What a user is told, 通知. Everybody sees their own and nobody else’s, administrators included. One of a group that was not read yet is counted up instead of told again.',
  seen: (alias, user, { params }) => (user ? `${alias}.user_id = ${params.add(user, 'uuid')}` : 'false'),
  fields: {
    type: text('What happened: TASK_ASSIGNED. docs/notifications.md lists them.', kept),
    title: text('What happened, in a line.', { ...kept, max: 500 }),
    body: longText('More of it.', kept),
    payload: json('What programs need to know of it.', kept),
    objectType: text('Name of the type of the record that it is about.', kept),
    recordId: text('Id of the record that it is about; record is that record, where the viewer may see it.', kept),
    groupKey: text('What is told under one key is one notification until it is read.', kept),
    count: int('How often it was told since it was last read.', kept),
    toldAt: datetime('When it was last told.', kept),
    readAt: datetime('When it was read; null for unread ones.', kept),
  },
  relations: { user: one('User', 'userId', 'Whom it tells.', kept) },
  operations: [],
})

builder.objectField(recordRef('Notification'), 'record', (t) =>
  t.field({
    type: Node,
    description:
      'The record that it is about; null for none, and for one that the viewer may not see, or not any more.',
    extensions: { needs: ['recordId'] },
    resolve: async (row: Row, _args, context: Context, info) => {
      const decoded = decodeId(String(row.recordId ?? ''))
      const type = decoded && recordTypeOfPrefix(decoded.prefix)
      if (!decoded || !type || !requireViewer(context).access.may('read', type.name)) return null
      const found = await context.loaders.load(context, requireViewer(context), info, type, decoded.uuid)
      return found as { id: string } | null
    },
  }),
)
