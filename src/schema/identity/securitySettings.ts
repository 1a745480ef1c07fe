import type { UserErrorInfo } from '../../errors.ts'
import { type SecuritySettings, securitySettings, updateSecuritySettings } from '../../resolvers/identity/security.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const Settings = builder.objectRef<SecuritySettings>('SecuritySettings').implement({
  description: 'How the company protects its accounts and its data.',
  fields: (t) => ({
    passwordMaxAgeDays: t.exposeInt('passwordMaxAgeDays', {
      description: 'After so many days a password has to be replaced at sign-in (PASSWORD_EXPIRED); null for never.',
    }),
    exportNeedsApproval: t.exposeBoolean('exportNeedsApproval', {
      nullable: false,
      description:
        'true: a role’s right to export is not enough, administrators included; each export needs an approved request (EXPORT_APPROVAL_REQUIRED).',
    }),
    exportNeedsPurpose: t.exposeBoolean('exportNeedsPurpose', {
      nullable: false,
      description:
        'true: whoever exports must say why, administrators included; without `purpose` it is BAD_USER_INPUT.',
    }),
  }),
})

const Payload = builder
  .objectRef<{ settings: SecuritySettings | null; userErrors: UserErrorInfo[] }>('UpdateSecuritySettingsPayload')
  .implement({
    description: 'What updateSecuritySettings did.',
    fields: (t) => ({
      securitySettings: t.field({
        type: Settings,
        description: 'The settings as they now are; null with a user error.',
        resolve: (payload) => payload.settings,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description:
          'VALIDATION_FAILED for a value out of range, or null where there is no such thing; empty when it was done.',
      }),
    }),
  })

const Input = builder.inputType('UpdateSecuritySettingsInput', {
  description: 'The settings to change; those left out stay.',
  fields: (t) => ({
    passwordMaxAgeDays: t.int({ description: '1 to 3650 days; null lets passwords grow old.' }),
    exportNeedsApproval: t.boolean({
      description: 'Must each export be approved, from its next page on. Cannot be null.',
    }),
    exportNeedsPurpose: t.boolean({ description: 'Must whoever exports say why. Cannot be null.' }),
  }),
})

builder.queryField('securitySettings', (t) =>
  t.field({
    type: Settings,
    nullable: false,
    description: 'How the company protects its accounts and its data. Needs Tenant.read.',
    extensions: { permission: ['Tenant.read'] },
    resolve: (_root, _args, context) => securitySettings(context),
  }),
)

builder.mutationField('updateSecuritySettings', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Changes how the company protects its accounts, from the next sign-in on, and its data. Needs Tenant.update.',
    args: { input: t.arg({ type: Input, required: true, description: 'What changes.' }) },
    extensions: { permission: ['Tenant.update'] },
    resolve: (_root, { input }, context) => updateSecuritySettings(context, input),
  }),
)
