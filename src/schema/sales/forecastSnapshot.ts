import { record } from '../record.ts'
import { choice, currency, date, int, money, one } from '../shared/fields.ts'
import { FORECAST_CATEGORIES } from './forecastCategory.ts'

const kept = { write: 'never' } as const

record('ForecastSnapshot', {
  plural: 'forecastSnapshots',
  prefix: 'fsnp',
  description:
    'What the deals of a person that close in a month came to on a day, 预测快照. Taken every day once scheduleForecastSnapshots has said when.',
  fields: {
    date: date('The day on which it was taken, in the company’s time zone.', kept),
    month: date('The first day of the month in which the deals close.', kept),
    category: choice('How sure they were; CLOSED for won ones.', 'ForecastCategory', FORECAST_CATEGORIES, kept),
    dealCurrency: currency('The currency of the deals.', kept),
    deals: int('How many there were.', kept),
    amount: money('The sum of their amounts in the company’s base currency of that day.', kept),
    weighted: money('The sum of amount × probability, in the same.', kept),
    currency: currency('The company’s base currency of that day.', kept),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose deals they were; null for deals of nobody.', kept),
  },
  operations: [],
})
