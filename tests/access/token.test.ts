import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { deriveKey } from '../../src/access/keys.ts'
import { createTokens } from '../../src/access/token.ts'
import { hashRecovery, newTotpSecret } from '../../src/access/totp.ts'
import { newId } from '../../src/ids.ts'

const secret = 'a deployment secret of enough characters'
const tokens = createTokens({ secret })
const who = { tenantId: newId(), userId: newId(), sessionId: newId() }
const key = deriveKey(secret, 'atrium access token v1')
const { header, claims } = await partsOf(tokens.signAccess(who))
const now = () => Math.floor(Date.now() / 1000)

describe('access tokens', () => {
  afterEach(() => {
    jest.useRealTimers()
  })

  it('say whom they speak for', async () => {
    const { token, expiresAt } = await tokens.signAccess(who)
    expect(await tokens.verifyAccess(token)).toEqual(who)
    expect(Math.abs(expiresAt.getTime() - Date.now() - 900_000)).toBeLessThan(2000)
  })

  it('carry nothing but ids, times, issuer and audience', () => {
    expect(Object.keys(header).sort()).toEqual(['alg', 'kid', 'typ'])
    expect(header).toMatchObject({ alg: 'HS256', typ: 'at+jwt' })
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'sid', 'sub', 'tid'])
    expect(key.toString('hex')).not.toContain(Buffer.from(header.kid, 'base64url').toString('hex'))
  })

  it('are taken by another process with the same secret', async () => {
    const { token } = await tokens.signAccess(who)
    expect(await createTokens({ secret }).verifyAccess(token)).toEqual(who)
  })

  it('made by hand with the right key and claims pass, so that the refusals below mean something', async () => {
    expect(await tokens.verifyAccess(forged())).toEqual(who)
    expect(await tokens.verifyAccess(forged({ iat: now() + 3, exp: now() + 900 }))).toEqual(who)
    expect(await tokens.verifyAccess(forged({ iat: now() - 903, exp: now() - 3 }))).toEqual(who)
    expect(await tokens.verifyAccess(forged({ iat: now(), exp: now() + 3600 }))).toEqual(who)
    expect(await tokens.verifyAccess(forged({ nbf: now() }))).toEqual(who)
  })

  it('expire after their time and the tolerance', async () => {
    const { token } = await tokens.signAccess(who)
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout', 'performance'] })
    jest.setSystemTime(Date.now() + 903_000)
    expect(await tokens.verifyAccess(token)).toEqual(who)
    jest.setSystemTime(Date.now() + 3_000)
    expect(await tokens.verifyAccess(token)).toBe('expired')
  })

  it('are called expired only if everything else is ours', async () => {
    const past = { iat: now() - 1000, exp: now() - 6 }
    expect(await tokens.verifyAccess(forged(past))).toBe('expired')
    expect(await tokens.verifyAccess(forged(past, {}, Buffer.alloc(32)))).toBeNull()
    const others = [{ iss: 'other' }, { aud: 'other' }, { sub: 'x' }, { tid: undefined }, { iat: now() - 9999 }]
    for (const other of others) expect(await tokens.verifyAccess(forged({ ...past, ...other }))).toBeNull()
  })

  it('refuse alg none in every spelling, with and without a signature (B2)', async () => {
    const good = forged()
    const signature = good.split('.')[2]
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'HS384', 'HS512', 'hs256', 'RS256', null, ['HS256']]) {
      const unsigned = forged({}, { alg }).replace(/[^.]*$/, '')
      for (const token of [unsigned, unsigned.slice(0, -1), unsigned + signature, forged({}, { alg })]) {
        expect(await tokens.verifyAccess(token)).toBeNull()
      }
    }
    for (const token of [
      good.replace(/[^.]*$/, ''),
      good.replace(/\.[^.]*$/, ''),
      `${good}.`,
      `${good}.${signature}`,
    ]) {
      expect(await tokens.verifyAccess(token)).toBeNull()
    }
  })

  it('refuse a token signed with a public key as secret (B3)', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    for (const text of [pem, pem.trim(), secret, '']) {
      expect(await tokens.verifyAccess(forged({}, {}, Buffer.from(text)))).toBeNull()
    }
  })

  it('refuse other key ids, whatever they say (B4)', async () => {
    const ids = ['../../dev/null', "x' OR '1'='1", 'k'.repeat(10_240), '', 'unknown', undefined, null, { a: 1 }]
    for (const kid of ids) {
      expect(await tokens.verifyAccess(forged({}, { kid }))).toBeNull()
      expect(await tokens.verifyAccess(forged({}, { kid }, Buffer.alloc(0)))).toBeNull()
    }
  })

  it('refuse headers that bring or name a key, and fetch nothing (B5)', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch')
    const jwk = createSecretKey(key).export({ format: 'jwk' })
    const headers = [
      { jku: 'https://attacker.example/jwks' },
      { x5u: 'https://attacker.example/x5u' },
      { jwk },
      { x5c: ['MIIB'] },
      { crit: ['exp'], exp: 1 },
      { crit: [] },
      { b64: false, crit: ['b64'] },
      { zip: 'DEF' },
      { cty: 'JWT' },
    ]
    for (const header of headers) expect(await tokens.verifyAccess(forged({}, header))).toBeNull()
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })

  it.each([
    ['iat in the future', () => ({ iat: now() + 10, exp: now() + 900 })],
    ['nbf in the future', () => ({ nbf: now() + 10 })],
    ['nbf as text', () => ({ nbf: String(now()) })],
    ['no exp', () => ({ exp: undefined })],
    ['no iat', () => ({ iat: undefined })],
    ['no sub', () => ({ sub: undefined })],
    ['no tid', () => ({ tid: undefined })],
    ['no sid', () => ({ sid: undefined })],
    ['exp as text', () => ({ exp: String(now() + 900) })],
    ['iat as text', () => ({ iat: String(now()) })],
    ['exp null', () => ({ exp: null })],
    ['exp as list', () => ({ exp: [now() + 900] })],
    ['exp of 1e18', () => ({ exp: 1e18 })],
    ['exp beyond an hour after iat', () => ({ exp: now() + 3602 })],
    ['exp in milliseconds', () => ({ exp: Date.now() + 900_000 })],
    ['exp before iat', () => ({ iat: now() + 4, exp: now() + 2 })],
    ['exp with a fraction', () => ({ exp: now() + 900.5 })],
    ['iat negative', () => ({ iat: -1 })],
    ['iat long ago', () => ({ iat: now() - 86_400 })],
    ['tid as list', () => ({ tid: [who.tenantId] })],
    ['sub that is no UUID', () => ({ sub: "' OR 1=1" })],
    ['sid in upper case', () => ({ sid: who.sessionId.toUpperCase() })],
  ])('refuse %s (B6)', async (_, other) => {
    expect(await tokens.verifyAccess(forged(other()))).toBeNull()
  })

  it.each([
    ['issuer', { iss: 'atrium-staging' }],
    ['issuer as list', { iss: ['atrium'] }],
    ['no issuer', { iss: undefined }],
    ['audience', { aud: 'atrium-admin' }],
    ['audiences beside ours', { aud: ['atrium-api', 'atrium-admin'] }],
    ['no audience', { aud: undefined }],
  ])('refuse another %s (B7)', async (_, other) => {
    expect(await tokens.verifyAccess(forged(other))).toBeNull()
  })

  it('refuse tokens of another kind or another deployment (B7)', async () => {
    for (const typ of ['JWT', 'jwt', 'AT+JWT', 'application/at+jwt', 'rt+jwt', undefined]) {
      expect(await tokens.verifyAccess(forged({}, { typ }))).toBeNull()
    }
    const staging = createTokens({ secret: `${secret} of staging` })
    expect(await tokens.verifyAccess((await staging.signAccess(who)).token)).toBeNull()
    const reset = deriveKey(secret, 'atrium password reset v1')
    expect(await tokens.verifyAccess(forged({}, {}, reset))).toBeNull()
    expect(await tokens.verifyAccess(tokens.newRefresh(newId(), 0).token)).toBeNull()
    const other = createTokens({ secret, issuer: 'atrium-eu', audience: 'atrium-eu-api' })
    expect(await tokens.verifyAccess((await other.signAccess(who)).token)).toBeNull()
  })

  it('refuse a token with any one character changed', async () => {
    const good = forged()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < good.length; at++) {
      const next = alphabet[(alphabet.indexOf(good[at]!) + 1) % 64]!
      for (const character of [next, '.', '=', ' ']) {
        if (character === good[at]) continue
        const changed = good.slice(0, at) + character + good.slice(at + 1)
        if ((await tokens.verifyAccess(changed)) !== null) throw new Error(`taken with ${character} at ${at}`)
      }
    }
  })

  it('refuse what is no token', async () => {
    const good = forged()
    const [head = '', body = '', signature = ''] = good.split('.')
    const sign = (payload: string) => {
      const text = `${head}.${Buffer.from(payload).toString('base64url')}`
      return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
    }
    const texts = ['', '.', '..', '...', 'x', head, `${head}.`, `${head}..${signature}`, `${head}.${body}`, `.${body}.`]
    const payloads = ['', 'null', '[]', '"x"', '1', '{', '{"exp":1', '\ufeff{}', '{"__proto__":{"exp":1}}']
    for (const text of [...texts, ` ${good}`, `${good}\n`, `Bearer ${good}`, `${good}=`]) {
      expect(await tokens.verifyAccess(text)).toBeNull()
    }
    for (const payload of payloads) expect(await tokens.verifyAccess(sign(payload))).toBeNull()
  })

  it('refuse more than 4 kB before any cryptography, even if signed with the right key', async () => {
    const long = forged({ pad: 'x'.repeat(4096) })
    const verify = jest.spyOn(crypto.subtle, 'verify')
    expect(await tokens.verifyAccess(long)).toBeNull()
    const start = performance.now()
    for (let i = 0; i < 1000; i++) await tokens.verifyAccess(header.kid + 'x'.repeat(1 << 20))
    expect(performance.now() - start).toBeLessThan(500)
    expect(verify).not.toHaveBeenCalled()
    expect(await tokens.verifyAccess(forged({ pad: 'x'.repeat(2000) }))).toEqual(who)
    expect(verify).toHaveBeenCalledTimes(1)
    verify.mockRestore()
  })

  it('are not signed for anything but UUIDs', async () => {
    await expect(tokens.signAccess({ ...who, tenantId: '' })).rejects.toThrow('tenantId')
    await expect(tokens.signAccess({ ...who, userId: 'user_01h455vb4pex5vsknk084sn02q' })).rejects.toThrow('userId')
    await expect(tokens.signAccess({ ...who, sessionId: who.sessionId.toUpperCase() })).rejects.toThrow('sessionId')
  })
})

describe('createTokens', () => {
  it('refuses a short secret and a life that verification would refuse', () => {
    expect(() => createTokens({ secret: 'short' })).toThrow('32 characters')
    for (const accessSeconds of [0, -1, 1.5, 3601, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createTokens({ secret, accessSeconds })).toThrow('accessSeconds')
    }
  })

  it('takes the longest life', async () => {
    const long = createTokens({ secret, accessSeconds: 3600 })
    expect(await long.verifyAccess((await long.signAccess(who)).token)).toEqual(who)
  })
})

describe('refresh tokens', () => {
  const sessionId = newId()
  const { token, hash } = tokens.newRefresh(sessionId, 7)

  it('say which session they belong to and which of its tokens they are, to every process with the same secret', () => {
    expect(token).toMatch(/^atr_refresh_[\w-]{80}$/)
    expect(hash).toHaveLength(32)
    for (const one of [tokens, createTokens({ secret })])
      expect(one.readRefresh(token)).toEqual({ sessionId, counter: 7, hash })
    expect(tokens.readRefresh(tokens.newRefresh(sessionId, 0xffff_ffff).token)?.counter).toBe(0xffff_ffff)
  })

  it('are different each time, though session and number are the same', () => {
    expect(new Set(Array.from({ length: 1000 }, () => tokens.newRefresh(sessionId, 7).token)).size).toBe(1000)
  })

  it('are not ours when one letter differs, when cut, lengthened, of another secret or in another spelling', () => {
    const body = token.slice('atr_refresh_'.length)
    for (let place = 0; place < body.length; place++) {
      const other = body[place] === 'A' ? 'B' : 'A'
      expect(tokens.readRefresh(`atr_refresh_${body.slice(0, place)}${other}${body.slice(place + 1)}`)).toBeNull()
    }
    const others = [
      '',
      body,
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      token.toUpperCase(),
      `atr_refresh_${'A'.repeat(80)}`,
      createTokens({ secret: `${secret}.` }).newRefresh(sessionId, 7).token,
    ]
    for (const other of others) expect(tokens.readRefresh(other)).toBeNull()
    expect(tokens.readRefresh(token)).not.toBeNull()
  })

  it('are made for sessions and numbers only', () => {
    expect(() => tokens.newRefresh('x', 0)).toThrow('sessionId')
    for (const counter of [-1, 0.5, 2 ** 32, Number.NaN])
      expect(() => tokens.newRefresh(sessionId, counter)).toThrow('counter')
  })
})

describe('what is counted and what is sealed', () => {
  it('stands under keys that only this deployment can make', () => {
    const other = createTokens({ secret: `${secret}.` })
    expect(tokens.attemptKey('account:acme:a@b.example')).toHaveLength(32)
    expect(tokens.attemptKey('account:acme:a@b.example')).toEqual(tokens.attemptKey('account:acme:a@b.example'))
    expect(tokens.attemptKey('account:acme:a@b.example')).not.toEqual(other.attemptKey('account:acme:a@b.example'))
    const [one, two] = [newTotpSecret(), newTotpSecret()]
    expect(hashRecovery(one, 'code', 'a')).not.toEqual(hashRecovery(one, 'code', 'b'))
    expect(hashRecovery(one, 'code', 'a')).not.toEqual(hashRecovery(two, 'code', 'a'))
  })

  it('opens for whom it was sealed alone, and not when a bit of it changed', () => {
    const sealed = tokens.vault.seal('SECRET', 'tenant user')
    expect(sealed.toString('latin1')).not.toContain('SECRET')
    expect(tokens.vault.seal('SECRET', 'tenant user')).not.toEqual(sealed)
    expect(tokens.vault.open(sealed, 'tenant user')).toBe('SECRET')
    expect(() => tokens.vault.open(sealed, 'tenant other')).toThrow()
    expect(() => createTokens({ secret: `${secret}.` }).vault.open(sealed, 'tenant user')).toThrow()
    for (const place of [0, 7, 19, sealed.length - 1]) {
      const bent = Buffer.from(sealed)
      bent[place] = (bent[place] as number) ^ 1
      expect(() => tokens.vault.open(bent, 'tenant user')).toThrow()
    }
  })
})

describe('deriveKey', () => {
  it('gives the same key for the same label, others for others, of the length asked for', () => {
    expect(deriveKey(secret, 'a')).toEqual(deriveKey(secret, 'a'))
    expect(deriveKey(secret, 'a')).toHaveLength(32)
    expect(deriveKey(secret, 'a', 64)).toHaveLength(64)
    expect(deriveKey(secret, 'a')).not.toEqual(deriveKey(secret, 'b'))
    expect(deriveKey(secret, 'a')).not.toEqual(deriveKey(`${secret}.`, 'a'))
  })

  it('is HKDF-SHA256 of RFC 5869 without salt', () => {
    const inner = createHmac('sha256', Buffer.alloc(32)).update(secret).digest()
    const first = createHmac('sha256', inner).update('a\x01').digest()
    expect(deriveKey(secret, 'a')).toEqual(first)
  })

  it('refuses a short secret without repeating it, and a missing label', () => {
    expect(() => deriveKey('hunter2'.repeat(4), 'a')).toThrow('secret must have at least 32 characters, it has 28.')
    expect(() => deriveKey('', 'a')).toThrow('secret')
    expect(() => deriveKey(secret, '')).toThrow('label')
  })
})

/** A token signed with the right key, its claims and header changed as told; undefined leaves one out. */
function forged(otherClaims: object = {}, otherHeader: object = {}, signer: Buffer = key): string {
  const times = { iat: now(), exp: now() + 900 }
  const text = [
    { ...header, ...otherHeader },
    { ...claims, ...times, ...otherClaims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createHmac('sha256', signer).update(text).digest('base64url')}`
}

async function partsOf(signed: Promise<{ token: string }>) {
  const [header, claims] = (await signed).token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  return { header: JSON.parse(header!) as { kid: string }, claims: JSON.parse(claims!) as object }
}
