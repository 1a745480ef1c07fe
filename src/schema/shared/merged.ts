import { one } from './fields.ts'

/** The relation of types whose records can be merged: from one that was to the one that it became (docs/decisions/0021). */
export const mergedInto = (target: string) =>
  one(
    target,
    'mergedIntoId',
    'The record that it was merged into. Null for all live ones: what was merged lies in the recycle bin, and its id leads to the other.',
    { write: 'never' },
  )
