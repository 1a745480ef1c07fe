import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type GraphQLEnumType,
  type GraphQLObjectType,
  getNamedType,
  getOperationAST,
  isObjectType,
  parse,
  validate,
} from 'graphql'
import { directOf } from '../../src/http/direct.ts'
import { shapeOf } from '../../src/http/limits.ts'
import { fieldOf, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { schema } from '../../src/schema/index.ts'
import { type Answer, type Any, asking, callers, type TestApp, testApp } from '../support/app.ts'
import { fill } from '../support/fill.ts'
import { openOwner } from '../support/owner.ts'
import { watchStatements } from '../support/statements.ts'

/** Asks for an answer in a media type that the short way leaves alone. */
const GENERAL = { accept: 'application/graphql-response+json' }

let test: TestApp
/** Somebody who sees with a scope, with masks and without rights on some fields. */
let ruled: ReturnType<typeof callers>

beforeAll(async () => {
  asking.twice = false
  test = await testApp({ maxCost: 100_000 })
  const owner = await openOwner(test, test.acme)
  await fill(test.acme, owner, 14)
  await owner.close()
  const { run } = test.acme
  const one = async (type: string, input: Any): Promise<string> => {
    const field = type.charAt(0).toLowerCase() + type.slice(1)
    const { [`create${type}`]: made } = await run(
      `mutation($input: Create${type}Input!) { create${type}(input: $input) { ${field} { id } userErrors { code message field } } }`,
      { input },
    )
    expect(made.userErrors).toEqual([])
    return made[field].id
  }
  const role = await one('Role', { key: 'ruled', name: 'Ruled' })
  await one('ObjectPermission', { roleId: role, object: '*', canRead: true, readScope: 'ALL' })
  await one('ObjectPermission', { roleId: role, object: 'Contact', canRead: true, readScope: 'OWN' })
  for (const object of ['User', 'Role', 'Stage', 'Pipeline', 'Department', 'Team'])
    await one('ObjectPermission', { roleId: role, object, canRead: true, readScope: 'ALL' })
  for (const [object, field, access, mask] of [
    ['Account', 'phone', 'READ', 'LIST'],
    ['Account', 'email', 'READ', 'ALWAYS'],
    ['Contact', 'email', 'READ', 'ALWAYS'],
    ['Opportunity', 'amount', 'HIDDEN', 'NONE'],
  ])
    await one('FieldPermission', { roleId: role, object, field, access, mask })
  const user = await one('User', { name: 'AcmeMark ruled', roleId: role })
  const { createApiKey } = await run(
    'mutation($role: ID!, $user: ID!) { createApiKey(input: { name: "ruled", roleId: $role, userId: $user }) { key userErrors { code } } }',
    { role, user },
  )
  ruled = callers(test.app, createApiKey.key)
})

afterAll(() => test.close())

/** Everything plain that a type shows: columns, structured values, money, to-one records with their names, to-many pages. */
function selectionOf(type: RecordType, depth: number): string {
  const object = schema.getType(type.name) as GraphQLObjectType
  return Object.values(object.getFields())
    .flatMap(({ name, type: output, extensions, resolve }) => {
      const { field, relation, rule } = extensions as { field?: string; relation?: string; rule?: unknown }
      const named = getNamedType(output)
      if (rule || (field && resolve) || (!field && !relation) || (type.any !== null && type.any.name === relation))
        return []
      if (relation) {
        const way = type.relations.get(relation)
        const target = recordTypes().find((one) => one.name === way?.target)
        if (!way || !target || depth === 0) return []
        const below = selectionOf(target, depth - 1)
        if (way.kind === 'one') return [`${name} { __typename ${below} }`]
        return [`${name}(first: 2) { totalCount { value } pageInfo { hasNextPage } nodes { ${below} } }`]
      }
      if (!isObjectType(named)) return [name]
      return [`${name} { ${Object.keys(named.getFields()).join(' ')} __typename }`]
    })
    .join(' ')
}

/** All that the groups of a type show: count, keys (records with what is plain in them) and functions. */
function groupSelectionOf(type: RecordType, { keys = true, money = true } = {}): string {
  const fieldsOf = (name: string) => Object.values((schema.getType(name) as GraphQLObjectType).getFields())
  return fieldsOf(`${type.name}Group`)
    .flatMap(({ name, type: output }) => {
      if (name === 'count') return [name]
      if (name === 'key' && !keys) return []
      const members = fieldsOf(getNamedType(output).name).flatMap((member) => {
        const named = getNamedType(member.type)
        if (!isObjectType(named)) return [member.name]
        if (named.name === 'Money') return money ? [`${member.name} { currency amount __typename }`] : []
        return [`${member.name} { __typename ${selectionOf(recordType(named.name), 0)} }`]
      })
      return members.length > 0 ? [`${name} { __typename ${members.join(' ')} }`] : []
    })
    .join(' ')
}

function isShort(query: string): boolean {
  const document = parse(query)
  expect(validate(schema, document)).toEqual([])
  return directOf(schema, shapeOf(schema, document, getOperationAST(document)!), document) !== null
}

/** Cursors are sealed with a number used once, so two are never equal. */
const withoutCursors = (body: string) => body.replace(/"(cursor|startCursor|endCursor)":"[\w-]+"/g, '"$1":"…"')

/** Asks in the general way and then, as a document that came before, in the short one; both must answer the same. */
async function same(by: { ask: TestApp['acme']['ask'] }, query: string, variables: Any = {}): Promise<Answer> {
  const general = await by.ask(query, variables, GENERAL)
  const short = await by.ask(query, variables)
  const requestId = /"requestId":"[\w-]+"/g
  expect(withoutCursors(short.body).replace(requestId, '')).toBe(withoutCursors(general.body).replace(requestId, ''))
  expect(short.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(Object.keys(short.headers).sort()).toEqual(Object.keys(general.headers).sort())
  return short
}

/** Types whose records were asked for as keys of groups. */
const below = new Set<string>()

describe('the short way', () => {
  it.each(recordTypes().map((type) => [type.name, type] as const))(
    'answers lists and records of %s as the general one does, for who sees all and for who does not',
    async (name, type) => {
      const deep = selectionOf(type, 1)
      const list = `{ a: ${type.plural}(first: 3) { totalCount { value isExact } nodes { ${deep} } } }`
      const pages = `query($first: Int, $after: String) { ${type.plural}(first: $first, after: $after) { __typename edges { cursor node { ...it } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } fragment it on ${name} { id ... on ${name} { key: id } }`
      expect([isShort(list), isShort(pages)]).toEqual([true, true])
      const { data } = await same(test.acme, list)
      const { data: first } = await same(test.acme, pages, { first: 1 })
      const after = first[type.plural].pageInfo.endCursor
      if (after) await same(test.acme, pages, { first: 2, after })
      await same(ruled, list)
      await same(ruled, pages, { first: 2 })

      const single = name.charAt(0).toLowerCase() + name.slice(1)
      const record = `query($id: ID!) { ${single}(id: $id) { ${deep} } }`
      expect(isShort(record)).toBe(true)
      const ids = data.a.nodes.map(({ id }: Any) => id)
      for (const id of [...ids.slice(0, 2), 'nothing']) {
        await same(test.acme, record, { id })
        await same(ruled, record, { id })
      }
      if (ids.length > 0) {
        const found = await same(test.acme, record, { id: ids[0] })
        expect(found.errors).toBeUndefined()
        expect(found.data[single].id).toBe(ids[0])
        expect((await test.globex.ask(record, { id: ids[0] })).data?.[single] ?? null).toBeNull()
      }
    },
  )

  it.each(recordTypes().map((type) => [type.name, type] as const))(
    'answers aggregates of %s as the general one does, by every key, for who sees all and for who does not',
    async (name, type) => {
      const field = `${name.charAt(0).toLowerCase()}${name.slice(1)}Aggregate`
      const keys = (schema.getType(`${name}GroupField`) as GraphQLEnumType).getValues()
      const plain = groupSelectionOf(type, { money: false })
      const both = async (query: string, variables: Any = {}): Promise<Answer> => {
        expect(isShort(query)).toBe(true)
        await same(ruled, query, variables)
        return same(test.acme, query, variables)
      }
      const all = await both(`{ ${field} { ${plain} } }`)
      expect(all.data[field]).toHaveLength(1)
      expect(all.errors).toBeUndefined()
      const query = `query($by: [${name}GroupBy!], $order: [${name}GroupOrder!], $having: ${name}Having, $first: Int) { ${field}(groupBy: $by, orderBy: $order, having: $having, first: $first) { ${plain} } }`
      let groups = 0
      for (const [place, { name: key, value }] of keys.entries()) {
        const time = ['date', 'datetime'].includes(fieldOf(type, value).kind)
        const by = [{ field: key, ...(time ? { bucket: 'WEEK' } : {}) }]
        const found = await both(query, { by })
        expect(found.errors).toBeUndefined()
        groups += found.data[field].length
        // The code of orders and conditions is the same for all keys: every third tries it.
        if (place % 3 > 0) continue
        await both(query, { by, order: [{ by: 'COUNT', direction: 'DESC' }], first: 2 })
        await both(query, { by, order: [{ by: 'KEY', field: key }], having: { count: { gte: 2 } } })
      }
      if (all.data[field][0].count > 0) expect(groups).toBeGreaterThanOrEqual(keys.length)
      // Records below their keys with all that they show, pages too; money per currency.
      const currency = keys.some(({ value }) => value === 'currency')
      const values = groupSelectionOf(type, { keys: false, money: currency })
      for (const { name: key, value } of keys) {
        const { relation } = fieldOf(type, value)
        if (!relation) continue
        const target = type.relations.get(relation)!.target
        // With pages below it where a type is met for the first time.
        const depth = below.has(target) ? 0 : 1
        below.add(target)
        const by = `[{ field: ${key} }${currency ? ', { field: CURRENCY }' : ''}]`
        const record = `key { ${relation} { __typename ${selectionOf(recordType(target), depth)} } }`
        const { data } = await both(`{ ${field}(groupBy: ${by}) { ${record} ${values} } }`)
        for (const group of data[field]) if (group.key[relation]) expect(group.key[relation].__typename).toBe(target)
      }
    },
  )

  it('answers aggregates with aliases, fragments, filters, several at once and nothing at all the same', async () => {
    const by = 'groupBy: [{ field: STAGE }, { field: CLOSE_DATE, bucket: MONTH }]'
    for (const query of [
      `{ a: opportunityAggregate(${by}) { __typename n: count k: key { __typename s: stage { x: name } again: stage { x: id pipeline { name } } day: closeDate closeDate } l: key { stage { x: createdAt } } key { stage { kind } stage { id } } } }`,
      `{ opportunityAggregate(${by}) { ...it count ... on OpportunityGroup { key { owner { id } type } } } } fragment it on OpportunityGroup { key { ...at } avg { probability } } fragment at on OpportunityGroupKey { stage { pipeline { name } } }`,
      '{ a: accountAggregate(groupBy: [{ field: OWNER }]) { key { owner { accounts(first: 2) { totalCount { value } nodes { name owner { name } } edges { cursor node { id } } pageInfo { hasNextPage } } } } } b: contactAggregate { count } accounts(first: 90) { nodes { id } } }',
      '{ accountAggregate(search: "mark", where: { or: [{ name: { contains: "a" } }, { email: { contains: "b" } }] }) { count } }',
      '{ accountAggregate(where: { name: { contains: "nobody at all" } }, groupBy: [{ field: OWNER }]) { key { owner { name } } } }',
      '{ accountAggregate(where: { name: { contains: "nobody at all" } }) { count sum { employees annualRevenue { amount } } max { createdAt } } }',
      '{ accountAggregate(groupBy: [{ field: TYPE }], first: 0) { __typename } }',
      '{ accountAggregate(groupBy: [{ field: CURRENCY }, { field: CREATED_AT }]) { key { createdAt } sum { annualRevenue { currency amount } } min { annualRevenue { amount } createdAt } } }',
      '{ accountAggregate(groupBy: [{ field: NAME }], having: { sum: { employees: { gte: 1 } } }, orderBy: [{ by: SUM, sumField: EMPLOYEES, direction: DESC }]) { key { name } sum { employees } avg { employees } min { employees } max { employees annualRevenue { amount } } } }',
    ]) {
      expect([query, isShort(query)]).toEqual([query, true])
      await same(test.acme, query)
      await same(ruled, query)
    }
  })

  it('gives each alias of a key its own fields, though they use one name for different things', async () => {
    const query =
      '{ accountAggregate(groupBy: [{ field: OWNER }]) { key { a: owner { x: role { name } } b: owner { x: createdBy { name } } owner { id } } } }'
    expect(isShort(query)).toBe(true)
    // The general way compiles what comes for the second time.
    await same(test.acme, query)
    const { data } = await same(test.acme, query)
    const owned = data.accountAggregate.filter((group: Any) => group.key.owner)
    expect(owned.length).toBeGreaterThan(0)
    for (const { key } of owned) {
      const { user } = await test.acme.run('query($id: ID!) { user(id: $id) { role { name } createdBy { name } } }', {
        id: key.owner.id,
      })
      expect([key.a.x, key.b.x]).toEqual([user.role, user.createdBy])
    }
  })

  it('counts records under a key that the viewer may not see or that is deleted, and shows no record there', async () => {
    const query =
      '{ opportunityAggregate(groupBy: [{ field: ACCOUNT }, { field: PRIMARY_CONTACT }]) { key { account { name } primaryContact { lastName } } count } }'
    const { run } = test.acme
    const { createAccount } = await run(
      'mutation { createAccount(input: { name: "AcmeMark leaves" }) { account { id } } }',
    )
    const { createContact } = await run(
      'mutation { createContact(input: { lastName: "AcmeMark alone" }) { contact { id } } }',
    )
    const { createOpportunity } = await run(
      'mutation($id: ID!, $contact: ID!) { createOpportunity(input: { name: "AcmeMark stays", accountId: $id, primaryContactId: $contact }) { opportunity { id } userErrors { code message } } }',
      { id: createAccount.account.id, contact: createContact.contact.id },
    )
    expect(createOpportunity.userErrors).toEqual([])
    const shownIn = ({ data }: Answer, key: string) =>
      data.opportunityAggregate.filter((group: Any) => group.key[key] !== null).length
    const contacts = ({ data }: Answer) => data.opportunityAggregate.map(({ key }: Any) => key.primaryContact?.lastName)
    const [all, some] = [await same(test.acme, query), await same(ruled, query)]
    expect(shownIn(some, 'account')).toBe(shownIn(all, 'account'))
    // Of contacts they see their own, and those of accounts that they see.
    expect(contacts(all)).toContain('AcmeMark alone')
    expect(contacts(some)).not.toContain('AcmeMark alone')
    expect(some.data.opportunityAggregate.map(({ count }: Any) => count)).toEqual(
      all.data.opportunityAggregate.map(({ count }: Any) => count),
    )
    const owner = await openOwner(test, test.acme)
    await owner.rows(
      `UPDATE account SET deleted_at = now() WHERE tenant_id = atrium.tenant_id() AND name = 'AcmeMark leaves'`,
    )
    await owner.close()
    expect(shownIn(await same(test.acme, query), 'account')).toBe(shownIn(all, 'account') - 1)
    await same(ruled, query)
  })

  it('groups by the time zone that the company has now', async () => {
    const query =
      '{ accountAggregate(groupBy: [{ field: CREATED_AT, bucket: DAY }], where: { name: { eq: "AcmeMark zoned" } }) { key { createdAt } count } }'
    const owner = await openOwner(test, test.acme)
    await owner.rows(
      `INSERT INTO account (tenant_id, name, created_at) VALUES (atrium.tenant_id(), 'AcmeMark zoned', '2026-01-01T20:00:00Z')`,
    )
    const dayIn = async (timezone: string) => {
      await owner.rows(`UPDATE tenant SET timezone = '${timezone}' WHERE id = atrium.tenant_id()`)
      // What is known of the viewer is thrown away when rights change.
      await test.acme.run(
        'mutation($input: CreateRoleInput!) { createRole(input: $input) { role { id } userErrors { code message field } } }',
        { input: { key: timezone.toLowerCase().replace(/\W/g, '-'), name: timezone } },
      )
      const { data } = await same(test.acme, query)
      return data.accountAggregate
    }
    expect(await dayIn('America/New_York')).toEqual([{ key: { createdAt: '2026-01-01' }, count: 1 }])
    expect(await dayIn('Asia/Shanghai')).toEqual([{ key: { createdAt: '2026-01-02' }, count: 1 }])
    await owner.close()
  })

  it('leaves aggregates that fail, or that hide a field, to the general way', async () => {
    for (const [query, code] of [
      ['{ accountAggregate(groupBy: [{ field: TYPE }, { field: TYPE }]) { count } }', 'BAD_USER_INPUT'],
      ['{ accountAggregate(first: -1) { count } }', 'BAD_USER_INPUT'],
      ['{ accountAggregate(groupBy: [{ field: TYPE }], orderBy: [{ by: KEY }]) { count } }', 'BAD_USER_INPUT'],
      ['{ accountAggregate { sum { annualRevenue { amount } } } }', 'BAD_USER_INPUT'],
    ] as const) {
      expect(isShort(query)).toBe(true)
      expect((await same(test.acme, query)).errors?.[0]?.extensions.code).toBe(code)
    }
    const hidden = '{ opportunityAggregate(groupBy: [{ field: CURRENCY }]) { count sum { amount { amount } } } }'
    expect((await same(ruled, hidden)).errors?.[0]?.extensions.code).toBe('FIELD_FORBIDDEN')
    expect((await same(test.acme, hidden)).errors).toBeUndefined()
    const masked = '{ accountAggregate(groupBy: [{ field: EMAIL }]) { count } }'
    expect((await same(ruled, masked)).errors?.[0]?.extensions.code).toBe('FIELD_FORBIDDEN')
  })

  it('answers two root fields, backward pages, filters and orders the same', async () => {
    for (const query of [
      '{ a: accounts(first: 2) { nodes { id } } b: contacts(last: 2, orderBy: [{ field: LAST_NAME, direction: DESC }]) { nodes { lastName } pageInfo { hasNextPage hasPreviousPage } } }',
      '{ accounts(where: { name: { contains: "Mark" } }, orderBy: [{ field: NAME }]) { nodes { name annualRevenue { currency amount } } } }',
      '{ opportunities(first: 5, where: { account: { isNull: false } }) { totalCount { value } nodes { account { name owner { name } } } } }',
      '{ accounts(first: 0) { nodes { id } pageInfo { hasNextPage endCursor } } }',
    ]) {
      expect(isShort(query)).toBe(true)
      await same(test.acme, query)
      await same(ruled, query)
    }
  })

  it('writes texts that JSON escapes as JSON.stringify does', async () => {
    const name = 'AcmeMark "quoted" \\ slash 莲花 🌸 \u2028 </script>'
    const { createAccount } = await test.acme.run(
      'mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { code } } }',
      { input: { name, description: `${name}\n\tnext` } },
    )
    const query = 'query($id: ID!) { account(id: $id) { name description } }'
    const { data } = await same(test.acme, query, { id: createAccount.account.id })
    expect(data.account).toEqual({ name, description: `${name}\n\tnext` })
  })

  it('leaves what is wrong to the general way, which says it', async () => {
    for (const [query, variables, code] of [
      ['{ accounts(first: 101) { nodes { id } } }', {}, 'PAGE_SIZE_EXCEEDED'],
      ['query($after: String) { accounts(after: $after) { nodes { id } } }', { after: 'x' }, 'BAD_USER_INPUT'],
      ['query($id: ID!) { account(id: $id) { id } }', {}, 'BAD_USER_INPUT'],
    ] as const) {
      expect(isShort(query)).toBe(true)
      const { errors } = await same(test.acme, query, variables)
      expect(errors?.[0]?.extensions.code).toBe(code)
    }
    const nobody = callers(test.app, null)
    const query = '{ accounts { nodes { id } } }'
    await test.acme.run(query)
    expect((await same(nobody, query)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  })

  it('shows a record that was deleted no longer, and one changed as it is now', async () => {
    const query = 'query($id: ID!) { account(id: $id) { name } }'
    const { createAccount } = await test.acme.run(
      'mutation { createAccount(input: { name: "AcmeMark before" }) { account { id } } }',
    )
    const { id } = createAccount.account
    for (let n = 0; n < 3; n++) expect((await test.acme.run(query, { id })).account.name).toBe('AcmeMark before')
    await test.acme.run(
      'mutation($id: ID!) { updateAccount(id: $id, input: { name: "AcmeMark after" }) { account { id } } }',
      {
        id,
      },
    )
    expect((await test.acme.run(query, { id })).account.name).toBe('AcmeMark after')
    await test.acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id })
    expect((await test.acme.run(query, { id })).account).toBeNull()
  })

  it('asks a database that does not answer in time once only', async () => {
    const impatient = await testApp({ statementTimeout: 400 })
    const owner = await openOwner(impatient, impatient.acme)
    const watch = watchStatements()
    try {
      const query = '{ accounts(first: 3, orderBy: [{ field: NAME }]) { nodes { id } } }'
      await impatient.acme.run(query)
      await impatient.acme.run(query)
      await owner.rows('BEGIN')
      await owner.rows('LOCK TABLE account IN ACCESS EXCLUSIVE MODE')
      const answers: Answer[] = []
      for (const headers of [GENERAL, {}]) {
        watch.clear()
        answers.push(await impatient.acme.ask(query, {}, headers as Record<string, string>))
        expect(watch.work.filter((text) => text.includes('"account"'))).toHaveLength(1)
      }
      const [general, short] = answers.map(({ status, data, errors }) => {
        const [{ extensions, ...error }] = errors as Any
        return { status, data, error: { ...error, code: extensions.code } }
      })
      expect(general?.error.code).toBe('TIMEOUT')
      expect(short).toEqual(general)
    } finally {
      await owner.rows('ROLLBACK')
      await owner.close()
      watch.stop()
      await impatient.close()
    }
  })
})
