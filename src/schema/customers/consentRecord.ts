import { consentRules } from '../../resolvers/customers/consent.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, longText, one, text } from '../shared/fields.ts'

const said = { write: 'create' } as const
/** Whose word it is: exactly one of the two. */
const whose = { write: 'create', part: true } as const

record('ConsentRecord', {
  plural: 'consentRecords',
  prefix: 'cons',
  description:
    'What a person or a lead said to being contacted, or to a use of their data, 同意记录. Only added to, never changed: who thinks better of it gets a new one, and of a purpose and channel the newest counts (isCurrent).',
  fields: {
    purpose: text('What for, in the tenant’s own words: NEWSLETTER, 回访.', { ...said, required: true, max: 100 }),
    channel: choice(
      'Over which channel.',
      'ConsentChannel',
      {
        EMAIL: 'By e-mail.',
        PHONE: 'By telephone.',
        SMS: 'By short message.',
        WECHAT: 'By WeChat 微信.',
        POST: 'By letter post.',
        WEB: 'On a website: cookies, tracking.',
        OTHER: 'Another way.',
      },
      { ...said, required: true },
    ),
    status: choice(
      'What they said.',
      'ConsentStatus',
      {
        GRANTED: 'They said yes.',
        DENIED: 'They said no.',
        WITHDRAWN: 'They said no longer.',
        PENDING: 'Nothing yet: asked, not confirmed.',
      },
      { ...said, required: true },
    ),
    lawfulBasis: choice(
      'What the use rests on.',
      'LawfulBasis',
      {
        CONSENT: 'Their consent.',
        CONTRACT: 'A contract with them.',
        LEGAL_OBLIGATION: 'A law that demands it.',
        VITAL_INTERESTS: 'Somebody’s life.',
        PUBLIC_TASK: 'A public task.',
        LEGITIMATE_INTERESTS: 'Legitimate interests of the tenant.',
      },
      said,
    ),
    source: text('Where they said it: a form, a call, a fair.', said),
    at: datetime('When they said it, not in the future; now if left out.', { ...said, default: null }),
    evidence: longText('What proves it: the words, the address of the form, the number of the recording.', said),
    isCurrent: boolean('Is it the one that counts: the newest by at of its person, purpose and channel.', {
      write: 'never',
    }),
  },
  relations: {
    contact: one('Contact', 'contactId', 'The person who said it.', whose),
    lead: one('Lead', 'leadId', 'The lead who said it.', whose),
  },
  operations: ['create'],
  rules: consentRules,
})
