import { createHash } from 'node:crypto'
import { type GraphQLResolveInfo, getDirectiveValues, print } from 'graphql'
import type { Context, Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import type { Writer } from '../tenancy/tenancy.ts'

/** A key that the caller gave to one mutation field, and what the field asks. */
export interface IdempotencyKey {
  principal: string
  key: string
  requestHash: Buffer
}

/** The key of the field being resolved: @idempotent on it, else the header; null when there is none. */
export function idempotencyKey(
  context: Context,
  viewer: Viewer,
  args: unknown,
  info: GraphQLResolveInfo,
): IdempotencyKey | null {
  const directive = info.schema.getDirective('idempotent')
  const node = info.fieldNodes[0]
  const own =
    directive && node
      ? (getDirectiveValues(directive, node, info.variableValues)?.key as string | undefined)
      : undefined
  const key = own ?? context.idempotencyKey
  if (key === null || key === undefined) return null
  if (key.length < 1 || key.length > 255 || !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(key)) {
    throw requestError('BAD_USER_INPUT', {
      message: 'An idempotency key has 1 to 255 printable ASCII characters.',
      extensions: { field: ['Idempotency-Key'] },
    })
  }
  const fields = info.operation.selectionSet.selections.length
  if (own === undefined && fields > 1) {
    throw requestError('BAD_USER_INPUT', {
      message: 'The header Idempotency-Key goes with a single mutation; give each field its own key with @idempotent.',
      extensions: { field: ['Idempotency-Key'] },
    })
  }
  // The same request: the same field with the same arguments and the same selection, variables and fragments filled in.
  const request = JSON.stringify([
    info.fieldName,
    args,
    info.fieldNodes.map((one) => print(one)),
    Object.values(info.fragments).map((one) => print(one)),
    info.variableValues,
  ])
  return {
    principal: viewer.kind === 'user' ? `user:${viewer.userId}` : `${viewer.kind}:${viewer.credentialId}`,
    key,
    requestHash: createHash('sha256').update(request).digest(),
  }
}

/**
 * Takes the key for this transaction.
 *
 * @returns the stored answer of the first request, or null when this is the first.
 * @throws IDEMPOTENCY_IN_PROGRESS (409) while the first runs, IDEMPOTENCY_KEY_REUSED (422) when the first asked something else.
 */
export async function claimKey(
  db: Writer,
  viewer: Viewer,
  { principal, key, requestHash }: IdempotencyKey,
): Promise<unknown> {
  // Held to the end of the transaction: a second request with the key does not wait, it is told.
  const [lock] = await db.rows<{ taken: boolean }>({
    text: `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1)) AS taken`,
    values: [`${viewer.tenantId} ${principal} ${key}`],
  })
  if (!lock?.taken) throw requestError('IDEMPOTENCY_IN_PROGRESS')
  const [row] = await db.rows<{ same: boolean; response: unknown; expired: boolean }>({
    text: `SELECT request_hash = $4::bytea AS same, response, expires_at < now() AS expired FROM idempotency_record WHERE tenant_id = $1 AND principal = $2 AND key = $3`,
    values: [viewer.tenantId, principal, key, requestHash],
  })
  if (!row) return null
  if (row.expired) {
    await db.rows({
      text: `DELETE FROM idempotency_record WHERE tenant_id = $1 AND principal = $2 AND key = $3`,
      values: [viewer.tenantId, principal, key],
    })
    return null
  }
  if (!row.same) throw requestError('IDEMPOTENCY_KEY_REUSED')
  return row.response
}

/** Keeps the answer with the effect: both are committed or neither. */
export async function keepAnswer(
  db: Writer,
  viewer: Viewer,
  { principal, key, requestHash }: IdempotencyKey,
  response: unknown,
): Promise<void> {
  await db.rows({
    text: `INSERT INTO idempotency_record (tenant_id, principal, key, request_hash, response) VALUES ($1, $2, $3, $4, $5::jsonb)`,
    values: [viewer.tenantId, principal, key, requestHash, JSON.stringify(response)],
  })
}
