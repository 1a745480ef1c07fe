import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, closeSync, constants, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { canEnter, serverAccount } from './account.ts'
import { freePortLike } from './port.ts'
import { commandOf, end, type Log, markAlive, processMark, tie } from './process.ts'

/** A running private Redis. */
export interface Redis {
  /** `redis://:password@127.0.0.1:port`, without a database number; there are 64. */
  url: string
  /** Ends it; a Redis of another process (`share`) is left alone. */
  stop(): Promise<void>
}

interface State {
  port: number
  password: string
  /** Mark of the process that started it. */
  owner: string
  /** Mark of the Redis itself. */
  server: string
}

const STEPS = [
  ['SIGTERM', 5000],
  ['SIGKILL', 5000],
] as const

/**
 * Starts a private Redis for a home: on a free port of 127.0.0.1, with a password, keeping nothing on disk, at most
 * 256 MB with the least recently used keys dropped. What is known of it stands in `<home>/redis.json` (mode 600), its
 * messages in `<home>/redis.log`. One that a killed process left behind is ended first. Null when there is no
 * `redis-server` on the PATH. When another living process runs one for this home: a sentence, or with `share` that one.
 */
export async function startRedis(
  folder: string,
  { log = () => {}, share = false }: { log?: Log; share?: boolean } = {},
): Promise<Redis | null> {
  const binary = onPath('redis-server')
  if (!binary) return null
  const home = resolve(folder)
  await mkdir(home, { recursive: true })
  const file = join(home, 'redis.json')
  const before = readState(file)
  if (!(await endRedisOrphan(home, { log }))) {
    if (share) return { url: urlOf(before!), stop: async () => {} }
    throw new Error(`${home} is in use by process ${Number.parseInt(before!.owner, 10)}: stop it, or set ATRIUM_HOME.`)
  }
  for (let attempt = 1; ; attempt++) {
    const port = await freePortLike(attempt === 1 ? (before?.port ?? null) : null)
    const started = await launch(binary, home, file, port)
    if (started) return started
    if (attempt === 5) throw new Error(`Redis does not start; see ${join(home, 'redis.log')}.`)
  }
}

/** Ends the Redis that a killed process left running for a home, if any. Gives false when a living process owns it. */
export async function endRedisOrphan(home: string, { log = () => {} }: { log?: Log } = {}): Promise<boolean> {
  const state = readState(join(home, 'redis.json'))
  if (!state || !isRedis(state.server)) return true
  if (markAlive(state.owner)) return false
  log('Ending the Redis that a killed process left behind.')
  await end(state.server, STEPS)
  return true
}

async function launch(binary: string, home: string, file: string, port: number): Promise<Redis | null> {
  const password = randomBytes(24).toString('base64url')
  const account = await serverAccount(null)
  const out = openSync(join(home, 'redis.log'), 'w', 0o600)
  const child = spawn(binary, ['-'], {
    ...((await canEnter(dirname(binary), account)) ? account : {}),
    cwd: '/',
    detached: true,
    stdio: ['pipe', out, out],
  })
  closeSync(out)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const server = child.pid ? processMark(child.pid) : null
  if (!server) return null
  const state: State = { port, password, owner: processMark(process.pid)!, server }
  writeState(file, state)
  const untie = tie(server, 'SIGTERM')
  // Written at once, so that a kill from here on leaves nothing unknown behind. The password goes by standard input:
  // arguments can be read by everybody on the machine.
  child.stdin?.on('error', () => {})
  child.stdin?.end(settings(port, password))

  while (markAlive(server)) {
    if (await answers(port, password)) {
      child.unref()
      return { url: urlOf(state), stop }
    }
    await sleep(10)
  }
  untie()
  return null

  async function stop(): Promise<void> {
    child.ref()
    await end(server!, STEPS)
    await ended
    untie()
  }
}

function settings(port: number, password: string): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    'save ""',
    'appendonly no',
    'maxmemory 256mb',
    'maxmemory-policy allkeys-lru',
    'databases 64',
    'daemonize no',
    'dir /',
    '',
  ].join('\n')
}

/** Whether the Redis on this port takes our password and is ready. */
function answers(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', timeout: 1000 })
    socket.setEncoding('utf8')
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\nQUIT\r\n`))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.once('timeout', () => socket.destroy())
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(text.includes('+PONG')))
  })
}

function urlOf({ port, password }: State): string {
  return `redis://:${password}@127.0.0.1:${port}`
}

function isRedis(mark: string): boolean {
  return markAlive(mark) && commandOf(Number.parseInt(mark, 10)).includes('redis-server')
}

function readState(file: string): State | null {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8'))
    return typeof found.server === 'string' && typeof found.owner === 'string' ? found : null
  } catch {
    return null
  }
}

function writeState(file: string, state: State): void {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

function onPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (!folder) continue
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not here.
    }
  }
  return null
}
