import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import { type Access, EVERYTHING } from '../access/access.ts'
import { may } from '../access/decide.ts'
import type { Context, Viewer } from '../context.ts'
import type { ReadAccess } from '../read/access.ts'
import type { RowShape } from '../read/emit.ts'
import { finishRow, type Row } from '../read/finish.ts'
import { isMergeable, survivorsOf } from '../read/merged.ts'
import { type Selection, selectionOf } from '../read/plan.ts'
import { callerOf, emitterFor, recordsQuery } from '../read/read.ts'
import type { RecordType } from '../read/recordType.ts'
import type { CachedRecord, RecordCache } from './recordCache.ts'

/** Records by id within one request: what a join cannot reach. */
export interface Loaders {
  /**
   * The record as the field being resolved selects it; null when it does not exist or the viewer may not see it. Masks are those of lists. One from the
   * cache is shared with other requests, and frozen.
   */
  load(context: Context, viewer: Viewer, info: GraphQLResolveInfo, type: RecordType, id: string): Promise<Row | null>
  /** Forgets what was loaded: after each write of the request. */
  clear(): void
}

const selections = new Map<RecordType, Selection>()

/** Every column of a type: what the cache holds. */
function everything(type: RecordType): Selection {
  let selection = selections.get(type)
  if (!selection) {
    selection = {
      type,
      columns: new Set([...type.fields.values()].filter(({ target }) => target !== '*').map(({ name }) => name)),
      ones: new Map(),
      manys: new Map(),
      any: type.any !== null,
    }
    selections.set(type, selection)
  }
  return selection
}

/** What a viewer does not get of records of a type: fields taken out, and, in `key`, also those that are masked. Asked of every request anew. */
interface View {
  key: string
  hidden: string[]
}

function viewOf(access: Access, type: RecordType): View {
  const hidden: string[] = []
  const masked: string[] = []
  for (const name of type.fields.keys()) {
    if (access.hides(type, name)) hidden.push(name)
    else if (access.masks(type, name, true)) masked.push(name)
  }
  // What is converted, and how, hangs on the definitions too.
  const custom = access.shownCustom(type, true).map((one) => `${one.custom.id}${one.custom.type}${one.masked}`)
  const key = `${hidden} ${masked} ${custom}`
  if (hidden.includes('recordId')) hidden.push('~type', '~id')
  return { key, hidden }
}

/** Rows made of cached records, by the view that they were made for: the cache gives the same record until it is written. */
const shown = new WeakMap<CachedRecord, Map<string, Row>>()
/** Most rows of one record: so many kinds of viewers that matter at the same time. */
const KINDS = 8

/** A record as viewers with this view read it. */
function show(record: CachedRecord, { key, hidden }: View, shape: () => RowShape): Row {
  const rows = shown.get(record) ?? new Map<string, Row>()
  shown.set(record, rows)
  let row = rows.get(key)
  if (!row) {
    const finished = finishRow({ ...record.record }, shape())
    // A new object, because deleting from one makes it slow to read.
    row = Object.freeze(
      hidden.length > 0
        ? Object.fromEntries(Object.entries(finished).filter(([name]) => !hidden.includes(name)))
        : finished,
    )
    if (rows.size >= KINDS) rows.clear()
    rows.set(key, row)
  }
  return row
}

/** The rows of ids in their order; where one was not found because it was merged, the record that it became. */
async function withMerged(
  context: Context,
  viewer: Viewer,
  type: RecordType,
  ids: readonly string[],
  found: Map<string, Row>,
  get: (survivors: string[]) => Promise<Map<string, Row>>,
): Promise<(Row | null)[]> {
  const missing = isMergeable(type) ? ids.filter((id) => !found.has(id)) : []
  if (missing.length > 0) {
    const survivors = await survivorsOf(context.tenancy, callerOf(viewer), type, missing)
    const rows = survivors.size > 0 ? await get([...new Set(survivors.values())]) : new Map<string, Row>()
    for (const [id, survivor] of survivors) {
      const row = rows.get(survivor)
      if (row) found.set(id, row)
    }
  }
  return ids.map((id) => found.get(id) ?? null)
}

/**
 * Loaders of one request. A selection of plain columns comes from the record cache, for viewers who may see all records of the type; one that reaches further is one statement for all ids that are
 * asked for at the same place of the document.
 */
export function createLoaders(cache: RecordCache): Loaders {
  const loaders = new Map<Selection, DataLoader<string, Row | null>>()

  function planned(context: Context, viewer: Viewer, info: GraphQLResolveInfo, selection: Selection) {
    return new DataLoader<string, Row | null>(async (ids) => {
      const { query, shape } = recordsQuery(emitterFor(context, viewer, info), selection, [...ids], { list: true })
      const found = await context.tenancy.readTexts(callerOf(viewer), query)
      const rows = new Map(
        found.map(([id, text]) => [id as string, finishRow(JSON.parse(text as string) as Row, shape)]),
      )
      return withMerged(context, viewer, selection.type, ids, rows, async (survivors) => {
        const again = recordsQuery(emitterFor(context, viewer, info), selection, survivors, { list: true })
        const more = await context.tenancy.readTexts(callerOf(viewer), again.query)
        return new Map(
          more.map(([id, text]) => [id as string, finishRow(JSON.parse(text as string) as Row, again.shape)]),
        )
      })
    })
  }

  function cached(context: Context, viewer: Viewer, info: GraphQLResolveInfo, type: RecordType) {
    const { access } = viewer
    const emitter = (as: ReadAccess) => emitterFor(context, viewer, { schema: info.schema, variableValues: {} }, as)
    const view = viewOf(access, type)
    let made: RowShape | undefined
    const shape = () => {
      made ??= emitter(access).row(everything(type), 'x', true).shape
      return made
    }
    return new DataLoader<string, Row | null>(async (ids) => {
      const load = async (missing: string[]) => {
        // For everybody: what this viewer may see of it is decided below.
        const { query } = recordsQuery(emitter(EVERYTHING), everything(type), missing)
        const rows = await context.tenancy.readTexts(callerOf(viewer), query)
        return new Map(
          rows.map(([id, text]) => {
            const record = JSON.parse(text as string) as Row
            return [id as string, { version: record.version as number, record }]
          }),
        )
      }
      const get = async (wanted: readonly string[]) => {
        const found = await cache.getMany(viewer.tenantId, type.table, [...wanted], load)
        return new Map([...found].map(([id, record]) => [id, show(record, view, shape)]))
      }
      return withMerged(context, viewer, type, ids, await get(ids), get)
    })
  }

  const byType = new Map<RecordType, DataLoader<string, Row | null>>()
  return {
    async load(context, viewer, info, type, id) {
      if (!may(viewer, 'read', type.name)) return null
      const selection = selectionOf(info, type) as Selection
      // The id tells an interface which type it is.
      selection.columns.add('id')
      const plain = selection.ones.size === 0 && selection.manys.size === 0
      if (plain && !viewer.access.limits(type)) {
        let loader = byType.get(type)
        if (!loader) {
          loader = cached(context, viewer, info, type)
          byType.set(type, loader)
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
