import { Access, NOBODY } from '../../access/access.ts'
import { loadDefinitions } from '../../access/custom.ts'
import { beyond } from '../../access/escalation.ts'
import { FULL } from '../../access/permissions.ts'
import { viewerOfUser } from '../../access/viewer.ts'
import type { Viewer } from '../../context.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { recordTypes } from '../../read/recordType.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { jobViewer } from '../identity/createTenant.ts'
import type { WriteContext } from '../write.ts'
import type { Definition } from './definition.ts'

/** Every right, with the company's custom fields. */
export async function systemAccess(db: Reader, tenantId: string): Promise<Access> {
  return new Access(FULL, NOBODY, FULL, await loadDefinitions(db, tenantId))
}

/** As whom a version runs, with the rights that they have now; null when they may not sign in any more. */
export async function principalOf(
  db: Reader,
  system: Viewer,
  { principal, runAsId }: Pick<Definition, 'principal' | 'runAsId'>,
): Promise<Viewer | null> {
  const { tenantId: id, timezone, baseCurrency, defaultCountry } = system
  if (principal === 'SYSTEM')
    return { ...jobViewer({ id, timezone, baseCurrency, defaultCountry }), access: await systemAccess(db, id) }
  return runAsId ? viewerOfUser(db, id, runAsId) : null
}

const field = ['runAsId']

/**
 * Nobody lets a workflow do what they may not do themselves: PRIVILEGE_ESCALATION for one that runs as the system and is not published by an administrator, and for
 * one that runs as somebody who may do more than who publishes it, or sees records that they do not. USER_INACTIVE for who does not work here.
 */
export async function checkPrincipal(
  { db, viewer }: WriteContext,
  { principal, runAsId }: Pick<Definition, 'principal' | 'runAsId'>,
): Promise<UserErrorInfo[]> {
  if (principal === 'SYSTEM') {
    if (viewer.access.lasting.full) return []
    const message = 'Only an administrator lets a workflow run as the system.'
    return [{ code: 'PRIVILEGE_ESCALATION', message, field: ['principal'] }]
  }
  const other = await viewerOfUser(db, viewer.tenantId, runAsId as string)
  if (!other)
    return [{ code: 'USER_INACTIVE', message: 'The workflow would run as somebody who does not work here.', field }]
  if (viewer.access.lasting.full || runAsId === viewer.userId) return []
  const missing = [...beyond(other.access.set, viewer.access.lasting), ...furtherRecords(other, viewer)]
  if (missing.length === 0) return []
  const message = 'The workflow would run as somebody who may do more than you.'
  return [{ code: 'PRIVILEGE_ESCALATION', message, field, details: { missing } }]
}

/** Rights under which a user reaches records of people that another does not reach by the same right: `Lead.update`. */
function furtherRecords(other: Viewer, viewer: Viewer): string[] {
  return recordTypes().flatMap((type) => {
    if (type.owners.length === 0) return []
    return [...other.access.set.on(type.name).scopes].flatMap(([action]) => {
      if (action === 'create' || action === 'import') return []
      const [theirs, mine] = [reachOf(other, type.name, action), reachOf(viewer, type.name, action)]
      const further = mine !== null && (theirs === null || theirs.some((id) => !mine.includes(id)))
      return further ? [`${type.name}.${action}`] : []
    })
  })
}

/** The owners whose records a viewer reaches by a right; null: everybody's. */
function reachOf({ access }: Viewer, object: string, action: string): string[] | null {
  const scopes = [...(access.set.on(object).scopes.get(action as never) ?? [])]
  if (access.set.full || scopes.includes('ALL')) return null
  return scopes.flatMap((scope) => (scope === 'ALL' ? [] : access.standing.users[scope]))
}
