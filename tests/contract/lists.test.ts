import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RecordType, type Relation, recordTypes } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { camel, creatable, inputFor, make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { read, update } from '../support/written.ts'

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

let counter = 0
// What is only added to has tests of its own: tests/customers/master.test.ts.
const types = recordTypes().filter((type) => creatable(type) && type.operations.has('update'))
const each = (chosen: RecordType[]) => chosen.map((type) => [type.name, type] as const)
const rows = async ({ table }: RecordType) =>
  Number(
    (await owner.rows<{ n: string }>(`SELECT count(*) AS n FROM ${table} WHERE ${OWN} AND deleted_at IS NULL`))[0]?.n,
  )
type Policy = 'REJECT_EVERYTHING' | 'REJECT_FAILED_ROWS'

interface ListAnswer {
  results: { id: string | null; record: Any; codes: string[] }[]
  codes: string[]
  errors: Any
}

async function list(
  type: RecordType,
  verb: 'create' | 'update' | 'delete',
  input: unknown[],
  errorPolicy?: Policy,
): Promise<ListAnswer> {
  const name = `${verb}${type.plural.charAt(0).toUpperCase()}${type.plural.slice(1)}`
  const row =
    verb === 'create' ? `Create${type.name}Input` : verb === 'update' ? `Update${type.name}Row` : 'RecordVersionInput'
  const { data, errors } = await app.acme.ask(
    `mutation($input: [${row}!]!, $policy: ErrorPolicy) { done: ${name}(input: $input, errorPolicy: $policy) { results { ${camel(type.name)} { id version externalId } userErrors { code field } } userErrors { code field details } } }`,
    { input, ...(errorPolicy ? { policy: errorPolicy } : {}) },
  )
  const shown = (list: Any[]) => list.map(({ code, field }) => `${code} ${field?.join('.')}`)
  return {
    results: (data?.done?.results ?? []).map((one: Any) => ({
      id: one[camel(type.name)]?.id ?? null,
      record: one[camel(type.name)],
      codes: shown(one.userErrors),
    })),
    codes: shown(data?.done?.userErrors ?? []),
    errors,
  }
}

describe.each(each(types))('lists of %s', (_name, type) => {
  const inputs = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        inputFor(app.acme, type, { externalId: `List ${type.name} ${i} ${counter++}` }),
      ),
    )

  it('are written row by row in order, all or none, or the good ones alone', async () => {
    const good = await inputs(4)
    const bad = { ...good[1], externalId: 'x'.repeat(256) }
    // The same key twice in one call: neither row is better than the other, but one of them can be.
    const input = [
      good[0],
      bad,
      good[2],
      { ...(await inputs(1))[0], externalSource: good[0]?.externalSource, externalId: good[0]?.externalId },
      good[3],
    ]
    const before = await rows(type)
    for (const policy of [undefined, 'REJECT_EVERYTHING'] as const) {
      const { results, codes } = await list(type, 'create', [good[0], bad, good[2]], policy)
      expect(codes).toEqual([])
      expect(results.map(({ id, codes: own }) => [id, own])).toEqual([
        [null, []],
        [null, ['VALIDATION_FAILED input.1.externalId']],
        [null, []],
      ])
      expect(await rows(type)).toBe(before)
    }
    const { results } = await list(type, 'create', input, 'REJECT_FAILED_ROWS')
    expect(results.map(({ codes }) => codes)).toEqual([
      [],
      ['VALIDATION_FAILED input.1.externalId'],
      [],
      ['UNIQUE_VIOLATION input.3.externalId'],
      [],
    ])
    expect(results.map(({ record }) => record?.externalId ?? null)).toEqual([
      good[0]?.externalId,
      null,
      good[2]?.externalId,
      null,
      good[3]?.externalId,
    ])
    expect(await rows(type)).toBe(before + 3)

    const [a, b, c] = results.flatMap(({ id }) => id ?? []) as [string, string, string]
    const none = 'zzzz_01h455vb4pex5vsknk084sn02q'
    const changes = [
      { id: a, input: { externalId: `Changed ${a}` } },
      { id: none, input: {} },
      { id: b, input: { externalId: `Changed ${b}` }, expectedVersion: 9 },
      { id: a, input: { externalId: 'Twice' } },
      { id: c, input: { externalId: 'x'.repeat(256) } },
    ]
    const wrong = [
      [],
      ['NOT_FOUND input.1.id'],
      ['STALE_VERSION input.2.expectedVersion'],
      ['VALIDATION_FAILED input.3.id'],
      ['VALIDATION_FAILED input.4.input.externalId'],
    ]
    const refused = await list(type, 'update', changes)
    expect(refused.results.map(({ codes }) => codes)).toEqual(wrong)
    expect(refused.results.every(({ id }) => id === null)).toBe(true)
    expect(await read(app.acme, type, a)).toMatchObject({ externalId: good[0]?.externalId, version: 1 })
    const partly = await list(type, 'update', changes, 'REJECT_FAILED_ROWS')
    expect(partly.results.map(({ codes }) => codes)).toEqual(wrong)
    expect(partly.results[0]?.record).toMatchObject({ id: a, version: 2, externalId: `Changed ${a}` })

    const gone = [{ id: a, expectedVersion: 1 }, { id: b }, { id: none }, { id: b }, { id: c }]
    const left = [
      ['STALE_VERSION input.0.expectedVersion'],
      [],
      ['NOT_FOUND input.2.id'],
      ['VALIDATION_FAILED input.3.id'],
      [],
    ]
    expect((await list(type, 'delete', gone)).results.map(({ codes }) => codes)).toEqual(left)
    expect(await rows(type)).toBe(before + 3)
    expect((await list(type, 'delete', gone, 'REJECT_FAILED_ROWS')).results.map(({ codes }) => codes)).toEqual(left)
    expect(await rows(type)).toBe(before + 1)
  })

  it('have 200 rows at most, and may be empty', async () => {
    const before = await rows(type)
    const row = { create: () => ({}), update: () => ({ id: 'none', input: {} }), delete: () => ({ id: 'none' }) }
    for (const verb of ['create', 'update', 'delete'] as const) {
      const many = await list(type, verb, Array.from({ length: 201 }, row[verb]), 'REJECT_FAILED_ROWS')
      expect([many.codes, many.results]).toEqual([['BULK_TOO_LARGE input'], []])
      const full = await list(type, verb, Array.from({ length: 200 }, row[verb]), 'REJECT_FAILED_ROWS')
      expect(full.results).toHaveLength(200)
      const empty = await list(type, verb, [])
      expect([empty.errors, empty.codes, empty.results]).toEqual([undefined, [], []])
    }
    expect(await rows(type)).toBeLessThanOrEqual(before + 200)
  })
})

it('writes 200 rows in their order, and changes and deletes them again', async () => {
  const type = types.find(({ name }) => name === 'Account') as RecordType
  const names = Array.from({ length: 200 }, (_, i) => `Row ${String((i * 37) % 200).padStart(3, '0')}`)
  const made = await list(
    type,
    'create',
    names.map((name) => ({ name, externalId: name })),
  )
  expect(made.results.map(({ record }) => record?.externalId)).toEqual(names)
  const changed = await list(
    type,
    'update',
    made.results
      .map(({ id }, i) => ({ id, input: { externalId: `${names[i]} changed`, ...(i % 2 ? { code: 'odd' } : {}) } }))
      .reverse(),
  )
  expect(changed.results.map(({ record }) => [record?.externalId, record?.version])).toEqual(
    names.map((name) => [`${name} changed`, 2]).reverse(),
  )
  const deleted = await list(
    type,
    'delete',
    made.results.map(({ id }) => ({ id, expectedVersion: 2 })),
  )
  expect(deleted.results.map(({ id, codes }) => [id, codes])).toEqual(made.results.map(({ id }) => [id, []]))
})

const trees = types.flatMap((type) =>
  [...type.relations.values()].flatMap((relation) =>
    relation.kind === 'one' && relation.target === type.name && type.fields.get(relation.field)?.write !== 'never'
      ? [[`${type.name}.${relation.name}`, type, relation] as const]
      : [],
  ),
)

describe.each(trees)('the hierarchy over %s', (_name, type, relation) => {
  const { field } = relation as Relation & { kind: 'one' }
  const codes = async (id: string, parent: string | null) =>
    (await update(app.acme, type, id, { [field]: parent })).userErrors.map(
      ({ code, field: path }) => `${code} ${path?.join('.')}`,
    )
  /** Records one below the other, the topmost first. */
  const chain = async (length: number): Promise<string[]> => {
    const ids: string[] = []
    for (let i = 0; i < length; i++)
      ids.push((await make(app.acme, type.name, i > 0 ? { [field]: ids.at(-1) } : {})).id)
    return ids
  }

  it('has no rings: neither of one, nor of two, nor of many, nor closed by one call', async () => {
    const [a, b, c] = (await chain(3)) as [string, string, string]
    for (const [id, parent] of [
      [a, a],
      [a, b],
      [a, c],
      [b, c],
    ] as const)
      expect(await codes(id, parent)).toEqual([`HIERARCHY_CYCLE input.${field}`])
    const [d, e] = [(await make(app.acme, type.name)).id, (await make(app.acme, type.name)).id]
    const both = [
      { id: d, input: { [field]: e } },
      { id: e, input: { [field]: d } },
    ]
    const wrong = await list(type, 'update', both)
    expect(wrong.results.every(({ codes: own }) => own.some((code) => code.startsWith('HIERARCHY_CYCLE')))).toBe(true)
    expect(await codes(a, null)).toEqual([])
    expect(await codes(b, null)).toEqual([])
    expect(await codes(a, c)).toEqual([])
  })

  it('has ten levels and no eleventh, whether it grows at the end or is put under another', async () => {
    const ten = await chain(10)
    const leaf = (await make(app.acme, type.name)).id
    expect(await codes(leaf, ten[9] as string)).toEqual([`HIERARCHY_TOO_DEEP input.${field}`])
    expect(await codes(leaf, ten[8] as string)).toEqual([])
    const [top] = (await chain(5)) as [string]
    expect(await codes(top, ten[5] as string)).toEqual([`HIERARCHY_TOO_DEEP input.${field}`])
    expect(await codes(top, ten[4] as string)).toEqual([])
  })

  it('has no ring either when two moves, each harmless, would close it at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [(await make(app.acme, type.name)).id as string, (await make(app.acme, type.name)).id as string]
      const both = await Promise.all([codes(a, b), codes(b, a)])
      expect(both.filter((one) => one.length === 0)).toHaveLength(1)
      expect(both.flat()).toEqual([`HIERARCHY_CYCLE input.${field}`])
      const found = await owner.rows<Any>(
        `SELECT id FROM ${type.table} WHERE ${OWN} AND id = ANY ($1::uuid[]) AND "${relation.column}" IS NOT NULL`,
        [a, b].map(uuidIn),
      )
      expect(found).toHaveLength(1)
    }
  })
})
