import { writeExchangeRate } from '../../resolvers/platform/currency.ts'
import { record } from '../record.ts'
import { currency, date, decimal } from '../shared/fields.ts'

record('ExchangeRate', {
  plural: 'exchangeRates',
  prefix: 'rate',
  description:
    'What a unit of a currency is worth in another from a day on, 汇率, until the next rate. Documents keep the rate of their day; what is still open is converted at the rate of today. Where a rate is missing that is an error (CURRENCY_RATE_MISSING), never zero.',
  settings: true,
  fields: {
    currency: currency('The currency that is worth something.', { required: true, write: 'create' }),
    baseCurrency: currency('The currency in which it is; the company’s own is the one that counts in sums.', {
      required: true,
      write: 'create',
    }),
    rate: decimal('So many units of baseCurrency are one unit of currency; more than 0, at most ten decimals.', {
      required: true,
      range: { min: 0.0000000001, max: 9_999_999_999 },
    }),
    date: date('From this day on.', { required: true, write: 'create' }),
  },
  unique: { day: ['currency', 'baseCurrency', 'date'] },
  rules: { write: writeExchangeRate },
})
