/** The arguments of a verb that hands a record in for approval: whom the submitter chooses, and what they say. */
export const APPROVERS = {
  approverIds: { description: 'Users whom the submitter chooses, where the flow leaves it to them.' },
  comment: { description: 'What the approvers should know. At most 2000 characters.' },
} as const
