import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { PAGE } from '../../read/emit.ts'
import type { Row } from '../../read/finish.ts'
import { findRecordType, type RecordType, type Relation } from '../../read/recordType.ts'
import { ANY } from '../../read/values.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { connectionArgs } from './inputs.ts'
import { scalarOf, shapeType } from './kinds.ts'
import { type Any, objectRef, these } from './names.ts'
import { Count, MoneyType, Node, PageInfo } from './types.ts'

/** What the database guarantees; everything else may be hidden by a field permission and is nullable. */
const NON_NULL = new Set(['id', 'version', 'createdAt', 'updatedAt'])

/** The object type of a record type: its columns, its relations, and what a link points at. */
export function objectType(type: RecordType): void {
  objectRef(type.name).implement({
    description: type.description,
    interfaces: [Node],
    extensions: { permission: `${type.name}.read` },
    fields: (t: Any) => {
      const fields: Record<string, Any> = {}
      for (const field of type.fields.values()) {
        if (field.relation || field.name === 'id' || field.target === ANY) continue
        const common = {
          description: field.description,
          extensions: { field: field.name },
          nullable: !NON_NULL.has(field.name),
        }
        if (field.kind === 'texts') fields[field.name] = t.expose(field.name, { ...common, type: ['String'] })
        else if (field.kind === 'money') fields[field.name] = t.expose(field.name, { ...common, type: MoneyType })
        else if (field.shape) {
          const { output } = shapeType(field.shape)
          fields[field.name] = t.expose(field.name, { ...common, type: field.kind === 'objects' ? [output] : output })
        } else fields[field.name] = t.expose(field.name, { ...common, type: scalarOf(field) })
      }
      fields.id = t.exposeID('id', {
        nullable: false,
        description: type.fields.get('id')!.description,
        extensions: { field: 'id' },
      })
      for (const relation of type.relations.values()) fields[relation.name] = relationField(t, relation)
      if (type.any) {
        const { name, description } = type.any
        fields[name] = t.field({
          type: Node,
          description,
          extensions: { relation: name },
          resolve: (row: Row, _args: unknown, context: Context, info: GraphQLResolveInfo) => {
            const target = findRecordType(row['~type'] as string)
            return target
              ? context.loaders.load(context, requireViewer(context), info, target, row['~id'] as string)
              : null
          },
        })
      }
      return fields
    },
  })
}

/** Relations stand in the row under '@' and the response key: the same relation may be asked for twice under different aliases. */
const fromRow = (row: Row, _args: unknown, _context: Context, info: GraphQLResolveInfo) => row[`@${info.path.key}`]

function relationField(t: Any, relation: Relation): Any {
  if (relation.kind === 'one') {
    return t.field({
      type: objectRef(relation.target),
      description: `${relation.description} Needs ${relation.target}.read.`,
      extensions: { relation: relation.name, inRow: true },
      resolve: fromRow,
    })
  }
  return t.field({
    type: objectRef(`${relation.target}Connection`),
    description: `${relation.description} Pages as the root field does. Null with FIELD_FORBIDDEN when the field that holds it is hidden. Needs ${relation.target}.read.`,
    args: connectionArgs(t, relation.target),
    extensions: { relation: relation.name, inRow: true, connection: true, defaultSize: PAGE.default },
    resolve: fromRow,
  })
}

/** The connection and edge types of a record type. */
export function connectionType(type: RecordType): void {
  const node = objectRef(type.name)
  const edge = objectRef(`${type.name}Edge`).implement({
    description: `A ${type.name} in a list.`,
    fields: (t: Any) => ({
      cursor: t.exposeString('cursor', {
        nullable: false,
        description:
          'Its place in the list, for after and before. Opaque; belongs to this list with this filter and order.',
      }),
      node: t.expose('node', { type: node, description: `The ${type.name} in this place.` }),
    }),
  })
  objectRef(`${type.name}Connection`).implement({
    description: `A page of ${these(type)}.`,
    fields: (t: Any) => ({
      edges: t.expose('edges', {
        type: [edge],
        nullable: { list: false, items: false },
        description: 'The records with their cursors.',
      }),
      nodes: t.expose('nodes', {
        type: [node],
        nullable: { list: false, items: false },
        description: 'The records without cursors.',
      }),
      pageInfo: t.expose('pageInfo', {
        type: PageInfo,
        nullable: false,
        description: 'Where the page stands in the list.',
      }),
      totalCount: t.expose('totalCount', {
        type: Count,
        description: 'How many records the whole list has. Counted only when asked for; costs 5.',
        extensions: { cost: 5 },
      }),
    }),
  })
}
