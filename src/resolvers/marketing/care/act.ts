import { DateTime } from 'luxon'
import { UserErrors } from '../../../errors.ts'
import { recordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import { createRecords } from '../../records.ts'
import { notify } from '../../work/notify.ts'
import type { Input, WriteContext } from '../../write.ts'
import { queueMessages } from '../sendEmail.ts'
import type { Care } from './judge.ts'
import type { CareRule } from './triggers.ts'

/** What a channel does for people; all of it are rows of the caller's transaction. */
type Act = (context: WriteContext, rule: CareRule, some: readonly Care[], now: Date) => Promise<void>

const title = (rule: CareRule, { name }: Care) => `${rule.name}: ${name}`.slice(0, 255)
/** The record that it is about: the person, else their company. */
const about = ({ contactId, accountId }: Care) =>
  contactId ? { type: 'Contact', uuid: contactId } : { type: 'Account', uuid: accountId as string }

/** What is done by channel. */
export const ACT: Record<CareRule['channel'], Act> = {
  async EMAIL(context, { id, templateId }, some) {
    await queueMessages(
      context,
      some.map(({ person, composed, period }) => ({
        person: person as NonNullable<typeof person>,
        composed,
        orderKey: `care:${id}:${period}:${person?.uuid}`,
      })),
      { templateId: templateId as string, informational: false },
    )
  },
  async TASK(context, rule, some, now) {
    if (some.length === 0) return
    const dueAt = DateTime.fromJSDate(now, { zone: context.viewer.timezone }).endOf('day').startOf('second').toISO()
    const tasks = await made(
      context,
      'Task',
      some.map((one) => ({ title: title(rule, one), dueAt, assigneeId: idOf('User', one.ownerId as string) })),
    )
    await made(
      context,
      'TaskLink',
      some.map((one, index) => ({
        taskId: idOf('Task', tasks[index] as string),
        recordId: idOf(about(one).type, about(one).uuid),
      })),
    )
  },
  async NOTIFICATION({ db, viewer }, rule, some) {
    await notify(
      db,
      viewer.tenantId,
      some.map((one) => ({ userId: one.ownerId as string, type: 'CARE', title: title(rule, one), record: about(one) })),
    )
  },
}

async function made(context: WriteContext, type: string, inputs: Input[]): Promise<string[]> {
  const written = await createRecords(context, recordType(type), inputs)
  const errors = written.flatMap((one) => one.errors)
  if (errors.length > 0) throw new UserErrors(errors)
  return written.map(({ id }) => id as string)
}
