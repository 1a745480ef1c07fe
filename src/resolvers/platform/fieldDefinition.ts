import { may } from '../../access/decide.ts'
import { UserErrors } from '../../errors.ts'
import {
  CUSTOM,
  type CustomField,
  type CustomOption,
  canBeUnique,
  canIndex,
  customField,
  type DefinitionRow,
  shownValue,
} from '../../read/custom.ts'
import { findRecordType, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf } from '../../read/values.ts'
import { checkScale, refuse, refuseAs } from '../checks.ts'
import { customLock, normaliseCustom } from '../customFields.ts'
import { after, type Change, idPath, type Rules, sqlFor, type Values, type WriteContext } from '../write.ts'

/** Most custom fields of one type of record. */
export const FIELDS_MAX = 200
const NAME = /^[a-z][a-zA-Z0-9]{0,39}$/
/** Type changes that lose no value and leave each as it is kept. */
const LOSSLESS: Record<string, readonly string[]> = {
  TEXT: ['LONGTEXT'],
  NUMBER: ['DECIMAL', 'PERCENT'],
  DECIMAL: ['PERCENT'],
  PERCENT: ['DECIMAL'],
  SELECT: ['TEXT', 'LONGTEXT'],
  EMAIL: ['TEXT', 'LONGTEXT'],
  PHONE: ['TEXT', 'LONGTEXT'],
  URL: ['LONGTEXT'],
}
const NUMBERS = new Set(['NUMBER', 'DECIMAL', 'PERCENT', 'CURRENCY'])
const TEXTS = new Set(['TEXT', 'LONGTEXT', 'URL'])
const CHOICES = new Set(['SELECT', 'MULTISELECT'])

/** Does a type have custom fields: its table has the column for them. */
export const hasCustomFields = (type: RecordType | undefined): type is RecordType => type?.fields.has(CUSTOM) ?? false

/** Rules of custom fields (spec/domain.md 3.9). Whoever changes one of a type holds the type's lock alone: no value is written meanwhile. */
export const fieldDefinitionRules: Rules = {
  force:
    'true: also when records have values, which is REFERENCE_IN_USE otherwise, with details.count. They stay with the records and come back with the field.',
  async write(changes, context) {
    await lockObjects(context, changes)
    await checkNumber(context, changes)
    for (const change of changes) {
      const type = findRecordType(after(change, 'object') as string)
      if (!hasCustomFields(type)) {
        refuse(change, 'object', 'unknown', 'must be the name of a type of record that has customFields')
        continue
      }
      if (change.values.pattern === '') change.values.pattern = null
      checkName(change, type)
      checkLimits(change)
      checkOptions(change)
      checkReference(change)
      if (change.errors.length > 0) continue
      // The column is the server's: the triggers go by it.
      const found = after(change, 'indexed') === true || after(change, 'unique') === true
      if (found || !change.before) change.values.stored = found
      const custom = customField(rowOf(change))
      checkIndex(change, custom)
      await checkPattern(change, context)
      checkDefault(change, custom, context)
      if (change.before && change.errors.length === 0) await checkData(change, type, custom, context)
    }
  },
  async delete(changes, context) {
    await lockObjects(context, changes)
    // What lies in the recycle bin went there knowingly; destroyed, it takes its values along.
    for (const change of changes)
      if (change.before?.deletedAt) await forgetValues(change, recordType(change.before.object as string), context)
    const live = changes.filter(({ before, input }) => !before?.deletedAt && input.force !== true)
    for (const [object, own] of Map.groupBy(live, ({ before }) => before?.object as string))
      await checkUnused(own, recordType(object), context)
  },
  async done(changes, context) {
    await checkRestored(context, changes)
    await keepValues(changes, context)
  },
}

async function lockObjects({ db, viewer }: WriteContext, changes: Change[]): Promise<void> {
  const objects = new Set(changes.map((change) => after(change, 'object')).filter((one) => typeof one === 'string'))
  for (const object of [...objects].sort())
    await db.rows({
      text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: [customLock(viewer, object as string)],
    })
}

async function checkNumber({ db, viewer }: WriteContext, changes: Change[]): Promise<void> {
  const made = changes.filter(({ before }) => !before)
  if (made.length === 0) return
  const rows = await db.rows<{ object: string; count: number }>({
    text: 'SELECT object, count(*)::integer AS count FROM field_definition WHERE tenant_id = $1 AND deleted_at IS NULL GROUP BY object',
    values: [viewer.tenantId],
  })
  const counts = new Map(rows.map(({ object, count }) => [object, count]))
  for (const change of made) {
    const object = change.values.object as string
    const current = counts.get(object) ?? 0
    counts.set(object, current + 1)
    if (current < FIELDS_MAX) continue
    refuseAs(change, 'QUOTA_EXCEEDED', 'object', `${object} has ${FIELDS_MAX} custom fields already.`, {
      limit: FIELDS_MAX,
      current,
    })
  }
}

/** What comes back from the recycle bin counts too. */
async function checkRestored({ db, viewer }: WriteContext, changes: Change[]): Promise<void> {
  for (const { before, path } of changes) {
    if (!before?.deletedAt) continue
    const [row] = await db.rows<{ count: number }>({
      text: 'SELECT count(*)::integer AS count FROM field_definition WHERE tenant_id = $1 AND object = $2 AND deleted_at IS NULL',
      values: [viewer.tenantId, before.object],
    })
    if ((row?.count ?? 0) <= FIELDS_MAX) continue
    const message = `${before.object} has ${FIELDS_MAX} custom fields already.`
    const details = { limit: FIELDS_MAX, current: FIELDS_MAX }
    throw new UserErrors([{ code: 'QUOTA_EXCEEDED', message, field: path, details }])
  }
}

function checkName(change: Change, type: RecordType): void {
  const name = change.values.apiName
  if (change.before || typeof name !== 'string') return
  const invalid = (message: string, rule: string) =>
    refuseAs(change, 'FIELD_NAME_INVALID', 'apiName', `apiName ${message}.`, { rule })
  if (!NAME.test(name)) invalid('must begin with a lower-case letter and have at most 40 letters and digits', 'pattern')
  else if (type.fields.has(name) || type.relations.has(name) || type.any?.name === name || name in Object.prototype)
    invalid(`is the name of a field of ${type.name} itself`, 'reserved')
}

function checkLimits(change: Change): void {
  const type = after(change, 'type') as string
  for (const name of ['min', 'max']) {
    checkScale(change, name, 4)
    if (change.values[name] != null && !NUMBERS.has(type)) refuse(change, name, 'type', 'is for numbers and amounts')
  }
  const [min, max] = [after(change, 'min'), after(change, 'max')]
  if (min != null && max != null && Number(min) > Number(max)) refuse(change, 'max', 'min', 'must not be less than min')
  if (change.values.maxLength != null && !TEXTS.has(type)) refuse(change, 'maxLength', 'type', 'is for texts')
  const longest = { TEXT: 255, URL: 2000 }[type]
  if (longest && Number(change.values.maxLength ?? 0) > longest)
    refuse(change, 'maxLength', 'max', `must be at most ${longest}`)
  if (change.values.pattern != null && type !== 'TEXT') refuse(change, 'pattern', 'type', 'is for TEXT')
}

function checkOptions(change: Change): void {
  const choices = CHOICES.has(after(change, 'type') as string)
  const options = (after(change, 'options') ?? []) as CustomOption[]
  if (!choices && options.length > 0) refuse(change, 'options', 'type', 'are for SELECT and MULTISELECT')
  if (choices && options.length === 0) refuse(change, 'options', 'required', 'must have at least one member')
  const seen = new Set<string>()
  options.forEach(({ value }, index) => {
    if (seen.has(value)) refuse(change, ['options', String(index), 'value'], 'once', 'stands there twice')
    seen.add(value)
  })
}

function checkReference(change: Change): void {
  const reference = after(change, 'type') === 'REFERENCE'
  const target = after(change, 'refObject')
  if (!reference && change.values.refObject != null) refuse(change, 'refObject', 'type', 'is for REFERENCE')
  if (reference && !findRecordType((target ?? '') as string))
    refuse(change, 'refObject', 'unknown', 'must be the name of a type of record')
}

function checkIndex(change: Change, custom: CustomField): void {
  if (after(change, 'indexed') === true && !canIndex(custom))
    refuse(change, 'indexed', 'type', 'is for types whose values are short and have an order')
  if (after(change, 'unique') === true && !canBeUnique(custom))
    refuse(change, 'unique', 'type', 'is for types whose values can be keys')
}

/** PostgreSQL matches without trying ways over again, except for what is refused here; repeats of repeats are refused because they grow while they are read. */
async function checkPattern(change: Change, { db }: WriteContext): Promise<void> {
  const { pattern } = change.values
  if (typeof pattern !== 'string') return
  const repeats = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, from, to]) => Number(to || from))
  if (/\\[1-9]|\(\?[^:]|^\*\*\*/.test(pattern))
    return refuse(change, 'pattern', 'pattern', 'must have no back references, look-around or options')
  if (repeats.reduce((product, one) => product * Math.max(one, 1), 1) > 1000)
    return refuse(change, 'pattern', 'pattern', 'repeats too much')
  try {
    await db.savepoint(() => db.rows({ text: `SELECT '' ~ ('^(?:' || $1::text || ')$')`, values: [pattern] }))
  } catch (error) {
    if ((error as { code?: string }).code !== '2201B') throw error
    refuse(change, 'pattern', 'pattern', 'must be a regular expression')
  }
}

/** The default as it is kept: what a record would hold. */
function checkDefault(change: Change, custom: CustomField, { viewer }: WriteContext): void {
  const given = change.values.defaultValue
  if (given === undefined || given === null || change.errors.length > 0) return
  if (['USER', 'REFERENCE', 'JSON'].includes(custom.type)) {
    refuse(change, 'defaultValue', 'type', `cannot be given for ${custom.type}`)
    return
  }
  const result = normaliseCustom(custom, given, undefined, viewer)
  if ('rule' in result) refuse(change, ['defaultValue', ...(result.path ?? [])], result.rule, result.message)
}

/** What depends on the values that are there: other types, options that are gone, uniqueness. */
async function checkData(change: Change, type: RecordType, custom: CustomField, context: WriteContext): Promise<void> {
  const { before, values } = change
  const was = before as Values
  if (values.type !== undefined && values.type !== was.type && !LOSSLESS[was.type as string]?.includes(custom.type)) {
    const count = (await countValues([custom.id], type, context)).get(custom.id)?.count
    if (count) {
      const message = `type cannot become ${custom.type}: ${count} records have values that would be lost.`
      refuseAs(change, 'FIELD_TYPE_CHANGE_UNSAFE', 'type', message, { from: was.type, to: custom.type, count })
      return
    }
  }
  if (CHOICES.has(custom.type) && values.options !== undefined) {
    const kept = new Set(custom.options.map(({ value }) => value))
    const gone = ((was.options ?? []) as CustomOption[]).map(({ value }) => value).filter((value) => !kept.has(value))
    const used = gone.length > 0 ? await countOptions(custom, type, gone, context) : []
    if (used.length > 0)
      refuseAs(
        change,
        'REFERENCE_IN_USE',
        'options',
        'options that records hold cannot be taken out; archive them instead.',
        { options: used },
      )
  }
  if (custom.unique && !was.unique) await checkDuplicates(change, custom, type, context)
}

/** Of which of the fields records, of the recycle bin too, have values, and how many; `seen`: of those, how many the viewer sees. */
async function countValues(
  ids: string[],
  type: RecordType,
  { db, viewer }: WriteContext,
): Promise<Map<string, { count: number; seen: number }>> {
  const sql = sqlFor(viewer.tenantId)
  const fields = sql.params.add(ids, 'text[]')
  const scope = may(viewer, 'read', type.name) ? viewer.access.predicate(type, 't', sql) : 'false'
  const rows = await db.rows<{ id: string; count: number; seen: number }>({
    text: `SELECT f.id, count(*)::integer AS count, count(*)${scope ? ` FILTER (WHERE ${scope})` : ''}::integer AS seen FROM unnest(${fields}) f(id) JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.custom_fields ? f.id GROUP BY f.id`,
    values: sql.params.values,
  })
  return new Map(rows.map(({ id, count, seen }) => [id, { count, seen }]))
}

async function countOptions(
  { id }: CustomField,
  type: RecordType,
  gone: string[],
  { db, viewer }: WriteContext,
): Promise<{ value: string; count: number }[]> {
  // A SELECT holds a text, a MULTISELECT a list of texts: ? finds both.
  return db.rows({
    text: `SELECT o.value, count(*)::integer AS count FROM unnest($3::text[]) o(value) JOIN ${ident(type.table)} t ON t.tenant_id = $1 AND t.custom_fields -> $2::text ? o.value GROUP BY o.value ORDER BY o.value`,
    values: [viewer.tenantId, id, gone],
  })
}

/** Most values that UNIQUE_VIOLATION shows, and most records of each. */
const SAMPLES = 5

async function checkDuplicates(
  change: Change,
  custom: CustomField,
  type: RecordType,
  { db, viewer }: WriteContext,
): Promise<void> {
  const sql = sqlFor(viewer.tenantId)
  const field = sql.params.add(custom.id, 'text')
  const scope = may(viewer, 'read', type.name) ? (viewer.access.predicate(type, 't', sql) ?? 'true') : 'false'
  const rows = await db.rows<{ value: unknown; ids: string[] | null }>({
    text: `SELECT t.custom_fields -> ${field} AS value, (array_agg(t.id ORDER BY t.id) FILTER (WHERE ${scope}))[:${SAMPLES}] AS ids FROM ${ident(type.table)} t
 WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.custom_fields ? ${field} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1`,
    values: sql.params.values,
  })
  if (rows.length === 0) return
  const samples = rows
    .filter(({ ids }) => ids && ids.length > 0)
    .slice(0, SAMPLES)
    .map(({ value, ids }) => ({
      value: shownValue(custom, value),
      ids: (ids as string[]).map((id) => idOf(type.name, id)),
    }))
  const message = `unique cannot be: ${rows.length} values stand in several records each.`
  refuseAs(change, 'UNIQUE_VIOLATION', 'unique', message, { count: rows.length, samples })
}

/** REFERENCE_IN_USE for fields that records have values of; not where force is said. */
async function checkUnused(changes: Change[], type: RecordType, context: WriteContext): Promise<void> {
  const ids = changes.filter(({ errors }) => errors.length === 0).map(({ id }) => id)
  const used = ids.length > 0 ? await countValues(ids, type, context) : new Map()
  for (const change of changes) {
    const details = used.get(change.id)
    if (!details) continue
    change.errors.push({
      code: 'REFERENCE_IN_USE',
      message: `${details.count} records have a value of it. With force it is deleted all the same, and can be restored with its values.`,
      field: idPath(change),
      details,
    })
  }
}

/** Takes the values of a field out of all records, before the field is gone for good. */
async function forgetValues({ id }: Change, type: RecordType, { db, viewer }: WriteContext): Promise<void> {
  await db.rows({
    text: `UPDATE ${ident(type.table)} t SET custom_fields = t.custom_fields - $2::text WHERE t.tenant_id = $1 AND t.custom_fields ? $2::text`,
    values: [viewer.tenantId, id],
  })
  await db.rows({
    text: 'DELETE FROM custom_value WHERE tenant_id = $1 AND field_id = $2::uuid',
    values: [viewer.tenantId, id],
  })
}

/** After definitions were written: their values stand in custom_value, or do not, as they say. Triggers keep them from here on. One that is new has none yet. */
async function keepValues(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const changed = changes.filter(({ before }) => before)
  if (changed.length === 0) return
  const { tenantId } = viewer
  const rows = await db.rows<{ id: string; object: string; live: boolean; stored: boolean; unique: boolean }>({
    text: 'SELECT id, object, deleted_at IS NULL AS live, is_stored AS stored, is_unique AS "unique" FROM field_definition WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
    values: [tenantId, changed.map(({ id }) => id)],
  })
  const found = new Map(rows.map((row) => [row.id, row]))
  const gone: string[] = []
  for (const { id, before } of changed) {
    const now = found.get(id)
    const was = !before?.deletedAt && before?.stored === true
    if (!now?.live || !now.stored) {
      if (was) gone.push(id)
    } else if (!was) {
      await db.rows({
        text: `INSERT INTO custom_value (tenant_id, field_id, record_id, text_value, number_value, time_value, is_unique, live)
 SELECT t.tenant_id, f.id, t.id, p.text_value, p.number_value, p.time_value, f.is_unique, t.deleted_at IS NULL
 FROM field_definition f JOIN ${ident(recordType(now.object).table)} t ON t.tenant_id = $1 AND t.custom_fields ? f.id::text
 CROSS JOIN LATERAL atrium.custom_parts(f.type, t.custom_fields -> f.id::text) p WHERE f.tenant_id = $1 AND f.id = $2::uuid`,
        values: [tenantId, id],
      })
    } else if (before?.unique !== now.unique) {
      await db.rows({
        text: 'UPDATE custom_value SET is_unique = $3 WHERE tenant_id = $1 AND field_id = $2::uuid',
        values: [tenantId, id, now.unique],
      })
    }
  }
  if (gone.length > 0)
    await db.rows({
      text: 'DELETE FROM custom_value WHERE tenant_id = $1 AND field_id = ANY ($2::uuid[])',
      values: [tenantId, gone],
    })
}

/** The definition as it will be. */
function rowOf(change: Change): DefinitionRow {
  const of = <T>(name: string, otherwise: T): T => (after(change, name) as T | null | undefined) ?? otherwise
  return {
    id: change.id,
    object: of('object', ''),
    apiName: of('apiName', ''),
    type: of('type', 'TEXT'),
    required: of('required', false),
    unique: of('unique', false),
    indexed: of('indexed', false),
    stored: of('stored', false),
    defaultValue: of('defaultValue', null),
    min: of('min', null),
    max: of('max', null),
    maxLength: of('maxLength', null),
    pattern: of('pattern', null),
    options: of('options', []),
    refObject: of('refObject', null),
    status: of('status', 'ACTIVE'),
  }
}
