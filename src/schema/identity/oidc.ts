import type { Context } from '../../context.ts'
import { type OidcStart, signInWithOidc, startOidcSignIn } from '../../resolvers/identity/oidc.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'
import { SignInPayload } from './session.ts'

const StartPayload = builder.objectRef<OidcStart>('StartOidcSignInPayload').implement({
  description: 'Where a sign-in by an identity provider begins.',
  fields: (t) => ({
    authorizationUrl: t.exposeString('authorizationUrl', {
      description:
        'The provider’s authorization endpoint with client_id, response_type=code, scope, state and nonce. Add redirect_uri, code_challenge and code_challenge_method (PKCE), send the user there, and trade the code for the ID token yourself. Null with a user error.',
    }),
    state: t.exposeString('state', {
      description: 'Comes back with the code; compare it, lest somebody slip their own sign-in under your user.',
    }),
    nonce: t.exposeString('nonce', {
      description: 'For signInWithOidc, once within ten minutes. Belongs to this company and this provider.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'INVALID_CREDENTIALS when there is no such sign-in, or the provider cannot be reached.',
    }),
  }),
})

const StartInput = builder.inputType('StartOidcSignInInput', {
  description: 'By which company’s provider to sign in.',
  fields: (t) => ({
    tenant: t.string({ required: true, description: 'The company’s slug, as in acme.' }),
    provider: t.id({
      description: 'The identity provider; can be left out where the company has one that is enabled.',
    }),
  }),
})

const SignInInput = builder.inputType('SignInWithOidcInput', {
  description: 'Who signs in by an identity provider.',
  fields: (t) => ({
    tenant: t.string({ required: true, description: 'The company’s slug, as in acme.' }),
    provider: t.id({ description: 'The identity provider that startOidcSignIn was given.' }),
    idToken: t.string({ required: true, description: 'The provider’s ID token, a JWT of at most 16,384 characters.' }),
    nonce: t.string({ required: true, description: 'The nonce from startOidcSignIn.' }),
  }),
})

builder.mutationField('startOidcSignIn', (t) =>
  t.field({
    type: StartPayload,
    nullable: false,
    description: 'Begins a sign-in by a company’s identity provider (OpenID Connect, 单点登录). Needs no credential.',
    args: { input: t.arg({ type: StartInput, required: true, description: 'By which company’s provider.' }) },
    extensions: { permission: 'public' },
    resolve: (_root, { input }, context: Context) => startOidcSignIn(context, input),
  }),
)

builder.mutationField('signInWithOidc', (t) =>
  t.field({
    type: SignInPayload,
    nullable: false,
    description:
      'Begins a session of the user whom an identity provider’s ID token names. INVALID_CREDENTIALS for everything that does not fit. Needs no credential.',
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who signs in.' }) },
    extensions: { permission: 'public' },
    resolve: (_root, { input }, context: Context) => signInWithOidc(context, input),
  }),
)
