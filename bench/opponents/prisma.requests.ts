import { moment, money, tenThousandths } from '../lib/canonical.ts'
import type { BenchContext, BenchRequest, WorkloadName } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each document asks for.
type Any = any

const ACCOUNT = 'id name industry status website annualRevenue currency createdAt'
const OWNER = 'owner { id name }'
const SINGLE = `query Single($id: ID!) { account(id: $id) { ${ACCOUNT} } }`

const DOCUMENTS = {
  list: `query List { accounts(first: 20) { nodes { ${ACCOUNT} } } }`,
  nested: `query Nested { accounts(first: 20) { nodes { id name annualRevenue currency ${OWNER}
  contacts(first: 5) { id firstName lastName title }
  opportunities(first: 5) { id name amount currency closeDate stage { name } }
} } }`,
  deep: `query Deep { accounts(first: 10) { nodes { id name ${OWNER}
  contacts(first: 3) { id firstName lastName ${OWNER} }
  opportunities(first: 3) { id name amount currency ${OWNER} stage { id name pipeline { id name } } }
} } }`,
  filter: `query Filter($industry: String!) { opportunities(first: 20, status: "OPEN", industry: $industry) {
  totalCount
  nodes { id name amount currency closeDate account { id name } stage { name } }
} }`,
  search: 'query Search($part: String!) { contacts(first: 20, name: $part) { nodes { id fullName title } } }',
  aggregate: 'query Aggregate { opportunityGroups { month stageId currency count sum } }',
  page200: 'query Page($after: String!) { accounts(first: 20, after: $after) { nodes { id name } } }',
  create: 'mutation Create($input: AccountInput!) { createAccount(input: $input) { id name } }',
  update: 'mutation Update($id: ID!, $name: String!) { updateAccount(id: $id, name: $name) { id name } }',
}

function request(context: BenchContext, query: string, variables: Record<string, unknown> = {}): BenchRequest {
  return {
    method: 'POST',
    path: '/',
    headers: { authorization: `Bearer ${context.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  }
}

/** Walks to the cursor of the last row before the page that is asked: there is no offset beside a connection. */
export async function prepare(url: string, context: BenchContext): Promise<void> {
  let after: string | null = null
  for (let left = (context.page - 1) * 20; left > 0; left -= 100) {
    const { path, ...init } = request(
      context,
      'query Walk($first: Int!, $after: String) { accounts(first: $first, after: $after) { pageInfo { endCursor } } }',
      { first: Math.min(left, 100), after },
    )
    const { data, errors } = (await (await fetch(url + path, init)).json()) as Any
    if (errors) throw new Error(JSON.stringify(errors))
    after = data.accounts.pageInfo.endCursor
  }
  context.prepared.after = after ?? ''
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
        input: {
          name: 'zzz bench',
          industry: 'Testing',
          website: 'https://bench.example',
          annualRevenue: '10000000',
          currency: 'USD',
        },
      }),
    ],
    update: context.updates.map((variables) => request(context, update, variables)),
    documents: Array.from({ length: 500 }, (_, n) =>
      request(context, SINGLE.replace('{ account(', `{ account${n}: account(`), {
        id: context.accountIds[n % context.accountIds.length],
      }),
    ),
  }
}

const account = ({ annualRevenue, currency, createdAt, ...row }: Any) => ({
  ...row,
  annualRevenue: money(annualRevenue, currency),
  createdAt: moment(createdAt),
})
const opportunity = ({ amount, currency, ...row }: Any) => ({ ...row, amount: money(amount, currency) })

/** @see Opponent */
export function canonical(workload: WorkloadName, body: string): unknown {
  const { data, errors } = JSON.parse(body)
  if (errors) throw new Error(`prisma, ${workload}: ${JSON.stringify(errors)}`)
  switch (workload) {
    case 'single':
    case 'documents':
      return account(Object.values(data)[0])
    case 'list':
      return data.accounts.nodes.map(account)
    case 'nested':
      return data.accounts.nodes.map(({ annualRevenue, currency, opportunities, ...row }: Any) => ({
        ...row,
        annualRevenue: money(annualRevenue, currency),
        opportunities: opportunities.map(opportunity),
      }))
    case 'deep':
      return data.accounts.nodes.map(({ opportunities, ...row }: Any) => ({
        ...row,
        opportunities: opportunities.map(opportunity),
      }))
    case 'filter':
      return { totalCount: data.opportunities.totalCount, nodes: data.opportunities.nodes.map(opportunity) }
    case 'search':
      return data.contacts.nodes
    case 'aggregate':
      return data.opportunityGroups.map(({ stageId, sum, ...group }: Any) => ({
        ...group,
        stage: stageId,
        sum: tenThousandths(sum),
      }))
    case 'page200':
      return data.accounts.nodes
    case 'create':
      return { name: data.createAccount.name }
    case 'update':
      return data.updateAccount
  }
}
