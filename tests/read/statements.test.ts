import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { recordTypes } from '../../src/read/recordType.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Watch, watchStatements } from '../support/statements.ts'

const ACCOUNTS = 105

let test: TestApp
let watch: Watch
let ids: string[]

beforeAll(async () => {
  test = await testApp()
  const { acme } = test
  const product = await make(acme, 'Product', {
    categoryId: (await make(acme, 'ProductCategory')).id,
    status: 'ACTIVE',
  })
  ids = await create(
    'Account',
    Array.from({ length: ACCOUNTS }, (_, n) => ({ name: `AcmeMark ${n}` })),
  )
  const contacts = await create(
    'Contact',
    ids.map((_, n) => ({ lastName: `AcmeMark ${n}` })),
  )
  await create(
    'AccountContact',
    ids.map((accountId, n) => ({ accountId, contactId: contacts[n] })),
  )
  const opportunities = await create(
    'Opportunity',
    ids.map((accountId, n) => ({ name: `AcmeMark deal ${n}`, accountId })),
  )
  await create(
    'OpportunityLine',
    opportunities.map((opportunityId) => ({ opportunityId, productId: product.id, unitPrice: { amount: '5' } })),
  )
  const activities = await create(
    'Activity',
    ids.map((_, n) => ({ kind: 'CALL', subject: `AcmeMark call ${n}` })),
  )
  await create(
    'ActivityLink',
    ids.map((recordId, n) => ({ activityId: activities[n], recordId })),
  )
  watch = watchStatements()
})

afterAll(async () => {
  watch.stop()
  await test.close()
})

beforeEach(() => watch.clear())

/** Makes records in lists of a hundred, and gives their ids. */
async function create(name: string, rows: Record<string, unknown>[]): Promise<string[]> {
  const { plural } = recordTypes().find((type) => type.name === name)!
  const single = name.charAt(0).toLowerCase() + name.slice(1)
  const field = `create${plural.charAt(0).toUpperCase()}${plural.slice(1)}`
  const made: string[] = []
  for (let from = 0; from < rows.length; from += 100) {
    const data = await test.acme.run(
      `mutation($input: [Create${name}Input!]!) { ${field}(input: $input) { results { ${single} { id } userErrors { code message field } } } }`,
      { input: rows.slice(from, from + 100) },
    )
    for (const { [single]: record, userErrors } of data[field].results) {
      expect(userErrors).toEqual([])
      made.push(record.id)
    }
  }
  return made
}

/** Runs an operation and gives its answer and the brackets that it took. */
async function counted(
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ data: Any; brackets: string[][] }> {
  watch.clear()
  const data = await test.acme.run(query, variables)
  return { data, brackets: watch.brackets.map(({ statements }) => statements) }
}

/** The one bracket that a read is: who asks and the statement, in one message. */
function oneStatement(brackets: string[][]): string {
  expect(brackets).toHaveLength(1)
  const [settings, statement, ...more] = brackets[0] as string[]
  expect(more).toEqual([])
  expect(settings).toMatch(
    /^SELECT set_config\('app\.tenant_id', \$1, true\).*set_config\('transaction_read_only', 'on', true\)$/,
  )
  return statement as string
}

const NESTED = `query($size: Int!, $inner: Int!) { accounts(first: $size) {
  totalCount { value }
  pageInfo { hasNextPage endCursor }
  nodes {
    id name owner { name }
    contacts(first: $inner) { nodes { id fullName } }
    opportunities(first: $inner) { nodes { id name amount { amount currency } lines(first: $inner) { nodes { id quantity product { id name } } } } }
    activities(first: $inner) { nodes { id subject } }
  }
} }`

const LINES = `query($size: Int!) { accounts(first: $size) { nodes { opportunities(first: 1) { nodes { lines(first: 1) { nodes { product { name } } } } } } } }`
const PEOPLE = `query($size: Int!) { accounts(first: $size) { nodes { contacts(first: 1) { nodes { fullName } } activities(first: 1) { nodes { subject } } } } }`

describe('a nested read', () => {
  it('is one statement, whatever the page size', async () => {
    const statements: string[] = []
    for (const [size, inner] of [
      [1, 5],
      [5, 1],
      [5, 5],
      [50, 1],
    ] as const) {
      const { data, brackets } = await counted(NESTED, { size, inner })
      statements.push(oneStatement(brackets).replace(/LIMIT \d+/g, 'LIMIT n'))
      const { nodes, totalCount } = data.accounts
      expect(totalCount.value).toBe(ACCOUNTS)
      expect(nodes).toHaveLength(size)
      for (const node of nodes) {
        expect(node.contacts.nodes).toHaveLength(1)
        expect(node.activities.nodes).toHaveLength(1)
        expect(node.opportunities.nodes[0].lines.nodes[0].product.name).toContain('AcmeMark')
      }
    }
    expect(new Set(statements).size).toBe(1)
  })

  it.each([
    ['lines and products', LINES, (node: Any) => node.opportunities.nodes[0].lines.nodes[0].product.name],
    [
      'contacts and activities',
      PEOPLE,
      (node: Any) => node.contacts.nodes[0].fullName && node.activities.nodes[0].subject,
    ],
  ])('with %s is one statement for 5 and for 100 accounts', async (_what, query, deepest) => {
    for (const size of [5, 100]) {
      const { data, brackets } = await counted(query, { size })
      oneStatement(brackets)
      expect(data.accounts.nodes).toHaveLength(size)
      for (const node of data.accounts.nodes) expect(deepest(node)).toContain('AcmeMark')
    }
  })

  it('is one statement at every depth', async () => {
    const levels = ['opportunities(first: 2)', 'lines(first: 2)', 'product', 'category', 'products(first: 2)']
    for (let depth = 2; depth <= levels.length; depth++) {
      const inner = levels.slice(0, depth).reduceRight((below, level) => {
        const selection = below || 'id'
        return level.includes('(') ? `${level} { nodes { id ${selection} } }` : `${level} { id ${selection} }`
      }, '')
      for (const size of [1, 5]) {
        const { data, brackets } = await counted(`{ accounts(first: ${size}) { nodes { id ${inner} } } }`)
        oneStatement(brackets)
        expect(JSON.stringify(data)).toMatch(depth > 2 ? /prod_/ : /opli_/)
      }
    }
  })

  it('of two root fields is one statement each', async () => {
    const { brackets } = await counted(
      '{ accounts(first: 3) { nodes { contacts(first: 1) { nodes { id } } } } products { nodes { category { name } } } }',
    )
    expect(brackets).toHaveLength(2)
    for (const bracket of brackets) expect(bracket).toHaveLength(2)
  })

  it('asks nothing for a page without rows, and nothing for what @include leaves out', async () => {
    const { brackets } = await counted(
      'query($no: Boolean!) { accounts(first: 2) { nodes { id contacts(first: 2) @include(if: $no) { nodes { id } } } } }',
      { no: false },
    )
    expect(oneStatement(brackets)).not.toContain('contact')
    expect((await counted('{ accounts { __typename } }')).brackets).toEqual([])
  })
})

describe('every type', () => {
  const types = recordTypes()

  it.each(types.map((type) => [type.name, type] as const))(
    '%s is read by one statement: a page with its count and everything it refers to',
    async (name, type) => {
      const ones = [...type.relations.values()].filter(({ kind }) => kind === 'one').map(({ name }) => `${name} { id }`)
      const manys = [...type.relations.values()]
        .filter(({ kind }) => kind !== 'one')
        .map(({ name }) => `${name}(first: 1) { totalCount { value } nodes { id } }`)
      const { data, brackets } = await counted(
        `{ ${type.plural}(first: 3) { totalCount { value isExact } edges { cursor node { id ${ones.join(' ')} ${manys.join(' ')} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      )
      oneStatement(brackets)
      expect(data[type.plural].edges.length).toBe(Math.min(3, data[type.plural].totalCount.value))
      if (data[type.plural].edges.length === 0) return
      const { id } = data[type.plural].edges[0].node
      const single = name.charAt(0).toLowerCase() + name.slice(1)
      const one = await counted(`query($id: ID!) { ${single}(id: $id) { id ${ones.join(' ')} ${manys.join(' ')} } }`, {
        id,
      })
      oneStatement(one.brackets)
      expect(one.data[single].id).toBe(id)
    },
  )

  it.each(types.map((type) => [type.name, type] as const))(
    '%s is grouped by one statement, with the records that it is grouped by',
    async (name, type) => {
      const relations = [...type.relations.values()].filter((one) => one.kind === 'one').slice(0, 6) as {
        name: string
        field: string
      }[]
      const groupBy = relations.map(({ name }) => ({
        field: name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
      }))
      const keys = relations.map(({ name }) => `${name} { id }`).join(' ')
      const single = name.charAt(0).toLowerCase() + name.slice(1)
      const { data, brackets } = await counted(
        `query($groupBy: [${name}GroupBy!]) { ${single}Aggregate(groupBy: $groupBy) { count ${keys ? `key { ${keys} }` : ''} } }`,
        { groupBy },
      )
      oneStatement(brackets)
      expect(data[`${single}Aggregate`]).toBeInstanceOf(Array)
    },
  )
})

describe('node, nodes and links of any type', () => {
  const NODES = 'query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Account { name } ... on Contact { fullName } } }'

  it('take statements by the number of types, not of ids, and none the second time', async () => {
    const contacts = (await test.acme.run('{ contacts(first: 40) { nodes { id } } }')).contacts.nodes.map(
      ({ id }: Any) => id,
    )
    for (const [own, other] of [
      [1, 1],
      [5, 5],
      [50, 40],
    ] as const) {
      const asked = [...ids.slice(50 - own, 50 + own).slice(0, own), ...contacts.slice(0, other)].reverse()
      const { data, brackets } = await counted(NODES, { ids: asked })
      expect(data.nodes.map(({ id }: Any) => id)).toEqual(asked)
      // What an earlier round has cached is not asked for again.
      expect(brackets.length).toBeLessThanOrEqual(2)
      for (const bracket of brackets) expect(bracket).toHaveLength(2)
      expect((await counted(NODES, { ids: asked })).brackets).toEqual([])
    }
  })

  it('takes none for ids that cannot be, and two for all that are not there: one finds none, one that they were not merged', async () => {
    expect(
      (await counted(NODES, { ids: ['', 'acct_x', 'x'.repeat(500), 'nope_01h455vb4pex5vsknk084sn02q'] })).brackets,
    ).toEqual([])
    const { brackets } = await counted(NODES, {
      ids: Array.from({ length: 90 }, (_, n) => `acct_01h455vb4pex5vsknk084s${String(n).padStart(4, '0')}`),
    })
    expect(brackets).toHaveLength(2)
  })

  it('takes one more for all selections that reach further, none of them per record', async () => {
    for (const size of [2, 90]) {
      const { data, brackets } = await counted(
        'query($ids: [ID!]!) { nodes(ids: $ids) { ... on Account { opportunities(first: 1) { nodes { id } } } } }',
        {
          ids: ids.slice(0, size),
        },
      )
      oneStatement(brackets)
      expect(data.nodes[size - 1].opportunities.nodes).toHaveLength(1)
    }
  })

  it('a list of links takes one statement and one for each type that it points at', async () => {
    const LINKS =
      'query($size: Int!) { activityLinks(first: $size) { nodes { id record { id ... on Account { name industry } } } } }'
    const cold: number[] = []
    for (const size of [5, 100]) {
      await test.acme.run(
        'mutation($input: [UpdateAccountRow!]!) { updateAccounts(input: $input) { results { userErrors { code } } } }',
        {
          input: ids.slice(0, 100).map((id) => ({ id, input: { industry: `AcmeMark ${size}` } })),
        },
      )
      const { data, brackets } = await counted(LINKS, { size })
      cold.push(brackets.length)
      expect(data.activityLinks.nodes).toHaveLength(size)
      for (const { record } of data.activityLinks.nodes)
        expect(record).toMatchObject({ name: expect.stringContaining('AcmeMark'), industry: `AcmeMark ${size}` })
      oneStatement((await counted(LINKS, { size })).brackets)
    }
    expect(cold).toEqual([2, 2])
  })
})

describe('the text of a statement', () => {
  /** Line breaks where clauses begin, so that a difference shows where it is. */
  const readable = (sql: string) =>
    sql.replace(/ (?=(FROM|WHERE|ORDER BY|LIMIT|GROUP BY|AND) )/g, '\n').replace(/\((?=SELECT)/g, '(\n')

  it.each([
    ['a nested read', NESTED, { size: 2, inner: 2 }],
    [
      'a filtered, ordered page behind a cursor',
      `query($after: String) { accounts(first: 2, after: $after, where: { name: { startsWith: "AcmeMark" }, opportunities: { some: { status: { eq: OPEN } } } }, orderBy: [{ field: INDUSTRY, direction: DESC }]) { nodes { id } pageInfo { hasPreviousPage endCursor } } }`,
      {},
    ],
    [
      'an aggregate by relation',
      '{ opportunityAggregate(groupBy: [{ field: STAGE }, { field: CREATED_AT, bucket: MONTH }]) { count key { stage { name } createdAt } sum { amount { amount } } } }',
      {},
    ],
  ])('of %s is as it was', async (_what, query, variables: Record<string, unknown>) => {
    const first = await counted(query, variables)
    const after = first.data.accounts?.pageInfo?.endCursor
    const { brackets } = await counted(query, { ...variables, ...(query.includes('$after') ? { after } : {}) })
    const sql = oneStatement(brackets)
    expect(readable(sql)).toMatchSnapshot()
    // Values travel beside the text: it is the same for all tenants, and is prepared once.
    expect(sql).not.toMatch(/AcmeMark|acct_/)
  })
})
