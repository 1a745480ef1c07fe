import type { CompanyName, Concept, PersonName, Profile } from './profile.ts'
import { editSimilarity, jaroWinkler, wordSimilarity, wordsSimilarity } from './similar.ts'
import { calledAlike, EAST_ASIAN, loose, type Street } from './texts.ts'

export const METHODS = ['EXACT', 'NORMALIZED', 'FUZZY'] as const
export type Method = (typeof METHODS)[number]

/** One field of a rule. */
export interface Matcher {
  concept: Concept
  method: Method
  /** Points when both records have the same. */
  weight: number
}

/**
 * How much of a field's weight is lost when both records have it and differ: what people rarely have two of counts against a match, what they have
 * several of hardly does. (Fellegi and Sunter: log of how often duplicates differ in it, against how often others do.)
 */
const AGAINST: Record<Concept, number> = {
  person: 0.6,
  firstName: 0.6,
  lastName: 0.7,
  company: 0.7,
  email: 0.05,
  phone: 0.05,
  domain: 0.1,
  taxNo: 0.5,
  registrationNo: 0.5,
  street: 0.4,
  city: 0.6,
  state: 0.8,
  postalCode: 0.5,
  birthday: 0.5,
  externalId: 0,
}

/** What is compared at once goes first: often it shows that the rest cannot make a match any more. */
const DEAR: Partial<Record<Concept, number>> = { person: 1, firstName: 1, lastName: 1, city: 1, street: 2, company: 3 }
/** The most that a field's likeness may be: a mobile phone is more than a phone. */
const MOST: Partial<Record<Concept, number>> = { phone: 1.3 }

/** Matchers in the order in which they are best asked. */
export function inOrder(matchers: readonly Matcher[]): Matcher[] {
  return [...matchers].sort((a, b) => (DEAR[a.concept] ?? 0) - (DEAR[b.concept] ?? 0))
}

/**
 * Points for a pair: each field that both have adds up to its weight when they agree, something between for a likeness, and takes away when they differ;
 * what one of them does not have says nothing. Of two who share the family name and have other given names a telephone that may be their house’s says nothing
 * either.
 *
 * @param threshold When it cannot be reached any more, what has come together so far is the answer.
 */
export function pointsOf(a: Profile, b: Profile, matchers: readonly Matcher[], threshold = -Infinity): number {
  let open = 0
  for (const { concept, weight } of matchers) open += weight * (MOST[concept] ?? 1)
  let points = 0
  let shared = 0
  for (const { concept, method, weight } of matchers) {
    open -= weight * (MOST[concept] ?? 1)
    const found = method === 'FUZZY' ? likeness(concept, a, b) : sameness(concept, a, b, method)
    if (found !== null) points += weight * (found < 0 ? found * AGAINST[concept] : found)
    if (points + open < threshold) return points
    if (concept === 'phone' && found === 1) shared = weight
  }
  return shared > 0 && a.person && b.person && ofOneHouse(a.person, b.person) ? points - shared : points
}

/** 1 the same, -1 another, between them a likeness; null when one of the two has nothing. */
export function likeness(concept: Concept, a: Profile, b: Profile): number | null {
  switch (concept) {
    case 'person':
      return a.person && b.person ? personLikeness(a.person, b.person) : null
    case 'firstName':
      return wordLists(a.person?.given ?? [], b.person?.given ?? [])
    case 'lastName':
      return wordLists(a.person?.family ?? [], b.person?.family ?? [])
    case 'company':
      return a.company && b.company ? companyLikeness(a.company, b.company) : null
    case 'phone':
      return phoneLikeness(a, b)
    case 'street':
      return streetLikeness(a.streets, b.streets)
    case 'city':
      return a.city && b.city ? cityLikeness(a.city, b.city) : null
    case 'postalCode':
      return a.postalCode && b.postalCode ? codeLikeness(a.postalCode, b.postalCode) : null
    case 'birthday':
      return a.birthday && b.birthday ? dayLikeness(a.birthday, b.birthday) : null
    case 'email':
      return emailLikeness(a.emails, b.emails)
    default:
      return sameness(concept, a, b, 'NORMALIZED')
  }
}

/** 1 or -1 for values that must be equal, as written or normalised; null when one of the two has nothing. */
function sameness(concept: Concept, a: Profile, b: Profile, method: Method): number | null {
  const [mine, other] =
    method === 'EXACT' ? [a.exact(concept), b.exact(concept)] : [normal(concept, a), normal(concept, b)]
  if (mine.length === 0 || other.length === 0) return null
  return mine.some((one) => other.includes(one)) ? 1 : -1
}

const sorted = (list: string[]): string[] => (list.length === 0 ? [] : [list.map(loose).sort().join(' ')])
const some = (one: string | null): string[] => (one === null ? [] : [one])

/** The values of a profile that equal those of another spelling. */
export function normal(concept: Concept, profile: Profile): string[] {
  switch (concept) {
    case 'person':
      return some(profile.person?.sorted ?? null)
    case 'firstName':
      return sorted(profile.person?.given ?? [])
    case 'lastName':
      return sorted(profile.person?.family ?? [])
    case 'company':
      return some(profile.company?.sorted ?? null)
    case 'email':
      return profile.emails
    case 'phone':
      return profile.phones
    case 'domain':
      return profile.domains
    case 'street':
      return profile.streets.map(({ text }) => text)
    default:
      return some(profile[concept])
  }
}

/** A similarity of 0 to 1 as evidence of -1 to 1. */
function evidence(similarity: number): number {
  if (similarity >= 0.999) return 1
  if (similarity >= 0.9) return 0.75 + (similarity - 0.9) * 2
  if (similarity >= 0.7) return (similarity - 0.7) * 3.75
  if (similarity >= 0.5) return -(0.7 - similarity) * 5
  return -1
}

function wordLists(a: string[], b: string[]): number | null {
  return a.length === 0 || b.length === 0 ? null : evidence(nameSimilarity(a, b))
}

/** Lists of words of a name, joined ones too: Anna Maria, Annamaria. */
function nameSimilarity(a: string[], b: string[]): number {
  const [one, other] = [a.join(''), b.join('')]
  if (loose(one) === loose(other)) return 1
  return a.length === 1 && b.length === 1
    ? Math.max(wordSimilarity(one, other), calledAlike(one, other) ? 0.9 : 0)
    : Math.max(wordsSimilarity(a, b), wordSimilarity(one, other))
}

const chinese = (words: string[]): boolean => EAST_ASIAN.test(words[0] ?? '')
/** Of a name's evidence, how much the family name brings. */
const FAMILY = 0.55

function personLikeness(a: PersonName, b: PersonName): number {
  const [east, other] = [chinese(a.all), chinese(b.all)]
  // 王伟 and Wang Wei may be one; nothing is known of it.
  if (east !== other) return 0
  if (east) {
    const [one, two] = [a.all.join(''), b.all.join('')]
    if (one === two) return 1
    // Each character of such a name is a name by itself.
    return Math.min(one.length, two.length) >= 4 && editSimilarity(one, two) >= 0.75 ? 0.4 : -1
  }
  if (a.sorted === b.sorted) return 1
  // Who has a number in their name is told from others by it: Door 3, Tester 12.
  if (a.numerals !== b.numerals) return -1
  const whole = evidence(nameSimilarity([...a.all].sort(), [...b.all].sort()))
  if (whole === 1 || a.family.length === 0 || b.family.length === 0) return whole
  const straight = pairLikeness(a.given, a.family, b.given, b.family)
  const crossed = 0.9 * pairLikeness(a.given, a.family, b.family, b.given)
  return Math.max(straight, crossed)
}

function pairLikeness(given: string[], family: string[], otherGiven: string[], otherFamily: string[]): number {
  const first = wordLists(given, otherGiven)
  const last = wordLists(family, otherFamily)
  // Who shares the family name and has another given name is of the same house.
  if (first !== null && first < -0.7) return Math.min(-0.5, first * (1 - FAMILY) + (last ?? 0) * FAMILY)
  return (first ?? 0) * (1 - FAMILY) + (last ?? 0) * FAMILY
}

/** Do two names share the family name and clearly not the given one: parents and children, not one person twice. */
function ofOneHouse(a: PersonName, b: PersonName): boolean {
  if (chinese(a.all) || chinese(b.all)) {
    const [one, two] = [a.all.join(''), b.all.join('')]
    return chinese(a.all) && chinese(b.all) && one[0] === two[0] && editSimilarity(one, two) < 0.75
  }
  const [first, last] = [wordLists(a.given, b.given), wordLists(a.family, b.family)]
  if (first === null || last === null || first > -0.7 || last < 0.75) return false
  // An initial is anybody’s, and a given name in the place of the family name the other way round.
  const [one, two] = [a.given.join(''), b.given.join('')]
  return Math.min(one.length, two.length) > 1 && !b.family.includes(one) && !a.family.includes(two)
}

function companyLikeness(a: CompanyName, b: CompanyName): number {
  if (a.loose === b.loose || a.sorted === b.sorted) return 1
  if (a.numerals !== b.numerals)
    return a.numerals === '' || b.numerals === '' ? Math.min(0.4, companyEvidence(a, b)) : -1
  return companyEvidence(a, b)
}

function companyEvidence(a: CompanyName, b: CompanyName): number {
  const [short, long] = a.joined.length <= b.joined.length ? [a, b] : [b, a]
  if (a.eastAsian || b.eastAsian) {
    // Chinese names are made of common parts (北京 … 科技): one character of difference is much.
    const edits = editSimilarity(a.joined, b.joined)
    const inside =
      short.joined.length >= 4 && long.joined.includes(short.joined)
        ? 0.72 + 0.2 * (short.joined.length / long.joined.length)
        : 0
    return evidence(Math.max(edits >= 0.8 ? edits : edits - 0.1, inside))
  }
  const words = wordsSimilarity(a.words, b.words)
  if (words >= 0.999) return 1
  const [few, many] = a.words.length <= b.words.length ? [a, b] : [b, a]
  const inside = few.joined.length >= 4 && few.words.every((word) => many.words.includes(word)) ? 0.84 : 0
  const joined =
    short.joined.length >= 5 ? Math.min(jaroWinkler(a.joined, b.joined), editSimilarity(a.joined, b.joined) + 0.08) : 0
  return evidence(Math.min(0.97, Math.max(words, joined, inside)))
}

function phoneLikeness(a: Profile, b: Profile): number | null {
  if (a.phones.length === 0 || b.phones.length === 0) return null
  const same = a.phones.filter((one) => b.phones.includes(one))
  if (same.length === 0) return -1
  // A switchboard is many people’s, a mobile phone is one’s.
  return same.some((one) => a.mobiles.includes(one) || b.mobiles.includes(one)) ? 1.3 : 1
}

function emailLikeness(a: string[], b: string[]): number | null {
  if (a.length === 0 || b.length === 0) return null
  if (a.some((one) => b.includes(one))) return 1
  for (const one of a) {
    for (const other of b) {
      const [local, domain] = one.split('@') as [string, string]
      const [otherLocal, otherDomain] = other.split('@') as [string, string]
      // A slip of the finger, or another mailbox of somebody with the same handle.
      if (
        local.length >= 5 &&
        (domain === otherDomain
          ? !/\d/.test(local + otherLocal) && editSimilarity(local, otherLocal) >= 0.85
          : local === otherLocal || (editSimilarity(domain, otherDomain) >= 0.85 && local === otherLocal))
      )
        return 0.35
    }
  }
  return -1
}

function streetLikeness(a: Street[], b: Street[]): number | null {
  let best: number | null = null
  for (const one of a) for (const other of b) best = Math.max(best ?? -1, oneStreet(one, other))
  return best
}

function oneStreet(a: Street, b: Street): number {
  if (a.text === b.text) return 1
  const words =
    a.words.length === 0 || b.words.length === 0
      ? 0.6
      : Math.max(wordsSimilarity(a.words, b.words), sharedPart(a.words, b.words))
  const [x, y] = [a.numbers, b.numbers]
  const number =
    x.length === 0 || y.length === 0
      ? 0
      : x.some((one) => y.includes(one))
        ? 1
        : x.some((one) => y.some((other) => near(one, other)))
          ? 0.3
          : -1
  if (words >= 0.8) return number === 1 ? Math.min(1, 0.6 + words * 0.4) : number === 0 ? 0.6 : number > 0 ? 0.5 : 0.1
  if (words >= 0.6) return number === 1 ? 0.65 : number === 0 ? 0.2 : number > 0 ? 0.1 : -0.5
  return number === 1 ? -0.2 : -1
}

/** The share of the shorter list of words that the other has too: a line more or less (a building, a suite) says little. */
function sharedPart(a: string[], b: string[]): number {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a]
  const hits = few.filter((word) => many.some((other) => wordSimilarity(word, other) >= 0.85)).length
  return few.length >= 2 ? (hits / few.length) * 0.9 : 0
}

/** Numbers between which lies one slip: a digit wrong, missing, or two exchanged. */
function near(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || Math.max(a.length, b.length) < 2) return false
  return slips(a, b) <= 1
}

function slips(a: string, b: string): number {
  if (a.length === b.length) {
    const wrong = [...a].flatMap((char, at) => (char === b[at] ? [] : [at]))
    if (
      wrong.length === 2 &&
      wrong[1] === (wrong[0] as number) + 1 &&
      a[wrong[0] as number] === b[wrong[1] as number] &&
      a[wrong[1] as number] === b[wrong[0] as number]
    )
      return 1
    return wrong.length
  }
  return Math.round((1 - editSimilarity(a, b)) * Math.max(a.length, b.length))
}

function cityLikeness(a: string, b: string): number {
  if (a === b) return 1
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (short.length >= 2 && (` ${long} `.includes(` ${short} `) || (EAST_ASIAN.test(short) && long.startsWith(short))))
    return 0.7
  return Math.min(
    0.85,
    evidence(
      Math.max(wordsSimilarity(a.split(' '), b.split(' ')), Math.min(jaroWinkler(a, b), editSimilarity(a, b) + 0.12)),
    ),
  )
}

function codeLikeness(a: string, b: string): number {
  if (a === b) return 1
  return a.length >= 4 && slips(a, b) <= 1 ? 0.5 : -1
}

function dayLikeness(a: string, b: string): number {
  if (a === b) return 1
  const [year, month, day] = parts(a)
  const [otherYear, otherMonth, otherDay] = parts(b)
  const monthDay = month === otherMonth && day === otherDay
  if (year === '' || otherYear === '') return monthDay ? 0.5 : -1
  if (year === otherYear && month === otherDay && day === otherMonth) return 0.7
  if (slips(a.replaceAll('-', ''), b.replaceAll('-', '')) <= 1) return 0.6
  if (monthDay) return 0.25
  return year === otherYear && (month === otherMonth || day === otherDay) ? 0.15 : -1
}

const parts = (day: string): [string, string, string] => [
  day.slice(0, -6).replace(/^-*$/, ''),
  day.slice(-5, -3),
  day.slice(-2),
]
