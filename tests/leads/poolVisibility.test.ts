import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { accountOf, call, codes, makePool, rowOf } from './pools.ts'

jest.setTimeout(300_000)

let test: TestApp
let owner: Owner
let member: Person
let ruler: Person
let outsider: Person
let seesAll: Person
/** A pool that keeps back phone, e-mail, source, revenue, and the phones of people. */
let poolId: string
let id: string
let contactId: string
let sourceId: string
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  member = await person(test, test.acme, 'rep')
  ruler = await person(test, test.acme, 'rep')
  outsider = await person(test, test.acme, 'rep')
  seesAll = await person(test, test.acme, 'readonly')
  poolId = await makePool(test.acme, {
    members: [member.id],
    admins: [ruler.id],
    hiddenFields: ['phone', 'email', 'sourceId', 'annualRevenue', 'billingAddress', 'domains', 'Contact.phone'],
  })
  sourceId = (await make(test.acme, 'LeadSource')).id
  id = await accountOf(test.acme, outsider, {
    name: 'Hidden & Sons',
    phone: '+8613800138000',
    email: 'boss@hidden.example',
    sourceId,
    annualRevenue: { amount: '777', currency: 'USD' },
    billingAddress: { city: 'Secretville' },
    domains: ['hidden.example'],
    employees: 7,
  })
  contactId = (await make(test.acme, 'Contact', { lastName: 'Secret', phone: '+8613900139000', ownerId: outsider.id }))
    .id
  await make(test.acme, 'AccountContact', { accountId: id, contactId })
  expect(codes(await call(outsider, 'releaseToPool', { ids: [id], poolId, reason: 'given up' }))).toEqual([[]])
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const ACCOUNT = 'query($id: ID!) { account(id: $id) { id name } }'
const sees = async (who: Person) => (await who.run<Any>(ACCOUNT, { id })).account !== null
const idsOf = async (who: Person, args: string) =>
  (await who.run<Any>(`{ accounts(first: 100, ${args}) { nodes { id } } }`)).accounts.nodes.map((one: Any) => one.id)

describe('a record in a pool', () => {
  it('is seen by its members, its administrators and who sees everybody’s records, and by nobody else', async () => {
    expect(await Promise.all([member, ruler, seesAll, outsider].map(sees))).toEqual([true, true, true, false])
    expect((await outsider.run<Any>('{ accounts(first: 100) { nodes { id } } }')).accounts.nodes).toEqual([])
    // Who has none of the rights sees it by no path.
    const { contact } = await outsider.run<Any>('query($id: ID!) { contact(id: $id) { id } }', { id: contactId })
    expect(contact).toBeNull()
  })

  it('is seen by who comes into the pool, and no more by who leaves it', async () => {
    const { id: membership } = await make(test.acme, 'PoolMember', { poolId, userId: outsider.id, role: 'MEMBER' })
    expect(await sees(outsider)).toBe(true)
    await test.acme.run('mutation($id: ID!) { deletePoolMember(id: $id) { userErrors { code } } }', { id: membership })
    expect(await sees(outsider)).toBe(false)
  })

  it('is written by none of them before it is claimed', async () => {
    const { updateAccount } = await member.run<Any>(
      'mutation($id: ID!) { updateAccount(id: $id, input: { name: "Mine" }) { userErrors { code } } }',
      { id },
    )
    expect(updateAccount.userErrors).toEqual([{ code: 'FORBIDDEN' }])
  })

  it('opens what lies in the pool with it, and nothing else that hangs on it', async () => {
    const other = (await make(test.acme, 'Contact', { lastName: 'Kept', ownerId: seesAll.id })).id
    await make(test.acme, 'AccountContact', { accountId: id, contactId: other })
    const activity = (await make(test.acme, 'Activity', { ownerId: outsider.id })).id
    await make(test.acme, 'ActivityLink', { activityId: activity, recordId: id })
    const { account } = await member.run<Any>(
      'query($id: ID!) { account(id: $id) { contacts { nodes { id } } activities { nodes { id } } ownershipRecords { nodes { reason } } } }',
      { id },
    )
    expect(account).toEqual({
      contacts: { nodes: [{ id: contactId }] },
      activities: { nodes: [] },
      ownershipRecords: { nodes: [{ reason: 'RELEASE' }] },
    })
  })
})

const HIDDEN =
  'phone email source { id } annualRevenue { amount } billingAddress { city } domains other: phone employees name'

describe('what a pool keeps back', () => {
  const nothing = {
    phone: null,
    other: null,
    email: null,
    source: null,
    annualRevenue: null,
    billingAddress: null,
    domains: null,
    employees: 7,
    name: 'Hidden & Sons',
  }
  const coordinates = ['annualRevenue', 'billingAddress', 'domains', 'email', 'phone', 'source'].map(
    (one) => `Account.${one}`,
  )

  it.each([
    ['by id', `query($id: ID!) { found: account(id: $id) { ${HIDDEN} } }`, (data: Any) => data.found],
    [
      'in a list',
      `query($id: ID!) { found: accounts(where: { id: { eq: $id } }) { nodes { ${HIDDEN} } } }`,
      (data: Any) => data.found.nodes[0],
    ],
    [
      'as a node',
      `query($id: ID!) { found: node(id: $id) { ... on Account { ${HIDDEN} } } }`,
      (data: Any) => data.found,
    ],
    [
      'below another record',
      `query($id: ID!) { found: accountContacts(where: { account: { is: { id: { eq: $id } } } }, first: 1) { nodes { account { ${HIDDEN} } } } }`,
      (data: Any) => data.found.nodes[0].account,
    ],
  ])('is null %s, with one FIELD_FORBIDDEN for each coordinate, and the rest is there', async (_name, query, of) => {
    const answer = await member.ask<Any>(query, { id })
    expect(of(answer.data)).toEqual(nothing)
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(coordinates.map(() => 'FIELD_FORBIDDEN'))
    expect(answer.errors?.map(({ extensions }) => extensions.coordinate).sort()).toEqual(coordinates)
    expect(answer.body).not.toMatch(/138000|boss@|777|Secretville|hidden\.example/)
  })

  it('is told once for a list with many of them, and the members’ own records show all', async () => {
    const mine = await accountOf(test.acme, member, { phone: '+8613700137000' })
    const answer = await member.ask<Any>('{ accounts(first: 100) { nodes { id phone } } }')
    const phones = new Map(answer.data.accounts.nodes.map((one: Any) => [one.id, one.phone]))
    expect(phones.get(mine)).toBe('+8613700137000')
    expect(phones.get(id)).toBeNull()
    expect(answer.errors).toHaveLength(1)
  })

  it('is seen by administrators of the pool and by who sees everybody’s records', async () => {
    for (const who of [ruler, seesAll, test.acme]) {
      const { account } = await who.run<Any>(`query($id: ID!) { account(id: $id) { ${HIDDEN} } }`, { id })
      expect(account).toMatchObject({
        phone: '+8613800138000',
        source: { id: sourceId },
        annualRevenue: { amount: '777.00' },
      })
    }
  })

  it('is kept back of the people who lie in the pool with their customer', async () => {
    const answer = await member.ask<Any>('query($id: ID!) { contact(id: $id) { lastName phone } }', { id: contactId })
    expect(answer.data.contact).toEqual({ lastName: 'Secret', phone: null })
    expect(answer.errors?.map(({ extensions }) => extensions.coordinate)).toEqual(['Contact.phone'])
  })

  it('is kept back by a share as well, from who is not in the pool', async () => {
    const friend = await person(test, test.acme, 'rep')
    await make(test.acme, 'RecordShare', { recordId: id, userId: friend.id, access: 'READ' })
    const answer = await friend.ask<Any>('query($id: ID!) { account(id: $id) { name phone } }', { id })
    expect(answer.data.account).toEqual({ name: 'Hidden & Sons', phone: null })
  })

  it('is kept back where a record is told of without being read: by duplicates, and by the figures and dates of a customer', async () => {
    await make(test.acme, 'DuplicateRule', {
      object: 'Account',
      matchers: [{ field: 'name', method: 'NORMALIZED', weight: '50' }],
      active: true,
    })
    const quiet = await makePool(test.acme, {
      members: [member.id],
      admins: [ruler.id],
      hiddenFields: ['name', 'lastActivityAt', 'nextFollowUpAt'],
    })
    const pooled = await accountOf(test.acme, outsider, {
      name: 'Whispering Pines Ltd',
      nextFollowUpAt: '2099-01-01T00:00:00Z',
    })
    const ask = async (who: Pick<Person, 'run'>) => {
      const { checkDuplicates, customer360 } = await who.run<Any>(
        `query($id: ID!) { checkDuplicates(object: "Account", input: { name: "Whispering Pines" }) { matches { match { id name } } }
          customer360(id: $id) { figures { lastActivityAt } nextDates { on } } }`,
        { id: pooled },
      )
      return [
        checkDuplicates.matches.map(({ match }: Any) => match),
        customer360.figures.lastActivityAt,
        customer360.nextDates.length,
      ]
    }
    const activity = await make(test.acme, 'Activity', {
      ownerId: outsider.id,
      startAt: '2026-01-05T10:00:00Z',
      endAt: null,
    })
    await make(test.acme, 'ActivityLink', { activityId: activity.id, recordId: pooled })
    expect(codes(await call(outsider, 'releaseToPool', { ids: [pooled], poolId: quiet, reason: 'given up' }))).toEqual([
      [],
    ])
    expect(await ask(member)).toEqual([[{ id: pooled, name: 'W***d' }], null, 0])
    expect(await ask(test.acme)).toEqual([[{ id: pooled, name: 'Whispering Pines Ltd' }], expect.any(String), 1])
  })

  it('cannot be found out by filters: the field is nothing to who does not see it', async () => {
    const found = (where: string, who = member) => idsOf(who, `where: { and: [{ id: { eq: "${id}" } }, ${where}] }`)
    for (const where of [
      '{ phone: { eq: "+8613800138000" } }',
      '{ phone: { startsWith: "+86" } }',
      '{ phone: { in: ["+8613800138000"] } }',
      '{ phone: { isNull: false } }',
      '{ not: { phone: { neq: "+8613800138000" } } }',
      '{ email: { contains: "boss" } }',
      '{ annualRevenue: { gt: "1" } }',
      '{ billingAddress: { city: { eq: "Secretville" } } }',
      '{ domains: { arrayContains: "hidden.example" } }',
      `{ sourceId: { eq: "${sourceId}" } }`,
      '{ source: { isNull: false } }',
      `{ source: { is: { id: { eq: "${sourceId}" } } } }`,
    ]) {
      expect([where, await found(where)]).toEqual([where, []])
      expect([where, await found(where, ruler)]).toEqual([where, [id]])
    }
    // What asks for its absence finds the record, whatever the value is.
    for (const where of [
      '{ phone: { isNull: true } }',
      '{ phone: { neq: "x" } }',
      '{ not: { phone: { eq: "+8613800138000" } } }',
    ])
      expect([where, await found(where)]).toEqual([where, [id]])
    // Nor from the other side, over the record that the field leads to.
    const over = `where: { contacts: { some: { id: { eq: "${contactId}" } } }, phone: { eq: "+8613800138000" } }`
    expect(await idsOf(member, over)).toEqual([])
  })

  it('cannot be found out by orders, groups, sums and searches', async () => {
    // One of one's own with a larger and one with a smaller number: the hidden one stands where those without stand.
    const low = await accountOf(test.acme, member, { name: 'Low', phone: '+8613000130000' })
    const high = await accountOf(test.acme, member, { name: 'High', phone: '+8613999139999' })
    const ids = `id: { in: ["${id}", "${low}", "${high}"] }`
    const order = (direction: string, who = member) =>
      idsOf(who, `where: { ${ids} }, orderBy: [{ field: PHONE, direction: ${direction} }]`)
    expect(await order('ASC')).toEqual([low, high, id])
    expect(await order('DESC')).toEqual([id, high, low])
    expect(await order('ASC', seesAll)).toEqual([low, id, high])
    // Page by page as well.
    const walked: string[] = []
    for (let after: string | null = null; ; ) {
      const { accounts }: Any = await member.run(
        `query($after: String) { accounts(first: 1, after: $after, where: { ${ids} }, orderBy: [{ field: PHONE }]) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )
      walked.push(...accounts.nodes.map((one: Any) => one.id))
      if (!accounts.pageInfo.hasNextPage) break
      after = accounts.pageInfo.endCursor
    }
    expect(walked).toEqual([low, high, id])

    const groups = await member.run<Any>(
      `{ byPhone: accountAggregate(where: { id: { eq: "${id}" } }, groupBy: [{ field: PHONE }]) { key { phone } count }
         sums: accountAggregate(where: { id: { eq: "${id}" } }) { sum { annualRevenue { amount } } max { annualRevenue { amount } } count }
         having: accountAggregate(where: { id: { eq: "${id}" } }, having: { max: { annualRevenue: { gt: "1" } } }) { count } }`,
    )
    expect(groups).toEqual({
      byPhone: [{ key: { phone: null }, count: 1 }],
      sums: [{ sum: { annualRevenue: null }, max: { annualRevenue: null }, count: 1 }],
      having: [],
    })

    expect(await idsOf(member, 'search: "boss@hidden"')).toEqual([])
    expect(await idsOf(member, 'search: "8613800138000"')).toEqual([])
    expect(await idsOf(member, 'search: "hidden & sons"')).toEqual([id])
    expect(await idsOf(ruler, 'search: "boss@hidden"')).toEqual([id])
  })

  it('is not in an export either', async () => {
    const role = (await make(test.acme, 'Role', { key: 'exporter' })).id
    await make(test.acme, 'ObjectPermission', {
      roleId: role,
      object: '*',
      canRead: true,
      canExport: true,
      canUpdate: true,
      readScope: 'OWN',
      writeScope: 'OWN',
      allowList: false,
    })
    await make(test.acme, 'ObjectPermission', { roleId: role, object: 'Pool', canRead: true, readScope: 'ALL' })
    const clerk = await person(test, test.acme, 'exporter')
    await make(test.acme, 'PoolMember', { poolId, userId: clerk.id, role: 'MEMBER' })
    const address = await test.app.listen()
    const answer = await fetch(
      `${address}/export/accounts.jsonl?fields=id,name,phone,email,annualRevenue,billingAddress,domains,sourceId`,
      { headers: { authorization: `Bearer ${clerk.token}` } },
    )
    const body = await answer.text()
    expect([answer.status, body.includes('Hidden & Sons')]).toEqual([200, true])
    expect(body).not.toMatch(/138000|boss@|777|Secretville|hidden\.example/)
  })

  it('shows as soon as the record is claimed', async () => {
    expect(codes(await call(member, 'claimFromPool', { poolId, ids: [id] }))).toEqual([[]])
    const { account } = await member.run<Any>(
      `query($id: ID!) { account(id: $id) { ${HIDDEN} contacts(where: { lastName: { eq: "Secret" } }) { nodes { phone owner { id } } } } }`,
      { id },
    )
    expect(account).toMatchObject({
      phone: '+8613800138000',
      billingAddress: { city: 'Secretville' },
      contacts: { nodes: [{ phone: '+8613900139000', owner: { id: member.id } }] },
    })
    expect(await rowOf(owner, 'contact', contactId)).toMatchObject({ owner_id: uuidIn(member.id), pool_id: null })
  })
})
