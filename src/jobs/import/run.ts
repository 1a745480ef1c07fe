import { basename } from 'node:path'
import { withDefinitions } from '../../access/custom.ts'
import type { Viewer } from '../../context.ts'
import { requestErrorIn } from '../../errors.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import {
  endImport,
  enterImport,
  type ImportCounts,
  type ImportEnd,
  keepBatch,
} from '../../resolvers/platform/importJob.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import type { Tenancy, Writer } from '../../tenancy/tenancy.ts'
import { type CsvProblem, type CsvRow, isProblem, readCsv } from './csv.ts'
import { ImportInvalid } from './detect.ts'
import { checkHeaders, type Mapping } from './mapping.ts'
import { checkImport, type ImportMode } from './run/check.ts'
import { type ErrorsFile, openErrorsFile } from './run/errorsFile.ts'
import { inLanes, lanesOf, uniqueKeysOf } from './run/lanes.ts'
import { type Waiting, writeLinks } from './run/links.ts'
import { planOf, type ReadyRow, writeRows } from './run/rows.ts'
import { createSpool } from './run/spool.ts'
import { convertRow } from './values.ts'

export type { ImportMode } from './run/check.ts'

export interface ImportOptions {
  tenancy: Tenancy
  /** Whose rights count, and whose name stands in the changes. */
  viewer: Viewer
  mapping: Mapping
  /** Path of the CSV file. */
  file: string
  mode: ImportMode
  /** Do everything and keep nothing. */
  dryRun?: boolean
  /** Path of the CSV file that tells the problems; replaced when it is there. */
  errorsFile?: string
  /** Is given that file, where there are problems, before the import ends; gives why it could not be kept. */
  keepErrors?: (path: string) => Promise<Pick<ImportEnd, 'errorCode' | 'errorMessage'> | null>
  /** Called after every batch. */
  onProgress?: (progress: ImportProgress) => void
  /** uuid of its ImportJob, where that is there already; otherwise one is made, but for a dry run. */
  importId?: string
  /** Who stands in the changes; the viewer if left out. */
  actor?: string
  /** How many rows of the file are looked at; all if left out. */
  firstRows?: number
  /** Stops the import behind a batch: what is written stays. */
  signal?: AbortSignal
}

/** How far an import is, by rows. */
export interface ImportProgress extends ImportCounts {
  /** Line of the file on which the last row that was done begins. */
  line: number
}

/** Somebody wants an import to stop: a reason to abort its signal. */
export class ImportCancelled extends Error {
  override name = 'ImportCancelled'
}

/** The process ends: a reason to abort an import's signal. */
export class ImportInterrupted extends Error {
  override name = 'ImportInterrupted'
}

/** What an import did. Rows are created, updated, unchanged or failed. */
export interface ImportSummary {
  file: string
  type: string
  rows: number
  created: number
  updated: number
  unchanged: number
  /** Rows of which nothing was written. */
  failed: number
  /** Problems told; a row may have several, and a written row one for a link that leads nowhere. */
  problems: number
  dryRun: boolean
  seconds: number
  rowsPerSecond: number
  errorsFile: string | null
  /** Id of its ImportJob, by which it can be reverted; null of a dry run. */
  importId: string | null
}

const empty = (): ImportCounts => ({ rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, problems: 0 })

/** Runs work in a transaction and gives its answer after the commit. */
type Transaction = <T>(work: (context: WriteContext) => Promise<T>) => Promise<T>

/** Rows of a batch, which is one transaction: many enough to spread its cost, few enough to be held twice. */
const BATCH_ROWS = 1000
/** Characters of a batch, for files with long rows. */
const BATCH_CHARS = 4 * 1024 * 1024

/** Undoes the transaction of a dry run. */
const DRY_RUN = new Error('This was a dry run.')

/**
 * Imports a CSV file into a tenant by a mapping; docs/import.md says what it does with good and bad rows. Batches that were committed stay when the
 * import is stopped or dies; to run it again as an upsert finishes it, and revertImport takes back what it did. A dry run is one transaction, so that later rows see earlier ones.
 *
 * @throws ImportInvalid when file and mapping cannot be used, FORBIDDEN when the viewer lacks rights; both before anything is written, except for a
 * file that becomes unreadable on the way. The signal's reason. SERVICE_UNAVAILABLE and TIMEOUT of the database.
 */
export async function runImport(given: ImportOptions): Promise<ImportSummary> {
  const options = { ...given, viewer: await withDefinitions(given.tenancy, given.viewer) }
  const { tenancy, viewer, mapping, file, mode, dryRun = false, errorsFile } = options
  const { assign } = mapping
  // Nobody can be asked whether a row that looks like a record is meant: without a word in the mapping only rules that block refuse it.
  const allowDuplicate = mapping.duplicates === null ? 'WARN' : mapping.duplicates === 'allow'
  const started = performance.now()
  const caller = { ...callerOf(viewer), ...(given.actor ? { actor: given.actor } : {}) }
  const write = <T>(work: (db: Writer) => Promise<T>) => tenancy.writeTenant(caller, work)
  const { tenantId } = viewer
  const about = {
    object: mapping.type,
    mode: mode === 'create' ? 'CREATE' : 'UPSERT',
    fileName: basename(file),
  } as const
  let id = given.importId ?? null
  const tally = empty()
  let end: ImportEnd = { status: 'FAILED', errorCode: 'INTERNAL' }
  try {
    checkImport(mapping, mode, viewer)
    if (!dryRun) id ??= await write((db) => enterImport(db, tenantId, about))
    if (dryRun) {
      await write(async (db) => {
        // The transaction may be run again after a deadlock.
        Object.assign(tally, empty())
        await importOnce(options, 1, (work) => work({ db, viewer, assign, allowDuplicate }), tally)
        throw DRY_RUN
      }).catch((error: unknown) => {
        if (error !== DRY_RUN) throw error
      })
    } else {
      const lanes = await lanesOf(tenancy, viewer, mapping, mode)
      const transaction: Transaction = (work) =>
        write(async (db) => {
          const result = await work({ db, viewer, assign, allowDuplicate })
          await keepBatch(db, tenantId, id as string)
          return result
        })
      await importOnce(options, lanes, transaction, tally)
    }
    const lost = errorsFile !== undefined && tally.problems > 0 ? await given.keepErrors?.(errorsFile) : null
    end = { status: 'COMPLETED', ...lost }
  } catch (error) {
    end = endOf(error)
    throw error
  } finally {
    const entered = id
    if (entered) await write((db) => endImport(db, tenantId, entered, end, tally))
  }
  const seconds = (performance.now() - started) / 1000
  return {
    file,
    type: mapping.type,
    ...tally,
    dryRun,
    seconds: Math.round(seconds * 1000) / 1000,
    rowsPerSecond: Math.round(tally.rows / seconds),
    errorsFile: errorsFile ?? null,
    importId: id === null || dryRun ? null : idOf('ImportJob', id),
  }
}

/** How an import ends that something stopped. */
export function endOf(error: unknown): ImportEnd {
  if (error instanceof ImportCancelled) return { status: 'CANCELLED' }
  if (error instanceof ImportInterrupted)
    return { status: 'FAILED', errorCode: 'INTERRUPTED', errorMessage: 'The process that ran the import ended.' }
  if (error instanceof ImportInvalid) return { status: 'FAILED', errorCode: error.code, errorMessage: error.message }
  const known = requestErrorIn(error)
  return { status: 'FAILED', errorCode: known?.code ?? 'INTERNAL', errorMessage: known?.message ?? null }
}

/** Reads the file once and writes all of it. What it has done so far stands in `tally`. */
async function importOnce(
  options: ImportOptions,
  lanes: number,
  transaction: Transaction,
  tally: ImportCounts,
): Promise<void> {
  const { mapping, file, mode, errorsFile, onProgress, signal } = options
  const plan = planOf(mapping, mode)
  const waiting = createSpool<Waiting>()
  const errors = errorsFile === undefined ? null : await openErrorsFile(errorsFile, file)
  try {
    await inLanes(readBatches(options, lanes > 1), {
      lanes,
      clash: (batch, other) => [...batch.keys].some((key) => other.keys.has(key)),
      handle: writeBatch,
      settle,
    })
    for await (const group of groups(waiting.items())) {
      signal?.throwIfAborted()
      await writeGroup(group)
    }
    await errors?.finish()
  } catch (error) {
    await errors?.discard()
    throw error
  } finally {
    await waiting.close()
  }

  async function writeBatch({ ready }: Batch): Promise<WrittenRows> {
    signal?.throwIfAborted()
    if (ready.length === 0) return { results: [], keep() {} }
    return transaction((context) => writeRows(context, plan, ready))
  }

  async function settle({ ready, problems, bad, line }: Batch, { results, keep }: WrittenRows): Promise<void> {
    keep()
    for (const [index, { state, links, problems: own }] of results.entries()) {
      tally[state]++
      problems.push(...own)
      if (links.length > 0) await waiting.add({ line: ready[index]!.row.line, state, links }, links.length)
    }
    tally.rows += ready.length + bad
    tally.failed += bad
    await tell(problems, errors)
    onProgress?.({ ...tally, line })
  }

  async function writeGroup(rows: Waiting[]): Promise<void> {
    const { results, keep } = await transaction((context) => writeLinks(context, plan, rows))
    keep()
    for (const [index, { changed }] of results.entries()) {
      if (!changed || rows[index]!.state !== 'unchanged') continue
      tally.unchanged--
      tally.updated++
    }
    await tell(
      results.flatMap(({ problems }) => problems),
      errors,
    )
  }

  async function tell(problems: CsvProblem[], to: ErrorsFile | null): Promise<void> {
    tally.problems += problems.length
    await to?.add(problems.sort((a, b) => a.line - b.line))
  }
}

type WrittenRows = Awaited<ReturnType<typeof writeRows>>

/** Rows that are written together, and the problems of those between them that cannot be. */
interface Batch {
  ready: ReadyRow[]
  problems: CsvProblem[]
  /** Number of the rows that cannot be written. */
  bad: number
  line: number
  /** Values of unique keys that its rows give; none where batches are written one after the other. */
  keys: Set<string>
}

async function* readBatches(
  { file, mapping, viewer, signal, firstRows = Number.POSITIVE_INFINITY }: ImportOptions,
  keyed: boolean,
): AsyncGenerator<Batch> {
  const convert = converter(mapping)
  const type = recordType(mapping.type)
  const { encoding, delimiter } = mapping
  const options = {
    ...(encoding ? { encoding } : {}),
    ...(delimiter ? { delimiter } : {}),
    ...(signal ? { signal } : {}),
    onHeaders: (headers: string[]) => checkHeaders(mapping, headers),
  }
  const fresh = (): Batch => ({ ready: [], problems: [], bad: 0, line: 0, keys: new Set() })
  let batch = fresh()
  let chars = 0
  let read = 0
  for await (const item of readCsv(file, options)) {
    if (read++ >= firstRows) break
    batch.line = item.line
    if (isProblem(item)) {
      batch.problems.push(item)
      batch.bad++
    } else {
      const { ready, problems } = convert(item)
      if (problems.length === 0) batch.ready.push(ready)
      else batch.bad++
      if (keyed) for (const key of uniqueKeysOf(type, ready.record, viewer)) batch.keys.add(key)
      batch.problems.push(...problems)
      for (const column in item.values) chars += item.values[column]!.length
    }
    if (batch.ready.length + batch.bad < BATCH_ROWS && chars < BATCH_CHARS) continue
    yield batch
    batch = fresh()
    chars = 0
  }
  if (batch.ready.length + batch.bad > 0) yield batch
}

/** Converts rows; each kind of line by a mapping of its own, so that it is known which of them a line is made by. */
function converter(mapping: Mapping): (row: CsvRow) => { ready: ReadyRow; problems: CsvProblem[] } {
  const own: Mapping = { ...mapping, children: [] }
  const lines = mapping.children.map(
    (child): Mapping => ({ ...mapping, targets: [], constants: [], children: [child] }),
  )
  return (row) => {
    const { problems, children: _none, ...record } = convertRow(own, row)
    const children = lines.map((line) => {
      const converted = convertRow(line, row)
      problems.push(...converted.problems)
      return converted.children[0]
    })
    return { ready: { row, record, children }, problems }
  }
}

/** Waiting links in groups of the size of a batch, in none of which a record stands twice. */
async function* groups(rows: AsyncIterable<Waiting>): AsyncGenerator<Waiting[]> {
  let group: Waiting[] = []
  let ids = new Set<string>()
  for await (const row of rows) {
    const own = row.links.map(({ id }) => id)
    if (group.length >= BATCH_ROWS || own.some((id) => ids.has(id))) {
      yield group
      group = []
      ids = new Set()
    }
    group.push(row)
    for (const id of own) ids.add(id)
  }
  if (group.length > 0) yield group
}
