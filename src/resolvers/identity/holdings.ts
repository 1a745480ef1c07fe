import { fieldOf, findRecordType, type RecordType, recordTypes } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import type { Reader } from '../../tenancy/tenancy.ts'

/** The states in which a record of a type is closed: nothing is left to be done about it. Types that are not named here have none. */
const CLOSED: Readonly<Record<string, { field: string; values: readonly string[] }>> = {
  Opportunity: { field: 'status', values: ['WON', 'LOST', 'INVALID'] },
  Lead: { field: 'status', values: ['CONVERTED'] },
  Contract: { field: 'status', values: ['EXPIRED', 'TERMINATED', 'VOID'] },
  Activity: { field: 'status', values: ['DONE', 'CANCELLED', 'NO_SHOW'] },
  Task: { field: 'status', values: ['DONE', 'CANCELLED'] },
  Case: { field: 'status', values: ['RESOLVED', 'CLOSED', 'DUPLICATE'] },
}

/** What waits for a user's decision without being theirs: the field that names them, the state in which it waits, and whose own matter it is, who never decides it. */
const WAITING: readonly { object: string; field: string; state: { field: string; values: string[] }; of: string }[] = [
  {
    object: 'PermissionRequest',
    field: 'approverId',
    state: { field: 'status', values: ['PENDING'] },
    of: 'applicantId',
  },
  {
    object: 'ApprovalTask',
    field: 'approverId',
    state: { field: 'status', values: ['PENDING', 'WAITING'] },
    of: 'submitterId',
  },
]

/** Records of one type that a user holds and another can take over. */
export interface Holding {
  type: RecordType
  /** The field that names the user. */
  field: string
  column: string
  /** Is the user their owner; otherwise they wait for the user's decision. */
  owned: boolean
  /** Only records in such a state. */
  state: { column: string; values: readonly string[] } | null
  /** The states in which they are closed. */
  closed: { column: string; values: readonly string[] } | null
  /** The column with the user who must not get the record. */
  notTo: string | null
}

/** The types whose records belong to a user and can be given to another: those whose owner can be written. */
export function ownedTypes(): RecordType[] {
  return recordTypes().filter(({ owners: [owner], fields }) => owner && fields.get(owner)?.write === 'always')
}

/** The column with the owner of a type of `ownedTypes`. */
export function ownerColumn(type: RecordType): string {
  return fieldOf(type, type.owners[0] as string).column
}

const stateOf = (type: RecordType, state: { field: string; values: readonly string[] }) => ({
  column: fieldOf(type, state.field).column,
  values: state.values,
})

/** Everything that a user can hold, from the registry: every type whose records have an owner, and what waits for a decision. */
export function holdings(): Holding[] {
  const owned = ownedTypes().map((type): Holding => {
    const closed = CLOSED[type.name]
    return {
      type,
      field: type.owners[0] as string,
      column: ownerColumn(type),
      owned: true,
      state: null,
      closed: closed ? stateOf(type, closed) : null,
      notTo: null,
    }
  })
  const waiting = WAITING.flatMap(({ object, field, state, of }): Holding[] => {
    const type = findRecordType(object)
    if (!type) return []
    return [
      {
        type,
        field,
        column: fieldOf(type, field).column,
        owned: false,
        state: stateOf(type, state),
        closed: null,
        notTo: fieldOf(type, of).column,
      },
    ]
  })
  return [...owned, ...waiting]
}

/** The statement's condition that a record, under an alias, is held by the user whose place is given. */
export function heldBy(
  { column, state, closed }: Holding,
  alias: string,
  user: string,
  add: (value: unknown, type: string) => string,
  { includeClosed = true }: { includeClosed?: boolean } = {},
): string {
  const parts = [`${alias}.${ident(column)} = ${user}`]
  if (state) parts.push(`${alias}.${ident(state.column)} = ANY (${add(state.values, 'text[]')})`)
  if (closed && !includeClosed) parts.push(`${alias}.${ident(closed.column)} <> ALL (${add(closed.values, 'text[]')})`)
  return parts.join(' AND ')
}

/** How many live records users (uuids) own, by user and type; types of which they own none are left out. One statement. */
export async function ownedCounts(
  db: Reader,
  tenantId: string,
  userIds: string[],
  types: RecordType[] = ownedTypes(),
): Promise<Map<string, Record<string, number>>> {
  const counts = new Map<string, Record<string, number>>()
  if (userIds.length === 0 || types.length === 0) return counts
  const parts = types.map((type) => {
    const column = ident(ownerColumn(type))
    return `SELECT '${type.name}' AS object, t.${column} AS "userId", count(*)::integer AS records FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.${column} = ANY ($2::uuid[]) AND t.deleted_at IS NULL GROUP BY 2`
  })
  const rows = await db.rows<{ object: string; userId: string; records: number }>({
    text: parts.join(' UNION ALL '),
    values: [tenantId, userIds],
  })
  for (const { object, userId, records } of rows) counts.set(userId, { ...counts.get(userId), [object]: records })
  return counts
}
