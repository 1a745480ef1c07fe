import { recordType } from '../../src/read/recordType.ts'
import { holdersOf } from '../../src/resolvers/customers/merge/children.ts'
import type { Any, Company } from './app.ts'
import { camel, creatable, make } from './factory.ts'
import { OWN, type Owner, uuidIn } from './owner.ts'

/** The mutation that merges records of a type. */
export const mergeOf = (type: string, select = 'id') => `mutation($input: MergeInput!) {
  done: merge${type}s(input: $input) {
    record: ${camel(type)} { ${select} } mergedIds moved { type field count } dropped { type count } dryRun
    merge { id object survivorId mergedIds undoableUntil undoneAt moved { type count } fieldSource { field id } }
    userErrors { code field message details }
  } }`

const UNDO = `mutation($id: ID!, $force: Boolean) { done: undoMerge(id: $id, force: $force) {
  merge { id undoneAt } survivor { id } restoredIds keptFields userErrors { code field message details } } }`

type Caller = Pick<Company, 'run'>

/** Merges records and gives the payload. */
export async function merge(who: Caller, type: string, input: Record<string, unknown>, select?: string): Promise<Any> {
  return (await who.run<Any>(mergeOf(type, select), { input })).done
}

/** Merges records; fails with its user errors. */
export async function merged(
  who: Caller,
  type: string,
  ids: string[],
  more: Record<string, unknown> = {},
): Promise<Any> {
  const done = await merge(who, type, { ids, ...more })
  if (!done.merge) throw new Error(`merge${type}s → ${JSON.stringify(done.userErrors)}`)
  return done
}

/** Undoes a merge and gives the payload. */
export async function undo(who: Caller, id: string, force?: boolean): Promise<Any> {
  return (await who.run<Any>(UNDO, { id, force })).done
}

/** `CODE path` of user errors. */
export const codes = ({ userErrors }: Any): string[] =>
  userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.')}`)

/** Tables whose rows tell what was done, and are none of the company's records. */
const HISTORY = [
  'change',
  'change_commit',
  'change_counter',
  'idempotency_record',
  'merge_record',
  'merge_item',
  'api_key_use',
  // Follow from the records by triggers, row by row anew.
  'todo_item',
  // Follows from account.domains by trigger, row by row anew.
  'account_domain',
]

/** Every column of every row of a company, by table and id; but what counts and dates writes. */
export async function everything(owner: Owner): Promise<Record<string, Record<string, Any>>> {
  const tables = await owner.rows<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
     AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) ORDER BY 1`,
  )
  const all: Record<string, Record<string, Any>> = {}
  for (const { name } of tables) {
    if (HISTORY.includes(name)) continue
    const rows = await owner.rows<{ id: string; row: Any }>(
      `SELECT coalesce(to_jsonb(t) ->> 'id', t::text) AS id, to_jsonb(t) - ARRAY['version', 'updated_at', 'updated_by'] AS row FROM "${name}" t WHERE ${OWN} ORDER BY 1`,
    )
    all[name] = Object.fromEntries(rows.map(({ id, row }) => [id, row]))
  }
  return all
}

/** Hangs one child on a record over each way that the registry knows; those that no client makes are written by the owner. Gives their ids by table and column. */
export async function hangAll(
  company: Company,
  owner: Owner,
  typeName: string,
  id: string,
): Promise<Record<string, string>> {
  const made: Record<string, string> = {}
  for (const { type, field, column, any } of holdersOf(recordType(typeName))) {
    // What was merged before is told of by a test of its own.
    if (field === 'mergedIntoId' || !creatable(type)) continue
    const written = any !== null || type.fields.get(field)?.write !== 'never'
    const child = await make(company, type.name, written ? { [field]: id } : {})
    if (!written)
      await owner.rows(
        `UPDATE "${type.table}" SET "${column}" = $1 WHERE ${OWN} AND id = $2`,
        uuidIn(id),
        uuidIn(child.id),
      )
    made[`${type.table}.${column}`] = child.id
  }
  return made
}
