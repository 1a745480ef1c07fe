import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { coerceFilter, type Filter, type FilterProblem, filterProblems, nextQuery } from '../../../read/storedFilter.ts'
import { NO_ID } from '../../../read/values.ts'
import { sqlFor, type WriteContext } from '../../write.ts'
import { type CareRule, type Places, TRIGGERS } from './triggers.ts'
import type { Zone } from './zones.ts'

/** Somebody for whom the moment of a rule has come. uuids. */
export interface Due {
  /** What the trigger is about: a contact, an account, a contract. */
  subjectId: string
  contactId: string | null
  accountId: string | null
  /** Who looks after them and works here. */
  ownerId: string | null
  period: string
  name: string
  /** Is their company to be left alone. */
  leaveAlone: boolean
  /** Is it too late for the day. */
  over: boolean
}

/** The days that it is where people are. */
export interface Days {
  zones: readonly Zone[]
  /** The names of all zones that hold for who has them; for the others it is the one without a name. */
  known: readonly string[]
}

type Add = (value: unknown, pgType: string) => string

const RULE = `SELECT id, name, trigger, filter, days, amount::text AS amount, currency, channel, template_id AS "templateId", send_at_local_time AS "sendAtLocalTime",
 quiet_from AS "quietFrom", quiet_to AS "quietTo", cooldown_days AS "cooldownDays" FROM care_rule WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL`

/** A live rule by uuid. */
export async function loadRule(
  { db, viewer }: WriteContext,
  id: string,
  { active }: { active: boolean },
): Promise<CareRule | undefined> {
  const [rule] = await db.rows<CareRule>({
    text: `${RULE}${active ? ' AND active' : ''}`,
    values: [viewer.tenantId, id],
  })
  return rule
}

/** The filter of a rule as the viewer may use it, or what is wrong with it. */
export function filterOf(rule: CareRule, viewer: WriteContext['viewer']): { ok: Filter } | { problem: FilterProblem } {
  const type = recordType(TRIGGERS[rule.trigger].type)
  const read = rule.filter == null ? { ok: {} } : coerceFilter(type, rule.filter)
  const [problem] = 'ok' in read ? filterProblems(type, read.ok, viewer) : read.problems
  return problem ? { problem } : (read as { ok: Filter })
}

/** The places of what a trigger uses: what it does not use is not in the statement. */
function placesOf(rule: CareRule, { zones }: Days, timezone: string, add: Add): Places {
  const days = zones.map(({ day }) => day).sort()
  const values: Record<keyof Places, [value: unknown, pgType: string]> = {
    timezone: [timezone, 'text'],
    days: [rule.days, 'integer'],
    amount: [rule.amount, 'bigint'],
    currency: [rule.currency, 'text'],
    kept: [[...new Set(zones.flatMap(({ kept }) => kept))], 'text[]'],
    firstDay: [days[0], 'date'],
    lastDay: [days.at(-1), 'date'],
  }
  const places = {}
  for (const [name, [value, pgType]] of Object.entries(values)) {
    let place: string | undefined
    Object.defineProperty(places, name, {
      get: () => {
        place ??= add(value, pgType)
        return place
      },
    })
  }
  return places as Places
}

/** A subject `t` with its person `s.contact_id` (`p`), its company `s.account_id`, and the day `z` that it is for them. */
function around(rule: CareRule, { zones, known }: Days, t: string, add: Add): string {
  const { contact, account } = TRIGGERS[rule.trigger]
  return `LATERAL (SELECT ${contact(t)} AS contact_id, ${account(t)} AS account_id OFFSET 0) s LEFT JOIN contact p ON p.tenant_id = $1 AND p.id = s.contact_id
 JOIN json_to_recordset(${add(JSON.stringify(zones), 'json')}) AS z(zone text, day date, year text, kept text[], over boolean) ON z.zone = CASE WHEN p.timezone = ANY (${add(known, 'text[]')}) THEN p.timezone ELSE '' END`
}

/**
 * The first people, in the order of what the rule is about, for whom its moment has come and who were not seen to yet in this period; each once, of several periods of one the others
 * come the next time.
 *
 * @param filter that the viewer may use. What is out of their sight is not found.
 * @returns `more`: there may be others.
 */
export async function findDue(
  { db, viewer }: WriteContext,
  rule: CareRule,
  { filter, days, limit }: { filter: Filter; days: Days; limit: number },
): Promise<{ due: Due[]; more: boolean }> {
  if (days.zones.length === 0) return { due: [], more: false }
  const kind = TRIGGERS[rule.trigger]
  const type = recordType(kind.type)
  const found = await db.rows<{ id: string }>(
    nextQuery(type, filter, viewer, {
      after: NO_ID,
      limit,
      more: (t, add) => {
        const places = placesOf(rule, days, viewer.timezone, add)
        return `${kind.maybe(t, places)} AND EXISTS (SELECT 1 FROM ${around(rule, days, t, add)} WHERE ${kind.due(t, places)}
 AND NOT EXISTS (SELECT 1 FROM care_execution e WHERE e.tenant_id = $1 AND e.rule_id = ${add(rule.id, 'uuid')} AND e.period = ${kind.period(t, places)} AND e.deleted_at IS NULL
 AND CASE WHEN s.contact_id IS NULL THEN e.account_id = s.account_id ELSE e.contact_id = s.contact_id END))`
      },
    }),
  )
  if (found.length === 0) return { due: [], more: false }
  const all = await describe(
    { db, viewer },
    rule,
    days,
    found.map(({ id }) => id),
  )
  const seen = new Set<string>()
  const due = all.filter(({ contactId, accountId }) => {
    const who = contactId ?? accountId ?? ''
    return !seen.has(who) && seen.add(who)
  })
  return { due, more: found.length === limit || due.length < all.length }
}

function describe(
  { db, viewer }: Pick<WriteContext, 'db' | 'viewer'>,
  rule: CareRule,
  days: Days,
  ids: string[],
): Promise<Due[]> {
  const kind = TRIGGERS[rule.trigger]
  const { params } = sqlFor(viewer.tenantId)
  const add = params.add.bind(params)
  const places = placesOf(rule, days, viewer.timezone, add)
  return db.rows<Due>({
    text: `SELECT t.id AS "subjectId", s.contact_id AS "contactId", s.account_id AS "accountId", ${kind.period('t', places)} AS period, coalesce(p.full_name, a.name, '') AS name,
 coalesce(a.do_not_contact, false) AS "leaveAlone", z.over, (SELECT u.id FROM unnest(ARRAY[${kind.owner('t')}, p.owner_id, a.owner_id]) WITH ORDINALITY AS w(id, place)
  JOIN app_user u ON u.tenant_id = $1 AND u.id = w.id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL ORDER BY w.place LIMIT 1) AS "ownerId"
 FROM ${ident(recordType(kind.type).table)} t CROSS JOIN ${around(rule, days, 't', add)} LEFT JOIN account a ON a.tenant_id = $1 AND a.id = s.account_id AND a.deleted_at IS NULL
 WHERE t.tenant_id = $1 AND t.id = ANY (${add(ids, 'uuid[]')}) AND ${kind.due('t', places)} ORDER BY t.id`,
    values: params.values,
  })
}
