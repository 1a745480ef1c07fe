import type { UserErrorInfo } from '../../errors.ts'
import {
  confirmMfa,
  disableMfa,
  type RecoveryCodes,
  type ResetMfa,
  regenerateRecoveryCodes,
  resetUserMfa,
  type StartedMfa,
  startMfa,
} from '../../resolvers/identity/mfa.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const StartPayload = builder.objectRef<StartedMfa>('StartMfaPayload').implement({
  description: 'What an authenticator app needs. Shown this once.',
  fields: (t) => ({
    secret: t.exposeString('secret', { description: 'The secret in base32, for typing. Null with a user error.' }),
    uri: t.exposeString('uri', { description: 'The same as an otpauth:// address, for a QR code.' }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'INVALID_STATE when a second factor is on.',
    }),
  }),
})

const codesPayload = (name: string, description: string) =>
  builder.objectRef<RecoveryCodes>(name).implement({
    description,
    fields: (t) => ({
      recoveryCodes: t.exposeStringList('recoveryCodes', {
        nullable: { list: true, items: false },
        description: 'Ten codes, each of which stands in for the app once. Shown this once. Null with a user error.',
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'INVALID_CREDENTIALS for a wrong code, ACCOUNT_LOCKED after too many, INVALID_STATE.',
      }),
    }),
  })

const ConfirmPayload = codesPayload('ConfirmMfaPayload', 'The recovery codes of a second factor that is on from now.')
const RegeneratePayload = codesPayload('RegenerateRecoveryCodesPayload', 'New recovery codes in place of the old.')

const DisablePayload = builder.objectRef<UserErrorInfo[]>('DisableMfaPayload').implement({
  description: 'What disableMfa did.',
  fields: (t) => ({
    disabled: t.boolean({
      nullable: false,
      description: 'Is the second factor off now.',
      resolve: (errors) => errors.length === 0,
    }),
    userErrors: t.field({
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'INVALID_CREDENTIALS, ACCOUNT_LOCKED, INVALID_STATE when it was off; empty when it was done.',
      resolve: (errors) => errors,
    }),
  }),
})

const ResetPayload = builder.objectRef<ResetMfa>('ResetUserMfaPayload').implement({
  description: 'What resetUserMfa did.',
  fields: (t) => ({
    reset: t.exposeBoolean('reset', { nullable: false, description: 'False when there was none to switch off.' }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'NOT_FOUND, FORBIDDEN, PRIVILEGE_ESCALATION; VALIDATION_FAILED for oneself.',
    }),
  }),
})

builder.mutationField('startMfa', (t) =>
  t.field({
    type: StartPayload,
    nullable: false,
    description:
      'Makes a secret for the viewer’s authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds). It is asked for from confirmMfa on. FORBIDDEN for API keys.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => startMfa(context),
  }),
)

builder.mutationField('confirmMfa', (t) =>
  t.field({
    type: ConfirmPayload,
    nullable: false,
    description:
      'Switches the second factor on, with the first code that the app shows, and gives ten recovery codes. FORBIDDEN for API keys.',
    args: { code: t.arg.string({ required: true, description: 'The six digits that the app shows.' }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { code }, context) => confirmMfa(context, code),
  }),
)

builder.mutationField('disableMfa', (t) =>
  t.field({
    type: DisablePayload,
    nullable: false,
    description: 'Switches the viewer’s second factor off. FORBIDDEN for API keys.',
    args: {
      password: t.arg.string({ required: true, description: 'The viewer’s password.' }),
      code: t.arg.string({ required: true, description: 'Six digits of the app, or a recovery code.' }),
    },
    extensions: { permission: 'authenticated' },
    resolve: (_root, args, context) => disableMfa(context, args),
  }),
)

builder.mutationField('regenerateRecoveryCodes', (t) =>
  t.field({
    type: RegeneratePayload,
    nullable: false,
    description: 'Makes ten new recovery codes; the old ones stop working. FORBIDDEN for API keys.',
    args: { code: t.arg.string({ required: true, description: 'Six digits of the app, or a recovery code.' }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { code }, context) => regenerateRecoveryCodes(context, code),
  }),
)

builder.mutationField('resetUserMfa', (t) =>
  t.field({
    type: ResetPayload,
    nullable: false,
    description:
      'Switches the second factor of another user off, who has lost app and recovery codes. Never one’s own. Needs User.update.',
    args: { userId: t.arg.id({ required: true, description: 'The user who has lost theirs.' }) },
    extensions: { permission: ['User.update'] },
    resolve: (_root, { userId }, context) => resetUserMfa(context, userId),
  }),
)
