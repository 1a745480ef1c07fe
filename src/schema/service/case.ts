import { caseRules } from '../../resolvers/service/case.ts'
import { CASE_CHANNELS, CASE_TYPES } from '../../resolvers/service/queue.ts'
import { OPEN } from '../../resolvers/service/states.ts'
import { record } from '../record.ts'
import {
  attached,
  boolean,
  choice,
  datetime,
  int,
  linked,
  longText,
  many,
  one,
  text,
  through,
} from '../shared/fields.ts'
import { CASE_PRIORITIES, CASE_STATUSES } from './caseFields.ts'

const kept = { write: 'never' } as const

record('Case', {
  plural: 'cases',
  prefix: 'case',
  description:
    'What a customer asks for, complains about or reports, 工单. Its status changes by verbs; what is CLOSED or a DUPLICATE keeps all but notes (INVALID_STATE). docs/service.md draws its states.',
  search: ['number', 'subject'],
  inherits: { account: 'NONE' },
  customer: (alias, contact) => `${alias}.contact_id = ${contact()} AND NOT ${alias}.is_internal`,
  fields: {
    number: text('Its number, by the company’s rule (NumberRule). Another one’s is NUMBER_TAKEN.', {
      max: 50,
      default: null,
    }),
    subject: text('What it is about.', { required: true }),
    description: longText('What the customer says.'),
    type: choice('What it is.', 'CaseType', CASE_TYPES, { default: 'QUESTION' }),
    channel: choice('How it came in.', 'CaseChannel', CASE_CHANNELS, { default: 'WEB' }),
    priority: choice('How much it matters; changed, other times may hold.', 'CasePriority', CASE_PRIORITIES, {
      default: 'NORMAL',
    }),
    severity: choice('How bad it is for the customer.', 'CaseSeverity', {
      MINOR: 'They can go on with it.',
      MAJOR: 'They are held up.',
      CRITICAL: 'They can do nothing.',
    }),
    status: choice('How it stands.', 'CaseStatus', CASE_STATUSES, kept),
    rootCause: longText('What it came of; a complaint is not closed without (CLOSE_REQUIREMENTS_MISSING).'),
    resolution: longText('What was done; a complaint is not closed without (CLOSE_REQUIREMENTS_MISSING).'),
    isEscalated: boolean('Was it brought to the attention of somebody above.', kept),
    escalatedAt: datetime('When it was escalated last.', kept),
    firstResponseAt: datetime('When an agent first answered in public.', kept),
    awaitingReplySince: datetime('Since when the customer, who spoke last, waits for an answer.', kept),
    resolvedAt: datetime('When it was resolved.', kept),
    closedAt: datetime('When it was closed.', kept),
    reopenCount: int('How often it was opened again.', kept),
    satisfaction: int('How content the customer was with it, 1 to 5.', { ...kept, range: { min: 1, max: 5 } }),
    satisfactionComment: longText('What the customer said about that.', { ...kept, max: 2000 }),
    isInternal: boolean('Is it among colleagues: customers never see it.', { default: false }),
    isImportant: boolean('Is it to be looked at with care.', { default: false }),
    archivedAt: datetime('When it was put away for good.', kept),
    archiveReason: text('Why it was put away.', { ...kept, max: 2000 }),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer, who cannot go while the case is open.', {
      onDelete: 'restrict',
      while: { field: 'status', in: OPEN },
    }),
    contact: one('Contact', 'contactId', 'The person who asks.'),
    product: one('Product', 'productId', 'The product that it is about.'),
    contract: one('Contract', 'contractId', 'The contract that it is under.'),
    parentCase: one('Case', 'parentCaseId', 'The case that it is a part of.'),
    duplicateOf: one('Case', 'duplicateOfId', 'Of a duplicate: the case that has what was said about it.', {
      write: 'never',
    }),
    queue: one(
      'CaseQueue',
      'queueId',
      'The queue that it came into; the default one if it names neither queue nor owner. assignCase moves it.',
      {
        write: 'create',
        onDelete: 'restrict',
        while: { field: 'status', in: OPEN },
      },
    ),
    owner: one(
      'User',
      'ownerId',
      'Who works on it. Left out: whom its queue gives it to, or nobody; without a queue the caller.',
    ),
    escalatedTo: one('User', 'escalatedToId', 'Whom it was escalated to.', { write: 'never' }),
    slaPolicy: one('SlaPolicy', 'slaPolicyId', 'What is promised about it; follows priority, type and customer.', {
      write: 'never',
      onDelete: 'restrict',
      while: { field: 'status', in: OPEN },
    }),
    slaTarget: one('SlaTarget', 'slaTargetId', 'The times of that policy that hold for it.', { write: 'never' }),
    comments: many('CaseComment', 'case', 'What was said about it; order them by AT.'),
    milestones: many('CaseMilestone', 'case', 'The times that run for it, and that ran.'),
    articles: through('KnowledgeArticle', 'CaseArticle', 'case', 'article', 'The articles that answer it.'),
    childCases: many('Case', 'parentCase', 'The cases that are a part of it.'),
    duplicates: many('Case', 'duplicateOf', 'The cases that were merged into it.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen about it.'),
    tasks: linked('Task', 'TaskLink', 'task', 'What is to do for it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
    attachments: attached('Attachment', 'The files at it.'),
    posts: attached('FeedPost', 'What colleagues say at it; order them as the feed.'),
  },
  rules: caseRules,
})
