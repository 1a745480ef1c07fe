import { record } from '../record.ts'
import { choice, datetime, longText, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('LeadCaptureSubmission', {
  plural: 'leadCaptureSubmissions',
  prefix: 'fsub',
  description: 'What was sent by a form and what became of it. What was in it stands in the lead alone.',
  settings: true,
  fields: {
    submittedAt: datetime('When it was sent.', kept),
    outcome: choice(
      'What became of it.',
      'CaptureOutcome',
      {
        CREATED: 'A lead was made.',
        UPDATED: 'Empty fields of a lead that was there were filled.',
        IGNORED: 'The lead was there, and nothing was written.',
        REFUSED: 'Nothing was made; errorCode says why.',
        PENDING: 'Waits for the link in the mail.',
        EXPIRED: 'Nobody followed the link in time; what was sent is gone.',
        INVALID: 'It broke the rules of its fields, and the sender was told; errorCode says how.',
        SPAM: 'It fell into the trap for programs.',
      },
      kept,
    ),
    errorCode: text('DUPLICATE_DETECTED; THROTTLED for too many mails to one address; VALIDATION_FAILED.', kept),
    consent: longText('What the person agreed to when they confirmed.', { ...kept, max: 2000 }),
    confirmedAt: datetime('When the link in the mail was confirmed.', kept),
    ipHash: text(
      'Keyed hash of the network that it came from, the same for the same one; gone after thirty days.',
      kept,
    ),
  },
  relations: {
    form: one('LeadCaptureForm', 'formId', 'The form that sent it.', { ...kept, part: true }),
    lead: one('Lead', 'leadId', 'The lead that was made, or was there.', kept),
  },
  operations: [],
})
