import { open } from 'node:fs/promises'
import { SingleBar } from 'cli-progress'
import { createRecordCache } from '../cache/recordCache.ts'
import { connectRedis, redisStore } from '../cache/redisStore.ts'
import { RequestError, UserErrors } from '../errors.ts'
import { ImportInvalid } from '../jobs/import/detect.ts'
import { loadMapping, type Mapping } from '../jobs/import/mapping.ts'
import { type ImportMode, type ImportProgress, type ImportSummary, runImport } from '../jobs/import/run.ts'
import { jobViewer } from '../resolvers/identity/createTenant.ts'
import { openTenancy, roleProblems, type Tenancy } from '../tenancy/tenancy.ts'
import { companyOf, NoCompany } from './company.ts'

export interface ImportCommandOptions {
  /** As the app role. */
  databaseUrl: string
  /** Redis of the running servers, so that they hear of changed records at once; without it within a minute. */
  redisUrl?: string | null
  tenantSlug: string
  /** Record type; must be that of the mapping. */
  type: string
  file: string
  mappingFile: string
  mode: ImportMode
  /** Fields by which an upsert finds records, instead of the mapping's. */
  key?: string[]
  dryRun?: boolean
  /** Path of the file for the problems. */
  errors?: string
  /** Print the summary as JSON and nothing else. */
  json?: boolean
}

/**
 * `atrium import`: imports a file and prints what it did, the summary on stdout, progress and complaints on stderr. Ctrl-C stops behind the
 * batch that is being written.
 *
 * @returns the exit code: 0 when all rows went in, 2 when some did not, 1 when the import could not be done.
 */
export async function importCommand(options: ImportCommandOptions): Promise<number> {
  const stop = new AbortController()
  const interrupt = () => stop.abort(new Stopped())
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const tenancy = openTenancy({ databaseUrl: options.databaseUrl, poolSize: 2 })
  const redis = options.redisUrl ? connectRedis(options.redisUrl, { onError: () => {} }) : null
  const cache = redis ? createRecordCache(redisStore(redis)) : null
  if (cache) tenancy.onTouched(cache)
  try {
    const summary = await importFile(tenancy, options, stop.signal)
    print(summary, options)
    return summary.problems > 0 ? 2 : 0
  } catch (error) {
    const sentence = sentenceOf(error)
    if (sentence === null) throw error
    process.stderr.write(`${sentence}\n`)
    return 1
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    // The servers read what this process still owes to Redis.
    await cache?.settle()
    redis?.disconnect()
    await tenancy.close()
  }
}

/** The import was interrupted. */
class Stopped extends Error {}

async function importFile(
  tenancy: Tenancy,
  options: ImportCommandOptions,
  signal: AbortSignal,
): Promise<ImportSummary> {
  const { tenantSlug, type, file, mappingFile, mode, dryRun = false, errors, json = false } = options
  const problems = await roleProblems(tenancy)
  if (problems.length > 0) throw new ImportInvalid(problems.join('\n'))
  const viewer = jobViewer(await companyOf(tenancy, tenantSlug))
  const loaded = await loadMapping(mappingFile)
  const mapping = options.key ? withKey(loaded, options.key) : loaded
  if (mapping.type !== type) throw new ImportInvalid(`The mapping is for records of ${mapping.type}, not of ${type}.`)
  // The record types are registered when the schema is built.
  await import('../schema/index.ts')
  const bar = json || !process.stderr.isTTY ? null : await progressBar(file)
  try {
    return await runImport({
      tenancy,
      viewer,
      mapping,
      file,
      mode,
      dryRun,
      errorsFile: errors,
      onProgress: bar?.update,
      signal,
    })
  } finally {
    bar?.stop()
  }
}

/** The mapping with another key, whose fields must be filled as those of the mapping's own. */
function withKey(mapping: Mapping, key: string[]): Mapping {
  const filled = new Set([...mapping.targets, ...mapping.constants].map(({ field }) => field))
  const missing = key.find((name) => !filled.has(name))
  if (missing !== undefined)
    throw new ImportInvalid(`--key: no column or constant fills the field "${missing}" of ${mapping.type}.`)
  return { ...mapping, key }
}

/** A bar over the lines of the file. They are counted first: a pass over the bytes, far faster than the import. */
async function progressBar(file: string) {
  const bar = new SingleBar({
    format: '{bar} {percentage}% | {rows} rows | {failed} failed | {duration_formatted}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  })
  bar.start(Math.max(1, await countLines(file)), 0, { rows: 0, failed: 0 })
  return {
    update: ({ rows, line, failed }: ImportProgress) => bar.update(line, { rows, failed }),
    stop: () => bar.stop(),
  }
}

/** Line breaks of a file, as far as a progress bar needs to know: CRs count where there is no LF at all. */
async function countLines(file: string): Promise<number> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(file, 'r')
  } catch {
    // The import itself says what is wrong with the file.
    return 0
  }
  let [feeds, returns] = [0, 0]
  for await (const bytes of handle.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    for (const byte of bytes) {
      if (byte === 10) feeds++
      else if (byte === 13) returns++
    }
  }
  return feeds || returns
}

function print(summary: ImportSummary, { json, dryRun, errors }: ImportCommandOptions): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    return
  }
  const { type, rows, created, updated, unchanged, failed, problems, seconds, rowsPerSecond, importId } = summary
  const lines = [
    `${type}: ${rows} rows, ${created} created, ${updated} updated, ${unchanged} unchanged, ${failed} failed; ${seconds} s, ${rowsPerSecond} rows/s.`,
  ]
  if (problems > 0)
    lines.push(
      errors ? `${problems} problems, see ${errors}.` : `${problems} problems; --errors <path> writes them to a file.`,
    )
  if (importId) lines.push(`revertImport(id: "${importId}") takes it back within 30 days.`)
  if (dryRun) lines.push('This was a dry run: nothing was changed.')
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** What is said about an import that could not be done; null for what nobody can mend, which keeps its stack. */
function sentenceOf(error: unknown): string | null {
  if (error instanceof Stopped) {
    return 'Stopped. What was written stays; the same import with --mode upsert goes on from there.'
  }
  if (error instanceof ImportInvalid || error instanceof RequestError || error instanceof NoCompany)
    return error.message
  if (error instanceof UserErrors) return error.errors.map(({ message }) => message).join('\n')
  return null
}
