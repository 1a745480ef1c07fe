import type pg from 'pg'
import { type Field, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { ONE_OF } from './factory.ts'
import { indexes, rows } from './tables.ts'

/** Fields by which people order a list, the first of a type that it has. */
const NAMES = ['name', 'fullName', 'title', 'subject']

/** The field that lists of the type are ordered by, where it has one. Parts are listed in what they are a part of, in an order of their own. */
export function nameOf(type: RecordType): Field | undefined {
  const part = [...type.relations.values()].some((one) => one.kind === 'one' && one.part)
  return part
    ? undefined
    : NAMES.map((name) => type.fields.get(name)).find((field) => field?.sort && field.kind === 'text')
}

/** Types after those that their records cannot be without. */
function inOrder(): RecordType[] {
  const order: RecordType[] = []
  const add = (type: RecordType) => {
    if (order.includes(type)) return
    for (const one of type.relations.values()) {
      const needed = one.kind === 'one' && !type.fields.get(one.field)?.nullable
      if (needed && one.target !== type.name) add(recordType(one.target))
    }
    order.push(type)
  }
  for (const type of recordTypes()) add(type)
  return order
}

/**
 * Copies one record of each type `times` over within the tenant, so that the planner has something to choose for: unique texts and names told apart by a
 * number, references spread over all records of their type. Needs one record of each type. Writes no changes; as the owner.
 */
export async function crowd(owner: pg.Client, tenant: string, times: number): Promise<void> {
  const all = await indexes(owner)
  // Statement by statement and not in one transaction: an open writer holds back the numbers of changes in every database of the server.
  await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenant])
  const types = inOrder()
  const originals = new Map<string, string[]>()
  for (const type of types) {
    const told = new Set(
      all
        .filter(({ table, unique, primary }) => table === type.table && unique && !primary)
        .flatMap(({ columns }) => columns),
    )
    const name = nameOf(type)
    if (name) told.add(name.column)
    const ways = new Map(
      [...type.relations.values()].flatMap((one) =>
        one.kind === 'one' ? [[one.column, recordType(one.target).table]] : [],
      ),
    )
    const columns = await rows<{ name: string; type: string }>(
      owner,
      `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
      [type.table],
    )
    const value = (column: { name: string; type: string }) => {
      const own = `b."${column.name}"`
      if (column.name === 'id') return 'atrium.uuid7()'
      // Of several references to one type each starts at another record: nothing is related to itself.
      if (ways.has(column.name)) {
        const alike = [...ways].filter(([, table]) => table === ways.get(column.name)).map(([name]) => name)
        return `CASE WHEN ${own} IS NULL THEN NULL ELSE "t_${column.name}".ids[1 + (n - 1 + ${alike.indexOf(column.name)}) % cardinality("t_${column.name}".ids)] END`
      }
      // What a link points at is kept by no key of the database.
      if (column.name === 'record_id') return `CASE WHEN ${own} IS NULL THEN NULL ELSE atrium.uuid7() END`
      if (!told.has(column.name) || column.name === 'tenant_id') return own
      // Of an object there is one default pool, one rule of numbers in use; what objects there are is fixed.
      if (column.name === 'object' && ['Pool', 'NumberRule'].includes(type.name)) return own
      // Only some texts are values of these.
      if ([...type.fields.values()].some((field) => field.column === column.name && field.kind === 'choice')) return own
      // Three letters that are no currency's: of those with a Q there is the QAR alone.
      if (type.name === 'Currency' && column.name === 'code')
        return `'Q' || chr(65 + (n + 26) / 26 % 26) || chr(65 + n % 26)`
      if (type.name === 'ExchangeRate' && column.name === 'base_currency') return own
      if (column.type === 'date' && type.name !== 'PriceBookEntry') return `(${own} + make_interval(months => n))::date`
      if (column.name === 'currency') return own
      // Of hexadecimal digits.
      if (column.name === 'token') return 'md5(n::text)'
      if (column.type === 'text' && column.name !== 'object_type' && column.name !== 'external_source')
        return `${own} || lpad(n::text, 6, '0')`
      if (column.type === 'bytea') return `sha256(convert_to(n::text, 'UTF8'))`
      return own
    }
    // The copies first: a pair of them is never the pair that is copied.
    const targets = [...ways].map(
      ([column, table]) => `(SELECT array_agg(id ORDER BY id DESC) AS ids FROM ${table}) "t_${column}"`,
    )
    const [before] = await rows<{ ids: string[] }>(owner, `SELECT array_agg(id) AS ids FROM ${type.table}`)
    originals.set(type.name, before?.ids ?? [])
    await owner.query(`ALTER TABLE ${type.table} DISABLE TRIGGER USER`)
    await owner.query(
      `INSERT INTO ${type.table} (${columns.map((one) => `"${one.name}"`).join()}) SELECT ${columns.map(value).join()}
       FROM ${[`(SELECT * FROM ${type.table} ORDER BY id DESC LIMIT 1) b`, ...targets, `generate_series(1, ${times}) n`].join(', ')}`,
    )
  }
  // References whose targets were copied later than they were.
  for (const type of types) {
    const unique = new Set(
      all.filter((index) => index.table === type.table && index.unique).flatMap(({ columns }) => columns),
    )
    const sets = new Map<string, string>()
    let pools: string | undefined
    for (const one of type.relations.values()) {
      if (one.kind !== 'one' || !type.fields.get(one.field)?.nullable || unique.has(one.column)) continue
      // A deal waits for a move with what the move takes along.
      if (one.column === 'pending_stage_id') continue
      const ids = `(SELECT array_agg(id ORDER BY id) FROM ${recordType(one.target).table})`
      const next = `NULLIF((${ids})[1 + n % cardinality(${ids})], t.id)`
      // What lies in a pool has no owner: every tenth one.
      if (one.target === 'Pool' && type.owners.length > 0) pools = one.column
      // Of references of which a record has one, or whose presence another field says, the one that it has goes elsewhere.
      const kept = ONE_OF[type.name]?.includes(one.field) || ['FeedPost', 'Suppression'].includes(type.name)
      sets.set(one.column, kept ? `CASE WHEN t."${one.column}" IS NOT NULL THEN ${next} END` : next)
    }
    if (pools) {
      sets.set(pools, `CASE WHEN n % 10 = 0 THEN ${sets.get(pools)} ELSE t."${pools}" END`)
      sets.set('owner_id', `CASE WHEN n % 10 <> 0 THEN ${sets.get('owner_id') ?? 't.owner_id'} END`)
    }
    // All of them at once: each row is written once, and its entries in each index.
    if (sets.size > 0)
      await owner.query(
        `WITH place AS (SELECT id, 1 + row_number() OVER (ORDER BY id) AS n FROM ${type.table} WHERE id <> ALL ($1::uuid[]))
         UPDATE ${type.table} t SET ${[...sets].map(([column, value]) => `"${column}" = ${value}`).join()}
         FROM place WHERE place.id = t.id`,
        [originals.get(type.name)],
      )
    await owner.query(`ALTER TABLE ${type.table} ENABLE TRIGGER USER`)
  }
  await owner.query('ANALYZE')
}
