import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTypes } from '../../src/read/recordType.ts'
import { hasCustomFields } from '../../src/resolvers/platform/fieldDefinition.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { account, changeAccount, changeField, defineField, dropField, told, tryAccount } from '../support/custom.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'

let app: TestApp
let owner: Owner

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
})

afterAll(async () => {
  await owner.close()
  await app.close()
})

/** Rows of custom_value of a field: record, value, of a live record. */
const stored = (id: string) =>
  owner.rows<Any>(
    `SELECT record_id AS record, coalesce(text_value, number_value::text, to_char(time_value AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS value, live FROM custom_value WHERE ${OWN} AND field_id = $1 ORDER BY record_id`,
    uuidIn(id),
  )

describe('custom fields in the database', () => {
  it('belong to every type of record that clients make, but for links, for a user’s own tools and for what says how the company works', () => {
    const without = recordTypes().filter(
      (type) => type.operations.has('create') && !type.any && !type.settings && !hasCustomFields(type),
    )
    // A user's own tools, and the order of two tasks, say nothing about the business.
    expect(without.map(({ name }) => name).sort()).toEqual([
      'Dashboard',
      'Reminder',
      'Report',
      'ReportSchedule',
      'SavedView',
      'TaskDependency',
    ])
    // Forms of these are the company's too.
    const settings = recordTypes().filter((type) => type.settings && hasCustomFields(type))
    expect(settings.map(({ name }) => name).sort()).toEqual([
      'Department',
      'PriceBook',
      'PriceBookEntry',
      'Team',
      'User',
    ])
  })

  it('have triggers on exactly the tables that have the column', async () => {
    const tables = await owner.rows<{ table: string }>(
      `SELECT c.relname AS table FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'custom_fields' WHERE c.relkind = 'r' ORDER BY 1`,
    )
    expect(tables.map(({ table }) => table)).toEqual(
      recordTypes()
        .filter(hasCustomFields)
        .map(({ table }) => table)
        .sort(),
    )
    const triggers = await owner.rows<{ table: string; object: string; names: string[] }>(
      `SELECT c.relname AS table, min(encode(t.tgargs, 'escape')) AS object, array_agg(t.tgname::text ORDER BY t.tgname) AS names FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE t.tgname LIKE 'custom\\_%' GROUP BY 1`,
    )
    for (const { table, object, names } of triggers) {
      expect(names).toEqual(['custom_delete', 'custom_insert', 'custom_update'])
      expect(recordTypes().find((type) => type.table === table)?.name).toBe(object.replace('\\000', ''))
    }
    expect(triggers).toHaveLength(tables.length)
  })

  it('stand in the typed table while they are indexed and their record is there', async () => {
    const { acme } = app
    const { id } = await defineField(acme, 'Account', 'placed', 'DECIMAL', { indexed: true })
    const plain = await defineField(acme, 'Account', 'plain', 'TEXT')
    const one = await account(acme, 'One', { placed: '-2.5', plain: 'x' })
    const uuid = uuidIn(one.id)
    expect(await stored(id)).toEqual([{ record: uuid, value: '-25000', live: true }])
    expect(await stored(plain.id)).toEqual([])
    await changeAccount(acme, one.id, { placed: '3', plain: 'y' })
    expect(await stored(id)).toEqual([{ record: uuid, value: '30000', live: true }])
    // Indexed later, its values are taken along; no longer indexed, other processes still read them there.
    await changeField(acme, plain.id, { indexed: true })
    expect(await stored(plain.id)).toEqual([{ record: uuid, value: 'y', live: true }])
    await changeField(acme, plain.id, { indexed: false })
    await changeAccount(acme, one.id, { plain: 'z' })
    expect(await stored(plain.id)).toEqual([{ record: uuid, value: 'z', live: true }])
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: one.id })
    expect(await stored(id)).toEqual([{ record: uuid, value: '30000', live: false }])
    const bin = await acme.run<Any>(
      '{ accounts(deleted: true, where: { customFields: [{ field: "placed", eq: 3 }] }) { nodes { id } } }',
    )
    expect(bin.accounts.nodes).toEqual([{ id: one.id }])
    await acme.run('mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code } } }', { id: one.id })
    expect(await stored(id)).toEqual([{ record: uuid, value: '30000', live: true }])
    await changeAccount(acme, one.id, { placed: null })
    expect(await stored(id)).toEqual([])
    await changeAccount(acme, one.id, { placed: '1' })
    await acme.run('mutation($id: ID!) { destroyAccount(id: $id) { userErrors { code } } }', { id: one.id })
    expect(await stored(id)).toEqual([])
  })

  it('agree with their records after whatever is done to them', async () => {
    const { acme } = app
    const ids = await Promise.all(
      ['a', 'b', 'c'].map((name) => defineField(acme, 'Contact', `mixed${name}`, 'NUMBER', { indexed: name !== 'c' })),
    )
    const created = await acme.run<Any>(
      'mutation($i: [CreateContactInput!]!) { createContacts(input: $i) { results { contact { id } } } }',
      {
        i: Array.from({ length: 12 }, (_, n) => ({
          lastName: `C${n}`,
          customFields: { ...(n % 2 ? { mixeda: n } : {}), ...(n % 3 ? { mixedb: n, mixedc: n } : {}) },
        })),
      },
    )
    const contacts = created.createContacts.results.map(({ contact }: Any) => contact.id)
    await acme.run<Any>(
      'mutation($i: [UpdateContactRow!]!) { updateContacts(input: $i) { results { userErrors { code } } } }',
      {
        i: contacts.slice(3, 8).map((id: string, n: number) => ({
          id,
          input: { customFields: { mixeda: n % 2 ? null : 100 + n, mixedc: 7 } },
        })),
      },
    )
    await acme.run(
      'mutation($i: [RecordVersionInput!]!) { deleteContacts(input: $i) { results { userErrors { code } } } }',
      {
        i: contacts.slice(6, 9).map((id: string) => ({ id })),
      },
    )
    await changeField(acme, ids[2]!.id, { unique: false, indexed: true })
    const wrong = await owner.rows(
      `SELECT * FROM (SELECT t.id, f.id AS field, (t.custom_fields ->> f.id::text)::bigint * 10000 AS value, t.deleted_at IS NULL AS live FROM contact t
         JOIN field_definition f ON f.tenant_id = t.tenant_id AND f.object = 'Contact' AND f.is_stored AND t.custom_fields ? f.id::text WHERE t.${OWN}) a
       FULL JOIN (SELECT v.record_id AS id, v.field_id AS field, v.number_value AS value, v.live FROM custom_value v JOIN field_definition f ON f.tenant_id = v.tenant_id AND f.id = v.field_id AND f.object = 'Contact' WHERE v.${OWN}) b
       USING (id, field) WHERE a.value IS DISTINCT FROM b.value OR a.live IS DISTINCT FROM b.live`,
    )
    expect(wrong).toEqual([])
  })
})

describe('a unique custom field', () => {
  it('is had by one of twenty that are made at once', async () => {
    const { acme } = app
    await defineField(acme, 'Account', 'badge', 'TEXT', { unique: true })
    const twenty = await Promise.all(
      Array.from({ length: 20 }, (_, n) => tryAccount(acme, `Racer ${n}`, { badge: 'first' })),
    )
    const winners = twenty.filter((one) => one.account)
    expect(winners).toHaveLength(1)
    for (const { account: made, userErrors } of twenty) {
      if (made) continue
      expect(told(userErrors)).toEqual(['UNIQUE_VIOLATION input.customFields.badge'])
      expect(userErrors[0].details).toEqual({ conflictId: winners[0].account.id })
    }
  })

  it('is refused row by row in lists, by update, and on the way back from the bin', async () => {
    const { acme } = app
    await defineField(acme, 'Account', 'ticket', 'NUMBER', { unique: true })
    const create = (errorPolicy: string, tickets: (number | null)[]) =>
      acme.run<Any>(
        `mutation($i: [CreateAccountInput!]!) { createAccounts(input: $i, errorPolicy: ${errorPolicy}) { results { account { id } userErrors { code field details } } } }`,
        { i: tickets.map((ticket, n) => ({ name: `T${n}`, customFields: { ticket } })) },
      )
    const kept = (await create('REJECT_FAILED_ROWS', [1, 2, 1, null, 2])).createAccounts.results
    expect(kept.map((one: Any) => told(one.userErrors))).toEqual([
      [],
      [],
      ['UNIQUE_VIOLATION input.2.customFields.ticket'],
      [],
      ['UNIQUE_VIOLATION input.4.customFields.ticket'],
    ])
    const none = (await create('REJECT_EVERYTHING', [5, 6, 5])).createAccounts.results
    expect(none.map((one: Any) => told(one.userErrors))).toEqual([
      [],
      [],
      ['UNIQUE_VIOLATION input.2.customFields.ticket'],
    ])
    expect(none.map((one: Any) => one.account)).toEqual([null, null, null])
    const [one, two] = [kept[0].account.id, kept[1].account.id]
    const changed = await changeAccount(acme, two, { ticket: 1 })
    expect(told(changed.userErrors)).toEqual(['UNIQUE_VIOLATION input.customFields.ticket'])
    expect(changed.userErrors[0].details).toEqual({ conflictId: one })
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: one })
    expect((await changeAccount(acme, two, { ticket: 1 })).userErrors).toEqual([])
    const { restoreAccount } = await acme.run<Any>(
      'mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code field details } } }',
      { id: one },
    )
    expect(restoreAccount.userErrors).toEqual([
      { code: 'UNIQUE_VIOLATION', field: ['id'], details: { conflictId: two } },
    ])
  })

  it('holds against writers that are under way when it becomes unique', async () => {
    const { acme } = app
    for (let round = 0; round < 5; round++) {
      const { id } = await defineField(acme, 'Account', `racing${round}`, 'TEXT')
      const name = `racing${round}`
      const results = await Promise.all([
        tryAccount(acme, 'A', { [name]: 'same' }),
        tryAccount(acme, 'B', { [name]: 'same' }),
        changeField(acme, id, { unique: true }),
        tryAccount(acme, 'C', { [name]: 'same' }),
      ])
      const made = [results[0], results[1], results[3]].filter((one) => one.account).length
      const unique = results[2].userErrors.length === 0
      expect(unique ? made === 1 : made > 1).toBe(true)
      if (unique) expect(await stored(id)).toHaveLength(1)
      await dropField(acme, id, true)
    }
  })

  it('tells nobody whose value it is who may not see the record', async () => {
    const { globex } = app
    await defineField(globex, 'Account', 'badge', 'TEXT', { unique: true })
    const first = await account(globex, 'Own', { badge: 'first' })
    const rep = await person(app, globex, 'rep')
    const { userErrors } = await tryAccount(rep, 'Twin', { badge: 'first' })
    expect(told(userErrors)).toEqual(['UNIQUE_VIOLATION input.customFields.badge'])
    expect(userErrors[0].details).toBeNull()
    expect(JSON.stringify(userErrors)).not.toContain(first.id)
  })
})
