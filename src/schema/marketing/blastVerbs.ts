import { recordType } from '../../read/recordType.ts'
import {
  type BlastArgs,
  cancelBlast,
  pauseBlast,
  resumeBlast,
  startBlast,
} from '../../resolvers/marketing/blastVerbs.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { payloadRef } from '../shared/names.ts'
import './emailBlast.ts'

const VERBS: Record<
  string,
  { run: (context: WriteContext, args: BlastArgs) => Promise<Written>; description: string }
> = {
  startBlast: {
    run: startBlast,
    description:
      'Begins a mass mail, at once or at scheduleAt: from now on it is no longer changed. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE once it began, SCHEDULE_IN_PAST, UNSUBSCRIBE_LINK_REQUIRED for a template without {{ unsubscribeUrl }} unless it is informational. Needs EmailBlast.update.',
  },
  pauseBlast: {
    run: pauseBlast,
    description:
      'Stops a mass mail: what has not gone out waits; some mails that are on their way still arrive. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. Needs EmailBlast.update.',
  },
  resumeBlast: {
    run: resumeBlast,
    description:
      'Goes on with a mass mail that was stopped. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. Needs EmailBlast.update.',
  },
  cancelBlast: {
    run: cancelBlast,
    description:
      'Calls a mass mail off: what has not gone out never does. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE. Needs EmailBlast.update.',
  },
}

for (const [name, { run, description }] of Object.entries(VERBS)) {
  builder.mutationField(name, (t) =>
    t.field({
      type: payloadRef('EmailBlast'),
      nullable: false,
      description,
      args: {
        id: t.arg.id({ required: true, description: 'The mass mail.' }),
        expectedVersion: t.arg.int({
          description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
        }),
      },
      extensions: { permission: ['EmailBlast.update'] },
      resolve: (_root, args, context, info) =>
        mutateOne({ context, info, type: recordType('EmailBlast'), path: ['emailBlast'] }, (write) => run(write, args)),
    }),
  )
}
