/** What the measures of import and export share: a database of their own, Atrium's commands as processes, and what those cost. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A database that lives as long as the measure. */
export interface Bench {
  /** A folder for files; removed in the end. */
  home: string
  databaseUrl: string
  ownerUrl: string
  env: NodeJS.ProcessEnv
  /** Seconds of CPU that PostgreSQL has used so far, with all of its processes. */
  databaseCpu(): number
  /** Starts `atrium <args>`. */
  start(args: string[], options?: { flags?: string[]; env?: NodeJS.ProcessEnv }): Started
  /** Runs `atrium <args>` to its end and gives what it printed. Throws when it fails. */
  run(args: string[]): Promise<string>
  /** Rows of a statement as the owner of the tables. */
  rows(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** The same as the application's role. */
  rowsAsApp(text: string): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** A running command. */
export interface Started {
  pid: number
  stdout: NodeJS.ReadableStream
  /** Ends with its exit code, what it printed, its CPU in seconds and the most memory it held in MB. */
  ended: Promise<{ code: number | null; out: string; cpu: number; peak: number }>
  kill(): void
}

const CLI = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
/** Of the clock in which Linux counts CPU time. */
const TICKS = 100

/** Opens a database of its own (embedded PostgreSQL in a temporary ATRIUM_HOME, migrated). Linux only: it reads /proc. */
export async function openBench(): Promise<Bench> {
  const home = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
  const kept = process.env.DATABASE_URL
  delete process.env.DATABASE_URL
  process.env.ATRIUM_HOME = home
  const { surroundings } = await import('../src/cli/surroundings.ts')
  const around = await surroundings()
  if (kept !== undefined) process.env.DATABASE_URL = kept
  const ownerUrl = around.ownerUrl as string
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    ATRIUM_HOME: home,
    DATABASE_URL: around.databaseUrl,
    DATABASE_OWNER_URL: ownerUrl,
    ATRIUM_SECRET: around.secret,
    NODE_ENV: 'production',
  }
  const { Client } = createRequire(CLI)('pg')
  const owner = new Client({ connectionString: ownerUrl })
  await owner.connect()
  const postmaster = Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])

  const start: Bench['start'] = (args, { flags = [], env: more = {} } = {}) => {
    const child = spawn(process.execPath, [...flags, CLI, ...args], {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    let cpu = 0
    let peak = 0
    const look = () => {
      const now = processCost(child.pid as number)
      if (now) ({ cpu, peak } = { cpu: now.cpu, peak: Math.max(peak, now.peak) })
    }
    const timer = setInterval(look, 20)
    const ended = once(child, 'close').then(([code]) => {
      clearInterval(timer)
      return { code: code as number | null, out, cpu, peak }
    })
    if (args[0] !== 'export') {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
      })
    }
    return { pid: child.pid as number, stdout: child.stdout, ended, kill: () => child.kill('SIGTERM') }
  }
  const bench: Bench = {
    home,
    databaseUrl: around.databaseUrl,
    ownerUrl,
    env,
    databaseCpu: () => treeCpu(postmaster),
    start,
    async run(args) {
      const { code, out } = await start(args).ended
      if (code !== 0) throw new Error(`atrium ${args.join(' ')} ended with ${code}`)
      return out
    },
    rows: async (text, values = []) => (await owner.query(text, values)).rows,
    async rowsAsApp(text) {
      const app = new Client({ connectionString: around.databaseUrl })
      await app.connect()
      try {
        return (await app.query(text)).rows
      } finally {
        await app.end()
      }
    },
    async close() {
      await owner.end()
      await around.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
  try {
    await bench.run(['migrate'])
    return bench
  } catch (error) {
    await bench.close()
    throw error
  }
}

/** Numbers of /proc/<pid>/stat behind the name, from field 3 on; null when the process is gone. */
function statOf(pid: number): number[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
  } catch {
    return null
  }
}

/** CPU of a process in seconds, its memory now and at most, in MB; null when it is gone. */
export function processCost(pid: number): { cpu: number; memory: number; peak: number } | null {
  const stat = statOf(pid)
  if (!stat) return null
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return { cpu: ((stat[11] ?? 0) + (stat[12] ?? 0)) / TICKS, memory: kb('VmRSS') / 1024, peak: kb('VmHWM') / 1024 }
  } catch {
    return null
  }
}

/** CPU of a process and all of its children in seconds, with those that have ended. */
function treeCpu(pid: number): number {
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(Number(name))
    if (!stat || (Number(name) !== pid && stat[1] !== pid)) continue
    // Ended children are counted in the times of their parent.
    ticks += (stat[11] ?? 0) + (stat[12] ?? 0) + (Number(name) === pid ? (stat[13] ?? 0) + (stat[14] ?? 0) : 0)
  }
  return ticks / TICKS
}

export const median = (list: number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
