import { numbered } from '../../resolvers/platform/numbers.ts'
import { record } from '../record.ts'
import { choice, datetime, int, linked, longText, one, text } from '../shared/fields.ts'

record('ReturnVisit', {
  plural: 'returnVisits',
  prefix: 'rvis',
  description:
    'Asking a customer how they are content, 回访. The next one is a to-do of its visitor (RETURN_VISIT_DUE) a day before it is due, until the customer is visited again.',
  search: ['number'],
  owners: ['visitorId'],
  fields: {
    number: text('Its number, by the company’s rule (NumberRule). Another one’s is NUMBER_TAKEN.', {
      max: 50,
      default: null,
    }),
    visitedAt: datetime('When it was; null: it is to come.'),
    method: choice(
      'How they were asked.',
      'ReturnVisitMethod',
      {
        PHONE: 'They were called.',
        VISIT: 'Somebody went there.',
        EMAIL: 'They were asked by mail.',
        WECHAT: 'On WeChat, 微信.',
        VIDEO: 'In a video call.',
      },
      { default: 'PHONE' },
    ),
    satisfaction: int('How content they are, 1 to 5.', { range: { min: 1, max: 5 } }),
    feedback: longText('What they said.'),
    nextVisitAt: datetime('When they are to be asked next.'),
  },
  relations: {
    account: one('Account', 'accountId', 'The customer who was asked.', { required: true, onDelete: 'restrict' }),
    contract: one('Contract', 'contractId', 'The contract that it is about.'),
    contact: one('Contact', 'contactId', 'The person who was asked.'),
    visitor: one('User', 'visitorId', 'Who asks; they own it.'),
    activities: linked('Activity', 'ActivityLink', 'activity', 'What happened and will happen about it.'),
    tags: linked('Tag', 'TagLink', 'tag', 'The tags that it has.'),
  },
  rules: { write: numbered('RETURN_VISIT') },
})
