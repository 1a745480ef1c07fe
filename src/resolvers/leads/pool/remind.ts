import type { Localized } from '../../../errors.ts'
import { enqueueMail, inLanguage, oneLine } from '../../../events/mail.ts'
import { newId } from '../../../ids.ts'
import { fieldOf } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { sqlFor } from '../../write.ts'
import { POOLED, typeOf } from './seat.ts'
import { clocks, deadline, judge, type Moment, type Reclaim } from './verdict.ts'

/** Owners whose records one transaction looks at. */
const OWNERS = 20
/** Most reminders of one owner in one pass. */
const MOST = 500
/** Records that a mail names. */
const NAMED = 20
/** The reminders' own mark among tasks: which record and which day they are about. */
const SOURCE = 'atrium:pool'
const HOURS = 48

interface Soon {
  id: string
  name: string
  ownerId: string
  dates: (string | null)[]
  levelId: string | null
}

interface Owner {
  id: string
  email: string | null
  name: string
  locale: string | null
}

/** What is said of a record that goes back soon. */
const title = (name: string, pool: string, day: string): Localized => ({
  en: `${name} goes back to the pool ${pool} on ${day}`,
  zhCN: `${name} 将于 ${day} 退回公海 ${pool}`,
})

/**
 * Reminds the next owners of what goes back in the days to come: a task for each record and its day, made once, and one mail with all that is new to who has
 * an address. A follow-up moves the day; the new one gets a reminder of its own.
 *
 * @param after uuid of the last owner of the batch before.
 * @returns how many reminders were made, and the last owner; null when there are no more.
 */
export async function remindBatch(
  db: Writer,
  tenantId: string,
  reclaim: Reclaim,
  moment: Moment,
  after: string | null,
): Promise<{ reminded: number; last: string | null }> {
  const { remindDaysBefore: days, rules } = reclaim
  const rest = reclaim.owners.filter((id) => after === null || id > after)
  const owners = rest.slice(0, OWNERS)
  const last = rest.length > OWNERS ? (owners.at(-1) ?? null) : null
  if (!days || rules.length === 0 || owners.length === 0) return { reminded: 0, last }
  const people = await db.rows<Owner>({
    text: `SELECT u.id, u.email, u.name, coalesce(u.locale, t.locale) AS locale FROM app_user u JOIN tenant t ON t.id = u.tenant_id
 WHERE u.tenant_id = $1 AND u.id = ANY ($2::uuid[]) AND u.status = 'ACTIVE' AND u.deleted_at IS NULL ORDER BY u.id`,
    values: [tenantId, owners],
  })
  let reminded = 0
  for (const person of people) {
    const soon = await soonOf(db, tenantId, { ...reclaim, owners: [person.id] }, moment, days)
    reminded += await remind(db, tenantId, reclaim, person, soon)
  }
  return { reminded, last }
}

/** What of an owner's records is not due yet and will be, as it stands now, in so many days. */
async function soonOf(db: Writer, tenantId: string, reclaim: Reclaim, { at, timezone }: Moment, days: number) {
  const type = typeOf(reclaim)
  const { params } = sqlFor(tenantId)
  const add = params.add.bind(params)
  const then = new Date(at.getTime() + days * 86_400_000)
  const name = ident(fieldOf(type, type.name === 'Lead' ? 'fullName' : 'name').column)
  const later = judge(reclaim, { at: then, timezone }, add)
  const now = judge(reclaim, { at, timezone }, add).replace(/ v$/, ' w')
  return db.rows<Soon>({
    text: `SELECT t.id, t.${name} AS name, t.owner_id AS "ownerId", ${clocks(reclaim, timezone, add)} AS dates, ${type.name === 'Account' ? 't.level_id' : 'NULL::uuid'} AS "levelId"
 FROM ${later} JOIN ${now} ON w.id = v.id JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.id = v.id
 WHERE v.skip IS NULL AND w.skip = 'NOT_DUE' ORDER BY t.id LIMIT ${MOST}`,
    values: params.values,
  })
}

async function remind(db: Writer, tenantId: string, reclaim: Reclaim, person: Owner, soon: Soon[]): Promise<number> {
  if (soon.length === 0) return 0
  const pool = oneLine(reclaim.name)
  const tasks = soon.map(({ id, name, dates, levelId }) => {
    const day = deadline(reclaim, dates, levelId)
    return {
      id: newId(),
      record: id,
      key: `${reclaim.poolId}:${id}:${day}`,
      title: inLanguage(title(oneLine(name), pool, day), person.locale),
      due: `${day}T00:00:00Z`,
      day,
    }
  })
  // One that was made before is not made again, also when its task was deleted since.
  const made = await db.rows<{ id: string }>({
    text: `INSERT INTO task (tenant_id, id, title, due_at, priority, assignee_id, external_source, external_id)
 SELECT $1::uuid, x.id, x.title, x.due, 'HIGH', $3::uuid, '${SOURCE}', x.key FROM json_to_recordset($2::json) AS x(id uuid, title text, due timestamptz, key text)
 WHERE NOT EXISTS (SELECT 1 FROM task k WHERE k.tenant_id = $1 AND k.external_source = '${SOURCE}' AND k.external_id = x.key)
 ON CONFLICT DO NOTHING RETURNING id`,
    values: [tenantId, JSON.stringify(tasks), person.id],
  })
  const ids = new Set(made.map(({ id }) => id))
  const fresh = tasks.filter(({ id }) => ids.has(id))
  if (fresh.length === 0) return 0
  await db.rows({
    text: `INSERT INTO task_link (tenant_id, task_id, object_type, record_id) SELECT $1::uuid, x.id, $3, x.record FROM json_to_recordset($2::json) AS x(id uuid, record uuid)`,
    values: [tenantId, JSON.stringify(fresh), POOLED[reclaim.object]],
  })
  if (person.email) await mail(db, tenantId, reclaim, person, fresh)
  return fresh.length
}

async function mail(
  db: Writer,
  tenantId: string,
  reclaim: Reclaim,
  { email, name, locale }: Owner,
  tasks: { title: string; day: string }[],
): Promise<void> {
  const say = (sentence: Localized) => inLanguage(sentence, locale)
  const pool = oneLine(reclaim.name)
  const person = oneLine(name)
  const more = tasks.length - NAMED
  const lines = [
    say({ en: `Hello ${person},`, zhCN: `${person}，您好：` }),
    say({
      en: 'These records of yours go back to a public pool soon unless something happens with them:',
      zhCN: '您的以下记录如无跟进，即将退回公海：',
    }),
    tasks
      .slice(0, NAMED)
      .map((task) => `- ${task.title}`)
      .join('\n'),
    ...(more > 0 ? [say({ en: `and ${more} more; see your tasks.`, zhCN: `另有 ${more} 条，请查看您的任务。` })] : []),
  ]
  await enqueueMail(db, {
    tenantId,
    kind: 'POOL_REMINDER',
    to: email as string,
    subject: say({
      en: `${tasks.length} records go back to the pool ${pool} soon`,
      zhCN: `${tasks.length} 条记录即将退回公海 ${pool}`,
    }),
    text: `${lines.join('\n\n')}\n`,
    hours: HOURS,
  })
}
