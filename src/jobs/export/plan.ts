import { type Missing, may, type Permission, refuseMissing } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { CUSTOM, customName } from '../../read/custom.ts'
import type { One, Selection } from '../../read/plan.ts'
import { type Field, type RecordType, recordType } from '../../read/recordType.ts'
import { ANY } from '../../read/values.ts'

/** What an export takes of a record type: its fields in their order, and what the read engine is asked for. */
export interface ExportPlan {
  type: RecordType
  fields: Field[]
  selection: Selection
}

/**
 * Decides what an export holds. Without names: every field that the viewer may see, ids of records that the viewer may read among them.
 *
 * @param names fields as the inputs of the API call them, `name`, `ownerId`; null for all.
 * @throws FORBIDDEN (403) that names all rights missing, BAD_USER_INPUT for an unknown or repeated field, FIELD_FORBIDDEN for a hidden one.
 */
export function planExport(viewer: Viewer, type: RecordType, names: readonly string[] | null): ExportPlan {
  const fields = names ? named(viewer, type, names) : [...type.fields.values()]
  requireRights(viewer, type, names ? fields : [])
  if (names) return { type, fields, selection: selectionOf(type, fields) }
  const seen = fields
    .filter((field) => !viewer.access.hides(type, field.name) && mayFollow(viewer, field))
    .flatMap((field) => opened(viewer, type, field))
  return { type, fields: seen, selection: selectionOf(type, seen) }
}

/** Does a plan still hold for what the viewer may do by now. @throws as planExport. */
export function recheck(viewer: Viewer, { type, fields }: ExportPlan): void {
  requireRights(viewer, type, fields)
}

/** Custom fields as fields of their own, `customFields.tier`: those that the viewer sees. */
function opened({ access }: Viewer, type: RecordType, field: Field): Field[] {
  if (field.kind !== 'custom') return [field]
  return access.shownCustom(type, true).map(({ custom }) => custom.field)
}

function named(viewer: Viewer, type: RecordType, names: readonly string[]): Field[] {
  const fields = new Map<string, Field>()
  for (const name of names) {
    const custom = viewer.access.custom(type).get(customName(name) ?? '')
    const field = custom?.field ?? type.fields.get(name)
    // The name is not repeated: it may be anything.
    if (!field) throw badFields(`fields names something that ${type.name} does not have.`)
    if (fields.has(name)) throw badFields(`fields names ${name} twice.`)
    fields.set(name, field)
    if (field.kind !== 'custom') continue
    // All that the viewer sees of them.
    fields.delete(name)
    for (const one of opened(viewer, type, field)) fields.set(one.name, one)
  }
  if (fields.size === 0) throw badFields('fields names no field; leave it out for all of them.')
  return [...fields.values()]
}

const badFields = (message: string) =>
  requestError('BAD_USER_INPUT', { message, extensions: { field: ['fields'] }, status: 400 })

function requireRights(viewer: Viewer, type: RecordType, fields: Field[]): void {
  const missing: Missing[] = []
  const need = (action: 'read' | 'export', object: string, path: string) => {
    const permission: Permission = `${object}.${action}`
    if (!may(viewer, action, object) && !missing.some((one) => one.permission === permission))
      missing.push({ path, permission })
  }
  need('read', type.name, type.plural)
  need('export', type.name, type.plural)
  for (const field of fields) if (refersTo(field)) need('read', refersTo(field) as string, 'fields')
  refuseMissing(missing)
  for (const { name } of fields) {
    const custom = customName(name)
    if (!(custom === null ? viewer.access.hides(type, name) : viewer.access.hidesCustom(type, custom))) continue
    const coordinate = `${type.name}.${name}`
    throw requestError('FIELD_FORBIDDEN', {
      message: { en: `You may not see ${coordinate}.`, zhCN: `您没有查看 ${coordinate} 的权限。` },
      extensions: { coordinate, field: ['fields'] },
    })
  }
}

/** The type that a field refers to over a relation; null for plain fields and links to records of any type. */
const refersTo = ({ relation, target }: Field): string | null => (relation && target ? target : null)

function mayFollow(viewer: Viewer, field: Field): boolean {
  const target = refersTo(field)
  return target === null || may(viewer, 'read', target)
}

/** References are read over their relation: an id of a record that the viewer may not see, or that is in the recycle bin, is not given away. */
function selectionOf(type: RecordType, fields: Field[]): Selection {
  const selection = empty(type)
  for (const { name, relation, target } of fields) {
    const way = relation ? type.relations.get(relation) : undefined
    if (customName(name) !== null) selection.columns.add(CUSTOM)
    else if (target === ANY) selection.any = true
    else if (way?.kind === 'one') selection.ones.set(way.name, idOver(way))
    else selection.columns.add(name)
  }
  return selection
}

function idOver(relation: One['relation']): One {
  const selection = empty(recordType(relation.target))
  selection.columns.add('id')
  return { relation, selection, when: null }
}

const empty = (type: RecordType): Selection => ({
  type,
  columns: new Set(),
  ones: new Map(),
  manys: new Map(),
  any: false,
})
