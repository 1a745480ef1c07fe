import { isDeepStrictEqual } from 'node:util'
import type { BenchContext, Opponent, WorkloadName } from '../opponents/types.ts'
import type { Workload } from '../workloads.ts'

/** Requests of one workload whose answers are compared: enough to meet every shape, few enough to be quick. */
const COMPARED = 5

/** What an opponent answered, in the form that is compared: by workload, for its first requests. */
export type Answers = Partial<Record<WorkloadName | 'mix', unknown[]>>

/** Asks an opponent for each workload once or a few times. Throws with the workload's name when it fails. */
export async function ask(
  url: string,
  one: Opponent,
  workloads: Workload[],
  contextOf: (workload: Workload) => BenchContext,
): Promise<Answers> {
  const answers: Answers = {}
  for (const workload of workloads) {
    if (workload.name === 'mix') continue
    const requests = workload.requests(one, contextOf(workload)).slice(0, COMPARED)
    const list: unknown[] = []
    for (const request of requests) {
      const answer = await fetch(url + request.path, request)
      const body = await answer.text()
      try {
        if (answer.status !== 200) throw new Error(`status ${answer.status}`)
        // What is not compared must be free of errors all the same.
        const value = one.canonical(workload.compared ? workload.name : 'single', body)
        list.push(workload.name === 'aggregate' ? byKey(value as Record<string, unknown>[]) : value)
      } catch (error) {
        throw new Error(`${workload.name}: ${(error as Error).message}\n${body.slice(0, 1000)}`)
      }
    }
    if (workload.compared) answers[workload.name] = list
  }
  return answers
}

function byKey(groups: Record<string, unknown>[]): unknown[] {
  const key = ({ month, stage, currency }: Record<string, unknown>) => `${month} ${stage} ${currency}`
  return groups.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Where two answers part first: `nested[0][3].owner.name: "A" and "B"`; null when they agree. */
export function difference(a: unknown, b: unknown, at = ''): string | null {
  if (isDeepStrictEqual(a, b)) return null
  if (a && b && typeof a === 'object' && typeof b === 'object' && Array.isArray(a) === Array.isArray(b)) {
    if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return `${at}: ${a.length} and ${b.length} rows`
    const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const found = difference(left[key], right[key], Array.isArray(a) ? `${at}[${key}]` : `${at}.${key}`)
      if (found) return found
    }
    // Equal but for what JSON does not tell, like a missing key and an undefined one.
    return null
  }
  return `${at}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`
}
