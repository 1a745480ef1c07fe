import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { REVERT_DAYS, revertImport } from '../../resolvers/platform/importJob.ts'
import { cancelImport, DRY_RUN_ROWS, OPEN_IMPORTS, startImport } from '../../resolvers/platform/importOrder.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { attached, boolean, choice, datetime, int, json, text } from '../shared/fields.ts'
import { enumType } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

const MODES = {
  CREATE: 'Every row is a new record.',
  UPSERT: 'A row changes the record that has its key, and makes one where there is none.',
}

const type = record('ImportJob', {
  plural: 'importJobs',
  prefix: 'impj',
  description:
    'A file that was imported, 导入任务; dry runs leave none. Belongs to whoever imported; what the deployment’s operator imports belongs to nobody.',
  owners: ['createdById'],
  fields: {
    object: text('Name of the type of its records: Account.', kept),
    mode: choice('What a row does.', 'ImportMode', MODES, kept),
    fileName: text('Name of the file, without its folder.', kept),
    dryRun: boolean('Is everything done and nothing kept.', kept),
    mapping: json('What every column means, as it was ordered; null for imports from the command line.', kept),
    status: choice(
      'Where it stands.',
      'ImportStatus',
      {
        QUEUED: 'It waits for its turn.',
        RUNNING: 'Under way, or its process died: what it wrote until then stays.',
        COMPLETED: 'All rows were looked at; failed says how many did not go in.',
        FAILED: 'Something stopped it; errorCode says what. What was written until then stays.',
        CANCELLED: 'Somebody stopped it; what was written until then stays.',
        REVERTING: 'It is being taken back.',
        REVERTED: 'It was taken back.',
      },
      kept,
    ),
    rows: int('Rows that were looked at so far: all of the file when it is over.', kept),
    created: int('Rows of which a record was made.', kept),
    updated: int('Rows that changed a record.', kept),
    unchanged: int('Rows that said what was there already.', kept),
    failed: int('Rows of which nothing was written.', kept),
    problems: int(
      'Problems that were told, a row may have several; the attachment of the category IMPORT_ERRORS lists them.',
      kept,
    ),
    errorCode: text(
      'Why it failed: IMPORT_INVALID for a file that cannot be used, INTERRUPTED when its process ended, or a code of ErrorCode.',
      kept,
    ),
    errorMessage: text('The same in words.', { ...kept, max: 2000, sort: false }),
    completedAt: datetime('When it ended.', kept),
    canRevertUntil: datetime(`Until when revertImport takes it back: ${REVERT_DAYS} days.`, { ...kept, sort: false }),
    revertedAt: datetime('When it was taken back.', { ...kept, sort: false }),
  },
  relations: { attachments: attached('Attachment', 'The file that was imported, and the one of its problems.') },
  operations: [],
})

const Order = builder.inputType('StartImportInput', {
  description: 'A file to import, and what its columns mean.',
  fields: (t) => ({
    attachmentId: t.id({
      required: true,
      description:
        'The CSV file, sent by POST /attachments and attached to nothing, or to a record that you may change; it comes to hang at the import.',
    }),
    mapping: t.field({
      type: 'JSON',
      required: true,
      description:
        'The type of the records, and what each column means: docs/import.md. A field that the mapping gets wrong is VALIDATION_FAILED with its place in details.place.',
    }),
    mode: t.field({
      type: enumType({ name: 'ImportMode', values: MODES }, 'What a row does.'),
      required: true,
      description: 'What a row does.',
    }),
    dryRun: t.boolean({
      description: `Do everything and keep nothing: for a look at what the first ${DRY_RUN_ROWS} rows would do. False if left out.`,
    }),
  }),
})

const payload = (name: string, did: string) =>
  builder.objectRef<Outcome>(name).implement({
    description: `What ${did} did.`,
    fields: (t) => ({
      importJob: t.field({
        type: recordRef('ImportJob'),
        description: 'The import as it now is; null with a user error.',
        resolve: (outcome) => outcome.record,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'All that is wrong with the input; empty when it was ordered.',
      }),
    }),
  })

builder.mutationField('startImport', (t) =>
  t.field({
    type: payload('StartImportPayload', 'startImport'),
    nullable: false,
    description: `Imports a CSV file in the background, with the rights that you have while it runs: importJob tells how far it is. Rows that cannot be written are told with the others done; a killed import keeps what it wrote and is FAILED with INTERRUPTED: order it again as an UPSERT, or revertImport. Errors: NOT_FOUND and FORBIDDEN for the file, VALIDATION_FAILED for the mapping, QUOTA_EXCEEDED when ${OPEN_IMPORTS} imports of the company wait, FORBIDDEN for keys without a user. Needs ImportJob.create, import and create on the type, and update for an UPSERT.`,
    args: { input: t.arg({ type: Order, required: true, description: 'What to import, and how.' }) },
    extensions: { permission: ['ImportJob.create'] },
    resolve: async (_root, { input }, context, info) => {
      const viewer = requireViewer(context)
      const { attachmentId, mapping, mode, dryRun } = input
      const order = {
        attachmentId: String(attachmentId),
        mapping,
        mode: mode as 'CREATE' | 'UPSERT',
        dryRun: dryRun ?? false,
      }
      const checked = await context.services.checkMapping(viewer, order)
      return mutateOne({ context, info, type, path: ['importJob'] }, (write) => startImport(write, order, checked))
    },
  }),
)

builder.mutationField('cancelImport', (t) =>
  t.field({
    type: payload('CancelImportPayload', 'cancelImport'),
    nullable: false,
    description:
      'Stops an import that was ordered by startImport: one that waits at once; one that runs within seconds, when it is CANCELLED. What it wrote until then stays; revertImport takes it back. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that is over. Needs ImportJob.update.',
    args: { id: t.arg.id({ required: true, description: 'The import to stop.' }) },
    extensions: { permission: ['ImportJob.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['importJob'] }, (write) => cancelImport(write, id)),
  }),
)

builder.mutationField('revertImport', (t) =>
  t.field({
    type: payload('RevertImportPayload', 'revertImport'),
    nullable: false,
    description:
      'Takes an import back in the background (a job of the kind IMPORT_REVERT, whose figures count DELETED, RESTORED, KEPT and FAILED records): what it made goes to the recycle bin, what it changed gets the values from before, each field for itself. Records that a user or a key has written since stay, and so do newer values of fields. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that runs, was reverted or is too old. Needs ImportJob.update, and update and delete on the type of its records.',
    args: { id: t.arg.id({ required: true, description: 'The import to take back.' }) },
    extensions: { permission: ['ImportJob.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['importJob'] }, (write) => revertImport(write, id)),
  }),
)
