import { oneLine } from '../../events/mail.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import type { Written } from '../records.ts'
import { sqlFor, type WriteContext } from '../write.ts'
import { notify } from './notify.ts'

/** What somebody answers to an invitation. */
export type Response = 'ACCEPTED' | 'TENTATIVE' | 'DECLINED'

const WORDS = {
  ACCEPTED: { en: 'will come', zhCN: '接受了邀请' },
  TENTATIVE: { en: 'will perhaps come', zhCN: '暂定参加' },
  DECLINED: { en: 'will not come', zhCN: '拒绝了邀请' },
} as const

interface Invitation {
  id: string
  subject: string | null
  status: string
  ownerId: string | null
  attendees: { recordId?: string; response?: string }[]
}

/**
 * Answers an invitation for the caller themselves, under the lock of the activity; the owner is told. The same answer again changes nothing.
 *
 * Errors: NOT_FOUND for what the caller may not see or is not invited to, INVALID_STATE for what is called off or over.
 */
export async function respondToInvitation(
  { db, viewer }: WriteContext,
  given: string,
  response: Response,
): Promise<Written> {
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(uuidOf('Activity', given) ?? NO_ID, 'uuid')
  const scope = viewer.access.predicate(recordType('Activity'), 't', sql)
  const [activity] = await db.rows<Invitation>({
    text: `SELECT t.id, t.subject, t.status, t.owner_id AS "ownerId", t.attendees FROM activity t WHERE t.tenant_id = $1 AND t.id = ${id} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''} FOR NO KEY UPDATE OF t`,
    values: sql.params.values,
  })
  const me = viewer.userId && idOf('User', viewer.userId)
  const own = activity?.attendees.find(({ recordId }) => recordId === me)
  if (!activity || !own)
    return { id: null, errors: [{ code: 'NOT_FOUND', message: 'There is no such invitation.', field: ['id'] }] }
  if (activity.status !== 'PLANNED')
    return {
      id: null,
      errors: [
        {
          code: 'INVALID_STATE',
          message: `The activity is ${activity.status}.`,
          field: ['id'],
          details: { from: activity.status, to: activity.status, allowed: ['PLANNED'] },
        },
      ],
    }
  if (own.response === response) return { id: activity.id, errors: [], changed: false }
  const attendees = activity.attendees.map((one) => (one === own ? { ...one, response } : one))
  await db.rows({
    text: 'UPDATE activity SET attendees = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, activity.id, JSON.stringify(attendees)],
  })
  if (activity.ownerId && activity.ownerId !== viewer.userId) {
    const [user] = await db.rows<{ name: string }>({
      text: 'SELECT name FROM app_user WHERE tenant_id = $1 AND id = $2',
      values: [viewer.tenantId, viewer.userId],
    })
    const [name, subject] = [oneLine(user?.name ?? ''), oneLine(activity.subject ?? '')]
    await notify(db, viewer.tenantId, [
      {
        userId: activity.ownerId,
        type: 'INVITATION_ANSWERED',
        title: {
          en: `${name} ${WORDS[response].en}: ${subject}`,
          zhCN: `${name}${WORDS[response].zhCN}：${subject}`,
        },
        record: { type: 'Activity', uuid: activity.id },
        payload: { response },
      },
    ])
  }
  return { id: activity.id, errors: [], changed: true }
}
