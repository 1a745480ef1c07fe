import type { Shape } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { cancelJob } from '../../resolvers/platform/job.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, datetime, int, objects, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const

const JobFigure: Shape = {
  name: 'JobFigure',
  description: 'One count of what a job did.',
  members: {
    name: { kind: 'text', description: 'What was counted: TAKEN, SKIPPED, FAILED, or a reason.', required: true },
    value: { kind: 'int', description: 'How many there were.', required: true },
  },
}

const type = record('Job', {
  plural: 'jobs',
  prefix: 'job',
  description:
    'Work that is too long for one request, 后台任务: started by a mutation or by the calendar, done in the background in steps, each of them whole or not at all; a restart goes on where it stood. Belongs to who started it; what the calendar starts belongs to nobody.',
  owners: ['createdById'],
  fields: {
    kind: text('What is done: FIND_DUPLICATES, RECLAIM.', kept),
    subject: text('What it is about: the name of a record type, of a pool.', kept),
    status: choice(
      'Where it stands.',
      'JobStatus',
      {
        QUEUED: 'It waits for its first step.',
        RUNNING: 'Under way.',
        COMPLETED: 'Done; figures says what it did.',
        FAILED: 'Given up; errorCode says why. What its steps had done by then stays done.',
        CANCELLED: 'Stopped by cancelJob; what was done by then stays done.',
      },
      kept,
    ),
    done: int('How many records it has looked at so far.', kept),
    total: int('How many there are to look at; null where that is not known.', kept),
    figures: objects('What it has done so far, as counts.', JobFigure, kept),
    errorCode: text('Why it failed: a code of ErrorCode, or INTERNAL.', kept),
    attempts: int('Steps that failed one after the other; after six it is given up.', kept),
    runAt: datetime('When the next step is due.', { ...kept, sort: false }),
    dailyAt: text('Local time of the company, HH:MM, at which it is done again each day; null for once.', kept),
    startedAt: datetime('When its first step was done.', kept),
    completedAt: datetime('When it was over.', kept),
  },
  operations: [],
})

const CancelPayload = builder.objectRef<Outcome>('CancelJobPayload').implement({
  description: 'What cancelJob did.',
  fields: (t) => ({
    job: t.field({
      type: recordRef('Job'),
      description: 'The job as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('cancelJob', (t) =>
  t.field({
    type: CancelPayload,
    nullable: false,
    description:
      'Stops a job: what its steps have done stays done; a daily one is not done again. Errors: NOT_FOUND, FORBIDDEN for another’s job, INVALID_STATE for one that is over. Needs Job.update.',
    args: { id: t.arg.id({ required: true, description: 'The job to stop.' }) },
    extensions: { permission: ['Job.update'] },
    resolve: (_root, { id }, context, info) =>
      mutateOne({ context, info, type, path: ['job'] }, (write) => cancelJob(write, id)),
  }),
)
