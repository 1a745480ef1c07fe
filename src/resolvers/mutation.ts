import type { GraphQLResolveInfo } from 'graphql'
import type { Context, Viewer } from '../context.ts'
import { requestError, type UserErrorInfo, UserErrors } from '../errors.ts'
import { finishRow, type Row } from '../read/finish.ts'
import { type Selection, selectionOf } from '../read/plan.ts'
import { callerOf, emitterFor, recordsQuery } from '../read/read.ts'
import type { RecordType } from '../read/recordType.ts'
import type { Writer } from '../tenancy/tenancy.ts'
import { claimKey, idempotencyKey, keepAnswer } from './idempotency.ts'
import type { Written } from './records.ts'
import { shownId } from './records.ts'
import type { WriteContext } from './write.ts'

/** Most records of one list mutation (spec/api.md 5). */
export const BULK_MAX = 200

/** What a mutation of one record answers; `record` stands under the record's own name in the payload. */
export interface Outcome {
  record: Row | null
  id: string | null
  created: boolean | null
  /** Of verbs that may find nothing to do. */
  changed: boolean | null
  /** What else the verb answers; see Written. */
  more?: unknown
  userErrors: UserErrorInfo[]
}

/** The viewer, or UNAUTHENTICATED. */
export function requireViewer(context: Context): Viewer {
  if (!context.viewer) throw requestError('UNAUTHENTICATED')
  return context.viewer
}

/** What is kept of an answer for a retry: results and rows as the database gave them. */
interface Kept {
  written: Written[]
  rows: Record<string, Row>
  /** Under which rights they were read. */
  rights: string
}

interface Ask {
  context: Context
  info: GraphQLResolveInfo
  type: RecordType
  /** Where records stand in the payload: `['account']`, `['results', 'account']`. */
  path: string[]
}

/**
 * Runs a mutation field: one transaction from the idempotency key to the answer, which is planned inside it.
 *
 * @param work writes and says what became of each row. When it throws UserErrors, everything is undone and the errors are the answer.
 */
async function run(
  { context, info, type, path }: Ask,
  rejectAll: boolean,
  work: (write: WriteContext) => Promise<Written[]>,
): Promise<{ written: Written[]; records: Map<string, Row> }> {
  const viewer = requireViewer(context)
  const key = idempotencyKey(context, viewer, info)
  const selection = selectionOf(info, type, path) as Selection
  const options = { deleted: true, list: path.length > 1 }
  const rights = viewer.access.fingerprint
  const read = async (db: Writer, written: Written[]) => {
    const ids = written.flatMap(({ id }) => id ?? [])
    const rows: Record<string, Row> = {}
    if (ids.length === 0) return rows
    const { query } = recordsQuery(emitterFor(context, viewer, info), selection, ids, options)
    for (const { id, record } of await db.lastRows<{ id: string; record: Row }>(query)) rows[id] = record
    return rows
  }
  // The transaction may run again after a deadlock, so nothing of a failed attempt may stay in these.
  const { kept, replayed } = await context.tenancy.writeTenant(callerOf(viewer), async (db) => {
    const stored = key ? ((await claimKey(db, viewer, key)) as Kept | null) : null
    if (stored) {
      // Rights may have changed since: what was answered then must not show more than the viewer may see now.
      if (stored.rights === rights) return { kept: stored, replayed: true }
      return { kept: { ...stored, rows: await read(db, stored.written) }, replayed: true }
    }
    const written = await work({ db, viewer })
    if (rejectAll && written.some(({ errors }) => errors.length > 0)) throw new Rejected(written)
    const answer: Kept = { written, rows: await read(db, written), rights }
    // Nothing written, nothing kept: the caller mends the input and sends the same key again.
    if (key && written.some(({ id }) => id)) await keepAnswer(db, viewer, key, answer)
    return { kept: answer, replayed: false }
  })
  if (replayed) context.responseHeaders.set('Idempotency-Replayed', 'true')
  context.loaders.clear()
  const { shape } = recordsQuery(emitterFor(context, viewer, info), selection, [], options)
  return {
    written: kept.written,
    records: new Map(Object.entries(kept.rows).map(([id, row]) => [id, finishRow(row, shape)])),
  }
}

/** Undoes a transaction whose rows were refused. */
class Rejected extends Error {
  readonly written: Written[]

  constructor(written: Written[]) {
    super('Rows were refused.')
    this.written = written
  }
}

/** A mutation of one record. */
export async function mutateOne(ask: Ask, work: (write: WriteContext) => Promise<Written>): Promise<Outcome> {
  try {
    const { written, records } = await run(ask, true, async (write) => [await work(write)])
    const [one] = written as [Written]
    return {
      record: (one.id && records.get(one.id)) || null,
      id: shownId(ask.type, one.id),
      created: one.created ?? null,
      changed: one.changed ?? null,
      more: one.more,
      userErrors: one.errors,
    }
  } catch (error) {
    if (error instanceof Rejected) return failed((error.written[0] as Written).errors)
    if (error instanceof UserErrors) return failed(error.errors)
    throw error
  }
}

function failed(userErrors: UserErrorInfo[]): Outcome {
  return { record: null, id: null, created: null, changed: null, userErrors }
}

export type ErrorPolicy = 'REJECT_EVERYTHING' | 'REJECT_FAILED_ROWS'

/** A mutation of a list: one outcome per row, in order. */
export async function mutateMany(
  ask: Ask,
  policy: ErrorPolicy,
  rows: number,
  work: (write: WriteContext, partial: boolean) => Promise<Written[]>,
): Promise<{ results: Outcome[]; userErrors: UserErrorInfo[] }> {
  if (rows > BULK_MAX) {
    const message = `A list mutation takes at most ${BULK_MAX} records.`
    return {
      results: [],
      userErrors: [{ code: 'BULK_TOO_LARGE', message, field: ['input'], details: { max: BULK_MAX } }],
    }
  }
  const partial = policy === 'REJECT_FAILED_ROWS'
  try {
    const { written, records } = await run(ask, !partial, (write) => work(write, partial))
    return {
      results: written.map(({ id, errors, created, changed, more }) => ({
        record: (id && records.get(id)) || null,
        id: shownId(ask.type, id),
        created: created ?? null,
        changed: changed ?? null,
        more,
        userErrors: errors,
      })),
      userErrors: [],
    }
  } catch (error) {
    if (error instanceof UserErrors) return { results: [], userErrors: error.errors }
    if (!(error instanceof Rejected)) throw error
    return { results: error.written.map(({ errors }) => failed(errors)), userErrors: [] }
  }
}
