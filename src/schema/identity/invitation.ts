import type { UserErrorInfo } from '../../errors.ts'
import { recordType } from '../../read/recordType.ts'
import {
  acceptInvitation,
  inviteUser,
  resendInvitation,
  revokeInvitation,
} from '../../resolvers/identity/invitation.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const InvitationPayload = builder.objectRef<Outcome>('InvitationPayload').implement({
  description: 'What a mutation of an invitation did.',
  fields: (t) => ({
    user: t.field({
      type: recordRef('User'),
      description: 'The invited user as they now are; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const AcceptInvitationPayload = builder
  .objectRef<{ userErrors: UserErrorInfo[] }>('AcceptInvitationPayload')
  .implement({
    description: 'What accepting an invitation did.',
    fields: (t) => ({
      accepted: t.boolean({
        nullable: false,
        description: 'May the user sign in now, with the password they chose.',
        resolve: ({ userErrors }) => userErrors.length === 0,
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        nullable: { list: false, items: false },
        description: 'INVALID_TOKEN for a link that is not, or no longer, valid; PASSWORD_WEAK.',
      }),
    }),
  })

const InviteUserInput = builder.inputType('InviteUserInput', {
  description: 'Who is invited, and as what.',
  fields: (t) => ({
    email: t.field({
      type: 'EmailAddress',
      required: true,
      description: 'Where the invitation goes; what they will sign in with. Unique among live users.',
    }),
    name: t.string({ required: true, description: 'What people call them; they may change it when they accept.' }),
    roleId: t.id({
      description:
        'What they may do; required without contactId, and with it the customer’s role if left out. PRIVILEGE_ESCALATION when it is more than the caller may.',
    }),
    contactId: t.id({
      description:
        'Makes them a customer’s own user: the person that they are. They see their own cases and published articles, docs/portal.md.',
    }),
    managerId: t.id({ description: 'Their superior.' }),
    departmentId: t.id({ description: 'Their department.' }),
    locale: t.string({
      description: 'Their language, BCP 47, also of the mail: en, zh-CN. The company’s if left out.',
    }),
  }),
})

const AcceptInvitationInput = builder.inputType('AcceptInvitationInput', {
  description: 'What stands in the link of an invitation, and what the user chooses.',
  fields: (t) => ({
    tenant: t.string({ required: true, description: 'The company’s slug, the link’s tenant.' }),
    token: t.string({ required: true, description: 'The link’s token.' }),
    password: t.string({ required: true, description: 'The password they choose, 10 to 128 characters.' }),
    name: t.string({ description: 'What people shall call them; left out: as they were invited.' }),
  }),
})

const user = () => recordType('User')

builder.mutationField('inviteUser', (t) =>
  t.field({
    type: InvitationPayload,
    nullable: false,
    description:
      'Makes a user of status INVITED and mails them a link, valid for seven days, by which they choose a password. Whoever calls is the inviter: an invitation is good as long as they could still give it. Errors: UNIQUE_VIOLATION for the address of a live user, PRIVILEGE_ESCALATION. Needs User.create.',
    args: { input: t.arg({ type: InviteUserInput, required: true, description: 'Who is invited.' }) },
    extensions: { permission: ['User.create'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: user(), path: ['user'] }, (write) => inviteUser(write, { ...input })),
  }),
)

builder.mutationField('resendInvitation', (t) =>
  t.field({
    type: InvitationPayload,
    nullable: false,
    description:
      'Mails an invited user a new link; the one before is good no longer, and whoever calls is the inviter now. Errors: INVALID_STATE for users who are not invited, PRIVILEGE_ESCALATION. Needs User.create.',
    args: { userId: t.arg.id({ required: true, description: 'The invited user.' }) },
    extensions: { permission: ['User.create'] },
    resolve: (_root, { userId }, context, info) =>
      mutateOne({ context, info, type: user(), path: ['user'] }, (write) => resendInvitation(write, userId)),
  }),
)

builder.mutationField('revokeInvitation', (t) =>
  t.field({
    type: InvitationPayload,
    nullable: false,
    description:
      'Takes an invitation back: the link is good no longer and the user goes to the recycle bin. Errors: INVALID_STATE for users who are not invited. Needs User.delete.',
    args: { userId: t.arg.id({ required: true, description: 'The invited user.' }) },
    extensions: { permission: ['User.delete'] },
    resolve: (_root, { userId }, context, info) =>
      mutateOne({ context, info, type: user(), path: ['user'] }, (write) => revokeInvitation(write, userId)),
  }),
)

builder.mutationField('acceptInvitation', (t) =>
  t.field({
    type: AcceptInvitationPayload,
    nullable: false,
    description:
      'Makes an invited user an active one with the password they choose; they sign in afterwards. Needs no credential but the token of the mail, which works once.',
    args: { input: t.arg({ type: AcceptInvitationInput, required: true, description: 'The token and the password.' }) },
    extensions: { permission: 'public' },
    resolve: async (_root, { input }, context) => ({ userErrors: await acceptInvitation(context, input) }),
  }),
)
