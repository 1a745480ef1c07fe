import { ident } from '../../read/sql.ts'
import { refuse } from '../checks.ts'
import { after, type Change, type Rules } from '../write.ts'

/** A table whose records carry a mark is_primary, which at most one live record of each owner may have. */
export interface Marked {
  table: string
  /** The owner: the field and the column that refer to it, and its table. */
  owner: { field: string; column: string; table: string }
}

/** Is the mark set by this create or update. */
const sets = ({ before, values }: Change) => values.isPrimary === true && before?.isPrimary !== true

/**
 * Rules that keep one primary record per owner: who sets the mark takes it from the others; a record that comes back from the recycle bin gives it up
 * when another has it. Two that are to be primary in one call are VALIDATION_FAILED.
 */
export function onePrimary({ table, owner }: Marked): Required<Pick<Rules, 'write' | 'done'>> {
  return {
    async write(changes, { db, viewer }) {
      const marked = new Set<string>()
      for (const change of changes.filter(sets)) {
        const id = after(change, owner.field) as string
        if (marked.has(id)) refuse(change, 'isPrimary', 'once', 'can be set on one record only')
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
      const back = changes.filter(({ before }) => before?.deletedAt && before.isPrimary)
      const others = `t.is_primary AND t.deleted_at IS NULL AND x.tenant_id = $1 AND x.id <> t.id AND x.${ident(owner.column)} = t.${ident(owner.column)} AND x.is_primary AND x.deleted_at IS NULL`
      if (marked.length > 0) {
        await db.rows({
          text: `UPDATE ${ident(table)} t SET is_primary = false FROM ${ident(table)} x WHERE t.tenant_id = $1 AND ${others} AND x.id = ANY ($2::uuid[])`,
          values: [viewer.tenantId, marked.map(({ id }) => id)],
        })
      }
      if (back.length > 0) {
        await db.rows({
          text: `UPDATE ${ident(table)} t SET is_primary = false FROM ${ident(table)} x WHERE t.tenant_id = $1 AND ${others} AND t.id = ANY ($2::uuid[])`,
          values: [viewer.tenantId, back.map(({ id }) => id)],
        })
      }
    },
  }
}
