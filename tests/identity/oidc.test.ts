import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { base64url, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import { createOidc } from '../../src/access/oidc.ts'
import { createApp } from '../../src/app.ts'
import { newId } from '../../src/ids.ts'
import { type Any, type Company, callers, SECRET, type TestApp, testApp } from '../support/app.ts'
import { type Issuer, startIssuer } from '../support/issuer.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'
import { watchStatements } from '../support/statements.ts'

const START =
  'mutation($input: StartOidcSignInInput!) { startOidcSignIn(input: $input) { authorizationUrl state nonce userErrors { code message field } } }'
const SIGN_IN =
  'mutation($input: SignInWithOidcInput!) { signInWithOidc(input: $input) { accessToken refreshToken expiresAt userErrors { code message field } } }'
const CREATE =
  'mutation($input: CreateIdentityProviderInput!) { createIdentityProvider(input: $input) { identityProvider { id issuer allowedDomains emailClaim enabled } userErrors { code message field details } } }'
const UPDATE =
  'mutation($id: ID!, $input: UpdateIdentityProviderInput!) { updateIdentityProvider(id: $id, input: $input) { identityProvider { id } userErrors { code field } } }'
const REFUSED = { accessToken: null, refreshToken: null, expiresAt: null }

let test: TestApp
let issuer: Issuer
let owner: Owner
/** Providers of both companies at the same issuer with the same client. */
let acmeIdp: string
let globexIdp: string

beforeAll(async () => {
  test = await testApp()
  issuer = await startIssuer()
  owner = await openOwner(test, test.acme)
  acmeIdp = await provider(test.acme)
  globexIdp = await provider(test.globex)
})

afterAll(async () => {
  await owner.close()
  await issuer.close()
  await test.close()
})

beforeEach(() => issuer.instead.clear())

const anonymous = () => callers(test.app, null)

async function provider(company: Company, more: Record<string, unknown> = {}): Promise<string> {
  const { createIdentityProvider } = await company.run(CREATE, {
    input: { name: `${company.mark} login`, issuer: issuer.url, clientId: 'crm', ...more },
  })
  expect(createIdentityProvider.userErrors).toEqual([])
  return createIdentityProvider.identityProvider.id
}

async function change(company: Company, id: string, input: Record<string, unknown>): Promise<void> {
  const { updateIdentityProvider } = await company.run(UPDATE, { id, input })
  expect(updateIdentityProvider.userErrors).toEqual([])
}

async function nonceFor(tenant = 'acme', idp: string | null = null): Promise<string> {
  const { startOidcSignIn } = await anonymous().run(START, { input: { tenant, provider: idp } })
  expect(startOidcSignIn.userErrors).toEqual([])
  return startOidcSignIn.nonce
}

const signIn = async (input: Record<string, unknown>) =>
  (await anonymous().ask<Any>(SIGN_IN, { input })).data.signInWithOidc

/** A whole sign-in with a token of these claims. */
async function enter(
  claims: Record<string, unknown>,
  { tenant = 'acme', ...options }: { tenant?: string; alg?: string; header?: Record<string, unknown> } = {},
): Promise<Any> {
  const nonce = await nonceFor(tenant)
  return signIn({ tenant, nonce, idToken: await issuer.token({ aud: 'crm', nonce, ...claims }, options) })
}

const whoIs = async (token: string) =>
  (await callers(test.app, token).run('{ viewer { user { id email name status role { key } } tenant { slug } } }'))
    .viewer

describe('startOidcSignIn', () => {
  it('gives the provider’s address with everything but what the client alone knows', async () => {
    const { startOidcSignIn } = await anonymous().run(START, { input: { tenant: ' ACME ' } })
    const url = new URL(startOidcSignIn.authorizationUrl)
    expect(`${url.origin}${url.pathname}`).toBe(`${issuer.url}/authorize`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: 'own',
      response_type: 'code',
      client_id: 'crm',
      scope: 'openid email profile',
      state: startOidcSignIn.state,
      nonce: startOidcSignIn.nonce,
    })
  })

  it('answers the same to an unknown company, an unknown, foreign or disabled provider and one that is not there', async () => {
    const off = await provider(test.acme, { clientId: 'off', enabled: false })
    const gone = await provider(test.acme, { clientId: 'gone', issuer: 'http://127.0.0.1:9' })
    const bodies = await Promise.all(
      [
        { tenant: 'nowhere' },
        { tenant: 'ac\0me' },
        { tenant: 'acme', provider: globexIdp },
        { tenant: 'acme', provider: 'idp_01h455vb4pex5vsknk084sn02q' },
        { tenant: 'acme', provider: 'x' },
        { tenant: 'acme', provider: off },
        { tenant: 'acme', provider: gone },
        // Two are enabled and none is named.
        { tenant: 'acme' },
      ].map(async (input) => (await anonymous().ask(START, { input })).body),
    )
    expect(new Set(bodies).size).toBe(1)
    expect(bodies[0]).toContain('INVALID_CREDENTIALS')
    await change(test.acme, gone, { enabled: false })
  })
})

describe('signInWithOidc', () => {
  it('signs in the user with the verified address, with every algorithm, and by the subject from then on', async () => {
    const rep = await person(test, test.acme, 'rep')
    for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
      const { accessToken, refreshToken, userErrors } = await enter(
        { sub: 'rep-1', email: rep.email.toUpperCase() },
        { alg },
      )
      expect(userErrors).toEqual([])
      expect(refreshToken).toMatch(/^atr_refresh_/)
      expect((await whoIs(accessToken)).user.id).toBe(rep.id)
    }
    // The link is to the subject: neither another address nor none changes who it is.
    const other = await person(test, test.acme, 'rep')
    for (const email of [other.email, undefined])
      expect((await whoIs((await enter({ sub: 'rep-1', email })).accessToken)).user.id).toBe(rep.id)
    // And the provider gives the user's address to nobody else.
    expect(await enter({ sub: 'rep-2', email: rep.email })).toMatchObject(REFUSED)
    expect((await whoIs((await enter({ sub: 'rep-3', email: other.email })).accessToken)).user.id).toBe(other.id)
  })

  it('refuses every token that is not for this client, this sign-in and this moment, with one answer', async () => {
    const rep = await person(test, test.acme, 'rep')
    const good = { sub: 'careful', email: rep.email }
    const now = Math.floor(Date.now() / 1000)
    const answers: Any[] = []
    for (const claims of [
      { iss: `${issuer.url}/` },
      { iss: 'https://accounts.example' },
      { aud: 'other' },
      { aud: [] },
      { aud: ['crm', 'other'] },
      { aud: ['crm', 'other'], azp: 'other' },
      { azp: 'other' },
      { aud: undefined },
      { exp: now - 60 },
      { exp: undefined },
      { exp: 'soon' },
      { iat: now + 120 },
      { iat: now - 700 },
      { iat: undefined },
      { nonce: 'another' },
      { nonce: undefined },
      { sub: undefined },
      { sub: '' },
      { sub: 7 },
      { sub: 'x'.repeat(256) },
      { nbf: now + 120 },
    ])
      answers.push([claims, await enter({ ...good, ...claims })])
    for (const header of [{ typ: 'at+jwt' }, { typ: 'logout+jwt' }, { kid: 'unknown' }, { crit: ['exp'] }]) {
      const answer = await enter(good, { header }).catch(() => REFUSED)
      answers.push([header, answer])
    }
    for (const claims of [
      { email_verified: false },
      { email_verified: 'true' },
      { email_verified: undefined },
      { email: undefined },
      { email: [rep.email] },
      { email: 'nobody@acme.example' },
      { email: `${rep.email} x` },
    ])
      answers.push([claims, await enter({ ...good, ...claims })])
    for (const [why, answer] of answers) expect([why, answer]).toEqual([why, expect.objectContaining(REFUSED)])
    // The controls: the same with nothing wrong, with several audiences of which this client is the authorised party.
    expect((await enter({ ...good, aud: ['crm', 'other'], azp: 'crm' })).accessToken).not.toBeNull()
    expect((await enter({ ...good, azp: 'crm' }, { header: { typ: undefined } })).accessToken).not.toBeNull()
  })

  it('takes no signature but the provider’s: none, a shared secret, its public key as one, a key that the token brings along', async () => {
    const rep = await person(test, test.acme, 'rep')
    const stranger = await generateKeyPair('RS256')
    const jwk = await exportJWK(stranger.publicKey)
    const pem = await exportSPKI((await importJWK(issuer.keys.RS256!.jwk, 'RS256')) as never)
    const asked = issuer.asked.length
    const part = (value: unknown) => base64url.encode(JSON.stringify(value))
    const now = Math.floor(Date.now() / 1000)
    for (let place = 0; place < 12; place++) {
      const nonce = await nonceFor()
      const claims = {
        iss: issuer.url,
        aud: 'crm',
        iat: now,
        exp: now + 300,
        nonce,
        sub: 'forged',
        email: rep.email,
        email_verified: true,
      }
      const kid = issuer.keys.RS256!.jwk.kid
      const unsigned = (header: unknown) => `${part(header)}.${part(claims)}`
      const keyed = (header: unknown, secret: string) =>
        `${unsigned(header)}.${createHmac('sha256', secret).update(unsigned(header)).digest('base64url')}`
      const own = (header: Record<string, unknown>) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header }).sign(stranger.privateKey)
      const forged = [
        `${unsigned({ alg: 'none' })}.`,
        `${unsigned({ alg: 'nOnE', kid })}.`,
        unsigned({ alg: 'RS256', kid }),
        `${unsigned({ alg: 'RS256', kid })}.`,
        keyed({ alg: 'HS256', kid }, pem),
        keyed({ alg: 'HS256', kid }, JSON.stringify(issuer.keys.RS256!.jwk)),
        await own({ kid }),
        await own({ kid, jwk }),
        await own({ kid, jku: `${issuer.url}/evil` }),
        await own({ kid, x5u: `${issuer.url}/evil` }),
        'x'.repeat(20_000),
        'a.b.c',
      ]
      expect([place, await signIn({ tenant: 'acme', nonce, idToken: forged[place] })]).toMatchObject([place, REFUSED])
    }
    expect(issuer.asked.slice(asked)).not.toContain('/evil')
    expect((await enter({ sub: 'genuine', email: rep.email })).accessToken).not.toBeNull()
  })

  it('takes each nonce once, for ten minutes, for the company and the provider that it was made for', async () => {
    const rep = await person(test, test.acme, 'rep')
    const nonce = await nonceFor()
    const idToken = await issuer.token({ aud: 'crm', nonce, sub: 'once', email: rep.email })
    const tries = await Promise.all(Array.from({ length: 10 }, () => signIn({ tenant: 'acme', nonce, idToken })))
    expect(tries.filter(({ accessToken }) => accessToken)).toHaveLength(1)
    expect(await signIn({ tenant: 'acme', nonce, idToken })).toMatchObject(REFUSED)
    const spell = async (text: string) =>
      signIn({ tenant: 'acme', nonce: text, idToken: await issuer.token({ aud: 'crm', nonce: text, sub: 'once' }) })
    const fresh = await nonceFor()
    const [tenantId, idpId] = [uuidIn(test.acme.id), uuidIn(acmeIdp)]
    const elsewhere = createOidc({ secret: `${SECRET} of another deployment` })
    for (const text of [
      '',
      fresh.slice(0, -1),
      `${fresh}A`,
      (fresh[0] === 'A' ? 'B' : 'A') + fresh.slice(1),
      fresh.slice(0, -1) + (fresh.endsWith('A') ? 'B' : 'A'),
      await nonceFor('globex'),
      elsewhere.newNonce(tenantId, idpId),
      createOidc({ secret: SECRET }).newNonce(tenantId, newId()),
    ])
      expect([text, await spell(text)]).toMatchObject([text, REFUSED])
    expect((await spell(fresh)).accessToken).not.toBeNull()
    // Ten minutes later it is over, and its trace goes with the next sign-in.
    const oidc = createOidc({ secret: SECRET })
    const late = oidc.newNonce(tenantId, idpId)
    const { expiresAt } = oidc.readNonce(late, tenantId, idpId)!
    expect(Math.round((expiresAt.getTime() - Date.now()) / 1000)).toBeGreaterThan(590)
    expect(Math.round((expiresAt.getTime() - Date.now()) / 1000)).toBeLessThanOrEqual(600)
    const real = Date.now
    try {
      Date.now = () => real() + 601_000
      expect(oidc.readNonce(late, tenantId, idpId)).toBeNull()
    } finally {
      Date.now = real
    }
    await owner.rows(`UPDATE oidc_nonce SET expires_at = now() - interval '1 second' WHERE tenant_id = $1`, tenantId)
    await spell(await nonceFor())
    expect(await owner.rows('SELECT 1 FROM oidc_nonce WHERE tenant_id = $1', tenantId)).toHaveLength(1)
  })

  it('asks neither the database for a user nor the provider for keys with a nonce that is not ours', async () => {
    const idToken = await issuer.token({ aud: 'crm', nonce: 'mine', sub: 'x' }, { header: { kid: 'unknown' } })
    const asked = issuer.asked.length
    const watch = watchStatements()
    try {
      await signIn({ tenant: 'acme', nonce: 'mine', idToken })
      expect(watch.work.filter((text) => /app_user|user_identity|oidc_nonce/.test(text))).toEqual([])
    } finally {
      watch.stop()
    }
    expect(issuer.asked).toHaveLength(asked)
  })

  it('of one company opens nothing in another that has the same issuer, client and address', async () => {
    const email = 'li.wei@mail.example'
    const here = await person(test, test.acme, 'rep', { email })
    const there = await person(test, test.globex, 'rep', { email })
    const nonce = await nonceFor('acme')
    const idToken = await issuer.token({ aud: 'crm', nonce, sub: 'li-wei', email })
    for (const input of [
      { tenant: 'globex' },
      { tenant: 'globex', provider: globexIdp },
      { tenant: 'globex', provider: acmeIdp },
      { tenant: 'acme', provider: globexIdp },
    ])
      expect(await signIn({ ...input, nonce, idToken })).toMatchObject(REFUSED)
    const { accessToken } = await signIn({ tenant: 'acme', provider: acmeIdp, nonce, idToken })
    expect(await whoIs(accessToken)).toMatchObject({ user: { id: here.id }, tenant: { slug: 'acme' } })
    const other = await enter({ sub: 'li-wei', email }, { tenant: 'globex' })
    expect(await whoIs(other.accessToken)).toMatchObject({ user: { id: there.id }, tenant: { slug: 'globex' } })
  })

  it('is refused to users who may not sign in, and leaves a deleted user’s subject to the next with the address', async () => {
    const email = 'guest@acme.example'
    const rep = await person(test, test.acme, 'rep', { email })
    const set = (input: string) =>
      test.acme.run(`mutation($id: ID!) { updateUser(id: $id, input: { ${input} }) { userErrors { code } } }`, {
        id: rep.id,
      })
    for (const status of ['SUSPENDED', 'LEFT', 'INVITED']) {
      await set(`status: ${status}`)
      expect(await enter({ sub: 'guest', email })).toMatchObject(REFUSED)
    }
    await set('status: ACTIVE')
    expect((await enter({ sub: 'guest', email })).accessToken).not.toBeNull()
    await set('status: SUSPENDED')
    expect(await enter({ sub: 'guest', email })).toMatchObject(REFUSED)
    await test.acme.run('mutation($id: ID!) { deleteUser(id: $id) { userErrors { code } } }', { id: rep.id })
    expect(await enter({ sub: 'guest', email })).toMatchObject(REFUSED)
    const next = await person(test, test.acme, 'rep', { email })
    expect((await whoIs((await enter({ sub: 'guest', email })).accessToken)).user.id).toBe(next.id)
  })

  it('keeps to the domains that the company names, and reads the claim that it names', async () => {
    const rep = await person(test, test.acme, 'rep')
    await change(test.acme, acmeIdp, { allowedDomains: ['ACME.example', 'acme.test'] })
    expect((await enter({ sub: 'domain', email: rep.email })).accessToken).not.toBeNull()
    await change(test.acme, acmeIdp, { allowedDomains: ['other.example', 'mple.example'] })
    for (const email of [rep.email, `x@evil.acme.example`, undefined])
      expect(await enter({ sub: 'domain', email })).toMatchObject(REFUSED)
    await change(test.acme, acmeIdp, { allowedDomains: [], emailClaim: 'upn' })
    expect(await enter({ sub: 'claim', email: rep.email })).toMatchObject(REFUSED)
    const other = await person(test, test.acme, 'rep')
    expect((await whoIs((await enter({ sub: 'claim', upn: other.email })).accessToken)).user.id).toBe(other.id)
    await change(test.acme, acmeIdp, { emailClaim: '__proto__' })
    expect(await enter({ sub: 'proto', email: rep.email })).toMatchObject(REFUSED)
    await change(test.acme, acmeIdp, { emailClaim: null })
  })

  it('makes the user where the company wants that, once, from its domains, with the role that it names', async () => {
    const { roles } = await test.globex.run('{ roles(where: { key: { eq: "readonly" } }) { nodes { id } } }')
    const roleId = roles.nodes[0].id
    const claims = { sub: 'new-1', email: 'wang.fang@globex.example', name: '王芳' }
    expect(await enter(claims, { tenant: 'globex' })).toMatchObject(REFUSED)
    await change(test.globex, globexIdp, { autoProvision: true, roleId, allowedDomains: ['globex.example'] })
    expect(await enter({ ...claims, email: 'x@mail.example' }, { tenant: 'globex' })).toMatchObject(REFUSED)
    expect(await enter({ ...claims, email_verified: false }, { tenant: 'globex' })).toMatchObject(REFUSED)
    const answers = await Promise.all(Array.from({ length: 4 }, () => enter(claims, { tenant: 'globex' })))
    const [one] = answers.filter(({ accessToken }) => accessToken)
    expect((await whoIs(one.accessToken)).user).toEqual({
      id: expect.stringMatching(/^user_/),
      email: 'wang.fang@globex.example',
      name: '王芳',
      status: 'ACTIVE',
      role: { key: 'readonly' },
    })
    const { users } = await test.globex.run(
      '{ users(where: { email: { eq: "wang.fang@globex.example" } }) { nodes { id } } }',
    )
    expect(users.nodes).toHaveLength(1)
    const nameless = await enter(
      { sub: 'new-2', email: 'a@globex.example', name: { first: 'x' } },
      { tenant: 'globex' },
    )
    expect((await whoIs(nameless.accessToken)).user.name).toBe('a@globex.example')
    await change(test.globex, globexIdp, { autoProvision: false, allowedDomains: [] })
  })

  it('says that a company is suspended to who holds a token that fits, and to nobody else', async () => {
    const rep = await person(test, test.globex, 'rep')
    const nonce = await nonceFor('globex')
    const idToken = await issuer.token({ aud: 'crm', nonce, sub: 'late', email: rep.email })
    const globex = await openOwner(test, test.globex)
    const status = (name: string) => globex.rows('UPDATE tenant SET status = $2 WHERE id = $1', globex.tenantId, name)
    try {
      await status('SUSPENDED')
      const input = { tenant: 'globex', nonce, idToken }
      const answer = await anonymous().ask(SIGN_IN, { input })
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([403, 'TENANT_SUSPENDED'])
      expect(await signIn({ ...input, idToken: `${idToken}x` })).toMatchObject(REFUSED)
      await status('ACTIVE')
      expect((await signIn(input)).accessToken).not.toBeNull()
    } finally {
      await status('ACTIVE')
      await globex.close()
    }
  })

  it('keeps no ID token and writes who signed in by what into the changes', async () => {
    const rep = await person(test, test.acme, 'rep')
    const nonce = await nonceFor()
    const idToken = await issuer.token({ aud: 'crm', nonce, sub: 'kept', email: rep.email })
    expect((await signIn({ tenant: 'acme', nonce, idToken })).accessToken).not.toBeNull()
    const rows = await owner.rows<{ text: string }>(
      'SELECT to_json(i)::text AS text FROM user_identity i UNION ALL SELECT to_json(n)::text FROM oidc_nonce n UNION ALL SELECT to_json(c)::text FROM change c',
    )
    expect(rows.some(({ text }) => text.includes('"kept"'))).toBe(true)
    for (const { text } of rows) expect(text).not.toContain(idToken.slice(-40))
  })
})

describe('the provider’s keys', () => {
  it('are fetched once for a thousand tokens with unknown keys, and found again when the provider changes them', async () => {
    const fresh = await startIssuer()
    const oidc = createOidc({ secret: SECRET, allowPrivate: true })
    const settings = { issuer: fresh.url, clientId: 'crm' }
    const token = (header: Record<string, unknown> = {}) =>
      fresh.token({ aud: 'crm', nonce: 'n', sub: 's' }, { header })
    try {
      expect(await oidc.verify(await token(), settings, 'n')).toMatchObject({ sub: 's' })
      const unknown = await token({ kid: '../../dev/null' })
      await Promise.all(Array.from({ length: 1000 }, () => oidc.verify(unknown, settings, 'n')))
      expect(fresh.asked).toEqual(['/.well-known/openid-configuration', '/keys'])
    } finally {
      await fresh.close()
    }
  })

  it('are asked for once in a while from a provider that fails, redirects, is slow, endless or no JSON', async () => {
    const ways: Record<string, (path: string, from: Issuer) => void> = {
      'an error': (path, { instead }) => instead.set(path, (_request, response) => response.writeHead(500).end()),
      'a redirect': (path, { instead }) =>
        instead.set(path, (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end()),
      'no JSON': (path, { instead }) => instead.set(path, (_request, response) => response.end('<html>')),
      'other JSON': (path, { instead }) => instead.set(path, (_request, response) => response.end('{"keys":7}')),
      'a long answer': (path, { instead }) =>
        instead.set(path, (_request, response) => response.end(`{"keys":[],"x":"${'x'.repeat(200_000)}"}`)),
      'no answer': (path, { instead }) => instead.set(path, () => {}),
      'a drip': (path, { instead }) =>
        instead.set(path, (_request, response) => {
          const drip = setInterval(() => response.write(' '), 20)
          response.on('close', () => clearInterval(drip))
        }),
    }
    await Promise.all(
      Object.entries(ways).flatMap(([way, spoil]) =>
        ['/.well-known/openid-configuration', '/keys'].map(async (path) => {
          const fresh = await startIssuer()
          spoil(path, fresh)
          const oidc = createOidc({ secret: SECRET, allowPrivate: true, timeoutMs: 3000 })
          try {
            const token = await fresh.token({ aud: 'crm', nonce: 'n', sub: 's' })
            for (let round = 0; round < 3; round++)
              expect(await oidc.verify(token, { issuer: fresh.url, clientId: 'crm' }, 'n')).toBeNull()
            expect([way, fresh.asked.filter((one) => one === path)]).toEqual([way, [path]])
            expect(fresh.asked).not.toContain('/elsewhere')
          } finally {
            await fresh.close()
          }
        }),
      ),
    )
  })

  it('of an issuer that calls itself otherwise are not taken', async () => {
    const fresh = await startIssuer()
    const path = '/.well-known/openid-configuration'
    fresh.instead.set(path, (_request, response) =>
      response.end(
        JSON.stringify({ issuer: `${fresh.url}/`, authorization_endpoint: fresh.url, jwks_uri: `${fresh.url}/keys` }),
      ),
    )
    try {
      const oidc = createOidc({ secret: SECRET, allowPrivate: true })
      expect(await oidc.authorizationEndpoint(fresh.url)).toBeNull()
    } finally {
      await fresh.close()
    }
  })

  it('are not looked for in this house unless the deployment says so', async () => {
    const rep = await person(test, test.acme, 'rep')
    const nonce = await nonceFor()
    const idToken = await issuer.token({ aud: 'crm', nonce, sub: 'house', email: rep.email })
    const strict = await createApp({ ...test.config, oidcAllowPrivate: false })
    const asked = issuer.asked.length
    try {
      const input = { tenant: 'acme', nonce, idToken }
      expect((await callers(strict, null).run<Any>(SIGN_IN, { input })).signInWithOidc).toMatchObject(REFUSED)
      expect(
        (await callers(strict, null).run<Any>(START, { input: { tenant: 'acme' } })).startOidcSignIn.nonce,
      ).toBeNull()
      expect(issuer.asked).toHaveLength(asked)
    } finally {
      await strict.close()
    }
    expect((await signIn({ tenant: 'acme', nonce, idToken })).accessToken).not.toBeNull()
  })
})

describe('an identity provider', () => {
  it('is set by administrators alone', async () => {
    for (const role of ['manager', 'rep', 'readonly']) {
      const one = await person(test, test.acme, role)
      for (const [query, variables] of [
        [CREATE, { input: { name: 'x', issuer: 'https://login.example.com', clientId: role } }],
        [UPDATE, { id: acmeIdp, input: { enabled: false } }],
        ['mutation($id: ID!) { deleteIdentityProvider(id: $id) { userErrors { code } } }', { id: acmeIdp }],
      ] as const)
        expect((await one.ask(query, variables)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    }
  })

  it('is refused with an issuer, domain or role that cannot be, each at its field', async () => {
    const base = { name: 'x', clientId: 'refused' }
    const tries = async (input: Record<string, unknown>) =>
      (await test.acme.run(CREATE, { input: { ...base, ...input } })).createIdentityProvider.userErrors.map(
        ({ code, field }: Any) => [code, field.join('.')],
      )
    for (const issuer of [
      'http://login.example.com',
      'https://login.example.com?x=1',
      'https://login.example.com#x',
      'https://10.0.0.1',
      'https://192.168.1.1/x',
      'https://[::1]',
      'https://[::ffff:7f00:1]',
      'https://2130706433',
      'https://0x7f.1',
      'https://127.1',
      'https://169.254.169.254/latest',
      'https://localhost.',
      'https://vault.internal',
      'https://login.example.com:6379',
      'https://login.example.com:22',
    ])
      expect([issuer, await tries({ issuer })]).toEqual([issuer, [['VALIDATION_FAILED', 'input.issuer']]])
    const issuer = 'https://login.example.com'
    expect(await tries({ issuer, allowedDomains: ['example.com', '*.example.com', 'x@y.example'] })).toEqual([
      ['VALIDATION_FAILED', 'input.allowedDomains.1'],
      ['VALIDATION_FAILED', 'input.allowedDomains.2'],
    ])
    expect(await tries({ issuer, autoProvision: true })).toEqual([
      ['VALIDATION_FAILED', 'input.roleId'],
      ['VALIDATION_FAILED', 'input.allowedDomains'],
    ])
    expect(await tries({ issuer, clientId: 'crm' })).toEqual([])
    expect(await tries({ issuer, clientId: 'crm' })).toEqual([['UNIQUE_VIOLATION', 'input.issuer']])
  })
})
