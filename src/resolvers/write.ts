import { may, type Permission } from '../access/decide.ts'
import type { Viewer } from '../context.ts'
import type { UserErrorInfo } from '../errors.ts'
import type { Sql } from '../read/access.ts'
import { CUSTOM, type CustomFields } from '../read/custom.ts'
import { isMergeable, survivorsIn } from '../read/merged.ts'

import { type Field, type RecordType, recordType, recordTypes } from '../read/recordType.ts'
import { ident, Params } from '../read/sql.ts'
import { ANY, idOf, maskText, PG_TYPE } from '../read/values.ts'
import type { Query, Writer } from '../tenancy/tenancy.ts'
import { explainCustom, readCustom } from './customFields.ts'
import { normalise, validationError } from './normalise.ts'

/** What every writer gets: the transaction and who is writing. */
export interface WriteContext {
  db: Writer
  viewer: Viewer
  /** Write records although they look like others: past the rules for duplicates as far as the viewer may; WARN: past those that warn only, which is for writers whom nobody can ask. */
  allowDuplicate?: boolean | 'WARN'
  /** Do new records without an owner get one by the company's assignment rules; left out: those that a program without a user makes do. */
  assign?: boolean
}

/** Input of one record by field name, as clients write it. */
export type Input = Record<string, unknown>

/** Column values by field name, as JSON: what is about to be written, or what stands in the database. */
export type Values = Record<string, unknown>

/** One record being written. */
export interface Change {
  /** Its uuid. */
  id: string
  /** Where its input stands, for the paths of errors: `['input']`, `['input', '3']`. */
  path: string[]
  /** What stands in the database; null for a new record. */
  before: Values | null
  /** What is to be written, by field name. */
  values: Values
  input: Input
  errors: UserErrorInfo[]
  /** What its custom fields have to be looked up: records that they name, texts that must have a form. */
  custom?: CustomChecks
}

/** See customFields.ts. Paths are whole. */
export interface CustomChecks {
  references: { target: string; id: string; path: string[] }[]
  patterns: { pattern: string; text: string; path: string[] }[]
}

/**
 * A rule across fields of a record type: looks at changes before they are written, adds to their errors, completes their values. Gets all
 * changes of a call at once, so that it can ask the database once for all of them.
 */
export type Rule = (changes: Change[], context: WriteContext) => void | Promise<void>

/** The rules of a record type. */
export interface Rules {
  /** Before creates and updates. */
  write?: Rule
  /** Before records go to the recycle bin or for good. */
  delete?: Rule
  /** After any write, in its transaction: for what follows from it in other records. */
  done?: Rule
  /** Of rules that have a way to the database: may batches of an import that fills these fields be written side by side all the same, because the rules then ask nothing. */
  apart?: (filled: ReadonlySet<string>) => boolean
  /** What a delete does when it is told `force`, which `delete` finds in the input: the description of the argument. */
  force?: string
}

/** Several rules of one type as one: each in its turn. */
export function rulesTogether(...all: readonly Rules[]): Rules {
  const one = (name: 'write' | 'delete' | 'done'): Rule | undefined => {
    const some = all.flatMap((rules) => rules[name] ?? [])
    if (some.length === 0) return undefined
    return async (changes, context) => {
      for (const rule of some) await rule(changes, context)
    }
  }
  const { apart } = all.find((rules) => rules.apart) ?? {}
  return { write: one('write'), delete: one('delete'), done: one('done'), apart }
}

/** Where a statement of the verbs is being written: `$1` is the tenant, further values are added. */
export function sqlFor(tenantId: string): Sql & { params: Params } {
  let aliases = 0
  return { params: new Params(tenantId), alias: () => `a${aliases++}` }
}

/** The user error for a record that the viewer sees and may not do this with, or for a field that they may not write. */
export function forbidden(permission: Permission, field: string[]): UserErrorInfo {
  return {
    code: 'FORBIDDEN',
    message: `You may not do this here: it needs ${permission}.`,
    field,
    details: { permission },
  }
}

/** The value a field will have after the change. */
export function after(change: Change, name: string): unknown {
  return Object.hasOwn(change.values, name) ? change.values[name] : change.before?.[name]
}

/** Columns whose names differ from a declared field: the two that every update sets are left to triggers. */
export interface ColumnRef {
  name: string
  column: string
  pgType: string
}

/** The columns that a write of this type may touch, by field name. */
export function columnsOf(type: RecordType): Map<string, ColumnRef> {
  const columns = new Map<string, ColumnRef>()
  for (const field of type.fields.values()) {
    if (type.any && field.target === ANY) {
      columns.set('~type', { name: '~type', column: type.any.typeColumn, pgType: 'text' })
      columns.set('~id', { name: '~id', column: type.any.idColumn, pgType: 'uuid' })
    } else {
      columns.set(field.name, { name: field.name, column: field.column, pgType: PG_TYPE[field.kind] })
    }
  }
  return columns
}

/** Does an input leave a field as it was made: an upsert says again what it said the first time. */
function keeps(field: Field, value: unknown, before: Values, viewer: Viewer): boolean {
  const result = normalise(field, value, viewer)
  if ('rule' in result) return false
  if (field.target !== ANY) return same(field, before[field.name], result.ok)
  const target = result.ok as { type: string | null; id: string } | null
  return target?.id === before['~id'] && target?.type === before['~type']
}

/**
 * Reads one input into values and errors: unknown and server-owned fields refused, every value normalised, money in one currency.
 *
 * @param custom the custom fields of the type, as this transaction sees them.
 */
export function readInput(
  type: RecordType,
  change: Change,
  viewer: Viewer,
  custom: CustomFields = viewer.access.custom(type),
): void {
  const { input, values, errors, path, before } = change
  const money: { field: Field; currency: unknown }[] = []
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue
    const here = [...path, name]
    const field = type.fields.get(name)
    if (
      !field ||
      field.write === 'never' ||
      (field.write === 'create' && before && !keeps(field, value, before, viewer))
    ) {
      errors.push(
        validationError(
          here,
          field ? 'readOnly' : 'unknown',
          field ? 'cannot be written' : 'is no field of this record',
        ),
      )
      continue
    }
    if (!viewer.access.mayWriteField(type, name)) {
      errors.push({ code: 'FIELD_FORBIDDEN', message: `You may not write ${name}.`, field: here })
      continue
    }
    if (field.kind === 'custom') {
      readCustom(type, change, value, custom, viewer)
      continue
    }
    // A masked text that comes back is what the viewer was shown, not what they mean.
    if (before && viewer.access.masks(type, name, true) && value === maskText(field.kind, String(before[name])))
      continue
    const result = normalise(field, value, viewer)
    if ('rule' in result) {
      errors.push(validationError([...here, ...(result.path ?? [])], result.rule, result.message))
      continue
    }
    if (result.ok === null && field.required) {
      errors.push(validationError(here, 'required', 'is required'))
      continue
    }
    if (field.target === ANY) {
      const target = result.ok as { type: string | null; id: string } | null
      values['~type'] = target?.type ?? null
      values['~id'] = target?.id ?? null
      continue
    }
    // A cleared column that cannot be null goes back to its default.
    values[name] = result.ok === null && !field.nullable ? (field.default ?? null) : result.ok
    if (field.kind === 'money' && result.ok !== null)
      money.push({ field, currency: (value as { currency?: unknown }).currency })
  }
  if (!before) {
    for (const field of type.fields.values()) {
      if (field.kind === 'custom') {
        if (input[CUSTOM] == null) readCustom(type, change, {}, custom, viewer)
        continue
      }
      const given = field.target === ANY ? Object.hasOwn(values, '~id') : Object.hasOwn(values, field.name)
      if (given) continue
      if (field.default !== undefined) values[field.name] = field.default
      else if (field.required && !Object.hasOwn(input, field.name)) {
        errors.push(validationError([...path, field.name], 'required', 'is required'))
      }
    }
    // What a customer brings is nobody's yet.
    if (
      type.fields.has('ownerId') &&
      !Object.hasOwn(values, 'ownerId') &&
      viewer.userId &&
      !viewer.access.standing.customer
    )
      values.ownerId = viewer.userId
  }
  if (type.fields.get('currency')) settleCurrency(type, change, money, viewer)
}

/** All money of a record is in the record's one currency: the input's, else the record's, else the first amount's, else the tenant's. */
function settleCurrency(
  type: RecordType,
  change: Change,
  money: { field: Field; currency: unknown }[],
  viewer: Viewer,
): void {
  const { values, before, errors, path } = change
  const named = money.find((one) => typeof one.currency === 'string')?.currency
  if (!Object.hasOwn(values, 'currency') || values.currency === null) {
    const kept = before?.currency
    // The currency of a record without another amount follows the amount that is written.
    const alone = [...type.fields.values()].every(
      (field) =>
        field.kind !== 'money' ||
        field.write === 'never' ||
        before?.[field.name] == null ||
        Object.hasOwn(values, field.name),
    )
    const currency = before && kept && !(alone && named) ? kept : (named ?? kept ?? viewer.baseCurrency)
    if (!before || currency !== kept) values.currency = currency
    // Cleared is as left out: an amount without a currency would be none.
    else delete values.currency
  }
  const currency = after(change, 'currency')
  for (const { field, currency: own } of money) {
    if (own === undefined || own === null || own === currency) continue
    errors.push({
      code: 'CURRENCY_MISMATCH',
      message: `${field.name} is not in the currency of the record, ${currency}.`,
      field: [...path, field.name, 'currency'],
      details: { currency },
    })
  }
}

/**
 * FORBIDDEN for changes that give a record to somebody else, or make one for somebody else, without the right to transfer: on every path the owner is
 * more than a field (spec/domain.md 3.1, assignOwner).
 */
export function checkOwner(type: RecordType, changes: Change[], { viewer }: WriteContext): void {
  const [owner] = type.owners
  if (!owner || may(viewer, 'transfer', type.name)) return
  for (const { input, before, values, errors, path } of changes) {
    if (!Object.hasOwn(input, owner) || !Object.hasOwn(values, owner)) continue
    if (same(undefined, before ? before[owner] : viewer.userId, values[owner])) continue
    errors.push(forbidden(`${type.name}.transfer`, [...path, owner]))
  }
}

/**
 * Refuses ids that the changes refer to and that no live record has that the viewer may see; FORBIDDEN where a record becomes a part of one that they
 * may see but not write. One statement for all. Records that must not go while they are referred to are locked against that until the end of the transaction.
 *
 * @param trusted uuids of records that this very call has written: their parts need no second look.
 */
export async function checkReferences(
  type: RecordType,
  changes: Change[],
  context: WriteContext,
  trusted: ReadonlySet<string> = NOBODY,
): Promise<void> {
  const { db, viewer } = context
  const wanted = new Map<string, Set<string>>()
  const uses: { change: Change; target: string | null; id: string; name: string; path?: string[] }[] = []
  // To what somebody said, whoever sees it may say more.
  const parts = new Set(
    type.authored
      ? []
      : [...type.relations.values()].flatMap((one) => (one.kind === 'one' && one.part ? [one.field] : [])),
  )
  const use = (change: Change, target: string | null, id: string, name: string, path?: string[]) => {
    if (trusted.has(id)) return
    // What one makes belongs to oneself, also of who may not look at users: a key for accounts alone.
    if (target === 'User' && id === viewer.userId && !viewer.access.standing.customer && !may(viewer, 'read', target))
      return
    uses.push({ change, target, id, name, ...(path ? { path } : {}) })
    // What the viewer may not see is as good as absent.
    if (!target || !may(viewer, 'read', target)) return
    wanted.set(target, (wanted.get(target) ?? new Set()).add(id))
  }
  const ids = [...type.fields.values()].filter(({ kind, target }) => kind === 'id' && target)
  for (const change of changes) {
    for (const field of ids) {
      if (field.target === ANY) {
        if (change.values['~id'])
          use(change, change.values['~type'] as string | null, change.values['~id'] as string, field.name)
      } else if (change.values[field.name] != null) {
        use(change, field.target as string, change.values[field.name] as string, field.name)
      }
    }
    for (const { target, id, path } of change.custom?.references ?? [])
      use(change, target, id, path.at(-1) as string, path)
  }
  if (uses.length === 0) return
  const found = new Map<string, boolean>()
  const customers = new Set<string>()
  const sql = sqlFor(viewer.tenantId)
  const plain: string[] = []
  // In one order for all types, so that two that lock records of the same two types do not wait for each other.
  for (const [target, ids] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const lock = lockOn(type, target)
    const other = recordType(target)
    const t = sql.alias()
    const scope = viewer.access.predicate(other, t, sql)
    // A customer's own user signs in; nothing in the company is theirs to own, decide or be told.
    const colleague = target === 'User' ? `${t}.contact_id IS NULL` : 'true'
    const writing = viewer.access.predicate(other, t, sql, 'update')
    const text = `SELECT '${target}' AS type, ${t}.id, ${writing ?? 'true'} AS writable, ${colleague} AS colleague FROM ${ident(other.table)} ${t} WHERE ${t}.tenant_id = $1 AND ${t}.deleted_at IS NULL AND ${t}.id ${sql.params.among([...ids], 'uuid')}${scope ? ` AND ${scope}` : ''}`
    // FOR SHARE cannot stand in a union; a sub-select with a lock can.
    plain.push(lock ? `SELECT * FROM (${text} ORDER BY ${t}.id FOR ${lock} OF ${t}) locked` : text)
  }
  if (plain.length > 0) {
    const rows = await db.rows<{ type: string; id: string; writable: boolean | null; colleague: boolean }>({
      text: plain.join(' UNION ALL '),
      values: sql.params.values,
    })
    // Of a record without an owner the predicate is neither true nor false.
    for (const row of rows) {
      found.set(`${row.type} ${row.id}`, row.writable === true)
      if (!row.colleague) customers.add(row.id)
    }
  }
  if (await followMerged(context, uses, found)) return checkReferences(type, changes, context, trusted)
  for (const { change, target, id, name, path } of uses) {
    const writable = target ? found.get(`${target} ${id}`) : undefined
    if (writable === false && !path && parts.has(name)) {
      change.errors.push(forbidden(`${target}.update`, [...change.path, name]))
      continue
    }
    if (target === 'User' && customers.has(id)) {
      const message = 'must be a user who works in the company, not a customer’s'
      change.errors.push(validationError(path ?? [...change.path, name], 'colleague', message))
      continue
    }
    if (writable !== undefined) continue
    change.errors.push({
      code: 'NOT_FOUND',
      message: `${name} names no record.`,
      field: path ?? [...change.path, name],
    })
  }
}

/** Puts the record that another was merged into in its place where a change refers to that. @returns was there any. */
async function followMerged(
  { db, viewer }: WriteContext,
  uses: { change: Change; target: string | null; id: string; name: string }[],
  found: Map<string, boolean>,
): Promise<boolean> {
  let followed = false
  const missing = uses.filter(
    ({ target, id }) => target && !found.has(`${target} ${id}`) && may(viewer, 'read', target),
  )
  for (const [target, some] of Map.groupBy(missing, (one) => one.target as string)) {
    const survivors = await survivorsIn(
      db,
      viewer.tenantId,
      recordType(target),
      some.map(({ id }) => id),
    )
    for (const { change, id, name } of some) {
      const survivor = survivors.get(id)
      if (!survivor) continue
      change.values[Object.hasOwn(change.values, name) ? name : '~id'] = survivor
      followed = true
    }
  }
  return followed
}

/**
 * How to lock a target while a record of the type comes to refer to it. The owner of parts: as its own writers do, because what follows from its parts is
 * written into it, and two holders of a weaker lock would wait for each other. What must not go while it is referred to: against going.
 */
function lockOn(type: RecordType, target: string): 'NO KEY UPDATE' | 'SHARE' | 'KEY SHARE' | null {
  const ones = [...type.relations.values()].filter((one) => one.kind === 'one' && one.target === target)
  if (!type.any && ones.some((one) => one.kind === 'one' && one.part)) return 'NO KEY UPDATE'
  if (type.any || ones.some((one) => one.kind === 'one' && one.onDelete === 'restrict')) return 'SHARE'
  // Against being merged, which would leave this record behind. The foreign key takes the same lock a moment later.
  return isMergeable(recordType(target)) ? 'KEY SHARE' : null
}

/** A statement over changes as a table: json_to_recordset with the columns' types. */
export function asTable(columns: ColumnRef[], place: number, alias: string): string {
  return `json_to_recordset($${place}::json) AS ${alias}(id uuid${columns.map(({ name, pgType }) => `, ${ident(name)} ${pgType}`).join('')})`
}

/** The rows for asTable. */
export function asRows(changes: Change[], columns: ColumnRef[]): string {
  return JSON.stringify(
    changes.map(({ id, values }) => {
      const row: Values = { id }
      for (const { name } of columns) row[name] = values[name] ?? null
      return row
    }),
  )
}

/** The condition that a record `t` has the unique key of a row `x`. */
export function hasKey(refs: ColumnRef[]): string {
  return refs
    .map(({ name, column }, index) => {
      const [mine, wanted] = [`t.${ident(column)}`, `x.${ident(name)}`]
      // As a range, so that the order of firstByKey means something to the planner.
      return index < refs.length - 1 ? `${mine} = ${wanted}` : `${mine} >= ${wanted} AND ${mine} <= ${wanted}`
    })
    .join(' AND ')
}

/** The end of a look-up by hasKey: of a unique key there is one record at most, and only the key's own index has it in this order. */
export function firstByKey(refs: ColumnRef[]): string {
  return `ORDER BY t.${ident(refs.at(-1)!.column)} LIMIT 1`
}

/**
 * Runs a statement that looks many keys up, each by hasKey and firstByKey, so that each is found in the key's index. Without the order and with sorting
 * allowed, PostgreSQL reads all records of the tenant for every batch of an import when its statistics do not know the tenant yet: it takes them for one.
 */
export async function lookUp<Row>(db: Writer, query: Query): Promise<Row[]> {
  const [, rows] = await Promise.all([
    db.rows({ text: 'SET LOCAL enable_sort = off', values: [] }),
    db.rows<Row>(query),
    db.rows({ text: 'SET LOCAL enable_sort TO DEFAULT', values: [] }),
  ])
  return rows
}

/** The predicate that a viewer sees a record `t` and, of it, the fields of a key: by what a pool withholds nothing is found. Null: all records. */
export function seenByKey({ access }: Viewer, type: RecordType, fields: string[], sql: Sql): string | null {
  const parts = fields.flatMap((name) => {
    const withheld = access.withheld(type, name, 't', sql)
    return withheld ? [`NOT ${withheld}`] : []
  })
  const scope = access.predicate(type, 't', sql)
  if (scope) parts.push(scope)
  return parts.length > 0 ? parts.join(' AND ') : null
}

const NOBODY: ReadonlySet<string> = new Set()

/** Finds, for changes that a unique index refused, which key and which record stand in the way, and says so in their errors. */
export async function explainConflicts(
  type: RecordType,
  changes: Change[],
  { db, viewer }: WriteContext,
): Promise<void> {
  const columns = columnsOf(type)
  for (const fields of type.unique.values()) {
    const refs = fields.map((name) => columns.get(name)!).filter(Boolean)
    const rows = changes.map((change) => ({
      ...change,
      values: Object.fromEntries(fields.map((name) => [name, after(change, name) ?? null])),
    }))
    const sql = sqlFor(viewer.tenantId)
    sql.params.add(asRows(rows, refs), 'json')
    const scope = seenByKey(viewer, type, fields, sql)
    const query: Query = {
      // Whose value it is stays untold where the viewer may not see the other record; that it is taken cannot.
      text: `SELECT x.id, f.other FROM ${asTable(refs, 2, 'x')} CROSS JOIN LATERAL (SELECT CASE WHEN ${may(viewer, 'read', type.name) ? (scope ?? 'true') : 'false'} THEN t.id END AS other FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id <> x.id AND ${hasKey(refs)} ${firstByKey(refs)}) f`,
      values: sql.params.values,
    }
    for (const { id, other } of await lookUp<{ id: string; other: string | null }>(db, query)) {
      const change = changes.find((one) => one.id === id)
      change?.errors.push(conflict(type, change, fields, other))
    }
  }
  await explainCustom(type, changes, { db, viewer })
  for (const change of changes) {
    if (change.errors.length === 0) change.errors.push(conflict(type, change, [], null))
  }
}

function conflict(type: RecordType, change: Change, fields: string[], other: string | null): UserErrorInfo {
  const shown = fields.filter((name) => name !== 'externalSource')
  const field = shown[0] === '~id' ? 'recordId' : shown[0]
  return {
    code: 'UNIQUE_VIOLATION',
    message: field
      ? `Another ${type.name} has this ${shown.join(' and ').replace('~id', 'recordId')}.`
      : `Another ${type.name} stands in the way.`,
    // What comes back from the recycle bin was named by its id.
    field: field && change.path.at(-1) !== 'id' ? [...change.path, field] : change.path,
    details: other ? { conflictId: idOf(type.name, other) } : undefined,
  }
}

/** Do two column values mean the same. Current values come from JSON, new ones from normalise. */
export function same(field: Field | undefined, a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a === null || a === undefined) return b === null || b === undefined
  if (b === null || b === undefined) return false
  if (field?.kind === 'datetime') return Date.parse(a as string) === Date.parse(b as string)
  if (field?.kind === 'decimal') return Number(a) === Number(b)
  if (typeof a === 'object') return stable(a) === stable(b)
  return String(a) === String(b)
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

/** Link record types: those whose records may point at any type. */
export function linkTypes(): RecordType[] {
  return recordTypes().filter((type) => type.any !== null)
}

/** Where the id of a record stands in the arguments, for errors about the record itself: a change's path names its input, its id or its row. */
export function idPath({ path }: Pick<Change, 'path'>): string[] {
  return path.at(-1) === 'id' ? path : [...(path.at(-1) === 'input' ? path.slice(0, -1) : path), 'id']
}
