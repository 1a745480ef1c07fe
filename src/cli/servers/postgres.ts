import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { chmod, lstat, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Account, canEnter, serverAccount } from './account.ts'
import { postgresBinaries } from './binaries.ts'
import { createCluster, dataFolder } from './cluster.ts'
import { freePortLike } from './port.ts'
import { commandOf, end, exists, folderOf, type Log, markAlive, processMark, tie } from './process.ts'
import { homeSecrets, read as readSecrets, type Secrets } from './secrets.ts'

/** A running PostgreSQL. */
export interface Postgres {
  /** As `atrium_owner`, which owns the database `atrium` and migrates. */
  ownerUrl: string
  /** As `atrium_app`, which owns nothing: what the application connects as. */
  appUrl: string
  /** As the superuser, to the database `postgres`: for tests and repair, never for the application. */
  adminUrl: string
  port: number
  /** Shuts it down cleanly; the server of another process (`share`) is left alone. */
  stop(): Promise<void>
}

/** Options of `startPostgres`. */
export interface PostgresOptions {
  log?: Log
  /** Take the running server of another living process on this home instead of refusing. */
  share?: boolean
  /** Settings of PostgreSQL over the usual ones. */
  settings?: Record<string, string>
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
}
// "Fast" shutdown ends the connections, "immediate" leaves recovery to the next start.
const STEPS = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 5000],
] as const
const LOG_LIMIT = 10 * 1024 * 1024
const ATTEMPTS = 8

/**
 * Starts the embedded PostgreSQL of a home: data in `<home>/postgres`, passwords in `<home>/secrets.json`, the port in
 * `<home>/postgres.port`, messages in `<home>/postgres.log`. The first start makes the cluster, the roles and the
 * database. A server that a killed process left behind on this data is shut down first; one of a living process is
 * never touched: that gives a sentence, or with `share` that server. Everything listens on 127.0.0.1 with passwords.
 */
export async function startPostgres(
  folder: string,
  { log = () => {}, share = false, settings = {} }: PostgresOptions = {},
): Promise<Postgres> {
  const home = resolve(folder)
  await mkdir(home, { recursive: true })
  const known = await dataFolder(home)
  const account = await serverAccount(known)
  if (account.uid !== undefined) await letIn(home)
  const secrets = await secretsFor(home, known)
  const binaries = await postgresBinaries(account, log)
  const data = known ?? (await createCluster(home, { binaries, account, secrets, log }))
  await checkAccess(data, account)

  const shared = await clear(home, data, { log, share })
  const server = shared ?? (await launch())
  try {
    if (!shared) await prepare(server.port, secrets)
  } catch (error) {
    await server.stop()
    throw error
  }
  const url = (user: string, password: string, database: string) =>
    `postgresql://${user}:${password}@127.0.0.1:${server.port}/${database}`
  return {
    ownerUrl: url('atrium_owner', secrets.owner, 'atrium'),
    appUrl: url('atrium_app', secrets.app, 'atrium'),
    adminUrl: url('postgres', secrets.postgres, 'postgres'),
    ...server,
  }

  /** A port may be taken, or the last server's memory still held, between looking and starting: so more than once. */
  async function launch(): Promise<Server> {
    const remembered = join(home, 'postgres.port')
    let wanted: number | null = await readFile(remembered, 'utf8').then(Number, () => null)
    for (let attempt = 1; ; attempt++) {
      const port = await freePortLike(wanted)
      const started = await run(binaries.postgres, { home, data, port, account, settings, log })
      if (typeof started !== 'string') {
        await writeFile(remembered, String(port))
        return started
      }
      if (attempt === ATTEMPTS || !/in use|already exists/.test(started)) throw new Error(started)
      if (/Address already in use/.test(started)) wanted = null
      else await sleep(250)
      await clear(home, data, { log, share: false })
    }
  }
}

/**
 * Shuts down the PostgreSQL that a killed process left running on a home, if there is one. Gives false when a living
 * process owns it.
 */
export async function endPostgresOrphan(home: string, { log = () => {} }: { log?: Log } = {}): Promise<boolean> {
  const data = await dataFolder(home)
  if (!data) return true
  return clear(home, data, { log, share: true }).then((shared) => shared === null)
}

interface Server {
  port: number
  stop(): Promise<void>
}

/**
 * Clears the way for a start. The running postmaster says in its own arguments which process started it, so whether it
 * is an orphan can be told without a second file that could disagree. A postmaster.pid whose number now belongs to a
 * stranger, or to a process that has ended and is not collected (a container without an init), is removed: PostgreSQL
 * would take it for a running server. It looks itself whether any backend still holds the shared memory of this data.
 */
async function clear(home: string, data: string, { log, share }: { log: Log; share: boolean }): Promise<Server | null> {
  const lock = await readLock(data)
  if (!lock) return null
  const mark = processMark(lock.pid)
  if (!mark) {
    if (exists(lock.pid)) await rm(join(data, 'postmaster.pid'), { force: true })
    return null
  }
  const owner = ownerOf(lock.pid, data)
  if (owner === null) {
    // Read again: the number may have been freed and the file replaced by a server that starts right now.
    if ((await readLock(data))?.pid === lock.pid && ownerOf(lock.pid, data) === null) {
      log(`Removing a stale postmaster.pid (process ${lock.pid} is not our PostgreSQL).`)
      await rm(join(data, 'postmaster.pid'), { force: true })
    }
    return null
  }
  if (markAlive(owner)) {
    if (!share) {
      throw new Error(`${home} is in use by process ${Number.parseInt(owner, 10)}: stop it, or set ATRIUM_HOME.`)
    }
    if (!lock.ready || !lock.port) {
      await sleep(50)
      return clear(home, data, { log, share })
    }
    return { port: lock.port, stop: async () => {} }
  }
  log('Shutting down the PostgreSQL that a killed process left behind.')
  await end(mark, STEPS)
  return null
}

/** Mark of the process that started this postmaster: null when the process is not a postmaster on exactly this data. */
function ownerOf(pid: number, data: string): string | null {
  const command = `${commandOf(pid).trim()} `
  // A postmaster stands in its data folder, however that was spelled when it was started.
  const ours = folderOf(pid) === data || command.includes(` -D ${data} `)
  if (!ours || !command.includes('postgres')) return null
  // One that somebody started by hand owns itself, and is left alone as long as it lives.
  return / cluster_name=atrium-(\S+) /.exec(command)?.[1] ?? processMark(pid)
}

/** The lines of postmaster.pid that matter (PostgreSQL's src/include/utils/pidfile.h). */
async function readLock(data: string): Promise<{ pid: number; port: number; ready: boolean } | null> {
  const lines = await readFile(join(data, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => null,
  )
  if (!lines) return null
  return { pid: Math.abs(Number(lines[0])), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

interface RunOptions {
  home: string
  data: string
  port: number
  account: Account
  settings: Record<string, string>
  log: Log
}

/** Starts the postmaster and waits until it is ready. Gives what it complained of when it ends instead. */
async function run(binary: string, { home, data, port, account, settings, log }: RunOptions): Promise<Server | string> {
  const file = join(home, 'postgres.log')
  const from = await shorten(file)
  const out = openSync(file, 'a', 0o600)
  const given = { ...SETTINGS, ...settings, port: String(port), cluster_name: `atrium-${processMark(process.pid)}` }
  const child = spawn(binary, ['-D', data, ...Object.entries(given).flatMap(([k, v]) => ['-c', `${k}=${v}`])], {
    ...account,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    // Ctrl-C reaches us alone, so that requests in flight still find their database.
    detached: true,
    stdio: ['ignore', out, out],
  })
  closeSync(out)
  let failure = ''
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      failure = error.message
      resolve()
    })
  })
  const mark = child.pid ? processMark(child.pid) : null
  if (!mark) {
    await ended
    // Or it was over before one could look.
    return failure
      ? `PostgreSQL cannot be started: ${failure}`
      : `PostgreSQL does not start: ${await complaint(file, from)}`
  }
  const untie = tie(mark, 'SIGINT')

  const started = Date.now()
  let told = false
  while (markAlive(mark)) {
    const lock = await readLock(data)
    if (lock?.ready && lock.pid === child.pid) {
      child.unref()
      return { port, stop }
    }
    if (!told && Date.now() - started > 5000) {
      log('PostgreSQL is recovering its data …')
      told = true
    }
    await sleep(10)
  }
  await ended
  untie()
  return `PostgreSQL does not start: ${await complaint(file, from)}`

  async function stop(): Promise<void> {
    child.ref()
    await end(mark!, STEPS)
    await ended
    untie()
  }
}

/** Keeps one older log when it has grown; gives the length from which this start writes. */
async function shorten(file: string): Promise<number> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size < LOG_LIMIT) return size
  await rename(file, `${file}.1`)
  return 0
}

async function complaint(file: string, from: number): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16_384), 0, 16_384, from)
    const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n')
    const serious = lines.filter((line) => /FATAL|PANIC|could not|in use|HINT/.test(line))
    return `${(serious.length ? serious : lines.slice(-3)).join(' ').trim() || 'it said nothing'} (${file})`
  } finally {
    await handle.close()
  }
}

/** Makes roles and database where they are missing; a start that was killed half-way is completed by the next. */
async function prepare(port: number, secrets: Secrets): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: secrets.postgres,
    database: 'postgres',
  })
  try {
    await client.connect()
    const { rows } = await client.query<{ roles: string[]; database: boolean }>(
      `SELECT array(SELECT rolname::text FROM pg_roles WHERE rolname IN ('atrium_owner', 'atrium_app')) AS roles,
              EXISTS (SELECT FROM pg_database WHERE datname = 'atrium') AS database`,
    )
    const { roles, database } = rows[0]!
    if (!roles.includes('atrium_owner')) {
      await client.query(`CREATE ROLE atrium_owner LOGIN CREATEROLE PASSWORD '${secrets.owner}'`)
    }
    if (!roles.includes('atrium_app')) {
      // The owner may give the role to further logins; it gets none of its rights.
      await client.query(
        `CREATE ROLE atrium_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '${secrets.app}';
         GRANT atrium_app TO atrium_owner WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
      )
    }
    if (!database) await client.query('CREATE DATABASE atrium OWNER atrium_owner')
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error
    throw new Error('The passwords in secrets.json do not fit the database beside it: put the right file back.')
  } finally {
    await client.end().catch(() => {})
  }
}

async function secretsFor(home: string, data: string | null): Promise<Secrets> {
  const file = join(home, 'secrets.json')
  if (data && !(await readSecrets(file))) {
    throw new Error(`${file} is missing, without which ${data} cannot be opened: put it back from a backup.`)
  }
  return homeSecrets(home)
}

/** Lets the server's user pass through our own folder; files inside keep their own modes. */
async function letIn(home: string): Promise<void> {
  const { mode, uid } = await lstat(home)
  if (uid === 0 && (mode & 0o011) !== 0o011) await chmod(home, (mode & 0o7777) | 0o011)
}

async function checkAccess(data: string, account: Account): Promise<void> {
  const { uid } = await stat(data)
  const wanted = account.uid ?? process.getuid?.()
  if (wanted !== undefined && uid !== wanted) {
    throw new Error(`${data} belongs to another user (${uid}): start as that user, or set ATRIUM_HOME.`)
  }
  if (!(await canEnter(await realpath(data), account))) {
    throw new Error(`${data} lies in a folder which user ${uid} may not enter: move it, or set ATRIUM_HOME.`)
  }
}
