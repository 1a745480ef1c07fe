import { LRUCache } from 'lru-cache'
import type { Viewer } from '../../../context.ts'
import { type Field, fieldOf, type RecordType, type Relation, recordType } from '../../../read/recordType.ts'
import { ident } from '../../../read/sql.ts'
import { PG_TYPE, parseMoney } from '../../../read/values.ts'
import { lockTenant } from '../../../resolvers/checks.ts'
import { normalise } from '../../../resolvers/normalise.ts'
import { createRecords } from '../../../resolvers/records.ts'
import type { WriteContext } from '../../../resolvers/write.ts'
import type { ImportReference } from '../values.ts'
import { conditionField } from './check.ts'

/** The uuid that a reference means, or why it means none. */
export type Answer = { id: string } | { code: string; message: string }

export interface Answers {
  /** The answer to one of the references that were asked for. */
  of(reference: ImportReference): Answer
  /** Remembers what was found; to be called when the transaction is committed, not before. */
  keep(): void
}

export interface References {
  /** Looks references up, one statement for each kind, and makes the missing ones that may be made. */
  find(context: WriteContext, references: ImportReference[]): Promise<Answers>
  /** Forgets all records, because one of them has turned out to be gone. */
  forget(): void
}

/** Characters of the values whose records are remembered from batch to batch: some ten thousand names. */
const REMEMBERED = 4 * 1024 * 1024

type Kind = Pick<ImportReference, 'type' | 'by' | 'where' | 'create'>
interface Asked {
  reference: ImportReference
  /** What the column holds; undefined for a text that it cannot hold. */
  value: unknown
}

/** Finds the records that an import refers to by another field than the id. Only live records of the tenant count. */
export function createReferences(): References {
  const known = new LRUCache<string, string>({ maxSize: REMEMBERED, sizeCalculation: (_id, key) => key.length + 64 })

  return {
    forget: () => known.clear(),
    async find(context, references) {
      const answers = new Map<string, Answer>()
      const groups = new Map<string, { kind: Kind; asked: Map<string, Asked> }>()
      for (const reference of references) {
        const key = keyOf(reference)
        if (answers.has(key)) continue
        const id = known.get(key)
        if (id) {
          answers.set(key, { id })
          continue
        }
        const kind = kindOf(reference)
        const group = groups.get(kind) ?? { kind: reference, asked: new Map<string, Asked>() }
        const field = fieldOf(recordType(reference.type), reference.by)
        group.asked.set(key, { reference, value: columnValue(field, reference.value, context.viewer) })
        answers.set(key, notFound(reference))
        groups.set(kind, group)
      }
      for (const { kind, asked } of groups.values()) {
        await lookUp(context, kind, asked, answers)
        if (kind.create) await make(context, kind, asked, answers)
      }
      return {
        of: (reference) => answers.get(keyOf(reference))!,
        keep() {
          for (const [key, answer] of answers) if ('id' in answer) known.set(key, answer.id)
        },
      }
    },
  }
}

/** Texts of conditions, which the references of a mapping share. */
const conditions = new WeakMap<object, string>()

/** References of one kind are looked up together. */
function kindOf({ type, by, where, create }: Kind): string {
  if (!where) return `${type}.${by}${create ? '+' : ''}`
  let text = conditions.get(where)
  if (text === undefined) {
    text = JSON.stringify(where)
    conditions.set(where, text)
  }
  return `${type}.${by}${create ? '+' : ''} ${text}`
}

function keyOf(reference: ImportReference): string {
  return `${kindOf(reference)}\n${reference.value}`
}

function notFound({ type, by, where }: Kind): Answer {
  const also = where ? ' and fulfils the conditions' : ''
  return { code: 'REFERENCE_NOT_FOUND', message: `There is no ${type} whose ${by} is this value${also}.` }
}

/** A value of the file, or of a condition, as the column holds it; undefined when it cannot hold such a value. */
function columnValue(field: Field, value: string | number | boolean, viewer: Viewer): unknown {
  if (field.kind === 'money') return parseMoney(String(value))?.toString()
  let typed = value
  if (field.kind === 'int' && typeof value === 'string' && /^-?\d{1,10}$/.test(value)) typed = Number(value)
  if (field.kind === 'boolean' && (value === 'true' || value === 'false')) typed = value === 'true'
  const result = normalise(field, typed, viewer)
  return 'rule' in result || result.ok === null ? undefined : result.ok
}

/** One statement for all values of a kind. Several records with one value are an answer too, never a choice among them. */
async function lookUp(
  { db, viewer }: WriteContext,
  kind: Kind,
  asked: Map<string, Asked>,
  answers: Map<string, Answer>,
): Promise<void> {
  const open = [...asked].filter(([key, { value }]) => isMissing(answers.get(key)) && value !== undefined)
  if (open.length === 0) return
  const type = recordType(kind.type)
  const by = fieldOf(type, kind.by)
  const values: unknown[] = [viewer.tenantId, JSON.stringify(open.map(([, { value }], place) => ({ place, value })))]
  const where = Object.entries(kind.where ?? {}).map(([name, value]) => condition(type, name, value, values, viewer))
  const rows = await db.rows<{ place: number; id: string; count: string }>({
    text: `SELECT x.place, min(t.id::text) AS id, count(*) AS count FROM json_to_recordset($2::json) AS x(place integer, value ${PG_TYPE[by.kind]})
 JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.deleted_at IS NULL AND t.${ident(by.column)} = x.value${where.join('')} GROUP BY x.place`,
    values,
  })
  for (const { place, id, count } of rows) {
    const message = `${count} records of ${kind.type} have this ${kind.by}; exactly one can be meant.`
    answers.set(open[place]![0], count === '1' ? { id } : { code: 'AMBIGUOUS_REFERENCE', message })
  }
}

function isMissing(answer: Answer | undefined): boolean {
  return answer !== undefined && 'code' in answer && answer.code === 'REFERENCE_NOT_FOUND'
}

function condition(
  type: RecordType,
  name: string,
  value: string | number | boolean,
  values: unknown[],
  viewer: Viewer,
): string {
  const field = conditionField(type, name)!
  // What no column can hold fulfils no condition: null is equal to nothing.
  values.push(columnValue(field, value, viewer) ?? null)
  const wanted = `$${values.length}::${PG_TYPE[field.kind]}`
  if (!name.includes('.')) return ` AND t.${ident(field.column)} = ${wanted}`
  const relation = type.relations.get(name.split('.')[0]!) as Relation & { kind: 'one' }
  return ` AND EXISTS (SELECT 1 FROM ${ident(recordType(relation.target).table)} r WHERE r.tenant_id = $1 AND r.deleted_at IS NULL AND r.id = t.${ident(relation.column)} AND r.${ident(field.column)} = ${wanted})`
}

/** Makes the records that are missing, by the rules of the API. */
async function make(
  context: WriteContext,
  kind: Kind,
  asked: Map<string, Asked>,
  answers: Map<string, Answer>,
): Promise<void> {
  const missing = () => [...asked].filter(([key]) => isMissing(answers.get(key)))
  if (missing().length === 0) return
  const type = recordType(kind.type)
  // Two imports at a time would make a record twice where nothing keeps the field unique.
  await lockTenant(context, `import ${kindOf(kind)}`)
  await lookUp(context, kind, asked, answers)
  // Spellings that the column holds alike are one record.
  const wanted = [...Map.groupBy(missing(), ([, { value, reference }]) => String(value ?? reference.value)).values()]
  if (wanted.length === 0) return
  const named = type.fields.get('name')?.write === 'always'
  const inputs = wanted.map((group) => {
    const { label, value } = group[0]![1].reference
    return { ...(named ? { name: label } : {}), ...kind.where, [kind.by]: value }
  })
  const written = await createRecords(context, type, inputs, { partial: true, pathOf: () => [] })
  let raced = false
  for (const [index, group] of wanted.entries()) {
    const { id, errors } = written[index]!
    if (errors.some(({ code }) => code === 'UNIQUE_VIOLATION')) raced = true
    else {
      const message = `The ${kind.type} cannot be made: ${errors.map((error) => error.message).join(' ')}`
      for (const [key] of group) answers.set(key, id ? { id } : { code: errors[0]!.code, message })
    }
  }
  // A writer that is no import was faster.
  if (raced) await lookUp(context, kind, asked, answers)
}
