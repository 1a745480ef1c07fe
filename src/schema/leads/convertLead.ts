import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import type { Row } from '../../read/finish.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import { type Became, becameOf } from '../../resolvers/leads/conversion/became.ts'
import { convertLead, convertLeads } from '../../resolvers/leads/conversion/convert.ts'
import type { Target } from '../../resolvers/leads/conversion/mapping.ts'
import { revertConversion } from '../../resolvers/leads/conversion/revert.ts'
import { mutateMany, mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { scalarOf } from '../shared/kinds.ts'
import { inputRef, recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const createRef = (name: string) => inputRef(`Create${name}Input`)

const AccountWay = builder.inputType('ConvertLeadAccountInput', {
  description: 'The company of a conversion: give exactly one.',
  isOneOf: true,
  fields: (t) => ({
    create: t.field({
      type: createRef('Account'),
      description:
        'It is made. What is left out comes from the lead; the name is required then, if the lead has no companyName.',
    }),
    linkId: t.id({
      description: 'It is there: an account, of which empty fields are filled from the lead. REFERENCE_NOT_FOUND.',
    }),
    none: t.boolean({ description: 'true: there is none.' }),
  }),
})

const ContactWay = builder.inputType('ConvertLeadContactInput', {
  description: 'The person of a conversion: give exactly one.',
  isOneOf: true,
  fields: (t) => ({
    create: t.field({
      type: createRef('Contact'),
      description: 'They are made a contact. What is left out comes from the lead.',
    }),
    linkId: t.id({
      description: 'They are there: a contact, of which empty fields are filled from the lead. REFERENCE_NOT_FOUND.',
    }),
  }),
})

const OpportunityWay = builder.inputType('ConvertLeadOpportunityInput', {
  description: 'The deal of a conversion: give exactly one.',
  isOneOf: true,
  fields: (t) => ({
    create: t.field({
      type: createRef('Opportunity'),
      description:
        'It is made. closeDate is required; what else is left out comes from the lead, lines from the products that it is interested in (an empty list for none).',
    }),
    none: t.boolean({ description: 'true: there is none.' }),
  }),
})

const ConvertInput = builder.inputType('ConvertLeadInput', {
  description: 'A lead and what is to become of it.',
  fields: (t) => ({
    leadId: t.id({
      required: true,
      description: 'The lead to convert. NOT_FOUND for one that the caller may not see.',
    }),
    account: t.field({ type: AccountWay, description: 'Its company; made of the lead if left out.' }),
    contact: t.field({ type: ContactWay, description: 'The person; made of the lead if left out.' }),
    opportunity: t.field({ type: OpportunityWay, description: 'The deal; none if left out.' }),
    convertedStatus: t.field({
      type: scalarOf(fieldOf(recordType('Lead'), 'status')),
      description: 'The status that the lead gets: CONVERTED, which it is if left out. Another is VALIDATION_FAILED.',
    }),
    ownerId: t.id({
      description:
        'Who owns what is made; the lead’s owner if left out. OWNER_REQUIRED for a lead without one, which becomes theirs too. An ownerId within create goes before it.',
    }),
    overwriteSource: t.boolean({
      description: 'true: linked records get the lead’s source instead of their own; false if left out.',
    }),
    allowDuplicate: t.boolean({
      description:
        'true: made and filled even where it looks like other records, as far as their rules let; false if left out.',
    }),
    moveActivities: t.boolean({
      description:
        'true: activities, tasks and tags leave the lead for what it became; false, if left out: they stand in both.',
    }),
    expectedVersion: t.int({
      description: 'The version that the lead must still have; otherwise STALE_VERSION. Left out: any.',
    }),
  }),
})

/** What a lead became, asked once per outcome. */
const known = new WeakMap<Outcome, Promise<Became>>()
function became(outcome: Outcome, context: Context): Promise<Became> {
  let asked = known.get(outcome)
  if (!asked) {
    asked = becameOf(context, requireViewer(context), outcome.id ? (decodeId(outcome.id)?.uuid ?? null) : null)
    known.set(outcome, asked)
  }
  return asked
}

/** Reads a record that the lead became, as the client selects it, if they may see it. */
const loading =
  (name: Target) =>
  async (outcome: Outcome, _args: object, context: Context, info: GraphQLResolveInfo): Promise<Row | null> => {
    const id = (await became(outcome, context))[name]
    return id ? context.loaders.load(context, requireViewer(context), info, recordType(name), id) : null
  }

const HIDDEN = 'Null where there is none, where the caller may not see it, and with a user error.'

const ConvertPayload = builder.objectRef<Outcome>('ConvertLeadPayload').implement({
  description: 'What a conversion did.',
  fields: (t) => ({
    lead: t.field({
      type: recordRef('Lead'),
      description: 'The lead as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    account: t.field({
      type: recordRef('Account'),
      description: `The company that was made or linked. ${HIDDEN} Needs Account.read.`,
      resolve: loading('Account'),
    }),
    contact: t.field({
      type: recordRef('Contact'),
      description: `The person who was made or linked. ${HIDDEN} Needs Contact.read.`,
      resolve: loading('Contact'),
    }),
    opportunity: t.field({
      type: recordRef('Opportunity'),
      description: `The deal that was made. ${HIDDEN} Needs Opportunity.read.`,
      resolve: loading('Opportunity'),
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong, with any of the targets; empty when it was done.',
    }),
  }),
})

const ListPayload = builder.objectRef<Awaited<ReturnType<typeof mutateMany>>>('ConvertLeadListPayload').implement({
  description: 'What convertLeads did.',
  fields: (t) => ({
    results: t.expose('results', {
      type: [ConvertPayload],
      nullable: { list: false, items: false },
      description: 'One per lead, in order.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'What is wrong with the list as a whole: BULK_TOO_LARGE.',
    }),
  }),
})

const RevertPayload = builder.objectRef<Outcome>('RevertConversionPayload').implement({
  description: 'What revertConversion did.',
  fields: (t) => ({
    lead: t.field({
      type: recordRef('Lead'),
      description: 'The lead as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that stands in the way; empty when it was done.',
    }),
  }),
})

builder.mutationField('convertLead', (t) =>
  t.field({
    type: ConvertPayload,
    nullable: false,
    description:
      'Makes a company, a person and a deal of a lead, 线索转化, or links it to those that are there, all or nothing. The lead becomes CONVERTED and can no longer be changed. Errors: LEAD_ALREADY_CONVERTED, INVALID_STATE, OWNER_REQUIRED, USER_INACTIVE, REFERENCE_NOT_FOUND, FORBIDDEN with the right on the target that is missing, STALE_VERSION, and all of making the targets: VALIDATION_FAILED, DUPLICATE_DETECTED, OWNER_QUOTA_EXCEEDED. Needs Lead.convert, and create or update on each target.',
    args: { input: t.arg({ type: ConvertInput, required: true, description: 'The lead and what becomes of it.' }) },
    extensions: { permission: ['Lead.convert'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('Lead'), path: ['lead'] }, (write) => convertLead(write, input)),
  }),
)

builder.mutationField('convertLeads', (t) =>
  t.field({
    type: ListPayload,
    nullable: false,
    description:
      'Converts up to 100 leads, each all or nothing: one that cannot be converted does not stop the others. Errors as of convertLead. Needs Lead.convert, and create or update on each target.',
    args: {
      input: t.arg({
        type: [ConvertInput],
        required: true,
        description: 'The leads, at most 100; more is BULK_TOO_LARGE.',
      }),
    },
    extensions: { permission: ['Lead.convert'] },
    resolve: (_root, { input }, context, info) =>
      mutateMany(
        { context, info, type: recordType('Lead'), path: ['results', 'lead'] },
        'REJECT_FAILED_ROWS',
        0,
        (write) => convertLeads(write, input),
      ),
  }),
)

builder.mutationField('revertConversion', (t) =>
  t.field({
    type: RevertPayload,
    nullable: false,
    description:
      'Undoes the conversion of a lead within leadSettings.reversionDays: what it made goes to the recycle bin, what it linked gets back the fields that it filled, the lead its former status. Errors: REFERENCE_IN_USE when what it made has children, STALE_VERSION when it was changed since, INVALID_STATE, NOT_FOUND, FORBIDDEN. Needs Lead.convert, delete on what was made, and update on what was linked.',
    args: {
      leadId: t.arg.id({ required: true, description: 'The lead whose conversion is undone.' }),
      force: t.arg.boolean({
        description:
          'true: also when what was made has been changed since; false if left out. Children stand in the way all the same.',
      }),
      expectedVersion: t.arg.int({
        description: 'The version that the lead must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: { permission: ['Lead.convert'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Lead'), path: ['lead'] }, (write) => revertConversion(write, args)),
  }),
)
