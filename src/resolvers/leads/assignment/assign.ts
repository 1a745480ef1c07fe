import { EVERYTHING } from '../../../access/access.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import { fieldOf, type RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { amongQuery, coerceFilter } from '../../../read/storedFilter.ts'
import { idOf } from '../../../read/values.ts'
import { awayAt } from '../../identity/approver.ts'
import { ownerQuotaProblems } from '../../identity/ownerQuota.ts'
import { updateRecords } from '../../records.ts'
import { tellAssigned } from '../../work/assigned.ts'
import type { Change, Rule, WriteContext } from '../../write.ts'
import { withReason } from '../pool/pooled.ts'
import { seatsIn } from '../pool/seat.ts'
import { ASSIGNED } from './rule.ts'
import { type Candidate, type Cursor, nextTurn, type TurnStrategy } from './turns.ts'

/** What became of a record: somebody got it; a pool did; its rule leaves it to people; no rule fits it; its rule had nobody who could take it. */
export type AssignmentOutcome = 'ASSIGNED' | 'POOLED' | 'MANUAL' | 'NO_RULE' | 'NO_CANDIDATE'

/** What became of one record. */
export interface Assignment {
  outcome: AssignmentOutcome
  /** uuids of its new owner and of the rule that fitted. */
  ownerId: string | null
  ruleId: string | null
  errors: UserErrorInfo[]
}

interface RuleRow {
  id: string
  condition: unknown
  strategy: TurnStrategy | 'MANUAL' | 'POOL'
  poolId: string | null
}

/** The states in which a record is done with and loads nobody. */
const DONE: Readonly<Record<string, readonly string[]>> = {
  Lead: ['CONVERTED', 'UNQUALIFIED'],
  Account: ['INACTIVE', 'ARCHIVED'],
}

/**
 * Gives records an owner by the company's rules: the first active one, by priority, whose condition a record fits decides over it. Rules ask and act as
 * the company itself, whoever caused it: their conditions see every record, and their candidates get what the caller could not give.
 *
 * Turns are exact: each rule's are taken under the lock of its cursor, to the end of the transaction. People who are not active or out of office are passed
 * over, and so are those whose cap of open records or whose quota is reached; when nobody is left the record stays as it is.
 *
 * @param ids uuids of live records that the caller may give away, each once; in their order turns are given.
 * @param ruleId only this rule; one that is not active or for other records fits nothing.
 */
export async function assignOwners(
  context: WriteContext,
  type: RecordType,
  ids: string[],
  { ruleId = null, pathOf = () => ['ids'] }: { ruleId?: string | null; pathOf?: (index: number) => string[] } = {},
): Promise<Assignment[]> {
  const found = new Map<string, Assignment>()
  const rest = new Set(ids)
  const system: WriteContext = { ...context, viewer: { ...context.viewer, access: EVERYTHING }, assign: false }
  for (const rule of ids.length > 0 ? await rulesFor(context, type, ruleId) : []) {
    if (rest.size === 0) break
    const fits = await fitting(context, type, rule.condition, [...rest])
    if (fits.size === 0) continue
    const mine = [...rest].filter((id) => fits.has(id))
    for (const id of mine) rest.delete(id)
    if (rule.strategy === 'MANUAL') {
      for (const id of mine) found.set(id, { outcome: 'MANUAL', ownerId: null, ruleId: rule.id, errors: [] })
      continue
    }
    if (rule.strategy === 'POOL') {
      await intoPool(system, type, rule, mine, found)
      continue
    }
    const owners = await takeTurns(context, type, rule, rule.strategy, mine.length)
    mine.forEach((id, place) => {
      const ownerId = owners[place] ?? null
      found.set(id, { outcome: ownerId ? 'ASSIGNED' : 'NO_CANDIDATE', ownerId, ruleId: rule.id, errors: [] })
    })
  }
  await give(system, type, ids, found, pathOf)
  return ids.map((id) => found.get(id) ?? { outcome: 'NO_RULE', ownerId: null, ruleId: null, errors: [] })
}

/** Puts records into the pool of their rule, held as it is to the end of the transaction. Those that lie in one, and converted leads, stay as they are. */
async function intoPool(
  system: WriteContext,
  type: RecordType,
  rule: RuleRow,
  ids: string[],
  found: Map<string, Assignment>,
): Promise<void> {
  const { db, viewer } = system
  const seat = (await seatsIn(system, [rule.poolId as string], { lock: true })).get(rule.poolId as string)
  const lead = type.name === 'Lead'
  const rows = seat?.enabled
    ? await withReason(db, 'ASSIGN', () =>
        db.rows<{ id: string }>({
          text: `UPDATE ${ident(type.table)} SET owner_id = NULL, pool_id = $3${lead ? ', assigned_at = NULL' : ''}
 WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND pool_id IS NULL AND deleted_at IS NULL${lead ? ` AND status <> 'CONVERTED'` : ''} RETURNING id`,
          values: [viewer.tenantId, ids, seat.id],
        }),
      )
    : []
  const put = new Set(rows.map(({ id }) => id))
  for (const id of ids)
    found.set(id, { outcome: put.has(id) ? 'POOLED' : 'NO_CANDIDATE', ownerId: null, ruleId: rule.id, errors: [] })
}

/** Active rules in the order in which they are tried. */
async function rulesFor({ db, viewer }: WriteContext, type: RecordType, ruleId: string | null): Promise<RuleRow[]> {
  const object = Object.keys(ASSIGNED).find((one) => ASSIGNED[one] === type.name)
  return db.rows<RuleRow>({
    text: `SELECT id, condition, strategy, pool_id AS "poolId" FROM assignment_rule WHERE tenant_id = $1 AND object = $2 AND active AND deleted_at IS NULL
 AND ($3::uuid IS NULL OR id = $3) ORDER BY priority, id`,
    values: [viewer.tenantId, object, ruleId],
  })
}

/** Those of the records, by uuid, that fit a condition; all of them without one, none with one that the API does not take any more. */
async function fitting(
  { db, viewer: { tenantId } }: WriteContext,
  type: RecordType,
  condition: unknown,
  ids: string[],
): Promise<Set<string>> {
  if (condition === null) return new Set(ids)
  const read = coerceFilter(type, condition)
  if ('problems' in read) return new Set()
  const rows = await db.rows<{ id: string }>(amongQuery(type, read.ok, { tenantId, access: EVERYTHING }, ids))
  return new Set(rows.map(({ id }) => id))
}

/** The users who get the next so many records of a rule; null where nobody could take one more. */
async function takeTurns(
  context: WriteContext,
  type: RecordType,
  rule: RuleRow,
  strategy: TurnStrategy,
  many: number,
): Promise<(string | null)[]> {
  const { db, viewer } = context
  const { tenantId } = viewer
  const cursor = await lockCursor(context, rule.id)
  const candidates = await candidatesOf(context, type, rule, many)
  const users: (string | null)[] = []
  for (let turn = 0; turn < many; turn++) users.push(nextTurn(strategy, candidates, cursor)?.userId ?? null)
  const given = users.filter(Boolean).length
  // Who is no candidate any more leaves no credit behind.
  const kept = Object.fromEntries(candidates.map(({ id }) => [id, cursor.credits[id] ?? 0]))
  if (given > 0)
    await db.rows({
      text: 'UPDATE assignment_cursor SET last_candidate_id = $3, credits = $4, turns = turns + $5 WHERE tenant_id = $1 AND rule_id = $2',
      values: [tenantId, rule.id, cursor.last, JSON.stringify(strategy === 'WEIGHTED' ? kept : {}), given],
    })
  return users
}

/** Where a rule stands, locked to the end of the transaction. */
async function lockCursor({ db, viewer }: WriteContext, ruleId: string): Promise<Cursor> {
  const values = [viewer.tenantId, ruleId]
  const lock = () =>
    db.rows<Cursor>({
      text: 'SELECT last_candidate_id AS last, credits FROM assignment_cursor WHERE tenant_id = $1 AND rule_id = $2 FOR UPDATE',
      values,
    })
  const [known] = await lock()
  if (known) return known
  // Its first turn; another one may be making it at the same moment.
  await db.rows({
    text: 'INSERT INTO assignment_cursor (tenant_id, rule_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values,
  })
  return (await lock())[0] as Cursor
}

/** Those who are there to take records, in the order of their ids, with how many they have and how many more they may get. Under the cursor's lock. */
async function candidatesOf(
  context: WriteContext,
  type: RecordType,
  rule: RuleRow,
  many: number,
): Promise<Candidate[]> {
  const { db, viewer } = context
  const owner = ident(fieldOf(type, type.owners[0] as string).column)
  // How many somebody has matters only where it is compared.
  const open = `(SELECT count(*)::integer FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.${owner} = c.user_id AND t.deleted_at IS NULL AND t.status <> ALL ($3::text[]))`
  const rows = await db.rows<Omit<Candidate, 'room'> & { limit: number | null }>({
    text: `SELECT c.id, c.user_id AS "userId", c.weight, c.open_limit AS "limit", CASE WHEN $4 OR c.open_limit IS NOT NULL THEN ${open} ELSE 0 END AS open
 FROM assignment_candidate c JOIN app_user u ON u.tenant_id = $1 AND u.id = c.user_id
 WHERE c.tenant_id = $1 AND c.rule_id = $2 AND c.active AND c.deleted_at IS NULL AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
 AND coalesce(${awayAt('u', 'now()')}, false) IS FALSE ORDER BY c.id`,
    values: [viewer.tenantId, rule.id, DONE[type.name] ?? [], rule.strategy === 'LOAD_BALANCED'],
  })
  const problems = await ownerQuotaProblems(
    context,
    rows.map(({ userId }) => ({ userId, object: type.name, adding: many })),
  )
  const left = new Map(problems.map(({ userId, limit, current }) => [userId, limit - current]))
  return rows.map(({ limit, ...row }) => ({
    ...row,
    room: Math.min(left.get(row.userId) ?? many, limit === null ? many : limit - row.open),
  }))
}

/** Writes the owners that were chosen, by the standard update, so that everything that follows from an owner follows. */
async function give(
  system: WriteContext,
  type: RecordType,
  ids: string[],
  found: Map<string, Assignment>,
  pathOf: (index: number) => string[],
): Promise<void> {
  const chosen = ids.flatMap((id, index) => (found.get(id)?.outcome === 'ASSIGNED' ? [{ id, index }] : []))
  if (chosen.length === 0) return
  const fresh =
    type.name === 'Lead'
      ? await newOnes(
          system,
          chosen.map(({ id }) => id),
        )
      : new Set<string>()
  const written = await withReason(system.db, 'ASSIGN', () =>
    updateRecords(
      system,
      type,
      chosen.map(({ id }) => ({
        id,
        input: {
          [type.owners[0] as string]: idOf('User', found.get(id)?.ownerId as string),
          ...(fresh.has(id) ? { status: 'ASSIGNED' } : {}),
        },
      })),
      { partial: true, pathOf: (place) => pathOf(chosen[place]?.index as number) },
    ),
  )
  written.forEach(({ errors }, place) => {
    const { id } = chosen[place] as { id: string }
    const assignment = found.get(id) as Assignment
    if (errors.length > 0) found.set(id, { ...assignment, ownerId: null, errors })
  })
  await tellAssigned(
    system,
    type,
    chosen.map(({ id }) => ({ id, userId: found.get(id)?.ownerId ?? null })),
  )
}

/** The leads that nobody has looked at: they become assigned ones. */
async function newOnes({ db, viewer }: WriteContext, ids: string[]): Promise<Set<string>> {
  const rows = await db.rows<{ id: string }>({
    text: `SELECT id FROM lead WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND status IN ('NEW', 'RECYCLED')`,
    values: [viewer.tenantId, ids],
  })
  return new Set(rows.map(({ id }) => id))
}

/** Does what this call makes get an owner by the rules: when it says so, and when a program without a user makes it. */
const assigns = ({ viewer, assign }: WriteContext) => assign ?? (viewer.kind === 'apiKey' && viewer.userId === null)

/** What follows from writes of a type: its new records without an owner get one by the rules, where the call is one of those that do so. */
export function assignNew(typeOf: () => RecordType): Rule {
  return async (changes: Change[], context: WriteContext) => {
    if (!assigns(context)) return
    const type = typeOf()
    const [owner] = type.owners as [string]
    // Bin and restore come by here too, with what stood there before; history that was entered as done is done.
    const fresh = changes.filter(
      ({ before, values }) =>
        before === null && values[owner] == null && !DONE[type.name]?.includes(values.status as string),
    )
    await assignOwners(
      context,
      type,
      fresh.map(({ id }) => id),
    )
  }
}
