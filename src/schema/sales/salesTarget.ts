import { PERIOD_TYPES } from '../../resolvers/sales/forecast/period.ts'
import { writeSalesTarget } from '../../resolvers/sales/forecast/salesTarget.ts'
import { record } from '../record.ts'
import { choice, currency, date, int, money, one } from '../shared/fields.ts'
import { SCOPES } from './forecast.ts'

const named = { required: true, write: 'create' } as const
// It goes with whom it is expected of.
const whose = { write: 'create', part: true } as const

/** The type of targets. */
export const salesTarget = record('SalesTarget', {
  plural: 'salesTargets',
  prefix: 'stgt',
  description:
    'What is expected of the company, of a department or of a user in a period, 销售目标. One for each scope, metric and period: another is UNIQUE_VIOLATION, setTarget changes the one that there is. Who may read targets sees the company’s and the departments’, and of users those in their scope.',
  settings: true,
  owners: ['userId'],
  fields: {
    scopeType: choice(
      'Of whom it is expected: USER with a user, DEPARTMENT with a department, else COMPANY.',
      'SalesScopeType',
      SCOPES,
      { write: 'never' },
    ),
    metric: choice(
      'What is counted.',
      'SalesMetric',
      {
        WON_AMOUNT: 'The sum of won deals, in amount.',
        RECEIPTS:
          'What was received for contracts, less what went back, in amount; of a contract’s owner, by the day of the receipt.',
        WON_COUNT: 'Won deals, in count.',
        NEW_CUSTOMERS: 'Customers whose first deal was won in the period, in count.',
      },
      named,
    ),
    periodType: choice('How long the period is.', 'SalesPeriodType', PERIOD_TYPES, named),
    periodStart: date('The first day of the period, in the company’s fiscal year.', named),
    amount: money('How much; of WON_AMOUNT and RECEIPTS, in the company’s base currency.', { range: { min: 0 } }),
    currency: currency('Currency of amount: the company’s.', { default: null }),
    count: int('How many; of WON_COUNT and NEW_CUSTOMERS.', { range: { min: 0 } }),
  },
  relations: {
    department: one(
      'Department',
      'departmentId',
      'The department of which it is expected, with those below it.',
      whose,
    ),
    user: one('User', 'userId', 'The user of whom it is expected, by their own deals.', whose),
  },
  rules: { write: writeSalesTarget },
})
