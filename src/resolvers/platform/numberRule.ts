import { refuse } from '../checks.ts'
import { after, type Change } from '../write.ts'
import type { Numbering, NumberPart } from './numbers.ts'

/** What a format must tell of the day for a sequence to begin anew without giving a number twice. */
const NEEDS = { NEVER: '', YEAR: 'YY', MONTH: 'YYMM', DAY: 'YYMMDD' } as const

/**
 * Rule of number rules: exactly one sequence, texts and formats where they belong, and a date that tells the periods apart in which the sequence begins anew (a reset
 * without one would give the same number again; spec/domain.md 3.5).
 */
export function writeNumberRule(changes: Change[]): void {
  for (const change of changes) {
    const parts = (after(change, 'parts') ?? []) as NumberPart[]
    const at = (index: number, member: string) => ['parts', String(index), member]
    if (parts.filter(({ kind }) => kind === 'SEQUENCE').length !== 1)
      refuse(change, 'parts', 'sequence', 'must hold exactly one SEQUENCE')
    for (const [index, { kind, text, format }] of parts.entries()) {
      if ((kind === 'TEXT') !== (text !== undefined))
        refuse(change, at(index, 'text'), 'kind', kind === 'TEXT' ? 'is required' : 'belongs to TEXT')
      if ((kind === 'DATE') !== (format !== undefined))
        refuse(change, at(index, 'format'), 'kind', kind === 'DATE' ? 'is required' : 'belongs to DATE')
    }
    const needed = NEEDS[(after(change, 'resetPeriod') ?? 'NEVER') as Numbering['resetPeriod']]
    if (needed && !parts.some(({ format }) => format?.replace('YYYY', 'YY').startsWith(needed)))
      refuse(change, 'resetPeriod', 'date', 'needs a DATE part that tells the periods apart')
  }
}
