import { emailBlastRules } from '../../resolvers/marketing/emailBlast.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, email, int, many, one, text, texts } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('EmailBlast', {
  plural: 'emailBlasts',
  prefix: 'blst',
  description:
    'A mail to all people of some target lists, 群发邮件, each address once. startBlast begins it; once that is done it is no longer changed: INVALID_STATE.',
  search: ['name'],
  fields: {
    name: text('What it is called; recipients do not see it.', { required: true }),
    from: text(
      'The name that recipients read as the sender; the company’s if left out. The address beside it is the deployment’s, so that mails pass as what they are.',
      { max: 100 },
    ),
    replyTo: email('Where answers go.'),
    scheduleAt: datetime(
      'When it begins; as soon as it is started if left out. SCHEDULE_IN_PAST for a moment that is over.',
    ),
    includeListIds: texts('Ids of the target lists whose people get it, of the kind INCLUDE.'),
    excludeListIds: texts('Ids of target lists whose people do not: whose address is on one of them gets none.'),
    informational: boolean('Is it of business, and no advertising: opting out does not stop it.', { default: false }),
    throttle: int('How many mails go out per minute at most; as many as the mail server takes if left out.', {
      range: { min: 1, max: 100_000 },
    }),
    status: choice(
      'How far it is.',
      'EmailBlastStatus',
      {
        DRAFT: 'Being written; can be changed.',
        SCHEDULED: 'Begins at scheduleAt.',
        SENDING: 'Under way.',
        PAUSED: 'Stopped; resumeBlast goes on with it.',
        SENT: 'All of its mails went out, or cannot.',
        FAILED: 'Given up before all of its mails were written; problem says why.',
        CANCELLED: 'Called off; what had not gone out by then never does.',
      },
      kept,
    ),
    startedAt: datetime('When it began.', kept),
    completedAt: datetime('When the last of its mails was done with.', kept),
    problem: text('Why it failed, an error code.', kept),
  },
  relations: {
    campaign: one('Campaign', 'campaignId', 'The campaign that it is one of.'),
    template: one('EmailTemplate', 'templateId', 'What is sent.', {
      required: true,
      onDelete: 'restrict',
      while: { field: 'status', in: ['DRAFT', 'SCHEDULED', 'SENDING', 'PAUSED'] },
    }),
    owner: one(
      'User',
      'ownerId',
      'In whose name it is sent: what they may not see is not in it. The caller if left out on create.',
    ),
    messages: many('EmailMessage', 'blast', 'Its mails.'),
    links: many('TrackingLink', 'blast', 'The addresses that its mails lead to.'),
  },
  rules: emailBlastRules,
})
