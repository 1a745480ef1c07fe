import { describe, expect, it, jest } from '@jest/globals'
import { hashPassword, passwordProblem, verifyPassword } from '../../src/access/password.ts'

const good = 'correct horse battery'

describe('passwordProblem', () => {
  it.each([
    ['ten characters', 'kf83-Zq!x0'],
    ['128 characters', 'ab'.repeat(64)],
    ['a Chinese sentence', '我家的猫每天早上五点叫我'],
    ['128 characters of two units each', '😀😁'.repeat(64)],
    ['spaces at the ends', '  kf83 Zq  '],
  ])('takes %s', (_, text) => {
    expect(passwordProblem(text)).toBeNull()
  })

  it.each([
    ['nothing', '', 'at least 10'],
    ['nine characters', 'kf83-Zq!x', 'at least 10'],
    ['nine characters of two units each', '😀😁😂😀😁😂😀😁😂', 'at least 10'],
    ['nine characters written as eighteen', `${'e\u0301'.repeat(8)}a`, 'at least 10'],
    ['129 characters', `${'ab'.repeat(64)}c`, 'at most 128'],
    ['few that NFKC makes many', '\ufdfa'.repeat(10), 'at most 128'],
    ['a megabyte', 'ab'.repeat(1 << 19), 'at most 128'],
    ['one character again and again', 'aaaaaaaaaaaaaa', 'repeat'],
    ['one emoji again and again', '😀'.repeat(12), 'repeat'],
    ['a common one', 'password123', 'common'],
    ['a common one in capitals', 'QWERTYUIOP', 'common'],
    ['a common one in full width', '\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10', 'common'],
    ['half of a character', `kf83-Zq!x0\ud83d`, 'half'],
  ])('refuses %s', (_, text, word) => {
    expect(passwordProblem(text)).toContain(word)
  })
})

describe('hashPassword and verifyPassword', () => {
  it('store argon2id with the parameters of OWASP and a salt of its own', async () => {
    const [one, two] = await Promise.all([hashPassword(good), hashPassword(good)])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(one).not.toBe(two)
    expect(await verifyPassword(one, good)).toBe(true)
    expect(await verifyPassword(two, good)).toBe(true)
  })

  it('tell other passwords apart, after the 72nd byte too', async () => {
    const long = 'ab'.repeat(60)
    const stored = await hashPassword(`${long}1`)
    expect(await verifyPassword(stored, `${long}1`)).toBe(true)
    for (const other of [`${long}2`, long, long.slice(0, 72), '', `${long}1\0`, `${long}1 `]) {
      expect(await verifyPassword(stored, other)).toBe(false)
    }
  })

  it('do not stop at a zero character', async () => {
    const stored = await hashPassword('kf83\0-Zq!x0')
    expect(await verifyPassword(stored, 'kf83\0-Zq!x0')).toBe(true)
    expect(await verifyPassword(stored, 'kf83\0-Zq!x1')).toBe(false)
  })

  it('know a password however the keyboard writes it', async () => {
    const stored = await hashPassword('pässwörter-2026')
    expect(await verifyPassword(stored, 'pa\u0308sswo\u0308rter-2026')).toBe(true)
    expect(await verifyPassword(stored, 'pässwörter-\uff12\uff10\uff12\uff16')).toBe(true)
    expect(await verifyPassword(stored, 'passworter-2026')).toBe(false)
    const apart = await hashPassword('pa\u0308sswo\u0308rter-2026')
    expect(await verifyPassword(apart, 'pässwörter-2026')).toBe(true)
  })

  it('do not store a password that has a problem, and do not repeat it', async () => {
    for (const bad of ['short', 'password123', 'ab'.repeat(65), `kf83-Zq!x0\ud83d`]) {
      const error = await hashPassword(bad).catch((caught: Error) => caught)
      expect(error).toBeInstanceOf(RangeError)
      expect(String(error)).not.toContain(bad)
    }
  })

  it('take half characters for no match, though UTF-8 would write them alike', async () => {
    const stored = await hashPassword('kf83-Zq!x0\ufffd')
    expect(await verifyPassword(stored, 'kf83-Zq!x0\ud83d')).toBe(false)
    expect(await verifyPassword(stored, 'kf83-Zq!x0\ufffd')).toBe(true)
  })

  it('refuse a megabyte at once', async () => {
    const stored = await hashPassword(good)
    const text = 'x'.repeat(1 << 20)
    const start = performance.now()
    for (let i = 0; i < 1000; i++) expect(await verifyPassword(stored, text)).toBe(false)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it('answer false without a hash, and take as long as with one', async () => {
    const stored = await hashPassword(good)
    const known: number[] = []
    const unknown: number[] = []
    for (let i = 0; i < 25; i++) {
      known.push(await timed(() => verifyPassword(stored, 'wrong horse battery')))
      unknown.push(await timed(() => verifyPassword(null, 'wrong horse battery')))
    }
    const ratio = Math.min(...unknown) / Math.min(...known)
    expect(ratio).toBeGreaterThan(0.7)
    expect(ratio).toBeLessThan(1.4)
    expect(await verifyPassword(null, good)).toBe(false)
  })

  it('say that a stored hash is broken instead of refusing the user', async () => {
    await expect(verifyPassword('no hash', good)).rejects.toThrow()
  })
})

describe('the queue', () => {
  it('runs two hashes at a time in the order of asking, and goes on after a failure', async () => {
    let running = 0
    let most = 0
    const started: string[] = []
    const ends: (() => void)[] = []
    async function slow(password: string) {
      started.push(password)
      most = Math.max(most, ++running)
      await new Promise<void>((end) => ends.push(end))
      running--
      if (password.startsWith('broken')) throw new Error('broken')
      return 'hash'
    }
    jest.resetModules()
    jest.unstable_mockModule('@node-rs/argon2', () => ({
      hash: slow,
      verify: (_: string, password: string) => slow(password),
    }))
    const mocked = await import('../../src/access/password.ts')
    const names = ['first one of six', 'broken one of six', 'third one of six', 'broken four of six', 'fifth', 'sixth']
    const all = names.map((name, i) => (i < 4 ? mocked.hashPassword(name) : mocked.verifyPassword(null, name)))
    const settled = Promise.allSettled(all)
    for (let done = 0; done < names.length; done++) {
      while (ends.length <= done) await new Promise((tick) => setImmediate(tick))
      expect(started.length).toBeLessThanOrEqual(done + 2)
      ends[done]!()
    }
    const outcome = (await settled).map(({ status }) => status)
    expect(outcome).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(started).toEqual(names)
    expect(most).toBe(2)
  })
})

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
