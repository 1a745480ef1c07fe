import type { Reader } from '../../../tenancy/tenancy.ts'

/** A unique index of a table: its columns, and the condition on rows that it holds for, in terms of bare columns. */
export interface UniqueKey {
  table: string
  columns: string[]
  predicate: string | null
}

/** What the database itself says about the rows of record tables that a merge moves. */
export interface TableRules {
  keys: UniqueKey[]
  /** Pairs of columns that must not hold the same, `table a b`: nothing is related to itself. */
  distinct: Set<string>
}

// The migrations are done before a process serves, so what the catalogue says does not change while it lives.
let known: Promise<TableRules> | null = null

/** The unique indexes and the pairs, read from the catalogue once per process. */
export function tableRules(db: Reader): Promise<TableRules> {
  known ??= read(db).catch((error: unknown) => {
    known = null
    throw error
  })
  return known
}

async function read(db: Reader): Promise<TableRules> {
  const keys = await db.rows<UniqueKey>({
    text: `SELECT c.relname AS table, pg_get_expr(i.indpred, i.indrelid) AS predicate,
 ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) place JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[place] AND a.attnum > 0 ORDER BY place) AS columns
 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT i.indisprimary ORDER BY i.indexrelid`,
    values: [],
  })
  const pairs = await db.rows<{ pair: string }>({
    text: `SELECT c.relname || ' ' || string_agg(a.attname::text, ' ' ORDER BY a.attname::text) AS pair
 FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
 WHERE k.contype = 'c' AND cardinality(k.conkey) = 2 AND c.relnamespace = 'public'::regnamespace AND pg_get_constraintdef(k.oid) ~ '^CHECK \\(\\(\\w+ <> \\w+\\)\\)$'
 GROUP BY k.oid, c.relname`,
    values: [],
  })
  return { keys, distinct: new Set(pairs.map(({ pair }) => pair)) }
}
