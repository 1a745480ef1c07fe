import { poolRules } from '../../resolvers/leads/pool/pool.ts'
import { record } from '../record.ts'
import { boolean, choice, int, longText, many, text, texts } from '../shared/fields.ts'

record('Pool', {
  plural: 'pools',
  prefix: 'pool',
  description:
    'A public pool, 公海: customers or leads without an owner that its members may claim, with the rules of claiming and of taking back. Members see its records, others do not. One that holds records, live or in the recycle bin, is neither deleted nor switched off (POOL_NOT_EMPTY), nor is the last enabled one of its object (LAST_POOL).',
  settings: true,
  fields: {
    object: choice(
      'What it holds.',
      'PoolObject',
      { ACCOUNT: 'Customers, with the people who belong to them alone.', LEAD: 'Leads, and nothing besides.' },
      { required: true, write: 'create' },
    ),
    name: text('What it is called.', { required: true, max: 100 }),
    description: longText('What it is for.', { max: 2000 }),
    enabled: boolean('Is it in use. One that is not takes no records and gives none: POOL_DISABLED.', {
      default: true,
    }),
    isDefault: boolean(
      'Do records go here that are released without naming a pool. One of each object at most, an enabled one; setting it here takes it from the other.',
      { default: false },
    ),
    hiddenFields: texts(
      'API names of fields of its records that are kept back until somebody has claimed the record: phone, email; of a pool of customers also those of their people, Contact.phone. Members get null and FIELD_FORBIDDEN, and cannot find, order or group by them; its administrators, and who sees everybody’s records, see them.',
    ),
    dailyLimitPerUser: int(
      'How many records one user may claim from it in a day of the company’s calendar; null for no limit.',
      {
        range: { min: 0 },
      },
    ),
    maxBatch: int('How many records one call may claim or assign.', { default: 100, range: { min: 1, max: 200 } }),
    previousOwnerCooldownHours: int(
      'For how many hours after somebody lost a record they cannot claim it again; null for none.',
      { range: { min: 0, max: 87_600 } },
    ),
    newDataCooldownHours: int(
      'For how many hours after it came into the pool nobody can claim a record; null for none.',
      { range: { min: 0, max: 87_600 } },
    ),
    reclaimEnabled: boolean('Do its rules take records back, every day at 02:00 of the company’s time zone.', {
      default: true,
    }),
    remindDaysBefore: int(
      'How many days before a record goes back its owner gets a task and a mail; null for neither.',
      { range: { min: 1, max: 365 } },
    ),
    allowImport: boolean('May records be made straight into it, by its administrators: createAccount, import.', {
      default: false,
    }),
  },
  relations: {
    members: many('PoolMember', 'pool', 'Who may claim from it, and who rules it.'),
    rules: many('PoolReclaimRule', 'pool', 'When records go back to it.'),
  },
  rules: poolRules,
})
