import { describe, expect, it } from '@jest/globals'
import { isValidPhoneNumber } from 'libphonenumber-js'
import { datamodel } from '../../prisma/generated/datamodel.ts'
import {
  type DemoCompany,
  type DemoMoney,
  type DemoRecord,
  type DemoRef,
  type DemoType,
  type DemoValue,
  demoCompany,
} from '../../src/cli/demo/data.ts'

const DAY = 86_400_000
const slugs = ['acme', 'globex'] as const
/** A week, so that every weekday is today once, with a leap day and a turn of the year in the ranges. */
const todays = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2027, 11, 26 + day, 3 * day, 59)))
const today = todays[3]!

function of(company: DemoCompany, type: DemoType): DemoRecord[] {
  return company.records.filter((record) => record.type === type)
}

function isRef(value: DemoValue | undefined): value is DemoRef {
  return typeof value === 'object' && 'ref' in value
}

function isMoney(value: DemoValue | undefined): value is DemoMoney {
  return typeof value === 'object' && 'amount' in value
}

function target(record: DemoRecord, field: string): string {
  const value = record.fields[field]
  if (!isRef(value)) throw new Error(`${record.key}: ${field} is no reference`)
  return value.ref
}

function text(record: DemoRecord, field: string): string {
  return String(record.fields[field])
}

/** Every text value of a company with where it stands. */
function strings(value: unknown, path = ''): [path: string, value: string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => strings(inner, `${path}.${key}`))
}

describe.each(slugs)('the demo data of %s', (slug) => {
  const company = demoCompany(slug, today)
  const byKey = new Map(company.records.map((record) => [record.key, record]))

  it('is the same for the same day and keeps its names on another day', () => {
    const later = new Date(today.getTime() + 60 * 60_000)
    expect(demoCompany(slug, later)).toEqual(company)
    for (const day of todays) {
      const other = demoCompany(slug, day)
      expect(other.records.map(({ key, fields }) => [key, fields.name, fields.stageId])).toEqual(
        company.records.map(({ key, fields }) => [key, fields.name, fields.stageId]),
      )
    }
  })

  it('refuses a date that is none', () => {
    expect(() => demoCompany(slug, new Date('yesterday'))).toThrow('today is not a valid date')
  })

  it('has the records and users that it promises', () => {
    const counts = Object.fromEntries(company.records.map(({ type }) => [type, of(company, type).length]))
    expect(counts).toMatchObject({
      LeadSource: 6,
      Pipeline: 2,
      Stage: 12,
      ProductCategory: 4,
      Product: 14,
      Tag: 8,
      Account: 60,
      Contact: 130,
      Opportunity: 70,
      Lead: 40,
      Activity: 120,
      Task: 50,
    })
    expect(company.users.map(({ role }) => role).sort()).toEqual([
      'admin',
      'manager',
      'readonly',
      ...Array(5).fill('rep'),
    ])
    for (const role of ['admin', 'manager', 'rep', 'readonly']) {
      expect(company.users).toContainEqual(expect.objectContaining({ role, email: `${role}@${slug}.example` }))
    }
  })

  it('refers only to users and to earlier records, by unique keys', () => {
    const known = new Set<string>()
    for (const { key, managerKey } of company.users) {
      if (managerKey) expect(known).toContain(managerKey)
      known.add(key)
    }
    for (const { key, fields, derived, stages } of company.records) {
      const values = [
        ...Object.values(fields),
        ...Object.values(derived ?? {}),
        ...(stages ?? []).map((one) => one.stageId),
      ]
      for (const { ref } of values.filter(isRef)) expect([key, known.has(ref)]).toEqual([key, true])
      expect([key, known.has(key)]).toEqual([key, false])
      known.add(key)
    }
  })

  it('names only fields that the record types have, and gives those that they need', () => {
    for (const { type, key, fields, derived } of company.records) {
      const columns: Record<string, { nullable: boolean; hasDefault: boolean; generated: boolean }> =
        datamodel[type].fields
      for (const field of [...Object.keys(fields), ...Object.keys(derived ?? {})]) {
        expect([key, field, columns[field]?.generated]).toEqual([key, field, false])
      }
      // The loader derives these two: the type of a linked record, and the one currency of a record's money.
      const given = new Set([...Object.keys(fields), 'objectType', 'currency'])
      const needed = Object.entries(columns).filter(
        ([, column]) => !column.nullable && !column.hasDefault && !column.generated,
      )
      expect([key, needed.filter(([field]) => !given.has(field)).map(([field]) => field)]).toEqual([key, []])
      const currencies = new Set(
        Object.values(fields)
          .filter(isMoney)
          .map(({ currency }) => currency),
      )
      expect([key, currencies.size <= 1]).toEqual([key, true])
    }
  })

  it('repeats no key that has to be unique', () => {
    const uniques = [
      company.users.map(({ email }) => email),
      of(company, 'Product').map((record) => text(record, 'code')),
      of(company, 'Tag').map((record) => text(record, 'name')),
      of(company, 'LeadSource').map((record) => text(record, 'key')),
      of(company, 'Account').map((record) => text(record, 'name')),
      of(company, 'Contact').map((record) => text(record, 'email')),
      of(company, 'Opportunity').map((record) => text(record, 'name')),
      of(company, 'Stage').map((record) => `${target(record, 'pipelineId')} ${text(record, 'name')}`),
      of(company, 'AccountContact').map((record) => `${target(record, 'accountId')} ${target(record, 'contactId')}`),
      of(company, 'OpportunityContact').map(
        (record) => `${target(record, 'opportunityId')} ${target(record, 'contactId')}`,
      ),
      of(company, 'ActivityLink').map((record) => `${target(record, 'activityId')} ${target(record, 'recordId')}`),
      of(company, 'TaskLink').map((record) => `${target(record, 'taskId')} ${target(record, 'recordId')}`),
      of(company, 'TagLink').map((record) => `${target(record, 'tagId')} ${target(record, 'recordId')}`),
    ]
    for (const values of uniques) expect(new Set(values).size).toBe(values.length)
    expect(of(company, 'Pipeline').filter(({ fields }) => fields.isDefault)).toHaveLength(1)
  })

  it('has account trees of three levels and categories of two', () => {
    function depth(record: DemoRecord): number {
      const { parentId } = record.fields
      return isRef(parentId) ? 1 + depth(byKey.get(parentId.ref)!) : 1
    }
    expect(Math.max(...of(company, 'Account').map(depth))).toBe(3)
    expect(Math.max(...of(company, 'ProductCategory').map(depth))).toBe(2)
  })

  it('adds lines of active products up to the amount of the opportunity, in its currency', () => {
    for (const deal of of(company, 'Opportunity')) {
      const { amount, currency } = deal.fields.amount as DemoMoney
      const lines = of(company, 'OpportunityLine').filter((line) => target(line, 'opportunityId') === deal.key)
      expect([1, 2, 3, 4]).toContain(lines.length)
      let cents = 0n
      for (const { fields } of lines) {
        const price = fields.unitPrice as DemoMoney
        expect(price.currency).toBe(currency)
        expect(byKey.get((fields.productId as DemoRef).ref)?.fields.status).toBe('ACTIVE')
        const full = BigInt(String(fields.quantity)) * BigInt(price.amount.replace('.', ''))
        cents += (full * (100n - BigInt(String(fields.discountPct ?? 0)))) / 100n
      }
      expect([deal.key, BigInt(amount.replace('.', ''))]).toEqual([deal.key, cents])
    }
  })

  it('moves every opportunity through stages of its pipeline, and links only contacts of its account', () => {
    for (const deal of of(company, 'Opportunity')) {
      const stages = deal.stages!
      expect(stages.at(-1)!.stageId).toEqual(deal.fields.stageId)
      expect(stages[0]!.at).toBe(deal.createdAt)
      expect(stages.map(({ at }) => at)).toEqual([...new Set(stages.map(({ at }) => at))].sort())
      for (const { stageId } of stages)
        expect(byKey.get(stageId.ref)!.fields.pipelineId).toEqual(deal.fields.pipelineId)
      const links = of(company, 'OpportunityContact').filter((link) => target(link, 'opportunityId') === deal.key)
      expect(links.filter(({ fields }) => fields.isPrimary)).toHaveLength(1)
      for (const link of links) {
        expect(byKey.has(`accountContact:${target(deal, 'accountId')}:${target(link, 'contactId')}`)).toBe(true)
      }
    }
  })

  it('wins a believable share of what is decided', () => {
    const statuses = of(company, 'Opportunity').map(({ derived }) => derived?.status)
    const won = statuses.filter((status) => status === 'WON').length
    const lost = statuses.filter((status) => status === 'LOST').length
    expect(won / (won + lost)).toBeGreaterThan(0.4)
    expect(won / (won + lost)).toBeLessThan(0.7)
    const accounts = new Set(
      of(company, 'Opportunity')
        .filter(({ derived }) => derived?.status === 'WON')
        .map((deal) => target(deal, 'accountId')),
    )
    for (const { key, fields } of of(company, 'Account')) expect(fields.type === 'CUSTOMER').toBe(accounts.has(key))
  })

  it('makes up its addresses, names of hosts and telephone numbers, and repeats no number', () => {
    const phones: string[] = []
    for (const record of company.records) {
      for (const [path, value] of strings(record.fields)) {
        if (/^\.(phone|mobile)$/.test(path)) phones.push(value)
        if (/^\.(email|website|landingUrl|domains\.0)$/.test(path)) expect(value).toMatch(/\.example(\/|$)/)
      }
    }
    expect(phones.filter((phone) => !isValidPhoneNumber(phone))).toEqual([])
    expect(phones.filter((phone) => phone.startsWith('+1') && !/^\+1\d{3}55501\d{2}$/.test(phone))).toEqual([])
    const contacts = of(company, 'Contact').flatMap(({ fields }) => [fields.phone, fields.mobile].filter(Boolean))
    expect(new Set(contacts).size).toBe(contacts.length)
  })

  it('fills in every pattern and mixes languages and currencies', () => {
    const values = company.records.flatMap(({ fields }) => strings(fields))
    expect(values.filter(([, value]) => /[{}]|undefined|NaN/.test(value))).toEqual([])
    expect(values.filter(([, value]) => value !== value.trim() || value === '')).toEqual([])
    const names = of(company, 'Account').map((record) => text(record, 'name'))
    const chinese = names.filter((name) => /\p{Script=Han}/u.test(name)).length / names.length
    expect(chinese).toBeCloseTo(slug === 'acme' ? 1 / 3 : 0.7, 1)
    expect(names.some((name) => /[äöüéèñ]/i.test(name))).toBe(true)
    const currencies = of(company, 'Opportunity').map(({ fields }) => (fields.amount as DemoMoney).currency)
    expect([...new Set(currencies)].sort()).toEqual(slug === 'acme' ? ['EUR', 'USD'] : ['CNY', 'USD'])
  })
})

describe.each(slugs)('the dates of %s', (slug) => {
  it.each(todays)('fit together when today is %p', (now) => {
    const company = demoCompany(slug, now)
    const byKey = new Map(company.records.map((record) => [record.key, record]))
    const midnight = Math.floor(now.getTime() / DAY) * DAY
    const nextDay = midnight + DAY

    function time(value: DemoValue | undefined): number {
      return Date.parse(String(value))
    }

    for (const { key, createdAt, fields, derived } of company.records) {
      expect([key, time(createdAt) < midnight, time(createdAt) > midnight - 550 * DAY]).toEqual([key, true, true])
      for (const [field, value] of Object.entries({ ...fields, ...derived })) {
        if (field === 'birthday' || !/(At|Date)$/.test(field)) continue
        expect([key, field, time(value) <= midnight + 92 * DAY]).toEqual([key, field, true])
        if (field === 'nextFollowUpAt') expect([key, time(value) >= nextDay]).toEqual([key, true])
        if (/^(converted|completed|assigned|firstResponse|first|last)/.test(field)) {
          expect([key, field, time(value) < midnight]).toEqual([key, field, true])
        }
        if (field === 'convertedAt') expect([key, time(value) > time(createdAt)]).toEqual([key, true])
      }
      for (const [field, value] of Object.entries(fields)) {
        const other = isRef(value) ? byKey.get(value.ref) : undefined
        if (other) expect([key, field, createdAt >= other.createdAt]).toEqual([key, field, true])
      }
    }
    for (const { key, createdAt, fields, derived, stages } of of(company, 'Opportunity')) {
      const open = derived?.status === 'OPEN'
      expect([key, fields.actualCloseDate]).toEqual([key, open ? undefined : fields.closeDate])
      expect([key, open ? time(fields.closeDate) > midnight : time(fields.closeDate) < midnight]).toEqual([key, true])
      expect([key, time(fields.closeDate) > time(createdAt)]).toEqual([key, true])
      if (!open) expect([key, stages!.at(-1)!.at.slice(0, 10)]).toEqual([key, fields.closeDate])
      expect([key, fields.lossReason !== undefined]).toEqual([key, derived?.status === 'LOST'])
    }
    for (const link of [...of(company, 'ActivityLink'), ...of(company, 'TaskLink')]) {
      const work = byKey.get(target(link, link.type === 'TaskLink' ? 'taskId' : 'activityId'))!
      const about = byKey.get(target(link, 'recordId'))!
      const at = time(work.fields.startAt ?? work.fields.dueAt)
      expect([link.key, at >= time(about.createdAt)]).toEqual([link.key, true])
      const closed = about.type === 'Opportunity' && about.fields.actualCloseDate
      if (closed) expect([link.key, at < time(about.stages!.at(-1)!.at)]).toEqual([link.key, true])
    }
    for (const { key, fields } of of(company, 'Activity')) {
      if (fields.status === 'PLANNED') expect([key, time(fields.startAt) >= nextDay]).toEqual([key, true])
      else expect([key, time(fields.endAt ?? fields.startAt) < midnight]).toEqual([key, true])
      if (fields.endAt) expect([key, time(fields.endAt) > time(fields.startAt)]).toEqual([key, true])
    }
    for (const { key, createdAt, fields } of of(company, 'Task')) {
      expect([key, fields.completedAt !== undefined]).toEqual([key, fields.status === 'DONE'])
      if (fields.completedAt) expect([key, time(fields.completedAt) > time(createdAt)]).toEqual([key, true])
    }
  })
})
