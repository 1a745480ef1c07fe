import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { decodeId } from '../../src/ids.ts'
import { type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { upper } from '../../src/schema/shared/names.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { crowd, nameOf } from '../support/crowd.ts'
import { camel, creatable, MADE_BY_VERB, make } from '../support/factory.ts'
import { indexes } from '../support/tables.ts'
import { asTenant } from '../support/walls.ts'

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Node[]
}

interface Statement {
  text: string
  values: unknown[]
}

let test: TestApp
let app: pg.Client
let acme: string
/** First column of every index, by its name. */
let leaders: Map<string, string | null>

beforeAll(async () => {
  test = await testApp()
  acme = decodeId(test.acme.id)?.uuid as string
  for (const type of recordTypes().filter(creatable)) await make(test.acme, type.name)
  for (const byVerb of Object.values(MADE_BY_VERB)) await byVerb(test.acme)
  const owner = new pg.Client({ connectionString: test.database.ownerUrl })
  await owner.connect()
  try {
    await crowd(owner, acme, 1000)
    leaders = new Map((await indexes(owner)).map(({ name, columns }) => [name, columns[0] ?? null]))
  } finally {
    await owner.end()
  }
  app = new pg.Client({ connectionString: test.database.appUrl })
  await app.connect()
}, 60_000)

afterAll(async () => {
  await app?.end()
  await test?.close()
})

/** The statements that read a table while `work` runs, as they are sent to PostgreSQL. */
async function statementsOf(table: string, work: () => Promise<unknown>): Promise<Statement[]> {
  const seen: Statement[] = []
  const prototype = pg.Client.prototype as unknown as { query(this: unknown, ...given: unknown[]): unknown }
  const { query } = prototype
  prototype.query = function (...given) {
    const [sent] = given as [Partial<Statement> | string]
    if (typeof sent === 'object' && sent.text?.includes(`"${table}"`))
      seen.push({ text: sent.text, values: sent.values ?? [] })
    return query.apply(this, given)
  }
  try {
    await work()
  } finally {
    prototype.query = query
  }
  return seen
}

/** All steps of the plan that the application’s role gets for a query of the API. */
async function planOf(type: RecordType, query: string): Promise<Node[]> {
  const statements = await statementsOf(type.table, () => test.acme.run(query))
  expect(statements).toHaveLength(1)
  const [{ text, values }] = statements as [Statement]
  const found = await asTenant(app, acme, () => app.query(`EXPLAIN (FORMAT JSON) ${text}`, values))
  const nodes: Node[] = []
  const walk = (node: Node) => {
    nodes.push(node)
    node.Plans?.forEach(walk)
  }
  walk(found.rows[0]['QUERY PLAN'][0].Plan)
  return nodes
}

/** What is wrong with how a plan reads a table: it must come by an index of the tenant's, and by `column` if one is named. */
function readBy(nodes: Node[], table: string, column?: string): string[] {
  const conditions = (node: Node): string => [node['Index Cond'] ?? '', ...(node.Plans ?? []).map(conditions)].join(' ')
  const scans = nodes.filter((node) => node['Relation Name'] === table)
  if (scans.length === 0) return [`the plan does not read ${table}`]
  const problems = scans.flatMap((node) => {
    const used = [node['Index Name'], ...(node.Plans ?? []).map((one) => one['Index Name'])].filter(
      (name) => name !== undefined,
    )
    if (used.length === 0) return [`${node['Node Type']} of ${table}`]
    const foreign = used
      .filter((name) => leaders.get(name) !== 'tenant_id')
      .map((name) => `${name} does not begin with the tenant`)
    return conditions(node).includes('tenant_id =')
      ? foreign
      : [...foreign, `${used.join()} is not entered by the tenant`]
  })
  if (column && !scans.some((node) => conditions(node).includes(`${column} =`)))
    problems.push(`${table} is not entered by ${column}: ${scans.map(conditions).join(' | ')}`)
  return problems
}

const sorts = (nodes: Node[]) => nodes.filter((node) => node['Node Type'] === 'Sort').map((node) => node['Node Type'])
const shown = (type: RecordType) => type.name

describe.each(recordTypes().map((type) => [shown(type), type] as const))(
  'the application’s plan for %s',
  (_name, type) => {
    const single = camel(type.name)
    const idOf = async (one: RecordType): Promise<string> =>
      (await test.acme.run(`{ ${one.plural}(first: 1) { nodes { id } } }`))[one.plural].nodes[0].id

    it('reads one record by its key', async () => {
      const id = await idOf(type)
      expect(readBy(await planOf(type, `{ ${single}(id: "${id}") { id version } }`), type.table, 'id')).toEqual([])
    })

    it('reads a page in the order of ids without sorting', async () => {
      const nodes = await planOf(type, `{ ${type.plural}(first: 25) { nodes { id version } } }`)
      expect(readBy(nodes, type.table)).toEqual([])
      expect(sorts(nodes)).toEqual([])
    })

    const name = nameOf(type)
    if (name) {
      it('reads a page in the order of names without sorting all', async () => {
        const nodes = await planOf(
          type,
          `{ ${type.plural}(first: 25, orderBy: [{ field: ${upper(name.name)} }]) { nodes { id ${name.name} } } }`,
        )
        expect(readBy(nodes, type.table)).toEqual([])
        expect(sorts(nodes)).toEqual([])
      })
    }

    const ones = [...type.relations.values()].flatMap((one) =>
      one.kind === 'one' && !['createdBy', 'updatedBy'].includes(one.name) ? [one] : [],
    )
    if (ones.length > 0) {
      it('finds records by each of their references', async () => {
        for (const one of ones) {
          const id = await idOf(recordType(one.target))
          const nodes = await planOf(
            type,
            `{ ${type.plural}(first: 25, where: { ${one.field}: { eq: "${id}" } }) { nodes { id } } }`,
          )
          expect(readBy(nodes, type.table, one.column)).toEqual([])
        }
      })
    }

    const manys = [...type.relations.values()].filter((one) => one.kind !== 'one')
    if (manys.length > 0) {
      it('goes from a record to its many by an index of what joins them', async () => {
        const id = await idOf(type)
        for (const many of manys) {
          const nodes = await planOf(type, `{ ${single}(id: "${id}") { ${many.name}(first: 5) { nodes { id } } } }`)
          if (many.kind === 'many') expect(readBy(nodes, recordType(many.target).table, many.column)).toEqual([])
          else {
            expect(
              readBy(nodes, recordType(many.link).table, many.kind === 'through' ? many.near : 'record_id'),
            ).toEqual([])
            expect(readBy(nodes, recordType(many.target).table)).toEqual([])
          }
        }
      })
    }
  },
)
