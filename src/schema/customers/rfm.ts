import type { Context } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import type { Row } from '../../read/finish.ts'
import { callerOf } from '../../read/read.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { calculateRfm, type RfmResult } from '../../resolvers/customers/rfm.ts'
import { DAILY_RFM, DAILY_SEGMENTS, scheduleDaily } from '../../resolvers/customers/upkeep.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { DAILY_SNAPSHOT } from '../../resolvers/sales/forecast/snapshot.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import './account.ts'
import '../platform/job.ts'

/** A column of the account: hidden where that is. */
const column = (field: string) => ({ extensions: { of: 'Account', field } })

const Rfm = builder.objectRef<Row>('AccountRfm').implement({
  description: 'How lately, how often and for how much a customer bought, beside the others: RFM, 客户价值.',
  fields: (t) => ({
    recency: t.int({
      description: 'How lately, 1 to 5; 5 is the fifth of the customers who bought last.',
      ...column('rfmRecency'),
      resolve: (row) => row.rfmRecency as number | null,
    }),
    frequency: t.int({
      description: 'How often, 1 to 5; 5 is the fifth who bought most often.',
      ...column('rfmFrequency'),
      resolve: (row) => row.rfmFrequency as number | null,
    }),
    monetary: t.int({
      description: 'For how much, 1 to 5; 5 is the fifth who bought for the most.',
      ...column('rfmMonetary'),
      resolve: (row) => row.rfmMonetary as number | null,
    }),
    score: t.int({
      description: 'The sum of the three, 3 to 15.',
      ...column('rfmScore'),
      resolve: (row) => row.rfmScore as number | null,
    }),
    class: t.field({
      type: scalarOf(fieldOf(recordType('Account'), 'rfmClass')),
      description: 'What the three make of it.',
      ...column('rfmClass'),
      resolve: (row) => (row.rfmClass ?? null) as never,
    }) as never,
    calculatedAt: t.field({
      type: 'DateTime',
      description: 'Since when these values are what they are: a calculation that finds the same leaves it.',
      ...column('rfmCalculatedAt'),
      resolve: (row) => row.rfmCalculatedAt as string | null,
    }),
  }),
})

builder.objectField(recordRef('Account'), 'rfm', (t) =>
  t.field({
    type: Rfm,
    description:
      'How lately, how often and for how much it bought, as recalculateRfm found; null without a sale. The same stands in rfmScore and the others, which can be filtered and ordered by.',
    extensions: {
      needs: ['rfmRecency', 'rfmFrequency', 'rfmMonetary', 'rfmScore', 'rfmClass', 'rfmCalculatedAt'],
    },
    resolve: (row: Row) =>
      ['rfmRecency', 'rfmFrequency', 'rfmMonetary', 'rfmScore', 'rfmClass', 'rfmCalculatedAt'].some(
        (name) => row[name] != null,
      )
        ? row
        : null,
  }),
)

type Done = { result: RfmResult | null; userErrors: UserErrorInfo[] }

const Payload = builder.objectRef<Done>('RecalculateRfmPayload').implement({
  description: 'What recalculateRfm did.',
  fields: (t) => ({
    customers: t.int({ description: 'Customers with a sale.', resolve: ({ result }) => result?.customers ?? null }),
    changed: t.int({
      description: 'Customers whose values changed and were written.',
      resolve: ({ result }) => result?.changed ?? null,
    }),
    sales: t.int({ description: 'Sales that count.', resolve: ({ result }) => result?.sales ?? null }),
    otherCurrency: t.int({
      description:
        'Sales whose amount is in another currency than the company’s: they count for recency and frequency, and for no money, as there are no rates.',
      resolve: ({ result }) => result?.otherCurrency ?? null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('recalculateRfm', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Works RFM and Pareto out anew for all customers of the company, over their won opportunities, in one statement; writes those that changed. Recency, frequency and monetary value are fifths (ntile) of the customers with a sale; of equals the older record stands in the lower one. Needs Tenant.update, because it looks at all customers and deals, whosever they are.',
    extensions: { permission: ['Tenant.update'], cost: 50 },
    resolve: async (_root, _args, context: Context) => {
      const viewer = requireViewer(context)
      const result = await context.tenancy.writeTenant(callerOf(viewer), (db) => calculateRfm({ db, viewer }))
      context.loaders.clear()
      return { result, userErrors: [] }
    },
  }),
)

const SchedulePayload = builder.objectRef<Outcome>('ScheduleUpkeepPayload').implement({
  description: 'What a schedule of the company’s own upkeep became.',
  fields: (t) => ({
    job: t.field({
      type: recordRef('Job'),
      description: 'The job that waits for its time; null when it was taken from the calendar, and with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

for (const [name, kind, words] of [
  ['scheduleRfm', DAILY_RFM, 'Has RFM and Pareto worked out every day, as recalculateRfm does.'],
  [
    'scheduleSegmentRefresh',
    DAILY_SEGMENTS,
    'Has the members of all segments counted every day, each as its owner sees them; segments without an active owner are passed over.',
  ],
  [
    'scheduleForecastSnapshots',
    DAILY_SNAPSHOT,
    'Has what deals come to kept every day, for forecasts to be measured by later (ForecastSnapshot); a day without a rate that is needed has none.',
  ],
] as const) {
  builder.mutationField(name, (t) =>
    t.field({
      type: SchedulePayload,
      nullable: false,
      description: `${words} Takes the place of what was said before. Errors: VALIDATION_FAILED for a time that is none. Needs Tenant.update.`,
      args: {
        dailyAt: t.arg.string({
          description: 'Local time of the company, HH:MM; null or left out takes it from the calendar.',
        }),
      },
      extensions: { permission: ['Tenant.update'] },
      resolve: (_root, { dailyAt }, context, info) =>
        mutateOne({ context, info, type: recordType('Job'), path: ['job'] }, (write) =>
          scheduleDaily(write, kind, dailyAt ?? null),
        ),
    }),
  )
}
