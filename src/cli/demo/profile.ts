import type { DemoRole, DemoTenant } from './types.ts'

/** A stage as a company defines it; `rottenDays` only on open ones. */
export interface StageSeed {
  name: string
  kind: 'OPEN' | 'WON' | 'LOST'
  probability: number
  forecastCategory: 'PIPELINE' | 'BEST_CASE' | 'COMMIT' | 'CLOSED' | 'OMITTED'
  rottenDays?: number
}

/** Opportunities that go through one pipeline; `titles` are patterns of their names, with {account}, {product} and {code}. */
export interface PipelineSeed {
  key: string
  name: string
  stages: StageSeed[]
  titles: { type: 'NEW' | 'UPSELL' | 'RENEWAL'; text: string }[]
}

/** A product; prices are whole units of the base currency. `use`: the main line of new business,
 * an addition to it, sold again to customers, renewed yearly, or no longer sold. */
export interface ProductSeed {
  code: string
  name: string
  category: string
  type: 'GOODS' | 'SERVICE' | 'SUBSCRIPTION'
  unit: string
  price: number
  cost: number
  taxRate?: string
  use: 'main' | 'extra' | 'again' | 'renew' | 'gone'
  /** The only industries that buy it; all, if left out. */
  industries?: string[]
  /** Least and most in a deal of a middle-sized customer. */
  quantity: [number, number]
  description: string
}

/** A tag, and the kind of records that wear it. */
export interface TagSeed {
  name: string
  color: string
  description: string
  on: 'large' | 'won' | 'prospect' | 'customer' | 'abroad' | 'deal' | 'person' | 'lead'
}

/** Something a salesperson logs; texts hold {account}, {contact} and {product}. `phase` 0 early, 1 middle, 2 late in a deal. */
export interface ActivitySeed {
  kind: 'CALL' | 'MEETING' | 'EMAIL' | 'VISIT' | 'NOTE' | 'FOLLOW_UP'
  direction?: 'INBOUND' | 'OUTBOUND'
  phase: 0 | 1 | 2
  /** For those who have bought before; else for new business. */
  again?: boolean
  subject: string
  body: string
  outcome?: string
}

/** Something to do; texts as in ActivitySeed. */
export interface TaskSeed {
  title: string
  description: string
}

/** A customer industry: what it is called, and what a company of it might be described as. */
export interface IndustrySeed {
  label: string
  about: string[]
}

/** All that makes one company different from the other. */
export interface Profile {
  tenant: DemoTenant
  /** Seed of the company's chance. */
  seed: number
  /** Hours that the company's clock is ahead of UTC. */
  utcOffset: number
  mailDomain: string
  users: { key: string; mailbox: string; name: string; role: DemoRole; title: string }[]
  /** Names of its departments, the field sales within the sales, and of a team of two. */
  organisation: { sales: string; field: string; finance: string; team: string }
  /** The user who looks after a state or, failing that, a country. */
  territories: Record<string, string>
  /** Currency of deals with customers of a country; the base currency for all others. */
  currencies: Record<string, string>
  /** Units of a foreign currency for one unit of the base currency. */
  rates: Record<string, number>
  /** Yearly revenue per employee, in the base currency. */
  revenuePerHead: [number, number]
  sources: { key: string; name: string; platform: string; costPerLead: number }[]
  pipelines: [PipelineSeed, PipelineSeed]
  categories: { key: string; name: string; parent?: string }[]
  products: ProductSeed[]
  tags: TagSeed[]
  industries: Record<string, IndustrySeed>
  /** One per line: domain|name|city|industry|size (S, M, L, XL)|domain of the parent, which stands above. */
  accounts: string
  /** One per line: domain|company|city|industry. */
  leads: string
  /** Job titles with their departments, most senior first; Chinese people get `zh`, others `en`. */
  titles: Record<'zh' | 'en', [title: string, department: string][]>
  lossReasons: string[]
  /** One list per open stage. */
  nextSteps: [string[], string[], string[], string[]]
  leadReasons: Record<'NURTURING' | 'QUALIFIED' | 'UNQUALIFIED' | 'RECYCLED', string[]>
  leadNotes: string[]
  /** What a utm campaign is called, {quarter} and {year} are filled in. */
  campaigns: string[]
  activities: ActivitySeed[]
  tasks: TaskSeed[]
}
