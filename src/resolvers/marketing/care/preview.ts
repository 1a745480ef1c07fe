import { DateTime } from 'luxon'
import type { Context, Viewer } from '../../../context.ts'
import { callerOf } from '../../../read/read.ts'
import { recordType } from '../../../read/recordType.ts'
import { amongQuery } from '../../../read/storedFilter.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { filterOf, findDue, loadRule } from './due.ts'
import { judge } from './judge.ts'
import { TRIGGERS } from './triggers.ts'
import { dayOf } from './zones.ts'

/** Somebody in a preview. uuids. */
export interface PreviewPerson {
  contactId: string | null
  accountId: string | null
  contractId: string | null
  period: string
  /** Why nothing would be done; null: it would. */
  reason: string | null
}

/** Who would be cared for on a day. */
export interface CarePreview {
  people: PreviewPerson[]
  more: boolean
}

/** People of one preview. */
export const PREVIEW_MAX = 100

/**
 * For whom a care rule would do something on a day, switched on or not, as far as the viewer sees them; who was seen to in the period is left out. Writes nothing.
 *
 * @param on YYYY-MM-DD, wherever people are.
 * @returns null where the viewer sees no such rule. @throws FIELD_FORBIDDEN for who may not filter by what the rule goes by, FORBIDDEN.
 */
export async function careRulePreview(
  context: Context,
  viewer: Viewer,
  { id, on }: { id: string; on: string },
): Promise<CarePreview | null> {
  const uuid = uuidOf('CareRule', id) ?? NO_ID
  return context.tenancy.readTenant(callerOf(viewer), async (reader) => {
    const write = { db: reader as Writer, viewer }
    const [seen] = await reader.rows(amongQuery(recordType('CareRule'), {}, viewer, [uuid]))
    const rule = seen && (await loadRule(write, uuid, { active: false }))
    if (!rule) return null
    const { tells, type } = TRIGGERS[rule.trigger]
    const path = ['careRulePreview']
    viewer.access.requireRead(recordType(type), path)
    viewer.access.requireField(recordType(tells[0]), tells[1], path)
    viewer.access.requireField(recordType('CareRule'), 'filter', path)
    const filter = filterOf(rule, viewer)
    if ('problem' in filter) {
      if (filter.problem.forbidden) throw filter.problem.cause
      return { people: [], more: false }
    }
    const days = { zones: [dayOf('', on)], known: [] }
    const { due, more } = await findDue(write, rule, { filter: filter.ok, days, limit: PREVIEW_MAX })
    const now = DateTime.fromISO(`${on}T${rule.sendAtLocalTime}`, { zone: viewer.timezone }).toJSDate()
    const people = (await judge(write, rule, due, now)).filter(({ contactId, person }) => !contactId || person)
    return {
      people: people.map(({ contactId, accountId, subjectId, period, reason }) => ({
        contactId,
        accountId,
        contractId: type === 'Contract' ? subjectId : null,
        period,
        reason,
      })),
      more,
    }
  })
}
