import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { account, changeField, defineField } from '../support/custom.ts'

/*
 * What filters, orders, pages and groups over custom fields say, against JavaScript over the same values; each field twice, once indexed and once not.
 */

let app: TestApp
const records: { id: string; values: Record<string, Any> }[] = []
const refs: string[] = []

const TEXTS = ['alpha', 'beta', 'Gamma', 'delta 100%', '中文_名', 'ε']
const TYPES: Record<string, { type: string; more?: Record<string, unknown>; values: Any[] }> = {
  note: { type: 'TEXT', values: TEXTS },
  tier: { type: 'SELECT', more: { options: TEXTS.map((value) => ({ value })) }, values: TEXTS },
  seats: { type: 'NUMBER', values: [-3, 0, 7, 10, 100, 2_000_000_000] },
  score: { type: 'DECIMAL', values: ['-1.5', '0', '0.0001', '2', '10', '12345678901234.5'] },
  share: { type: 'PERCENT', values: ['0', '5', '12.5', '100'] },
  budget: {
    type: 'CURRENCY',
    values: ['0.00', '5.50', '10.00', '1200.25'].map((amount) => ({ amount, currency: 'EUR' })),
  },
  vip: { type: 'BOOL', values: [true, false] },
  since: { type: 'DATE', values: ['1999-12-31', '2026-01-01', '2026-01-02', '2026-03-31'] },
  seen: {
    type: 'DATETIME',
    values: ['2026-01-01T15:59:59.999Z', '2026-01-01T16:00:00.000Z', '2026-02-01T00:00:00.001Z'],
  },
  mail: { type: 'EMAIL', values: ['a@x.example', 'b@x.example', 'c@y.example'] },
}
const NAMES = Object.keys(TYPES)
/** The indexed twin of a field. */
const twin = (name: string) => `${name}X`

beforeAll(async () => {
  app = await testApp()
  const { acme } = app
  for (const [name, { type, more }] of Object.entries(TYPES)) {
    await defineField(acme, 'Account', name, type, more)
    await defineField(acme, 'Account', twin(name), type, { ...more, indexed: true })
  }
  await defineField(acme, 'Account', 'topics', 'MULTISELECT', { options: TEXTS.map((value) => ({ value })) })
  await defineField(acme, 'Account', 'coach', 'USER')
  await defineField(acme, 'Account', 'coachX', 'USER', { indexed: true })
  refs.push(acme.adminUserId)
  for (let i = 0; i < 40; i++) {
    const values: Record<string, Any> = {}
    NAMES.forEach((name, at) => {
      const { values: some } = TYPES[name]!
      if ((i * 7 + at * 3) % 5 === 0) return
      const value = some[(i * (at + 3) + at) % some.length]
      values[name] = value
      values[twin(name)] = value
    })
    if (i % 3 > 0) values.topics = i % 3 === 1 ? [TEXTS[i % 6]] : [TEXTS[i % 6], TEXTS[(i + 1) % 6]]
    if (i % 4 === 0) Object.assign(values, { coach: acme.adminUserId, coachX: acme.adminUserId })
    const { id } = await account(acme, `Account ${i}`, values)
    records.push({ id, values })
  }
  records.sort((a, b) => (a.id < b.id ? -1 : 1))
  // The order of texts is the database's.
  const { app: inner } = app
  const sorted = await inner.tenancy.withoutTenant((db) =>
    db.rows<{ t: string }>({
      text: 'SELECT t FROM unnest($1::text[]) t ORDER BY t',
      values: [[...TEXTS, ...TYPES.mail!.values]],
    }),
  )
  sorted.forEach(({ t }, rank) => {
    ranks.set(t, rank)
  })
})

afterAll(() => app.close())

const ranks = new Map<string, number>()
const plainName = (name: string) => (name.endsWith('X') ? name.slice(0, -1) : name)

/** A value as a number to compare by. */
function rank(name: string, value: Any): number {
  const { type } = TYPES[plainName(name)]!
  if (type === 'CURRENCY') return Number(value.amount ?? value)
  if (type === 'DATE' || type === 'DATETIME') return Date.parse(value)
  if (['NUMBER', 'DECIMAL', 'PERCENT', 'BOOL'].includes(type)) return Number(value)
  return ranks.get(value)!
}

type Condition = { field: string } & Record<string, Any>

function holds({ values }: { values: Record<string, Any> }, { field, ...operators }: Condition): boolean {
  const value = values[field]
  const at = value === undefined ? null : rank(field, value)
  const of = (operand: Any) => rank(field, operand)
  return Object.entries(operators).every(([operator, operand]) => {
    switch (operator) {
      case 'eq':
        return at !== null && at === of(operand)
      case 'neq':
        return at === null || at !== of(operand)
      case 'in':
        return at !== null && operand.map(of).includes(at)
      case 'notIn':
        return at === null || !operand.map(of).includes(at)
      case 'lt':
        return at !== null && at < of(operand)
      case 'lte':
        return at !== null && at <= of(operand)
      case 'gt':
        return at !== null && at > of(operand)
      case 'gte':
        return at !== null && at >= of(operand)
      case 'isNull':
        return (at === null) === operand
      case 'contains':
        return at !== null && value.toLowerCase().includes(operand.toLowerCase())
      default:
        return at !== null && value.toLowerCase().startsWith(operand.toLowerCase())
    }
  })
}

type Where = { customFields?: Condition[]; and?: Where[]; or?: Where[]; not?: Where }

function matches(record: { values: Record<string, Any> }, where: Where): boolean {
  return (
    (where.customFields ?? []).every((one) => holds(record, one)) &&
    (where.and ?? []).every((one) => matches(record, one)) &&
    (where.or === undefined || where.or.some((one) => matches(record, one))) &&
    (where.not === undefined || !matches(record, where.not))
  )
}

const field = fc.constantFrom(...NAMES.flatMap((name) => [name, twin(name)]))
const condition: fc.Arbitrary<Condition> = field.chain((name) => {
  const { type, values } = TYPES[plainName(name)]!
  const operand = fc.constantFrom(...values.map((value) => value.amount ?? value))
  const some = fc.array(operand, { maxLength: 3 })
  const texts = ['TEXT', 'SELECT', 'EMAIL'].includes(type)
  const bounds = type === 'BOOL' || type === 'SELECT' ? [] : (['lt', 'lte', 'gt', 'gte'] as const)
  const parts: fc.Arbitrary<Record<string, Any>>[] = [
    ...(['eq', 'neq', ...bounds] as const).map((one) => operand.map((value) => ({ [one]: value }))),
    ...(['in', 'notIn'] as const).map((one) => some.map((value) => ({ [one]: value }))),
    fc.boolean().map((isNull) => ({ isNull })),
    ...(texts
      ? (['contains', 'startsWith'] as const).map((one) =>
          fc.constantFrom('a', 'G', '%', '_', '中', '@X', 'delta').map((value) => ({ [one]: value })),
        )
      : []),
  ]
  return fc
    .array(fc.oneof(...parts), { minLength: 1, maxLength: 2 })
    .map((operators) => ({ field: name, ...Object.assign({}, ...operators) }))
})
const leaf: fc.Arbitrary<Where> = fc
  .array(condition, { minLength: 1, maxLength: 2 })
  .map((customFields) => ({ customFields }))
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    fc.array(tie('where'), { minLength: 1, maxLength: 2 }).map((or) => ({ or })),
    fc.array(tie('where'), { minLength: 1, maxLength: 2 }).map((and) => ({ and })),
    tie('where').map((not) => ({ not })),
  ),
}))
const orderBy = fc.uniqueArray(
  fc.record({
    field,
    direction: fc.constantFrom('ASC', 'DESC'),
    nulls: fc.option(fc.constantFrom('FIRST', 'LAST'), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 2, selector: (one) => one.field },
)

type Key = { field: string; direction: string; nulls?: string }

function sorted(list: typeof records, keys: Key[]): typeof records {
  const last = keys.at(-1)?.direction === 'DESC' ? -1 : 1
  return list.toSorted((a, b) => {
    for (const { field: name, direction, nulls } of keys) {
      const [x, y] = [a.values[name], b.values[name]]
      if (x === undefined && y === undefined) continue
      const first = (nulls ?? (direction === 'DESC' ? 'FIRST' : 'LAST')) === 'FIRST'
      if (x === undefined) return first ? -1 : 1
      if (y === undefined) return first ? 1 : -1
      const difference = rank(name, x) - rank(name, y)
      if (difference !== 0) return direction === 'DESC' ? -difference : difference
    }
    return (a.id < b.id ? -1 : 1) * last
  })
}

const idsOf = (list: { id: string }[]) => list.map(({ id }) => id)

describe('lists over custom fields', () => {
  it('find by any filter what JavaScript finds, and count it', async () => {
    const query = `query($where: AccountFilter) { accounts(where: $where, first: 100) { nodes { id } totalCount { value } } }`
    await fc.assert(
      fc.asyncProperty(where, async (given) => {
        const { accounts } = await app.acme.run<Any>(query, { where: given })
        expect(idsOf(accounts.nodes)).toEqual(idsOf(records.filter((one) => matches(one, given))))
        expect(accounts.totalCount.value).toBe(accounts.nodes.length)
      }),
      { numRuns: 120, seed: 7 },
    )
  })

  it('stand in any order as JavaScript puts them, and page through it both ways', async () => {
    const query = `query($where: AccountFilter, $orderBy: [AccountOrder!], $first: Int, $after: String, $last: Int, $before: String) {
      accounts(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
    await fc.assert(
      fc.asyncProperty(orderBy, leaf, fc.integer({ min: 3, max: 17 }), async (keys, filter, size) => {
        const variables = { where: filter, orderBy: keys.map((customField) => ({ customField })) }
        const wanted = idsOf(
          sorted(
            records.filter((one) => matches(one, filter)),
            keys,
          ),
        )
        const forward: string[] = []
        let after: string | null = null
        do {
          const { accounts } = (await app.acme.run<Any>(query, { ...variables, first: size, after })) as Any
          expect(accounts.pageInfo.hasPreviousPage).toBe(after !== null && wanted.length > 0)
          forward.push(...idsOf(accounts.nodes))
          after = accounts.pageInfo.hasNextPage ? accounts.pageInfo.endCursor : null
        } while (after)
        expect(forward).toEqual(wanted)
        const backward: string[] = []
        let before: string | null = null
        do {
          const { accounts } = (await app.acme.run<Any>(query, { ...variables, last: size, before })) as Any
          backward.unshift(...idsOf(accounts.nodes))
          before = accounts.pageInfo.hasPreviousPage ? accounts.pageInfo.startCursor : null
        } while (before)
        expect(backward).toEqual(wanted)
      }),
      { numRuns: 40, seed: 11 },
    )
  })

  it('order by custom and other fields together', async () => {
    const { accounts } = await app.acme.run<Any>(
      '{ accounts(first: 100, orderBy: [{ customField: { field: "vipX" } }, { field: NAME, direction: DESC }]) { nodes { id name } totalCount { value } } }',
    )
    const names = new Map(accounts.nodes.map((one: Any) => [one.id, one.name]))
    const group = ({ values }: (typeof records)[number]) => (values.vip === undefined ? 2 : Number(values.vip))
    const compare = (a: string, b: string) => Buffer.compare(Buffer.from(b), Buffer.from(a))
    expect(idsOf(accounts.nodes)).toEqual(
      idsOf(
        records.toSorted(
          (a, b) => group(a) - group(b) || compare(names.get(a.id) as string, names.get(b.id) as string),
        ),
      ),
    )
    // With a count alone no value of the order is written.
    const counted = await app.acme.run<Any>(
      '{ accounts(orderBy: [{ customField: { field: "note" } }], where: { customFields: [{ field: "seats", gt: 1 }] }) { totalCount { value } } }',
    )
    expect(counted.accounts.totalCount.value).toBe(records.filter(({ values }) => values.seats > 1).length)
  })

  it('find members of lists, users, and records by relation filters', async () => {
    const { acme } = app
    const find = async (filter: Record<string, unknown>) =>
      idsOf(
        (
          await acme.run<Any>('query($w: AccountFilter) { accounts(where: $w, first: 100) { nodes { id } } }', {
            w: filter,
          })
        ).accounts.nodes,
      )
    expect(await find({ customFields: [{ field: 'topics', arrayContains: 'beta' }] })).toEqual(
      idsOf(records.filter(({ values }) => values.topics?.includes('beta'))),
    )
    expect(await find({ not: { customFields: [{ field: 'topics', arrayContains: 'beta' }] } })).toEqual(
      idsOf(records.filter(({ values }) => !values.topics?.includes('beta'))),
    )
    for (const name of ['coach', 'coachX']) {
      expect(await find({ customFields: [{ field: name, eq: acme.adminUserId }] })).toEqual(
        idsOf(records.filter(({ values }) => values.coach)),
      )
      expect(await find({ customFields: [{ field: name, neq: acme.adminUserId }] })).toEqual(
        idsOf(records.filter(({ values }) => !values.coach)),
      )
      expect(await find({ customFields: [{ field: name, in: ['nonsense', acme.adminUserId] }] })).toHaveLength(10)
    }
    const [first] = records.filter(({ values }) => values.seatsX === 7)
    await acme.run(
      'mutation($id: ID!, $parent: ID!) { updateAccount(id: $id, input: { parentId: $parent }) { userErrors { code } } }',
      {
        id: records.find(({ id }) => id !== first!.id)!.id,
        parent: first!.id,
      },
    )
    for (const name of ['seats', 'seatsX']) {
      expect(await find({ parent: { is: { customFields: [{ field: name, eq: 7 }] } } })).toEqual([
        records.find(({ id }) => id !== first!.id)!.id,
      ])
      expect(await find({ children: { some: { customFields: [{ field: name, isNull: false }] } } })).toHaveLength(
        records.find(({ id }) => id !== first!.id)!.values.seats === undefined ? 0 : 1,
      )
    }
  })

  it('name the field and the place where a condition cannot be', async () => {
    const { acme } = app
    const refused = async (filter: unknown) => {
      const { errors } = await acme.ask('query($w: AccountFilter) { accounts(where: $w) { nodes { id } } }', {
        w: filter,
      })
      return [errors?.[0]?.extensions.code, (errors?.[0]?.extensions.field as string[] | undefined)?.join('.')]
    }
    const on = (condition: Record<string, unknown>) => refused({ customFields: [condition] })
    expect(await on({ field: 'nothing', eq: 1 })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.field'])
    expect(await on({ field: 'seats', eq: '7' })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.eq'])
    expect(await on({ field: 'seats', in: [1, 'x'] })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.in.1'])
    expect(await on({ field: 'seats', eq: null })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.eq'])
    expect(await on({ field: 'seats', contains: '7' })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.contains'])
    expect(await on({ field: 'vip', gt: true })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.gt'])
    expect(await on({ field: 'since', eq: '2026-02-30' })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.eq'])
    expect(await on({ field: 'score', eq: { a: 1 } })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.eq'])
    expect(await on({ field: 'note', eq: 'a\u0000' })).toEqual(['BAD_USER_INPUT', 'where.customFields.0.eq'])
    const order = async (key: unknown) => {
      const { errors } = await acme.ask('query($o: [AccountOrder!]) { accounts(orderBy: $o) { nodes { id } } }', {
        o: [key],
      })
      return [errors?.[0]?.extensions.code, (errors?.[0]?.extensions.field as string[] | undefined)?.join('.')]
    }
    expect(await order({ customField: { field: 'topics' } })).toEqual(['BAD_USER_INPUT', 'orderBy.0.customField.field'])
    expect(await order({ customField: { field: 'nothing' } })).toEqual([
      'BAD_USER_INPUT',
      'orderBy.0.customField.field',
    ])
    expect(await order({})).toEqual(['BAD_USER_INPUT', 'orderBy.0'])
    expect(await order({ field: 'NAME', customField: { field: 'note' } })).toEqual(['BAD_USER_INPUT', 'orderBy.0'])
  })

  it('of a field that becomes indexed answer as before', async () => {
    const { acme } = app
    const { fieldDefinitions } = await acme.run<Any>(
      '{ fieldDefinitions(where: { apiName: { eq: "share" } }) { nodes { id } } }',
    )
    const ask = async () =>
      idsOf(
        (
          await acme.run<Any>(
            '{ accounts(first: 100, where: { customFields: [{ field: "share", gte: "5", neq: 100 }] }) { nodes { id } } }',
          )
        ).accounts.nodes,
      )
    const before = await ask()
    expect(before.length).toBeGreaterThan(0)
    await changeField(acme, fieldDefinitions.nodes[0].id, { indexed: true })
    expect(await ask()).toEqual(before)
    await changeField(acme, fieldDefinitions.nodes[0].id, { indexed: false })
    expect(await ask()).toEqual(before)
  })
})

describe('groups over custom fields', () => {
  const groups = (of: (values: Record<string, Any>) => Any) => Map.groupBy(records, ({ values }) => of(values) ?? null)

  it.each(['tier', 'tierX', 'seats', 'vip', 'since', 'mailX'])('are made by %s', async (name) => {
    const { accountAggregate } = await app.acme.run<Any>(
      `query($by: [AccountGroupBy!]) { accountAggregate(groupBy: $by) { key { customFields } count } }`,
      { by: [{ customField: name }] },
    )
    const found = new Map(accountAggregate.map((one: Any) => [one.key.customFields[name], one.count]))
    expect(found).toEqual(new Map([...groups((values) => values[name])].map(([key, list]) => [key, list.length])))
  })

  it('sum, average and compare numbers, amounts, days', async () => {
    const { accountAggregate } = await app.acme.run<Any>(
      `{ accountAggregate(groupBy: [{ customField: "vip" }, { field: TYPE }], customFields: ["seats", "score", "budget", "since"], orderBy: [{ by: SUM, customField: "seats", direction: DESC }, { by: KEY, customField: "vip" }]) {
        key { type customFields } count sum { customFields } avg { customFields } min { customFields } max { customFields } } }`,
    )
    const wanted = [...groups((values) => values.vip)].map(([vip, list]) => {
      const of = (name: string) => list.flatMap(({ values }) => (values[name] === undefined ? [] : [values[name]]))
      const sum = of('seats').reduce((a, b) => a + b, 0)
      return { vip, count: list.length, sum, seats: of('seats'), budget: of('budget'), since: of('since').sort() }
    })
    expect(accountAggregate).toHaveLength(3)
    const sums = accountAggregate.map((one: Any) => Number(one.sum.customFields.seats))
    expect(sums).toEqual(sums.toSorted((a: number, b: number) => b - a))
    for (const group of accountAggregate) {
      const expected = wanted.find(({ vip }) => vip === group.key.customFields.vip)!
      expect(group.key).toEqual({ type: 'PROSPECT', customFields: { vip: expected.vip } })
      expect(group.count).toBe(expected.count)
      expect(Number(group.sum.customFields.seats)).toBe(expected.sum)
      expect(group.min.customFields.seats).toBe(Math.min(...expected.seats))
      expect(group.max.customFields.since).toBe(expected.since.at(-1))
      expect(group.sum.customFields).not.toHaveProperty('since')
      expect(group.sum.customFields.budget.currency).toBe('EUR')
      expect(Number(group.sum.customFields.budget.amount)).toBeCloseTo(
        expected.budget.reduce((a, b) => a + Number(b.amount), 0),
        4,
      )
    }
  })

  it('take dates in spans of the company’s time zone', async () => {
    const { accountAggregate } = await app.acme.run<Any>(
      `{ accountAggregate(groupBy: [{ customField: "seen", bucket: DAY }, { customField: "since", bucket: MONTH }], where: { customFields: [{ field: "seen", isNull: false }, { field: "since", isNull: false }] }) { key { customFields } count } }`,
    )
    const day = (time: string) => new Date(Date.parse(time) + 8 * 3600_000).toISOString().slice(0, 10)
    const wanted = Map.groupBy(
      records.filter(({ values }) => values.seen && values.since),
      ({ values }) => `${day(values.seen)} ${values.since.slice(0, 7)}-01`,
    )
    expect(
      new Map(
        accountAggregate.map(({ key, count }: Any) => [`${key.customFields.seen} ${key.customFields.since}`, count]),
      ),
    ).toEqual(new Map([...wanted].map(([key, list]) => [key, list.length])))
  })

  it('refuse what makes no group or no sum, and amounts of several currencies', async () => {
    const { acme } = app
    const refused = async (args: string, select = 'count') => {
      const { errors } = await acme.ask(`{ accountAggregate(${args}) { ${select} } }`)
      return [errors?.[0]?.extensions.code, (errors?.[0]?.extensions.field as string[] | undefined)?.join('.')]
    }
    expect(await refused('groupBy: [{ customField: "budget" }]')).toEqual(['BAD_USER_INPUT', 'groupBy.0.customField'])
    expect(await refused('groupBy: [{ customField: "nothing" }]')).toEqual(['BAD_USER_INPUT', 'groupBy.0.customField'])
    expect(await refused('groupBy: [{}]')).toEqual(['BAD_USER_INPUT', 'groupBy.0'])
    expect(await refused('groupBy: [{ customField: "note", bucket: DAY }]')).toEqual([
      'BAD_USER_INPUT',
      'groupBy.0.bucket',
    ])
    expect(await refused('customFields: ["note"]')).toEqual(['BAD_USER_INPUT', 'customFields.0'])
    const made = await account(acme, 'Other money', { budget: { amount: '1', currency: 'USD' } })
    expect(await refused('customFields: ["budget"]', 'sum { customFields }')).toEqual([
      'BAD_USER_INPUT',
      'customFields',
    ])
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: made.id })
  })
})
