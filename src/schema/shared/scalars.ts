import { GraphQLError, Kind, type ValueNode } from 'graphql'
import { builder } from '../builder.ts'

/** A scalar that is a text on the wire. What the text must look like is checked with the rest of the input, so that all problems are told at once. */
function textScalar(
  name: 'DateTime' | 'Date' | 'Decimal' | 'EmailAddress' | 'PhoneNumber' | 'URL' | 'CurrencyCode' | 'CountryCode',
  description: string,
  serialize: (value: unknown) => string = String,
): void {
  const read = (value: unknown): string => {
    if (typeof value === 'string') return value
    throw new GraphQLError(`${name} is written as a string`)
  }
  builder.scalarType(name, {
    description,
    serialize,
    parseValue: read,
    parseLiteral: (node: ValueNode) => {
      // A whole number in a document loses nothing as a decimal.
      if (node.kind === Kind.STRING || (name === 'Decimal' && node.kind === Kind.INT)) return node.value
      throw new GraphQLError(`${name} is written as a string`)
    },
  })
}

/** PostgreSQL's JSON writes +00:00 for UTC and as many decimals as there are; the API writes Z and milliseconds. */
function zulu(value: unknown): string {
  const text = String(value)
  if (!text.endsWith('+00:00')) return text
  const plain = text.slice(0, -6)
  return plain.length === 19 ? `${plain}.000Z` : `${plain.padEnd(23, '0')}Z`
}

textScalar(
  'DateTime',
  'A moment, RFC 3339 with an offset, kept to the millisecond and given back in UTC: 2026-11-21T08:30:00.000Z.',
  zulu,
)
textScalar('Date', 'A day of the calendar without a time zone, YYYY-MM-DD.')
textScalar(
  'Decimal',
  'A decimal number as a string, never a float: "1250.00". Digits, optionally a minus and a fraction; no exponent.',
)
textScalar('EmailAddress', 'An e-mail address. Kept in lower case.')
textScalar(
  'PhoneNumber',
  'A telephone number in E.164, +8613800138000. Numbers without + are read as numbers of the company’s country.',
)
textScalar('URL', 'An absolute http or https address without credentials.')
textScalar('CurrencyCode', 'A currency, ISO 4217: USD, EUR, CNY.')
textScalar('CountryCode', 'A country, ISO 3166-1 alpha-2: US, DE, CN.')

function plain(node: ValueNode): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, plain(field.value)]))
    case Kind.LIST:
      return node.values.map(plain)
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value)
    case Kind.NULL:
      return null
    case Kind.VARIABLE:
      throw new GraphQLError('JSON holds no variables')
    default:
      return node.value
  }
}

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: plain,
})
