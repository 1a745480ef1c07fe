import { record } from '../record.ts'
import { boolean, choice, datetime, int, one, text, url } from '../shared/fields.ts'

const kept = { write: 'never' } as const
/** Whose doing it is: exactly one of the two. */
const whose = { write: 'never', part: true } as const

record('TrackingLink', {
  plural: 'trackingLinks',
  prefix: 'trlk',
  description:
    'An address that mails of a blast lead to. The mails hold a signed token of 128 random bits instead, so that a click is counted and nobody can make the redirect lead elsewhere.',
  fields: {
    url: url('Where it leads.', kept),
    clicks: int('How often people followed it; programs that look at links are not counted.', kept),
  },
  relations: { blast: one('EmailBlast', 'blastId', 'The blast whose mails hold it.', { ...kept, part: true }) },
  operations: [],
})

record('EngagementEvent', {
  plural: 'engagementEvents',
  prefix: 'enge',
  description:
    'Something that a recipient did with a mail, or a program in their place. A part of the person: who sees them sees it. Only added to.',
  fields: {
    type: choice(
      'What was done.',
      'EngagementType',
      {
        SENT: 'The mail went out.',
        OPENED: 'Its pictures were loaded.',
        CLICKED: 'A link of it was followed.',
        BOUNCED: 'It came back.',
        OPTED_OUT: 'They asked not to be written to any more.',
        OPTED_IN: 'They asked to be written to.',
        LEAD_CREATED: 'They became a lead by it.',
      },
      kept,
    ),
    at: datetime('When it happened.', kept),
    ipHash: text('Keyed hash of the network that it came from, the same for the same one.', kept),
    userAgent: text('What the program called itself.', { ...kept, max: 500 }),
    isBot: boolean('Was it a program that looks at links and pictures by itself: then it is not counted.', kept),
  },
  relations: {
    message: one('EmailMessage', 'messageId', 'The mail that it was done with.', kept),
    blast: one('EmailBlast', 'blastId', 'The blast that the mail was one of.', kept),
    campaign: one('Campaign', 'campaignId', 'The campaign that the blast was one of.', kept),
    link: one('TrackingLink', 'linkId', 'The link that was followed.', kept),
    contact: one('Contact', 'contactId', 'Who did it, a contact.', whose),
    lead: one('Lead', 'leadId', 'Who did it, a lead.', whose),
  },
  operations: [],
})
