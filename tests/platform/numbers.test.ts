import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { recordType } from '../../src/read/recordType.ts'
import { formatNumber, type Numbering, periodOf } from '../../src/resolvers/platform/numbers.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import { openWrites, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

const RULE: Numbering = {
  parts: [
    { kind: 'TEXT', text: 'HT-' },
    { kind: 'DATE', format: 'YYYYMM' },
    { kind: 'TEXT', text: '-' },
    { kind: 'SEQUENCE' },
  ],
  pad: 4,
  resetPeriod: 'MONTH',
  firstValue: 1,
  allowManual: false,
}

describe('a number', () => {
  it('is text, day and sequence in the order of the rule', () => {
    expect(formatNumber(RULE, 7n, '2026-11-22')).toBe('HT-202611-0007')
    expect(formatNumber({ ...RULE, pad: 1 }, 12345n, '2026-11-22')).toBe('HT-202611-12345')
    const as = (format: NonNullable<Numbering['parts'][number]['format']>) =>
      formatNumber({ ...RULE, parts: [{ kind: 'DATE', format }] }, 1n, '2026-11-22')
    expect([as('YYYY'), as('YY'), as('YYMM'), as('YYYYMMDD'), as('YYMMDD')]).toEqual([
      '2026',
      '26',
      '2611',
      '20261122',
      '261122',
    ])
  })

  it('never comes twice from different places of the sequence, in one period or several', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('NEVER' as const, 'YEAR' as const, 'MONTH' as const, 'DAY' as const),
        fc.array(fc.tuple(fc.constantFrom('2026-11-22', '2026-11-23', '2026-12-22', '2027-11-22'), fc.nat(99_999)), {
          maxLength: 40,
        }),
        (resetPeriod, places) => {
          const rule: Numbering = {
            ...RULE,
            resetPeriod,
            parts: [{ kind: 'DATE', format: 'YYMMDD' }, { kind: 'TEXT', text: '/' }, { kind: 'SEQUENCE' }],
          }
          const keys = new Map<string, string>()
          for (const [day, value] of places) {
            const place = `${periodOf(resetPeriod, day)} ${value}`
            const number = formatNumber(rule, BigInt(value), day)
            // The same place on another day of the period is not given twice: the counter has moved on.
            if (keys.has(number)) expect(keys.get(number)).toBe(place)
            keys.set(number, place)
          }
        },
      ),
    )
  })
})

describe('a rule of numbers', () => {
  const rule = (input: Record<string, unknown>) =>
    writes.refused('NumberRule', { object: 'OPPORTUNITY', pad: 5, firstValue: 1, allowManual: true, ...input })
  const sequence = { kind: 'SEQUENCE' }

  it('has one sequence, and texts and formats where they belong', async () => {
    expect(await rule({ parts: [{ kind: 'TEXT', text: 'A' }] })).toEqual(['VALIDATION_FAILED parts'])
    expect(await rule({ parts: [sequence, sequence] })).toEqual(['VALIDATION_FAILED parts'])
    expect(await rule({ parts: [sequence, { kind: 'TEXT' }] })).toEqual(['VALIDATION_FAILED parts.text'])
    expect(await rule({ parts: [sequence, { kind: 'DATE' }] })).toEqual(['VALIDATION_FAILED parts.format'])
    expect(await rule({ parts: [{ ...sequence, text: 'A' }] })).toEqual(['VALIDATION_FAILED parts.text'])
  })

  it('that begins anew tells its periods apart', async () => {
    const dated = (format: string) => [{ kind: 'DATE', format }, sequence]
    expect(await rule({ parts: [sequence], resetPeriod: 'YEAR' })).toEqual(['VALIDATION_FAILED resetPeriod'])
    expect(await rule({ parts: dated('YYYY'), resetPeriod: 'MONTH' })).toEqual(['VALIDATION_FAILED resetPeriod'])
    expect(await rule({ parts: dated('YYMM'), resetPeriod: 'DAY' })).toEqual(['VALIDATION_FAILED resetPeriod'])
  })
})

describe('opportunities with a rule', () => {
  const numbers = async (...ids: string[]) => {
    const rows = await writes.rows<{ number: string | null }>(
      'SELECT number FROM opportunity WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY number',
      ids,
    )
    return rows.map(({ number }) => number)
  }
  const deals = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `Deal ${index}` }))
  let ruleId: string

  it('have none before there is one, then the next ones, also when made together', async () => {
    expect(await numbers(...(await writes.create('Opportunity', ...deals(1))))).toEqual([null])
    const parts = [{ kind: 'TEXT', text: 'OPP-' }, { kind: 'SEQUENCE' }]
    const [id] = await writes.create('NumberRule', {
      object: 'OPPORTUNITY',
      parts,
      pad: 3,
      firstValue: 9,
      allowManual: true,
      resetPeriod: 'NEVER',
    })
    ruleId = id as string
    expect(await numbers(...(await writes.create('Opportunity', ...deals(3))))).toEqual([
      'OPP-009',
      'OPP-010',
      'OPP-011',
    ])
  })

  it('may bring one of their own, which the sequence leaves out, and which nobody else has', async () => {
    await writes.create('Opportunity', { name: 'Old', number: 'OPP-012' })
    expect(await numbers(...(await writes.create('Opportunity', ...deals(2))))).toEqual(['OPP-013', 'OPP-014'])
    expect(await writes.refused('Opportunity', { name: 'Again', number: 'OPP-012' })).toEqual(['NUMBER_TAKEN number'])
    expect(await writes.refused('Opportunity', { name: 'A', number: 'X-1' }, { name: 'B', number: 'X-1' })).toEqual([
      'NUMBER_TAKEN number',
    ])
    const [id] = await writes.create('Opportunity', ...deals(1))
    expect(await writes.updateRefused('Opportunity', id as string, { number: 'OPP-012' })).toEqual([
      'NUMBER_TAKEN number',
    ])
    await writes.update('Opportunity', id as string, { number: 'OPP-015' })
    expect(await writes.updateRefused('Opportunity', id as string, { number: null })).toEqual([
      'VALIDATION_FAILED number',
    ])
  })

  it('may not where the rule says so', async () => {
    await writes.update('NumberRule', ruleId, { allowManual: false })
    expect(await writes.refused('Opportunity', { name: 'Own', number: 'MINE-1' })).toEqual(['VALIDATION_FAILED number'])
  })

  it('that are made at the same time get different ones, and a refused one gives its number back', async () => {
    const type = recordType('Opportunity')
    const before = (await numbers(...(await writes.create('Opportunity', ...deals(1)))))[0] as string
    expect(await writes.refused('Opportunity', { name: 'Good' }, { name: 'Bad', probability: 200 })).toHaveLength(1)
    const made = await Promise.all(
      Array.from({ length: 12 }, () => writes.write((context) => createRecords(context, type, deals(2)))),
    )
    const given = await numbers(...made.flat().map(({ id }) => id as string))
    const first = Number(before.slice(4)) + 1
    expect(given).toEqual(Array.from({ length: 24 }, (_, index) => `OPP-${String(first + index).padStart(3, '0')}`))
  })
})
