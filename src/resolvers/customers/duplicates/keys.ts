import type { Profile } from './profile.ts'
import { EAST_ASIAN, STREET_KINDS } from './texts.ts'

/** Counts up when keys are made otherwise than before: the keys of all records are then made again. */
export const KEYS_VERSION = 1

/** The keys of a record: two records are compared when they share one. `strong` ones are those that duplicates made at the same moment share. */
export interface Keys {
  all: bigint[]
  strong: bigint[]
}

/**
 * A word as it sounds, roughly: its first letter and the next three groups of consonants (Soundex, which endings and doubled letters do not change).
 * East Asian words sound as they are written.
 */
export function sound(word: string): string {
  if (word === '' || EAST_ASIAN.test(word)) return word
  let code = ''
  let last = GROUPS[word.charCodeAt(0) - 97] ?? '0'
  for (let at = 1; at < word.length && code.length < 3; at++) {
    const group = GROUPS[word.charCodeAt(at) - 97] ?? '0'
    if (group !== '0' && group !== last) code += group
    // h and w part nothing.
    if (group !== '-') last = group
  }
  return word.charAt(0) + code.replaceAll('-', '')
}
const GROUPS = '0123012-022455012623010202'
  .split('')
  .map((group, at) => ('hw'.includes(String.fromCharCode(97 + at)) ? '-' : group))

/** The keys of a profile: several ways to find it, so that no one slip hides a pair. */
export function keysOf(profile: Profile): Keys {
  const strong = new Set<string>()
  const weak = new Set<string>()
  const { person, company, streets, city, postalCode, birthday } = profile
  for (const one of profile.emails) strong.add(`e ${one}`)
  for (const one of profile.phones) strong.add(`p ${one}`)
  if (profile.taxNo) strong.add(`t ${profile.taxNo}`)
  if (profile.registrationNo) strong.add(`r ${profile.registrationNo}`)
  if (profile.externalId) weak.add(`x ${profile.externalId}`)
  for (const one of profile.domains) weak.add(`d ${one}`)
  const street = streets[0]
  const main = street ? sound(mainWord(street.words)) : ''
  const place = postalCode ?? city
  if (company) {
    strong.add(`c ${company.sorted}`)
    // One slip is in the beginning or in the end of a name.
    const size = company.eastAsian ? 4 : 6
    weak.add(`ch ${company.loose.slice(0, size)}`)
    weak.add(`ct ${company.loose.slice(-size)}`)
  }
  if (person) {
    const { given, family, all } = person
    strong.add(`n ${person.sorted}`)
    if (given.length > 0 && family.length > 0) {
      const sounds = [sound(given.join('')), sound(family.join(''))].sort()
      weak.add(`s ${sounds.join(' ')}`)
    }
    if (place) for (const word of all) weak.add(`np ${word.slice(0, 3)} ${place}`)
    if (main) for (const word of all) weak.add(`ns ${word.slice(0, 3)} ${main}`)
    if (birthday) {
      weak.add(`b ${birthday.slice(-5)} ${birthday.slice(0, -6)}`)
      for (const word of all) weak.add(`nb ${sound(word)} ${birthday.slice(-5)}`)
    }
  }
  if (street) {
    const first = sound(street.words[0] ?? '')
    for (const number of street.numbers.slice(0, 2))
      for (const word of [main, first]) if (word) weak.add(`a ${number} ${word}`)
    if (place && main) weak.add(`ap ${main} ${place}`)
    if (place && street.numbers[0]) weak.add(`an ${street.numbers[0]} ${place}`)
  }
  const exact = [...strong].map(hashOf)
  return { all: [...new Set([...exact, ...[...weak].map(hashOf)])], strong: exact }
}

/** The word of a street by which it is known: the longest. */
function mainWord(list: string[]): string {
  const names = list.filter((word) => !STREET_KINDS.has(word))
  return (names.length > 0 ? names : list).reduce((best, word) => (word.length > best.length ? word : best), '')
}

/** 64 bits of a key: leakproof to compare, and as long as any other key. Two that meet by chance cost a comparison and nothing more. */
export function hashOf(key: string): bigint {
  // Two multiplicative hashes of 32 bits that are mixed in the end (cyrb): a record has ten keys, and SHA would take longer than all else about it.
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  halves[0] = a
  halves[1] = b
  return whole[0] as bigint
}
const whole = new BigInt64Array(1)
const halves = new Uint32Array(whole.buffer)
