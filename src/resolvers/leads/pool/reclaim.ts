import { ident } from '../../../read/sql.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { withReason } from './pooled.ts'
import { typeOf } from './seat.ts'
import { judge, type Moment, type Reclaim, type Skip } from './verdict.ts'

/** Records that one transaction looks at: a second's work at most. */
export const BATCH = 2000

/** What became of the records of a batch. */
export interface Reclaimed {
  /** uuid of the last record looked at; null when there are no more. */
  last: string | null
  seen: number
  taken: number
  skipped: Record<string, number>
  failed: number
}

interface Judgement {
  id: string
  skip: Skip | null
  rule: string | null
}

/**
 * Takes back what is due among the next records of a pool, in the order of their ids. What a record is by the time that it is written counts: one that was
 * claimed, locked or followed up meanwhile stays. Done again, it finds nothing more to do.
 *
 * @param after uuid of the last record of the batch before.
 */
export async function reclaimBatch(
  db: Writer,
  tenantId: string,
  reclaim: Reclaim,
  moment: Moment,
  after: string | null,
): Promise<Reclaimed> {
  const done: Reclaimed = { last: null, seen: 0, taken: 0, skipped: {}, failed: 0 }
  if (reclaim.rules.length === 0 || reclaim.owners.length === 0) return done
  const { params } = sqlFor(tenantId)
  const add = params.add.bind(params)
  const from = after ? [`t.id > ${add(after, 'uuid')}`] : []
  const rows = await db.rows<Judgement>({
    text: `SELECT v.id, v.skip, v.rule FROM ${judge(reclaim, moment, add, from, ` ORDER BY t.id LIMIT ${BATCH}`)} ORDER BY v.id`,
    values: params.values,
  })
  done.seen = rows.length
  done.last = rows.length === BATCH ? (rows.at(-1)?.id ?? null) : null
  const due = new Map<string, string[]>()
  for (const { id, skip, rule } of rows) {
    if (skip) done.skipped[skip] = (done.skipped[skip] ?? 0) + 1
    else due.set(rule as string, [...(due.get(rule as string) ?? []), id])
  }
  for (const [rule, ids] of due) {
    const { taken, failed } = await take(db, tenantId, reclaim, moment, rule, ids)
    done.taken += taken
    done.failed += failed
    // What changed between the look and the write is not due any more.
    const stayed = ids.length - taken - failed
    if (stayed > 0) done.skipped.NOT_DUE = (done.skipped.NOT_DUE ?? 0) + stayed
  }
  return done
}

/** Takes records at once; where the database refuses that, one by one, so that only those fail that it refuses. */
async function take(
  db: Writer,
  tenantId: string,
  reclaim: Reclaim,
  moment: Moment,
  rule: string,
  ids: string[],
): Promise<{ taken: number; failed: number }> {
  try {
    return { taken: await db.savepoint(() => write(db, tenantId, reclaim, moment, rule, ids)), failed: 0 }
  } catch (error) {
    // Class 23: a constraint. Anything else is no fault of a record.
    if (!String((error as { code?: unknown }).code).startsWith('23')) throw error
    if (ids.length === 1) return { taken: 0, failed: 1 }
    const sum = { taken: 0, failed: 0 }
    for (const id of ids) {
      const { taken, failed } = await take(db, tenantId, reclaim, moment, rule, [id])
      sum.taken += taken
      sum.failed += failed
    }
    return sum
  }
}

async function write(
  db: Writer,
  tenantId: string,
  reclaim: Reclaim,
  moment: Moment,
  ruleId: string,
  ids: string[],
): Promise<number> {
  const type = typeOf(reclaim)
  const { params } = sqlFor(tenantId)
  const add = params.add.bind(params)
  const wanted = add(ids, 'uuid[]')
  // Locked in the order of their ids, as everybody does, and judged once more behind the lock.
  await db.rows({
    text: `SELECT id FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
    values: [tenantId, ids],
  })
  const pool = add(reclaim.poolId, 'uuid')
  const still = judge(reclaim, moment, add, [`t.id = ANY (${wanted})`])
  const assigned = type.name === 'Lead' ? ', assigned_at = NULL' : ''
  const rows = await withReason(
    db,
    'RECLAIM',
    () =>
      db.rows({
        text: `UPDATE ${ident(type.table)} r SET owner_id = NULL, pool_id = ${pool}${assigned} FROM ${still} WHERE r.tenant_id = $1 AND r.id = v.id AND v.skip IS NULL RETURNING 1`,
        values: params.values,
      }),
    { ruleId },
  )
  return rows.length
}
