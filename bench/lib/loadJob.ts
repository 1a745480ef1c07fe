import type { BenchRequest } from '../opponents/types.ts'

/** Some seconds of load. */
export interface LoadJob {
  by: 'wrk' | 'autocannon' | 'sockets'
  url: string
  /** For files; removed by who gave it. */
  folder: string
  requests: BenchRequest[]
  connections: number
  seconds: number
  /** For `sockets`: requests per second, evenly spread over time; absent: as many as come back. */
  rate?: number
}

/** What came of it. */
export interface LoadResult {
  /** Answers. */
  count: number
  /** Answers per second. */
  rate: number
  /** Milliseconds from a request's time (its turn, at a fixed rate) to the end of its answer. */
  p50: number
  p99: number
}

/** In a body: the request failed. */
export const FAILED = '"errors":['

/** Figures from the times of all answers, in milliseconds. Throws with one of the failures, if there are any. */
export function resultOf(
  times: number[],
  seconds: number,
  failures: { count: number; one: string | null },
): LoadResult {
  if (failures.count > 0)
    throw new Error(`${failures.count} of ${times.length} answers failed: ${failures.one?.slice(0, 2000)}`)
  const sorted = Float64Array.from(times).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { count: times.length, rate: times.length / seconds, p50: at(0.5), p99: at(0.99) }
}

/** A request as it goes over the wire. */
export function message({ method, path, headers, body }: BenchRequest, host: string): Buffer {
  const head = Object.entries({ ...headers, host, 'content-length': Buffer.byteLength(body) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`)
}
