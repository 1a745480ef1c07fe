import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** What one home keeps to itself: the passwords of its database roles and the application's ATRIUM_SECRET. */
export interface Secrets {
  postgres: string
  owner: string
  app: string
  /** 32 random bytes in base64url. */
  secret: string
}

const NAMES = ['postgres', 'owner', 'app', 'secret'] as const

/**
 * The secrets of a home, from `<home>/secrets.json` (mode 600), made on the first call. Of two processes that make
 * them at once one wins and both read the same. Throws a sentence when the file is damaged, not ours to read, or gone
 * although there is a database that was made with it.
 */
export async function homeSecrets(home: string): Promise<Secrets> {
  const file = join(home, 'secrets.json')
  const found = await read(file)
  if (found) return found
  await mkdir(home, { recursive: true })
  const made = Object.fromEntries(NAMES.map((name) => [name, randomBytes(32).toString('base64url')]))
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(made, null, 2)}\n`)
    await handle.sync()
    await link(draft, file).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await handle.close()
    await unlink(draft)
  }
  return (await read(file))!
}

/** The secrets of a home if it has any: null before the first start. */
export async function read(file: string): Promise<Secrets | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error(`${file} cannot be read (${(error as Error).message}): start as the user that made it.`)
  }
  try {
    const found = JSON.parse(text)
    if (NAMES.every((name) => typeof found[name] === 'string' && found[name].length >= 32)) return found
  } catch {
    // Said below, without the parser's excerpt of a secret.
  }
  throw new Error(`${file} is damaged: put it back from a backup.`)
}
