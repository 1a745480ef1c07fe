import { may, requireRight } from '../../../access/decide.ts'
import { requestError, type UserErrors } from '../../../errors.ts'
import { newId } from '../../../ids.ts'
import { recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { enqueueJob, nextDaily } from '../../platform/job.ts'
import type { Written } from '../../records.ts'
import {
  asRows,
  asTable,
  type Change,
  checkReferences,
  columnsOf,
  forbidden,
  type Input,
  readInput,
  type WriteContext,
} from '../../write.ts'
import { keysOf, lockCustomer, meet } from './conflict.ts'

/** The kind of job that ends what is over, and when it does so, in the company's time zone. */
export const EXPIRY = 'REGISTRATION_EXPIRY'
const DAILY_AT = '00:20'

/**
 * Registers a customer for the caller, or, with the right to transfer, for somebody else. The customer is looked for in the whole company first; of two who register the
 * same one at the same moment the first has it.
 *
 * Errors: VALIDATION_FAILED, FIELD_FORBIDDEN, NOT_FOUND, FORBIDDEN, USER_INACTIVE, REGISTRATION_INCOMPLETE, REGISTRATION_CONFLICT, PROTECTION_ACTIVE.
 */
export async function submitRegistration(
  context: WriteContext,
  { registrantId: named, ...input }: Input,
): Promise<Written> {
  const { db, viewer } = context
  const { tenantId } = viewer
  requireRight(viewer, 'create', 'CustomerRegistration')
  const type = recordType('CustomerRegistration')
  const change: Change = { id: newId(), path: ['input'], before: null, values: {}, input, errors: [] }
  readInput(type, change, viewer)
  await checkReferences(type, [change], context)
  const registrantId = await registrantOf(context, named, change)
  const { values, errors } = change
  const [companyName, taxNo, phone] = [values.companyName, values.taxNo, values.contactPhone] as (string | null)[]
  const missing = [...(companyName ? [] : ['companyName']), ...(taxNo || phone ? [] : ['taxNo', 'contactPhone'])]
  if (missing.length > 0 && errors.every(({ details }) => (details as { rule?: string })?.rule === 'required'))
    return { id: null, errors: [incomplete(missing)] }
  if (errors.length > 0 || registrantId === null) return { id: null, errors }
  const keys = keysOf(companyName as string, taxNo ?? null, phone ?? null)
  await lockCustomer(context, keys)
  const pathOf = (field: string) => ['input', field]
  const { refusal, conflicts } = await meet(context, keys, { registrantId, pathOf })
  if (refusal) return { id: null, errors: [refusal] }
  values.conflicts = conflicts
  const columns = [...columnsOf(type).values()].filter(({ name }) => Object.hasOwn(values, name))
  await db.rows({
    text: `INSERT INTO customer_registration (tenant_id, id, registrant_id, name_key, tax_key, phone_key, submitted_at, ${columns.map(({ column }) => ident(column)).join(', ')})
 SELECT $1::uuid, x.id, $3::uuid, $4::text, $5::text, $6::text, clock_timestamp(), ${columns.map(({ name }) => `x.${ident(name)}`).join(', ')} FROM ${asTable(columns, 2, 'x')}`,
    values: [tenantId, asRows([change], columns), registrantId, keys.name, keys.taxNo, keys.phone],
  })
  await enqueueJob(db, tenantId, {
    kind: EXPIRY,
    key: 'registrationExpiry',
    dailyAt: DAILY_AT,
    runAt: nextDaily(DAILY_AT, viewer.timezone),
  })
  return { id: change.id, errors: [] }
}

const incomplete = (missing: string[]): UserErrors['errors'][number] => ({
  code: 'REGISTRATION_INCOMPLETE',
  message: 'A customer is registered by name and by tax number or telephone number.',
  field: ['input', missing[0] as string],
  details: { missing },
})

/** uuid of whose customer it is to be: the caller's, or that of an active user whom they may give records to. Null with an error. */
async function registrantOf({ db, viewer }: WriteContext, named: unknown, { errors }: Change): Promise<string | null> {
  const field = ['input', 'registrantId']
  const wanted = named == null ? viewer.userId : (uuidOf('User', named) ?? NO_ID)
  if (!wanted)
    throw requestError('FORBIDDEN', {
      message: {
        en: 'Customers are registered for users: say for whom, or use a user’s token.',
        zhCN: '报备必须归属于用户：请指明用户，或使用用户的令牌。',
      },
    })
  if (wanted !== viewer.userId && !may(viewer, 'transfer', 'CustomerRegistration')) {
    errors.push(forbidden('CustomerRegistration.transfer', field))
    return null
  }
  const [user] = await db.rows<{ active: boolean }>({
    text: `SELECT status = 'ACTIVE' AS active FROM app_user WHERE tenant_id = $1 AND id = $2 AND contact_id IS NULL AND deleted_at IS NULL FOR SHARE`,
    values: [viewer.tenantId, wanted],
  })
  if (!user) errors.push({ code: 'NOT_FOUND', message: 'There is no such User.', field })
  else if (!user.active) errors.push({ code: 'USER_INACTIVE', message: 'The user does not work here now.', field })
  return user?.active ? wanted : null
}
