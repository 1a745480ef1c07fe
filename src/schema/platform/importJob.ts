import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { REVERT_DAYS, revertImport } from '../../resolvers/platform/importJob.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, datetime, int, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

const type = record('ImportJob', {
  plural: 'importJobs',
  prefix: 'impj',
  description:
    'A file that was imported, 导入任务; dry runs leave none. Belongs to whoever imported; what the deployment’s operator imports belongs to nobody.',
  owners: ['createdById'],
  fields: {
    object: text('Name of the type of its records: Account.', kept),
    mode: choice(
      'What a row does.',
      'ImportMode',
      {
        CREATE: 'Every row is a new record.',
        UPSERT: 'A row changes the record that has its key, and makes one where there is none.',
      },
      kept,
    ),
    fileName: text('Name of the file, without its folder.', kept),
    status: choice(
      'Where it stands.',
      'ImportStatus',
      {
        RUNNING: 'Under way, or its process died: what it wrote until then stays.',
        COMPLETED: 'All rows were looked at; failed says how many did not go in.',
        FAILED: 'Stopped on the way; what was written until then stays.',
        REVERTING: 'It is being taken back.',
        REVERTED: 'It was taken back.',
      },
      kept,
    ),
    rows: int('Rows of the file; null while it runs.', kept),
    created: int('Rows of which a record was made.', kept),
    updated: int('Rows that changed a record.', kept),
    unchanged: int('Rows that said what was there already.', kept),
    failed: int('Rows of which nothing was written.', kept),
    completedAt: datetime('When it ended.', kept),
    canRevertUntil: datetime(`Until when revertImport takes it back: ${REVERT_DAYS} days.`, { ...kept, sort: false }),
    revertedAt: datetime('When it was taken back.', { ...kept, sort: false }),
  },
  operations: [],
})

const Payload = builder.objectRef<Outcome>('RevertImportPayload').implement({
  description: 'What revertImport did.',
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

builder.mutationField('revertImport', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes an import back in the background (a job of the kind IMPORT_REVERT, whose figures count DELETED, RESTORED, KEPT and FAILED records): what it made goes to the recycle bin, what it changed gets the values from before, each field for itself. Records that a user or a key has written since stay, and so do newer values of fields. Errors: NOT_FOUND, FORBIDDEN, INVALID_STATE for one that runs, was reverted or is too old. Needs ImportJob.update, and update and delete on the type of its records.',
    args: { id: t.arg.id({ required: true, description: 'The import to take back.' }) },
    extensions: { permission: ['ImportJob.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['importJob'] }, (write) => revertImport(write, id)),
  }),
)
