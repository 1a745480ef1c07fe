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

jest.setTimeout(300_000)

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

/** The cursor at the end of the first page. */
const page = async (app: App): Promise<string> =>
  (await as(app, test.acme.apiKey).run(LIST)).accounts.pageInfo.endCursor

const nonceOf = async (app: App): Promise<string> =>
  (await as(app).run(START_OIDC, { input: { tenant: 'acme' } })).startOidcSignIn.nonce
async function enter(app: App, { email }: Person, nonce: string): Promise<Any> {
  // jose reads the clock by `new Date()`: what the provider makes is of the real time, also while Date.now is moved.
  // biome-ignore lint/complexity/useDateNow: Date.now is not the same here.
  const iat = Math.floor(new Date().getTime() / 1000)
  const claims = { iat, exp: iat + 300, aud: 'crm', nonce, sub: `of ${email}`, email }
  const idToken = await issuer.token(claims)
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
    const first = await page(before)
    stream('cursor', async () => {
      for (const after of [first, await page(next())])
        expect((await as(next(), test.acme.apiKey).run(LIST, { after })).accounts.nodes).toHaveLength(1)
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
        while (!ended && [...goal].some(([name, count]) => (rounds.get(name) as number) < count))
          await new Promise((resolve) => setImmediate(resolve))
      })()
      await Promise.race([reached, all])
    }
    const accepting = await deployed(SECRET, NEXT)
    const using = await deployed(NEXT, SECRET)
    const sealedBefore = await keyUnder(careful)
    try {
      for (const stage of [
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
    const alone = await deployed(NEXT)
    expect(codes(await signIn(alone, careful, careful.recoveryCodes[0]))).toEqual([])
    // What the streams would have found: without the first step processes refuse each other's tokens.
    expect(await statusOf(before, session.accessToken)).toBe(401)
    expect(await statusOf(alone, (await signIn(before, rep)).accessToken)).toBe(401)
  })
})

describe('the deadline', () => {
  /** What a process of the old secret gave, twice: a process may believe for seconds what it has seen. */
  async function given(app: App) {
    const rep = await person(test, test.acme, 'rep')
    const careful = await protectedPerson(app)
    return Promise.all(
      [1, 2].map(async () => ({
        rep,
        careful,
        session: await signIn(app, rep),
        client: await clientToken(app),
        cursor: await page(app),
        nonce: await nonceOf(app),
      })),
    )
  }
  type Given = Awaited<ReturnType<typeof given>>[number]

  /** What comes of everything that was given. */
  async function outcomes(app: App, { rep, careful, session, client, cursor, nonce }: Given) {
    const refreshed = await as(app).ask(REFRESH, { token: session.refreshToken })
    const listed = await as(app, test.acme.apiKey).ask(LIST, { after: cursor })
    return {
      access: await statusOf(app, session.accessToken),
      client: await statusOf(app, client),
      refresh: refreshed.status,
      cursor: listed.errors?.[0]?.extensions.code ?? null,
      nonce: codes(await enter(app, rep, nonce)),
      factor: codes(await signIn(app, careful, shows(careful.secret))),
    }
  }
  const ACCEPTED = { access: 200, client: 200, refresh: 200, cursor: null, nonce: [], factor: [] }
  const REFUSED = {
    access: 401,
    client: 401,
    refresh: 401,
    cursor: 'BAD_USER_INPUT',
    nonce: ['INVALID_CREDENTIALS'],
    factor: ['INVALID_CREDENTIALS'],
  }

  it('ends the previous secret in a process that is running, and nothing else', async () => {
    const old = await deployed(SECRET)
    const app = await deployed(NEXT, SECRET, Date.now() + 2 * MINUTE)
    const [one, two] = (await given(old)) as [Given, Given]
    expect(await outcomes(app, one)).toEqual(ACCEPTED)
    // Its factor has moved by now; this one stays.
    const careful = await protectedPerson(old)
    const [mine] = (await given(app)) as [Given]
    const now = Date.now() + 2 * MINUTE
    jest.spyOn(Date, 'now').mockReturnValue(now)
    expect(await outcomes(app, { ...two, careful })).toEqual(REFUSED)
    expect(codes(await signIn(app, careful, careful.recoveryCodes[0]))).toEqual(['INVALID_CREDENTIALS'])
    expect(await outcomes(app, mine)).toEqual(ACCEPTED)
    const { resetUserMfa } = await test.acme.run(
      'mutation($userId: ID!) { resetUserMfa(userId: $userId) { reset userErrors { code } } }',
      { userId: careful.id },
    )
    expect(resetUserMfa).toEqual({ reset: true, userErrors: [] })
    expect(codes(await signIn(app, careful))).toEqual([])
  })

  it('may be over at the start: the previous secret does not count then', async () => {
    const [one] = (await given(await deployed(SECRET))) as [Given]
    expect(await outcomes(await deployed(NEXT, SECRET, Date.now() - 1), one)).toEqual(REFUSED)
    expect(await outcomes(await deployed(NEXT, SECRET), one)).toEqual(ACCEPTED)
  })

  it('is looked at on each use', () => {
    const until = new Date('2027-01-31T00:00:00Z')
    const ring = keyring({ secret: NEXT, previousSecret: { secret: SECRET, until } }, (secret) => secret)
    expect(ring.current).toBe(NEXT)
    const clock = jest.spyOn(Date, 'now').mockReturnValue(until.getTime() - 1)
    expect(ring.accepted()).toEqual([NEXT, SECRET])
    clock.mockReturnValue(until.getTime())
    expect(ring.accepted()).toEqual([NEXT])
    expect(keyring({ secret: NEXT }, (secret) => secret).accepted()).toEqual([NEXT])
  })
})

describe('a second factor under the previous secret', () => {
  it('moves at the first code, in six digits or for recovery, with the codes that are left', async () => {
    const old = await deployed(SECRET)
    const app = await deployed(NEXT, SECRET)
    const alone = await deployed(NEXT)
    for (const way of ['digits', 'recovery']) {
      const careful = await protectedPerson(old)
      expect(codes(await signIn(alone, careful, shows(careful.secret)))).toEqual(['INVALID_CREDENTIALS'])
      expect(codes(await signIn(app, careful, '000000'))).toEqual(['INVALID_CREDENTIALS'])
      const lain = await keyUnder(careful)
      const [used, left] = careful.recoveryCodes
      expect(codes(await signIn(app, careful, way === 'digits' ? shows(careful.secret) : used))).toEqual([])
      await later(careful)
      expect(await keyUnder(careful)).not.toBe(lain)
      expect(codes(await signIn(alone, careful, shows(careful.secret)))).toEqual([])
      expect(codes(await signIn(alone, careful, left))).toEqual([])
    }
  })

  it('is confirmed, and given new recovery codes, across the exchange', async () => {
    const [old, app, alone] = [await deployed(SECRET), await deployed(NEXT, SECRET), await deployed(NEXT)]
    const rep = await person(test, test.acme, 'rep')
    const { accessToken } = await signIn(app, rep)
    const { secret } = (await callers(test.app, rep.token).run(START_MFA)).startMfa
    expect(
      codes(
        (await as(alone, (await signIn(alone, rep)).accessToken).run(CONFIRM_MFA, { code: shows(secret) })).confirmMfa,
      ),
    ).toEqual(['INVALID_STATE'])
    expect(codes((await as(app, accessToken).run(CONFIRM_MFA, { code: shows(secret) })).confirmMfa)).toEqual([])
    await later(rep)
    expect(codes(await signIn(alone, rep, shows(secret)))).toEqual([])

    const careful = await protectedPerson(old)
    const session = await as(old).run(SIGN_IN, {
      input: { tenant: 'acme', email: careful.email, password: careful.password, code: careful.recoveryCodes[0] },
    })
    const { regenerateRecoveryCodes } = await as(app, session.signIn.accessToken).run(
      'mutation($code: String!) { regenerateRecoveryCodes(code: $code) { recoveryCodes userErrors { code } } }',
      { code: shows(careful.secret) },
    )
    expect(codes(await signIn(alone, careful, regenerateRecoveryCodes.recoveryCodes[0]))).toEqual([])
    expect(codes(await signIn(alone, careful, careful.recoveryCodes[1]))).toEqual(['INVALID_CREDENTIALS'])
  })

  it('is sealed anew once when many codes come at the same time, and none of them fails for it', async () => {
    const app = await deployed(NEXT, SECRET)
    const careful = await protectedPerson(await deployed(SECRET))
    const answers = await Promise.all(
      [shows(careful.secret), ...careful.recoveryCodes.slice(0, 4)].map((code) => signIn(app, careful, code)),
    )
    expect(answers.flatMap(codes)).toEqual([])
    await later(careful)
    expect(codes(await signIn(await deployed(NEXT), careful, shows(careful.secret)))).toEqual([])
  })
})

describe('the settings of a rotation', () => {
  const read = (more: Record<string, string>) =>
    readConfig({ DATABASE_URL: 'postgres://a@b/c', ATRIUM_SECRET: SECRET, ...more }).previousSecret
  const UNTIL = '2027-01-31T08:00:00+08:00'

  it('are a secret and a moment, which may be over', () => {
    expect(read({})).toBeNull()
    expect(read({ ATRIUM_SECRET_PREVIOUS: '', ATRIUM_SECRET_PREVIOUS_UNTIL: '' })).toBeNull()
    expect(read({ ATRIUM_SECRET_PREVIOUS: NEXT, ATRIUM_SECRET_PREVIOUS_UNTIL: UNTIL })).toEqual({
      secret: NEXT,
      until: new Date('2027-01-31T00:00:00Z'),
    })
    const over = read({ ATRIUM_SECRET_PREVIOUS: NEXT, ATRIUM_SECRET_PREVIOUS_UNTIL: '2020-02-29T00:00:00.5Z' })
    expect(over?.until.getTime()).toBeLessThan(Date.now())
  })

  it.each([
    ['a short secret', { ATRIUM_SECRET_PREVIOUS: 'short', ATRIUM_SECRET_PREVIOUS_UNTIL: UNTIL }, /32 characters/],
    ['one letter', { ATRIUM_SECRET_PREVIOUS: 'x'.repeat(40), ATRIUM_SECRET_PREVIOUS_UNTIL: UNTIL }, /over and over/],
    ['the current secret', { ATRIUM_SECRET_PREVIOUS: SECRET, ATRIUM_SECRET_PREVIOUS_UNTIL: UNTIL }, /are the same/],
    ['no moment', { ATRIUM_SECRET_PREVIOUS: NEXT }, /^ATRIUM_SECRET_PREVIOUS_UNTIL must be set/],
    ['no secret', { ATRIUM_SECRET_PREVIOUS_UNTIL: UNTIL }, /ATRIUM_SECRET_PREVIOUS, the secret it is about, is not/],
    ...[
      'tomorrow',
      '2027-01-31',
      '2027-01-31T00:00:00',
      '2027-02-30T00:00:00Z',
      '2027-13-01T00:00:00Z',
      '2027-01-31T25:00:00Z',
    ].map(
      (text) =>
        [text, { ATRIUM_SECRET_PREVIOUS: NEXT, ATRIUM_SECRET_PREVIOUS_UNTIL: text }, /_UNTIL must be set/] as const,
    ),
  ] as [string, Record<string, string>, RegExp][])(
    'are refused with %s, by name and without the secret',
    (_what, env, said) => {
      expect(() => read(env)).toThrow(ConfigError)
      expect(() => read(env)).toThrow(said)
      expect(() => read(env)).not.toThrow(NEXT)
    },
  )

  it('are looked at by atrium doctor, which tells until when the previous secret counts', async () => {
    const found = async (env: Record<string, string>) => {
      const { out } = await atrium(['doctor', '--json'], {
        DATABASE_URL: test.database.appUrl,
        ATRIUM_SECRET: SECRET,
        ATRIUM_SECRET_PREVIOUS: NEXT,
        ...env,
      })
      for (const secret of [SECRET, NEXT]) expect(out).not.toContain(secret)
      return (JSON.parse(out) as Any[]).find(({ check }) => check === 'Secret')
    }
    expect(await found({ ATRIUM_SECRET_PREVIOUS_UNTIL: UNTIL })).toMatchObject({
      ok: true,
      message: expect.stringContaining('until 2027-01-31T00:00:00.000Z'),
    })
    expect(await found({})).toMatchObject({ ok: false, message: expect.stringContaining('PREVIOUS_UNTIL must be set') })
  })
})
