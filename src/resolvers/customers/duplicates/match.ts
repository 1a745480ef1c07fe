import { may } from '../../../access/decide.ts'
import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { idOf, maskText } from '../../../read/values.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { columnsOf, sqlFor, type Values, type WriteContext } from '../../write.ts'
import { pointsOf } from './compare.ts'
import { type DuplicateObject, type Profile, profileOf } from './profile.ts'
import type { DuplicateRule } from './rules.ts'
import { type Subject, sourcesSql } from './store.ts'

/** What matching reads by. */
export interface MatchContext {
  db: Reader
  viewer: WriteContext['viewer']
}

/** A record that is held to be the same. */
export interface Hit {
  object: DuplicateObject
  /** Its uuid. */
  id: string
  rule: DuplicateRule
  /** 0 to 1; 0.5 is the rule's threshold. */
  score: number
}

/** A key that more records have says nothing: half of a town, all Wang Weis. A pair that is one has a rarer one in common as well. */
export const KEY_MEMBERS = 50
/** Records that one is held against at most, those that share most and rarest keys with it, and the least that they must share: a key counts 1 by the number of its members. */
export interface Effort {
  most: number
  least: number
}
/** For one record, for each of many, and for a search through all. */
const ALONE: Effort = { most: 100, least: 0 }
export const TOGETHER: Effort = { most: 20, least: 0.1 }
export const SEARCH: Effort = { most: 40, least: 0.04 }

/** The candidates that are worth the effort. */
export function worth<T extends { weight: number }>(list: T[], { most, least }: Effort): T[] {
  const found = least > 0 ? list.filter(({ weight }) => weight >= least) : list
  return found.length > most ? found.sort((a, b) => b.weight - a.weight).slice(0, most) : found
}

/** How sure a match is by its points: 0.5 at the threshold, and twice the odds for each two points more. */
export const scoreOf = (points: number, threshold: number): number => 1 / (1 + 2 ** ((threshold - points) / 2))

/** The best of the rules by which two records are the same; a rule that blocks before one that warns. */
export function judge(
  rules: readonly DuplicateRule[],
  object: DuplicateObject,
  mine: Profile,
  other: Profile,
): { rule: DuplicateRule; score: number } | null {
  let best: { rule: DuplicateRule; score: number } | null = null
  for (const rule of rules) {
    if (!rule.targets.includes(object)) continue
    const points = pointsOf(mine, other, rule.matchers, rule.threshold)
    if (points < rule.threshold) continue
    const score = scoreOf(points, rule.threshold)
    if (!best || (rule.block && !best.rule.block) || (rule.block === best.rule.block && score > best.score))
      best = { rule, score }
  }
  return best
}

/**
 * The live records of the tenant that each subject matches by the rules, whoever may see them. Two statements, however many subjects there are.
 *
 * @param apart uuids that are not looked at: those being written themselves.
 * @param behind per subject a uuid: only records behind it are looked at, so that a search finds each pair once.
 */
export async function matchesOf(
  { db, viewer }: MatchContext,
  subjects: Subject[],
  rules: readonly DuplicateRule[],
  apart: ReadonlySet<string>,
  { effort = subjects.length > 10 ? TOGETHER : ALONE, behind }: { effort?: Effort; behind?: string[] } = {},
): Promise<Hit[][]> {
  const objects = [...new Set(rules.flatMap(({ targets }) => targets))]
  const keys = [...new Set(subjects.flatMap((subject) => subject.keys.all))]
  if (keys.length === 0) return subjects.map(() => [])
  const rows = await db.rows<{ key: string; object: DuplicateObject; ids: string[] }>({
    text: `SELECT x.key::text AS key, o.object, f.ids FROM unnest($2::bigint[]) AS x(key) CROSS JOIN unnest($3::text[]) AS o(object) CROSS JOIN LATERAL (SELECT array_agg(d.record_id) AS ids FROM (SELECT k.record_id FROM duplicate_key k WHERE k.tenant_id = $1 AND k.key = x.key AND k.object = o.object LIMIT ${KEY_MEMBERS + 1}) d) f WHERE f.ids IS NOT NULL`,
    values: [viewer.tenantId, keys.map(String), objects],
  })
  const members = new Map<bigint, { object: DuplicateObject; ids: string[] }[]>()
  for (const { key, object, ids } of rows) {
    if (ids.length > KEY_MEMBERS) continue
    const of = BigInt(key)
    const list = members.get(of)
    if (list) list.push({ object, ids })
    else members.set(of, [{ object, ids }])
  }
  const wanted = new Map<DuplicateObject, Set<string>>(objects.map((object) => [object, new Set()]))
  const candidates = subjects.map(({ keys: own }, index) => {
    const from = behind?.[index]
    const shared = new Map<string, { id: string; object: DuplicateObject; weight: number }>()
    for (const key of own.all) {
      for (const { object, ids } of members.get(key) ?? []) {
        for (const id of ids) {
          if (apart.has(id) || (from !== undefined && id <= from)) continue
          const one = shared.get(id)
          if (one) one.weight += 1 / ids.length
          else shared.set(id, { id, object, weight: 1 / ids.length })
        }
      }
    }
    const list = worth([...shared.values()], effort)
    for (const { id, object } of list) wanted.get(object)?.add(id)
    return list
  })
  const profiles = await profilesOf({ db, viewer }, wanted)
  return subjects.map(({ profile }, index) => {
    const hits: Hit[] = []
    for (const { id, object } of candidates[index] ?? []) {
      const other = profiles.get(id)
      const judged = other && judge(rules, object, profile, other)
      if (judged) hits.push({ object, id, ...judged })
    }
    return hits.sort((a, b) => b.score - a.score)
  })
}

/** What is compared of live records, by uuid. A converted lead is none any more: what it became is there. */
export async function profilesOf(
  { db, viewer }: MatchContext,
  wanted: ReadonlyMap<DuplicateObject, ReadonlySet<string>>,
): Promise<Map<string, Profile>> {
  const found = new Map<string, Profile>()
  for (const [object, ids] of wanted) {
    if (ids.size === 0) continue
    const type = recordType(object)
    const open = object === 'Lead' ? ` AND t.status <> 'CONVERTED'` : ''
    const rows = await db.rows<{ id: string; record: Values }>({
      text: `SELECT t.id, ${sourcesSql(type)} AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ANY ($2::uuid[])${open}`,
      values: [viewer.tenantId, [...ids]],
    })
    for (const { id, record } of rows) found.set(id, profileOf(object, record))
  }
  return found
}

/** A match as a client gets it. */
export interface Match {
  /** Null for a record that the caller may not see. */
  id: string | null
  object: string
  name: string | null
  owner: { id: string; name: string } | null
  poolId: string | null
  score: number
  /** Is it told only that it is there. */
  masked: boolean
}

/** What a caller gets to know about records, by uuid: all of what they may see, and of others a shortened name. */
export async function shownOf(
  { db, viewer }: MatchContext,
  hits: readonly { object: DuplicateObject; id: string }[],
): Promise<Map<string, Omit<Match, 'score'>>> {
  const shown = new Map<string, Omit<Match, 'score'>>()
  for (const object of new Set(hits.map((hit) => hit.object))) {
    const type = recordType(object)
    const columns = columnsOf(type)
    const nameField = object === 'Account' ? 'name' : 'fullName'
    const sql = sqlFor(viewer.tenantId)
    const ids = sql.params.add([...new Set(hits.flatMap((hit) => (hit.object === object ? [hit.id] : [])))], 'uuid[]')
    const scope = may(viewer, 'read', object) ? viewer.access.predicate(type, 't', sql) : 'false'
    // A pool keeps back what would tell who it is.
    const withheld = viewer.access.withheld(type, nameField, 't', sql)
    const pool = columns.has('poolId') ? `t.${ident(columns.get('poolId')!.column)}` : 'NULL::uuid'
    const rows = await db.rows<{
      id: string
      name: string
      ownerId: string | null
      owner: string | null
      poolId: string | null
      visible: boolean | null
      withheld: boolean | null
    }>({
      text: `SELECT t.id, t.${ident(columns.get(nameField)!.column)} AS name, t.owner_id AS "ownerId", u.name AS owner, ${pool} AS "poolId", ${scope ?? 'true'} AS visible, ${withheld ?? 'false'} AS withheld FROM ${ident(type.table)} t LEFT JOIN app_user u ON u.tenant_id = $1 AND u.id = t.owner_id WHERE t.tenant_id = $1 AND t.id = ANY (${ids})`,
      values: sql.params.values,
    })
    const { access } = viewer
    for (const { id, name, ownerId, owner, poolId, visible, withheld: kept } of rows) {
      const masked = visible !== true
      const hidden = access.hides(type, nameField)
      const ownerShown =
        !masked && ownerId !== null && owner !== null && !access.hides(type, 'ownerId') && may(viewer, 'read', 'User')
      shown.set(id, {
        id: masked ? null : idOf(object, id),
        object,
        name: hidden
          ? null
          : masked || kept
            ? shortened(name)
            : access.masks(type, nameField, true)
              ? maskText('text', name)
              : name,
        owner: ownerShown ? { id: idOf('User', ownerId), name: owner } : null,
        poolId: masked || !poolId || access.hides(type, 'poolId') ? null : idOf('Pool', poolId),
        masked,
      })
    }
  }
  return shown
}

/** A name by which those who know it recognise it: its first and last letter; says nothing about how long it is. */
export function shortened(name: string): string {
  const letters = [...name.trim()]
  return letters.length < 3 ? `${letters[0] ?? ''}***` : `${letters[0]}***${letters.at(-1)}`
}

/** How sure a match is, as it is told: of a record out of sight in tenths, so that nobody finds out what it holds by trying. */
export const shownScore = (score: number, masked: boolean): number =>
  masked ? Math.floor(score * 10) / 10 : Math.round(score * 1000) / 1000
