import { actionsOn } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordType, recordTypes } from '../../read/recordType.ts'
import { idOfTenant } from '../../resolvers/identity/tenantId.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'

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

const ObjectPermissions = builder.objectRef<{ object: string; actions: string[] }>('ObjectPermissions').implement({
  description: 'What the viewer may do with records of one type.',
  fields: (t) => ({
    object: t.exposeString('object', { nullable: false, description: 'Name of the type: Account.' }),
    actions: t.exposeStringList('actions', {
      nullable: { list: false, items: false },
      description: 'read, create, update, delete, restore, destroy: those that are allowed.',
    }),
  }),
})

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
      type: [ObjectPermissions],
      nullable: { list: false, items: false },
      description: 'What the viewer may do, by type.',
      resolve: (viewer) =>
        recordTypes().map(({ name, operations }) => ({
          object: name,
          actions: actionsOn(viewer, name).filter((action) => action === 'read' || operations.has(action)),
        })),
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
