import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import type { ConnectionArgs } from '../../read/emit.ts'
import { PAGE } from '../../read/emit.ts'
import type { Row } from '../../read/finish.ts'
import { readConnection } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import {
  addSegmentMembers,
  membersOf,
  refreshSegment,
  removeSegmentMembers,
  writeSegment,
} from '../../resolvers/customers/segment.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, datetime, int, json, longText, many, one, text } from '../shared/fields.ts'
import { connectionArgs } from '../shared/inputs.ts'
import { connectionRef, payloadRef, recordRef } from '../shared/names.ts'
import { viewerOf, within } from '../shared/parts.ts'

const kept = { write: 'never' } as const

record('Segment', {
  plural: 'segments',
  prefix: 'segt',
  description:
    'A group of companies, people or leads, 客户分群: listed one by one (static), or all that a filter finds (dynamic). Who looks at its members sees those that they may see, whoever made it.',
  search: ['name'],
  fields: {
    name: text('What it is called.', { required: true }),
    description: longText('What it is for.'),
    object: choice(
      'Type of its members.',
      'SegmentObject',
      { ACCOUNT: 'Companies, in accounts.', CONTACT: 'People, in contacts.', LEAD: 'Leads, in leads.' },
      { default: 'ACCOUNT', write: 'create' },
    ),
    kind: choice(
      'How it finds them.',
      'SegmentKind',
      {
        STATIC: 'They are listed: addSegmentMembers, removeSegmentMembers.',
        DYNAMIC: 'By filter, anew whenever somebody looks.',
      },
      { default: 'STATIC', write: 'create' },
    ),
    filter: json(
      'Of a dynamic one, required: what where of accounts, contacts or leads takes, as JSON: {"industry": {"eq": "retail"}}. Checked as where is: VALIDATION_FAILED with the path of what is wrong, FIELD_FORBIDDEN for fields that the writer may not filter by. At most 20,000 characters.',
      { max: 20_000 },
    ),
    memberCount: int('How many members whoever last refreshed it saw; null before.', kept),
    refreshedAt: datetime('When they were last counted: refreshSegment.', kept),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose it is; the caller if left out on create.'),
    members: many('SegmentMember', 'segment', 'Of a static one: what is in it.'),
  },
  rules: { write: writeSegment },
})

/** The members of a segment as records: pages of the read engine under the viewer's own access. */
for (const [name, plural] of [
  ['Account', 'accounts'],
  ['Contact', 'contacts'],
  ['Lead', 'leads'],
] as const) {
  builder.objectField(recordRef('Segment'), plural, (t) =>
    t.field({
      type: connectionRef(name),
      description: `Its members where they are ${plural}, as far as the viewer may see them; null for segments of other types, and with FIELD_FORBIDDEN where the filter is hidden. Pages as the root field does. Each segment is a statement of its own. Needs ${name}.read.`,
      args: connectionArgs(t, name),
      extensions: {
        needs: ['id', 'object', 'kind', 'filter'],
        field: 'filter',
        connection: true,
        defaultSize: PAGE.default,
      },
      resolve: async (row: Row, args: ConnectionArgs, context: Context, info: GraphQLResolveInfo) => {
        if (row.object !== name.toUpperCase()) return null
        const viewer = viewerOf(context, info, name)
        const { type: of, where } = membersOf(row.id as string, row)
        if (!where) return null
        return readConnection(context, viewer, of, within(args, where), info)
      },
    }),
  )
}

const ids = 'The records, companies, people or leads as the segment has them; at most 200.'

builder.mutationField('addSegmentMembers', (t) =>
  t.field({
    type: payloadRef('Segment'),
    nullable: false,
    description:
      'Puts records into a static segment, all or none; those that are in it stay. Errors: NOT_FOUND, also for a record of another type, FORBIDDEN, INVALID_STATE for a dynamic one, BULK_TOO_LARGE. Needs Segment.update and SegmentMember.create.',
    args: {
      segmentId: t.arg.id({ required: true, description: 'The segment to fill.' }),
      recordIds: t.arg.idList({ required: true, description: ids }),
    },
    extensions: { permission: ['Segment.update', 'SegmentMember.create'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Segment'), path: ['segment'] }, (write) =>
        addSegmentMembers(write, args),
      ),
  }),
)

builder.mutationField('removeSegmentMembers', (t) =>
  t.field({
    type: payloadRef('Segment'),
    nullable: false,
    description:
      'Takes records out of a static segment; those that are not in it are passed over. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for a dynamic one, BULK_TOO_LARGE. Needs Segment.update and SegmentMember.delete.',
    args: {
      segmentId: t.arg.id({ required: true, description: 'The segment to take from.' }),
      recordIds: t.arg.idList({ required: true, description: ids }),
    },
    extensions: { permission: ['Segment.update', 'SegmentMember.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Segment'), path: ['segment'] }, (write) =>
        removeSegmentMembers(write, args),
      ),
  }),
)

builder.mutationField('refreshSegment', (t) =>
  t.field({
    type: payloadRef('Segment'),
    nullable: false,
    description:
      'Counts the members of a segment as the caller sees them, and notes number and moment. Errors: NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for a filter that the API does not take any more, FIELD_FORBIDDEN for one that the caller may not use. Needs Segment.update.',
    args: { id: t.arg.id({ required: true, description: 'The segment to count.' }) },
    extensions: { permission: ['Segment.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type: recordType('Segment'), path: ['segment'] }, (write) =>
        refreshSegment(write, id),
      ),
  }),
)
