import type { GraphQLResolveInfo } from 'graphql'
import type { Context, Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import type { ConnectionArgs } from '../../read/emit.ts'
import { requireViewer } from '../../resolvers/mutation.ts'

// Parts of an answer that stand under permissions of their own (`part` in a field's extensions, src/access/document.ts).

/**
 * The viewer of a part, who may read these types.
 *
 * @throws FORBIDDEN for this part alone: it is null, and the others stand.
 */
export function viewerOf(context: Context, info: GraphQLResolveInfo, ...types: string[]): Viewer {
  const viewer = requireViewer(context)
  const missing = types.filter((name) => !viewer.access.may('read', name)).map((name) => `${name}.read`)
  if (missing.length === 0) return viewer
  const path = pathOf(info)
  throw requestError('FORBIDDEN', {
    message: `You lack ${missing.join(', ')}.`,
    extensions: { missing: missing.map((permission) => ({ path, permission })) },
  })
}

function pathOf({ path }: GraphQLResolveInfo): string {
  const keys: (string | number)[] = []
  for (let at: typeof path | undefined = path; at; at = at.prev) keys.unshift(at.key)
  return keys.join('.')
}

/** The arguments of a list that is narrowed further. */
export function within(args: ConnectionArgs, where: Record<string, unknown>): ConnectionArgs {
  return { ...args, where: args.where ? { and: [where, args.where] } : where }
}
