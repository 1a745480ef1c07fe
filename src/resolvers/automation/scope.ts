import type { Viewer } from '../../context.ts'
import { decodeId } from '../../ids.ts'
import { type Field, type RecordType, recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { ANY, formatMoney, idOf, maskText } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { todayIn } from '../checks.ts'
import { sqlFor, type Values } from '../write.ts'
import { namesIn } from './template.ts'

/** Relations that a template follows from the record: record.account.owner.name has two. */
const DEPTH = 3

interface About {
  workflow: { id: string; name: string }
  run: { id: string }
  recordId: string | null
  payload: unknown
  now: Date
}

/** What the templates of a value can name, as far as they do: the record as its viewer sees it, what a webhook sent, the moment. */
export async function scopeFor(
  db: Reader,
  viewer: Viewer,
  value: unknown,
  { workflow, run, recordId, payload, now }: About,
): Promise<Record<string, unknown>> {
  const named = namesIn(value).flatMap(([root, ...rest]) => (root === 'record' ? [rest] : []))
  const target = recordId && named.length > 0 ? targetOf(recordId) : null
  return {
    workflow,
    run,
    payload,
    now: now.toISOString(),
    today: todayIn(viewer.timezone, now),
    record: target ? await recordFor(db, viewer, target.type, target.uuid, named, DEPTH) : null,
  }
}

/** The type and uuid of a client's id; null for what is none. */
export function targetOf(id: string): { type: RecordType; uuid: string } | null {
  const decoded = decodeId(id)
  const type = decoded ? recordTypeOfPrefix(decoded.prefix) : undefined
  return decoded && type ? { type, uuid: decoded.uuid } : null
}

/** A record as a viewer may see it, by field name, with what paths over relations name; null out of their sight. It may lie in the recycle bin. */
async function recordFor(
  db: Reader,
  viewer: Viewer,
  type: RecordType,
  uuid: string,
  paths: string[][],
  depth: number,
): Promise<Values | null> {
  if (!viewer.access.may('read', type.name)) return null
  const { access, tenantId } = viewer
  const sql = sqlFor(tenantId)
  const id = sql.params.add(uuid, 'uuid')
  const seen = access.predicate(type, 't', sql)
  const fields = [...type.fields.values()].filter(
    ({ name, kind, target }) => target !== ANY && kind !== 'custom' && !access.hides(type, name),
  )
  const columns = fields.map(({ name, column, kind }) => {
    // JSON numbers are floats to JavaScript.
    const value = `t.${ident(column)}${kind === 'money' || kind === 'decimal' ? '::text' : ''}`
    const withheld = access.withheld(type, name, 't', sql)
    return `${withheld ? `CASE WHEN NOT ${withheld} THEN ${value} END` : value} AS ${ident(name)}`
  })
  const open = access.shownCustom(type, false).filter(({ masked }) => !masked)
  if (open.length > 0) columns.push('t.custom_fields AS "customFields"')
  const [row] = await db.rows<{ record: Values }>({
    text: `SELECT (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ${id}${seen ? ` AND ${seen}` : ''}`,
    values: sql.params.values,
  })
  if (!row) return null
  const shown: Values = Object.fromEntries(
    fields.map((field) => [field.name, shownAs(viewer, type, field, row.record)]),
  )
  if (open.length > 0) {
    const custom = row.record.customFields as Values
    shown.customFields = Object.fromEntries(open.map(({ custom: { name } }) => [name, custom[name] ?? null]))
  }
  for (const [name, further] of Map.groupBy(paths, ([first]) => first)) {
    const relation = type.relations.get(name ?? '')
    if (relation?.kind !== 'one' || depth === 0) continue
    const other = row.record[relation.field]
    const rest = further.map(([, ...tail]) => tail)
    shown[relation.name] =
      typeof other === 'string'
        ? await recordFor(db, viewer, recordType(relation.target), other, rest, depth - 1)
        : null
  }
  return shown
}

function shownAs({ access }: Viewer, type: RecordType, { name, kind, target }: Field, record: Values): unknown {
  const value = record[name]
  if (value === null || value === undefined) return null
  if (kind === 'id') return idOf(target ?? type.name, value as string)
  if (kind === 'money') return { amount: formatMoney(String(value)), currency: record.currency ?? null }
  return typeof value === 'string' && access.masks(type, name, false) ? maskText(kind, value) : value
}
