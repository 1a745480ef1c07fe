import {
  FILL_DUPLICATE_KEYS,
  FIND_DUPLICATES,
  type SearchState,
  searchStep,
} from '../resolvers/customers/duplicates/find.ts'
import { type DuplicateObject, OBJECTS } from '../resolvers/customers/duplicates/profile.ts'
import { fillKeys, markFilled } from '../resolvers/customers/duplicates/store.ts'
import type { JobKind } from './kind.ts'

/** Holds all live records of a type against each other: what findDuplicates orders. */
export const findDuplicatesKind: JobKind = {
  kind: FIND_DUPLICATES,
  as: 'system',
  async step(context, { id, input, state }) {
    const object = (input as { object: DuplicateObject }).object
    const step = await searchStep(context, object, id, state as SearchState | null)
    return {
      state: step.state as Record<string, unknown> | null,
      done: step.done,
      ...(step.total === undefined ? {} : { total: step.total }),
      figures: { PAIRS: step.pairs },
    }
  },
}

/** Makes the keys of records that were there before there were keys; migration 0018 orders it. */
export const fillDuplicateKeys: JobKind = {
  kind: FILL_DUPLICATE_KEYS,
  as: 'system',
  async step(context, { state }) {
    const { object, after } = (state ?? { object: OBJECTS[0], after: null }) as {
      object: DuplicateObject
      after: string | null
    }
    const { last, filled } = await fillKeys(context, object, after)
    if (last) return { state: { object, after: last }, done: filled }
    await markFilled(context.db, context.viewer.tenantId, [object])
    const next = OBJECTS[OBJECTS.indexOf(object) + 1]
    return { state: next ? { object: next, after: null } : null, done: filled }
  },
}
