import { commentRules } from '../../resolvers/service/comment.ts'
import { record } from '../record.ts'
import { attached, boolean, choice, datetime, longText, one } from '../shared/fields.ts'

record('CaseComment', {
  plural: 'caseComments',
  prefix: 'ccom',
  description:
    'What was said about a case. Public ones stay as they were written (INVALID_STATE); internal ones are changed and deleted by their author. The first public one of an agent is the first response.',
  customer: (alias) => `NOT ${alias}.is_internal`,
  fields: {
    body: longText('What was said.', { required: true }),
    isInternal: boolean('Is it among colleagues: the customer never sees it.', { default: false, write: 'create' }),
    authorType: choice(
      'Who said it.',
      'CaseAuthor',
      { AGENT: 'Somebody of the company.', CUSTOMER: 'The customer; never internal.' },
      { default: 'AGENT', write: 'create' },
    ),
    at: datetime('When it was said.', { write: 'never' }),
  },
  relations: {
    case: one('Case', 'caseId', 'The case that it is about.', { required: true, write: 'create', part: true }),
    contact: one('Contact', 'contactId', 'Of a customer: the person; that of the case if left out.', {
      write: 'create',
    }),
    attachments: attached('Attachment', 'The files that came with it.'),
  },
  rules: commentRules,
})
