import { ACME } from './acme.ts'
import { createCalendar } from './calendar.ts'
import { type Customer, customerRecords, dateCustomers, FIRST_DAY, type Making, makeCustomers } from './customers.ts'
import { GLOBEX } from './globex.ts'
import { makeLeads } from './leads.ts'
import { createPeople } from './people.ts'
import { createPhoneBook } from './places.ts'
import type { Profile } from './profile.ts'
import { createRandom } from './random.ts'
import { dealRecords, makeDeals, settleDeals, stageKey } from './sales.ts'
import { type DemoCompany, type DemoRecord, type DemoSlug, type DemoUser, filled, money, ref } from './types.ts'
import { activityRecords, tagRecords, taskRecords } from './work.ts'

export type * from './types.ts'

const PROFILES: Record<DemoSlug, Profile> = { acme: ACME, globex: GLOBEX }

/**
 * A made-up company: about 1,400 records around 60 accounts over the eighteen months before `today` and the three after.
 * The same slug and day give the same data; another day moves the dates, not the names. Nothing is read or written.
 * Passwords are left to the caller. Throws RangeError when `today` is no valid date.
 */
export function demoCompany(slug: DemoSlug, today: Date): DemoCompany {
  const profile = PROFILES[slug]
  const random = createRandom(profile.seed)
  const calendar = createCalendar(today, profile.utcOffset)
  const making: Making = { profile, random, calendar, phones: createPhoneBook(), person: createPeople(random) }

  const customers = makeCustomers(making)
  const deals = makeDeals(making, customers)
  const firstDeal = new Map<Customer, number>()
  for (const { customer, since } of deals) firstDeal.set(customer, Math.min(since, firstDeal.get(customer) ?? since))
  const converted = new Set(deals.filter((deal) => deal.fromLead).map((deal) => deal.customer))
  dateCustomers(making, customers, firstDeal, converted)
  settleDeals(making, deals)
  const leads = makeLeads(making, deals)
  // Before the records of what they are about, which say when they were last spoken with.
  const activities = activityRecords(making, deals, leads, customers)

  return {
    tenant: { ...profile.tenant },
    users: users(profile),
    ...organisation(profile),
    records: [
      ...setupRecords(making),
      ...customerRecords(making, customers),
      ...dealRecords(making, deals),
      ...leads.map((lead) => lead.record),
      ...activities,
      ...taskRecords(making, deals, leads, customers),
      ...tagRecords(making, deals, leads, customers),
    ],
  }
}

/** The users, superiors first: the manager reports to the admin, the others to the manager. */
function users({ users: seeds, mailDomain }: Profile): DemoUser[] {
  return seeds.map(({ key, mailbox, name, role, title }) => {
    const manager =
      key === 'admin' ? undefined : key === 'manager' || key === 'readonly' ? 'user:admin' : 'user:manager'
    const user: DemoUser = { key: `user:${key}`, email: `${mailbox}@${mailDomain}`, name, role, title }
    return manager ? { ...user, managerKey: manager } : user
  })
}

/** The departments and the team: the manager heads the sales, the reps sell in the field. */
function organisation({
  organisation: { sales, field, finance, team },
  users: seeds,
}: Profile): Pick<DemoCompany, 'departments' | 'teams'> {
  const withRole = (wanted: string) => seeds.flatMap(({ key, role }) => (role === wanted ? [`user:${key}`] : []))
  return {
    departments: [
      { name: sales, head: 'user:manager', members: ['user:manager', ...withRole('admin')] },
      { name: field, parent: sales, members: withRole('rep') },
      { name: finance, members: withRole('readonly') },
    ],
    teams: [{ name: team, leader: 'user:rep3', members: ['user:rep3', 'user:rep4'] }],
  }
}

/** What a company sets up before it sells: sources, pipelines with stages, catalogue, tags. */
function setupRecords({ profile, calendar }: Making): DemoRecord[] {
  const createdAt = calendar.time(calendar.workday(FIRST_DAY), 480)
  const { baseCurrency } = profile.tenant
  const sources = profile.sources.map(({ key, name, platform, costPerLead }): DemoRecord => {
    const fields = { key, name, platform, costPerLead: money(costPerLead * 100, baseCurrency), active: true }
    return { type: 'LeadSource', key: `source:${key}`, createdAt, fields }
  })
  const pipelines = profile.pipelines.map(({ key, name }, index): DemoRecord => {
    const fields = { name, isDefault: index === 0, active: true, sort: index + 1 }
    return { type: 'Pipeline', key: `pipeline:${key}`, createdAt, fields }
  })
  const stages = profile.pipelines.flatMap((pipeline) =>
    pipeline.stages.map((stage, index): DemoRecord => {
      const fields = filled({ pipelineId: ref(`pipeline:${pipeline.key}`), ...stage, sort: index + 1 })
      return { type: 'Stage', key: stageKey(pipeline, index), createdAt, fields }
    }),
  )
  const categories = profile.categories.map(({ key, name, parent }, index): DemoRecord => {
    const fields = filled({ name, parentId: parent ? ref(`category:${parent}`) : undefined, sort: index + 1 })
    return { type: 'ProductCategory', key: `category:${key}`, createdAt, fields }
  })
  const products = profile.products.map((product): DemoRecord => {
    const { code, name, category, type, unit, price, cost, taxRate, use, description } = product
    const fields = filled({
      code,
      name,
      categoryId: ref(`category:${category}`),
      type,
      unit,
      standardPrice: money(price * 100, baseCurrency),
      cost: money(cost * 100, baseCurrency),
      taxRate,
      status: use === 'gone' ? 'INACTIVE' : 'ACTIVE',
      description,
    })
    return { type: 'Product', key: `product:${code}`, createdAt, fields }
  })
  const tags = profile.tags.map(({ name, color, description }, index): DemoRecord => {
    return { type: 'Tag', key: `tag:${index + 1}`, createdAt, fields: { name, color, description } }
  })
  return [...sources, ...pipelines, ...stages, ...categories, ...products, ...tags]
}
