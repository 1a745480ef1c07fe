import { isMergeable } from '../../../read/merged.ts'
import type { RecordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import { type Change, idPath, type WriteContext } from '../../write.ts'

interface Open {
  id: string
  survivorId: string
  mergedIds: string[]
  undoableUntil: string
  over: boolean
}

/** The merges, not undone, in which the changes' records took part. */
async function mergesOf({ db, viewer }: WriteContext, type: RecordType, changes: Change[]): Promise<Open[]> {
  const ids = changes.map(({ id }) => idOf(type.name, id))
  const survivors = changes.flatMap(({ before }) =>
    before?.mergedIntoId ? [idOf(type.name, before.mergedIntoId as string)] : [],
  )
  return db.rows<Open>({
    text: `SELECT id, survivor_id AS "survivorId", merged_ids AS "mergedIds", undoable_until AS "undoableUntil", undoable_until < now() AS over
 FROM merge_record WHERE tenant_id = $1 AND survivor_id = ANY ($2::text[]) AND undone_at IS NULL ORDER BY id DESC`,
    values: [viewer.tenantId, [...ids, ...survivors]],
  })
}

/** INVALID_STATE for records that were merged: they come back by undoMerge, with what hung on them, and not alone. */
export async function refuseMergedBack(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  const merged = changes.filter(({ before, errors }) => errors.length === 0 && before?.mergedIntoId)
  if (merged.length === 0) return
  const merges = await mergesOf(context, type, merged)
  for (const change of merged) {
    const own = merges.find(({ mergedIds }) => mergedIds.includes(idOf(type.name, change.id)))
    change.errors.push({
      code: 'INVALID_STATE',
      message: `The ${type.name} was merged into another; undoMerge brings it back.`,
      field: idPath(change),
      details: {
        from: 'MERGED',
        allowed: [],
        ...(own ? { mergeId: idOf('MergeRecord', own.id), undoableUntil: own.undoableUntil } : {}),
      },
    })
  }
}

/** INVALID_STATE for records of a merge that can still be undone: for that, all of them must be there. */
export async function refuseWhileUndoable(context: WriteContext, type: RecordType, changes: Change[]): Promise<void> {
  const good = isMergeable(type) ? changes.filter(({ errors }) => errors.length === 0) : []
  if (good.length === 0) return
  const merges = (await mergesOf(context, type, good)).filter(({ over }) => !over)
  for (const change of good) {
    const id = idOf(type.name, change.id)
    const own = merges.find(({ survivorId, mergedIds }) => survivorId === id || mergedIds.includes(id))
    if (!own) continue
    change.errors.push({
      code: 'INVALID_STATE',
      message: `The ${type.name} belongs to a merge that can still be undone.`,
      field: idPath(change),
      details: {
        from: 'MERGED',
        allowed: [],
        mergeId: idOf('MergeRecord', own.id),
        undoableUntil: own.undoableUntil,
      },
    })
  }
}
