import { createRequire } from 'node:module'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Answer, TestApp } from '../support/app.ts'
import type { Owner } from '../support/owner.ts'
import type { Person } from '../support/people.ts'

/** How often a password was compared: what a sign-in costs, and what a locked one must not cost. */
let compared = 0
const argon2 = createRequire(import.meta.url)('@node-rs/argon2') as typeof import('@node-rs/argon2')
jest.unstable_mockModule('@node-rs/argon2', () => ({
  ...argon2,
  verify: (...given: Parameters<typeof argon2.verify>) => {
    compared++
    return argon2.verify(...given)
  },
}))
const { callers, testApp } = await import('../support/app.ts')
const { openOwner } = await import('../support/owner.ts')
const { person, SIGN_IN } = await import('../support/people.ts')
const { createApp } = await import('../../src/app.ts')
const { createTokens } = await import('../../src/access/token.ts')
const { countAttempt, network } = await import('../../src/resolvers/identity/attempts.ts')

let test: TestApp
let second: Awaited<ReturnType<typeof createApp>>
let owner: Owner

beforeAll(async () => {
  test = await testApp({ trustProxy: ['127.0.0.1'] })
  second = await createApp(test.config)
  owner = await openOwner(test, test.acme)
})

beforeEach(() => {
  compared = 0
})

afterAll(async () => {
  await owner.close()
  await second.close()
  await test.close()
})

let counter = 0
const address = () => `198.51.${100 + Math.floor(++counter / 250)}.${counter % 250}`
const signIn = (input: Record<string, unknown>, from = address(), app = test.app): Promise<Answer> =>
  callers(app, null).ask(SIGN_IN, { input }, { 'x-forwarded-for': from })
const code = ({ data }: Answer): string | null => data.signIn.userErrors[0]?.code ?? null
const credentials = ({ email, password }: Person) => ({ tenant: 'acme', email, password })

/** The codes of so many attempts, one after the other, each from an address of its own or all from one. */
async function attempts(count: number, input: Record<string, unknown>, from?: string): Promise<(string | null)[]> {
  const codes: (string | null)[] = []
  for (let n = 0; n < count; n++) codes.push(code(await signIn(input, from)))
  return codes
}

const TEN = Array(10).fill('INVALID_CREDENTIALS')

describe('an account', () => {
  it('takes ten failed attempts, wherever they come from; then not even the right password, and nothing is compared', async () => {
    const rep = await person(test, test.acme, 'rep')
    compared = 0
    expect(await attempts(10, { ...credentials(rep), password: 'not the password' })).toEqual(TEN)
    expect(compared).toBe(10)
    for (const app of [test.app, second]) {
      const answer = await signIn(credentials(rep), undefined, app)
      expect(answer.status).toBe(200)
      expect(answer.data.signIn).toEqual({
        accessToken: null,
        expiresAt: null,
        refreshToken: null,
        userErrors: [
          {
            code: 'ACCOUNT_LOCKED',
            message: expect.any(String),
            field: ['input'],
            details: { retryAfterSeconds: expect.any(Number) },
          },
        ],
      })
      const { retryAfterSeconds } = answer.data.signIn.userErrors[0].details
      expect(retryAfterSeconds).toBeGreaterThan(800)
      expect(retryAfterSeconds).toBeLessThanOrEqual(900)
    }
    expect(compared).toBe(10)
  })

  it('is the same however company and address are written, and another company’s is another', async () => {
    const rep = await person(test, test.acme, 'rep', { email: 'same@mail.example' })
    const other = await person(test, test.globex, 'rep', { email: 'same@mail.example' })
    const ways = [{}, { tenant: ' ACME ' }, { email: ' SAME@mail.example ' }, { email: 'Same@Mail.Example' }, {}]
    for (const way of [...ways, ...ways])
      expect(code(await signIn({ ...credentials(rep), ...way, password: 'not the password' }))).toBe(
        'INVALID_CREDENTIALS',
      )
    expect(code(await signIn(credentials(rep)))).toBe('ACCOUNT_LOCKED')
    expect(code(await signIn({ ...credentials(other), tenant: 'globex' }))).toBeNull()
  })

  it('answers as one that does not exist, in no company or in ours, attempt by attempt and at the same price', async () => {
    const rep = await person(test, test.acme, 'rep')
    const tries = [
      credentials(rep),
      { tenant: 'acme', email: 'nobody.at.all@acme.example' },
      { tenant: 'nowhere', email: rep.email },
    ]
    const seen = await Promise.all(
      tries.map(async (input) => {
        const bodies: string[] = []
        for (let n = 0; n < 12; n++) {
          const { body, status } = await signIn({ ...input, password: 'not the password' })
          bodies.push(`${status} ${body.replace(/"retryAfterSeconds":\d+/, '"retryAfterSeconds":0')}`)
        }
        return bodies
      }),
    )
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    expect(seen[0]?.filter((body) => body.includes('ACCOUNT_LOCKED'))).toHaveLength(2)
    // One for the sign-in of person(), ten for each of the three.
    expect(compared).toBe(31)
  })

  it('begins anew with the right password', async () => {
    const rep = await person(test, test.acme, 'rep')
    for (let round = 0; round < 3; round++) {
      expect(await attempts(9, { ...credentials(rep), password: 'not the password' })).toEqual(TEN.slice(1))
      expect(code(await signIn(credentials(rep)))).toBeNull()
    }
  })

  it('opens when the oldest attempt is a quarter of an hour old, for as many as are', async () => {
    const rep = await person(test, test.acme, 'rep')
    const from = address()
    const wrong = { ...credentials(rep), password: 'not the password' }
    expect(await attempts(10, wrong)).toEqual(TEN)
    expect(code(await signIn(credentials(rep), from))).toBe('ACCOUNT_LOCKED')
    const age = (seconds: number, most: number) =>
      owner.rows(
        `UPDATE atrium.sign_in_attempt SET times = ARRAY(SELECT CASE WHEN place <= $2 THEN t - make_interval(secs => $1) ELSE t END FROM unnest(times) WITH ORDINALITY u(t, place) ORDER BY 1)
 WHERE cardinality(times) = 10`,
        seconds,
        most,
      )
    await age(895, 2)
    expect(code(await signIn(wrong))).toBe('ACCOUNT_LOCKED')
    await age(10, 2)
    expect(await attempts(3, wrong)).toEqual(['INVALID_CREDENTIALS', 'INVALID_CREDENTIALS', 'ACCOUNT_LOCKED'])
  })
})

describe('an address', () => {
  it('has ten failed attempts, at whatever accounts; others may still sign in to them', async () => {
    const rep = await person(test, test.acme, 'rep')
    const from = address()
    for (let n = 0; n < 10; n++) {
      const answer = await signIn({ tenant: `t${n}`, email: `someone${n}@acme.example`, password: 'guess' }, from)
      expect(code(answer)).toBe('INVALID_CREDENTIALS')
    }
    expect(code(await signIn(credentials(rep), from))).toBe('ACCOUNT_LOCKED')
    expect(code(await signIn(credentials(rep)))).toBeNull()
  })

  it('of a whole office stays open while its people sign in as they should, and is not reopened by one who does', async () => {
    const rep = await person(test, test.acme, 'rep')
    const from = address()
    expect(await attempts(15, credentials(rep), from)).toEqual(Array(15).fill(null))
    for (let n = 0; n < 9; n++) await signIn({ tenant: 'acme', email: `x${n}@acme.example`, password: 'guess' }, from)
    expect(code(await signIn(credentials(rep), from))).toBeNull()
    expect(await attempts(2, { tenant: 'acme', email: 'x@acme.example', password: 'guess' }, from)).toEqual([
      'INVALID_CREDENTIALS',
      'ACCOUNT_LOCKED',
    ])
  })

  it('is one /64 of IPv6', async () => {
    const guess = (n: number, from: string) =>
      signIn({ tenant: 'acme', email: `six${n}@acme.example`, password: 'guess' }, from)
    for (let n = 0; n < 10; n++) expect(code(await guess(n, `2001:db8:0:7:${n}::1`))).toBe('INVALID_CREDENTIALS')
    expect(code(await guess(11, '2001:db8:0:7:ffff::9'))).toBe('ACCOUNT_LOCKED')
    expect(code(await guess(12, '2001:db8:0:8::1'))).toBe('INVALID_CREDENTIALS')
  })

  it('is compared in one spelling', () => {
    expect(network('192.0.2.1')).toBe('192.0.2.1')
    expect(network('::ffff:192.0.2.1')).toBe('192.0.2.1')
    expect(network('2001:DB8::1')).toBe('2001:db8:0:0')
    expect(network('2001:0db8:0000:0000:ffff::')).toBe('2001:db8:0:0')
    expect(network('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2')
    expect(network('fe80::1%eth0')).toBe('fe80:0:0:0')
    expect(network('::1')).toBe('0:0:0:0')
    expect(network('64:ff9b::192.0.2.1')).toBe('64:ff9b:0:0')
    expect(network(null)).toBe('')
  })
})

describe('attempts at the same time', () => {
  const twenty = Array.from(
    { length: 20 },
    (_, n) => `a${n}: signIn(input: $input) { accessToken userErrors { code } }`,
  ).join(' ')
  const document = `mutation($input: SignInInput!) { ${twenty} }`

  it('count one by one: of twenty documents with twenty aliases each, over two processes, ten are compared', async () => {
    const rep = await person(test, test.acme, 'rep')
    compared = 0
    const input = { ...credentials(rep), password: 'not the password' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        callers(n % 2 ? test.app : second, null).ask(document, { input }, { 'x-forwarded-for': address() }),
      ),
    )
    const codes = answers.flatMap(({ data }) =>
      Object.values<{ userErrors: { code: string }[] }>(data).map((one) => one.userErrors[0]?.code),
    )
    expect(codes).toHaveLength(400)
    expect(codes.filter((one) => one === 'INVALID_CREDENTIALS')).toHaveLength(10)
    expect(codes.filter((one) => one === 'ACCOUNT_LOCKED')).toHaveLength(390)
    expect(compared).toBe(10)
    expect(code(await signIn(credentials(rep)))).toBe('ACCOUNT_LOCKED')
  })

  it('are bounded by the document too: a thousand aliases never run', async () => {
    const thousand = `mutation($input: SignInInput!) { ${Array.from({ length: 1000 }, (_, n) => `a${n}: signIn(input: $input) { expiresAt }`).join(' ')} }`
    const { status, errors } = await callers(test.app, null).ask(thousand, {
      input: { tenant: 'acme', email: 'a@b.example', password: 'x' },
    })
    expect(status).toBe(400)
    expect(errors?.[0]?.extensions.code).toBeDefined()
    expect(compared).toBe(0)
  })

  it('pass as often as the settings say, in the order of nobody', async () => {
    const { attemptKey } = createTokens({ secret: test.config.secret })
    const keys = { account: attemptKey('one'), address: attemptKey('two') }
    const context = { tenancy: test.app.tenancy } as Parameters<typeof countAttempt>[0]
    const count = (given: Partial<typeof keys>, perAccount: number, perAddress: number) =>
      countAttempt(context, { ...keys, ...given }, { perAccount, perAddress, seconds: 60 })
    const waits = await Promise.all(Array.from({ length: 40 }, () => count({}, 3, 5)))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(3)
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(60)
    // Those that did not pass were counted under neither key.
    expect(await count({ account: attemptKey('three') }, 3, 5)).toBe(0)
    expect(await count({ account: attemptKey('three') }, 3, 5)).toBe(0)
    expect(await count({ account: attemptKey('three') }, 3, 5)).toBeGreaterThan(0)
  })
})

describe('what is kept of attempts', () => {
  it('says neither who nor where, belongs to no company, and is out of the application’s reach', async () => {
    const rep = await person(test, test.acme, 'rep')
    await signIn({ ...credentials(rep), password: 'not the password' }, '203.0.113.77')
    const rows = await owner.rows<{ text: string }>('SELECT a::text AS text FROM atrium.sign_in_attempt a')
    expect(rows.length).toBeGreaterThan(1)
    const text = rows.map((row) => row.text).join('\n')
    for (const secret of ['acme', rep.email, '203.0.113.77'])
      for (const form of [secret, Buffer.from(secret).toString('hex')]) expect(text).not.toContain(form)
    for (const statement of ['SELECT 1 FROM atrium.sign_in_attempt', 'DELETE FROM atrium.sign_in_attempt'])
      await expect(
        test.app.tenancy.writeTenant({ tenantId: owner.tenantId }, (db) => db.rows({ text: statement, values: [] })),
      ).rejects.toThrow()
  })

  it('goes when it is too old to count', async () => {
    await owner.rows(`UPDATE atrium.sign_in_attempt SET expires_at = now() - interval '1 hour'`)
    const left = async () =>
      (
        await owner.rows<{ n: number }>(
          'SELECT count(*)::int AS n FROM atrium.sign_in_attempt WHERE expires_at < now()',
        )
      )[0]?.n as number
    const before = await left()
    expect(before).toBeGreaterThan(20)
    for (let round = 0; (await left()) > 0; round++) {
      expect(round).toBeLessThan(before)
      await signIn({ tenant: 'acme', email: 'a@b.example', password: 'guess' })
    }
  })
})
