import { decimal, moment, typeId, uuid } from '../lib/canonical.ts'
import type { BenchContext, BenchRequest, Opponent, WorkloadName } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each document asks for.
type Any = any

const ACCOUNT = 'id name industry status website annualRevenue { amount currency } createdAt'
const BY_NAME = 'orderBy: [{ field: NAME }]'
const DOCUMENTS: Record<Exclude<WorkloadName, 'documents'>, string> = {
  single: `query Account($id: ID!) { account(id: $id) { ${ACCOUNT} } }`,
  list: `query Accounts($first: Int!) { accounts(first: $first, ${BY_NAME}) { nodes { ${ACCOUNT} } } }`,
  nested: `query Nested($first: Int!, $inner: Int!) { accounts(first: $first, ${BY_NAME}) { nodes { id name annualRevenue { amount currency } owner { id name }
  contacts(first: $inner) { nodes { id firstName lastName title } }
  opportunities(first: $inner) { nodes { id name amount { amount currency } closeDate stage { name } } } } } }`,
  deep: `query Deep($first: Int!, $inner: Int!) { accounts(first: $first, ${BY_NAME}) { nodes { id name owner { id name }
  contacts(first: $inner) { nodes { id firstName lastName owner { id name } } }
  opportunities(first: $inner) { nodes { id name amount { amount currency } owner { id name } stage { id name pipeline { id name } } } } } } }`,
  filter: `query Filter($industry: String!) {
  opportunities(first: 20, where: { status: { eq: OPEN }, account: { is: { industry: { eq: $industry } } } }, orderBy: [{ field: AMOUNT, direction: DESC }]) {
    nodes { id name amount { amount currency } closeDate account { id name } stage { name } } totalCount { value } } }`,
  search: `query Search($part: String!) { contacts(first: 20, search: $part, orderBy: [{ field: ID }]) { nodes { id fullName title } } }`,
  aggregate: `query Aggregate { opportunityAggregate(groupBy: [{ field: CLOSE_DATE, bucket: MONTH }, { field: STAGE }, { field: CURRENCY }]) {
  key { closeDate stage { id } currency } count sum { amount { amount } } } }`,
  page200: `query Page($after: String) { accounts(first: 20, after: $after, ${BY_NAME}) { nodes { id name } } }`,
  create: `mutation Create($input: CreateAccountInput!) { createAccount(input: $input) { account { id name } userErrors { code message field } } }`,
  update: `mutation Update($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { account { id name } userErrors { code message field } } }`,
}
const WALK = `query Walk($after: String, $first: Int!) { accounts(first: $first, after: $after, ${BY_NAME}) { pageInfo { endCursor } } }`

const headers = (context: BenchContext) => ({
  authorization: `Bearer ${context.token}`,
  'content-type': 'application/json',
})
const request = (context: BenchContext, query: string, variables: unknown): BenchRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: headers(context),
  body: JSON.stringify({ query, variables }),
})

export const requests: Opponent['requests'] = (context) => {
  const one = (name: Exclude<WorkloadName, 'documents'>, variables: unknown = {}) =>
    request(context, DOCUMENTS[name], variables)
  const ids = context.accountIds.map((id) => typeId('acct', id))
  return {
    single: ids.map((id) => one('single', { id })),
    list: [one('list', { first: 20 })],
    nested: [one('nested', { first: 20, inner: 5 })],
    deep: [one('deep', { first: 10, inner: 3 })],
    filter: [one('filter', { industry: context.industry })],
    search: context.parts.map((part) => one('search', { part })),
    aggregate: [one('aggregate')],
    page200: [one('page200', { after: context.prepared.after ?? null })],
    create: [
      one('create', {
        input: {
          name: 'zzz bench',
          industry: 'Testing',
          website: 'https://bench.example',
          annualRevenue: { amount: '1000', currency: 'USD' },
        },
      }),
    ],
    update: context.updates.map(({ id, name }) => one('update', { id: typeId('acct', id), input: { name } })),
    documents: Array.from({ length: 500 }, (_, n) =>
      request(context, DOCUMENTS.single.replace('id name', `id name_${n}: name`), { id: ids[n % ids.length] }),
    ),
  }
}

export const canonical: Opponent['canonical'] = (workload, body) => {
  const { data, errors } = JSON.parse(body) as Any
  if (errors) throw new Error(JSON.stringify(errors[0]))
  if (workload === 'single') return plain(data.account)
  if (workload === 'filter') {
    return { nodes: plain(data.opportunities.nodes), totalCount: data.opportunities.totalCount.value }
  }
  if (workload === 'search') return plain(data.contacts.nodes)
  if (workload === 'aggregate')
    return data.opportunityAggregate.map(({ key, count, sum }: Any) => ({
      month: key.closeDate,
      stage: uuid(key.stage.id),
      currency: key.currency,
      count,
      sum: decimal(sum.amount?.amount),
    }))
  if (workload === 'create') return { name: written(data.createAccount).name }
  if (workload === 'update') return plain(written(data.updateAccount))
  return plain(data.accounts.nodes)
}

function written({ account, userErrors }: Any): Any {
  if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors[0]))
  return account
}

/** Ids as uuids, amounts and moments in one form, connections as arrays. */
function plain(value: Any): Any {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value.nodes)) return plain(value.nodes)
  return Object.fromEntries(
    Object.entries<Any>(value).map(([name, one]) => {
      if (name === 'id') return [name, uuid(one)]
      if (name === 'amount' && typeof one === 'string') return [name, decimal(one)]
      if (name === 'createdAt') return [name, moment(one)]
      return [name, plain(one)]
    }),
  )
}

/** Walks to the page with as large steps as are allowed. */
export async function prepare(url: string, context: BenchContext): Promise<void> {
  let left = (context.page - 1) * 20
  let after: string | null = null
  while (left > 0) {
    const first = Math.min(left, 100)
    const walk = request(context, WALK, { first, after })
    const answer: Any = await (await fetch(url + walk.path, walk)).json()
    after = answer.data?.accounts.pageInfo.endCursor
    if (!after) throw new Error(`There is no page ${context.page}: ${JSON.stringify(answer).slice(0, 500)}`)
    left -= first
  }
  if (after) context.prepared = { after }
}
