import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Field, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { everyType } from '../support/everyType.ts'
import { camel, creatable, make } from '../support/factory.ts'
import { fill } from '../support/fill.ts'
import { type Graph, matches, operatorsOf, readGraph, valueIn } from '../support/graph.ts'
import { type Owner, openOwner } from '../support/owner.ts'

let app: TestApp
let owner: Owner
let graph: Graph

type Filter = Record<string, Any>

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
  await fill(app.acme, owner)
  graph = await readGraph(app.acme, owner)
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

const recordsOf = (type: RecordType): Any[] => [...(graph.records.get(type.name)?.values() ?? [])]

/** Asks for lists by many filters, some in one request, and gives the places where the answer is not what JavaScript works out. */
async function compare(type: RecordType, filters: Filter[]): Promise<{ wrong: string[]; found: number }> {
  const wrong: string[] = []
  let found = 0
  const ids = [...(graph.records.get(type.name)?.keys() ?? [])]
  // A page holds a hundred; of more the first hundred are compared, and how many there are.
  const first = Math.min(100, ids.length + 1)
  const abreast = Math.min(18, Math.floor(900 / (ids.length + 30)))
  for (let from = 0; from < filters.length; from += abreast) {
    const some = filters.slice(from, from + abreast)
    const query = `query(${some.map((_, i) => `$w${i}: ${type.name}Filter`)}) { ${some.map((_, i) => `l${i}: ${type.plural}(first: ${first}, where: $w${i}) { nodes { id } ${ids.length > 99 ? 'totalCount { value }' : ''} }`).join(' ')} }`
    const { data, errors } = await app.acme.ask(query, Object.fromEntries(some.map((where, i) => [`w${i}`, where])))
    if (errors) {
      wrong.push(`${JSON.stringify(some)}: ${errors.map(({ message }) => message)}`)
      continue
    }
    some.forEach((where, i) => {
      const got: string[] = data[`l${i}`].nodes.map((one: Any) => one.id).sort()
      const want = ids.filter((id) => matches(graph, type.name, id, where)).sort()
      found += want.length
      const count = data[`l${i}`].totalCount?.value ?? got.length
      if (JSON.stringify(got) !== JSON.stringify(want.slice(0, first)) || count !== want.length)
        wrong.push(`${JSON.stringify(where)}: ${got.length} instead of ${want.length}`)
    })
  }
  return { wrong, found }
}

/** Operands worth trying for an operator: values that are there, parts of them in another case, wildcards, and values that are not there. */
function operands(kind: Field['kind'], operator: string, there: Any[], choices: string[]): Any[] {
  if (operator === 'isNull') return [true, false]
  const some = [there[0], there[Math.floor(there.length / 2)], there.at(-1)].filter(
    (one, i, all) => one !== undefined && all.indexOf(one) === i,
  )
  if (operator === 'in' || operator === 'notIn') return [[], some, ...(choices.length > 0 ? [choices.slice(0, 2)] : [])]
  if (operator === 'contains' || operator === 'startsWith') {
    const parts = some.flatMap((text: string) => [text.slice(0, 3).toUpperCase(), text.slice(-3).toLowerCase()])
    return [...parts, '%', '_', '\\', '0%_', '%_off\\x', 'ÜLL', '机床', '']
  }
  if (operator === 'arrayContains') return ['BETA 10', 'beta 10', 'member 1', '%', 'nowhere']
  if (kind === 'id' && there.length > 0) return [...some, 'no id', there[0].replace(/^[a-z]+/, 'zzzz')]
  if (some.length > 0) return some
  const fallback: Partial<Record<Field['kind'], Any>> = {
    int: 1,
    decimal: '1.5',
    money: '1.5',
    date: '2026-01-01',
    datetime: '2026-01-01T00:00:00Z',
    boolean: true,
    choice: choices[0],
  }
  return [fallback[kind] ?? 'nowhere']
}

/** Every operator that the schema offers on a field, each with several operands. */
function leaves(type: RecordType, field: Field): Filter[] {
  const input = `${type.name}Filter`
  const values = recordsOf(type).map((record) => valueIn(type, field, record))
  const filtersOf = (kind: Field['kind'], operators: string[], all: Any[], choices: string[]): Filter[] => {
    const there = [...new Set(all.filter((one) => one !== null && one !== undefined))]
    return operators.flatMap((operator) =>
      operands(kind, operator, there, choices).map((operand) => ({ [operator]: operand })),
    )
  }
  if (field.kind !== 'object') {
    return filtersOf(field.kind, operatorsOf(input, field.name), values, Object.keys(field.choice?.values ?? {})).map(
      (one) => ({ [field.name]: one }),
    )
  }
  const members = Object.entries(field.shape?.members ?? {}).flatMap(([name, { kind }]) =>
    filtersOf(
      kind,
      operatorsOf(`${field.shape?.name}Filter`, name),
      values.map((value) => value?.[name]),
      [],
    ).map((one) => ({ [name]: one })),
  )
  return [{ isNull: true }, { isNull: false }, ...members].map((one) => ({ [field.name]: one }))
}

const filterable = (type: RecordType) =>
  // What custom fields find is held against JavaScript in tests/platform/customFieldLists.test.ts.
  [...type.fields.values()].filter(({ filter, kind }) => filter && kind !== 'objects' && kind !== 'custom')

describe.each(everyType())('filters of %s', (_name, type) => {
  it('find by every operator of every field what JavaScript finds', async () => {
    const filters = filterable(type).flatMap((field) => {
      const own = leaves(type, field)
      expect([field.name, own.length > 1]).toEqual([field.name, true])
      return own
    })
    const { wrong, found } = await compare(type, filters)
    expect(wrong.slice(0, 5)).toEqual([])
    expect(found).toBeGreaterThan(filters.length)
  })

  it('find over every relation what JavaScript finds from nested reads, to depth 3', async () => {
    const filters: Filter[] = []
    for (const [place, relation] of [...type.relations.values()].entries()) {
      const target = recordType(relation.target)
      const quantifiers = relation.kind === 'one' ? ['is'] : ['some', 'every', 'none']
      const inner = pick(target)
      // One step further, and one more, over each way of the target in turn.
      const next =
        [...target.relations.values()].find(({ kind }) => kind !== 'one') ?? [...target.relations.values()][0]
      const beyond = next && recordType(next.target)
      const last = beyond && [...beyond.relations.values()].find(({ kind }) => kind === 'one')
      if (next && beyond && last) {
        const step = next.kind === 'one' ? 'is' : 'some'
        inner.push(
          { [next.name]: { [step]: pick(beyond)[0] } },
          { [next.name]: { [step]: { [last.name]: { is: pick(recordType(last.target))[0] } } } },
        )
        if (next.kind !== 'one')
          inner.push({ [next.name]: { every: { [last.name]: { isNull: false } } } }, { [next.name]: { none: {} } })
      }
      // Those of a relation in turn: over all relations each is asked hundreds of times.
      for (const quantifier of quantifiers)
        for (const one of [{}, ...inner.filter((_, at) => (at + place) % 3 === 0)])
          filters.push({ [relation.name]: { [quantifier]: one } })
      if (relation.kind === 'one')
        filters.push({ [relation.name]: { isNull: true } }, { [relation.name]: { isNull: false } })
    }
    const { wrong, found } = await compare(type, filters)
    expect(wrong.slice(0, 5)).toEqual([])
    expect(found).toBeGreaterThan(0)
  })

  it('combine by and, or and not as logic has it, empty values included', async () => {
    const all = filterable(type).flatMap((field) => leaves(type, field))
    const leaf = fc.constantFrom(...all)
    const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 4, depthSize: 'medium' },
        leaf,
        fc.tuple(leaf, leaf).map(([a, b]) => ({ ...a, ...b })),
        fc.array(tie('filter'), { maxLength: 3 }).map((and) => ({ and })),
        fc.array(tie('filter'), { maxLength: 3 }).map((or) => ({ or })),
        tie('filter').map((not) => ({ not })),
      ),
    }))
    const filters = fc.sample(filter, { seed: 20_261_121, numRuns: 60 })
    const { wrong, found } = await compare(type, filters)
    expect(wrong.slice(0, 5)).toEqual([])
    expect(found).toBeGreaterThan(60)
  })

  it('refuse malformed operands, naming the path and never the value', async () => {
    const text = filterable(type).find(
      ({ kind, target }) => kind === 'text' || (kind === 'id' && target !== undefined),
    ) as Field
    const SECRET = 'S3cretValue'
    const probes: { where: Filter; path: string[] }[] = filterable(type).flatMap((field) => {
      const operator = operatorsOf(`${type.name}Filter`, field.name)[0] as string
      const empty = { where: { [field.name]: { [operator]: null } }, path: [field.name, operator] }
      const bad: Partial<Record<Field['kind'], string[]>> = {
        date: [SECRET, '2026-02-30', '2026-13-01'],
        datetime: [SECRET, '2026-01-01', '2026-01-01T25:00:00Z', '2026-01-01T00:00:00'],
        decimal: [SECRET, '1e5', 'NaN', '1,5'],
        money: [SECRET, '1.00001', 'Infinity', '9999999999999999'],
        text: [`${SECRET}\0`],
      }
      return [
        empty,
        { where: { [field.name]: null }, path: [field.name] },
        ...(bad[field.kind] ?? []).map((value) => ({
          where: { [field.name]: { eq: value } },
          path: [field.name, 'eq'],
        })),
      ]
    })
    const deep = (levels: number): Filter => (levels === 0 ? {} : { not: deep(levels - 1) })
    probes.push(
      { where: { [text.name]: { in: Array.from({ length: 501 }, () => SECRET) } }, path: [text.name, 'in'] },
      { where: { or: Array.from({ length: 501 }, () => ({})) }, path: ['or'] },
      { where: deep(10), path: Array.from({ length: 10 }, () => 'not') },
    )
    for (const { where, path } of probes) {
      const { data, errors, body } = await app.acme.ask(
        `query($w: ${type.name}Filter) { list: ${type.plural}(first: 1, where: $w) { nodes { id } } }`,
        { w: where },
      )
      expect([path, errors?.map(({ extensions }) => [extensions.code, extensions.field])]).toEqual([
        path,
        [['BAD_USER_INPUT', ['where', ...path]]],
      ])
      expect(data ?? null).toBeNull()
      expect(errors?.[0]?.message).toContain(path.at(-1))
      expect(body).not.toContain(SECRET)
    }
    const fine = [{ [text.name]: { in: Array.from({ length: 500 }, () => SECRET) } }, deep(9)]
    for (const where of fine) {
      const { errors } = await app.acme.ask(
        `query($w: ${type.name}Filter) { list: ${type.plural}(first: 1, where: $w) { nodes { id } } }`,
        { w: where },
      )
      expect(errors).toBeUndefined()
    }
  })
})

const picked = new Map<string, Filter[]>()

/** Two filters that hold for some records of a type and not for others. Found once for each type: every relation to it asks. */
function pick(type: RecordType): Filter[] {
  const known = picked.get(type.name)
  if (known) return known
  const total = recordsOf(type).length
  const all = filterable(type)
    .filter(({ name }) => name !== 'id')
    .flatMap((field) => leaves(type, field))
  const telling = all.filter((filter) => {
    const hits = recordsOf(type).filter(({ id }) => matches(graph, type.name, id, filter)).length
    return hits > total / 5 && hits < total
  })
  const found = [telling[0] ?? {}, telling[Math.floor(telling.length / 2)] ?? {}]
  picked.set(type.name, found)
  return found
}

/** Texts that have a form of their own. */
const FORMED = ['cron', 'grouping', 'recurrence', 'slug', 'standard']

/** A text field that search looks into, found by looking: each text of a record in turn. */
async function searchedField(type: RecordType): Promise<string> {
  const texts = [...type.fields.values()].filter(
    ({ name, kind, write, max, relation }) =>
      kind === 'text' &&
      write === 'always' &&
      !FORMED.includes(name) &&
      ((max ?? 255) >= 100 || name === 'invoiceNo' || (type.name === 'ReturnVisit' && name === 'number')) &&
      !relation,
  )
  const { id } = await make(
    app.acme,
    type.name,
    Object.fromEntries(texts.map(({ name }) => [name, `Looking for ${name} of ${type.name}`])),
  )
  for (const { name } of texts) {
    const { list } = await app.acme.run(`query($s: String) { list: ${type.plural}(search: $s) { nodes { id } } }`, {
      s: `${name} of ${type.name}`,
    })
    if (list.nodes.some((one: Any) => one.id === id)) return name
  }
  throw new Error(`search finds ${type.name} by none of ${texts.map(({ name }) => name)}.`)
}

describe('search', () => {
  const types = recordTypes().filter((type) => type.searched.length > 0 && creatable(type))

  beforeAll(async () => {
    // Return visits are found by their numbers, which are the company's to give unless a rule says otherwise.
    const parts = [{ kind: 'TEXT', text: 'VIS-' }, { kind: 'SEQUENCE' }]
    await make(app.acme, 'NumberRule', { object: 'RETURN_VISIT', parts, allowManual: true, active: true })
  })

  it.each(types.map((type) => [type.name, type] as const))(
    'finds %s whatever the case, the width and the diacritics, by a part of a Chinese name, and takes wildcards as they stand',
    async (_name, type) => {
      const field = await searchedField(type)
      const tag = `${type.name}Mark`
      const names = [`${tag} ABC Müller`, `${tag} 上海机床厂`, `${tag} 100%x_y\\z`, `${tag} 100 other`]
      const made: string[] = []
      for (const name of names) made.push((await make(app.acme, type.name, { [field]: name })).id)
      const search = async (text: string) => {
        const data = await app.acme.run(
          `query($s: String) { list: ${type.plural}(first: 100, search: $s) { nodes { id } totalCount { value } } }`,
          { s: `${tag} ${text}` },
        )
        const ids = data.list.nodes.map((one: Any) => one.id)
        expect(data.list.totalCount.value).toBe(ids.length)
        return ids.map((id: string) => made.indexOf(id)).sort()
      }
      const asked = [
        '',
        'abc',
        'ＡＢＣ',
        'muller',
        'MÜLLER',
        'mu\u0308ller',
        '机床',
        '上海 厂',
        '100%',
        '%',
        '0%x_Y',
        '_',
        '\\z',
        'nowhere',
        'ABC 机床',
      ]
      const found = Object.fromEntries(await Promise.all(asked.map(async (text) => [text, await search(text)])))
      expect(found).toEqual({
        '': [0, 1, 2, 3],
        abc: [0],
        ＡＢＣ: [0],
        muller: [0],
        MÜLLER: [0],
        'mu\u0308ller': [0],
        机床: [1],
        '上海 厂': [1],
        '100%': [2],
        '%': [2],
        '0%x_Y': [2],
        _: [2],
        '\\z': [2],
        nowhere: [],
        'ABC 机床': [],
      })
      const aggregate = await app.acme.run(
        `query($s: String) { groups: ${camel(type.name)}Aggregate(search: $s) { count } }`,
        { s: `${tag} 机床` },
      )
      expect(aggregate.groups).toEqual([{ count: 1 }])
    },
  )

  it('refuses more than twenty words and the character U+0000', async () => {
    for (const text of ['word '.repeat(21), 'a\0b']) {
      const { errors } = await app.acme.ask('query($s: String) { accounts(search: $s) { nodes { id } } }', { s: text })
      expect(errors?.map(({ extensions }) => [extensions.code, extensions.field])).toEqual([
        ['BAD_USER_INPUT', ['search']],
      ])
    }
    const { accounts } = await app.acme.run('query($s: String) { accounts(search: $s) { nodes { id } } }', { s: '  ' })
    expect(accounts.nodes.length).toBeGreaterThan(10)
  })
})
