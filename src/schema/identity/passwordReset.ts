import type { UserErrorInfo } from '../../errors.ts'
import { requestPasswordReset, resetPassword } from '../../resolvers/identity/passwordReset.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const RequestPasswordResetPayload = builder
  .objectRef<{ userErrors: UserErrorInfo[] }>('RequestPasswordResetPayload')
  .implement({
    description: 'What asking for a new password did: nothing that the answer would tell.',
    fields: (t) => ({
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'Always empty, whether there is such a user or not.',
      }),
    }),
  })

const ResetPasswordPayload = builder.objectRef<{ userErrors: UserErrorInfo[] }>('ResetPasswordPayload').implement({
  description: 'What setting a new password did.',
  fields: (t) => ({
    reset: t.boolean({
      nullable: false,
      description: 'Is the password the new one now.',
      resolve: ({ userErrors }) => userErrors.length === 0,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'INVALID_TOKEN for a link that is not, or no longer, valid; PASSWORD_WEAK, PASSWORD_REUSED.',
    }),
  }),
})

const RequestPasswordResetInput = builder.inputType('RequestPasswordResetInput', {
  description: 'Who has forgotten their password.',
  fields: (t) => ({
    tenant: t.string({ required: true, description: 'The company’s slug, as in acme.' }),
    email: t.field({ type: 'EmailAddress', required: true, description: 'The user’s e-mail address.' }),
  }),
})

const ResetPasswordInput = builder.inputType('ResetPasswordInput', {
  description: 'What stands in the link of the mail, and the new password.',
  fields: (t) => ({
    tenant: t.string({ required: true, description: 'The company’s slug, the link’s tenant.' }),
    token: t.string({ required: true, description: 'The link’s token.' }),
    newPassword: t.string({ required: true, description: 'The new password, 10 to 128 characters.' }),
  }),
})

builder.mutationField('requestPasswordReset', (t) =>
  t.field({
    type: RequestPasswordResetPayload,
    nullable: false,
    description:
      'Mails an active user a link, valid for one hour, by which they choose a new password. One answer for everybody; at most three mails per user and hour. Needs no credential.',
    args: {
      input: t.arg({ type: RequestPasswordResetInput, required: true, description: 'Who has forgotten it.' }),
    },
    extensions: { permission: 'public' },
    resolve: async (_root, { input }, context) => {
      await requestPasswordReset(context, input)
      return { userErrors: [] }
    },
  }),
)

builder.mutationField('resetPassword', (t) =>
  t.field({
    type: ResetPasswordPayload,
    nullable: false,
    description:
      'Sets a new password with the token of the mail, which works once. Ends all sessions of the user, signs nobody in, leaves a second factor as it is, and tells the user by mail. Needs no credential.',
    args: {
      input: t.arg({ type: ResetPasswordInput, required: true, description: 'The token and the new password.' }),
    },
    extensions: { permission: 'public' },
    resolve: async (_root, { input }, context) => ({ userErrors: await resetPassword(context, input) }),
  }),
)
