import { loadDefinitions } from '../../access/custom.ts'
import { CUSTOM, customName } from '../../read/custom.ts'
import { type Relation, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { refuse } from '../checks.ts'
import type { Change, Values, WriteContext } from '../write.ts'

// What a stage or a move asks of a deal: fields, custom fields as customFields.tier, and lists that must not be empty.

/** Fields that every deal has, or that its stage decides over. */
const GIVEN = ['id', 'version', 'createdAt', 'updatedAt', 'pipelineId', 'stageId', 'name', 'currency', 'probability']

const opportunity = () => recordType('Opportunity')

/** The table and the condition, for a deal's id, of the rows of a list; null for what is no list of its own. */
function listOf(name: string): { table: string; column: string; where: string } | null {
  const relation: Relation | undefined = opportunity().relations.get(name)
  if (relation?.kind === 'many')
    return { table: recordType(relation.target).table, column: relation.column, where: 'true' }
  return relation?.kind === 'linked'
    ? { table: recordType(relation.link).table, column: 'record_id', where: `object_type = 'Opportunity'` }
    : null
}

/** Refuses names in `requiredFields` that are none of a field that can be filled, a custom field or a list of opportunities. */
export async function checkRequiredFields(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const named = changes.flatMap((change) =>
    ((change.values.requiredFields ?? []) as string[]).map((name, index) => ({ change, name, index })),
  )
  if (named.length === 0) return
  const custom = named.some(({ name }) => customName(name))
    ? (await loadDefinitions(db, viewer.tenantId)).get('Opportunity')
    : undefined
  for (const { change, name, index } of named) {
    const field = opportunity().fields.get(name)
    const own = customName(name)
    const known = own ? custom?.has(own) : field ? field.write !== 'never' && !GIVEN.includes(name) : listOf(name)
    if (!known)
      refuse(
        change,
        ['requiredFields', String(index)],
        'field',
        'must name a field, custom field or list of opportunities',
      )
  }
}

/** A deal, its values by field name, and the names of what it must have. */
export interface Asked {
  id: string
  values: Values
  names: string[]
}

const empty = (value: unknown) =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/**
 * Of deals, what they lack: names by the deal's uuid, those that lack nothing left out. One statement for each list that is asked for.
 *
 * @param lists count what hangs on the deals; false where that is still to be written.
 */
export async function missingOf(
  { db, viewer }: WriteContext,
  asked: Asked[],
  { lists = true } = {},
): Promise<Map<string, string[]>> {
  const names = new Set(asked.flatMap((one) => one.names))
  const custom = [...names].some((name) => customName(name))
    ? (await loadDefinitions(db, viewer.tenantId)).get('Opportunity')
    : undefined
  const filled = new Map<string, Set<string>>()
  for (const name of names) {
    const list = customName(name) || opportunity().fields.has(name) ? null : listOf(name)
    if (!list || !lists) continue
    const rows = await db.rows<{ id: string }>({
      text: `SELECT DISTINCT ${ident(list.column)} AS id FROM ${ident(list.table)} WHERE tenant_id = $1 AND deleted_at IS NULL AND ${list.where} AND ${ident(list.column)} = ANY ($2::uuid[])`,
      values: [viewer.tenantId, asked.map(({ id }) => id)],
    })
    filled.set(name, new Set(rows.map(({ id }) => id)))
  }
  const lacks = ({ id, values }: Asked, name: string): boolean => {
    const own = customName(name)
    if (own) {
      const field = custom?.get(own)
      // A field that is gone cannot be filled.
      return field !== undefined && empty((values[CUSTOM] as Values | null)?.[field.id])
    }
    if (opportunity().fields.has(name)) return empty(values[name])
    const having = filled.get(name)
    return having !== undefined && !having.has(id)
  }
  return new Map(
    asked.flatMap((one) => {
      const missing = one.names.filter((name) => lacks(one, name))
      return missing.length > 0 ? [[one.id, missing]] : []
    }),
  )
}
