import { requireRight } from '../../access/decide.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { validationError } from '../normalise.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import { type Deal, lockDeals } from './moveOpportunityStage.ts'

/** One who works on a deal besides its owner, as clients write it. */
export interface Member {
  userId: string
  role: string
  access?: string | null
}

/** Arguments of the verb as clients write them. */
export interface TeamSet extends Deal {
  members: readonly Member[]
}

/** Most members of one team. */
const MEMBERS_MAX = 100

/**
 * Says who works on a deal besides its owner, the whole team at once. A member is a share of the deal with a part to play (teamRole); shares without one
 * are no members and stay, unless their user becomes one.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, OWNER_IS_MEMBER, VALIDATION_FAILED.
 *
 * @throws FORBIDDEN.
 */
export async function setOpportunityTeam(context: WriteContext, given: TeamSet): Promise<Written> {
  const { db, viewer } = context
  for (const action of ['create', 'update', 'delete'] as const) requireRight(viewer, action, 'RecordShare')
  const [change] = (await lockDeals(context, [given])) as [Change]
  const { id, before, errors } = change
  if (!before || errors.length > 0) return { id: null, errors }
  if (given.members.length > MEMBERS_MAX)
    errors.push(validationError(['members'], 'maxItems', `must have at most ${MEMBERS_MAX} members`))
  const users = given.members.map(({ userId }) => uuidOf('User', userId) ?? NO_ID)
  users.forEach((user, index) => {
    const at = ['members', String(index)]
    if (users.indexOf(user) < index) errors.push(validationError([...at, 'userId'], 'once', 'is a member already'))
    if (given.members[index]?.role.trim() === '')
      errors.push(validationError([...at, 'role'], 'required', 'is required'))
  })
  if (errors.length > 0) return { id: null, errors }
  const type = recordType('RecordShare')
  const rows = await db.rows<{ id: string; userId: string; member: boolean }>({
    text: `SELECT id, user_id AS "userId", team_role IS NOT NULL AS member FROM record_share
 WHERE tenant_id = $1 AND object_type = 'Opportunity' AND record_id = $2 AND user_id IS NOT NULL AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE`,
    values: [viewer.tenantId, id],
  })
  const known = new Map(rows.map((row) => [row.userId, row.id]))
  const places = given.members.map(({ role, access, userId }, index) => ({
    user: users[index] as string,
    input: { teamRole: role, access: access ?? 'READ' },
    userId,
    index,
  }))
  const kept = places.filter(({ user }) => known.has(user))
  const made = places.filter(({ user }) => !known.has(user))
  const gone = rows.filter(({ userId, member }) => member && !users.includes(userId))
  const pathOf = (some: typeof places) => (place: number) => ['members', String(some[place]?.index)]
  const written = [
    ...(await deleteRecords(context, type, gone)),
    ...(await updateRecords(
      context,
      type,
      // A member stays one until taken from the team.
      kept.map(({ user, input }) => ({ id: known.get(user) as string, input: { ...input, expiresAt: null } })),
      { pathOf: pathOf(kept) },
    )),
    ...(await createRecords(
      context,
      type,
      made.map(({ userId, input }) => ({ recordId: idOf('Opportunity', id), userId, ...input })),
      { pathOf: pathOf(made) },
    )),
  ]
  const wrong = written.flatMap((one) => one.errors)
  return wrong.length > 0 ? { id: null, errors: wrong } : { id, errors: [], changed: true }
}
