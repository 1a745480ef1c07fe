import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js'

/** What can be done with a text to tidy it up: name of the enum and its values. */
export const OPERATIONS = {
  TRIM: 'Takes away space at both ends.',
  COLLAPSE_SPACES: 'Makes one space of several, and of line breaks and tabs.',
  HALF_WIDTH: 'Makes ordinary letters, digits and signs of full-width ones, 全角转半角: ＡＢＣ → ABC.',
  TITLE_CASE:
    'Begins words with a capital that are written in capitals only, or in small letters only: JOHN o’neil → John O’neil.',
  UPPER_CASE: 'Makes capitals of all letters.',
  LOWER_CASE: 'Makes small letters of all letters.',
  EMAIL: 'Writes an e-mail address as such: small letters, without spaces and mailto:.',
  PHONE: 'Writes a telephone number in E.164, by the company’s country where it has none; leaves what is no number.',
  URL: 'Writes an internet address as such: with https:// where it has no scheme, its host in small letters.',
} as const

export type Operation = keyof typeof OPERATIONS

/** What is to be done with one field. */
export interface NormalisationRule {
  /** Name of a text field, or of a member of a structured one: name, address.city. */
  field: string
  /** Done in the order of OPERATIONS, whatever the order here. */
  operations: Operation[]
  /** Spellings and what they become, whatever the case; after the operations. */
  map: { from: string[]; to: string }[]
  /** Words that mean nothing, whatever the case: the value is cleared. */
  empty: string[]
}

const DOMAIN =
  /^[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)+(?::\d+)?(?:[/?#].*)?$/u

const DO: Record<Operation, (text: string, country: string) => string> = {
  TRIM: (text) => text.trim(),
  COLLAPSE_SPACES: (text) => text.replace(/\s+/gu, ' '),
  HALF_WIDTH: (text) =>
    text
      .replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
      .replace(/\u3000/g, ' '),
  TITLE_CASE: (text) =>
    text.replace(/[\p{L}\p{M}’']+/gu, (word) =>
      word === word.toUpperCase() || word === word.toLowerCase()
        ? word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
        : word,
    ),
  UPPER_CASE: (text) => text.toUpperCase(),
  LOWER_CASE: (text) => text.toLowerCase(),
  EMAIL: (text) =>
    text
      .replace(/\s+/gu, '')
      .replace(/^mailto:/i, '')
      .toLowerCase(),
  PHONE: (text, country) => {
    const phone = parsePhoneNumberFromString(text, country as CountryCode)
    return phone?.isPossible() ? phone.number : text
  },
  URL: (text) => {
    const whole = /^https?:\/\//i.test(text) ? text : DOMAIN.test(text) ? `https://${text}` : null
    if (!whole || !URL.canParse(whole)) return text
    return whole.replace(/^(https?:\/\/[^/?#]*)/i, (head) => head.toLowerCase())
  },
}

const ORDER = Object.keys(OPERATIONS) as Operation[]
const fold = (text: string) => text.normalize('NFKC').trim().toLowerCase()

/** A text as a rule makes it; null where it means nothing. Done again with what came out, it changes nothing more. */
export function tidy(text: string, rule: NormalisationRule, country: string): string | null {
  let made = text
  for (const operation of ORDER) if (rule.operations.includes(operation)) made = DO[operation](made, country)
  const key = fold(made)
  if (key === '' || rule.empty.some((word) => fold(word) === key)) return null
  for (const { from, to } of rule.map) if (from.some((spelling) => fold(spelling) === key)) return to
  return made
}

/** Words that forms and spreadsheets leave where nothing was said. */
export const EMPTY_WORDS = ['Select', '-', '--', 'n/a', 'na', 'null', 'none', 'nil', 'unknown', '无', '暂无', '未知']
