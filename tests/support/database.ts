import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** A database of a test's own. */
export interface TestDatabase {
  /** As the owner, without row security being bypassed (it is FORCEd). */
  ownerUrl: string
  /** As `atrium_app`, what the application connects as. */
  appUrl: string
  /** Removes it, with whatever is still connected. */
  drop(): Promise<void>
}

/**
 * Clones the migrated template (`empty`: a database without anything) under a name of its own. Call `drop` when done;
 * what a test forgets goes with the test cluster.
 */
export async function freshDatabase({ empty = false }: { empty?: boolean } = {}): Promise<TestDatabase> {
  const template = env('ATRIUM_TEST_TEMPLATE')
  const name = `${template}_${process.env.JEST_WORKER_ID ?? 0}_${randomBytes(6).toString('hex')}`
  await asOwner(`CREATE DATABASE ${name} TEMPLATE ${empty ? 'template1' : template}`)
  return {
    ownerUrl: withDatabase(env('ATRIUM_TEST_OWNER_URL'), name),
    appUrl: withDatabase(env('ATRIUM_TEST_APP_URL'), name),
    drop: () => drop(name),
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** The server's own housekeeping (autovacuum) may be at work in a database, which only a superuser could end: it is soon done. */
async function drop(name: string, attempts = 50): Promise<void> {
  try {
    await asOwner(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  } catch (error) {
    if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE || attempts <= 1) throw error
    await new Promise((resolve) => setTimeout(resolve, 100))
    await drop(name, attempts - 1)
  }
}

function env(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is missing: run the tests with "npm test", which starts the servers.`)
  return value
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

async function asOwner(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: env('ATRIUM_TEST_OWNER_URL') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
