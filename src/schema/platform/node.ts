import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { recordTypeOfPrefix } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { Node } from '../shared/types.ts'

/** Most ids of one call (spec/api.md 3). */
const MAX_IDS = 100

async function load(context: Context, info: GraphQLResolveInfo, id: string) {
  const viewer = requireViewer(context)
  const decoded = decodeId(id)
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  return decoded && type
    ? ((await context.loaders.load(context, viewer, info, type, decoded.uuid)) as { id: string } | null)
    : null
}

builder.queryField('node', (t) =>
  t.field({
    type: Node,
    description:
      'The record with this id, of whatever type; null when there is none that the viewer may read, also for ids of other companies and malformed ones.',
    args: { id: t.arg.id({ required: true, description: 'The id of the record.' }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { id }, context, info) => load(context, info, id),
  }),
)

builder.queryField('nodes', (t) =>
  t.field({
    type: [Node],
    nullable: { list: false, items: true },
    description:
      'The records with these ids, in the order of the ids, null where there is none that the viewer may read.',
    args: { ids: t.arg.idList({ required: true, description: 'At most 100 ids.' }) },
    extensions: { permission: 'authenticated', sizeArgument: 'ids' },
    resolve: (_root, { ids }, context, info) => {
      if (ids.length > MAX_IDS) {
        throw requestError('PAGE_SIZE_EXCEEDED', {
          message: `ids must not hold more than ${MAX_IDS}.`,
          extensions: { field: ['ids'], max: MAX_IDS },
        })
      }
      return Promise.all(ids.map((id) => load(context, info, id)))
    },
  }),
)
