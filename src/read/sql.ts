/** The small typed builder that all of the engine's SQL goes through: names are quoted, values become parameters, nothing is pasted. */

/** A statement for the database: text with $1, $2 … and their values. */
export interface Statement {
  text: string
  values: unknown[]
}

/** Collects the values of one statement. `$1` is always the tenant. */
export class Params {
  readonly values: unknown[]

  constructor(tenantId: string) {
    this.values = [tenantId]
  }

  /** Adds a value and gives its place in the text with its PostgreSQL type, `$3::date`. */
  add(value: unknown, type: string): string {
    this.values.push(value)
    return `$${this.values.length}::${type}`
  }

  /**
   * Compares with a list of values: `= $3::uuid` for one, `= ANY ($3::uuid[])` for more. PostgreSQL plans a comparison with a list anew for each list, because it counts its
   * members, and that takes longer than to read a record; with one value the plan is kept.
   */
  among(values: readonly unknown[], type: string): string {
    return values.length === 1 ? `= ${this.add(values[0], type)}` : `= ANY (${this.add([...values], `${type}[]`)})`
  }
}

/** The tenant's place in every statement. */
export const TENANT = '$1::uuid'

/** Quotes an identifier. Identifiers come from declarations; quoting makes `order` and `user` harmless. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A pattern for LIKE in which the client's text stands for itself. */
export function likePattern(text: string, mode: 'contains' | 'startsWith'): string {
  const escaped = text.replace(/[\\%_]/g, '\\$&')
  return mode === 'contains' ? `%${escaped}%` : `${escaped}%`
}
