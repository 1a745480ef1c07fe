import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql'
import { newApiKey } from '../../src/access/apiKey.ts'
import { may } from '../../src/access/decide.ts'
import { type Action, SEED_ROLES } from '../../src/access/roles.ts'
import { viewerOfUser } from '../../src/access/viewer.ts'
import type { Viewer } from '../../src/context.ts'
import { decodeId, newId } from '../../src/ids.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { setPassword } from '../../src/resolvers/identity/session.ts'
import { schema } from '../../src/schema/index.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { camel, creatable, make } from '../support/factory.ts'
import { tenantOf, watch } from '../support/isolation.ts'

type Field = GraphQLField<unknown, unknown>
type Caller = Pick<Company, 'run' | 'ask'>

let house: TestApp
/** A user of each role, signed in, and what the decision makes of the role's rows. */
const users = new Map<string, Caller>()
const viewers = new Map<string, Viewer>()
let nobody: Caller

beforeAll(async () => {
  house = await testApp()
  nobody = callers(house.app, null)
  const { roles } = await house.acme.run('{ roles { nodes { id key } } }')
  for (const { id: roleId, key } of roles.nodes) {
    const email = `role-${key}@acme.example`
    const contactId = key === 'customer' ? (await make(house.acme, 'Contact', {})).id : undefined
    const { id } = await make(house.acme, 'User', {
      roleId,
      email,
      name: `AcmeMark ${key}`,
      status: 'ACTIVE',
      contactId,
    })
    const tenantId = tenantOf(house.acme)
    const password = 'correct horse battery staple 7'
    await house.app.tenancy.writeTenant({ tenantId }, (db) => setPassword(db, tenantId, decodeId(id)!.uuid, password))
    const { signIn } = await nobody.run(
      'mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }',
      { input: { tenant: 'acme', email, password } },
    )
    users.set(key, callers(house.app, signIn.accessToken))
    const viewer = await house.app.tenancy.readTenant({ tenantId }, (db) =>
      viewerOfUser(db, tenantId, decodeId(id)!.uuid),
    )
    viewers.set(key, viewer!)
  }
})
afterAll(() => house.close())

const queries = Object.values(schema.getQueryType()!.getFields())
const mutations = Object.values(schema.getMutationType()!.getFields())
const roles = SEED_ROLES.map(({ key }) => key)
const viewerOf = (role: string) => viewers.get(role) as Viewer
const rightsOf = ({ extensions }: Field) =>
  [extensions.permission].flat().filter((one) => String(one).includes('.')) as string[]

/** The least that a type's value may be in a document. */
function literal(type: GraphQLInputType): string {
  if (isListType(getNullableType(type))) return '[]'
  const named = getNamedType(type)
  if (isEnumType(named)) return named.getValues()[0]!.name
  if (!isInputObjectType(named)) return { Int: '1', Boolean: 'true', Float: '1.0' }[named.name] ?? '"none"'
  const fields = Object.values(named.getFields())
  const wanted = named.isOneOf ? fields.slice(0, 1) : fields.filter((one) => isNonNullType(one.type))
  return `{ ${wanted.map((one) => `${one.name}: ${literal(one.type)}`).join(', ')} }`
}

/** A document that calls a root field with as little as it takes. */
function call(field: Field): string {
  const required = field.args.filter(({ type }) => isNonNullType(type))
  const args =
    required.length > 0 ? `(${required.map(({ name, type }) => `${name}: ${literal(type)}`).join(', ')})` : ''
  return `${mutations.includes(field) ? 'mutation' : 'query'} { ${field.name}${args} ${isLeafType(getNamedType(field.type)) ? '' : '{ __typename }'} }`
}

const codes = ({ errors }: { errors?: { extensions: { code: string } }[] }) =>
  errors?.map(({ extensions }) => extensions.code) ?? []

/** What fields ask for besides that follows from an argument: of the least call, that of the first value of the enum. */
const ARGUED: Record<string, string[]> = { assignRecords: ['Lead.transfer'] }

describe.each(roles)('the role %s', (role) => {
  it.each([
    ['query', queries],
    ['mutation', mutations],
  ])('may call every %s field that the decision allows, and no other', async (_kind, fields) => {
    const caller = users.get(role)!
    const wrong: unknown[] = []
    for (const field of fields) {
      const missing = [...rightsOf(field), ...(ARGUED[field.name] ?? [])]
        .filter((right) => {
          const [object, action] = right.split('.') as [string, Action]
          return !may(viewerOf(role), action, object)
        })
        .map((permission) => ({ path: field.name, permission }))
      // Signing out ends the session of the calls behind it; tests/identity has it.
      if (field.name === 'signOut') continue
      const answer = await caller.ask(call(field))
      const [error] = answer.errors ?? []
      const refused = error?.extensions.code === 'FORBIDDEN'
      const right =
        missing.length > 0
          ? refused &&
            answer.status === 403 &&
            !answer.data &&
            JSON.stringify(error.extensions.missing) === JSON.stringify(missing)
          : !refused && (field.name === 'refreshToken' || answer.status === 200) && !codes(answer).includes('INTERNAL')
      if (!right) wrong.push({ field: field.name, missing, answer: answer.body })
    }
    expect(wrong).toEqual([])
  })
})

describe('what the seeded roles are', () => {
  const can = (role: string, action: Action, object: string) => may(viewerOf(role), action, object)
  const writes: Action[] = ['create', 'update', 'delete', 'restore', 'destroy']

  it.each(recordTypes().map(({ name }) => name))(
    'for %s: readers write nothing, and nobody below writes what those above may not',
    (name) => {
      // Who lacks a right may ask for it.
      const asks = (action: Action) => name === 'PermissionRequest' && action === 'create'
      for (const action of writes)
        expect({ action, allowed: can('readonly', action, name) }).toEqual({ action, allowed: asks(action) })
      for (const action of [...writes, 'read' as const]) {
        expect({ action, allowed: can('admin', action, name) }).toEqual({ action, allowed: true })
        for (const [below, above] of [
          ['readonly', 'rep'],
          ['rep', 'manager'],
          ['manager', 'admin'],
        ] as const) {
          expect(can(below, action, name) && !can(above, action, name)).toBe(false)
        }
      }
      expect(can('rep', 'destroy', name)).toBe(false)
    },
  )

  it('keeps keys to administrators and settings out of the hands of others', () => {
    for (const role of roles.filter((one) => one !== 'admin')) {
      expect(can(role, 'read', 'ApiKey')).toBe(false)
      // Whoever may write a record may show it to others.
      for (const { name } of recordTypes().filter(({ settings, name: one }) => settings && one !== 'RecordShare'))
        for (const action of writes) expect([name, can(role, action, name)]).toEqual([name, false])
    }
  })
})

it('answers callers without a credential 401 everywhere but at the public fields', async () => {
  const wrong: unknown[] = []
  for (const field of [...queries, ...mutations]) {
    const answer = await nobody.ask(call(field))
    const open = field.extensions.permission === 'public'
    // A refresh token that is none is refused too.
    const right =
      open && field.name !== 'refreshToken'
        ? answer.status === 200
        : answer.status === 401 && codes(answer).join() === 'UNAUTHENTICATED' && !answer.data
    if (!right || (answer.status === 401 && answer.headers['www-authenticate'] !== 'Bearer'))
      wrong.push({ field: field.name, answer })
  }
  expect(wrong).toEqual([])
  expect((await nobody.ask('{ __typename }')).data).toEqual({ __typename: 'Query' })
})

describe('a right that is missing', () => {
  const missing = async (role: string, query: string) => {
    const answer = await users.get(role)!.ask<Any>(query)
    expect({ status: answer.status, data: answer.data, codes: codes(answer) }).toEqual({
      status: 403,
      data: undefined,
      codes: ['FORBIDDEN'],
    })
    return answer.errors![0]!.extensions.missing
  }

  it('is named with all others at once, those of nested types too', async () => {
    const query = `mutation { a: destroyAccount(id: "x") { id } createTag(input: { name: "t" }) { tag { links { nodes { tag { id } } } } } updateUser(id: "x", input: {}) { user { role { apiKeys { nodes { user { id } } } } } } }`
    expect(await missing('rep', query)).toEqual([
      { path: 'a', permission: 'Account.destroy' },
      { path: 'updateUser', permission: 'User.update' },
      { path: 'updateUser.user.role.apiKeys.nodes', permission: 'ApiKey.read' },
    ])
    expect(await users.get('admin')!.ask(query.replace('a: destroyAccount', 'a: destroyAccount'))).not.toHaveProperty(
      'errors.0.extensions.missing',
    )
    const { tags } = await house.acme.run('{ tags(where: { name: { eq: "t" } }) { totalCount { value } } }')
    expect(tags.totalCount.value).toBe(1)
  })

  it.each([
    ['an alias', '{ other: apiKeys { nodes { id } } }'],
    ['a fragment', 'query { ...F } fragment F on Query { apiKeys { nodes { id } } }'],
    ['an inline fragment', '{ ... on Query { apiKeys { nodes { id } } } }'],
    ['edges', '{ roles { edges { node { apiKeys { edges { node { id } } } } } } }'],
    ['a fragment on the type', '{ roles { nodes { apiKeys { nodes { ...K } } } } } fragment K on ApiKey { name }'],
    ['an interface', '{ node(id: "akey_01h455vb4pex5vsknk084sn02q") { ... on ApiKey { name } } }'],
    ['an interface and a fragment', 'query { nodes(ids: []) { ...K } } fragment K on ApiKey { name }'],
    ['what hangs on the viewer', '{ viewer { user { role { apiKeys { nodes { name } } } } } }'],
    ['a directive', 'query($no: Boolean = false) { apiKeys @include(if: $no) { nodes { id } } }'],
    ['an aggregate', '{ apiKeyAggregate { count } }'],
    [
      'a payload',
      'mutation { updateAccount(id: "x", input: {}) { account { owner { role { apiKeys { totalCount { value } nodes { id } } } } } } }',
    ],
  ])('is missing by way of %s too', async (_name, query) => {
    for (const role of ['readonly', 'rep', 'manager']) {
      const rights = (await missing(role, query)) as { permission: string }[]
      expect(rights.map(({ permission }) => permission)).toContain('ApiKey.read')
    }
    expect(codes(await users.get('admin')!.ask(query))).not.toContain('FORBIDDEN')
  })

  it('leaves the viewer’s own key null for those who may not read keys', async () => {
    const tenantId = tenantOf(house.acme)
    const { roles } = await house.acme.run('{ roles { nodes { id key } } }')
    for (const { id, key: role } of roles.nodes) {
      const { key, prefix, last4, hash } = newApiKey('live')
      await house.app.tenancy.writeTenant({ tenantId }, (db) =>
        db.rows({
          text: `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id) VALUES ($1, $2, 'Key', $3, $4, $5, $6)`,
          values: [tenantId, newId(), prefix, last4, hash, decodeId(id)!.uuid],
        }),
      )
      const query = 'query { viewer { apiKey { name ...K } roles } } fragment K on ApiKey { last4 }'
      const { viewer } = await callers(house.app, key).run(query)
      expect(viewer).toEqual({ roles: [role], apiKey: role === 'admin' ? { name: 'Key', last4 } : null })
    }
  })

  it('lets nobody find, count or compare hidden records through a filter', async () => {
    const filters = [
      'roles(where: { apiKeys: { some: { name: { startsWith: "First" } } } })',
      'roles(where: { apiKeys: { none: { name: { startsWith: "First" } } } })',
      'roles(where: { not: { apiKeys: { every: { last4: { gt: "a" } } } } })',
      'users(where: { role: { is: { or: [{ apiKeys: { some: {} } }] } } })',
      'accounts(where: { owner: { is: { role: { is: { apiKeys: { some: {} } } } } } })',
    ]
    for (const filter of filters) {
      expect({ filter, missing: await missing('rep', `{ ${filter} { totalCount { value } } }`) }).toEqual({
        filter,
        missing: [{ path: expect.stringContaining('apiKeys'), permission: 'ApiKey.read' }],
      })
      expect((await users.get('admin')!.ask(`{ ${filter} { totalCount { value } } }`)).errors).toBeUndefined()
    }
    const variable = await users
      .get('rep')!
      .ask('query($where: RoleFilter) { roleAggregate(where: $where) { count } }', {
        where: { apiKeys: { some: {} } },
      })
    expect(codes(variable)).toEqual(['FORBIDDEN'])
    const nested = await users
      .get('rep')!
      .ask('{ roles { nodes { users(where: { role: { is: { apiKeys: { some: {} } } } }) { nodes { id } } } } }')
    expect(codes(nested)).toEqual(['FORBIDDEN'])
  })

  it('makes a record that the caller may not see answer like one that does not exist', async () => {
    const { apiKeys } = await house.acme.run('{ apiKeys(first: 1) { nodes { id } } }')
    const hidden = apiKeys.nodes[0].id
    const unknown = `${hidden.slice(0, -4)}0000`
    const rep = users.get('rep')!
    const ask = async (query: string, id: string) => {
      const { body } = await rep.ask(query, { id }, { 'x-request-id': 'probe' })
      return body.replaceAll(id, '<id>')
    }
    const read = 'query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename } }'
    expect(await ask(read, hidden)).toBe(await ask(read, unknown))
    for (const type of recordTypes().filter((one) => one.any && creatable(one))) {
      const own = [...type.relations.values()].find(({ kind }) => kind === 'one') as { field: string; target: string }
      const { id } = await make(house.acme, own.target)
      const link = `mutation($id: ID!) { create${type.name}(input: { ${own.field}: "${id}", recordId: $id }) { ${camel(type.name)} { __typename } userErrors { code message field details } } }`
      expect(await ask(link, hidden)).toContain('NOT_FOUND')
      expect(await ask(link, hidden)).toBe(await ask(link, unknown))
      // What has no owner is shared with nobody, and keys are in no segment.
      if (type.name === 'RecordShare' || type.name === 'SegmentMember') continue
      const made = await house.acme.run(link, { id: hidden })
      expect(made[`create${type.name}`].userErrors).toEqual([])
      const seen = await rep.run(
        `{ ${type.plural}(where: { recordId: { eq: "${hidden}" } }) { nodes { ${type.any!.name} { id } } } }`,
      )
      for (const node of seen[type.plural].nodes) expect(node[type.any!.name]).toBeNull()
    }
  })
})

it('leaves no trace of what was refused', async () => {
  const owner = await watch(house.database.ownerUrl)
  try {
    const before = await owner.checksum(house.acme)
    for (const field of mutations) if (rightsOf(field).length > 0) await users.get('readonly')!.ask(call(field))
    expect(await owner.checksum(house.acme)).toEqual(before)
  } finally {
    await owner.close()
  }
})
