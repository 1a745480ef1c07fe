import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RequestError } from '../errors.ts'
import type { Format } from '../jobs/export/format.ts'
import { createExporter } from '../jobs/export/run.ts'
import { jobViewer } from '../resolvers/identity/createTenant.ts'
import { openTenancy, roleProblems, type Tenancy } from '../tenancy/tenancy.ts'
import { companyOf } from './company.ts'
import { surroundings } from './surroundings.ts'

export interface ExportCommandOptions {
  tenant: string
  /** Record type. */
  type: string
  format: Format
  /** Path of the file; stdout if left out. */
  output?: string
  /** Names of fields with commas between them; all if left out. */
  fields?: string
  purpose?: string
  /** CSV: begin with a byte order mark. */
  bom?: boolean
}

/**
 * `atrium export`: writes all records of a type, as a job of the deployment, which sees everything of the company. The number of records is told on stderr.
 * Ctrl-C stops it; a file gets its name only when it is complete. Exit code 1 when the export was not finished.
 */
export async function exportCommand(options: ExportCommandOptions): Promise<void> {
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const around = await surroundings({ share: true })
  const tenancy = openTenancy({ databaseUrl: around.databaseUrl, poolSize: 2 })
  try {
    const count = await exportRecords(tenancy, options, stop.signal)
    process.stderr.write(`${options.type}: ${count} records.\n`)
  } catch (error) {
    const sentence = sentenceOf(error, stop.signal)
    if (sentence === null) throw error
    process.stderr.write(`${sentence}\n`)
    process.exitCode = 1
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await tenancy.close()
    await around.stop()
  }
}

async function exportRecords(
  tenancy: Tenancy,
  { tenant, type, format, output, fields, purpose, bom = false }: ExportCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const problems = await roleProblems(tenancy)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const viewer = jobViewer(await companyOf(tenancy, tenant))
  // The record types are registered when the schema is built.
  await import('../schema/index.ts')
  const { findRecordType } = await import('../read/recordType.ts')
  if (!findRecordType(type)) throw new Error(`There is no record type ${type}.`)
  const { pieces, count } = await createExporter()({
    contextFor: async () => ({ viewer, tenancy }),
    object: type,
    format,
    fields: fields?.split(',').map((name) => name.trim()) ?? null,
    args: {},
    purpose: purpose ?? null,
    bom,
  })
  const source = Readable.from(pieces, { highWaterMark: 1 })
  if (output === undefined) await pipeline(source, process.stdout as Writable, { end: false, signal })
  else await intoFile(source, resolve(output), signal)
  return count()
}

/** Writes beside the final name, readable for its owner alone, and renames at the end: a file of that name is whole. */
async function intoFile(source: Readable, target: string, signal: AbortSignal): Promise<void> {
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
  try {
    await pipeline(source, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }), { signal })
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** What is said about an export that could not be finished; null for what nobody can mend, which keeps its stack. */
function sentenceOf(error: unknown, { aborted }: AbortSignal): string | null {
  if (aborted) return 'Stopped; the export is not complete.'
  if (error instanceof RequestError) return error.message
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EPIPE') return 'Nobody reads the output any more; the export is not complete.'
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR' || code === 'EPERM' || code === 'ENOSPC')
    return `The file cannot be written (${code}).`
  return null
}
