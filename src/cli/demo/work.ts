import type { Customer, DemoContact, Making } from './customers.ts'
import type { DemoLead } from './leads.ts'
import type { ActivitySeed } from './profile.ts'
import { dealer } from './random.ts'
import { type Deal, fill } from './sales.ts'
import { type DemoFields, type DemoRecord, filled, ref } from './types.ts'

/** How many activities and tasks there are about deals, about leads and about customers without naming a deal. */
const ACTIVITIES = { deal: 84, lead: 18, customer: 18 }
const TASKS = { deal: 32, lead: 10, customer: 8 }

/** How far the talk with an open deal may have come, by its stage. */
const OPEN_PHASES = [0, 1, 1, 2]

/** What an activity or a task is about, and between which days it may lie (offsets from today, both past). */
interface Subject {
  owner: string
  names: Record<string, string>
  links: string[]
  from: number
  to: number
  /** Still going on, so that something may be planned. */
  open: boolean
  /** About a customer who has bought before. */
  again: boolean
  /** The latest phase that the talk has reached. */
  phase: number
  place: string
  /** Tells those concerned of the time of an activity and of its gist. */
  touch(at: string, gist: string): void
}

function touch(target: { lastActivityAt?: string }, at: string): boolean {
  if (target.lastActivityAt && target.lastActivityAt >= at) return false
  target.lastActivityAt = at
  return true
}

function touchCustomer(customer: Customer, at: string, gist: string) {
  if (touch(customer, at)) customer.lastContent = gist
}

function names(account: string, contact: string, product: string) {
  return { account, contact, product }
}

function dealSubject({ random }: Making, deal: Deal): Subject {
  const { customer } = deal
  const contact = random.pick(deal.contacts)
  const open = deal.outcome === 'OPEN'
  return {
    owner: customer.owner,
    names: names(customer.short, contact.person.fullName, deal.lines[0]!.product.name),
    links: [deal.key, customer.key, contact.key],
    from: deal.since,
    to: open ? -1 : deal.close - 1,
    open,
    again: deal.type !== 'NEW',
    phase: open ? OPEN_PHASES[deal.stage]! : 2,
    place: customer.city.name,
    touch(at, gist) {
      touch(deal, at)
      touch(contact, at)
      touchCustomer(customer, at, gist)
    },
  }
}

function customerSubject({ random, profile }: Making, customer: Customer): Subject {
  const contact: DemoContact = random.pick(customer.contacts)
  return {
    owner: customer.owner,
    names: names(customer.short, contact.person.fullName, mainProduct(profile.products, random.int(0, 99))),
    links: [customer.key, contact.key],
    from: Math.max(customer.since, contact.since),
    to: -1,
    open: true,
    again: customer.won.length > 0,
    phase: 0,
    place: customer.city.name,
    touch(at, gist) {
      touch(contact, at)
      touchCustomer(customer, at, gist)
    },
  }
}

function leadSubject({ random, profile }: Making, lead: DemoLead): Subject {
  return {
    owner: lead.owner ?? 'user:manager',
    names: names(lead.companyShort, lead.person.fullName, mainProduct(profile.products, random.int(0, 99))),
    links: [lead.key],
    from: lead.since,
    // The first days are for leads, what comes later belongs to the customer that it became.
    to: Math.min(-1, lead.since + 6),
    open: lead.record.fields.nextFollowUpAt !== undefined,
    again: false,
    phase: 0,
    place: lead.city.name,
    touch(at) {
      const last = lead.record.derived?.lastActivityAt
      if (typeof last === 'string' && last >= at) return
      lead.record.derived = { ...lead.record.derived, lastActivityAt: at }
    },
  }
}

function mainProduct(products: Making['profile']['products'], index: number): string {
  const main = products.filter(({ use }) => use === 'main')
  return main[index % main.length]!.name
}

/** Subjects in the given numbers, dealt out evenly. */
function subjects(
  making: Making,
  counts: typeof ACTIVITIES,
  deals: Deal[],
  leads: DemoLead[],
  customers: Customer[],
): Subject[] {
  const { random } = making
  const nextDeal = dealer(random, deals)
  const nextLead = dealer(
    random,
    leads.filter(({ status }) => status !== 'NEW' && status !== 'ASSIGNED'),
  )
  const nextCustomer = dealer(random, customers)
  return [
    ...Array.from({ length: counts.deal }, () => dealSubject(making, nextDeal())),
    ...Array.from({ length: counts.lead }, () => leadSubject(making, nextLead())),
    ...Array.from({ length: counts.customer }, () => customerSubject(making, nextCustomer())),
  ]
}

/** The Activity and ActivityLink records; tells deals, customers, contacts and leads when they were last spoken with. */
export function activityRecords(making: Making, deals: Deal[], leads: DemoLead[], customers: Customer[]): DemoRecord[] {
  const told = new Set<string>()
  const activities: DemoRecord[] = []
  const links: DemoRecord[] = []
  for (const subject of subjects(making, ACTIVITIES, deals, leads, customers)) {
    const key = `activity:${activities.length + 1}`
    const activity = activityRecord(making, key, subject, told)
    activities.push(activity)
    for (const target of subject.links) {
      links.push({
        type: 'ActivityLink',
        key: `activityLink:${key}:${target}`,
        createdAt: activity.createdAt,
        fields: { activityId: ref(key), recordId: ref(target) },
      })
    }
  }
  return [...activities, ...links]
}

/** A seed of the phase that this subject's record has not had yet, or any of the phase when it has had all. */
function pickSeed(
  { profile, random }: Making,
  subject: Subject,
  phase: number,
  planned: boolean,
  told: Set<string>,
): ActivitySeed {
  const fits = profile.activities.filter(
    (seed) =>
      seed.phase === phase &&
      (seed.again ?? false) === subject.again &&
      (!planned ||
        seed.kind === 'MEETING' ||
        seed.kind === 'VISIT' ||
        (seed.kind === 'CALL' && seed.direction === 'OUTBOUND')),
  )
  const fresh = fits.filter((seed) => !told.has(`${subject.links[0]} ${seed.subject}`))
  const seed = random.pick(fresh.length > 0 ? fresh : fits)
  told.add(`${subject.links[0]} ${seed.subject}`)
  return seed
}

function activityRecord(making: Making, key: string, subject: Subject, told: Set<string>): DemoRecord {
  const { random, calendar } = making
  const planned = subject.open && random.chance(0.2)
  const share = random.int(0, 99) / 100
  const phase = planned ? subject.phase : Math.floor(share * (subject.phase + 1))
  const seed = pickSeed(making, subject, phase, planned, told)
  const past = calendar.workday(subject.from + Math.floor((subject.to - subject.from + 1) * share))
  const ahead = calendar.nextWorkday(random.int(1, 21))
  const day = planned ? ahead : past
  const start = 615 + random.int(0, 22) * 15
  const seconds = lengthOf(making, seed)
  const cancelled = !planned && (seed.kind === 'MEETING' || seed.kind === 'VISIT') && random.chance(0.06)
  const done = !planned && !cancelled
  const at = calendar.time(day, start)
  const gist = fill(seed.subject, subject.names)
  if (done) subject.touch(at, gist)
  const planning = calendar.workday(Math.max(subject.from, -random.int(1, 5)))
  return {
    type: 'Activity',
    key,
    createdAt: calendar.time(planned ? planning : day, planned ? 605 : start),
    fields: filled({
      kind: seed.kind,
      subject: gist,
      body: done ? fill(seed.body, subject.names) : undefined,
      direction: seed.direction,
      status: planned ? 'PLANNED' : cancelled ? 'CANCELLED' : 'DONE',
      startAt: at,
      endAt: seconds ? new Date(Date.parse(at) + seconds * 1000).toISOString() : undefined,
      durationSec: done ? seconds : undefined,
      location: seed.kind === 'VISIT' ? subject.place : undefined,
      outcome: done ? seed.outcome : undefined,
      ownerId: ref(subject.owner),
    }),
  }
}

/** Seconds that a call, meeting or visit takes; undefined for what has no length. */
function lengthOf({ random }: Making, { kind }: ActivitySeed): number | undefined {
  if (kind === 'CALL') return random.int(180, 1800)
  if (kind === 'MEETING' || kind === 'VISIT') return random.int(3, 8) * 900
  return undefined
}

/** The Task and TaskLink records. */
export function taskRecords(making: Making, deals: Deal[], leads: DemoLead[], customers: Customer[]): DemoRecord[] {
  const seed = dealer(making.random, making.profile.tasks)
  const tasks: DemoRecord[] = []
  const links: DemoRecord[] = []
  for (const subject of subjects(making, TASKS, deals, leads, customers)) {
    const key = `task:${tasks.length + 1}`
    const { title, description } = seed()
    const { createdAt, fields } = taskTimes(making, subject)
    tasks.push({
      type: 'Task',
      key,
      createdAt,
      fields: {
        title: fill(title, subject.names),
        description: fill(description, subject.names),
        ...fields,
        assigneeId: ref(subject.owner),
      },
    })
    for (const target of subject.links.slice(0, 2)) {
      links.push({
        type: 'TaskLink',
        key: `taskLink:${key}:${target}`,
        createdAt,
        fields: { taskId: ref(key), recordId: ref(target) },
      })
    }
  }
  return [...tasks, ...links]
}

/** When a task was made and is due, and how it stands: done in time for what is over, else done, overdue or ahead. */
function taskTimes({ random, calendar }: Making, subject: Subject): { createdAt: string; fields: DemoFields } {
  const { from, to, open } = subject
  const length = to - from + 1
  const share = random.int(0, 99) / 100
  const fate = open ? random.int(1, 100) : 0
  const lead = random.int(1, 8)
  const ahead = calendar.nextWorkday(random.int(1, 30))
  const late = -random.int(1, 6)
  const over = fate <= 30
  const overdue = !over && fate <= 42
  const due = over
    ? calendar.workday(from + Math.floor(length * share))
    : overdue
      ? calendar.workday(Math.max(from, late))
      : ahead
  const made = calendar.workday(Math.max(from, Math.min(due, -1) - lead))
  const cancelled = fate === 0 && share > 0.9
  const status = cancelled ? 'CANCELLED' : over ? 'DONE' : overdue || fate < 75 ? 'NOT_STARTED' : 'IN_PROGRESS'
  const priority = overdue ? 'HIGH' : random.pick(['LOW', 'NORMAL', 'NORMAL', 'NORMAL', 'HIGH', 'URGENT'])
  return {
    createdAt: calendar.time(made, 610),
    fields: filled({
      dueAt: calendar.time(due, 1020),
      priority,
      status,
      completedAt: status === 'DONE' ? calendar.time(due, 620 + random.int(0, 380)) : undefined,
    }),
  }
}

/** The TagLink records: each tag on a handful of records of its kind. */
export function tagRecords(making: Making, deals: Deal[], leads: DemoLead[], customers: Customer[]): DemoRecord[] {
  const { profile, random, calendar } = making
  const wearers = {
    large: customers.filter(({ size }) => size === 'L' || size === 'XL'),
    won: customers.filter(({ won }) => won.length > 0),
    prospect: customers.filter(({ won }) => won.length === 0),
    customer: customers,
    abroad: customers.filter(({ city }) => city.countryCode !== profile.tenant.defaultCountry),
    deal: deals.filter(({ outcome }) => outcome === 'OPEN'),
    person: customers.flatMap(({ contacts }) => contacts),
    lead: leads.filter(({ status }) => status === 'WORKING' || status === 'QUALIFIED' || status === 'NURTURING'),
  }
  return profile.tags.flatMap(({ on }, index) => {
    const list: { key: string; since: number }[] = wearers[on]
    const key = `tag:${index + 1}`
    return random
      .shuffle(list)
      .slice(0, random.int(6, 12))
      .map((wearer): DemoRecord => {
        return {
          type: 'TagLink',
          key: `tagLink:${key}:${wearer.key}`,
          createdAt: calendar.time(wearer.since, 625),
          fields: { tagId: ref(key), recordId: ref(wearer.key) },
        }
      })
  })
}
