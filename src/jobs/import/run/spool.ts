import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Items kept for later in the order in which they came. */
export interface Spool<T> {
  /** `weight`: how many of `limit` it counts for. */
  add(item: T, weight?: number): Promise<void>
  items(): AsyncGenerator<T>
  /** Lets go of what is kept. */
  close(): Promise<void>
}

/** Characters that are kept in memory at most, whatever the number of items. */
const KEPT = 32 * 1024 * 1024
/** Characters written at a time. */
const PIECE = 256 * 1024

/**
 * Keeps items (JSON values) in memory up to a limit and beyond it in a temporary file, so that memory does not depend on their number.
 * The file has no name once it is open, where the system allows that: a killed process leaves nothing behind.
 */
export function createSpool<T>({ limit = 100_000 }: { limit?: number } = {}): Spool<T> {
  const kept: T[] = []
  let weights = 0
  let size = 0
  let waiting = ''
  let file: Awaited<ReturnType<typeof open>> | null = null
  let folder: string | null = null

  async function begin() {
    folder = await mkdtemp(join(tmpdir(), 'atrium-import-'))
    file = await open(join(folder, 'spool'), 'wx+', 0o600)
    await rm(folder, { recursive: true, force: true }).then(
      () => {
        folder = null
      },
      () => {},
    )
  }

  async function flush() {
    await file?.appendFile(waiting)
    waiting = ''
  }

  return {
    async add(item, weight = 1) {
      // Readline takes these two for line breaks.
      const text = JSON.stringify(item).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
      weights += weight
      size += text.length
      if (!file && weights <= limit && size <= KEPT) {
        kept.push(item)
        return
      }
      if (!file) await begin()
      waiting += `${text}\n`
      if (waiting.length >= PIECE) await flush()
    },
    async *items() {
      yield* kept
      if (!file) return
      await flush()
      const lines = createInterface({
        input: file.createReadStream({ start: 0, autoClose: false, encoding: 'utf8' }),
        crlfDelay: Number.POSITIVE_INFINITY,
      })
      for await (const line of lines) yield JSON.parse(line) as T
    },
    async close() {
      kept.length = 0
      await file?.close()
      if (folder) await rm(folder, { recursive: true, force: true })
      file = folder = null
    },
  }
}
