import type { Customer, DemoContact, Making } from './customers.ts'
import type { PipelineSeed, ProductSeed } from './profile.ts'
import { type DemoRecord, type DemoStageEntry, filled, money, ref } from './types.ts'

/** Deals of each pipeline by how they stand: 16 + 12 + 22 and 7 + 3 + 10 make 70, and win rates of 57 % and 70 %. */
const PLAN: { won: number; lost: number; open: number[] }[] = [
  { won: 16, lost: 12, open: [7, 6, 5, 4] },
  { won: 7, lost: 3, open: [3, 3, 2, 2] },
]

/** Days ago that an open deal began, and days until it should close, by open stage. */
const OPEN_SPANS: { ago: [number, number]; ahead: [number, number] }[] = [
  { ago: [4, 30], ahead: [50, 88] },
  { ago: [25, 60], ahead: [35, 75] },
  { ago: [45, 90], ahead: [18, 50] },
  { ago: [60, 120], ahead: [5, 25] },
]

/** What a customer's size makes of a quantity. */
const SCALE = { S: 0.5, M: 1, L: 1.6, XL: 2.2 }

/** How many customers have deals of the first pipeline. */
const BUYERS = 42

/** How many won or lost deals began as a lead. */
const CONVERTED = 5

interface Line {
  product: ProductSeed
  quantity: number
  /** Whole units of the deal's currency. */
  price: number
  /** Whole per cent. */
  discount: number
}

/** An opportunity on the way to its record. Days are offsets from today. */
export interface Deal {
  key: string
  customer: Customer
  pipeline: PipelineSeed
  /** Index of the stage it is in. */
  stage: number
  outcome: 'OPEN' | 'WON' | 'LOST'
  /** Index of the last open stage that it reached. */
  reached: number
  name: string
  type: string
  since: number
  /** Day of closing, past for closed deals. */
  close: number
  lines: Line[]
  contacts: DemoContact[]
  fromLead: boolean
  nextFollowUpAt?: string
  lastActivityAt?: string
}

/** Puts names into a text pattern; between Latin and Chinese letters stands a space. */
export function fill(text: string, names: Record<string, string>): string {
  return text
    .replace(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole)
    .replace(/(?<=[\p{Script=Latin}\d])(?=\p{Script=Han})|(?<=\p{Script=Han})(?=[\p{Script=Latin}\d])/gu, ' ')
}

/** The share of a span at which draw `index` of `count` lies, so that deals do not all close in one month. */
function spread(from: number, to: number, index: number, count: number): number {
  return Math.round(from + ((to - from) * (index + 0.5)) / count)
}

/** All deals: first those of new business, then those with customers who had bought before. */
export function makeDeals(making: Making, customers: Customer[]): Deal[] {
  const { random, calendar } = making
  const buyers = random.shuffle(customers).slice(0, BUYERS)
  const fresh = makePipelineDeals(making, 0, (_, index) => buyers[index % buyers.length]!)
  const won = fresh.filter((deal) => deal.outcome === 'WON')
  const again = makePipelineDeals(making, 1, (since) => {
    return random.pick(won.filter((deal) => deal.close < since - 7)).customer
  })
  markConverted(fresh)
  // Only now onto working days: a weekday of today must not decide who buys what.
  return [...fresh, ...again].map((deal, index) => ({
    ...deal,
    key: `opportunity:${index + 1}`,
    since: calendar.workday(deal.since),
    close: calendar.workday(deal.close),
  }))
}

function makePipelineDeals(
  making: Making,
  which: 0 | 1,
  customerFor: (since: number, index: number) => Customer,
): Deal[] {
  const { profile, random } = making
  const { won, lost, open } = PLAN[which]!
  const pipeline = profile.pipelines[which]
  const deals: Deal[] = []

  /** What is sold and what the deal is called: no name twice, as long as another product or pattern gives a new one. */
  function offer(customer: Customer): Pick<Deal, 'lines' | 'name' | 'type'> {
    let made: Pick<Deal, 'lines' | 'name' | 'type'>
    let tries = 0
    do {
      const lines = makeLines(making, customer, which)
      const { product } = lines[0]!
      const renewal = product.use === 'renew'
      const title = random.pick(pipeline.titles.filter(({ type }) => (type === 'RENEWAL') === renewal))
      const name = fill(title.text, { account: customer.short, product: product.name, code: product.code })
      made = { lines, name, type: title.type }
    } while (deals.some(({ name }) => name === made.name) && ++tries < 20)
    return made
  }

  function add(outcome: Deal['outcome'], reached: number, since: number, close: number) {
    const customer = customerFor(since, deals.length)
    const { lines, name, type } = offer(customer)
    const [first, ...others] = customer.contacts
    deals.push({
      key: '',
      customer,
      pipeline,
      stage: outcome === 'OPEN' ? reached : pipeline.stages.findIndex((one) => one.kind === outcome),
      outcome,
      reached,
      name,
      type,
      since: since,
      close: close,
      lines,
      contacts: [first!, ...random.shuffle(others).slice(0, random.int(0, 2))],
      fromLead: false,
    })
  }

  const ended = random.shuffle([...Array<'WON'>(won).fill('WON'), ...Array<'LOST'>(lost).fill('LOST')])
  // The second pipeline sells to those who have bought, so it starts later and is quicker.
  const oldest = which === 0 ? -430 : -240
  const cycle: [number, number] = which === 0 ? [35, 95] : [14, 40]
  for (const [index, outcome] of ended.entries()) {
    const close = spread(oldest, -6, index, ended.length) + random.int(-4, 4)
    add(outcome, outcome === 'WON' ? 3 : random.int(1, 3), close - random.int(...cycle), close)
  }
  for (const [stage, count] of open.entries()) {
    const { ago, ahead } = OPEN_SPANS[stage]!
    for (let i = 0; i < count; i++) {
      const pace = which === 0 ? 1 : 0.5
      add('OPEN', stage, -Math.ceil(random.int(...ago) * pace), Math.ceil(random.int(...ahead) * pace))
    }
  }
  return deals
}

/** Some first deals of stand-alone customers came from a lead; the lead has to fit between the first day and the deal. */
function markConverted(deals: Deal[]) {
  const first = new Map<Customer, Deal>()
  for (const deal of deals) {
    const known = first.get(deal.customer)
    if (!known || deal.since < known.since) first.set(deal.customer, deal)
  }
  const groups = new Set(deals.map((deal) => deal.customer.parent))
  const fitting = [...first.values()].filter(
    ({ customer, since }) => !customer.parent && !groups.has(customer) && customer.size !== 'XL' && since > -450,
  )
  for (const deal of fitting.slice(0, CONVERTED)) deal.fromLead = true
}

function makeLines({ profile, random }: Making, customer: Customer, which: 0 | 1): Line[] {
  const uses = which === 0 ? ['main'] : ['again', 'renew']
  const first = random.pick(
    profile.products.filter(
      ({ use, industries }) => uses.includes(use) && (industries?.includes(customer.industry) ?? true),
    ),
  )
  const more = profile.products.filter(
    (product) => product.use === (which === 0 ? 'extra' : 'again') && product !== first,
  )
  const products = [first, ...random.shuffle(more).slice(0, random.pick([0, 1, 1, 2, 2, 3]))]
  const rate = profile.rates[customer.currency] ?? 1
  return products.map((product) => {
    const price = product.price * rate
    return {
      product,
      quantity: Math.max(1, Math.round(random.int(...product.quantity) * SCALE[customer.size])),
      price: price >= 1000 ? Math.round(price / 10) * 10 : Math.round(price),
      discount: random.pick([0, 0, 0, 3, 5, 8, 10]),
    }
  })
}

/** What a line comes to in cents; whole, because prices and per cents are. */
function lineCents({ quantity, price, discount }: Line): number {
  return quantity * price * (100 - discount)
}

/** When the deal entered each of its stages, in order. */
function stageEntries({ calendar }: Making, deal: Deal): DemoStageEntry[] {
  const stages = deal.pipeline.stages.map((_, index) => index)
  const way = [...stages.slice(0, deal.reached + 1), ...(deal.outcome === 'OPEN' ? [] : [deal.stage])]
  const end = deal.outcome === 'OPEN' ? -1 : deal.close
  return way.map((stage, step) => {
    // An open deal has been in its stage for a while; a closed one entered its last on the day of closing.
    const steps = deal.outcome === 'OPEN' ? way.length : way.length - 1
    const day = calendar.workday(deal.since + Math.floor(((end - deal.since) * step) / steps))
    return { stageId: ref(stageKey(deal.pipeline, stage)), at: calendar.time(day, 540 + step * 45) }
  })
}

/** The key of a stage by its position. */
export function stageKey(pipeline: PipelineSeed, index: number): string {
  return `stage:${pipeline.key}:${index + 1}`
}

/** Tells the customers of their deals, and decides when the next follow-up of an open one is due. */
export function settleDeals({ random, calendar }: Making, deals: Deal[]) {
  for (const deal of deals) {
    const { customer } = deal
    customer.hasDeal = true
    if (deal.outcome === 'WON') customer.won = [...customer.won, calendar.time(deal.close, 720)].sort()
    if (deal.outcome !== 'OPEN') continue
    deal.nextFollowUpAt = calendar.time(calendar.nextWorkday(random.int(1, 12)), 570 + random.int(0, 16) * 15)
    customer.hasOpenDeal = true
    const { nextFollowUpAt } = customer
    if (!nextFollowUpAt || deal.nextFollowUpAt < nextFollowUpAt) customer.nextFollowUpAt = deal.nextFollowUpAt
  }
}

/** The Opportunity, OpportunityLine and OpportunityContact records. */
export function dealRecords(making: Making, deals: Deal[]): DemoRecord[] {
  return [
    ...deals.map((deal) => opportunityRecord(making, deal)),
    ...deals.flatMap((deal) => deal.lines.map((line, index) => lineRecord(making, deal, line, index))),
    ...deals.flatMap((deal) => deal.contacts.map((contact, index) => roleRecord(making, deal, contact, index))),
  ]
}

function opportunityRecord(making: Making, deal: Deal): DemoRecord {
  const { profile, random, calendar } = making
  const { customer, outcome, pipeline } = deal
  const cents = deal.lines.reduce((sum, line) => sum + lineCents(line), 0)
  const stages = stageEntries(making, deal)
  const stage = pipeline.stages[deal.stage]!
  return {
    type: 'Opportunity',
    key: deal.key,
    createdAt: stages[0]!.at,
    fields: filled({
      name: deal.name,
      accountId: ref(customer.key),
      primaryContactId: ref(deal.contacts[0]!.key),
      pipelineId: ref(`pipeline:${pipeline.key}`),
      stageId: ref(stageKey(pipeline, deal.stage)),
      amount: money(cents, customer.currency),
      closeDate: calendar.date(deal.close),
      actualCloseDate: outcome === 'OPEN' ? undefined : calendar.date(deal.close),
      type: deal.type,
      sourceId: ref(`source:${random.pick(profile.sources).key}`),
      nextStep: outcome === 'OPEN' ? random.pick(profile.nextSteps[deal.stage]!) : undefined,
      nextFollowUpAt: deal.nextFollowUpAt,
      lossReason: outcome === 'LOST' ? random.pick(profile.lossReasons) : undefined,
      ownerId: ref(customer.owner),
    }),
    derived: filled({
      status: outcome,
      probability: stage.probability,
      forecastCategory: stage.forecastCategory,
      lastStageChangedAt: stages.at(-1)!.at,
      lastActivityAt: deal.lastActivityAt,
    }),
    stages,
  }
}

function lineRecord({ calendar }: Making, deal: Deal, line: Line, index: number): DemoRecord {
  const { product, quantity, price, discount } = line
  const { currency } = deal.customer
  return {
    type: 'OpportunityLine',
    key: `line:${deal.key}:${index + 1}`,
    createdAt: calendar.time(deal.since, 541),
    fields: filled({
      opportunityId: ref(deal.key),
      productId: ref(`product:${product.code}`),
      name: product.name,
      quantity: String(quantity),
      unit: product.unit,
      listPrice: money(price * 100, currency),
      unitPrice: money(price * 100, currency),
      discountPct: discount > 0 ? String(discount) : undefined,
      sort: index + 1,
    }),
    derived: { subtotal: money(lineCents(line), currency), total: money(lineCents(line), currency) },
  }
}

function roleRecord({ calendar }: Making, deal: Deal, contact: DemoContact, index: number): DemoRecord {
  return {
    type: 'OpportunityContact',
    key: `opportunityContact:${deal.key}:${contact.key}`,
    createdAt: calendar.time(deal.since, 542),
    fields: {
      opportunityId: ref(deal.key),
      contactId: ref(contact.key),
      role: contact.role,
      isPrimary: index === 0,
    },
  }
}
