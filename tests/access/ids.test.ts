import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fromString, fromUUID, toUUIDBytes } from 'typeid-js'
import { decodeId, encodeId, isUuid, newId } from '../../src/ids.ts'

const letters = 'abcdefghijklmnopqrstuvwxyz'
const prefixes = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...letters, '_'), maxLength: 61 }),
    fc.constantFrom(...letters),
  )
  .map((parts) => parts.join(''))
const uuids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  const hex = Buffer.from(bytes).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
})
const suffix = '01h455vb4pex5vsknk084sn02q'

describe('newId', () => {
  it('makes UUIDs of version 7 that carry the time', () => {
    const before = Date.now()
    const id = newId()
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const made = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
    expect(made).toBeGreaterThanOrEqual(before)
    expect(made).toBeLessThanOrEqual(Date.now())
  })

  it('makes each greater than the one before, as UUIDs and as TypeIDs', () => {
    const ids = Array.from({ length: 50_000 }, newId)
    const outside = ids.map((id) => encodeId('acct', id))
    for (let i = 1; i < ids.length; i++) {
      if (ids[i - 1]! >= ids[i]! || outside[i - 1]! >= outside[i]!) throw new Error(`not in order at ${i}: ${ids[i]}`)
    }
  })
})

describe('encodeId and decodeId', () => {
  it('know the example of the specification', () => {
    expect(encodeId('acct', '01890a5d-ac96-774b-bcce-b302099a8057')).toBe(`acct_${suffix}`)
    expect(decodeId(`acct_${suffix}`)).toEqual({ prefix: 'acct', uuid: '01890a5d-ac96-774b-bcce-b302099a8057' })
  })

  it('write what typeid-js writes and read it back', () => {
    fc.assert(
      fc.property(prefixes, uuids, (prefix, uuid) => {
        const id = encodeId(prefix, uuid)
        expect(id).toBe(fromUUID(uuid, prefix))
        expect(decodeId(id)).toEqual({ prefix, uuid })
        expect(Buffer.from(toUUIDBytes(id as ReturnType<typeof fromUUID>)).toString('hex')).toBe(
          uuid.replaceAll('-', ''),
        )
      }),
      { numRuns: 3000 },
    )
  })

  it('read and refuse the same texts as typeid-js, except that a prefix is needed', () => {
    const unit = fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyzABZ_-é ')
    const near = fc
      .tuple(prefixes, uuids, fc.nat(), unit, fc.integer({ min: 0, max: 2 }))
      .map(([prefix, uuid, place, character, cut]) => {
        const id = encodeId(prefix, uuid)
        const at = place % id.length
        return id.slice(0, at) + character + id.slice(at + cut)
      })
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit, maxLength: 95 }), fc.string()), (text) => {
        expect(decodeId(text) !== null).toBe(text.includes('_') && oracle(text))
        const read = decodeId(text)
        if (read) expect(encodeId(read.prefix, read.uuid)).toBe(text)
      }),
      { numRuns: 5000 },
    )
  })

  it('reach the ends of 128 bits', () => {
    const zero = '00000000-0000-0000-0000-000000000000'
    const most = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
    expect(encodeId('a', zero)).toBe(`a_${'0'.repeat(26)}`)
    expect(encodeId('a', most)).toBe(`a_7${'z'.repeat(25)}`)
    expect(decodeId(`a_7${'z'.repeat(25)}`)?.uuid).toBe(most)
    expect(decodeId(`a_8${'0'.repeat(25)}`)).toBeNull()
  })

  it.each([
    ['nothing', ''],
    ['a separator alone', '_'],
    ['no prefix', suffix],
    ['an empty prefix', `_${suffix}`],
    ['a prefix that begins with _', `_acct_${suffix}`],
    ['a prefix that ends with _', `acct__${suffix}`],
    ['a prefix in upper case', `Acct_${suffix}`],
    ['a prefix with a digit', `acct2_${suffix}`],
    ['a prefix with a letter that is not ASCII', `аcct_${suffix}`],
    ['a prefix of 64 letters', `${'a'.repeat(64)}_${suffix}`],
    ['another separator', `acct-${suffix}`],
    ['upper case', `acct_${suffix.toUpperCase()}`],
    ['25 characters', `acct_${suffix.slice(1)}`],
    ['27 characters', `acct_0${suffix}`],
    ['i, l, o and u', 'acct_01h455vb4pexilousnk084sn02'],
    ['a letter beyond the table', `acct_${suffix.slice(0, 25)}ı`],
    ['full width digits', `acct_${suffix.slice(0, 25)}\uff12`],
    ['a line break at the end', `acct_${suffix}\n`],
    ['a plain UUID', '01890a5d-ac96-774b-bcce-b302099a8057'],
  ])('read null from %s', (_, text) => {
    expect(decodeId(text)).toBeNull()
  })

  it('take a prefix of 63 letters', () => {
    expect(decodeId(`${'a'.repeat(63)}_${suffix}`)?.prefix).toBe('a'.repeat(63))
  })

  it('refuse a megabyte without reading it', () => {
    const text = `${'a'.repeat(1 << 20)}_${suffix}`
    const start = performance.now()
    for (let i = 0; i < 10_000; i++) decodeId(text)
    expect(performance.now() - start).toBeLessThan(500)
  })

  it.each([
    ['', newId()],
    ['Acct', newId()],
    ['acct_', newId()],
    ['a'.repeat(64), newId()],
  ])('do not write the prefix %j', (prefix, uuid) => {
    expect(() => encodeId(prefix, uuid)).toThrow('prefix')
  })

  it.each([
    '',
    'x',
    '01890A5D-AC96-774B-BCCE-B302099A8057',
    '01890a5dac96774bbcceb302099a8057',
    '01890a5d-ac96-774b-bcce-b302099a805g',
  ])('do not write the uuid %j', (uuid) => {
    expect(isUuid(uuid)).toBe(false)
    expect(() => encodeId('acct', uuid)).toThrow('uuid')
  })
})

/** Whether typeid-js takes the text. */
function oracle(text: string): boolean {
  try {
    fromString(text)
    return true
  } catch {
    return false
  }
}
