import { searchKey } from '../../../read/filter.ts'
import { keysOf } from '../../customers/duplicates/keys.ts'
import { profileOf } from '../../customers/duplicates/profile.ts'
import { companyWords, numberKey } from '../../customers/duplicates/texts.ts'
import type { WriteContext } from '../../write.ts'
import { protectedUntil } from './protection.ts'

/** By what a customer is recognised: normalised, null where nothing is known. */
export interface CustomerKeys {
  /** As they were written. */
  written: { companyName: string; taxNo: string | null }
  name: string
  taxNo: string | null
  /** E.164. */
  phone: string | null
}

/** A record that stands for the same customer. */
export interface RegistrationMatch {
  object: 'Account' | 'Lead' | 'CustomerRegistration'
  /** uuid. */
  id: string
  name: string
  ownerId: string | null
  /** Since when it is there. */
  since: Date
  /** Of registrations and of protected companies. */
  protectedUntil: Date | null
  /** What is the same. */
  by: ('NAME' | 'TAX_NO' | 'PHONE')[]
  /** Is it surely the same customer: the same tax number; or the same name or number, where no two tax numbers say otherwise. */
  exact: boolean
}

/** Records of a type that are looked at closely, the oldest first. */
const MOST = 100

/** A company's name as duplicates are told by: 上海测试有限公司 and 上海测试（集团）公司 are one, and so are Acme and ACME, Inc. */
export const companyKey = (name: string): string => companyWords(name).join(' ') || searchKey(name)

/** A tax number as duplicates are told by. */
export const taxKey = (taxNo: string | null | undefined): string | null => (taxNo ? numberKey(taxNo) : null)

/**
 * What is known of a customer in the whole company, also what the caller may not see: companies, leads and live registrations with the same name, tax number
 * or telephone number. The one place that knows how customers are recognised here.
 */
export async function registrationMatches(context: WriteContext, keys: CustomerKeys): Promise<RegistrationMatch[]> {
  return [
    ...(await registrations(context, keys)),
    ...(await recordsLike(context, keys, 'Account')),
    ...(await recordsLike(context, keys, 'Lead')),
  ]
}

async function registrations({ db, viewer }: WriteContext, keys: CustomerKeys): Promise<RegistrationMatch[]> {
  const rows = await db.rows<Found & { protectedUntil: Date | null }>({
    text: `SELECT id, company_name AS name, registrant_id AS "ownerId", submitted_at AS since, protected_until AS "protectedUntil", ARRAY[tax_key] AS "taxNos", ARRAY[phone_key] AS phones
 FROM customer_registration WHERE tenant_id = $1 AND deleted_at IS NULL AND status IN ('SUBMITTED', 'APPROVED') AND (status = 'SUBMITTED' OR protected_until > now())
 AND (name_key = $2 OR tax_key = $3 OR phone_key = $4) ORDER BY submitted_at, id LIMIT 20`,
    values: [viewer.tenantId, keys.name, keys.taxNo, keys.phone],
  })
  return rows.flatMap((row) => match('CustomerRegistration', row, keys))
}

interface Found {
  id: string
  name: string
  ownerId: string | null
  since: Date
  protectedUntil?: Date | null
  taxNos: (string | null)[]
  phones: (string | null)[]
}

/** What is read of a candidate, by type. */
const READ = {
  Account: `t.name, t.owner_id AS "ownerId", t.created_at AS since, ARRAY[t.tax_no, t.registration_no] AS "taxNos", ARRAY[t.phone] AS phones`,
  Lead: `coalesce(t.company_name, '') AS name, t.owner_id AS "ownerId", t.created_at AS since, ARRAY[]::text[] AS "taxNos", ARRAY[t.phone, t.mobile] AS phones`,
}

/** Records of a type like that: found by the keys by which duplicates are, looked at closely here. */
async function recordsLike(
  { db, viewer }: WriteContext,
  keys: CustomerKeys,
  type: 'Account' | 'Lead',
): Promise<RegistrationMatch[]> {
  const table = type.toLowerCase()
  const more = type === 'Account' ? `, ${protectedUntil('t')} AS "protectedUntil"` : ''
  const { companyName, taxNo } = keys.written
  const { strong } = keysOf(profileOf('Account', { name: companyName, taxNo, phone: keys.phone }))
  const rows = await db.rows<Found>({
    text: `SELECT t.id, ${READ[type]}${more} FROM ${table} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL${type === 'Lead' ? " AND t.status <> 'CONVERTED'" : ''}
 AND t.id IN (SELECT k.record_id FROM duplicate_key k WHERE k.tenant_id = $1 AND k.object = '${type}' AND k.key = ANY ($2::bigint[])) ORDER BY t.created_at, t.id LIMIT ${MOST}`,
    values: [viewer.tenantId, strong.map(String)],
  })
  return rows.flatMap((row) => match(type, row, keys))
}

function match(object: RegistrationMatch['object'], row: Found, keys: CustomerKeys): RegistrationMatch[] {
  const { id, name, ownerId, since } = row
  const by: RegistrationMatch['by'] = []
  const taxNos = row.taxNos.map(taxKey).filter((one) => one !== null)
  if (name !== '' && companyKey(name) === keys.name) by.push('NAME')
  if (keys.taxNo !== null && taxNos.includes(keys.taxNo)) by.push('TAX_NO')
  if (keys.phone !== null && row.phones.includes(keys.phone)) by.push('PHONE')
  if (by.length === 0) return []
  const others = keys.taxNo !== null && taxNos.length > 0 && !taxNos.includes(keys.taxNo)
  return [{ object, id, name, ownerId, since, protectedUntil: row.protectedUntil ?? null, by, exact: !others }]
}
