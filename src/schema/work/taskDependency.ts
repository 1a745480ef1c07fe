import { writeDependency } from '../../resolvers/work/dependency.ts'
import { record } from '../record.ts'
import { one } from '../shared/fields.ts'

record('TaskDependency', {
  plural: 'taskDependencies',
  prefix: 'tade',
  description:
    'A task that waits for another, 前置任务: when that is done, the assignee of the one that waits is told (TASK_UNBLOCKED). A part of both. Rings are DEPENDENCY_CYCLE; a second one for the same two is UNIQUE_VIOLATION.',
  fields: {},
  relations: {
    task: one('Task', 'taskId', 'The task that waits.', { required: true, write: 'create', part: true }),
    dependsOn: one('Task', 'dependsOnId', 'The task that it waits for.', { required: true, write: 'create' }),
  },
  unique: { pair: ['taskId', 'dependsOnId'] },
  rules: { write: writeDependency },
})
