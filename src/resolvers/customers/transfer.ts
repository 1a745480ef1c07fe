import { may, requireRight } from '../../access/decide.ts'
import { fieldOf, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { keepAccess } from '../identity/keepAccess.ts'
import { validationError } from '../normalise.ts'
import { lockTargets, type Target, updateRecords, type Written } from '../records.ts'
import { tellAssigned } from '../work/assigned.ts'
import { forbidden, same, sqlFor, type WriteContext } from '../write.ts'

/** What may go along with an account. */
export type Along = 'CONTACTS' | 'OPEN_OPPORTUNITIES'

/** Arguments of a transfer as clients write them. */
export interface Transfer {
  id: string
  toUserId: string
  /** What of the old owner's goes along. */
  include?: readonly Along[] | null
  /** How many days the old owner goes on seeing what went. */
  keepAccessDays?: number | null
  expectedVersion?: number | null
}

/** How many records of a type went to the new owner. */
export interface Moved {
  type: string
  count: number
}

const DAYS_MAX = 365
/** Records of one statement of what goes along. */
const BATCH = 200

/**
 * Gives a record to another user: nothing of it changes but its owner; stage, status, links and values stay (spec/domain.md 3.3, 3.4). With `include`, what
 * belongs to the old owner as well goes along: an account's contacts, its open opportunities. All in the caller's transaction.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, USER_INACTIVE, OWNER_QUOTA_EXCEEDED, VALIDATION_FAILED, and what the rules of the type say.
 *
 * @returns the record, and in `more` what went to the new owner.
 * @throws FORBIDDEN without the right to transfer.
 */
export async function transferRecord(
  context: WriteContext,
  type: RecordType,
  given: Transfer,
): Promise<Written & { more?: Moved[] }> {
  const { db, viewer } = context
  requireRight(viewer, 'transfer', type.name)
  const nothing = (errors: Written['errors']): Written & { more?: Moved[] } => ({ id: null, errors })
  const days = given.keepAccessDays ?? 0
  if (days < 0 || days > DAYS_MAX)
    return nothing([validationError(['keepAccessDays'], 'range', `must be from 0 to ${DAYS_MAX}`)])
  const owner = fieldOf(type, type.owners[0] as string)
  const id = uuidOf(type.name, given.id) ?? NO_ID
  const receiver = uuidOf('User', given.toUserId) ?? NO_ID
  // In the scope of transfers, and, where it is written below, in that of updates.
  const [locked] = await lockTargets(context, type, [{ id, expectedVersion: given.expectedVersion }], {
    action: 'transfer',
    pathOf: () => ['id'],
  })
  if (!locked?.before || locked.errors.length > 0) return nothing(locked?.errors ?? [])
  // One who leaves at this moment waits, or is found gone.
  const [user] = may(viewer, 'read', 'User')
    ? await db.rows<{ status: string }>({
        text: 'SELECT status FROM app_user WHERE tenant_id = $1 AND id = $2 AND contact_id IS NULL AND deleted_at IS NULL FOR SHARE',
        values: [viewer.tenantId, receiver],
      })
    : []
  if (!user) return nothing([{ code: 'NOT_FOUND', message: 'There is no such User.', field: ['toUserId'] }])
  if (user.status !== 'ACTIVE')
    return nothing([{ code: 'USER_INACTIVE', message: 'The receiver is not active.', field: ['toUserId'] }])
  const move = async (of: RecordType, targets: Target[], pathOf: (index: number) => string[]) => {
    const field = of.owners[0] as string
    return updateRecords(
      context,
      of,
      targets.map((target) => ({ ...target, input: { [field]: idOf('User', receiver) } })),
      { pathOf },
    )
  }
  const [written] = (await move(type, [{ id, expectedVersion: given.expectedVersion }], () => ['toUserId'])) as [
    Written,
  ]
  if (written.errors.length > 0)
    return nothing(written.errors.map((error) => ({ ...error, field: pathIn(error.field) })))
  const moved = written.changed ? [{ type: type.name, ids: [id] }] : []
  const holder = locked.before[owner.name] as string | null
  if (holder && !same(undefined, holder, receiver)) {
    for (const along of new Set(given.include ?? [])) {
      const of = recordType(along === 'CONTACTS' ? 'Contact' : 'Opportunity')
      if (!may(viewer, 'transfer', of.name)) return nothing([forbidden(`${of.name}.transfer`, ['include'])])
      const ids = await alongWith(context, of, along, id, holder)
      for (let at = 0; at < ids.length; at += BATCH) {
        const targets = ids.slice(at, at + BATCH).map((one) => ({ id: one }))
        const results = await move(of, targets, () => ['include'])
        const errors = results.flatMap((one) => one.errors)
        if (errors.length > 0) return nothing(errors.map((error) => ({ ...error, field: ['include'] })))
      }
      if (ids.length > 0) moved.push({ type: of.name, ids })
    }
    if (days > 0)
      for (const { type: name, ids } of moved)
        await keepAccess(db, viewer.tenantId, recordType(name), { ids, userId: holder, days, reason: 'transfer' })
  }
  for (const { type: name, ids } of moved)
    await tellAssigned(
      context,
      recordType(name),
      ids.map((one) => ({ id: one, userId: receiver })),
    )
  return { ...written, more: moved.map(({ type: name, ids }) => ({ type: name, count: ids.length })) }
}

/** Errors of the update stand where the transfer has its arguments. */
function pathIn(field: string[] | null): string[] | null {
  const last = field?.at(-1)
  return last === 'id' || last === 'expectedVersion' ? [last] : ['toUserId']
}

/** The contacts, or open opportunities, of an account that belong to a user and that the viewer may write. */
async function alongWith(
  { db, viewer }: WriteContext,
  of: RecordType,
  along: Along,
  accountId: string,
  holder: string,
): Promise<string[]> {
  const sql = sqlFor(viewer.tenantId)
  const account = sql.params.add(accountId, 'uuid')
  const user = sql.params.add(holder, 'uuid')
  const scope = viewer.access.predicate(of, 't', sql, 'transfer')
  const ofAccount =
    along === 'CONTACTS'
      ? `t.id IN (SELECT l.contact_id FROM account_contact l WHERE l.tenant_id = $1 AND l.account_id = ${account} AND l.deleted_at IS NULL)`
      : `t.account_id = ${account} AND t.status = 'OPEN'`
  const rows = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM ${ident(of.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.owner_id = ${user} AND ${ofAccount}${scope ? ` AND ${scope}` : ''} ORDER BY t.id`,
    values: sql.params.values,
  })
  return rows.map(({ id }) => id)
}
