import type { Viewer } from '../../../context.ts'
import { type Field, fieldOf, type RecordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { ANY } from '../../../read/values.ts'
import { normaliseCustom } from '../../../resolvers/customFields.ts'
import { normalise } from '../../../resolvers/normalise.ts'
import { columnsOf, type Input, same, type Values, type WriteContext } from '../../../resolvers/write.ts'

/** What live records hold, by uuid, in the fields that are to be compared with an input. Amounts are texts: a JSON number would lose digits. */
export async function currentValues(
  { db, viewer }: WriteContext,
  type: RecordType,
  ids: string[],
  names: Iterable<string>,
): Promise<Map<string, Values>> {
  if (ids.length === 0) return new Map()
  const wanted = new Set(names)
  if (type.fields.has('currency')) wanted.add('currency')
  const columns = [...columnsOf(type).values()].filter(({ name }) => wanted.has(name) || name.startsWith('~'))
  const list = columns.map(
    ({ name, column, pgType }) => `t.${ident(column)}${pgType === 'bigint' ? '::text' : ''} AS ${ident(name)}`,
  )
  const rows = await db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, (SELECT row_to_json(x) FROM (SELECT ${list.join(', ')}) x) AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id = ANY ($2::uuid[])`,
    values: [viewer.tenantId, ids],
  })
  return new Map(rows.map(({ id, record }) => [id, record]))
}

/**
 * The part of an input that would change a record. An import names many fields that stay as they are, some of which cannot be written any more (a
 * closed deal's, a stage): what says nothing new is no write. Parts of a structured value that the input does not name are kept.
 */
export function changedPart(type: RecordType, input: Input, current: Values, viewer: Viewer): Input {
  const changed: Input = {}
  for (const [name, given] of Object.entries(input)) {
    const field = type.fields.get(name)
    if (field?.kind === 'custom') {
      const part = changedCustom(type, given as Input, (current[name] ?? {}) as Values, viewer)
      if (Object.keys(part).length > 0) changed[name] = part
      continue
    }
    const value = field?.kind === 'object' ? joined(current[name], given) : given
    if (!field || !holds(field, value, current, viewer)) changed[name] = value
  }
  const paid = Object.keys(changed).some((name) => type.fields.get(name)?.kind === 'money')
  // An amount is read together with the currency that the input gives.
  if (paid && Object.hasOwn(input, 'currency') && fieldOf(type, 'currency').write === 'always')
    changed.currency = input.currency
  return changed
}

function changedCustom(type: RecordType, given: Input, current: Values, viewer: Viewer): Input {
  const fields = viewer.access.custom(type)
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => {
      const custom = fields.get(name)
      if (!custom) return true
      const result = normaliseCustom(custom, value, current[custom.id], viewer)
      return 'rule' in result || JSON.stringify(result.ok) !== JSON.stringify(current[custom.id] ?? null)
    }),
  )
}

function joined(current: unknown, given: unknown): unknown {
  const objects = [current, given].every((one) => typeof one === 'object' && one !== null)
  return objects ? { ...(current as object), ...(given as object) } : given
}

function holds(field: Field, value: unknown, current: Values, viewer: Viewer): boolean {
  const result = normalise(field, value, viewer)
  if ('rule' in result) return false
  if (field.target === ANY) {
    const target = result.ok as { type: string | null; id: string } | null
    return target?.type === current['~type'] && target?.id === current['~id']
  }
  if (field.kind === 'money' && result.ok !== null) {
    const { currency } = value as { currency?: string | null }
    if (currency && currency !== current.currency) return false
  }
  // As the writers do: a cleared column that cannot be null goes back to its default.
  const wanted = result.ok === null && !field.nullable ? (field.default ?? null) : result.ok
  return same(field, current[field.name], wanted)
}
