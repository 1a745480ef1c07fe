import { isNativeError } from 'node:util/types'
import { RequestError, requestError, UserErrors } from '../errors.ts'

/** SQLSTATEs and socket errors after which the same request may well succeed: connection lost, server starting or stopping, too busy, writers in each other's way. */
const AWAY =
  /^(08...|40001|40P01|53...|57P0[1-5]|25006|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH)$/
const AWAY_MESSAGE =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Client was closed|Cannot use a pool after/

/**
 * What a failed bracket throws: request errors and user errors as they are, an absent database as SERVICE_UNAVAILABLE, an overlong statement as TIMEOUT,
 * everything else unchanged, to become INTERNAL.
 */
export function databaseError(error: unknown): unknown {
  if (error instanceof RequestError || error instanceof UserErrors || !isNativeError(error)) return error
  const code = String((error as { code?: unknown }).code ?? '')
  if (code === '57014') return requestError('TIMEOUT')
  if (AWAY.test(code) || AWAY_MESSAGE.test(error.message)) {
    return requestError('SERVICE_UNAVAILABLE', { headers: { 'Retry-After': '2' } })
  }
  return error
}
