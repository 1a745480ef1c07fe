import type { Context } from '../../context.ts'
import { refreshToken, type SignedIn, signIn, signOut } from '../../resolvers/identity/session.ts'
import {
  mySessions,
  type Revoked,
  revokeOtherSessions,
  revokeSession,
  revokeUserSessions,
  type SessionInfo,
} from '../../resolvers/identity/sessions.ts'
import { builder } from '../builder.ts'
import { UserError } from '../shared/types.ts'

/** Also of other ways to sign in. */
export const SignInPayload = builder.objectRef<SignedIn>('SignInPayload').implement({
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
      description:
        'INVALID_CREDENTIALS when company, address, password and code do not fit together; ACCOUNT_LOCKED with details { retryAfterSeconds } after too many attempts. With the right password: MFA_REQUIRED, PASSWORD_EXPIRED, PASSWORD_WEAK, PASSWORD_REUSED.',
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
    code: t.string({
      description:
        'Of the second factor, for users who have one: six digits of the authenticator app, each taken once, or a recovery code.',
    }),
    newPassword: t.string({
      description: 'The next password, after PASSWORD_EXPIRED. The rules are those of changePassword.',
    }),
  }),
})

builder.mutationField('signIn', (t) =>
  t.field({
    type: SignInPayload,
    nullable: false,
    description:
      'Begins a session of a user. Ten failed attempts at an account, or from an address, within 15 minutes lock it: ACCOUNT_LOCKED. Needs no credential.',
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
      'Trades a refresh token for new tokens. Each works once; a later use of one that was traded ends the session. UNAUTHENTICATED for one that is not valid.',
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

/** A live session, of the viewer or of another user. */
export const Session = builder.objectRef<SessionInfo>('Session').implement({
  description: 'A sign-in that lasts.',
  fields: (t) => ({
    id: t.exposeID('id', { nullable: false, description: 'For revokeSession.' }),
    createdAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When the user signed in.',
      resolve: (one) => one.createdAt,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'When it ends unless it is refreshed before.',
      resolve: (one) => one.expiresAt,
    }),
    ip: t.exposeString('ip', { description: 'The address that signed in.' }),
    userAgent: t.exposeString('userAgent', { description: 'The program that signed in, as it calls itself.' }),
    current: t.exposeBoolean('current', { nullable: false, description: 'Is it the one that asks.' }),
  }),
})

const revokedPayload = (name: string, description: string) =>
  builder.objectRef<Revoked>(name).implement({
    description,
    fields: (t) => ({
      revoked: t.exposeInt('revoked', { nullable: false, description: 'How many sessions ended.' }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description:
          'NOT_FOUND for what does not exist; FORBIDDEN or PRIVILEGE_ESCALATION for users who are not the viewer’s to change; empty when it was done.',
      }),
    }),
  })

const RevokeSessionPayload = revokedPayload('RevokeSessionPayload', 'What revokeSession did.')
const RevokeOtherSessionsPayload = revokedPayload('RevokeOtherSessionsPayload', 'What revokeOtherSessions did.')
const RevokeUserSessionsPayload = revokedPayload('RevokeUserSessionsPayload', 'What revokeUserSessions did.')

builder.queryField('mySessions', (t) =>
  t.field({
    type: [Session],
    nullable: { list: false, items: false },
    description: 'Where the viewer is signed in, the latest first, at most 100. FORBIDDEN for API keys.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => mySessions(context),
  }),
)

builder.mutationField('revokeSession', (t) =>
  t.field({
    type: RevokeSessionPayload,
    nullable: false,
    description:
      'Ends one of the viewer’s sessions. Its tokens are refused within 5 seconds everywhere. FORBIDDEN for API keys.',
    args: { id: t.arg.id({ required: true, description: 'The session, from mySessions.' }) },
    extensions: { permission: 'authenticated' },
    resolve: (_root, { id }, context) => revokeSession(context, id),
  }),
)

builder.mutationField('revokeOtherSessions', (t) =>
  t.field({
    type: RevokeOtherSessionsPayload,
    nullable: false,
    description: 'Ends all of the viewer’s sessions but the one that asks. FORBIDDEN for API keys.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => revokeOtherSessions(context),
  }),
)

builder.mutationField('revokeUserSessions', (t) =>
  t.field({
    type: RevokeUserSessionsPayload,
    nullable: false,
    description: 'Ends all sessions of a user, for administrators. Needs User.update.',
    args: { userId: t.arg.id({ required: true, description: 'The user whose sessions end.' }) },
    extensions: { permission: ['User.update'] },
    resolve: (_root, { userId }, context) => revokeUserSessions(context, userId),
  }),
)
