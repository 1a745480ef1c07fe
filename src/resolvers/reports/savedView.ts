import type { UserErrorCode } from '../../errors.ts'
import { customName } from '../../read/custom.ts'
import { findRecordType, type RecordType, recordType } from '../../read/recordType.ts'
import {
  coerceFilter,
  coerceOrder,
  type FilterProblem,
  filterProblems,
  orderProblems,
  problemIn,
} from '../../read/storedFilter.ts'
import { refuse } from '../checks.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { dimensionField } from './fields.ts'

/** Most columns of a view. */
export const COLUMNS = 50

/**
 * Rule of saved views: filter, sort, grouping and columns are what the type's list takes from whoever writes them. Who makes a view their default takes that from their others of the type.
 * Errors: VALIDATION_FAILED and FIELD_FORBIDDEN with the path of what is wrong.
 */
export async function writeSavedView(changes: Change[], context: WriteContext): Promise<void> {
  const { viewer } = context
  for (const change of changes) {
    const { values } = change
    const type = findRecordType(after(change, 'object') as string)
    if (!type) {
      refuse(change, 'object', 'object', 'must be the name of a type')
      continue
    }
    const add = (path: string[], { path: inner, message, forbidden }: FilterProblem) =>
      problem(change, [...path, ...inner], message, forbidden)
    if (values.filter != null) {
      const read = coerceFilter(type, values.filter)
      for (const one of 'problems' in read ? read.problems : filterProblems(type, read.ok, viewer)) add(['filter'], one)
    }
    if (values.sort != null) {
      const read = coerceOrder(type, values.sort)
      for (const one of 'problems' in read ? read.problems : orderProblems(type, read.ok, viewer))
        add(['sort'], { ...one, path: one.path[0] === 'orderBy' ? one.path.slice(1) : one.path })
    }
    if (values.grouping != null) {
      const found = asked(() => dimensionField(type, { field: values.grouping as string }, viewer.access, []))
      if (found) add(['grouping'], { ...found, path: [] })
    }
    const columns = (values.columns ?? []) as string[]
    if (columns.length > COLUMNS) refuse(change, 'columns', 'maxItems', `must have at most ${COLUMNS} members`)
    columns.forEach((name, at) => {
      const twice = columns.indexOf(name) < at
      if (twice) refuse(change, ['columns', String(at)], 'unique', 'stands there twice')
      const found = twice ? null : asked(() => column(type, name, viewer))
      if (found) add(['columns', String(at)], { ...found, path: [] })
    })
    // A default is its owner's own matter.
    if (
      change.before &&
      Object.hasOwn(values, 'ownerId') &&
      values.ownerId !== change.before.ownerId &&
      !values.isDefault
    )
      values.isDefault = false
  }
  await lockOwners(changes, context)
}

function problem(change: Change, path: string[], message: string, forbidden: boolean): void {
  const code: UserErrorCode = forbidden ? 'FIELD_FORBIDDEN' : 'VALIDATION_FAILED'
  const details = forbidden ? undefined : { rule: 'view' }
  change.errors.push({ code, message, field: [...change.path, ...path], details })
}

/** What a check says, told or thrown, as a problem. */
function asked(check: () => object | { problem: string } | null): FilterProblem | null {
  try {
    const found = check()
    return found && 'problem' in found ? { path: [], message: `It ${found.problem}.`, forbidden: false } : null
  } catch (error) {
    return problemIn(error)
  }
}

/** A column shows what its viewer sees: a masked text too, a hidden field not. */
function column(type: RecordType, name: string, { access }: WriteContext['viewer']): { problem: string } | null {
  const custom = customName(name)
  if (custom !== null) {
    if (!access.custom(type).has(custom)) return { problem: `is no field of ${type.name}` }
    if (access.hidesCustom(type, custom)) access.customField(type, custom, [])
    return null
  }
  const [first = '', second, ...more] = name.split('.')
  if (second === undefined) return fieldProblem(type, first, access)
  const relation = type.relations.get(first)
  if (relation?.kind !== 'one' || more.length > 0) return { problem: `is no way from ${type.name} to one record` }
  access.requireRead(recordType(relation.target), [])
  if (access.hidesRelation(type, relation)) access.requireRelation(type, relation, [])
  return fieldProblem(recordType(relation.target), second, access)
}

function fieldProblem(type: RecordType, name: string, access: WriteContext['viewer']['access']) {
  if (!type.fields.has(name)) return { problem: `is no field of ${type.name}` }
  if (access.hides(type, name)) access.requireField(type, name, [])
  return null
}

/** Is a view made its owner's default by this change. */
const marks = ({ before, values }: Change) => values.isDefault === true && before?.isDefault !== true

/** Two calls that make different views the default of one user wait for each other. */
async function lockOwners(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const marked = changes.filter(marks)
  const seen = new Set<string>()
  for (const change of marked) {
    const key = `${after(change, 'ownerId')} ${after(change, 'object')}`
    if (seen.has(key)) refuse(change, 'isDefault', 'once', 'can be set on one view of a type only')
    seen.add(key)
  }
  if (marked.length === 0) return
  await db.rows({
    text: 'SELECT id FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, marked.flatMap((change) => (after(change, 'ownerId') as string | null) ?? [])],
  })
}

/** Of a user's views of a type, the one that was just made the default stays it; one that comes back from the recycle bin gives way. */
export async function savedViewsDone(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const marked = changes.filter(marks).map(({ id }) => id)
  const back = changes.filter(({ before }) => before?.deletedAt && before.isDefault).map(({ id }) => id)
  const same = `t.is_default AND t.deleted_at IS NULL AND x.tenant_id = $1 AND x.id <> t.id AND x.owner_id = t.owner_id AND x.object = t.object AND x.is_default AND x.deleted_at IS NULL`
  if (marked.length > 0)
    await db.rows({
      text: `UPDATE saved_view t SET is_default = false FROM saved_view x WHERE t.tenant_id = $1 AND ${same} AND x.id = ANY ($2::uuid[]) AND t.id <> ALL ($2::uuid[])`,
      values: [viewer.tenantId, marked],
    })
  if (back.length > 0)
    await db.rows({
      text: `UPDATE saved_view t SET is_default = false FROM saved_view x WHERE t.tenant_id = $1 AND ${same} AND t.id = ANY ($2::uuid[])`,
      values: [viewer.tenantId, back],
    })
}
