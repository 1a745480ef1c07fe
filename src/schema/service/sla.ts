import { CASE_TYPES } from '../../resolvers/service/queue.ts'
import { writePolicy, writeStep, writeTarget } from '../../resolvers/service/sla/policy.ts'
import { record } from '../record.ts'
import { boolean, choice, int, longText, many, one, text, texts } from '../shared/fields.ts'
import { CASE_PRIORITIES, MILESTONE_TYPES } from './caseFields.ts'

/** A year. */
const MINUTES = { range: { min: 1, max: 525_600 } }

record('SlaPolicy', {
  plural: 'slaPolicies',
  prefix: 'slapol',
  description:
    'What is promised to customers about how soon they are answered, 服务级别协议: in business minutes of a calendar. Which holds for a case, its targets say.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What it is called, unique.', { required: true, max: 100 }),
    description: longText('What it is for.', { max: 2000 }),
    active: boolean('Is it in use for cases that are new, or change. What runs goes on.', { default: true }),
    rank: int('Of policies whose targets fit a case equally well, the one with the smallest holds.', { default: 100 }),
    warnPct: int('Per cent of a time after which the owner is warned.', { default: 80, range: { min: 1, max: 100 } }),
    pauseStatuses: texts(
      'Statuses of a case in which its clock stands; targets move by the business time for which it stood.',
      { default: ['WAITING_CUSTOMER'] },
    ),
  },
  relations: {
    calendar: one('BusinessCalendar', 'calendarId', 'The hours in which it is counted.', {
      required: true,
      onDelete: 'restrict',
    }),
    targets: many('SlaTarget', 'policy', 'The times, by what a case is.'),
    steps: many('SlaEscalationStep', 'policy', 'What is done when a time is about to end, or is over.'),
  },
  unique: { name: ['name'] },
  rules: { write: writePolicy },
})

record('SlaTarget', {
  plural: 'slaTargets',
  prefix: 'slatgt',
  description:
    'The times of a policy for some cases. Of all targets that fit a case, the one holds that names the most of priority, customer level and type; of equals the one with the level, then with the priority, then by rank of the policies; the older one in the end.',
  settings: true,
  fields: {
    priority: choice('For cases of this priority; null: of any.', 'CasePriority', CASE_PRIORITIES, {}),
    type: choice('For cases of this type; null: of any.', 'CaseType', CASE_TYPES, {}),
    firstResponseMin: int('Business minutes to the first answer; null promises none.', MINUTES),
    nextResponseMin: int('Business minutes to an answer to what the customer says later; null promises none.', MINUTES),
    resolutionMin: int('Business minutes until it is resolved; null promises none.', MINUTES),
  },
  relations: {
    policy: one('SlaPolicy', 'policyId', 'The policy.', { required: true, write: 'create', part: true }),
    level: one('CustomerLevel', 'levelId', 'For cases of customers of this level; null: of any.', {
      onDelete: 'restrict',
    }),
  },
  rules: { write: writeTarget },
})

record('SlaEscalationStep', {
  plural: 'slaEscalationSteps',
  prefix: 'slastep',
  description: 'What is done about a case when a time is about to end, or is over; once for each time.',
  settings: true,
  fields: {
    milestone: choice('The time that it is about.', 'CaseMilestoneType', MILESTONE_TYPES, { required: true }),
    afterMin: int('Business minutes after the target; less than 0: before it.', {
      default: 0,
      range: { min: -525_600, max: 525_600 },
    }),
    action: choice(
      'What is done.',
      'SlaStepAction',
      {
        NOTIFY_OWNER: 'The owner of the case is told.',
        NOTIFY_USER: 'The user of the step is told.',
        NOTIFY_ROLE: 'All active users with the role of the step are told.',
        NOTIFY_DEPARTMENT_HEAD:
          'The head of the owner’s department is told, or the next one above who is not the owner.',
        REASSIGN: 'The user of the step gets the case.',
        RAISE_PRIORITY: 'The case gets the next priority, with the times promised for that.',
      },
      { required: true },
    ),
  },
  relations: {
    policy: one('SlaPolicy', 'policyId', 'The policy.', { required: true, write: 'create', part: true }),
    user: one('User', 'userId', 'Of NOTIFY_USER and REASSIGN: the user.'),
    role: one('Role', 'roleId', 'Of NOTIFY_ROLE: the role.'),
  },
  rules: { write: writeStep },
})
