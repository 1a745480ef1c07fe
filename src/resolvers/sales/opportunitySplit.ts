import { requireRight } from '../../access/decide.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { normalise, validationError } from '../normalise.ts'
import { createRecords, deleteRecords, updateRecords, type Written } from '../records.ts'
import type { Change, WriteContext } from '../write.ts'
import { type Deal, lockDeals } from './moveOpportunityStage.ts'

/** One's part in what a deal brings, as clients write it. */
export interface Split {
  userId: string
  splitPct: string
}

/** Arguments of the verb as clients write them. */
export interface SplitSet extends Deal {
  splits: readonly Split[]
}

/** Most parts of one deal. */
const SPLITS_MAX = 100

/** Per cent with two decimals as a whole number of hundredths. */
const hundredths = (pct: unknown): number => Math.round(Number(pct) * 100)

/**
 * Says who has which part in what a deal brings, the whole set at once; an empty one takes all parts away. Parts make 100 per cent together.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, INVALID_STATE for a closed deal, VALIDATION_FAILED.
 *
 * @throws FORBIDDEN.
 */
export async function setOpportunitySplits(context: WriteContext, given: SplitSet): Promise<Written> {
  const { db, viewer } = context
  for (const action of ['create', 'update', 'delete'] as const) requireRight(viewer, action, 'OpportunitySplit')
  const [change] = (await lockDeals(context, [given])) as [Change]
  const { id, before, errors } = change
  if (!before || errors.length > 0) return { id: null, errors }
  const type = recordType('OpportunitySplit')
  if (before.status !== 'OPEN')
    errors.push({
      code: 'INVALID_STATE',
      message: 'The parts in a closed opportunity stay.',
      field: ['id'],
      details: { from: before.status, allowed: [] },
    })
  if (given.splits.length > SPLITS_MAX)
    errors.push(validationError(['splits'], 'maxItems', `must have at most ${SPLITS_MAX} members`))
  const users = given.splits.map(({ userId }) => uuidOf('User', userId) ?? NO_ID)
  given.splits.forEach(({ splitPct }, index) => {
    const result = normalise(fieldOf(type, 'splitPct'), splitPct, viewer)
    const at = (name: string) => ['splits', String(index), name]
    if ('rule' in result) errors.push(validationError(at('splitPct'), result.rule, result.message))
    else if (!/^\d+(\.\d{1,2}0*)?$/.test(String(result.ok)))
      errors.push(validationError(at('splitPct'), 'scale', 'must have at most 2 decimals'))
    if (users.indexOf(users[index] as string) < index)
      errors.push(validationError(at('userId'), 'once', 'has a part already'))
  })
  const sum = given.splits.reduce((total, { splitPct }) => total + hundredths(splitPct), 0)
  if (errors.length === 0 && given.splits.length > 0 && sum !== 10_000)
    errors.push(validationError(['splits'], 'sum', 'must make 100 per cent together'))
  if (errors.length > 0) return { id: null, errors }
  const rows = await db.rows<{ id: string; userId: string }>({
    text: 'SELECT id, user_id AS "userId" FROM opportunity_split WHERE tenant_id = $1 AND opportunity_id = $2 AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, id],
  })
  const known = new Map(rows.map((row) => [row.userId, row.id]))
  const places = given.splits.map((split, index) => ({ split, user: users[index] as string, index }))
  const pathOf = (some: typeof places) => (place: number) => ['splits', String(some[place]?.index)]
  const kept = places.filter(({ user }) => known.has(user))
  const made = places.filter(({ user }) => !known.has(user))
  const gone = rows.filter(({ userId }) => !users.includes(userId))
  const written = [
    ...(await deleteRecords(context, type, gone)),
    ...(await updateRecords(
      context,
      type,
      kept.map(({ user, split }) => ({ id: known.get(user) as string, input: { splitPct: split.splitPct } })),
      { pathOf: pathOf(kept) },
    )),
    ...(await createRecords(
      context,
      type,
      made.map(({ split }) => ({ opportunityId: idOf('Opportunity', id), ...split })),
      { pathOf: pathOf(made) },
    )),
  ]
  const wrong = written.flatMap((one) => one.errors)
  return wrong.length > 0 ? { id: null, errors: wrong } : { id, errors: [], changed: true }
}

/** After splits are written: each has its part of the deal’s amount, in its currency. Later amounts, and a change of the owner, follow by triggers (0029). */
export async function splitAmounts(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  await db.rows({
    text: `UPDATE opportunity_split s SET amount = round(o.amount::numeric * s.split_pct / 100)::bigint, currency = o.currency FROM opportunity o
 WHERE s.tenant_id = $1 AND s.id = ANY ($2::uuid[]) AND o.tenant_id = $1 AND o.id = s.opportunity_id
 AND (s.amount, s.currency) IS DISTINCT FROM (round(o.amount::numeric * s.split_pct / 100)::bigint, o.currency)`,
    values: [viewer.tenantId, changes.map(({ id }) => id)],
  })
}
