import { writeTask } from '../../resolvers/work/task.ts'
import { record } from '../record.ts'
import { attached, choice, datetime, longText, many, one, text } from '../shared/fields.ts'

record('Task', {
  plural: 'tasks',
  prefix: 'task',
  description: 'Something to do, 任务. What it is about stands in links.',
  search: ['title'],
  owners: ['assigneeId', 'createdById'],
  inherits: { links: 'NONE' },
  fields: {
    title: text('What is to do, in a line.', { required: true }),
    description: longText('What is to do, at length.'),
    dueAt: datetime('When it must be done.'),
    startAt: datetime('When to begin.'),
    priority: choice(
      'How much it matters.',
      'TaskPriority',
      { LOW: 'It can wait.', NORMAL: 'As usual, in its turn.', HIGH: 'Before others.', URGENT: 'To be done at once.' },
      { default: 'NORMAL' },
    ),
    status: choice(
      'Where it stands.',
      'TaskStatus',
      {
        NOT_STARTED: 'Not begun.',
        IN_PROGRESS: 'Work has begun.',
        DONE: 'Done; completedAt says when.',
        CANCELLED: 'Not needed any more.',
        DEFERRED: 'Put off for now.',
      },
      { default: 'NOT_STARTED' },
    ),
    completedAt: datetime('When its status became DONE; null while it is another.', { write: 'never' }),
  },
  relations: {
    assignee: one('User', 'assigneeId', 'Who is to do it; the caller if left out on create.'),
    parentTask: one('Task', 'parentTaskId', 'The task that it is a step of; at most ten levels, no ring.'),
    subtasks: many('Task', 'parentTask', 'Its steps.'),
    links: many('TaskLink', 'task', 'The records that it is about.'),
    attachments: attached('Attachment', 'The files at it.'),
  },
  rules: { write: writeTask },
})
