import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import { EVERYTHING } from '../access/access.ts'
import { may } from '../access/decide.ts'
import type { Context, Viewer } from '../context.ts'
import type { ReadAccess } from '../read/access.ts'
import { finishRow, type Row } from '../read/finish.ts'
import { type Selection, selectionOf } from '../read/plan.ts'
import { callerOf, emitterFor, readRecords, recordsQuery } from '../read/read.ts'
import type { RecordType } from '../read/recordType.ts'
import type { RecordCache } from './recordCache.ts'

/** Records by id within one request: what a join cannot reach. */
export interface Loaders {
  /** The record as the field being resolved selects it; null when it does not exist or the viewer may not see it. Masks are those of lists. */
  load(context: Context, viewer: Viewer, info: GraphQLResolveInfo, type: RecordType, id: string): Promise<Row | null>
  /** Forgets what was loaded: after each write of the request. */
  clear(): void
}

/** Every column of a type: what the cache holds. */
function everything(type: RecordType): Selection {
  return {
    type,
    columns: new Set([...type.fields.values()].filter(({ target }) => target !== '*').map(({ name }) => name)),
    ones: new Map(),
    manys: new Map(),
    any: type.any !== null,
  }
}

/**
 * Loaders of one request. A selection of plain columns comes from the record cache, for viewers who may see all records of the type; one that reaches further is one statement for all ids that are
 * asked for at the same place of the document.
 */
export function createLoaders(cache: RecordCache): Loaders {
  const loaders = new Map<Selection, DataLoader<string, Row | null>>()

  function planned(context: Context, viewer: Viewer, info: GraphQLResolveInfo, selection: Selection) {
    return new DataLoader<string, Row | null>(async (ids) => {
      const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
        readRecords(db, emitterFor(context, viewer, info), selection, [...ids], { list: true }),
      )
      return ids.map((id) => rows.get(id) ?? null)
    })
  }

  function cached(context: Context, viewer: Viewer, info: GraphQLResolveInfo, type: RecordType) {
    const all = everything(type)
    const { access } = viewer
    const emitter = (as: ReadAccess) => emitterFor(context, viewer, { schema: info.schema, variableValues: {} }, as)
    const hidden = [...type.fields.keys()].filter((name) => access.hides(type, name))
    return new DataLoader<string, Row | null>(async (ids) => {
      const found = await cache.getMany(viewer.tenantId, type.table, [...ids], async (missing) => {
        // For everybody: what this viewer may see of it is decided below.
        const { query } = recordsQuery(emitter(EVERYTHING), all, missing)
        const rows = await context.tenancy.readTenant(callerOf(viewer), (db) =>
          db.rows<{ id: string; record: Row }>(query),
        )
        return new Map(rows.map(({ id, record }) => [id, { version: record.version as number, record }]))
      })
      const { shape } = emitter(access).row(all, 'x', true)
      // A copy, because finishing changes the row and another field may be given the same one.
      return ids.map((id) => {
        const value = found.get(id)
        if (!value) return null
        const row = finishRow({ ...value.record }, shape)
        for (const name of hidden) delete row[name]
        if (hidden.includes('recordId')) {
          delete row['~type']
          delete row['~id']
        }
        return row
      })
    })
  }

  const byType = new Map<string, DataLoader<string, Row | null>>()
  return {
    async load(context, viewer, info, type, id) {
      if (!may(viewer, 'read', type.name)) return null
      const selection = selectionOf(info, type) as Selection
      // The id tells an interface which type it is.
      selection.columns.add('id')
      const plain = selection.ones.size === 0 && selection.manys.size === 0
      if (plain && !viewer.access.limits(type)) {
        let loader = byType.get(type.name)
        if (!loader) {
          loader = cached(context, viewer, info, type)
          byType.set(type.name, loader)
        }
        return loader.load(id)
      }
      let loader = loaders.get(selection)
      if (!loader) {
        loader = planned(context, viewer, info, selection)
        loaders.set(selection, loader)
      }
      return loader.load(id)
    },
    clear() {
      loaders.clear()
      byType.clear()
    },
  }
}
