import type { Calendar } from './calendar.ts'
import { type createPeople, originOf, type Person } from './people.ts'
import { addressIn, type City, cityOf, type PhoneBook } from './places.ts'
import type { Profile } from './profile.ts'
import { dealer, type Random } from './random.ts'
import { type DemoAddress, type DemoRecord, filled, money, ref } from './types.ts'

/** The earliest day of the data, as an offset from today: a little less than eighteen months ago. */
export const FIRST_DAY = -545

const CONTACTS = 130

type Size = 'S' | 'M' | 'L' | 'XL'

const EMPLOYEES: Record<Size, [number, number]> = { S: [12, 80], M: [90, 450], L: [520, 2400], XL: [3200, 14_000] }

/** How many contacts beyond the first a customer may get. */
const EXTRA_CONTACTS: Record<Size, number> = { S: 1, M: 2, L: 3, XL: 4 }

/** How many titles at the head of the table belong to people who decide. */
const SENIOR = 3

/** What all parts of the making share. */
export interface Making {
  profile: Profile
  random: Random
  calendar: Calendar
  phones: PhoneBook
  person: ReturnType<typeof createPeople>
}

/** A contact on the way to its record. */
export interface DemoContact {
  key: string
  person: Person
  title: string
  department: string
  role: string
  email: string
  phone: string | undefined
  mobile: string | undefined
  customer: Customer
  /** Offset of the day it was entered. */
  since: number
  lastActivityAt?: string
}

/** An account on the way to its record; later steps fill in what happened to it. */
export interface Customer {
  key: string
  domain: string
  name: string
  /** The name as people say it, without the legal form. */
  short: string
  city: City
  address: DemoAddress
  industry: string
  size: Size
  parent: Customer | undefined
  currency: string
  /** Key of the owning user. */
  owner: string
  contacts: DemoContact[]
  /** Offset of the day it was entered. */
  since: number
  /** Times of the won deals, in order. */
  won: string[]
  hasDeal: boolean
  hasOpenDeal: boolean
  nextFollowUpAt?: string
  lastActivityAt?: string
  lastContent?: string
}

/** The currency of deals with customers of a country. */
export function currencyIn({ profile }: Making, countryCode: string): string {
  return profile.currencies[countryCode] ?? profile.tenant.baseCurrency
}

/** The user who looks after customers of a city. */
export function ownerIn({ profile }: Making, { state, countryCode }: City): string {
  const key = (state && profile.territories[state]) || profile.territories[countryCode] || 'rep'
  return `user:${key}`
}

function shortName(name: string): string {
  return name.replace(/有限公司$/, '').replace(/,? (GmbH|AG|KG|SAS|SARL|S\.[LA]\.|Ltd|Company)$/, '')
}

function roleOf(department: string, random: Random): string {
  if (/Purchasing|采购/.test(department)) return 'BUYER'
  if (/Finance|财务/.test(department)) return 'FINANCE'
  if (/IT|Engineering|Quality|信息|工艺|设备|质量/.test(department)) return 'EVALUATOR'
  return random.pick(['INFLUENCER', 'USER', 'USER'])
}

/** The accounts of the profile with their contacts; `since` is today until deals are known. */
export function makeCustomers(making: Making): Customer[] {
  const { profile, random } = making
  const byDomain = new Map<string, Customer>()
  for (const line of profile.accounts.trim().split('\n')) {
    const [domain, name, place, industry, size, parent] = line.split('|') as [
      string,
      string,
      string,
      string,
      Size,
      string,
    ]
    const city = cityOf(place)
    byDomain.set(domain, {
      key: `account:${byDomain.size + 1}`,
      domain: `${domain}.example`,
      name,
      short: shortName(name),
      city,
      address: addressIn(city, random),
      industry,
      size,
      parent: byDomain.get(parent),
      currency: currencyIn(making, city.countryCode),
      owner: size === 'XL' ? 'user:manager' : ownerIn(making, city),
      contacts: [],
      since: 0,
      won: [],
      hasDeal: false,
      hasOpenDeal: false,
    })
  }
  const customers = [...byDomain.values()]
  addContacts(making, customers)
  return customers
}

function addContacts(making: Making, customers: Customer[]) {
  const { profile, random, phones, person } = making
  const extra = dealer(
    random,
    customers.flatMap((customer) => Array<Customer>(EXTRA_CONTACTS[customer.size]).fill(customer)),
  )
  const counts = new Map(customers.map((customer) => [customer, 1]))
  for (let i = customers.length; i < CONTACTS; i++) {
    const customer = extra()
    counts.set(customer, counts.get(customer)! + 1)
  }
  let number = 0
  for (const [customer, count] of counts) {
    const origin = originOf(customer.city.countryCode)
    const titles = profile.titles[origin === 'zh' ? 'zh' : 'en']
    // The table runs from senior to junior: the first contact of a customer is the one who decides.
    const others = random.shuffle(titles.map((_, index) => index).slice(SENIOR))
    const chosen = [random.int(0, SENIOR - 1), ...others.slice(0, count - 1).sort((a, b) => a - b)]
    for (const [position, index] of chosen.entries()) {
      const [title, department] = titles[index]!
      const who = person(origin)
      customer.contacts.push({
        key: `contact:${++number}`,
        person: who,
        title,
        department,
        role: position === 0 ? 'DECISION_MAKER' : roleOf(department, random),
        email: `${who.mailbox}@${customer.domain}`,
        phone: random.chance(0.6) ? phones.landline(customer.city) : undefined,
        mobile: random.chance(0.85) ? phones.mobile(customer.city) : undefined,
        customer,
        since: 0,
      })
    }
  }
}

/**
 * Decides when customers and contacts were entered: before their first deal, parents not after their subsidiaries.
 * `firstDeal` gives the offset of a customer's first deal, `converted` those who came from a lead with that deal.
 */
export function dateCustomers(
  { random, calendar }: Making,
  customers: Customer[],
  firstDeal: Map<Customer, number>,
  converted: Set<Customer>,
) {
  // From the last to the first: a parent stands above its subsidiaries.
  for (const customer of customers.toReversed()) {
    const deal = firstDeal.get(customer)
    const before =
      deal === undefined ? random.int(-530, -20) : converted.has(customer) ? deal : deal - random.int(3, 90)
    customer.since = calendar.workday(Math.max(FIRST_DAY + 2, Math.min(before, customer.since || before)))
    const { parent } = customer
    if (parent) parent.since = Math.min(parent.since || customer.since, customer.since)
    for (const [position, contact] of customer.contacts.entries()) {
      const late = position === 0 ? customer.since : random.int(customer.since, deal ?? -2)
      contact.since = Math.max(customer.since, calendar.workday(late))
    }
  }
}

/** The Account, Contact and AccountContact records. */
export function customerRecords(making: Making, customers: Customer[]): DemoRecord[] {
  const contacts = customers.flatMap((customer) => customer.contacts)
  const accounts = customers.map((customer) => accountRecord(making, customer))
  const people = contacts.map((contact) => contactRecord(making, contact))
  const links = contacts.map((contact) => linkRecord(making, contact, contact.customer, true))
  // Whoever decides in a group has a say in its subsidiaries.
  const groupLinks = customers.flatMap((customer) => {
    const head = customer.parent?.contacts[0]
    return head ? [linkRecord(making, head, customer, false)] : []
  })
  return [...accounts, ...people, ...links, ...groupLinks]
}

function accountRecord(making: Making, customer: Customer): DemoRecord {
  const { profile, random, calendar, phones } = making
  const { name, city, size, parent, currency, domain, won } = customer
  const isCustomer = won.length > 0
  const employees = random.int(...EMPLOYEES[size])
  const rate = profile.rates[currency] ?? 1
  const revenue = Math.round((employees * random.int(...profile.revenuePerHead) * rate) / 100_000) * 100_000
  const about = profile.industries[customer.industry]!
  const stage = isCustomer ? 'CUSTOMER' : customer.hasOpenDeal ? 'OPPORTUNITY' : 'PROSPECT'
  return {
    type: 'Account',
    key: customer.key,
    createdAt: calendar.time(customer.since, 490),
    fields: filled({
      name,
      parentId: parent && ref(parent.key),
      type: isCustomer ? 'CUSTOMER' : !customer.hasDeal && random.chance(0.12) ? 'PARTNER' : 'PROSPECT',
      lifecycleStage: stage,
      status: 'ACTIVE',
      industry: about.label,
      ownership: parent ? 'SUBSIDIARY' : size === 'XL' ? 'PUBLIC' : 'PRIVATE',
      yearFounded: parent
        ? random.int(1996, 2016)
        : random.int(size === 'XL' ? 1951 : 1962, size === 'XL' ? 1989 : 2018),
      employees,
      annualRevenue: money(revenue * 100, currency),
      creditLimit: isCustomer
        ? money(Math.max(50_000, Math.round(revenue / 5_000_000) * 100_000) * 100, currency)
        : undefined,
      rating: isCustomer ? random.pick(['A', 'A', 'B']) : random.pick(['B', 'C', 'C']),
      website: `https://www.${domain}`,
      domains: [domain],
      phone: phones.landline(city),
      email: `${random.pick(['info', 'office', 'contact'])}@${domain}`,
      billingAddress: customer.address,
      shippingAddress: size !== 'S' && random.chance(0.4) ? addressIn(city, random) : undefined,
      sourceId: ref(`source:${random.pick(profile.sources).key}`),
      description: random.pick(about.about),
      nextFollowUpAt: customer.nextFollowUpAt,
      ownerId: ref(customer.owner),
    }),
    derived: filled({
      dealStatus: isCustomer ? 'WON' : 'NOT_WON',
      firstDealAt: won[0],
      lastDealAt: won.at(-1),
      lastActivityAt: customer.lastActivityAt,
      lastContent: customer.lastContent,
    }),
  }
}

const LANGUAGES: Record<string, string> = {
  CN: 'zh-CN',
  US: 'en-US',
  CA: 'en-CA',
  GB: 'en-GB',
  DE: 'de-DE',
  FR: 'fr-FR',
  ES: 'es-ES',
}

function birthday(random: Random): string {
  const day = `-${String(random.int(1, 12)).padStart(2, '0')}-${String(random.int(1, 28)).padStart(2, '0')}`
  return (random.chance(0.5) ? '-' : String(random.int(1963, 1996))) + day
}

function contactRecord({ random, calendar }: Making, contact: DemoContact): DemoRecord {
  const { person, customer } = contact
  const chinese = person.origin === 'zh'
  const salutation = chinese ? (person.female ? '女士' : '先生') : person.female ? 'Ms.' : 'Mr.'
  const head = customer.contacts[0]!
  return {
    type: 'Contact',
    key: contact.key,
    createdAt: calendar.time(contact.since, 500),
    fields: filled({
      salutation,
      firstName: person.firstName,
      lastName: person.lastName,
      title: contact.title,
      departmentName: contact.department,
      birthday: random.chance(0.3) ? birthday(random) : undefined,
      email: contact.email,
      phone: contact.phone,
      mobile: contact.mobile,
      address: random.chance(0.3) ? customer.address : undefined,
      language: LANGUAGES[customer.city.countryCode],
      doNotEmail: random.chance(0.03) || undefined,
      doNotCall: random.chance(0.03) || undefined,
      preferredChannel: random.pick(chinese ? ['WECHAT', 'WECHAT', 'PHONE'] : ['EMAIL', 'EMAIL', 'PHONE']),
      reportsToId: head !== contact && random.chance(0.5) ? ref(head.key) : undefined,
      status: 'ACTIVE',
      ownerId: ref(customer.owner),
    }),
    derived: filled({ lastActivityAt: contact.lastActivityAt }),
  }
}

function linkRecord({ calendar }: Making, contact: DemoContact, customer: Customer, home: boolean): DemoRecord {
  const since = Math.max(contact.since, customer.since)
  return {
    type: 'AccountContact',
    key: `accountContact:${customer.key}:${contact.key}`,
    createdAt: calendar.time(since, 510),
    fields: {
      accountId: ref(customer.key),
      contactId: ref(contact.key),
      role: home ? contact.role : 'INFLUENCER',
      isPrimary: home,
      isActive: true,
    },
  }
}
