import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { CsvProblem } from '../csv.ts'
import { ImportInvalid } from '../detect.ts'

/** The file of the problems while it is written. */
export interface ErrorsFile {
  add(problems: CsvProblem[]): Promise<void>
  /** Gives the file its name; only now does it replace an older one. */
  finish(): Promise<void>
  /** Throws it away. */
  discard(): Promise<void>
}

const COLUMNS = ['line', 'column', 'code', 'value', 'message'] as const

/**
 * Opens the CSV file of an import's problems: UTF-8 with byte order mark, lines ending in CRLF, cells that a spreadsheet would take for a formula
 * behind an apostrophe. Written beside its final name, readable for its owner alone: it holds what the imported file holds.
 *
 * @throws ImportInvalid when it cannot be written, or is the imported file itself.
 */
export async function openErrorsFile(path: string, imported: string): Promise<ErrorsFile> {
  const target = resolve(path)
  if ((await realName(target)) === (await realName(imported))) {
    throw new ImportInvalid('The file for the errors is the imported file itself; choose another one.')
  }
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
  const file = await open(temporary, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new ImportInvalid(`The file for the errors, ${path}, cannot be written (${error.code}).`)
  })
  await file.appendFile(`\uFEFF${COLUMNS.join(',')}\r\n`)
  return {
    async add(problems) {
      if (problems.length > 0) await file.appendFile(problems.map(lineOf).join(''))
    },
    async finish() {
      await file.sync()
      await file.close()
      await rename(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
        await rm(temporary, { force: true })
        throw new ImportInvalid(`The file for the errors, ${path}, cannot be written (${error.code}).`)
      })
    },
    async discard() {
      await file.close().catch(() => {})
      await rm(temporary, { force: true })
    },
  }
}

function lineOf(problem: CsvProblem): string {
  return `${COLUMNS.map((name) => cell(problem[name])).join(',')}\r\n`
}

/** A cell that a spreadsheet shows as it is: what begins like a formula gets an apostrophe (OWASP, CSV injection). */
function cell(value: string | number | null): string {
  if (value === null) return ''
  const text = String(value)
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

async function realName(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
