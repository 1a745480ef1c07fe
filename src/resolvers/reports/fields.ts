import type { ReadAccess } from '../../read/access.ts'
import { canAggregate, canGroup } from '../../read/aggregate.ts'
import { CUSTOM, customName } from '../../read/custom.ts'
import { type Field, type RecordType, recordType } from '../../read/recordType.ts'
import { ANY } from '../../read/values.ts'
import type { Dimension, Measure } from './definition.ts'

/** A field that a report names: of its type, of the record that a relation leads to, or a custom one. */
export interface Named {
  field: Field
  relation: string | null
  custom: string | null
}

/** What a report may not name, with a sentence why. */
export type NotNamed = { rule: string; problem: string }

function named(type: RecordType, name: string, access: ReadAccess, path: string[]): Named | NotNamed {
  const custom = customName(name)
  if (custom !== null) {
    if (!type.fields.has(CUSTOM)) return { rule: 'unknown', problem: `is no field of ${type.name}` }
    access.requireField(type, CUSTOM, path)
    return { field: access.customField(type, custom, path).field, relation: null, custom }
  }
  const [first = '', second, ...more] = name.split('.')
  if (second === undefined) {
    const field = type.fields.get(first)
    if (!field) return { rule: 'unknown', problem: `is no field of ${type.name}` }
    access.requireField(type, first, path)
    return { field, relation: null, custom: null }
  }
  const relation = type.relations.get(first)
  if (relation?.kind !== 'one' || more.length > 0)
    return { rule: 'relation', problem: `may go over one relation of ${type.name} to one record` }
  const target = recordType(relation.target)
  const field = target.fields.get(second)
  if (!field) return { rule: 'unknown', problem: `is no field of ${target.name}` }
  access.requireRead(target, path)
  access.requireRelation(type, relation, path)
  access.requireField(target, second, path)
  return { field, relation: first, custom: null }
}

/** The field of a dimension. Throws FIELD_FORBIDDEN or FORBIDDEN for one that the viewer may not use. */
export function dimensionField(
  type: RecordType,
  { field: name, bucket }: Dimension,
  access: ReadAccess,
  path: string[],
): Named | NotNamed {
  const found = named(type, name, access, path)
  if ('problem' in found) return found
  const { field } = found
  const time = field.kind === 'date' || field.kind === 'datetime'
  if (!canGroup(field) || field.target === ANY || field.name === 'id')
    return { rule: 'group', problem: 'cannot make rows' }
  if (field.target) access.requireRead(recordType(field.target), path)
  if (bucket && !time) return { rule: 'bucket', problem: 'is no date and takes no bucket' }
  return found
}

/** The field of a measure; null for COUNT. Throws as dimensionField. */
export function measureField(
  type: RecordType,
  { function: fn, field: name }: Measure,
  access: ReadAccess,
  path: string[],
): Named | NotNamed | null {
  if (fn === 'COUNT')
    return name === undefined ? null : { rule: 'count', problem: 'must be left out: COUNT counts records' }
  if (name === undefined) return { rule: 'required', problem: `is required for ${fn}` }
  const found = named(type, name, access, path)
  if ('problem' in found) return found
  if (found.relation) return { rule: 'relation', problem: `must be a field of ${type.name} itself` }
  if (!found.field.filter || !canAggregate(found.field, fn.toLowerCase() as 'sum'))
    return { rule: 'measure', problem: `has no ${fn}` }
  return found
}
