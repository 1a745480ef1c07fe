import { newId } from '../../../ids.ts'
import type { WriteContext } from '../../write.ts'
import type { BusinessCalendar } from '../businessTime.ts'
import { loadCalendars } from '../calendar.ts'
import type { MilestoneType } from './clock.ts'
import { type EscalationStep, momentsOf } from './moments.ts'
import { type CaseFacts, type Running, settle } from './settle.ts'

/** The kind of job that looks at the times of a case when something is to be done about them. */
export const CASE_SLA = 'CASE_SLA'

/** A milestone as it stands in the database. */
export interface Stored extends Running {
  id: string
  caseId: string
  firedStepIds: string[]
}

interface CaseRow extends Omit<CaseFacts, 'target'> {
  id: string
  calendarId: string | null
  warnPct: number
  pauseStatuses: string[]
  first: number | null
  next: number | null
  resolution: number | null
  policyId: string | null
}

/** Cases (uuids, locked by the caller) with what is promised for them, and their open milestones. */
async function load(
  { db, viewer }: WriteContext,
  ids: readonly string[],
): Promise<{ cases: CaseRow[]; open: Stored[] }> {
  const cases = await db.rows<CaseRow>({
    text: `SELECT c.id, c.status, c.created_at AS "createdAt", c.first_response_at AS "firstResponseAt", c.awaiting_reply_since AS "awaitingReplySince", c.reopen_count AS "reopenCount",
 p.id AS "policyId", p.calendar_id AS "calendarId", p.warn_pct AS "warnPct", p.pause_statuses AS "pauseStatuses",
 t.first_response_min AS first, t.next_response_min AS next, t.resolution_min AS resolution FROM service_case c
 LEFT JOIN sla_target t ON t.tenant_id = $1 AND t.id = c.sla_target_id LEFT JOIN sla_policy p ON p.tenant_id = $1 AND p.id = t.policy_id
 WHERE c.tenant_id = $1 AND c.id = ANY ($2::uuid[]) AND c.deleted_at IS NULL`,
    values: [viewer.tenantId, ids],
  })
  const open = await db.rows<Stored>({
    text: `SELECT id, case_id AS "caseId", type, calendar_id AS "calendarId", minutes, started_at AS "startedAt", target_at AS "targetAt", paused_sec AS "pausedSec", paused_since AS "pausedSince",
 completed_at AS "completedAt", cancelled_at AS "cancelledAt", is_violated AS "isViolated", elapsed_sec AS "elapsedSec", warn_pct AS "warnPct", warned_at AS "warnedAt", fired_step_ids AS "firedStepIds"
 FROM case_milestone WHERE tenant_id = $1 AND case_id = ANY ($2::uuid[]) AND completed_at IS NULL AND cancelled_at IS NULL AND deleted_at IS NULL ORDER BY id`,
    values: [viewer.tenantId, ids],
  })
  return { cases, open }
}

const factsOf = (row: CaseRow): CaseFacts => ({
  ...row,
  target: row.calendarId
    ? {
        minutes: { FIRST_RESPONSE: row.first, NEXT_RESPONSE: row.next, RESOLUTION: row.resolution } satisfies Record<
          MilestoneType,
          number | null
        >,
        calendarId: row.calendarId,
        warnPct: row.warnPct,
        pauseStatuses: row.pauseStatuses,
      }
    : null,
})

/** Open milestones of one case, with all that decides what is to be done about them and when. */
export interface Watched {
  open: Stored[]
  calendars: Map<string, BusinessCalendar>
  steps: EscalationStep[]
}

/** What runs for a case (uuid, locked by the caller) that is live. */
export async function watch(context: WriteContext, caseId: string): Promise<Watched> {
  const { cases, open } = await load(context, [caseId])
  const calendars = await calendarsOf(context, cases, open)
  const steps = await stepsOf(
    context,
    cases.flatMap(({ policyId }) => policyId ?? []),
  )
  return { open: cases.length > 0 ? open : [], calendars, steps: [...steps.values()].flat() }
}

const calendarsOf = ({ db, viewer }: WriteContext, cases: CaseRow[], open: Stored[]) =>
  loadCalendars(db, viewer.tenantId, [
    ...cases.flatMap(({ calendarId }) => calendarId ?? []),
    ...open.map(({ calendarId }) => calendarId),
  ])

async function stepsOf({ db, viewer }: WriteContext, policyIds: string[]): Promise<Map<string, EscalationStep[]>> {
  if (policyIds.length === 0) return new Map()
  const rows = await db.rows<EscalationStep & { policyId: string }>({
    text: `SELECT id, policy_id AS "policyId", milestone, after_min AS "afterMin", action, user_id AS "userId", role_id AS "roleId" FROM sla_escalation_step
 WHERE tenant_id = $1 AND policy_id = ANY ($2::uuid[]) AND deleted_at IS NULL ORDER BY after_min, id`,
    values: [viewer.tenantId, [...new Set(policyIds)]],
  })
  return Map.groupBy(rows, ({ policyId }) => policyId)
}

/**
 * Brings the times of cases (uuids, locked by the caller) to what the cases are now, and has them looked at when the next thing is to be done about one. A few statements, however
 * many cases there are.
 */
export async function settleMilestones(context: WriteContext, ids: readonly string[], now = new Date()): Promise<void> {
  if (ids.length === 0) return
  const { cases, open } = await load(context, ids)
  if (open.length === 0 && cases.every(({ calendarId }) => !calendarId)) return
  const calendars = await calendarsOf(context, cases, open)
  const byCase = Map.groupBy(open, ({ caseId }) => caseId)
  const begun: Stored[] = []
  for (const row of cases)
    for (const one of settle(factsOf(row), byCase.get(row.id) ?? [], calendars, now))
      begun.push({ ...one, id: newId(), caseId: row.id, firedStepIds: [] })
  await save(context, begun, open)
  const steps = await stepsOf(
    context,
    cases.flatMap(({ policyId }) => policyId ?? []),
  )
  const policyOf = new Map(cases.map(({ id, policyId }) => [id, policyId]))
  await remind(
    context,
    [...begun, ...open].flatMap((one) => {
      const [next] = momentsOf(
        one,
        calendars.get(one.calendarId) as BusinessCalendar,
        steps.get(policyOf.get(one.caseId) ?? '') ?? [],
      )
      return next ? [{ caseId: one.caseId, at: next.at }] : []
    }),
  )
}

const COLUMNS =
  'id uuid, "caseId" uuid, type text, "calendarId" uuid, minutes integer, "startedAt" timestamptz, "targetAt" timestamptz, "pausedSec" integer, "pausedSince" timestamptz, "completedAt" timestamptz, "cancelledAt" timestamptz, "isViolated" boolean, "elapsedSec" integer, "warnPct" integer, "warnedAt" timestamptz, "firedStepIds" uuid[]'

/** Writes milestones: those that began, and those that were open. */
export async function save({ db, viewer }: WriteContext, begun: Stored[], open: Stored[]): Promise<void> {
  if (begun.length > 0)
    await db.rows({
      text: `INSERT INTO case_milestone (tenant_id, id, case_id, type, calendar_id, minutes, started_at, target_at, paused_since, warn_pct)
 SELECT $1::uuid, x.id, x."caseId", x.type, x."calendarId", x.minutes, x."startedAt", x."targetAt", x."pausedSince", x."warnPct" FROM json_to_recordset($2::json) AS x(${COLUMNS})`,
      values: [viewer.tenantId, JSON.stringify(begun)],
    })
  if (open.length > 0)
    await db.rows({
      text: `UPDATE case_milestone m SET minutes = x.minutes, target_at = x."targetAt", paused_sec = x."pausedSec", paused_since = x."pausedSince", completed_at = x."completedAt",
 cancelled_at = x."cancelledAt", is_violated = x."isViolated", elapsed_sec = x."elapsedSec", warned_at = x."warnedAt", fired_step_ids = x."firedStepIds"
 FROM json_to_recordset($2::json) AS x(${COLUMNS})
 WHERE m.tenant_id = $1 AND m.id = x.id AND (m.minutes, m.target_at, m.paused_sec, m.paused_since, m.completed_at, m.cancelled_at, m.is_violated, m.warned_at, m.fired_step_ids)
 IS DISTINCT FROM (x.minutes, x."targetAt", x."pausedSec", x."pausedSince", x."completedAt", x."cancelledAt", x."isViolated", x."warnedAt", x."firedStepIds")`,
      values: [viewer.tenantId, JSON.stringify(open)],
    })
}

/** Has cases looked at, each at its next moment. */
export async function remind({ db, viewer }: WriteContext, moments: { caseId: string; at: Date }[]): Promise<void> {
  if (moments.length === 0) return
  const orders = moments.map(({ caseId, at }) => ({ caseId, at, key: `sla ${caseId} ${at.toISOString()}` }))
  await db.rows({
    text: `INSERT INTO job (tenant_id, kind, input, key, run_at) SELECT $1::uuid, $2, json_build_object('caseId', x."caseId"), x.key, x.at
 FROM json_to_recordset($3::json) AS x("caseId" uuid, key text, at timestamptz) ORDER BY x.key
 ON CONFLICT (tenant_id, key) WHERE key IS NOT NULL AND status IN ('QUEUED', 'RUNNING') AND deleted_at IS NULL DO NOTHING`,
    values: [viewer.tenantId, CASE_SLA, JSON.stringify(orders)],
  })
}
