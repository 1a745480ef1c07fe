import type { BenchContext, BenchRequest, Opponent } from '../opponents/types.ts'
import type { Workload } from '../workloads.ts'
import type { Driver } from './driver.ts'
import type { Options } from './options.ts'
import type { Place } from './place.ts'
import type { Sample } from './report.ts'
import { type RunningServer, startServer } from './server.ts'

/** An opponent that has been asked for what it needs to know, such as cursors. */
export interface Ready {
  server: RunningServer
  contextFor(workload: Workload): BenchContext
}

/** Contexts of the tenant that is measured and of the giant. */
export interface Contexts {
  measured: BenchContext
  giant: BenchContext
}

/** Starts an opponent on fresh data and prepares it; `body` runs with it, then it is stopped. */
export async function withOpponent<Result>(
  { name, opponent, place, contexts }: { name: string; opponent: Opponent; place: Place; contexts: Contexts },
  body: (ready: Ready) => Promise<Result>,
): Promise<Result> {
  const server = await startServer(name, place)
  try {
    const own = { measured: { ...contexts.measured }, giant: { ...contexts.giant } }
    // Only workloads of the giant go by cursors.
    await opponent.prepare?.(server.url, own.giant)
    return await body({ server, contextFor: (workload) => (workload.giant ? own.giant : own.measured) })
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}\nThe end of its log:\n${server.logEnd()}`)
  } finally {
    await server.stop()
  }
}

/** All that one opponent's turn in a round gives, by workload. */
export interface Turn {
  samples: Map<string, Sample>
  half: Map<string, { rate: number; p50: number; p99: number }>
  ruled: Map<string, number>
  redis: boolean
}

/** What a turn needs besides the server. */
export interface Drive {
  opponent: Opponent
  options: Options
  driver: Driver
  /** For files of the load. */
  folder: string
  /** Null for all but Atrium. */
  ruledKey: string | null
}

/** What the user with rules asks for. */
const RULED = ['list', 'nested', 'deep', 'filter', 'aggregate']
/** What is asked at half of the throughput when there is little time. */
const HALF = ['single', 'nested']
const WRITES = ['update', 'create', 'mix']

/** Drives an opponent through all workloads. Atrium also at half of its throughput and, given time, with the key of a user with rules. */
export async function drive(
  { server, contextFor }: Ready,
  { opponent, options, driver, folder, ruledKey }: Drive,
): Promise<Turn> {
  const { connections, seconds, workloads, quick } = options
  const base = { url: server.url, folder, connections }
  const turn: Turn = { samples: new Map(), half: new Map(), ruled: new Map(), redis: server.redis }
  const measure = async (requests: BenchRequest[]): Promise<Sample> => {
    await driver.run({ ...base, by: 'sockets', requests, seconds: options.warmUp })
    const before = server.cpu()
    const { count, rate, p50, p99 } = await driver.run({ ...base, by: options.load, requests, seconds })
    const after = server.cpu()
    return {
      rate,
      p50,
      p99,
      cpu: (after.server - before.server) / count,
      databaseCpu: (after.database - before.database) / count,
      memory: server.memory(),
    }
  }
  const all = workloads
    .map((workload) => ({ name: workload.name, workload, requests: workload.requests(opponent, contextFor(workload)) }))
    .filter(({ requests }) => requests.length > 0)
  for (const { name, requests } of all)
    if (!WRITES.includes(name)) await driver.run({ ...base, by: 'sockets', requests, seconds: options.firstWarmUp })
  for (const { name, workload, requests } of all) {
    const sample = await measure(requests)
    turn.samples.set(name, sample)
    if (!ruledKey) continue
    if (!quick && RULED.includes(name)) {
      const { rate } = await measure(workload.requests(opponent, { ...contextFor(workload), token: ruledKey }))
      turn.ruled.set(name, rate)
    }
    if (quick && !HALF.includes(name)) continue
    const paced = { ...base, by: 'sockets' as const, requests, rate: sample.rate / 2 }
    await driver.run({ ...paced, seconds: options.warmUp })
    turn.half.set(name, await driver.run({ ...paced, seconds }))
  }
  return turn
}
