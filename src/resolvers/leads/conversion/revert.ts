import { may } from '../../../access/decide.ts'
import { type UserErrorInfo, UserErrors } from '../../../errors.ts'
import { fieldOf, partOf, type RecordType, recordType, recordTypes, referencesTo } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { NO_ID, uuidOf } from '../../../read/values.ts'
import { deleteRecords, lockTargets, updateRecords, type Written } from '../../records.ts'
import { markDeleted } from '../../removal.ts'
import {
  type Change,
  forbidden,
  type Input,
  linkTypes,
  same,
  sqlFor,
  type Values,
  type WriteContext,
} from '../../write.ts'
import type { Trace } from './convert.ts'
import { emptiedCustom } from './customMapping.ts'
import { returnLinks } from './links.ts'
import { asInput, type Target } from './mapping.ts'

/** What a revert asks, as clients write it. */
export interface Reversion {
  leadId: string
  /** Also when what was made has been changed since. */
  force?: boolean | null
  expectedVersion?: number | null
}

interface Conversion {
  id: string
  accountId: string | null
  contactId: string | null
  opportunityId: string | null
  accountMade: boolean
  contactMade: boolean
  formerStatus: string
  /** When it was made: what else carries this moment was made with it, in its transaction. */
  madeAt: string
  late: boolean
  revertibleUntil: string
  trace: Trace
}

/** A record that a conversion made and that is still there. */
interface Made {
  type: RecordType
  id: string
}

const LEAD = ['leadId']

/**
 * Undoes the conversion of a lead (spec/domain.md 3.3): what it made goes to the recycle bin, what it linked gets back the fields that it filled and
 * that still hold what it wrote, links return, and the lead has its former status.
 *
 * Errors: NOT_FOUND, FORBIDDEN, STALE_VERSION also for made records that were changed since (`details.changed`; `force` overrides), INVALID_STATE for a
 * lead that is not converted, was entered converted, or whose time is over, and for a deal that is closed, REFERENCE_IN_USE when what was made has children.
 *
 * @returns the lead's uuid.
 * @throws UserErrors, which undoes what was written.
 */
export async function revertConversion(
  context: WriteContext,
  { leadId, force, expectedVersion }: Reversion,
): Promise<Written> {
  const { db, viewer } = context
  const [locked] = await lockTargets(
    context,
    recordType('Lead'),
    [{ id: uuidOf('Lead', leadId) ?? NO_ID, expectedVersion: expectedVersion ?? null }],
    { action: 'convert', pathOf: () => ['id'] },
  )
  const { before, errors, id } = locked as Change
  for (const error of errors) if (error.field?.[0] === 'id') error.field = LEAD
  if (!before || errors.length > 0) return { id: null, errors }
  const conversion = before.conversionId ? await conversionOf(context, before.conversionId as string) : null
  const problem = stateProblem(before, conversion)
  if (!conversion || problem) return { id: null, errors: problem ? [problem] : [] }
  const made = await madeRecords(context, conversion)
  const refused = [
    ...rightsMissing(context, made, conversion),
    ...(await closed(context, made)),
    ...(await children(context, id, made, conversion)),
    ...(force ? [] : await changedSince(context, made, conversion)),
  ]
  if (refused.length > 0) return { id: null, errors: refused }
  await db.rows({ text: `SELECT set_config('app.ownership_reason', 'CONVERT', true)`, values: [] })
  await returnLinks(context, id, conversion.trace.links)
  // The deal before its company, which must not go before it.
  for (const { type, id: one } of made) raise(await deleteRecords(context, type, [{ id: one }], { pathOf: () => LEAD }))
  await separate(context, conversion)
  for (const target of ['Account', 'Contact'] as const) await empty(context, target, conversion)
  await db.rows({
    text: 'UPDATE lead_conversion SET reverted_at = now(), reverted_by = $3::uuid WHERE tenant_id = $1 AND id = $2::uuid',
    values: [viewer.tenantId, conversion.id, viewer.userId],
  })
  await reopen(context, id, conversion)
  await db.rows({ text: `SELECT set_config('app.ownership_reason', '', true)`, values: [] })
  return { id, errors: [], changed: true }
}

/** Undoes everything when a record could not be written. */
function raise(written: Written[]): void {
  const errors = written.flatMap((one) => one.errors)
  if (errors.length > 0) throw new UserErrors(errors.map((error) => ({ ...error, field: LEAD })))
}

async function conversionOf({ db, viewer }: WriteContext, id: string): Promise<Conversion | null> {
  const [row] = await db.rows<Conversion>({
    text: `SELECT id, account_id AS "accountId", contact_id AS "contactId", opportunity_id AS "opportunityId", account_made AS "accountMade", contact_made AS "contactMade",
 former_status AS "formerStatus", created_at::text AS "madeAt", revertible_until < now() AS late, to_json(revertible_until) #>> '{}' AS "revertibleUntil", trace
 FROM lead_conversion WHERE tenant_id = $1 AND id = $2::uuid`,
    values: [viewer.tenantId, id],
  })
  return row ?? null
}

function stateProblem(lead: Values, conversion: Conversion | null): UserErrorInfo | null {
  const refuse = (message: string, details: object): UserErrorInfo => ({
    code: 'INVALID_STATE',
    message,
    field: LEAD,
    details,
  })
  if (lead.status !== 'CONVERTED')
    return refuse('The lead is not converted.', { from: lead.status, allowed: ['CONVERTED'] })
  if (!conversion)
    return refuse('The lead was entered converted: there is no conversion to undo.', { from: 'CONVERTED', allowed: [] })
  if (!conversion.late) return null
  const until = new Date(conversion.revertibleUntil).toISOString()
  return refuse('The conversion is too old to be undone.', { from: 'CONVERTED', allowed: [], until })
}

/** What was made and is not in the recycle bin, locked, in the order in which it goes. */
async function madeRecords({ db, viewer }: WriteContext, conversion: Conversion): Promise<Made[]> {
  const { accountId, contactId, opportunityId, accountMade, contactMade } = conversion
  const all: [Target, string | null][] = [
    ['Account', accountMade ? accountId : null],
    ['Contact', contactMade ? contactId : null],
    ['Opportunity', opportunityId],
  ]
  const made: Made[] = []
  for (const [name, id] of all) {
    if (!id) continue
    const type = recordType(name)
    const rows = await db.rows({
      text: `SELECT 1 FROM ${ident(type.table)} WHERE tenant_id = $1 AND id = $2::uuid AND deleted_at IS NULL FOR UPDATE`,
      values: [viewer.tenantId, id],
    })
    if (rows.length > 0) made.push({ type, id })
  }
  return made.reverse()
}

function rightsMissing({ viewer }: WriteContext, made: Made[], conversion: Conversion): UserErrorInfo[] {
  const filled = Object.keys(conversion.trace.filled)
  return [
    ...made.flatMap(({ type }) => (may(viewer, 'delete', type.name) ? [] : [forbidden(`${type.name}.delete`, LEAD)])),
    ...filled.flatMap((name) => (may(viewer, 'update', name) ? [] : [forbidden(`${name}.update`, LEAD)])),
  ]
}

/** A deal that was won or lost since is no mistake to be undone. */
async function closed({ db, viewer }: WriteContext, made: Made[]): Promise<UserErrorInfo[]> {
  const deal = made.find(({ type }) => type.name === 'Opportunity')
  if (!deal) return []
  const [row] = await db.rows<{ status: string }>({
    text: 'SELECT status FROM opportunity WHERE tenant_id = $1 AND id = $2::uuid',
    values: [viewer.tenantId, deal.id],
  })
  if (row?.status === 'OPEN') return []
  return [
    {
      code: 'INVALID_STATE',
      message: 'The opportunity is closed.',
      field: LEAD,
      details: { from: row?.status, allowed: ['OPEN'] },
    },
  ]
}

/** Live records of other types that refer to a record: the type, who holds it, in which column, and the condition that it is a link to that type. */
function holders(made: Made): { type: RecordType; field: string; column: string; only: string }[] {
  const ones = referencesTo(made.type.name).flatMap(({ type, relation }) =>
    // What is kept by the server alone, a history, is nobody's own record.
    type.operations.size > 0 ? [{ type, field: relation.field, column: relation.column, only: '' }] : [],
  )
  const links = linkTypes().flatMap((type) =>
    type.settings || type.operations.size === 0
      ? []
      : [
          {
            type,
            field: 'recordId',
            column: type.any!.idColumn,
            only: ` AND h.${ident(type.any!.typeColumn)} = '${made.type.name}'`,
          },
        ],
  )
  return [...ones, ...links]
}

/** REFERENCE_IN_USE when others than those that came with the conversion refer to what it made; counted where the viewer may see them. */
async function children(
  { db, viewer }: WriteContext,
  leadId: string,
  made: Made[],
  { madeAt, accountId, trace }: Conversion,
): Promise<UserErrorInfo[]> {
  const found = new Map<string, { type: string; field: string; count: number }>()
  let others = false
  for (const one of made) {
    for (const { type, field, column, only } of holders(one)) {
      const sql = sqlFor(viewer.tenantId)
      const add = sql.params.add.bind(sql.params)
      const scope = may(viewer, 'read', type.name) ? viewer.access.predicate(type, 'h', sql) : 'false'
      // The lead, what was made with it, the linked company that got the person to talk to first, and links that it took from the lead.
      const own = [
        leadId,
        ...made.map(({ id }) => id),
        ...(accountId && trace.filled.Account?.[field] ? [accountId] : []),
        ...(trace.links.moved[type.name] ?? []),
      ]
      const [row] = await db.rows<{ seen: number; count: number }>({
        text: `SELECT (count(*)${scope ? ` FILTER (WHERE ${scope})` : ''})::integer AS seen, count(*)::integer AS count FROM ${ident(type.table)} h
 WHERE h.tenant_id = $1 AND h.${ident(column)} = ${add(one.id, 'uuid')}${only} AND h.deleted_at IS NULL AND h.created_at <> ${add(madeAt, 'timestamptz(3)')} AND NOT h.id = ANY (${add(own, 'uuid[]')})`,
        values: sql.params.values,
      })
      const { seen, count } = row as { seen: number; count: number }
      if (seen > 0) {
        const key = `${type.name} ${field}`
        found.set(key, { type: type.name, field, count: (found.get(key)?.count ?? 0) + seen })
      }
      others ||= seen !== count
    }
  }
  const refs = [...found.values()]
  if (refs.length === 0 && !others) return []
  const named = [
    ...refs.map(({ type, count }) => `${count} ${type}`),
    ...(others ? ['records that you may not see'] : []),
  ]
  return [
    {
      code: 'REFERENCE_IN_USE',
      message: `${named.join(', ')} refer to what the conversion made.`,
      field: LEAD,
      details: { refs, ...(others ? { others } : {}) },
    },
  ]
}

/** Kept by what happens around a record, not by somebody who works on it. */
const KEPT = ['lastActivityAt']

/** STALE_VERSION when somebody has changed what was made, or the parts that it was made with: their work would go to the recycle bin with it. */
async function changedSince(
  { db, viewer }: WriteContext,
  made: Made[],
  { madeAt }: Conversion,
): Promise<UserErrorInfo[]> {
  const changed: { type: string; fields: string[] }[] = []
  for (const { type, id } of made) {
    const rows = await db.rows<{ column: string }>({
      text: `SELECT DISTINCT unnest(changed_fields) AS column FROM change WHERE tenant_id = $1 AND object = $2 AND record_id = $3::uuid AND operation = 'updated' AND at <> $4::timestamptz(3) ORDER BY 1`,
      values: [viewer.tenantId, type.table, id, madeAt],
    })
    const byColumn = new Map([...type.fields.values()].map((field) => [field.column, field]))
    const fields = rows.flatMap(({ column }) => {
      const field = byColumn.get(column)
      return field && field.write !== 'never' && !KEPT.includes(field.name) ? [field.name] : []
    })
    if (fields.length > 0)
      changed.push({ type: type.name, fields: fields.filter((name) => !viewer.access.hides(type, name)) })
    for (const part of recordTypes()) {
      const relation = partOf(part).find(({ target }) => target === type.name)
      if (!relation || part.operations.size === 0) continue
      const [row] = await db.rows<{ changed: boolean }>({
        text: `SELECT EXISTS (SELECT 1 FROM ${ident(part.table)} WHERE tenant_id = $1 AND ${ident(relation.column)} = $2::uuid AND created_at = $3::timestamptz(3) AND updated_at <> $3::timestamptz(3)) AS changed`,
        values: [viewer.tenantId, id, madeAt],
      })
      if (row?.changed) changed.push({ type: part.name, fields: [] })
    }
  }
  if (changed.length === 0) return []
  return [
    {
      code: 'STALE_VERSION',
      message: `What the conversion made was changed since: ${changed.map(({ type }) => type).join(', ')}.`,
      field: ['force'],
      details: { changed },
    },
  ]
}

/** Takes the person's place in the company back where both were there before. */
async function separate(context: WriteContext, { accountMade, contactMade, trace }: Conversion): Promise<void> {
  if (accountMade || contactMade || !trace.accountContactId) return
  await markDeleted(context, recordType('AccountContact'), [trace.accountContactId])
}

/** Takes back what was filled in a linked record, where it still holds what was written then. */
async function empty(
  context: WriteContext,
  target: Target,
  { trace, accountId, contactId }: Conversion,
): Promise<void> {
  const id = target === 'Account' ? accountId : contactId
  const filled = Object.entries(trace.filled[target] ?? {})
  if (!id || filled.length === 0) return
  const type = recordType(target)
  const [locked] = await lockTargets(context, type, [{ id }], { action: 'update', pathOf: () => LEAD })
  const { before, errors } = locked as Change
  // One that has gone meanwhile needs nothing back.
  if (errors.some(({ code }) => code === 'NOT_FOUND')) return
  if (!before) throw new UserErrors(errors.map((error) => ({ ...error, field: LEAD })))
  const currency = trace.filled[target]?.currency?.[0] ?? before.currency
  const input: Input = {}
  for (const [name, [was, now]] of filled) {
    const field = fieldOf(type, name)
    if (field.kind === 'custom') input[name] = emptiedCustom(context.viewer, target, before, [was, now])
    else if (same(field, before[name], now)) input[name] = asInput(field, was, currency)
  }
  raise(await updateRecords(context, type, [{ id, input }], { pathOf: () => LEAD }))
}

/** The lead as it was, in its pool if it came from one. */
async function reopen({ db, viewer }: WriteContext, id: string, { formerStatus, trace }: Conversion): Promise<void> {
  const ownerless = Object.hasOwn(trace.lead, 'ownerId')
  const pool = recordType('Lead').fields.get('poolId')
  const back = ownerless
    ? `, owner_id = NULL, assigned_at = NULL${pool ? `, ${ident(pool.column)} = $4::uuid` : ''}`
    : ''
  await db.rows({
    text: `UPDATE lead SET status = $3, converted_at = NULL, converted_by = NULL, converted_account_id = NULL, converted_contact_id = NULL,
 converted_opportunity_id = NULL, conversion_id = NULL${back} WHERE tenant_id = $1 AND id = $2::uuid`,
    values: [viewer.tenantId, id, formerStatus, ...(ownerless && pool ? [trace.lead.poolId ?? null] : [])],
  })
}
