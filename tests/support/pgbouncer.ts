import { execFile, spawn } from 'node:child_process'
import { access, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { serverAccount } from '../../src/cli/servers/account.ts'
import { freePort } from '../../src/cli/servers/port.ts'
import { processMark, tie } from '../../src/cli/servers/process.ts'

const run = promisify(execFile)

/** A PgBouncer of a test's own. */
export interface PgBouncer {
  /** The same database as the given address, by way of it. */
  url: string
  stop(): Promise<void>
}

/**
 * Puts a PgBouncer in transaction mode in front of a database, on a free port, with SCRAM on both sides. It is taken from the PATH, or installed (as root
 * on Debian). Call `stop`.
 *
 * @param poolSize connections to the server for all clients together.
 */
export async function startPgBouncer(databaseUrl: string, { poolSize }: { poolSize: number }): Promise<PgBouncer> {
  const program = await find()
  const server = new URL(databaseUrl)
  const account = await serverAccount(null)
  const folder = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), `atrium-test-${process.pid}-`))
  const port = await freePort()
  const put = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    if (account.uid !== undefined) await chown(join(folder, name), account.uid, account.gid ?? account.uid)
    return join(folder, name)
  }
  const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`
  const users = await put('users.txt', `${quoted(server.username)} ${quoted(server.password)}\n`)
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: 'transaction',
    default_pool_size: poolSize,
    max_client_conn: 500,
    server_lifetime: 3600,
    log_connections: 0,
    log_disconnections: 0,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  const file = await put(
    'pgbouncer.ini',
    `[databases]\n* = host=${server.hostname} port=${server.port || 5432}\n\n[pgbouncer]\n${lines.join('\n')}\n`,
  )
  await chmod(folder, 0o711)
  const child = spawn(program, [file], { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const mark = child.pid ? processMark(child.pid) : null
  const untie = mark ? tie(mark, 'SIGTERM') : () => {}
  const said: string[] = []
  const up = new Promise<boolean>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 20) said.push(line)
      if (line.includes('process up')) resolve(true)
    })
    ended.then(() => resolve(false))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    untie()
    await rm(folder, { recursive: true, force: true })
  }
  if (!(await up)) {
    await stop()
    throw new Error(`PgBouncer does not start: ${said.join(' ')}`)
  }
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  return { url: url.href, stop }
}

async function find(): Promise<string> {
  const found = await onPath()
  if (found) return found
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '-y', 'pgbouncer'], { env })
  } catch {
    // No Debian, no root or no network: said below.
  }
  const installed = await onPath()
  if (!installed)
    throw new Error('The tests need PgBouncer: put pgbouncer on the PATH (Debian: apt-get install pgbouncer).')
  return installed
}

/** Debian puts it where only root looks. */
async function onPath(): Promise<string | null> {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']) {
    const path = join(folder, 'pgbouncer')
    const there = await access(path).then(
      () => true,
      () => false,
    )
    if (there) return path
  }
  return null
}
