import { may } from '../../../access/decide.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import type { Field, RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { validationError } from '../../normalise.ts'
import { type Change, checkReferences, same, type Values, type WriteContext } from '../../write.ts'
import { MERGE_RULES, type Merging } from './rules.ts'

/** Whose value a field of the survivor gets: a uuid, and where the choice stands in the input. */
export interface Choice {
  field: string
  id: string
  path: string[]
}

/** Flags that keep people from being bothered: one of the records is enough. */
export const RESTRICTIVE: ReadonlySet<string> = new Set(['doNotContact', 'doNotEmail', 'doNotCall'])

/** By what entries of lists are told apart; others by all that they say. */
const IDENTITY: readonly (readonly string[])[] = [['address'], ['number'], ['platform', 'handle']]
/** Single fields that are the primary entry of a list. */
const PRIMARY: readonly { single: string; list: string; key: string }[] = [
  { single: 'email', list: 'emails', key: 'address' },
  { single: 'phone', list: 'phones', key: 'number' },
]

const empty = (value: unknown) => value === null || value === undefined || value === ''

/**
 * What the survivor becomes: for each field the chosen record’s value, else its own, else that of the first other that has one, and so each custom field for itself. Lists
 * are united unless one was chosen; flags that keep people from being bothered hold when one record has them; what the viewer may not see or write stays the survivor’s.
 *
 * @param records the survivor first.
 * @returns the fields that change, by name, as they stand in the database. Errors: VALIDATION_FAILED, FIELD_FORBIDDEN, CURRENCY_MISMATCH, NOT_FOUND, HIERARCHY_CYCLE.
 */
export async function mergedValues(
  context: WriteContext,
  type: RecordType,
  records: Merging[],
  choices: Choice[],
): Promise<{ values: Values; errors: UserErrorInfo[] }> {
  const [survivor, ...others] = records as [Merging, ...Merging[]]
  const errors = checkChoices(context, type, records, choices)
  if (errors.length > 0) return { values: {}, errors }
  const chosen = new Map(choices.map((choice) => [choice.field, choice]))
  const recordOf = ({ id }: Choice) => records.find((one) => one.id === id) as Merging
  const rule = MERGE_RULES[type.name] ?? {}
  const groups = [...(rule.groups ?? []), ['externalSource', 'externalId']]
  const open = (name: string) => chosen.has(name) || mayTake(context, type, name)
  const fields = [...type.fields.values()].filter(({ name, write }) => write === 'always' && open(name))
  const result: Values = { ...survivor.before }

  for (const group of groups) {
    const names = group.filter((name) => fields.some((field) => field.name === name))
    const has = ({ before }: Merging) => names.some((name) => !empty(before[name]))
    const from = has(survivor) ? undefined : others.find(has)
    if (from && names.length === group.filter((name) => type.fields.has(name)).length)
      for (const name of names) result[name] = from.before[name]
  }
  const inGroup = new Set(groups.flat())
  const currency = currencyOf(type, records, chosen, recordOf)
  for (const field of fields) {
    const { name } = field
    const choice = chosen.get(name)
    if (choice) result[name] = recordOf(choice).before[name]
    else if (RESTRICTIVE.has(name) || inGroup.has(name) || name === 'currency') continue
    else if (field.kind === 'custom')
      result[name] = Object.assign({}, ...records.map(({ before }) => before[name]).toReversed())
    else if (field.kind === 'texts' || field.kind === 'objects')
      result[name] = united(records.map(({ before }) => before[name]))
    else if (field.kind === 'money') {
      const from = records.find(({ before }) => !empty(before[name]) && before.currency === currency)
      result[name] = empty(survivor.before[name]) && from ? from.before[name] : survivor.before[name]
    } else if (field.target !== type.name && empty(survivor.before[name]))
      result[name] = others.find(({ before }) => !empty(before[name]))?.before[name] ?? survivor.before[name]
  }
  if (type.fields.has('currency')) {
    result.currency = currency
    errors.push(...checkCurrency(type, records, result, chosen, recordOf))
  }
  for (const name of RESTRICTIVE)
    if (type.fields.has(name)) result[name] = records.some(({ before }) => before[name] === true)
  for (const pair of PRIMARY) if (type.fields.has(pair.list)) settlePrimary(pair, result, chosen)
  const follows = (name: string) => !chosen.has(name) && (type.fields.get(name)?.write === 'never' || open(name))
  for (const name of rule.latest ?? []) if (follows(name)) result[name] = extreme(records, name, 1)
  for (const name of rule.earliest ?? []) if (follows(name)) result[name] = extreme(records, name, -1)
  for (const [name, values] of Object.entries(rule.strongest ?? {}))
    for (const value of values) if (records.some(({ before }) => before[name] === value)) result[name] = value
  await settleAncestors(context, type, records, result, chosen, errors)

  const values = Object.fromEntries(
    Object.entries(result).filter(([name, value]) => !same(type.fields.get(name), survivor.before[name], value)),
  )
  await checkTargets(context, type, survivor, values, chosen, errors)
  return { values, errors }
}

/** May the viewer have another record’s value written here, unasked. Who owns a record changes only where they may give it to somebody. */
function mayTake({ viewer }: WriteContext, type: RecordType, name: string): boolean {
  const { access } = viewer
  if (access.hides(type, name) || access.masks(type, name, false) || !access.mayWriteField(type, name)) return false
  return !type.owners.includes(name) || may(viewer, 'transfer', type.name)
}

function checkChoices(
  { viewer }: WriteContext,
  type: RecordType,
  records: Merging[],
  choices: Choice[],
): UserErrorInfo[] {
  const seen = new Set<string>()
  return choices.flatMap(({ field: name, id, path }): UserErrorInfo[] => {
    const at = [...path, 'field']
    const field = type.fields.get(name)
    if (!field) return [validationError(at, 'unknown', 'is no field of this record')]
    if (field.write !== 'always') return [validationError(at, 'readOnly', 'cannot be written')]
    const { access } = viewer
    if (access.hides(type, name) || access.masks(type, name, false) || !access.mayWriteField(type, name))
      return [{ code: 'FIELD_FORBIDDEN', message: `You may not write ${name}.`, field: at }]
    if (seen.has(name)) return [validationError(at, 'once', 'must not be named twice')]
    seen.add(name)
    const from = records.find((one) => one.id === id)
    if (!from) return [validationError([...path, 'id'], 'member', 'must be one of the records that are merged')]
    if (RESTRICTIVE.has(name) && from.before[name] !== true && records.some(({ before }) => before[name] === true))
      return [validationError([...path, 'id'], 'restrictive', 'must be a record that has it: the stricter one counts')]
    return []
  })
}

/** The currency of all amounts: the chosen one, else the survivor’s if it has an amount, else that of the first other that has one. */
function currencyOf(
  type: RecordType,
  records: Merging[],
  chosen: Map<string, Choice>,
  recordOf: (choice: Choice) => Merging,
): unknown {
  const choice = chosen.get('currency')
  if (choice) return recordOf(choice).before.currency
  const amounts = [...type.fields.values()].filter(({ kind }) => kind === 'money').map(({ name }) => name)
  const has = ({ before }: Merging) => amounts.some((name) => !empty(before[name]))
  return (records.find(has) ?? (records[0] as Merging)).before.currency ?? records[0]?.before.currency
}

/** CURRENCY_MISMATCH for chosen amounts, and a chosen currency, that do not go together with the rest. */
function checkCurrency(
  type: RecordType,
  records: Merging[],
  result: Values,
  chosen: Map<string, Choice>,
  recordOf: (choice: Choice) => Merging,
): UserErrorInfo[] {
  const survivor = records[0] as Merging
  return [...type.fields.values()].flatMap((field): UserErrorInfo[] => {
    if (field.kind !== 'money' || empty(result[field.name])) return []
    const choice = chosen.get(field.name)
    const own = choice ? recordOf(choice) : survivor
    if (own.before.currency === result.currency || (!choice && empty(own.before[field.name]))) return []
    return [
      {
        code: 'CURRENCY_MISMATCH',
        message: `${field.name} is not in the currency of the merged record, ${String(result.currency)}.`,
        field: [...((choice ?? chosen.get('currency'))?.path ?? []), 'id'],
        details: { currency: result.currency },
      },
    ]
  })
}

/** Several lists as one, in their order; entries about the same are one, whose flags hold when one says so. */
function united(lists: unknown[]): unknown[] {
  const found = new Map<string, unknown>()
  for (const entry of lists.flatMap((list) => (list as unknown[] | null) ?? [])) {
    const key = keyOf(entry)
    const known = found.get(key)
    if (known === undefined) found.set(key, entry)
    else if (typeof known === 'object') found.set(key, both(known as Values, entry as Values))
  }
  return [...found.values()]
}

function keyOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return JSON.stringify(entry)
  const keys = IDENTITY.find((some) => some.every((name) => Object.hasOwn(entry, name)))
  return JSON.stringify(keys ? keys.map((name) => (entry as Values)[name]) : entry)
}

function both(one: Values, other: Values): Values {
  const entry = { ...one }
  for (const [name, value] of Object.entries(other))
    if (empty(entry[name]) || (value === true && name !== 'isPrimary')) entry[name] = value
  return entry
}

/** The single field is the primary entry of its list, whichever of the two was chosen. */
function settlePrimary(
  { single, list, key }: (typeof PRIMARY)[number],
  result: Values,
  chosen: Map<string, Choice>,
): void {
  const entries = (result[list] ?? []) as Values[]
  if (chosen.has(list) && !chosen.has(single)) {
    result[single] = entries.find(({ isPrimary }) => isPrimary)?.[key] ?? null
    return
  }
  const value = result[single]
  const there = empty(value) || entries.some((entry) => entry[key] === value)
  result[list] = (there ? entries : [{ [key]: value }, ...entries]).map((entry) => ({
    ...entry,
    isPrimary: !empty(value) && entry[key] === value,
  }))
}

/** The latest (1) or earliest (-1) time; null when no record has one. */
function extreme(records: Merging[], name: string, sign: 1 | -1): unknown {
  const times = records.flatMap(({ before }) => (empty(before[name]) ? [] : [before[name] as string]))
  return times.toSorted((a, b) => sign * (Date.parse(b) - Date.parse(a)))[0] ?? null
}

/**
 * Superiors: the survivor’s own, else the first other’s, as long as it is none of those that are merged and none of those below them, which would
 * close a ring. HIERARCHY_CYCLE when such a one was chosen.
 */
async function settleAncestors(
  { db, viewer }: WriteContext,
  type: RecordType,
  records: Merging[],
  result: Values,
  chosen: Map<string, Choice>,
  errors: UserErrorInfo[],
): Promise<void> {
  const ids = records.map(({ id }) => id)
  for (const relation of type.relations.values()) {
    if (relation.kind !== 'one' || relation.target !== type.name) continue
    const field = type.fields.get(relation.field) as Field
    if (field.write !== 'always') continue
    const column = ident(relation.column)
    const wanted = records.flatMap(({ before }) => (before[field.name] as string | null) ?? [])
    if (wanted.length === 0) continue
    const rows = await db.rows<{ start: string }>({
      text: `WITH RECURSIVE up AS (
 SELECT id AS start, id, ${column} AS next, 1 AS level FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
 UNION ALL
 SELECT up.start, t.id, t.${column}, up.level + 1 FROM up JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.id = up.next WHERE up.level <= 100
) SELECT DISTINCT start FROM up WHERE id = ANY ($3::uuid[])`,
      values: [viewer.tenantId, [...new Set(wanted)], ids],
    })
    const below = new Set(rows.map(({ start }) => start))
    const choice = chosen.get(field.name)
    if (choice) {
      if (!below.has(result[field.name] as string)) continue
      const message = `${field.name} would make the record its own ancestor.`
      errors.push({ code: 'HIERARCHY_CYCLE', message, field: [...choice.path, 'id'] })
      continue
    }
    const open = mayTakeFrom(viewer, type, field.name) ? records : records.slice(0, 1)
    // Under itself it cannot stay, whoever may write the field.
    result[field.name] =
      open.map(({ before }) => before[field.name] as string | null).find((id) => id !== null && !below.has(id)) ?? null
  }
}

const mayTakeFrom = (viewer: WriteContext['viewer'], type: RecordType, name: string) =>
  !viewer.access.hides(type, name) && viewer.access.mayWriteField(type, name)

/** Records that the survivor comes to refer to must be live and in sight: NOT_FOUND for chosen ones, others stay away. */
async function checkTargets(
  context: WriteContext,
  type: RecordType,
  { id, before }: Merging,
  values: Values,
  chosen: Map<string, Choice>,
  errors: UserErrorInfo[],
): Promise<void> {
  const references = Object.entries(values).filter(
    ([name, value]) => value !== null && type.fields.get(name)?.kind === 'id' && type.fields.get(name)?.target,
  )
  if (references.length === 0) return
  const change: Change = { id, path: [], before, values: Object.fromEntries(references), input: {}, errors: [] }
  await checkReferences(type, [change], context)
  for (const error of change.errors) {
    const name = error.field?.at(-1) as string
    const choice = chosen.get(name)
    if (choice) errors.push({ ...error, field: [...choice.path, 'id'] })
    else delete values[name]
  }
}
