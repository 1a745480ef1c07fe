import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { adjustForecast, type ForecastAdjusting } from '../../resolvers/sales/forecast/adjustForecast.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { type Any, recordRef } from '../shared/names.ts'
import { MoneyInput, UserError } from '../shared/types.ts'
import { PeriodInput } from './forecast.ts'
import './opportunity.ts'

const Payload = builder.objectRef<Outcome>('AdjustForecastPayload').implement({
  description: 'What adjustForecast did.',
  fields: (t) => ({
    forecastAdjustment: t.field({
      type: recordRef('ForecastAdjustment'),
      description: 'What is said now; null when it was taken back, and with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    changed: t.boolean({
      description: 'Did it change anything; null with a user error.',
      resolve: (outcome) => outcome.changed,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('adjustForecast', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Says what a category of a person’s forecast for a period comes to, instead of the sum of their deals: forecast then shows it as adjusted, beside the sum. For those above the person, by managers or as head of their department or of one above it (FORBIDDEN for others), and for who may change the company’s settings. Errors: NOT_FOUND, FORBIDDEN, FIELD_FORBIDDEN, VALIDATION_FAILED, CURRENCY_MISMATCH for another currency than the company’s, CURRENCY_RATE_MISSING. Needs ForecastAdjustment.update.',
    args: {
      period: t.arg({ type: PeriodInput, required: true, description: 'Which forecast; one of exactly this length.' }),
      ownerId: t.arg.id({ required: true, description: 'Whose forecast.' }),
      category: t.arg({
        type: scalarOf(recordType('Opportunity').fields.get('forecastCategory')!) as Any,
        required: true,
        description: 'COMMIT, BEST_CASE or PIPELINE.',
      }),
      amount: t.arg({ type: MoneyInput, description: 'What it comes to; null or left out takes back what was said.' }),
      note: t.arg.string({ description: 'Why. At most 2000 characters.' }),
    },
    extensions: { permission: ['ForecastAdjustment.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('ForecastAdjustment'), path: ['forecastAdjustment'] }, (write) =>
        adjustForecast(write, args as unknown as ForecastAdjusting),
      ),
  }),
)
