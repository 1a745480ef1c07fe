import { notify } from '../../work/notify.ts'
import type { Change, Values, WriteContext } from '../../write.ts'
import { give } from '../assign.ts'
import type { BusinessCalendar } from '../businessTime.ts'
import { departmentHead, holdersOf, isActive } from '../people.ts'
import { putCase } from '../putCase.ts'
import { PRIORITIES } from '../states.ts'
import { matchTargets } from './match.ts'
import { remind, type Stored, save, watch } from './milestones.ts'
import { type EscalationStep, type Moment, momentsOf } from './moments.ts'

interface CaseRow extends Values {
  id: string
  number: string
  subject: string
  ownerId: string | null
}

/** The case, locked; null when it is gone. */
async function lock({ db, viewer }: WriteContext, id: string): Promise<CaseRow | null> {
  const [row] = await db.rows<CaseRow>({
    text: `SELECT id, number, subject, status, type, priority, account_id AS "accountId", queue_id AS "queueId", owner_id AS "ownerId" FROM service_case
 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`,
    values: [viewer.tenantId, id],
  })
  return row ?? null
}

/** Tells users (uuids, each once) about a time of a case. */
async function tell(
  { db, viewer }: WriteContext,
  { id, number, subject }: CaseRow,
  type: string,
  milestone: string,
  users: (string | null)[],
): Promise<void> {
  await notify(
    db,
    viewer.tenantId,
    [...new Set(users)].flatMap((userId) =>
      userId
        ? [{ userId, type, title: `${number}: ${subject}`, record: { type: 'Case', uuid: id }, payload: { milestone } }]
        : [],
    ),
  )
}

/**
 * Does what is due about the times of a case (uuid) at a moment: warns, marks what was missed, takes the steps of its policy; each once, however often it runs. Has the case looked at
 * again at the next moment.
 *
 * @returns how much was done.
 */
export async function checkTimes(context: WriteContext, caseId: string, now: Date): Promise<number> {
  const found = await lock(context, caseId)
  if (!found) return 0
  let done = 0
  // A step may change the times that there are: they are read anew after each.
  for (;;) {
    const { open, calendars, steps } = await watch(context, caseId)
    const due = open
      .flatMap((one) =>
        momentsOf(one, calendars.get(one.calendarId) as BusinessCalendar, steps).map((moment) => ({ one, moment })),
      )
      .toSorted((a, b) => a.moment.at.getTime() - b.moment.at.getTime())
    const next = due[0]
    if (!next) return done
    if (next.moment.at > now) {
      await remind(context, [{ caseId, at: next.moment.at }])
      return done
    }
    await act(context, (await lock(context, caseId)) ?? found, next.one, next.moment, now)
    done++
  }
}

async function act(context: WriteContext, one: CaseRow, milestone: Stored, moment: Moment, now: Date): Promise<void> {
  switch (moment.what) {
    case 'WARN':
      await save(context, [], [{ ...milestone, warnedAt: now }])
      return tell(context, one, 'CASE_SLA_WARNING', milestone.type, [one.ownerId])
    case 'VIOLATE':
      await save(context, [], [{ ...milestone, isViolated: true }])
      return tell(context, one, 'CASE_SLA_VIOLATED', milestone.type, [one.ownerId])
    case 'STEP':
      // First of all it is taken: what it does may look at the case again.
      await save(context, [], [{ ...milestone, firedStepIds: [...milestone.firedStepIds, moment.step.id] }])
      return take(context, one, milestone.type, moment.step, now)
  }
}

async function take(
  context: WriteContext,
  one: CaseRow,
  milestone: string,
  step: EscalationStep,
  now: Date,
): Promise<void> {
  const say = (users: (string | null)[]) => tell(context, one, 'CASE_SLA_ESCALATED', milestone, users)
  switch (step.action) {
    case 'NOTIFY_OWNER':
      return say([one.ownerId])
    case 'NOTIFY_USER':
      return say([step.userId])
    case 'NOTIFY_ROLE':
      return say(await holdersOf(context, step.roleId as string))
    case 'NOTIFY_DEPARTMENT_HEAD':
      return say([await departmentHead(context, one.ownerId)])
    case 'REASSIGN':
      if (await isActive(context, step.userId as string)) await give(context, one.id, one, step.userId as string)
      return
    case 'RAISE_PRIORITY':
      return raise(context, one, now)
  }
}

/** The next priority, with what is promised for it. */
async function raise(context: WriteContext, one: CaseRow, now: Date): Promise<void> {
  const priority = PRIORITIES[PRIORITIES.indexOf(one.priority as (typeof PRIORITIES)[number]) + 1]
  if (!priority) return
  const change: Change = { id: one.id, path: [], before: one, values: { priority }, input: {}, errors: [] }
  await matchTargets([change], context)
  const { slaTargetId, slaPolicyId } = change.values
  await putCase(context, one.id, { priority, sla_target_id: slaTargetId, sla_policy_id: slaPolicyId }, now)
}
