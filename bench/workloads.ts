import type { BenchContext, BenchRequest, Opponent, WorkloadName } from './opponents/types.ts'

/** What is measured. */
export interface Workload {
  name: WorkloadName | 'mix'
  /** A column of the table, in words. */
  title: string
  /** Asked of the giant tenant where there is one: the median one has no page 200. */
  giant?: true
  /** Are the answers compared before anything is measured. */
  compared: boolean
  /** The requests that are sent in turn; none where an opponent cannot do it. */
  requests(opponent: Opponent, context: BenchContext): BenchRequest[]
}

const plain = (name: WorkloadName, title: string, more: Partial<Workload> = {}): Workload => ({
  name,
  title,
  compared: true,
  requests: (opponent, context) => opponent.requests(context)[name],
  ...more,
})

/** In the order in which they run: what writes comes last, so that the reads find the same rows for all. */
export const WORKLOADS: Workload[] = [
  plain('single', 'single record'),
  plain('list', 'list of 20'),
  plain('nested', 'nested list, 20 × (5 + 5)'),
  plain('deep', 'four levels deep'),
  plain('filter', 'filter over a relation, with count'),
  plain('search', 'search by part of a name'),
  plain('aggregate', 'aggregate by month and stage'),
  plain('page200', 'page 200 by cursor', { giant: true }),
  plain('documents', 'single, 500 different documents', { compared: false }),
  plain('update', 'update one'),
  plain('create', 'create one'),
  { name: 'mix', title: '60 % single, 25 % list, 15 % write', compared: false, requests: mix },
]

/** 400 requests: 240 of one record, 100 lists, 30 updates, 30 creates, well shuffled. */
function mix(opponent: Opponent, context: BenchContext): BenchRequest[] {
  const all = opponent.requests(context)
  const take = (list: BenchRequest[], count: number) =>
    list.length === 0 ? [] : Array.from({ length: count }, (_, n) => list[n % list.length] as BenchRequest)
  return shuffle([...take(all.single, 240), ...take(all.list, 100), ...take(all.update, 30), ...take(all.create, 30)])
}

/** The same order each time, without a pattern (a linear congruential generator, as in Numerical Recipes). */
export function shuffle<T>(list: T[]): T[] {
  const out = [...list]
  let state = 1
  for (let n = out.length - 1; n > 0; n--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const other = Math.floor((state / 2 ** 32) * (n + 1))
    ;[out[n], out[other]] = [out[other] as T, out[n] as T]
  }
  return out
}
