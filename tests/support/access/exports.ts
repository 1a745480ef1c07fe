import { type RecordType, recordTypes } from '../../../src/read/recordType.ts'
import { idOf } from '../../../src/read/values.ts'
import type { Oracle } from './oracle.ts'
import { difference } from './reads.ts'

/** What exports are held against. */
export interface Exporting {
  /** Where the app listens: an export is a stream that needs a connection. */
  address: string
  token: string
  oracle: Oracle
  types?: RecordType[]
}

/**
 * Exports every type and holds the records, and the refusals, against the oracle: what is exported is what a list shows, without the fields that are
 * hidden.
 *
 * @returns sentences that begin with the path; empty when all is as it should be.
 */
export async function exportProblems({ address, token, oracle, types }: Exporting): Promise<string[]> {
  const problems: string[] = []
  for (const type of types ?? recordTypes()) {
    const what = `GET /export/${type.plural}`
    const answer = await fetch(`${address}/export/${type.plural}.jsonl`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const body = await answer.text()
    const missing = (['read', 'export'] as const).filter((action) => !oracle.may(action, type.name))
    if (missing.length > 0) {
      const named = missing.every((action) => body.includes(`${type.name}.${action}`))
      if (answer.status !== 403 || !named) problems.push(`${what}: ${answer.status} without ${missing.join()}`)
      continue
    }
    if (answer.status !== 200) {
      problems.push(`${what}: ${answer.status} ${body.slice(0, 200)}`)
      continue
    }
    const records = body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ id }) => id !== undefined)
    const wanted = [...oracle.visible(type)].map((id) => idOf(type.name, id))
    const problem = difference(
      what,
      records.map(({ id }) => id as string),
      wanted,
    )
    if (problem) problems.push(problem)
    for (const field of type.fields.values()) {
      if (!oracle.hides(type, field.name)) continue
      const names = [field.name, ...(field.relation ? [field.relation] : [])]
      if (records.some((one) => names.some((name) => one[name] !== undefined && one[name] !== null)))
        problems.push(`${what}: shows ${type.name}.${field.name}, which is hidden`)
    }
  }
  return problems
}
