import { BLAST_JOB, expandBlast } from '../resolvers/marketing/expandBlast.ts'
import type { JobKind } from './kind.ts'

/** Writes the mails of a blast, some people in each step. */
export const emailBlastJob: JobKind = {
  kind: BLAST_JOB,
  as: 'system',
  async step(context, { input }) {
    const { people, more } = await expandBlast(context, String(input.blastId))
    return { state: more ? {} : null, done: people }
  },
}
