import { builder } from '../builder.ts'

/** From a stage to another. */
export const StagePairInput = builder.inputType('StagePairInput', {
  description: 'To which stage the deals of a stage go.',
  fields: (t) => ({
    from: t.id({ required: true, description: 'The stage where they stand.' }),
    to: t.id({ required: true, description: 'The stage where they go.' }),
  }),
})
