import type { Context } from '../../context.ts'
import { refreshToken, type SignedIn, signIn, signOut } from '../../resolvers/identity/session.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

const SignInPayload = builder.objectRef<SignedIn>('SignInPayload').implement({
  description: 'What signing in gives.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description: 'For the header Authorization: Bearer …; valid for some minutes. Null with a user error.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the access token ends.',
      resolve: (one) => one.expiresAt,
    }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'Trades once, within 30 days, for new tokens by refreshToken. Keep it secret.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'INVALID_CREDENTIALS when company, address and password do not fit together.',
    }),
  }),
})

const SignOutPayload = builder.objectRef<{ ended: boolean }>('SignOutPayload').implement({
  description: 'What signing out did.',
  fields: (t) => ({
    ended: t.exposeBoolean('ended', {
      nullable: false,
      description: 'Was a session ended; false for API keys, which have none.',
    }),
    userErrors: t.field({
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'Always empty: there is nothing to mend.',
      resolve: () => [],
    }),
  }),
})

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    tenant: t.string({ required: true, description: 'The company’s slug, as in acme.' }),
    email: t.field({ type: 'EmailAddress', required: true, description: 'The user’s e-mail address.' }),
    password: t.string({ required: true, description: 'The user’s password, at most 128 characters.' }),
  }),
})

builder.mutationField('signIn', (t) =>
  t.field({
    type: SignInPayload,
    nullable: false,
    description: 'Begins a session of a user. Needs no credential.',
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who signs in.' }) },
    extensions: { permission: 'public' },
    resolve: (_root, { input }, context: Context) => signIn(context, input),
  }),
)

builder.mutationField('refreshToken', (t) =>
  t.field({
    type: SignInPayload,
    nullable: false,
    description:
      'Trades a refresh token for new tokens. Each works once; the second use of one ends the session. UNAUTHENTICATED for one that is not valid.',
    args: {
      refreshToken: t.arg.string({
        required: true,
        description: 'The token from signIn or from the last refreshToken.',
      }),
    },
    extensions: { permission: 'public' },
    resolve: (_root, args, context: Context) => refreshToken(context, args.refreshToken),
  }),
)

builder.mutationField('signOut', (t) =>
  t.field({
    type: SignOutPayload,
    nullable: false,
    description: 'Ends the session of the access token. Its tokens are refused within 5 seconds everywhere.',
    extensions: { permission: 'authenticated' },
    resolve: async (_root, _args, context: Context) => ({ ended: await signOut(context) }),
  }),
)
