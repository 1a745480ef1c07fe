import { currencyRules } from '../../resolvers/platform/currency.ts'
import { record } from '../record.ts'
import { boolean, currency } from '../shared/fields.ts'

record('Currency', {
  plural: 'currencies',
  prefix: 'curr',
  description:
    'A currency, 币种, that the company deals in besides its own. Each needs rates (ExchangeRate) wherever amounts of several currencies are added up.',
  settings: true,
  fields: {
    code: currency('Its code, ISO 4217.', { required: true, write: 'create' }),
    active: boolean(
      'May new quotes, orders and contracts be made in it. The company’s own stays active (INVALID_STATE).',
      {
        default: true,
      },
    ),
  },
  unique: { code: ['code'] },
  rules: currencyRules,
})
