import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, lstat, mkdir, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, canEnter } from './account.ts'
import { type Binaries, SHARED } from './binaries.ts'
import { type Log, markAlive, processMark } from './process.ts'
import type { Secrets } from './secrets.ts'

const run = promisify(execFile)
const COMMON = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--data-checksums']
// ICU's root order sorts names of every language sensibly; the built-in one is there where ICU is not.
const LOCALES = [
  ['--locale-provider=icu', '--icu-locale=und'],
  ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
]

/** Real path of a home's data folder, null before the first start. Throws a sentence when its link leads nowhere. */
export async function dataFolder(home: string): Promise<string | null> {
  const path = join(home, 'postgres')
  if (!(await lstat(path).catch(() => null))) return null
  return realpath(path).catch(() => {
    throw new Error(`The data to which ${path} points is gone: restore it, or remove that link to begin anew.`)
  })
}

/**
 * Makes a cluster: UTF-8, ICU root order, checksums on, passwords for every connection. It is made beside its place and
 * moved there when whole, so that a killed start leaves nothing half-made and of two at once one wins. As root in a
 * home which the server's user cannot reach it lies under /var/lib/atrium, with `<home>/postgres` a link to it.
 * Gives the real path.
 */
export async function createCluster(
  home: string,
  { binaries, account, secrets, log }: { binaries: Binaries; account: Account; secrets: Secrets; log: Log },
): Promise<string> {
  log('Making the database …')
  const reachable = await canEnter(home, account)
  const parent = reachable ? home : SHARED
  if (!reachable) await mkdir(SHARED, { recursive: true, mode: 0o755 })
  await removeDrafts(parent)
  const draft = join(parent, `.postgres-${processMark(process.pid)}-${randomBytes(4).toString('hex')}`)
  await mkdir(draft, { mode: 0o700 })
  try {
    const data = join(draft, 'data')
    const passwords = join(draft, 'password')
    await writeFile(passwords, `${secrets.postgres}\n`, { mode: 0o600 })
    if (account.uid !== undefined) {
      for (const path of [draft, passwords]) await chown(path, account.uid, account.gid!)
    }
    await initdb(binaries.initdb, [`--pgdata=${data}`, `--pwfile=${passwords}`], account)
    const place = reachable ? join(home, 'postgres') : join(SHARED, `postgres-${randomBytes(8).toString('hex')}`)
    try {
      await rename(data, place)
      if (!reachable) {
        await symlink(place, join(home, 'postgres'))
        log(`The data lies in ${place}, for PostgreSQL's user may not enter ${home}.`)
      }
    } catch (error) {
      // Another process was first; its cluster has the same passwords.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      if (!reachable) await rm(place, { recursive: true, force: true })
    }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return (await dataFolder(home))!
}

async function initdb(binary: string, given: string[], account: Account): Promise<void> {
  let reason = ''
  for (const locale of LOCALES) {
    try {
      await run(binary, [...given, ...COMMON, ...locale], {
        ...account,
        cwd: '/',
        env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      })
      return
    } catch (error) {
      reason = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
      if (!/icu/i.test(reason) || /shared libraries/.test(reason)) break
    }
  }
  const hint = /shared libraries/.test(reason) ? ` Run: npm rebuild ${dirname(dirname(dirname(binary)))}` : ''
  throw new Error(`PostgreSQL cannot make its data folder: ${reason}${hint}`)
}

/** Removes what processes that were killed while they made a cluster left behind. */
async function removeDrafts(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const mark = /^\.postgres-(\d+-\d+)-[0-9a-f]{8}$/.exec(name)?.[1]
    if (mark && !markAlive(mark)) await rm(join(parent, name), { recursive: true, force: true })
  }
}
