import { recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { refuse, refuseAs, todayIn } from '../checks.ts'
import { after, type Change, type Rule, type WriteContext } from '../write.ts'

/** Types whose records have a number that the server can give, with the text before it where the company has no rule; null: none is given then. */
export const NUMBERED = {
  OPPORTUNITY: { type: 'Opportunity', prefix: null },
  QUOTE: { type: 'Quote', prefix: 'QUO-' },
  ORDER: { type: 'Order', prefix: 'ORD-' },
  CONTRACT: { type: 'Contract', prefix: 'CON-' },
  RECEIPT: { type: 'Receipt', prefix: 'REC-' },
  INVOICE: { type: 'Invoice', prefix: 'INV-' },
  REFUND: { type: 'Refund', prefix: 'REF-' },
  CASE: { type: 'Case', prefix: 'CASE-' },
  RETURN_VISIT: { type: 'ReturnVisit', prefix: 'VIS-' },
} as const

/** What a rule can be for. */
export type NumberedObject = keyof typeof NUMBERED

/** A part of a number: text as it is, the day in a format, or the sequence. */
export interface NumberPart {
  kind: 'TEXT' | 'DATE' | 'SEQUENCE'
  text?: string
  format?: 'YYYY' | 'YY' | 'YYYYMM' | 'YYMM' | 'YYYYMMDD' | 'YYMMDD'
}

/** How the numbers of a type are made. */
export interface Numbering {
  parts: NumberPart[]
  /** Least digits of the sequence. */
  pad: number
  resetPeriod: 'NEVER' | 'DAY' | 'MONTH' | 'YEAR'
  firstValue: number
  allowManual: boolean
}

const PERIOD = { NEVER: 0, YEAR: 4, MONTH: 7, DAY: 10 } as const

/** The period of a day (YYYY-MM-DD) in which a sequence counts: '' for ever, 2026, 2026-11, 2026-11-22. */
export const periodOf = (reset: Numbering['resetPeriod'], day: string): string => day.slice(0, PERIOD[reset])

/** The number at a place of the sequence, on a day (YYYY-MM-DD). */
export function formatNumber({ parts, pad }: Numbering, value: bigint, day: string): string {
  const digits = day.replaceAll('-', '')
  return parts
    .map(({ kind, text = '', format = 'YYYYMMDD' }) => {
      if (kind === 'TEXT') return text
      if (kind === 'SEQUENCE') return String(value).padStart(pad, '0')
      const from = format.startsWith('YYYY') ? 0 : 2
      return digits.slice(from, from + format.length)
    })
    .join('')
}

/** The company's rule for an object, else what holds without one; null where then no number is given. */
export async function numberingOf({ db, viewer }: WriteContext, object: NumberedObject): Promise<Numbering | null> {
  const [rule] = await db.rows<Numbering>({
    text: `SELECT parts, pad, reset_period AS "resetPeriod", first_value AS "firstValue", allow_manual AS "allowManual"
 FROM number_rule WHERE tenant_id = $1 AND object = $2 AND active AND deleted_at IS NULL`,
    values: [viewer.tenantId, object],
  })
  if (rule) return rule
  const { prefix } = NUMBERED[object]
  if (prefix === null) return null
  return {
    parts: [{ kind: 'TEXT', text: prefix }, { kind: 'SEQUENCE' }],
    pad: 6,
    resetPeriod: 'NEVER',
    firstValue: 1,
    allowManual: false,
  }
}

/**
 * Rule of a type with a `number`, where the company has a rule of numbers for it or one holds without: gives one to each new record that brings none. The row of the counter is locked to the end of the transaction, so that no
 * number is given twice; a transaction that is undone gives its numbers back. Numbers that were written by hand are left out of the sequence. NUMBER_TAKEN for one that
 * a live record has; VALIDATION_FAILED for one by hand where the company's rule does not allow that.
 */
export function numbered(object: NumberedObject): Rule {
  return async (changes, context) => {
    const made = changes.filter(({ before }) => !before)
    const given = changes.filter(
      ({ before, values }) =>
        Object.hasOwn(values, 'number') && values.number !== null && values.number !== before?.number,
    )
    const cleared = changes.filter(({ before, values }) => before && values.number === null)
    if (made.length + given.length + cleared.length === 0) return
    const numbering = await numberingOf(context, object)
    if (!numbering) return
    for (const change of cleared) refuse(change, 'number', 'required', 'is required')
    if (!numbering.allowManual)
      for (const change of given) refuse(change, 'number', 'rule', 'is given by the company’s rule')
    await refuseTaken(context, object, numbering, given)
    await give(
      context,
      object,
      numbering,
      made.filter(({ values, errors }) => values.number == null && errors.length === 0),
    )
  }
}

/** Refuses numbers that a live record has, or two of the call. */
async function refuseTaken(
  context: WriteContext,
  object: NumberedObject,
  numbering: Numbering,
  given: Change[],
): Promise<void> {
  const good = given.filter(({ errors }) => errors.length === 0)
  if (good.length === 0) return
  // Nobody else gives or writes a number of the type until this transaction has ended.
  await nextNumbers(context, object, numbering, 0)
  const seen = new Set(
    await taken(
      context,
      object,
      good.map(({ values }) => values.number as string),
    ),
  )
  for (const change of good) {
    const number = after(change, 'number') as string
    if (seen.has(number)) refuseAs(change, 'NUMBER_TAKEN', 'number', 'Another record has this number.')
    seen.add(number)
  }
}

async function taken({ db, viewer }: WriteContext, object: NumberedObject, numbers: string[]): Promise<string[]> {
  if (numbers.length === 0) return []
  const { table } = recordType(NUMBERED[object].type)
  const rows = await db.rows<{ number: string }>({
    text: `SELECT number FROM ${ident(table)} WHERE tenant_id = $1 AND number = ANY ($2::text[]) AND deleted_at IS NULL`,
    values: [viewer.tenantId, numbers],
  })
  return rows.map(({ number }) => number)
}

/** Gives free numbers to new records, in their order. */
async function give(
  context: WriteContext,
  object: NumberedObject,
  numbering: Numbering,
  wanting: Change[],
): Promise<void> {
  if (wanting.length === 0) return
  const numbers = await freeNumbers(context, object, numbering, wanting.length)
  for (const [index, change] of wanting.entries()) change.values.number = numbers[index]
}

/** The next numbers of the sequence that no live record has. */
async function freeNumbers(
  context: WriteContext,
  object: NumberedObject,
  numbering: Numbering,
  count: number,
): Promise<string[]> {
  const free: string[] = []
  while (free.length < count) {
    const next = await nextNumbers(context, object, numbering, count - free.length)
    const used = new Set(await taken(context, object, next))
    free.push(...next.filter((number) => !used.has(number)))
  }
  return free
}

async function nextNumbers(
  { db, viewer }: WriteContext,
  object: NumberedObject,
  numbering: Numbering,
  count: number,
): Promise<string[]> {
  const day = todayIn(viewer.timezone)
  const [row] = await db.rows<{ last: string }>({
    text: `INSERT INTO number_counter (tenant_id, object, period, last) VALUES ($1, $2, $3, $4::bigint - 1 + $5)
 ON CONFLICT (tenant_id, object, period) DO UPDATE SET last = greatest(number_counter.last, $4::bigint - 1) + $5 RETURNING last::text`,
    values: [viewer.tenantId, object, periodOf(numbering.resetPeriod, day), numbering.firstValue, count],
  })
  const last = BigInt((row as { last: string }).last)
  return Array.from({ length: count }, (_, index) => formatNumber(numbering, last - BigInt(count - 1 - index), day))
}

/** Numbers for records that a verb makes past the standard create. */
export async function takeNumbers(context: WriteContext, object: NumberedObject, count: number): Promise<string[]> {
  const numbering = await numberingOf(context, object)
  return numbering ? freeNumbers(context, object, numbering, count) : []
}
