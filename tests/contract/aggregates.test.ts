import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isEnumType, isInputObjectType, isObjectType } from 'graphql'
import { DateTime } from 'luxon'
import { type Field, fieldOf, type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { parseMoney } from '../../src/read/values.ts'
import { schema } from '../../src/schema/index.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { camel } from '../support/factory.ts'
import { fill } from '../support/fill.ts'
import { type Graph, readGraph, valueIn } from '../support/graph.ts'
import { type Owner, openOwner } from '../support/owner.ts'

let app: TestApp
let owner: Owner
let graph: Graph

beforeAll(async () => {
  app = await testApp({ maxCost: 1e9 })
  owner = await openOwner(app, app.acme)
  await fill(app.acme, owner)
  graph = await readGraph(app.acme, owner)
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

const ZONE = 'Asia/Shanghai'
const SPANS = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'] as const
const recordsOf = (type: RecordType): Any[] => [...(graph.records.get(type.name)?.values() ?? [])]

/** What a type can be grouped by, from the schema: name of the enum value and field. */
function groupable(type: RecordType): { name: string; field: Field }[] {
  const found = schema.getType(`${type.name}GroupField`)
  if (!isEnumType(found)) throw new Error(`${type.name} cannot be grouped.`)
  return found.getValues().map(({ name, value }) => ({ name, field: fieldOf(type, value as string) }))
}

/** Fields that a function is offered over, from the schema. */
function offered(typeName: string): string[] {
  const found = schema.getType(typeName)
  if (isObjectType(found) || isInputObjectType(found)) return Object.keys(found.getFields())
  return []
}

async function groups(
  type: RecordType,
  args: string,
  selection: string,
  variables: Record<string, Any> = {},
  header = '',
): Promise<Any[]> {
  const data = await app.acme.run(
    `query${header} { groups: ${camel(type.name)}Aggregate${args} { ${selection} } }`,
    variables,
  )
  return data.groups
}

/** Root fields of one document. */
const BATCH = 10

/** Groups of many at once: of each of `parts` what `asked` says of it, in their order. */
async function groupsOfEach<Part>(
  type: RecordType,
  parts: Part[],
  asked: (part: Part) => [args: string, selection: string],
): Promise<[Part, Any[]][]> {
  const found: [Part, Any[]][] = []
  for (let from = 0; from < parts.length; from += BATCH) {
    const some = parts.slice(from, from + BATCH)
    const fields = some.map((part, at) => {
      const [args, selection] = asked(part)
      return `g${at}: ${camel(type.name)}Aggregate${args} { ${selection} }`
    })
    const data = await app.acme.run(`{ ${fields.join(' ')} }`)
    found.push(...some.map((part, at): [Part, Any[]] => [part, data[`g${at}`]]))
  }
  return found
}

/** The first day of the span that a value lies in, in the company's time zone. */
function spanOf(field: Field, value: string | null, span: string): string | null {
  if (value === null) return null
  const at = field.kind === 'date' ? DateTime.fromISO(value, { zone: 'UTC' }) : DateTime.fromISO(value, { zone: ZONE })
  return at.startOf(span.toLowerCase() as 'day').toISODate()
}

const isTime = ({ kind }: Field) => kind === 'date' || kind === 'datetime'
const keyOf = ({ relation, name }: Field) => relation ?? name
const selectKey = (field: Field) => `key { ${keyOf(field)}${field.relation ? ' { id }' : ''} }`
const shownKey = (field: Field, group: Any) =>
  field.relation ? (group.key[keyOf(field)]?.id ?? null) : group.key[keyOf(field)]

function countBy(values: Any[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[JSON.stringify(value ?? null)] = (counts[JSON.stringify(value ?? null)] ?? 0) + 1
  return counts
}

describe.each(recordTypes().map((type) => [type.name, type] as const))('aggregates of %s', (_name, type) => {
  const numeric = [...type.fields.values()].filter(
    ({ kind, filter, name }) => filter && name !== 'version' && ['int', 'decimal', 'money'].includes(kind),
  )

  it('count as many as the list has, in all, filtered, and by every field that can make groups', async () => {
    const records = recordsOf(type)
    expect(await groups(type, '', 'count')).toEqual([{ count: records.length }])
    const some = records.slice(0, 7).map(({ id }) => id)
    expect(await groups(type, `(where: { id: { in: $ids } })`, 'count', { ids: some }, '($ids: [ID!])')).toEqual([
      { count: 7 },
    ])
    expect(await groups(type, `(where: { id: { in: [] } })`, 'count')).toEqual([{ count: 0 }])
    expect(await groups(type, `(where: { id: { in: [] } }, groupBy: [{ field: CREATED_AT }])`, 'count')).toEqual([])
    const each = await groupsOfEach(type, groupable(type), ({ name, field }) => [
      `(groupBy: [{ field: ${name} }])`,
      `count ${selectKey(field)}`,
    ])
    for (const [{ name, field }, found] of each) {
      const values = records.map((record) =>
        isTime(field) ? spanOf(field, valueIn(type, field, record), 'DAY') : valueIn(type, field, record),
      )
      const counted = Object.fromEntries(
        found.map((group) => [JSON.stringify(shownKey(field, group) ?? null), group.count]),
      )
      expect({ [name]: counted }).toEqual({ [name]: countBy(values) })
      expect(found.length).toBe(Object.keys(counted).length)
    }
  })

  it('make groups of days, weeks, months, quarters and years in the time zone of the company', async () => {
    const times = groupable(type).filter(({ field }) => isTime(field))
    expect(times.length).toBeGreaterThan(0)
    const each = await groupsOfEach(
      type,
      times.flatMap((time) => SPANS.map((span) => ({ ...time, span }))),
      ({ name, field, span }) => [`(groupBy: [{ field: ${name}, bucket: ${span} }])`, `count ${selectKey(field)}`],
    )
    for (const [{ name, field, span }, found] of each) {
      const counted = Object.fromEntries(found.map((group) => [JSON.stringify(group.key[field.name]), group.count]))
      const values = recordsOf(type).map((record) => spanOf(field, valueIn(type, field, record), span))
      expect({ [`${name} ${span}`]: counted }).toEqual({ [`${name} ${span}`]: countBy(values) })
    }
    const plain = groupable(type).find(({ field }) => !isTime(field))
    if (!plain) return
    const { errors } = await app.acme.ask(
      `{ ${camel(type.name)}Aggregate(groupBy: [{ field: ${plain.name}, bucket: DAY }]) { count } }`,
    )
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
  })

  it('make groups by two fields at once', async () => {
    const two = groupable(type).slice(0, 2)
    if (two.length < 2) return expect(groupable(type)).toHaveLength(1)
    const found = await groups(
      type,
      `(groupBy: [${two.map(({ name }) => `{ field: ${name} }`)}])`,
      `count key { ${two.map(({ field }) => `${keyOf(field)}${field.relation ? ' { id }' : ''}`).join(' ')} }`,
    )
    const counted = Object.fromEntries(
      found.map((group) => [JSON.stringify(two.map(({ field }) => shownKey(field, group) ?? null)), group.count]),
    )
    const values = recordsOf(type).map((record) =>
      two.map(
        ({ field }) =>
          (isTime(field) ? spanOf(field, valueIn(type, field, record), 'DAY') : valueIn(type, field, record)) ?? null,
      ),
    )
    expect(counted).toEqual(countBy(values))
  })

  it('compute sum, average, least and greatest of every number and moment as JavaScript does', async () => {
    const words = { sum: 'Sum', avg: 'Average', min: 'Minimum', max: 'Maximum' } as const
    let probes = 0
    for (const [fn, suffix] of Object.entries(words) as ['sum' | 'avg' | 'min' | 'max', string][]) {
      for (const name of offered(`${type.name}${suffix}`)) {
        const field = fieldOf(type, name)
        if (field.kind === 'custom') continue
        const currencies =
          field.kind === 'money'
            ? [
                ...new Set(
                  recordsOf(type)
                    .filter((one) => one[name])
                    .map((one) => one[name].currency),
                ),
              ]
            : [null]
        for (const currency of currencies) {
          const where = currency ? `(where: { currency: { eq: "${currency}" } })` : ''
          const [group] = await groups(
            type,
            where,
            `${fn} { ${name}${field.kind === 'money' ? ' { amount currency }' : ''} }`,
          )
          const values = recordsOf(type)
            .map((record) => valueIn(type, field, record))
            .filter((value, i) => value !== null && (!currency || recordsOf(type)[i]?.[name].currency === currency))
          expect([name, fn, shown(field, group[fn][name])]).toEqual([name, fn, worked(field, fn, values, currency)])
          probes++
        }
      }
    }
    expect(probes).toBeGreaterThanOrEqual(2)
  })

  it('keep the groups that having asks for, in the order and number asked for', async () => {
    const { name, field } = groupable(type).find(
      ({ field: one }) => new Set(recordsOf(type).map((record) => valueIn(type, one, record))).size > 3,
    ) as { name: string; field: Field }
    const all = await groups(type, `(groupBy: [{ field: ${name} }])`, `count ${selectKey(field)}`)
    const limit = all.map(({ count }) => count).sort((a, b) => a - b)[Math.floor(all.length / 2)]
    const keys = (list: Any[]) => list.map((group) => JSON.stringify(shownKey(field, group) ?? null)).sort()
    for (const [operator, test] of [
      ['gte', (n: number) => n >= limit],
      ['lt', (n: number) => n < limit],
      ['eq', (n: number) => n === limit],
      ['neq', (n: number) => n !== limit],
    ] as const) {
      const found = await groups(
        type,
        `(groupBy: [{ field: ${name} }], having: { count: { ${operator}: ${limit} } })`,
        `count ${selectKey(field)}`,
      )
      expect([operator, keys(found)]).toEqual([operator, keys(all.filter(({ count }) => test(count)))])
    }
    for (const direction of ['ASC', 'DESC']) {
      const byCount = await groups(
        type,
        `(groupBy: [{ field: ${name} }], orderBy: [{ by: COUNT, direction: ${direction} }])`,
        'count',
      )
      const wanted = all.map(({ count }) => count).sort((a, b) => (direction === 'ASC' ? a - b : b - a))
      expect(byCount.map(({ count }) => count)).toEqual(wanted)
      const first = await groups(
        type,
        `(groupBy: [{ field: ${name} }], orderBy: [{ by: COUNT, direction: ${direction} }], first: 2)`,
        'count',
      )
      expect(first.map(({ count }) => count)).toEqual(wanted.slice(0, 2))
      const byKey = await groups(
        type,
        `(groupBy: [{ field: ${name} }], orderBy: [{ by: KEY, field: ${name}, direction: ${direction} }])`,
        selectKey(field),
      )
      const there = byKey.map((group) => shownKey(field, group) ?? null)
      // Groups without a value stand last either way; the others are in order.
      expect(there.indexOf(null) === -1 || there.indexOf(null) === there.length - 1).toBe(true)
      const reversed = direction === 'ASC' ? there : there.filter((one) => one !== null).reverse()
      if (!field.relation)
        expect(reversed.filter((one) => one !== null)).toEqual(
          [...reversed].filter((one) => one !== null).sort(inOrder(field)),
        )
    }
    const number = numeric.find(({ kind }) => kind !== 'money')
    if (!number) return
    const sums = await groups(
      type,
      `(groupBy: [{ field: ${name} }], having: { sum: { ${number.name}: { gt: "2" } } })`,
      `sum { ${number.name} } ${selectKey(field)}`,
    )
    const wanted = await groups(type, `(groupBy: [{ field: ${name} }])`, `sum { ${number.name} } ${selectKey(field)}`)
    expect(keys(sums)).toEqual(
      keys(wanted.filter((group) => group.sum[number.name] !== null && Number(group.sum[number.name]) > 2)),
    )
  })

  it('refuse to add amounts of several currencies, and add them per currency', async () => {
    const money = numeric.find(
      ({ kind, name }) =>
        kind === 'money' &&
        new Set(
          recordsOf(type)
            .filter((one) => one[name])
            .map((one) => one[name].currency),
        ).size > 1,
    )
    if (!money)
      return expect(
        numeric.filter(({ kind }) => kind === 'money').length === 0 ||
          recordsOf(type).every((one) => one.currency === 'USD'),
      ).toBe(true)
    const ask = `sum { ${money.name} { amount currency } } count`
    const { data, errors } = await app.acme.ask(`{ groups: ${camel(type.name)}Aggregate { ${ask} } }`)
    expect(errors?.map(({ extensions, path }) => [extensions.code, path])).toEqual([['BAD_USER_INPUT', ['groups']]])
    expect(data?.groups ?? null).toBeNull()
    const per = await groups(type, '(groupBy: [{ field: CURRENCY }])', `${ask} key { currency }`)
    expect(per.length).toBeGreaterThan(1)
    for (const group of per) expect(group.sum[money.name]?.currency ?? group.key.currency).toBe(group.key.currency)
  })
})

const inOrder = (field: Field) => (a: Any, b: Any) =>
  ['int', 'decimal'].includes(field.kind)
    ? Number(a) - Number(b)
    : isTime(field) || typeof a === 'boolean'
      ? a < b
        ? -1
        : 1
      : graph.compare(a, b)

/** An aggregate's value in a form to compare: numbers to nine digits, moments as such, money exactly. */
function shown(field: Field, value: Any): Any {
  if (value === null) return null
  if (field.kind === 'money') return `${parseMoney(value.amount)} ${value.currency}`
  if (field.kind === 'datetime') return Date.parse(value)
  return field.kind === 'date' ? value : Number(Number(value).toPrecision(9))
}

function worked(field: Field, fn: 'sum' | 'avg' | 'min' | 'max', values: Any[], currency: string | null): Any {
  if (values.length === 0) return null
  if (field.kind === 'date' || field.kind === 'datetime') {
    const sorted = values.map((one) => (field.kind === 'date' ? one : Date.parse(one))).sort()
    return fn === 'min' ? sorted[0] : sorted.at(-1)
  }
  if (field.kind === 'money') {
    const amounts = values.map((one) => parseMoney(one) as bigint).sort((a, b) => (a < b ? -1 : 1))
    const sum = amounts.reduce((a, b) => a + b, 0n)
    // Averages are cut to four decimals.
    const result = { sum, avg: sum / BigInt(amounts.length), min: amounts[0], max: amounts.at(-1) }[fn]
    return `${result} ${currency}`
  }
  const numbers = values.map(Number)
  const sum = numbers.reduce((a, b) => a + b, 0)
  return Number(
    { sum, avg: sum / numbers.length, min: Math.min(...numbers), max: Math.max(...numbers) }[fn].toPrecision(9),
  )
}

it('refuses what no aggregate can be: too many keys, a key twice, an order by what is not there, a first below 0', async () => {
  const bad = [
    `groupBy: [${['TYPE', 'STATUS', 'INDUSTRY', 'OWNERSHIP', 'RATING', 'OWNER', 'SOURCE'].map((field) => `{ field: ${field} }`)}]`,
    'groupBy: [{ field: TYPE }, { field: TYPE }]',
    'groupBy: [{ field: TYPE }], orderBy: [{ by: KEY, field: STATUS }]',
    'groupBy: [{ field: TYPE }], orderBy: [{ by: KEY }]',
    'groupBy: [{ field: TYPE }], orderBy: [{ by: SUM, sumField: EMPLOYEES }]',
    'groupBy: [{ field: TYPE }], having: { sum: { employees: { gt: "many" } } }',
    'first: -1',
  ]
  for (const args of bad) {
    const { errors } = await app.acme.ask(`{ accountAggregate(${args}) { count } }`)
    expect([args, errors?.map(({ extensions }) => extensions.code)]).toEqual([args, ['BAD_USER_INPUT']])
  }
  const { accountAggregate } = await app.acme.run(
    '{ accountAggregate(groupBy: [{ field: TYPE }], orderBy: [{ by: SUM, sumField: EMPLOYEES, direction: DESC }]) { sum { employees } } }',
  )
  const sums = accountAggregate
    .map((group: Any) => group.sum.employees)
    .filter((one: Any) => one !== null)
    .map(Number)
  expect(sums).toEqual([...sums].sort((a, b) => b - a))
})

// Ten thousand groups need ten thousand records with different values; inserting them as the owner takes under a second.
it('refuses more than ten thousand groups, and gives the first ones when asked for', async () => {
  await owner.rows(
    `INSERT INTO tag (tenant_id, name, description) SELECT atrium.tenant_id(), 'Group ' || n, 'many' FROM generate_series(1, 10001) n`,
  )
  const { errors } = await app.acme.ask(
    '{ tagAggregate(where: { description: { eq: "many" } }, groupBy: [{ field: NAME }]) { count } }',
  )
  expect(errors?.map(({ extensions }) => [extensions.code, extensions.field])).toEqual([
    ['BAD_USER_INPUT', ['groupBy']],
  ])
  const first = await app.acme.run(
    '{ tagAggregate(where: { description: { eq: "many" } }, groupBy: [{ field: NAME }], first: 3) { count } }',
  )
  expect(first.tagAggregate).toEqual([{ count: 1 }, { count: 1 }, { count: 1 }])
  await owner.rows(`DELETE FROM tag WHERE tenant_id = atrium.tenant_id() AND name = 'Group 10001'`)
  const all = await app.acme.run(
    '{ tagAggregate(where: { description: { eq: "many" } }, groupBy: [{ field: NAME }]) { count } }',
  )
  expect(all.tagAggregate).toHaveLength(10_000)
})
