import { searchKey } from '../../../read/filter.ts'
import type { WriteContext } from '../../write.ts'
import { protectedUntil } from './protection.ts'

/** By what a customer is recognised: normalised, null where nothing is known. */
export interface CustomerKeys {
  /** As they were written, for the search by index. */
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

/** Words that say what kind of company it is and not which. */
const FORMS = new Set(
  'ltd limited inc incorporated corp corporation co company llc llp lp plc gmbh mbh ag kg ohg ug sa sas sarl srl spa sl slu bv nv pty pte sdn bhd oy oyj ab as asa aps kk zoo sp'.split(
    ' ',
  ),
)
const CHINESE_FORM = /(股份有限公司|有限责任公司|集团有限公司|有限公司|股份公司|集团公司|总公司|分公司|公司|集团)$/u
/** Of words that are in more names than that the name as a whole is looked for. */
const MOST = 2000

/** A company's name as names are compared: folded, without punctuation and legal form, so that 上海测试有限公司 and 上海测试（集团）公司 are one, and so are Acme and ACME, Inc. */
export function companyKey(name: string): string {
  const words = wordsOf(name)
  const told = words.filter((word) => !FORMS.has(word))
  // Of signs alone they are the name.
  return bare((told.length > 0 ? told : words).join('')) || searchKey(name)
}

/** A Chinese name without the forms at its end; as it is when it is nothing else. */
function bare(name: string): string {
  const shorter = name.replace(CHINESE_FORM, '')
  return shorter === name || shorter === '' ? name : bare(shorter)
}

/** The words of a name that all of its spellings have in common, for the search by index. */
function telling(name: string): string[] {
  const words = wordsOf(name).filter((word) => !FORMS.has(word))
  const parts = words.map(bare).filter((word) => word.replace(CHINESE_FORM, '') !== '')
  return parts.length > 0 ? parts : [companyKey(name)]
}

const wordsOf = (name: string) =>
  searchKey(name)
    .replaceAll('.', '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)

/** A tax number as numbers are compared: capitals and digits alone. */
export const taxKey = (taxNo: string | null | undefined): string | null =>
  taxNo
    ? taxNo
        .normalize('NFKC')
        .toUpperCase()
        .replace(/[^0-9A-Z]/g, '') || null
    : null

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
const NAMES = { Account: 'name', Lead: 'company_name' }

/** Records of a type like that: candidates by the index of parts of names, which also holds numbers, looked at closely here. */
async function recordsLike(
  { db, viewer }: WriteContext,
  keys: CustomerKeys,
  type: 'Account' | 'Lead',
): Promise<RegistrationMatch[]> {
  const table = type.toLowerCase()
  const more = type === 'Account' ? `, ${protectedUntil('t')} AS "protectedUntil"` : ''
  const { companyName, taxNo } = keys.written
  // The index knows numbers as they stand in the record.
  const numbers = new Set([keys.taxNo && searchKey(keys.taxNo), taxNo && searchKey(taxNo), keys.phone])
  const searches = [telling(companyName), ...[...numbers].flatMap((one) => (one ? [[one]] : []))]
  const ids = searches
    .map((_words, place) => `SELECT unnest(atrium.search_${table}($${place + 3}::text[], ${MOST}))`)
    .join(' UNION ')
  const rows = await db.rows<Found>({
    text: `SELECT t.id, ${READ[type]}${more} FROM ${table} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL${type === 'Lead' ? " AND t.status <> 'CONVERTED'" : ''}
 AND t.id IN (${ids} UNION SELECT n.id FROM ${table} n WHERE n.tenant_id = $1 AND n.deleted_at IS NULL AND n.${NAMES[type]} = $2) ORDER BY t.created_at, t.id`,
    values: [viewer.tenantId, companyName, ...searches],
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
