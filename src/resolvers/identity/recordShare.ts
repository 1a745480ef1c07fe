import { findRecordType, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { refuse, refuseAs } from '../checks.ts'
import { ownersOf } from '../customers/teamMember.ts'
import { after, type Change, forbidden, idPath, type Rules, sqlFor, type WriteContext } from '../write.ts'

const PRINCIPALS = ['userId', 'teamId', 'departmentId', 'roleId'] as const

/** uuids of those records of a type that the viewer may write. */
async function writable({ db, viewer }: WriteContext, type: RecordType, ids: string[]): Promise<Set<string>> {
  if (!viewer.access.may('update', type.name)) return new Set()
  const sql = sqlFor(viewer.tenantId)
  const scope = viewer.access.predicate(type, 't', sql, 'update')
  const wanted = sql.params.add(ids, 'uuid[]')
  const rows = await db.rows<{ id: string }>({
    text: `SELECT t.id FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY (${wanted})${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return new Set(rows.map(({ id }) => id))
}

/** The changes whose record the viewer may not write. */
async function unwritable(changes: Change[], context: WriteContext): Promise<Change[]> {
  const byType = new Map<string, Change[]>()
  for (const change of changes) {
    const name = after(change, '~type') as string | null
    if (name) byType.set(name, [...(byType.get(name) ?? []), change])
  }
  const found: Change[] = []
  for (const [name, some] of byType) {
    const idOfRecord = (change: Change) => after(change, '~id') as string
    const may = await writable(context, recordType(name), some.map(idOfRecord))
    found.push(...some.filter((change) => !may.has(idOfRecord(change))))
  }
  return found
}

/** OWNER_IS_MEMBER for new shares of a record with its own owner, who has it anyway (spec/domain.md 3.2). */
async function refuseOwners(changes: Change[], context: WriteContext): Promise<void> {
  const made = changes.filter(({ before, values, errors }) => !before && values.userId && errors.length === 0)
  for (const name of new Set(made.map(({ values }) => values['~type'] as string))) {
    const some = made.filter(({ values }) => values['~type'] === name)
    const owners = await ownersOf(
      context,
      recordType(name),
      some.map(({ values }) => values['~id'] as string),
    )
    for (const change of some) {
      if (owners.get(change.values['~id'] as string) !== change.values.userId) continue
      refuseAs(change, 'OWNER_IS_MEMBER', 'userId', 'The owner of a record cannot also be a member of its team.')
    }
  }
}

/** Rules of shares: one principal, a record that has an owner and that the viewer may write, an end in the future. */
export const recordShareRules: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      if (!change.before) {
        const named = PRINCIPALS.filter((name) => change.values[name] != null)
        if (named.length !== 1)
          refuse(change, named[1] ?? 'userId', 'one', 'must be one of user, team, department and role')
        const type = findRecordType((change.values['~type'] as string | null) ?? '')
        if (type && type.owners.length === 0)
          refuse(change, 'recordId', 'owner', 'must be a record of a type whose records have an owner')
      }
      const end = change.values.expiresAt
      if (typeof end === 'string' && Date.parse(end) <= Date.now())
        refuse(change, 'expiresAt', 'min', 'must be in the future')
    }
    for (const change of await unwritable(changes, context))
      change.errors.push(forbidden(`${after(change, '~type') as string}.update`, [...change.path, 'recordId']))
    await refuseOwners(changes, context)
  },
  async delete(changes, context) {
    for (const change of await unwritable(changes, context)) {
      if (context.viewer.userId && change.before?.createdById === context.viewer.userId) continue
      change.errors.push(forbidden(`${change.before?.['~type'] as string}.update`, idPath(change)))
    }
  },
}
