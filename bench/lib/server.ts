import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Opponent } from '../opponents/types.ts'
import { familyCpu, memory, processCpu } from './cost.ts'
import { endChild, spawnNode } from './lifeline.ts'
import type { Place, Urls } from './place.ts'

/** An opponent that answers. */
export interface RunningServer {
  url: string
  /** CPU time so far in milliseconds: of the server, and of PostgreSQL and Redis. */
  cpu(): { server: number; database: number }
  /** MB in RAM now. */
  memory(): number
  /** Does it work with a Redis. */
  redis: boolean
  /** The last lines that it printed. */
  logEnd(): string
  stop(): Promise<void>
}

const FOLDER = new URL('../opponents/', import.meta.url)
const START_MS = 120_000

const fileOf = (name: string, file: string) => fileURLToPath(new URL(`${name}${file}`, FOLDER))

/** Is there an opponent of this name. */
export function known(name: string): boolean {
  return existsSync(fileOf(name, '.requests.ts'))
}

/** What an opponent is asked and how its answers read. */
export async function loadOpponent(name: string): Promise<Opponent> {
  return (await import(fileOf(name, '.requests.ts'))) as Opponent
}

function environment(place: Place, urls: Urls): NodeJS.ProcessEnv {
  const all = [...place.tenants.small, ...(place.tenants.giant ? [place.tenants.giant] : [])]
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    PORT: '0',
    DATABASE_URL: urls.app,
    DATABASE_OWNER_URL: urls.owner,
    TOKENS: JSON.stringify(
      Object.fromEntries(
        all.flatMap(({ apiKey, ruledKey, tenantId }) => [
          [apiKey, tenantId],
          [ruledKey, tenantId],
        ]),
      ),
    ),
    NODE_ENV: 'production',
  }
}

/** Runs an opponent's `prepare.ts`, if it has one: what is done once, not at each start. */
export async function prepareOpponent(name: string, place: Place): Promise<void> {
  const file = fileOf(name, '/prepare.ts')
  if (!existsSync(file)) return
  const child = spawnNode(file, {
    env: environment(place, await place.fresh()),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${file} ended with ${code}.`)
}

/** Starts an opponent on a fresh copy of the data and waits until it answers. */
export async function startServer(name: string, place: Place): Promise<RunningServer> {
  const urls = await place.fresh()
  const isAtrium = name === 'atrium'
  const redis = isAtrium ? await place.freshRedis() : null
  const program = [fileOf(name, '.ts'), fileOf(name, '/server.ts')].find((file) => existsSync(file))
  if (!program) throw new Error(`There is no opponent ${name}.`)
  const log = join(place.home, `${name}.log`)
  rmSync(log, { force: true })
  const out = openSync(log, 'a', 0o600)
  const child: ChildProcess = spawnNode(program, {
    env: {
      ...environment(place, urls),
      ...(name === 'limit' ? { DATABASE_BYPASS_URL: urls.bypass } : {}),
      ...(isAtrium
        ? {
            ATRIUM_HOME: place.home,
            // The database is migrated; a process that answers requests need not be able to.
            DATABASE_OWNER_URL: '',
            ATRIUM_SECRET: place.secret,
            LOG_LEVEL: 'info',
            ...(redis ? { REDIS_URL: redis.url } : {}),
          }
        : {}),
    },
    stdio: ['ignore', out, out],
    // As bin/atrium.js starts it.
    flags: isAtrium ? ['--max-semi-space-size=32', '--heap-growing-percent=30'] : [],
  })
  closeSync(out)
  let url = ''
  try {
    const until = Date.now() + START_MS
    while (!url) {
      url = /^listening (\S+)/m.exec(readFileSync(log, 'utf8'))?.[1] ?? ''
      if (url) break
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > until)
        throw new Error(`${name} does not start:\n${readFileSync(log, 'utf8').slice(-3000)}`)
      await sleep(20)
    }
  } catch (error) {
    await endChild(child)
    throw error
  }
  const pid = child.pid as number
  return {
    url,
    cpu: () => ({
      server: processCpu(pid),
      database: familyCpu(place.postmaster) + (redis ? processCpu(redis.pid) : 0),
    }),
    memory: () => memory(pid),
    redis: redis !== null,
    logEnd: () => readFileSync(log, 'utf8').slice(-2000),
    async stop() {
      await endChild(child)
      await place.stopRedis()
    },
  }
}
