import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { lineAmounts, minorUnit } from '../../src/resolvers/sales/amount.ts'

const line = {
  quantity: '1',
  unitPrice: '1000000',
  discountPct: null,
  discountAmount: null,
  taxRate: null,
  currency: 'USD',
}

describe('the amounts of a line', () => {
  it('are quantity × price, less discounts, plus tax', () => {
    expect(lineAmounts(line)).toEqual({ subtotal: 1_000_000n, discount: 0n, tax: 0n, total: 1_000_000n })
    // 2.5 × 100.00 = 250.00; − 10 % − 5.00 = 220.00; + 19 % = 261.80
    expect(
      lineAmounts({ ...line, quantity: '2.5', discountPct: '10', discountAmount: '50000', taxRate: '19' }),
    ).toEqual({ subtotal: 2_500_000n, discount: 300_000n, tax: 418_000n, total: 2_618_000n })
  })

  it('are rounded half up to the smallest unit of the currency', () => {
    const priced = (quantity: string, unitPrice: string, currency: string) =>
      lineAmounts({ ...line, quantity, unitPrice, currency }).subtotal
    expect(priced('0.5', '100', 'USD')).toBe(100n) // 0.005 → 0.01
    expect(priced('0.4999', '100', 'USD')).toBe(0n)
    expect(priced('1', '14999', 'JPY')).toBe(10_000n)
    expect(priced('1', '15000', 'JPY')).toBe(20_000n)
    expect(priced('1', '12345', 'KWD')).toBe(12_350n)
    expect([minorUnit('USD'), minorUnit('JPY'), minorUnit('KWD'), minorUnit('CLF')]).toEqual([100n, 10_000n, 10n, 1n])
  })

  it('go to the even neighbour where the company rounds as banks do', () => {
    const total = (unitPrice: string, quantity = '0.5') =>
      lineAmounts({ ...line, quantity, unitPrice }, 'HALF_EVEN').total
    // 0.005, 0.015, 0.025, 0.0251
    expect([total('100'), total('300'), total('500'), total('502')]).toEqual([0n, 200n, 200n, 300n])
  })

  it('are unknown without a price, and have no total when the discounts are larger than the subtotal', () => {
    expect(lineAmounts({ ...line, unitPrice: null })).toEqual({
      subtotal: null,
      discount: null,
      tax: null,
      total: null,
    })
    expect(lineAmounts({ ...line, discountAmount: '1000001' }).total).toBeNull()
    expect(lineAmounts({ ...line, discountPct: '100' }).total).toBe(0n)
  })

  it('take numbers as the database gives them and are exact beyond what a float holds', () => {
    expect(lineAmounts({ ...line, quantity: 0.0001, unitPrice: 1_000_000, discountPct: 12.5, taxRate: 7.125 })).toEqual(
      lineAmounts({ ...line, quantity: '0.0001', unitPrice: '1000000', discountPct: '12.50', taxRate: '7.125' }),
    )
    expect(lineAmounts({ ...line, quantity: '3', unitPrice: '900719925474099300' }).subtotal).toBe(
      2_702_159_776_422_297_900n,
    )
  })

  it('never differ from the exact value by more than half a unit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 ** 9 }),
        fc.integer({ min: 0, max: 10 ** 12 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom('USD', 'JPY', 'KWD'),
        (quantity, price, discount, tax, currency) => {
          const text = (value: number, digits: number) =>
            `${Math.floor(value / 10 ** digits)}.${String(value % 10 ** digits).padStart(digits, '0')}`
          const {
            subtotal,
            discount: cut,
            tax: taxed,
            total,
          } = lineAmounts({
            quantity: text(quantity, 4),
            unitPrice: String(price),
            discountPct: text(discount, 2),
            discountAmount: null,
            taxRate: text(tax, 3),
            currency,
          })
          const unit = minorUnit(currency)
          const off = (got: bigint, n: bigint, d: bigint) =>
            2n * (got * d - n > 0n ? got * d - n : n - got * d) <= unit * d
          expect(off(subtotal as bigint, BigInt(quantity) * BigInt(price), 10_000n)).toBe(true)
          expect(
            off(total as bigint, (subtotal as bigint) * BigInt(10_000 - discount) * BigInt(100_000 + tax), 10n ** 9n),
          ).toBe(true)
          expect((subtotal as bigint) - (cut as bigint) + (taxed as bigint)).toBe(total)
          expect((subtotal as bigint) % unit).toBe(0n)
          expect((total as bigint) % unit).toBe(0n)
        },
      ),
      { numRuns: 300 },
    )
  })
})
