import { record } from '../record.ts'
import { choice, datetime, longText, one } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('Suppression', {
  plural: 'suppressions',
  prefix: 'supp',
  description:
    'An address that is not written to any more, at all or by way of one target list. Only its keyed hash is kept, so that it holds when the person is gone and comes back with an import. suppressAddress, unsuppressAddress.',
  fields: {
    reason: choice(
      'Why it is suppressed.',
      'SuppressionReason',
      {
        UNSUBSCRIBED: 'Its owner asked for it.',
        BOUNCE: 'Mail to it came back for good; not even mails of business go there.',
        COMPLAINT: 'Its owner called a mail spam.',
        MANUAL: 'A user of the company did it.',
      },
      kept,
    ),
    scope: choice(
      'Which mails it stops.',
      'SuppressionScope',
      { ALL: 'All mails but those of business.', LIST: 'Mass mails by way of one target list.' },
      kept,
    ),
    note: longText('What is to be known about it.', { ...kept, max: 2000 }),
    at: datetime('Since when it holds.', kept),
  },
  relations: {
    targetList: one(
      'TargetList',
      'targetListId',
      'Of scope LIST: by way of which list no mail goes there. It goes to the recycle bin with the list.',
      { ...kept, part: true },
    ),
  },
  settings: true,
  operations: [],
})
