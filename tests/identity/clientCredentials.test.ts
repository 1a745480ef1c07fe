import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import { newApiKey } from '../../src/access/apiKey.ts'
import { createClientTokens } from '../../src/access/clientToken.ts'
import { deriveKey } from '../../src/access/keys.ts'
import { createTokens } from '../../src/access/token.ts'
import { type App, createApp } from '../../src/app.ts'
import { newId } from '../../src/ids.ts'
import { until } from '../cache/model.ts'
import { type Any, callers, SECRET, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Watch, watchStatements } from '../support/statements.ts'

const SOON = 5000
const FORM = 'application/x-www-form-urlencoded'

let test: TestApp
let second: App
let owner: Owner
let roleId: string
let watch: Watch | null = null

beforeAll(async () => {
  test = await testApp({ publicUrl: 'https://crm.example' })
  second = await createApp(test.config)
  owner = await openOwner(test, test.acme)
  const { roles } = await test.acme.run('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
  roleId = roles.nodes[0].id
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

let addresses = 0
/** An address of its own: failures from one do not stop the other tests. */
const address = () => `198.51.100.${++addresses}`

async function app(input: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
  const { createApiKey } = await test.acme.run(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } key userErrors { code field } } }',
    { input: { name: 'AcmeMark app', roleId, kind: 'PARTNER_APP', ...input } },
  )
  expect(createApiKey.userErrors).toEqual([])
  return { id: createApiKey.apiKey.id, secret: createApiKey.key }
}

interface Reply {
  status: number
  headers: Record<string, unknown>
  body: Any
}

async function token(
  form: Record<string, string> | string,
  {
    headers = {},
    from = address(),
    url = '/oauth/token',
  }: { headers?: Record<string, string>; from?: string; url?: string } = {},
): Promise<Reply> {
  const answer = await test.app.server.inject({
    method: 'POST',
    url,
    remoteAddress: from,
    headers: { 'content-type': FORM, ...headers },
    payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  })
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
}

const grant = ({ id, secret }: { id: string; secret: string }, more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: id,
  client_secret: secret,
  ...more,
})
const basic = ({ id, secret }: { id: string; secret: string }) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})
const codeOf = async (bearer: string, query = '{ accounts(first: 0) { nodes { id } } }', running = test.app) =>
  (await callers(running, bearer).ask(query)).errors?.[0]?.extensions.code ?? null

describe('POST /oauth/token', () => {
  it('trades a partner app’s key for a token, by form or by Basic, as RFC 6749 5.1 says', async () => {
    const partner = await app()
    for (const answer of [
      await token(grant(partner)),
      await token({ grant_type: 'client_credentials' }, { headers: basic(partner) }),
      await token({ grant_type: 'client_credentials', client_id: partner.id }, { headers: basic(partner) }),
    ]) {
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600 })
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' })
      const { viewer } = await callers(test.app, answer.body.access_token).run(
        '{ viewer { user { id } roles apiKey { id kind } tenant { slug } } }',
      )
      expect(viewer).toEqual({
        user: null,
        roles: ['admin'],
        apiKey: { id: partner.id, kind: 'PARTNER_APP' },
        tenant: { slug: 'acme' },
      })
    }
  })

  it('narrows a token to a part of the key’s scopes and to nothing else', async () => {
    const partner = await app({ scopes: ['Account.*', '*.read'] })
    const CREATE = 'mutation { createAccount(input: { name: "AcmeMark" }) { userErrors { code } } }'
    const whole = await token(grant(partner))
    expect(whole.body.scope).toBe('Account.* *.read')
    expect(await codeOf(whole.body.access_token, CREATE)).toBeNull()
    const part = await token(grant(partner, { scope: 'Account.read  Contact.read Account.read' }))
    expect(part.body.scope).toBe('Account.read Contact.read')
    expect(await codeOf(part.body.access_token)).toBeNull()
    expect(await codeOf(part.body.access_token, CREATE)).toBe('FORBIDDEN')
    expect(await codeOf(part.body.access_token, '{ leads { nodes { id } } }')).toBe('FORBIDDEN')
    for (const scope of [
      'Contact.create',
      '*.create',
      'Contact.*',
      'Account.fly',
      'Nothing.read',
      '*.*',
      '*',
      'Account.read,Contact.read',
      'x'.repeat(3000),
    ])
      expect([scope, await token(grant(partner, { scope }))]).toMatchObject([
        scope,
        { status: 400, body: { error: 'invalid_scope' } },
      ])
    // What the key loses later, its tokens lose too.
    await test.acme.run(
      'mutation($id: ID!) { updateApiKey(id: $id, input: { scopes: ["Contact.read"] }) { userErrors { code } } }',
      { id: partner.id },
    )
    for (const { body } of [whole, part]) expect(await codeOf(body.access_token)).toBe('FORBIDDEN')
    expect(await codeOf(part.body.access_token, '{ contacts { nodes { id } } }')).toBeNull()
  })

  it('answers what is wrong as RFC 6749 5.2 says, and repeats nothing that was sent', async () => {
    const partner = await app()
    const plain = await app({ kind: 'API_KEY' })
    const good = grant(partner)
    const cases: [string, number, Promise<Reply>][] = [
      ['invalid_client', 401, token({ ...good, client_secret: newApiKey('live').key })],
      ['invalid_client', 401, token({ ...good, client_secret: 'S3cret' })],
      ['invalid_client', 401, token({ ...good, client_id: plain.id })],
      ['invalid_client', 401, token({ ...good, client_id: 'S3cret' })],
      ['invalid_client', 401, token({ ...good, client_id: '' })],
      ['invalid_client', 401, token({ grant_type: 'client_credentials' })],
      [
        'invalid_client',
        401,
        token({ grant_type: 'client_credentials' }, { headers: { authorization: `Bearer ${partner.secret}` } }),
      ],
      [
        'invalid_client',
        401,
        token({ grant_type: 'client_credentials' }, { headers: { authorization: 'Basic S3cret' } }),
      ],
      [
        'invalid_client',
        401,
        token(
          { grant_type: 'client_credentials' },
          { headers: { authorization: `Basic ${Buffer.from('%zz:%zz').toString('base64')}` } },
        ),
      ],
      [
        'invalid_client',
        401,
        token({ grant_type: 'client_credentials', client_id: plain.id }, { headers: basic(partner) }),
      ],
      ['unauthorized_client', 400, token(grant(plain))],
      ['unsupported_grant_type', 400, token({ ...good, grant_type: 'password' })],
      ['unsupported_grant_type', 400, token({ ...good, grant_type: 'S3cret' })],
      ['invalid_request', 400, token({ client_id: partner.id, client_secret: partner.secret })],
      ['invalid_request', 400, token(good, { headers: basic(partner) })],
      ['invalid_request', 400, token(`${new URLSearchParams(good)}&scope=a&scope=b`)],
      ['invalid_request', 400, token(JSON.stringify(good), { headers: { 'content-type': 'application/json' } })],
      ['invalid_request', 400, token(good, { headers: { 'content-type': 'text/plain' } })],
      ['invalid_request', 400, token({ ...good, scope: 'x'.repeat(20_000) })],
      [
        'invalid_request',
        400,
        token({ grant_type: 'client_credentials' }, { url: `/oauth/token?client_id=${partner.id}` }),
      ],
    ]
    for (const [place, [error, status, asked]] of cases.entries()) {
      const answer = await asked
      expect([place, answer.status, answer.body]).toEqual([
        place,
        status,
        { error, error_description: expect.any(String) },
      ])
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers['www-authenticate'] ?? null).toBe(
        status === 401 ? 'Basic realm="atrium", charset="UTF-8"' : null,
      )
      expect(JSON.stringify(answer.body)).not.toContain('S3cret')
    }
  })

  it('gives nothing for a key that is revoked, over, or used from elsewhere, nor for a suspended company', async () => {
    const near = await app({ allowedIps: ['203.0.113.0/24'] })
    expect((await token(grant(near), { from: '203.0.113.9' })).status).toBe(200)
    expect(await token(grant(near))).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    for (const change of ['revoked_at = now()', 'expires_at = now()', 'deleted_at = now()']) {
      const partner = await app()
      await owner.rows(
        `UPDATE api_key SET ${change} WHERE tenant_id = $1 AND id = $2`,
        owner.tenantId,
        uuidIn(partner.id),
      )
      expect(await token(grant(partner))).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    }
    const partner = await app()
    const status = (name: string) => owner.rows('UPDATE tenant SET status = $2 WHERE id = $1', owner.tenantId, name)
    await status('SUSPENDED')
    try {
      expect(await token(grant(partner))).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } })
    } finally {
      await status('ACTIVE')
    }
  })

  it('never asks the database about a secret whose checksum is wrong, and stops after ten wrong ones from an address', async () => {
    const partner = await app()
    const from = address()
    watch = watchStatements()
    const wrong = partner.secret.slice(0, -1) + (partner.secret.endsWith('0') ? '1' : '0')
    for (let n = 0; n < 30; n++) expect((await token(grant({ ...partner, secret: wrong }), { from })).status).toBe(401)
    expect(watch.all).toEqual([])
    watch.stop()
    const tries = await Promise.all(
      Array.from({ length: 30 }, () => token(grant({ ...partner, secret: newApiKey('live').key }), { from })),
    )
    expect(tries.filter(({ status }) => status === 401)).toHaveLength(10)
    const stopped = tries.filter(({ status }) => status === 429)
    expect(stopped).toHaveLength(20)
    expect(Number(stopped[0]?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await token(grant(partner), { from })).status).toBe(429)
    // Nobody is locked out from elsewhere.
    expect((await token(grant(partner))).status).toBe(200)
  })

  it('logs neither credentials nor tokens, and keeps none', async () => {
    const partner = await app()
    const { body } = await token(grant(partner))
    const rows = await owner.rows<{ text: string }>(
      'SELECT to_json(k)::text AS text FROM api_key k UNION ALL SELECT to_json(c)::text FROM change c UNION ALL SELECT to_json(i)::text FROM idempotency_record i',
    )
    for (const secret of [partner.secret, body.access_token])
      for (const { text } of rows) {
        expect(text).not.toContain(secret)
        expect(text).not.toContain(Buffer.from(secret).toString('hex'))
      }
  })
})

describe('a client’s token', () => {
  it('ends with its key within 5 s in every process, and the key itself calls nothing', async () => {
    const partner = await app()
    const { access_token } = (await token(grant(partner))).body
    for (const running of [test.app, second]) expect(await codeOf(access_token, undefined, running)).toBeNull()
    expect(await codeOf(partner.secret)).toBe('UNAUTHENTICATED')
    await test.acme.run('mutation($id: ID!) { revokeApiKey(id: $id) { userErrors { code } } }', { id: partner.id })
    for (const running of [test.app, second])
      await until(async () => (await codeOf(access_token, undefined, running)) === 'UNAUTHENTICATED', { limit: SOON })
  })

  it('works from the key’s addresses alone', async () => {
    const partner = await app({ allowedIps: ['203.0.113.0/24'] })
    const { access_token } = (await token(grant(partner), { from: '203.0.113.9' })).body
    const knock = async (from: string) =>
      (
        await test.app.server.inject({
          method: 'POST',
          url: '/graphql',
          remoteAddress: from,
          headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
          payload: JSON.stringify({ query: '{ viewer { roles } }' }),
        })
      ).statusCode
    expect([await knock('203.0.113.77'), await knock('198.51.100.1')]).toEqual([200, 401])
  })

  it('is read by its letters: every other spelling, key, time, audience and type is none', async () => {
    const tokens = createClientTokens({ secret: SECRET })
    const claims = { tenantId: newId(), keyId: newId(), scopes: ['Account.read'] }
    const { token: good, expiresIn } = await tokens.signClient(claims)
    expect(expiresIn).toBe(3600)
    expect(tokens.isClientToken(good)).toBe(true)
    expect(await tokens.verifyClient(good)).toEqual(claims)
    const [head = '', body = '', signature = ''] = good.split('.')
    const json = JSON.parse(Buffer.from(body, 'base64url').toString())
    const key = deriveKey(SECRET, 'atrium client token v1')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString())
    const sign = (more: Record<string, unknown>, with_ = key, head_ = header) =>
      new SignJWT(JSON.parse(JSON.stringify({ ...json, ...more }))).setProtectedHeader(head_).sign(with_)
    const user = await createTokens({ secret: SECRET }).signAccess({
      tenantId: newId(),
      userId: newId(),
      sessionId: newId(),
    })
    const bad = [
      '',
      'x'.repeat(5000),
      `${good}x`,
      `${head}.${body}.`,
      `${head}.${body}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'E' : 'A'}`,
      await sign({}, deriveKey(`${SECRET}!`, 'atrium client token v1')),
      await sign({}, deriveKey(SECRET, 'atrium access token v1')),
      await sign({}, key, { ...header, alg: 'HS512' }),
      await sign({}, key, { ...header, kid: 'other' }),
      await sign({ aud: 'other' }),
      await sign({ aud: ['atrium-api', 'other'] }),
      await sign({ iss: 'other' }),
      await sign({ exp: undefined }),
      await sign({ exp: json.iat + 3601 }),
      await sign({ exp: '9e9' }).catch(() => ''),
      await sign({ iat: json.iat + 600, exp: json.iat + 900 }),
      await sign({ iat: undefined }),
      await sign({ sub: 'x' }),
      await sign({ tid: undefined }),
      await sign({ scope: 7 }),
      await sign({ scope: '' }),
      user.token,
    ]
    for (const [place, text] of bad.entries()) expect([place, await tokens.verifyClient(text)]).toEqual([place, null])
    expect(await tokens.verifyClient(await sign({ iat: json.iat - 900, exp: json.iat - 60 }))).toBe('expired')
    expect(tokens.isClientToken(user.token)).toBe(false)
    expect(await createTokens({ secret: SECRET }).verifyAccess(good)).toBeNull()
    await expect(tokens.signClient({ ...claims, keyId: 'x' })).rejects.toThrow('keyId must be a UUID')
    await expect(tokens.signClient({ ...claims, scopes: ['x'.repeat(2001)] })).rejects.toThrow(RangeError)
    const long = await tokens.signClient({ ...claims, scopes: ['x'.repeat(2000)] })
    expect((await tokens.verifyClient(long.token)) as Any).toMatchObject({ keyId: claims.keyId })
    expect(() => createClientTokens({ secret: SECRET, seconds: 3601 })).toThrow(RangeError)
  })
})

describe('GET /.well-known/oauth-authorization-server', () => {
  it('says what is true, and nothing where the deployment’s own address is not known', async () => {
    const path = '/.well-known/oauth-authorization-server'
    const answer = await test.app.server.inject({ url: path, headers: { host: 'evil.example' } })
    expect(answer.json()).toEqual({
      issuer: 'https://crm.example',
      token_endpoint: 'https://crm.example/oauth/token',
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    })
    const nameless = await createApp({ ...test.config, publicUrl: null })
    try {
      expect((await nameless.server.inject({ url: path })).statusCode).toBe(404)
    } finally {
      await nameless.close()
    }
  })
})
