import { may, refuseMissing, requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { normalise, validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import { forbidden, sqlFor, type WriteContext } from '../write.ts'
import { type HandoverCounts, NONE } from './handoverReport.ts'
import { type Holding, heldBy, holdings } from './holdings.ts'
import { ownerQuotaProblems, quotaError } from './ownerQuota.ts'

/** What is to go to whom, as clients write it. */
export interface HandoverPlan {
  /** Who gets what no rule gives to another. */
  toUserId: string
  /** Who gets the records of a type instead, each type once. */
  rules?: { object: string; toUserId: string }[] | null
  /** Names of the types to hand over; all if left out or empty. */
  objects?: string[] | null
  /** false: closed records stay. */
  includeClosed?: boolean | null
  /** How many days the old owner goes on seeing what went. */
  keepAccessDays?: number | null
  reason?: string | null
}

/** What became of a start: the job, or with `dryRun` none, and what goes by type. */
export interface StartedHandover {
  written: Written
  counts: HandoverCounts | null
}

/** A part of a hand-over: records of one type that go to one user (uuid). */
interface Share extends Holding {
  toUserId: string
  /** Where the receiver stands in the input. */
  path: string[]
}

interface Counted extends Share {
  total: number
  /** Of them not in the recycle bin. */
  live: number
  /** Of these the won customers. */
  won: number
  /** Of them those that the caller may not write. */
  closedToCaller: number
}

const refused = (errors: UserErrorInfo[]): StartedHandover => ({ written: { id: null, errors }, counts: null })

/**
 * Starts the hand-over of all that a user holds, live and in the recycle bin: which records these are is fixed here, in one transaction; they are
 * moved afterwards by the worker (src/jobs/handover.ts). With `dryRun` nothing is written.
 *
 * Errors: NOT_FOUND, VALIDATION_FAILED (also for the same user), USER_INACTIVE for a receiver, FORBIDDEN for records that the caller may not write,
 * FIELD_FORBIDDEN for an owner that they may not write, OWNER_QUOTA_EXCEEDED.
 *
 * @param path where the plan stands in the arguments; `from`: where the user does.
 * @throws FORBIDDEN that names each type that the caller may not transfer.
 */
export async function startHandover(
  context: WriteContext,
  { fromUserId, dryRun = false, ...plan }: HandoverPlan & { fromUserId: string; dryRun?: boolean | null },
  { path = ['input'], from = [...path, 'fromUserId'] }: { path?: string[]; from?: string[] } = {},
): Promise<StartedHandover> {
  const { viewer } = context
  requireRight(viewer, 'update', 'User')
  const errors: UserErrorInfo[] = []
  const shares = sharesOf(plan, path, errors)
  refuseMissing(
    shares.flatMap(({ type, owned }) =>
      owned && !may(viewer, 'transfer', type.name)
        ? [{ path: [...path, 'objects'].join('.'), permission: `${type.name}.transfer` as const }]
        : [],
    ),
  )
  const options = readOptions(context, plan, path, errors)
  const leaver = uuidOf('User', fromUserId) ?? NO_ID
  errors.push(...(await checkPeople(context, leaver, shares, plan, path, from)))
  if (errors.length > 0) return refused(errors)
  const counted = await count(context, leaver, shares, options.includeClosed)
  errors.push(...checkRights(context, counted), ...(await checkQuotas(context, counted)))
  if (errors.length > 0) return refused(errors)
  const counts = Object.fromEntries(
    counted.flatMap(({ type, total }) => (total > 0 ? [[type.name, { ...NONE, total, pending: total }]] : [])),
  )
  if (dryRun) return { written: { id: null, errors: [] }, counts }
  const id = newId()
  await context.db.rows({
    text: `INSERT INTO handover_job (tenant_id, id, from_user_id, to_user_id, rules, objects, include_closed, keep_access_days, reason)
 VALUES ($1, $2, $3, $4, $5::jsonb, $6::text[], $7, $8, $9)`,
    values: [
      viewer.tenantId,
      id,
      leaver,
      uuidOf('User', plan.toUserId),
      plan.rules?.length ? JSON.stringify(plan.rules.map(({ object, toUserId }) => ({ object, toUserId }))) : null,
      [...new Set(plan.objects ?? [])],
      options.includeClosed,
      options.keepAccessDays,
      options.reason,
    ],
  })
  for (const one of counted) if (one.total > 0) await fix(context, id, leaver, one, options.includeClosed)
  return { written: { id, errors: [] }, counts }
}

/** Which types go to whom. What is wrong with the names goes to `errors`. */
function sharesOf({ toUserId, rules, objects }: HandoverPlan, path: string[], errors: UserErrorInfo[]): Share[] {
  const all = holdings()
  const known = new Set(all.map(({ type }) => type.name))
  const unknown = (name: string, at: string[]) => {
    if (known.has(name)) return
    errors.push(validationError(at, 'owner', 'must be the name of a type whose records have an owner'))
  }
  objects?.forEach((name, index) => {
    unknown(name, [...path, 'objects', String(index)])
  })
  const wanted = objects?.length ? new Set(objects) : known
  const receivers = new Map<string, { toUserId: string; path: string[] }>()
  rules?.forEach((rule, index) => {
    const at = [...path, 'rules', String(index)]
    unknown(rule.object, [...at, 'object'])
    if (known.has(rule.object) && !wanted.has(rule.object))
      errors.push(validationError([...at, 'object'], 'unused', 'must be one of objects'))
    if (receivers.has(rule.object))
      errors.push(validationError([...at, 'object'], 'once', 'must not be named by two rules'))
    receivers.set(rule.object, { toUserId: rule.toUserId, path: [...at, 'toUserId'] })
  })
  const rest = { toUserId, path: [...path, 'toUserId'] }
  return all.flatMap((holding) => {
    if (!wanted.has(holding.type.name)) return []
    const receiver = receivers.get(holding.type.name) ?? rest
    return [{ ...holding, toUserId: uuidOf('User', receiver.toUserId) ?? NO_ID, path: receiver.path }]
  })
}

function readOptions({ viewer }: WriteContext, plan: HandoverPlan, path: string[], errors: UserErrorInfo[]) {
  const read = (name: 'keepAccessDays' | 'reason') => {
    const result = normalise(fieldOf(recordType('HandoverJob'), name), plan[name] ?? null, viewer)
    if (!('rule' in result)) return result.ok
    errors.push(validationError([...path, name], result.rule, result.message))
    return null
  }
  return {
    includeClosed: plan.includeClosed ?? true,
    keepAccessDays: (read('keepAccessDays') as number | null) ?? 0,
    reason: read('reason') as string | null,
  }
}

/** The user is there; who gets something is there, works here, and is somebody else. Holds them all as they are to the end of the transaction. */
async function checkPeople(
  { db, viewer }: WriteContext,
  leaver: string,
  shares: Share[],
  { toUserId }: HandoverPlan,
  path: string[],
  from: string[],
): Promise<UserErrorInfo[]> {
  const receivers = new Map(shares.map((share) => [share.path.join('.'), share]))
  const all = [
    { toUserId: uuidOf('User', toUserId) ?? NO_ID, path: [...path, 'toUserId'] },
    ...[...receivers.values()].filter((share) => share.path.length > path.length + 1),
  ]
  const rows = may(viewer, 'read', 'User')
    ? await db.rows<{ id: string; status: string }>({
        text: 'SELECT id, status FROM app_user WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND contact_id IS NULL AND deleted_at IS NULL ORDER BY id FOR SHARE',
        values: [viewer.tenantId, [leaver, ...all.map((one) => one.toUserId)]],
      })
    : []
  const status = new Map(rows.map((row) => [row.id, row.status]))
  const errors: UserErrorInfo[] = []
  if (!status.has(leaver)) errors.push({ code: 'NOT_FOUND', message: 'There is no such User.', field: from })
  for (const one of all) {
    if (!status.has(one.toUserId))
      errors.push({ code: 'NOT_FOUND', message: 'There is no such User.', field: one.path })
    else if (one.toUserId === leaver)
      errors.push(validationError(one.path, 'other', 'must be another user than the one whose records go'))
    else if (status.get(one.toUserId) !== 'ACTIVE')
      errors.push({ code: 'USER_INACTIVE', message: 'Only an active user can take records over.', field: one.path })
  }
  return errors
}

/** Counts what goes, of all types at once. */
function count(
  { db, viewer }: WriteContext,
  leaver: string,
  shares: Share[],
  includeClosed: boolean,
): Promise<Counted[]> {
  return Promise.all(
    shares.map(async (share) => {
      const sql = sqlFor(viewer.tenantId)
      const add = sql.params.add.bind(sql.params)
      const held = heldBy(share, 't', add(leaver, 'uuid'), add, { includeClosed })
      const scope = share.owned ? viewer.access.predicate(share.type, 't', sql, 'update') : null
      const won = share.type.fields.has('dealStatus') ? `t.deleted_at IS NULL AND t.deal_status = 'WON'` : 'false'
      const [row] = await db.rows<{ total: number; live: number; won: number; closedToCaller: number }>({
        text: `SELECT count(*)::integer AS total, (count(*) FILTER (WHERE t.deleted_at IS NULL))::integer AS live, (count(*) FILTER (WHERE ${won}))::integer AS won,
 ${scope ? `(count(*) FILTER (WHERE NOT coalesce(${scope}, false)))::integer` : '0'} AS "closedToCaller" FROM ${ident(share.type.table)} t WHERE t.tenant_id = $1 AND ${held}`,
        values: sql.params.values,
      })
      return { ...share, ...(row as { total: number; live: number; won: number; closedToCaller: number }) }
    }),
  )
}

/** Nobody gives away what they may not write themselves: the receiver could be they. */
function checkRights({ viewer }: WriteContext, counted: Counted[]): UserErrorInfo[] {
  return counted.flatMap(({ type, field, owned, total, closedToCaller, path }): UserErrorInfo[] => {
    if (!owned || total === 0) return []
    if (!viewer.access.mayWriteField(type, field))
      return [{ code: 'FIELD_FORBIDDEN', message: `You may not write ${field} of ${type.name}.`, field: path }]
    if (closedToCaller === 0) return []
    const error = forbidden(`${type.name}.transfer`, path)
    return [{ ...error, details: { permission: `${type.name}.transfer`, records: closedToCaller } }]
  })
}

async function checkQuotas(context: WriteContext, counted: Counted[]): Promise<UserErrorInfo[]> {
  const owned = counted.filter((one) => one.owned && one.live > 0)
  const problems = await ownerQuotaProblems(
    context,
    owned.map(({ toUserId, type, live, won }) => ({ userId: toUserId, object: type.name, adding: live, won })),
  )
  return problems.map((problem) =>
    quotaError(problem, owned.find(({ type }) => type.name === problem.object)?.path ?? []),
  )
}

/** Writes down which records of a type go. */
async function fix(
  { db, viewer }: WriteContext,
  jobId: string,
  leaver: string,
  share: Share,
  includeClosed: boolean,
): Promise<void> {
  const { params } = sqlFor(viewer.tenantId)
  const add = params.add.bind(params)
  const [job, object, to] = [add(jobId, 'uuid'), add(share.type.name, 'text'), add(share.toUserId, 'uuid')]
  const held = heldBy(share, 't', add(leaver, 'uuid'), add, { includeClosed })
  await db.rows({
    text: `INSERT INTO handover_item (tenant_id, job_id, object, record_id, to_user_id) SELECT $1::uuid, ${job}, ${object}, t.id, ${to} FROM ${ident(share.type.table)} t WHERE t.tenant_id = $1 AND ${held} ORDER BY t.id`,
    values: params.values,
  })
}

/**
 * Stops a hand-over: what is moved stays moved, the rest stays where it is.
 *
 * Errors: NOT_FOUND, INVALID_STATE for one that is over.
 *
 * @throws FORBIDDEN.
 */
export async function cancelHandover({ db, viewer }: WriteContext, id: string): Promise<Written> {
  requireRight(viewer, 'update', 'User')
  const uuid = uuidOf('HandoverJob', id) ?? NO_ID
  // Waits for the batch that is under way; the next one finds it cancelled.
  const [job] = may(viewer, 'read', 'HandoverJob')
    ? await db.rows<{ status: string }>({
        text: 'SELECT status FROM handover_job WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE',
        values: [viewer.tenantId, uuid],
      })
    : []
  if (!job)
    return { id: null, errors: [{ code: 'NOT_FOUND', message: 'There is no such HandoverJob.', field: ['id'] }] }
  if (job.status !== 'QUEUED' && job.status !== 'RUNNING')
    return {
      id: null,
      errors: [
        {
          code: 'INVALID_STATE',
          message: 'The hand-over is over.',
          field: ['id'],
          details: { from: job.status, to: 'CANCELLED', allowed: [] },
        },
      ],
    }
  await db.rows({
    text: `UPDATE handover_item SET status = 'SKIPPED', code = 'CANCELLED' WHERE tenant_id = $1 AND job_id = $2 AND status = 'PENDING'`,
    values: [viewer.tenantId, uuid],
  })
  await db.rows({
    text: `UPDATE handover_job SET status = 'CANCELLED', completed_at = now() WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, uuid],
  })
  return { id: uuid, errors: [], changed: true }
}

/** The latest hand-over of what a user owns, both uuids; null when there was none. */
export async function latestHandover(db: Reader, tenantId: string, userId: string): Promise<string | null> {
  const [row] = await db.rows<{ id: string }>({
    text: 'SELECT id FROM handover_job WHERE tenant_id = $1 AND from_user_id = $2 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1',
    values: [tenantId, userId],
  })
  return row?.id ?? null
}
