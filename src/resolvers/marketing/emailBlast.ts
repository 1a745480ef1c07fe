import { recordType } from '../../read/recordType.ts'
import { uuidOf } from '../../read/values.ts'
import { changedFields, refuse, refuseAs } from '../checks.ts'
import { checkListed } from '../sales/listed.ts'
import { type Change, idPath, type Rules, type WriteContext } from '../write.ts'

/** Rules of mass mails: only drafts change, moments to come, lists that there are; what is under way is not removed. */
export const emailBlastRules: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      const { before, values } = change
      if (before && before.status !== 'DRAFT' && changedFields('EmailBlast', change).some((name) => name !== 'ownerId'))
        change.errors.push({
          code: 'INVALID_STATE',
          message: 'Only a draft can be changed.',
          field: idPath(change),
          details: { from: before.status, allowed: ['DRAFT'] },
        })
      if (
        values.scheduleAt != null &&
        isOver(values.scheduleAt) &&
        changedFields('EmailBlast', change).includes('scheduleAt')
      )
        refuseAs(change, 'SCHEDULE_IN_PAST', 'scheduleAt', 'scheduleAt is over.')
    }
    await checkListed(changes, 'includeListIds', 'TargetList', context)
    await checkListed(changes, 'excludeListIds', 'TargetList', context)
    await checkKinds(changes, context)
  },
  delete(changes) {
    for (const change of changes)
      if (change.before?.status === 'SENDING')
        change.errors.push({
          code: 'INVALID_STATE',
          message: 'It is being sent: pause it or call it off first.',
          field: idPath(change),
          details: { from: 'SENDING', allowed: ['PAUSED', 'CANCELLED'] },
        })
  },
}

/** Is a moment over, as far as clocks agree. */
export const isOver = (at: unknown): boolean => Date.parse(at as string) <= Date.now()

/** Those who are to be written to are not on a list of those who are not. */
async function checkKinds(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const named = changes.flatMap((change) =>
    ((change.values.includeListIds ?? []) as string[]).map((id, index) => ({
      change,
      id: uuidOf('TargetList', id),
      index,
    })),
  )
  if (named.length === 0) return
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM ${recordType('TargetList').table} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND kind = 'EXCLUDE'`,
    values: [viewer.tenantId, named.flatMap(({ id }) => id ?? [])],
  })
  const excluding = new Set(rows.map(({ id }) => id))
  for (const { change, id, index } of named)
    if (id && excluding.has(id))
      refuse(change, ['includeListIds', String(index)], 'kind', 'must be a list of the kind INCLUDE')
}
