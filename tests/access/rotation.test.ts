import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { TOTP } from 'otpauth'
import { keyring } from '../../src/access/keys.ts'
import { type App, createApp } from '../../src/app.ts'
import { ConfigError, readConfig } from '../../src/config.ts'
import { atrium } from '../process/atrium.ts'
import { type Any, callers, SECRET, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Issuer, startIssuer } from '../support/issuer.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person, SIGN_IN } from '../support/people.ts'

jest.setTimeout(120_000)

const NEXT = 'the next secret of the tests, long enough'
const HOUR = 3_600_000
const MINUTE = 60_000
const LIST = 'query($after: String) { accounts(first: 1, after: $after) { nodes { id } pageInfo { endCursor } } }'
const REFRESH = 'mutation($token: String!) { refreshToken(refreshToken: $token) { accessToken refreshToken } }'
const START_MFA = 'mutation { startMfa { secret userErrors { code } } }'
const CONFIRM_MFA = 'mutation($code: String!) { confirmMfa(code: $code) { recoveryCodes userErrors { code } } }'
const START_OIDC = 'mutation($input: StartOidcSignInInput!) { startOidcSignIn(input: $input) { nonce } }'
const SIGN_IN_OIDC =
  'mutation($input: SignInWithOidcInput!) { signInWithOidc(input: $input) { accessToken userErrors { code } } }'

let test: TestApp
let owner: Owner
let issuer: Issuer
let partner: { id: string; secret: string }
const running: App[] = []

/** A process with these secrets, on the one database. */
async function deployed(secret: string, other?: string, until = Date.now() + HOUR): Promise<App> {
  const previousSecret = other ? { secret: other, until: new Date(until) } : null
  const app = await createApp({ ...test.config, secret, previousSecret })
  running.push(app)
  return app
}

beforeAll(async () => {
  test = await testApp({ signIn: { maxFailures: 1000, maxFailuresPerAddress: 1000, windowSeconds: 900 } })
  owner = await openOwner(test, test.acme)
  issuer = await startIssuer()
  for (const name of ['AcmeMark 甲', 'AcmeMark 乙', 'AcmeMark 丙']) await make(test.acme, 'Account', { name })
  const { roles } = await test.acme.run('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
  const { createApiKey } = await test.acme.run(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } key } }',
    { input: { name: 'AcmeMark app', roleId: roles.nodes[0].id, kind: 'PARTNER_APP' } },
  )
  partner = { id: createApiKey.apiKey.id, secret: createApiKey.key }
  await test.acme.run(
    'mutation($input: CreateIdentityProviderInput!) { createIdentityProvider(input: $input) { userErrors { code } } }',
    { input: { name: 'AcmeMark login', issuer: issuer.url, clientId: 'crm' } },
  )
})

afterEach(() => {
  jest.restoreAllMocks()
})

afterAll(async () => {
  for (const app of running) await app.close()
  await issuer.close()
  await owner.close()
  await test.close()
})

const as = (app: App, token: string | null = null) => callers(app, token)
const statusOf = async (app: App, token: string) => (await as(app, token).ask(LIST)).status
const signIn = async (app: App, { email, password }: Person, code?: string): Promise<Any> =>
  (await as(app).run(SIGN_IN, { input: { tenant: 'acme', email, password, code } })).signIn
const codes = ({ userErrors }: Any) => userErrors.map(({ code }: Any) => code)
const shows = (secret: string) => new TOTP({ secret }).generate({ timestamp: Date.now() })

async function clientToken(app: App): Promise<string> {
  const answer = await app.server.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: partner.id,
      client_secret: partner.secret,
    }).toString(),
  })
  expect(answer.statusCode).toBe(200)
  return answer.json().access_token
}

const nonceOf = async (app: App): Promise<string> =>
  (await as(app).run(START_OIDC, { input: { tenant: 'acme' } })).startOidcSignIn.nonce
async function enter(app: App, { email }: Person, nonce: string): Promise<Any> {
  const idToken = await issuer.token({ aud: 'crm', nonce, sub: `of ${email}`, email, email_verified: true })
  return (await as(app).run(SIGN_IN_OIDC, { input: { tenant: 'acme', idToken, nonce } })).signInWithOidc
}

const kid = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid

/** A user with a second factor that `app` has sealed. */
async function protectedPerson(app: App): Promise<Person & { secret: string; recoveryCodes: string[] }> {
  const rep = await person(test, test.acme, 'rep')
  const { accessToken } = await signIn(app, rep)
  const { secret } = (await as(app, accessToken).run(START_MFA)).startMfa
  const { recoveryCodes } = (await as(app, accessToken).run(CONFIRM_MFA, { code: shows(secret) })).confirmMfa
  await later(rep)
  return { ...rep, secret, recoveryCodes }
}

/** As if time had passed since the last code. */
const later = ({ id }: Person) =>
  owner.rows(
    'UPDATE user_secret SET mfa_last_step = mfa_last_step - 10 WHERE tenant_id = $1 AND user_id = $2',
    owner.tenantId,
    uuidIn(id),
  )

/** The key that a user's factor lies under. */
async function keyUnder({ id }: Person): Promise<string | undefined> {
  const [row] = await owner.rows<{ sealed: Buffer }>(
    'SELECT mfa_secret AS sealed FROM user_secret WHERE tenant_id = $1 AND user_id = $2',
    owner.tenantId,
    uuidIn(id),
  )
  return row?.sealed.toString('hex', 0, 6)
}

describe('a rotation in two steps', () => {
  it('lets no request fail, whichever process made what it brings and whichever it comes to', async () => {
    const before = await deployed(SECRET)
    let processes = [before, before]
    let turn = 0
    /** Each request goes to the next process, so that what one gave is brought to the other. */
    const next = () => processes[turn++ % processes.length] as App
    let ended = false
    const rounds = new Map<string, number>()
    const kids = new Set<string>()
    const streams: Promise<void>[] = []
    const stream = (name: string, round: () => Promise<void>) => {
      rounds.set(name, 0)
      streams.push(
        (async () => {
          while (!ended) {
            await round()
            rounds.set(name, (rounds.get(name) as number) + 1)
          }
        })(),
      )
    }
    const rep = await person(test, test.acme, 'rep')
    const linked = await person(test, test.acme, 'rep')
    const careful = await protectedPerson(before)

    let session = await signIn(before, rep)
    stream('refresh', async () => {
      session = (await as(next()).run(REFRESH, { token: session.refreshToken })).refreshToken
      kids.add(kid(session.accessToken))
      expect(await statusOf(next(), session.accessToken)).toBe(200)
    })
    stream('sign-in', async () => {
      const { accessToken } = await signIn(next(), rep)
      expect(await statusOf(next(), accessToken)).toBe(200)
    })
    let after: string | null = null
    stream('cursor', async () => {
      const { nodes, pageInfo } = (await as(next(), test.acme.apiKey).run(LIST, { after })).accounts
      expect(nodes.length).toBe(1)
      after = turn % 3 ? null : pageInfo.endCursor
      if (after) expect((await as(next(), test.acme.apiKey).run(LIST, { after })).accounts.nodes).toHaveLength(1)
      after = null
    })
    stream('client token', async () => {
      const token = await clientToken(next())
      expect(await statusOf(next(), token)).toBe(200)
    })
    // One that is kept over the steps.
    const kept = await clientToken(before)
    stream('kept client token', async () => expect(await statusOf(next(), kept)).toBe(200))
    stream('second factor', async () => {
      const { accessToken, userErrors } = await signIn(next(), careful, shows(careful.secret))
      expect(userErrors).toEqual([])
      expect(await statusOf(next(), accessToken)).toBe(200)
      await later(careful)
    })
    stream('provider', async () => {
      const { accessToken, userErrors } = await enter(next(), linked, await nonceOf(next()))
      expect(userErrors).toEqual([])
      expect(await statusOf(next(), accessToken)).toBe(200)
    })

    const all = Promise.all(streams)
    /** Until every stream has gone round three more times. */
    const settled = async () => {
      const goal = new Map([...rounds].map(([name, count]) => [name, count + 3]))
      const reached = (async () => {
        while ([...goal].some(([name, count]) => (rounds.get(name) as number) < count))
          await new Promise((resolve) => setImmediate(resolve))
      })()
      await Promise.race([reached, all])
    }
    const accepting = await deployed(SECRET, NEXT)
    const using = await deployed(NEXT, SECRET)
    const sealedBefore = await keyUnder(careful)
    try {
      for (const [...stage] of [
        [before, before],
        [before, accepting],
        [accepting, accepting],
        [accepting, using],
        [using, using],
      ]) {
        processes = stage
        await settled()
      }
    } finally {
      ended = true
      await all
    }
    expect(kids.size).toBe(2)
    expect(kid(session.accessToken)).not.toBe(kid((await signIn(before, rep)).accessToken))
    // The factor has moved, and its recovery codes with it.
    expect(await keyUnder(careful)).not.toBe(sealedBefore)
    const after1 = await deployed(NEXT)
    expect(codes(await signIn(after1, careful, careful.recoveryCodes[0]))).toEqual([])
    // What the streams would have found: without the first step processes refuse each other's tokens.
    expect(await statusOf(before, session.accessToken)).toBe(401)
    expect(await statusOf(after1, (await signIn(before, rep)).accessToken)).toBe(401)
  })
})
