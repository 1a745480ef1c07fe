import { uuidOf } from '../../read/values.ts'
import type { Change, WriteContext } from '../write.ts'

/**
 * Notes the first response to leads (spec/domain.md 3.3): the first activity that the company itself did with them, at its own time or now. Inbound ones and
 * notes answer nobody; a converted lead stays as it is.
 *
 * @param activityIds uuids of activities that were written or linked.
 */
export async function noteResponse({ db, viewer }: WriteContext, activityIds: string[]): Promise<void> {
  if (activityIds.length === 0) return
  const ids = await db.rows<{ id: string; at: string }>({
    text: `SELECT l.id, to_json(min(coalesce(a.start_at, now()))) #>> '{}' AS at FROM activity a
 JOIN activity_link k ON k.tenant_id = $1 AND k.activity_id = a.id AND k.object_type = 'Lead' AND k.deleted_at IS NULL
 JOIN lead l ON l.tenant_id = $1 AND l.id = k.record_id AND l.first_response_at IS NULL AND l.status <> 'CONVERTED'
 WHERE a.tenant_id = $1 AND a.id = ANY ($2::uuid[]) AND a.deleted_at IS NULL AND a.status = 'DONE' AND a.kind <> 'NOTE' AND a.direction IS DISTINCT FROM 'INBOUND'
 GROUP BY l.id ORDER BY l.id`,
    values: [viewer.tenantId, activityIds],
  })
  if (ids.length === 0) return
  // In the order of their ids, as all writers of several records do.
  await db.rows({
    text: 'SELECT id FROM lead WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, ids.map(({ id }) => id)],
  })
  await db.rows({
    text: `UPDATE lead l SET first_response_at = x.at FROM json_to_recordset($2::json) AS x(id uuid, at timestamptz)
 WHERE l.tenant_id = $1 AND l.id = x.id AND l.first_response_at IS NULL AND l.status <> 'CONVERTED'`,
    values: [viewer.tenantId, JSON.stringify(ids)],
  })
}

/** Who is invited sees what they are invited to: by a share, like any other, that stays. Users who are not there any more get none. */
async function invite({ db, viewer }: WriteContext, changes: Change[]): Promise<void> {
  const invited = changes.flatMap(({ id, values }) =>
    ((values.attendees ?? []) as { recordId?: string }[]).flatMap(({ recordId }) => {
      const user = uuidOf('User', recordId ?? '')
      return user ? [{ id, user }] : []
    }),
  )
  if (invited.length === 0) return
  await db.rows({
    text: `INSERT INTO record_share (tenant_id, object_type, record_id, user_id, access, reason)
 SELECT DISTINCT $1::uuid, 'Activity', x.id, u.id, 'READ', 'invitation' FROM json_to_recordset($2::json) AS x(id uuid, "user" uuid)
 JOIN app_user u ON u.tenant_id = $1 AND u.id = x."user" AND u.deleted_at IS NULL
 ON CONFLICT (tenant_id, object_type, record_id, principal_id) WHERE deleted_at IS NULL DO NOTHING`,
    values: [viewer.tenantId, JSON.stringify(invited)],
  })
}

/** After writes of activities: who is invited sees them, and those that were done by this are noted. */
export async function afterActivities(changes: Change[], context: WriteContext): Promise<void> {
  await invite(context, changes)
  await noteResponse(
    context,
    changes.flatMap(({ id, before, values }) => (before && values.status === 'DONE' ? [id] : [])),
  )
}

/** After writes of links: the activities of those that were made. */
export async function afterActivityLinks(changes: Change[], context: WriteContext): Promise<void> {
  await noteResponse(
    context,
    changes.flatMap(({ before, values }) =>
      !before && values['~type'] === 'Lead' ? [values.activityId as string] : [],
    ),
  )
}
