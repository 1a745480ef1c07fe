import { open } from 'node:fs/promises'
import chardet from 'chardet'
import iconv from 'iconv-lite'

/** Encodings that an import file may have. GB18030 contains GBK and GB2312, Windows-1252 contains what is called Latin-1. */
export const ENCODINGS = ['UTF-8', 'UTF-16LE', 'UTF-16BE', 'GB18030', 'Windows-1252'] as const

export type Encoding = (typeof ENCODINGS)[number]

/** Delimiters that are recognised, in the order in which a tie is decided. */
export const DELIMITERS = [',', ';', '\t', '|'] as const

/** What the head of a file says about it. */
export interface Detected {
  encoding: Encoding
  delimiter: string
  /** A byte order mark stands at the beginning; it is no part of the first header. */
  bom: boolean
}

/** One fault of a mapping or of a header line; `place` is where it stands (`columns.amount.money.currency`). */
export interface ImportFault {
  place: string
  message: string
}

/**
 * The file or the mapping cannot be used at all, so that no row of it is read. The message is a sentence for the person who
 * imports; `faults` lists all that was found, where there can be more than one fault.
 */
export class ImportInvalid extends Error {
  override readonly name = 'ImportInvalid'
  readonly code = 'IMPORT_INVALID'
  readonly faults: ImportFault[]

  constructor(message: string, faults: ImportFault[] = []) {
    super(message)
    this.faults = faults
  }
}

const SAMPLE = 64 * 1024

const BOMS: [Encoding, number[]][] = [
  ['UTF-8', [0xef, 0xbb, 0xbf]],
  ['UTF-16LE', [0xff, 0xfe]],
  ['UTF-16BE', [0xfe, 0xff]],
  ['GB18030', [0x84, 0x31, 0x95, 0x33]],
]

/** Beginnings of files that are no text; unpacking them is not the business of a CSV reader. */
const BINARIES: [string, number[]][] = [
  ['a ZIP archive or an Excel workbook (.xlsx)', [0x50, 0x4b, 0x03, 0x04]],
  ['an old Excel workbook (.xls)', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a gzip archive', [0x1f, 0x8b]],
  ['UTF-32 text', [0xff, 0xfe, 0x00, 0x00]],
  ['UTF-32 text', [0x00, 0x00, 0xfe, 0xff]],
]

const ALIASES: Record<string, Encoding> = {
  utf8: 'UTF-8',
  utf16: 'UTF-16LE',
  utf16le: 'UTF-16LE',
  utf16be: 'UTF-16BE',
  gb18030: 'GB18030',
  gbk: 'GB18030',
  gb2312: 'GB18030',
  cp936: 'GB18030',
  windows1252: 'Windows-1252',
  cp1252: 'Windows-1252',
  latin1: 'Windows-1252',
  iso88591: 'Windows-1252',
}

/** The supported encoding behind a name as people write it (`utf8`, `GBK`, `latin1`), or null. */
export function encodingNamed(name: string): Encoding | null {
  const key = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return Object.hasOwn(ALIASES, key) ? ALIASES[key]! : null
}

/**
 * Encoding and delimiter of a CSV file, from its first 64 KiB: byte order mark, then strict UTF-8, then the likelihood of GB18030
 * and Windows-1252. What is known already (from the mapping) is given and not guessed.
 * @throws ImportInvalid for a file that cannot be read, is no text, has an encoding outside ENCODINGS, or contradicts `encoding`.
 */
export async function detect(file: string, known: { encoding?: Encoding; delimiter?: string } = {}): Promise<Detected> {
  const { bytes, whole } = await head(file)
  const binary = BINARIES.find(([, start]) => startsWith(bytes, start))
  if (binary) throw new ImportInvalid(`The file is ${binary[0]}, not CSV text; save it as CSV in UTF-8.`)
  const mark = BOMS.find(([, start]) => startsWith(bytes, start))
  if (mark && known.encoding && known.encoding !== mark[0]) {
    throw new ImportInvalid(
      `The file begins with the byte order mark of ${mark[0]}, but ${known.encoding} was asked for.`,
    )
  }
  const encoding = mark?.[0] ?? known.encoding ?? recognise(bytes, whole)
  const text = iconv.decode(bytes, encoding)
  return { encoding, delimiter: known.delimiter ?? delimiterOf(text, whole), bom: mark !== undefined }
}

async function head(file: string): Promise<{ bytes: Buffer; whole: boolean }> {
  let handle: Awaited<ReturnType<typeof open>> | undefined
  try {
    handle = await open(file, 'r')
    const bytes = Buffer.alloc(SAMPLE)
    let size = 0
    while (size < SAMPLE) {
      const { bytesRead } = await handle.read(bytes, size, SAMPLE - size, size)
      if (bytesRead === 0) return { bytes: bytes.subarray(0, size), whole: true }
      size += bytesRead
    }
    return { bytes, whole: false }
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    await handle?.close()
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
}

/** The fault of opening or reading a file as a sentence; anything that is not about the file is handed back as it is. */
export function unreadable(file: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? ''
  return Object.hasOwn(REASONS, code) ? new ImportInvalid(`The file ${file} ${REASONS[code]}.`) : error
}

function startsWith(bytes: Buffer, start: number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte)
}

function recognise(bytes: Buffer, whole: boolean): Encoding {
  const utf8 = isUtf8(bytes, whole)
  // Western text in UTF-16 is sound UTF-8 too, but then every second byte is a zero.
  const wide = utf16(bytes, utf8 ? 0.4 : 0.05)
  if (wide) return wide
  if (utf8) return 'UTF-8'
  const runs = highRuns(bytes)
  // More sound UTF-8 than chance makes: a UTF-8 file with broken places, whose rows are then reported one by one.
  if (runs.utf8 > runs.utf8Faults / 2) return 'UTF-8'
  const best = chardet.analyse(bytes)[0]
  const sound = () => !iconv.decode(trimmed(bytes, whole), 'GB18030').includes('\uFFFD')
  if (chineseShare(bytes) >= 0.6 && (best?.name === 'GB18030' || sound())) return 'GB18030'
  if (best && best.confidence >= 80 && !/^(ASCII|UTF-8|GB18030|ISO-8859-1|windows-1252)$/.test(best.name)) {
    throw new ImportInvalid(
      `The file looks like ${best.name}, which is not supported; save it as UTF-8 or name its encoding (${ENCODINGS.join(', ')}).`,
    )
  }
  // Western words have single accented letters between plain ones; long runs of high bytes are another script.
  if (runs.long > runs.bytes / 2) {
    throw new ImportInvalid(
      `The encoding of the file cannot be recognised; save it as UTF-8 or name its encoding (${ENCODINGS.join(', ')}).`,
    )
  }
  return 'Windows-1252'
}

/** UTF-16 without a mark shows by its delimiters and line breaks: an ASCII byte beside a zero, always on the same side. */
function utf16(bytes: Buffer, share: number): Encoding | null {
  let little = 0
  let big = 0
  const pairs = bytes.length >> 1
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (bytes[i + 1] === 0 && bytes[i]! > 0 && bytes[i]! < 0x80) little++
    else if (bytes[i] === 0 && bytes[i + 1]! > 0 && bytes[i + 1]! < 0x80) big++
  }
  if (little >= 3 && little > pairs * share && little > big * 10) return 'UTF-16LE'
  if (big >= 3 && big > pairs * share && big > little * 10) return 'UTF-16BE'
  return null
}

function isUtf8(bytes: Buffer, whole: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !whole })
    return true
  } catch {
    return false
  }
}

/** The bytes up to the last line break where the sample ends within the file, so that no character is cut in two. */
function trimmed(bytes: Buffer, whole: boolean): Buffer {
  if (whole) return bytes
  const end = bytes.lastIndexOf(0x0a)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** Evidence from the bytes above 0x7f: how many characters read as UTF-8, how many do not, and how many bytes stand in runs of four and more. */
function highRuns(bytes: Buffer) {
  const seen = { bytes: 0, utf8: 0, utf8Faults: 0, long: 0 }
  for (let i = 0; i < bytes.length; ) {
    let end = i
    while (end < bytes.length && bytes[end]! >= 0x80) end++
    seen.bytes += end - i
    if (end - i >= 4) seen.long += end - i
    while (i < end) {
      const length = utf8Length(bytes, i, end)
      if (length > 0) seen.utf8++
      else seen.utf8Faults++
      i += length || 1
    }
    i++
  }
  return seen
}

/**
 * Share of the characters above 0x7f that are everyday Chinese (the area of GB2312, with which nearly all text is written) or a four-byte form that only
 * GB18030 has.
 */
function chineseShare(bytes: Buffer): number {
  let all = 0
  let chinese = 0
  const high = (i: number) => bytes[i]! >= 0x81
  const digit = (i: number) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39
  for (let i = 0; i < bytes.length; i++) {
    const lead = bytes[i]!
    if (lead < 0x80) continue
    all++
    if (digit(i + 1) && high(i + 2) && digit(i + 3)) {
      chinese++
      i += 3
    } else if (bytes[i + 1]! >= 0xa1) {
      if ((lead >= 0xa1 && lead <= 0xa9) || (lead >= 0xb0 && lead <= 0xf7)) chinese++
      i++
    }
  }
  return all === 0 ? 0 : chinese / all
}

function utf8Length(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at]!
  const length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 0
  if (length === 0 || at + length > end) return 0
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0
  return length
}

/** The delimiter that divides most rows as it divides the header, quoted text not counted; a comma for a file of one column. */
function delimiterOf(text: string, whole: boolean): string {
  const rows = countRows(text, whole)
  let best = { delimiter: ',', score: 0 }
  DELIMITERS.forEach((delimiter, i) => {
    const count = rows[0]?.[i] ?? 0
    // Times the count, so that a few ragged rows do not make a stray sign in the header win.
    const score = count * rows.filter((row) => row[i] === count).length
    if (score > best.score) best = { delimiter, score }
  })
  return best.delimiter
}

/** For each row of the sample, how often each delimiter stands outside quotes; a row that the sample cuts off is left out. */
function countRows(text: string, whole: boolean): number[][] {
  const rows: number[][] = []
  let row = [0, 0, 0, 0]
  let quoted = false
  let blank = true
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '"') quoted = !quoted
    if (quoted) continue
    if (char === '\n' || char === '\r') {
      if (!blank) rows.push(row)
      row = [0, 0, 0, 0]
      blank = true
      continue
    }
    blank = false
    const which = DELIMITERS.indexOf(char as (typeof DELIMITERS)[number])
    if (which >= 0) row[which]!++
  }
  if (!blank && (whole || rows.length === 0)) rows.push(row)
  return rows
}
