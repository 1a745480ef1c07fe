import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { hashApiKey, newApiKey, parseApiKey } from '../../src/access/apiKey.ts'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('newApiKey', () => {
  it.each(['live', 'test'] as const)('makes a %s key that parses to its kind and hash', (kind) => {
    const { key, prefix, last4, hash } = newApiKey(kind)
    expect(key).toMatch(new RegExp(`^atr_${kind}_[0-9A-Za-z]{22}_[0-9A-Za-z]{6}$`))
    expect(key.startsWith(prefix)).toBe(true)
    expect(prefix).toHaveLength(12)
    expect(key.endsWith(last4)).toBe(true)
    expect(last4).toHaveLength(4)
    expect(parseApiKey(key)).toEqual({ kind, hash })
  })

  it('uses all 62 letters alike and never gives a key twice', () => {
    const keys = Array.from({ length: 20_000 }, () => newApiKey('live').key)
    expect(new Set(keys).size).toBe(keys.length)
    const counts = new Map<string, number>()
    for (const key of keys) for (const letter of key.slice(9, 31)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    const expected = (keys.length * 22) / 62
    let chiSquare = 0
    for (const letter of base62) chiSquare += ((counts.get(letter) ?? 0) - expected) ** 2 / expected
    // 61 degrees of freedom: beyond 137 once in ten million; `byte % 62` would give some 3,000.
    expect(chiSquare).toBeLessThan(137)
  })

  it('stores 32 bytes of SHA-256, not the key', () => {
    const { key, hash } = newApiKey('test')
    expect(hash).toEqual(createHash('sha256').update(key).digest())
    expect(hashApiKey(key)).toEqual(hash)
  })
})

describe('parseApiKey', () => {
  it('knows a key made by hand, with the checksum of everything before the last underscore', () => {
    // CRC-32 of "atr_live_0123456789ABCDEFGHIJKL", computed bit by bit below.
    const body = 'atr_live_0123456789ABCDEFGHIJKL'
    expect(parseApiKey(`${body}_${sumOf(body)}`)?.kind).toBe('live')
  })

  it('refuses a key with any one character changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: 37 }), fc.constantFrom(...base62, '_', '-', ' ', 'é'), (at, character) => {
        const { key } = newApiKey('live')
        fc.pre(key[at] !== character)
        expect(parseApiKey(key.slice(0, at) + character + key.slice(at + 1))).toBeNull()
      }),
      { numRuns: 10_000 },
    )
  })

  it('refuses a live key called a test key, and neighbours swapped', () => {
    const { key } = newApiKey('live')
    expect(parseApiKey(key.replace('live', 'test'))).toBeNull()
    for (let at = 9; at < 30; at++) {
      if (key[at] === key[at + 1]) continue
      expect(parseApiKey(key.slice(0, at) + key[at + 1] + key[at] + key.slice(at + 2))).toBeNull()
    }
  })

  it('refuses other shapes', () => {
    const { key } = newApiKey('live')
    const others = ['', '_', 'atr_live_', ` ${key}`, `${key} `, `${key}\n`, key.slice(1), key.slice(0, -1), `${key}0`]
    for (const text of [...others, key.toUpperCase(), key.replace('live', 'prod'), key.replace('atr', 'abr')]) {
      expect(parseApiKey(text)).toBeNull()
    }
    fc.assert(fc.property(fc.string({ minLength: 38, maxLength: 38 }), (text) => parseApiKey(text) === null))
  })

  it('refuses a megabyte without reading it', () => {
    const text = `atr_live_${'a'.repeat(1 << 20)}`
    const start = performance.now()
    for (let i = 0; i < 10_000; i++) parseApiKey(text)
    expect(performance.now() - start).toBeLessThan(500)
  })
})

/** The checksum by the definition of CRC-32 (reflected, polynomial 0xEDB88320), independent of zlib. */
function sumOf(text: string): string {
  let crc = 0xffffffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let rest = BigInt((crc ^ 0xffffffff) >>> 0)
  let digits = ''
  while (digits.length < 6) {
    digits = base62[Number(rest % 62n)] + digits
    rest /= 62n
  }
  return digits
}
