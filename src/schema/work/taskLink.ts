import { record } from '../record.ts'
import { one } from '../shared/fields.ts'

record('TaskLink', {
  plural: 'taskLinks',
  prefix: 'tali',
  description:
    'A task is about a record. A part of both: it goes to the recycle bin with either. A second one for the same two is UNIQUE_VIOLATION.',
  fields: {},
  relations: {
    task: one('Task', 'taskId', 'The task itself.', { required: true, write: 'create', part: true }),
  },
  any: { name: 'record', description: 'The record that the task is about, of any type.' },
})
