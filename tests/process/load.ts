import { expect } from '@jest/globals'
import type { Any } from '../support/app.ts'

/** How one request ended: its answer, or the error that its connection met. */
export interface Outcome {
  status: number
  replayed: boolean
  data: Any
  errors: Any
  /** When it was sent, as of performance.now(). */
  sentAt: number
  failure?: string
}

/** Calls a server over HTTP as a company. */
export function client(url: () => string, token: () => string | null) {
  return async function call(query: string, variables: Record<string, unknown> = {}, key?: string): Promise<Outcome> {
    const sentAt = performance.now()
    const credential = token()
    try {
      const response = await fetch(`${url()}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(credential ? { authorization: `Bearer ${credential}` } : {}),
          ...(key ? { 'idempotency-key': key } : {}),
        },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = (await response.json()) as { data: Any; errors: Any }
      return {
        status: response.status,
        replayed: response.headers.get('idempotency-replayed') === 'true',
        data,
        errors,
        sentAt,
      }
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string } }
      return { status: 0, replayed: false, data: null, errors: null, sentAt, failure: cause?.code ?? message }
    }
  }
}

export type Call = ReturnType<typeof client>

/** Runs jobs, so many at the same time, until all are done or `enough` says so. */
export async function inParallel<Job>(
  jobs: Job[],
  width: number,
  work: (job: Job) => Promise<void>,
  enough: () => boolean = () => false,
): Promise<void> {
  const left = [...jobs]
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let job = left.shift(); job !== undefined && !enough(); job = left.shift()) await work(job)
    }),
  )
}

/** What the writes work on: made before they begin. */
export interface Ground {
  accounts: string[]
  opportunities: string[]
}

/** One write with its key: several rows, a row with its history, a row that changes its parent, a change. */
export interface Write {
  key: string
  name: string
  query: string
  variables: Record<string, unknown>
  field: string
}

const ROWS = 5

export async function prepare(call: Call, run: string): Promise<Ground> {
  const many = async (field: string, input: string, single: string, rows: unknown[]) => {
    const ids: string[] = []
    for (let from = 0; from < rows.length; from += 100) {
      const { data, errors } = await call(
        `mutation($input: [${input}!]!) { ${field}(input: $input) { results { ${single} { id } userErrors { code message } } } }`,
        { input: rows.slice(from, from + 100) },
      )
      expect(errors).toBeUndefined()
      ids.push(...data[field].results.map((one: Any) => one[single].id))
    }
    return ids
  }
  const accounts = await many(
    'createAccounts',
    'CreateAccountInput',
    'account',
    Array.from({ length: 125 }, (_, n) => ({ name: `${run} ground ${n}` })),
  )
  const opportunities = await many(
    'createOpportunities',
    'CreateOpportunityInput',
    'opportunity',
    Array.from({ length: 25 }, (_, n) => ({ name: `${run} ground ${n}`, accountId: accounts[n] })),
  )
  return { accounts, opportunities }
}

/** Five hundred writes of four kinds. */
export function writes(run: string, { accounts, opportunities }: Ground, count = 500): Write[] {
  return Array.from({ length: count }, (_, n): Write => {
    const name = `${run} ${n}.`
    const common = { key: `${run}-${n}`, name }
    switch (n % 4) {
      case 0:
        return {
          ...common,
          field: 'createContacts',
          query:
            'mutation($input: [CreateContactInput!]!) { createContacts(input: $input) { results { contact { id } userErrors { code } } userErrors { code } } }',
          variables: { input: Array.from({ length: ROWS }, (_, row) => ({ lastName: `${name} ${row}` })) },
        }
      case 1:
        return {
          ...common,
          field: 'createOpportunity',
          query:
            'mutation($input: CreateOpportunityInput!) { createOpportunity(input: $input) { opportunity { id } userErrors { code } } }',
          variables: { input: { name } },
        }
      case 2:
        return {
          ...common,
          field: 'createOpportunityLine',
          query:
            'mutation($input: CreateOpportunityLineInput!) { createOpportunityLine(input: $input) { opportunityLine { id } userErrors { code } } }',
          variables: {
            input: {
              name,
              opportunityId: opportunities[n % opportunities.length],
              quantity: '1',
              unitPrice: { amount: '10' },
            },
          },
        }
      default:
        return {
          ...common,
          field: 'updateAccount',
          query:
            'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { account { id version } userErrors { code } } }',
          variables: { id: accounts[(n - 3) / 4], input: { name } },
        }
    }
  })
}

/** Was a write done, as its answer says. */
export function done({ status, data, errors }: Outcome, { field }: Write): boolean {
  if (status !== 200 || errors || !data?.[field]) return false
  const payload = data[field]
  return [payload, ...(payload.results ?? [])].every(({ userErrors }) => userErrors.length === 0)
}

/** What stands in the company: how often each write has had its effect, and what is half done. */
export async function effects(
  call: Call,
  run: string,
  { accounts, opportunities }: Ground,
): Promise<{ times: Map<string, number>; half: string[] }> {
  const times = new Map<string, number>()
  const half: string[] = []
  const add = (name: string, by = 1) => times.set(name, (times.get(name) ?? 0) + by)
  const all = async (
    field: string,
    where: Record<string, unknown>,
    type: string,
    select: string,
    page = 100,
  ): Promise<Any[]> => {
    const nodes: Any[] = []
    for (let after: string | null = null; ; ) {
      const { data, errors }: Outcome = await call(
        `query($after: String, $where: ${type}Filter!) { ${field}(first: ${page}, after: $after, where: $where) { nodes { ${select} } pageInfo { hasNextPage endCursor } } }`,
        { after, where },
      )
      expect(errors).toBeUndefined()
      nodes.push(...data[field].nodes)
      if (!data[field].pageInfo.hasNextPage) return nodes
      after = data[field].pageInfo.endCursor
    }
  }
  const rows = new Map<string, number>()
  for (const { lastName } of await all('contacts', { lastName: { startsWith: `${run} ` } }, 'Contact', 'lastName')) {
    const name = lastName.replace(/ \d+$/, '')
    rows.set(name, (rows.get(name) ?? 0) + 1)
  }
  for (const [name, count] of rows) {
    add(name, Math.floor(count / ROWS))
    if (count % ROWS !== 0) half.push(`${name}: ${count} contacts of ${ROWS}`)
  }
  const deals = await all(
    'opportunities',
    { name: { startsWith: `${run} ` } },
    'Opportunity',
    'id name amount { amount } stage { id } stageHistory(first: 5) { nodes { toStage { id } leftAt } } lines(first: 0) { totalCount { value } }',
    30,
  )
  for (const { id, name, amount, stage, stageHistory, lines } of deals) {
    if (!opportunities.includes(id)) add(name)
    const [entry, ...more] = stageHistory.nodes
    if (!entry || more.length > 0 || entry.toStage.id !== stage.id || entry.leftAt)
      half.push(`${name}: ${JSON.stringify(stageHistory.nodes)}`)
    if (Number(amount?.amount ?? 0) !== 10 * lines.totalCount.value)
      half.push(`${name}: ${amount?.amount} for ${lines.totalCount.value} lines`)
  }
  for (const { name } of await all('opportunityLines', { name: { startsWith: `${run} ` } }, 'OpportunityLine', 'name'))
    add(name)
  for (const { id, name, version } of await all(
    'accounts',
    { name: { startsWith: `${run} ` } },
    'Account',
    'id name version',
  )) {
    if (!accounts.includes(id)) half.push(`${name}: nobody made it`)
    if (version > 1) add(name, version - 1)
  }
  return { times, half }
}
