import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { processMark } from '../../src/cli/servers/process.ts'
import { endOrphans, startPostgres, startRedis } from '../../src/cli/servers.ts'
import { migrate } from '../../src/tenancy/migrate.ts'

const run = promisify(execFile)
const HOME = /^atrium-test-(\d+)-/
// Nothing here has to survive a power cut.
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  max_wal_size: '256MB',
}
const MEMORY = '/dev/shm'

/** Steps that undo what the setup did, the last one first. */
export type Undo = (() => Promise<unknown>)[]

/**
 * Starts what the tests need, once for all workers: PostgreSQL (or `TEST_DATABASE_OWNER_URL`, whose user needs CREATEDB
 * and CREATEROLE), a real Redis (`REDIS_URL`, the PATH, or installed on Debian), and a migrated template database.
 * Workers find addresses, and a fast folder for throw-away files, in the environment; `globalTeardown` stops what was
 * started here and nothing else.
 */
export default async function globalSetup(): Promise<void> {
  const undo: Undo = []
  try {
    await removeLeftovers()
    const parent = await folder()
    process.env.ATRIUM_TEST_FOLDER = parent
    const home = await mkdtemp(join(parent, `atrium-test-${process.pid}-`))
    undo.push(() => rm(home, { recursive: true, force: true }))
    const starts = [startDatabase(home, undo), startTestRedis(home, undo)] as const
    // Both are over before anything is undone: what starts late would be left running.
    await Promise.allSettled(starts)
    const [database, redis] = await Promise.all(starts)
    Object.assign(process.env, database, { ATRIUM_TEST_REDIS_URL: redis })
    await makeTemplate(database, undo)
    Object.assign(globalThis, { atriumTestUndo: undo })
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {})
    throw error
  }
}

/** Memory where there is plenty of it: cloning a database there takes a twentieth of the time it may take on a disk. */
async function folder(): Promise<string> {
  const found = await statfs(MEMORY).catch(() => null)
  return found && found.bavail * found.bsize > 2 ** 31 && freemem() > 2 ** 32 ? MEMORY : tmpdir()
}

interface DatabaseEnv {
  ATRIUM_TEST_OWNER_URL: string
  ATRIUM_TEST_APP_URL: string
  ATRIUM_TEST_TEMPLATE: string
}

async function startDatabase(home: string, undo: Undo): Promise<DatabaseEnv> {
  const given = process.env.TEST_DATABASE_OWNER_URL
  if (given) {
    const run = randomBytes(4).toString('hex')
    const app = new URL(given)
    app.username = `atrium_test_${run}`
    app.password = randomBytes(16).toString('hex')
    undo.push(() => query(given, `DROP ROLE IF EXISTS ${app.username}`))
    return {
      ATRIUM_TEST_OWNER_URL: given,
      ATRIUM_TEST_APP_URL: app.href,
      ATRIUM_TEST_TEMPLATE: `atrium_template_${run}`,
    }
  }
  const server = await startPostgres(home, { settings: FAST })
  undo.push(() => server.stop())
  await query(server.adminUrl, 'ALTER ROLE atrium_owner CREATEDB')
  return {
    ATRIUM_TEST_OWNER_URL: server.ownerUrl,
    ATRIUM_TEST_APP_URL: server.appUrl,
    ATRIUM_TEST_TEMPLATE: 'atrium_template',
  }
}

async function makeTemplate(env: DatabaseEnv, undo: Undo): Promise<void> {
  const { ATRIUM_TEST_OWNER_URL: ownerUrl, ATRIUM_TEST_APP_URL: appUrl, ATRIUM_TEST_TEMPLATE: name } = env
  if (process.env.TEST_DATABASE_OWNER_URL) undo.push(() => dropDatabases(ownerUrl, name))
  await query(ownerUrl, `CREATE DATABASE ${name}`)
  const template = new URL(ownerUrl)
  template.pathname = `/${name}`
  await migrate(template.href, { appUrl })
}

/** On a server that is not ours: the template, and the clones that tests forgot. */
async function dropDatabases(ownerUrl: string, template: string): Promise<void> {
  const names = await query(ownerUrl, `SELECT datname FROM pg_database WHERE starts_with(datname, '${template}')`)
  for (const { datname } of names) await query(ownerUrl, `DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`)
}

async function startTestRedis(home: string, undo: Undo): Promise<string> {
  if (process.env.REDIS_URL) return process.env.REDIS_URL
  let server = await startRedis(home)
  if (!server) {
    await installRedis()
    server = await startRedis(home)
  }
  if (!server) throw new Error('The tests need a real Redis: put redis-server on the PATH, or set REDIS_URL.')
  const { url, stop } = server
  undo.push(stop)
  return url
}

async function installRedis(): Promise<void> {
  if (process.getuid?.() !== 0) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '-y', 'redis-server'], { env })
  } catch {
    // No Debian, or no network: the caller says what to do.
  }
}

async function query(url: string, sql: string): Promise<{ datname?: string }[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Ends and removes what test runs that were killed left behind. */
async function removeLeftovers(): Promise<void> {
  for (const parent of [MEMORY, tmpdir()]) {
    for (const name of await readdir(parent).catch(() => [])) {
      const pid = Number(HOME.exec(name)?.[1])
      if (!pid || processMark(pid)) continue
      const home = join(parent, name)
      // False: another user's, or one that another run removes just now.
      const ended = await endOrphans(home).catch(() => false)
      if (ended) await rm(home, { recursive: true, force: true }).catch(() => {})
    }
  }
}
