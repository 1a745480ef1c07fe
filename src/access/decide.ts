import type { Viewer } from '../context.ts'
import { requestError } from '../errors.ts'
import { ACTIONS, type Action } from './roles.ts'

/** A right by name, `Account.create`. */
export type Permission = `${string}.${Action}`

/** A right that a request lacks, and where the request needs it. */
export interface Missing {
  path: string
  permission: Permission
}

/** May the viewer do this with records of a type, or with the company's own settings ('Tenant'). Which records, `viewer.access.predicate` says. */
export function may(viewer: Pick<Viewer, 'access'>, action: Action, object: string): boolean {
  return viewer.access.may(action, object)
}

/** All actions the viewer has on a type. */
export function actionsOn(viewer: Pick<Viewer, 'access'>, object: string): Action[] {
  return ACTIONS.filter((action) => may(viewer, action, object))
}

/** Throws FORBIDDEN that names everything missing at once: 403 when it refuses the whole request. */
export function refuseMissing(missing: Missing[]): void {
  if (missing.length === 0) return
  throw requestError('FORBIDDEN', {
    message: `You lack ${missing.map(({ permission }) => permission).join(', ')}.`,
    extensions: { missing },
    status: 403,
  })
}

/** Throws FORBIDDEN unless the viewer may; `path` says where the request needs it. For what a look at the document as a whole does not show. */
export function requireRight(viewer: Viewer, action: Action, object: string, path: string = object): void {
  if (!may(viewer, action, object)) refuseMissing([{ path, permission: `${object}.${action}` }])
}
