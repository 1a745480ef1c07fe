import type { Viewer } from '../../context.ts'
import { type RecordType, recordType, recordTypes } from '../../read/recordType.ts'
import { uuidOf } from '../../read/values.ts'
import type { Writer } from '../../tenancy/tenancy.ts'
import { normalise } from '../normalise.ts'
import { same, type WriteContext } from '../write.ts'
import { fitting } from './condition.ts'
import { RECORD_TRIGGERS, type Trigger, type Version, versionColumns } from './definition.ts'
import { failureOf } from './failure.ts'
import { principalOf } from './principal.ts'
import { type Cause, type Start, startRuns } from './start.ts'

/** Changes that one transaction looks at. */
const WINDOW = 500

/** A numbered change, values by column. */
interface Row {
  id: string
  operation: string
  object: string
  recordId: string
  fields: string[]
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  actor: string
  requestId: string | null
}

/** Who stands in the changes that runs make, before the id of the workflow. The id of the run is their request. */
export const ACTOR = 'workflow:'

const OPERATION: Partial<Record<Trigger, string>> = {
  RECORD_CREATED: 'created',
  RECORD_UPDATED: 'updated',
  RECORD_DELETED: 'deleted',
}

/**
 * Starts what the next numbered changes of a company start, and moves its cursor behind them, in the same transaction: each change is looked at once, by
 * whichever process, and none is passed over.
 *
 * @returns are there more to look at.
 */
export async function followChanges({ db, viewer }: WriteContext): Promise<boolean> {
  const { tenantId } = viewer
  const [cursor] = await db.rows<{ last: string }>({
    text: 'SELECT last_sequence::text AS last FROM workflow_cursor WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED',
    values: [tenantId],
  })
  if (!cursor) return false
  const [counter] = await db.rows<{ last: string }>({
    text: 'SELECT last_sequence::text AS last FROM change_counter WHERE tenant_id = $1',
    values: [tenantId],
  })
  const [from, newest] = [Number(cursor.last), Number(counter?.last ?? 0)]
  const to = Math.min(from + WINDOW, newest)
  if (to <= from) return false
  const versions = await db.rows<Version>({
    text: `SELECT ${versionColumns('v')} FROM workflow w JOIN workflow_version v ON v.tenant_id = $1 AND v.id = w.published_version_id
 WHERE w.tenant_id = $1 AND w.enabled AND w.deleted_at IS NULL AND v.trigger = ANY ($2::text[]) ORDER BY w.id`,
    values: [tenantId, RECORD_TRIGGERS],
  })
  const tables = versions.flatMap(({ object }) => recordTypes().find(({ name }) => name === object)?.table ?? [])
  const changes = await db.rows<Row>({
    text: `SELECT id, operation, object, record_id AS "recordId", changed_fields AS fields, before, after, actor, request_id AS "requestId"
 FROM change WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3 AND object = ANY ($4::text[]) ORDER BY sequence`,
    values: [tenantId, from, to, tables],
  })
  const causes = await causesOf(db, tenantId, changes)
  for (const version of versions) await startFor({ db, viewer }, version, changes, causes)
  await db.rows({
    text: 'UPDATE workflow_cursor SET last_sequence = $2 WHERE tenant_id = $1',
    values: [tenantId, to],
  })
  return to < newest
}

/** The runs that made changes, by their id as it stands in them. */
async function causesOf(db: Writer, tenantId: string, changes: Row[]): Promise<Map<string, Cause>> {
  const shown = new Map(
    changes.flatMap(({ actor, requestId }) => {
      const uuid = actor.startsWith(ACTOR) ? uuidOf('WorkflowRun', requestId) : null
      return uuid ? [[uuid, requestId as string]] : []
    }),
  )
  if (shown.size === 0) return new Map()
  const rows = await db.rows<Cause>({
    text: 'SELECT id, depth, chain FROM workflow_run WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [tenantId, [...shown.keys()]],
  })
  return new Map(rows.map((row) => [shown.get(row.id) as string, row]))
}

async function startFor(
  { db, viewer: system }: WriteContext,
  version: Version,
  changes: Row[],
  causes: Map<string, Cause>,
): Promise<void> {
  const type = recordType(version.object as string)
  const matching = changes.filter((change) => matches(version, type, change, system))
  if (matching.length === 0) return
  const startOf = ({ id, recordId, actor, requestId }: Row): Start => ({
    recordId,
    eventKey: `change:${id}`,
    cause: actor.startsWith(ACTOR) ? (causes.get(requestId ?? '') ?? null) : null,
  })
  const { tenantId } = system
  try {
    await db.savepoint(async () => {
      const viewer = await principalOf(db, system, version)
      const ids = [...new Set(matching.map(({ recordId }) => recordId))]
      const state = version.trigger === 'RECORD_DELETED' ? 'deleted' : 'live'
      // One who left finds nothing: that is told below.
      if (!viewer) throw new Gone()
      const fits = await fitting(db, viewer, type, version.condition, ids, state)
      await startRuns(db, tenantId, version, matching.filter(({ recordId }) => fits.has(recordId)).map(startOf))
    })
  } catch (error) {
    const failed = error instanceof Gone ? GONE : failureOf(error)
    if (!failed) throw error
    await startRuns(
      db,
      tenantId,
      version,
      matching.map((change) => ({ ...startOf(change), failed })),
    )
  }
}

class Gone extends Error {}

/** Why a run does not go on whose principal may not sign in any more. */
export const GONE = { code: 'USER_INACTIVE', message: 'Who the workflow runs as does not work here any more.' }

function matches(version: Version, type: RecordType, change: Row, viewer: Viewer): boolean {
  if (change.object !== type.table || change.operation !== OPERATION[version.trigger]) return false
  if (version.trigger !== 'RECORD_UPDATED') return true
  const { watchedFields, fromValue, toValue } = version
  const columns = watchedFields.flatMap((name) => type.fields.get(name)?.column ?? [])
  // A field that is gone changes no more.
  if (watchedFields.length > 0 && !columns.some((column) => change.fields.includes(column))) return false
  const field = type.fields.get(watchedFields[0] ?? '')
  if (!field || (fromValue === null && toValue === null)) return true
  const holds = (wanted: unknown, values: Record<string, unknown> | null) => {
    if (wanted === null) return true
    const read = normalise(field, wanted, viewer)
    return 'ok' in read && same(field, values?.[field.column], read.ok)
  }
  return change.fields.includes(field.column) && holds(fromValue, change.before) && holds(toValue, change.after)
}
