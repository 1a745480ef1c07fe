import type { Bucket } from '../../read/aggregate.ts'

// What a report is made of, as it is kept and as clients write it.

/** Most of each, and of the rows of an answer. */
export const LIMITS = {
  measures: 10,
  having: 10,
  dimensions: 3,
  parameters: 20,
  rows: 1000,
  values: 100,
  filter: 20_000,
}

/** What is counted or calculated. */
export interface Measure {
  function: 'COUNT' | 'SUM' | 'AVG' | 'MIN' | 'MAX'
  /** Of COUNT none: it counts records. Else a number, an amount, of MIN and MAX a date too; `customFields.<name>` for the company's own. */
  field?: string
  label?: string
}

/** What makes the rows. */
export interface Dimension {
  /** A field, `customFields.<name>`, or a field of the record that a to-one relation leads to: `account.industry`. */
  field: string
  bucket?: Bucket
  label?: string
}

export const PARAMETER_TYPES = ['TEXT', 'CHOICE', 'INT', 'DECIMAL', 'BOOLEAN', 'DATE', 'DATETIME', 'ID'] as const

/** What whoever runs a report may say, `{ "param": "<name>" }` in the filter. */
export interface Parameter {
  name: string
  type: (typeof PARAMETER_TYPES)[number]
  list?: boolean
  required?: boolean
  /** As text; of days also TODAY and its kind. */
  default?: string
  /** Of CHOICE: what may be chosen. */
  values?: string[]
  label?: string
}

/** Which column the rows are ordered by: its place among the dimensions or the measures, from 0. */
export interface Order {
  by: 'DIMENSION' | 'MEASURE'
  index: number
  direction?: 'ASC' | 'DESC'
}

export const COMPARISONS = ['EQ', 'NEQ', 'LT', 'LTE', 'GT', 'GTE'] as const

/** What a measure of a row must be. */
export interface Having {
  /** Its place among the measures, from 0. */
  measure: number
  operator: (typeof COMPARISONS)[number]
  /** A decimal; of amounts in the currency of the row. */
  value: string
}

export interface Definition {
  object: string
  measures: Measure[]
  dimensions: Dimension[]
  /** As JSON, with parameters in the place of operands. */
  filter: unknown
  parameters: Parameter[]
  /** Rows of which one does not hold are left out. */
  having: Having[]
  orderBy: Order[]
  rowLimit: number | null
  /** EACH: amounts in their own currencies, a row for each; BASE: in the company's, at the rates of the day. */
  currencies: 'EACH' | 'BASE'
}

/** A definition with what was left out. */
export function completeDefinition(given: Partial<Definition> & { object: string }): Definition {
  return {
    object: given.object,
    measures: given.measures ?? [],
    dimensions: given.dimensions ?? [],
    filter: given.filter ?? null,
    parameters: given.parameters ?? [],
    having: given.having ?? [],
    orderBy: given.orderBy ?? [],
    rowLimit: given.rowLimit ?? null,
    currencies: given.currencies ?? 'EACH',
  }
}
