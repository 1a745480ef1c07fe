import { refuse, refuseAs } from '../checks.ts'
import { type Candidate, nextTurn } from '../leads/assignment/turns.ts'
import type { Change, WriteContext } from '../write.ts'
import { OPEN } from './states.ts'

/** What cases there are, and how they come in: the values of Case.type and Case.channel. */
export const CASE_TYPES: Record<string, string> = {
  QUESTION: 'They want to know something.',
  COMPLAINT: 'They are not content, 投诉.',
  INCIDENT: 'Something does not work, 故障.',
  FEEDBACK: 'They tell what they think, 反馈. Is never deleted (CASE_DELETE_FORBIDDEN), but archived.',
  SUGGESTION: 'They have an idea, 建议.',
  RETURN: 'They want to give something back, 退换货.',
}
export const CASE_CHANNELS: Record<string, string> = {
  PHONE: 'They called.',
  EMAIL: 'They wrote a mail.',
  WEB: 'By a form or the portal.',
  SOCIAL: 'On a social network.',
  CHAT: 'In a chat.',
  WECHAT: 'On WeChat, 微信.',
}

/** Rule of queues: types and channels that there are. */
export function writeQueue(changes: Change[]): void {
  for (const change of changes)
    for (const [field, values] of [
      ['caseTypes', CASE_TYPES],
      ['channels', CASE_CHANNELS],
    ] as const)
      ((change.values[field] ?? []) as string[]).forEach((one, index) => {
        if (!Object.hasOwn(values, one))
          refuse(change, [field, String(index)], 'choice', `must be one of ${Object.keys(values).join(', ')}`)
      })
}

interface Queue {
  id: string
  active: boolean
  routing: 'ROUND_ROBIN' | 'LEAST_OPEN' | 'MANUAL'
  lastMemberId: string | null
}

/**
 * Puts new cases that name no queue and no owner into the default queue for their type and channel, and gives those in queues that give out to a member. Who names an owner has
 * them; without a queue the caller is it. INVALID_STATE for a queue that is not in use.
 */
export async function placeInQueue(made: Change[], context: WriteContext): Promise<void> {
  const { db, viewer } = context
  const loose = made.filter(({ values, input }) => !values.queueId && !input.ownerId)
  if (loose.length > 0) {
    const defaults = await db.rows<{ id: string; caseTypes: string[]; channels: string[] }>({
      text: 'SELECT id, case_types AS "caseTypes", channels FROM case_queue WHERE tenant_id = $1 AND is_default AND active AND deleted_at IS NULL ORDER BY rank, id',
      values: [viewer.tenantId],
    })
    const takes = (all: string[], one: unknown) => all.length === 0 || all.includes(one as string)
    for (const { values } of loose)
      values.queueId =
        defaults.find(({ caseTypes, channels }) => takes(caseTypes, values.type) && takes(channels, values.channel))
          ?.id ?? null
  }
  const queued = made.filter(({ values }) => values.queueId)
  for (const { values, input } of queued) if (!input.ownerId) values.ownerId = null
  const owners = await giveTurns(
    context,
    queued.map((change) => ({
      key: change.id,
      queueId: change.values.queueId as string,
      wanted: !change.values.ownerId,
    })),
  )
  for (const change of queued) {
    const turn = owners.get(change.id)
    if (turn === 'INACTIVE') refuseAs(change, 'INVALID_STATE', 'queueId', 'The queue is not in use.')
    else if (turn) change.values.ownerId = turn
  }
}

/**
 * Whose turn it is in queues, one for each case (`key`) that wants somebody. Whoever has turns of a queue holds its lock, so that of two at once each sees the other's.
 *
 * @returns user (uuid) by key; INACTIVE for a queue that is not in use; nothing where nobody is to have it.
 */
export async function giveTurns(
  { db, viewer }: WriteContext,
  asked: { key: string; queueId: string; wanted: boolean }[],
): Promise<Map<string, string>> {
  const turns = new Map<string, string>()
  if (asked.length === 0) return turns
  const queues = await db.rows<Queue>({
    text: 'SELECT id, active, routing, last_member_id AS "lastMemberId" FROM case_queue WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, asked.map(({ queueId }) => queueId)],
  })
  const giving = queues.filter(({ active, routing }) => active && routing !== 'MANUAL')
  const members = giving.length > 0 ? await candidates({ db, viewer }, giving) : new Map<string, Candidate[]>()
  const moved: { id: string; last: string | null }[] = []
  for (const { id, active, routing, lastMemberId } of queues) {
    const cursor = { last: lastMemberId, credits: {} }
    for (const { key, wanted } of asked.filter(({ queueId }) => queueId === id)) {
      if (!active) turns.set(key, 'INACTIVE')
      else if (wanted && routing !== 'MANUAL') {
        const strategy = routing === 'LEAST_OPEN' ? 'LOAD_BALANCED' : 'ROUND_ROBIN'
        const chosen = nextTurn(strategy, members.get(id) ?? [], cursor)
        if (chosen) turns.set(key, chosen.userId)
      }
    }
    if (cursor.last !== lastMemberId) moved.push({ id, last: cursor.last })
  }
  if (moved.length > 0)
    await db.rows({
      text: 'UPDATE case_queue q SET last_member_id = x.last FROM json_to_recordset($2::json) AS x(id uuid, last uuid) WHERE q.tenant_id = $1 AND q.id = x.id',
      values: [viewer.tenantId, JSON.stringify(moved)],
    })
  return turns
}

/** Members of queues who can be given cases: active, in their place, and with how many open cases they have. */
async function candidates({ db, viewer }: WriteContext, queues: Queue[]): Promise<Map<string, Candidate[]>> {
  const rows = await db.rows<Candidate & { queueId: string }>({
    text: `SELECT m.id, m.queue_id AS "queueId", m.user_id AS "userId", 1 AS weight, (SELECT count(*)::integer FROM service_case c
 WHERE c.tenant_id = $1 AND c.owner_id = m.user_id AND c.status = ANY ($3::text[]) AND c.deleted_at IS NULL) AS open, 1000000 AS room
 FROM case_queue_member m JOIN app_user u ON u.tenant_id = $1 AND u.id = m.user_id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
 AND (u.out_of_office_from IS NULL OR u.out_of_office_from > now() OR u.out_of_office_to <= now())
 WHERE m.tenant_id = $1 AND m.queue_id = ANY ($2::uuid[]) AND m.active AND m.deleted_at IS NULL ORDER BY m.id`,
    values: [viewer.tenantId, queues.map(({ id }) => id), OPEN],
  })
  return Map.groupBy(rows, ({ queueId }) => queueId)
}

/** Is a user (uuid) an active member of a queue (uuid). */
export async function isMember(
  { db, viewer }: WriteContext,
  queueId: unknown,
  userId: string | null,
): Promise<boolean> {
  if (!queueId || !userId) return false
  const rows = await db.rows({
    text: 'SELECT id FROM case_queue_member WHERE tenant_id = $1 AND queue_id = $2 AND user_id = $3 AND active AND deleted_at IS NULL',
    values: [viewer.tenantId, queueId, userId],
  })
  return rows.length > 0
}
