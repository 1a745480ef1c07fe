import { actionsOn } from '../../access/decide.ts'
import { SCOPES } from '../../access/roles.ts'
import type { Viewer } from '../../context.ts'
import { coordinateOf, isMaskable } from '../../read/custom.ts'
import { callerOf } from '../../read/read.ts'
import { fieldOf, type Operation, type RecordType, recordType, recordTypes } from '../../read/recordType.ts'
import { idOfTenant } from '../../resolvers/identity/tenantId.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { enumType } from '../shared/kinds.ts'
import { recordRef } from '../shared/names.ts'
import './fieldPermission.ts'
import './objectPermission.ts'

interface TenantRow {
  id: string
  slug: string
  name: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
  locale: string
}

const Tenant = builder.objectRef<TenantRow>('Tenant').implement({
  description: 'A company that uses this deployment.',
  fields: (t) => ({
    id: t.id({ nullable: false, description: 'The id of the company.', resolve: (row) => idOfTenant(row.id) }),
    slug: t.exposeString('slug', { nullable: false, description: 'Its short name, used to sign in.' }),
    name: t.exposeString('name', { nullable: false, description: 'Name of the company.' }),
    timezone: t.exposeString('timezone', {
      nullable: false,
      description: 'Its time zone, IANA name; days and months in aggregates are counted in it.',
    }),
    baseCurrency: t.field({
      type: 'CurrencyCode',
      nullable: false,
      description: 'Currency of amounts that name none.',
      resolve: (row) => row.baseCurrency,
    }),
    defaultCountry: t.field({
      type: 'CountryCode',
      nullable: false,
      description: 'Country of telephone numbers without an international prefix.',
      resolve: (row) => row.defaultCountry,
    }),
    locale: t.exposeString('locale', { nullable: false, description: 'Its language, BCP 47.' }),
  }),
})

const FieldRights = builder
  .objectRef<{ name: string; read: boolean; write: boolean; mask: string }>('ViewerFieldPermission')
  .implement({
    description: 'What the viewer may do with one field of a type.',
    fields: (t) => ({
      name: t.exposeString('name', { nullable: false, description: 'Name of the field: annualRevenue.' }),
      read: t.exposeBoolean('read', {
        nullable: false,
        description:
          'May they see it, filter and order by it. false: it is null in every answer, with FIELD_FORBIDDEN.',
      }),
      write: t.exposeBoolean('write', {
        nullable: false,
        description: 'May they write it, where they may write the record and it can be written at all.',
      }),
      mask: t.field({
        type: enumType(fieldOf(recordType('FieldPermission'), 'mask').choice!, 'Where a masked text is shown.'),
        nullable: false,
        description: 'Where they see a masked text instead; masked fields cannot be filtered or ordered by.',
        resolve: (row) => row.mask,
      }),
    }),
  })

const scopes = (words: string) => ({
  type: [enumType(fieldOf(recordType('ObjectPermission'), 'readScope').choice!, 'Whose records.')] as [never],
  nullable: { list: false, items: false } as const,
  description: words,
})

/** What a viewer, or a user, may do with one type. */
export const ObjectRights = builder
  .objectRef<{ viewer: Pick<Viewer, 'access'>; type: RecordType }>('ViewerObjectPermission')
  .implement({
    description: 'What the viewer, or a user, may do with records of one type, by all their roles together.',
    fields: (t) => ({
      object: t.string({
        nullable: false,
        description: 'Name of the type: Account.',
        resolve: ({ type }) => type.name,
      }),
      actions: t.stringList({
        nullable: { list: false, items: false },
        description:
          'read, create, update, delete, restore, destroy, export, import, transfer, merge, approve, convert, reopen: those that are allowed and that the type has.',
        resolve: ({ viewer, type }) =>
          actionsOn(viewer, type.name).filter(
            (action) => !STANDARD.has(action) || type.operations.has(action as Operation),
          ),
      }),
      readScopes: t.field({
        ...scopes(
          'Whose records they see, all of these together; records shared with them come on top. Empty for types whose records have no owner.',
        ),
        resolve: ({ viewer, type }) => scopesOf(viewer, type, 'read') as never,
      }),
      writeScopes: t.field({
        ...scopes(
          'Whose records they may change, all of these together. Empty for types whose records have no owner, and for those who may change none.',
        ),
        resolve: ({ viewer, type }) => scopesOf(viewer, type, 'update') as never,
      }),
      fields: t.field({
        type: [FieldRights],
        nullable: { list: false, items: false },
        description: 'Each field of the type, the company’s own ones as customFields.tier.',
        resolve: ({ viewer, type }) => {
          const { access } = viewer
          const { hidden, readOnly, masks, custom } = access.set.on(type.name)
          const own = [...type.fields.values()].map(({ name, write }) => ({
            name,
            read: !hidden.has(name),
            write: write !== 'never' && !readOnly.has(name),
            mask: masks.get(name) ?? 'NONE',
          }))
          const customs = [...access.custom(type).values()].map((one) => {
            const rights = custom(one.name)
            return {
              name: coordinateOf(one.name),
              read: !rights.hidden,
              write: !rights.readOnly,
              mask: isMaskable(one) ? rights.mask : 'NONE',
            }
          })
          return [...own, ...customs]
        },
      }),
    }),
  })

/** Actions that are a type's standard operations: a type may not have them. */
const STANDARD: ReadonlySet<string> = new Set(['create', 'update', 'delete', 'restore', 'destroy'])

function scopesOf({ access }: Pick<Viewer, 'access'>, type: RecordType, action: 'read' | 'update'): string[] {
  return type.owners.length > 0 ? SCOPES.filter((scope) => access.set.on(type.name).scopes.get(action)?.has(scope)) : []
}

const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Who is calling.',
  fields: (t) => ({
    user: t.field({
      type: recordRef('User'),
      description: 'The user, also when one of their API keys speaks; null for keys without a user.',
      extensions: { permission: 'authenticated' },
      resolve: (viewer, _args, context, info) =>
        viewer.userId ? context.loaders.load(context, viewer, info, recordType('User'), viewer.userId) : null,
    }),
    apiKey: t.field({
      type: recordRef('ApiKey'),
      description: 'The API key, if one is used and the viewer may read keys.',
      extensions: { permission: 'authenticated' },
      resolve: (viewer, _args, context, info) =>
        viewer.kind === 'apiKey' && viewer.credentialId
          ? context.loaders.load(context, viewer, info, recordType('ApiKey'), viewer.credentialId)
          : null,
    }),
    tenant: t.field({
      type: Tenant,
      nullable: false,
      description: 'The company that the credential belongs to.',
      resolve: async (viewer, _args, context) => {
        const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
          db.rows<TenantRow>({
            text: `SELECT id, slug, name, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry", locale FROM tenant WHERE id = $1`,
            values: [viewer.tenantId],
          }),
        )
        return row as TenantRow
      },
    }),
    roles: t.exposeStringList('roles', {
      nullable: { list: false, items: false },
      description: 'Keys of the viewer’s roles; the most permissive counts.',
    }),
    permissions: t.field({
      type: [ObjectRights],
      nullable: { list: false, items: false },
      description: 'What the viewer may do, by type, so that a client can hide what its user may not do.',
      args: { objects: t.arg.stringList({ description: 'Only these types; all if left out.' }) },
      resolve: (viewer, { objects }) =>
        recordTypes()
          .filter(({ name }) => !objects || objects.includes(name))
          .map((type) => ({ viewer, type })),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    nullable: false,
    description: 'Who is calling, and what they may do. Needs a credential.',
    extensions: { permission: 'authenticated' },
    resolve: (_root, _args, context) => requireViewer(context),
  }),
)
