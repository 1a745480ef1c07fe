import type { Shape } from '../../read/recordType.ts'
import { afterTasks, writeTask } from '../../resolvers/work/task.ts'
import { record } from '../record.ts'
import { attached, choice, datetime, longText, many, objects, one, text } from '../shared/fields.ts'

const ChecklistItem: Shape = {
  name: 'ChecklistItem',
  description: 'A step of a task that is ticked and is no task of its own.',
  members: {
    title: { kind: 'text', description: 'What is to do, in a line.', required: true, max: 255 },
    done: { kind: 'boolean', description: 'Is it ticked.' },
  },
}

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
    checklist: objects('Steps to tick, 清单.', ChecklistItem, { max: 100 }),
    recurrence: text(
      'When it comes again, as RFC 5545 has it, without DTSTART: FREQ=WEEKLY;BYDAY=MO;COUNT=10. It must have a day (dueAt), from which the series counts, and end after at most 500; VALIDATION_FAILED otherwise. When it is done the next one is made, in the assignee’s time zone.',
      { max: 500, sort: false },
    ),
    recurrenceStart: datetime('The day of the first task of the series.', { write: 'never' }),
    completedAt: datetime('When its status became DONE; null while it is another.', { write: 'never' }),
  },
  relations: {
    assignee: one('User', 'assigneeId', 'Who is to do it; the caller if left out on create.'),
    parentTask: one('Task', 'parentTaskId', 'The task that it is a step of; at most ten levels, no ring.'),
    recurrenceOf: one('Task', 'recurrenceOfId', 'The task of the series that it came after.', { write: 'never' }),
    subtasks: many('Task', 'parentTask', 'Its steps.'),
    dependencies: many('TaskDependency', 'task', 'What it waits for.'),
    dependents: many('TaskDependency', 'dependsOn', 'What waits for it.'),
    links: many('TaskLink', 'task', 'The records that it is about.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  rules: { write: writeTask, done: afterTasks },
})
