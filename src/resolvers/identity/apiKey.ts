import DataLoader from 'dataloader'
import { addressRange, holdsRange } from '../../access/addressRange.ts'
import { newApiKey } from '../../access/apiKey.ts'
import { may, requireRight } from '../../access/decide.ts'
import { beyond } from '../../access/escalation.ts'
import { isScope, listedField } from '../../access/keyScope.ts'
import { permissionSet } from '../../access/permissions.ts'
import { loadRoles } from '../../access/standing.ts'
import type { Context, Viewer } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { callerOf } from '../../read/read.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID, PG_TYPE, uuidOf } from '../../read/values.ts'
import { normalise, validationError } from '../normalise.ts'
import { changedSince, type Written } from '../records.ts'
import { type Input, same, type Values, type WriteContext } from '../write.ts'

/** What became of a new key: the key itself is here and nowhere else. */
export interface MadeKey {
  written: Written
  key: string | null
}

/** What limits a key, as its row says; empty lists and null limit nothing. */
interface Limits {
  scopes: string[]
  allowedFields: string[]
  allowedIps: string[]
  expiresAt: string | null
}

interface KeyRow extends Limits {
  id: string
  version: number
  name: string
  kind: 'API_KEY' | 'PARTNER_APP'
  roleId: string
  userId: string | null
  revokedAt: string | null
  replacedById: string | null
  over: boolean
}

/** How long the old key of a rotation goes on working, hours. */
const OVERLAP = { default: 24, max: 168 }
/** Fields of a key that can be changed. */
const CHANGEABLE = ['name', 'scopes', 'allowedFields', 'allowedIps', 'expiresAt'] as const

const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })
const notFound = (path: string[]): UserErrorInfo => ({
  code: 'NOT_FOUND',
  message: `${path.at(-1)} names no record.`,
  field: path,
})

/**
 * Makes a key. Nobody makes one that can do more than they can themselves; one that acts for somebody else needs User.update.
 *
 * Errors: VALIDATION_FAILED, NOT_FOUND, USER_INACTIVE, PRIVILEGE_ESCALATION.
 *
 * @throws FORBIDDEN.
 */
export async function createApiKey(context: WriteContext, input: Input): Promise<MadeKey> {
  const { viewer, db } = context
  requireRight(viewer, 'create', 'ApiKey')
  const errors: UserErrorInfo[] = []
  const values = readValues(context, { name: null, ...input }, errors)
  const roleId = uuidOf('Role', input.roleId) ?? NO_ID
  const userId = input.userId == null ? null : (uuidOf('User', input.userId) ?? NO_ID)
  const kind = (input.kind ?? 'API_KEY') as KeyRow['kind']
  const wanted = { ...NO_LIMITS, ...(values as unknown as Limits & { name: string }), kind, roleId, userId }
  if (!(await isThere(context, 'Role', roleId))) errors.push(notFound(['input', 'roleId']))
  else errors.push(...(await escalation(context, wanted, ['input', 'roleId'])))
  errors.push(...(await checkUser(context, userId)))
  if (errors.length > 0) return { written: refused(...errors), key: null }
  return insert(db, viewer.tenantId, wanted)
}

const NO_LIMITS: Limits = { scopes: [], allowedFields: [], allowedIps: [], expiresAt: null }

/** Enters a new key with a secret of its own. */
async function insert(
  db: WriteContext['db'],
  tenantId: string,
  row: Pick<KeyRow, 'name' | 'kind' | 'roleId' | 'userId' | keyof Limits>,
): Promise<MadeKey> {
  const made = newApiKey('live')
  const id = newId()
  await db.rows({
    text: `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, kind, role_id, user_id, scopes, allowed_fields, allowed_ips, expires_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[], $11::text[], $12::text[], $13::timestamptz)`,
    values: [
      tenantId,
      id,
      row.name,
      made.prefix,
      made.last4,
      made.hash,
      row.kind,
      row.roleId,
      row.userId,
      row.scopes,
      row.allowedFields,
      row.allowedIps,
      row.expiresAt,
    ],
  })
  return { written: { id, errors: [] }, key: made.key }
}

/**
 * Changes a key's name or limits; what is left out stays. Errors as createApiKey, and STALE_VERSION, INVALID_STATE for a revoked key.
 *
 * @throws FORBIDDEN.
 */
export async function updateApiKey(
  context: WriteContext,
  given: { id: string; input: Input; expectedVersion?: number | null },
): Promise<Written> {
  requireRight(context.viewer, 'update', 'ApiKey')
  const row = await lock(context, given.id)
  if (!row) return refused(notFound(['id']))
  if (given.expectedVersion != null && given.expectedVersion !== row.version) {
    return refused({
      code: 'STALE_VERSION',
      message: 'The ApiKey was changed meanwhile.',
      field: ['expectedVersion'],
      details: {
        currentVersion: row.version,
        changedFields: await changedSince(context, recordType('ApiKey'), row.id, given.expectedVersion),
      },
    })
  }
  if (row.revokedAt) return refused(over('REVOKED'))
  const errors: UserErrorInfo[] = []
  const values = readValues(context, given.input, errors)
  requireHolder(context, row)
  // As it is and as it would be: who could not have given a key what it has does not touch it.
  errors.push(...(await escalation(context, row, ['id'])))
  if (errors.length === 0) errors.push(...(await escalation(context, { ...row, ...values }, ['input'])))
  if (errors.length > 0) return refused(...errors)
  const type = recordType('ApiKey')
  const changed = Object.entries(values).filter(
    ([name, value]) => !same(type.fields.get(name), (row as unknown as Values)[name], value),
  )
  if (changed.length > 0) {
    const sets = changed.map(([name], place) => {
      const { column, kind } = fieldOf(type, name)
      return `${ident(column)} = $${place + 3}::${PG_TYPE[kind]}`
    })
    await context.db.rows({
      text: `UPDATE api_key SET ${sets.join(', ')} WHERE tenant_id = $1 AND id = $2`,
      values: [context.viewer.tenantId, row.id, ...changed.map(([, value]) => value)],
    })
  }
  return { id: row.id, errors: [], changed: changed.length > 0 }
}

/**
 * Puts a new key in the place of one: same name, role, user and limits. The old one works for `overlapHours` more, or until it would have ended anyway.
 * Errors: NOT_FOUND, VALIDATION_FAILED, INVALID_STATE for one that is revoked, expired or was rotated before, PRIVILEGE_ESCALATION.
 *
 * @throws FORBIDDEN.
 */
export async function rotateApiKey(
  context: WriteContext,
  { id, overlapHours }: { id: string; overlapHours?: number | null },
): Promise<MadeKey> {
  const { viewer, db } = context
  requireRight(viewer, 'create', 'ApiKey')
  requireRight(viewer, 'update', 'ApiKey')
  const none = (...errors: UserErrorInfo[]): MadeKey => ({ written: refused(...errors), key: null })
  const hours = overlapHours ?? OVERLAP.default
  if (!Number.isInteger(hours) || hours < 0 || hours > OVERLAP.max)
    return none(validationError(['overlapHours'], 'range', `must be 0 to ${OVERLAP.max}`))
  const row = await lock(context, id)
  if (!row) return none(notFound(['id']))
  if (row.revokedAt) return none(over('REVOKED'))
  if (row.replacedById) return none(over('ROTATED'))
  if (row.over) return none(over('EXPIRED'))
  requireHolder(context, row)
  const errors = await escalation(context, row, ['id'])
  if (errors.length > 0) return none(...errors)
  const made = await insert(db, viewer.tenantId, row)
  await db.rows({
    text: `UPDATE api_key SET replaced_by_id = $3, expires_at = least(expires_at, now() + make_interval(hours => $4)) WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, row.id, made.written.id, hours],
  })
  return made
}

/**
 * Ends a key for good. One that is revoked already stays so. Needs no right over what the key can do: anybody who may change keys may stop one.
 *
 * @throws FORBIDDEN.
 */
export async function revokeApiKey(context: WriteContext, id: string): Promise<Written> {
  requireRight(context.viewer, 'update', 'ApiKey')
  const row = await lock(context, id)
  if (!row) return refused(notFound(['id']))
  if (row.revokedAt) return { id: row.id, errors: [], changed: false }
  await context.db.rows({
    text: 'UPDATE api_key SET revoked_at = now() WHERE tenant_id = $1 AND id = $2',
    values: [context.viewer.tenantId, row.id],
  })
  return { id: row.id, errors: [], changed: true }
}

const over = (from: string): UserErrorInfo => ({
  code: 'INVALID_STATE',
  message: 'The key is revoked, has expired or was rotated.',
  field: ['id'],
  details: { from, allowed: [] },
})

/** Locks and reads a live key. Keys are no business of who may not read them: those are as absent. */
async function lock({ db, viewer }: WriteContext, id: string): Promise<KeyRow | undefined> {
  if (!may(viewer, 'read', 'ApiKey')) return undefined
  const [row] = await db.rows<{ key: KeyRow }>({
    text: `SELECT (SELECT row_to_json(x) FROM (SELECT k.id, k.version, k.name, k.kind, k.role_id AS "roleId", k.user_id AS "userId", k.scopes, k.allowed_fields AS "allowedFields",
 k.allowed_ips AS "allowedIps", k.expires_at AS "expiresAt", k.revoked_at AS "revokedAt", k.replaced_by_id AS "replacedById", coalesce(k.expires_at <= now(), false) AS over) x) AS key
 FROM api_key k WHERE k.tenant_id = $1 AND k.id = $2 AND k.deleted_at IS NULL FOR NO KEY UPDATE`,
    values: [viewer.tenantId, uuidOf('ApiKey', id) ?? NO_ID],
  })
  return row?.key
}

/** Reads the values that an input gives; what is wrong with them goes to `errors`. Lists come out without doubles. */
function readValues({ viewer }: WriteContext, input: Input, errors: UserErrorInfo[]): Values {
  const type = recordType('ApiKey')
  const values: Values = {}
  for (const name of CHANGEABLE) {
    if (input[name] === undefined) continue
    const result = normalise(fieldOf(type, name), input[name], viewer)
    if ('rule' in result) {
      errors.push(validationError(['input', name, ...(result.path ?? [])], result.rule, result.message))
    } else if (name === 'name' && result.ok === null) {
      errors.push(validationError(['input', name], 'required', 'is required'))
    } else if (name === 'expiresAt') {
      if (result.ok !== null && Date.parse(result.ok as string) <= Date.now())
        errors.push(validationError(['input', name], 'future', 'must lie in the future'))
      values[name] = result.ok
    } else if (name === 'name') {
      values[name] = result.ok
    } else {
      values[name] = readList(name, (result.ok ?? []) as string[], errors)
    }
  }
  return values
}

/** What each member of a list must be: gives it as it is kept, or null. */
const MEMBER: Record<string, { rule: string; must: string; read: (text: string) => string | null }> = {
  scopes: {
    rule: 'scope',
    must: 'be Object.action, Object.* or *.action, of an object and an action that exist',
    read: (text) => (isScope(text) ? text : null),
  },
  allowedFields: { rule: 'field', must: 'be Object.field, of a field that exists', read: listedField },
  allowedIps: {
    rule: 'address',
    must: 'be an address or a CIDR range such as 10.1.0.0/16 or 2001:db8::/32',
    read: (text) => (addressRange(text) ? text : null),
  },
}

function readList(name: string, members: string[], errors: UserErrorInfo[]): string[] {
  const { rule, must, read } = MEMBER[name] as (typeof MEMBER)[string]
  const kept = new Set<string>()
  for (const [index, text] of members.entries()) {
    const member = read(text)
    if (member !== null) kept.add(member)
    else
      errors.push({
        code: 'VALIDATION_FAILED',
        message: `Each of ${name} must ${must}.`,
        field: ['input', name, String(index)],
        details: { rule },
      })
  }
  return [...kept]
}

/** Is there such a live record, for who may read it; it stays to the end of the transaction. */
async function isThere({ db, viewer }: WriteContext, typeName: 'Role', id: string): Promise<boolean> {
  if (!may(viewer, 'read', typeName)) return false
  const rows = await db.rows({
    text: `SELECT id FROM ${ident(recordType(typeName).table)} WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE`,
    values: [viewer.tenantId, id],
  })
  return rows.length > 0
}

/** The user is there, works, and is the caller or one whom the caller may change. */
async function checkUser({ db, viewer }: WriteContext, userId: string | null): Promise<UserErrorInfo[]> {
  if (userId === null) return []
  const path = ['input', 'userId']
  if (userId !== viewer.userId) requireRight(viewer, 'update', 'User', path.join('.'))
  const [user] = may(viewer, 'read', 'User')
    ? await db.rows<{ status: string; contactId: string | null }>({
        text: 'SELECT status, contact_id AS "contactId" FROM app_user WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE',
        values: [viewer.tenantId, userId],
      })
    : []
  if (!user) return [notFound(path)]
  if (user.contactId)
    return [validationError(path, 'colleague', 'must be a user who works in the company, not a customer’s')]
  return user.status === 'ACTIVE'
    ? []
    : [{ code: 'USER_INACTIVE', message: 'A key acts for active users only.', field: path }]
}

/** A key that acts for a user is held by that user, or by who may change users. */
function requireHolder({ viewer }: WriteContext, { userId }: KeyRow): void {
  if (userId && userId !== viewer.userId) requireRight(viewer, 'update', 'User', 'id')
}

/**
 * PRIVILEGE_ESCALATION for a key that could do more than the caller: what its role and its limits together allow, and, when the caller is a key
 * itself, from where and for how long.
 */
async function escalation(
  { db, viewer }: WriteContext,
  key: Limits & { roleId: string },
  path: string[],
): Promise<UserErrorInfo[]> {
  const errors: UserErrorInfo[] = []
  if (!viewer.access.lasting.full) {
    const roles = await loadRoles(db, { tenantId: viewer.tenantId, roleId: key.roleId, userId: null, further: false })
    const able = permissionSet(roles, { scopes: key.scopes, fields: key.allowedFields })
    const missing = beyond(able, viewer.access.lasting)
    if (missing.length > 0)
      errors.push({
        code: 'PRIVILEGE_ESCALATION',
        message: 'The key could do what you may not do.',
        field: path,
        details: { missing },
      })
  }
  if (viewer.kind !== 'apiKey') return errors
  const [own] = await db.rows<{ key: Pick<Limits, 'allowedIps' | 'expiresAt'> }>({
    text: `SELECT json_build_object('allowedIps', k.allowed_ips, 'expiresAt', k.expires_at) AS key FROM api_key k WHERE k.tenant_id = $1 AND k.id = $2`,
    values: [viewer.tenantId, viewer.credentialId],
  })
  const { allowedIps, expiresAt } = own?.key ?? NO_LIMITS
  const near = key.allowedIps.length > 0 && key.allowedIps.every((ip) => allowedIps.some((own) => holdsRange(own, ip)))
  const soon = key.expiresAt !== null && expiresAt !== null && Date.parse(key.expiresAt) <= Date.parse(expiresAt)
  for (const [name, kept] of [
    ['allowedIps', allowedIps.length === 0 || near],
    ['expiresAt', expiresAt === null || soon],
  ] as const) {
    if (kept) continue
    errors.push({
      code: 'PRIVILEGE_ESCALATION',
      message: `The key that asks is itself limited by ${name}, and this one would be less so.`,
      field: path[0] === 'input' ? ['input', name] : path,
    })
  }
  return errors
}

const uses = new WeakMap<Context, DataLoader<string, string | null>>()

/** When a key (plain uuid) was last used, RFC 3339, or null. One statement for all keys of an answer. */
export function lastUseOf(context: Context, viewer: Viewer, keyId: string): Promise<string | null> {
  let loader = uses.get(context)
  if (!loader) {
    loader = new DataLoader(
      async (ids) => {
        const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
          db.rows<{ id: string; at: Date }>({
            text: 'SELECT api_key_id AS id, last_used_at AS at FROM api_key_use WHERE tenant_id = $1 AND api_key_id = ANY ($2::uuid[])',
            values: [viewer.tenantId, ids],
          }),
        )
        const found = new Map(rows.map(({ id, at }) => [id, at.toISOString()]))
        return ids.map((id) => found.get(id) ?? null)
      },
      { cache: false },
    )
    uses.set(context, loader)
  }
  return loader.load(keyId)
}
