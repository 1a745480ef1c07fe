import { readFile, stat } from 'node:fs/promises'
import { DateTime } from 'luxon'
import { isDelimiter } from './csv.ts'
import { ENCODINGS, type Encoding, encodingNamed, type ImportFault, ImportInvalid, unreadable } from './detect.ts'

/** What a mapping may put in the place of text: text (converted like a cell) or a value as it is; null stands for nothing. */
export type Scalar = string | number | boolean | null

/** How numbers are written in the file; also the arithmetic that turns them into the field's unit. */
export interface NumberFormat {
  decimal: '.' | ','
  /** Sign between thousands, or null where there is none. */
  group: string | null
  /** Sign that stands before or after the number (`$`, `%`), or null. */
  symbol: string | null
  /** Exact decimal factor, or null. */
  multiply: string | null
  /** Decimals to round to, half away from zero; null: all decimals are kept. */
  scale: number | null
}

/** How a date is written (Luxon tokens). `time` formats give an instant in UTC, the others a day. */
export interface DateFormat {
  format: string
  /** Zone of the times in the file, where the format itself carries none. */
  zone: string
  time: boolean
  locale: string
}

export type Conversion =
  | { kind: 'text' }
  | { kind: 'date'; date: DateFormat }
  | { kind: 'money'; number: NumberFormat; currency: string | null; currencyColumn: string | null }
  | { kind: 'number'; number: NumberFormat; integer: boolean }
  | { kind: 'boolean'; values: Map<string, boolean> }
  | { kind: 'reference'; reference: Reference }

/** A record of another type (or an earlier or later row of the same file) named by one of its fields. */
export interface Reference {
  type: string
  by: string
  /** Further conditions on the record, by field or `relation.field`. */
  where: Record<string, string | number | boolean> | null
  /** Make the record when there is none. */
  create: boolean
}

/** One part of a template: text as it is, or the cell of a column through filters. */
export type TemplatePart = string | { column: string; filters: Filter[]; fallback: string }
export type Filter = 'slug' | 'lower' | 'upper'

/** One field that is filled from a column. */
export interface Target {
  /** Where it stands in the mapping file. */
  place: string
  column: string
  field: string
  /** The field split at its dots. */
  path: string[]
  template: TemplatePart[] | null
  case: 'upper' | 'lower' | null
  /** Texts that mean that nothing is there, beside the empty one and those of the file. */
  blank: Set<string>
  map: Map<string, Scalar> | null
  /** For texts that `map` does not have; undefined: they are a problem. */
  mapDefault: Scalar | undefined
  /** For blank cells; undefined: none. */
  default: Scalar | undefined
  required: boolean
  /** A blank cell clears the field (null) where it otherwise leaves it as it is. */
  clear: boolean
  /** Sign between the items of a list, or null for a single value. */
  split: string | null
  conversion: Conversion
}

/** A field that has the same value in every row. */
export interface Constant {
  place: string
  field: string
  path: string[]
  value: Scalar | Scalar[]
  /** Set where the value names a record. */
  reference: Reference | null
}

/** What is filled in one record: the row's own one or a child of it. */
export interface RecordMapping {
  type: string
  /** Fields by which upsert finds the record. */
  key: string[]
  targets: Target[]
  constants: Constant[]
}

/** One child record per row. */
export interface ChildMapping extends RecordMapping {
  /** Field of the child that gets the id of the row's record. */
  parent: string
  /** The child is made only where the cell of this column is not blank. */
  when: string | null
}

/** A mapping file, checked; docs/import.md describes the file. */
export interface Mapping extends RecordMapping {
  encoding: Encoding | null
  delimiter: string | null
  /** Texts that mean "nothing" in every column. */
  blank: Set<string>
  /** Corrections of cells, by column, made before anything else. */
  replace: Map<string, Map<string, string | null>>
  unmapped: 'error' | 'ignore'
  /** Do new records without an owner get one by the company's assignment rules. */
  assign: boolean
  /** What becomes of rows that look like records that exist: left out, or written; null: written unless a rule blocks. */
  duplicates: 'skip' | 'allow' | null
  /** Columns that are left out on purpose. */
  ignored: Set<string>
  children: ChildMapping[]
}

const MAPPING_LIMIT = 1024 * 1024
const FIELD = /^[a-z][A-Za-z0-9_]{0,62}(\.[a-z][A-Za-z0-9_]{0,62}){0,3}$/
const TYPE = /^[A-Z][A-Za-z0-9]{0,62}$/
const FILTERS: Filter[] = ['slug', 'lower', 'upper']

const MAPPING_KEYS = [
  'type',
  'key',
  'encoding',
  'delimiter',
  'columns',
  'constants',
  'blank',
  'replace',
  'unmapped',
  'assign',
  'duplicates',
  'lines',
]
const CHILD_KEYS = ['type', 'key', 'parent', 'columns', 'constants', 'when']
const CONVERSIONS = ['date', 'money', 'number', 'boolean', 'reference'] as const
const TARGET_KEYS = [
  'field',
  'template',
  'case',
  'blank',
  'map',
  'mapDefault',
  'default',
  'required',
  'clear',
  'split',
  ...CONVERSIONS,
]
const NUMBER_KEYS = ['decimal', 'group', 'symbol', 'multiply', 'scale']

/**
 * Reads and checks a mapping file (JSON, UTF-8, at most 1 MiB).
 * @throws ImportInvalid when it cannot be read, is no JSON or is no mapping; see `parseMapping`.
 */
export async function loadMapping(file: string): Promise<Mapping> {
  let text: string
  try {
    if ((await stat(file)).size > MAPPING_LIMIT) throw new ImportInvalid('The mapping file is larger than 1 MiB.')
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ImportInvalid(`The mapping file is no JSON: ${(error as Error).message}.`)
  }
  return parseMapping(json)
}

/**
 * Checks a mapping and brings it into the form that `convertRow` works with.
 * @throws ImportInvalid with every fault and its place (`columns.close_value.money.currency`) in `faults`.
 */
export function parseMapping(json: unknown): Mapping {
  const check = checker()
  const mapping = mappingOf(check, json)
  if (check.faults.length > 0) throw invalid('The mapping is not valid', check.faults)
  return mapping
}

/**
 * Holds a mapping against the headers of a file.
 * @throws ImportInvalid when the mapping names a column that the file does not have, or, unless `unmapped` is "ignore", the file has one that
 * the mapping does not name.
 */
export function checkHeaders(mapping: Mapping, headers: string[]): void {
  const faults: ImportFault[] = []
  const has = new Set(headers)
  const named = namedColumns(mapping)
  for (const [column, place] of named) {
    if (!has.has(column))
      faults.push({ place, message: `the file has no column "${column}"${nearest(column, headers)}` })
  }
  if (mapping.unmapped === 'error') {
    for (const header of headers) {
      if (named.has(header)) continue
      const place = placeOf('columns', header)
      faults.push({ place, message: 'the column of the file is not mapped; map it, or write null to leave it out' })
    }
  }
  if (faults.length > 0) throw invalid('The mapping does not fit the file', faults)
}

/** Every field that a mapping fills, with its type and place, for checks against the schema and the rights of the importer. */
export function mappedFields(mapping: Mapping): { type: string; field: string; place: string }[] {
  return [mapping, ...mapping.children].flatMap(({ type, targets, constants }) =>
    [...targets, ...constants].map(({ field, place }) => ({ type, field, place })),
  )
}

/** Every column that a mapping names, with the first place where it does. */
function namedColumns(mapping: Mapping): Map<string, string> {
  const named = new Map<string, string>()
  const name = (column: string | null, place: string) => {
    if (column !== null && !named.has(column)) named.set(column, place)
  }
  for (const column of mapping.ignored) name(column, placeOf('columns', column))
  for (const { targets } of [mapping, ...mapping.children]) {
    for (const { column, place, template, conversion } of targets) {
      name(column, place)
      for (const part of template ?? []) if (typeof part !== 'string') name(part.column, `${place}.template`)
      if (conversion.kind === 'money') name(conversion.currencyColumn, `${place}.money.currencyColumn`)
    }
  }
  for (const column of mapping.replace.keys()) name(column, placeOf('replace', column))
  mapping.children.forEach(({ when }, i) => {
    name(when, mapping.children.length > 1 ? `lines[${i}].when` : 'lines.when')
  })
  return named
}

function invalid(what: string, faults: ImportFault[]): ImportInvalid {
  const listed = faults.slice(0, 20).map(({ place, message }) => (place ? `${place}: ${message}` : message))
  if (faults.length > listed.length) listed.push(`and ${faults.length - listed.length} more`)
  return new ImportInvalid(`${what}. ${listed.join('; ')}.`, faults)
}

function placeOf(parent: string, key: string): string {
  const step = /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  return parent === '' ? step.replace(/^\./, '') : parent + step
}

/** The word of a list that is meant most likely, as the end of a message; empty when none is near. */
function nearest(word: string, words: string[]): string {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  const same = words.find((other) => plain(other) === plain(word))
  const near = same ?? words.find((other) => oneEditApart(plain(other), plain(word)))
  return near === undefined ? '' : `; is "${near}" meant?`
}

function oneEditApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  const rest = (text: string, skip: number) => text.slice(i + skip)
  return rest(a, 1) === rest(b, 1) || rest(a, 1) === rest(b, 0) || rest(a, 0) === rest(b, 1)
}

type Json = Record<string, unknown>
type Checker = ReturnType<typeof checker>

/** Collects the faults of a mapping while its parts are read; each reader answers something usable even after a fault. */
function checker() {
  const faults: ImportFault[] = []

  function fault(place: string, message: string) {
    faults.push({ place, message })
  }

  /** An object with no other keys than the known ones. */
  function object(value: unknown, place: string, known?: string[]): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      fault(place, 'must be an object')
      return {}
    }
    for (const key of known ? Object.keys(value) : []) {
      if (!known!.includes(key)) fault(placeOf(place, key), `is not known${nearest(key, known!)}`)
    }
    return value as Json
  }

  function text(value: unknown, place: string, rule = /[\s\S]/, wanted = 'must be a text that is not empty'): string {
    if (typeof value === 'string' && rule.test(value)) return value
    fault(place, value === undefined ? `is missing; it ${wanted}` : wanted)
    return ''
  }

  function texts(value: unknown, place: string): string[] {
    if (value === undefined) return []
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    fault(place, 'must be a list of texts')
    return []
  }

  function flag(value: unknown, place: string, otherwise: boolean): boolean {
    if (value === undefined || typeof value === 'boolean') return value ?? otherwise
    fault(place, 'must be true or false')
    return otherwise
  }

  function scalar(value: unknown, place: string): Scalar {
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value))
      return value as Scalar
    fault(place, 'must be a text, a number, true, false or null')
    return null
  }

  function field(value: unknown, place: string): string {
    const name = text(value, place, FIELD, 'must be the name of a field, such as "name" or "billingAddress.city"')
    if (/(^|\.)(constructor|prototype)(\.|$)/.test(name)) fault(place, 'is no field')
    return name
  }

  return { faults, fault, object, text, texts, flag, scalar, field }
}

function mappingOf(check: Checker, json: unknown): Mapping {
  const source = check.object(json, '', MAPPING_KEYS)
  const record = recordOf(check, source, '')
  const lines = source.lines === undefined ? [] : Array.isArray(source.lines) ? source.lines : [source.lines]
  return {
    ...record,
    encoding: source.encoding === undefined ? null : encodingOf(check, source.encoding),
    delimiter: source.delimiter === undefined ? null : delimiterOf(check, source.delimiter),
    blank: new Set(check.texts(source.blank, 'blank').map((text) => text.trim())),
    replace: replaceOf(check, source.replace),
    unmapped: unmappedOf(check, source.unmapped),
    assign: check.flag(source.assign, 'assign', false),
    duplicates: duplicatesOf(check, source.duplicates),
    ignored: ignoredOf(source),
    children: lines.map((line, i) => childOf(check, line, Array.isArray(source.lines) ? `lines[${i}]` : 'lines')),
  }
}

function encodingOf(check: Checker, value: unknown): Encoding | null {
  const encoding = typeof value === 'string' ? encodingNamed(value) : null
  if (!encoding) check.fault('encoding', `must be one of ${ENCODINGS.join(', ')}`)
  return encoding
}

function delimiterOf(check: Checker, value: unknown): string | null {
  const delimiter = value === 'tab' ? '\t' : value
  if (typeof delimiter === 'string' && isDelimiter(delimiter)) return delimiter
  check.fault('delimiter', 'must be one sign, such as "," or ";" or "|", or "tab"')
  return null
}

function duplicatesOf(check: Checker, value: unknown): 'skip' | 'allow' | null {
  if (value === undefined || value === null) return null
  if (value === 'skip' || value === 'allow') return value
  check.fault('duplicates', 'must be "skip" or "allow"')
  return null
}

function unmappedOf(check: Checker, value: unknown): 'error' | 'ignore' {
  if (value !== undefined && value !== 'error' && value !== 'ignore')
    check.fault('unmapped', 'must be "error" or "ignore"')
  return value === 'ignore' ? 'ignore' : 'error'
}

function replaceOf(check: Checker, value: unknown): Mapping['replace'] {
  const replace: Mapping['replace'] = new Map()
  if (value === undefined) return replace
  for (const [column, texts] of Object.entries(check.object(value, 'replace'))) {
    const place = placeOf('replace', column)
    const pairs = Object.entries(check.object(texts, place))
    for (const [from, to] of pairs) {
      if (to !== null && typeof to !== 'string') check.fault(placeOf(place, from), 'must be a text or null')
    }
    replace.set(column, new Map(pairs.map(([from, to]) => [from.trim(), to as string | null])))
  }
  return replace
}

function ignoredOf(source: Json): Set<string> {
  const columns = typeof source.columns === 'object' && source.columns !== null ? Object.entries(source.columns) : []
  return new Set(columns.filter(([, target]) => target === null).map(([column]) => column))
}

function childOf(check: Checker, json: unknown, place: string): ChildMapping {
  const source = check.object(json, place, CHILD_KEYS)
  const child = {
    ...recordOf(check, source, place),
    parent: check.field(source.parent, placeOf(place, 'parent')),
    when: source.when === undefined ? null : check.text(source.when, placeOf(place, 'when')),
  }
  const taken = [...child.targets, ...child.constants].find(({ field }) => field === child.parent)
  if (taken) check.fault(taken.place, `fills "${child.parent}", which is the link to the row's record`)
  return child
}

function recordOf(check: Checker, source: Json, place: string): RecordMapping {
  const type = check.text(
    source.type,
    placeOf(place, 'type'),
    TYPE,
    'must be the name of a record type, such as "Account"',
  )
  const targets = targetsOf(check, source.columns, placeOf(place, 'columns'))
  const constants = constantsOf(check, source.constants, placeOf(place, 'constants'))
  noFieldTwice(check, [...targets, ...constants])
  const filled = new Set([...targets, ...constants].map(({ field }) => field))
  const external = filled.has('externalId') ? ['externalSource', 'externalId'].filter((field) => filled.has(field)) : []
  const key = source.key === undefined ? external : check.texts(source.key, placeOf(place, 'key'))
  key.forEach((field, i) => {
    if (!filled.has(field))
      check.fault(`${placeOf(place, 'key')}[${i}]`, `no column or constant fills the field "${field}"`)
  })
  return { type, key, targets, constants }
}

function noFieldTwice(check: Checker, filled: { field: string; place: string }[]) {
  const places = new Map<string, string>()
  for (const { field, place } of filled) {
    if (field === '') continue
    const other = [...places].find(
      ([seen]) => seen === field || seen.startsWith(`${field}.`) || field.startsWith(`${seen}.`),
    )
    if (other) check.fault(place, `fills the field "${field}", which ${other[1]} fills already`)
    else places.set(field, place)
  }
}

function targetsOf(check: Checker, value: unknown, place: string): Target[] {
  if (value === undefined) check.fault(place, 'is missing; it must be an object from columns to fields')
  const columns = value === undefined ? {} : check.object(value, place)
  return Object.entries(columns).flatMap(([column, targets]) => {
    const here = placeOf(place, column)
    if (column !== column.trim() || column === '') check.fault(here, 'must be a header without spaces around it')
    if (targets === null) {
      if (place !== 'columns')
        check.fault(here, 'must not be null; a column is left out by the columns of the row itself')
      return []
    }
    if (!Array.isArray(targets)) return [targetOf(check, column, targets, here)]
    return targets.map((target, i) => targetOf(check, column, target, `${here}[${i}]`))
  })
}

function targetOf(check: Checker, column: string, json: unknown, place: string): Target {
  const source = typeof json === 'string' ? { field: json } : check.object(json, place, TARGET_KEYS)
  const at = (key: string) => placeOf(place, key)
  const field = check.field(source.field, typeof json === 'string' ? place : at('field'))
  const target: Target = {
    place,
    column,
    field,
    path: field.split('.'),
    template: source.template === undefined ? null : templateOf(check, source.template, at('template')),
    case: caseOf(check, source.case, at('case')),
    blank: new Set(check.texts(source.blank, at('blank')).map((text) => text.trim())),
    map: source.map === undefined ? null : mapOf(check, source.map, at('map')),
    mapDefault: source.mapDefault === undefined ? undefined : check.scalar(source.mapDefault, at('mapDefault')),
    default: source.default === undefined ? undefined : check.scalar(source.default, at('default')),
    required: check.flag(source.required, at('required'), false),
    clear: check.flag(source.clear, at('clear'), false),
    split: source.split === undefined ? null : check.text(source.split, at('split')),
    conversion: conversionOf(check, source, place),
  }
  if (target.mapDefault !== undefined && !target.map) check.fault(at('mapDefault'), 'needs a "map"')
  if (target.map?.has('')) check.fault(at('map'), 'has an empty text; use "default" for blank cells')
  if (target.default === null) check.fault(at('default'), 'must not be null; use "clear" to write null for blank cells')
  if (target.clear && (target.required || target.default !== undefined)) {
    check.fault(at('clear'), 'cannot stand beside "required" or "default"')
  }
  if (target.split !== null && target.conversion.kind !== 'text') {
    check.fault(at('split'), `cannot stand beside "${target.conversion.kind}": lists hold texts`)
  }
  return target
}

function caseOf(check: Checker, value: unknown, place: string): Target['case'] {
  if (value === undefined || value === 'upper' || value === 'lower') return value ?? null
  check.fault(place, 'must be "upper" or "lower"')
  return null
}

function mapOf(check: Checker, value: unknown, place: string): Map<string, Scalar> {
  const pairs = Object.entries(check.object(value, place))
  if (pairs.length === 0) check.fault(place, 'must have at least one value')
  return new Map(pairs.map(([from, to]) => [from.trim(), check.scalar(to, placeOf(place, from))]))
}

function templateOf(check: Checker, value: unknown, place: string): TemplatePart[] {
  const text = check.text(value, place)
  const parts: TemplatePart[] = []
  for (const [piece, inner] of text.matchAll(/\{([^{}]*)\}|[^{}]+|[{}]/g)) {
    if (inner === undefined) {
      if (piece === '{' || piece === '}') check.fault(place, `has a stray "${piece}"`)
      parts.push(piece)
      continue
    }
    const [expression = '', ...fallback] = inner.split('|')
    const [column = '', ...filters] = expression.split(':').map((word) => word.trim())
    if (column === '') check.fault(place, `names no column in "${piece}"`)
    for (const filter of filters) {
      if (!FILTERS.includes(filter as Filter))
        check.fault(place, `has the unknown filter "${filter}"; there are ${FILTERS.join(', ')}`)
    }
    parts.push({ column, filters: filters as Filter[], fallback: fallback.join('|') })
  }
  if (text !== '' && parts.every((part) => typeof part === 'string'))
    check.fault(place, 'names no column; use "constants"')
  return parts
}

function conversionOf(check: Checker, source: Json, place: string): Conversion {
  const given = CONVERSIONS.filter((kind) => source[kind] !== undefined)
  const kind = given[0]
  if (!kind) return { kind: 'text' }
  if (given.length > 1)
    check.fault(place, `has ${given.map((name) => `"${name}"`).join(' and ')}; only one of them can be`)
  const at = placeOf(place, kind)
  if (kind === 'date') return { kind, date: dateOf(check, source.date, at) }
  if (kind === 'money') return moneyOf(check, source.money, at)
  if (kind === 'boolean') return { kind, values: booleansOf(check, source.boolean, at) }
  if (kind === 'reference') return { kind, reference: referenceOf(check, source.reference, at) }
  const json = source.number === true ? {} : check.object(source.number, at, [...NUMBER_KEYS, 'integer'])
  return { kind, number: numberOf(check, json, at), integer: check.flag(json.integer, placeOf(at, 'integer'), false) }
}

/** A moment with which a format is tried: all its parts differ, and no other reading of it gives the same. */
const PROBE = DateTime.fromISO('2001-11-22T13:45:56.789+03:00', { setZone: true })

function dateOf(check: Checker, value: unknown, place: string): DateFormat {
  const source: Json =
    typeof value === 'string' ? { format: value } : check.object(value, place, ['format', 'zone', 'locale'])
  const at = (key: string) => (typeof value === 'string' ? place : placeOf(place, key))
  const format = check.text(source.format, at('format'))
  const locale = source.locale === undefined ? 'en-US' : localeOf(check, source.locale, at('locale'))
  const zone = source.zone === undefined ? null : zoneOf(check, source.zone, at('zone'))
  const date: DateFormat = { format, zone: zone ?? 'utc', time: false, locale }
  if (format === '') return date
  const back = DateTime.fromFormat(PROBE.setLocale(locale).toFormat(format), format, { zone: 'utc', locale })
  const exact = Math.abs(back.toMillis() - PROBE.toMillis()) < 60_000
  date.time = exact || back.hour !== 0 || back.minute !== 0
  if (!back.isValid || (!exact && (back.year !== 2001 || back.month !== 11 || back.day !== 22))) {
    check.fault(
      at('format'),
      `"${format}" does not name a day; it needs Luxon's tokens for year, month and day, such as "yyyy-MM-dd"`,
    )
  } else if (date.time && !exact && back.hour !== 13) {
    check.fault(at('format'), `"${format}" does not tell morning from afternoon; use HH, or hh with a`)
  } else if (date.time && !exact && zone === null) {
    check.fault(at('zone'), 'is missing: the format has a time, so say in which zone, such as "Asia/Shanghai" or "utc"')
  }
  return date
}

function zoneOf(check: Checker, value: unknown, place: string): string {
  const zone = check.text(value, place)
  if (zone !== '' && !PROBE.setZone(zone).isValid)
    check.fault(place, `"${zone}" is no time zone; use a name such as "Asia/Shanghai"`)
  return zone
}

function localeOf(check: Checker, value: unknown, place: string): string {
  const locale = check.text(value, place)
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? 'en-US'
  } catch {
    check.fault(place, `"${locale}" is no locale; use one such as "en-US" or "zh-CN"`)
    return 'en-US'
  }
}

function moneyOf(check: Checker, value: unknown, place: string): Conversion {
  const json = check.object(value, place, ['currency', 'currencyColumn', ...NUMBER_KEYS])
  const column =
    json.currencyColumn === undefined ? null : check.text(json.currencyColumn, placeOf(place, 'currencyColumn'))
  const fixed = json.currency !== undefined || column === null
  const currency = fixed
    ? check.text(
        json.currency,
        placeOf(place, 'currency'),
        /^[A-Z]{3}$/,
        'must be a currency of three capitals, such as "USD"',
      )
    : null
  return { kind: 'money', number: numberOf(check, json, place), currency, currencyColumn: column }
}

function numberOf(check: Checker, json: Json, place: string): NumberFormat {
  const at = (key: string) => placeOf(place, key)
  const decimal = json.decimal ?? '.'
  if (decimal !== '.' && decimal !== ',') check.fault(at('decimal'), 'must be "." or ","')
  const group = json.group ?? null
  if (group !== null && !/^[.,' \u00a0\u202f_’]$/.test(String(group)))
    check.fault(at('group'), 'must be one sign, such as "," or " "')
  if (group !== null && group === decimal) check.fault(at('group'), 'must differ from "decimal"')
  const symbol =
    json.symbol === undefined
      ? null
      : check.text(json.symbol, at('symbol'), /^[^\d+-]+$/, 'must be a text without digits')
  const multiply =
    json.multiply === undefined
      ? null
      : check.text(
          json.multiply,
          at('multiply'),
          /^\d{1,15}(\.\d{1,10})?$/,
          'must be a positive decimal number as a text, such as "1000"',
        )
  const scale = json.scale ?? null
  if (scale !== null && !(Number.isInteger(scale) && (scale as number) >= 0 && (scale as number) <= 10)) {
    check.fault(at('scale'), 'must be a whole number from 0 to 10')
  }
  return { decimal: decimal as '.', group: group as string | null, symbol, multiply, scale: scale as number | null }
}

function booleansOf(check: Checker, value: unknown, place: string): Map<string, boolean> {
  const json = check.object(value, place, ['true', 'false'])
  const values = new Map<string, boolean>()
  for (const word of ['true', 'false'] as const) {
    const at = placeOf(place, word)
    if (json[word] === undefined) check.fault(at, `is missing; it must be a list of the texts that mean ${word}`)
    for (const text of check.texts(json[word], at)) {
      if (values.has(text)) check.fault(at, `has "${text}" twice`)
      values.set(text, word === 'true')
    }
  }
  return values
}

function referenceOf(check: Checker, value: unknown, place: string, more: string[] = []): Reference {
  const json = check.object(value, place, ['type', 'by', 'where', 'create', ...more])
  const reference: Reference = {
    type: check.text(json.type, placeOf(place, 'type'), TYPE, 'must be the name of a record type, such as "Account"'),
    by: check.field(json.by, placeOf(place, 'by')),
    where: null,
    create: check.flag(json.create, placeOf(place, 'create'), false),
  }
  if (json.where === undefined) return reference
  const at = placeOf(place, 'where')
  const where = Object.entries(check.object(json.where, at))
  for (const [field, wanted] of where) {
    check.field(field, placeOf(at, field))
    if (check.scalar(wanted, placeOf(at, field)) === null)
      check.fault(placeOf(at, field), 'must be a text, a number, true or false')
  }
  return { ...reference, where: Object.fromEntries(where) as Reference['where'] }
}

function constantsOf(check: Checker, value: unknown, place: string): Constant[] {
  if (value === undefined) return []
  return Object.entries(check.object(value, place)).map(([name, json]) => {
    const at = placeOf(place, name)
    const field = check.field(name, at)
    const constant: Constant = { place: at, field, path: field.split('.'), value: null, reference: null }
    if (Array.isArray(json)) return { ...constant, value: json.map((item, i) => check.scalar(item, `${at}[${i}]`)) }
    if (typeof json !== 'object' || json === null) return { ...constant, value: check.scalar(json, at) }
    const source = check.object(json, at, ['reference']).reference
    const inner = placeOf(at, 'reference')
    const reference = referenceOf(check, source, inner, ['value'])
    const named = check.scalar((source as Json | undefined)?.value, placeOf(inner, 'value'))
    if (named === null) check.fault(placeOf(inner, 'value'), 'must be a text, a number, true or false')
    return { ...constant, reference, value: named }
  })
}
