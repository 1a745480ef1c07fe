import { recordType } from '../../read/recordType.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { completeTask, reopenTask, type TaskAsk } from '../../resolvers/work/completeTask.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'

for (const [name, verb, description] of [
  [
    'completeTask',
    completeTask,
    'Completes a task, 完成任务: the assignees of tasks that wait for it are told, and one that comes again is followed by the next, once. A done one stays as it is. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for a cancelled one. Needs Task.update.',
  ],
  [
    'reopenTask',
    reopenTask,
    'Takes a task up again that was done or cancelled, 重新打开任务; the one that followed it stays. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. Needs Task.update.',
  ],
] as const)
  builder.mutationField(name, (t) =>
    t.field({
      type: payloadRef('Task'),
      nullable: false,
      description,
      args: {
        id: t.arg.id({ required: true, description: 'Id of the task.' }),
        expectedVersion: t.arg.int({
          description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
        }),
      },
      extensions: { permission: ['Task.update'] },
      resolve: (_root, args, context, info) =>
        mutateOne({ context, info, type: recordType('Task'), path: ['task'] }, (write) => verb(write, args as TaskAsk)),
    }),
  )
