import { parseArgs } from 'node:util'
import { WORKLOADS, type Workload } from '../workloads.ts'
import { hasWrk } from './loadWrk.ts'
import { known } from './server.ts'

/** What a run is asked to do. */
export interface Options {
  quick: boolean
  /** Print the report as JSON. */
  json: boolean
  /** File for the chart. */
  svg: string | undefined
  /** Small tenants besides the giant. */
  tenants: number
  /** Records of the median tenant. */
  rows: number
  /** How many times as many the giant has. */
  giant: number
  /** Activities of one account of the giant. */
  hot: number
  rounds: number
  /** Of each measurement. */
  seconds: number
  /** Before each measurement, not counted. */
  warmUp: number
  /** Of each workload that reads, right after a start, so that all of a server's code has run before the first measurement. */
  firstWarmUp: number
  connections: number
  /** What makes the load that is measured. */
  load: 'wrk' | 'autocannon'
  opponents: string[]
  workloads: Workload[]
  /** Which tenant is asked. */
  measure: 'small' | 'giant'
}

/** The command line, completed. Throws an Error with a sentence that names the option. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      svg: { type: 'string' },
      tenants: { type: 'string' },
      rows: { type: 'string' },
      giant: { type: 'string' },
      hot: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      opponents: { type: 'string' },
      workloads: { type: 'string' },
      measure: { type: 'string', default: 'small' },
      load: { type: 'string' },
    },
  })
  const { quick, json, svg, measure, load = hasWrk() ? 'wrk' : 'autocannon' } = values
  if (load !== 'wrk' && load !== 'autocannon') throw new Error('--load must be wrk or autocannon.')
  if (load === 'wrk' && !hasWrk()) throw new Error('--load wrk: there is no wrk on the PATH.')
  const number = (
    name: 'tenants' | 'rows' | 'giant' | 'hot' | 'rounds' | 'seconds' | 'connections',
    usual: number,
    least: number,
  ) => {
    const value = Number(values[name] ?? usual)
    if (!Number.isInteger(value) || value < least) throw new Error(`--${name} must be a whole number from ${least}.`)
    return value
  }
  const chosen = (name: 'opponents' | 'workloads', usual: string[], all: (one: string) => boolean) => {
    const list = values[name]?.split(',').map((one) => one.trim()) ?? usual.filter(all)
    for (const one of list) if (!all(one)) throw new Error(`--${name}: there is no ${one}.`)
    return list
  }
  if (measure !== 'small' && measure !== 'giant') throw new Error('--measure must be small or giant.')
  const giant = number('giant', 10, 0)
  if (measure === 'giant' && giant === 0) throw new Error('--measure giant needs a --giant.')
  const wanted = chosen(
    'workloads',
    WORKLOADS.map(({ name }) => name),
    (one) => WORKLOADS.some(({ name }) => name === one),
  )
  return {
    quick,
    json,
    svg,
    tenants: number('tenants', quick ? 3 : 100, 1),
    rows: number('rows', quick ? 5000 : 10_000, 1000),
    giant,
    hot: number('hot', 0, 0),
    rounds: number('rounds', quick ? 1 : 5, 1),
    seconds: number('seconds', quick ? 2 : 5, 1),
    warmUp: quick ? 0.3 : 2,
    firstWarmUp: quick ? 0.2 : 1,
    connections: number('connections', 16, 1),
    load,
    opponents: chosen(
      'opponents',
      ['limit', ...(quick ? [] : ['limit-rls']), 'postgraphile', 'prisma', 'atrium'],
      known,
    ),
    workloads: WORKLOADS.filter(({ name }) => wanted.includes(name)),
    measure,
  }
}
