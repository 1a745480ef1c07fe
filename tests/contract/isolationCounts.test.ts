import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type GraphQLEnumType, type GraphQLInputType, type GraphQLObjectType, getNamedType, isLeafType } from 'graphql'
import { Redis } from 'ioredis'
import { findRecordType, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { schema } from '../../src/schema/index.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { camel, creatable, inputFor, make } from '../support/factory.ts'
import { leaks, populate, tenantOf, type Watch, type World, watch } from '../support/isolation.ts'
import { everything, foreignId } from '../support/probes.ts'

let house: TestApp
let acme: World
let globex: World
let owner: Watch

beforeAll(async () => {
  house = await testApp({ maxCost: 1e9 })
  owner = await watch(house.database.ownerUrl)
  acme = await populate(house.acme)
  globex = await populate(house.globex)
})
afterAll(async () => {
  await owner.close()
  await house.close()
})

const each = recordTypes().map((type) => [type.name, type] as [string, RecordType])
const made = each.filter(([, type]) => creatable(type))
const queryFields = schema.getQueryType()!.getFields()

/** Aggregates of one document; the limits allow 20 root fields. */
const BATCH = 10

/**
 * Documents that ask for all that a company can see of a type: its list, its recycle bin, every function over all of it, and how many there are by every key.
 */
function pictures(type: RecordType): string[] {
  const aggregate = queryFields[`${camel(type.name)}Aggregate`]!
  const group = getNamedType(aggregate.type) as GraphQLObjectType
  const key = getNamedType(group.getFields().key!.type) as GraphQLObjectType
  const select = (object: GraphQLObjectType): string =>
    Object.values(object.getFields())
      .map((field) => {
        const named = getNamedType(field.type)
        if (isLeafType(named)) return field.name
        return `${field.name} { ${findRecordType(named.name) ? 'id' : select(named as GraphQLObjectType)} }`
      })
      .join(' ')
  const groupBy = getNamedType(aggregate.args.find(({ name }) => name === 'groupBy')!.type) as Any
  const keys = (getNamedType(groupBy.getFields().field.type as GraphQLInputType) as GraphQLEnumType).getValues()
  return [
    `{ ${type.plural}(first: 60, orderBy: [{ field: ID, direction: DESC }]) { edges { cursor node { ${everything(type)} } } pageInfo { hasNextPage } totalCount { value } } }`,
    `{ ${type.plural}(last: 10, deleted: true) { nodes { ${everything(type)} } pageInfo { hasPreviousPage } totalCount { value } } }`,
    `{ ${aggregate.name} { ${select(group)} } }`,
    ...Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, at) => {
      const some = keys.slice(at * BATCH, (at + 1) * BATCH)
      const grouped = ({ name }: { name: string }) =>
        `${name}: ${aggregate.name}(groupBy: [{ field: ${name} }]) { count key { ${select(key)} } }`
      return `{ ${some.map(grouped).join(' ')} }`
    }),
  ]
}

/** What a company sees of a type, without cursors, which differ each time. */
async function look(company: Company, type: RecordType): Promise<string> {
  const seen: string[] = []
  for (const document of pictures(type)) {
    const answer = await company.ask(document)
    expect({ document, errors: answer.errors }).toEqual({ document, errors: undefined })
    seen.push(answer.body, JSON.stringify({ ...answer.headers, date: '', 'x-request-id': '' }))
  }
  return seen
    .join('\n')
    .replace(/"cursor":"[\w-]+"/g, '')
    .replace(/"content-length":"\d+"/g, '')
}

describe('what a company sees of its own records', () => {
  it.each(each)('has every %s of it and nothing of another company', async (_name, type) => {
    const seen = await look(house.globex, type)
    expect(leaks({ body: seen, headers: {} }, house.acme)).toEqual([])
    for (const id of [...acme.ids.values(), ...acme.refs.values()]) expect(seen).not.toContain(id)
    expect(seen).toContain(globex.ids.get(type.name))
    expect(await look(house.acme, type)).toContain(acme.ids.get(type.name))
  })

  it.each(made)(
    'stays as it is when another company makes fifty %s records and throws some away',
    async (_name, type) => {
      const before = await look(house.globex, type)
      const own = await look(house.acme, type)
      const [reference] = [...type.fields.values()].filter(({ kind, required }) => kind === 'id' && required)
      // Marks of which only one may be set stay unset.
      const flags = [...type.fields.values()].filter(({ kind, write }) => kind === 'boolean' && write !== 'never')
      const more: Record<string, unknown> = Object.fromEntries(flags.map(({ name }) => [name, false]))
      // A role has one row for an object, and for a field.
      if (reference && !type.name.endsWith('Permission')) more[reference.name] = foreignId(acme, reference.target!)
      const input: Any[] = []
      while (input.length < 50) input.push(await inputFor(house.acme, type, more))
      const plural = type.plural.charAt(0).toUpperCase() + type.plural.slice(1)
      const data = await house.acme.run(
        `mutation($input: [Create${type.name}Input!]!) { create${plural}(input: $input) { results { ${camel(type.name)} { id } userErrors { code field } } userErrors { code } } }`,
        { input },
      )
      const rows = data[`create${plural}`].results
      expect(rows.flatMap((row: Any) => row.userErrors)).toEqual([])
      expect(rows).toHaveLength(50)
      if (type.operations.has('delete'))
        await house.acme.run(
          `mutation($input: [RecordVersionInput!]!) { delete${plural}(input: $input) { userErrors { code } } }`,
          { input: rows.slice(0, 5).map((row: Any) => ({ id: row[camel(type.name)].id })) },
        )
      expect(await look(house.globex, type)).toBe(before)
      expect(await look(house.acme, type)).not.toBe(own)
    },
  )

  it.each(each)('is found by search and by text in %s; another company’s is not', async (_name, type) => {
    const texts = [...type.fields.values()].filter(
      ({ kind, filter }) => filter && ['text', 'email', 'url'].includes(kind),
    )
    const asks = (mark: string) => [
      ...(type.searched.length > 0
        ? [`${type.plural}(search: ${JSON.stringify(mark)}) { nodes { id } totalCount { value } }`]
        : []),
      ...texts.flatMap(({ name }) => [
        `${type.plural}(where: { ${name}: { contains: ${JSON.stringify(mark)} } }) { nodes { id } totalCount { value } }`,
        `${camel(type.name)}Aggregate(where: { ${name}: { contains: ${JSON.stringify(mark)} } }) { count }`,
      ]),
    ]
    const count = (value: Any): number => (Array.isArray(value) ? value[0].count : value.totalCount.value)
    let own = 0
    for (const [index, ask] of asks('AcmeMark').entries()) {
      const { found } = await house.globex.run(`{ found: ${ask} }`)
      expect({ ask, count: count(found) }).toEqual({ ask, count: 0 })
      own += count((await house.globex.run(`{ found: ${asks('GlobexMark')[index]} }`)).found)
    }
    if (creatable(type) && (type.searched.length > 0 || texts.length > 0)) expect(own).toBeGreaterThan(0)
  })
})

describe('the same keys in two companies', () => {
  const keys = made.flatMap(([, type]) =>
    [...type.unique].flatMap(([key, names]) =>
      names.some((name) => type.fields.get(name)!.kind !== 'id') ? [[type.name, key, type, names] as const] : [],
    ),
  )
  const pick = (input: Record<string, unknown>, names: string[]) =>
    Object.fromEntries(names.map((name) => [name, input[name]]))

  it.each(keys)('are no conflict: %s by %s', async (_name, _key, type, names) => {
    const plain = names.filter((name) => type.fields.get(name)!.kind !== 'id')
    const first = await inputFor(house.acme, type)
    const { id } = await make(house.acme, type.name, first)
    expect((await make(house.globex, type.name, pick(first, plain))).id).not.toBe(id)
    await expect(make(house.acme, type.name, pick(first, names))).rejects.toThrow(/UNIQUE_VIOLATION/)
  })

  it.each(keys.filter(([, , { operations }]) => operations.has('upsert')))(
    'are not found across: an upsert of %s by %s makes an own record',
    async (_name, key, type, names) => {
      const foreign = await inputFor(house.acme, type)
      const { id, version } = await make(house.acme, type.name, foreign)
      const input = await inputFor(house.globex, type)
      const values = {
        ...input,
        ...pick(
          foreign,
          names.filter((name) => type.fields.get(name)!.kind !== 'id'),
        ),
      }
      const by =
        key === 'externalId'
          ? { source: values.externalSource, id: values.externalId }
          : names.length > 1
            ? pick(values, names)
            : values[names[0]!]
      for (const name of names) delete input[name]
      const single = camel(type.name)
      const upsert = `mutation($by: ${type.name}UniqueKey!, $input: Create${type.name}Input!) { upsert${type.name}(by: $by, input: $input) { created ${single} { id } userErrors { code field } } }`
      const answer = (await house.globex.run(upsert, { by: { [key]: by }, input }))[`upsert${type.name}`]
      expect({ created: answer.created, userErrors: answer.userErrors }).toEqual({ created: true, userErrors: [] })
      expect(answer[single].id).not.toBe(id)
      const kept = await house.acme.run(`query($id: ID!) { ${single}(id: $id) { version } }`, { id })
      expect(kept[single]).toEqual({ version })
    },
  )
})

it.each(made)('removing a %s with all that hangs on it touches no row of another company', async (_name, type) => {
  await owner.written()
  const { id } = await make(house.acme, type.name)
  const verbs = type.operations.has('restore') ? ['delete', 'restore', 'delete', 'destroy'] : ['delete', 'destroy']
  for (const verb of verbs) {
    if (!type.operations.has(verb as 'delete')) continue
    const data = await house.acme.run(
      `mutation($id: ID!) { ${verb}${type.name}(id: $id) { userErrors { code message } } }`,
      { id },
    )
    expect({ verb, ...data[`${verb}${type.name}`] }).toEqual({ verb, userErrors: [] })
  }
  const written = await owner.written()
  expect(written).toContain(`${type.table} of ${tenantOf(house.acme)}`)
  expect(written.filter((one) => !one.endsWith(` of ${tenantOf(house.acme)}`))).toEqual([])
})

it('keeps in Redis, under the prefix of each company, that company’s records and nothing else', async () => {
  // Twice: the second look comes behind the fill of the first on the same connection.
  for (const world of [acme, globex, acme, globex]) {
    const all = [...world.ids.values()]
    for (let from = 0; from < all.length; from += 100)
      await world.company.run(`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, { ids: all.slice(from, from + 100) })
  }
  const redis = new Redis(house.config.redisUrl!)
  try {
    const marks = { [`{t:${tenantOf(house.acme)}}:`]: house.globex, [`{t:${tenantOf(house.globex)}}:`]: house.acme }
    const counts = new Map<string, number>()
    let position = '0'
    do {
      const [next, keys] = await redis.scan(position, 'COUNT', 500)
      position = next
      for (const key of keys) {
        const prefix = Object.keys(marks).find((one) => key.startsWith(one))
        if (!prefix) continue
        const value = await redis.get(key)
        expect(leaks({ body: `${key}\n${value}`, headers: {} }, marks[prefix]!)).toEqual([])
        if (value && value.indexOf('\n') < value.length - 1) counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
      }
    } while (position !== '0')
    // What is somebody's own is never cached for all.
    const own = (type: RecordType) =>
      type.seen !== null ||
      [...type.relations.values()].some((one) => one.kind === 'one' && one.part && recordType(one.target).seen !== null)
    const cached = recordTypes().filter((type) => !own(type))
    for (const prefix of Object.keys(marks)) expect(counts.get(prefix)).toBeGreaterThanOrEqual(cached.length)
  } finally {
    redis.disconnect()
  }
})
