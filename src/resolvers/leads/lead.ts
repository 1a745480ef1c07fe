import { changedFields, checkScale, differs, refuse, refuseAs } from '../checks.ts'
import { fullName, settleAddresses } from '../customers/person.ts'
import { after, type Change } from '../write.ts'

/**
 * Rule of leads: a converted one stays as it is, and no update makes one; the name follows the names it was made of; addresses and numbers
 * stay together with their lists; a new owner is a new assignment.
 */
export function writeLead(changes: Change[]): void {
  const now = new Date().toISOString()
  for (const change of changes) {
    const { before, values } = change
    if (before?.status === 'CONVERTED') {
      const [field] = changedFields('Lead', change)
      if (field)
        refuseAs(change, 'INVALID_STATE', field, 'A converted lead cannot be changed.', {
          from: 'CONVERTED',
          allowed: [],
        })
      continue
    }
    // A new one may have been converted elsewhere: imports bring history.
    if (before && values.status === 'CONVERTED') {
      refuseAs(change, 'INVALID_STATE', 'status', 'A lead is converted by its conversion, not by writing its status.', {
        from: before.status,
        to: 'CONVERTED',
      })
    }
    settleName(change)
    settleAddresses(change)
    checkScale(change, 'pageViews', 2)
    settleScore(change)
    if (before ? differs('Lead', change, 'ownerId') : values.ownerId) values.assignedAt = values.ownerId ? now : null
  }
}

/** A full name that is left out, or was made of the two names before, is made of them again. */
function settleName(change: Change): void {
  const { before, values } = change
  const renamed = Object.hasOwn(values, 'firstName') || Object.hasOwn(values, 'lastName')
  const follows = before && before.fullName === fullName(before.firstName, before.lastName)
  if (Object.hasOwn(values, 'fullName') ? values.fullName !== null : !(renamed && follows)) return
  values.fullName = fullName(after(change, 'firstName'), after(change, 'lastName'))
  if (values.fullName === null) refuse(change, 'fullName', 'required', 'is required without firstName and lastName')
}

/** A score that is left out beside its parts is their sum. */
function settleScore(change: Change): void {
  const { input, values } = change
  if (!Array.isArray(values.scoreParts) || input.scoreParts === undefined || input.score !== undefined) return
  const parts = values.scoreParts as { points: number }[]
  const sum = parts.reduce((total, { points }) => total + points, 0)
  if (Math.abs(sum) > 2_147_483_647) refuse(change, 'scoreParts', 'int', 'must have a sum of 32 bits')
  else values.score = parts.length > 0 ? sum : null
}
