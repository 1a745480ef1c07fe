import type { UserErrorInfo } from '../../errors.ts'
import { type ServiceSettings, serviceSettings, updateServiceSettings } from '../../resolvers/service/settings.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const Settings = builder.objectRef<ServiceSettings>('ServiceSettings').implement({
  description: 'How the company serves its customers.',
  fields: (t) => ({
    publicKnowledge: t.exposeBoolean('publicKnowledge', {
      nullable: false,
      description:
        'May everybody read the articles that are PUBLIC and published, without signing in: at /kb/ and the company’s slug. false at first.',
    }),
  }),
})

const Payload = builder
  .objectRef<{ settings: ServiceSettings | null; userErrors: UserErrorInfo[] }>('UpdateServiceSettingsPayload')
  .implement({
    description: 'What updateServiceSettings did.',
    fields: (t) => ({
      serviceSettings: t.field({
        type: Settings,
        description: 'The settings as they now are; null with a user error.',
        resolve: (payload) => payload.settings,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'VALIDATION_FAILED for null; empty when it was done.',
      }),
    }),
  })

const Input = builder.inputType('UpdateServiceSettingsInput', {
  description: 'The settings to change; those left out stay.',
  fields: (t) => ({
    publicKnowledge: t.boolean({ description: 'May everybody read what is written for everybody. Cannot be null.' }),
  }),
})

builder.queryField('serviceSettings', (t) =>
  t.field({
    type: Settings,
    nullable: false,
    description: 'How the company serves its customers. Needs Tenant.read.',
    extensions: { permission: ['Tenant.read'] },
    resolve: (_root, _args, context) => serviceSettings(context),
  }),
)

builder.mutationField('updateServiceSettings', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: 'Changes how the company serves its customers. Needs Tenant.update.',
    args: { input: t.arg({ type: Input, required: true, description: 'What changes.' }) },
    extensions: { permission: ['Tenant.update'] },
    resolve: (_root, { input }, context) => updateServiceSettings(context, input),
  }),
)
