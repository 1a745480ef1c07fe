import { expect } from '@jest/globals'
import type { RecordType } from '../../src/read/recordType.ts'
import type { Owner } from './owner.ts'

/** Columns of a row, by their names in the database. */
export type Columns = Record<string, unknown>

/** A row of change. */
export interface Change {
  operation: 'created' | 'updated' | 'deleted' | 'restored' | 'destroyed'
  object: string
  record: string
  version: number
  fields: string[]
  before: Columns | null
  after: Columns | null
  actor: string
  user: string | null
  request: string | null
  ip: string | null
  xid: string
}

/** Columns that no change tells: what the server counts by itself, and what is secret. */
const UNTOLD = ['tenant_id', 'search_text', 'version', 'updated_at', 'updated_by', 'key_hash']

/** The changes that a request made, in the order in which they were written. */
export function changesOf(owner: Owner, request: string): Promise<Change[]> {
  return owner.rows<Change>(
    `SELECT operation, object, record_id AS record, record_version AS version, changed_fields AS fields, before, after, actor, user_id AS user, request_id AS request, ip, xid
     FROM change WHERE tenant_id = $1 AND request_id = $2 ORDER BY ordinal`,
    owner.tenantId,
    request,
  )
}

/** A record as the changes may tell it. */
export interface Told {
  told: Columns
  version: number
}

/** A record's row as the changes may tell it; null when it is gone. */
export async function rowOf(owner: Owner, type: RecordType, record: string): Promise<Told | null> {
  const [found] = await owner.rows<{ row: Columns }>(
    `SELECT to_jsonb(t) AS row FROM ${type.table} t WHERE tenant_id = $1 AND id = $2`,
    owner.tenantId,
    record,
  )
  return found ? { told: told(found.row), version: found.row.version as number } : null
}

const told = (row: Columns): Columns =>
  Object.fromEntries(Object.entries(row).filter(([column, value]) => value !== null && !UNTOLD.includes(column)))
const sorted = (list: string[]) => [...list].sort()

/** Follows a record through its changes: each begins where the one before ended, and the last ends at what stands in the table. */
export async function follow(
  owner: Owner,
  type: RecordType,
  record: string,
  from: Told | null,
  changes: Change[],
): Promise<void> {
  let state = from?.told ?? null
  let version = from?.version ?? 0
  for (const change of changes.filter((one) => one.object === type.table && one.record === record)) {
    const { operation, before, after, fields } = change
    if (operation === 'created') {
      expect(state).toBeNull()
      expect(before).toBeNull()
      expect(fields).toEqual([])
      state = after
    } else if (operation === 'destroyed') {
      expect(after).toBeNull()
      expect(before).toEqual(state)
      expect(fields).toEqual([])
      state = null
    } else {
      expect(fields.length).toBeGreaterThan(0)
      expect(sorted(Object.keys(before as Columns))).toEqual(sorted(fields))
      expect(sorted(Object.keys(after as Columns))).toEqual(sorted(fields))
      for (const field of fields) {
        expect(before?.[field] ?? null).toEqual(state?.[field] ?? null)
        expect(after?.[field]).not.toEqual(before?.[field])
      }
      state = told({ ...state, ...after })
    }
    if (operation !== 'destroyed') version++
    expect(change.version).toBe(version)
  }
  const now = await rowOf(owner, type, record)
  expect(state).toEqual(now?.told ?? null)
  if (now) expect(version).toBe(now.version)
}

/** What the changes say was done with a record. */
export const operationsOn = (changes: Change[], type: RecordType, record: string) =>
  changes.filter((one) => one.object === type.table && one.record === record).map(({ operation }) => operation)

/** Every change of a request tells the same transaction, actor, user, request and address. */
export function expectSource(changes: Change[], source: Partial<Change>): void {
  expect(changes.length).toBeGreaterThan(0)
  const [{ xid, request } = {} as Change] = changes
  for (const change of changes) expect(change).toMatchObject({ ...source, xid, request })
}
