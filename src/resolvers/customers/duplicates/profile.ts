import type { UserErrorInfo } from '../../../errors.ts'
import { validationError } from '../../normalise.ts'
import type { Values } from '../../write.ts'
import { fullName } from '../person.ts'
import {
  cityKey,
  companyWords,
  domainKey,
  EAST_ASIAN,
  emailKey,
  fold,
  loose,
  numberKey,
  personWords,
  postalKey,
  type Street,
  streetOf,
} from './texts.ts'

/** What two records are compared by, whatever their type: a lead's company is compared with an account's name. */
export const CONCEPTS = [
  'person',
  'firstName',
  'lastName',
  'company',
  'email',
  'phone',
  'domain',
  'taxNo',
  'registrationNo',
  'street',
  'city',
  'state',
  'postalCode',
  'birthday',
  'externalId',
] as const
export type Concept = (typeof CONCEPTS)[number]

/** The types whose records are held against each other. */
export const OBJECTS = ['Account', 'Contact', 'Lead'] as const
export type DuplicateObject = (typeof OBJECTS)[number]

const PLACE = { street: 'street', city: 'city', state: 'state', postalCode: 'postalCode' } as const

/** The fields that a rule may name, by type: the closed list, each with what it is about. */
export const MATCHABLE: Record<DuplicateObject, Readonly<Record<string, Concept>>> = {
  Account: {
    name: 'company',
    email: 'email',
    phone: 'phone',
    domain: 'domain',
    taxNo: 'taxNo',
    registrationNo: 'registrationNo',
    ...PLACE,
    externalId: 'externalId',
  },
  Contact: {
    name: 'person',
    firstName: 'firstName',
    lastName: 'lastName',
    email: 'email',
    phone: 'phone',
    domain: 'domain',
    birthday: 'birthday',
    ...PLACE,
    externalId: 'externalId',
  },
  Lead: {
    name: 'person',
    firstName: 'firstName',
    lastName: 'lastName',
    companyName: 'company',
    email: 'email',
    phone: 'phone',
    domain: 'domain',
    ...PLACE,
    externalId: 'externalId',
  },
}

/** The fields of the record types that profiles are made of: a write of another one changes nothing about duplicates. Their columns stand in migration 0018 too. */
export const SOURCES: Record<DuplicateObject, readonly string[]> = {
  Account: [
    'name',
    'email',
    'phone',
    'website',
    'domains',
    'taxNo',
    'registrationNo',
    'billingAddress',
    'shippingAddress',
    'externalId',
  ],
  Contact: [
    'firstName',
    'lastName',
    'email',
    'emails',
    'phone',
    'mobile',
    'phones',
    'birthday',
    'address',
    'externalId',
  ],
  Lead: [
    'fullName',
    'firstName',
    'lastName',
    'companyName',
    'email',
    'emails',
    'phone',
    'mobile',
    'phones',
    'website',
    'address',
    'externalId',
  ],
}

/** A person's name in words; given and family empty where only the whole is known. */
export interface PersonName {
  given: string[]
  family: string[]
  all: string[]
  /** In one order, ä and ae alike: equal for the same name. */
  sorted: string
  /** The numbers in it, in one order. */
  numerals: string
}

/** A company's name: its words without the legal form, and what is asked of them again and again. */
export interface CompanyName {
  words: string[]
  joined: string
  /** Without spaces, ä and ae alike. */
  loose: string
  /** In one order, ä and ae alike: equal for the same company. */
  sorted: string
  /** The numbers in it, in one order. */
  numerals: string
  eastAsian: boolean
}

/** What is compared of a record, normalised. What it does not have is empty or null. */
export interface Profile {
  person: PersonName | null
  company: CompanyName | null
  emails: string[]
  phones: string[]
  /** Those of phones that belong to one person. */
  mobiles: string[]
  domains: string[]
  taxNo: string | null
  registrationNo: string | null
  streets: Street[]
  city: string | null
  state: string | null
  postalCode: string | null
  /** YYYY-MM-DD or --MM-DD. */
  birthday: string | null
  externalId: string | null
  /** The texts as they stand in the record but for case and width, for matchers that want them exact. */
  exact(concept: Concept): string[]
}

/** Is the type one whose records are held against each other. */
export function isMatched(name: string): name is DuplicateObject {
  return (OBJECTS as readonly string[]).includes(name)
}

/** The user error for another name in an argument `object`. */
export const unknownObject = (): UserErrorInfo =>
  validationError(['object'], 'choice', `must be one of ${OBJECTS.join(', ')}`)

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const texts = (...list: unknown[]): string[] => [
  ...new Set(list.filter((one): one is string => typeof one === 'string' && one !== '')),
]
const entries = (list: unknown, key: string): unknown[] =>
  Array.isArray(list) ? list.map((one) => (one as Record<string, unknown>)?.[key]) : []
const keys = (list: string[], key: (one: string) => string | null): string[] => [
  ...new Set(list.flatMap((one) => key(one) ?? [])),
]

// A mobile number of China tells by itself that it is one.
const MOBILE = /^\+861[3-9]\d{9}$/

/** What is compared of a record of a type, from its column values by field name as the database holds them (phones are E.164 already). */
export function profileOf(object: DuplicateObject, values: Values): Profile {
  const address = (object === 'Account' ? (values.billingAddress ?? values.shippingAddress) : values.address) as Record<
    string,
    unknown
  > | null
  const emails = texts(values.email, ...entries(values.emails, 'address'))
  const phones = texts(values.phone, values.mobile, ...entries(values.phones, 'number'))
  const pages = object === 'Contact' ? [] : texts(values.website, ...((values.domains as unknown[] | null) ?? []))
  const company = object === 'Account' ? text(values.name) : object === 'Lead' ? text(values.companyName) : ''
  const [first, last] = object === 'Account' ? ['', ''] : [text(values.firstName), text(values.lastName)]
  const whole = object === 'Account' ? '' : text(values.fullName) || (fullName(first, last) ?? '')
  let exact: Partial<Record<Concept, string[]>> | undefined
  const exactOf = (): Partial<Record<Concept, string[]>> => ({
    person: texts(whole).map(fold),
    firstName: texts(first).map(fold),
    lastName: texts(last).map(fold),
    company: texts(company).map(fold),
    email: emails,
    phone: phones,
    domain: keys(pages, domainKey),
    taxNo: texts(values.taxNo).map(fold),
    registrationNo: texts(values.registrationNo).map(fold),
    street: texts(address?.street).map(fold),
    city: texts(address?.city).map(fold),
    state: texts(address?.state).map(fold),
    postalCode: texts(address?.postalCode).map(fold),
    birthday: texts(values.birthday),
    externalId: texts(values.externalId),
  })
  const streets = texts(address?.street).flatMap((one) => streetOf(one) ?? [])
  return {
    person: personOf(first, last, whole),
    company: company === '' ? null : companyOf(company),
    emails: keys(emails, emailKey),
    phones,
    mobiles: phones.filter((one) => one === values.mobile || MOBILE.test(one)),
    domains: keys([...pages, ...emails], domainKey),
    taxNo: numberKey(text(values.taxNo)),
    registrationNo: numberKey(text(values.registrationNo)),
    streets,
    city: cityKey(text(address?.city)),
    state: cityKey(text(address?.state)),
    postalCode: postalKey(text(address?.postalCode)),
    birthday: text(values.birthday) || null,
    externalId: text(values.externalId) || null,
    exact(concept) {
      exact ??= exactOf()
      return exact[concept] ?? []
    },
  }
}

/** Digits are right or wrong in a name of a company, Chinese ones too: 第一中学 is not 第二中学. */
const NUMERALS = /\d+|[一二三四五六七八九十百]+(?=\P{L}|$|[中小厂建局院店号分连路])/gu

function companyOf(name: string): CompanyName | null {
  const list = companyWords(name)
  if (list.length === 0) return null
  const joined = list.join('')
  return {
    words: list,
    joined,
    loose: loose(joined),
    sorted: list.map(loose).sort().join(' '),
    numerals: (list.join(' ').match(NUMERALS) ?? []).sort().join(' '),
    eastAsian: EAST_ASIAN.test(joined),
  }
}

function personOf(first: string, last: string, whole: string): PersonName | null {
  if (whole === '') return null
  const all = personWords(EAST_ASIAN.test(whole) && first !== '' ? (fullName(first, last) ?? whole) : whole)
  if (all.length === 0) return null
  return {
    given: personWords(first),
    family: personWords(last),
    all,
    sorted: all.map(loose).sort().join(' '),
    numerals: (all.join(' ').match(/\d+/g) ?? []).sort().join(' '),
  }
}
