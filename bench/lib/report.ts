import type { Workload } from '../workloads.ts'

/** One run of one workload against one opponent. */
export interface Sample {
  /** Answers per second. */
  rate: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** CPU in milliseconds per answer: of the server, of PostgreSQL (and Redis). */
  cpu: number
  databaseCpu: number
  /** MB in RAM at its end. */
  memory: number
}

/** A line of the table: medians of the rounds. */
export interface Line extends Sample {
  workload: Workload['name']
  title: string
  opponent: string
  /** Atrium's answers per second divided by this opponent's; null where Atrium did not run. */
  atriumRatio: number | null
}

/** Latency of Atrium at half of what it can do. */
export interface HalfLine {
  workload: Workload['name']
  rate: number
  p50: number
  p99: number
  ratio: number
}

/** Atrium asked by a user with field rules and a scope, against the administrator. */
export interface RuledLine {
  workload: Workload['name']
  rate: number
  ratio: number
}

/** All that a run says; what `--json` prints. */
export interface Report {
  machine: { cpus: number; cpu: string; node: string; postgres: string; redis: boolean }
  options: Record<string, unknown>
  data: { rows: number; measured: number; giant: number | null }
  lines: Line[]
  half: HalfLine[]
  ruled: RuledLine[]
}

export const median = (list: number[]): number => {
  const sorted = list.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Median of each figure by itself. */
export function medians(samples: Sample[]): Sample {
  const of = (name: keyof Sample) => median(samples.map((sample) => sample[name]))
  return {
    rate: of('rate'),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    databaseCpu: of('databaseCpu'),
    memory: of('memory'),
  }
}

/** A number with as many digits as it is worth. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 10 ** (digits - 1)) return String(Math.round(value))
  return value.toPrecision(digits)
}

const HEAD = ['workload', 'opponent', 'requests/s', 'Atrium ×', 'p50 ms', 'p99 ms', 'CPU ms', 'database ms', 'RSS MB']

/** The table as text, its columns as wide as they need to be; the first two to the left, the numbers to the right. */
export function table({ lines, half, ruled }: Report): string {
  const rows = lines.map((line, index) => [
    lines[index - 1]?.workload === line.workload ? '' : line.title,
    line.opponent,
    short(line.rate, 4),
    line.opponent === 'atrium' || line.atriumRatio === null ? '' : line.atriumRatio.toFixed(2),
    short(line.p50),
    short(line.p99),
    short(line.cpu),
    short(line.databaseCpu),
    short(line.memory),
  ])
  const parts = [grid(HEAD, rows, 2)]
  if (half.length > 0)
    parts.push(
      'Atrium at half of its throughput',
      grid(
        ['workload', 'requests/s', 'p50 ms', 'p99 ms', 'p99 / p50'],
        half.map((line) => [
          line.workload,
          short(line.rate, 4),
          short(line.p50),
          short(line.p99),
          line.ratio.toFixed(2),
        ]),
        1,
      ),
    )
  if (ruled.length > 0)
    parts.push(
      `Atrium asked by a user with field and record rules, against the administrator: ${ruled
        .map((line) => `${line.workload} ${line.ratio.toFixed(2)}`)
        .join(', ')}`,
    )
  return parts.join('\n\n')
}

function grid(head: string[], rows: string[][], left: number): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
