import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { withDefinitions } from '../../access/custom.ts'
import { viewerOfKey, viewerOfUser } from '../../access/viewer.ts'
import type { Viewer } from '../../context.ts'
import { requestErrorIn, UserErrors } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { giveUpFile, keepFile, reserveFile } from '../../resolvers/platform/attachment.ts'
import { endImport, type ImportCounts } from '../../resolvers/platform/importJob.ts'
import {
  type CheckedMapping,
  DRY_RUN_ROWS,
  noteImport,
  renewImport,
  type TakenImport,
  takeImport,
} from '../../resolvers/platform/importOrder.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import type { Store } from '../../storage/file.ts'
import type { Tenancy } from '../../tenancy/tenancy.ts'
import { spool } from '../files/spool.ts'
import { ImportInvalid } from './detect.ts'
import { parseMapping } from './mapping.ts'
import { checkImport } from './run/check.ts'
import { endOf, ImportCancelled, ImportInterrupted, runImport } from './run.ts'

/** How the writes of imports are told from those of people: what an import made is not somebody's later change, and no reason to look for work. */
const ACTOR = 'job:import'

/** What the worker needs. */
export interface ImportWork {
  tenancy: Tenancy
  store: Store
  /** Folder for the files while they are read. */
  incoming: string
  /** Bytes that a company may keep which has no quota of its own. */
  quota: number
  /** Between signs of life, at which it is also seen that somebody stops it, milliseconds; far below the lease (importOrder.ts). 2000 if left out. */
  beatMs?: number
}

/** Holds a mapping, as a client wrote it, against the record types and the rights of who orders it. Throws FORBIDDEN that names every right that is missing. */
export async function checkMapping(
  tenancy: Tenancy,
  viewer: Viewer,
  { mapping, mode }: { mapping: unknown; mode: 'CREATE' | 'UPSERT' },
): Promise<CheckedMapping> {
  try {
    const parsed = parseMapping(mapping)
    checkImport(parsed, modeOf(mode), await withDefinitions(tenancy, viewer))
    return { object: parsed.type }
  } catch (error) {
    if (!(error instanceof ImportInvalid)) throw error
    return { faults: error.faults.length > 0 ? error.faults : [{ place: '', message: error.message }] }
  }
}

const modeOf = (mode: 'CREATE' | 'UPSERT') => (mode === 'CREATE' ? 'create' : 'upsert')

/**
 * Runs the import of a company that has waited longest, to its end. Any number of processes may do so at once; one whose process dies ends FAILED with
 * INTERRUPTED, and what it wrote stays, as on the command line.
 *
 * @returns was there one. @throws what is nobody's mistake; it stands in the ImportJob as INTERNAL, too.
 */
export async function importNext(work: ImportWork, tenantId: string, stopping?: AbortSignal): Promise<boolean> {
  const { tenancy } = work
  const taken = await tenancy.writeTenant({ tenantId, actor: ACTOR }, (db) => takeImport(db, tenantId))
  if (!taken) return false
  const folder = join(work.incoming, newId())
  try {
    await importOne(work, tenantId, taken, folder, stopping)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return true
}

async function importOne(
  { tenancy, store, quota, beatMs = 2000 }: ImportWork,
  tenantId: string,
  taken: TakenImport,
  folder: string,
  stopping?: AbortSignal,
): Promise<void> {
  const { id, userId, fileId, dryRun } = taken
  const caller = { tenantId, userId, actor: ACTOR }
  const stop = new AbortController()
  let counts: ImportCounts = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, problems: 0 }
  let told = 0
  let beating: Promise<void> = Promise.resolve()
  const beat = async () => {
    const news = counts.rows > told
    const word = await tenancy.writeTenant(caller, async (db) => {
      if (news) await noteImport(db, tenantId, id, counts)
      return renewImport(db, tenantId, id)
    })
    told = counts.rows
    if (word !== 'go') stop.abort(word === 'stop' ? new ImportCancelled() : new ImportInterrupted())
    // Else the sweeper takes it for a dead process's.
    await utimes(folder, new Date(), new Date())
  }
  const timer = setInterval(() => {
    // A beat that fails is made up for by the next; when none succeeds, the import is given up by another process.
    beating = beating.then(beat).catch(() => {})
  }, beatMs)
  const failed = (errorCode: string, errorMessage: string | null) =>
    tenancy.writeTenant(caller, (db) =>
      endImport(db, tenantId, id, { status: 'FAILED', errorCode, errorMessage }, counts),
    )
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const viewer = await tenancy.readTenant({ tenantId }, (db) =>
      taken.keyId ? viewerOfKey(db, tenantId, taken.keyId) : viewerOfUser(db, tenantId, userId),
    )
    if (!viewer) return void (await failed('UNAUTHENTICATED', 'Who ordered the import may not sign in any more.'))
    if (!fileId) return void (await failed('NOT_FOUND', 'The file is gone.'))
    const file = join(folder, 'file.csv')
    await pipeline(await store.read({ tenantId, fileId }), createWriteStream(file, { mode: 0o600 }))
    const signal = AbortSignal.any([stop.signal, ...(stopping ? [stopping] : [])])
    await runImport({
      tenancy,
      viewer,
      mapping: parseMapping(taken.mapping),
      file,
      mode: modeOf(taken.mode),
      dryRun,
      ...(dryRun ? { firstRows: DRY_RUN_ROWS } : {}),
      errorsFile: join(folder, 'errors.csv'),
      keepErrors: (path) => keepErrors(path, folder),
      importId: id,
      actor: ACTOR,
      signal,
      onProgress: ({ line: _line, ...done }) => {
        counts = done
      },
    })
  } catch (error) {
    // What failed before the first row could not end it: its file, say, that the store does not give.
    await tenancy.writeTenant(caller, async (db) => {
      if ((await renewImport(db, tenantId, id)) === 'lost') return
      await endImport(db, tenantId, id, endOf(error), counts)
    })
    // What is wrong with the file, the mapping or the rights stands in the ImportJob; so does that somebody stopped it.
    if (error instanceof ImportInvalid || error instanceof ImportCancelled || error instanceof ImportInterrupted) return
    if (requestErrorIn(error)?.code === 'FORBIDDEN') return
    throw error
  } finally {
    clearInterval(timer)
    await beating
  }

  /** The file of the problems becomes an attachment of the import; gives why it could not. */
  async function keepErrors(path: string, into: string) {
    const { size, sha256, path: kept } = await spool(into, createReadStream(path), Number.POSITIVE_INFINITY)
    const write = <T>(does: (context: WriteContext) => Promise<T>) =>
      tenancy.writeTenant(caller, (db) => does({ db, viewer: { tenantId } as Viewer }))
    let stored: string
    try {
      stored = await write((context) => reserveFile(context, size, quota))
    } catch (error) {
      if (!(error instanceof UserErrors)) throw error
      return { errorCode: error.errors[0]?.code ?? 'QUOTA_EXCEEDED', errorMessage: 'The problems could not be kept.' }
    }
    const contentType = 'text/csv'
    try {
      await store.put({ tenantId, fileId: stored }, { path: kept, size, contentType })
      const about = { fileName: 'errors.csv', category: 'IMPORT_ERRORS', holder: { type: 'ImportJob', id } }
      await write((context) => keepFile(context, about, stored, { contentType, size, sha256 }))
    } catch (error) {
      await write((context) => giveUpFile(context, stored)).catch(() => {})
      throw error
    }
    return null
  }
}

export interface ImportWorkOptions extends Omit<ImportWork, 'tenancy'> {
  /** Between looks without a write of this process, milliseconds. */
  everyMs?: number
  /** From a write to the look for work that it may have caused, milliseconds. */
  delay?: number
  /** Imports that this process runs at the same time, of different companies. */
  most?: number
  onError: (error: unknown) => void
}

/** Runs imports in the background, soon after they are ordered and after a restart. */
export function startImports(
  tenancy: Tenancy,
  { everyMs = 5000, delay = 200, most = 2, onError, ...work }: ImportWorkOptions,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  /** Companies whose import is under way here. */
  const busy = new Map<string, Promise<void>>()
  /** Companies that had nothing for this process since it was last woken: they must not stand before others. */
  const idle = new Set<string>()
  let waiting: NodeJS.Timeout | null = null
  let looking: Promise<void> = Promise.resolve()

  function wake(): void {
    waiting = null
    idle.clear()
    goOn()
  }

  function goOn(): void {
    looking = looking.then(look).catch(onError)
  }

  async function look(): Promise<void> {
    if (stopping.signal.aborted || busy.size >= most) return
    const tenants = await tenancy.withoutTenant((db) =>
      db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_imports() AS id', values: [] }),
    )
    for (const { id } of tenants) {
      if (busy.size >= most || stopping.signal.aborted) return
      if (!busy.has(id) && !idle.has(id)) begin(id)
    }
  }

  function begin(tenantId: string): void {
    const run = importNext({ tenancy, ...work }, tenantId, stopping.signal)
      .catch((error: unknown) => {
        onError(error)
        return false
      })
      .then((was) => {
        busy.delete(tenantId)
        if (!was) idle.add(tenantId)
        // There may be another one, of this company or the next.
        if (!stopping.signal.aborted) goOn()
      })
    busy.set(tenantId, run)
  }

  tenancy.onWritten(({ actor }) => {
    if (stopping.signal.aborted || waiting || actor?.startsWith('job')) return
    waiting = setTimeout(wake, delay)
  })
  const timer = setInterval(wake, everyMs)
  wake()
  return {
    async stop() {
      stopping.abort(new ImportInterrupted())
      clearInterval(timer)
      if (waiting) clearTimeout(waiting)
      await looking
      await Promise.all(busy.values())
    },
  }
}
