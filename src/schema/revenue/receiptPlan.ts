import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { createRecords, type Written } from '../../resolvers/records.ts'
import { generateReceiptPlans, PLANS_MAX, type PlanInterval } from '../../resolvers/revenue/generatePlans.ts'
import { planRules } from '../../resolvers/revenue/plan.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, currency, date, int, longText, money, one } from '../shared/fields.ts'
import { writeInput } from '../shared/inputs.ts'
import { payloadRef, recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import { PAYMENT_METHOD, paymentMethod } from './paymentMethod.ts'

const kept = { write: 'never' } as const

const type = record('ReceiptPlan', {
  plural: 'receiptPlans',
  prefix: 'rcpl',
  description:
    'What of a contract is to be paid by when, 回款计划. A part of the contract. Together they are not more than it, but for what the company tolerates (PLAN_EXCEEDS_CONTRACT). What something was received for stays as it is (PLAN_HAS_RECEIPTS).',
  fields: {
    sequence: int('Its number among the plans of the contract, 期次, from 1; the next one if left out.', {
      default: null,
      range: { min: 1 },
    }),
    amount: money('How much is to be paid, more than 0.', { required: true, range: { min: 0.0001 } }),
    currency: currency('Currency of its amounts: always the contract’s. Another is CURRENCY_MISMATCH.', {
      default: null,
    }),
    dueDate: date('The day by which it is to be paid.', { required: true }),
    method: choice('How it is to be paid.', ...PAYMENT_METHOD),
    remindDaysBefore: int('How many days before it is due the contract’s owner gets a task; null for none.', {
      range: { min: 0, max: 365 },
    }),
    status: choice(
      'How it stands. A day that is over makes it OVERDUE soon after midnight in the company’s time zone.',
      'ReceiptPlanStatus',
      {
        NOT_EFFECTIVE: 'The contract is not approved yet.',
        PENDING: 'Nothing was received yet.',
        PARTIAL: 'Some of it was received.',
        DONE: 'All of it was received.',
        OVERDUE: 'The day is over, and something is open.',
        VOID: 'The contract was rejected, is void or terminated: it is not to be paid.',
      },
      kept,
    ),
    receivedAmount: money('What was received for it: confirmed parts less reversals and refunds.', kept),
    unreceivedAmount: money('amount − receivedAmount.', kept),
    settledAt: date('The day of the receipt that completed it.', kept),
    note: longText('Anything else.', { max: 2000 }),
  },
  relations: {
    contract: one('Contract', 'contractId', 'The contract; submitted (CONTRACT_NOT_SUBMITTED) and not void.', {
      required: true,
      write: 'create',
      part: true,
    }),
  },
  operations: ['update', 'delete'],
  imported: true,
  unique: { sequence: ['contractId', 'sequence'] },
  rules: planRules,
})

builder.mutationField('createReceiptPlan', (t) =>
  t.field({
    type: payloadRef(type.name),
    nullable: false,
    description:
      'Plans a payment of a contract. Errors: CONTRACT_NOT_SUBMITTED, VOID_NOT_EDITABLE, INVALID_STATE for one that was terminated, CURRENCY_MISMATCH, PLAN_EXCEEDS_CONTRACT with what remains. Needs ReceiptPlan.create.',
    args: {
      input: t.arg({ type: writeInput(type, 'create'), required: true, description: 'What is to be paid.' }),
    },
    extensions: { permission: ['ReceiptPlan.create'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne(
        { context, info, type, path: ['receiptPlan'] },
        async (write) => (await createRecords(write, type, [input as Record<string, unknown>]))[0] as Written,
      ),
  }),
)

const Interval = builder.enumType('PlanInterval', {
  description: 'What lies between two plans.',
  values: {
    WEEK: { description: 'Seven days.' },
    MONTH: { description: 'A month; what falls on the 31st is due on the last day of shorter ones.' },
    QUARTER: { description: 'Three months.' },
    YEAR: { description: 'Twelve months.' },
  } satisfies Record<PlanInterval, { description: string }>,
})

const Input = builder.inputType('GenerateReceiptPlansInput', {
  description: 'Payments at an interval.',
  fields: (t) => ({
    contractId: t.id({ required: true, description: 'The contract.' }),
    count: t.int({ required: true, description: `How many, 1 to ${PLANS_MAX}.` }),
    interval: t.field({ type: Interval, required: true, description: 'What lies between two of them.' }),
    firstDueDate: t.field({
      type: 'Date',
      description: 'When the first is due; the first day of the contract if left out.',
    }),
    firstPercent: t.field({
      type: 'Decimal',
      description:
        'How much of what is to be planned the first is, per cent, between 0 and 100; as much as the others if left out.',
    }),
    method: t.field({ type: paymentMethod, description: 'How they are to be paid.' }),
    remindDaysBefore: t.int({ description: 'How many days before each is due the owner gets a task, 0 to 365.' }),
  }),
})

const Payload = builder.objectRef<Outcome>('GenerateReceiptPlansPayload').implement({
  description: 'What generateReceiptPlans did.',
  fields: (t) => ({
    contract: t.field({
      type: recordRef('Contract'),
      description: 'The contract with its plans; null with a user error.',
      resolve: ({ record: contract }) => contract,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('generateReceiptPlans', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Plans what of a contract is not planned yet in parts at an interval: equal ones, the first by its per cent where one is given, the last with what remains, so that their sum is exact. Errors: as createReceiptPlan. Needs ReceiptPlan.create and Contract.update.',
    args: { input: t.arg({ type: Input, required: true, description: 'How to plan.' }) },
    extensions: { permission: ['ReceiptPlan.create', 'Contract.update'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('Contract'), path: ['contract'] }, (write) =>
        generateReceiptPlans(write, input),
      ),
  }),
)
