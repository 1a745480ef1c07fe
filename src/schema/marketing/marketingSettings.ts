import type { UserErrorInfo } from '../../errors.ts'
import {
  type MarketingSettings,
  marketingSettings,
  updateMarketingSettings,
} from '../../resolvers/marketing/settings.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const AttributionEnum = builder.enumType('CampaignAttribution', {
  description: 'For which of several campaigns that touched a deal it counts.',
  values: {
    FIRST: { description: 'For the one that touched it first.' },
    LAST: { description: 'For the one that touched it last before it was closed.' },
    EVEN: { description: 'For all of them, in equal parts.' },
  } as const,
})

const Settings = builder.objectRef<MarketingSettings>('MarketingSettings').implement({
  description: 'How the company measures its campaigns.',
  fields: (t) => ({
    attribution: t.expose('attribution', {
      type: AttributionEnum,
      nullable: false,
      description: 'For which of several campaigns a deal counts.',
    }),
    attributionDays: t.exposeInt('attributionDays', {
      nullable: false,
      description:
        'A deal counts for campaigns whose member somebody of it became at most so many days before it was closed.',
    }),
  }),
})

const Payload = builder
  .objectRef<{ settings: MarketingSettings | null; userErrors: UserErrorInfo[] }>('UpdateMarketingSettingsPayload')
  .implement({
    description: 'What updateMarketingSettings did.',
    fields: (t) => ({
      marketingSettings: t.field({
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

const Input = builder.inputType('UpdateMarketingSettingsInput', {
  description: 'The settings to change; those left out stay.',
  fields: (t) => ({
    attribution: t.field({ type: AttributionEnum, description: 'For which campaigns deals count. Cannot be null.' }),
    attributionDays: t.int({ description: '1 to 3650 days. Cannot be null.' }),
  }),
})

builder.queryField('marketingSettings', (t) =>
  t.field({
    type: Settings,
    nullable: false,
    description: 'How the company measures its campaigns. Needs Tenant.read.',
    extensions: { permission: ['Tenant.read'] },
    resolve: (_root, _args, context) => marketingSettings(context),
  }),
)

builder.mutationField('updateMarketingSettings', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Changes how the company measures its campaigns: also of deals that were won before. Needs Tenant.update.',
    args: { input: t.arg({ type: Input, required: true, description: 'What changes.' }) },
    extensions: { permission: ['Tenant.update'] },
    resolve: (_root, { input }, context) => updateMarketingSettings(context, input),
  }),
)
