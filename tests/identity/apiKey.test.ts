import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { addressRange, holdsRange, inRanges } from '../../src/access/addressRange.ts'
import { newApiKey } from '../../src/access/apiKey.ts'
import { coversScopes, isScope, listedField, narrowScopes } from '../../src/access/keyScope.ts'
import { noteUse } from '../../src/access/keyUse.ts'
import { ACTIONS } from '../../src/access/roles.ts'
import { type App, createApp } from '../../src/app.ts'
import { encodeId, newId } from '../../src/ids.ts'
import { type Operation, recordTypes } from '../../src/read/recordType.ts'
import { until } from '../cache/model.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'
import { type Watch, watchStatements } from '../support/statements.ts'

const SOON = 5000
const WHO =
  '{ viewer { roles user { id email } apiKey { id prefix last4 role { key } } tenant { id slug name timezone baseCurrency defaultCountry locale } permissions { object actions } } }'

let test: TestApp
let second: App
let owner: Owner
let watch: Watch | null = null

beforeAll(async () => {
  test = await testApp()
  second = await createApp(test.config)
  owner = await openOwner(test, test.acme)
})

afterEach(() => {
  watch?.stop()
  watch = null
})

afterAll(async () => {
  await owner.close()
  await second.close()
  await test.close()
})

/** Enters a key of acme. */
async function key(
  role: string,
  more: { userId?: string; expiresAt?: string; revokedAt?: string; allowedIps?: string[] } = {},
): Promise<{ id: string; key: string }> {
  const made = newApiKey('live')
  const id = newId()
  await owner.rows(
    `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id, user_id, expires_at, revoked_at, allowed_ips)
     SELECT $1, $2, 'AcmeMark key', $3, $4, $5, r.id, $7::uuid, $8::timestamptz, $9::timestamptz, coalesce($10::text[], '{}') FROM role r WHERE r.tenant_id = $1 AND r.key = $6`,
    owner.tenantId,
    id,
    made.prefix,
    made.last4,
    made.hash,
    role,
    more.userId ?? null,
    more.expiresAt ?? null,
    more.revokedAt ?? null,
    more.allowedIps ?? null,
  )
  return { id, key: made.key }
}

/** Status and code of a request with a credential. */
async function knock(
  token: string,
  {
    app = test.app,
    from = '127.0.0.1',
    headers = {},
  }: { app?: App; from?: string; headers?: Record<string, string> } = {},
): Promise<[number, string | null]> {
  const response = await app.server.inject({
    method: 'POST',
    url: '/graphql',
    remoteAddress: from,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    payload: JSON.stringify({ query: '{ viewer { roles } }' }),
  })
  return [response.statusCode, JSON.parse(response.body).errors?.[0]?.extensions.code ?? null]
}

const WORKS = [200, null]
const REFUSED = [401, 'UNAUTHENTICATED']

describe('an API key', () => {
  it('calls as its company and its role', async () => {
    const { key: token } = await key('readonly')
    const calls = callers(test.app, token)
    const { viewer } = await calls.run(WHO)
    expect(viewer).toMatchObject({ roles: ['readonly'], user: null, tenant: { slug: 'acme', id: test.acme.id } })
    const refused = await calls.ask('mutation { createAccount(input: { name: "AcmeMark" }) { userErrors { code } } }')
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
      missing: [{ path: 'createAccount', permission: 'Account.create' }],
    })
  })

  it('with any one character changed is refused and never reaches the database', async () => {
    const { key: token } = await key('admin')
    expect(await knock(token)).toEqual(WORKS)
    watch = watchStatements()
    for (let place = 0; place < token.length; place++) {
      for (const other of ['0', 'Z', 'q', '_']) {
        if (token[place] === other) continue
        expect(await knock(token.slice(0, place) + other + token.slice(place + 1))).toEqual(REFUSED)
      }
    }
    for (const other of [
      token.slice(0, -1),
      `${token}0`,
      token.replace('live', 'test'),
      'atr_',
      'atr_live_',
      token.toUpperCase(),
    ])
      expect(await knock(other)).toEqual(REFUSED)
    expect(watch.all).toEqual([])
    // Well-formed but unknown: one look, and no bracket of any company.
    expect(await knock(newApiKey('live').key)).toEqual(REFUSED)
    expect(watch.all.filter((text) => !/^(BEGIN|COMMIT|SELECT set_config\()/.test(text))).toEqual([
      'SELECT atrium.tenant_of_key($1) AS tenant',
    ])
  })

  it('is refused when it is revoked or expired, also within 5 s of that in every process', async () => {
    expect(await knock((await key('admin', { revokedAt: '2020-01-01' })).key)).toEqual(REFUSED)
    expect(await knock((await key('admin', { expiresAt: '2020-01-01' })).key)).toEqual(REFUSED)
    expect(await knock((await key('admin', { expiresAt: '2099-01-01' })).key)).toEqual(WORKS)
    for (const change of ['revoked_at = now()', 'expires_at = now()', 'deleted_at = now()']) {
      const { id, key: token } = await key('admin')
      for (const app of [test.app, second]) expect(await knock(token, { app })).toEqual(WORKS)
      await owner.rows(`UPDATE api_key SET ${change} WHERE tenant_id = $1 AND id = $2`, owner.tenantId, id)
      for (const app of [test.app, second])
        await until(async () => (await knock(token, { app }))[0] === 401, { limit: SOON })
    }
  })

  it('works only from the addresses that it names, whatever a header says', async () => {
    const { key: token } = await key('admin', { allowedIps: ['10.1.0.0/16', '192.0.2.7', '2001:db8::/32'] })
    for (const from of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8:1::9'])
      expect([from, await knock(token, { from })]).toEqual([from, WORKS])
    for (const from of ['10.2.0.1', '192.0.2.8', '2001:db9::1', '127.0.0.1', '::1'])
      expect([from, await knock(token, { from })]).toEqual([from, REFUSED])
    for (const header of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'cf-connecting-ip']) {
      expect(
        await knock(token, { headers: { [header]: header === 'forwarded' ? 'for=10.1.2.3' : '10.1.2.3' } }),
      ).toEqual(REFUSED)
    }
    const proxied = await createApp({ ...test.config, trustProxy: ['127.0.0.1'] })
    try {
      expect(await knock(token, { app: proxied, headers: { 'x-forwarded-for': '10.1.2.3' } })).toEqual(WORKS)
      expect(await knock(token, { app: proxied, headers: { 'x-forwarded-for': '10.1.2.3, 10.2.0.1' } })).toEqual(
        REFUSED,
      )
    } finally {
      await proxied.close()
    }
  })

  it('of a user goes with the user: suspended or deleted, it is refused within 5 s', async () => {
    for (const write of ['updateUser(id: $id, input: { status: SUSPENDED })', 'deleteUser(id: $id)']) {
      const rep = await person(test, test.acme, 'rep')
      const { key: token } = await key('rep', { userId: uuidIn(rep.id) })
      expect((await callers(test.app, token).run(WHO)).viewer.user.id).toBe(rep.id)
      await test.acme.run(`mutation($id: ID!) { ${write} { userErrors { code } } }`, { id: rep.id })
      await until(async () => (await knock(token))[0] === 401, { limit: SOON })
    }
  })

  it('is shown by its first and last characters alone, and only to administrators', async () => {
    const { id, key: token } = await key('admin')
    const { body, data } = await test.acme.ask(
      '{ apiKeys(first: 100) { nodes { id name prefix last4 scopes allowedIps expiresAt lastUsedAt revokedAt } } }',
    )
    const shown = data.apiKeys.nodes.find((one: Any) => uuidIn(one.id) === id)
    expect(shown).toMatchObject({ prefix: token.slice(0, 12), last4: token.slice(-4) })
    expect(body).not.toContain(token.slice(12, -4))
    const manager = await person(test, test.acme, 'manager')
    expect((await manager.ask('{ apiKeys { nodes { id } } }')).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

const SHOWN =
  'id version name kind prefix last4 scopes allowedFields allowedIps expiresAt revokedAt role { id key } user { id } replacedBy { id }'
const CREATE = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { ${SHOWN} } key userErrors { code message field details } } }`
const UPDATE = `mutation($id: ID!, $input: ApiKeyChangesInput!, $expectedVersion: Int) { updateApiKey(id: $id, input: $input, expectedVersion: $expectedVersion) { apiKey { ${SHOWN} } userErrors { code message field details } } }`
const ROTATE = `mutation($id: ID!, $overlapHours: Int) { rotateApiKey(id: $id, overlapHours: $overlapHours) { apiKey { ${SHOWN} } key userErrors { code message field details } } }`
const REVOKE = `mutation($id: ID!) { revokeApiKey(id: $id) { apiKey { ${SHOWN} } userErrors { code message field details } } }`
const ONE = `query($id: ID!) { apiKey(id: $id) { ${SHOWN} lastUsedAt } }`

const roleIds = new Map<string, string>()
async function roleId(role = 'admin'): Promise<string> {
  if (roleIds.size === 0) {
    const { roles } = await test.acme.run('{ roles { nodes { id key } } }')
    for (const { id, key } of roles.nodes) roleIds.set(key, id)
  }
  return roleIds.get(role) as string
}

type Caller = Pick<Company, 'run' | 'ask'>

/** Makes a key through the API. */
async function made(
  input: Record<string, unknown> = {},
  by: Caller = test.acme,
): Promise<{ id: string; key: string; apiKey: Any }> {
  const { createApiKey } = await by.run(CREATE, { input: { name: 'AcmeMark key', roleId: await roleId(), ...input } })
  expect(createApiKey.userErrors).toEqual([])
  return { id: createApiKey.apiKey.id, key: createApiKey.key, apiKey: createApiKey.apiKey }
}

/** `code field` of each user error of the only field of an answer. */
const refusals = (data: Any): string[] =>
  (Object.values(data)[0] as Any).userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
const codeOf = async (by: Caller, query: string, variables?: Record<string, unknown>) =>
  (await by.ask(query, variables)).errors?.[0]?.extensions.code ?? null
/** A role of acme with these rights and no others. */
async function limitedRole(rights: Record<string, string[]>): Promise<string> {
  const id = newId()
  await owner.rows(
    'INSERT INTO role (tenant_id, id, key, name) VALUES ($1, $2, $3, $3)',
    owner.tenantId,
    id,
    `role-${id}`,
  )
  for (const [object, actions] of Object.entries(rights)) {
    const columns = actions.map((action) => `can_${action}`)
    await owner.rows(
      `INSERT INTO object_permission (tenant_id, role_id, object, ${columns.join(', ')}) VALUES ($1, $2, $3, ${columns.map(() => 'true').join(', ')})`,
      owner.tenantId,
      id,
      object,
    )
  }
  return encodeId('role', id)
}

describe('createApiKey', () => {
  it('shows the key once, and keeps what it may do', async () => {
    const rep = await person(test, test.acme, 'rep')
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString()
    const {
      id,
      key: token,
      apiKey,
    } = await made({
      roleId: await roleId('readonly'),
      userId: rep.id,
      scopes: ['Account.read', '*.read', 'Account.read'],
      allowedFields: ['Account.name', 'Account.owner'],
      allowedIps: ['127.0.0.1', '2001:db8::/32'],
      expiresAt,
    })
    expect(apiKey).toEqual({
      id,
      version: 1,
      name: 'AcmeMark key',
      kind: 'API_KEY',
      prefix: token.slice(0, 12),
      last4: token.slice(-4),
      scopes: ['Account.read', '*.read'],
      allowedFields: ['Account.name', 'Account.ownerId'],
      allowedIps: ['127.0.0.1', '2001:db8::/32'],
      expiresAt,
      revokedAt: null,
      role: { id: await roleId('readonly'), key: 'readonly' },
      user: { id: rep.id },
      replacedBy: null,
    })
    const answer = await test.acme.ask(ONE, { id })
    expect(answer.data.apiKey).toMatchObject(apiKey)
    expect(answer.body).not.toContain(token)
    const rows = await owner.rows<{ text: string }>(
      'SELECT to_json(k)::text AS text FROM api_key k UNION ALL SELECT to_json(c)::text FROM change c',
    )
    for (const { text } of rows) {
      expect(text).not.toContain(token)
      // A change row holds no hash either.
      if (text.includes('changed_fields')) expect(text).not.toContain('key_hash')
    }
    const [change] = await owner.rows<{ actor: string; after: Any }>(
      `SELECT actor, after FROM change WHERE tenant_id = $1 AND record_id = $2`,
      owner.tenantId,
      uuidIn(id),
    )
    expect(change).toMatchObject({ actor: expect.stringMatching(/^apiKey:/), after: { name: 'AcmeMark key' } })
  })

  it('makes a key that does what its scopes and fields say and no more', async () => {
    await test.acme.run(
      'mutation { createAccount(input: { name: "AcmeMark shown", phone: "+12025550100" }) { userErrors { code } } }',
    )
    const { key: token } = await made({ scopes: ['Account.read', 'Contact.*'], allowedFields: ['Account.name'] })
    const calls = callers(test.app, token)
    const { accounts } = await calls.run('{ accounts(search: "AcmeMark shown") { nodes { id version name } } }')
    expect(accounts.nodes[0].name).toBe('AcmeMark shown')
    expect(await codeOf(calls, '{ accounts { nodes { phone } } }')).toBe('FIELD_FORBIDDEN')
    for (const query of [
      'mutation { createAccount(input: { name: "AcmeMark" }) { userErrors { code } } }',
      '{ contacts { nodes { id } } }',
      '{ leads { nodes { id } } }',
    ])
      expect([query, await codeOf(calls, query)]).toEqual([query, 'FORBIDDEN'])
  })

  it('gives the key again to nobody, not under its idempotency key either', async () => {
    const input = { name: 'AcmeMark retried', roleId: await roleId() }
    const headers = { 'idempotency-key': 'a key of its own' }
    const first = await test.acme.ask(CREATE, { input }, headers)
    const again = await test.acme.ask(CREATE, { input }, headers)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(first.data.createApiKey.key).toMatch(/^atr_live_/)
    expect(again.data.createApiKey).toEqual({ ...first.data.createApiKey, key: null })
    const kept = await owner.rows<{ text: string }>('SELECT to_json(i)::text AS text FROM idempotency_record i')
    expect(kept.length).toBeGreaterThan(0)
    for (const { text } of kept) expect(text).not.toContain(first.data.createApiKey.key)
  })

  it('tells everything that is wrong at once, each at its place', async () => {
    const data = await test.acme.run(CREATE, {
      input: {
        name: ' ',
        roleId: test.globex.adminUserId,
        userId: test.globex.adminUserId,
        scopes: ['Account.read', 'Account', 'Nothing.read', 'Account.fly', '*.*', 'Account.read.all'],
        allowedFields: ['Account.name', 'Account.secret', 'Nothing.name', 'User.passwordHash', 'Account.__proto__'],
        allowedIps: [
          '10.0.0.0/33',
          '::/129',
          '0.0.0.0/0',
          'localhost',
          '10.0.0.1/',
          '::ffff:10.0.0.1',
          'fe80::1%eth0',
          '10.1.0.0/16',
        ],
        expiresAt: '2020-01-01T00:00:00Z',
      },
    })
    expect(refusals(data).sort()).toEqual(
      [
        'VALIDATION_FAILED input.name',
        ...[1, 2, 3, 4, 5].map((n) => `VALIDATION_FAILED input.scopes.${n}`),
        ...[1, 2, 3, 4].map((n) => `VALIDATION_FAILED input.allowedFields.${n}`),
        ...[0, 1, 2, 3, 4, 5, 6].map((n) => `VALIDATION_FAILED input.allowedIps.${n}`),
        'VALIDATION_FAILED input.expiresAt',
        'NOT_FOUND input.roleId',
        'NOT_FOUND input.userId',
      ].sort(),
    )
    expect((Object.values(data)[0] as Any).key).toBeNull()
  })

  it('refuses a user who does not work here, and one who is not the caller without User.update', async () => {
    const rep = await person(test, test.acme, 'rep')
    const maker = await person(test, test.acme, 'rep', {
      roleId: await limitedRole({ ApiKey: ['read', 'create'], Role: ['read'], User: ['read'], Account: ['read'] }),
    })
    const input = { name: 'AcmeMark', roleId: await limitedRole({ Account: ['read'] }) }
    const refused = await maker.ask(CREATE, { input: { ...input, userId: rep.id } })
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
      missing: [{ permission: 'User.update' }],
    })
    expect(refusals(await maker.run(CREATE, { input: { ...input, userId: maker.id } }))).toEqual([])
    await test.acme.run('mutation($id: ID!) { updateUser(id: $id, input: { status: LEFT }) { userErrors { code } } }', {
      id: rep.id,
    })
    expect(refusals(await test.acme.run(CREATE, { input: { ...input, userId: rep.id } }))).toEqual([
      'USER_INACTIVE input.userId',
    ])
  })
})

describe('a key that could do more than who asks for it', () => {
  const RIGHTS = { ApiKey: ['read', 'create', 'update'], Role: ['read'], User: ['read'], Account: ['read', 'update'] }

  it('is not made, changed or rotated, and can be revoked', async () => {
    const maker = await person(test, test.acme, 'rep', { roleId: await limitedRole(RIGHTS) })
    const more = await limitedRole({ Account: ['read', 'update', 'delete'] })
    for (const input of [{ roleId: await roleId() }, { roleId: more }, { roleId: more, scopes: ['Account.delete'] }])
      expect(refusals(await maker.run(CREATE, { input: { name: 'AcmeMark', ...input } }))).toEqual([
        'PRIVILEGE_ESCALATION input.roleId',
      ])
    const wide = await made()
    expect(refusals(await maker.run(UPDATE, { id: wide.id, input: { name: 'mine' } }))).toEqual([
      'PRIVILEGE_ESCALATION id',
    ])
    expect(refusals(await maker.run(UPDATE, { id: wide.id, input: { scopes: ['Account.read'] } }))).toEqual([
      'PRIVILEGE_ESCALATION id',
    ])
    const rotated = await maker.run(ROTATE, { id: wide.id })
    expect([refusals(rotated), rotated.rotateApiKey.key]).toEqual([['PRIVILEGE_ESCALATION id'], null])
    // What it may do counts, not what its role could: narrowed, it is no more than theirs; widened again, it is.
    const own = await made({ roleId: more, scopes: ['Account.read', 'Account.update'] }, maker)
    expect(refusals(await maker.run(UPDATE, { id: own.id, input: { scopes: null } }))).toEqual([
      'PRIVILEGE_ESCALATION input',
    ])
    expect(refusals(await maker.run(ROTATE, { id: own.id }))).toEqual([])
    expect(refusals(await maker.run(REVOKE, { id: wide.id }))).toEqual([])
    await until(async () => (await knock(wide.key))[0] === 401, { limit: SOON })
  })

  it('in addresses or in time is not made by a key', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const { id, key: token } = await made({ allowedIps: ['127.0.0.0/8'], expiresAt })
    const calls = callers(test.app, token)
    const input = { name: 'AcmeMark', roleId: await roleId() }
    expect(refusals(await calls.run(CREATE, { input }))).toEqual([
      'PRIVILEGE_ESCALATION input.allowedIps',
      'PRIVILEGE_ESCALATION input.expiresAt',
    ])
    const late = new Date(Date.now() + 7_200_000).toISOString()
    expect(
      refusals(await calls.run(CREATE, { input: { ...input, allowedIps: ['0.0.0.0/1'], expiresAt: late } })),
    ).toEqual(['PRIVILEGE_ESCALATION input.allowedIps', 'PRIVILEGE_ESCALATION input.expiresAt'])
    expect(refusals(await calls.run(CREATE, { input: { ...input, allowedIps: ['127.0.0.1'], expiresAt } }))).toEqual([])
    expect(refusals(await calls.run(UPDATE, { id, input: { allowedIps: [] } }))).toEqual([
      'PRIVILEGE_ESCALATION input.allowedIps',
    ])
    expect(refusals(await calls.run(ROTATE, { id }))).toEqual([])
  })

  it('in scopes is not made by a key, which may still take its own place', async () => {
    const scopes = ['ApiKey.*', 'Role.read', 'User.read', 'Account.read']
    const { id, key: token } = await made({ scopes })
    const calls = callers(test.app, token)
    expect(refusals(await calls.run(CREATE, { input: { name: 'AcmeMark', roleId: await roleId() } }))).toEqual([
      'PRIVILEGE_ESCALATION input.roleId',
    ])
    const next = await calls.run(ROTATE, { id })
    expect(refusals(next)).toEqual([])
    expect(next.rotateApiKey.apiKey.scopes).toEqual(scopes)
  })
})

describe('updateApiKey', () => {
  it('changes what is given, takes effect at once, and tells a stale version', async () => {
    const { id, key: token } = await made()
    const create = 'mutation { createAccount(input: { name: "AcmeMark" }) { userErrors { code } } }'
    const calls = callers(test.app, token)
    expect(await codeOf(calls, create)).toBeNull()
    const { updateApiKey } = await test.acme.run(UPDATE, {
      id,
      input: { scopes: ['*.read'], name: '  键  ' },
      expectedVersion: 1,
    })
    expect(updateApiKey.apiKey).toMatchObject({ version: 2, name: '键', scopes: ['*.read'] })
    expect(await codeOf(calls, create)).toBe('FORBIDDEN')
    const stale = await test.acme.run(UPDATE, { id, input: { name: 'x' }, expectedVersion: 1 })
    expect(stale.updateApiKey.userErrors).toEqual([
      expect.objectContaining({
        code: 'STALE_VERSION',
        field: ['expectedVersion'],
        details: { currentVersion: 2, changedFields: ['name', 'scopes'] },
      }),
    ])
    // As it is already: nothing is written.
    expect((await test.acme.run(UPDATE, { id, input: { scopes: ['*.read'] } })).updateApiKey.apiKey.version).toBe(2)
    expect(
      (await test.acme.run(UPDATE, { id, input: { scopes: null, name: null } })).updateApiKey.userErrors,
    ).toMatchObject([{ code: 'VALIDATION_FAILED', field: ['input', 'name'] }])
    expect((await test.acme.run(UPDATE, { id, input: { scopes: null } })).updateApiKey.apiKey.scopes).toEqual([])
    expect(await codeOf(calls, create)).toBeNull()
    await test.acme.run(UPDATE, { id, input: { allowedIps: ['192.0.2.1'] } })
    expect(await knock(token)).toEqual(REFUSED)
  })

  it('refuses a key that is revoked, foreign or none', async () => {
    const { id } = await made()
    await test.acme.run(REVOKE, { id })
    expect(refusals(await test.acme.run(UPDATE, { id, input: { name: 'x' } }))).toEqual(['INVALID_STATE id'])
    for (const query of [UPDATE, ROTATE, REVOKE])
      for (const other of ['akey_01h455vb4pex5vsknk084sn02q', 'x', test.acme.adminUserId])
        expect(refusals(await test.acme.run(query, { id: other, ...(query === UPDATE ? { input: {} } : {}) }))).toEqual(
          ['NOT_FOUND id'],
        )
    expect(refusals(await test.globex.run(ROTATE, { id }))).toEqual(['NOT_FOUND id'])
  })
})

describe('rotateApiKey', () => {
  it('makes a new key of the same kind, and lets the old one work for the overlap', async () => {
    const given = {
      roleId: await roleId('readonly'),
      kind: 'PARTNER_APP',
      scopes: ['*.read'],
      allowedFields: ['Account.name'],
      allowedIps: ['127.0.0.1'],
    }
    const old = await made(given)
    const { rotateApiKey } = await test.acme.run(ROTATE, { id: old.id, overlapHours: 48 })
    const fresh = rotateApiKey.apiKey
    expect(fresh).toEqual({
      ...old.apiKey,
      id: fresh.id,
      prefix: rotateApiKey.key.slice(0, 12),
      last4: rotateApiKey.key.slice(-4),
    })
    expect(rotateApiKey.key).not.toBe(old.key)
    const { apiKey } = await test.acme.run(ONE, { id: old.id })
    expect(apiKey).toMatchObject({ replacedBy: { id: fresh.id }, revokedAt: null })
    expect(Math.abs(Date.parse(apiKey.expiresAt) - Date.now() - 48 * 3_600_000)).toBeLessThan(60_000)
    expect(refusals(await test.acme.run(ROTATE, { id: old.id }))).toEqual(['INVALID_STATE id'])
  })

  it('gives both keys an end that was set, ends the old one at once without overlap, and happens once', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const old = await made({ expiresAt })
    const { rotateApiKey } = await test.acme.run(ROTATE, { id: old.id })
    expect(rotateApiKey.apiKey.expiresAt).toBe(expiresAt)
    expect((await test.acme.run(ONE, { id: old.id })).apiKey.expiresAt).toBe(expiresAt)
    const other = await made()
    expect(await knock(other.key)).toEqual(WORKS)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => test.acme.run(ROTATE, { id: other.id, overlapHours: 0 })),
    )
    expect(answers.filter(({ rotateApiKey: { key } }) => key)).toHaveLength(1)
    const winner = answers.find(({ rotateApiKey: { key } }) => key)
    expect(await knock(winner.rotateApiKey.key)).toEqual(WORKS)
    await until(async () => (await knock(other.key))[0] === 401, { limit: SOON })
    expect(refusals(await test.acme.run(ROTATE, { id: other.id }))).toEqual(['INVALID_STATE id'])
    for (const overlapHours of [-1, 169])
      expect(refusals(await test.acme.run(ROTATE, { id: winner.rotateApiKey.apiKey.id, overlapHours }))).toEqual([
        'VALIDATION_FAILED overlapHours',
      ])
  })
})

describe('revokeApiKey', () => {
  it('ends a key within 5 s in every process, for good, and says so again', async () => {
    const { id, key: token } = await made()
    for (const app of [test.app, second]) expect(await knock(token, { app })).toEqual(WORKS)
    const first = await test.acme.run(REVOKE, { id })
    expect(first.revokeApiKey.apiKey.revokedAt).not.toBeNull()
    expect(await knock(token)).toEqual(REFUSED)
    await until(async () => (await knock(token, { app: second }))[0] === 401, { limit: SOON })
    expect((await test.acme.run(REVOKE, { id })).revokeApiKey).toEqual(first.revokeApiKey)
  })
})

describe('the last use of a key', () => {
  const lastUse = async (id: string) => (await test.acme.run(ONE, { id })).apiKey.lastUsedAt

  it('is shown soon after a request, once a minute, and is no change of the key', async () => {
    const { id, key: token } = await made()
    expect(await lastUse(id)).toBeNull()
    const before = Date.now()
    for (let n = 0; n < 5; n++) await knock(token)
    await until(async () => (await lastUse(id)) !== null, { limit: SOON })
    const at = await lastUse(id)
    expect(Date.parse(at)).toBeGreaterThanOrEqual(before - 1)
    // What another key leaves after it is written after it, if anything is.
    const later = await made()
    await knock(token)
    await knock(later.key)
    await until(async () => (await lastUse(later.id)) !== null, { limit: SOON })
    expect(await lastUse(id)).toBe(at)
    expect((await test.acme.run(ONE, { id })).apiKey.version).toBe(1)
    const [row] = await owner.rows(
      'SELECT last_ip FROM api_key_use WHERE tenant_id = $1 AND api_key_id = $2',
      owner.tenantId,
      uuidIn(id),
    )
    expect(row).toEqual({ last_ip: '127.0.0.1' })
  })

  it('is one statement for all keys of a list, and never in the way', async () => {
    await made()
    watch = watchStatements()
    const { apiKeys } = await test.acme.run('{ apiKeys(first: 50) { nodes { lastUsedAt } } }')
    expect(apiKeys.nodes.length).toBeGreaterThan(3)
    expect(watch.all.filter((text) => text.includes('FROM api_key_use'))).toHaveLength(1)
    // A key of nobody, and a company that is not there.
    noteUse(test.app.tenancy, owner.tenantId, newId(), 'x')
    noteUse(test.app.tenancy, newId(), newId(), null)
  })
})

describe('a key in the address', () => {
  it('is refused before anything else, and stands in no log', async () => {
    const { key: token } = await made()
    const lines: string[] = []
    const write = process.stdout.write.bind(process.stdout)
    const app = await createApp({ ...test.config, logLevel: 'trace' })
    process.stdout.write = ((text: string) => lines.push(String(text)) > 0) as typeof process.stdout.write
    try {
      for (const name of ['api_key', 'access_token', 'API_KEY', 'token', 'apikey', 'authorization']) {
        for (const url of ['/graphql', '/oauth/token', '/livez']) {
          const answer = await app.server.inject({
            url: `${url}?${name}=${token}`,
            headers: { authorization: `Bearer ${token}` },
          })
          expect([url, answer.statusCode, answer.json().errors[0].extensions.code]).toEqual([url, 400, 'BAD_REQUEST'])
          expect(answer.body).not.toContain(token)
        }
      }
    } finally {
      await app.close()
      process.stdout.write = write
    }
    expect(lines.join('').split('\n').length).toBeGreaterThan(10)
    expect(lines.join('')).not.toContain(token.slice(12))
  })
})

describe('ranges and scopes', () => {
  it('hold the addresses they name and none besides', () => {
    for (const text of ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1', '128.0.0.0/1'])
      expect([text, addressRange(text)]).toEqual([text, expect.anything()])
    for (const text of [
      '',
      '10.0.0.0/0',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '10.0.0/8',
      '010.0.0.1',
      '::/0',
      '::1/129',
      'fe80::1%lo',
      '::ffff:10.0.0.1',
      '10.0.0.1 ',
      'x'.repeat(9999),
    ])
      expect([text, addressRange(text)]).toEqual([text, null])
    expect(inRanges('::ffff:10.1.2.3', ['nonsense', '10.0.0.0/33', '10.1.0.0/16'])).toBe(true)
    expect(inRanges('10.1.2.3', [])).toBe(false)
    expect(inRanges('nonsense', ['10.1.0.0/16'])).toBe(false)
    expect(holdsRange('10.0.0.0/8', '10.9.0.0/16')).toBe(true)
    expect(holdsRange('10.9.0.0/16', '10.0.0.0/8')).toBe(false)
    expect(holdsRange('10.0.0.0/8', '::1')).toBe(false)
  })

  it('mean what they say of objects, actions and fields that exist', () => {
    for (const text of ['Account.read', 'Account.*', '*.read', 'Tenant.update'])
      expect([text, isScope(text)]).toEqual([text, true])
    for (const text of ['*.*', '*', '', '.', 'account.read', 'Account.Read', 'constructor.read', 'Account.constructor'])
      expect([text, isScope(text)]).toEqual([text, false])
    expect([
      listedField('Account.name'),
      listedField('Account.owner'),
      listedField('Account.contacts'),
      listedField('Account.toString'),
    ]).toEqual(['Account.name', 'Account.ownerId', null, null])
    expect(coversScopes([], ['Account.read'])).toBe(true)
    expect(coversScopes(['Account.read'], [])).toBe(false)
    expect(coversScopes(['*.read', 'Account.*'], ['Account.delete', 'Lead.read', '*.read'])).toBe(true)
    expect(coversScopes(['*.read'], ['Account.*'])).toBe(false)
    expect(
      coversScopes(
        recordTypes().map(({ name }) => `${name}.read`),
        ['*.read'],
      ),
    ).toBe(false)
    expect(narrowScopes(['*.read', 'Lead.*'], ['Account.*', 'Lead.create'])).toEqual(['Account.read', 'Lead.create'])
    expect(narrowScopes([], ['Account.read'])).toEqual(['Account.read'])
    expect(narrowScopes(['Account.read'], [])).toEqual(['Account.read'])
    expect(narrowScopes(['Account.read'], ['Lead.read'])).toBeNull()
  })
})

describe('viewer', () => {
  it('says who an API key and its user are', async () => {
    const { viewer } = await test.acme.run(WHO)
    expect(viewer.user).toEqual({ id: test.acme.adminUserId, email: test.acme.adminEmail })
    expect(viewer.apiKey).toEqual({
      id: expect.stringMatching(/^akey_/),
      prefix: test.acme.apiKey.slice(0, 12),
      last4: test.acme.apiKey.slice(-4),
      role: { key: 'admin' },
    })
    expect(viewer.tenant).toEqual({
      id: test.acme.id,
      slug: 'acme',
      name: 'AcmeMark company',
      timezone: 'Asia/Shanghai',
      baseCurrency: 'USD',
      defaultCountry: 'US',
      locale: 'en',
    })
  })

  it('says who a signed-in user is, and of no key', async () => {
    for (const role of ['admin', 'manager', 'rep', 'readonly']) {
      const one = await person(test, test.globex, role)
      const { viewer } = await one.run(WHO)
      expect(viewer).toMatchObject({
        roles: [role],
        user: { id: one.id, email: one.email },
        apiKey: null,
        tenant: { slug: 'globex', name: 'GlobexMark company' },
      })
    }
  })

  it('says of every type what the caller may do, and that is what is done', async () => {
    for (const role of ['admin', 'manager', 'rep', 'readonly']) {
      const one = await person(test, test.acme, role)
      const { viewer } = await one.run(WHO)
      expect(viewer.permissions.map(({ object }: Any) => object)).toEqual(recordTypes().map(({ name }) => name))
      for (const { object, actions } of viewer.permissions) {
        const type = recordTypes().find(({ name }) => name === object)!
        for (const action of ACTIONS) {
          // Other verbs have tests of their own.
          if (action !== 'read' && !type.operations.has(action as Operation)) continue
          const query =
            action === 'read'
              ? `{ ${type.plural}(first: 0) { nodes { id } } }`
              : action === 'create'
                ? `mutation { create${object}(input: {}) { userErrors { code } } }`
                : `mutation { ${action}${object}(id: "none"${action === 'update' ? ', input: {}' : ''}) { userErrors { code } } }`
          const { errors } = await one.ask(query)
          expect([role, object, action, errors?.[0]?.extensions.code ?? null]).toEqual([
            role,
            object,
            action,
            actions.includes(action) ? null : 'FORBIDDEN',
          ])
        }
      }
    }
  })
})
