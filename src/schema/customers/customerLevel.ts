import { record } from '../record.ts'
import { int, longText, many, text } from '../shared/fields.ts'

record('CustomerLevel', {
  plural: 'customerLevels',
  prefix: 'clvl',
  description: 'A grade of customers and how those of it are served, 客户级别: A, B, VIP.',
  settings: true,
  fields: {
    key: text('The tenant’s short name for it, for programs; unique among live ones: a, vip.', {
      required: true,
      max: 50,
    }),
    name: text('What people call it.', { required: true, max: 100 }),
    rank: int('Its place among the levels: the greater, the more the customer matters.', {
      default: 0,
      range: { min: 0, max: 1000 },
    }),
    description: text('Who belongs to it.', { max: 2000 }),
    serviceStrategy: longText('How its customers are served: how often to visit, who answers, what they get.'),
    reclaimDays: int(
      'After how many days without contact the pool takes a customer of it back, instead of the pool’s own number; null: the pool’s.',
      { range: { min: 1, max: 3650 } },
    ),
  },
  relations: {
    accounts: many('Account', 'level', 'The companies of this level.'),
  },
  unique: { key: ['key'] },
})
