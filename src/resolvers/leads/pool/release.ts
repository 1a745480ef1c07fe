import { may, requireRight } from '../../../access/decide.ts'
import { UserErrors } from '../../../errors.ts'
import { fieldOf, recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { normalise, validationError } from '../../normalise.ts'
import { lockTargets, type Written } from '../../records.ts'
import { forbidden, sqlFor, type WriteContext } from '../../write.ts'
import { pooledTypeOf, withReason } from './pooled.ts'
import { denied, disabled, noPool, type PoolObject, type Seat, seatsIn, typeOf } from './seat.ts'

const OBJECT: Record<'Account' | 'Lead', PoolObject> = { Account: 'ACCOUNT', Lead: 'LEAD' }

/** The type of the records of a call. @throws UserErrors when they are of several. */
export function requireType(ids: string[], field = ['ids']): 'Account' | 'Lead' {
  const name = pooledTypeOf(ids)
  if (!name) throw new UserErrors([validationError(field, 'type', 'must be ids of customers alone, or of leads alone')])
  return name
}

const mismatch = (field: string[]) =>
  new UserErrors([{ code: 'NO_POOL_FOR_RECORD', message: 'The pool holds records of another type.', field }])

/** The pool that records of a type go to: the one that is named, else the default one. Held as it is to the end of the transaction. */
async function poolFor(context: WriteContext, typeName: 'Account' | 'Lead', poolId: string | null): Promise<Seat> {
  const { db, viewer } = context
  const field = ['poolId']
  let id = poolId === null ? null : (uuidOf('Pool', poolId) ?? NO_ID)
  if (id === null) {
    const [row] = await db.rows<{ id: string }>({
      text: 'SELECT id FROM pool WHERE tenant_id = $1 AND object = $2 AND is_default AND enabled AND deleted_at IS NULL',
      values: [viewer.tenantId, OBJECT[typeName]],
    })
    if (!row)
      throw new UserErrors([
        {
          code: 'NO_POOL_FOR_RECORD',
          message: `There is no default pool for records of the type ${typeName}; name one.`,
          field,
        },
      ])
    id = row.id
  }
  const seat = (await seatsIn(context, [id], { lock: true })).get(id)
  if (!seat) throw new UserErrors([noPool(field)])
  if (typeOf(seat).name !== typeName) throw mismatch(field)
  if (!seat.enabled) throw new UserErrors([disabled(field)])
  return seat
}

/**
 * Gives records to a pool: their owner, for whom it takes the right to update, or somebody who may transfer them. Who had them stands in previousOwner; people
 * who belong to a customer alone go along.
 *
 * Errors of the call: NOT_FOUND, POOL_DISABLED, NO_POOL_FOR_RECORD for a pool of another object and where none is named and none is the default,
 * VALIDATION_FAILED without a reason. Of a record: NOT_FOUND, FORBIDDEN, INVALID_STATE for what lies in a pool and for converted leads.
 *
 * @throws UserErrors, FORBIDDEN.
 */
export async function releaseToPool(
  context: WriteContext,
  { ids, poolId = null, reason }: { ids: string[]; poolId?: string | null; reason: string },
  { partial = false }: { partial?: boolean } = {},
): Promise<Written[]> {
  if (ids.length === 0) return []
  const { db, viewer } = context
  const typeName = requireType(ids)
  const type = recordType(typeName)
  requireRight(viewer, 'update', typeName)
  const said = normalise(fieldOf(recordType('OwnershipRecord'), 'note'), reason, viewer)
  if ('rule' in said) throw new UserErrors([validationError(['reason'], said.rule, said.message)])
  if (said.ok === null) throw new UserErrors([validationError(['reason'], 'required', 'is required')])
  const seat = await poolFor(context, typeName, poolId)
  const changes = await lockTargets(
    context,
    type,
    ids.map((id) => ({ id: uuidOf(typeName, id) ?? NO_ID })),
    { action: 'update', pathOf: (index) => ['ids', String(index), 'id'] },
  )
  for (const change of changes) {
    const { before, errors } = change
    change.path = change.path.slice(0, 2)
    for (const error of errors) error.field = change.path
    if (!before || errors.length > 0) continue
    if (before.poolId)
      errors.push({
        code: 'INVALID_STATE',
        message: 'The record lies in a pool already.',
        field: change.path,
        details: { from: 'POOLED', to: 'POOLED', allowed: [] },
      })
    else if (before.status === 'CONVERTED')
      errors.push({
        code: 'INVALID_STATE',
        message: 'A converted lead stays as it is.',
        field: change.path,
        details: { from: 'CONVERTED', to: 'POOLED', allowed: [] },
      })
    else if ((before.ownerId === null || before.ownerId !== viewer.userId) && !may(viewer, 'transfer', typeName))
      errors.push(forbidden(`${typeName}.transfer`, change.path))
  }
  const good = changes.filter(({ errors }) => errors.length === 0)
  if (good.length > 0 && (partial || good.length === changes.length)) {
    const assigned = typeName === 'Lead' ? ', assigned_at = NULL' : ''
    await withReason(
      db,
      'RELEASE',
      () =>
        db.rows({
          text: `UPDATE ${ident(type.table)} SET owner_id = NULL, pool_id = $3${assigned} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
          values: [viewer.tenantId, good.map(({ id }) => id), seat.id],
        }),
      { note: said.ok as string },
    )
  }
  return changes.map(({ id, errors }) => ({ id: errors.length === 0 ? id : null, errors }))
}

/**
 * Moves records from the pools where they lie to another of the same object: for who rules all of these pools.
 *
 * Errors of the call: NOT_FOUND, POOL_ACCESS_DENIED, POOL_DISABLED, NO_POOL_FOR_RECORD. Of a record: NOT_FOUND, ALREADY_CLAIMED for what lies in no pool,
 * POOL_ACCESS_DENIED for what lies in one that the caller does not rule.
 *
 * @throws UserErrors, FORBIDDEN.
 */
export async function movePool(
  context: WriteContext,
  { ids, toPoolId }: { ids: string[]; toPoolId: string },
  { partial = false }: { partial?: boolean } = {},
): Promise<Written[]> {
  if (ids.length === 0) return []
  const { db, viewer } = context
  const typeName = requireType(ids)
  const type = recordType(typeName)
  const field = ['toPoolId']
  requireRight(viewer, 'read', typeName)
  requireRight(viewer, 'update', typeName)
  const id = uuidOf('Pool', toPoolId) ?? NO_ID
  const target = (await seatsIn(context, [id], { lock: true })).get(id)
  if (!target) throw new UserErrors([noPool(field)])
  if (target.role !== 'ADMIN') throw new UserErrors([denied(field, 'ADMIN')])
  if (typeOf(target).name !== typeName) throw mismatch(field)
  if (!target.enabled) throw new UserErrors([disabled(field)])
  const uuids = ids.map((one) => uuidOf(typeName, one) ?? NO_ID)
  const sql = sqlFor(viewer.tenantId)
  const wanted = sql.params.add(uuids, 'uuid[]')
  const scope = viewer.access.predicate(type, 't', sql)
  const rows = await db.rows<{ id: string; poolId: string | null }>({
    text: `SELECT t.id, t.pool_id AS "poolId" FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY (${wanted}) AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} ORDER BY t.id FOR NO KEY UPDATE OF t`,
    values: sql.params.values,
  })
  const found = new Map(rows.map((row) => [row.id, row.poolId]))
  const sources = await seatsIn(context, [...new Set(rows.flatMap(({ poolId }) => poolId ?? []))])
  const seen = new Set<string>()
  const written = uuids.map((uuid, index): Written => {
    const path = ['ids', String(index)]
    const source = found.get(uuid)
    const result: Written = { id: uuid, errors: [], changed: source !== target.id }
    if (seen.has(uuid)) result.errors.push(validationError(path, 'once', 'must not be named twice'))
    else if (source === undefined)
      result.errors.push({ code: 'NOT_FOUND', message: `There is no such ${typeName}.`, field: path })
    else if (source === null)
      result.errors.push({ code: 'ALREADY_CLAIMED', message: 'The record lies in no pool.', field: path })
    else if (sources.get(source)?.role !== 'ADMIN') result.errors.push(denied(path, 'ADMIN'))
    seen.add(uuid)
    return result.errors.length > 0 ? { ...result, id: null, changed: false } : result
  })
  const moving = written.flatMap((one) => (one.id && one.changed ? [one.id] : []))
  if (moving.length > 0 && (partial || written.every(({ errors }) => errors.length === 0)))
    await withReason(db, 'MOVE', () =>
      db.rows({
        text: `UPDATE ${ident(type.table)} SET pool_id = $3 WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND pool_id IS NOT NULL`,
        values: [viewer.tenantId, moving, target.id],
      }),
    )
  return written
}
