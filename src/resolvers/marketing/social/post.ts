import { changedFields, refuse, refuseAs } from '../../checks.ts'
import type { States } from '../../revenue/states.ts'
import { after, type Change, idPath, type Rules, type WriteContext } from '../../write.ts'
import { isOver } from '../emailBlast.ts'
import { LIMITS } from './limits.ts'

export type SocialPostStatus = 'DRAFT' | 'SCHEDULED' | 'PUBLISHING' | 'PUBLISHED' | 'FAILED' | 'CANCELLED'

/** From where a post may go where. What is drawn in docs/marketing.md. */
export const SOCIAL_POST_STATES: States<SocialPostStatus> = {
  DRAFT: ['SCHEDULED', 'PUBLISHING', 'PUBLISHED', 'CANCELLED'],
  SCHEDULED: ['DRAFT', 'PUBLISHING', 'PUBLISHED', 'CANCELLED'],
  PUBLISHING: ['PUBLISHED', 'FAILED'],
  PUBLISHED: [],
  FAILED: ['DRAFT', 'PUBLISHING', 'PUBLISHED', 'CANCELLED'],
  CANCELLED: [],
}

/** What may be changed of a post in every state: whose it is, and what it belongs to. */
const LOOSE = ['ownerId', 'campaignId']
/** What its length depends on. */
const MEASURED = ['content', 'linkUrl', 'accountId']

/** Rules of posts: only drafts change, moments are to come, contents fit their platform; what is on its way is not removed. */
export const socialPostRules: Rules = {
  async write(changes, context) {
    const measured: Change[] = []
    for (const change of changes) {
      const { before, values } = change
      const changed = changedFields('SocialPost', change)
      if (before && before.status !== 'DRAFT' && changed.some((name) => !LOOSE.includes(name)))
        change.errors.push({
          code: 'INVALID_STATE',
          message: 'Only a draft can be changed: unscheduleSocialPost makes one of it.',
          field: idPath(change),
          details: { from: before.status, allowed: ['DRAFT'] },
        })
      if (values.scheduleAt != null && changed.includes('scheduleAt') && isOver(values.scheduleAt))
        refuseAs(change, 'SCHEDULE_IN_PAST', 'scheduleAt', 'scheduleAt is over.')
      if (!before || changed.some((name) => MEASURED.includes(name))) measured.push(change)
    }
    await checkLengths(measured, context)
  },
  delete(changes) {
    for (const change of changes) {
      const status = change.before?.status as SocialPostStatus
      if (status !== 'SCHEDULED' && status !== 'PUBLISHING') continue
      change.errors.push({
        code: 'INVALID_STATE',
        message: 'It is on its way to the network.',
        field: idPath(change),
        details: { from: status, allowed: SOCIAL_POST_STATES[status] },
      })
    }
  },
}

/** Contents fit the platforms of their accounts. One statement for all. */
async function checkLengths(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const texts = changes.filter((change) => typeof after(change, 'content') === 'string')
  if (texts.length === 0) return
  const accounts = await db.rows<{ id: string; platform: string }>({
    text: 'SELECT id, platform FROM social_account WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [viewer.tenantId, texts.flatMap((change) => (after(change, 'accountId') as string | null) ?? [])],
  })
  const platforms = new Map(accounts.map(({ id, platform }) => [id, platform]))
  for (const change of texts) {
    const platform = platforms.get(after(change, 'accountId') as string)
    const limit = platform && LIMITS[platform]
    if (!limit) continue
    const length = limit.count(after(change, 'content') as string, (after(change, 'linkUrl') as string | null) ?? null)
    if (length > limit.max)
      refuse(
        change,
        'content',
        'platformLimit',
        `must have at most ${limit.max} ${limit.unit} on ${platform}; it has ${length}`,
      )
  }
}
