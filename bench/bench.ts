/**
 * Atrium beside its peers and the limit: one database, the opponents in turn, the same load from outside, one table. See README.md.
 *
 * cd bench && npm ci && npm run bench [-- --quick --json --svg <file> --opponents a,b --workloads a,b …]
 */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import progress from 'cli-progress'
import { chart } from './lib/chart.ts'
import { type Answers, ask, difference } from './lib/check.ts'
import { startDriver } from './lib/driver.ts'
import { readOptions } from './lib/options.ts'
import { openPlace, type Place } from './lib/place.ts'
import { median, medians, type Report, type Sample, table } from './lib/report.ts'
import { loadOpponent, prepareOpponent } from './lib/server.ts'
import { type Contexts, drive, type Turn, withOpponent } from './lib/turn.ts'
import type { Opponent } from './opponents/types.ts'

const began = Date.now()
const say = (line: string) => process.stderr.write(`${line} (${Math.round((Date.now() - began) / 1000)} s)\n`)
const closing: (() => Promise<unknown>)[] = []
let ending: Promise<void> | null = null
function end(): Promise<void> {
  ending ??= (async () => {
    for (const close of closing.reverse()) await close().catch((error: Error) => say(error.message))
  })()
  return ending
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    say('Stopping …')
    void end().then(() => process.exit(130))
  })

try {
  const options = readOptions(process.argv.slice(2))
  const place = await makePlace()
  const { tenants } = place
  const measured = (options.measure === 'giant' ? tenants.giant : tenants.small[0]) ?? tenants.small[0]
  if (!measured) throw new Error('No tenant was made.')
  const contexts: Contexts = {
    measured: await place.contextOf(measured),
    giant: await place.contextOf(tenants.giant ?? measured),
  }
  const opponents = new Map<string, Opponent>()
  for (const name of options.opponents) {
    await prepareOpponent(name, place)
    opponents.set(name, await loadOpponent(name))
  }
  await compare()
  const driver = startDriver()
  closing.push(() => driver.stop())
  const turns = new Map<string, Turn[]>(options.opponents.map((name) => [name, []]))
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < options.opponents.length; turn++) {
      // The order turns, so that nobody always comes first.
      const name = options.opponents[(turn + round) % options.opponents.length] as string
      const ruledKey = name === 'atrium' ? measured.ruledKey : null
      const opponent = opponents.get(name) as Opponent
      turns
        .get(name)
        ?.push(await run(name, (ready) => drive(ready, { opponent, options, driver, folder: place.home, ruledKey })))
      say(`Round ${round + 1} of ${options.rounds}: ${name}`)
    }
  }
  const report = summary()
  if (options.svg) await writeFile(options.svg, chart(report))
  console.log(options.json ? JSON.stringify(report, null, 1) : `\n${table(report)}`)

  async function makePlace(): Promise<Place> {
    const { tenants, rows, giant, hot } = options
    const bar = new progress.SingleBar(
      {
        format: '{bar} {percentage} % · {value} of {total} records · {what}',
        stream: process.stderr,
        hideCursor: null,
      },
      progress.Presets.shades_classic,
    )
    let shown = false
    try {
      return await openPlace(
        { tenants, rows, giant, hot },
        {
          keep: (close) => closing.push(close),
          progress(done, total, what) {
            if (shown) bar.update(done, { what })
            else bar.start(total, done, { what })
            shown = true
          },
        },
      )
    } finally {
      bar.stop()
      say('The database is made')
    }
  }

  function run<Result>(name: string, body: Parameters<typeof withOpponent<Result>>[1]): Promise<Result> {
    return withOpponent({ name, opponent: opponents.get(name) as Opponent, place, contexts }, body)
  }

  /** Asks everybody for everything before anything is measured. Throws with the first difference. */
  async function compare(): Promise<void> {
    let first: { name: string; answers: Answers } | null = null
    for (const [name, opponent] of opponents) {
      const answers = await run(name, ({ server, contextFor }) =>
        ask(server.url, opponent, options.workloads, contextFor),
      )
      first ??= { name, answers }
      for (const workload of Object.keys(first.answers) as (keyof Answers)[]) {
        const apart = difference(first.answers[workload], answers[workload], workload)
        if (apart) throw new Error(`${first.name} and ${name} do not give the same answer. ${apart}`)
      }
    }
    say('The answers agree')
  }

  function summary(): Report {
    const { opponents: names, workloads, svg: _, json: __, ...rest } = options
    const of = (name: string, workload: string): Sample | null => {
      const list = (turns.get(name) ?? []).flatMap(({ samples }) => samples.get(workload) ?? [])
      return list.length > 0 ? medians(list) : null
    }
    const atrium = turns.get('atrium') ?? []
    return {
      machine: {
        cpus: cpus().length,
        cpu: cpus()[0]?.model ?? '',
        node: process.version,
        postgres: place.version,
        redis: atrium.some(({ redis }) => redis),
      },
      options: { ...rest, opponents: names, workloads: workloads.map(({ name }) => name) },
      data: { rows: tenants.rows, measured: measured?.rows ?? 0, giant: tenants.giant?.rows ?? null },
      lines: workloads.flatMap(({ name: workload, title }) =>
        names.flatMap((opponent) => {
          const sample = of(opponent, workload)
          const ours = of('atrium', workload)
          return sample
            ? [{ workload, title, opponent, ...sample, atriumRatio: ours ? ours.rate / sample.rate : null }]
            : []
        }),
      ),
      half: workloads.flatMap(({ name: workload }) => {
        const list = atrium.flatMap(({ half }) => half.get(workload) ?? [])
        if (list.length === 0) return []
        const figure = (name: 'rate' | 'p50' | 'p99') => median(list.map((one) => one[name]))
        const ratio = median(list.map(({ p50, p99 }) => p99 / p50))
        return [{ workload, rate: figure('rate'), p50: figure('p50'), p99: figure('p99'), ratio }]
      }),
      ruled: workloads.flatMap(({ name: workload }) => {
        const list = atrium.flatMap(({ ruled }) => ruled.get(workload) ?? [])
        const full = of('atrium', workload)
        return full && list.length > 0 ? [{ workload, rate: median(list), ratio: median(list) / full.rate }] : []
      }),
    }
  }
} catch (error) {
  if (!ending) {
    say(`\n${(error as Error).message}`)
    process.exitCode = 1
  }
} finally {
  await end()
}
