import { recordType } from '../../read/recordType.ts'
import { type Sent, sendToRecords } from '../../resolvers/marketing/sendToRecords.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const Payload = builder.objectRef<Outcome>('SendEmailPayload').implement({
  description: 'What sendEmail did.',
  fields: (t) => ({
    emailTemplate: t.field({
      type: recordRef('EmailTemplate'),
      description: 'The template that was sent; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    queued: t.int({
      description: 'Mails that wait to be sent by it; null with a user error.',
      resolve: ({ more }) => (more as Sent | undefined)?.queued ?? null,
    }),
    suppressed: t.int({
      description: 'Recipients who get none: they opted out, or have no address that works. Null with a user error.',
      resolve: ({ more }) => (more as Sent | undefined)?.suppressed ?? null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('sendEmail', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Mails a template to people: contacts, leads and users. Who opted out gets a message that is SUPPRESSED, unless it is informational. What the caller may not see is not in the mails. Errors: NOT_FOUND, BULK_TOO_LARGE over 200. Needs EmailTemplate.read and EmailMessage.create.',
    args: {
      templateId: t.arg.id({ required: true, description: 'The template to send.' }),
      recipientIds: t.arg.idList({ required: true, description: 'Contacts, leads and users; each gets one mail.' }),
      recordId: t.arg.id({ description: 'What the mail is about: {{ opportunity.name }} is then its name.' }),
      informational: t.arg.boolean({
        description: 'Is it of business, and no advertising: opting out does not stop it. false if left out.',
      }),
    },
    extensions: { permission: ['EmailTemplate.read', 'EmailMessage.create'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('EmailTemplate'), path: ['emailTemplate'] }, (write) =>
        sendToRecords(write, args),
      ),
  }),
)
