import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { decodeId } from '../../src/ids.ts'
import { type Field, type RecordType, type Relation, recordType, recordTypes } from '../../src/read/recordType.ts'
import { upper } from '../../src/schema/shared/names.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { crowd } from '../support/crowd.ts'
import { camel, creatable, MADE_BY_VERB, make } from '../support/factory.ts'
import { foreignKeys, type Index, indexes, rows, takeKeys, tenantTables } from '../support/tables.ts'
import { asTenant } from '../support/walls.ts'

/** Records of each type in each of the tenants. */
const CROWD = 150
/** Tenants besides the one that asks, as full as that. */
const OTHERS = 24
/** A prepared statement is planned with its values first, and without them from its sixth run on. */
const MODES = ['force_custom_plan', 'force_generic_plan'] as const

/** Indexes of whose later columns alone a statement may make use, with the reason. */
const READ_THROUGH: Record<string, string> = {
  record_share_record_principal_key: 'the shares of one type within one company, which are few beside its records',
}
/** Types whose page may be sorted, with the reason. */
const SORTED: Record<string, string> = {
  AccessInheritance: 'a company has one for each relation that opens access: four',
  Notification: 'of few rows of one user a page is sorted sooner than walked',
  Reminder: 'as of notifications',
  AccountCredit: 'its rows are so narrow that those of the test are sorted sooner than fetched in order',
}

interface Node {
  'Node Type': string
  'Relation Name'?: string
  Alias?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Node[]
}

interface Statement {
  text: string
  values: unknown[]
  /** Of the parameters, in brackets, where they do not follow from the text. */
  types?: string
}

let test: TestApp
let app: pg.Client
let owner: pg.Client
let acme: string
/** Tables in which one of the tenants has so many records that a list of ids must be looked up by the key; a few entries may as well be read through. */
const large = new Set(['account', 'activity_link'])
/** Records of the large tenant. */
const LARGE = 8000
/** All indexes of the tenants' tables, by name. */
let known: Map<string, Index>
/** Calls as somebody who sees what is theirs only. */
let rep: Pick<Company, 'run'>

beforeAll(async () => {
  test = await testApp()
  acme = decodeId(test.acme.id)?.uuid as string
  for (const type of recordTypes().filter(creatable)) await make(test.acme, type.name)
  for (const byVerb of Object.values(MADE_BY_VERB)) await byVerb(test.acme)
  const { roles } = await test.acme.run('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
  const { id: userId } = await make(test.acme, 'User', { roleId: roles.nodes[0].id, status: 'ACTIVE' })
  const { createApiKey } = await test.acme.run<Any>(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }',
    { input: { name: 'rep', roleId: roles.nodes[0].id, userId } },
  )
  rep = callers(test.app, createApiKey.key)
  owner = new pg.Client({ connectionString: test.database.ownerUrl })
  await owner.connect()
  const putBack = await takeKeys(owner)
  await crowd(owner, acme, CROWD)
  await owner.query(
    `INSERT INTO change (sequence, xid, operation, object, record_id, record_version, changed_fields, actor)
     SELECT CASE WHEN n > 20 THEN n + 100000 END, CASE WHEN n > 20 THEN 1 ELSE 2 END, 'created', 'account', atrium.uuid7(), 1, '{}', 'test' FROM generate_series(1, 1000) n`,
  )
  await owner.query('INSERT INTO change_commit (xid, ordinal) SELECT n + 2, n FROM generate_series(1, 20) n')
  await neighbours(owner, acme, OTHERS)
  await putBack()
  await owner.query('VACUUM (ANALYZE)')
  known = new Map((await indexes(owner)).map((index) => [index.name, index]))
  app = new pg.Client({ connectionString: test.database.appUrl })
  await app.connect()
}, 600_000)

afterAll(async () => {
  await app?.end()
  await owner?.end()
  await test?.close()
})

/** Copies all that a tenant has for others; references to tables that are filled later stay empty. As the owner. */
async function neighbours(client: pg.Client, tenant: string, count: number): Promise<void> {
  const tables = (await tenantTables(client)).map(({ name }) => name).filter((name) => name !== 'tenant')
  const keys = (await foreignKeys(client)).filter(({ target }) => target !== 'tenant')
  const columns = await rows<{ table: string; column: string; nullable: boolean }>(
    client,
    `SELECT attrelid::regclass::text AS table, attname AS column, NOT attnotnull AS nullable FROM pg_attribute
     WHERE attrelid = ANY ($1::regclass[]) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum`,
    [tables],
  )
  await client.query('BEGIN')
  for (const table of ['tenant', ...tables])
    await client.query(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE ${table} DISABLE TRIGGER USER`)
  await client.query(
    `INSERT INTO tenant (id, slug, name) SELECT md5('neighbour' || n)::uuid, 'neighbour-' || n, 'Neighbour' FROM generate_series(1, ${count + 1000}) n`,
  )
  const done = new Set<string>()
  const waiting = (table: string) =>
    keys.filter((key) => key.name === table && !done.has(key.target) && key.target !== table)
  const required = (table: string) =>
    waiting(table).some(
      (key) => !columns.find((one) => one.table === table && one.column === key.columns.at(-1))?.nullable,
    )
  while (done.size < tables.length) {
    const [table] = tables
      .filter((one) => !done.has(one) && !required(one))
      .sort((a, b) => waiting(a).length - waiting(b).length) as [string]
    const empty = new Set(waiting(table).map((key) => key.columns.at(-1)))
    const own = columns.filter((one) => one.table === table).map(({ column }) => column)
    const value = (column: string) =>
      column === 'tenant_id' ? `md5('neighbour' || n)::uuid` : empty.has(column) ? 'NULL' : `t."${column}"`
    await client.query(
      `INSERT INTO ${table} (${own.map((one) => `"${one}"`).join()}) SELECT ${own.map(value).join()}
       FROM ${table} t, generate_series(1, ${count}) n WHERE t.tenant_id = '${tenant}'`,
    )
    done.add(table)
  }
  for (const table of large) {
    const own = columns.filter((one) => one.table === table).map(({ column }) => column)
    const value = (column: string) =>
      column === 'tenant_id'
        ? `md5('neighbour1')::uuid`
        : ['id', 'record_id'].includes(column)
          ? 'atrium.uuid7()'
          : column === 'external_id'
            ? 'NULL'
            : `t."${column}"`
    await client.query(
      `INSERT INTO ${table} (${own.map((one) => `"${one}"`).join()}) SELECT ${own.map(value).join()}
       FROM (SELECT * FROM ${table} WHERE tenant_id = md5('neighbour1')::uuid LIMIT 1) t, generate_series(1, ${LARGE})`,
    )
  }
  await client.query('INSERT INTO change_counter (tenant_id) SELECT id FROM tenant ON CONFLICT (tenant_id) DO NOTHING')
  for (const table of ['tenant', ...tables])
    await client.query(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY; ALTER TABLE ${table} ENABLE TRIGGER USER`)
  await client.query('COMMIT')
}

/** The statements that are sent to PostgreSQL while `work` runs, but for those of brackets. */
async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const seen: Statement[] = []
  const prototype = pg.Client.prototype as unknown as { query(this: unknown, ...given: unknown[]): unknown }
  const { query } = prototype
  prototype.query = function (...given) {
    const [sent, values] = given as [string | (Partial<Statement> & { parts?: Statement[] }), unknown[]?]
    // A bracket may be sent as one message of several statements.
    const parts = typeof sent === 'string' ? [{ text: sent, values }] : (sent.parts ?? [sent])
    for (const part of parts)
      if (
        /^(SELECT|WITH|UPDATE|DELETE|INSERT)\b/.test(part.text ?? '') &&
        !/^SELECT set_config\(/.test(part.text ?? '')
      )
        seen.push({ text: part.text as string, values: part.values ?? [] })
    return query.apply(this, given)
  }
  try {
    await work()
  } finally {
    prototype.query = query
  }
  return seen
}

const literal = (value: unknown): string => {
  if (value === null || value === undefined) return 'NULL'
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`
  return pg.escapeLiteral(Array.isArray(value) ? `{${value.map((one) => JSON.stringify(one)).join()}}` : String(value))
}

let planned = 0

/** All steps of the plan of a statement, planned with its values or for any values. */
async function planOf(
  { text, values, types = '' }: Statement,
  mode: (typeof MODES)[number],
  as = app,
): Promise<Node[]> {
  const name = `planned_${++planned}`
  const found = await asTenant(as, acme, async () => {
    await as.query(`SET LOCAL plan_cache_mode = ${mode}`)
    await as.query(`PREPARE ${name}${types} AS ${text}`)
    const given = values.length > 0 ? `(${values.map(literal).join()})` : ''
    return as.query(`EXPLAIN (FORMAT JSON) EXECUTE ${name}${given}`)
  })
  const nodes: Node[] = []
  const walk = (node: Node) => {
    nodes.push(node)
    node.Plans?.forEach(walk)
  }
  walk(found.rows[0]['QUERY PLAN'][0].Plan)
  return nodes
}

/** Columns of an index that a condition names on its own side. */
const bound = (condition: string, columns: readonly (string | null)[]) =>
  columns.map((column) => column !== null && new RegExp(`(?<![.\\w])${column}\\b(?! \\()`).test(condition))

/** What is wrong with how a plan reads the tenants' tables: each by an index that begins with the tenant, entered by its first columns. */
function problemsOf(nodes: Node[]): string[] {
  const problems: string[] = []
  for (const node of nodes) {
    const table = node['Relation Name']
    const name = node['Index Name']
    if (table && !name && node['Node Type'] !== 'Bitmap Heap Scan' && node['Node Type'] !== 'ModifyTable') {
      problems.push(`${node['Node Type']} of ${table}`)
      continue
    }
    if (!name) continue
    const index = known.get(name)
    if (!index) continue
    const condition = node['Index Cond'] ?? ''
    const [tenant, ...further] = bound(condition, index.columns)
    // A company's own row.
    if (name === 'tenant_pkey') continue
    if (index.columns[0] !== 'tenant_id') problems.push(`${name} does not begin with the tenant`)
    else if (!tenant || !/tenant_id = /.test(condition))
      problems.push(`${name} is not entered by the tenant: ${condition}`)
    // A later column alone is looked at in each of the tenant's entries.
    else if (
      !Object.hasOwn(READ_THROUGH, name) &&
      further.some((one, place) => one && further.slice(0, place).includes(false)) &&
      (large.has(index.table) || !/= ANY/.test(condition))
    )
      problems.push(`${name} (${index.columns.join(', ')}) is read through for ${condition}`)
  }
  return problems
}

interface Expected {
  /** A table and the columns by which it must be entered, besides the tenant. */
  entered?: [table: string, ...columns: string[]]
  /** Nothing may be sorted. */
  ordered?: boolean
}

/** What is wrong with the plans of all statements that a query of the API sends. */
async function check(
  query: string,
  { entered, ordered }: Expected = {},
  as: Pick<Company, 'run'> = test.acme,
): Promise<string[]> {
  const problems: string[] = []
  const statements = await statementsOf(() => as.run(query))
  for (const statement of statements) {
    // Finding out who calls happens before the tenant is known.
    if (/atrium\.tenant_of_key/.test(statement.text)) continue
    const own = !entered || statement.text.includes(`"${entered[0]}"`)
    for (const mode of MODES) {
      const nodes = await planOf(statement, mode)
      const told = problemsOf(nodes)
      if (own && entered) {
        const [table, ...columns] = entered
        const by = nodes.some(
          (node) =>
            known.get(node['Index Name'] ?? '')?.table === table &&
            bound(node['Index Cond'] ?? '', columns).every(Boolean),
        )
        if (!by) told.push(`${table} is not entered by ${columns.join(', ')}`)
      }
      // The few that are left behind a cursor may be sorted by whoever knows that they are few.
      const few = mode === 'force_custom_plan' && query.includes('after:')
      if (own && ordered && !few && nodes.some((node) => /Sort/.test(node['Node Type'])))
        told.push('what has an index is sorted')
      problems.push(...told.map((one) => `${mode}: ${one}\n  ${query}\n  ${shape(nodes)}`))
    }
  }
  if (statements.length === 0) problems.push(`${query} sends nothing`)
  return problems
}

const shape = (nodes: Node[]) =>
  nodes
    .filter((node) => node['Relation Name'] || node['Index Name'] || /Sort/.test(node['Node Type']))
    .map(
      (node) => `${node['Node Type']} ${node['Index Name'] ?? node['Relation Name'] ?? ''} ${node['Index Cond'] ?? ''}`,
    )
    .join('\n  ')

const indexOf = (table: string, ...columns: string[]) =>
  [...known.values()].some(
    (index) => index.table === table && index.columns.join() === ['tenant_id', ...columns].join(),
  )

/** Fields whose order an index has, with the id at its end. */
const orders = (type: RecordType): Field[] =>
  [...type.fields.values()].filter((field) => field.sort && indexOf(type.table, field.column, 'id'))

/** Is what a relation leads to in the order of ids within an index. */
function walked(relation: Relation): boolean {
  if (relation.kind === 'many') return indexOf(recordType(relation.target).table, relation.column, 'id')
  if (relation.kind === 'through') return indexOf(recordType(relation.link).table, relation.near, relation.far)
  if (relation.kind === 'linked')
    return indexOf(recordType(relation.link).table, 'object_type', 'record_id', relation.far)
  return false
}

const idOf = async (type: RecordType): Promise<string> =>
  (await test.acme.run(`{ ${type.plural}(first: 1) { nodes { id } } }`))[type.plural].nodes[0].id

describe.each(recordTypes().map((type) => [type.name, type] as const))(
  'the application’s plan for %s',
  (_name, type) => {
    const single = camel(type.name)
    const { plural } = type
    const ordered = !Object.hasOwn(SORTED, type.name)

    it('reads one record by its key', async () => {
      expect(
        await check(`{ ${single}(id: "${await idOf(type)}") { id version } }`, { entered: [type.table, 'id'] }),
      ).toEqual([])
    })

    it('reads a page in the order of ids, and the next one, without sorting', async () => {
      expect(await check(`{ ${plural}(first: 25) { nodes { id version } } }`, { ordered })).toEqual([])
      const { [plural]: page } = await test.acme.run(`{ ${plural}(first: 25) { pageInfo { endCursor } } }`)
      if (!page.pageInfo.endCursor) return
      const next = `{ ${plural}(first: 25, after: "${page.pageInfo.endCursor}") { nodes { id version } pageInfo { hasNextPage } } }`
      expect(await check(next, { ordered })).toEqual([])
    })

    it('walks each order that has an index, both ways and page by page', async () => {
      for (const field of orders(type)) {
        for (const direction of ['ASC', 'DESC']) {
          const order = `orderBy: [{ field: ${upper(field.name)}, direction: ${direction} }]`
          expect(await check(`{ ${plural}(first: 25, ${order}) { nodes { id } } }`, { ordered: true })).toEqual([])
          if (field.nullable || direction === 'DESC') continue
          const { [plural]: page } = await test.acme.run(
            `{ ${plural}(first: 25, ${order}) { pageInfo { endCursor } } }`,
          )
          const next = `{ ${plural}(first: 25, ${order}, after: "${page.pageInfo.endCursor}") { nodes { id } } }`
          expect(await check(next, { ordered: true, entered: [type.table, field.column, 'id'] })).toEqual([])
        }
      }
    })

    it('counts by an index', async () => {
      expect(await check(`{ ${plural}(first: 1) { totalCount { value } } }`)).toEqual([])
    })

    it('finds records by each of their references and by their state', async () => {
      for (const one of type.relations.values()) {
        if (one.kind !== 'one' || ['createdBy', 'updatedBy'].includes(one.name)) continue
        const id = await idOf(recordType(one.target))
        const query = `{ ${plural}(first: 25, where: { ${one.field}: { eq: "${id}" } }) { nodes { id } } }`
        // What is somebody's own may as well be entered by whose it is.
        expect(await check(query, type.seen ? {} : { entered: [type.table, one.column] })).toEqual([])
      }
      const status = type.fields.get('status')
      if (!status?.choice || !indexOf(type.table, 'status', 'id')) return
      const query = `{ ${plural}(first: 25, where: { status: { eq: ${Object.keys(status.choice.values)[1]} } }) { totalCount { value } nodes { id } } }`
      // A state that many records are in may as well be read by another index of the tenant's: the statistics of the moment decide.
      expect(await check(query)).toEqual([])
    })

    const manys = [...type.relations.values()].filter((one) => one.kind !== 'one')
    if (manys.length > 0) {
      it('goes from a record, and from each of a page, to its many by an index of what joins them', async () => {
        const id = await idOf(type)
        for (const many of manys) {
          const list = `${many.name}(first: 5) { nodes { id } }`
          const entered: Expected['entered'] =
            many.kind === 'many'
              ? [recordType(many.target).table, many.column]
              : many.kind === 'through'
                ? [recordType(many.link).table, many.near]
                : [recordType((many as { link: string }).link).table, 'object_type', 'record_id']
          for (const query of [
            `{ ${single}(id: "${id}") { ${list} } }`,
            `{ ${plural}(first: 20) { nodes { id version ${list} } } }`,
          ])
            expect(await check(query, { entered, ordered: walked(many) })).toEqual([])
        }
      })
    }

    if (type.owners.length > 0) {
      it('finds what is in the scope of somebody who sees their own by an index of the tenant’s', async () => {
        for (const query of [
          `{ ${plural}(first: 25) { totalCount { value } nodes { id } } }`,
          `{ ${single}(id: "${await idOf(type)}") { id } }`,
        ])
          expect(await check(query, {}, rep)).toEqual([])
      })
    }
  },
)

describe('the plans of service', () => {
  it('suggest articles, and count the answers of a survey, by indexes of the tenant’s', async () => {
    const caseId = await idOf(recordType('Case'))
    const surveyId = await idOf(recordType('Survey'))
    const problems: string[] = []
    for (const query of [
      `{ suggestArticles(text: "${test.acme.mark} title and body") { score article { id title } } }`,
      `{ suggestArticles(caseId: "${caseId}") { score } }`,
      `{ surveyFigures(surveyId: "${surveyId}", from: "2026-01-01T00:00:00Z") { sent answered distribution { score count } } }`,
    ]) {
      problems.push(...(await check(query)))
      problems.push(...(await check(query, {}, rep)))
    }
    expect(problems).toEqual([])
  })
})

describe('the plans of writing', () => {
  it('find what they check and change by indexes of the tenant’s', async () => {
    const { id: ownerId } = await make(test.acme, 'User', { status: 'ACTIVE' })
    const { id } = await make(test.acme, 'Account')
    const problems: string[] = []
    for (const mutation of [
      `createAccount(input: { name: "Planned", ownerId: "${ownerId}", parentId: "${id}", phone: "+12025550100" }) { account { id } userErrors { message } }`,
      `updateAccount(id: "${id}", input: { name: "Renamed", annualRevenue: { amount: "5", currency: "USD" } }) { account { id } userErrors { message } }`,
      `createActivity(input: { kind: CALL, subject: "Planned", links: [{ recordId: "${id}" }] }) { activity { id } userErrors { message } }`,
      `deleteAccount(id: "${id}") { userErrors { message } }`,
    ])
      problems.push(...(await check(`mutation { ${mutation} }`)))
    expect(problems).toEqual([])
  })

  it('number changes by indexes of the tenant’s', async () => {
    const [{ source } = { source: '' }] = await rows<{ source: string }>(
      owner,
      `SELECT prosrc AS source FROM pg_proc WHERE oid = 'atrium.number_changes()'::regprocedure`,
    )
    // Its variables become parameters; what it does with the results is left out.
    const variables = ['tenant', 'last', 'oldest', 'waiting', 'given']
    const statements = source
      .split(';')
      .map((one) => one.replace(/--.*$/gm, '').replace(/^.*?\b(?=INSERT|WITH|UPDATE|SELECT)/s, ''))
      .filter((one) => /public\.change/.test(one))
      .map((one) => one.replace(/\bINTO (last|given|oldest, waiting)\b/, ''))
      .map((one) =>
        variables.reduce((text, name, n) => text.replace(new RegExp(`(?<![.\\w])${name}\\b`, 'g'), `$${n + 1}`), one),
      )
    expect(statements.length).toBeGreaterThanOrEqual(5)
    const problems: string[] = []
    for (const text of statements)
      for (const mode of MODES) {
        const values = [acme, 0, 1000, 5, 3]
        const nodes = await planOf({ text, values, types: '(uuid, bigint, bigint, bigint, bigint)' }, mode, owner)
        problems.push(...problemsOf(nodes).map((one) => `${mode}: ${one}\n  ${text}\n  ${shape(nodes)}`))
      }
    expect(problems).toEqual([])
  })
})
