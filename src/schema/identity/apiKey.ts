import type { Context } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import type { Row } from '../../read/finish.ts'
import {
  createApiKey,
  lastUseOf,
  type MadeKey,
  revokeApiKey,
  rotateApiKey,
  updateApiKey,
} from '../../resolvers/identity/apiKey.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { record } from '../record.ts'
import { choice, datetime, one, text, texts } from '../shared/fields.ts'
import { enumType } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'

const kept = { write: 'never' } as const
const SCOPES =
  'What it is limited to, beyond its role: Account.read, Account.*, *.read; empty for all that its role allows.'
const FIELDS =
  'The fields it may see and write: Account.name. Of an object that is named only those, besides id, version, createdAt and updatedAt; other objects not at all. Empty for all.'
const IPS = 'The addresses it may be used from, single ones or CIDR ranges: 192.0.2.7, 10.1.0.0/16. Empty for any.'

const type = record('ApiKey', {
  plural: 'apiKeys',
  prefix: 'akey',
  description:
    'A key by which a program calls. The key itself is shown once, when it is made, and kept nowhere. Made and ended by createApiKey, rotateApiKey and revokeApiKey.',
  search: ['name', 'prefix'],
  settings: true,
  fields: {
    name: text('What it is for.', { required: true }),
    prefix: text('Its first 12 characters, to tell keys apart.', { ...kept, max: 12 }),
    last4: text('Its last four characters, to tell keys apart.', { ...kept, max: 4 }),
    kind: choice(
      'How it is used.',
      'ApiKeyKind',
      {
        API_KEY: 'Sent with each request as Authorization: Bearer ….',
        PARTNER_APP:
          'Traded at /oauth/token for tokens of an hour (OAuth 2.0 client credentials): client_id is the id of the key, client_secret the key.',
      },
      { write: 'create', default: 'API_KEY' },
    ),
    scopes: texts(SCOPES),
    allowedFields: texts(FIELDS),
    allowedIps: texts(IPS),
    expiresAt: datetime('When it stops working; null for never.'),
    revokedAt: datetime('When it was revoked; null for one that works.', kept),
  },
  relations: {
    role: one('Role', 'roleId', 'What it may do.', { write: 'create', required: true, onDelete: 'restrict' }),
    user: one('User', 'userId', 'On whose behalf it acts, if anyone’s.', { write: 'create' }),
    replacedBy: one('ApiKey', 'replacedById', 'The key that came in its place when it was rotated.', kept),
  },
  operations: [],
})

builder.objectField(recordRef('ApiKey'), 'lastUsedAt', (t) =>
  t.field({
    type: 'DateTime',
    description: 'When it was last used, to the minute; null if never.',
    // No column of the key: a use is no change of it.
    extensions: { needs: ['id'] },
    resolve: (row: Row, _args, context: Context) =>
      lastUseOf(context, requireViewer(context), decodeId(row.id as string)?.uuid as string),
  }),
)

const Payload = builder.objectRef<Outcome>('ApiKeyPayload').implement({
  description: 'What a mutation of an API key did.',
  fields: (t) => ({
    apiKey: t.field({
      type: recordRef('ApiKey'),
      description: 'The API key as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const NewPayload = builder.objectRef<Outcome & { key: string | null }>('NewApiKeyPayload').implement({
  description: 'An API key that was made.',
  fields: (t) => ({
    apiKey: t.field({
      type: recordRef('ApiKey'),
      description: 'The API key that was made; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    key: t.exposeString('key', {
      description:
        'The key itself, this once: it is kept nowhere. Null with a user error, and in an answer that is given again for an idempotency key.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

const CreateInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new API key.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is for. At most 255 characters.' }),
    roleId: t.id({ required: true, description: 'What it may do; no more than the caller.' }),
    userId: t.id({ description: 'On whose behalf it acts. Somebody other than the caller needs User.update.' }),
    kind: t.field({
      type: enumType(type.fields.get('kind')!.choice!, 'How it is used.'),
      description: 'How it is used; API_KEY if left out.',
    }),
    scopes: t.stringList({ description: `${SCOPES} At most 100.` }),
    allowedFields: t.stringList({ description: `${FIELDS} At most 100.` }),
    allowedIps: t.stringList({ description: `${IPS} At most 100.` }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it stops working, in the future; never if left out.' }),
  }),
})

const ChangesInput = builder.inputType('ApiKeyChangesInput', {
  description: 'Changes to an API key: a field left out stays, null clears it.',
  fields: (t) => ({
    name: t.string({ description: 'What it is for. At most 255 characters.' }),
    scopes: t.stringList({ description: `${SCOPES} At most 100.` }),
    allowedFields: t.stringList({ description: `${FIELDS} At most 100.` }),
    allowedIps: t.stringList({ description: `${IPS} At most 100.` }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it stops working, in the future; null for never.' }),
  }),
})

type Info = Parameters<typeof mutateOne>[0]['info']

/** Runs a verb that hands out a key. Nothing but this answer ever holds it: what is kept for retries is the record. */
async function made(
  context: Context,
  info: Info,
  work: (write: WriteContext) => Promise<MadeKey>,
): Promise<Outcome & { key: string | null }> {
  let key: string | null = null
  const outcome = await mutateOne({ context, info, type, path: ['apiKey'] }, async (write) => {
    const { written, key: fresh } = await work(write)
    key = fresh
    return written
  })
  return { ...outcome, key: outcome.userErrors.length === 0 ? key : null }
}

const changed = (context: Context, info: Info, work: Parameters<typeof mutateOne>[1]): Promise<Outcome> =>
  mutateOne({ context, info, type, path: ['apiKey'] }, work)

builder.mutationField('createApiKey', (t) =>
  t.field({
    type: NewPayload,
    nullable: false,
    description:
      'Makes an API key and shows it once. Errors: PRIVILEGE_ESCALATION for a key that could do more than the caller, USER_INACTIVE. Needs ApiKey.create.',
    args: { input: t.arg({ type: CreateInput, required: true, description: 'What the key is for and may do.' }) },
    extensions: { permission: ['ApiKey.create'] },
    resolve: (_root, { input }, context, info) => made(context, info, (write) => createApiKey(write, { ...input })),
  }),
)

builder.mutationField('updateApiKey', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Changes an API key’s name or limits; takes effect within 5 seconds. Errors: PRIVILEGE_ESCALATION for a key that can or could do more than the caller, INVALID_STATE for a revoked one. Needs ApiKey.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The API key.' }),
      input: t.arg({ type: ChangesInput, required: true, description: 'What changes.' }),
      expectedVersion: t.arg.int({
        description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.',
      }),
    },
    extensions: { permission: ['ApiKey.update'] },
    resolve: (_root, { input, ...args }, context, info) =>
      changed(context, info, (write) => updateApiKey(write, { ...args, input: { ...input } })),
  }),
)

builder.mutationField('rotateApiKey', (t) =>
  t.field({
    type: NewPayload,
    nullable: false,
    description:
      'Puts a new API key in the place of one, with the same name, role, user and limits, and shows it once. The old one goes on working for a while. Errors: PRIVILEGE_ESCALATION for a key that can do more than the caller, INVALID_STATE for one that is revoked, expired or was rotated. Needs ApiKey.create and ApiKey.update.',
    args: {
      id: t.arg.id({ required: true, description: 'The API key.' }),
      overlapHours: t.arg.int({
        defaultValue: 24,
        description: 'How long the old one goes on working, 0 to 168 hours, unless it ends earlier anyway.',
      }),
    },
    extensions: { permission: ['ApiKey.create', 'ApiKey.update'] },
    resolve: (_root, args, context, info) => made(context, info, (write) => rotateApiKey(write, args)),
  }),
)

builder.mutationField('revokeApiKey', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Ends an API key for good: it is refused within 5 seconds everywhere. One that is revoked stays so. Needs ApiKey.update.',
    args: { id: t.arg.id({ required: true, description: 'The API key.' }) },
    extensions: { permission: ['ApiKey.update'] },
    resolve: (_root, { id }, context, info) => changed(context, info, (write) => revokeApiKey(write, id)),
  }),
)
