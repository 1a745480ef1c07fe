import type { UserErrorInfo } from '../../../errors.ts'
import { CUSTOM } from '../../../read/custom.ts'
import { recordType } from '../../../read/recordType.ts'
import { idOf, NO_ID } from '../../../read/values.ts'
import { AMBIGUOUS, ambiguous, findByLookup, lockKeys, lookupOf, valuesOf } from '../../../resolvers/lookup.ts'
import { normalise, validationError } from '../../../resolvers/normalise.ts'
import { createRecords, findByKey, upsertRecords } from '../../../resolvers/records.ts'
import { type Change, type Input, readInput, type WriteContext } from '../../../resolvers/write.ts'
import { type CsvProblem, type CsvRow, shown } from '../csv.ts'
import type { Mapping, RecordMapping } from '../mapping.ts'
import { assign, type ConvertedRecord, type ImportReference } from '../values.ts'
import { changedPart, currentValues } from './changed.ts'
import { type ImportMode, uniqueKey } from './check.ts'
import { createDoubles, type Doubles } from './doubles.ts'
import { isolate } from './isolate.ts'
import { problemOf } from './problems.ts'
import { createReferences, type References } from './references.ts'

/** What an import knows from its first to its last row. */
export interface Plan {
  mapping: Mapping
  mode: ImportMode
  references: References
  /** Keys that rows had, and on which line. */
  doubles: Doubles
}

/** A row whose cells could all be converted. Children stand at the places of `mapping.children`; undefined: the row has none. */
export interface ReadyRow {
  row: CsvRow
  record: ConvertedRecord
  children: (ConvertedRecord | undefined)[]
}

export type RowState = 'created' | 'updated' | 'unchanged' | 'failed'

/** A field of a written record that names a record of the file's own type: filled in when all rows are written. */
export interface Link {
  type: string
  /** uuid of the record that has the field. */
  id: string
  reference: ImportReference
}

export interface RowResult {
  state: RowState
  problems: CsvProblem[]
  links: Link[]
}

/** Begins an import. */
export function planOf(mapping: Mapping, mode: ImportMode): Plan {
  return { mapping, mode, references: createReferences(), doubles: createDoubles() }
}

/** A row on its way into the database. */
interface Draft {
  ready: ReadyRow
  input: Input
  children: (Input | undefined)[]
  result: RowResult
}

/** What became of one record. `keys` are remembered against doubled rows. */
interface Put {
  id: string | null
  state: Exclude<RowState, 'failed'>
  errors: UserErrorInfo[]
  keys: string[]
}

/**
 * Writes rows with their lines inside a transaction. A row is written whole or not at all; a bad one does not touch the others.
 *
 * @returns one result per row, in order, and `keep`, to be called when the transaction is committed.
 */
export async function writeRows(
  context: WriteContext,
  plan: Plan,
  rows: ReadyRow[],
): Promise<{ results: RowResult[]; keep(): void }> {
  const now = ({ deferred }: ImportReference) => !deferred
  const records = rows.flatMap(({ record, children }) => [record, ...children.flatMap((child) => child ?? [])])
  const answers = await plan.references.find(
    context,
    records.flatMap(({ references }) => references.filter(now)),
  )
  const drafts = rows.map((ready): Draft => {
    const result: RowResult = { state: 'failed', problems: [], links: [] }
    const inputOf = ({ input, references }: ConvertedRecord): Input => {
      const filled = { ...input }
      // Its parts are filled in too, and the row may be written again.
      if (input[CUSTOM]) filled[CUSTOM] = { ...(input[CUSTOM] as object) }
      for (const reference of references.filter(now)) {
        const answer = answers.of(reference)
        if ('id' in answer) assign(filled, reference.field.split('.'), idOf(reference.type, answer.id))
        else
          result.problems.push({
            line: ready.row.line,
            column: reference.column,
            value: shown(reference.label),
            ...answer,
          })
      }
      return filled
    }
    return {
      ready,
      input: inputOf(ready.record),
      children: ready.children.map((child) => child && inputOf(child)),
      result,
    }
  })
  const keys = new Map<string, number>()
  await isolate(
    context.db,
    drafts.filter(({ result }) => result.problems.length === 0),
    (group) => writeGroup(context, plan, group, keys),
    ({ ready, result }, errors) => {
      result.state = 'failed'
      result.problems = errors.map((error) => problemOf(ready.row, plan.mapping, error))
    },
  )
  if (drafts.some(({ result }) => result.problems.some(({ code }) => code === 'NOT_FOUND'))) plan.references.forget()
  return {
    results: drafts.map(({ result }) => result),
    keep() {
      answers.keep()
      for (const [key, line] of keys) plan.doubles.add(key, line)
    },
  }
}

/** Writes drafts; those of which a line is refused are undone and the others written again. */
async function writeGroup(
  context: WriteContext,
  plan: Plan,
  drafts: Draft[],
  keys: Map<string, number>,
): Promise<void> {
  const REFUSED = new Error('Lines were refused.')
  let rest = drafts
  while (rest.length > 0) {
    const refused: Draft[] = []
    const group = rest
    try {
      await context.db.savepoint(async () => {
        const seen = new Map(keys)
        const puts = await putAll(context, plan, group, seen)
        for (const [index, draft] of group.entries()) {
          if (!settle(plan, draft, puts[index] as (Put | undefined)[], context)) refused.push(draft)
        }
        if (refused.length > 0) throw REFUSED
        for (const [key, line] of seen) keys.set(key, line)
      })
      return
    } catch (error) {
      if (error !== REFUSED) throw error
    }
    rest = group.filter((draft) => !refused.includes(draft))
  }
}

/** Writes the records of drafts, then their children: per draft what became of the record and of each child. */
async function putAll(
  context: WriteContext,
  plan: Plan,
  drafts: Draft[],
  seen: Map<string, number>,
): Promise<(Put | undefined)[][]> {
  const { mapping } = plan
  const line = ({ ready }: Draft) => ready.row.line
  const own = await put(
    context,
    plan,
    mapping,
    drafts.map((draft) => ({ input: draft.input, line: line(draft) })),
    seen,
  )
  const puts: (Put | undefined)[][] = own.map((one) => [one])
  for (const [place, child] of mapping.children.entries()) {
    const indices = [...drafts.keys()].filter((index) => drafts[index]!.children[place] && own[index]!.id)
    const items = indices.map((index) => {
      const draft = drafts[index]!
      return {
        input: { ...draft.children[place], [child.parent]: idOf(mapping.type, own[index]!.id!) },
        line: line(draft),
      }
    })
    const written = await put(context, plan, child, items, seen)
    indices.forEach((index, at) => {
      puts[index]![place + 1] = written[at]
    })
  }
  return puts
}

/** Enters in a draft's result what became of it. False: its record was written and a line of it was not. */
function settle(
  plan: Plan,
  { ready, children, result }: Draft,
  [own, ...lines]: (Put | undefined)[],
  { viewer }: WriteContext,
): boolean {
  const { mapping } = plan
  const { row } = ready
  result.state = 'failed'
  result.links = []
  result.problems = own!.errors.map((error) => problemOf(row, mapping, error))
  if (result.problems.length > 0) {
    // Its lines were not tried; what is wrong with them in themselves is told all the same.
    mapping.children.forEach((child, place) => {
      const input = children[place]
      if (!input) return
      const change: Change = {
        id: NO_ID,
        path: [],
        before: null,
        values: {},
        input: { ...input, [child.parent]: idOf(mapping.type, NO_ID) },
        errors: [],
      }
      readInput(recordType(child.type), change, viewer)
      const wrong =
        plan.mode === 'create'
          ? change.errors
          : change.errors.filter(({ details }) => (details as { rule?: string } | undefined)?.rule !== 'required')
      result.problems.push(...wrong.map((error) => problemOf(row, child, error, child.type)))
    })
    return true
  }
  const wrong = mapping.children.flatMap((child, place) =>
    (lines[place]?.errors ?? []).map((error) => problemOf(row, child, error, child.type)),
  )
  if (wrong.length > 0) {
    const message = `The ${mapping.type} was not written, because a line of it was refused.`
    result.problems.push(...wrong, { line: row.line, column: null, code: 'LINE_REFUSED', message, value: null })
    return false
  }
  const touched = lines.some((one) => one && one.state !== 'unchanged')
  result.state = own!.state === 'unchanged' && touched ? 'updated' : own!.state
  const records = [[ready.record, own], ...ready.children.map((child, place) => [child, lines[place]])] as [
    ConvertedRecord | undefined,
    Put | undefined,
  ][]
  for (const [record, written] of records) {
    for (const reference of record?.references ?? []) {
      if (reference.deferred) result.links.push({ type: record!.type, id: written!.id!, reference })
    }
  }
  return true
}

/** Makes records, or in an upsert changes those that have their keys, by the writers of the API. */
async function put(
  context: WriteContext,
  plan: Plan,
  record: RecordMapping,
  items: { input: Input; line: number }[],
  seen: Map<string, number>,
): Promise<Put[]> {
  if (items.length === 0) return []
  const type = recordType(record.type)
  const options = { partial: true, pathOf: () => [] }
  if (plan.mode === 'create') {
    const written = await createRecords(
      context,
      type,
      items.map(({ input }) => input),
      options,
    )
    return written.map(({ id, errors }) => ({ id, state: 'created', errors, keys: [] }))
  }
  const names = uniqueKey(type, record.key)!
  const lookup = lookupOf(type, record.key)
  const puts = items.map(({ input, line }): Put & { by: Input } => {
    const by: Input = {}
    const errors: UserErrorInfo[] = []
    for (const name of names) {
      const result = normalise(type.fields.get(name)!, input[name], context.viewer)
      if ('rule' in result) errors.push(validationError([name], result.rule, result.message))
      else if (
        (result.ok === null || (lookup && valuesOf({ [name]: result.ok }, lookup).length === 0)) &&
        name !== 'externalSource'
      )
        errors.push(validationError([name], 'required', 'is required: the record is found by it'))
      else by[name] = result.ok ?? ''
    }
    // Of a list each member is a key.
    const keys =
      errors.length > 0
        ? []
        : lookup
          ? valuesOf(by, lookup).map((value) => JSON.stringify([type.name, lookup.field, value]))
          : [JSON.stringify([type.name, by])]
    const earlier = keys.map((key) => plan.doubles.lineOf(key) ?? seen.get(key)).find((one) => one !== undefined)
    if (earlier !== undefined)
      errors.push({ code: 'UNIQUE_VIOLATION', message: `Line ${earlier} has the same key.`, field: [names.at(-1)!] })
    else for (const key of keys) seen.set(key, line)
    return { id: null, state: 'updated', errors, keys: errors.length > 0 ? [] : keys, by }
  })
  const good = [...puts.keys()].filter((index) => puts[index]!.errors.length === 0)
  const asked = good.map((index) => puts[index]!.by)
  if (lookup) await lockKeys(context, type, lookup, asked)
  const found = lookup ? await findByLookup(context, type, lookup, asked) : await findByKey(context, type, asked)
  for (const [at, index] of good.entries())
    if (lookup && found[at] === AMBIGUOUS) puts[index]!.errors.push(ambiguous(lookup, [lookup.field]))
  const fields = new Set(items.flatMap(({ input }) => Object.keys(input)))
  const current = await currentValues(
    context,
    type,
    found.flatMap((id) => (id && id !== AMBIGUOUS ? id : [])),
    fields,
  )
  const writes: { index: number; input: Input; found: string | null }[] = []
  good.forEach((index, at) => {
    if (puts[index]!.errors.length > 0) return
    const values = current.get(found[at] ?? '')
    const { input } = items[index]!
    const changed = values ? changedPart(type, input, values, context.viewer) : input
    if (values && Object.keys(changed).length === 0) Object.assign(puts[index]!, { id: found[at], state: 'unchanged' })
    else writes.push({ index, input: changed, found: found[at] ?? null })
  })
  if (writes.length === 0) return puts
  const written = await upsertRecords(
    context,
    type,
    writes.map(({ index, input }) => ({ by: puts[index]!.by, input })),
    { ...options, found: writes.map((one) => one.found) },
  )
  writes.forEach(({ index }, at) => {
    const { id, errors, created } = written[at]!
    Object.assign(puts[index]!, { id, errors, state: created ? 'created' : 'updated' })
    // A double of a row that was refused may yet get in.
    if (errors.length > 0) for (const key of puts[index]!.keys) seen.delete(key)
  })
  return puts
}
