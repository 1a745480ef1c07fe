import { todoObjects } from '../../resolvers/work/todoObjects.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('TodoItem', {
  plural: 'todos',
  prefix: 'todo',
  description:
    'Something that the viewer has to do, 待办, read from the records that say so: a task, an approval, a customer to call. Everybody sees their own and nobody else’s, from the moment on at which it is to show, and only about records that they may see. Nobody writes it: it goes when its record says so. The open ones are todos(where: { doneAt: { isNull: true } }, orderBy: [{ field: DUE_AT }]).',
  any: { name: 'record', description: 'The record that it is about.', among: todoObjects },
  seen: (alias, user, { params }) =>
    user ? `(${alias}.user_id = ${params.add(user, 'uuid')} AND ${alias}.shown_from <= now())` : 'false',
  fields: {
    kind: choice(
      'What is to do.',
      'TodoKind',
      {
        CUSTOMER_FOLLOW_UP: 'To get in touch with a customer or a lead today, 今日需联系; by nextFollowUpAt.',
        LEAD_ASSIGNED: 'A lead that the user was given and has not answered, 分配给我的线索.',
        CUSTOMER_ASSIGNED: 'A customer that the user was given and has done nothing with, 分配给我的客户.',
        ABOUT_TO_ENTER_POOL: 'A customer or lead that goes back to its pool soon, 即将进入公海.',
        CONTRACT_APPROVAL: 'A contract to approve, 待审核合同.',
        RECEIPT_APPROVAL: 'A receipt to approve, 待审核回款.',
        RECEIPT_DUE: 'Money of a contract that is due, 待回款提醒.',
        CONTRACT_EXPIRING: 'A contract that ends soon and was not renewed, 即将到期的合同.',
        RETURN_VISIT_DUE: 'A customer to ask how it went, 待回访.',
        INVOICE_APPROVAL: 'An invoice to approve, 待审核发票.',
        APPROVAL: 'A record of another type to approve.',
        TASK_DUE: 'A task that has a day, 待办任务.',
        CASE_SLA: 'A case whose time runs out.',
        PERMISSION_REQUEST: 'A request for rights to decide.',
        REGISTRATION_APPROVAL: 'A registration of a customer to decide, 待审核报备.',
        QUOTE_EXPIRING: 'A quote whose last day comes.',
      },
      kept,
    ),
    title: text('What it is about, in a line.', { ...kept, max: 500 }),
    dueAt: datetime('When it must be done; null where nothing says so.', kept),
    showAt: datetime('Since when it is there.', kept),
    since: datetime('What caused it: when it was assigned, planned or asked for.', kept),
    snoozedUntil: datetime('It was put off until then.', kept),
    doneAt: datetime('When it was done; null for open ones.', kept),
    dismissed: boolean('Was it done by completeTodo, and not by what its record says.', kept),
  },
  relations: {
    user: one('User', 'userId', 'Who has to do it.', kept),
    account: one('Account', 'accountId', 'The customer that it belongs to.', kept),
  },
  derived: true,
  operations: [],
})
