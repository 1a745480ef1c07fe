import { callerOf } from '../../read/read.ts'
import { type Preview, previewTemplate } from '../../resolvers/marketing/previewTemplate.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'

const EmailPreview = builder.objectRef<Preview>('EmailPreview').implement({
  description: 'A mail as one recipient would get it.',
  fields: (t) => ({
    subject: t.exposeString('subject', { nullable: false, description: 'The subject, one line.' }),
    html: t.exposeString('html', {
      nullable: false,
      description: 'The mail as HTML, without anything that runs: scripts, handlers and frames are left out.',
    }),
    text: t.exposeString('text', { nullable: false, description: 'The mail as plain text.' }),
  }),
})

builder.queryField('previewTemplate', (t) =>
  t.field({
    type: EmailPreview,
    description:
      'A template as it looks for a record: for a contact, a lead or a user as their mail, for any other as a mail about it. What the viewer may not see stays empty. Null when there is no such template or record, or nothing can be made of it; TEMPLATE_VARIABLE_UNKNOWN where it names a custom field that the company has no more. Needs EmailTemplate.read, and read of the record’s type.',
    args: {
      templateId: t.arg.id({ required: true, description: 'The template.' }),
      recordId: t.arg.id({ required: true, description: 'A contact, a lead, a user, or what the mail is about.' }),
    },
    extensions: { permission: ['EmailTemplate.read'] },
    resolve: (_root, args, context) => {
      const viewer = requireViewer(context)
      return context.tenancy.readTenant(callerOf(viewer), (db) => previewTemplate(db, viewer, args))
    },
  }),
)
