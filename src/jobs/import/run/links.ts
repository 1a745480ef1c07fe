import { recordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import { updateRecords } from '../../../resolvers/records.ts'
import type { Input, WriteContext } from '../../../resolvers/write.ts'
import { type CsvProblem, shown } from '../csv.ts'
import { assign } from '../values.ts'
import { changedPart, currentValues } from './changed.ts'
import { isolate } from './isolate.ts'
import type { Link, Plan, RowState } from './rows.ts'

/** The links of a written row that wait for the last row. */
export interface Waiting {
  line: number
  state: RowState
  links: Link[]
}

export interface LinkResult {
  problems: CsvProblem[]
  /** Was a record changed. */
  changed: boolean
}

/** A record with the fields that are to be filled in. */
interface Draft {
  type: string
  id: string
  input: Input
  fed: { link: Link; line: number; result: LinkResult }[]
}

/**
 * The second pass: looks up the records of the file's own type that rows name, and fills the fields in. A link that leads nowhere is a problem of
 * its row, which stays without it. No record may stand in `rows` twice.
 *
 * @returns one result per row, in order, and `keep`, to be called when the transaction is committed.
 */
export async function writeLinks(
  context: WriteContext,
  plan: Plan,
  rows: Waiting[],
): Promise<{ results: LinkResult[]; keep(): void }> {
  const answers = await plan.references.find(
    context,
    rows.flatMap(({ links }) => links.map(({ reference }) => reference)),
  )
  const drafts = new Map<string, Draft>()
  const results = rows.map(({ line, links }): LinkResult => {
    const result: LinkResult = { problems: [], changed: false }
    for (const link of links) {
      const answer = answers.of(link.reference)
      if (!('id' in answer)) {
        result.problems.push(problem(link, line, answer))
        continue
      }
      if (answer.id === link.id) {
        result.problems.push(
          problem(link, line, { code: 'HIERARCHY_CYCLE', message: `${link.reference.field} names the record itself.` }),
        )
        continue
      }
      const draft = drafts.get(link.id) ?? { type: link.type, id: link.id, input: {}, fed: [] }
      assign(draft.input, link.reference.field.split('.'), idOf(link.reference.type, answer.id))
      draft.fed.push({ link, line, result })
      drafts.set(link.id, draft)
    }
    return result
  })
  for (const name of new Set([...drafts.values()].map(({ type }) => type))) {
    const ofType = [...drafts.values()].filter(({ type }) => type === name)
    await isolate(
      context.db,
      await changedDrafts(context, name, ofType),
      (group) => update(context, name, group),
      (draft, [error]) => refuse(draft, null, error!),
    )
  }
  return { results, keep: answers.keep }
}

function problem(
  { reference: { column, label } }: Link,
  line: number,
  { code, message }: { code: string; message: string },
): CsvProblem {
  return { line, column, code, message, value: shown(label) }
}

/** Those whose record does not hold the links already. */
async function changedDrafts(context: WriteContext, name: string, drafts: Draft[]): Promise<Draft[]> {
  const type = recordType(name)
  const fields = new Set(drafts.flatMap(({ input }) => Object.keys(input)))
  const current = await currentValues(
    context,
    type,
    drafts.map(({ id }) => id),
    fields,
  )
  return drafts.filter(({ id, input }) => {
    const values = current.get(id)
    return !values || Object.keys(changedPart(type, input, values, context.viewer)).length > 0
  })
}

async function update(context: WriteContext, name: string, drafts: Draft[]): Promise<void> {
  const targets = drafts.map(({ id, input }) => ({ id, input }))
  const written = await updateRecords(context, recordType(name), targets, { partial: true, pathOf: () => [] })
  const tangled: Draft[] = []
  for (const [index, { errors }] of written.entries()) {
    const draft = drafts[index]!
    if (drafts.length > 1 && errors.some(({ code }) => code.startsWith('HIERARCHY'))) {
      tangled.push(draft)
      continue
    }
    for (const { result } of draft.fed) result.changed = errors.length === 0
    for (const error of errors) refuse(draft, error.field?.join('.') ?? null, error)
  }
  // Together all links of a ring are refused, and those that lead to it. One after the other only the one that closes it is.
  for (const draft of tangled) await update(context, name, [draft])
}

function refuse(draft: Draft, field: string | null, error: { code: string; message: string }): void {
  const { link, line, result } = draft.fed.find((one) => one.link.reference.field === field) ?? draft.fed[0]!
  result.problems.push(problem(link, line, error))
}
