import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createCursors } from '../../src/read/cursor.ts'

const cursors = createCursors(randomBytes(32))
const values = ['2026-01-05T10:11:12.123Z', null, '株式会社', '01890a5d-ac96-774b-bcce-b302099a8057']
const bound = 'acme accounts name:asc'

describe('cursors', () => {
  it('give back what was sealed, for the same bound only', () => {
    const texts = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 60 })), { maxLength: 6 })
    fc.assert(
      fc.property(texts, fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (row, mine, theirs) => {
        const cursor = cursors.seal(row, mine)
        expect(cursor).toMatch(/^[\w-]+$/)
        expect(cursors.open(cursor, mine)).toEqual(row)
        if (mine !== theirs) expect(cursors.open(cursor, theirs)).toBeNull()
      }),
      { numRuns: 2000 },
    )
  })

  it('show no value and never look the same twice', () => {
    const one = cursors.seal(values, bound)
    expect(one).not.toBe(cursors.seal(values, bound))
    const bytes = Buffer.from(one, 'base64url').toString('latin1')
    for (const word of ['2026', '0189', 'null', Buffer.from('株').toString('latin1')]) expect(bytes).not.toContain(word)
    expect(new Set(Array.from({ length: 5000 }, () => cursors.seal([], '').slice(0, 16))).size).toBe(5000)
  })

  it('open in another process with the same key, not with another', () => {
    const key = randomBytes(32)
    const cursor = createCursors(key).seal(values, bound)
    expect(createCursors(Buffer.from(key)).open(cursor, bound)).toEqual(values)
    expect(cursors.open(cursor, bound)).toBeNull()
  })

  it('do not open with any one character changed, cut or added', () => {
    const cursor = cursors.seal(values, bound)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < cursor.length; at++) {
      expect(cursors.open(cursor.slice(0, at), bound)).toBeNull()
      for (const character of [alphabet[(alphabet.indexOf(cursor[at]!) + 1) % 64]!, '+', '/', '=', ' ', '.', '株']) {
        const head = cursor.slice(0, at) + character
        expect(cursors.open(head + cursor.slice(at + 1), bound)).toBeNull()
        expect(cursors.open(head + cursor.slice(at), bound)).toBeNull()
      }
    }
    expect(cursors.open(`${cursor}=`, bound)).toBeNull()
    expect(cursors.open(`${cursor}\n`, bound)).toBeNull()
  })

  it('do not open from foreign texts', () => {
    const json = Buffer.from(JSON.stringify(values)).toString('base64url')
    for (const text of ['', 'x', '====', json, 'arrayconnection:0', randomBytes(28).toString('base64url')]) {
      expect(cursors.open(text, bound)).toBeNull()
    }
    fc.assert(fc.property(fc.base64String(), (text) => cursors.open(text, bound) === null))
  })

  it('refuse more than 4 kB, to open at once and to seal with a sentence', () => {
    const text = 'A'.repeat(1 << 20)
    const start = performance.now()
    for (let i = 0; i < 10_000; i++) cursors.open(text, bound)
    expect(performance.now() - start).toBeLessThan(500)
    expect(() => cursors.seal(['x'.repeat(3100)], bound)).toThrow('too long')
    const most = ['x'.repeat(3000)]
    expect(cursors.open(cursors.seal(most, bound), bound)).toEqual(most)
  })

  it('need a key of 32 bytes', () => {
    for (const bytes of [0, 16, 31, 33]) expect(() => createCursors(Buffer.alloc(bytes))).toThrow('32 bytes')
  })
})
