import type { UserErrorInfo } from '../../errors.ts'
import type { Mode } from '../../read/access.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { formatMoney, NO_ID, uuidOf } from '../../read/values.ts'
import { normalise, validationError } from '../normalise.ts'
import { lockTargets, type Written } from '../records.ts'
import type { Values, WriteContext } from '../write.ts'
import type { States } from './states.ts'

/** The answer of a verb that did nothing. */
export const refused = (...errors: UserErrorInfo[]): Written => ({ id: null, errors })

/** Errors of a verb within another, where that one has its argument. */
export const at = (errors: UserErrorInfo[], field = ['id']): UserErrorInfo[] =>
  errors.map((error) => ({ ...error, field }))

/** Errors of an approval, where a verb of contracts and money has its argument. */
export const aboutRecord = (errors: UserErrorInfo[]): UserErrorInfo[] =>
  errors.map((error) => (error.field?.[0] === 'recordId' ? { ...error, field: ['id'] } : error))

/** INVALID_STATE by a state machine: from where it stands, the step is not there. */
export function wrongState<State extends string>(
  states: States<State>,
  from: State,
  to: State,
  field = ['id'],
): UserErrorInfo {
  const message = `What is ${from} cannot become ${to}.`
  return { code: 'INVALID_STATE', message, field, details: { from, to, allowed: states[from] } }
}

/** An amount (ten-thousandths) as errors tell it: decimal text. */
export const amountText = (amount: bigint): string => formatMoney(String(amount))

/** A record that a verb is about, as it stands, locked; or why it is not to be had. */
export type Found = { id: string; before: Values } | { errors: UserErrorInfo[] }

/** Locks the one record that a verb names by its id: NOT_FOUND, FORBIDDEN and STALE_VERSION stand in the errors. */
export async function lockOne(
  context: WriteContext,
  typeName: string,
  { id, expectedVersion }: { id: string; expectedVersion?: number | null },
  action: Exclude<Mode, 'read'>,
): Promise<Found> {
  const target = { id: uuidOf(typeName, id) ?? NO_ID, expectedVersion: expectedVersion ?? null }
  const [change] = await lockTargets(context, recordType(typeName), [target], { action, pathOf: () => ['id'] })
  if (!change?.before || change.errors.length > 0) return { errors: change?.errors ?? [] }
  return { id: change.id, before: change.before }
}

/** Reads a text that a verb must be given, by the rules of a field of the type. */
export function readReason(
  { viewer }: WriteContext,
  typeName: string,
  fieldName: string,
  given: string,
): { reason: string } | UserErrorInfo {
  const result = normalise(fieldOf(recordType(typeName), fieldName), given, viewer)
  if ('rule' in result) return validationError(['reason'], result.rule, result.message)
  return result.ok === null ? validationError(['reason'], 'required', 'is required') : { reason: result.ok as string }
}
