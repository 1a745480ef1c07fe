/** What a deal is: the kind of the stage that it stands in. */
export const STATUSES = ['OPEN', 'WON', 'LOST', 'INVALID'] as const
export type Status = (typeof STATUSES)[number]

/** What may become of a deal, by verb: from which status to which. Nothing else changes a status. docs/opportunities.md draws it. */
export const STATES = {
  createOpportunity: { from: [], to: ['OPEN', 'WON', 'LOST', 'INVALID'] },
  cloneOpportunity: { from: [], to: ['OPEN'] },
  moveOpportunityStage: { from: ['OPEN'], to: ['OPEN', 'WON', 'LOST', 'INVALID'] },
  closeWon: { from: ['OPEN'], to: ['WON'] },
  closeLost: { from: ['OPEN'], to: ['LOST'] },
  changePipeline: { from: ['OPEN'], to: ['OPEN'] },
  reopenOpportunity: { from: ['WON', 'LOST', 'INVALID'], to: ['OPEN'] },
} as const satisfies Record<string, { from: readonly Status[]; to: readonly Status[] }>

/** A verb that takes a deal from one stage to another. */
export type MoveVerb = Exclude<keyof typeof STATES, 'createOpportunity' | 'cloneOpportunity'>

/** What a verb may make of a deal of that status; nothing when the deal stands where the verb does not begin. */
export function allowedStates(verb: MoveVerb, from: Status): readonly Status[] {
  const { from: begins, to }: { from: readonly Status[]; to: readonly Status[] } = STATES[verb]
  return begins.includes(from) ? to : []
}
