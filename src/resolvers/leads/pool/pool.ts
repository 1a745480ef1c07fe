import { fieldOf, type RecordType, recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { lockTenant, refuse, refuseAs } from '../../checks.ts'
import { dropJobs, enqueueDaily, nextDaily } from '../../platform/job.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../../write.ts'
import { POOLED, type PoolObject } from './seat.ts'

/** When the daily pass begins, in the company's time zone. */
const DAILY_AT = '02:00'

/** Fields that cannot be kept back: what every record shows, what the pool itself goes by, and what amounts stand in. */
const ALWAYS_SHOWN = new Set([
  'id',
  'version',
  'createdAt',
  'updatedAt',
  'deletedAt',
  'ownerId',
  'poolId',
  'pooledAt',
  'currency',
])

/** The key under which the daily pass of a pool (uuid) is ordered. */
export const dailyKey = (poolId: string) => `pool ${poolId} daily`

/**
 * Rules of pools: hidden fields are fields of what it holds; of each object one pool at most is the default, an enabled one, and setting the mark takes it from
 * the other; one that holds records, and the last enabled one of its object, are neither switched off nor deleted. The daily pass is ordered and called off here.
 */
export const poolRules: Rules = {
  async write(changes, context) {
    for (const change of changes) checkHidden(change)
    await checkGoing(
      changes.filter(({ before, values }) => before?.enabled && values.enabled === false),
      context,
      (change) => [...change.path, 'enabled'],
    )
    await checkDefault(
      changes.filter(({ errors }) => errors.length === 0),
      context,
    )
  },
  async delete(changes, context) {
    await checkGoing(
      changes.filter(({ before }) => before),
      context,
      idPath,
    )
    // Nobody claims from what is gone, and the counts would stand in the way of its end.
    await context.db.rows({
      text: 'DELETE FROM pool_claim_count WHERE tenant_id = $1 AND pool_id = ANY ($2::uuid[])',
      values: [context.viewer.tenantId, changes.flatMap(({ id, errors }) => (errors.length === 0 ? [id] : []))],
    })
  },
  async done(changes, context) {
    await orderDaily(changes, context)
  },
}

function checkHidden(change: Change): void {
  const names = change.values.hiddenFields as string[] | undefined
  const object = after(change, 'object') as PoolObject | undefined
  const own = object ? POOLED[object] : undefined
  if (!names || !own) return
  names.forEach((name, index) => {
    const parts = name.split('.')
    const typeName = parts.length === 1 ? own : (parts[0] as string)
    const field = parts.at(-1) as string
    // Of a pool of customers also the people who lie in it with them.
    const known =
      parts.length <= 2 && (typeName === own || (own === 'Account' && typeName === 'Contact'))
        ? recordType(typeName).fields.get(field)
        : undefined
    if (!known) refuse(change, ['hiddenFields', String(index)], 'field', 'must name a field of its records')
    else if (ALWAYS_SHOWN.has(field))
      refuse(change, ['hiddenFields', String(index)], 'shown', 'must not name a field that is always shown')
  })
}

async function checkDefault(changes: Change[], context: WriteContext): Promise<void> {
  const marked = changes.filter(
    (change) => after(change, 'isDefault') && (change.values.isDefault || change.values.enabled === false),
  )
  const takers = new Map<unknown, Change>()
  for (const change of marked) {
    const object = after(change, 'object')
    if (after(change, 'enabled') === false)
      refuseAs(change, 'INVALID_STATE', 'isDefault', 'The default pool must be in use.')
    else if (takers.has(object)) refuse(change, 'isDefault', 'once', 'can be set on one pool of an object only')
    takers.set(object, change)
  }
  const taking = [...takers].filter(([, { before, errors }]) => !before?.isDefault && errors.length === 0)
  if (taking.length === 0) return
  await lockTenant(context, 'pool')
  // Before the write: a unique index allows one default at any time.
  for (const [object, { id }] of taking)
    await context.db.rows({
      text: 'UPDATE pool SET is_default = false WHERE tenant_id = $1 AND object = $2 AND is_default AND deleted_at IS NULL AND id <> $3',
      values: [context.viewer.tenantId, object, id],
    })
}

/** POOL_NOT_EMPTY for pools that hold records, live or in the recycle bin; LAST_POOL for the last enabled ones of their object. Who puts records in waits for this. */
async function checkGoing(changes: Change[], context: WriteContext, pathOf: (change: Change) => string[]) {
  if (changes.length === 0) return
  await lockTenant(context, 'pool')
  const { db, viewer } = context
  const ids = changes.map(({ id }) => id)
  const held = await db.rows<{ id: string; records: number }>({
    text: `SELECT pool_id AS id, sum(records)::integer AS records FROM (${Object.values(POOLED)
      .map((name) => countIn(recordType(name)))
      .join(' UNION ALL ')}) x GROUP BY 1`,
    values: [viewer.tenantId, ids],
  })
  const left = await db.rows<{ object: string; pools: number }>({
    text: 'SELECT object, count(*)::integer AS pools FROM pool WHERE tenant_id = $1 AND enabled AND deleted_at IS NULL AND id <> ALL ($2::uuid[]) GROUP BY 1',
    values: [viewer.tenantId, ids],
  })
  const count = new Map(held.map(({ id, records }) => [id, records]))
  const others = new Map(left.map(({ object, pools }) => [object, pools]))
  for (const change of changes) {
    const field = pathOf(change)
    const records = count.get(change.id)
    if (records)
      change.errors.push({
        code: 'POOL_NOT_EMPTY',
        message: `The pool holds ${records} records, those in the recycle bin among them.`,
        field,
        details: { count: records },
      })
    else if (change.before?.enabled && !change.before.deletedAt && !others.get(change.before.object as string))
      change.errors.push({
        code: 'LAST_POOL',
        message: 'The last enabled pool of its object cannot go.',
        field,
      })
  }
}

const countIn = (type: RecordType) => {
  const pool = ident(fieldOf(type, 'poolId').column)
  return `SELECT ${pool} AS pool_id, count(*) AS records FROM ${ident(type.table)} WHERE tenant_id = $1 AND ${pool} = ANY ($2::uuid[]) GROUP BY 1`
}

/** Orders the daily pass of pools that take records back, and calls it off for the others. */
async function orderDaily(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const rows = await db.rows<{ id: string; name: string }>({
    text: 'SELECT id, name FROM pool WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND enabled AND reclaim_enabled AND deleted_at IS NULL',
    values: [viewer.tenantId, changes.map(({ id }) => id)],
  })
  const working = new Set(rows.map(({ id }) => id))
  await dropJobs(
    db,
    viewer.tenantId,
    changes.flatMap(({ id }) => (working.has(id) ? [] : [dailyKey(id)])),
  )
  await enqueueDaily(
    db,
    viewer.tenantId,
    { kind: 'POOL_RECLAIM', dailyAt: DAILY_AT, runAt: nextDaily(DAILY_AT, viewer.timezone) },
    rows.map(({ id, name }) => ({ key: dailyKey(id), subject: name, input: { poolId: id, daily: true } })),
  )
}
