import { describe, expect, it } from '@jest/globals'
import { likeness, pointsOf } from '../../src/resolvers/customers/duplicates/compare.ts'
import { DEFAULTS } from '../../src/resolvers/customers/duplicates/defaults.ts'
import { keysOf, sound } from '../../src/resolvers/customers/duplicates/keys.ts'
import { shortened } from '../../src/resolvers/customers/duplicates/match.ts'
import { type DuplicateObject, type Profile, profileOf } from '../../src/resolvers/customers/duplicates/profile.ts'
import { editSimilarity, jaroWinkler, wordSimilarity } from '../../src/resolvers/customers/duplicates/similar.ts'
import {
  cityKey,
  companyWords,
  domainKey,
  emailKey,
  fold,
  numberKey,
  personWords,
  postalKey,
  streetOf,
} from '../../src/resolvers/customers/duplicates/texts.ts'

describe('a text', () => {
  it.each([
    ['ＡＢＣ　１２', 'abc 12'],
    ['Éclair', 'eclair'],
    ['Łódź', 'lodz'],
    ['Straße', 'strasse'],
    ['ｶﾀｶﾅ', 'カタカナ'],
    ['東華貿易', '东华贸易'],
  ])('is folded: %s → %s', (from, to) => expect(fold(from)).toBe(to))
})

describe('a name of a company', () => {
  it.each([
    ['Acme Ltd.', 'acme'],
    ['ACME Limited', 'acme'],
    ['Acme, Inc', 'acme'],
    ['Acme GmbH & Co. KG', 'acme'],
    ['Acme G.m.b.H.', 'acme'],
    ['Acme S.A.', 'acme'],
    ['Acme S.p.A', 'acme'],
    ['Acme Pty Ltd', 'acme'],
    ['The Acme Company, LLC', 'acme'],
    ['Acme Inc. Berlin', 'acme berlin'],
    ["Arnie Morton's", 'arnie mortons'],
    ['Arnie Morton’s', 'arnie mortons'],
    ['深圳市蓝海科技有限公司', '深圳市蓝海科技'],
    ['蓝海科技股份有限公司', '蓝海科技'],
    ['蓝海科技有限责任公司', '蓝海科技'],
    ['蓝海集团', '蓝海'],
    ['蓝海（中国）有限公司', '蓝海中国'],
    ['蓝海(中国)有限公司', '蓝海中国'],
    ['蓝海有限公司上海分公司', '蓝海上海分公司'],
    ['トヨタ自動車株式会社', 'トヨタ自动车'],
    ['Group', 'group'],
    ['Holdings Ltd', 'holdings'],
    ['有限公司', '有限公司'],
  ])('loses its legal form: %s → %s', (from, to) => expect(companyWords(from).join(' ')).toBe(to))
})

it('reads names of people: titles and apostrophes go, Chinese ones are one word', () => {
  expect(personWords('Dr. Sinéad O’Neil-Byrne')).toEqual(['sinead', 'oneil', 'byrne'])
  expect(personWords('欧阳 娜娜')).toEqual(['欧阳娜娜'])
})

it('reads e-mail addresses: lower case, without a tag, dots as they are', () => {
  expect(emailKey('Ada.Byron+news@Mail.Example')).toBe('ada.byron@mail.example')
  expect(emailKey('+x@mail.example')).toBe('+x@mail.example')
  expect(emailKey('nobody')).toBeNull()
})

it('reads domains from pages and mailboxes, those of free providers aside', () => {
  expect(domainKey('https://www.Acme.example:8080/about?x#y')).toBe('acme.example')
  expect(domainKey('info@acme.example')).toBe('acme.example')
  expect(domainKey('somebody@qq.com')).toBeNull()
  expect(domainKey('localhost')).toBeNull()
})

it('reads numbers: letters and digits, upper case; a dash is none', () => {
  expect(numberKey('de 123-456.789')).toBe('DE123456789')
  expect(numberKey('９１３１００００')).toBe('91310000')
  expect(numberKey('-')).toBeNull()
  expect(numberKey('0000')).toBeNull()
  expect(postalKey('90210-1234')).toBe('90210')
  expect(postalKey('SW1A 1AA')).toBe('sw1a1aa')
})

describe('a street', () => {
  it.each([
    ['435 S. La Cienega Blv.', '435 s la cienega boulevard'],
    ['837 Second Ave.', '837 2nd Avenue'],
    ['Hauptstr. 12', 'Hauptstraße 12'],
    ['长江路88号', '长江路 88'],
    ['007 Main St', '7 Main Street'],
  ])('has one form: %s, %s', (a, b) => expect(streetOf(a)?.text).toBe(streetOf(b)?.text))

  it('keeps its numbers apart', () => expect(streetOf('Unit 3, 21b Baker St')?.numbers).toEqual(['3', '21b']))
})

it('reads towns', () => {
  expect(cityKey('上海市')).toBe(cityKey('上海'))
  expect(cityKey('St. Louis')).toBe(cityKey('Saint Louis'))
})

it('measures likeness', () => {
  expect(jaroWinkler('martha', 'marhta')).toBeCloseTo(0.961, 3)
  expect(jaroWinkler('dixon', 'dicksonx')).toBeCloseTo(0.813, 3)
  expect(jaroWinkler('abc', 'xyz')).toBe(0)
  expect(editSimilarity('kitten', 'sitting')).toBeCloseTo(1 - 3 / 7)
  expect(wordSimilarity('mueller', 'muller')).toBe(1)
  expect(wordSimilarity('deli', 'delicatessen')).toBe(0.9)
  expect(wordSimilarity('3', '4')).toBe(0)
  expect(sound('robert')).toBe(sound('rupert'))
  expect(sound('王')).toBe('王')
})

it('shortens names to their first and last letter, whatever their length', () => {
  expect(shortened('Acme Ltd')).toBe('A***d')
  expect(shortened('王伟')).toBe('王***')
  expect(shortened('王小伟')).toBe('王***伟')
})

const person = (more: Record<string, unknown>): Profile =>
  profileOf('Contact', { firstName: 'Ada', lastName: 'Byron', ...more })

it('takes what is missing for nothing, and what differs for something', () => {
  expect(likeness('birthday', person({ birthday: '1980-01-02' }), person({}))).toBeNull()
  expect(likeness('birthday', person({ birthday: '1980-01-02' }), person({ birthday: '1980-02-01' }))).toBeGreaterThan(
    0,
  )
  expect(likeness('birthday', person({ birthday: '1980-01-02' }), person({ birthday: '1955-07-30' }))).toBe(-1)
  expect(likeness('birthday', person({ birthday: '--01-02' }), person({ birthday: '1980-01-02' }))).toBe(0.5)
  expect(likeness('person', person({}), profileOf('Contact', { firstName: 'Byron', lastName: 'Ada' }))).toBe(1)
  expect(likeness('person', person({}), profileOf('Contact', { firstName: '伟', lastName: '王' }))).toBe(0)
})

it('has a key in common for two records that differ by one slip in each field but one', () => {
  const address = { street: '12 Baker Street', city: 'London', postalCode: 'NW1 6XE' }
  const one = profileOf('Contact', { firstName: 'Katherine', lastName: 'Harrington', birthday: '1980-04-03', address })
  const two = profileOf('Contact', {
    firstName: 'Kathrine',
    lastName: 'Harington',
    birthday: '1980-04-05',
    address: { ...address, street: '12 Bakre Street', city: 'Londn' },
  })
  const keys = new Set(keysOf(one).all)
  expect(keysOf(two).all.some((key) => keys.has(key))).toBe(true)
})

/** Draws the same numbers each time. */
function dice(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

type Made = { entity: number; profile: Profile }

/** How well the default rule finds what belongs together, by the keys and the points that the product uses. */
function f1(object: DuplicateObject, records: Made[]): number {
  const { matchers, threshold } = DEFAULTS[object]
  const blocks = new Map<bigint, number[]>()
  records.forEach(({ profile }, at) => {
    for (const key of keysOf(profile).all) blocks.set(key, [...(blocks.get(key) ?? []), at])
  })
  const seen = new Set<string>()
  let [hits, found, truth] = [0, 0, 0]
  for (const block of blocks.values()) {
    if (block.length > 50) continue
    for (const a of block) {
      for (const b of block) {
        if (a >= b || seen.has(`${a} ${b}`)) continue
        seen.add(`${a} ${b}`)
        const [one, other] = [records[a] as Made, records[b] as Made]
        if (pointsOf(one.profile, other.profile, matchers, threshold) < threshold) continue
        found++
        if (one.entity === other.entity) hits++
      }
    }
  }
  const sizes = new Map<number, number>()
  for (const { entity } of records) sizes.set(entity, (sizes.get(entity) ?? 0) + 1)
  for (const size of sizes.values()) truth += (size * (size - 1)) / 2
  return (2 * hits) / (found + truth)
}

/** A text with one slip of the finger. */
function slip(text: string, roll: (most: number) => number): string {
  const letters = [...text]
  if (letters.length < 3) return text
  const at = 1 + roll(letters.length - 2)
  const kind = roll(3)
  if (kind === 0) letters.splice(at, 1)
  else if (kind === 1) letters.splice(at, 0, 'e')
  else letters.splice(at - 1, 2, letters[at] as string, letters[at - 1] as string)
  return letters.join('')
}

const SYLLABLES = 'ba be bo da do fen gar hol jun ka lin mar nor pel quin ros sten tor ul ver win yat zel'.split(' ')
const HANZI = '明华东海山林雪云建国志强丽芳宇晨佳敏涛磊静婷洋勇军杰娟艳超秀霞平刚桂英'

describe('the rules that a company begins with', () => {
  const roll = dice(7)
  const name = (parts: number) => Array.from({ length: parts }, () => SYLLABLES[roll(SYLLABLES.length)]).join('')
  const hanzi = (count: number) => Array.from({ length: count }, () => HANZI[roll(HANZI.length)]).join('')
  const maybe = <T>(value: T): T | null => (roll(10) === 0 ? null : value)

  it('find people again in spite of slips and gaps', () => {
    const records: Made[] = []
    for (let entity = 0; entity < 800; entity++) {
      const east = entity % 4 === 0
      const base = {
        firstName: east ? hanzi(1 + roll(2)) : name(2),
        lastName: east ? (['王', '李', '张', '刘', '陈'][roll(5)] as string) : name(2 + roll(2)),
        birthday: `19${40 + roll(60)}-0${1 + roll(9)}-${10 + roll(19)}`,
        mobile: `+1303${2_000_000 + entity * 37}`,
        email: `${name(3)}${entity}@mail.example`,
        address: {
          street: `${1 + roll(300)} ${name(3)} Street`,
          city: name(3),
          postalCode: String(10_000 + roll(80_000)),
        },
      }
      records.push({ entity, profile: profileOf('Contact', base) })
      if (entity % 2) continue
      const twin = {
        firstName: roll(2) ? slip(base.firstName, roll) : base.firstName,
        lastName: roll(3) ? base.lastName : slip(base.lastName, roll),
        birthday: maybe(base.birthday),
        mobile: roll(3) ? null : base.mobile,
        email: roll(3) ? null : base.email,
        address: maybe({ ...base.address, street: slip(base.address.street, roll) }),
      }
      records.push({ entity, profile: profileOf('Contact', twin) })
    }
    expect(f1('Contact', records)).toBeGreaterThan(0.97)
  })

  it('find companies again with other legal forms, telephone numbers and gaps', () => {
    const records: Made[] = []
    const forms = ['Ltd', 'GmbH', 'Inc.', 'S.A.', 'LLC', '']
    const formsZh = ['有限公司', '股份有限公司', '有限责任公司', '集团', '']
    for (let entity = 0; entity < 800; entity++) {
      const east = entity % 3 === 0
      const core = east
        ? `${['上海', '北京', '重庆'][roll(3)]}${hanzi(3)}${['科技', '贸易', '电子'][roll(3)]}`
        : `${name(3)} ${['Trading', 'Systems', 'Foods', 'Medical'][roll(4)]}`
      const form = () => (east ? formsZh[roll(5)] : ` ${forms[roll(6)]}`)
      const base = {
        phone: `+1202${2_000_000 + entity * 91}`,
        email: `info@${name(4)}${entity}.example`,
        billingAddress: { street: `${1 + roll(300)} ${name(3)} Road`, city: name(3) },
      }
      records.push({ entity, profile: profileOf('Account', { name: core + form(), ...base }) })
      if (entity % 2) continue
      const written = roll(3) || east ? core : slip(core, roll)
      const twin = {
        phone: roll(2) ? base.phone : null,
        email: maybe(base.email),
        billingAddress: maybe(base.billingAddress),
      }
      records.push({ entity, profile: profileOf('Account', { name: written.toUpperCase() + form(), ...twin }) })
    }
    expect(f1('Account', records)).toBeGreaterThan(0.95)
  })
})

describe('people of one house', () => {
  const contact = (values: Record<string, unknown>) =>
    profileOf('Contact', { address: { street: '12 Oak Street', city: 'Salem', postalCode: '97301' }, ...values })
  const { matchers, threshold } = DEFAULTS.Contact
  const same = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    pointsOf(contact(a), contact(b), matchers, threshold) >= threshold
  const phone = '+12025550143'

  it('are not one person for their address and their telephone', () => {
    const richard = { firstName: 'Richard', lastName: 'Ferrari', phone }
    expect(same(richard, { firstName: 'Sandra', lastName: 'Ferrari', phone })).toBe(false)
    expect(same(richard, { firstName: 'Richard', lastName: 'Ferari', phone })).toBe(true)
    expect(same({ lastName: '王伟', phone }, { lastName: '王芳', phone })).toBe(false)
    expect(same({ lastName: '王伟', phone }, { lastName: '王伟', phone })).toBe(true)
  })

  it('are the same by their own address of mail, by an initial, and by what they are called', () => {
    const robert = { firstName: 'Robert', lastName: 'Miller', phone }
    const email = 'miller@mail.example'
    expect(same({ ...robert, email }, { firstName: 'Sandra', lastName: 'Miller', phone, email })).toBe(true)
    for (const firstName of ['R', 'Bob', 'Rob'])
      expect(same(robert, { firstName, lastName: 'Miller', phone })).toBe(true)
    expect(same(robert, { firstName: 'Bill', lastName: 'Miller', phone })).toBe(false)
  })
})
