import { createReadStream } from 'node:fs'
import iconv from 'iconv-lite'
import { detect, ENCODINGS, encodingNamed, type ImportFault, ImportInvalid, unreadable } from './detect.ts'

/** A row of the file: the text of every cell under its header, exactly as it stands there, quotes undone. */
export interface CsvRow {
  /** Line of the file (1-based) on which the row begins; a quoted line break makes a row longer than a line. */
  line: number
  values: Record<string, string>
}

/** A row, or a cell of it, that cannot be taken. */
export interface CsvProblem {
  line: number
  /** Header of the cell, or null where the fault is the row's. */
  column: string | null
  /** Stable, for programs: one of READ_CODES, or of those that `convertRow` adds. */
  code: string
  /** For people. */
  message: string
  /** The text in question, cut to VALUE_SHOWN characters, or null. */
  value: string | null
}

/** Codes of the problems that reading finds. */
export const READ_CODES = [
  'TOO_FEW_CELLS',
  'TOO_MANY_CELLS',
  'INVALID_QUOTE',
  'UNCLOSED_QUOTE',
  'NUL_CHARACTER',
  'UNDECODABLE',
  'CELL_TOO_LONG',
  'ROW_TOO_LONG',
] as const

/** Most characters of a row (and so of a line): a file that hides its line breaks must not fill the memory. */
export const ROW_LIMIT = 1024 * 1024

/** Most characters of a cell: the longest text that the CRMs people come from can hold. */
export const CELL_LIMIT = 128 * 1024

/** Most columns of a file. */
export const COLUMN_LIMIT = 500

/** Characters of a bad value that a problem carries. */
export const VALUE_SHOWN = 200

/** Bytes read at a time: large enough that few rows are cut, small beside the limit of a row. */
const CHUNK = 256 * 1024

export interface ReadOptions {
  /** Name of the encoding; recognised when absent. */
  encoding?: string
  /** One character; recognised when absent. */
  delimiter?: string
  /** Called once with the headers, trimmed and without empty trailing ones, before the first row; may throw to refuse the file. */
  onHeaders?: (headers: string[]) => void
  /** Stops reading; the iteration ends with the signal's reason. */
  signal?: AbortSignal
}

/** True for the problems among what `readCsv` gives. */
export function isProblem(item: CsvRow | CsvProblem): item is CsvProblem {
  return 'code' in item
}

/** The beginning of a bad value, for a problem. */
export function shown(value: string): string {
  return value.length > VALUE_SHOWN ? `${value.slice(0, VALUE_SHOWN - 1)}…` : value
}

/**
 * Reads a CSV file (RFC 4180; line breaks CRLF, LF or CR, also mixed) row by row, in the order of the file, with memory that does not
 * depend on its size. A bad row comes as a problem in its place and the next row is read as if nothing had been. Text inside a quoted cell
 * is never taken for rows: after a quote in the wrong place reading goes on with the next line, after one that is never closed there is
 * nothing more to read. Blank lines, and lines of nothing but delimiters, are skipped.
 * @throws ImportInvalid (while iterating) when the file cannot be read or is no text, or its header line is missing, has an empty or a
 * doubled header or more than COLUMN_LIMIT columns. Empty headers at the end are taken as absent as long as their cells are empty.
 */
export async function* readCsv(
  file: string,
  { encoding, delimiter, onHeaders, signal }: ReadOptions = {},
): AsyncGenerator<CsvRow | CsvProblem, void, undefined> {
  const known = { encoding: encoding === undefined ? undefined : encodingOf(encoding), delimiter: checked(delimiter) }
  const found = await detect(file, known)
  const splitter = rowSplitter(found.delimiter)
  const rows = rowReader(found, onHeaders)
  for await (const text of decoded(file, found.encoding, signal)) {
    splitter.push(text)
    for (let raw = splitter.next(false); raw; raw = splitter.next(false)) {
      const item = rows.take(raw)
      if (item) yield item
    }
  }
  for (let raw = splitter.next(true); raw; raw = splitter.next(true)) {
    const item = rows.take(raw)
    if (item) yield item
  }
  rows.end()
}

function encodingOf(name: string) {
  const encoding = encodingNamed(name)
  if (!encoding)
    throw new ImportInvalid(`The encoding "${shown(name)}" is not known; use one of ${ENCODINGS.join(', ')}.`)
  return encoding
}

function checked(delimiter: string | undefined): string | undefined {
  if (delimiter === undefined || isDelimiter(delimiter)) return delimiter
  throw new ImportInvalid(
    'The delimiter must be one character that is no letter, digit, quotation mark, space or line break.',
  )
}

/** Whether a text can be the delimiter of a file: one sign with which no value begins, or a tab. */
export function isDelimiter(text: string): boolean {
  return text === '\t' || (text.length === 1 && /^[^\p{L}\p{N}\p{C}\p{Z}".+-]$/u.test(text))
}

async function* decoded(file: string, encoding: string, signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = iconv.getDecoder(encoding)
  let first = true
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: CHUNK, signal })) {
      const text = decoder.write(bytes)
      // iconv-lite takes away the mark of UTF-8 and UTF-16, not that of GB18030.
      yield first && text.startsWith('\uFEFF') ? text.slice(1) : text
      if (text) first = false
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw unreadable(file, error)
  }
  const rest = decoder.end()
  if (rest) yield rest
}

/** A row as it is cut out of the text; with a fault, the quoting or the length does not allow to cut it. */
interface RawRow {
  line: number
  cells: string[]
  /** A cell may hold a NUL or a character that could not be decoded. */
  suspect: boolean
  fault?: RawFault
}

interface RawFault {
  code: 'INVALID_QUOTE' | 'UNCLOSED_QUOTE' | 'ROW_TOO_LONG'
  /** Index of the cell, or null where it is not known. */
  cell: number | null
  value: string
  /** Line on which the faulty row ends. */
  lastLine: number
}

const QUOTE = 34
const LF = 10
const CR = 13

/**
 * Cuts text, given piece by piece, into rows of cells. It holds the row that is being cut and one piece, never more: a row beyond ROW_LIMIT
 * is passed over without being kept. A library parser cannot do this: csv-parse 7 swallows the rows that follow a misplaced quote, names the
 * last line for a quote that is never closed, and drops the rest of its buffer without a word after a row beyond its limit. On sound files
 * the tests hold this one against it.
 */
function rowSplitter(delimiter: string) {
  const separator = delimiter.charCodeAt(0)
  let text = ''
  let at = 0
  let line = 1
  let suspect = false
  // Where the next of each sign stands at or after `at`, found when needed; -1: none in the text, so that no search is done twice.
  let feed = -2
  let carriage = -2
  let quote = -2
  let passing: { line: number; value: string; state: 'start' | 'plain' | 'quoted' | 'closed' | 'broken' } | null = null

  function push(piece: string) {
    text = at < text.length ? text.slice(at) + piece : piece
    at = 0
    feed = carriage = quote = -2
    suspect = text.includes('\0') || text.includes('\uFFFD') || !text.isWellFormed()
  }

  /** The next row, or null when it is not complete yet; `last`: no more text will come. */
  function next(last: boolean): RawRow | null {
    if (passing) return passOver(last)
    if (at >= text.length) return null
    return plainRow(last) ?? quotedRow(last) ?? tooLong(last)
  }

  /** The usual case, a line without any quote. */
  function plainRow(last: boolean): RawRow | null {
    if (quote !== -1 && quote < at) quote = text.indexOf('"', at)
    if (feed !== -1 && feed < at) feed = text.indexOf('\n', at)
    if (carriage !== -1 && carriage < at) carriage = text.indexOf('\r', at)
    let end = carriage === -1 ? feed : feed === -1 ? carriage : Math.min(feed, carriage)
    if (end === -1 && last) end = text.length
    if (end === -1 || (quote !== -1 && quote < end) || cutBreak(end, last)) return null
    if (end - at > ROW_LIMIT) return null
    const row: RawRow = { line, cells: text.slice(at, end).split(delimiter), suspect }
    step(end)
    return row
  }

  function quotedRow(last: boolean): RawRow | null {
    const cells: string[] = []
    let here = line
    let from = at
    for (;;) {
      let after: number
      if (text.charCodeAt(from) === QUOTE) {
        const close = closing(from)
        if (close === -1) {
          return last
            ? faulty('UNCLOSED_QUOTE', text.length, here + breaks(text, from, text.length), cells.length, from)
            : null
        }
        const cell = text.slice(from + 1, close)
        cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell)
        here += breaks(text, from, close)
        after = close + 1
      } else {
        after = from
        while (after < text.length && !isEnd(text.charCodeAt(after))) after++
        const cell = text.slice(from, after)
        if (cell.includes('"')) return broken(after, here, cells.length, from, last)
        cells.push(cell)
      }
      if (after >= text.length && !last) return null
      if (text.charCodeAt(after) === separator) {
        from = after + 1
        continue
      }
      if (after < text.length && !isEnd(text.charCodeAt(after)))
        return broken(after, here, cells.length - 1, from, last)
      if (cutBreak(after, last) || after - at > ROW_LIMIT) return null
      const row: RawRow = { line, cells, suspect }
      line = here
      step(after)
      return row
    }
  }

  /** The quote that closes the cell opened at `from`; doubled ones belong to the text. A last quote may yet turn out to be doubled. */
  function closing(from: number): number {
    let close = text.indexOf('"', from + 1)
    while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) close = text.indexOf('"', close + 2)
    return close
  }

  function isEnd(code: number): boolean {
    return code === separator || code === LF || code === CR
  }

  /** A carriage return at the end of the piece: whether a line feed follows is not known yet. */
  function cutBreak(end: number, last: boolean): boolean {
    return !last && end === text.length - 1 && text.charCodeAt(end) === CR
  }

  /** Goes on behind the line break at `end`. */
  function step(end: number) {
    at = end + (text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF ? 2 : 1)
    line++
  }

  /** A quote in the wrong place: the row ends with the line on which that shows, at or after `where`. */
  function broken(where: number, here: number, cell: number, from: number, last: boolean): RawRow | null {
    let end = where
    while (end < text.length && text.charCodeAt(end) !== LF && text.charCodeAt(end) !== CR) end++
    if ((end === text.length && !last) || cutBreak(end, last)) return null
    return faulty('INVALID_QUOTE', end, here, cell, from)
  }

  function faulty(code: RawFault['code'], end: number, lastLine: number, cell: number, from: number): RawRow {
    const row: RawRow = {
      line,
      cells: [],
      suspect,
      fault: { code, cell, value: shown(text.slice(from, end)), lastLine },
    }
    line = lastLine
    step(end)
    return row
  }

  /** A row that is not complete: nothing to do unless it is beyond the limit, or the text is at its end. */
  function tooLong(last: boolean): RawRow | null {
    if (!last && text.length - at <= ROW_LIMIT) return null
    passing = { line, value: shown(text.slice(at, at + VALUE_SHOWN + 1)), state: 'start' }
    return passOver(last)
  }

  /** Goes to the end of a row that is too long, through all pieces that it spans, by the same rules of quoting. */
  function passOver(last: boolean): RawRow | null {
    const row = passing!
    for (let i = at; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (cutBreak(i, last)) {
        at = i
        return null
      }
      if (code === QUOTE) {
        row.state =
          row.state === 'start' || row.state === 'closed' ? 'quoted' : row.state === 'quoted' ? 'closed' : 'broken'
      } else if (row.state === 'quoted') {
        if (code === LF || (code === CR && text.charCodeAt(i + 1) !== LF)) line++
      } else if (code === LF || code === CR) {
        return passed(i)
      } else if (row.state !== 'broken') {
        row.state = code === separator ? 'start' : row.state === 'closed' ? 'broken' : 'plain'
      }
    }
    at = text.length
    return last ? passed(text.length) : null
  }

  function passed(end: number): RawRow {
    const { line: first, value, state } = passing!
    const code = state === 'quoted' ? 'UNCLOSED_QUOTE' : 'ROW_TOO_LONG'
    const row: RawRow = { line: first, cells: [], suspect, fault: { code, cell: null, value, lastLine: line } }
    passing = null
    step(end)
    return row
  }

  return { push, next }
}

/** Number of line breaks in a stretch of text; CRLF is one. */
function breaks(text: string, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code === LF || (code === CR && text.charCodeAt(i + 1) !== LF)) count++
  }
  return count
}

/** Objects without inherited names that the engine still lays out well, so that no header can mean anything else than itself. */
function Cells() {}
Cells.prototype = Object.create(null)
const NewCells = Cells as unknown as new () => Record<string, string>

/** Makes rows and problems out of raw rows; the first that is not blank is the header line. */
function rowReader({ encoding }: { encoding: string }, onHeaders?: (headers: string[]) => void) {
  let headers: string[] | null = null
  // With the empty trailing headers: as many cells as these are allowed, as many as named headers are needed.
  let width = 0

  function take(raw: RawRow): CsvRow | CsvProblem | null {
    if (!raw.fault && isBlank(raw.cells)) return null
    if (headers) return rowOf(raw, headers)
    headers = headersOf(raw, encoding)
    width = raw.cells.length
    onHeaders?.([...headers])
    return null
  }

  function rowOf(raw: RawRow, names: string[]): CsvRow | CsvProblem {
    const { line, cells } = raw
    if (raw.fault) return faultProblem(line, raw.fault, names)
    if (cells.length < names.length) {
      const message = `The row has ${cells.length} cells where the header has ${names.length}: "${names[cells.length]}" and what follows it is missing.`
      return { line, column: names[cells.length]!, code: 'TOO_FEW_CELLS', message, value: null }
    }
    const surplus =
      cells.length > names.length
        ? cells.findIndex((cell, i) => i >= width || (i >= names.length && cell.trim() !== ''))
        : -1
    if (surplus >= 0) {
      const message = `The row has ${cells.length} cells where the header has ${names.length}.`
      return { line, column: null, code: 'TOO_MANY_CELLS', message, value: shown(cells[surplus]!) }
    }
    const values = new NewCells()
    for (let i = 0; i < names.length; i++) {
      const cell = cells[i]!
      if (cell.length > CELL_LIMIT) return cellProblem(line, names[i]!, 'CELL_TOO_LONG', cell)
      values[names[i]!] = cell
    }
    return (raw.suspect && unreadableCell(line, cells, names)) || { line, values }
  }

  function unreadableCell(line: number, cells: string[], names: string[]): CsvProblem | null {
    for (let i = 0; i < names.length; i++) {
      const code = unsound(cells[i]!)
      if (code) return cellProblem(line, names[i]!, code, cells[i]!)
    }
    return null
  }

  function cellProblem(line: number, column: string, code: keyof typeof CELL_MESSAGES, value: string): CsvProblem {
    return { line, column, code, message: CELL_MESSAGES[code](encoding), value: shown(value) }
  }

  function end() {
    if (!headers) throw new ImportInvalid('The file is empty: its first line must hold the headers.')
  }

  return { take, end }
}

const CELL_MESSAGES = {
  CELL_TOO_LONG: () => `The cell is longer than ${CELL_LIMIT} characters.`,
  NUL_CHARACTER: () => 'The cell holds a NUL character.',
  UNDECODABLE: (encoding: string) =>
    `The cell holds bytes that are no ${encoding} text (or a replacement character that an earlier conversion left).`,
}

function unsound(cell: string): 'NUL_CHARACTER' | 'UNDECODABLE' | null {
  if (cell.includes('\0')) return 'NUL_CHARACTER'
  return cell.includes('\uFFFD') || !cell.isWellFormed() ? 'UNDECODABLE' : null
}

function isBlank(cells: string[]): boolean {
  return cells.length === 1 ? cells[0]!.trim() === '' : cells.every((cell) => cell === '')
}

function faultProblem(line: number, { code, cell, value, lastLine }: RawFault, names: string[]): CsvProblem {
  const lost = lastLine > line ? ` Lines ${line} to ${lastLine} could not be read.` : ''
  const messages = {
    INVALID_QUOTE:
      'A quotation mark stands inside the cell; the whole cell must be quoted and marks inside it doubled.',
    UNCLOSED_QUOTE: 'The cell begins with a quotation mark that is never closed; the file may be cut off.',
    ROW_TOO_LONG: `The row is longer than ${ROW_LIMIT} characters.`,
  }
  return { line, column: cell === null ? null : (names[cell] ?? null), code, message: messages[code] + lost, value }
}

function headersOf({ line, cells, fault, suspect }: RawRow, encoding: string): string[] {
  if (fault) {
    const problem = faultProblem(line, fault, [])
    throw new ImportInvalid(`The header line (line ${line}) cannot be read. ${problem.message}`)
  }
  const names = cells.map((cell) => cell.trim())
  while (names.length > 0 && names.at(-1) === '') names.pop()
  if (names.length > COLUMN_LIMIT) {
    throw new ImportInvalid(`The file has ${names.length} columns; at most ${COLUMN_LIMIT} can be imported.`)
  }
  const faults: ImportFault[] = []
  const seen = new Map<string, number>()
  names.forEach((name, i) => {
    const place = `column ${i + 1}`
    if (name === '') faults.push({ place, message: `Column ${i + 1} has no header.` })
    else if (suspect && unsound(name))
      faults.push({ place, message: `The header of column ${i + 1} is no ${encoding} text.` })
    else if (name.length > 255)
      faults.push({ place, message: `The header of column ${i + 1} is longer than 255 characters.` })
    else if (seen.has(name))
      faults.push({ place, message: `Columns ${seen.get(name)} and ${i + 1} have the same header "${name}".` })
    else seen.set(name, i + 1)
  })
  if (faults.length > 0) throw new ImportInvalid(faults.map((fault) => fault.message).join(' '), faults)
  return names
}
