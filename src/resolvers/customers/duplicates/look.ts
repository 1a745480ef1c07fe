import { may } from '../../../access/decide.ts'
import type { Viewer } from '../../../context.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { callerOf } from '../../../read/read.ts'
import { recordType } from '../../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../../read/values.ts'
import type { Tenancy } from '../../../tenancy/tenancy.ts'
import { type Change, forbidden, type Input, readInput } from '../../write.ts'
import { canOverride, dropUnseen } from './check.ts'
import { type Match, matchesOf, shownOf, shownScore } from './match.ts'
import { isMatched, unknownObject } from './profile.ts'
import { rulesOf } from './rules.ts'
import { subjectOf } from './store.ts'

/** What a record would be refused for. */
export interface Look {
  matches: Match[]
  canOverride: boolean
  ruleId: string | null
  userErrors: UserErrorInfo[]
}

/** Matches that are told at most. */
const TOLD = 20

/**
 * What a record with these values would be taken for, without writing anything; for forms, while somebody fills them in. What is missing of the input is no error.
 *
 * @param id The record that the values belong to, which is no duplicate of itself; null for a new one.
 * @returns FORBIDDEN among the errors without the right to make records of the type.
 */
export async function lookForDuplicates(
  tenancy: Tenancy,
  viewer: Viewer,
  object: string,
  input: Input,
  id: string | null,
): Promise<Look> {
  const none = { matches: [], canOverride: true, ruleId: null, userErrors: [] }
  if (!isMatched(object)) return { ...none, userErrors: [unknownObject()] }
  if (!may(viewer, 'create', object)) return { ...none, userErrors: [forbidden(`${object}.create`, ['object'])] }
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return {
      ...none,
      userErrors: [
        {
          code: 'VALIDATION_FAILED',
          message: 'input must be an object.',
          field: ['input'],
          details: { rule: 'object' },
        },
      ],
    }
  const type = recordType(object)
  const change: Change = { id: NO_ID, path: ['input'], before: null, values: {}, input, errors: [] }
  readInput(type, change, viewer)
  const wrong = change.errors.filter(({ details }) => (details as { rule?: string } | undefined)?.rule !== 'required')
  if (wrong.length > 0) return { ...none, userErrors: wrong }
  const own = id === null ? null : (uuidOf(object, id) ?? NO_ID)
  return tenancy.readTenant(callerOf(viewer), async (db) => {
    const rules = await rulesOf(db, viewer.tenantId, object)
    if (rules.length === 0) return none
    const context = { db, viewer }
    const hits = await matchesOf(context, [subjectOf(object, change)], rules, new Set(own ? [own] : []))
    await dropUnseen(context, hits)
    const found = (hits[0] ?? []).slice(0, TOLD)
    const shown = await shownOf(context, found)
    const rule = found.find((hit) => hit.rule.block)?.rule ?? found[0]?.rule
    return {
      ...none,
      matches: found.flatMap((hit) => {
        const one = shown.get(hit.id)
        return one ? [{ ...one, score: shownScore(hit.score, one.masked) }] : []
      }),
      canOverride: !rule || canOverride(viewer, object, rule),
      ruleId: rule ? idOf('DuplicateRule', rule.id) : null,
    }
  })
}
