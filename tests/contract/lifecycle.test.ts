import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Operation, type RecordType, recordType, recordTypes, referencesTo } from '../../src/read/recordType.ts'
import { ANY } from '../../src/read/values.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { camel, creatable, inputFor, make } from '../support/factory.ts'
import { selection } from '../support/graph.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { create, read, update, verb } from '../support/written.ts'

let app: TestApp
let owner: Owner

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

// What is only added to has tests of its own: tests/customers/master.test.ts.
const types = recordTypes().filter((type) => creatable(type) && type.operations.has('update'))
const each = (chosen: RecordType[]) => chosen.map((type) => [type.name, type] as const)
const codes = ({ userErrors }: { userErrors: { code: string; field: string[] | null }[] }) =>
  userErrors.map(({ code, field }) => `${code} ${field?.join('.')}`)
const NO = 'NOT_FOUND id'

/** A text field that can be updated: what versions are tried with. */
const textOf = (type: RecordType) =>
  [...type.fields.values()].find(
    ({ kind, write, name }) =>
      kind === 'text' && write === 'always' && !/^(birthday|timezone|color|locale|number)$/.test(name),
  )?.name as string

/** Ways in which a record can be found; false for each that does not find it. */
async function found(type: RecordType, id: string): Promise<Record<string, boolean>> {
  const where = '{ id: { eq: $i } }'
  const data = await app.acme.run<Any>(
    `query($id: ID!, $i: ID!) {
      one: ${camel(type.name)}(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id }
      list: ${type.plural}(where: ${where}) { nodes { id } totalCount { value } }
      newest: ${type.plural}(first: 5, orderBy: [{ field: ID, direction: DESC }]) { nodes { id } }
      groups: ${camel(type.name)}Aggregate(where: ${where}) { count }
      bin: ${type.plural}(where: ${where}, deleted: true) { nodes { id } totalCount { value } }
    }`,
    { id, i: id },
  )
  return {
    byId: data.one?.id === id,
    node: data.node?.id === id,
    nodes: data.nodes[0]?.id === id,
    filter: data.list.nodes[0]?.id === id,
    list: data.newest.nodes.some((one: Any) => one.id === id),
    count: data.list.totalCount.value === 1,
    aggregate: data.groups[0]?.count === 1,
    bin: data.bin.nodes[0]?.id === id && data.bin.totalCount.value === 1,
  }
}

const LIVE = { byId: true, node: true, nodes: true, filter: true, list: true, count: true, aggregate: true, bin: false }
const GONE = Object.fromEntries(Object.keys(LIVE).map((way) => [way, false]))
const BINNED = { ...GONE, bin: true }

/** Records that are parts of a record, and links that point at it: one of each kind there is. */
async function withParts(type: RecordType, id: string): Promise<{ type: RecordType; id: string }[]> {
  const parts: { type: RecordType; id: string }[] = []
  for (const { type: part, relation } of referencesTo(type.name)) {
    if (relation.part && creatable(part))
      parts.push({ type: part, id: (await make(app.acme, part.name, { [relation.field]: id })).id })
  }
  for (const link of types.filter((one) => one.any)) {
    const linked =
      // A share is a link that no relation shows.
      link.name === 'RecordShare'
        ? type.owners.length > 0
        : [...type.relations.values()].some((relation) => relation.kind === 'linked' && relation.link === link.name)
    if (linked) parts.push({ type: link, id: (await make(app.acme, link.name, { recordId: id })).id })
  }
  return parts
}

describe.each(each(types))('a %s', (_name, type) => {
  const has = (operation: Operation) => type.operations.has(operation)

  it('is changed only by who has seen its version, and by exactly one of ten at once', async () => {
    const field = textOf(type)
    const { record } = await create(app.acme, type, await inputFor(app.acme, type))
    const first = await update(app.acme, type, record.id, { [field]: 'First' }, 1)
    expect([codes(first), first.record.version]).toEqual([[], 2])
    const stale = await update(app.acme, type, record.id, { [field]: 'Stale' }, 1)
    expect(stale.record).toBeNull()
    expect(stale.userErrors).toEqual([
      {
        code: 'STALE_VERSION',
        message: expect.any(String),
        field: ['expectedVersion'],
        details: { currentVersion: 2, changedFields: [field] },
      },
    ])
    expect(codes(await verb(app.acme, 'delete', type, record.id, 1))).toEqual(['STALE_VERSION expectedVersion'])
    expect(codes(await update(app.acme, type, record.id, { [field]: 'Future' }, 7))).toEqual([
      'STALE_VERSION expectedVersion',
    ])
    const ten = await Promise.all(
      Array.from({ length: 10 }, (_, i) => update(app.acme, type, record.id, { [field]: `Of ten ${i}` }, 2)),
    )
    const won = ten.flatMap(({ record: after }, i) => (after ? [`Of ten ${i}`] : []))
    expect(won).toHaveLength(1)
    expect(ten.filter(({ userErrors }) => userErrors[0]?.code === 'STALE_VERSION')).toHaveLength(9)
    expect(await read(app.acme, type, record.id)).toMatchObject({ version: 3, [field]: won[0] })
  })

  it('goes to the recycle bin with its parts, comes back with them, and goes for good with them', async () => {
    const { record } = await create(app.acme, type, await inputFor(app.acme, type))
    const { id } = record
    const parts = await withParts(type, id)
    const before = await read(app.acme, type, id)
    expect(await found(type, id)).toEqual(LIVE)
    for (const part of parts) expect([part.type.name, await found(part.type, part.id)]).toEqual([part.type.name, LIVE])
    if (has('restore')) expect(codes(await verb(app.acme, 'restore', type, id))).toEqual([NO])

    const deleted = await verb(app.acme, 'delete', type, id, before.version)
    expect([codes(deleted), deleted.record.id, typeof deleted.record.deletedAt]).toEqual([[], id, 'string'])
    expect(await found(type, id)).toEqual(BINNED)
    for (const part of parts)
      expect([part.type.name, await found(part.type, part.id)]).toEqual([part.type.name, BINNED])
    expect(codes(await verb(app.acme, 'delete', type, id))).toEqual([NO])
    expect(codes(await update(app.acme, type, id, {}))).toEqual([NO])
    if (!has('restore')) return
    // A part does not come back before what it is a part of.
    const own = parts.findLast((one) => one.type.operations.has('restore'))
    if (own)
      expect([...new Set(codes(await verb(app.acme, 'restore', own.type, own.id)))]).toEqual(['INVALID_STATE id'])

    const restored = await verb(app.acme, 'restore', type, id)
    expect([codes(restored), restored.record.deletedAt]).toEqual([[], null])
    expect(await found(type, id)).toEqual(LIVE)
    for (const part of parts) expect([part.type.name, await found(part.type, part.id)]).toEqual([part.type.name, LIVE])
    const { version, updatedAt, amount, expectedRevenue, updatedBy, ...same } = before
    expect(await read(app.acme, type, id)).toMatchObject(same)
    expect(restored.record.version).toBeGreaterThan(version)

    if (!has('destroy')) return
    const destroyed = await verb(app.acme, 'destroy', type, id)
    expect([codes(destroyed), destroyed.record]).toEqual([[], id])
    for (const one of [{ type, id }, ...parts]) {
      expect([one.type.name, await found(one.type, one.id)]).toEqual([one.type.name, GONE])
      expect(await owner.rows(`SELECT 1 FROM ${one.type.table} WHERE ${OWN} AND id = $1`, uuidIn(one.id))).toEqual([])
    }
    for (const what of ['restore', 'destroy', 'delete'] as const)
      expect(codes(await verb(app.acme, what, type, id))).toEqual([NO])
  })

  it('is one of a kind by each of its keys: a second is refused, also of twenty at once; the bin frees a key; who comes back finds it taken', async () => {
    expect(type.unique.size).toBeGreaterThan(0)
    for (const names of type.unique.values()) {
      const input = await inputFor(app.acme, type)
      const key = Object.fromEntries(names.map((name) => [name, input[name]]))
      const path = `input.${names.filter((name) => name !== 'externalSource')[0]}`
      const again = async () => create(app.acme, type, await inputFor(app.acme, type, key))
      const { record: first } = await create(app.acme, type, input)
      const second = await again()
      expect([codes(second), second.record, second.userErrors[0]?.details]).toEqual([
        [`UNIQUE_VIOLATION ${path}`],
        null,
        { conflictId: first.id },
      ])
      // Another company has its own.
      expect(codes(await verb(app.acme, 'delete', type, first.id))).toEqual([])
      const inputs = await Promise.all(Array.from({ length: 20 }, () => inputFor(app.acme, type, key)))
      const twenty = await Promise.all(inputs.map((one) => create(app.acme, type, one)))
      const made = twenty.filter(({ record }) => record)
      expect(made).toHaveLength(1)
      expect(twenty.filter(({ record }) => !record).map((one) => codes(one))).toEqual(
        Array.from({ length: 19 }, () => [`UNIQUE_VIOLATION ${path}`]),
      )
      if (has('restore')) {
        const back = await verb(app.acme, 'restore', type, first.id)
        expect([codes(back), back.userErrors[0]?.details]).toEqual([
          ['UNIQUE_VIOLATION id'],
          { conflictId: made[0]?.record.id },
        ])
      }
      expect(await found(type, first.id)).toEqual(BINNED)
      const other = await make(app.acme, type.name)
      const writable = names.every((name) => type.fields.get(name)?.write === 'always')
      if (writable) expect(codes(await update(app.acme, type, other.id, key))).toEqual([`UNIQUE_VIOLATION ${path}`])
    }
  })
})

describe.each(each(types.filter(({ operations }) => operations.has('upsert'))))('a %s', (_name, type) => {
  it('is made or changed by an upsert over each of its keys, and made once by ten at once', async () => {
    const field = textOf(type)
    for (const [key, names] of type.unique) {
      const { externalId, externalSource, ...input } = await inputFor(app.acme, type)
      const value = Object.fromEntries(
        names.map((name) => [
          name,
          name === 'externalSource' ? externalSource : name === 'externalId' ? externalId : input[name],
        ]),
      )
      const by =
        key === 'externalId'
          ? { externalId: { source: externalSource, id: externalId } }
          : { [key]: names.length === 1 ? Object.values(value)[0] : value }
      const upsert = (more: Record<string, unknown> = {}) => upsertOf(type, by, { ...input, ...more })
      const free = names.includes(field)
        ? [...type.fields.values()].find(
            ({ kind, write, name, max }) =>
              kind === 'text' && write === 'always' && (max ?? 255) > 99 && !names.includes(name),
          )?.name
        : field
      const ten = await Promise.all(Array.from({ length: 10 }, () => upsert()))
      expect(ten.flatMap((one) => codes(one))).toEqual([])
      expect(ten.filter(({ created }) => created)).toHaveLength(1)
      expect(new Set(ten.map(({ record }) => record.id)).size).toBe(1)
      const { version } = await read(app.acme, type, ten[0]?.record.id)
      const changed = await upsert(free ? { [free]: 'Upserted' } : {})
      expect([codes(changed), changed.created, changed.record.id]).toEqual([[], false, ten[0]?.record.id])
      if (free) expect(changed.record).toMatchObject({ [free]: 'Upserted', version: version + 1 })
      const rows = await owner.rows(`SELECT 1 FROM ${type.table} WHERE ${OWN} AND id = $1`, uuidIn(changed.record.id))
      expect(rows).toHaveLength(1)
    }
  })
})

async function upsertOf(type: RecordType, by: unknown, input: unknown) {
  const data = await app.acme.run<Any>(
    `mutation($by: ${type.name}UniqueKey!, $input: Create${type.name}Input!) { done: upsert${type.name}(by: $by, input: $input) { ${camel(type.name)} { ${selection(type)} } created userErrors { code message field details } } }`,
    { by, input },
  )
  return { record: data.done[camel(type.name)], created: data.done.created, userErrors: data.done.userErrors }
}

it.each(each(types.filter((type) => type.any)))(
  'a second %s between the same two is refused, also of twenty at once',
  async (_name, type) => {
    const input = await inputFor(app.acme, type)
    const same = () =>
      inputFor(
        app.acme,
        type,
        Object.fromEntries(Object.entries(input).filter(([name]) => type.fields.get(name)?.kind === 'id')),
      )
    const inputs = await Promise.all(Array.from({ length: 20 }, same))
    const twenty = await Promise.all(inputs.map((one) => create(app.acme, type, one)))
    expect(twenty.filter(({ record }) => record)).toHaveLength(1)
    expect(new Set(twenty.flatMap(({ userErrors }) => userErrors.map(({ code }) => code)))).toEqual(
      new Set(['UNIQUE_VIOLATION']),
    )
    const [made] = twenty.filter(({ record }) => record)
    expect(codes(await verb(app.acme, 'delete', type, made?.record.id))).toEqual([])
    expect(codes(await create(app.acme, type, await same()))).toEqual([])
  },
)

describe('references', () => {
  const references = types.flatMap((holder) =>
    [...holder.relations.values()].flatMap((relation) => {
      const field = relation.kind === 'one' ? holder.fields.get(relation.field) : undefined
      if (
        relation.kind !== 'one' ||
        !field ||
        field.write === 'never' ||
        field.target === ANY ||
        !recordType(relation.target).operations.has('delete')
      )
        return []
      return [{ name: `${holder.name}.${relation.name}`, holder, relation, field, target: recordType(relation.target) }]
    }),
  )
  /** A record and another that refers to it. */
  const pair = async ({ holder, field, target }: (typeof references)[number]) => {
    // A pool takes records of its own object that are made straight into it, when it says so.
    const object = holder.name === 'Account' ? 'ACCOUNT' : 'LEAD'
    const more = target.name === 'Pool' ? { enabled: true, allowImport: true, object } : {}
    const { id } = await make(app.acme, target.name, more)
    // The last one of its object stays.
    if (target.name === 'Pool') await make(app.acme, 'Pool', { enabled: true, object })
    // A pipeline needs a stage before it can have deals.
    if (target.name === 'Pipeline') await make(app.acme, 'Stage', { pipelineId: id })
    return { id: id as string, holderId: (await make(app.acme, holder.name, { [field.name]: id })).id as string }
  }

  it.each(
    references
      .filter(({ relation }) => relation.onDelete === 'restrict' && !relation.part)
      .map((one) => [one.name, one] as const),
  )('over %s keep their target: REFERENCE_IN_USE until they are gone', async (_name, one) => {
    const { id, holderId } = await pair(one)
    const refused = await verb(app.acme, 'delete', one.target, id)
    const inUse = `${one.relation.inUse ?? 'REFERENCE_IN_USE'} id`
    expect([codes(refused), refused.userErrors[0]?.details]).toEqual([
      [inUse],
      { refs: [{ type: one.holder.name, field: one.field.name, count: 1 }] },
    ])
    expect(await found(one.target, id)).toEqual({ ...LIVE, list: expect.any(Boolean) })
    if (one.target.operations.has('destroy'))
      expect(codes(await verb(app.acme, 'destroy', one.target, id))).toEqual([inUse])
    expect(codes(await verb(app.acme, 'delete', one.holder, holderId))).toEqual([])
    expect(codes(await verb(app.acme, 'delete', one.target, id))).toEqual([])
    if (!one.target.operations.has('destroy')) return
    // What lies in the bin still needs it.
    expect(codes(await verb(app.acme, 'destroy', one.target, id))).toEqual([inUse])
    // Users stay in the bin for good: what they did names them.
    if (!one.holder.operations.has('destroy')) return
    expect(codes(await verb(app.acme, 'destroy', one.holder, holderId))).toEqual([])
    expect(codes(await verb(app.acme, 'destroy', one.target, id))).toEqual([])
  })

  it.each(
    references
      .filter(({ relation }) => relation.onDelete === 'keep' && !relation.part)
      .map((one) => [one.name, one] as const),
  )(
    'over %s read null while their target lies in the bin, and are cleared when it goes for good, unless it is required',
    async (_name, one) => {
      const { id, holderId } = await pair(one)
      const shown = async () => (await read(app.acme, one.holder, holderId))[one.relation.name]?.id ?? null
      expect(await shown()).toBe(id)
      const deleted = codes(await verb(app.acme, 'delete', one.target, id))
      // Who owns records hands them over first.
      if (one.target.name === 'User' && one.field.name === one.holder.owners[0] && one.field.write === 'always')
        return expect(deleted).toEqual(['USER_HAS_RECORDS id'])
      // A pool goes when nothing lies in it.
      if (one.target.name === 'Pool') return expect(deleted).toEqual(['POOL_NOT_EMPTY id'])
      expect(deleted).toEqual([])
      expect(await shown()).toBeNull()
      expect(codes(await verb(app.acme, 'restore', one.target, id))).toEqual([])
      expect(await shown()).toBe(id)
      if (!one.target.operations.has('destroy')) return
      const gone = await verb(app.acme, 'destroy', one.target, id)
      if (!one.field.nullable) return expect(codes(gone)).toEqual(['REFERENCE_IN_USE id'])
      expect(codes(gone)).toEqual([])
      expect(await shown()).toBeNull()
      const [row] = await owner.rows<Any>(
        `SELECT "${one.field.column}" AS id FROM ${one.holder.table} WHERE ${OWN} AND id = $1`,
        uuidIn(holderId),
      )
      expect(row.id).toBeNull()
    },
  )
})
