import { loadDefinitions } from '../access/custom.ts'
import { may } from '../access/decide.ts'
import type { Viewer } from '../context.ts'
import type { UserErrorInfo } from '../errors.ts'
import {
  CUSTOM,
  type CustomField,
  type CustomFields,
  coordinateOf,
  NO_FIELDS,
  storedColumn,
  storedValue,
} from '../read/custom.ts'
import type { RecordType } from '../read/recordType.ts'
import { ident, Params } from '../read/sql.ts'
import { idOf, maskText } from '../read/values.ts'
import { type Normalised, normalise, validationError } from './normalise.ts'
import type { Change, Input, WriteContext } from './write.ts'

// Values of custom fields, on their way into a record.

/** Name of the lock on the custom fields of a type: shared by who writes values, alone for who changes a definition. atrium.keep_custom_values takes it too. */
export const customLock = ({ tenantId }: Pick<Viewer, 'tenantId'>, object: string): string =>
  `${tenantId} custom fields ${object}`

/**
 * The custom fields of a type as they are now, locked against change to the end of the transaction: no process writes an unknown field, or one by yesterday's
 * rules. A write that names no custom field is spared that, unless the type has some that a new record must or would have, as far as is known, which is for
 * three seconds at most.
 */
export async function loadCustom(
  { db, viewer }: WriteContext,
  type: RecordType,
  inputs: readonly Input[],
  { creating = false } = {},
): Promise<CustomFields> {
  if (!type.fields.has(CUSTOM)) return NO_FIELDS
  const named = inputs.some((input) => input[CUSTOM] !== undefined)
  const wanted = () => [...viewer.access.custom(type).values()].some((one) => one.required || one.default !== null)
  if (!named && !(creating && wanted())) return NO_FIELDS
  const [, definitions] = await Promise.all([
    db.rows({
      text: 'SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))',
      values: [customLock(viewer, type.name)],
    }),
    loadDefinitions(db, viewer.tenantId),
  ])
  return definitions.get(type.name) ?? NO_FIELDS
}

/**
 * Reads the custom fields of an input into the values and errors of a change: what is not named stays, null clears one or all, and a new record gets defaults and lacks
 * nothing that is required.
 */
export function readCustom(
  type: RecordType,
  change: Change,
  given: unknown,
  fields: CustomFields,
  viewer: Viewer,
): void {
  const { before, errors } = change
  const path = [...change.path, CUSTOM]
  if (typeof given !== 'object' || Array.isArray(given)) {
    errors.push(validationError(path, 'object', 'must be an object: values by names of custom fields'))
    return
  }
  const kept = (before?.[CUSTOM] ?? {}) as Record<string, unknown>
  const named = (given ?? cleared(type, kept, fields, viewer)) as Record<string, unknown>
  const values: Record<string, unknown> = { ...kept }
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue
    const here = [...path, name]
    const custom = fields.get(name)
    if (!custom) {
      errors.push(validationError(here, 'unknown', `is no custom field of ${type.name}`))
      continue
    }
    if (!viewer.access.mayWriteCustom(type, name)) {
      errors.push({ code: 'FIELD_FORBIDDEN', message: `You may not write ${coordinateOf(name)}.`, field: here })
      continue
    }
    const now = kept[custom.id]
    // A masked text that comes back is what the viewer was shown, not what they mean.
    if (
      now !== undefined &&
      viewer.access.masksCustom(type, custom, true) &&
      value === maskText(custom.field.kind, String(now))
    )
      continue
    const result = normaliseCustom(custom, value, now, viewer)
    if ('rule' in result) {
      errors.push(validationError([...here, ...(result.path ?? [])], result.rule, result.message))
      continue
    }
    if (result.ok === null) {
      if (custom.required && !custom.deprecated) errors.push(validationError(here, 'required', 'is required'))
      else delete values[custom.id]
      continue
    }
    values[custom.id] = result.ok
    if (JSON.stringify(now) === JSON.stringify(result.ok)) continue
    change.custom ??= { references: [], patterns: [] }
    if (custom.field.kind === 'id')
      change.custom.references.push({ target: custom.field.target as string, id: result.ok as string, path: here })
    if (custom.pattern !== null)
      change.custom.patterns.push({ pattern: custom.pattern, text: String(result.ok), path: here })
  }
  if (!before) fillIn(change, named, values, fields, viewer)
  if (before || Object.keys(values).length > 0) change.values[CUSTOM] = values
}

/** All custom fields cleared: those that have a value and that the viewer may write. */
function cleared(
  type: RecordType,
  kept: Record<string, unknown>,
  fields: CustomFields,
  { access }: Viewer,
): Record<string, null> {
  return Object.fromEntries(
    [...fields.values()].flatMap(({ id, name }) =>
      kept[id] !== undefined && access.mayWriteCustom(type, name) ? [[name, null]] : [],
    ),
  )
}

/** Defaults of what a new record does not name; null says that there is to be none. One that the field would refuse by now counts for nothing. */
function fillIn(
  { path, errors }: Change,
  given: Record<string, unknown>,
  values: Record<string, unknown>,
  fields: CustomFields,
  viewer: Viewer,
): void {
  for (const custom of fields.values()) {
    if (custom.deprecated || given[custom.name] !== undefined) continue
    const result = custom.default === null ? null : normaliseCustom(custom, custom.default, undefined, viewer)
    if (result && 'ok' in result && result.ok !== null) values[custom.id] = result.ok
    else if (custom.required) errors.push(validationError([...path, CUSTOM, custom.name], 'required', 'is required'))
  }
}

/**
 * The value as it is kept: what normalise gives for a field of its kind; decimals without zeros at the end, amounts with their currency, lists each member once.
 *
 * @param now what the record holds: an archived option stays, an amount keeps its currency.
 */
export function normaliseCustom(custom: CustomField, value: unknown, now: unknown, viewer: Viewer): Normalised {
  const { field, type } = custom
  if (value === null) return { ok: null }
  switch (type) {
    case 'CURRENCY':
      return amount(custom, value, now, viewer)
    case 'DECIMAL':
    case 'PERCENT': {
      const result = normalise(field, value, viewer)
      if ('rule' in result || result.ok === null) return result
      const text = String(result.ok)
      const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text
      if ((short.split('.')[1]?.length ?? 0) > 4) return { rule: 'scale', message: 'must have at most 4 decimals' }
      return { ok: plainDecimal(short) }
    }
    case 'SELECT': {
      const result = normalise(field, value, viewer)
      return 'rule' in result || result.ok === null ? result : open(custom, [result.ok], [now], result.ok)
    }
    case 'MULTISELECT': {
      const result = normalise(field, value, viewer)
      if ('rule' in result || result.ok === null) return result
      const members = [...new Set(result.ok as string[])]
      return members.length === 0 ? { ok: null } : open(custom, members, [now].flat(), members)
    }
    default:
      return normalise(field, value, viewer)
  }
}

/** "-0" and "007" as the numbers that they are: equal numbers are equal texts. */
function plainDecimal(text: string): string {
  const plain = text.replace(/^(-?)0+(?=\d)/, '$1')
  return plain === '-0' ? '0' : plain
}

function open({ options }: CustomField, members: unknown[], kept: unknown[], ok: unknown): Normalised {
  const choices = options.filter(({ value, archived }) => !archived || kept.includes(value)).map(({ value }) => value)
  const index = members.findIndex((member) => !choices.includes(member as string))
  if (index < 0) return { ok }
  return {
    rule: 'choice',
    message: `must be one of ${choices.join(', ')}`,
    ...(Array.isArray(ok) ? { path: [String(index)] } : {}),
  }
}

function amount({ field }: CustomField, value: unknown, now: unknown, viewer: Viewer): Normalised {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('amount' in value))
    return { rule: 'object', message: 'must be an amount: { amount, currency }' }
  const unknown = Object.keys(value).find((key) => key !== 'amount' && key !== 'currency')
  if (unknown !== undefined) return { rule: 'unknown', message: 'is no part of an amount', path: [unknown] }
  const money = value as { amount: unknown; currency?: unknown }
  if (money.amount === null) return { ok: null }
  const result = normalise(field, money, viewer)
  if ('rule' in result) return result
  const own = (now as { currency?: string } | undefined)?.currency ?? viewer.baseCurrency
  const currency = normalise({ kind: 'currency', required: false }, money.currency ?? own, viewer)
  if ('rule' in currency) return { ...currency, path: ['currency'] }
  return { ok: { amount: result.ok, currency: currency.ok ?? own } }
}

/** VALIDATION_FAILED for texts that have not the form that their fields demand. PostgreSQL compares: its matching takes no longer for a hostile text, and can be stopped. */
export async function checkCustom(changes: Change[], { db }: WriteContext): Promise<void> {
  const texts = changes.flatMap((change) => (change.custom?.patterns ?? []).map((one) => ({ change, ...one })))
  if (texts.length === 0) return
  const rows = await db.rows<{ place: number }>({
    text: `SELECT x.place FROM json_to_recordset($1::json) AS x(place integer, text text, pattern text) WHERE x.text !~ ('^(?:' || x.pattern || ')$')`,
    values: [JSON.stringify(texts.map(({ text, pattern }, place) => ({ place, text, pattern })))],
  })
  for (const { place } of rows) {
    const { change, path } = texts[place] as (typeof texts)[number]
    change.errors.push(validationError(path, 'pattern', 'has not the form that the field demands'))
  }
}

/** Says in the errors of changes that a unique index refused which custom field, and which record, stands in the way: another's, or an earlier one's of the same call. */
export async function explainCustom(type: RecordType, changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  if (!type.fields.has(CUSTOM)) return
  const fields = (await loadDefinitions(db, viewer.tenantId)).get(type.name) ?? NO_FIELDS
  for (const custom of fields.values()) {
    if (!custom.unique) continue
    const { column, type: pgType } = storedColumn(custom)
    const wanted = changes.flatMap((change) => {
      const values = change.values[CUSTOM] ?? change.before?.[CUSTOM] ?? {}
      const value = (values as Record<string, unknown>)[custom.id]
      return value === undefined || value === null ? [] : [{ change, value: storedValue(custom, value) }]
    })
    if (wanted.length === 0) continue
    let aliases = 0
    const sql = { params: new Params(viewer.tenantId), alias: () => `a${aliases++}` }
    const rows = sql.params.add(
      JSON.stringify(wanted.map(({ change, value }, place) => ({ place, id: change.id, value }))),
      'json',
    )
    const id = sql.params.add(custom.id, 'uuid')
    // Whose value it is stays untold where the viewer may not see the other record; that it is taken cannot.
    const scope = may(viewer, 'read', type.name) ? (viewer.access.predicate(type, 't', sql) ?? 'true') : 'false'
    const found = await db.rows<{ place: number; other: string | null }>({
      text: `SELECT x.place, CASE WHEN ${scope} THEN t.id END AS other FROM json_to_recordset(${rows}) AS x(place integer, id uuid, value ${pgType})
 JOIN custom_value v ON v.tenant_id = $1 AND v.field_id = ${id} AND v.${column} = x.value AND v.live AND v.record_id <> x.id
 JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.id = v.record_id`,
      values: sql.params.values,
    })
    const taken = new Set<string | null>()
    wanted.forEach(({ change, value }, place) => {
      const other = found.find((row) => row.place === place)
      if (other || taken.has(value)) change.errors.push(conflict(type, change, custom, other?.other ?? null))
      taken.add(value)
    })
  }
}

function conflict(type: RecordType, { path }: Change, { name }: CustomField, other: string | null): UserErrorInfo {
  return {
    code: 'UNIQUE_VIOLATION',
    message: `Another ${type.name} has this ${name}.`,
    field: path.at(-1) === 'id' ? path : [...path, CUSTOM, name],
    ...(other ? { details: { conflictId: idOf(type.name, other) } } : {}),
  }
}

/** Coordinates of the custom fields of a record that changed after a version, as far as the viewer sees them. */
export async function customNames(
  { db, viewer }: WriteContext,
  type: RecordType,
  id: string,
  version: number,
): Promise<string[]> {
  const shown = viewer.access.shownCustom(type, false)
  if (shown.length === 0) return []
  const rows = await db.rows<{ id: string }>({
    text: `SELECT DISTINCT k.id FROM change c CROSS JOIN LATERAL jsonb_object_keys((c.before -> 'custom_fields') || (c.after -> 'custom_fields')) k(id)
 WHERE c.tenant_id = $1 AND c.object = $2 AND c.record_id = $3::uuid AND c.record_version > $4::integer AND c.operation = 'updated' AND 'custom_fields' = ANY (c.changed_fields)
 AND c.before -> 'custom_fields' -> k.id IS DISTINCT FROM c.after -> 'custom_fields' -> k.id`,
    values: [viewer.tenantId, type.table, id, version],
  })
  const changed = new Set(rows.map((row) => row.id))
  return shown.flatMap(({ custom }) => (changed.has(custom.id) ? [coordinateOf(custom.name)] : []))
}

/**
 * SQL of the custom fields that a copy takes over from a row, in a statement whose $1 is the tenant: those that the type of the copy has under the same name
 * and with the same type, and whose values it takes. What only one record may have stays with that.
 *
 * @param alias of the row's table.
 */
export function copiedCustom(from: string, to: string, alias: string): string {
  const value = `${alias}.custom_fields -> f.id::text`
  const option = (one: string) => `t.options @> jsonb_build_array(jsonb_build_object('value', ${one}))`
  return `coalesce((SELECT jsonb_object_agg(t.id::text, ${value}) FROM field_definition f
 JOIN field_definition t ON t.tenant_id = $1 AND t.object = '${to}' AND t.api_name = f.api_name AND t.type = f.type AND t.ref_object IS NOT DISTINCT FROM f.ref_object AND NOT t.is_unique AND t.deleted_at IS NULL
 WHERE f.tenant_id = $1 AND f.object = '${from}' AND f.deleted_at IS NULL AND ${alias}.custom_fields ? f.id::text
 AND (t.type <> 'SELECT' OR ${option(value)})
 AND (t.type <> 'MULTISELECT' OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements(CASE WHEN t.type = 'MULTISELECT' THEN ${value} ELSE '[]' END) o(value) WHERE NOT ${option('o.value')}))), '{}')`
}
