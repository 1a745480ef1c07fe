import type { Context } from '../../context.ts'
import { PAGE } from '../../read/emit.ts'
import { recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import {
  type Aging,
  type AgingGroup,
  GROUPS_SHOWN,
  type Receivables,
  receivablesAging,
} from '../../resolvers/revenue/aging.ts'
import type { AgingGroupBy } from '../../resolvers/revenue/agingSums.ts'
import { builder } from '../builder.ts'
import { MoneyType, Node } from '../shared/types.ts'

const Buckets = builder.objectRef<Aging>('AgingBuckets').implement({
  description: 'What is open, by how long it has been due.',
  fields: (t) => ({
    notDue: t.expose('notDue', { type: MoneyType, nullable: false, description: 'Not due yet, or due on the day.' }),
    days1To30: t.expose('days1To30', { type: MoneyType, nullable: false, description: 'Due 1 to 30 days before.' }),
    days31To60: t.expose('days31To60', { type: MoneyType, nullable: false, description: 'Due 31 to 60 days before.' }),
    days61To90: t.expose('days61To90', { type: MoneyType, nullable: false, description: 'Due 61 to 90 days before.' }),
    over90: t.expose('over90', { type: MoneyType, nullable: false, description: 'Due more than 90 days before.' }),
    total: t.expose('total', { type: MoneyType, nullable: false, description: 'All of it.' }),
  }),
})

const CurrencyAging = builder.objectRef<AgingGroup['currencies'][number]>('CurrencyAging').implement({
  description: 'What is open in one currency.',
  fields: (t) => ({
    currency: t.expose('currency', { type: 'CurrencyCode', nullable: false, description: 'The currency.' }),
    aging: t.expose('aging', { type: Buckets, nullable: false, description: 'The amounts.' }),
  }),
})

const amounts = {
  base: 'In the company’s currency, at the rates that were frozen when the contracts were approved.',
  currencies: 'In each currency of the contracts.',
}

const Group = builder.objectRef<AgingGroup & { type: string }>('ReceivablesAgingGroup').implement({
  description: 'What one customer owes, or what is owed to the contracts of one owner.',
  fields: (t) => ({
    id: t.id({
      description: 'Id of the customer or the owner; null for contracts without an owner.',
      resolve: ({ id }) => id,
    }),
    record: t.field({
      type: Node,
      description: 'The customer or the owner; null where the viewer does not see it.',
      resolve: ({ uuid, type }, _args, context: Context, info) =>
        uuid === null
          ? null
          : (context.loaders.load(context, requireViewer(context), info, recordType(type), uuid) as Promise<{
              id: string
            } | null>),
    }),
    base: t.expose('base', { type: Buckets, nullable: false, description: amounts.base }),
    currencies: t.expose('currencies', {
      type: [CurrencyAging],
      nullable: { list: false, items: false },
      description: amounts.currencies,
    }),
  }),
})

const Answer = builder.objectRef<Receivables & { type: string }>('ReceivablesAging').implement({
  description: 'What customers owe on a day, 应收账龄.',
  fields: (t) => ({
    asOf: t.expose('asOf', { type: 'Date', nullable: false, description: 'The day whose end it is of.' }),
    base: t.field({ type: Buckets, nullable: false, description: amounts.base, resolve: ({ all }) => all.base }),
    currencies: t.field({
      type: [CurrencyAging],
      nullable: { list: false, items: false },
      description: amounts.currencies,
      resolve: ({ all }) => all.currencies,
    }),
    groups: t.field({
      type: [Group],
      nullable: { list: false, items: false },
      description: 'Customer by customer, or owner by owner, those with the most first.',
      resolve: ({ groups, type }) => groups.map((group) => ({ ...group, type })),
    }),
    groupCount: t.exposeInt('groupCount', { nullable: false, description: 'How many groups there are in all.' }),
  }),
})

const GroupBy = builder.enumType('AgingGroupBy', {
  description: 'By what receivables are told apart.',
  values: {
    ACCOUNT: { description: 'The customer of the contract.' },
    OWNER: { description: 'The owner of the contract.' },
  } satisfies Record<AgingGroupBy, { description: string }>,
})

builder.queryField('receivablesAging', (t) =>
  t.field({
    type: Answer,
    nullable: false,
    description:
      'What is open of the plans of the contracts that the viewer sees, as it stood at the end of a day: what was received or refunded later is left out. Needs ReceiptPlan.read and Contract.read; FIELD_FORBIDDEN for who does not see amounts, days or customers.',
    args: {
      asOf: t.arg({ type: 'Date', description: 'The day; today in the company’s time zone if left out.' }),
      groupBy: t.arg({ type: GroupBy, defaultValue: 'ACCOUNT', description: 'By what it is told apart.' }),
      first: t.arg.int({
        description: `How many groups, at most ${PAGE.max}; ${GROUPS_SHOWN} if left out. More is PAGE_SIZE_EXCEEDED.`,
      }),
    },
    extensions: { permission: ['ReceiptPlan.read', 'Contract.read'], cost: 50 },
    resolve: async (_root, { asOf, groupBy, first }, context: Context) => {
      const by = groupBy ?? 'ACCOUNT'
      const answer = await receivablesAging(context, requireViewer(context), {
        asOf: asOf ?? null,
        groupBy: by,
        first: first ?? null,
      })
      return { ...answer, type: by === 'OWNER' ? 'User' : 'Account' }
    },
  }),
)
