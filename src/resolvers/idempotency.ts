import { createHash } from 'node:crypto'
import { type GraphQLResolveInfo, getDirectiveValues, Kind, print } from 'graphql'
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
export function idempotencyKey(context: Context, viewer: Viewer, info: GraphQLResolveInfo): IdempotencyKey | null {
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
  return {
    principal: viewer.kind === 'user' ? `user:${viewer.userId}` : `${viewer.kind}:${viewer.credentialId}`,
    key,
    requestHash: createHash('sha256').update(requestOf(info)).digest(),
  }
}

/**
 * What a field asks, as text: its selection, the fragments and the variables, as the client sent them. Not the field's nodes, nor its arguments: those of an
 * operation that is compiled (http/compile.ts), which it is from its second use on, are rewritten, and a retry must look like the first request.
 */
function requestOf(info: GraphQLResolveInfo): string {
  const { operation, path, variableValues } = info
  const { sentFragments = info.fragments } = info as { sentFragments?: GraphQLResolveInfo['fragments'] }
  const selections = operation.selectionSet.selections.filter(
    (one) => one.kind !== Kind.FIELD || (one.alias ?? one.name).value === path.key,
  )
  const names = (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value)
  return JSON.stringify([
    info.fieldName,
    selections.map((one) => print(one)),
    Object.values(sentFragments).map((one) => print(one)),
    names.map((name) => [name, sortKeys(variableValues[name])]),
  ])
}

/** The same JSON value with its objects' keys in one order. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  )
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
