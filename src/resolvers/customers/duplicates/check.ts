import { may } from '../../../access/decide.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import type { RecordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import { type Change, same, type WriteContext } from '../../write.ts'
import { hashOf } from './keys.ts'
import {
  type Hit,
  judge,
  KEY_MEMBERS,
  type Match,
  type MatchContext,
  matchesOf,
  shownOf,
  shownScore,
  TOGETHER,
  worth,
} from './match.ts'
import { type DuplicateObject, isMatched, SOURCES } from './profile.ts'
import { type DuplicateRule, rulesOf } from './rules.ts'
import { type Subject, subjectOf } from './store.ts'

/** A match of an error: a record, or another row of the same call. */
export type ErrorMatch = Match | (Omit<Match, 'id'> & { id: null; field: string[] })

/** Matches that an error names at most. */
const TOLD = 10
/** A call with more keys than this takes one lock for the whole type: PostgreSQL has room for some thousands. */
const LOCKS = 300

/**
 * DUPLICATE_DETECTED for those of the good changes that look like a live record of the tenant, or like an earlier row of the call, by its duplicate rules:
 * new records, and changes of what is compared. Two transactions that write the same at once do not both pass: each locks what such records share before
 * it looks. With `allowDuplicate` a rule that warns lets through, and one that blocks those with the right to merge (spec/domain.md 3.2).
 */
export async function checkDuplicates(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  if (!isMatched(type.name)) return
  const object = type.name
  const looked = changes.filter((change) => change.errors.length === 0 && compares(object, type, change))
  if (looked.length === 0) return
  const all = await rulesOf(context.db, context.viewer.tenantId, object)
  if (all.length === 0) return
  const { allowDuplicate = false } = context
  const rules = allowDuplicate
    ? all.filter(({ block }) => block && (allowDuplicate === 'WARN' || !may(context.viewer, 'merge', object)))
    : all
  // One that is written knowingly is waited for too, so that others see it; a list of them would hold up everybody.
  if (rules.length === 0 && looked.length > 1) return
  const subjects = looked.map((change) => subjectOf(object, change))
  await lockKeys(context, object, subjects)
  if (rules.length === 0) return
  const apart = new Set(changes.map(({ id }) => id))
  const hits = await matchesOf(context, subjects, rules, apart)
  await dropUnseen(context, hits)
  await dropDismissed(context, looked, hits)
  const shown = await shownOf(context, hits.flat())
  const earlier = rowsOf(object, looked, subjects, rules)
  looked.forEach((change, index) => {
    const found = hits[index] ?? []
    const matches: ErrorMatch[] = found.slice(0, TOLD).flatMap(({ id, score }) => {
      const one = shown.get(id)
      return one ? [{ ...one, score: shownScore(score, one.masked) }] : []
    })
    const row = earlier(index)
    if (row) matches.push(row.match)
    const judged = [...found, ...(row ? [row] : [])]
    const rule = judged.find((one) => one.rule.block)?.rule ?? judged[0]?.rule
    if (rule) change.errors.push(duplicateError(context, object, change.path, matches, rule))
  })
}

/** Does a change write something new that is compared. */
function compares(object: DuplicateObject, type: RecordType, { before, values }: Change): boolean {
  return SOURCES[object].some(
    (name) => Object.hasOwn(values, name) && !(before && same(type.fields.get(name), before[name], values[name])),
  )
}

function duplicateError(
  { viewer }: WriteContext,
  object: DuplicateObject,
  field: string[],
  matches: ErrorMatch[],
  rule: DuplicateRule,
): UserErrorInfo {
  return {
    code: 'DUPLICATE_DETECTED',
    message: `The ${object} looks like one that exists.`,
    field,
    details: { matches, canOverride: canOverride(viewer, object, rule), ruleId: idOf('DuplicateRule', rule.id) },
  }
}

/** May the caller write the record all the same, with allowDuplicate. */
export function canOverride(viewer: WriteContext['viewer'], object: DuplicateObject, rule: DuplicateRule): boolean {
  return !rule.block || may(viewer, 'merge', object)
}

/** Of rules that look only at what the caller may see, what they may not see is no match. */
export async function dropUnseen(context: MatchContext, hits: Hit[][]): Promise<void> {
  const doubtful = hits.flat().filter(({ rule }) => rule.visibleOnly)
  if (doubtful.length === 0) return
  const shown = await shownOf(context, doubtful)
  hits.forEach((list, index) => {
    hits[index] = list.filter(({ id, rule }) => !rule.visibleOnly || shown.get(id)?.masked === false)
  })
}

/** A record that is changed is no duplicate of one of which somebody has said so. */
async function dropDismissed({ db, viewer }: WriteContext, changes: Change[], hits: Hit[][]): Promise<void> {
  const pairs = hits.flatMap((list, index) => {
    const { id, before } = changes[index] as Change
    return before ? list.map((hit) => [id, hit.id].sort() as [string, string]) : []
  })
  if (pairs.length === 0) return
  const rows = await db.rows<{ left: string; right: string }>({
    text: `SELECT p.left_id AS left, p.right_id AS right FROM unnest($2::uuid[], $3::uuid[]) AS x(l, r) JOIN duplicate_pair p ON p.tenant_id = $1 AND p.object = $4 AND p.left_id = x.l AND p.right_id = x.r WHERE p.status = 'DISMISSED'`,
    values: [viewer.tenantId, pairs.map(([l]) => l), pairs.map(([, r]) => r), hits.flat()[0]?.rule.object],
  })
  if (rows.length === 0) return
  const said = new Set(rows.map(({ left, right }) => `${left} ${right}`))
  hits.forEach((list, index) => {
    const { id, before } = changes[index] as Change
    if (before) hits[index] = list.filter((hit) => !said.has([id, hit.id].sort().join(' ')))
  })
}

/** Holds the rows of a call against each other: asked row by row in their order, it gives the earlier good row that a row looks like. */
function rowsOf(
  object: DuplicateObject,
  changes: Change[],
  subjects: Subject[],
  rules: readonly DuplicateRule[],
): (index: number) => { match: ErrorMatch; rule: DuplicateRule } | null {
  if (changes.length === 1) return () => null
  const blocks = new Map<bigint, number[]>()
  subjects.forEach(({ keys }, index) => {
    for (const key of keys.all) {
      const block = blocks.get(key)
      if (block) block.push(index)
      else blocks.set(key, [index])
    }
  })
  return (index) => {
    const { keys, profile } = subjects[index] as Subject
    const shared = new Map<number, { at: number; weight: number }>()
    for (const key of keys.all) {
      const block = blocks.get(key) as number[]
      if (block.length === 1 || block.length > KEY_MEMBERS) continue
      for (const at of block) {
        if (at >= index) break
        const one = shared.get(at)
        if (one) one.weight += 1 / block.length
        else shared.set(at, { at, weight: 1 / block.length })
      }
    }
    for (const { at } of worth([...shared.values()], TOGETHER)) {
      const { values, path, errors } = changes[at] as Change
      // A row that is refused itself stands in nobody's way.
      if (errors.length > 0) continue
      const judged = judge(rules, object, profile, (subjects[at] as Subject).profile)
      if (!judged) continue
      const name = (values.name ?? values.fullName ?? values.lastName ?? null) as string | null
      const score = shownScore(judged.score, false)
      return {
        match: { id: null, object, name, owner: null, poolId: null, score, masked: false, field: path },
        rule: judged.rule,
      }
    }
    return null
  }
}

/** Waits for others who are writing records with the same strong keys, and holds the keys to the end of the transaction; always in one order. */
async function lockKeys({ db, viewer }: WriteContext, object: DuplicateObject, subjects: Subject[]): Promise<void> {
  const mark = markOf(viewer.tenantId)
  const keys = [...new Set(subjects.flatMap(({ keys: { strong } }) => strong.map((key) => key ^ mark)))]
  if (keys.length === 0) return
  const many = keys.length > LOCKS
  // All writers of the type share one lock, which a long list has for itself.
  const whole = db.rows({
    text: `SELECT pg_advisory_xact_lock${many ? '' : '_shared'}(hashtextextended($1, 0))`,
    values: [`${viewer.tenantId} duplicates ${object}`],
  })
  const own = many
    ? null
    : db.rows({
        text: 'SELECT pg_advisory_xact_lock(x.key) FROM unnest($1::bigint[]) AS x(key)',
        values: [keys.sort((a, b) => (a < b ? -1 : 1)).map(String)],
      })
  await Promise.all([whole, own])
}

/** Parts the locks of tenants: keys are the same for all. */
function markOf(tenantId: string): bigint {
  return hashOf(`duplicates ${tenantId}`)
}
