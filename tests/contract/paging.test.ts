import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type GraphQLEnumType, isEnumType } from 'graphql'
import { fieldOf, type RecordType, type Relation, recordType, recordTypes } from '../../src/read/recordType.ts'
import { schema } from '../../src/schema/index.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { everyType } from '../support/everyType.ts'
import { camel, make } from '../support/factory.ts'
import { fill, type Pools } from '../support/fill.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { watchStatements } from '../support/statements.ts'

let app: TestApp
let owner: Owner
let pools: Pools

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
  pools = await fill(app.acme, owner)
  // Another company's rows lie between: no page may notice.
  const neighbour = await openOwner(app, app.globex)
  await fill(app.globex, neighbour)
  await neighbour.close()
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

interface Key {
  field: string
  direction?: 'ASC' | 'DESC'
  nulls?: 'FIRST' | 'LAST' | null
}
interface Walk {
  keys: Key[]
  size: number
  backward: boolean
}
interface Page {
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** Names in the API and fields by which a type can be ordered, from the schema. */
function sortable(type: RecordType): { name: string; field: string }[] {
  const found = schema.getType(`${type.name}OrderField`)
  if (!isEnumType(found)) throw new Error(`${type.name} has no order.`)
  return (found as GraphQLEnumType).getValues().map(({ name, value }) => ({ name, field: value as string }))
}

/** The order as plain SQL, written without the engine's help. */
function orderSql(type: RecordType, keys: Key[]): string {
  const parts = keys.map(({ field, direction = 'ASC', nulls }) => {
    const { field: column } = sortable(type).find(({ name }) => name === field) as { field: string }
    return `t."${fieldOf(type, column).column}" ${direction}${nulls ? ` NULLS ${nulls}` : ''}`
  })
  const last = keys.at(-1)?.direction ?? 'ASC'
  return keys.some(({ field }) => field === 'ID') ? parts.join(', ') : [...parts, `t.id ${last}`].join(', ')
}

async function inSql(type: RecordType, keys: Key[]): Promise<string[]> {
  const rows = await owner.rows<{ id: string }>(
    `SELECT t.id FROM ${type.table} t WHERE t.${OWN} AND t.deleted_at IS NULL ORDER BY ${orderSql(type, keys)}`,
  )
  return rows.map(({ id }) => id)
}

const PAGE = 'edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'

/** Walks lists of one type to their ends, up to eighteen abreast in one request. Gives what was wrong, in words. */
async function walk(type: RecordType, walks: Walk[]): Promise<string[]> {
  const wrong: string[] = []
  for (let from = 0; from < walks.length; from += 18) {
    const abreast = walks.slice(from, from + 18)
    const query = `query(${abreast.map((_, i) => `$o${i}: [${type.name}Order!], $f${i}: Int, $l${i}: Int, $a${i}: String, $b${i}: String`)}) {
      ${abreast.map((_, i) => `w${i}: ${type.plural}(first: $f${i}, last: $l${i}, after: $a${i}, before: $b${i}, orderBy: $o${i}) { ${PAGE} }`).join('\n')} }`
    const places: (string | null)[] = abreast.map(() => null)
    const pages: Page[][] = abreast.map(() => [])
    let open = true
    for (let step = 0; open && step < 200; step++) {
      open = false
      const variables = Object.fromEntries(
        abreast.flatMap(({ keys, size, backward }, i) => [
          [`o${i}`, keys],
          [`${backward ? 'l' : 'f'}${i}`, size],
          [`${backward ? 'b' : 'a'}${i}`, places[i]],
        ]),
      )
      const data = await app.acme.run<Record<string, Page>>(query, variables)
      abreast.forEach(({ backward }, i) => {
        const page = data[`w${i}`] as Page
        if (pages[i]?.length && places[i] === null) return
        pages[i]?.push(page)
        const more = backward ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage
        // The two spellings of a place in turn: an edge's cursor and that of the page.
        const edge = backward ? page.edges[0]?.cursor : page.edges.at(-1)?.cursor
        const end = backward ? page.pageInfo.startCursor : page.pageInfo.endCursor
        places[i] = more ? ((step % 2 ? edge : end) ?? null) : null
        if (places[i]) open = true
      })
    }
    for (const [i, one] of abreast.entries()) wrong.push(...check(one, pages[i] as Page[], await inSql(type, one.keys)))
  }
  return wrong
}

/** Holds pages against the whole list. */
function check(walk: Walk, pages: Page[], whole: string[]): string[] {
  const wrong: string[] = []
  const name = JSON.stringify(walk)
  const total = whole.length
  const seen = (walk.backward ? pages.toReversed() : pages).flatMap(({ edges }) =>
    edges.map(({ node }) => uuidIn(node.id)),
  )
  if (JSON.stringify(seen) !== JSON.stringify(whole))
    wrong.push(`${name}: ${seen.length} records, ${new Set(seen).size} different, of ${total}, or in another order`)
  if (pages.length !== Math.ceil(total / walk.size)) wrong.push(`${name}: ${pages.length} pages`)
  pages.forEach(({ edges, pageInfo }, index) => {
    const before = walk.backward ? Math.max(0, total - (index + 1) * walk.size) : index * walk.size
    const flags = [before > 0, before + edges.length < total]
    if (pageInfo.hasPreviousPage !== flags[0] || pageInfo.hasNextPage !== flags[1])
      wrong.push(`${name}: flags of page ${index}`)
    if (!pageInfo.startCursor || !pageInfo.endCursor) wrong.push(`${name}: cursors of page ${index}`)
  })
  return wrong
}

describe.each(everyType())('paging of %s', (_name, type) => {
  it('shows every record once in the order of SQL, forward and backward, over every sortable field, with nulls at either end', async () => {
    const ways = (['ASC', 'DESC'] as const).flatMap((direction) =>
      (['FIRST', 'LAST'] as const).flatMap((nulls) =>
        [false, true].map((backward) => ({ direction, nulls, backward })),
      ),
    )
    const all = sortable(type).flatMap(({ name }, place) =>
      ways.flatMap(({ direction, nulls, backward }, way) => {
        // Four of the eight, with every pair of direction, nulls and side among them; the next field goes the other four.
        const odd = [way & 1, way & 2, way & 4].filter(Boolean).length % 2
        if (odd !== place % 2) return []
        const keys = [{ field: name, direction, nulls }]
        // At one size or the other; single records take thirty requests, so that some fields go one way that slowly.
        const sizes = [(way + place) % 2 ? 7 : 25, ...(way === place % ways.length && place % 3 === 0 ? [1] : [])]
        return sizes.map((size): Walk => ({ keys, size, backward }))
      }),
    )
    expect(all.length).toBeGreaterThan(20)
    const bySize = [1, 7, 25].map((size) => all.filter((one) => one.size === size))
    const wrong: string[] = []
    for (const walks of bySize) wrong.push(...(await walk(type, walks)))
    expect(wrong.slice(0, 5)).toEqual([])
  })

  it('orders by several keys, and without keys by creation', async () => {
    const names = sortable(type).map(({ name }) => name)
    const [a, b, c] = [
      names.find((name) => name !== 'ID'),
      names.find((name, i) => i > 1 && name !== 'ID'),
      names.at(-2),
    ] as [string, string, string]
    const lists: Key[][] = [
      [],
      [
        { field: a, direction: 'DESC' },
        { field: 'ID', direction: 'ASC' },
      ],
      [{ field: b, direction: 'DESC', nulls: 'LAST' }, ...(c === b ? [] : [{ field: c, nulls: 'FIRST' } as Key])],
    ]
    const wrong = await walk(
      type,
      lists.flatMap((keys) => [4, 9].flatMap((size) => [false, true].map((backward) => ({ keys, size, backward })))),
    )
    expect(wrong).toEqual([])
  })

  it('says where a page stands: its cursors lead to its neighbours, and totalCount counts all', async () => {
    const ask = `query($f: Int, $l: Int, $a: String, $b: String) { list: ${type.plural}(first: $f, last: $l, after: $a, before: $b) { ${PAGE} totalCount { value isExact } } }`
    const whole = await inSql(type, [])
    const { list } = await app.acme.run(ask, { f: 5 })
    const { list: second } = await app.acme.run(ask, { f: 5, a: list.pageInfo.endCursor })
    const { list: before } = await app.acme.run(ask, { l: 1, b: second.pageInfo.startCursor })
    const { list: between } = await app.acme.run(ask, { f: 100, a: list.edges[0].cursor, b: second.edges[0].cursor })
    const uuids = (page: Page) => page.edges.map(({ node }) => uuidIn(node.id))
    expect(uuids(second)).toEqual(whole.slice(5, 10))
    expect(uuids(before)).toEqual(whole.slice(4, 5))
    expect(uuids(between)).toEqual(whole.slice(1, 5))
    expect(list.totalCount).toEqual({ value: whole.length, isExact: true })
    expect(between.totalCount).toEqual(list.totalCount)
  })

  it('gives an empty page for size 0, and refuses a size over 100, below 0, and both sizes at once', async () => {
    const ask = (sizes: string) => app.acme.ask(`{ list: ${type.plural}(${sizes}) { ${PAGE} totalCount { value } } }`)
    for (const sizes of ['first: 0', 'last: 0']) {
      const { data, errors } = await ask(sizes)
      expect(errors).toBeUndefined()
      expect(data.list.edges).toEqual([])
      expect(data.list.pageInfo).toMatchObject({ startCursor: null, endCursor: null })
      expect(data.list.totalCount.value).toBeGreaterThanOrEqual(30)
    }
    expect((await ask('first: 100')).errors).toBeUndefined()
    const codes = [
      ['first: 101', 'PAGE_SIZE_EXCEEDED'],
      ['last: 101', 'PAGE_SIZE_EXCEEDED'],
      ['first: -1', 'BAD_USER_INPUT'],
      ['first: 1, last: 1', 'BAD_USER_INPUT'],
    ]
    for (const [sizes, code] of codes) {
      const { errors } = await ask(sizes as string)
      expect([sizes, errors?.map((one) => one.extensions.code)]).toEqual([sizes, [code]])
    }
  })
})

/** Ids behind a to-many relation, as plain SQL in the order of creation. */
async function behind(type: RecordType, relation: Relation, id: string): Promise<string[]> {
  const target = recordType(relation.target)
  const live = `t.${OWN} AND t.deleted_at IS NULL`
  let text: string
  if (relation.kind === 'many')
    text = `SELECT t.id FROM ${target.table} t WHERE ${live} AND t."${relation.column}" = $1`
  else if (relation.kind === 'one') throw new Error(`${relation.name} is a way to one.`)
  else {
    const link = recordType(relation.link).table
    const near =
      relation.kind === 'through' ? `l."${relation.near}" = $1` : `l.record_id = $1 AND l.object_type = '${type.name}'`
    text = `SELECT t.id FROM ${target.table} t JOIN ${link} l ON l."${relation.far}" = t.id WHERE l.deleted_at IS NULL AND ${near} AND ${live}`
  }
  return (await owner.rows<{ id: string }>(`${text} ORDER BY t.id`, uuidIn(id))).map((row) => row.id)
}

/** Pages through a connection below a record. `around` puts it into its place in the document, `at` finds it in the answer. */
async function nested(
  field: string,
  around: (inner: string) => string,
  at: (data: Any) => Any,
  id: string,
  backward: boolean,
): Promise<string[]> {
  const seen: string[][] = []
  let place: string | null = null
  do {
    const paging: string = backward ? 'last: 2, before: $p' : 'first: 2, after: $p'
    const data: Any = await app.acme.run(
      `query($id: ID!, $p: String) { ${around(`${field}(${paging}) { ${PAGE} totalCount { value } }`)} }`,
      { id, p: place },
    )
    const page = at(data) as Page
    seen.push(page.edges.map(({ node }) => uuidIn(node.id)))
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = page.pageInfo
    expect(backward ? hasNextPage : hasPreviousPage).toBe(place !== null)
    place = backward ? (hasPreviousPage ? startCursor : null) : hasNextPage ? endCursor : null
  } while (place)
  return (backward ? seen.reverse() : seen).flat()
}

describe('nested connections', () => {
  const ways = recordTypes().flatMap((type) =>
    [...type.relations.values()].filter(({ kind }) => kind !== 'one').map((relation) => ({ type, relation })),
  )

  it('page as root lists do, over every way to many, at depth 2', async () => {
    let longest = 0
    for (const { type, relation } of ways) {
      for (const id of (pools.get(type.name) as string[]).slice(0, 2)) {
        const whole = await behind(type, relation, id)
        longest = Math.max(longest, whole.length)
        for (const backward of [false, true]) {
          const seen = await nested(
            relation.name,
            (inner) => `${camel(type.name)}(id: $id) { ${inner} }`,
            (data) => data[camel(type.name)][relation.name],
            id,
            backward,
          )
          expect([type.name, relation.name, backward, seen]).toEqual([type.name, relation.name, backward, whole])
        }
      }
    }
    expect(ways.length).toBeGreaterThan(50)
    expect(longest).toBeGreaterThan(3)
  })

  it('page as root lists do at depth 3, below one of a list and below many', async () => {
    const contacts = recordType('Account').relations.get('contacts') as Relation
    const deals = recordType('Contact').relations.get('opportunities') as Relation
    const accounts = pools.get('Account') as string[]
    let probes = 0
    for (const id of accounts.slice(0, 7)) {
      const [contact] = await behind(recordType('Account'), contacts, id)
      if (!contact) continue
      const contactId = (pools.get('Contact') as string[]).find((one) => uuidIn(one) === contact) as string
      for (let i = 0; i < 5; i++)
        await make(app.acme, 'OpportunityContact', {
          contactId,
          opportunityId: (pools.get('Opportunity') as string[])[20 + i],
          isPrimary: false,
        })
      const whole = await behind(recordType('Contact'), deals, contactId)
      expect(whole.length).toBeGreaterThanOrEqual(5)
      for (const backward of [false, true]) {
        const around = (inner: string) => `account(id: $id) { contacts(first: 1) { nodes { ${inner} } } }`
        const seen = await nested(
          'opportunities',
          around,
          (data) => data.account.contacts.nodes[0].opportunities,
          id,
          backward,
        )
        expect(seen).toEqual(whole)
        probes++
      }
    }
    expect(probes).toBeGreaterThan(3)
  })
})

it('holds for random orders of leads with nulls and duplicates, whatever the size and the direction', async () => {
  const type = recordType('Lead')
  const names = sortable(type).map(({ name }) => name)
  const key = fc.record({
    field: fc.constantFrom(...names),
    direction: fc.constantFrom('ASC' as const, 'DESC' as const),
    nulls: fc.constantFrom('FIRST' as const, 'LAST' as const, null),
  })
  const orders = fc.record({
    keys: fc.uniqueArray(key, { selector: ({ field }) => field, maxLength: 5 }),
    size: fc.integer({ min: 1, max: 12 }),
    backward: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(orders, { minLength: 8, maxLength: 12 }), async (walks) => {
      expect(await walk(type, walks)).toEqual([])
    }),
    { seed: 20_261_121, numRuns: 12 },
  )
})

it.each([false, true])(
  'shows untouched records once each while others come and go between the pages (backward: %s)',
  async (backward) => {
    const mark = `Coming and going ${backward}`
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        make(app.acme, 'Tag', { name: `${mark} ${String(i).padStart(2, '0')}`, description: mark }),
      ),
    )
    const doomed = made.filter((_, i) => i % 3 === 1).map(({ id }) => id as string)
    const stay = made.map(({ id }) => id as string).filter((id) => !doomed.includes(id))
    const seen: string[] = []
    let place: string | null = null
    let step = 0
    do {
      const paging: string = backward ? 'last: 4, before: $p' : 'first: 4, after: $p'
      const { tags }: Any = await app.acme.run(
        `query($p: String, $w: TagFilter) { tags(${paging}, where: $w, orderBy: [{ field: COLOR }, { field: NAME, direction: DESC }]) { ${PAGE} } }`,
        { p: place, w: { description: { eq: mark } } },
      )
      seen.push(...tags.edges.map((edge: Page['edges'][number]) => edge.node.id))
      const { hasNextPage, hasPreviousPage, startCursor, endCursor } = tags.pageInfo
      place = backward ? (hasPreviousPage ? startCursor : null) : hasNextPage ? endCursor : null
      // One goes that was seen, the very one the cursor stands on among them, one that was not; one comes in front, one behind, one in the middle.
      const gone = [doomed.find((id) => seen.includes(id)), doomed.find((id) => !seen.includes(id))].filter(
        (id) => id !== undefined,
      )
      for (const id of gone) {
        await app.acme.run('mutation($id: ID!) { deleteTag(id: $id) { userErrors { code } } }', { id })
        doomed.splice(doomed.indexOf(id), 1)
      }
      for (const name of [`${mark} 000${step}`, `${mark} 99${step}`, `${mark} 15${step}`])
        await make(app.acme, 'Tag', { name, description: mark })
      step++
    } while (place && step < 40)
    expect(step).toBeGreaterThan(5)
    expect(stay.filter((id) => !seen.includes(id))).toEqual([])
    expect(seen.length).toBe(new Set(seen).size)
  },
)

it('counts only when the count is asked for', async () => {
  const watch = watchStatements()
  try {
    await app.acme.run('{ accounts(first: 1) { nodes { id contacts(first: 1) { nodes { id } } } } }')
    expect(watch.work.join('\n')).toContain('"account"')
    expect(watch.work.join('\n')).not.toContain('count(')
    await app.acme.run('{ accounts(first: 1) { totalCount { value } } }')
    expect(watch.work.join('\n')).toContain('count(')
  } finally {
    watch.stop()
  }
})
