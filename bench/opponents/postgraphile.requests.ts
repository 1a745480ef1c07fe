import { decimal, moment, money, tenThousandths } from '../lib/canonical.ts'
import type { BenchContext, BenchRequest, WorkloadName } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each document asks for.
type Any = any

const LIVE = 'deletedAt: { isNull: true }'
const ACCOUNT = 'rowId name industry status website annualRevenue currency createdAt'
const OWNER = 'owner: appUserByTenantIdAndOwnerId { rowId name }'
const STAGE = 'stage: stageByTenantIdAndStageId'
const BY_NAME = 'orderBy: [NAME_ASC, ROW_ID_ASC]'

/** The live contacts of an account, through account_contact. */
const contacts = (
  first: number,
  fields: string,
) => `contacts: accountContactsByTenantIdAndAccountId(first: ${first}, orderBy: [CONTACT_ID_ASC],
  filter: { ${LIVE}, contactByTenantIdAndContactId: { ${LIVE} } }) { nodes { contact: contactByTenantIdAndContactId { ${fields} } } }`
const opportunities = (
  first: number,
  fields: string,
) => `opportunities: opportunitiesByTenantIdAndAccountId(first: ${first},
  orderBy: [ROW_ID_ASC], filter: { ${LIVE} }) { nodes { ${fields} } }`

const SINGLE = `query Single($id: UUID!) { account: accountByRowId(rowId: $id) { ${ACCOUNT} } }`

const DOCUMENTS = {
  list: `query List { accounts: allAccounts(first: 20, ${BY_NAME}, filter: { ${LIVE} }) { nodes { ${ACCOUNT} } } }`,
  nested: `query Nested { accounts: allAccounts(first: 20, ${BY_NAME}, filter: { ${LIVE} }) { nodes {
  rowId name annualRevenue currency ${OWNER}
  ${contacts(5, 'rowId firstName lastName title')}
  ${opportunities(5, `rowId name amount currency closeDate ${STAGE} { name }`)}
} } }`,
  deep: `query Deep { accounts: allAccounts(first: 10, ${BY_NAME}, filter: { ${LIVE} }) { nodes {
  rowId name ${OWNER}
  ${contacts(3, `rowId firstName lastName ${OWNER}`)}
  ${opportunities(3, `rowId name amount currency ${OWNER} ${STAGE} { rowId name pipeline: pipelineByTenantIdAndPipelineId { rowId name } }`)}
} } }`,
  filter: `query Filter($industry: String!) { opportunities: allOpportunities(first: 20, orderBy: [AMOUNT_DESC, ROW_ID_DESC],
  filter: { ${LIVE}, status: { equalTo: "OPEN" }, accountByTenantIdAndAccountId: { ${LIVE}, industry: { equalTo: $industry } } }) {
  totalCount
  nodes { rowId name amount currency closeDate account: accountByTenantIdAndAccountId { rowId name } ${STAGE} { name } }
} }`,
  search: `query Search($part: String!) { contacts: allContacts(first: 20, orderBy: [ROW_ID_ASC], filter: { ${LIVE}, fullName: { includesInsensitive: $part } }) {
  nodes { rowId fullName title }
} }`,
  aggregate: `query Aggregate { opportunities: allOpportunities(filter: { ${LIVE} }) {
  groups: groupedAggregates(groupBy: [CLOSE_DATE_TRUNCATED_TO_MONTH, STAGE_ID, CURRENCY]) { keys count { rowId amount } sum { amount } }
} }`,
  page200: `query Page($after: Cursor!) { accounts: allAccounts(first: 20, after: $after, ${BY_NAME}, filter: { ${LIVE} }) { nodes { rowId name } } }`,
  create: `mutation Create($account: AccountInput!) { createAccount(input: { account: $account }) { account { rowId name } } }`,
  update: `mutation Update($id: UUID!, $patch: AccountPatch!) { update: updateAccountByRowId(input: { rowId: $id, accountPatch: $patch }) {
  account { rowId name }
} }`,
}

function request(context: BenchContext, query: string, variables: Record<string, unknown> = {}): BenchRequest {
  return {
    method: 'POST',
    path: '/graphql',
    headers: { authorization: `Bearer ${context.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  }
}

/** The cursor of the last row before the page that is asked. */
export async function prepare(url: string, context: BenchContext): Promise<void> {
  const { path, ...init } = request(
    context,
    `query Before($offset: Int!) { accounts: allAccounts(first: 1, offset: $offset, ${BY_NAME}, filter: { ${LIVE} }) { edges { cursor } } }`,
    { offset: (context.page - 1) * 20 - 1 },
  )
  const { data, errors } = (await (await fetch(url + path, init)).json()) as Any
  if (errors) throw new Error(JSON.stringify(errors))
  context.prepared.after = data.accounts.edges[0].cursor
}

/** @see Opponent */
export function requests(context: BenchContext): Record<WorkloadName, BenchRequest[]> {
  const { list, nested, deep, filter, search, aggregate, page200, create, update } = DOCUMENTS
  return {
    single: context.accountIds.map((id) => request(context, SINGLE, { id })),
    list: [request(context, list)],
    nested: [request(context, nested)],
    deep: [request(context, deep)],
    filter: [request(context, filter, { industry: context.industry })],
    search: context.parts.map((part) => request(context, search, { part })),
    aggregate: [request(context, aggregate)],
    page200: [request(context, page200, { after: context.prepared.after })],
    create: [
      request(context, create, {
        account: {
          name: 'zzz bench',
          industry: 'Testing',
          website: 'https://bench.example',
          annualRevenue: '10000000',
          currency: 'USD',
        },
      }),
    ],
    update: context.updates.map(({ id, name }) => request(context, update, { id, patch: { name } })),
    documents: Array.from({ length: 500 }, (_, n) =>
      request(context, SINGLE.replace('{ account:', `{ account${n}:`), {
        id: context.accountIds[n % context.accountIds.length],
      }),
    ),
  }
}

const account = ({ rowId, name, industry, status, website, annualRevenue, currency, createdAt }: Any) => ({
  id: rowId,
  name,
  industry,
  status,
  website,
  annualRevenue: money(annualRevenue, currency),
  createdAt: moment(createdAt),
})
const named = (row: Any) => row && { id: row.rowId, name: row.name }

/** @see Opponent */
export function canonical(workload: WorkloadName, body: string): unknown {
  const { data, errors } = JSON.parse(body)
  if (errors) throw new Error(`postgraphile, ${workload}: ${JSON.stringify(errors)}`)
  switch (workload) {
    case 'single':
    case 'documents':
      return account(Object.values(data)[0])
    case 'list':
      return data.accounts.nodes.map(account)
    case 'nested':
      return data.accounts.nodes.map((row: Any) => ({
        ...named(row),
        annualRevenue: money(row.annualRevenue, row.currency),
        owner: named(row.owner),
        contacts: row.contacts.nodes.map(({ contact: { rowId, ...contact } }: Any) => ({ id: rowId, ...contact })),
        opportunities: row.opportunities.nodes.map(({ rowId, name, amount, currency, closeDate, stage }: Any) => ({
          id: rowId,
          name,
          amount: money(amount, currency),
          closeDate,
          stage,
        })),
      }))
    case 'deep':
      return data.accounts.nodes.map((row: Any) => ({
        ...named(row),
        owner: named(row.owner),
        contacts: row.contacts.nodes.map(({ contact: { rowId, firstName, lastName, owner } }: Any) => ({
          id: rowId,
          firstName,
          lastName,
          owner: named(owner),
        })),
        opportunities: row.opportunities.nodes.map((one: Any) => ({
          ...named(one),
          amount: money(one.amount, one.currency),
          owner: named(one.owner),
          stage: one.stage && { ...named(one.stage), pipeline: named(one.stage.pipeline) },
        })),
      }))
    case 'filter':
      return {
        totalCount: data.opportunities.totalCount,
        nodes: data.opportunities.nodes.map((row: Any) => ({
          ...named(row),
          amount: money(row.amount, row.currency),
          closeDate: row.closeDate,
          account: named(row.account),
          stage: row.stage,
        })),
      }
    case 'search':
      return data.contacts.nodes.map(({ rowId, fullName, title }: Any) => ({ id: rowId, fullName, title }))
    case 'aggregate':
      // The plugin's sum of no amounts is 0; how many amounts there are tells the two apart.
      return data.opportunities.groups.map(({ keys: [month, stage, currency], count, sum }: Any) => ({
        month,
        stage,
        currency,
        count: Number(count.rowId),
        sum: Number(count.amount) === 0 ? null : tenThousandths(decimal(sum.amount)),
      }))
    case 'page200':
      return data.accounts.nodes.map(named)
    case 'create':
      return { name: data.createAccount.account.name }
    case 'update':
      return named(data.update.account)
  }
}
