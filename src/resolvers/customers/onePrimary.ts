import { ident } from '../../read/sql.ts'
import { refuse } from '../checks.ts'
import { after, type Change, type Rules } from '../write.ts'

/** A table whose records carry a mark, which at most one live record of each owner may have. */
export interface Marked {
  table: string
  /** The mark: its field and its column; isPrimary, is_primary if left out. */
  mark?: { field: string; column: string }
  /** The owner: the field and the column that refer to it, and its table. */
  owner: { field: string; column: string; table: string }
}

/**
 * Rules that keep one primary record per owner: who sets the mark takes it from the others; a record that comes back from the recycle bin gives it up
 * when another has it. Two that are to be primary in one call are VALIDATION_FAILED.
 */
export function onePrimary({
  table,
  owner,
  mark: { field, column } = { field: 'isPrimary', column: 'is_primary' },
}: Marked): Required<Pick<Rules, 'write' | 'done'>> {
  /** Is the mark set by this create or update. */
  const sets = ({ before, values }: Change) => values[field] === true && before?.[field] !== true
  const is = ident(column)
  return {
    async write(changes, { db, viewer }) {
      const marked = new Set<string>()
      for (const change of changes.filter(sets)) {
        const id = after(change, owner.field) as string | null | undefined
        // Of nobody's there are as many as one likes.
        if (id == null) continue
        if (marked.has(id)) refuse(change, field, 'once', 'can be set on one record only')
        marked.add(id)
      }
      if (marked.size === 0) return
      // Two transactions that mark different records of one owner wait for each other here.
      await db.rows({
        text: `SELECT id FROM ${ident(owner.table)} WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
        values: [viewer.tenantId, [...marked]],
      })
    },
    async done(changes, { db, viewer }) {
      const marked = changes.filter(sets)
      const back = changes.filter(({ before }) => before?.deletedAt && before[field])
      const others = `t.${is} AND t.deleted_at IS NULL AND x.tenant_id = $1 AND x.id <> t.id AND x.${ident(owner.column)} = t.${ident(owner.column)} AND x.${is} AND x.deleted_at IS NULL`
      if (marked.length > 0) {
        await db.rows({
          text: `UPDATE ${ident(table)} t SET ${is} = false FROM ${ident(table)} x WHERE t.tenant_id = $1 AND ${others} AND x.id = ANY ($2::uuid[])`,
          values: [viewer.tenantId, marked.map(({ id }) => id)],
        })
      }
      if (back.length > 0) {
        await db.rows({
          text: `UPDATE ${ident(table)} t SET ${is} = false FROM ${ident(table)} x WHERE t.tenant_id = $1 AND ${others} AND t.id = ANY ($2::uuid[])`,
          values: [viewer.tenantId, back.map(({ id }) => id)],
        })
      }
    },
  }
}
