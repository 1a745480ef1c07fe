import { recordType } from '../../read/recordType.ts'
import { linkContact, setPrimaryContact, unlinkContact } from '../../resolvers/customers/primaryContact.ts'
import { mutateOne } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { enumType } from '../shared/kinds.ts'
import { payloadRef } from '../shared/names.ts'
import { CONTACT_ROLES } from './contactRole.ts'
import './accountContact.ts'

const Role = enumType({ name: 'ContactRole', values: CONTACT_ROLES }, 'The part that the person plays.')

const LinkInput = builder.inputType('LinkContactInput', {
  description: 'A person and the company whose contact they become.',
  fields: (t) => ({
    accountId: t.id({ required: true, description: 'The company of the contact.' }),
    contactId: t.id({ required: true, description: 'The person to link.' }),
    role: t.field({ type: Role, description: 'The part that the person plays when the company buys.' }) as never,
    isPrimary: t.boolean({ description: 'Is it the company that the person mainly works for.' }),
    fromDate: t.field({ type: 'Date', description: 'First day in the company.' }),
    toDate: t.field({ type: 'Date', description: 'Last day in the company; not before fromDate.' }),
  }),
})

builder.mutationField('linkContact', (t) =>
  t.field({
    type: payloadRef('AccountContact'),
    nullable: false,
    description:
      'Makes a person a contact of a company. One who is it already is active again and gets what is given. Errors: NOT_FOUND, FORBIDDEN unless the caller may write both, VALIDATION_FAILED. Needs AccountContact.create and AccountContact.update.',
    args: { input: t.arg({ type: LinkInput, required: true, description: 'Who belongs where.' }) },
    extensions: { permission: ['AccountContact.create', 'AccountContact.update'] },
    resolve: (_root, { input }, context, info) =>
      mutateOne({ context, info, type: recordType('AccountContact'), path: ['accountContact'] }, (write) =>
        linkContact(write, input as never),
      ),
  }),
)

builder.mutationField('unlinkContact', (t) =>
  t.field({
    type: payloadRef('Account'),
    nullable: false,
    description:
      'Ends a person’s being a contact of a company, and its primary contact if they are that; the link goes to the recycle bin. Errors: NOT_FOUND where there is no such link, FORBIDDEN unless the caller may write both. Needs AccountContact.delete.',
    args: {
      accountId: t.arg.id({ required: true, description: 'The company to leave.' }),
      contactId: t.arg.id({ required: true, description: 'The person who leaves.' }),
    },
    extensions: { permission: ['AccountContact.delete'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Account'), path: ['account'] }, (write) =>
        unlinkContact(write, args),
      ),
  }),
)

builder.mutationField('setPrimaryContact', (t) =>
  t.field({
    type: payloadRef('Account'),
    nullable: false,
    description:
      'Says whom of its contacts to talk to first. Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION, VALIDATION_FAILED for somebody who is no active contact of the company. Needs Account.update.',
    args: {
      accountId: t.arg.id({ required: true, description: 'The company to change.' }),
      contactId: t.arg.id({ description: 'One of its contacts; null or left out for nobody.' }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: { permission: ['Account.update'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Account'), path: ['account'] }, (write) =>
        setPrimaryContact(write, args),
      ),
  }),
)
