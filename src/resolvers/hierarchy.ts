import type { RecordType } from '../read/recordType.ts'
import { ident } from '../read/sql.ts'
import type { Change, WriteContext } from './write.ts'

/** Deepest chain of a hierarchy (spec/domain.md 3.2). */
const MAX_LEVELS = 10

/**
 * A record must not become its own ancestor, nor stand, nor have descendants that stand, deeper than ten levels. Looked at after the write, when all rows of the call are in place, and
 * under a lock of the tenant's hierarchy, because two moves that are harmless alone can close a ring together.
 */
export async function checkHierarchy({ db, viewer }: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  for (const relation of type.relations.values()) {
    if (relation.kind !== 'one' || relation.target !== type.name) continue
    const moved = changes.filter(({ errors, values }) => errors.length === 0 && values[relation.field] != null)
    if (moved.length === 0) continue
    const column = ident(relation.column)
    await db.rows({
      text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: [`${viewer.tenantId} ${type.table}.${relation.column}`],
    })
    const rows = await db.rows<{ start: string; level: number; ring: boolean }>({
      text: `WITH RECURSIVE up AS (
 SELECT id AS start, ${column} AS next, 1 AS level, false AS ring FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
 UNION ALL
 SELECT up.start, t.${column}, up.level + 1, t.${column} = up.start FROM up JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.id = up.next
 WHERE NOT up.ring AND up.level <= 100
), down AS (
 SELECT id AS start, id, 1 AS level FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
 UNION ALL
 SELECT down.start, t.id, down.level + 1 FROM down JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.${column} = down.id
 WHERE down.level <= ${MAX_LEVELS}
), chain AS (
 SELECT start, max(level) + (SELECT max(d.level) FROM down d WHERE d.start = up.start) - 1 AS level, bool_or(ring OR next = start) AS ring FROM up GROUP BY start
) SELECT start, level, ring FROM chain WHERE level > ${MAX_LEVELS} OR ring`,
      values: [viewer.tenantId, moved.map(({ id }) => id)],
    })
    for (const row of rows) {
      const change = moved.find(({ id }) => id === row.start)
      change?.errors.push(
        row.ring
          ? {
              code: 'HIERARCHY_CYCLE',
              message: `${relation.field} would make the record its own ancestor.`,
              field: [...change.path, relation.field],
            }
          : {
              code: 'HIERARCHY_TOO_DEEP',
              message: `${relation.field} would make a chain of more than ${MAX_LEVELS} levels.`,
              field: [...change.path, relation.field],
            },
      )
    }
  }
}
