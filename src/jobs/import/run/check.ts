import { type Missing, may, type Permission, refuseMissing } from '../../../access/decide.ts'
import type { Action } from '../../../access/roles.ts'
import type { Viewer } from '../../../context.ts'
import { type Field, findRecordType, type RecordType } from '../../../read/recordType.ts'
import { ANY } from '../../../read/values.ts'
import { lookupOf } from '../../../resolvers/lookup.ts'
import { type ImportFault, ImportInvalid } from '../detect.ts'
import type { ChildMapping, Constant, Conversion, Mapping, RecordMapping, Reference, Target } from '../mapping.ts'

/** `create`: every row is a new record. `upsert`: a row changes the record that has its key, or makes one. */
export type ImportMode = 'create' | 'upsert'

/**
 * Holds a mapping against the record types and the rights of who imports, before the first row is read: what would fail on every row is said once.
 *
 * @throws ImportInvalid with every fault and its place; FORBIDDEN that names every right that is missing.
 */
export function checkImport(mapping: Mapping, mode: ImportMode, viewer: Viewer): void {
  const faults: ImportFault[] = []
  const missing = new Map<string, Missing>()
  const need = (path: string, object: string, ...actions: Action[]) => {
    for (const action of actions) {
      const permission: Permission = `${object}.${action}`
      if (!may(viewer, action, object)) missing.set(permission, { path, permission })
    }
  }
  checkRecord(mapping, '')
  mapping.children.forEach((child, index) => {
    checkChild(child, mapping.children.length > 1 ? `lines[${index}]` : 'lines')
  })
  if (faults.length > 0) {
    const listed = faults.slice(0, 20).map(({ place, message }) => `${place}: ${message}`)
    if (faults.length > listed.length) listed.push(`and ${faults.length - listed.length} more`)
    throw new ImportInvalid(`The mapping does not fit the record types. ${listed.join('; ')}.`, faults)
  }
  refuseMissing([...missing.values()])

  function fault(place: string, message: string) {
    faults.push({ place, message })
  }

  function checkRecord(record: RecordMapping, place: string, parent?: string): RecordType | undefined {
    const at = (key: string) => (place ? `${place}.${key}` : key)
    const type = findRecordType(record.type)
    if (!type) {
      fault(at('type'), `there is no record type "${record.type}"`)
      return undefined
    }
    const makes = type.operations.has('create') || type.imported
    if (!makes || (mode === 'upsert' && !type.operations.has('upsert'))) {
      fault(at('type'), `records of ${type.name} cannot be imported`)
    }
    need(at('type'), type.name, ...(mode === 'upsert' ? (['create', 'update'] as const) : (['create'] as const)))
    if (viewer.kind !== 'job') need(at('type'), type.name, 'import')
    for (const target of record.targets) checkFilled(type, target, target.conversion)
    for (const constant of record.constants) {
      checkFilled(type, constant, constant.reference ? { kind: 'reference', reference: constant.reference } : null)
    }
    if (mode === 'upsert') checkKey(type, record, at('key'))
    else checkRequired(type, record, at('columns'), parent)
    return type
  }

  function checkChild(child: ChildMapping, place: string) {
    const type = checkRecord(child, place, child.parent)
    const field = type?.fields.get(child.parent)
    if (!type) return
    if (field?.kind !== 'id' || (field.target !== mapping.type && field.target !== ANY) || field.write === 'never') {
      fault(
        `${place}.parent`,
        `"${child.parent}" is no field of ${type.name} that refers to a record of ${mapping.type}`,
      )
    }
  }

  function checkFilled(type: RecordType, filled: Target | Constant, conversion: Conversion | null) {
    const { place, path } = filled
    const [name = '', ...members] = path
    const own = type.fields.get(name)
    const custom = own?.kind === 'custom' && members.length === 1
    const field = custom ? viewer.access.custom(type).get(members[0] as string)?.field : own
    if (!field) return fault(place, `${type.name} has no field "${custom ? path.join('.') : name}"`)
    if (custom) return checkKind(type, field, filled, conversion)
    if (field.write === 'never') return fault(place, `the field "${name}" is kept by the system and cannot be written`)
    if (members.length > 0) {
      const member =
        field.kind === 'object' && members.length === 1 && Object.hasOwn(field.shape?.members ?? {}, members[0]!)
      if (!member) return fault(place, `${type.name} has no field "${path.join('.')}"`)
      if (conversion?.kind === 'reference') fault(place, 'no part of a structured value refers to a record')
      return
    }
    if (field.kind === 'object' || field.kind === 'objects') {
      return fault(
        place,
        `the field "${name}" has parts; name one of them, such as "${name}.${Object.keys(field.shape?.members ?? {})[0]}"`,
      )
    }
    if (field.kind === 'json') return fault(place, `the field "${name}" is JSON, which no cell holds`)
    if (field.kind === 'custom')
      return fault(place, 'the field "customFields" has parts; name one of them, such as "customFields.tier"')
    checkKind(type, field, filled, conversion)
  }

  function checkKind(type: RecordType, field: Field, filled: Target | Constant, conversion: Conversion | null) {
    const { place } = filled
    const { name } = field
    if (conversion?.kind === 'reference') return checkReference(type, field, conversion.reference, place)
    if (!conversion) return
    if (field.kind === 'money' && conversion.kind !== 'money')
      fault(place, `the field "${name}" is an amount; it needs "money"`)
    if (field.kind !== 'money' && conversion.kind === 'money') fault(place, `the field "${name}" is no amount of money`)
    if (field.kind === 'texts' && (filled as Target).split === null)
      fault(place, `the field "${name}" is a list; it needs "split"`)
    const mapped = (filled as Target).map !== null
    if (field.kind === 'int' && !mapped && !(conversion.kind === 'number' && conversion.integer)) {
      fault(place, `the field "${name}" is a whole number; it needs { "number": { "integer": true } }`)
    }
    if (field.kind === 'boolean' && !mapped && conversion.kind !== 'boolean')
      fault(place, `the field "${name}" is true or false; it needs "boolean"`)
  }

  function checkReference(type: RecordType, field: Field, reference: Reference, place: string) {
    const at = `${place}.reference`
    const target = findRecordType(reference.type)
    if (!target) return fault(`${at}.type`, `there is no record type "${reference.type}"`)
    if (field.kind !== 'id' || (field.target !== target.name && field.target !== ANY)) {
      return fault(
        `${at}.type`,
        `the field "${field.name}" of ${type.name} does not refer to a record of ${target.name}`,
      )
    }
    if (target.name === mapping.type) {
      need(place, type.name, 'update')
      if (field.write !== 'always' || !field.nullable) {
        fault(
          at,
          `"${field.name}" must stand in the record when it is made, so it cannot name a record of the file itself`,
        )
      }
    }
    need(place, target.name, 'read')
    const by = target.fields.get(reference.by)
    if (!by || !canCompare(by))
      fault(`${at}.by`, `${target.name} has no field "${reference.by}" by which a record is found`)
    for (const name of Object.keys(reference.where ?? {})) {
      const found = conditionField(target, name)
      if (!found || !canCompare(found))
        fault(`${at}.where.${name}`, `${target.name} has no field "${name}" for a condition`)
    }
    if (!reference.create) return
    need(place, target.name, 'create')
    if (!target.operations.has('create')) fault(`${at}.create`, `records of ${target.name} cannot be made`)
    const fixed = Object.keys(reference.where ?? {}).find((name) => target.fields.get(name)?.write !== 'always')
    if (fixed) fault(`${at}.create`, `a record cannot be made so that the condition "${fixed}" holds for it`)
  }

  function checkKey(type: RecordType, record: RecordMapping, place: string) {
    if (record.key.length === 0)
      return fault(place, 'is missing: an upsert finds records by it; give "key", or fill "externalId"')
    if (uniqueKey(type, record.key)) return
    const lookups = [...type.lookups.values()].map(({ field }) => field)
    const known = [...[...type.unique.values()].map((fields) => fields.join(' + ')), ...lookups].join('; ')
    fault(place, `${record.key.join(' + ')} is no unique key of ${type.name}; there are: ${known}`)
  }

  function checkRequired(type: RecordType, record: RecordMapping, place: string, parent?: string) {
    const filled = new Set([...record.targets, ...record.constants].map(({ path }) => path[0]))
    for (const field of type.fields.values()) {
      if (
        !field.required ||
        field.default !== undefined ||
        field.write === 'never' ||
        filled.has(field.name) ||
        field.name === parent
      )
        continue
      fault(place, `nothing fills "${field.name}", which every ${type.name} must have`)
    }
    const names = new Set([...record.targets, ...record.constants].map(({ field }) => field))
    for (const { field, required, deprecated, default: otherwise } of viewer.access.custom(type).values()) {
      if (!required || deprecated || otherwise !== null || names.has(field.name)) continue
      fault(place, `nothing fills "${field.name}", which every ${type.name} must have`)
    }
  }
}

/** The fields of the unique key of a type that these fields make up; the source of an external id may be left out and is then ''. */
export function uniqueKey(type: RecordType, names: string[]): string[] | undefined {
  const given = new Set(names)
  if (lookupOf(type, names)) return names
  return [...type.unique.values()].find((fields) => {
    const asked = fields.filter((name) => given.has(name) || name !== 'externalSource')
    return asked.length === given.size && asked.every((name) => given.has(name))
  })
}

/** The field that a condition of a reference names: one of the record, or one of a record that it refers to (`pipeline.isDefault`). */
export function conditionField(type: RecordType, name: string): Field | undefined {
  const [first = '', second, ...rest] = name.split('.')
  if (second === undefined) return type.fields.get(first)
  const relation = type.relations.get(first)
  return relation?.kind === 'one' && rest.length === 0 ? findRecordType(relation.target)?.fields.get(second) : undefined
}

function canCompare(field: Field): boolean {
  return field.target !== ANY && !['object', 'objects', 'texts', 'json', 'custom'].includes(field.kind)
}
