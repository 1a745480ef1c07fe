import { may, requireRight } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { CUSTOM, customValues } from '../../read/custom.ts'
import { type Field, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { formatMoney, idOf, NO_ID, uuidOf } from '../../read/values.ts'
import { createRecords, type Written } from '../records.ts'
import { columnsOf, type Input, sqlFor, type Values, type WriteContext } from '../write.ts'

/** Arguments of the verb as clients write them. */
export interface Cloning {
  id: string
  /** Left out: that of the deal. */
  name?: string | null
}

/** What a copy of a deal does not take over: what tells of this one's way, or is its own. */
const OWN = [
  'number',
  'stageId',
  'status',
  'probability',
  'actualCloseDate',
  'lossReasonId',
  'lossReason',
  'lossNote',
  'lastActivityAt',
]
/** The same of every record. */
const KEYS = ['externalSource', 'externalId', 'ownerId']
/** The parts that a copy takes along, by the list of the deal. */
const PARTS = { lines: 'OpportunityLine', opportunityContacts: 'OpportunityContact' } as const

/**
 * Makes an open deal like another, closed or not, in the first open stage of its pipeline: with its values, lines and people, as far as the viewer sees and
 * may write them. It is the caller’s.
 *
 * Errors: NOT_FOUND, and those of a create: PRODUCT_INACTIVE, VALIDATION_FAILED …
 *
 * @throws FORBIDDEN.
 */
export async function cloneOpportunity(context: WriteContext, given: Cloning): Promise<Written> {
  const { viewer } = context
  for (const action of ['read', 'create'] as const) requireRight(viewer, action, 'Opportunity')
  const type = recordType('Opportunity')
  const id = uuidOf(type.name, given.id) ?? NO_ID
  const [deal] = await readable(context, type, 'id', id)
  if (!deal)
    return { id: null, errors: [{ code: 'NOT_FOUND', message: 'There is no such Opportunity.', field: ['id'] }] }
  const input = copied(context, type, deal, OWN)
  for (const [list, name] of Object.entries(PARTS)) {
    if (!may(viewer, 'read', name) || !may(viewer, 'create', name)) continue
    const part = recordType(name)
    const rows = await readable(context, part, 'opportunity_id', id)
    if (rows.length > 0) input[list] = rows.map((row) => copied(context, part, row, ['opportunityId']))
  }
  if (input.lines) delete input.amount
  if (given.name != null) input.name = given.name
  const [written] = await createRecords(context, type, [input], { pathOf: () => ['id'] })
  return {
    ...(written as Written),
    errors: (written as Written).errors.map((error) => ({ ...error, field: where(error.field) })),
  }
}

/** An error of the copy stands at what the caller gave. */
const where = (field: string[] | null): string[] => (field?.at(-1) === 'name' && field.length === 2 ? ['name'] : ['id'])

/** Live records of a type that have an id (uuid) in a column, in the order of their making, as far as the viewer sees them. */
async function readable({ db, viewer }: WriteContext, type: RecordType, column: string, id: string): Promise<Values[]> {
  const sql = sqlFor(viewer.tenantId)
  const place = sql.params.add(id, 'uuid')
  const scope = viewer.access.predicate(type, 't', sql)
  const columns = [...columnsOf(type).values()].map((one) => {
    const exact = one.pgType === 'bigint' || one.pgType === 'numeric' ? '::text' : ''
    return `t.${ident(one.column)}${exact} AS ${ident(one.name)}`
  })
  const rows = await db.rows<{ record: Values }>({
    text: `SELECT (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM ${ident(type.table)} t
 WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.${ident(column)} = ${place}${scope ? ` AND ${scope}` : ''} ORDER BY t.id`,
    values: sql.params.values,
  })
  return rows.map(({ record }) => record)
}

/** The values of a record as the input of another: what the viewer sees in the clear and may write. */
function copied({ viewer }: WriteContext, type: RecordType, record: Values, without: string[]): Input {
  const { access } = viewer
  const input: Input = {}
  for (const field of type.fields.values()) {
    const { name } = field
    const value = record[name]
    if (value === null || value === undefined || field.write === 'never' || [...without, ...KEYS].includes(name))
      continue
    if (access.hides(type, name) || access.masks(type, name, false) || !access.mayWriteField(type, name)) continue
    input[name] = name === CUSTOM ? customOf(viewer, type, value as Values) : asInput(field, value, record)
  }
  return input
}

/** Values of custom fields by name: those that the viewer sees in the clear and may write, and that another record may have too. */
function customOf({ access }: Viewer, type: RecordType, kept: Values): Values {
  const open = access
    .shownCustom(type, false)
    .filter(
      ({ custom, masked }) =>
        !masked && !custom.unique && !custom.deprecated && access.mayWriteCustom(type, custom.name),
    )
  return customValues(kept, open)
}

function asInput(field: Field, value: unknown, record: Values): unknown {
  if (field.kind === 'money') return { amount: formatMoney(String(value)), currency: record.currency }
  return field.kind === 'id' ? idOf(field.target as string, value as string) : value
}
