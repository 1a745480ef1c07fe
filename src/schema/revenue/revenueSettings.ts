import type { UserErrorInfo } from '../../errors.ts'
import { type RevenueSettings, readRevenueSettings, updateRevenueSettings } from '../../resolvers/revenue/settings.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const RoundingEnum = builder.enumType('Rounding', {
  description: 'How half of a currency’s smallest unit is rounded.',
  values: {
    HALF_UP: { description: 'Up, 四舍五入: 0.005 is 0.01.' },
    HALF_EVEN: { description: 'To the even neighbour, as banks do: 0.005 is 0.00, 0.015 is 0.02.' },
  } as const,
})

const Settings = builder.objectRef<RevenueSettings>('RevenueSettings').implement({
  description: 'How the company works with contracts and money.',
  fields: (t) => ({
    planTolerance: t.expose('planTolerance', {
      type: 'Decimal',
      nullable: false,
      description:
        'By how much the plans of a contract may be more than the contract (PLAN_EXCEEDS_CONTRACT), per cent of its amount.',
    }),
    allowOverpayment: t.exposeBoolean('allowOverpayment', {
      nullable: false,
      description:
        'true: a receipt may be more than its contract asks for, and what is too much becomes a credit of the account (AccountCredit); false: it is RECEIPT_EXCEEDS_BALANCE.',
    }),
    contractReminderDays: t.exposeInt('contractReminderDays', {
      nullable: false,
      description: 'How many days before a contract ends its owner gets a task; 0 for never.',
    }),
    receiptNeedsApproval: t.exposeBoolean('receiptNeedsApproval', {
      nullable: false,
      description: 'true: receipts go through an approval flow (submitReceipt); false: who may confirms them.',
    }),
    submitRenewals: t.exposeBoolean('submitRenewals', {
      nullable: false,
      description:
        'true: a renewal that is made by itself (Contract.autoRenew) is submitted at once, in the name of its owner; false: it is a draft.',
    }),
    rounding: t.expose('rounding', {
      type: RoundingEnum,
      nullable: false,
      description: 'How the amounts of lines are rounded, of deals, quotes, orders and contracts.',
    }),
  }),
})

const Payload = builder
  .objectRef<{ settings: RevenueSettings | null; userErrors: UserErrorInfo[] }>('UpdateRevenueSettingsPayload')
  .implement({
    description: 'What updateRevenueSettings did.',
    fields: (t) => ({
      revenueSettings: t.field({
        type: Settings,
        description: 'The settings as they now are; null with a user error.',
        resolve: (payload) => payload.settings,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'VALIDATION_FAILED for a value out of range, or null; empty when it was done.',
      }),
    }),
  })

const Input = builder.inputType('UpdateRevenueSettingsInput', {
  description: 'The settings to change; those left out stay.',
  fields: (t) => ({
    planTolerance: t.field({
      type: 'Decimal',
      description: 'Per cent, 0 to 100, at most two decimals. Cannot be null.',
    }),
    allowOverpayment: t.boolean({ description: 'Is more taken than a contract asks for. Cannot be null.' }),
    contractReminderDays: t.int({ description: '0 to 365 days. Cannot be null.' }),
    receiptNeedsApproval: t.boolean({ description: 'Do receipts go through an approval flow. Cannot be null.' }),
    submitRenewals: t.boolean({ description: 'Are renewals made by themselves submitted. Cannot be null.' }),
    rounding: t.field({
      type: RoundingEnum,
      description: 'How lines that are written from now on are rounded. Cannot be null.',
    }),
  }),
})

builder.queryField('revenueSettings', (t) =>
  t.field({
    type: Settings,
    nullable: false,
    description: 'How the company works with contracts and money. Needs Tenant.read.',
    extensions: { permission: ['Tenant.read'] },
    resolve: (_root, _args, context) => readRevenueSettings(context),
  }),
)

builder.mutationField('updateRevenueSettings', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: 'Changes how the company works with contracts and money. Needs Tenant.update.',
    args: { input: t.arg({ type: Input, required: true, description: 'What changes.' }) },
    extensions: { permission: ['Tenant.update'] },
    resolve: (_root, { input }, context) => updateRevenueSettings(context, input),
  }),
)
