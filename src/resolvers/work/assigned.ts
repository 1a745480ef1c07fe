import type { Localized } from '../../errors.ts'
import { oneLine } from '../../events/mail.ts'
import { type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import type { WriteContext } from '../write.ts'
import { type Note, notify } from './notify.ts'

/** Records of which their new owner is told, each with what its name is made of. */
const TOLD: Readonly<Record<string, { column: string; words: Localized }>> = {
  Account: { column: 'name', words: { en: 'A customer was assigned to you', zhCN: '客户已分配给您' } },
  Contact: { column: 'full_name', words: { en: 'A contact was assigned to you', zhCN: '联系人已分配给您' } },
  Lead: { column: 'full_name', words: { en: 'A lead was assigned to you', zhCN: '线索已分配给您' } },
  Opportunity: { column: 'name', words: { en: 'A deal was assigned to you', zhCN: '商机已分配给您' } },
  Contract: { column: 'name', words: { en: 'A contract was assigned to you', zhCN: '合同已分配给您' } },
  Case: { column: 'subject', words: { en: 'A case was assigned to you', zhCN: '工单已分配给您' } },
  Task: { column: 'title', words: { en: 'A task was assigned to you', zhCN: '任务已分配给您' } },
}

/** Above so many at once a user is told of all of them together. */
const EACH_MAX = 20

/**
 * Tells users that records are theirs now: ACCOUNT_ASSIGNED, LEAD_ASSIGNED, TASK_ASSIGNED …; not the one who did it, and nothing of types of which nobody is told.
 *
 * @param given uuids of records and of their new owners, as they now stand in the transaction.
 */
export async function tellAssigned(
  { db, viewer }: WriteContext,
  type: RecordType,
  given: readonly { id: string; userId: string | null }[],
): Promise<void> {
  const told = TOLD[type.name]
  const others = given.flatMap(({ id, userId }) => (userId && userId !== viewer.userId ? [{ id, userId }] : []))
  if (!told || others.length === 0) return
  const kind = `${type.name.toUpperCase()}_ASSIGNED`
  const names = await db.rows<{ id: string; name: string | null }>({
    text: `SELECT id, ${ident(told.column)} AS name FROM ${ident(recordType(type.name).table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, others.map(({ id }) => id)],
  })
  const nameOf = new Map(names.map(({ id, name }) => [id, oneLine(name ?? '')]))
  const notes = [...Map.groupBy(others, ({ userId }) => userId)].flatMap(([userId, some]): Note[] => {
    if (some.length > EACH_MAX)
      return [
        {
          userId,
          type: kind,
          title: { en: `${told.words.en}: ${some.length}`, zhCN: `${told.words.zhCN}：${some.length}` },
          payload: { count: some.length },
        },
      ]
    return some.map(({ id }) => ({
      userId,
      type: kind,
      title: { en: `${told.words.en}: ${nameOf.get(id)}`, zhCN: `${told.words.zhCN}：${nameOf.get(id)}` },
      record: { type: type.name, uuid: id },
    }))
  })
  await notify(db, viewer.tenantId, notes)
}
