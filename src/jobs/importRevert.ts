import { IMPORT_REVERT, revertBatch } from '../resolvers/platform/importJob.ts'
import type { JobKind } from './kind.ts'

/** Takes an import back, one of its transactions in each step: what revertImport orders. */
export const importRevert: JobKind = {
  kind: IMPORT_REVERT,
  as: 'system',
  async step(context, { input }) {
    const step = await revertBatch(context, input.importId as string)
    return step ? { state: {}, done: step.done, figures: { ...step.figures } } : { state: null }
  },
}
