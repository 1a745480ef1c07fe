import {
  approveRegistration,
  extendRegistration,
  PROTECTION,
  rejectRegistration,
  revokeRegistration,
  withdrawRegistration,
} from '../../resolvers/leads/registration/decide.ts'
import { UNDECIDED_DAYS } from '../../resolvers/leads/registration/expire.ts'
import { submitRegistration } from '../../resolvers/leads/registration/submit.ts'
import { mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import type { Input, WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, currency, date, datetime, int, longText, money, objects, one, phone, text } from '../shared/fields.ts'
import { recordRef } from '../shared/names.ts'
import { MoneyInput, UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const
const given = { write: 'create' } as const

const RegistrationConflict = {
  name: 'RegistrationConflict',
  description:
    'Something that the company knows of the same customer, masked: whoever decides asks whom it belongs to.',
  members: {
    object: { kind: 'text', description: 'Name of its type: Account, Lead, CustomerRegistration.' },
    name: { kind: 'text', description: 'The first and the last character of its name.' },
    match: { kind: 'text', description: 'What is the same: NAME, TAX_NO, PHONE.' },
    since: { kind: 'datetime', description: 'Since when it is there.' },
    protectedUntil: { kind: 'datetime', description: 'Until when it is protected.' },
  },
} as const

const type = record('CustomerRegistration', {
  plural: 'customerRegistrations',
  prefix: 'creg',
  description: `Somebody says that a customer is theirs before anybody has it, 报备: the first one to register is right (先报备先得). An approved one makes the company theirs and protects it for a time. One that nobody decides within ${UNDECIDED_DAYS} days expires. See docs/registration.md.`,
  search: ['companyName', 'taxNo', 'contactName', 'project'],
  fields: {
    companyName: text('The customer’s legal name.', { required: true, ...given }),
    taxNo: text('Its tax number, 统一社会信用代码.', { ...given, max: 50 }),
    contactName: text('Whom the registrant talks to there.', { ...given, max: 100 }),
    contactPhone: phone('Their number.', given),
    project: text('What it is about.', given),
    expectedAmount: money('What it may bring.', { ...given, range: { min: 0 } }),
    currency: currency('Currency of the amount; the tenant’s if left out.', given),
    expectedCloseDate: date('When it may be won.', given),
    evidence: longText('What proves the contact: a visit, a mail, a bid.', { ...given, max: 2000 }),
    status: choice(
      'How it stands.',
      'RegistrationStatus',
      {
        SUBMITTED: 'Waits for a decision, and keeps others from registering the customer.',
        APPROVED: 'The customer is the registrant’s and protected.',
        REJECTED: 'It was refused.',
        EXPIRED: 'The protection is over, or nobody decided in time.',
        CONVERTED: 'The customer has bought.',
        REVOKED: 'It was taken back: by its registrant before the decision, or by who decides after it.',
      },
      kept,
    ),
    conflicts: objects(
      'What the company knew of the same customer when it was submitted, and what did not refuse it.',
      RegistrationConflict,
      kept,
    ),
    submittedAt: datetime('When it was submitted: decides who was first.', kept),
    protectedUntil: datetime('Until when the customer is protected.', kept),
    extensions: int('How often the protection was extended.', kept),
    decidedAt: datetime('When it was decided, revoked or taken back.', kept),
    reason: text('Why it was refused or revoked.', { ...kept, max: 2000 }),
  },
  relations: {
    registrant: one('User', 'registrantId', 'Whose customer it is to be.', kept),
    partner: one('Account', 'partnerId', 'The partner through whom they come.', given),
    account: one('Account', 'accountId', 'The company that it became.', kept),
    decidedBy: one('User', 'decidedById', 'Who decided.', kept),
  },
  owners: ['registrantId'],
  operations: [],
})

const Payload = builder.objectRef<Outcome>('CustomerRegistrationPayload').implement({
  description: 'What a mutation of a registration did.',
  fields: (t) => ({
    customerRegistration: t.field({
      type: recordRef('CustomerRegistration'),
      description: 'The registration as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const about = (name: string) => type.fields.get(name)?.description

const SubmitInput = builder.inputType('SubmitRegistrationInput', {
  description: 'A customer to be registered.',
  fields: (t) => ({
    companyName: t.string({ description: `${about('companyName')} At most 255 characters. Required.` }),
    taxNo: t.string({ description: `${about('taxNo')} At most 50 characters. This or contactPhone is required.` }),
    contactName: t.string({ description: `${about('contactName')} At most 100 characters.` }),
    contactPhone: t.field({ type: 'PhoneNumber', description: about('contactPhone') }),
    project: t.string({ description: `${about('project')} At most 255 characters.` }),
    expectedAmount: t.field({ type: MoneyInput, description: `${about('expectedAmount')} At least 0.` }),
    currency: t.field({ type: 'CurrencyCode', description: about('currency') }),
    expectedCloseDate: t.field({ type: 'Date', description: about('expectedCloseDate') }),
    evidence: t.string({ description: `${about('evidence')} At most 2000 characters.` }),
    partnerId: t.id({ description: about('partnerId') }),
    registrantId: t.id({
      description:
        'Whose customer it is to be; the caller’s if left out. Somebody else’s takes CustomerRegistration.transfer.',
    }),
  }),
})

const idArg = { required: true, description: 'The registration.' } as const
const reasonArg = { required: true, description: 'Why; the registrant reads it. At most 2000 characters.' } as const
const RIGHT = 'Needs CustomerRegistration.approve, and nobody decides about their own.'

/** Runs a verb on one registration. */
function run(
  context: Parameters<typeof mutateOne>[0]['context'],
  info: Parameters<typeof mutateOne>[0]['info'],
  work: (write: WriteContext) => Promise<Written>,
): Promise<Outcome> {
  return mutateOne({ context, info, type, path: ['customerRegistration'] }, work)
}

builder.mutationField('submitRegistration', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Registers a customer. It is looked for in the whole company, also among what the caller may not see: by tax number, else by name (without its legal form) and telephone number. Errors: REGISTRATION_INCOMPLETE with what is missing, REGISTRATION_CONFLICT with what there is (masked) and since when, PROTECTION_ACTIVE with until when, USER_INACTIVE. Needs CustomerRegistration.create.',
    args: { input: t.arg({ type: SubmitInput, required: true, description: 'The customer.' }) },
    extensions: { permission: ['CustomerRegistration.create'] },
    resolve: (_root, { input }, context, info) =>
      run(context, info, (write) => submitRegistration(write, input as Input)),
  }),
)

builder.mutationField('approveRegistration', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: `Approves a registration: the customer is the registrant’s and protected. Errors: INVALID_STATE, SELF_APPROVAL_FORBIDDEN, USER_INACTIVE, REGISTRATION_CONFLICT and PROTECTION_ACTIVE for what happened meanwhile, OWNER_QUOTA_EXCEEDED. ${RIGHT}`,
    args: {
      id: t.arg.id(idArg),
      protectedDays: t.arg.int({
        description: `For how many days it is protected, 1 to ${PROTECTION.most}; ${PROTECTION.days} if left out.`,
      }),
      accountId: t.arg.id({
        description:
          'The company that it is; needs Account.transfer. Left out: the one that is surely this customer and nobody’s, or the registrant’s already; else a new one.',
      }),
    },
    extensions: { permission: ['CustomerRegistration.approve'] },
    resolve: (_root, args, context, info) => run(context, info, (write) => approveRegistration(write, args)),
  }),
)

builder.mutationField('rejectRegistration', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: `Refuses a registration. Errors: INVALID_STATE, SELF_APPROVAL_FORBIDDEN, VALIDATION_FAILED. ${RIGHT}`,
    args: { id: t.arg.id(idArg), reason: t.arg.string(reasonArg) },
    extensions: { permission: ['CustomerRegistration.approve'] },
    resolve: (_root, { id, reason }, context, info) =>
      run(context, info, (write) => rejectRegistration(write, id, reason)),
  }),
)

builder.mutationField('revokeRegistration', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: `Ends the protection of an approved registration; the company stays with its owner. Errors: INVALID_STATE, SELF_APPROVAL_FORBIDDEN, VALIDATION_FAILED. ${RIGHT}`,
    args: { id: t.arg.id(idArg), reason: t.arg.string(reasonArg) },
    extensions: { permission: ['CustomerRegistration.approve'] },
    resolve: (_root, { id, reason }, context, info) =>
      run(context, info, (write) => revokeRegistration(write, id, reason)),
  }),
)

builder.mutationField('extendRegistration', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description: `Protects an approved customer for longer, once. Errors: INVALID_STATE, also when the protection is over; SELF_APPROVAL_FORBIDDEN, EXTENSION_LIMIT. ${RIGHT}`,
    args: {
      id: t.arg.id(idArg),
      days: t.arg.int({
        description: `For how many days more, 1 to ${PROTECTION.most}; ${PROTECTION.days} if left out.`,
      }),
    },
    extensions: { permission: ['CustomerRegistration.approve'] },
    resolve: (_root, { id, days }, context, info) => run(context, info, (write) => extendRegistration(write, id, days)),
  }),
)

builder.mutationField('withdrawRegistration', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Takes a registration back that is not decided. Errors: FORBIDDEN for others than the registrant, INVALID_STATE. Needs CustomerRegistration.create.',
    args: { id: t.arg.id(idArg) },
    extensions: { permission: ['CustomerRegistration.create'] },
    resolve: (_root, { id }, context, info) => run(context, info, (write) => withdrawRegistration(write, id)),
  }),
)
