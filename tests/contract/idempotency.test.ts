import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createApp } from '../../src/app.ts'
import { type Operation, recordTypes } from '../../src/read/recordType.ts'
import { type Answer, callers, type TestApp, testApp } from '../support/app.ts'
import { camel, creatable, inputFor, make } from '../support/factory.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'

let app: TestApp
let owner: Owner

beforeAll(async () => {
  app = await testApp({ poolSize: 8 })
  owner = await openOwner(app, app.acme)
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

const CREATE =
  'mutation($input: CreateTagInput!) { createTag(input: $input) { tag { id name version } userErrors { code field } } }'
const tags = async (name: string) =>
  Number(
    (await owner.rows<{ n: string }>(`SELECT count(*) AS n FROM tag WHERE ${OWN} AND name LIKE $1`, `${name}%`))[0]?.n,
  )
const key = (value: string) => ({ 'idempotency-key': value })
const codes = ({ errors }: Answer) => errors?.map(({ extensions }) => extensions.code) ?? []
const replayed = ({ headers }: Answer) => headers['idempotency-replayed'] === 'true'

describe('one key', () => {
  it('sent with fifty equal requests at once has one effect; each gets the one answer or hears that the first still runs', async () => {
    const variables = { input: { name: 'Fifty' } }
    const fifty = await Promise.all(Array.from({ length: 50 }, () => app.acme.ask(CREATE, variables, key('fifty'))))
    expect(await tags('Fifty')).toBe(1)
    const done = fifty.filter(({ errors }) => !errors)
    const running = fifty.filter(({ errors }) => errors)
    expect(new Set(done.map(({ data }) => data.createTag.tag.id)).size).toBe(1)
    expect(done.filter((one) => !replayed(one))).toHaveLength(1)
    for (const one of running) expect([one.status, codes(one)]).toEqual([409, ['IDEMPOTENCY_IN_PROGRESS']])
    const after = await app.acme.ask(CREATE, variables, key('fifty'))
    expect([replayed(after), after.data]).toEqual([true, done[0]?.data])
  })

  it('sent with another request is refused with 422, whatever differs, and that has no effect', async () => {
    const first = await app.acme.ask(CREATE, { input: { name: 'Reused' } }, key('reused'))
    expect([codes(first), replayed(first)]).toEqual([[], false])
    const others: [string, Record<string, unknown>][] = [
      [CREATE, { input: { name: 'Reused 2' } }],
      [CREATE, { input: { name: 'Reused', color: '#123456' } }],
      [CREATE.replace('id name version', 'id'), { input: { name: 'Reused' } }],
      [CREATE.replaceAll('Tag', 'Pipeline').replace('tag {', 'pipeline {'), { input: { name: 'Reused' } }],
      [
        'mutation($id: ID!) { deleteTag(id: $id) { tag { id } userErrors { code } } }',
        { id: first.data.createTag.tag.id },
      ],
    ]
    for (const [query, variables] of others) {
      const other = await app.acme.ask(query, variables, key('reused'))
      expect([other.status, codes(other)]).toEqual([422, ['IDEMPOTENCY_KEY_REUSED']])
    }
    expect(await tags('Reused')).toBe(1)
    expect((await app.acme.ask(CREATE, { input: { name: 'Reused' } }, key('reused'))).data).toEqual(first.data)
  })

  it('of another company, or of another caller of the same company, is another key', async () => {
    const first = await app.acme.ask(CREATE, { input: { name: 'Mine' } }, key('shared'))
    const theirs = await app.globex.ask(CREATE, { input: { name: 'Theirs' } }, key('shared'))
    expect([codes(first), codes(theirs), replayed(theirs)]).toEqual([[], [], false])
    expect(theirs.data.createTag.tag.id).not.toBe(first.data.createTag.tag.id)
    const { signIn } = await app.acme.run('mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }', {
      input: { tenant: app.acme.slug, email: app.acme.adminEmail, password: app.acme.adminPassword },
    })
    const user = await callers(app.app, signIn.accessToken).ask(
      CREATE,
      { input: { name: 'Of the user' } },
      key('shared'),
    )
    expect([codes(user), replayed(user)]).toEqual([[], false])
  })

  it('stays free when nothing was written: the input is mended and sent again with it', async () => {
    const bad = await app.acme.ask(CREATE, { input: { name: 'x'.repeat(101) } }, key('mended'))
    expect(bad.data.createTag.userErrors).toEqual([{ code: 'VALIDATION_FAILED', field: ['input', 'name'] }])
    const refused = await app.acme.ask(CREATE, { input: { nonsense: true } }, key('mended'))
    expect(codes(refused)).toEqual(['BAD_USER_INPUT'])
    const good = await app.acme.ask(CREATE, { input: { name: 'Mended' } }, key('mended'))
    expect([codes(good), good.data.createTag.tag.name, replayed(good)]).toEqual([[], 'Mended', false])
  })

  it('has 1 to 255 printable ASCII characters', async () => {
    const ask = (value: string, name: string) => app.acme.ask(CREATE, { input: { name } }, key(value))
    expect(codes(await ask('k'.repeat(255), 'Longest'))).toEqual([])
    expect(replayed(await ask('k'.repeat(255), 'Longest'))).toBe(true)
    for (const [value, name] of [
      ['k'.repeat(256), 'Too long'],
      ['', 'Empty'],
      ['ключ', 'Not ASCII'],
      ['a\tb', 'Tab'],
    ] as const) {
      const wrong = await ask(value, name)
      expect([name, codes(wrong), wrong.errors?.[0]?.extensions.field]).toEqual([
        name,
        ['BAD_USER_INPUT'],
        ['Idempotency-Key'],
      ])
      expect(await tags(name)).toBe(0)
    }
  })

  it('in the header goes with one mutation; several have their own with @idempotent', async () => {
    const two = (a: string, b: string) =>
      `mutation { a: createTag(input: { name: "Two A" }) ${a} { tag { id } } b: createTag(input: { name: "Two B" }) ${b} { tag { id } } }`
    const refused = await app.acme.ask(two('', ''), {}, key('two'))
    expect(new Set(codes(refused))).toEqual(new Set(['BAD_USER_INPUT']))
    expect(await tags('Two')).toBe(0)
    const own = two('@idempotent(key: "two a")', '@idempotent(key: "two b")')
    const first = await app.acme.ask(own)
    expect([codes(first), replayed(first), await tags('Two')]).toEqual([[], false, 2])
    const again = await app.acme.ask(own)
    expect([again.data, replayed(again), await tags('Two')]).toEqual([first.data, true, 2])
    const long = await app.acme.ask(two(`@idempotent(key: "${'k'.repeat(256)}")`, ''))
    expect(codes(long)[0]).toBe('BAD_USER_INPUT')
  })

  it('does nothing for a query, and is told by no header when it was new', async () => {
    const { errors, headers } = await app.acme.ask('{ tags(first: 1) { nodes { id } } }', {}, key('of a query'))
    expect([errors, headers['idempotency-replayed']]).toEqual([undefined, undefined])
  })

  it('gives the first answer to a process that was started later, even when the record has changed or gone since', async () => {
    const first = await app.acme.ask(CREATE, { input: { name: 'Restart' } }, key('restart'))
    const { id } = first.data.createTag.tag
    await app.acme.run(
      'mutation($id: ID!) { updateTag(id: $id, input: { name: "Restarted" }) { userErrors { code } } }',
      { id },
    )
    await app.acme.run('mutation($id: ID!) { destroyTag(id: $id) { userErrors { code } } }', { id })
    const later = await createApp(app.config)
    try {
      const again = await callers(later, app.acme.apiKey).ask(CREATE, { input: { name: 'Restart' } }, key('restart'))
      expect([again.data, replayed(again)]).toEqual([first.data, true])
    } finally {
      await later.close()
    }
    expect(await tags('Restart')).toBe(0)
  })

  it('is free again when it has expired', async () => {
    const first = await app.acme.ask(CREATE, { input: { name: 'Expired 1' } }, key('expired'))
    await owner.rows(
      `UPDATE idempotency_record SET expires_at = now() - interval '1 second' WHERE ${OWN} AND key = 'expired'`,
    )
    const second = await app.acme.ask(CREATE, { input: { name: 'Expired 2' } }, key('expired'))
    expect([codes(first), codes(second), replayed(second)]).toEqual([[], [], false])
    const [row] = await owner.rows<{ days: number }>(
      `SELECT extract(epoch FROM expires_at - created_at)::integer / 86400 AS days FROM idempotency_record WHERE ${OWN} AND key = 'expired'`,
    )
    expect(row?.days).toBe(7)
  })
})

describe.each(
  recordTypes()
    .filter(creatable)
    .map((type) => [type.name, type] as const),
)('every mutation of %s', (_name, type) => {
  it('gives the first answer again under its key, and has no second effect', async () => {
    const plural = type.plural.charAt(0).toUpperCase() + type.plural.slice(1)
    const single = camel(type.name)
    const row = `results { ${single} { id version } userErrors { code } }`
    const one = `${single} { id version } userErrors { code }`
    const made = async () => (await make(app.acme, type.name)).id as string
    const external = { externalSource: 'keys', externalId: `${type.name} once` }
    const [a, b, c, d] = [await made(), await made(), await made(), await made()]
    const requests: [string, string, Record<string, unknown>][] = [
      [
        `create${type.name}`,
        `mutation($x: Create${type.name}Input!) { create${type.name}(input: $x) { ${one} } }`,
        { x: await inputFor(app.acme, type) },
      ],
      [
        `create${plural}`,
        `mutation($x: [Create${type.name}Input!]!) { create${plural}(input: $x) { ${row} } }`,
        { x: [await inputFor(app.acme, type)] },
      ],
      [
        `update${type.name}`,
        `mutation($id: ID!, $x: Update${type.name}Input!) { update${type.name}(id: $id, input: $x) { ${one} } }`,
        { id: a, x: external },
      ],
      [
        `update${plural}`,
        `mutation($x: [Update${type.name}Row!]!) { update${plural}(input: $x) { ${row} } }`,
        { x: [{ id: b, input: { externalId: `${type.name} listed` } }] },
      ],
      [
        `upsert${type.name}`,
        `mutation($by: ${type.name}UniqueKey!, $x: Create${type.name}Input!) { upsert${type.name}(by: $by, input: $x) { created ${one} } }`,
        { by: { externalId: { source: 'keys', id: `${type.name} once` } }, x: {} },
      ],
      [`delete${type.name}`, `mutation($id: ID!) { delete${type.name}(id: $id) { ${one} } }`, { id: c }],
      [`restore${type.name}`, `mutation($id: ID!) { restore${type.name}(id: $id) { ${one} } }`, { id: c }],
      [
        `delete${plural}`,
        `mutation($x: [RecordVersionInput!]!) { delete${plural}(input: $x) { ${row} } }`,
        { x: [{ id: d }] },
      ],
      [
        `destroy${type.name}`,
        `mutation($id: ID!) { destroy${type.name}(id: $id) { id userErrors { code } } }`,
        { id: c },
      ],
    ]
    const operationOf = (name: string) => /^[a-z]+/.exec(name)?.[0] as Operation
    const offered = requests.filter(([name]) => type.operations.has(operationOf(name)))
    for (const [name, query, variables] of offered) {
      const first = await app.acme.ask(query, variables, key(`${name} key`))
      expect([name, codes(first), first.body.includes('"code"')]).toEqual([name, [], false])
      const before = await owner.rows(`SELECT id, version FROM ${type.table} WHERE ${OWN} ORDER BY id`)
      const again = await app.acme.ask(query, variables, key(`${name} key`))
      expect([name, again.data, replayed(again)]).toEqual([name, first.data, true])
      expect(await owner.rows(`SELECT id, version FROM ${type.table} WHERE ${OWN} ORDER BY id`)).toEqual(before)
    }
    expect(new Set(offered.map(([name]) => operationOf(name)))).toEqual(type.operations)
  })
})
