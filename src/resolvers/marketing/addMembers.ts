import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { amongQuery } from '../../read/storedFilter.ts'
import { idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { BULK_MAX } from '../mutation.ts'
import { enqueueJob } from '../platform/job.ts'
import { createRecords, lockTargets, updateRecords, type Written } from '../records.ts'
import { refused } from '../revenue/refusals.ts'
import type { Values, WriteContext } from '../write.ts'
import { type From, readSource, type Somebody, type Source } from './memberSource.ts'

/** The job that adds the people of a segment or of a target list. */
export const ADD_MEMBERS_JOB = 'ADD_MEMBERS'

/** What a call, or a step of its job, did. */
export interface Added {
  added: number
  changed: number
  /** uuid of the job that does the rest. */
  jobId?: string
}

/** What has members of people, by the type of the members. */
const HAVING = {
  CampaignMember: { parent: 'Campaign', field: 'campaignId', of: ['Contact', 'Lead', 'Account'] },
  TargetListMember: { parent: 'TargetList', field: 'targetListId', of: ['Contact', 'Lead'] },
} as const
export type MemberType = keyof typeof HAVING

/** The type of what people are added to. */
export const parentOf = ({ member }: Into): string => HAVING[member].parent

/** What people are added to. */
export interface Into {
  member: MemberType
  /** uuids. */
  parentId: string
  statusId: string | null
}

/**
 * Adds people to a campaign, those who are members of it get the status, if one is named. By ids at once, all or nothing; those of a segment or a list by a job with the caller's rights.
 *
 * Errors: NOT_FOUND, FORBIDDEN, BULK_TOO_LARGE, VALIDATION_FAILED for a status of another campaign. @throws FORBIDDEN.
 */
export async function addCampaignMembers(
  context: WriteContext,
  { campaignId, from, statusId }: { campaignId: string; from: From; statusId?: string | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'CampaignMember')
  const parent = await lockParent(context, 'CampaignMember', campaignId)
  if ('errors' in parent) return refused(...parent.errors)
  const status = statusId == null ? null : (uuidOf('CampaignMemberStatus', statusId) ?? NO_ID)
  if (status && !(await isStatusOf(context, parent.id, status)))
    return refused({
      code: 'VALIDATION_FAILED',
      message: 'statusId must be a status of the campaign.',
      field: ['statusId'],
      details: { rule: 'campaign' },
    })
  return add(context, { member: 'CampaignMember', parentId: parent.id, statusId: status }, from)
}

/** Adds people to a target list; those who are on it stay. As addCampaignMembers. */
export async function addTargetListMembers(
  context: WriteContext,
  { targetListId, from }: { targetListId: string; from: From },
): Promise<Written> {
  const parent = await lockParent(context, 'TargetListMember', targetListId)
  if ('errors' in parent) return refused(...parent.errors)
  return add(context, { member: 'TargetListMember', parentId: parent.id, statusId: null }, from)
}

async function isStatusOf({ db, viewer }: WriteContext, campaignId: string, statusId: string): Promise<boolean> {
  const rows = await db.rows({
    text: 'SELECT 1 FROM campaign_member_status WHERE tenant_id = $1 AND campaign_id = $2 AND id = $3 AND deleted_at IS NULL',
    values: [viewer.tenantId, campaignId, statusId],
  })
  return rows.length > 0
}

/** Locks what members are added to, so that two calls at once do not add one person twice. */
async function lockParent(
  context: WriteContext,
  member: MemberType,
  id: string,
): Promise<{ id: string } | { errors: UserErrorInfo[] }> {
  const { parent, field } = HAVING[member]
  requireRight(context.viewer, 'update', parent)
  requireRight(context.viewer, 'create', member)
  const target = { id: uuidOf(parent, id) ?? NO_ID }
  const [change] = await lockTargets(context, recordType(parent), [target], {
    action: 'update',
    pathOf: () => [field],
  })
  const errors = (change?.errors ?? []).map((error) => ({ ...error, field: [field] }))
  return change?.before && errors.length === 0 ? { id: change.id } : { errors }
}

async function add(context: WriteContext, into: Into, from: From): Promise<Written> {
  if (from.recordIds) return addListed(context, into, from.recordIds)
  const read = await readSource(context, from, HAVING[into.member].of)
  if ('error' in read) return refused(read.error)
  return order(context, into, read.source)
}

async function order({ db, viewer }: WriteContext, into: Into, source: Source): Promise<Written> {
  if (!viewer.userId)
    return refused({
      code: 'FORBIDDEN',
      message: 'It is done with the rights of a user, and this credential has none.',
      field: null,
      details: { permission: `${into.member}.create` },
    })
  const { id } = await enqueueJob(db, viewer.tenantId, {
    kind: ADD_MEMBERS_JOB,
    subject: HAVING[into.member].parent,
    input: { into, source },
  })
  const more: Added = { added: 0, changed: 0, jobId: id }
  return { id: into.parentId, errors: [], changed: false, more }
}

async function addListed(context: WriteContext, into: Into, ids: readonly string[]): Promise<Written> {
  const path = ['from', 'recordIds']
  if (ids.length > BULK_MAX)
    return refused({
      code: 'BULK_TOO_LARGE',
      message: `At most ${BULK_MAX} records at once.`,
      field: path,
      details: { max: BULK_MAX },
    })
  const some = [...new Set(ids)].map((id) => somebodyOf(id, HAVING[into.member].of))
  const seen = await seenAmong(
    context,
    some.filter((one) => one !== null),
  )
  const places = ids.map((id, place) => ({ id, place }))
  const missing = places.filter(({ id }) => !seen.has(decodeId(id)?.uuid ?? ''))
  if (missing.length > 0)
    return refused(
      ...missing.map(({ place }) => ({
        code: 'NOT_FOUND' as const,
        message: 'It names no record that can be a member.',
        field: [...path, String(place)],
      })),
    )
  const { errors, ...more } = await addSome(context, into, some as Somebody[], false)
  if (errors.length > 0) return refused(...errors)
  return { id: into.parentId, errors: [], changed: more.added + more.changed > 0, more }
}

function somebodyOf(id: string, types: readonly string[]): Somebody | null {
  const type = recordTypeOfPrefix(decodeId(id)?.prefix ?? '')?.name ?? ''
  const uuid = types.includes(type) ? uuidOf(type, id) : null
  return uuid ? { type, uuid } : null
}

/** Which of some records are live and the viewer sees them, one statement for each type. */
async function seenAmong({ db, viewer }: WriteContext, some: Somebody[]): Promise<Set<string>> {
  const seen = new Set<string>()
  for (const [name, group] of Map.groupBy(some, ({ type }) => type)) {
    const type = recordType(name)
    viewer.access.requireRead(type, ['from', 'recordIds'])
    const ids = group.map(({ uuid }) => uuid)
    for (const { id } of await db.rows<{ id: string }>(amongQuery(type, {}, viewer, ids))) seen.add(id)
  }
  return seen
}

const fieldOf = (type: string) => `${type.charAt(0).toLowerCase()}${type.slice(1)}Id`

/**
 * Makes members of those who are none, and gives the others the status; all have been seen to be there.
 *
 * @param partial add whom one can, and tell of the others; otherwise the caller undoes what was done.
 */
export async function addSome(
  context: WriteContext,
  { member, parentId, statusId }: Into,
  some: Somebody[],
  partial: boolean,
): Promise<Added & { errors: UserErrorInfo[] }> {
  const { db, viewer } = context
  const { parent, field, of } = HAVING[member]
  const type = recordType(member)
  const column = (name: string) => ident(type.fields.get(name)?.column as string)
  const record = `coalesce(${of.map((name) => column(fieldOf(name))).join(', ')})`
  const rows = await db.rows<{ id: string; record: string }>({
    text: `SELECT id, ${record} AS record FROM ${ident(type.table)} WHERE tenant_id = $1 AND ${column(field)} = $2 AND ${record} = ANY ($3::uuid[]) AND deleted_at IS NULL`,
    values: [viewer.tenantId, parentId, some.map(({ uuid }) => uuid)],
  })
  const there = new Map(rows.map(({ record, id }) => [record, id]))
  const status: Values = statusId ? { statusId: idOf('CampaignMemberStatus', statusId) } : {}
  const pathOf = () => ['from']
  const made = await createRecords(
    context,
    type,
    some
      .filter(({ uuid }) => !there.has(uuid))
      .map((one) => ({ [field]: idOf(parent, parentId), [fieldOf(one.type)]: idOf(one.type, one.uuid), ...status })),
    { partial, pathOf },
  )
  const moved = statusId
    ? await updateRecords(
        context,
        type,
        [...there.values()].map((id) => ({ id, input: status })),
        { partial, pathOf },
      )
    : []
  return {
    added: made.filter(({ id }) => id).length,
    changed: moved.filter(({ changed }) => changed).length,
    errors: [...made, ...moved].flatMap(({ errors }) => errors),
  }
}
