import type { Context, Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { pageOf } from '../../read/emit.ts'
import { callerOf } from '../../read/read.ts'
import { recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { sqlFor } from '../write.ts'

type Sql = ReturnType<typeof sqlFor>

/** What an entry of a timeline tells. */
export type TimelineKind = keyof typeof TIMELINE

/** Something that happened with a record: its kind and the record that says it. */
export interface TimelineItem {
  kind: TimelineKind
  object: string
  recordId: string
  at: string
}

/** A page of a timeline. */
export interface TimelinePage {
  nodes: TimelineItem[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** Which page is asked for. */
export interface TimelineArgs {
  first?: number | null
  after?: string | null
  kinds?: TimelineKind[] | null
}

/**
 * The kinds: the type of record that tells, the field that says when, a further condition on its alias, and by which of its fields it belongs to a record of which type. What
 * `links` name is by links to records of any type, of a customer also by those to its deals.
 */
export const TIMELINE = {
  ACTIVITY: { type: 'Activity', at: 'startAt', links: 'activity' },
  TASK: { type: 'Task', at: 'completedAt', links: 'task' },
  STAGE_CHANGE: { type: 'OpportunityStageHistory', at: 'enteredAt', by: { Opportunity: 'opportunityId' } },
  LEAD_CONVERTED: {
    type: 'Lead',
    at: 'convertedAt',
    by: {
      Account: 'convertedAccountId',
      Contact: 'convertedContactId',
      Opportunity: 'convertedOpportunityId',
      Lead: 'id',
    },
  },
  QUOTE_SENT: {
    type: 'Quote',
    at: 'sentAt',
    by: { Account: 'accountId', Opportunity: 'opportunityId', Contact: 'contactId' },
  },
  CONTRACT_APPROVED: {
    type: 'Contract',
    at: 'approvedAt',
    by: { Account: 'accountId', Opportunity: 'opportunityId', Contract: 'id' },
  },
  RECEIPT: { type: 'Receipt', at: 'confirmedAt', by: { Account: 'accountId', Contract: 'contractId' } },
  CASE: {
    type: 'Case',
    at: 'createdAt',
    by: { Account: 'accountId', Contact: 'contactId', Contract: 'contractId', Case: 'id' },
  },
  EMAIL: { type: 'EmailMessage', at: 'sentAt', by: { Contact: 'contactId', Lead: 'leadId' } },
} as const satisfies Record<
  string,
  { type: string; at: string; links?: 'activity' | 'task'; by?: Readonly<Record<string, string>> }
>

/** Types whose records have a timeline. */
export const TIMELINE_OF = ['Account', 'Contact', 'Lead', 'Opportunity', 'Contract', 'Case']

/** An activity that is over, or under way. */
export const HAPPENED = `a.status IN ('PLANNED', 'DONE', 'NO_SHOW') AND (a.status <> 'PLANNED' OR a.start_at <= now()) AND coalesce(a.start_at, a.created_at) <= now()`

/** The tenant's live records of a type on an alias that the viewer may see; false where they may not read the type. */
export function seen(viewer: Viewer, name: string, alias: string, sql: Sql): string {
  if (!viewer.access.may('read', name)) return 'false'
  const scope = viewer.access.predicate(recordType(name), alias, sql)
  return `${alias}.tenant_id = $1 AND ${alias}.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`
}

/** A further condition where the viewer's pools keep a field back of what lies in them. */
export function shown(viewer: Viewer, name: string, field: string, alias: string, sql: Sql): string {
  const withheld = viewer.access.withheld(recordType(name), field, alias, sql)
  return withheld ? ` AND NOT ${withheld}` : ''
}

/** The deals of a customer that the viewer sees: their ids. */
function dealsOf(viewer: Viewer, account: string, sql: Sql): string {
  const o = sql.alias()
  return `SELECT ${o}.id FROM opportunity ${o} WHERE ${seen(viewer, 'Opportunity', o, sql)} AND ${o}.account_id = ${account}`
}

/** Ids of the activities or tasks that are linked to a record, or to one of the deals of a customer that the viewer sees. `record` is its place in the statement. */
export function linkedTo(viewer: Viewer, link: 'activity' | 'task', type: string, record: string, sql: Sql): string {
  const l = sql.alias()
  const deals =
    type === 'Account'
      ? ` OR (${l}.object_type = 'Opportunity' AND ${l}.record_id IN (${dealsOf(viewer, record, sql)}))`
      : ''
  return `SELECT ${l}.${link}_id FROM ${link}_link ${l} WHERE ${l}.tenant_id = $1 AND ${l}.deleted_at IS NULL AND ((${l}.object_type = '${type}' AND ${l}.record_id = ${record})${deals})`
}

/** The rows of one kind about a record as a branch of the statement; null where there are none, or the viewer may not see what would say so. */
function branch(
  viewer: Viewer,
  kind: TimelineKind,
  about: string,
  record: string,
  sql: Sql,
  behind: string[] | null,
  limit: string,
) {
  const told = TIMELINE[kind]
  const type = recordType(told.type)
  const by = 'by' in told ? (told.by as Readonly<Record<string, string>>)[about] : undefined
  const hidden = (field: string | undefined) => field !== undefined && viewer.access.hides(type, field)
  if (!viewer.access.may('read', type.name) || hidden(told.at) || hidden(by)) return null
  const a = 'a'
  const column = (field: string) => `${a}.${field === 'id' ? 'id' : ident(type.fields.get(field)!.column)}`
  const at = kind === 'ACTIVITY' ? `coalesce(a.start_at, a.created_at)` : column(told.at)
  let where: string
  if ('links' in told)
    where = `${kind === 'ACTIVITY' ? `${HAPPENED} AND ` : ''}a.id IN (${linkedTo(viewer, told.links, about, record, sql)})`
  else if (by) where = `${column(by)} = ${record}${shown(viewer, type.name, by, a, sql)}`
  else if (kind === 'STAGE_CHANGE' && about === 'Account')
    where = `a.opportunity_id IN (${dealsOf(viewer, record, sql)})`
  else return null
  const further = behind ? ` AND (${at}, a.id) < (${behind.join(', ')})` : ''
  return `(SELECT '${kind}' AS kind, a.id, ${at} AS at FROM ${ident(type.table)} a
 WHERE ${seen(viewer, type.name, a, sql)} AND ${at} IS NOT NULL AND ${where}${shown(viewer, type.name, told.at, a, sql)}${further} ORDER BY at DESC, a.id DESC LIMIT ${limit})`
}

/**
 * What happened with a record (its id), the newest first, as far as the viewer sees it: kinds whose records or moments they may not see are left out. Null where there is
 * no such record that they see, or its type has no timeline. One statement.
 *
 * @throws PAGE_SIZE_EXCEEDED, BAD_USER_INPUT for a cursor of another list.
 */
export async function timelineOf(
  context: Context,
  viewer: Viewer,
  id: string,
  { first, after, kinds }: TimelineArgs,
): Promise<TimelinePage | null> {
  const { size } = pageOf({ first })
  const decoded = decodeId(id)
  const about = decoded && recordTypeOfPrefix(decoded.prefix)
  if (!decoded || !about || !TIMELINE_OF.includes(about.name)) return null
  const { cursors } = context.services
  const bound = `${viewer.tenantId} timeline ${about.name} ${decoded.uuid} ${JSON.stringify(kinds ?? null)}`
  const place = after == null ? null : cursors.open(after, bound)
  if (after != null && place?.length !== 2)
    throw requestError('BAD_USER_INPUT', {
      message: 'The cursor in after does not belong to this list.',
      extensions: { field: ['after'] },
    })
  const sql = sqlFor(viewer.tenantId)
  const record = sql.params.add(decoded.uuid, 'uuid')
  const limit = sql.params.add(size + 1, 'integer')
  const behind = place ? [sql.params.add(place[0], 'timestamptz'), sql.params.add(place[1], 'uuid')] : null
  const branches = (Object.keys(TIMELINE) as TimelineKind[])
    .filter((kind) => !kinds || kinds.includes(kind))
    .flatMap((kind) => branch(viewer, kind, about.name, record, sql, behind, limit) ?? [])
  const entries =
    branches.length > 0
      ? branches.join(' UNION ALL ')
      : 'SELECT NULL::text AS kind, NULL::uuid AS id, NULL::timestamptz AS at WHERE false'
  const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<{ kind: TimelineKind | null; id: string; at: Date }>({
      // The record itself makes a row: without one it is not seen.
      text: `SELECT u.* FROM ${ident(about.table)} s LEFT JOIN LATERAL (SELECT * FROM (${entries}) e ORDER BY e.at DESC, e.id DESC LIMIT ${limit}) u ON true
 WHERE ${seen(viewer, about.name, 's', sql)} AND s.id = ${record} ORDER BY u.at DESC, u.id DESC`,
      values: sql.params.values,
    }),
  )
  if (rows.length === 0) return null
  const nodes = rows
    .slice(0, size)
    .flatMap(({ kind, id: recordId, at }): TimelineItem[] =>
      kind ? [{ kind, object: TIMELINE[kind].type, recordId, at: new Date(at).toISOString() }] : [],
    )
  const cursorOf = (node: TimelineItem | undefined) => (node ? cursors.seal([node.at, node.recordId], bound) : null)
  return {
    nodes,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: place !== null,
      startCursor: cursorOf(nodes[0]),
      endCursor: cursorOf(nodes.at(-1)),
    },
  }
}
