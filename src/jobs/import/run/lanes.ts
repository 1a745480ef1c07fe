import { may } from '../../../access/decide.ts'
import type { Viewer } from '../../../context.ts'
import { callerOf } from '../../../read/read.ts'
import { findRecordType, type RecordType } from '../../../read/recordType.ts'
import { isMatched } from '../../../resolvers/customers/duplicates/profile.ts'
import { rulesOf } from '../../../resolvers/customers/duplicates/rules.ts'
import { lookupOf } from '../../../resolvers/lookup.ts'
import { normalise } from '../../../resolvers/normalise.ts'
import type { Rules } from '../../../resolvers/write.ts'
import type { Tenancy } from '../../../tenancy/tenancy.ts'
import type { Mapping } from '../mapping.ts'
import type { ConvertedRecord } from '../values.ts'
import { type ImportMode, uniqueKey } from './check.ts'

/** Transactions side by side: one is written by the database while the next is prepared and begun, by two cores. */
const LANES = 2

/** Names of the fields that a mapping fills. */
function filledBy({ targets, constants }: Mapping): Set<string> {
  return new Set([...targets, ...constants].map(({ path }) => path[0]!))
}

/**
 * How many batches of an import may be written at a time without anybody seeing a difference to one after the other. More than one only where what becomes
 * of a row cannot depend on rows of other batches, other than by a unique key (see batchKeys): no lines, no records made on the way, no rule that asks the
 * database, no hierarchy, no quota of owners.
 */
export async function lanesOf(tenancy: Tenancy, viewer: Viewer, mapping: Mapping, mode: ImportMode): Promise<number> {
  const type = findRecordType(mapping.type)
  if (!type || mapping.children.length > 0) return 1
  const filled = filledBy(mapping)
  const references = [
    ...mapping.targets.flatMap(({ conversion, path }) =>
      conversion.kind === 'reference' ? [{ ...conversion.reference, name: path[0]! }] : [],
    ),
    ...mapping.constants.flatMap(({ reference, path }) => (reference ? [{ ...reference, name: path[0]! }] : [])),
  ]
  if (references.some(({ create }) => create)) return 1
  // Those over a reference are filled in after the last row.
  const later = new Set(references.filter((one) => one.type === type.name).map(({ name }) => name))
  for (const relation of type.relations.values()) {
    if (
      relation.kind === 'one' &&
      relation.target === type.name &&
      filled.has(relation.field) &&
      !later.has(relation.field)
    )
      return 1
  }
  const rules = type.rule as Rules | null
  // A rule that takes the changes alone has no way to the database.
  const asks = rules?.done || (rules?.write && rules.write.length > 1)
  if (asks && (mapping.assign || !rules?.apart?.(filled))) return 1
  // No index keeps such a key, so a batch must see what the one before it made.
  if (mode === 'upsert' && lookupOf(type, mapping.key)) return 1
  const named = new Set([...mapping.targets, ...mapping.constants].map(({ field }) => field))
  // Which row has a unique custom value first is for the order of the file to say.
  for (const { field, unique } of viewer.access.custom(type).values()) if (unique && named.has(field.name)) return 1
  const own = mode === 'upsert' ? uniqueKey(type, mapping.key) : undefined
  for (const names of type.unique.values()) {
    if (!names.some((name) => filled.has(name) && name !== 'externalSource')) continue
    // An update may give one key up for a later row to take, and an id that is looked up is not known yet.
    if (own && names !== own) return 1
    if (references.some(({ name }) => names.includes(name))) return 1
  }
  if (await looksForDuplicates(tenancy, viewer, type, mapping)) return 1
  return (await hasQuota(tenancy, viewer, type)) ? 1 : LANES
}

/** Are rows held against records, and so against rows of other batches. */
async function looksForDuplicates(
  tenancy: Tenancy,
  viewer: Viewer,
  { name }: RecordType,
  { duplicates }: Mapping,
): Promise<boolean> {
  if (!isMatched(name)) return false
  const rules = await tenancy.readTenant(callerOf(viewer), (db) => rulesOf(db, viewer.tenantId, name))
  return rules.some(({ block }) => duplicates === 'skip' || (block && !(duplicates && may(viewer, 'merge', name))))
}

async function hasQuota(tenancy: Tenancy, viewer: Viewer, type: RecordType): Promise<boolean> {
  if (type.owners.length === 0) return false
  const rows = await tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows({
      text: 'SELECT id FROM owner_quota WHERE tenant_id = $1 AND object = $2 AND deleted_at IS NULL LIMIT 1',
      values: [viewer.tenantId, type.name],
    }),
  )
  return rows.length > 0
}

/**
 * The values of unique keys that a record is going to have, as texts. Batches that share one are written one after the other, so that always the first row
 * of the file with a key gets it.
 */
export function uniqueKeysOf(type: RecordType, { input }: ConvertedRecord, viewer: Viewer): string[] {
  const keys: string[] = []
  for (const [key, names] of type.unique) {
    const values: unknown[] = []
    for (const name of names) {
      const field = type.fields.get(name)
      const result = field && normalise(field, input[name], viewer)
      if (!result || 'rule' in result) break
      const value = result.ok ?? field.default ?? (name === 'externalSource' ? '' : null)
      if (value === null) break
      values.push(value)
    }
    // Without one of its values nothing is unique: null equals nothing.
    if (values.length === names.length) keys.push(`${key} ${JSON.stringify(values)}`)
  }
  return keys
}

/**
 * Handles items while further ones are read: up to `lanes` at a time, each that clashes with one before it when that is done. What comes out is settled
 * one after the other, in the order of the items. At most `lanes` items are in hand and one is being read.
 *
 * @throws the first failure, when all that was begun has ended.
 */
export async function inLanes<T, R>(
  items: AsyncIterable<T>,
  {
    lanes,
    clash,
    handle,
    settle,
  }: {
    lanes: number
    clash(item: T, other: T): boolean
    handle(item: T): Promise<R>
    settle(item: T, result: R): Promise<void>
  },
): Promise<void> {
  const running: { item: T; result: Promise<R> }[] = []
  const settleFirst = async () => {
    const { item, result } = running[0]!
    await settle(item, await result)
    running.shift()
  }
  try {
    for await (const item of items) {
      while (running.length >= lanes || running.some((other) => clash(item, other.item))) await settleFirst()
      const result = handle(item)
      // A failure is met when its turn comes; until then it must not count as unhandled.
      result.catch(() => {})
      running.push({ item, result })
    }
    while (running.length > 0) await settleFirst()
  } finally {
    await Promise.allSettled(running.map(({ result }) => result))
  }
}
