import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { directList, directRecord } from '../../read/direct.ts'
import { type ConnectionArgs, PAGE } from '../../read/emit.ts'
import { selectionOf } from '../../read/plan.ts'
import { readConnection, readRecord } from '../../read/read.ts'
import type { RecordType } from '../../read/recordType.ts'
import { uuidOf } from '../../read/values.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { connectionArgs } from './inputs.ts'
import { type Any, camel, objectRef, spoken, these } from './names.ts'

/** The root fields that read one record and a list. */
export function readFields(type: RecordType): void {
  const permission = `${type.name}.read`
  builder.queryField(camel(type.name), (t: Any) =>
    t.field({
      type: objectRef(type.name),
      description: `The ${spoken(type.name)} with this id; null when there is none, also for ids of other companies and malformed ones. Needs ${permission}.`,
      args: { id: t.arg.id({ required: true, description: 'The id of the record.' }) },
      extensions: { permission, direct: directRecord(type) },
      resolve: async (_root: unknown, { id }: { id: string }, context: Context, info: GraphQLResolveInfo) => {
        const viewer = requireViewer(context)
        const uuid = uuidOf(type.name, id)
        if (!uuid) return null
        return readRecord(context, viewer, selectionOf(info, type)!, uuid, info)
      },
    }),
  )
  builder.queryField(type.plural, (t: Any) =>
    t.field({
      type: objectRef(`${type.name}Connection`),
      nullable: false,
      description: `A page of the ${these(type)} that the viewer may see. Needs ${permission}.`,
      args: connectionArgs(t, type.name, true),
      extensions: {
        permission,
        connection: true,
        defaultSize: PAGE.default,
        direct: directList(type),
      },
      resolve: (_root: unknown, args: ConnectionArgs, context: Context, info: GraphQLResolveInfo) =>
        readConnection(context, requireViewer(context), type, args, info),
    }),
  )
}
