import { currencyIn, FIRST_DAY, type Making, ownerIn } from './customers.ts'
import { originOf, type Person } from './people.ts'
import { addressIn, type City, cityOf } from './places.ts'
import type { Deal } from './sales.ts'
import { type DemoAddress, type DemoFields, type DemoRecord, filled, money, ref } from './types.ts'

type Status = 'NEW' | 'ASSIGNED' | 'WORKING' | 'NURTURING' | 'QUALIFIED' | 'UNQUALIFIED' | 'RECYCLED'

/** Leads that did not become customers, by status: 35; with the five converted ones 40. Days ago from, to. */
const PLAN: { status: Status; count: number; ago: [number, number] }[] = [
  { status: 'NEW', count: 7, ago: [1, 5] },
  { status: 'ASSIGNED', count: 5, ago: [2, 12] },
  { status: 'WORKING', count: 8, ago: [6, 45] },
  { status: 'NURTURING', count: 4, ago: [40, 200] },
  { status: 'QUALIFIED', count: 5, ago: [10, 40] },
  { status: 'UNQUALIFIED', count: 4, ago: [30, 400] },
  { status: 'RECYCLED', count: 2, ago: [90, 300] },
]

type Rating = 'HOT' | 'WARM' | 'COLD'

const RATINGS: Record<Status, Rating[]> = {
  NEW: ['WARM'],
  ASSIGNED: ['WARM'],
  WORKING: ['WARM', 'HOT'],
  NURTURING: ['COLD', 'WARM'],
  QUALIFIED: ['HOT'],
  UNQUALIFIED: ['COLD'],
  RECYCLED: ['COLD'],
}

/** The least score of a rating, out of 100. */
const SCORES: Record<Rating, number> = { HOT: 75, WARM: 45, COLD: 10 }

/** A lead on the way to its record; `since` is the offset of the day it came in. */
export interface DemoLead {
  key: string
  status: Status | 'CONVERTED'
  /** The key of its owner; new ones have none. */
  owner: string | undefined
  since: number
  person: Person
  companyName: string
  companyShort: string
  city: City
  record: DemoRecord
}

interface Company {
  domain: string
  name: string
  city: City
  industry: string
  address: DemoAddress
  phone: string
}

function companies({ profile, random, phones }: Making): Company[] {
  return profile.leads
    .trim()
    .split('\n')
    .map((line) => {
      const [domain, name, place, industry] = line.split('|') as [string, string, string, string]
      const city = cityOf(place)
      const label = profile.industries[industry]!.label
      return {
        domain: `${domain}.example`,
        name,
        city,
        industry: label,
        address: addressIn(city, random),
        phone: phones.landline(city),
      }
    })
}

/** All leads, those of deals that began as one last. */
export function makeLeads(making: Making, deals: Deal[]): DemoLead[] {
  const { random, calendar } = making
  const pool = random.shuffle(companies(making))
  const leads: DemoLead[] = []
  for (const { status, count, ago } of PLAN) {
    for (let i = 0; i < count; i++) {
      const since = calendar.workday(-random.int(...ago))
      leads.push(openLead(making, `lead:${leads.length + 1}`, status, since, pool[leads.length % pool.length]!))
    }
  }
  for (const deal of deals) if (deal.fromLead) leads.push(convertedLead(making, `lead:${leads.length + 1}`, deal))
  return leads
}

/** Where it came from; paid and web sources carry what the visitor's address said. */
function origin({ profile, random, calendar }: Making, since: number): DemoFields {
  const source = random.pick(profile.sources)
  const sourceId = ref(`source:${source.key}`)
  if (source.platform !== 'WEB' && source.platform !== 'ADS') return { sourceId, channel: source.platform }
  const [year = '', month = ''] = calendar.date(since).split('-')
  const campaign = random.pick(profile.campaigns)
  return {
    sourceId,
    channel: source.platform,
    utmSource: source.platform === 'ADS' ? 'search' : 'newsletter',
    utmMedium: source.platform === 'ADS' ? 'cpc' : 'email',
    utmCampaign: campaign.replace('{year}', year).replace('{quarter}', String(Math.ceil(Number(month) / 3))),
    landingUrl: `https://www.${profile.mailDomain}/${random.pick(['products', 'contact', 'pricing'])}`,
    totalVisits: random.int(1, 9),
    timeOnSite: random.int(40, 1900),
  }
}

function title({ profile, random }: Making, person: Person): string {
  return random.pick(profile.titles[person.origin === 'zh' ? 'zh' : 'en'])[0]
}

/** What the lead may be worth: the price of one main product, rounded, in the currency of its country. */
function expectedAmount(making: Making, countryCode: string) {
  const { profile, random } = making
  const currency = currencyIn(making, countryCode)
  const product = random.pick(profile.products.filter(({ use }) => use === 'main'))
  const amount = product.price * product.quantity[0] * (profile.rates[currency] ?? 1)
  return money(Math.round(amount / 1000) * 1000 * 100, currency)
}

function openLead(making: Making, key: string, status: Status, since: number, company: Company): DemoLead {
  const { profile, random, calendar, phones } = making
  const { city } = company
  const person = making.person(originOf(city.countryCode))
  const owner = status === 'NEW' ? undefined : ownerIn(making, city)
  const answered = status !== 'NEW' && status !== 'ASSIGNED'
  const alive = answered && status !== 'UNQUALIFIED' && status !== 'RECYCLED'
  const rating = random.pick(RATINGS[status])
  const reasons =
    status in profile.leadReasons ? profile.leadReasons[status as keyof typeof profile.leadReasons] : undefined
  const fields = filled({
    fullName: person.fullName,
    firstName: person.firstName,
    lastName: person.lastName,
    companyName: company.name,
    title: title(making, person),
    email: `${person.mailbox}@${company.domain}`,
    phone: company.phone,
    mobile: random.chance(0.7) ? phones.mobile(city) : undefined,
    website: `https://www.${company.domain}`,
    address: company.address,
    industry: company.industry,
    employees: random.int(15, 600),
    status,
    statusReason: reasons && random.pick(reasons),
    rating,
    score: SCORES[rating] + random.int(0, 20),
    ...origin(making, since),
    expectedAmount: alive || status === 'NEW' ? expectedAmount(making, city.countryCode) : undefined,
    description: random.pick(profile.leadNotes),
    assignedAt: owner && calendar.time(since, 660),
    firstResponseAt: answered ? calendar.time(since, 690 + random.int(0, 240)) : undefined,
    nextFollowUpAt: alive ? calendar.time(calendar.nextWorkday(random.int(1, 20)), 600) : undefined,
    ownerId: owner && ref(owner),
  })
  const record: DemoRecord = { type: 'Lead', key, createdAt: calendar.time(since, 600), fields }
  return { key, status, owner, since, person, companyName: company.name, companyShort: company.name, city, record }
}

function convertedLead(making: Making, key: string, deal: Deal): DemoLead {
  const { random, calendar } = making
  const { customer } = deal
  const contact = deal.contacts[0]!
  const { person } = contact
  const since = calendar.workday(Math.max(FIRST_DAY + 2, deal.since - random.int(8, 40)))
  const fields = filled({
    fullName: person.fullName,
    firstName: person.firstName,
    lastName: person.lastName,
    companyName: customer.name,
    title: contact.title,
    email: contact.email,
    phone: contact.phone,
    mobile: contact.mobile,
    website: `https://www.${customer.domain}`,
    address: customer.address,
    industry: making.profile.industries[customer.industry]!.label,
    status: 'CONVERTED',
    rating: 'HOT',
    score: random.int(80, 98),
    ...origin(making, since),
    assignedAt: calendar.time(since, 660),
    firstResponseAt: calendar.time(since, 690 + random.int(0, 240)),
    ownerId: ref(customer.owner),
  })
  const derived = {
    convertedAt: calendar.time(deal.since, 550),
    convertedById: ref(customer.owner),
    convertedAccountId: ref(customer.key),
    convertedContactId: ref(contact.key),
    convertedOpportunityId: ref(deal.key),
  }
  const record: DemoRecord = { type: 'Lead', key, createdAt: calendar.time(since, 600), fields, derived }
  const { name, short, city, owner } = customer
  return { key, status: 'CONVERTED', owner, since, person, companyName: name, companyShort: short, city, record }
}
