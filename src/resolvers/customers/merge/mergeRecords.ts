import { requireRight } from '../../../access/decide.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { newId } from '../../../ids.ts'
import type { RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { idOf, NO_ID, uuidOf } from '../../../read/values.ts'
import { refusePending } from '../../approval/pending.ts'
import { checkHierarchy } from '../../hierarchy.ts'
import { checkOwnerQuota } from '../../identity/ownerQuota.ts'
import { withReason } from '../../leads/pool/pooled.ts'
import { validationError } from '../../normalise.ts'
import { lockTargets, type Written } from '../../records.ts'
import { type Change, checkOwner, explainConflicts, type Rules, same, type WriteContext } from '../../write.ts'
import { markMerged } from '../duplicates/find.ts'
import type { DuplicateObject } from '../duplicates/profile.ts'
import { refillKeys } from '../duplicates/store.ts'
import { change as changeRows, type Dropped, type Moved, moveChildren } from './children.ts'
import { type Choice, mergedValues } from './fields.ts'
import { MERGE_RULES, type Merging } from './rules.ts'

/** Fewest and most records of one merge. */
const LEAST = 2
const MOST = 10
/** How long a merge can be undone, days (spec/domain.md 3.2). */
export const UNDO_DAYS = 30

/** What is merged, as clients write it. */
export interface MergeInput {
  ids: string[]
  survivorId?: string | null
  fieldSource?: { field: string; id: string }[] | null
  expectedVersions?: { id: string; expectedVersion?: number | null }[] | null
  dryRun?: boolean | null
}

/** What a merge did besides the survivor itself; ids as clients write them. */
export interface MergeReport {
  mergedIds: string[]
  moved: Moved[]
  dropped: Dropped[]
  /** uuid of the MergeRecord. */
  mergeId: string
}

/** What a merge answers: the survivor, and in `more` a MergeReport. */
export type MergeWritten = Written & { more?: MergeReport }

const refused = (errors: UserErrorInfo[]): MergeWritten => ({ id: null, errors })

/**
 * Makes one record of two to ten: the survivor gets what hangs on the others, and of each field the chosen value; the others go to the recycle bin and
 * their ids lead to the survivor. What undoing it takes is written down. One transaction; a child that is written at the same time comes before or after.
 *
 * Errors: MERGE_NEEDS_TWO, VALIDATION_FAILED, NOT_FOUND (other type, other company, out of sight, merged already), FORBIDDEN on a record that the caller
 * may not write, STALE_VERSION, INVALID_STATE, APPROVAL_PENDING, FIELD_FORBIDDEN, CURRENCY_MISMATCH, HIERARCHY_CYCLE, HIERARCHY_TOO_DEEP,
 * OWNER_QUOTA_EXCEEDED, UNIQUE_VIOLATION.
 *
 * @throws FORBIDDEN without the right to merge and change records of the type.
 */
export async function mergeRecords(context: WriteContext, type: RecordType, input: MergeInput): Promise<MergeWritten> {
  requireRight(context.viewer, 'merge', type.name)
  requireRight(context.viewer, 'update', type.name)
  const { named, errors } = readIds(type, input)
  if (errors.length > 0) return refused(errors)
  const records = await lockMerged(context, type, named, input)
  if ('errors' in records) return refused(records.errors)
  const choices = (input.fieldSource ?? []).map(
    ({ field, id }, index): Choice => ({
      field,
      id: uuidOf(type.name, id) ?? NO_ID,
      path: ['input', 'fieldSource', String(index)],
    }),
  )
  const stop = (await MERGE_RULES[type.name]?.refuse?.(records.all, context)) ?? []
  if (stop.length > 0) return refused(stop)
  const settled = await mergedValues(context, type, records.all, choices)
  if (settled.errors.length > 0) return refused(settled.errors)
  const written = await write(context, type, records.all, settled.values, choices)
  const ids = records.all.map(({ id }) => id)
  await refillKeys(context, type.name as DuplicateObject, ids)
  if (written.errors.length === 0) await markMerged(context, type.name as DuplicateObject, ids)
  return written
}

interface Named {
  id: string
  path: string[]
}

/** The records that the input names, the survivor first, each once. */
function readIds(
  type: RecordType,
  { ids, survivorId, expectedVersions }: MergeInput,
): { named: Named[]; errors: UserErrorInfo[] } {
  const path = ['input', 'ids']
  if (ids.length > 100)
    return { named: [], errors: [validationError(path, 'maxItems', `must have at most ${MOST} members`)] }
  const named: Named[] = []
  const seen = new Set<string>()
  ids.forEach((id, index) => {
    // Malformed ids are told apart by their text: each of them is not found.
    if (!seen.has(id)) named.push({ id: uuidOf(type.name, id) ?? NO_ID, path: [...path, String(index)] })
    seen.add(id)
  })
  if (named.length < LEAST)
    return {
      named,
      errors: [{ code: 'MERGE_NEEDS_TWO', message: 'A merge takes at least two different records.', field: path }],
    }
  if (named.length > MOST)
    return { named, errors: [validationError(path, 'maxItems', `must have at most ${MOST} members`)] }
  const errors = (expectedVersions ?? []).flatMap(({ id }, index): UserErrorInfo[] =>
    named.some((one) => one.id === uuidOf(type.name, id))
      ? []
      : [validationError(['input', 'expectedVersions', String(index), 'id'], 'member', 'must be one of the ids')],
  )
  if (survivorId == null) return { named, errors }
  const uuid = uuidOf(type.name, survivorId)
  const survivor = named.find(({ id }) => id === uuid)
  if (!survivor) errors.push(validationError(['input', 'survivorId'], 'member', 'must be one of the ids'))
  return { named: survivor ? [survivor, ...named.filter((one) => one !== survivor)] : named, errors }
}

/**
 * Locks the records so that nothing can come to refer to them while they are merged, which is more than those do who only change them, and looks
 * whether the viewer may merge each and change each.
 */
async function lockMerged(
  context: WriteContext,
  type: RecordType,
  named: Named[],
  { expectedVersions }: MergeInput,
): Promise<{ all: Merging[] } | { errors: UserErrorInfo[] }> {
  await lockAll(
    context,
    type,
    named.map(({ id }) => id),
  )
  const expected = new Map(
    (expectedVersions ?? []).map(({ id, expectedVersion }, index) => [
      uuidOf(type.name, id) ?? NO_ID,
      { expectedVersion, path: ['input', 'expectedVersions', String(index), 'expectedVersion'] },
    ]),
  )
  const targets = named.map(({ id }) => ({ id, expectedVersion: expected.get(id)?.expectedVersion ?? null }))
  const pathOf = (index: number) => [...(named[index] as Named).path, 'id']
  const changes = await lockTargets(context, type, targets, { action: 'merge', pathOf })
  const mine = await lockTargets(
    context,
    type,
    named.map(({ id }) => ({ id })),
    { action: 'update', pathOf },
  )
  await refusePending(context, type, mine)
  const errors = changes.flatMap((change, index) => {
    const own = change.errors.length > 0 ? change.errors : (mine[index] as Change).errors
    // Two malformed ids are one that is named twice to those who lock.
    return own.map(({ code, message, details }): UserErrorInfo => {
      const { path, id } = named[index] as Named
      if (id === NO_ID) return { code: 'NOT_FOUND', message: `There is no such ${type.name}.`, field: path }
      if (code === 'STALE_VERSION') return { code, message, details, field: expected.get(id)?.path ?? path }
      return { code, message, field: path, ...(details === undefined ? {} : { details }) }
    })
  })
  if (errors.length > 0) return { errors }
  return {
    all: changes.map(({ id, before }, index) => ({
      id,
      before: before as Merging['before'],
      path: (named[index] as Named).path,
    })),
  }
}

/** Holds records, in the order of their ids, against everything: also against being referred to. */
export async function lockAll({ db, viewer }: WriteContext, type: RecordType, ids: string[]): Promise<void> {
  await db.rows({
    text: `SELECT id FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE`,
    values: [viewer.tenantId, ids],
  })
}

async function write(
  context: WriteContext,
  type: RecordType,
  records: Merging[],
  values: Change['values'],
  choices: Choice[],
): Promise<MergeWritten> {
  const { db, viewer } = context
  const [survivor, ...losers] = records as [Merging, ...Merging[]]
  const change: Change = { id: survivor.id, path: ['input'], before: survivor.before, values, input: {}, errors: [] }
  const problems = () => change.errors.map((error) => ({ ...error, field: placeOf(error, choices) }))
  const [owner] = type.owners
  if (owner && Object.hasOwn(values, owner)) change.input = { [owner]: values[owner] }
  checkOwner(type, [change], context)
  await (type.rule as Rules | null)?.write?.([change], context)
  if (change.errors.length > 0) return refused(problems())
  for (const [name, value] of Object.entries(values))
    if (same(type.fields.get(name), survivor.before[name], value)) delete values[name]

  const merge = { id: newId(), type, survivor: survivor.id, losers: losers.map(({ id }) => id), steps: 0 }
  const mergedIds = merge.losers.map((id) => idOf(type.name, id))
  await db.rows({
    text: `INSERT INTO merge_record (tenant_id, id, object, survivor_id, merged_ids, field_source, undoable_until)
 VALUES ($1, $2, $3, $4, $5::text[], $6::jsonb, now() + interval '${UNDO_DAYS} days')`,
    values: [
      viewer.tenantId,
      merge.id,
      type.name,
      idOf(type.name, merge.survivor),
      mergedIds,
      JSON.stringify(choices.map(({ field, id }) => ({ field, id: idOf(type.name, id) }))),
    ],
  })
  const children = await moveChildren(context, merge)
  await db.rows({
    text: `UPDATE ${ident(type.table)} SET deleted_at = now(), deleted_by = atrium.actor_id(), merged_into_id = $3 WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, merge.losers, merge.survivor],
  })
  // Without the others: they count no more.
  await checkOwnerQuota(context, type, [change])
  if (change.errors.length > 0) return refused(problems())
  try {
    await db.savepoint(() =>
      withReason(db, 'MERGE', () => changeRows(context, merge, type, [{ id: merge.survivor, values }])),
    )
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    await explainConflicts(type, [change], context)
  }
  // Its own place may be as it was, and what came below it deeper than before.
  await checkHierarchy(context, type, [{ ...change, values: { ...survivor.before, ...values }, errors: change.errors }])
  if (change.errors.length > 0) return refused(problems())
  await (type.rule as Rules | null)?.done?.([change], context)
  await db.rows({
    text: 'UPDATE merge_record SET moved = $3::jsonb, dropped = $4::jsonb WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, merge.id, JSON.stringify(children.moved), JSON.stringify(children.dropped)],
  })
  return { id: merge.survivor, errors: [], more: { mergedIds, ...children, mergeId: merge.id } }
}

/** Where in the input stands what an error of the survivor is about: the choice of the field, else the records. */
function placeOf({ field }: UserErrorInfo, choices: Choice[]): string[] {
  const choice = choices.find((one) => one.field === field?.[1])
  return choice ? [...choice.path, 'id'] : ['input', 'ids']
}
