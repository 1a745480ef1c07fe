import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserErrors } from '../../errors.ts'
import { HEAD } from './sniff.ts'

/** A file that came in and lies in a folder of ours. */
export interface Spooled {
  path: string
  size: number
  sha256: string
  /** Its first bytes. */
  head: Buffer
}

/** A file that lies there for so long was left by a process that died. */
const OLD_MS = 3_600_000

/**
 * Writes a stream into a file of its own, readable for its owner alone, while it is counted and hashed: never more of it than a piece is in memory.
 *
 * @throws UserErrors FILE_TOO_LARGE as soon as one byte is too many; nothing stays then.
 */
export async function spool(folder: string, bytes: Readable, max: number): Promise<Spooled> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const hash = createHash('sha256')
  const heads: Buffer[] = []
  let size = 0
  let known = 0
  async function* measured(source: AsyncIterable<Buffer>) {
    for await (const piece of source) {
      size += piece.length
      if (size > max) throw tooLarge(max)
      hash.update(piece)
      if (known < HEAD) {
        heads.push(piece.subarray(0, HEAD - known))
        known += piece.length
      }
      yield piece
    }
  }
  // It is there before anything can fail: a stream that opens it itself may do so after it was removed.
  const file = await open(path, 'wx', 0o600)
  try {
    await pipeline(bytes, measured, file.createWriteStream())
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return { path, size, sha256: hash.digest('hex'), head: Buffer.concat(heads) }
}

const tooLarge = (max: number) =>
  new UserErrors([
    {
      code: 'FILE_TOO_LARGE',
      message: `A file has at most ${max} bytes.`,
      field: ['file'],
      details: { max },
    },
  ])

/** Removes what processes left that died while a file came in. */
export async function sweepSpool(folder: string, now = Date.now()): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => null)
    if (found && now - found.mtimeMs > OLD_MS) await rm(path, { force: true, recursive: true })
  }
}
