import type { UserErrorInfo } from '../../errors.ts'
import type { CustomMapping } from '../../resolvers/leads/conversion/customMapping.ts'
import { type LeadSettings, leadSettings, updateLeadSettings } from '../../resolvers/leads/conversion/settings.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const TargetEnum = builder.enumType('LeadConversionTarget', {
  description: 'What a lead becomes.',
  values: {
    ACCOUNT: { description: 'The company.' },
    CONTACT: { description: 'The person.' },
    OPPORTUNITY: { description: 'The opportunity that is made with them.' },
  } as const,
})

const MAPPED = {
  from: 'apiName of a custom field of leads.',
  target: 'Of which of the records that a lead becomes.',
  to: 'apiName of a custom field of that type, which takes the values of the lead’s; null: the value stays with the lead.',
}

const Mapping = builder.objectRef<CustomMapping>('LeadCustomFieldMapping').implement({
  description: 'Where a custom field of leads goes in a conversion.',
  fields: (t) => ({
    from: t.exposeString('from', { nullable: false, description: MAPPED.from }),
    target: t.expose('target', { type: TargetEnum, nullable: false, description: MAPPED.target }),
    to: t.exposeString('to', { description: MAPPED.to }),
  }),
})

const MappingInput = builder.inputType('LeadCustomFieldMappingInput', {
  description: 'Where a custom field of leads goes in a conversion.',
  fields: (t) => ({
    from: t.string({ required: true, description: MAPPED.from }),
    target: t.field({ type: TargetEnum, required: true, description: MAPPED.target }),
    to: t.string({ description: MAPPED.to }),
  }),
})

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
    customFields: t.expose('customFields', {
      type: [Mapping],
      nullable: { list: false, items: false },
      description:
        'Custom fields that a conversion carries to one of another name, or not at all. All others go to the custom field of the same name and type, where a target has one.',
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
    customFields: t.field({
      type: [MappingInput],
      description:
        'All of them, in place of those before; at most 300. Both fields must be there and of one type, texts may go to a LONGTEXT. Cannot be null.',
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
    resolve: (_root, { input: { customFields, ...input } }, context) =>
      updateLeadSettings(context, {
        ...input,
        ...(customFields === undefined
          ? {}
          : { customFields: customFields?.map(({ from, target, to }) => ({ from, target, to: to ?? null })) ?? null }),
      }),
  }),
)
