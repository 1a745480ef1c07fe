import { may, requireRight } from '../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../errors.ts'
import { newId } from '../ids.ts'
import type { Mode } from '../read/access.ts'
import { CUSTOM } from '../read/custom.ts'
import { type PartList, partLists, partOf, type RecordType, recordType } from '../read/recordType.ts'
import { ident } from '../read/sql.ts'
import { idOf, NO_ID } from '../read/values.ts'
import { refusePending } from './approval/pending.ts'
import { checkDuplicates } from './customers/duplicates/check.ts'
import { saveKeys } from './customers/duplicates/store.ts'
import { refuseMergedBack, refuseWhileUndoable } from './customers/merge/merged.ts'
import { checkCustom, customNames, explainCustom, loadCustom } from './customFields.ts'
import { checkHierarchy } from './hierarchy.ts'
import { checkOwnerQuota } from './identity/ownerQuota.ts'
import { AMBIGUOUS, ambiguous, findByLookup, lockKeys, lookupOf } from './lookup.ts'
import { validationError } from './normalise.ts'
import { checkParts, checkPartsUse, checkUse, markDeleted, markRestored, needed, remove } from './removal.ts'
import {
  asRows,
  asTable,
  type Change,
  type ColumnRef,
  checkOwner,
  checkReferences,
  columnsOf,
  explainConflicts,
  firstByKey,
  forbidden,
  hasKey,
  type Input,
  idPath,
  lookUp,
  type Rules,
  readInput,
  same,
  seenByKey,
  sqlFor,
  type Values,
  type WriteContext,
} from './write.ts'

/** What became of one row of a write, in the order of the input. */
export interface Written {
  /** The record's uuid; null when nothing was written for it. */
  id: string | null
  errors: UserErrorInfo[]
  /** Of an upsert: was the record made by it. */
  created?: boolean
  /** Did an update write anything, or was all as it should be. */
  changed?: boolean
  /** What else a verb answers, JSON: it is kept under the idempotency key with the rest. */
  more?: unknown
}

export interface WriteOptions {
  /** Write the good rows of a list and report the others; otherwise one bad row stops all. */
  partial?: boolean
  /** Where the inputs stand, for the paths of errors. */
  pathOf?: (index: number) => string[]
  /** uuids of records that this call has made: what becomes a part of them needs no right to change them. */
  trusted?: ReadonlySet<string>
  /** Of an upsert: what findByKey has just found for its rows. */
  found?: (string | null)[]
  /** Of a delete, where the type's rules know what that means. */
  force?: boolean
}

/** The ways in which a mutation points at its records: uuid (NO_ID for what cannot exist) and the version the caller has seen. */
export interface Target {
  id: string
  expectedVersion?: number | null
}

const one = () => ['input']

/**
 * Makes records, with the parts that their inputs bring along: one statement for all records of a type.
 *
 * @returns per input the new uuid or its errors. Without `partial` nothing is written when anything is wrong; the caller undoes the transaction.
 * @throws FORBIDDEN.
 */
export async function createRecords(
  context: WriteContext,
  type: RecordType,
  inputs: Input[],
  { partial = false, pathOf = one, trusted }: WriteOptions = {},
): Promise<Written[]> {
  requireRight(context.viewer, 'create', type.name)
  const lists = partLists(type).filter(({ name }) => inputs.some((input) => input[name] != null))
  if (partial && lists.length > 0) return createOneByOne(context, type, inputs, pathOf)
  const custom = await loadCustom(context, type, inputs, { creating: true })
  const changes = inputs.map((given, index): Change => {
    const input = { ...given }
    for (const { name } of lists) delete input[name]
    const change: Change = { id: newId(), path: pathOf(index), before: null, values: {}, input, errors: [] }
    readInput(type, change, context.viewer, custom)
    return change
  })
  await prepare(context, type, changes, trusted)
  await settle(context, type, changes, partial, (good) => insert(context, type, good, partial))
  await done(context, type, changes, partial)
  // Parts refer to their record, so they are written, and looked at, when it is there.
  if (changes.every(({ errors }) => errors.length === 0)) {
    for (const list of lists) await createParts(context, type, list, changes, inputs)
  }
  return changes.map(({ id, errors }) => ({ id: errors.length === 0 ? id : null, errors }))
}

/** Most parts of one record, and of all records of one call. */
const PARTS_MAX = 100
const ALL_PARTS_MAX = 2000

async function createParts(
  context: WriteContext,
  type: RecordType,
  { name, part, field }: PartList,
  changes: Change[],
  inputs: Input[],
): Promise<void> {
  const rows: { change: Change; path: string[]; input: Input }[] = []
  for (const [index, change] of changes.entries()) {
    const given = (inputs[index]?.[name] ?? []) as Input[]
    if (given.length > PARTS_MAX) {
      change.errors.push(validationError([...change.path, name], 'maxItems', `must have at most ${PARTS_MAX} members`))
      continue
    }
    given.forEach((input, place) => {
      rows.push({
        change,
        path: [...change.path, name, String(place)],
        input: { ...input, [field]: idOf(type.name, change.id) },
      })
    })
  }
  if (rows.length > ALL_PARTS_MAX)
    throw new UserErrors([
      {
        code: 'BULK_TOO_LARGE',
        message: `At most ${ALL_PARTS_MAX} ${name} at once.`,
        field: ['input'],
        details: { max: ALL_PARTS_MAX },
      },
    ])
  if (rows.length === 0 || changes.some(({ errors }) => errors.length > 0)) return
  const written = await createRecords(
    context,
    part,
    rows.map(({ input }) => input),
    {
      pathOf: (index) => (rows[index] as { path: string[] }).path,
      trusted: new Set(changes.map(({ id }) => id)),
    },
  )
  written.forEach(({ errors }, index) => {
    rows[index]?.change.errors.push(...errors)
  })
}

/** Records with parts in a call that keeps its good rows: each with its parts, or not at all. */
async function createOneByOne(
  context: WriteContext,
  type: RecordType,
  inputs: Input[],
  pathOf: (index: number) => string[],
): Promise<Written[]> {
  const results: Written[] = []
  for (const [index, input] of inputs.entries()) {
    let written: Written = { id: null, errors: [] }
    try {
      await context.db.savepoint(async () => {
        ;[written] = (await createRecords(context, type, [input], { pathOf: () => pathOf(index) })) as [Written]
        if (written.errors.length > 0) throw AGAIN
      })
    } catch (error) {
      if (error instanceof UserErrors) written = { id: null, errors: error.errors }
      else if (error !== AGAIN) throw error
    }
    results.push(written)
  }
  return results
}

/**
 * Changes records. Only what differs is written; a record that stays as it is keeps its version.
 *
 * @returns as createRecords. NOT_FOUND, STALE_VERSION (with the current version and the fields that others changed) are among the errors.
 * @throws FORBIDDEN.
 */
export async function updateRecords(
  context: WriteContext,
  type: RecordType,
  targets: (Target & { input: Input })[],
  { partial = false, pathOf = one, trusted }: WriteOptions = {},
): Promise<Written[]> {
  requireRight(context.viewer, 'update', type.name)
  const changes = await lockTargets(context, type, targets, { action: 'update', pathOf })
  const custom = await loadCustom(
    context,
    type,
    targets.map(({ input }) => input),
  )
  changes.forEach((change, index) => {
    change.input = (targets[index] as { input: Input }).input
    if (change.before) readInput(type, change, context.viewer, custom)
  })
  const known = changes.filter((change) => change.before)
  await prepare(context, type, known, trusted)
  for (const change of known) {
    for (const [name, value] of Object.entries(change.values)) {
      if (same(type.fields.get(name), change.before?.[name], value)) delete change.values[name]
    }
  }
  await settle(context, type, changes, partial, (good) => update(context, type, good, partial))
  await done(context, type, changes, partial)
  return changes.map(({ id, errors, values }) => ({
    id: errors.length === 0 ? id : null,
    errors,
    changed: errors.length === 0 && Object.keys(values).length > 0,
  }))
}

/** Makes or changes records found by a key: the external id, another natural key of the type, or the id. Rows of one call may name a key once. */
export async function upsertRecords(
  context: WriteContext,
  type: RecordType,
  rows: { by: Input; input: Input }[],
  options: WriteOptions = {},
): Promise<Written[]> {
  requireRight(context.viewer, 'create', type.name)
  requireRight(context.viewer, 'update', type.name)
  const pathOf = options.pathOf ?? one
  for (const name of new Set(rows.flatMap(({ by }) => Object.keys(by))))
    context.viewer.access.requireField(type, name, ['by', name])
  const keys = rows.map(({ by }) => by)
  const lookup = lookupOf(type, Object.keys(keys[0] ?? {}))
  if (lookup && !options.found) await lockKeys(context, type, lookup, keys)
  const find = (by: Input[]) => (lookup ? findByLookup(context, type, lookup, by) : findByKey(context, type, by))
  const found = options.found ? [...options.found] : await find(keys)
  const results: Written[] = []
  const creates: number[] = []
  const updates: number[] = []
  const seen = new Set<string>()
  rows.forEach(({ by }, index) => {
    const key = JSON.stringify(Object.entries(by).sort())
    if (seen.has(key)) {
      results[index] = {
        id: null,
        errors: [{ code: 'UNIQUE_VIOLATION', message: 'An earlier row has the same key.', field: pathOf(index) }],
      }
    } else if (lookup && found[index] === AMBIGUOUS) {
      results[index] = { id: null, errors: [ambiguous(lookup, [...pathOf(index), lookup.field])] }
    } else (found[index] ? updates : creates).push(index)
    seen.add(key)
  })
  const run = async (
    indices: number[],
    write: (pathOf: (index: number) => string[]) => Promise<Written[]>,
    created: boolean,
  ) => {
    if (indices.length === 0) return
    const written = await write((index) => pathOf(indices[index] as number))
    indices.forEach((index, place) => {
      results[index] = { ...(written[place] as Written), created }
    })
  }
  const rowOf = (index: number) => rows[index] as { by: Input; input: Input }
  const change = (indices: number[], created: boolean) =>
    run(
      indices,
      (paths) =>
        updateRecords(
          context,
          type,
          indices.map((index) => ({ id: found[index] as string, input: rowOf(index).input })),
          { ...options, pathOf: paths },
        ),
      created,
    )
  await run(
    creates,
    (paths) =>
      createRecords(
        context,
        type,
        creates.map((index) => ({ ...clientKey(type, rowOf(index).by), ...rowOf(index).input })),
        { ...options, pathOf: paths },
      ),
    true,
  )
  // Another transaction may have made the record since we looked.
  const raced = creates.filter((index) =>
    results[index]?.errors.some(({ code }) => code === 'UNIQUE_VIOLATION' || code === 'DUPLICATE_DETECTED'),
  )
  if (raced.length > 0) {
    const again = lookup ? raced.map(() => null) : await find(raced.map((index) => rowOf(index).by))
    again.forEach((id, place) => {
      found[raced[place] as number] = id
    })
    updates.push(...raced.filter((index) => found[index]))
  }
  await change(updates, false)
  return results
}

/** A key's column values as clients write them. */
function clientKey(type: RecordType, by: Input): Input {
  return Object.fromEntries(
    Object.entries(by).map(([name, value]) => {
      const field = type.fields.get(name)
      return [name, field?.kind === 'id' && field.target && value ? idOf(field.target, value as string) : value]
    }),
  )
}

/** Moves records, with their parts, to the recycle bin. REFERENCE_IN_USE when live records refer to them that must not lose them. */
export async function deleteRecords(
  context: WriteContext,
  type: RecordType,
  targets: Target[],
  { partial = false, pathOf = () => ['id'], force = false }: WriteOptions = {},
): Promise<Written[]> {
  requireRight(context.viewer, 'delete', type.name)
  const changes = await lockTargets(context, type, targets, { action: 'delete', pathOf })
  if (force) for (const change of changes) change.input = { force }
  await refusePending(context, type, changes)
  await checkUse(context, type, changes, ({ relation }) => relation.onDelete === 'restrict' && !relation.part, true)
  await runRule(context, type, changes, 'delete')
  await markDeleted(
    context,
    type,
    writable(changes, partial).map(({ id }) => id),
  )
  await done(context, type, changes, partial)
  return changes.map(({ id, errors }) => ({ id: errors.length === 0 ? id : null, errors }))
}

/** Brings records back from the recycle bin, with the parts that went there with them. */
export async function restoreRecords(
  context: WriteContext,
  type: RecordType,
  targets: Target[],
  { partial = false, pathOf = () => ['id'] }: WriteOptions = {},
): Promise<Written[]> {
  requireRight(context.viewer, 'restore', type.name)
  const changes = await lockTargets(context, type, targets, { action: 'restore', state: 'deleted', pathOf })
  await refuseMergedBack(context, type, changes)
  await checkParts(context, type, changes)
  await checkOwnerQuota(context, type, changes, { restored: true })
  for (const change of writable(changes, partial)) {
    // One by one: a live record may have taken a key meanwhile, and only that one row fails.
    try {
      await context.db.savepoint(() => markRestored(context, type, [change.id], change.before?.deletedAt as string))
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error
      await explainConflicts(type, [change], context)
    }
  }
  await done(context, type, changes, partial)
  return changes.map(({ id, errors }) => ({ id: errors.length === 0 ? id : null, errors }))
}

/** Removes records for good, with their parts and links. Optional references to them are cleared; REFERENCE_IN_USE for others. */
export async function destroyRecords(
  context: WriteContext,
  type: RecordType,
  targets: Target[],
  { partial = false, pathOf = () => ['id'] }: WriteOptions = {},
): Promise<Written[]> {
  requireRight(context.viewer, 'destroy', type.name)
  const changes = await lockTargets(context, type, targets, { action: 'destroy', state: 'any', pathOf })
  await refuseWhileUndoable(context, type, changes)
  await refusePending(context, type, changes)
  await checkUse(context, type, changes, needed, false)
  await checkPartsUse(context, type, changes)
  await runRule(context, type, changes, 'delete')
  await remove(
    context,
    type,
    writable(changes, partial).map(({ id }) => id),
  )
  await done(context, type, changes, partial)
  return changes.map(({ id, errors }) => ({ id: errors.length === 0 ? id : null, errors }))
}

// What the five are made of.

/** Changes that may be written: all good ones, or none when one is bad and the call is not partial. */
function writable(changes: Change[], partial: boolean): Change[] {
  const good = changes.filter(({ errors }) => errors.length === 0)
  return partial || good.length === changes.length ? good : []
}

/** Tells the type's rule what was written. */
async function done(context: WriteContext, type: RecordType, changes: Change[], partial: boolean): Promise<void> {
  const good = writable(changes, partial)
  if (good.length > 0) await runRule(context, type, good, 'done')
}

async function prepare(
  context: WriteContext,
  type: RecordType,
  changes: Change[],
  trusted?: ReadonlySet<string>,
): Promise<void> {
  checkOwner(type, changes, context)
  await refusePending(context, type, changes, trusted)
  await checkReferences(type, changes, context, trusted)
  // Behind it: a reference may have led to the record itself, under the id of one that was merged into it.
  for (const relation of type.relations.values()) {
    if (relation.kind !== 'one' || relation.target !== type.name) continue
    for (const { id, values, errors, path } of changes) {
      if (values[relation.field] !== id) continue
      const message = `${relation.field} would make the record its own ancestor.`
      errors.push({ code: 'HIERARCHY_CYCLE', message, field: [...path, relation.field] })
    }
  }
  await checkCustom(changes, context)
  await runRule(context, type, changes, 'write')
  await checkDuplicates(context, type, changes)
  await checkOwnerQuota(context, type, changes)
}

async function runRule(
  context: WriteContext,
  type: RecordType,
  changes: Change[],
  when: 'write' | 'delete' | 'done',
): Promise<void> {
  const rules = type.rule as Rules | null
  const good = changes.filter(({ errors }) => errors.length === 0)
  if (good.length > 0) await rules?.[when]?.(good, context)
}

const AGAIN = new Error('Some rows were refused after the write.')

/** Writes the good changes and checks hierarchies afterwards; in a partial call, rows refused then are undone and the others written again. */
async function settle(
  context: WriteContext,
  type: RecordType,
  changes: Change[],
  partial: boolean,
  write: (good: Change[]) => Promise<void>,
): Promise<void> {
  const good = writable(changes, partial)
  const attempt = async () => {
    await write(good)
    await checkHierarchy(context, type, good)
    if (partial && good.some(({ errors }) => errors.some(({ code }) => code.startsWith('HIERARCHY')))) throw AGAIN
  }
  if (!partial) return attempt()
  try {
    await context.db.savepoint(attempt)
  } catch (error) {
    if (error !== AGAIN) throw error
    await settle(context, type, changes, partial, write)
  }
}

async function insert(context: WriteContext, type: RecordType, changes: Change[], partial: boolean): Promise<void> {
  if (changes.length === 0) return
  // Of a custom field the table beside is unique, and that fails the statement.
  if (!changes.some(({ values }) => Object.hasOwn(values, CUSTOM))) return insertAll(context, type, changes)
  try {
    await context.db.savepoint(() => insertAll(context, type, changes))
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    if (!partial || changes.length === 1) await explainRefusal(type, changes, context)
    else for (const change of changes) await insert(context, type, [change], partial)
  }
}

/** Explains a statement that failed as a whole: where custom fields are in the way, only those of some of its rows may be. */
async function explainRefusal(type: RecordType, changes: Change[], context: WriteContext): Promise<void> {
  await explainCustom(type, changes, context)
  if (changes.every(({ errors }) => errors.length === 0)) await explainConflicts(type, changes, context)
}

async function insertAll(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  const used = new Set(changes.flatMap(({ values }) => Object.keys(values)))
  const columns = [...columnsOf(type).values()].filter(({ name }) => used.has(name))
  // A row that leaves out what another sets gets the column's default by having it written here.
  for (const { name } of columns) {
    const fallback = type.fields.get(name)?.default
    if (fallback !== undefined) for (const { values } of changes) values[name] ??= fallback
  }
  const list = columns.map(({ column }) => ident(column))
  const rows = await context.db.rows<{ id: string }>({
    text: `INSERT INTO ${ident(type.table)} (${['tenant_id', 'id', ...list].join(', ')}) SELECT ${['$1::uuid', 'x.id', ...columns.map(({ name }) => `x.${ident(name)}`)].join(', ')} FROM ${asTable(columns, 2, 'x')} ON CONFLICT DO NOTHING RETURNING id`,
    values: [context.viewer.tenantId, asRows(changes, columns)],
  })
  if (rows.length < changes.length) {
    const written = new Set(rows.map(({ id }) => id))
    await explainConflicts(
      type,
      changes.filter(({ id }) => !written.has(id)),
      context,
    )
  }
  await saveKeys(context, type, changes)
}

/** Writes changes grouped by the columns they touch, so that a uniform list is one statement. */
async function update(context: WriteContext, type: RecordType, changes: Change[], partial: boolean): Promise<void> {
  const groups = new Map<string, Change[]>()
  for (const change of changes) {
    const names = Object.keys(change.values).sort()
    if (names.length === 0) continue
    const key = names.join()
    groups.set(key, [...(groups.get(key) ?? []), change])
  }
  for (const group of groups.values()) {
    const columns = [...columnsOf(type).values()].filter(({ name }) => Object.hasOwn((group[0] as Change).values, name))
    try {
      await context.db.savepoint(() => updateGroup(context, type, group, columns))
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error
      if (!partial || group.length === 1) await explainRefusal(type, group, context)
      else for (const change of group) await update(context, type, [change], partial)
    }
  }
  await saveKeys(context, type, changes)
}

async function updateGroup(
  context: WriteContext,
  type: RecordType,
  group: Change[],
  columns: ColumnRef[],
): Promise<void> {
  const rows = asTable(columns, 2, 'x')
  // PostgreSQL takes a row set for a hundred rows, and may read the whole table for them: it is told when it is one.
  const one = group.length === 1
  await context.db.rows({
    text: `UPDATE ${ident(type.table)} t SET ${columns.map(({ name, column }) => `${ident(column)} = x.${ident(name)}`).join(', ')} FROM ${one ? `(SELECT * FROM ${rows} LIMIT 1) x` : rows} WHERE t.tenant_id = $1 AND t.id = ${one ? '$3::uuid' : 'x.id'}`,
    values: [context.viewer.tenantId, asRows(group, columns), ...(one ? [group[0]?.id] : [])],
  })
}

/**
 * Locks the records that a mutation names and gives them as changes: NOT_FOUND for those that the viewer may not see, FORBIDDEN for those that they see
 * and may not do this with, a second mention, and stale versions are told in their errors. Every verb that is given ids begins here.
 */
export async function lockTargets(
  context: WriteContext,
  type: RecordType,
  targets: Target[],
  {
    action,
    state = 'live',
    pathOf,
  }: { action: Exclude<Mode, 'read'>; state?: 'live' | 'deleted' | 'any'; pathOf: (index: number) => string[] },
): Promise<Change[]> {
  const current = await lockRecords(context, type, targets, action, state)
  return targeted(context, type, targets, current, action, pathOf)
}

interface Locked {
  record: Values
  writable: boolean
}

/**
 * Locks what the records are parts of. Who makes a part does so first (checkReferences), and may then write into its siblings; who changes a part and took
 * it before its owner would wait for them in a ring.
 */
async function lockOwners({ db, viewer }: WriteContext, type: RecordType, ids: string[]): Promise<void> {
  // What hangs at records of any type writes nothing into them.
  const owners = type.any ? [] : partOf(type).toSorted((a, b) => (a.target < b.target ? -1 : 1))
  if (owners.length === 0) return
  // FOR UPDATE cannot stand in a union; a sub-select with a lock can.
  const locks = owners.map(({ target, column }) => {
    const of = `SELECT p.${ident(column)} FROM ${ident(type.table)} p WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[])`
    return `SELECT * FROM (SELECT o.id FROM ${ident(recordType(target).table)} o WHERE o.tenant_id = $1 AND o.id = ANY (ARRAY(${of})) ORDER BY o.id FOR NO KEY UPDATE OF o) locked`
  })
  await db.rows({ text: locks.join(' UNION ALL '), values: [viewer.tenantId, ids] })
}

/**
 * Locks and reads the records that a mutation names, what they are parts of before them, and each in the order of their ids, so that two mutations never
 * wait for each other in a ring.
 */
async function lockRecords(
  context: WriteContext,
  type: RecordType,
  targets: Target[],
  action: Exclude<Mode, 'read'>,
  state: 'live' | 'deleted' | 'any',
): Promise<Map<string, Locked>> {
  const { db, viewer } = context
  const { access } = viewer
  const sql = sqlFor(viewer.tenantId)
  const named = targets.map(({ id }) => id)
  const ids = sql.params.among(named, 'uuid')
  const writing = access.predicate(type, 't', sql, action)
  // Who may not read the type finds, by its id, what they may write.
  const seeing = may(viewer, 'read', type.name) ? access.predicate(type, 't', sql) : writing
  const where = state === 'any' ? '' : ` AND t.deleted_at IS ${state === 'live' ? '' : 'NOT '}NULL`
  // Money and decimals as text: JSON numbers are floats to JavaScript.
  const columns = [...columnsOf(type).values()].map(({ name, column, pgType }) => {
    const exact = pgType === 'bigint' || pgType === 'numeric' ? '::text' : ''
    return `t.${ident(column)}${exact} AS ${ident(name)}`
  })
  // Which records the viewer sees is asked of the rows as they are once the locks are there: their owner may just have changed.
  const reading = () =>
    db.rows<Locked & { id: string; visible: boolean }>({
      text: `SELECT t.id, (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record, ${seeing ?? 'true'} AS visible, ${writing ?? 'true'} AS writable FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id ${ids}${where} ORDER BY t.id FOR NO KEY UPDATE OF t`,
      values: sql.params.values,
    })
  // Both are sent together: the second begins when the first has its locks.
  const [, rows] = await Promise.all([lockOwners(context, type, named), reading()])
  return new Map(rows.flatMap(({ id, record, visible, writable }) => (visible ? [[id, { record, writable }]] : [])))
}

/** The targets as changes: NOT_FOUND, a second mention, and stale versions are told here. */
async function targeted(
  context: WriteContext,
  type: RecordType,
  targets: Target[],
  current: Map<string, Locked>,
  action: Exclude<Mode, 'read'>,
  pathOf: (index: number) => string[],
): Promise<Change[]> {
  const seen = new Set<string>()
  const changes = targets.map(({ id }, index): Change => {
    const locked = current.get(id)
    const before = locked?.record ?? null
    const change: Change = { id, path: pathOf(index), before, values: {}, input: {}, errors: [] }
    if (!before)
      change.errors.push({ code: 'NOT_FOUND', message: `There is no such ${type.name}.`, field: idPath(change) })
    else if (seen.has(id)) {
      change.before = null
      change.errors.push({
        code: 'VALIDATION_FAILED',
        message: 'The record is named twice.',
        field: idPath(change),
        details: { rule: 'once' },
      })
    } else if (!locked?.writable) {
      change.before = null
      change.errors.push(forbidden(`${type.name}.${action}`, idPath(change)))
    }
    seen.add(id)
    return change
  })
  for (const [index, change] of changes.entries()) {
    const expected = targets[index]?.expectedVersion
    if (!change.before || expected === null || expected === undefined || expected === change.before.version) continue
    change.errors.push({
      code: 'STALE_VERSION',
      message: `The ${type.name} was changed meanwhile.`,
      field: [...idPath(change).slice(0, -1), 'expectedVersion'],
      details: {
        currentVersion: change.before.version,
        changedFields: await changedSince(context, type, change.id, expected),
      },
    })
  }
  return changes
}

/** API names of the fields that changed after a version, from the change rows. */
export async function changedSince(
  { db, viewer }: WriteContext,
  type: RecordType,
  id: string,
  version: number,
): Promise<string[]> {
  const rows = await db.rows<{ column: string }>({
    text: `SELECT DISTINCT unnest(changed_fields) AS column FROM change WHERE tenant_id = $1 AND object = $2 AND record_id = $3::uuid AND record_version > $4::integer AND operation <> 'created' ORDER BY 1`,
    values: [viewer.tenantId, type.table, id, version],
  })
  const shown = [...type.fields.values()].filter(({ name }) => !viewer.access.hides(type, name))
  const names = new Map(shown.map((field) => [field.column, field.name]))
  return rows
    .flatMap(({ column }) => names.get(column) ?? [])
    .concat(await customNames({ db, viewer }, type, id, version))
}

/** The uuid of the live record that has each key and that the viewer may see, or null. Keys are field values by name. */
export async function findByKey(
  { db, viewer }: WriteContext,
  type: RecordType,
  keys: Input[],
): Promise<(string | null)[]> {
  const columns = columnsOf(type)
  const groups = new Map<string, number[]>()
  keys.forEach((key, index) => {
    const names = Object.keys(key).sort().join()
    groups.set(names, [...(groups.get(names) ?? []), index])
  })
  const found: (string | null)[] = keys.map(() => null)
  for (const [names, indices] of groups) {
    // In the order of the key's index.
    const fields = [...type.unique.values()].find((one) => one.toSorted().join() === names) ?? names.split(',')
    const refs = fields.map((name) => columns.get(name) as ColumnRef)
    const sql = sqlFor(viewer.tenantId)
    sql.params.add(JSON.stringify(indices.map((index) => ({ place: index, ...keys[index] }))), 'json')
    const scope = seenByKey(viewer, type, fields, sql)
    const rows = await lookUp<{ place: number; id: string }>(db, {
      text: `SELECT x.place, f.id FROM json_to_recordset($2::json) AS x(place integer, ${refs.map(({ name, pgType }) => `${ident(name)} ${pgType}`).join(', ')}) CROSS JOIN LATERAL (SELECT t.id FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND ${hasKey(refs)}${scope ? ` AND ${scope}` : ''} ${firstByKey(refs)}) f`,
      values: sql.params.values,
    })
    for (const { place, id } of rows) found[place] = id
  }
  return found
}

/** uuid → id for clients, or null. */
export function shownId(type: RecordType, id: string | null): string | null {
  return id && id !== NO_ID ? idOf(type.name, id) : null
}
