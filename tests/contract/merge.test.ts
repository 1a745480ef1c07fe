import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { isMergeable } from '../../src/read/merged.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { holdersOf } from '../../src/resolvers/customers/merge/children.ts'
import { MERGE_RULES, mostRestrictive, STAY } from '../../src/resolvers/customers/merge/rules.ts'
import '../../src/schema/index.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type Client, foreignKeys, rows } from '../support/tables.ts'

let database: TestDatabase
let owner: pg.Client
beforeAll(async () => {
  database = await freshDatabase()
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
})
afterAll(async () => {
  await owner?.end()
  await database?.drop()
})

const mergeable = recordTypes().filter(isMergeable)
const holders = mergeable.flatMap((type) => holdersOf(type).map((holder) => ({ target: type, ...holder })))

/** Columns of the database that may hold the id of a record that can be merged, and that no merge would move. */
async function forgotten(client: Client): Promise<string[]> {
  const walked = new Set(
    holders.map(({ target, type, column, any }) => `${type.table}.${column} → ${any ? '*' : target.table}`),
  )
  const tables = new Set(mergeable.map(({ table }) => table))
  const keys = (await foreignKeys(client)).flatMap(({ name, target, columns }) =>
    tables.has(target) && !Object.hasOwn(STAY, name)
      ? columns.filter((column) => column !== 'tenant_id').map((column) => `${name}.${column} → ${target}`)
      : [],
  )
  const named = await rows<{ name: string; column: string }>(
    client,
    `SELECT c.relname AS name, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped AND a.attname ~ '^(record|object|target|subject)_id$'
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))`,
  )
  const any = named.flatMap(({ name, column }) => (Object.hasOwn(STAY, name) ? [] : [`${name}.${column} → *`]))
  return [...keys, ...any].filter((one) => !walked.has(one)).sort()
}

describe('everything that hangs on what can be merged', () => {
  it('is of companies, people and leads', () => {
    expect(mergeable.map(({ name }) => name).sort()).toEqual(['Account', 'Contact', 'Lead'])
  })

  it('is found by the merge: every foreign key, and every table that names records of any type', async () => {
    expect(await forgotten(owner)).toEqual([])
  })

  it('is missed by name when a table comes that the registry does not know', async () => {
    await owner.query('BEGIN')
    try {
      await owner.query(
        'CREATE TABLE planted_note (tenant_id uuid, id uuid, about_id uuid, object_type text, record_id uuid, FOREIGN KEY (tenant_id, about_id) REFERENCES account (tenant_id, id))',
      )
      expect(await forgotten(owner)).toEqual(['planted_note.about_id → account', 'planted_note.record_id → *'])
    } finally {
      await owner.query('ROLLBACK')
    }
  })

  it('may be moved and put into the recycle bin by the application', async () => {
    const problems: string[] = []
    for (const { type, column } of holders)
      for (const one of [column, 'deleted_at', 'deleted_by']) {
        const [row] = await rows<{ may: boolean }>(
          owner,
          `SELECT has_column_privilege('atrium_app', $1, $2, 'UPDATE') AS may`,
          [type.table, one],
        )
        if (!row?.may) problems.push(`${type.table}.${one}`)
      }
    expect(problems).toEqual([])
  })

  it('is told apart by unique indexes that the merge can read: plain columns among live records', async () => {
    const columns = new Map<string, string[]>()
    for (const { type, column } of holders) columns.set(type.table, [...(columns.get(type.table) ?? []), column])
    const found = await rows<{
      table: string
      name: string
      odd: boolean
      columns: string[]
      predicate: string | null
    }>(
      owner,
      `SELECT c.relname AS table, x.relname AS name, 0 = ANY (i.indkey::int2[]) OR coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS odd, pg_get_expr(i.indpred, i.indrelid) AS predicate,
         ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])) AS columns
       FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indisunique AND NOT i.indisprimary AND c.relname = ANY ($1)`,
      [[...columns.keys()]],
    )
    const about = found.filter(
      (index) => index.odd || columns.get(index.table)?.some((column) => index.columns.includes(column)),
    )
    expect(about.length).toBeGreaterThan(4)
    expect(
      about.filter(({ odd, predicate }) => odd || !predicate?.includes('deleted_at IS NULL')).map(({ name }) => name),
    ).toEqual([])
  })

  it('says of each mark that only one of several may have to whom that holds', () => {
    const marked = [...new Set(holders.map(({ type }) => type))].filter((type) =>
      [...type.fields.values()].some(({ name, kind }) => kind === 'boolean' && /^is(Primary|Default|Main)$/.test(name)),
    )
    const unsaid = marked.flatMap((type) =>
      [...type.fields.values()].flatMap(({ name, kind }) =>
        kind === 'boolean' &&
        /^is(Primary|Default|Main)$/.test(name) &&
        !type.fields.has(MERGE_RULES[type.name]?.marks?.[name] ?? '')
          ? [`${type.name}.${name}`]
          : [],
      ),
    )
    expect(unsaid).toEqual([])
  })
})

describe('consent of people who become one', () => {
  const said = (id: string, status: string, at: string, channel = 'EMAIL') => ({
    id,
    purpose: 'MARKETING',
    channel,
    status,
    at: `2026-01-0${at}T00:00:00Z`,
  })

  it('is the most restrictive: what one refused is not granted by what the other granted later', () => {
    expect(mostRestrictive([said('a', 'DENIED', '1'), said('b', 'GRANTED', '2')])).toEqual(['b'])
    expect(
      mostRestrictive([said('a', 'GRANTED', '3'), said('b', 'WITHDRAWN', '2'), said('c', 'PENDING', '4')]),
    ).toEqual(['c', 'a'])
    expect(mostRestrictive([said('a', 'GRANTED', '2'), said('b', 'PENDING', '1')])).toEqual(['a'])
  })

  it('is the newest of equally strict ones, for each purpose and channel by itself', () => {
    expect(mostRestrictive([said('a', 'DENIED', '1'), said('b', 'WITHDRAWN', '2')])).toEqual(['a'])
    expect(mostRestrictive([said('a', 'DENIED', '1'), said('b', 'GRANTED', '2', 'SMS')])).toEqual([])
    expect(mostRestrictive([said('a', 'DENIED', '1'), { ...said('b', 'GRANTED', '2'), purpose: 'marketing' }])).toEqual(
      ['b'],
    )
    expect(mostRestrictive([])).toEqual([])
  })
})
