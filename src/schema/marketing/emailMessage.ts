import { record } from '../record.ts'
import { boolean, choice, datetime, email, int, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const
/** Who gets it: exactly one of the three. */
const whose = { write: 'never', part: true } as const

record('EmailMessage', {
  plural: 'emailMessages',
  prefix: 'emsg',
  description:
    'A mail that a program or a mass mail sends to one recipient, and what became of it. A part of whom it is for: who sees them sees it. Its words are not kept once it is sent.',
  fields: {
    to: email('The address it goes to.', kept),
    subject: text('Its subject as the recipient reads it.', { ...kept, max: 998 }),
    informational: boolean(
      'Is it of business, an invoice or an answer: opting out of advertising does not stop it.',
      kept,
    ),
    status: choice(
      'What became of it.',
      'EmailStatus',
      {
        QUEUED: 'Waits to be sent.',
        SENDING: 'On its way to the mail server.',
        SENT: 'The mail server took it.',
        DELIVERED: 'The recipient’s server took it, as the mail provider tells.',
        BOUNCED_SOFT: 'It was put off again and again, and is given up.',
        BOUNCED_HARD: 'There is no such mailbox; the address is marked invalid.',
        FAILED: 'The mail server refused it or could not be reached for long.',
        SUPPRESSED: 'Not sent: the recipient opted out, or the address is known not to work. problem says which.',
        CANCELLED: 'Not sent: it was called off.',
      },
      kept,
    ),
    attempts: int('How often it was tried.', kept),
    sentAt: datetime('When the mail server took it.', kept),
    providerId: text('What the mail server called it.', kept),
    problem: text(
      'Of one that was not sent: OPTED_OUT, DO_NOT_EMAIL, CONSENT, SUPPRESSED, LIST_SUPPRESSED, DO_NOT_CONTACT, INVALID_ADDRESS, EXCLUDED, RENDER_FAILED, or codes of the last failure such as EENVELOPE 550.',
      kept,
    ),
    openedAt: datetime('When it was first opened, as far as mail programs tell.', kept),
    firstClickAt: datetime('When a link of it was first followed by a person.', kept),
    opens: int('How often it was opened.', kept),
    clicks: int('How often links of it were followed by people; programs that look at links are not counted.', kept),
  },
  relations: {
    template: one('EmailTemplate', 'templateId', 'The template that it was made of.', kept),
    blast: one('EmailBlast', 'blastId', 'The mass mail that it is one of.', kept),
    contact: one('Contact', 'contactId', 'Who gets it, a contact.', whose),
    lead: one('Lead', 'leadId', 'Who gets it, a lead.', whose),
    user: one('User', 'userId', 'Who gets it, a user.', whose),
  },
  operations: [],
})
