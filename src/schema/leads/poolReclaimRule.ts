import { reclaimRuleRules } from '../../resolvers/leads/pool/reclaimRule.ts'
import { record } from '../record.ts'
import { boolean, choice, int, one } from '../shared/fields.ts'

record('PoolReclaimRule', {
  plural: 'poolReclaimRules',
  prefix: 'prul',
  description:
    'When a record goes back to a pool, 回收规则. It takes records of owners who are in the pool; those of the default pool also records of owners who are in none. The clock of a record is the latest of lastActivityAt, claimedAt and createdAt. Never taken: locked, protected, converted ones, won ones and those with an open opportunity unless the rule includes them. Any of several rules of a pool is enough.',
  settings: true,
  fields: {
    basis: choice(
      'What has not happened for `days` days.',
      'PoolReclaimBasis',
      {
        NO_FOLLOW_UP: 'Nothing at all, by the clock of the record.',
        NO_OPPORTUNITY: 'No opportunity was made either: the clock, or the last one made for the customer.',
        NOT_WON: 'It was not won either: the clock, or its last deal. Customers only, as NO_OPPORTUNITY.',
        CONTRACT_ENDED:
          'The last of its contracts is over, by its end or its termination, and nothing has happened since. Customers only; with includeWon, for who has a contract was mostly won.',
        PROTECTION_EXPIRED: 'Its protection is over, and nothing has happened since.',
      },
      { required: true },
    ),
    days: int('After how many days.', { required: true, range: { min: 1, max: 3650 } }),
    calendar: choice(
      'Which days count.',
      'PoolCalendar',
      { NATURAL: 'All of them.', WORKING: 'Monday to Friday in the company’s time zone; holidays are not known.' },
      { default: 'NATURAL' },
    ),
    includeWon: boolean('Does it take customers that were won.', { default: false }),
    includeWithOpportunity: boolean('Does it take customers with an open opportunity.', { default: false }),
    active: boolean('Is it in use.', { default: true }),
  },
  relations: {
    level: one(
      'CustomerLevel',
      'levelId',
      'Only customers of this level; all of them if left out. A level that has reclaimDays has these instead of days.',
      { onDelete: 'restrict' },
    ),
    productCategory: one(
      'ProductCategory',
      'productCategoryId',
      'Only customers that have a deal about a product of this category or one below it, 产品线; all of them if left out.',
      { onDelete: 'restrict' },
    ),
    pool: one('Pool', 'poolId', 'The pool that it takes records to.', { required: true, write: 'create', part: true }),
  },
  rules: reclaimRuleRules,
})
