import { requestError } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import { DECIMAL } from '../../read/values.ts'
import { mutateMany, mutateOne } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import { copyTargets, setTargets, type TargetInput } from '../../resolvers/sales/forecast/setTargets.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { type Any, listPayloadRef, payloadRef } from '../shared/names.ts'
import { ErrorPolicy, MoneyInput } from '../shared/types.ts'
import { PeriodInput, ScopeType } from './forecast.ts'
import { salesTarget } from './salesTarget.ts'

const Input = builder.inputType('SetTargetInput', {
  description: 'A target, found by scope, metric and period.',
  fields: (t) => ({
    scopeType: t.field({ type: ScopeType as Any, required: true, description: 'Of whom it is expected.' }),
    scopeId: t.id({ description: 'The department or user; left out for the company.' }),
    metric: t.field({
      type: scalarOf(salesTarget.fields.get('metric')!) as Any,
      required: true,
      description: 'What is counted.',
    }),
    period: t.field({ type: PeriodInput, required: true, description: 'When it is to be reached.' }),
    amount: t.field({
      type: MoneyInput,
      description: 'How much; of WON_AMOUNT and RECEIPTS, in the company’s base currency.',
    }),
    count: t.int({ description: 'How many; of WON_COUNT and NEW_CUSTOMERS. At least 0.' }),
  }),
})

const type = () => recordType('SalesTarget')
const NEEDS = ['SalesTarget.create', 'SalesTarget.update']
const ERRORS =
  'Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, VALIDATION_FAILED, CURRENCY_MISMATCH for another currency than the company’s.'

builder.mutationField('setTarget', (t) =>
  t.field({
    type: payloadRef('SalesTarget'),
    nullable: false,
    description: `Sets a target: changes the one of this scope, metric and period, or makes it. ${ERRORS} Needs SalesTarget.create and SalesTarget.update.`,
    args: { input: t.arg({ type: Input, required: true, description: 'The target.' }) },
    extensions: { permission: NEEDS },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: type(), path: ['salesTarget'] }, async (write) => {
        const [written] = await setTargets(write, [input as TargetInput], { partial: false, pathOf: () => ['input'] })
        return written as Written
      }),
  }),
)

builder.mutationField('setTargets', (t) =>
  t.field({
    type: listPayloadRef('SalesTarget'),
    nullable: false,
    description: `Sets up to 200 targets as setTarget does. ${ERRORS} UNIQUE_VIOLATION for one that an earlier row sets, BULK_TOO_LARGE. Needs SalesTarget.create and SalesTarget.update.`,
    args: {
      input: t.arg({ type: [Input], required: true, description: 'The targets.' }),
      onError: t.arg({
        type: ErrorPolicy,
        defaultValue: 'REJECT_EVERYTHING',
        description: 'What to do when some rows are bad.',
      }),
    },
    extensions: { permission: NEEDS },
    resolve: (_root, { input, onError }, context, info) =>
      mutateMany(
        { context, info, type: type(), path: ['results', 'salesTarget'] },
        onError ?? 'REJECT_EVERYTHING',
        input.length,
        (write, partial) =>
          setTargets(write, input as TargetInput[], { partial, pathOf: (index) => ['input', String(index)] }),
      ),
  }),
)

builder.mutationField('copyTargets', (t) =>
  t.field({
    type: listPayloadRef('SalesTarget'),
    nullable: false,
    description:
      'Copies the targets of the year before into a fiscal year: those that the caller sees, with their months and quarters. What is there already stays. Answers with the new ones; none when there was nothing to copy. Errors: as createSalesTarget. Needs SalesTarget.read and SalesTarget.create.',
    args: {
      year: t.arg({ type: 'Date', required: true, description: 'Any day of the fiscal year to fill.' }),
      growth: t.arg({
        type: 'Decimal',
        defaultValue: '0',
        description: 'By how many per cent to raise them, −100 to 1000, at most two decimals.',
      }),
    },
    extensions: { permission: ['SalesTarget.read', 'SalesTarget.create'], cost: 50 },
    resolve: (_root, { year, growth }, context, info) => {
      const hundredths = hundredthsOf(growth ?? '0')
      return mutateMany(
        { context, info, type: type(), path: ['results', 'salesTarget'] },
        'REJECT_EVERYTHING',
        0,
        (write) => copyTargets(write, { year, growth: hundredths }),
      )
    },
  }),
)

/** Per cent as hundredths of a per cent. */
function hundredthsOf(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  if (!DECIMAL.test(text) || fraction.length > 2 || Number(text) < -100 || Number(text) > 1000)
    throw requestError('BAD_USER_INPUT', {
      message: 'growth must be between −100 and 1000 with at most two decimals.',
      extensions: { field: ['growth'] },
    })
  return BigInt(whole + fraction.padEnd(2, '0'))
}
