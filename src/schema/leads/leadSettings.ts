import type { UserErrorInfo } from '../../errors.ts'
import { type LeadSettings, leadSettings, updateLeadSettings } from '../../resolvers/leads/conversion/settings.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const Settings = builder.objectRef<LeadSettings>('LeadSettings').implement({
  description: 'How the company works with leads.',
  fields: (t) => ({
    conversionNeedsQualified: t.exposeBoolean('conversionNeedsQualified', {
      nullable: false,
      description:
        'true: only leads with the status QUALIFIED are converted (INVALID_STATE); false: all but UNQUALIFIED ones.',
    }),
    reversionDays: t.exposeInt('reversionDays', {
      nullable: false,
      description: 'How many days a conversion can be undone; 0 for never.',
    }),
  }),
})

const Payload = builder
  .objectRef<{ settings: LeadSettings | null; userErrors: UserErrorInfo[] }>('UpdateLeadSettingsPayload')
  .implement({
    description: 'What updateLeadSettings did.',
    fields: (t) => ({
      leadSettings: t.field({
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

const Input = builder.inputType('UpdateLeadSettingsInput', {
  description: 'The settings to change; those left out stay.',
  fields: (t) => ({
    conversionNeedsQualified: t.boolean({ description: 'Are only qualified leads converted. Cannot be null.' }),
    reversionDays: t.int({
      description: '0 to 3650 days. Counts for conversions from now on. Cannot be null.',
    }),
  }),
})

builder.queryField('leadSettings', (t) =>
  t.field({
    type: Settings,
    nullable: false,
    description: 'How the company works with leads. Needs Tenant.read.',
    extensions: { permission: ['Tenant.read'] },
    resolve: (_root, _args, context) => leadSettings(context),
  }),
)

builder.mutationField('updateLeadSettings', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: 'Changes how the company works with leads. Needs Tenant.update.',
    args: { input: t.arg({ type: Input, required: true, description: 'What changes.' }) },
    extensions: { permission: ['Tenant.update'] },
    resolve: (_root, { input }, context) => updateLeadSettings(context, input),
  }),
)
