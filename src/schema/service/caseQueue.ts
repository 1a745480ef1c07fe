import { writeQueue } from '../../resolvers/service/queue.ts'
import { record } from '../record.ts'
import { boolean, choice, int, longText, many, one, text, texts } from '../shared/fields.ts'

record('CaseQueue', {
  plural: 'caseQueues',
  prefix: 'cqueue',
  description: 'Where cases wait for somebody who takes them, 工单队列, or are given to its members in turn.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What it is called, unique.', { required: true, max: 100 }),
    description: longText('What it is for.', { max: 2000 }),
    active: boolean('Is it in use. One that is not takes no cases (INVALID_STATE).', { default: true }),
    routing: choice(
      'How it gives out cases that have no owner. Members who are not active or out of office are passed over.',
      'CaseRouting',
      {
        ROUND_ROBIN: 'To its members in turn.',
        LEAST_OPEN: 'To the member with the fewest open cases; of equals the next in turn.',
        MANUAL: 'To nobody: a member takes them (takeCase), or somebody assigns them.',
      },
      { default: 'MANUAL' },
    ),
    isDefault: boolean('Do cases that name neither queue nor owner come here, if they are of caseTypes and channels.', {
      default: false,
    }),
    caseTypes: texts('Of a default queue: the types of cases that it takes; empty: all.'),
    channels: texts('Of a default queue: the channels whose cases it takes; empty: all.'),
    rank: int('Of default queues that fit, the one with the smallest is taken.', { default: 100 }),
  },
  relations: {
    members: many('CaseQueueMember', 'queue', 'Who works on its cases.'),
    cases: many('Case', 'queue', 'The cases that came into it.'),
  },
  unique: { name: ['name'] },
  rules: { write: writeQueue },
})

record('CaseQueueMember', {
  plural: 'caseQueueMembers',
  prefix: 'cqmem',
  description: 'Somebody who works on the cases of a queue.',
  settings: true,
  fields: {
    active: boolean('Do they get cases, and may they take some.', { default: true }),
  },
  relations: {
    queue: one('CaseQueue', 'queueId', 'The queue.', { required: true, write: 'create', part: true }),
    user: one('User', 'userId', 'Who that is.', { required: true, write: 'create' }),
  },
  unique: { queueAndUser: ['queueId', 'userId'] },
})
