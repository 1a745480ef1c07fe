import { describe, expect, it } from '@jest/globals'
import type { CsvRow } from '../../src/jobs/import/csv.ts'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import { convertRow } from '../../src/jobs/import/values.ts'

const row = (values: Record<string, string>): CsvRow => ({ line: 7, values })

/** What the field `f` gets from the cell `x` by a target; the code of the problem, if there is one. */
function fieldOf(target: Record<string, unknown>, x: string, more: Record<string, string> = {}) {
  const mapping = parseMapping({ type: 'Thing', columns: { x: { field: 'f', ...target } }, unmapped: 'ignore' })
  const { input, problems } = convertRow(mapping, row({ x, ...more }))
  return problems.length > 0 ? problems.map(({ code }) => code).join() : input.f
}

describe('converting texts', () => {
  it('trims, corrects, changes the case and maps', () => {
    expect(fieldOf({}, '  Acme ')).toBe('Acme')
    expect(fieldOf({ case: 'upper' }, 'cn')).toBe('CN')
    expect(fieldOf({ case: 'lower' }, 'ÄB')).toBe('äb')
    expect(fieldOf({ map: { Yes: 'Y', No: null } }, 'Yes')).toBe('Y')
    expect(fieldOf({ map: { Yes: 'Y', No: null } }, 'No')).toBeUndefined()
    expect(fieldOf({ map: { hot: 100, on: true } }, 'hot')).toBe(100)
    expect(fieldOf({ map: { hot: 100, on: true } }, 'on')).toBe(true)
    expect(fieldOf({ map: { Yes: 'Y' }, mapDefault: 'other' }, 'Perhaps')).toBe('other')
    expect(fieldOf({ map: { Yes: 'Y' } }, 'Perhaps')).toBe('VALUE_NOT_MAPPED')
    expect(fieldOf({ map: { Yes: 'Y' } }, 'constructor')).toBe('VALUE_NOT_MAPPED')
  })

  it('leaves out what is blank, or clears it, or takes the default, or reports it', () => {
    expect(fieldOf({}, '  ')).toBeUndefined()
    expect(fieldOf({ blank: ['n/a', 'Select'] }, 'Select')).toBeUndefined()
    expect(fieldOf({ clear: true }, '')).toBeNull()
    expect(fieldOf({ default: 'none' }, '')).toBe('none')
    expect(fieldOf({ default: '1.5', money: { currency: 'USD' } }, '')).toEqual({ amount: '1.5', currency: 'USD' })
    expect(fieldOf({ default: 0 }, '')).toBe(0)
    expect(fieldOf({ required: true }, ' ')).toBe('REQUIRED')
    expect(fieldOf({ required: true, map: { no: null } }, 'no')).toBe('REQUIRED')
    const mapping = parseMapping({ type: 'Thing', blank: ['-', 'Select'], columns: { x: 'f', y: 'g' } })
    expect(convertRow(mapping, row({ x: '-', y: ' Select ' })).input).toEqual({})
  })

  it('splits lists', () => {
    expect(fieldOf({ split: ';' }, 'a; b;;c')).toEqual(['a', 'b', 'c'])
    expect(fieldOf({ split: ';', map: { a: 'A', b: null } }, 'a;b')).toEqual(['A'])
    expect(fieldOf({ split: ';', map: { a: 'A' } }, 'a;z')).toBe('VALUE_NOT_MAPPED')
    expect(fieldOf({ split: ';' }, '')).toBeUndefined()
    expect(fieldOf({ split: ';', required: true }, ';')).toBe('REQUIRED')
  })

  it('fills templates from several columns', () => {
    const name = { template: '{x:slug}@example.com' }
    expect(fieldOf(name, 'Zoë O’Hara-Ñandú')).toBe('zoe-o-hara-nandu@example.com')
    expect(fieldOf({ template: '{x} {y} {z}' }, 'A', { y: '', z: 'C' })).toBe('A C')
    expect(fieldOf({ template: '{y|nobody}: {x:upper}' }, 'a', { y: '' })).toBe('nobody: A')
    expect(fieldOf({ template: '{x:lower}-{y}' }, '', { y: '' })).toBeUndefined()
    expect(fieldOf({ template: '{x:slug}@example.com', required: true }, '王伟')).toBe('REQUIRED')
    expect(fieldOf({ template: '{y}-{x}', date: 'yyyy-MM-dd' }, '05-06', { y: '2024' })).toBe('2024-05-06')
  })
})

describe('converting dates', () => {
  it('takes the form that is told and no other', () => {
    expect(fieldOf({ date: 'yyyy-MM-dd' }, '2017-03-01')).toBe('2017-03-01')
    for (const bad of ['2017-02-29', '2017-3-1', '01/03/2017', '2017-03-01 ok', '20170301', 'now']) {
      expect(fieldOf({ date: 'yyyy-MM-dd' }, bad)).toBe('INVALID_DATE')
    }
    expect(fieldOf({ date: 'dd/MM/yyyy' }, '03/04/2017')).toBe('2017-04-03')
    expect(fieldOf({ date: 'MM/dd/yyyy' }, '03/04/2017')).toBe('2017-03-04')
    expect(fieldOf({ date: "yyyy'年'M'月'd'日'" }, '2017年3月1日')).toBe('2017-03-01')
    expect(fieldOf({ date: { format: 'd. MMMM yyyy', locale: 'de' } }, '1. März 2017')).toBe('2017-03-01')
  })

  it('makes instants in UTC of times in a zone', () => {
    expect(fieldOf({ date: { format: 'yyyy-MM-dd HH:mm', zone: 'Asia/Shanghai' } }, '2017-03-01 07:30')).toBe(
      '2017-02-28T23:30:00.000Z',
    )
    expect(fieldOf({ date: "yyyy-MM-dd'T'HH:mm:ssZZ" }, '2017-03-01T07:30:00+02:00')).toBe('2017-03-01T05:30:00.000Z')
    expect(fieldOf({ date: { format: 'M/d/yyyy h:mm a', zone: 'utc' } }, '3/1/2017 7:30 PM')).toBe(
      '2017-03-01T19:30:00.000Z',
    )
    expect(fieldOf({ date: { format: 'yyyy-MM-dd HH:mm', zone: 'utc' } }, '2017-03-01')).toBe('INVALID_DATE')
  })

  it('answers the same for the ten-thousandth different date', () => {
    const mapping = parseMapping({ type: 'Thing', columns: { x: { field: 'f', date: 'yyyy-MM-dd' } } })
    for (let i = 0; i < 12_000; i++) {
      const x = new Date(Date.UTC(2000, 0, 1 + i)).toISOString().slice(0, 10)
      expect(convertRow(mapping, row({ x })).input.f).toBe(x)
    }
  })
})

describe('converting numbers and money', () => {
  it.each([
    ['1054', {}, '1054'],
    ['-0.50', {}, '-0.50'],
    ['+7', {}, '7'],
    ['007', {}, '7'],
    ['123456789012345678.123456789', {}, '123456789012345678.123456789'],
    ['1,234,567.5', { group: ',' }, '1234567.5'],
    ['1234567.5', { group: ',' }, '1234567.5'],
    ['1.234.567,5', { group: '.', decimal: ',' }, '1234567.5'],
    ['1 234,5', { group: ' ', decimal: ',' }, '1234.5'],
    ['$ 1,054', { group: ',', symbol: '$' }, '1054'],
    ['-$5', { symbol: '$' }, '-5'],
    ['12 %', { symbol: '%' }, '12'],
    ['1100.04', { multiply: '1000000' }, '1100040000'],
    ['2.5', { multiply: '0.1' }, '0.25'],
    ['2.345', { scale: 2 }, '2.35'],
    ['-2.345', { scale: 2 }, '-2.35'],
    ['2.344', { scale: 2 }, '2.34'],
    ['2', { scale: 2 }, '2'],
  ])('reads the number %s by %j', (text, number, value) => {
    expect(fieldOf({ number }, text)).toBe(value)
  })

  it.each([
    ['1,5', {}],
    ['1.5', { decimal: ',' }],
    ['1,2,3', { decimal: ',' }],
    ['12,34', { group: ',' }],
    ['1,2345', { group: ',' }],
    [',123', { group: ',' }],
    ['1.234,567', { group: ',' }],
    ['1e5', {}],
    ['0x10', {}],
    ['Infinity', {}],
    ['five', {}],
    ['5.', {}],
    ['.5', {}],
    ['１２', {}],
    ['9'.repeat(31), {}],
    ['$$5', { symbol: '$' }],
  ])('does not guess what the number %s by %j is', (text, number) => {
    expect(fieldOf({ number }, text)).toBe('INVALID_NUMBER')
  })

  it('gives whole numbers where they are asked for', () => {
    expect(fieldOf({ number: { integer: true } }, '2822')).toBe(2822)
    expect(fieldOf({ number: { integer: true, multiply: '1000' } }, '2.5')).toBe(2500)
    expect(fieldOf({ number: { integer: true } }, '2.5')).toBe('INVALID_NUMBER')
    expect(fieldOf({ number: { integer: true } }, '9007199254740993')).toBe('INVALID_NUMBER')
  })

  it('gives money with its currency, from the mapping or from a column', () => {
    expect(fieldOf({ money: { currency: 'USD' } }, '1054.50')).toEqual({ amount: '1054.50', currency: 'USD' })
    const fromColumn = { money: { currencyColumn: 'c' } }
    expect(fieldOf(fromColumn, '5', { c: 'EUR' })).toEqual({ amount: '5', currency: 'EUR' })
    expect(fieldOf(fromColumn, '5', { c: '' })).toBe('INVALID_CURRENCY')
    expect(fieldOf(fromColumn, '5', { c: 'euro' })).toBe('INVALID_CURRENCY')
    expect(fieldOf({ money: { currencyColumn: 'c', currency: 'USD' } }, '5', { c: '' })).toEqual({
      amount: '5',
      currency: 'USD',
    })
  })

  it('reports money with too many decimals or beyond what can be kept', () => {
    expect(fieldOf({ money: { currency: 'USD' } }, '1.23456')).toBe('INVALID_MONEY')
    expect(fieldOf({ money: { currency: 'USD', scale: 4 } }, '1.23456')).toEqual({ amount: '1.2346', currency: 'USD' })
    expect(fieldOf({ money: { currency: 'USD' } }, '900000000000000')).toEqual({
      amount: '900000000000000',
      currency: 'USD',
    })
    expect(fieldOf({ money: { currency: 'USD' } }, '900000000000000.01')).toBe('INVALID_MONEY')
    expect(fieldOf({ money: { currency: 'USD' } }, '-900000000000001')).toBe('INVALID_MONEY')
    expect(fieldOf({ money: { currency: 'USD' } }, '$5')).toBe('INVALID_MONEY')
  })

  it('takes only the words that mean true and false', () => {
    const boolean = { true: ['Yes', '1'], false: ['No', '0'] }
    expect(['Yes', '0', 'yes', 'maybe', ''].map((text) => fieldOf({ boolean }, text))).toEqual([
      true,
      false,
      'INVALID_BOOLEAN',
      'INVALID_BOOLEAN',
      undefined,
    ])
  })
})

describe('converting rows', () => {
  const mapping = parseMapping({
    type: 'Order',
    replace: { product: { GTXPro: 'GTX Pro', none: null } },
    columns: {
      id: ['externalId', { field: 'name', template: '{product} for {customer|nobody}' }],
      customer: { field: 'accountId', reference: { type: 'Account', by: 'name' } },
      parent: { field: 'parentId', reference: { type: 'Order', by: 'externalId' } },
      city: 'address.city',
      country: { field: 'address.countryCode', case: 'upper' },
      stage: {
        field: 'stageId',
        required: true,
        reference: { type: 'Stage', by: 'name', where: { 'pipeline.isDefault': true } },
      },
      source: {
        field: 'sourceId',
        map: { 'Olark Chat': 'olark_chat' },
        reference: { type: 'LeadSource', by: 'key', create: true },
      },
    },
    constants: {
      tags: ['imported'],
      'address.state': 'X',
      pipelineId: { reference: { type: 'Pipeline', by: 'isDefault', value: true } },
    },
    lines: {
      type: 'OrderLine',
      parent: 'orderId',
      when: 'product',
      columns: {
        product: ['name', { field: 'productId', reference: { type: 'Product', by: 'code' } }],
        price: { field: 'unitPrice', money: { currency: 'USD' } },
      },
      constants: { quantity: '1' },
    },
  })
  const values = {
    id: '1',
    customer: 'Acme',
    parent: '',
    city: 'Oslo',
    country: 'no',
    stage: 'Won',
    source: 'Olark Chat',
    product: 'GTXPro',
    price: '5',
  }

  it('gives the record, its references and its line', () => {
    const { input, references, children, problems } = convertRow(mapping, row(values))
    expect(problems).toEqual([])
    expect(input).toEqual({
      externalId: '1',
      name: 'GTX Pro for Acme',
      address: { city: 'Oslo', countryCode: 'NO', state: 'X' },
      tags: ['imported'],
    })
    const plain = { where: null, create: false, deferred: false }
    expect(references).toEqual([
      { ...plain, field: 'pipelineId', type: 'Pipeline', by: 'isDefault', value: true, label: 'true', column: null },
      { ...plain, field: 'accountId', type: 'Account', by: 'name', value: 'Acme', label: 'Acme', column: 'customer' },
      {
        ...plain,
        field: 'stageId',
        type: 'Stage',
        by: 'name',
        value: 'Won',
        label: 'Won',
        column: 'stage',
        where: { 'pipeline.isDefault': true },
      },
      {
        ...plain,
        field: 'sourceId',
        type: 'LeadSource',
        by: 'key',
        value: 'olark_chat',
        label: 'Olark Chat',
        column: 'source',
        create: true,
      },
    ])
    expect(children).toEqual([
      {
        type: 'OrderLine',
        parent: 'orderId',
        input: { name: 'GTX Pro', unitPrice: { amount: '5', currency: 'USD' }, quantity: '1' },
        references: [
          {
            ...plain,
            field: 'productId',
            type: 'Product',
            by: 'code',
            value: 'GTX Pro',
            label: 'GTXPro',
            column: 'product',
          },
        ],
      },
    ])
  })

  it('marks references into the same file, whose record may stand later in it', () => {
    const { references } = convertRow(mapping, row({ ...values, parent: '9' }))
    expect(references.filter(({ deferred }) => deferred)).toMatchObject([
      { field: 'parentId', type: 'Order', value: '9' },
    ])
  })

  it('makes no line where its column is blank', () => {
    expect(convertRow(mapping, row({ ...values, product: '' })).children).toEqual([])
    expect(convertRow(mapping, row({ ...values, product: 'none' })).children).toEqual([])
  })

  it('reports everything that is wrong with a row, of its line too, with line, column, code and value', () => {
    const { problems } = convertRow(mapping, row({ ...values, stage: '', source: 'Fax', price: 'x'.repeat(500) }))
    expect(problems).toEqual([
      { line: 7, column: 'stage', code: 'REQUIRED', message: 'The field "stageId" must have a value.', value: null },
      {
        line: 7,
        column: 'source',
        code: 'VALUE_NOT_MAPPED',
        message: expect.stringContaining('sourceId'),
        value: 'Fax',
      },
      {
        line: 7,
        column: 'price',
        code: 'INVALID_MONEY',
        message: expect.stringContaining('no amount'),
        value: `${'x'.repeat(199)}…`,
      },
    ])
  })

  it('shares nothing between rows', () => {
    const first = convertRow(mapping, row(values))
    const second = convertRow(mapping, row(values))
    ;(first.input.tags as string[]).push('mine')
    ;(first.input.address as Record<string, string>).city = 'Rome'
    expect(second.input).toMatchObject({ tags: ['imported'], address: { city: 'Oslo' } })
  })
})
