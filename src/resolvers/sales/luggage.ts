import type { UserErrorInfo } from '../../errors.ts'
import { type Field, fieldOf, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { todayIn } from '../checks.ts'
import { normalise, validationError } from '../normalise.ts'
import { updateRecords } from '../records.ts'
import { type Change, columnsOf, type Input, type Values, type WriteContext } from '../write.ts'
import type { Loss } from './lossReason.ts'

/** What a move brings along, as clients write it. */
export interface Luggage extends Loss {
  reason?: string | null
  actualCloseDate?: string | null
  /** Values of the deal that are written in the same step. */
  fields?: Input | null
}

/** What the caller says besides, by the field of the deal or of its history that takes it. */
const WRITTEN = ['lossReasonId', 'lossReason', 'lossNote', 'actualCloseDate'] as const

/** FIELD_FORBIDDEN where a caller may not write what a move writes: the stage, and what they say besides. */
export function checkWritable({ viewer }: WriteContext, change: Change, luggage: Luggage, stageField: string): void {
  const name = (['stageId', ...WRITTEN] as const).find(
    (one) =>
      (one === 'stageId' || luggage[one] != null) && !viewer.access.mayWriteField(recordType('Opportunity'), one),
  )
  if (!name) return
  const field = [name === 'stageId' ? stageField : name]
  say(change, { code: 'FIELD_FORBIDDEN', message: `You may not write ${name}.`, field })
}

/** Adds an error of a move: its field stands beside the id of the deal. */
export function say(change: Change, error: UserErrorInfo): void {
  const beside = change.path.at(-1) === 'id' ? change.path.slice(0, -1) : change.path
  change.errors.push({ ...error, field: [...beside, ...(error.field ?? [])] })
}

/** What a move says in words and days, as it is stored. */
export type Texts = Record<'reason' | 'lossReason' | 'lossNote' | 'actualCloseDate', string | null>

/** Reads what a move says. VALIDATION_FAILED in its change for what cannot be stored, and for a day in the future. */
export function readTexts(change: Change, luggage: Luggage, { viewer }: WriteContext): Texts {
  const read = (name: 'reason' | 'lossReason' | 'lossNote' | 'actualCloseDate'): string | null => {
    const field: Field = fieldOf(recordType(name === 'reason' ? 'OpportunityStageHistory' : 'Opportunity'), name)
    const result = normalise(field, luggage[name], viewer)
    if (!('rule' in result)) return result.ok as string | null
    say(change, validationError([name], result.rule, result.message))
    return null
  }
  const texts = {
    reason: read('reason'),
    lossReason: read('lossReason'),
    lossNote: read('lossNote'),
    actualCloseDate: read('actualCloseDate'),
  }
  if (texts.actualCloseDate && texts.actualCloseDate > todayIn(viewer.timezone))
    say(change, validationError(['actualCloseDate'], 'max', 'must not be in the future'))
  return texts
}

/** Writes the values that moves bring along, as an update does, and reads those deals again, into `from`. Errors stand in the changes. */
export async function writeFields(
  context: WriteContext,
  moves: { change: Change; luggage: Luggage; from: Values }[],
): Promise<void> {
  const some = moves.filter(({ change, luggage }) => luggage.fields && change.errors.length === 0)
  if (some.length === 0) return
  const type = recordType('Opportunity')
  const written = await updateRecords(
    context,
    type,
    some.map(({ change, luggage }) => ({ id: change.id, input: luggage.fields as Input })),
    { pathOf: () => ['fields'] },
  )
  written.forEach(({ errors }, index) => {
    const { change } = some[index] as { change: Change }
    for (const error of errors) say(change, error)
  })
  const columns = [...columnsOf(type).values()].map(({ name, column, pgType }) => {
    const exact = pgType === 'bigint' || pgType === 'numeric' ? '::text' : ''
    return `t.${ident(column)}${exact} AS ${ident(name)}`
  })
  const rows = await context.db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM opportunity t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])`,
    values: [context.viewer.tenantId, some.map(({ change }) => change.id)],
  })
  for (const one of some) one.from = rows.find(({ id }) => id === one.change.id)?.record ?? one.from
}
