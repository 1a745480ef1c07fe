import { execFile } from 'node:child_process'
import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The user that servers run as; empty when it is the user of this process. As options of `child_process.spawn`. */
export interface Account {
  uid?: number
  gid?: number
}

/**
 * PostgreSQL refuses to run as root: as root it gets the owner of its data, else the user `postgres`, made when it is
 * missing, else `nobody` where no user can be made. Anybody else runs the servers himself.
 */
export async function serverAccount(data: string | null): Promise<Account> {
  if (process.getuid?.() !== 0) return {}
  const owner = data && (await stat(data))
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const found = (await lookUp('postgres')) ?? (await create('postgres')) ?? (await lookUp('nobody'))
  if (!found) throw new Error('PostgreSQL does not run as root: create a user "postgres", or start as another user.')
  return found
}

async function lookUp(name: string): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])))
    return { uid: Number(uid!.stdout), gid: Number(gid!.stdout) }
  } catch {
    return null
  }
}

async function create(name: string): Promise<Account | null> {
  const useradd = ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/bin/false', name]
  // Two useradd of one name at once both succeed, and the second takes the first one's number away.
  await run('flock', ['/etc', ...useradd]).catch(() => {})
  return lookUp(name)
}

/** Whether the account may enter a folder and all above it, by their permission bits. */
export async function canEnter(folder: string, { uid, gid }: Account): Promise<boolean> {
  if (uid === undefined) return true
  for (let at = await realpath(folder); ; at = dirname(at)) {
    const found = await stat(at)
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001
    if ((found.mode & bit) === 0) return false
    if (at === dirname(at)) return true
  }
}
