import { decimal, moment } from '../lib/canonical.ts'
import type { BenchContext, BenchRequest, Opponent, WorkloadName } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each statement gives.
type Any = any

export const requests: Opponent['requests'] = (context) => {
  const headers = { authorization: `Bearer ${context.token}`, 'content-type': 'application/json' }
  const one = (name: WorkloadName, body: unknown = {}): BenchRequest => ({
    method: 'POST',
    path: `/${name}`,
    headers,
    body: JSON.stringify(body),
  })
  return {
    single: context.accountIds.map((id) => one('single', { id })),
    list: [one('list')],
    nested: [one('nested')],
    deep: [one('deep')],
    filter: [one('filter', { industry: context.industry })],
    search: context.parts.map((part) => one('search', { part })),
    aggregate: [one('aggregate')],
    page200: [one('page200', { name: context.prepared.name ?? '', id: context.prepared.id ?? NONE })],
    create: [
      one('create', {
        name: 'zzz bench',
        industry: 'Testing',
        website: 'https://bench.example',
        annualRevenue: { amount: '1000', currency: 'USD' },
      }),
    ],
    update: context.updates.map((update) => one('update', update)),
    documents: [],
  }
}

const NONE = '00000000-0000-0000-0000-000000000000'

export const canonical: Opponent['canonical'] = (workload, body) => {
  const answer = JSON.parse(body) as Any
  const money = (value: Any) => value && { ...value, amount: decimal(value.amount) }
  const account = (value: Any) =>
    value && { ...value, annualRevenue: money(value.annualRevenue), createdAt: moment(value.createdAt) }
  const deals = (list: Any[]) => list.map((deal) => ({ ...deal, amount: money(deal.amount) }))
  if (workload === 'single') return account(answer)
  if (workload === 'list') return answer.map(account)
  if (workload === 'nested')
    return answer.map((one: Any) => ({
      ...one,
      annualRevenue: money(one.annualRevenue),
      opportunities: deals(one.opportunities),
    }))
  if (workload === 'deep') return answer.map((one: Any) => ({ ...one, opportunities: deals(one.opportunities) }))
  if (workload === 'filter') return { ...answer, nodes: deals(answer.nodes) }
  if (workload === 'aggregate') return answer.map((group: Any) => ({ ...group, sum: decimal(group.sum) }))
  if (workload === 'create') return { name: answer.name }
  return answer
}

/** Walks to the page by the cursor, which is the name and the id of the last row. */
export async function prepare(url: string, context: BenchContext): Promise<void> {
  for (let page = 1; page < context.page; page++) {
    const request = requests(context).page200[0] as BenchRequest
    const answer = await fetch(url + request.path, request)
    const last = ((await answer.json()) as Any[]).at(-1)
    if (!last) throw new Error(`There is no page ${page}.`)
    context.prepared = { name: last.name, id: last.id }
  }
}
