import { callerOf } from '../../read/read.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { completeTodo, snoozeTodo } from '../../resolvers/work/todo.ts'
import { type TodoCount, type TodoSummary, todoSummary } from '../../resolvers/work/todoSummary.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import './todoItem.ts'

const Payload = builder.objectRef<Outcome>('TodoItemPayload').implement({
  description: 'What a mutation of a to-do did.',
  fields: (t) => ({
    todoItem: t.field({
      type: recordRef('TodoItem'),
      description: 'The to-do as it now is; null with a user error, and for one that was put off.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const OVERDUE = 'How many of them should have been done by now.'
const TODAY = 'How many of them are due before the day of the viewer ends.'

const Count = builder.objectRef<TodoCount>('TodoCount').implement({
  description: 'How many to-dos of a kind are open.',
  fields: (t) => ({
    kind: t.field({
      type: scalarOf(fieldOf(recordType('TodoItem'), 'kind')),
      nullable: false,
      description: 'Which kind it is.',
      resolve: ({ kind }) => kind as never,
    }),
    open: t.exposeInt('open', { nullable: false, description: 'How many are open.' }),
    overdue: t.exposeInt('overdue', { nullable: false, description: OVERDUE }),
    today: t.exposeInt('today', { nullable: false, description: TODAY }),
  }),
})

const Summary = builder.objectRef<TodoSummary>('TodoSummary').implement({
  description: 'What the viewer has to do, in numbers.',
  fields: (t) => ({
    open: t.exposeInt('open', { nullable: false, description: 'How many to-dos are open.' }),
    overdue: t.exposeInt('overdue', { nullable: false, description: OVERDUE }),
    today: t.exposeInt('today', { nullable: false, description: TODAY }),
    byKind: t.field({
      type: [Count],
      nullable: { list: false, items: false },
      description: 'The same by kind; kinds without an open one are left out.',
      resolve: ({ byKind }) => byKind,
    }),
  }),
})

builder.queryField('todoSummary', (t) =>
  t.field({
    type: Summary,
    nullable: false,
    description: 'How much the viewer has to do: counts of the open ones of todos. Needs TodoItem.read.',
    extensions: { permission: ['TodoItem.read'], cost: 5 },
    resolve: (_root, _args, context) => {
      const viewer = requireViewer(context)
      return context.tenancy.readTenant(callerOf(viewer), (db) => todoSummary(db, viewer))
    },
  }),
)

builder.mutationField('completeTodo', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes a to-do off the viewer’s list, 标记已处理, until something new causes it. Errors: NOT_FOUND, INVALID_STATE for one that ends with a verb of its record, such as an approval or a task. Needs TodoItem.read.',
    args: { id: t.arg.id({ required: true, description: 'The to-do.' }) },
    extensions: { permission: ['TodoItem.read'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type: recordType('TodoItem'), path: ['todoItem'] }, (write) =>
        completeTodo(write, String(id)),
      ),
  }),
)

builder.mutationField('snoozeTodo', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Puts a to-do off, 稍后提醒: it is not there until then, so the answer’s todoItem is null. Errors: NOT_FOUND, INVALID_STATE for a done one, VALIDATION_FAILED for a moment that is over or more than a year away. Needs TodoItem.read.',
    args: {
      id: t.arg.id({ required: true, description: 'The to-do.' }),
      until: t.arg({ type: 'DateTime', required: true, description: 'When it is there again.' }),
    },
    extensions: { permission: ['TodoItem.read'] },
    resolve: (_root, { id, until }, context, info) =>
      mutateOne({ context, info, type: recordType('TodoItem'), path: ['todoItem'] }, (write) =>
        snoozeTodo(write, String(id), until),
      ),
  }),
)
