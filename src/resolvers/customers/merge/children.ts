import { may } from '../../../access/decide.ts'
import { type AnyRelation, type RecordType, referencesTo } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { type ColumnRef, columnsOf, linkTypes, same, sqlFor, type Values, type WriteContext } from '../../write.ts'
import { type TableRules, tableRules, type UniqueKey } from './keys.ts'
import { MERGE_RULES } from './rules.ts'

/** A column in which records of a type, the holder, keep the id of a record that can be merged. */
export interface Holder {
  type: RecordType
  /** Name of the field, for reports. */
  field: string
  column: string
  /** Of links to records of any type. */
  any: AnyRelation | null
}

/** Everything that may hang on records of a type, from the registry: references, and links to records of any type. In one order everywhere. */
export function holdersOf(type: RecordType): Holder[] {
  const references = referencesTo(type.name).map(
    ({ type: holder, relation }): Holder => ({
      type: holder,
      field: relation.field,
      column: relation.column,
      any: null,
    }),
  )
  const links = linkTypes().map(
    (link): Holder => ({ type: link, field: 'recordId', column: link.any!.idColumn, any: link.any }),
  )
  const key = ({ type: { name }, column }: Holder) => `${name} ${column}`
  return [...references, ...links].filter((one) => !one.type.derived).sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** How many records of a type came to the survivor over a field; only those that the viewer may see are counted. */
export interface Moved {
  type: string
  field: string
  count: number
}

/** How many went to the recycle bin because the survivor had the like. */
export interface Dropped {
  type: string
  count: number
}

/** A merge under way. Plain uuids. */
export interface Merge {
  id: string
  type: RecordType
  survivor: string
  losers: string[]
  /** How many items are written down: they are undone in the reverse order. */
  steps: number
}

/**
 * Gives the survivor all that hangs on the others, live or in the recycle bin, and writes down what it takes to give it back. What a unique index lets
 * be there only once is united in one record; the other goes to the recycle bin and stays where it was.
 */
export async function moveChildren(
  context: WriteContext,
  merge: Merge,
): Promise<{ moved: Moved[]; dropped: Dropped[] }> {
  const rules = await tableRules(context.db)
  await planForMany(context)
  const moved: Moved[] = []
  const dropped = new Map<string, string[]>()
  for (const holder of holdersOf(merge.type)) {
    const { name } = holder.type
    const gone = dropped.get(name) ?? []
    gone.push(...(await dropLoops(context, merge, holder, rules)))
    gone.push(...(await dropDoubles(context, merge, holder, rules)))
    if (gone.length > 0) dropped.set(name, gone)
    const count = await move(context, merge, holder, gone)
    if (count > 0) moved.push({ type: name, field: holder.field, count })
    await leaveOneMark(context, merge, holder)
    await settleCounting(context, merge, holder)
  }
  return {
    moved,
    dropped: [...dropped].flatMap(([type, ids]) =>
      may(context.viewer, 'read', type) ? [{ type, count: ids.length }] : [],
    ),
  }
}

/** How long one statement of a merge may take, seconds: a hundred thousand children are moved by one. */
const PATIENCE = 120

/**
 * To the end of the transaction statements may take as long as many rows take, and are planned for the rows that they have: a plan that is kept knows
 * nothing of how many ids stand in a list.
 */
export async function planForMany({ db }: Pick<WriteContext, 'db'>): Promise<void> {
  await db.rows({
    text: `SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('statement_timeout', '${PATIENCE}s', true)`,
    values: [],
  })
}

const all = ({ survivor, losers }: Merge) => [survivor, ...losers]

/** The rows of a holder, under the alias `t`, that hang on records whose ids stand in $2. */
function hanging({ column, any }: Holder, { type }: Merge): string {
  return `t.tenant_id = $1 AND t.${ident(column)} = ANY ($2::uuid[])${any ? ` AND t.${ident(any.typeColumn)} = '${type.name}'` : ''}`
}

/** Rows that would relate the survivor to itself go: where the database forbids that, it is nothing to keep. */
async function dropLoops(
  context: WriteContext,
  merge: Merge,
  holder: Holder,
  { distinct }: TableRules,
): Promise<string[]> {
  if (holder.any || holder.type === merge.type) return []
  const { table } = holder.type
  const others = referencesTo(merge.type.name).filter(
    ({ type, relation }) =>
      type === holder.type &&
      relation.column !== holder.column &&
      distinct.has(`${table} ${[relation.column, holder.column].sort().join(' ')}`),
  )
  const ids: string[] = []
  for (const { relation } of others) {
    const rows = await context.db.rows<{ id: string }>({
      text: `SELECT t.id FROM ${ident(table)} t WHERE ${hanging(holder, merge)} AND t.${ident(relation.column)} = ANY ($2::uuid[]) ORDER BY t.id`,
      values: [context.viewer.tenantId, all(merge)],
    })
    ids.push(...rows.map(({ id }) => id))
  }
  await drop(context, merge, holder.type, ids)
  return ids
}

/** Rows of which a unique index lets only one be: the survivor’s, else the first, takes over what the others say, and they go. */
async function dropDoubles(
  context: WriteContext,
  merge: Merge,
  holder: Holder,
  { keys }: TableRules,
): Promise<string[]> {
  const { type, column, any } = holder
  const gone: string[] = []
  for (const key of keys) {
    if (key.table !== type.table || !key.columns.includes(column)) continue
    const rest = key.columns.filter((one) => one !== 'tenant_id' && one !== column && one !== any?.typeColumn)
    // Where one of them is null the index lets all be.
    const there = rest.map((one) => ` AND t.${ident(one)} IS NOT NULL`).join('')
    const rows = await context.db.rows<{ id: string; kept: string }>({
      text: `SELECT id, kept FROM (
 SELECT t.id, first_value(t.id) OVER w AS kept, row_number() OVER w AS place
 FROM (SELECT * FROM ${ident(type.table)}${key.predicate ? ` WHERE tenant_id = $1 AND ${key.predicate}` : ''}) t WHERE ${hanging(holder, merge)}${there} AND t.id <> ALL ($3::uuid[])
 WINDOW w AS (PARTITION BY ${rest.length > 0 ? rest.map((one) => `t.${ident(one)}`).join(', ') : '1::integer'} ORDER BY array_position($2::uuid[], t.${ident(column)}), t.id)
) x WHERE place > 1 ORDER BY kept, place`,
      values: [context.viewer.tenantId, all(merge), gone],
    })
    if (rows.length === 0) continue
    const mark = markOf(type, key)
    if (mark) {
      await change(
        context,
        merge,
        type,
        rows.map(({ id }) => ({ id, values: { [mark.name]: false } })),
      )
      continue
    }
    const ids = rows.map(({ id }) => id)
    // First they go: what those that stay take over may be unique.
    await drop(context, merge, type, ids)
    await unite(context, merge, type, rows)
    gone.push(...ids)
  }
  return gone
}

/** The boolean field that an index is about, when it says that only one row of many may have it. */
function markOf(type: RecordType, { predicate }: UniqueKey): ColumnRef | undefined {
  const words: string[] = predicate?.match(/\w+/g) ?? []
  return [...columnsOf(type).values()].find(({ column, pgType }) => pgType === 'boolean' && words.includes(column))
}

/** Of marks that only one child may have: the survivor’s own stays, else the first. For types that keep it so by rule and not by index. */
async function leaveOneMark(context: WriteContext, merge: Merge, { type, field, column }: Holder): Promise<void> {
  for (const [name, owner] of Object.entries(MERGE_RULES[type.name]?.marks ?? {})) {
    if (owner !== field) continue
    const mark = ident(type.fields.get(name)!.column)
    const rows = await context.db.rows<{ id: string }>({
      text: `SELECT t.id FROM ${ident(type.table)} t LEFT JOIN (SELECT unnest(i.row_ids) AS id FROM merge_item i WHERE i.tenant_id = $1 AND i.merge_id = $3 AND i.kind = 'MOVED' AND i.source_table = $4 AND i.source_column = $5) came ON came.id = t.id
 WHERE t.tenant_id = $1 AND t.${ident(column)} = $2 AND t.${mark} AND t.deleted_at IS NULL ORDER BY came.id IS NOT NULL, t.id OFFSET 1`,
      values: [context.viewer.tenantId, merge.survivor, merge.id, type.table, column],
    })
    await change(
      context,
      merge,
      type,
      rows.map(({ id }) => ({ id, values: { [name]: false } })),
    )
  }
}

/** Of children of which one counts, those that a rule of their type overrules now that they all hang on one record. */
async function settleCounting(context: WriteContext, merge: Merge, { type, column }: Holder): Promise<void> {
  const rule = MERGE_RULES[type.name]?.counting
  if (!rule) return
  const rows = await context.db.rows<{ record: Values }>({
    text: `SELECT ${asRecord(type)} AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.${ident(column)} = $2 AND t.${ident(type.fields.get(rule.field)!.column)} AND t.deleted_at IS NULL ORDER BY t.id`,
    values: [context.viewer.tenantId, merge.survivor],
  })
  const overruled = rule.overruled(rows.map(({ record }) => record))
  await change(
    context,
    merge,
    type,
    overruled.map((id) => ({ id, values: { [rule.field]: false } })),
  )
}

/** All columns of a row `t` by field name, money and decimals as text: JSON numbers are floats to JavaScript. */
export function asRecord(type: RecordType): string {
  const columns = [...columnsOf(type).values()].map(({ name, column, pgType }) => {
    const exact = pgType === 'bigint' || pgType === 'numeric' ? '::text' : ''
    return `t.${ident(column)}${exact} AS ${ident(name)}`
  })
  return `(SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x)`
}

/** Writes into those that stay what those that go say and they do not. Links say nothing but what they link. */
async function unite(
  context: WriteContext,
  merge: Merge,
  type: RecordType,
  pairs: { id: string; kept: string }[],
): Promise<void> {
  const rule = MERGE_RULES[type.name]?.unite
  if (type.any && !rule) return
  const rows = await context.db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, ${asRecord(type)} AS record FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])`,
    values: [context.viewer.tenantId, pairs.flatMap(({ id, kept }) => [id, kept])],
  })
  const records = new Map(rows.map(({ id, record }) => [id, record]))
  const united = new Map<string, Values>()
  for (const { id, kept } of pairs) {
    const dropped = records.get(id) as Values
    const now = united.get(kept) ?? { ...(records.get(kept) as Values) }
    // Null may mean something to the rule: a share without an end.
    const said = rule?.(now, dropped) ?? {}
    if (now.externalId === null && dropped.externalId !== null) now.externalSource = dropped.externalSource
    for (const { name, nullable, write, target } of type.fields.values())
      if (write === 'always' && nullable && target === undefined && !Object.hasOwn(said, name))
        now[name] ??= dropped[name]
    united.set(kept, { ...now, ...said })
  }
  await change(
    context,
    merge,
    type,
    [...united].map(([id, now]) => {
      const was = records.get(id) as Values
      const values = Object.entries(now).filter(([name, value]) => !same(type.fields.get(name), was[name], value))
      return { id, values: Object.fromEntries(values) }
    }),
  )
}

/**
 * Writes values into rows of a table, and down how they were and are. For the survivor too.
 */
export async function change(
  { db, viewer }: WriteContext,
  merge: Merge,
  type: RecordType,
  rows: { id: string; values: Values }[],
): Promise<void> {
  const groups = Map.groupBy(rows, ({ values }) => Object.keys(values).sort().join())
  for (const [names, group] of groups) {
    if (names === '') continue
    const columns = names.split(',').map((name) => columnsOf(type).get(name) as ColumnRef)
    const list = columns.map(({ name, pgType }) => `, ${ident(name)} ${pgType}`).join('')
    await db.rows({
      text: `WITH x AS (SELECT * FROM json_to_recordset($2::json) AS x(id uuid${list})),
 was AS (SELECT t.id, to_jsonb(t) AS image FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id IN (SELECT id FROM x)),
 now AS (UPDATE ${ident(type.table)} t SET ${columns.map(({ name, column }) => `${ident(column)} = x.${ident(name)}`).join(', ')} FROM x WHERE t.tenant_id = $1 AND t.id = x.id RETURNING t.id, to_jsonb(t) AS image)
 INSERT INTO merge_item (tenant_id, merge_id, ordinal, kind, source_table, row_ids, columns, before, after) SELECT $1::uuid, $3::uuid, $6::integer, 'CHANGED', $4, ARRAY[was.id], $5::text[], was.image, now.image FROM was JOIN now ON now.id = was.id`,
      values: [
        viewer.tenantId,
        JSON.stringify(group.map(({ id, values }) => ({ id, ...values }))),
        merge.id,
        type.table,
        columns.map(({ column }) => column),
        merge.steps++,
      ],
    })
  }
}

/** Puts rows into the recycle bin, where they stay with the record that they hung on. */
async function drop({ db, viewer }: WriteContext, merge: Merge, type: RecordType, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  // Those that lie there already only stay.
  await db.rows({
    text: `WITH gone AS (UPDATE ${ident(type.table)} SET deleted_at = now(), deleted_by = atrium.actor_id() WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL RETURNING id)
 INSERT INTO merge_item (tenant_id, merge_id, ordinal, kind, source_table, row_ids) SELECT $1::uuid, $3::uuid, $5::integer, 'DROPPED', $4, array_agg(id ORDER BY id) FROM gone HAVING count(*) > 0`,
    values: [viewer.tenantId, ids, merge.id, type.table, merge.steps++],
  })
}

/** Gives the survivor the rows that hang on the others: one statement writes them down, one moves them. @returns how many of them the viewer may see. */
async function move(context: WriteContext, merge: Merge, holder: Holder, gone: string[]): Promise<number> {
  const { db, viewer } = context
  const { type, column } = holder
  // Of records that refer to their own kind: those that are merged stay as they were, and the survivor must not come to refer to itself.
  const aside = type === merge.type ? [...gone, ...all(merge)] : gone
  const which = `${hanging(holder, merge)} AND t.id <> ALL ($3::uuid[])`
  const kept = await db.rows<{ count: number }>({
    text: `INSERT INTO merge_item (tenant_id, merge_id, ordinal, kind, source_table, source_column, from_id, row_ids)
 SELECT $1::uuid, $4::uuid, $7::integer, 'MOVED', $5, $6, t.${ident(column)}, array_agg(t.id ORDER BY t.id) FROM ${ident(type.table)} t WHERE ${which} GROUP BY t.${ident(column)}
 RETURNING cardinality(row_ids) AS count`,
    values: [viewer.tenantId, merge.losers, aside, merge.id, type.table, column, merge.steps++],
  })
  const total = kept.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return 0
  const count = await seen(context, merge, holder, aside, total)
  await db.rows({
    text: `UPDATE ${ident(type.table)} t SET ${ident(column)} = $4::uuid WHERE ${which}`,
    values: [viewer.tenantId, merge.losers, aside, merge.survivor],
  })
  return count
}

/** How many of the rows that are about to move the viewer may see. */
async function seen(
  { db, viewer }: WriteContext,
  merge: Merge,
  holder: Holder,
  aside: string[],
  total: number,
): Promise<number> {
  if (!may(viewer, 'read', holder.type.name)) return 0
  const sql = sqlFor(viewer.tenantId)
  sql.params.add(merge.losers, 'uuid[]')
  const others = sql.params.add(aside, 'uuid[]')
  const scope = viewer.access.predicate(holder.type, 't', sql)
  if (scope === null) return total
  const [row] = await db.rows<{ count: number }>({
    text: `SELECT count(*)::integer AS count FROM ${ident(holder.type.table)} t WHERE ${hanging(holder, merge)} AND t.id <> ALL (${others}) AND ${scope}`,
    values: sql.params.values,
  })
  return row?.count ?? 0
}
