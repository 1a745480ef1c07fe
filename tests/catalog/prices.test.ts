import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pricesFor } from '../../src/resolvers/catalog/prices.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

const money = (amount: string, currency = 'USD') => ({ amount, currency })
let made = 0
const product = async (input: Record<string, unknown> = {}) => {
  made += 1
  const [id] = await writes.create('Product', { code: `P-${made}`, name: '车床 Lathe', unit: 'piece', ...input })
  return id as string
}
const book = async (input: Record<string, unknown> = {}) => {
  made += 1
  const [id] = await writes.create('PriceBook', { name: `Book ${made}`, currency: 'USD', isStandard: false, ...input })
  return id as string
}
const entry = (priceBookId: string, productId: string, amount: string, input: Record<string, unknown> = {}) =>
  writes.create('PriceBookEntry', {
    priceBookId: ref('PriceBook', priceBookId),
    productId: ref('Product', productId),
    unitPrice: { amount },
    active: true,
    ...input,
  })
const price = async (productId: string, asked: Record<string, unknown> = {}) =>
  writes.write(async ({ db, viewer }) => {
    const question = { productId, priceBookId: null, currency: 'USD', quantity: '1', date: '2026-11-22', ...asked }
    const [found] = await pricesFor(db, viewer.tenantId, [question as never])
    return found ? `${found.source} ${found.unitPrice}` : null
  })

describe('the price of a product', () => {
  it('is that of the book, else of the books above it, else of the standard book, else its own, else none', async () => {
    const [lathe, drill, saw, file, nail] = await Promise.all([
      product({ standardPrice: money('10') }),
      product({ standardPrice: money('10') }),
      product({ standardPrice: money('10') }),
      product({ standardPrice: money('10') }),
      product(),
    ])
    const [standard, top] = [await book({ isStandard: true }), await book()]
    const middle = await book({ parentId: ref('PriceBook', top) })
    const low = await book({ parentId: ref('PriceBook', middle) })
    await entry(low, lathe, '1')
    for (const id of [lathe, drill]) await entry(top, id, '2')
    for (const id of [lathe, drill, saw]) await entry(standard, id, '3')
    const of = (id: string) => price(id, { priceBookId: low })
    expect(await of(lathe)).toBe('PRICE_BOOK 10000')
    expect(await of(drill)).toBe('PARENT_BOOK 20000')
    expect(await of(saw)).toBe('STANDARD_BOOK 30000')
    expect(await of(file)).toBe('PRODUCT 100000')
    expect(await of(nail)).toBeNull()
    expect(await price(lathe)).toBe('STANDARD_BOOK 30000')
    expect(await price(file, { currency: 'EUR' })).toBeNull()
  })

  it('goes by quantity and by day, and passes over what is switched off', async () => {
    const [lathe, list] = [await product(), await book()]
    await entry(list, lathe, '100', { minQuantity: '1' })
    await entry(list, lathe, '90', { minQuantity: '10' })
    await entry(list, lathe, '80', { minQuantity: '10', validFrom: '2026-11-01', validTo: '2026-11-30' })
    await entry(list, lathe, '1', { minQuantity: '100', active: false })
    const of = (quantity: string, date = '2026-11-22') => price(lathe, { priceBookId: list, quantity, date })
    expect(await of('9.9999')).toBe('PRICE_BOOK 1000000')
    expect(await of('10')).toBe('PRICE_BOOK 800000')
    expect(await of('500')).toBe('PRICE_BOOK 800000')
    expect([await of('10', '2026-10-31'), await of('10', '2026-11-01'), await of('10', '2026-11-30')]).toEqual([
      'PRICE_BOOK 900000',
      'PRICE_BOOK 800000',
      'PRICE_BOOK 800000',
    ])
    expect(await of('10', '2026-12-01')).toBe('PRICE_BOOK 900000')
    expect(await of('0.5')).toBeNull()
    await writes.update('PriceBook', list, { active: false })
    expect(await of('10')).toBeNull()
    await writes.update('PriceBook', list, { active: true, validTo: '2026-11-21' })
    expect([await of('10'), await of('10', '2026-11-21')]).toEqual([null, 'PRICE_BOOK 800000'])
  })
})

describe('a price book', () => {
  it('has one standard of a currency, and the mark moves', async () => {
    const first = await book({ currency: 'CHF', isStandard: true })
    const second = await book({ currency: 'CHF', isStandard: true })
    const marks = await writes.rows<{ id: string }>(
      `SELECT id FROM price_book WHERE tenant_id = $1 AND currency = 'CHF' AND is_standard`,
    )
    expect(marks).toEqual([{ id: second }])
    await writes.update('PriceBook', first, { isStandard: true })
    expect((await writes.row('price_book', second)).is_standard).toBe(false)
    expect(
      await writes.refused(
        'PriceBook',
        { name: 'Twin A', currency: 'SEK', isStandard: true },
        { name: 'Twin B', currency: 'SEK', isStandard: true },
      ),
    ).toEqual(['VALIDATION_FAILED isStandard'])
  })

  it('keeps to one currency with its prices and with the book above, and to days in order', async () => {
    const [list, lathe] = [await book(), await product()]
    expect(await writes.updateRefused('PriceBook', list, { validFrom: '2026-02-01', validTo: '2026-01-31' })).toEqual([
      'VALIDATION_FAILED validTo',
    ])
    const euros = { name: 'Europe', currency: 'EUR', parentId: ref('PriceBook', list) }
    expect(await writes.refused('PriceBook', euros)).toEqual(['CURRENCY_MISMATCH parentId'])
    const priced = { priceBookId: ref('PriceBook', list), productId: ref('Product', lathe) }
    expect(await writes.refused('PriceBookEntry', { ...priced, unitPrice: money('5', 'EUR') })).toEqual([
      'CURRENCY_MISMATCH currency',
    ])
    const [id] = await entry(list, lathe, '5')
    expect((await writes.row('price_book_entry', id as string)).currency).toBe('USD')
    expect(await writes.refused('PriceBookEntry', { ...priced, unitPrice: money('6') })).toEqual([
      expect.stringContaining('UNIQUE_VIOLATION'),
    ])
    expect(await writes.updateRefused('PriceBook', list, { currency: 'EUR' })).toEqual(['CURRENCY_MISMATCH currency'])
    await writes.update('Product', lathe, { status: 'INACTIVE' })
    expect(await writes.refused('PriceBookEntry', { ...priced, minQuantity: '5', unitPrice: money('6') })).toEqual([
      'PRODUCT_INACTIVE productId',
    ])
  })
})

describe('a line of a deal', () => {
  it('takes its price from the book of the deal and remembers where it stood', async () => {
    const [lathe, list] = [await product({ standardPrice: money('10') }), await book()]
    const [priced] = await entry(list, lathe, '7.50', { minQuantity: '2' })
    const [deal] = await writes.create('Opportunity', { name: 'Deal', priceBookId: ref('PriceBook', list) })
    const line = async (input: Record<string, unknown>) => {
      const [id] = await writes.create('OpportunityLine', {
        opportunityId: ref('Opportunity', deal as string),
        productId: ref('Product', lathe),
        ...input,
      })
      return writes.row('opportunity_line', id as string)
    }
    expect(await line({ quantity: '2' })).toMatchObject({
      unit_price: 75_000,
      list_price: 75_000,
      total: 150_000,
      price_book_entry_id: priced,
    })
    expect(await line({ quantity: '1' })).toMatchObject({ unit_price: 100_000, price_book_entry_id: null })
    expect(await line({ quantity: '2', unitPrice: money('6') })).toMatchObject({
      unit_price: 60_000,
      list_price: 75_000,
      price_book_entry_id: null,
    })
  })

  it('without a price anywhere is PRICE_NOT_FOUND', async () => {
    const [nail, [deal]] = [await product(), await writes.create('Opportunity', { name: 'Deal' })]
    const line = { opportunityId: ref('Opportunity', deal as string), productId: ref('Product', nail) }
    expect(await writes.refused('OpportunityLine', line)).toEqual(['PRICE_NOT_FOUND unitPrice'])
    expect(await writes.refused('OpportunityLine', { ...line, unitPrice: money('1') })).toEqual([])
  })

  it('rounds as the company rounds', async () => {
    const [deal] = await writes.create('Opportunity', { name: 'Deal' })
    const total = async () => {
      const [id] = await writes.create('OpportunityLine', {
        opportunityId: ref('Opportunity', deal as string),
        name: 'Half a cent',
        quantity: '0.5',
        unitPrice: money('0.05'),
      })
      return (await writes.row('opportunity_line', id as string)).total
    }
    expect(await total()).toBe(300)
    await writes.write(({ db, viewer }) =>
      db.rows({ text: `UPDATE tenant SET rounding = 'HALF_EVEN' WHERE id = $1`, values: [viewer.tenantId] }),
    )
    expect(await total()).toBe(200)
    await writes.write(({ db, viewer }) =>
      db.rows({ text: `UPDATE tenant SET rounding = 'HALF_UP' WHERE id = $1`, values: [viewer.tenantId] }),
    )
  })
})
