import type { UserErrorInfo } from '../../errors.ts'
import { changePassword } from '../../resolvers/identity/password.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const Payload = builder.objectRef<UserErrorInfo[]>('ChangePasswordPayload').implement({
  description: 'What changePassword did.',
  fields: (t) => ({
    changed: t.boolean({
      nullable: false,
      description: 'Is the new password in force.',
      resolve: (errors) => errors.length === 0,
    }),
    userErrors: t.field({
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'INVALID_CREDENTIALS, ACCOUNT_LOCKED, PASSWORD_WEAK, PASSWORD_REUSED; empty when it was done.',
      resolve: (errors) => errors,
    }),
  }),
})

const Input = builder.inputType('ChangePasswordInput', {
  description: 'The present password and the next one.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'The present password.' }),
    newPassword: t.string({
      required: true,
      description:
        'The next one: 10 to 128 characters, none of the most common ones, without the user’s name, address or company, none of the last five.',
    }),
  }),
})

builder.mutationField('changePassword', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: 'Changes the viewer’s own password and ends their other sessions. FORBIDDEN for API keys.',
    args: { input: t.arg({ type: Input, required: true, description: 'The two passwords.' }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { input }, context) => changePassword(context, input),
  }),
)
