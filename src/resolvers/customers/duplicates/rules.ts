import { LRUCache } from 'lru-cache'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { refuse } from '../../checks.ts'
import { after, type Change, type Rules } from '../../write.ts'
import { inOrder, type Matcher, METHODS, type Method } from './compare.ts'
import { type Concept, type DuplicateObject, isMatched, MATCHABLE, OBJECTS } from './profile.ts'

/** A tenant's rule as the check uses it. */
export interface DuplicateRule {
  /** Its uuid. */
  id: string
  object: DuplicateObject
  matchers: Matcher[]
  /** Points that make a match. */
  threshold: number
  /** Does it look at records only that the caller may see. */
  visibleOnly: boolean
  /** The types whose records are looked at: its own, and those it names besides. */
  targets: DuplicateObject[]
  block: boolean
}

interface Entry {
  field?: unknown
  method?: unknown
  weight?: unknown
}

/** What two records can be found by (see keys.ts). A rule of nothing else would never find any. */
const FINDS: ReadonlySet<Concept> = new Set([
  'person',
  'company',
  'email',
  'phone',
  'domain',
  'taxNo',
  'registrationNo',
  'street',
  'birthday',
  'externalId',
])
const WEIGHT_MAX = 100

/** Which rules a tenant has is believed this long, milliseconds: a changed one counts in other processes within that time. */
const BELIEVED = 3000
const known = new LRUCache<string, DuplicateRule[]>({ max: 10_000, ttl: BELIEVED })

/** Rules of duplicate rules: fields of the closed list, each once, with a weight; one of them such that records are found by it; other types than its own. */
export const duplicateRuleRules: Rules = {
  write(changes) {
    for (const change of changes) checkRule(change)
  },
  done(_changes, { viewer }) {
    known.delete(viewer.tenantId)
  },
}

function checkRule(change: Change): void {
  const object = after(change, 'object')
  if (typeof object !== 'string') return
  if (!isMatched(object)) {
    refuse(change, 'object', 'choice', `must be one of ${OBJECTS.join(', ')}`)
    return
  }
  const fields = MATCHABLE[object]
  const matchers = (after(change, 'matchers') ?? []) as Entry[]
  if (matchers.length === 0) refuse(change, 'matchers', 'required', 'must name a field')
  const seen = new Set<unknown>()
  let sum = 0
  for (const [index, { field, method, weight }] of matchers.entries()) {
    const at = ['matchers', String(index)]
    if (typeof field !== 'string' || !Object.hasOwn(fields, field))
      refuse(change, [...at, 'field'], 'choice', `must be one of ${Object.keys(fields).join(', ')}`)
    else if (seen.has(field)) refuse(change, [...at, 'field'], 'distinct', 'must not name one twice')
    seen.add(field)
    if (!METHODS.includes(method as Method))
      refuse(change, [...at, 'method'], 'choice', `must be one of ${METHODS.join(', ')}`)
    const points = Number(weight)
    if (!(points > 0 && points <= WEIGHT_MAX))
      refuse(change, [...at, 'weight'], 'range', `must be more than 0 and at most ${WEIGHT_MAX}`)
    else sum += points
  }
  if (change.errors.length > 0) return
  if (!matchers.some(({ field }) => FINDS.has(fields[field as string] as Concept)))
    refuse(
      change,
      'matchers',
      'found',
      'must name a field besides that records are found by, such as a name, an e-mail address or a telephone number',
    )
  if (Number(after(change, 'threshold')) > sum)
    refuse(change, 'threshold', 'max', `must be at most the sum of the weights, ${sum}`)
  for (const other of (after(change, 'crossObjects') ?? []) as string[]) {
    if (!isMatched(other) || other === object)
      refuse(change, 'crossObjects', 'choice', `must be of ${OBJECTS.filter((one) => one !== object).join(', ')}`)
  }
}

/** The active rules of a tenant for a type. Asks the database once in three seconds. */
export async function rulesOf(
  db: Pick<Writer, 'rows'>,
  tenantId: string,
  object: DuplicateObject,
): Promise<DuplicateRule[]> {
  let rules = known.get(tenantId)
  if (!rules) {
    const rows = await db.rows<{
      id: string
      object: DuplicateObject
      matchers: Entry[]
      threshold: string
      scope: string
      crossObjects: string[]
      action: string
    }>({
      text: `SELECT id, object, matchers, threshold, scope, cross_objects AS "crossObjects", action FROM duplicate_rule WHERE tenant_id = $1 AND deleted_at IS NULL AND active ORDER BY id`,
      values: [tenantId],
    })
    rules = rows.map((row) => ({
      id: row.id,
      object: row.object,
      matchers: inOrder(
        row.matchers.flatMap(({ field, method, weight }) => {
          const concept = MATCHABLE[row.object][field as string]
          return concept ? [{ concept, method: method as Method, weight: Number(weight) }] : []
        }),
      ),
      threshold: Number(row.threshold),
      visibleOnly: row.scope === 'VISIBLE',
      targets: [row.object, ...row.crossObjects.filter(isMatched)],
      block: row.action === 'BLOCK',
    }))
    known.set(tenantId, rules)
  }
  return rules.filter((rule) => rule.object === object)
}
