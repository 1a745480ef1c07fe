import { recordType } from '../../../read/recordType.ts'
import { coerceFilter, filterProblems } from '../../../read/storedFilter.ts'
import { systemAccess } from '../../automation/principal.ts'
import { refuse } from '../../checks.ts'
import { dropJobs, enqueueDaily } from '../../platform/job.ts'
import { after, type Change, type Rules, type WriteContext } from '../../write.ts'
import { TRIGGERS, type Trigger } from './triggers.ts'

/** The kind of job that works a care rule. */
export const CARE = 'CARE_RULE'
const TIME = /^([01][0-9]|2[0-3]):[0-5][0-9]$/
const TIMES = ['sendAtLocalTime', 'quietFrom', 'quietTo']
/** Quiet hours of a new rule that says nothing of them. */
const QUIET = { quietFrom: '21:00', quietTo: '08:00' }
/** What a trigger or a channel cannot do without. */
const NEEDED: Record<string, string> = {
  NO_CONTACT_DAYS: 'days',
  CONTRACT_EXPIRING: 'days',
  HIGH_VALUE: 'amount',
  EMAIL: 'templateId',
}

/** Rules of care rules: what the trigger and the channel need is there; times are times, and that of the rule is not quiet; the filter is a where of what the trigger is about. Who is to be cared for is looked for from now on. */
export const careRuleRules: Rules = {
  async write(changes, { db, viewer }) {
    const asker = { ...viewer, access: await systemAccess(db, viewer.tenantId) }
    for (const change of changes) {
      const { before, values } = change
      if (!before && !Object.keys(QUIET).some((name) => Object.hasOwn(values, name))) Object.assign(values, QUIET)
      for (const name of ['trigger', 'channel']) {
        const field = NEEDED[after(change, name) as string]
        if (field && after(change, field) == null)
          refuse(change, field, 'required', `is required for ${after(change, name)}`)
      }
      checkTimes(change)
      if (change.values.filter != null) checkFilter(change, asker)
    }
  },
  done: (changes, context) => arm(changes, context),
}

function checkTimes(change: Change): void {
  const wrong = TIMES.filter((name) => {
    const time = after(change, name)
    return typeof time === 'string' && !TIME.test(time)
  })
  for (const name of wrong) refuse(change, name, 'time', 'must be a time of the form HH:MM')
  const [at, from, to] = TIMES.map((name) => after(change, name) as string | null | undefined)
  if ((from == null) !== (to == null))
    refuse(change, from == null ? 'quietFrom' : 'quietTo', 'both', 'must be given with the other one, or neither')
  if (wrong.length > 0 || !at || !from || !to) return
  const quiet = from > to ? at >= from || at < to : at >= from && at < to
  if (quiet) refuse(change, 'sendAtLocalTime', 'quiet', 'must not be within the quiet hours')
}

function checkFilter(change: Change, asker: WriteContext['viewer']): void {
  const kind = TRIGGERS[after(change, 'trigger') as Trigger]
  if (!kind) return
  const type = recordType(kind.type)
  const read = coerceFilter(type, change.values.filter)
  const problems = 'problems' in read ? read.problems : filterProblems(type, read.ok, asker)
  for (const { path, message } of problems) refuse(change, ['filter', ...path], 'filter', `is no filter: ${message}`)
}

/** Orders the jobs of rules that are at work, anew where one was changed, and ends those of the others. A job that fails for good is there again the next day. */
async function arm(changes: Pick<Change, 'id' | 'values'>[], { db, viewer }: WriteContext): Promise<void> {
  const { tenantId } = viewer
  const rules = await db.rows<{ id: string; name: string; at: string }>({
    text: 'SELECT id, name, send_at_local_time AS at FROM care_rule WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND active AND deleted_at IS NULL ORDER BY id',
    values: [tenantId, changes.map(({ id }) => id)],
  })
  const working = new Set(rules.map(({ id }) => id))
  // One that was written as it was has its job.
  const over = changes.filter(({ id, values }) => !working.has(id) || Object.keys(values).length > 0)
  await dropJobs(
    db,
    tenantId,
    over.map(({ id }) => keyOf(id)),
  )
  for (const [dailyAt, some] of Map.groupBy(rules, ({ at }) => at))
    await enqueueDaily(
      db,
      tenantId,
      { kind: CARE, dailyAt, runAt: new Date() },
      some.map(({ id, name }) => ({ key: keyOf(id), subject: name, input: { ruleId: id } })),
    )
}

const keyOf = (id: string) => `care:${id}`
