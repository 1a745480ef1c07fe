import { PERIOD_TYPES } from '../../resolvers/sales/forecast/period.ts'
import { record } from '../record.ts'
import { choice, currency, date, longText, money, one } from '../shared/fields.ts'
import { FORECAST_CATEGORIES } from './forecastCategory.ts'

const kept = { write: 'never' } as const

record('ForecastAdjustment', {
  plural: 'forecastAdjustments',
  prefix: 'fadj',
  description:
    'What a manager says about a person’s forecast instead of what the deals come to, 预测调整. Made, changed and taken away by adjustForecast.',
  fields: {
    periodType: choice('How long the period is.', 'SalesPeriodType', PERIOD_TYPES, kept),
    periodStart: date('The first day of the period.', kept),
    category: choice(
      'Which part of the forecast: COMMIT, BEST_CASE or PIPELINE.',
      'ForecastCategory',
      FORECAST_CATEGORIES,
      kept,
    ),
    amount: money('What the deals came to when it was said, as far as the manager saw them.', kept),
    adjustedAmount: money('What the manager says.', { ...kept, range: { min: 0 } }),
    currency: currency('Currency of both: the company’s.', kept),
    note: longText('Why it was said.', { ...kept, max: 2000 }),
  },
  relations: {
    owner: one('User', 'ownerId', 'Whose forecast it is.', kept),
    by: one('User', 'byId', 'Who said it; null for programs without a user.', kept),
  },
  operations: [],
})
