import SchemaBuilder from '@pothos/core'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import type { prisma, TenantClient } from './database.ts'
import { Prisma } from './generated/client/client.ts'
import type PrismaTypes from './generated/pothos.ts'
import { getDatamodel } from './generated/pothos.ts'

export interface Context {
  prisma: TenantClient
}

const builder = new SchemaBuilder<{
  Context: Context
  PrismaTypes: PrismaTypes
  Scalars: {
    BigInt: { Input: bigint; Output: bigint }
    Date: { Input: Date; Output: Date }
    DateTime: { Input: Date; Output: Date }
  }
}>({
  plugins: [PrismaPlugin, RelayPlugin],
  relay: { nodesOnConnection: true },
  prisma: {
    client: ({ prisma: client }) => client as unknown as typeof prisma,
    dmmf: getDatamodel(),
    filterConnectionTotalCount: true,
  },
})

builder.scalarType('BigInt', { serialize: (value) => value.toString(), parseValue: (value) => BigInt(value as string) })
builder.scalarType('Date', { serialize: (value) => value.toISOString().slice(0, 10) })
builder.scalarType('DateTime', { serialize: (value) => value.toISOString() })

// With `select` only the columns that are asked for are read (plugin-prisma, "Optimized queries without t.prismaField").
builder.prismaObject('User', {
  select: { id: true },
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name') }),
})

builder.prismaObject('Pipeline', {
  select: { id: true },
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name') }),
})

builder.prismaObject('Stage', {
  select: { id: true },
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name'), pipeline: t.relation('pipeline') }),
})

const Contact = builder.prismaObject('Contact', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    firstName: t.exposeString('firstName', { nullable: true }),
    lastName: t.exposeString('lastName'),
    fullName: t.exposeString('fullName'),
    title: t.exposeString('title', { nullable: true }),
    owner: t.relation('owner', { nullable: true }),
  }),
})

builder.prismaObject('Opportunity', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    status: t.exposeString('status'),
    amount: t.expose('amount', { type: 'BigInt', nullable: true }),
    currency: t.exposeString('currency'),
    closeDate: t.expose('closeDate', { type: 'Date', nullable: true }),
    account: t.relation('account', { nullable: true }),
    owner: t.relation('owner', { nullable: true }),
    stage: t.relation('stage'),
  }),
})

builder.prismaObject('Account', {
  select: { id: true },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    industry: t.exposeString('industry', { nullable: true }),
    status: t.exposeString('status'),
    website: t.exposeString('website', { nullable: true }),
    annualRevenue: t.expose('annualRevenue', { type: 'BigInt', nullable: true }),
    currency: t.exposeString('currency', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    owner: t.relation('owner', { nullable: true }),
    // Through the join table in the parent's query (plugin-prisma, "Indirect relations").
    contacts: t.field({
      type: [Contact],
      args: { first: t.arg.int({ required: true }) },
      select: ({ first }, _context, nested) => ({
        accountContacts: {
          where: { deletedAt: null, contact: { deletedAt: null } },
          orderBy: { contactId: 'asc' },
          take: first,
          select: { contact: nested(true) },
        },
      }),
      resolve: ({ accountContacts }) => accountContacts.map(({ contact }) => contact),
    }),
    opportunities: t.relation('opportunities', {
      args: { first: t.arg.int({ required: true }) },
      query: ({ first }) => ({ where: { deletedAt: null }, orderBy: { id: 'asc' }, take: first }),
    }),
  }),
})

interface Group {
  month: Date | null
  stageId: string
  currency: string
  count: bigint
  sum: string | null
}
const OpportunityGroup = builder.objectRef<Group>('OpportunityGroup').implement({
  fields: (t) => ({
    month: t.expose('month', { type: 'Date', nullable: true }),
    stageId: t.exposeID('stageId'),
    currency: t.exposeString('currency'),
    count: t.int({ resolve: ({ count }) => Number(count) }),
    sum: t.exposeString('sum', { nullable: true }),
  }),
})

const AccountInput = builder.inputType('AccountInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    industry: t.string(),
    website: t.string(),
    annualRevenue: t.field({ type: 'BigInt' }),
    currency: t.string(),
  }),
})

builder.queryType({
  fields: (t) => ({
    account: t.prismaField({
      type: 'Account',
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (query, _root, { id }, context) =>
        context.prisma.account.findUnique({ ...query, where: { id: String(id), deletedAt: null } }),
    }),
    accounts: t.prismaConnection({
      type: 'Account',
      cursor: 'id',
      resolve: (query, _root, _args, context) =>
        context.prisma.account.findMany({
          ...query,
          where: { deletedAt: null },
          orderBy: [{ name: 'asc' }, { id: 'asc' }],
        }),
    }),
    opportunities: t.prismaConnection({
      type: 'Opportunity',
      cursor: 'id',
      args: { status: t.arg.string({ required: true }), industry: t.arg.string({ required: true }) },
      totalCount: (_connection, args, context) => context.prisma.opportunity.count({ where: opportunitiesWhere(args) }),
      resolve: (query, _root, args, context) =>
        context.prisma.opportunity.findMany({
          ...query,
          where: opportunitiesWhere(args),
          orderBy: [{ amount: 'desc' }, { id: 'desc' }],
        }),
    }),
    contacts: t.prismaConnection({
      type: 'Contact',
      cursor: 'id',
      args: { name: t.arg.string({ required: true }) },
      resolve: (query, _root, { name }, context) =>
        context.prisma.contact.findMany({
          ...query,
          where: { deletedAt: null, fullName: { contains: name, mode: 'insensitive' } },
          orderBy: { id: 'asc' },
        }),
    }),
    // groupBy knows columns only; a month takes SQL.
    opportunityGroups: t.field({
      type: [OpportunityGroup],
      resolve: (_root, _args, context) =>
        context.prisma.$tenantRaw<Group>(Prisma.sql`
          SELECT date_trunc('month', close_date::timestamp)::date AS month, stage_id AS "stageId", currency, count(*), sum(amount)::text
          FROM opportunity WHERE deleted_at IS NULL GROUP BY 1, 2, 3`),
    }),
  }),
})

const opportunitiesWhere = ({ status, industry }: { status: string; industry: string }) => ({
  deletedAt: null,
  status,
  account: { industry, deletedAt: null },
})

builder.mutationType({
  fields: (t) => ({
    createAccount: t.prismaField({
      type: 'Account',
      args: { input: t.arg({ type: AccountInput, required: true }) },
      resolve: (query, _root, { input }, context) => context.prisma.account.create({ ...query, data: input }),
    }),
    updateAccount: t.prismaField({
      type: 'Account',
      args: { id: t.arg.id({ required: true }), name: t.arg.string({ required: true }) },
      resolve: (query, _root, { id, name }, context) =>
        context.prisma.account.update({ ...query, where: { id: String(id), deletedAt: null }, data: { name } }),
    }),
  }),
})

export const schema = builder.toSchema()
