import type { Context } from '../../context.ts'
import type { Row } from '../../read/finish.ts'
import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { moveFile, writeAttachment } from '../../resolvers/platform/attachment.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, int, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

record('Attachment', {
  plural: 'attachments',
  prefix: 'att',
  description:
    'A file, 附件, at a record of any type that has attachments. Who may see that record sees it, who may update that record may change and remove it; it goes to the recycle bin with the record. Made by POST /attachments.',
  search: ['fileName'],
  fields: {
    fileName: text('Its name, without a path; when it is saved somewhere it is called so.', { required: true }),
    contentType: text('What it is, by its bytes: a media type.', { ...kept, max: 255 }),
    size: int('How long it is, bytes.', kept),
    sha256: text('SHA-256 of its bytes, hexadecimal. Who may not see this field does not get the bytes either.', {
      ...kept,
      max: 64,
      sort: false,
    }),
    description: text('What is to be known about it.', { max: 2000 }),
    category: choice(
      'What it is for.',
      'AttachmentCategory',
      {
        DOCUMENT: 'A document.',
        CONTRACT: 'A contract, 合同.',
        IMAGE: 'A picture.',
        EVIDENCE: 'Proves something, 凭证: of a lead, a registration, a request.',
        IMPORT_ERRORS: 'What an import could not take: a CSV file with line, column, code, value and message.',
        OTHER: 'Something else.',
      },
      { default: 'OTHER' },
    ),
  },
  any: {
    name: 'record',
    description: 'The record that it is attached to; null for one that waits to be, which is its uploader’s alone.',
    attached: true,
  },
  operations: ['update', 'delete', 'restore', 'destroy'],
  rules: { write: writeAttachment },
})

builder.objectField(recordRef('Attachment'), 'url', (t) =>
  t.string({
    description:
      'An address that gives its bytes to whoever asks within 5 minutes, without another credential; it stops when the attachment, or the viewer’s right to it, goes. Begins with / where the deployment has no PUBLIC_URL. Null for attachments in the recycle bin.',
    extensions: { field: 'sha256', needs: ['id', 'deletedAt'] },
    resolve: (row: Row, _args, context: Context) => {
      const viewer = requireViewer(context)
      const type = recordType('Attachment')
      const shown = !viewer.access.hides(type, 'sha256') && !viewer.access.masks(type, 'sha256', true)
      return shown && !row.deletedAt ? context.services.fileAddress(viewer, row.id as string) : null
    },
  }),
)

const Payload = builder.objectRef<Outcome>('AttachFilePayload').implement({
  description: 'What attachFile or detachFile did.',
  fields: (t) => ({
    attachment: t.field({
      type: recordRef('Attachment'),
      description: 'The attachment as it now is; null with a user error, and where the caller may not see it any more.',
      resolve: (outcome) => outcome.record,
    }),
    changed: t.boolean({
      description: 'Did it move; false when it was there already. Null with a user error.',
      resolve: (outcome) => outcome.changed,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const ID = 'The attachment. One that does not exist, or that the viewer may not see, is NOT_FOUND.'
const VERSION = 'The version it must still have; otherwise STALE_VERSION. Left out: any.'

builder.mutationFields((t) => ({
  attachFile: t.field({
    type: Payload,
    nullable: false,
    description:
      'Attaches a file to a record, from none or from another. Takes the right to update the record, and the one that it leaves: FORBIDDEN otherwise. Needs Attachment.update.',
    args: {
      id: t.arg.id({ required: true, description: ID }),
      recordId: t.arg.id({
        required: true,
        description:
          'The record, of a type that has attachments. One that does not exist, or that the viewer may not see, is NOT_FOUND.',
      }),
      expectedVersion: t.arg.int({ description: VERSION }),
    },
    extensions: { permission: ['Attachment.update'] },
    resolve: (_root, { id, recordId, expectedVersion }, context, info) =>
      mutateOne({ context, info, type: recordType('Attachment'), path: ['attachment'] }, (write) =>
        moveFile(write, { id, recordId, expectedVersion }),
      ),
  }),
  detachFile: t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes a file from its record. It is its uploader’s alone then, and is removed a day after its last change unless it is attached again. Takes the right to update the record. Needs Attachment.update.',
    args: {
      id: t.arg.id({ required: true, description: ID }),
      expectedVersion: t.arg.int({ description: VERSION }),
    },
    extensions: { permission: ['Attachment.update'] },
    resolve: (_root, { id, expectedVersion }, context, info) =>
      mutateOne({ context, info, type: recordType('Attachment'), path: ['attachment'] }, (write) =>
        moveFile(write, { id, recordId: null, expectedVersion }),
      ),
  }),
}))
