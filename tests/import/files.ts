import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { type CsvProblem, type CsvRow, isProblem, type ReadOptions, readCsv } from '../../src/jobs/import/csv.ts'

const folder = mkdtempSync(join(tmpdir(), 'atrium-import-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0

/** Path of a new file with this content. */
export function fileOf(content: string | Buffer): string {
  const file = join(folder, `${++count}.csv`)
  writeFileSync(file, content)
  return file
}

/** All that reading a file gives, rows and problems apart. */
export async function readAll(
  file: string,
  options?: ReadOptions,
): Promise<{ rows: CsvRow[]; problems: CsvProblem[] }> {
  const rows: CsvRow[] = []
  const problems: CsvProblem[] = []
  for await (const item of readCsv(file, options)) {
    if (isProblem(item)) problems.push(item)
    else rows.push(item)
  }
  return { rows, problems }
}

/** The same for a file with this content. */
export function readText(content: string | Buffer, options?: ReadOptions) {
  return readAll(fileOf(content), options)
}
