import { systemAccess } from '../../automation/principal.ts'
import { lockTenant } from '../../checks.ts'
import type { WriteContext } from '../../write.ts'
import { compose } from '../compose.ts'
import { loadTemplate } from '../sendEmail.ts'
import { ACT } from './act.ts'
import { filterOf, findDue, loadRule } from './due.ts'
import { type Care, type Judged, judge } from './judge.ts'
import { type CareRule, TRIGGERS } from './triggers.ts'
import { nextLook, openZones, zonesOf } from './zones.ts'

/** People of one step. */
const BATCH = 200

/** What a step did. */
export interface Cared {
  sent: number
  skipped: number
  /** When to look again; null: at once. */
  next: Date | null
}

/**
 * Does the next part of what a care rule has to do at a moment: for each person whose day and time it is, once in each period. That it was done is noted in the transaction that does it, under a
 * unique key: a process that dies leaves nothing half done, and of two at once one does it.
 *
 * @returns null for a rule that is gone or switched off.
 */
export async function runCareRule(context: WriteContext, ruleId: string, now: Date): Promise<Cared | null> {
  const { db } = context
  const { tenantId, timezone } = context.viewer
  await lockTenant(context, `care ${ruleId}`)
  const rule = await loadRule(context, ruleId, { active: true })
  if (!rule) return null
  // Nobody asked for it: it is the company's doing.
  const system: WriteContext = { db, viewer: { ...context.viewer, access: await systemAccess(db, tenantId) } }
  const filter = filterOf(rule, system.viewer)
  const known = await zonesOf(db, tenantId)
  const next = nextLook(rule, timezone, known, now)
  // One that the API of today does not know any more finds nobody: better than everybody.
  if ('problem' in filter) return { sent: 0, skipped: 0, next }
  // What has its day is told of when the day is over; the rest has others.
  const zones = openZones(rule, timezone, known, now).filter(({ over }) => !over || TRIGGERS[rule.trigger].dated)
  const { due, more } = await findDue(system, rule, { filter: filter.ok, days: { zones, known }, limit: BATCH })
  const done = await care(system, rule, await judge(system, rule, due, now), now)
  return { ...done, next: more ? null : next }
}

async function care(context: WriteContext, rule: CareRule, judged: Judged[], now: Date) {
  if (judged.length === 0) return { sent: 0, skipped: 0 }
  const wanted = await withWords(context, rule, judged)
  const noted = await note(context, rule, wanted, now)
  const sent = noted.filter(({ reason }) => reason === null)
  await ACT[rule.channel](context, rule, sent, now)
  return { sent: sent.length, skipped: noted.length - sent.length }
}

/** The same with the words of their mails, where the rule sends mails. */
async function withWords(context: WriteContext, rule: CareRule, judged: Judged[]): Promise<Care[]> {
  const template = rule.channel === 'EMAIL' && rule.templateId ? await loadTemplate(context, rule.templateId) : null
  if (!template) return judged.map((one) => ({ ...one, composed: null }))
  const mailed = judged.filter(({ reason }) => reason === null)
  const type = TRIGGERS[rule.trigger].type
  const words = await compose(
    context,
    template,
    mailed.map(({ person, subjectId, accountId }) => ({
      ...(person as NonNullable<typeof person>),
      accountId,
      about: type === 'Contact' ? null : { type, uuid: subjectId },
    })),
  )
  const composed = new Map(mailed.map((one, index) => [one, words[index] ?? null]))
  return judged.map((one) => {
    const text = composed.get(one) ?? null
    return { ...one, composed: text, reason: composed.has(one) && !text ? 'RENDER_FAILED' : one.reason }
  })
}

/** Notes what is done for whom. @returns those who were not seen to by somebody else at the same time. */
async function note({ db, viewer }: WriteContext, rule: CareRule, wanted: Care[], now: Date): Promise<Care[]> {
  const contract = TRIGGERS[rule.trigger].type === 'Contract'
  const rows = wanted.map(({ contactId, accountId, subjectId, period, reason }) => ({
    contact: contactId,
    account: contactId ? null : accountId,
    contract: contract ? subjectId : null,
    period,
    reason,
  }))
  const made = await db.rows<{ who: string }>({
    text: `INSERT INTO care_execution (tenant_id, rule_id, contact_id, account_id, contract_id, period, channel, status, reason, at)
 SELECT $1::uuid, $2::uuid, x.contact, x.account, x.contract, x.period, $4, CASE WHEN x.reason IS NULL THEN 'SENT' ELSE 'SKIPPED' END, x.reason, $5
 FROM json_to_recordset($3::json) AS x(contact uuid, account uuid, contract uuid, period text, reason text) ORDER BY x.contact, x.account
 ON CONFLICT DO NOTHING RETURNING coalesce(contact_id, account_id) AS who`,
    values: [viewer.tenantId, rule.id, JSON.stringify(rows), rule.channel, now],
  })
  const mine = new Set(made.map(({ who }) => who))
  return wanted.filter(({ contactId, accountId }) => mine.has(contactId ?? accountId ?? ''))
}
