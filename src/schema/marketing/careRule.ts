import { careRuleRules } from '../../resolvers/marketing/care/rule.ts'
import { record } from '../record.ts'
import { boolean, choice, currency, datetime, int, json, many, money, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const
/** For whom it was: exactly one of the two. */
const whose = { write: 'never', part: true } as const
const clock = { max: 5 } as const

const CHANNELS = {
  EMAIL: 'A mail of the template to the person.',
  TASK: 'A task for who looks after them, due on that day.',
  NOTIFICATION: 'A notification to who looks after them.',
}

record('CareRule', {
  plural: 'careRules',
  prefix: 'care',
  description:
    'Something good that is done for customers when its moment comes, 客户关怀: a wish on a birthday, a task when nobody has spoken to them for a month. Once for each person and period, on the day and by the clock of the person: their time zone, else the company’s. CareExecution tells what was done; careRulePreview who would get it.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What it is called, unique; tasks and notifications begin with it.', { required: true, max: 100 }),
    active: boolean('Is it at work.', { default: true }),
    trigger: choice(
      'What makes the moment come.',
      'CareTrigger',
      {
        BIRTHDAY: 'The birthday of a contact; one of 29 February is kept on the 28th in other years. Once a year.',
        NO_CONTACT_DAYS:
          'Nothing has happened with a contact for so many days; of new ones, since they were made. Once for each silence.',
        ANNIVERSARY: 'It is a number of years since the first deal with an account. Once a year.',
        HIGH_VALUE:
          'An account has bought for the amount or more in the last 365 days: deals that were won, at the rate of their day; those without a rate do not count. Once in each calendar year.',
        CONTRACT_EXPIRING:
          'A contract in force ends within so many days: its signer is the person. Once for each end of each contract.',
      },
      { required: true, write: 'create' },
    ),
    filter: json(
      'Whom it is for: what where of contacts takes, of accounts for ANNIVERSARY and HIGH_VALUE, of contracts for CONTRACT_EXPIRING, as JSON: {"status": {"eq": "ACTIVE"}}. Checked as where is: VALIDATION_FAILED with the path of what is wrong. Null: all. At most 20,000 characters.',
      { max: 20_000 },
    ),
    days: int('Of NO_CONTACT_DAYS and CONTRACT_EXPIRING, required: how many days. Others make no use of it.', {
      range: { min: 1, max: 3650 },
    }),
    amount: money('Of HIGH_VALUE, required: from which amount. Others make no use of it.', { range: { min: 0 } }),
    currency: currency('Currency of the amount; the tenant’s if left out.'),
    channel: choice('What is done.', 'CareChannel', CHANNELS, { default: 'TASK' }),
    sendAtLocalTime: text('From when on that day, HH:MM by the clock of the person. Not within the quiet hours.', {
      ...clock,
      default: '09:00',
    }),
    quietFrom: text(
      'Quiet hours begin, HH:MM by the clock of the person. 21:00 to 08:00 if both are left out, none if both are null.',
      clock,
    ),
    quietTo: text('Quiet hours end, HH:MM.', clock),
    cooldownDays: int('Least days between two times of this rule for the same person; 0: no matter.', {
      default: 0,
      range: { min: 0, max: 3650 },
    }),
  },
  relations: {
    template: one('EmailTemplate', 'templateId', 'Of the channel EMAIL, required: what is mailed.', {
      onDelete: 'restrict',
    }),
    executions: many('CareExecution', 'rule', 'What it did.'),
  },
  unique: { name: ['name'] },
  rules: careRuleRules,
})

/** The record type, for the preview that uses its enums. */
export const careExecution = record('CareExecution', {
  plural: 'careExecutions',
  prefix: 'cexe',
  description:
    'What a care rule did for a person in a period, or why it did nothing. A part of the person, or of the company where nobody is known there: who sees them sees it. Written by the server only.',
  fields: {
    period: text('Once in each: a year, the day of the last contact, the end and number of a contract.', {
      ...kept,
      max: 200,
    }),
    channel: choice('What was to be done.', 'CareChannel', CHANNELS, kept),
    status: choice(
      'Was it done.',
      'CareStatus',
      { SENT: 'It was: what became of a mail, its EmailMessage tells.', SKIPPED: 'It was not; reason says why.' },
      kept,
    ),
    reason: choice(
      'Why it was not done.',
      'CareSkipReason',
      {
        DO_NOT_CONTACT: 'Their company is to be left alone.',
        NO_CONTACT: 'Nobody is known in the company.',
        NO_ADDRESS: 'They have no e-mail address.',
        INVALID_ADDRESS: 'Mail to their address comes back.',
        DO_NOT_EMAIL: 'They want no mails.',
        OPTED_OUT: 'Their address wants no mails.',
        CONSENT: 'They denied or withdrew their consent.',
        SUPPRESSED: 'Their address is not written to any more.',
        COOLDOWN: 'They got something by the rule within cooldownDays.',
        QUIET_HOURS: 'The day was over before it could be done: quiet hours had begun.',
        NO_OWNER: 'Nobody who works here looks after them.',
        RENDER_FAILED: 'The template could not be made into a mail for them.',
      },
      kept,
    ),
    at: datetime('When it was done, or was to be.', kept),
  },
  relations: {
    rule: one('CareRule', 'ruleId', 'The rule that was at work.', { ...kept, required: true }),
    contact: one('Contact', 'contactId', 'For whom, a person.', whose),
    account: one('Account', 'accountId', 'For whom, a company in which nobody is known.', whose),
    contract: one('Contract', 'contractId', 'The contract that expires.', kept),
  },
  operations: [],
})
