import { randomInt } from 'node:crypto'
import { refuse } from '../../checks.ts'
import { after, type Change } from '../../write.ts'

/** Fields of a lead that a form may ask for; members of the address by their path. */
export const CAPTURED: readonly string[] = [
  'fullName',
  'firstName',
  'lastName',
  'companyName',
  'title',
  'email',
  'phone',
  'mobile',
  'website',
  'industry',
  'employees',
  'description',
  'address.street',
  'address.city',
  'address.state',
  'address.postalCode',
  'address.countryCode',
]

/** A field of a form, as its row holds it. */
export interface CaptureField {
  field: string
  required?: boolean
  label?: string
}

/** What a form's key looks like. */
export const FORM_KEY = /^[0-9A-Za-z]{22}$/
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const HONEYPOT = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/

const newKey = () => Array.from({ length: 22 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')

/**
 * Rule of capture forms: the key is made here; they ask for fields of a lead, each once; one with double opt-in asks for the address to confirm; origins
 * are origins; the trap is none of the fields.
 */
export function writeCaptureForm(changes: Change[]): void {
  for (const change of changes) {
    const { before, values } = change
    if (!before) values.key = newKey()
    const fields = (after(change, 'fields') ?? []) as CaptureField[]
    if (Object.hasOwn(values, 'fields') || !before) checkFields(change, fields)
    const email = fields.find(({ field }) => field === 'email')
    if (after(change, 'doubleOptIn') === true && !email?.required)
      refuse(
        change,
        Object.hasOwn(values, 'fields') || !before ? 'fields' : 'doubleOptIn',
        'email',
        'needs email among the required fields for a double opt-in',
      )
    for (const [index, origin] of ((values.allowedOrigins ?? []) as string[]).entries()) {
      if (!isOrigin(origin))
        refuse(change, ['allowedOrigins', String(index)], 'origin', 'must be an origin such as https://www.example.com')
    }
    const honeypot = after(change, 'honeypot')
    if (typeof honeypot !== 'string') continue
    if (!HONEYPOT.test(honeypot))
      refuse(change, 'honeypot', 'name', 'must have up to 40 letters, digits, hyphens and underscores')
    else if (fields.some(({ field }) => field === honeypot) || TRACKED.has(honeypot))
      refuse(change, 'honeypot', 'once', 'must be none of the fields')
  }
}

/** What a page sends along about where the visitor came from: its name in an address or here → the lead's field. */
export const TRACKED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    utm_source: 'utmSource',
    utm_medium: 'utmMedium',
    utm_campaign: 'utmCampaign',
    utm_term: 'utmTerm',
    utm_content: 'utmContent',
    landing_url: 'landingUrl',
  })
    .flatMap(
      ([there, field]) =>
        [
          [there, field],
          [field, field],
        ] as [string, string][],
    )
    .concat([['referrer', 'referrer']]),
)

function checkFields(change: Change, fields: CaptureField[]): void {
  if (fields.length === 0) refuse(change, 'fields', 'required', 'must name at least one field')
  const seen = new Set<string>()
  for (const [index, { field }] of fields.entries()) {
    const path = ['fields', String(index), 'field']
    if (!CAPTURED.includes(field)) refuse(change, path, 'choice', `must be one of ${CAPTURED.join(', ')}`)
    else if (seen.has(field)) refuse(change, path, 'once', 'is named twice')
    seen.add(field)
  }
}

/** Scheme, host and port as a browser writes them in the header Origin; null is nobody's. */
function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text
}
