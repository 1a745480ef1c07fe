// @ts-expect-error: it has no types of its own.
import autocannon from 'autocannon'
import type { BenchRequest } from '../opponents/types.ts'
import { FAILED, type LoadJob, type LoadResult, resultOf } from './loadJob.ts'

/** Load by autocannon. Its own latencies are whole milliseconds; these are those of its answers one by one. */
export async function byAutocannon({ url, requests, connections, seconds }: LoadJob): Promise<LoadResult> {
  const times: number[] = []
  let clients = 0
  const failures = { count: 0, one: null as string | null }
  const fail = (what: string) => {
    failures.count++
    failures.one ??= what
  }
  const run = autocannon({
    url,
    connections,
    duration: seconds,
    requests: [requests[0]],
    setupClient(client: { setRequests(list: BenchRequest[]): void }) {
      // Each connection begins somewhere else in the list, so that not all ask for the same at the same time.
      const cut = Math.floor((requests.length * clients++) / connections)
      client.setRequests([...requests.slice(cut), ...requests.slice(0, cut)])
    },
    verifyBody(body: string) {
      if (body.includes(FAILED)) fail(body)
      return true
    },
  })
  run.on('response', (_client: unknown, status: number, _bytes: number, time: number) => {
    times.push(time)
    if (status !== 200) fail(`status ${status}`)
  })
  run.on('reqError', (error: Error) => fail(error.message))
  const { duration } = await run
  return resultOf(times, duration, failures)
}
