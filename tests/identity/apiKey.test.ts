import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { newApiKey } from '../../src/access/apiKey.ts'
import { ACTIONS } from '../../src/access/roles.ts'
import { type App, createApp } from '../../src/app.ts'
import { newId } from '../../src/ids.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { until } from '../cache/model.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
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
          if (action !== 'read' && !type.operations.has(action)) {
            expect(actions).not.toContain(action)
            continue
          }
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
