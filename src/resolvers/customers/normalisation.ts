import { type UserErrorInfo, UserErrors } from '../../errors.ts'
import { type Field, type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { NO_ID } from '../../read/values.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import { validationError } from '../normalise.ts'
import { enqueueJob } from '../platform/job.ts'
import { updateRecords, type Written } from '../records.ts'
import { type Input, sqlFor, type Values, type WriteContext } from '../write.ts'
import { EMPTY_WORDS, type NormalisationRule, OPERATIONS, type Operation, tidy } from './normaliseText.ts'

/** The kind of job that applies a normalisation; src/jobs/customers.ts does it. */
export const NORMALISE = 'NORMALISE'
/** Types that can be tidied up. */
export const NORMALISED = ['Account', 'Contact', 'Lead'] as const
/** Records of one statement, and most that one preview looks at. */
export const BATCH = 500
const LOOKED_AT = 5000
const MAX_RULES = 50
const MAX_WORDS = 500

/** A rule as clients write it. */
export interface RuleInput {
  field: string
  operations?: Operation[] | null
  map?: { from: string[]; to: string }[] | null
  empty?: string[] | null
}

/** What becomes of one field of one record. */
export interface FieldChange {
  field: string
  before: string
  after: string | null
}

/** What becomes of a record, by its uuid. */
export interface RecordChange {
  id: string
  changes: FieldChange[]
}

const TIDY: Operation[] = ['TRIM', 'COLLAPSE_SPACES', 'HALF_WIDTH']
const BY_KIND: Partial<Record<Field['kind'], Operation[]>> = {
  email: ['HALF_WIDTH', 'EMAIL'],
  phone: ['HALF_WIDTH', 'PHONE'],
  url: ['TRIM', 'HALF_WIDTH', 'URL'],
}

/** The rules when none are given: every text that may be written is tidied up, addresses and numbers as such, words that mean nothing go where something need not be said. */
export function standardRules(
  type: RecordType,
  { access }: Pick<WriteContext['viewer'], 'access'>,
): NormalisationRule[] {
  const open = ({ name, write }: Field) =>
    write === 'always' &&
    !access.hides(type, name) &&
    !access.masks(type, name, true) &&
    access.mayWriteField(type, name)
  return [...type.fields.values()].filter(open).flatMap((field): NormalisationRule[] => {
    if (field.name === 'externalSource' || field.name === 'externalId') return []
    if (field.kind === 'object')
      return Object.entries(field.shape?.members ?? {}).flatMap(([member, { kind }]) =>
        kind === 'text' ? [{ field: `${field.name}.${member}`, operations: TIDY, map: [], empty: EMPTY_WORDS }] : [],
      )
    const operations =
      field.kind === 'text' ? ((field.max ?? 255) > 255 ? ['TRIM' as const] : TIDY) : BY_KIND[field.kind]
    return operations ? [{ field: field.name, operations, map: [], empty: field.required ? [] : EMPTY_WORDS }] : []
  })
}

/**
 * Rules as clients write them → as they are applied; the standard ones without any.
 *
 * @throws UserErrors with all that is wrong: VALIDATION_FAILED for fields that are none or hold no text, FIELD_FORBIDDEN for those that the viewer may not see and write.
 */
export function readRules(
  type: RecordType,
  given: readonly RuleInput[] | null | undefined,
  { access }: Pick<WriteContext['viewer'], 'access'>,
): NormalisationRule[] {
  if (!given) return standardRules(type, { access })
  const errors: UserErrorInfo[] = []
  const seen = new Set<string>()
  const words = given.reduce(
    (sum, { map, empty }) => sum + (empty?.length ?? 0) + (map ?? []).reduce((all, { from }) => all + from.length, 0),
    0,
  )
  if (given.length > MAX_RULES || given.length === 0 || words > MAX_WORDS)
    throw new UserErrors([
      validationError(['rules'], 'maxItems', `must be 1 to ${MAX_RULES} rules with at most ${MAX_WORDS} words in all`),
    ])
  given.forEach(({ field, operations, empty }, index) => {
    const path = ['rules', String(index), 'field']
    const [name = '', member, ...rest] = field.split('.')
    const found = type.fields.get(name)
    const kind =
      member === undefined ? found?.kind : found?.kind === 'object' ? found.shape?.members[member]?.kind : undefined
    if (
      !found ||
      !kind ||
      rest.length > 0 ||
      !['text', 'email', 'phone', 'url'].includes(kind) ||
      found.write !== 'always'
    )
      errors.push(validationError(path, 'field', `must be a text field of ${type.name} that can be written`))
    else if (access.hides(type, name) || access.masks(type, name, true) || !access.mayWriteField(type, name))
      errors.push({ code: 'FIELD_FORBIDDEN', message: `You may not read and write ${name}.`, field: path })
    if (seen.has(field)) errors.push(validationError(path, 'once', 'must not be named twice'))
    seen.add(field)
    if (found?.required && empty?.length)
      errors.push(
        validationError(['rules', String(index), 'empty'], 'required', `must be left out: ${name} is required`),
      )
    for (const operation of operations ?? [])
      if (!Object.hasOwn(OPERATIONS, operation)) errors.push(validationError(path, 'operation', 'must be an operation'))
  })
  if (errors.length > 0) throw new UserErrors(errors)
  return given.map(({ field, operations, map, empty }) => ({
    field,
    operations: operations ?? [],
    map: map ?? [],
    empty: empty ?? [],
  }))
}

/** Those of the next live records behind `after` that rules change, as far as the viewer may write them; converted leads stay as they are. */
export async function nextChanges(
  { db, viewer }: { db: Reader; viewer: WriteContext['viewer'] },
  type: RecordType,
  rules: readonly NormalisationRule[],
  after: string | null,
  limit = BATCH,
): Promise<{ changes: RecordChange[]; rows: Map<string, Values>; looked: number; last: string | null }> {
  const sql = sqlFor(viewer.tenantId)
  const names = [...new Set(rules.map(({ field }) => field.split('.')[0] as string))]
  const columns = names.map((name) => `t.${ident(type.fields.get(name)!.column)} AS ${ident(name)}`)
  const scopes = (['read', 'update'] as const).flatMap((mode) => viewer.access.predicate(type, 't', sql, mode) ?? [])
  const from = sql.params.add(after ?? NO_ID, 'uuid')
  const rows = await db.rows<{ id: string; record: Values }>({
    text: `SELECT t.id, (SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x) AS record FROM ${ident(type.table)} t
 WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.id > ${from}${type.name === 'Lead' ? ` AND t.status <> 'CONVERTED'` : ''}${scopes.map((scope) => ` AND ${scope}`).join('')} ORDER BY t.id LIMIT ${limit}`,
    values: sql.params.values,
  })
  const changes = rows.flatMap(({ id, record }) => {
    const found = changesOf(record, rules, viewer.defaultCountry)
    return found.length > 0 ? [{ id, changes: found }] : []
  })
  const last = rows.length < limit ? null : (rows.at(-1) as { id: string }).id
  return { changes, rows: new Map(rows.map(({ id, record }) => [id, record])), looked: rows.length, last }
}

/** What rules make of a record's values. */
export function changesOf(record: Values, rules: readonly NormalisationRule[], country: string): FieldChange[] {
  return rules.flatMap((rule) => {
    const [name = '', member] = rule.field.split('.')
    const value = member === undefined ? record[name] : (record[name] as Values | null)?.[member]
    if (typeof value !== 'string') return []
    const after = tidy(value, rule, country)
    return after === value ? [] : [{ field: rule.field, before: value, after }]
  })
}

/** The input of an update that makes these changes: of a structured value the whole, with what stays. */
function inputOf(record: Values, changes: readonly FieldChange[]): Input {
  const input: Input = {}
  for (const { field, after } of changes) {
    const [name = '', member] = field.split('.')
    if (member === undefined) input[name] = after
    else input[name] = { ...((input[name] ?? record[name]) as Values), [member]: after }
  }
  return input
}

/** A page of what a normalisation would change. */
export interface Preview {
  records: RecordChange[]
  looked: number
  /** uuid of the last record that was looked at; null when there are no more. */
  last: string | null
}

/** The first records behind `after` that rules change, at most `first`; looks at no more than 5,000 of them. */
export async function previewChanges(
  context: { db: Reader; viewer: WriteContext['viewer'] },
  type: RecordType,
  rules: readonly NormalisationRule[],
  { first, after }: { first: number; after: string | null },
): Promise<Preview> {
  const preview: Preview = { records: [], looked: 0, last: after }
  while (preview.looked < LOOKED_AT) {
    const { changes, rows, looked, last } = await nextChanges(context, type, rules, preview.last)
    for (const change of changes) {
      preview.records.push(change)
      if (preview.records.length < first) continue
      preview.looked += [...rows.keys()].indexOf(change.id) + 1
      preview.last = change.id
      return preview
    }
    preview.looked += looked
    preview.last = last
    if (last === null) break
  }
  return preview
}

/** Orders the job that applies a normalisation with the caller's rights. Errors: those of readRules, FORBIDDEN for a caller who is no user. */
export async function orderNormalisation(
  { db, viewer }: WriteContext,
  object: string,
  given: readonly RuleInput[] | null | undefined,
): Promise<Written> {
  const rules = readRules(recordType(object), given, viewer)
  if (!viewer.userId) {
    const message = 'It is done with the rights of a user, and this credential has none.'
    return {
      id: null,
      errors: [{ code: 'FORBIDDEN', message, field: null, details: { permission: `${object}.update` } }],
    }
  }
  const { id } = await enqueueJob(db, viewer.tenantId, { kind: NORMALISE, subject: object, input: { object, rules } })
  return { id, errors: [] }
}

/** Changes one batch by the standard verb, so that rights, rules and audit are those of any update; refused records stay as they are. */
export async function applyBatch(
  context: WriteContext,
  type: RecordType,
  rules: readonly NormalisationRule[],
  after: string | null,
): Promise<{ looked: number; changed: number; failed: number; last: string | null }> {
  // What a role may not do any more is not done; the job's rules were read when it was ordered.
  readRules(type, rules, context.viewer)
  const { changes, rows, looked, last } = await nextChanges(context, type, rules, after)
  const written =
    changes.length === 0
      ? []
      : await updateRecords(
          context,
          type,
          changes.map(({ id, changes }) => ({ id, input: inputOf(rows.get(id) as Values, changes) })),
          { partial: true },
        )
  const failed = written.filter(({ errors }) => errors.length > 0).length
  return { looked, changed: written.filter(({ changed }) => changed).length, failed, last }
}
