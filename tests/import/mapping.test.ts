import { describe, expect, it } from '@jest/globals'
import { ImportInvalid } from '../../src/jobs/import/detect.ts'
import { checkHeaders, loadMapping, mappedFields, parseMapping } from '../../src/jobs/import/mapping.ts'
import { fileOf } from './files.ts'

/** Places and messages of all faults of a mapping. */
function faultsOf(json: unknown): Record<string, string> {
  try {
    parseMapping(json)
  } catch (error) {
    if (error instanceof ImportInvalid)
      return Object.fromEntries(error.faults.map(({ place, message }) => [place, message]))
    throw error
  }
  return {}
}

/** The fault of one column's target. */
function faultOf(target: unknown): [string, string] | undefined {
  return Object.entries(faultsOf({ type: 'Account', columns: { x: target } }))[0]
}

describe('checking a mapping', () => {
  it('takes the shortest mapping and fills in what it does not say', () => {
    const mapping = parseMapping({ type: 'Account', columns: { Name: 'name', Ref: 'externalId', Note: null } })
    expect(mapping).toMatchObject({
      type: 'Account',
      key: ['externalId'],
      encoding: null,
      delimiter: null,
      unmapped: 'error',
      children: [],
    })
    expect(mapping.targets.map(({ column, field }) => [column, field])).toEqual([
      ['Name', 'name'],
      ['Ref', 'externalId'],
    ])
    expect(mapping.ignored).toEqual(new Set(['Note']))
  })

  it('names the place of every fault, all at once', () => {
    expect(
      faultsOf({
        type: 'account',
        colums: {},
        encoding: 'klingon',
        delimiter: 'ab',
        unmapped: 'perhaps',
        blank: 'Select',
        replace: { a: { b: 1 } },
        columns: {
          close_value: { field: 'amount', money: { currency: 'usd', decimal: ';' } },
          'Lead Source': [{ field: 'source', map: {}, reference: { type: 'LeadSource' } }, 7],
        },
        constants: { '__proto__.x': 1 },
        lines: { type: 'Line', columns: { a: null } },
      }),
    ).toEqual({
      type: expect.stringContaining('record type'),
      colums: 'is not known; is "columns" meant?',
      encoding: expect.stringContaining('GB18030'),
      delimiter: expect.stringContaining('one sign'),
      unmapped: expect.stringContaining('"ignore"'),
      blank: 'must be a list of texts',
      'replace.a.b': 'must be a text or null',
      'columns.close_value.money.currency': expect.stringContaining('three capitals'),
      'columns.close_value.money.decimal': 'must be "." or ","',
      'columns["Lead Source"][0].map': 'must have at least one value',
      'columns["Lead Source"][0].reference.by': expect.stringContaining('is missing'),
      'columns["Lead Source"][1]': 'must be an object',
      'columns["Lead Source"][1].field': expect.stringContaining('is missing'),
      'constants["__proto__.x"]': expect.stringContaining('must be the name of a field'),
      'lines.columns.a': expect.stringContaining('must not be null'),
      'lines.parent': expect.stringContaining('is missing'),
    })
  })

  it.each([
    ['nme', { fild: 'name', field: 'name' }, 'columns.x.fild', /is not known; is "field" meant\?/],
    ['field', { field: 'Name' }, 'columns.x.field', /name of a field/],
    ['constructor', { field: 'constructor.prototype.y' }, 'columns.x.field', /is no field/],
    ['a template without a column', { field: 'a', template: 'hello' }, 'columns.x.template', /names no column/],
    [
      'a template with a strange filter',
      { field: 'a', template: '{x:shout}' },
      'columns.x.template',
      /"shout"; there are slug/,
    ],
    ['a template with a stray brace', { field: 'a', template: '{x} }' }, 'columns.x.template', /stray "}"/],
    ['two conversions', { field: 'a', date: 'yyyy-MM-dd', number: true }, 'columns.x', /"date" and "number"; only one/],
    ['a date without a day', { field: 'a', date: 'yyyy-MM' }, 'columns.x.date', /does not name a day/],
    ['a date that is no format', { field: 'a', date: 'ISO' }, 'columns.x.date', /does not name a day/],
    ['a time without a zone', { field: 'a', date: 'yyyy-MM-dd HH:mm' }, 'columns.x.date', /say in which zone/],
    [
      'half a day',
      { field: 'a', date: { format: 'yyyy-MM-dd hh:mm', zone: 'utc' } },
      'columns.x.date.format',
      /morning from afternoon/,
    ],
    [
      'a zone that does not exist',
      { field: 'a', date: { format: 'yyyy-MM-dd HH:mm', zone: 'Moon' } },
      'columns.x.date.zone',
      /"Moon" is no time zone/,
    ],
    [
      'a locale that does not exist',
      { field: 'a', date: { format: 'd MMM yyyy', locale: '!' } },
      'columns.x.date.locale',
      /no locale/,
    ],
    ['a factor that is a number', { field: 'a', number: { multiply: 1000 } }, 'columns.x.number.multiply', /as a text/],
    [
      'the same sign twice',
      { field: 'a', number: { decimal: ',', group: ',' } },
      'columns.x.number.group',
      /must differ/,
    ],
    ['a scale out of range', { field: 'a', number: { scale: 11 } }, 'columns.x.number.scale', /0 to 10/],
    ['money without currency', { field: 'a', money: {} }, 'columns.x.money.currency', /is missing/],
    ['a boolean without false', { field: 'a', boolean: { true: ['Yes'] } }, 'columns.x.boolean.false', /is missing/],
    [
      'an ambiguous boolean',
      { field: 'a', boolean: { true: ['x'], false: ['x'] } },
      'columns.x.boolean.false',
      /"x" twice/,
    ],
    ['mapDefault without map', { field: 'a', mapDefault: 'b' }, 'columns.x.mapDefault', /needs a "map"/],
    ['a map for nothing', { field: 'a', map: { '': 'b' } }, 'columns.x.map', /use "default"/],
    ['clear beside required', { field: 'a', clear: true, required: true }, 'columns.x.clear', /cannot stand beside/],
    ['a list of numbers', { field: 'a', split: ';', number: true }, 'columns.x.split', /lists hold texts/],
    ['a case that is none', { field: 'a', case: 'title' }, 'columns.x.case', /"upper" or "lower"/],
    [
      'a condition on nothing',
      { field: 'a', reference: { type: 'Stage', by: 'name', where: { 'pipeline.isDefault': null } } },
      'columns.x.reference.where["pipeline.isDefault"]',
      /must be a text/,
    ],
  ])('refuses %s', (_, target, place, message) => {
    expect(faultOf(target)).toEqual([place, expect.stringMatching(message)])
  })

  it('refuses two columns that fill one field, also where one is part of the other', () => {
    expect(
      faultsOf({ type: 'Account', columns: { a: 'name', b: 'name', c: 'billingAddress', d: 'billingAddress.city' } }),
    ).toEqual({
      'columns.b': 'fills the field "name", which columns.a fills already',
      'columns.d': 'fills the field "billingAddress.city", which columns.c fills already',
    })
    expect(faultsOf({ type: 'Account', columns: { a: 'name' }, constants: { name: 'x' } })).toHaveProperty([
      'constants.name',
    ])
  })

  it('refuses a key that nothing fills and a line that fills its own link', () => {
    expect(faultsOf({ type: 'Account', key: ['code'], columns: { a: 'name' } })).toHaveProperty(['key[0]'])
    const lines = { type: 'Line', parent: 'orderId', columns: { a: 'orderId' } }
    expect(faultsOf({ type: 'Order', columns: { a: 'name' }, lines })).toHaveProperty(['lines.columns.a'])
  })

  it('uses the external source and id as the key when both are filled, unless told otherwise', () => {
    const columns = { id: 'externalId', code: 'code' }
    const constants = { externalSource: 'crm' }
    expect(parseMapping({ type: 'Account', columns, constants }).key).toEqual(['externalSource', 'externalId'])
    expect(parseMapping({ type: 'Account', key: ['code'], columns, constants }).key).toEqual(['code'])
    expect(parseMapping({ type: 'Account', columns: { code: 'code' } }).key).toEqual([])
  })

  it.each([null, [], 'text', 7, {}])('refuses %j', (json) => {
    expect(() => parseMapping(json)).toThrow(/^The mapping is not valid\. /)
  })

  it('takes formats with a zone of their own and month names in a language', () => {
    const dates = ["yyyy-MM-dd'T'HH:mm:ssZZ", 'd MMMM yyyy', 'dd.MM.yy', "yyyy'年'M'月'd'日'"]
    for (const date of dates) expect(faultOf({ field: 'a', date })).toBeUndefined()
    expect(faultOf({ field: 'a', date: { format: 'd MMMM yyyy', locale: 'de' } })).toBeUndefined()
    expect(faultOf({ field: 'a', date: { format: 'yyyy-MM-dd hh:mm a', zone: 'Asia/Shanghai' } })).toBeUndefined()
  })

  it('tells every field that it fills, for the checks of rights', () => {
    const lines = { type: 'OrderLine', parent: 'orderId', columns: { b: 'name' } }
    const mapping = parseMapping({
      type: 'Order',
      columns: { a: ['name', 'tenantId'] },
      constants: { status: 'NEW' },
      lines,
    })
    expect(mappedFields(mapping)).toEqual([
      { type: 'Order', field: 'name', place: 'columns.a[0]' },
      { type: 'Order', field: 'tenantId', place: 'columns.a[1]' },
      { type: 'Order', field: 'status', place: 'constants.status' },
      { type: 'OrderLine', field: 'name', place: 'lines.columns.b' },
    ])
  })
})

describe('holding a mapping against a file', () => {
  const columns = { Name: 'name', City: null }

  it('refuses columns that it does not name and names that the file does not have', () => {
    const mapping = parseMapping({ type: 'Account', columns })
    expect(() => checkHeaders(mapping, ['Name', 'City'])).not.toThrow()
    expect(() => checkHeaders(mapping, ['name', 'City', 'Street name'])).toThrow(
      /^The mapping does not fit the file\. columns\.Name: /,
    )
    try {
      checkHeaders(mapping, ['name', 'City', 'Street name'])
    } catch (error) {
      expect((error as ImportInvalid).faults).toEqual([
        { place: 'columns.Name', message: 'the file has no column "Name"; is "name" meant?' },
        { place: 'columns.name', message: expect.stringContaining('is not mapped') },
        { place: 'columns["Street name"]', message: expect.stringContaining('write null to leave it out') },
      ])
    }
  })

  it('lets unmapped columns be when it is told to, but never takes a missing one', () => {
    const mapping = parseMapping({ type: 'Account', columns, unmapped: 'ignore' })
    expect(() => checkHeaders(mapping, ['Name', 'City', 'More'])).not.toThrow()
    expect(() => checkHeaders(mapping, ['Name'])).toThrow(/no column "City"/)
  })

  it('counts the columns of templates, currencies, corrections and lines as named, and misses them too', () => {
    const mapping = parseMapping({
      type: 'Order',
      columns: { a: { field: 'name', template: '{a} {b}' }, c: { field: 'amount', money: { currencyColumn: 'd' } } },
      replace: { e: { x: 'y' } },
      lines: { type: 'OrderLine', parent: 'orderId', when: 'f', columns: { g: 'name' } },
    })
    expect(() => checkHeaders(mapping, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).not.toThrow()
    for (const missing of ['b', 'd', 'e', 'f', 'g']) {
      const headers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter((header) => header !== missing)
      expect(() => checkHeaders(mapping, headers)).toThrow(`the file has no column "${missing}"`)
    }
  })
})

describe('loading a mapping file', () => {
  it('reads JSON with or without a byte order mark', async () => {
    const text = JSON.stringify({ type: 'Account', columns: { a: 'name' } })
    expect((await loadMapping(fileOf(text))).type).toBe('Account')
    expect((await loadMapping(fileOf(`\uFEFF${text}`))).type).toBe('Account')
  })

  it('refuses a missing file, no JSON and a file that is too large', async () => {
    await expect(loadMapping('/no/such/mapping.json')).rejects.toThrow('The file /no/such/mapping.json does not exist.')
    await expect(loadMapping(fileOf('{ "type": "Account", }'))).rejects.toThrow(
      /^The mapping file is no JSON: .*line 1/,
    )
    await expect(loadMapping(fileOf(' '.repeat(1024 * 1024 + 1)))).rejects.toThrow(/larger than 1 MiB/)
  })
})
