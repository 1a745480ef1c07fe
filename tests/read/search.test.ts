import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import pg from 'pg'
import type { ConnectionArgs } from '../../src/read/emit.ts'
import { recordType, recordTypes } from '../../src/read/recordType.ts'
import { candidates, INDEXED, searchWords } from '../../src/read/search.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { SEARCHED } from '../support/privileges.ts'
import { type Watch, watchStatements } from '../support/statements.ts'
import { rows } from '../support/tables.ts'
import { asTenant } from '../support/walls.ts'

// More than the size up to which a list does without the index.
const CROWD = 5200
const NAMES = [
  ['Anna', 'Müller'],
  ['Jürgen', 'Schülle'],
  ['小明', '王'],
  ['娜', '欧阳'],
  ['𠮷子', '𠮷野'],
  ['100%', 'x_y\\z'],
  ['Ｊｏｓé', 'Núñez'],
  ['Łukasz', 'Żółć'],
  ['Ольга', 'Ёлкина'],
  ['がく', 'ピアノ'],
] as const

let test: TestApp
let owner: pg.Client
let app: pg.Client
let acme: string
let globex: string
let watch: Watch
/** Contacts by their place in NAMES. */
const ids: string[] = []

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}

/** Contacts of one company whose names are numbers, past the triggers. */
async function crowd(tenant: string): Promise<void> {
  await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenant])
  await owner.query(
    `INSERT INTO contact (tenant_id, first_name, last_name) SELECT $1, 'crowd', 'number' || n FROM generate_series(1, $2::int) n`,
    [tenant, CROWD],
  )
}

beforeAll(async () => {
  test = await testApp()
  acme = uuidIn(test.acme.id)
  globex = uuidIn(test.globex.id)
  owner = await connect(test.database.ownerUrl)
  app = await connect(test.database.appUrl)
  await owner.query('ALTER TABLE contact DISABLE TRIGGER USER')
  await crowd(acme)
  await crowd(globex)
  await owner.query('ALTER TABLE contact ENABLE TRIGGER USER')
  await owner.query('ANALYZE contact')
  for (const [firstName, lastName] of NAMES) ids.push((await make(test.acme, 'Contact', { firstName, lastName })).id)
  await make(test.globex, 'Contact', { firstName: 'Anna', lastName: 'Müller' })
  watch = watchStatements()
})

afterAll(async () => {
  watch?.stop()
  await owner?.end()
  await app?.end()
  await test?.close()
})

/** What a list of contacts gives, by place in NAMES, and whether it asked the index for candidates. */
async function list(
  args: string,
  variables: Record<string, unknown> = {},
  run: Company['run'] = test.acme.run,
): Promise<{ found: (number | string)[]; asked: boolean }> {
  watch.clear()
  const { contacts } = await run<Any>(
    `query(${args.includes('$where') ? '$where: ContactFilter' : '$s: String'}) { contacts(first: 100, ${args}) { nodes { id } } }`,
    variables,
  )
  return {
    found: contacts.nodes.map(({ id }: Any) => (ids.includes(id) ? ids.indexOf(id) : id)),
    asked: watch.all.some((text) => text.includes('"search_contact"')),
  }
}

const search = (text: string) => list('search: $s', { s: text })
const contains = (field: string, text: string) =>
  list('where: $where', { where: { and: [{ [field]: { contains: text } }] } })

/** What the function gives to the tenant that is set. */
async function ask(tenant: string | null, words: string[] | null, most = 1000): Promise<string[] | null | undefined> {
  return asTenant(app, tenant, async () => {
    const [row] = await rows<{ ids: string[] | null }>(app, 'SELECT atrium.search_contact($1, $2) AS ids', [
      words,
      most,
    ])
    return row?.ids
  })
}

describe('the index of parts of names', () => {
  it('serves the types that are declared, which have a function each, and no others', async () => {
    const types = recordTypes().filter(({ name }) => INDEXED.has(name))
    expect(types.map(({ table }) => table).sort()).toEqual([...SEARCHED].sort())
    expect(types.filter(({ searched }) => searched.length === 0)).toEqual([])
    const found = await rows<{ name: string; owner: string }>(
      owner,
      `SELECT proname AS name, pg_get_userbyid(proowner)::text AS owner FROM pg_proc WHERE proowner = 'atrium_search'::regrole ORDER BY 1`,
    )
    expect(found).toEqual(SEARCHED.map((table) => ({ name: `search_${table}`, owner: 'atrium_search' })))
  })

  it('is what the function reads', async () => {
    const [type] = await rows<{ body: string }>(
      owner,
      `SELECT prosrc AS body FROM pg_proc WHERE oid = 'atrium.search_contact'::regproc`,
    )
    expect(type?.body).toContain('atrium.search_grams(r.tenant_id, r.search_text) @>')
    const before = await scans()
    expect(await ask(acme, ['schulle'])).toHaveLength(1)
    await app.query('SELECT pg_stat_force_next_flush()')
    expect(await scans()).toBeGreaterThan(before)
  })

  async function scans(): Promise<number> {
    const [row] = await rows<{ n: string }>(
      owner,
      `SELECT idx_scan AS n FROM pg_stat_user_indexes WHERE indexrelname = 'contact_search_idx'`,
    )
    return Number(row?.n)
  }
})

describe('a search among many records', () => {
  it.each([
    ['a part of a name', 'ülle', [0, 1]],
    ['other case and diacritics', 'MULLER', [0]],
    ['decomposed diacritics', 'mu\u0308ller', [0]],
    ['full width', 'ｊｏｓｅ', [6]],
    ['two letters', 'zq', []],
    ['two letters that are there', 'łu', [7]],
    ['two Cyrillic letters', 'лк', [8]],
    ['one Chinese character', '王', [2]],
    ['two', '小明', [2]],
    ['three over the border of two names', '王小明', [2]],
    ['four that nobody has', '欧阳小明', []],
    ['a surname of two', '欧阳', [3]],
    ['a character beyond the first plane', '𠮷', [4]],
    ['one with another', '𠮷野', [4]],
    ['kana', 'ピア', [9]],
    ['kana with and without their mark', 'か', [9]],
    ['two words', 'schulle jurgen', [1]],
    ['two words of two people', 'schulle anna', []],
    ['a word and a single letter', 'schulle j', [1]],
    ['a percent sign', '00%', [5]],
    ['an underscore', 'x_y', [5]],
    ['a backslash', '_y\\z', [5]],
    ['wildcards that would find somebody', 'm%ller', []],
    ['nobody', 'nowhere', []],
  ])('finds %s by the index', async (_what, text, found) => {
    expect(await search(text)).toEqual({ found, asked: true })
  })

  it('leaves frequent parts and single letters to the list', async () => {
    expect((await search('numb')).found).toHaveLength(100)
    expect(await search('ż')).toEqual({ found: [5, 6, 7], asked: false })
    expect(await search('%')).toEqual({ found: [5], asked: false })
    const [row] = await asTenant(app, acme, () =>
      rows<{ ids: null }>(app, `SELECT atrium.search_contact(ARRAY['numb'], 1000) AS ids`),
    )
    expect(row?.ids).toBeNull()
  })

  it('finds by contains and startsWith of searched fields, and leaves letters to the list whose form depends on their place', async () => {
    expect(await contains('lastName', 'ülle')).toEqual({ found: [0, 1], asked: true })
    expect(await contains('lastName', 'ulle')).toEqual({ found: [], asked: true })
    expect(await contains('firstName', 'ülle')).toEqual({ found: [], asked: true })
    expect(await list('where: $where', { where: { fullName: { startsWith: 'jürgen sch' } } })).toEqual({
      found: [1],
      asked: true,
    })
    expect((await contains('lastName', 'Σ')).asked).toBe(false)
    expect((await list('where: $where', { where: { or: [{ lastName: { contains: 'ülle' } }] } })).asked).toBe(false)
    expect((await list('where: $where', { where: { not: { lastName: { contains: 'ülle' } } } })).asked).toBe(false)
  })

  it('orders, pages and counts as without the index', async () => {
    const by = (order: string) => list(`search: $s, orderBy: [{ field: ${order} }]`, { s: 'ülle' })
    expect((await by('LAST_NAME')).found).toEqual([0, 1])
    expect((await by('LAST_NAME, direction: DESC')).found).toEqual([1, 0])
    const { contacts } = await test.acme.run(
      `{ contacts(search: "ülle", first: 1) { nodes { id } totalCount { value } pageInfo { hasNextPage endCursor } } }`,
    )
    expect(contacts).toMatchObject({
      nodes: [{ id: ids[0] }],
      totalCount: { value: 2 },
      pageInfo: { hasNextPage: true },
    })
    const next = await test.acme.run(
      'query($after: String) { contacts(search: "ülle", first: 1, after: $after) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } }',
      { after: contacts.pageInfo.endCursor },
    )
    expect(next.contacts).toEqual({ nodes: [{ id: ids[1] }], pageInfo: { hasNextPage: false, hasPreviousPage: true } })
  })

  it('finds deleted records in the recycle bin only, and renamed ones by their new name', async () => {
    const { id } = await make(test.acme, 'Contact', { lastName: 'Zaphodler' })
    expect((await search('aphod')).found).toEqual([id])
    await test.acme.run(
      'mutation($id: ID!) { updateContact(id: $id, input: { lastName: "Ygrainer" }) { userErrors { message } } }',
      { id },
    )
    expect((await search('aphod')).found).toEqual([])
    expect((await search('ygrain')).found).toEqual([id])
    await test.acme.run('mutation($id: ID!) { deleteContact(id: $id) { userErrors { code } } }', { id })
    expect((await search('ygrain')).found).toEqual([])
    expect(await list('search: $s, deleted: true', { s: 'ygrain' })).toEqual({ found: [id], asked: false })
  })

  it('finds what the same transaction wrote, and forgets it with it', async () => {
    await asTenant(app, acme, async () => {
      await app.query(`INSERT INTO contact (last_name) VALUES ('Quuxenberg')`)
      const [row] = await rows<{ n: number }>(app, `SELECT cardinality(atrium.search_contact(ARRAY['uuxen'], 9)) AS n`)
      expect(row?.n).toBe(1)
    })
    expect(await ask(acme, ['uuxen'])).toEqual([])
  })
})

describe('what a search by index tells', () => {
  it('is nothing of another company, whatever is asked, and nothing without one', async () => {
    expect(await ask(acme, ['muller'])).toEqual([uuidIn(ids[0] as string)])
    const other = await ask(globex, ['muller'])
    expect(other).toHaveLength(1)
    expect(other).not.toEqual([uuidIn(ids[0] as string)])
    expect(await ask(globex, ['schulle'])).toEqual([])
    for (const words of [['muller'], ['%%%'], [''], [], null]) {
      expect(await ask(null, words)).toBeNull()
      expect(await ask('', words)).toBeNull()
    }
    for (const most of [0, -1]) expect((await ask(globex, ['schulle'], most)) ?? []).toEqual([])
    // Every live id of acme's, looked for from globex by each of its words.
    for (const word of ['jurgen', '王小明', '𠮷野', 'x_y\\z', 'zq', "'; SELECT 1 --"])
      for (const id of (await ask(globex, [word])) ?? []) expect(ids.map(uuidIn)).not.toContain(id)
  })

  it('keeps a hash of the tenant in each gram, so that two companies share no list of the index', async () => {
    const [row] = await rows<{ shared: number; own: number }>(
      owner,
      `SELECT cardinality(ARRAY(SELECT unnest(a) INTERSECT SELECT unnest(b))) AS shared, cardinality(a) AS own
       FROM (SELECT atrium.search_grams($1, 'anna müller 王小明') AS a, atrium.search_grams($2, 'anna müller 王小明') AS b) x`,
      [acme, globex],
    )
    expect(row).toEqual({ shared: 0, own: Buffer.byteLength('anna müller 王小明 ') - 2 })
  })

  it('is nothing of fields that are hidden from the viewer', async () => {
    const role = (await make(test.acme, 'Role', { key: 'namesonly', name: 'AcmeMark names only' })).id
    await make(test.acme, 'ObjectPermission', {
      roleId: role,
      object: 'Contact',
      canRead: true,
      readScope: 'ALL',
      allowList: false,
    })
    await make(test.acme, 'FieldPermission', { roleId: role, object: 'Contact', field: 'email', access: 'HIDDEN' })
    const { id } = await make(test.acme, 'Contact', { lastName: 'Visible', email: 'secretive@mail.example' })
    const { createApiKey } = await test.acme.run(
      'mutation($role: ID!) { createApiKey(input: { name: "names", roleId: $role }) { key userErrors { message } } }',
      { role },
    )
    const { run } = callers(test.app, createApiKey.key)
    expect((await list('search: $s', { s: 'secretive' })).found).toEqual([id])
    expect(await list('search: $s', { s: 'secretive' }, run)).toEqual({ found: [], asked: true })
    expect(await list('search: $s', { s: 'isibl' }, run)).toEqual({ found: [id], asked: true })
    await expect(list('where: $where', { where: { email: { contains: 'secretive' } } }, run)).rejects.toThrow(
      'FIELD_FORBIDDEN',
    )
  })

  it('is asked in no small company and of no small type', async () => {
    const found = await test.globex.run('{ accounts(search: "nowhere") { nodes { id } } }')
    expect(found.accounts.nodes).toEqual([])
    watch.clear()
    await test.globex.run('{ accounts(search: "nobody") { nodes { id } } roles(search: "nobody") { nodes { id } } }')
    expect(watch.all.filter((text) => text.includes('atrium."search_'))).toEqual([])
  })
})

describe('names and parts at random', () => {
  const letter = fc.constantFrom(...'aAbüÜßéıİſkK .%_\\0明王小欧が𠮷ＡﾊñΣς가각')
  const name = fc.string({ unit: letter, minLength: 1, maxLength: 8 })
  const contact = recordType('Contact')

  it('are found by the index as by looking at each record', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { minLength: 1, maxLength: 12 }),
        fc.string({ unit: letter, minLength: 1, maxLength: 5 }),
        async (names, part) => {
          await asTenant(app, acme, async () => {
            await app.query(`INSERT INTO contact (last_name) SELECT unnest($1::text[])`, [names])
            const slow = async (condition: string, value: string) =>
              (
                await rows<{ id: string }>(
                  app,
                  `SELECT id FROM contact WHERE deleted_at IS NULL AND ${condition} ORDER BY id`,
                  [value],
                )
              ).map(({ id }) => id)
            for (const args of [{ search: part }, { where: { lastName: { contains: part } } }] as ConnectionArgs[]) {
              const words = searchWords(contact, args)
              if (!words) continue
              const [row] = await rows<{ ids: string[] | null }>(app, 'SELECT atrium.search_contact($1, 1000) AS ids', [
                words,
              ])
              if (!row?.ids) continue
              const wanted = args.search
                ? await slow(`search_text LIKE ALL ($1::text[])`, likeAll(part))
                : await slow('last_name ILIKE $1', `%${part.replace(/[\\%_]/g, '\\$&')}%`)
              // Candidates: all that are wanted stand among them, in whatever order.
              expect(row.ids).toEqual(expect.arrayContaining(wanted))
            }
          })
        },
      ),
      { numRuns: 150 },
    )
  })

  /** The patterns of a search, as an array that PostgreSQL reads. */
  function likeAll(text: string): string {
    const words = searchWords(contact, { search: text }) ?? []
    return `{${words.map((word) => JSON.stringify(`%${word.replace(/[\\%_]/g, '\\$&')}%`)).join()}}`
  }

  it('gives the same page in the same order, asked over the API', async () => {
    const texts = ['ülle', '王', 'x_y', 'er', '10', 'number51', 'an', 'na mu']
    const orders = ['', ', orderBy: [{ field: LAST_NAME }]', ', orderBy: [{ field: FULL_NAME, direction: DESC }]']
    for (const text of texts)
      for (const order of orders) {
        const quick = await list(`search: $s${order}`, { s: text })
        INDEXED.delete('Contact')
        try {
          expect(await list(`search: $s${order}`, { s: text })).toEqual({ found: quick.found, asked: false })
        } finally {
          INDEXED.add('Contact')
        }
      }
  })
})

describe('candidates', () => {
  it('are asked for with one statement, and not again for a minute where a company is small', async () => {
    const asked: string[] = []
    const tenancy = {
      readTexts: async (_caller: unknown, { text }: { text: string }) => {
        asked.push(text)
        return [['f', null]]
      },
    }
    const caller = { tenantId: '01900000-0000-7000-8000-0000000000aa' }
    const type = recordType('Lead')
    for (let turn = 0; turn < 3; turn++)
      expect(await candidates(tenancy, caller, type, {}, { words: ['abc'], counted: false })).toBeNull()
    expect(asked).toHaveLength(1)
  })
})
