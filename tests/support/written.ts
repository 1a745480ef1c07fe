import { type Field, type RecordType, recordType } from '../../src/read/recordType.ts'
import { ANY } from '../../src/read/values.ts'
import type { Answer, Any, Company } from './app.ts'
import { camel, creatable, make } from './factory.ts'
import { selection } from './graph.ts'

/** What a mutation answered, whatever its type. */
export interface Payload {
  record: Any
  userErrors: { code: string; message: string; field: string[] | null; details: Any }[]
  /** Of an upsert. */
  created?: boolean | null
  answer: Answer
}

const ERRORS = 'userErrors { code message field details }'

/** Calls a mutation of one record; `args` by name with their GraphQL types: `{ id: ['ID!', id] }`. */
export async function call(
  company: Pick<Company, 'ask'>,
  name: string,
  type: RecordType,
  args: Record<string, [type: string, value: unknown]>,
  headers?: Record<string, string>,
): Promise<Payload> {
  const header = Object.entries(args).map(([arg, [of]]) => `$${arg}: ${of}`)
  const given = Object.keys(args).map((arg) => `${arg}: $${arg}`)
  const shown = name.startsWith('destroy')
    ? 'id'
    : `${camel(type.name)} { ${selection(type)} }${name.startsWith('upsert') ? ' created' : ''}`
  const answer = await company.ask(
    `mutation(${header}) { done: ${name}(${given}) { ${shown} ${ERRORS} } }`,
    Object.fromEntries(Object.entries(args).map(([arg, [, value]]) => [arg, value])),
    headers,
  )
  if (answer.errors?.some(({ extensions }) => extensions.code === 'INTERNAL'))
    throw new Error(`${name}(${JSON.stringify(args)}) → ${answer.body}`)
  const done = answer.data?.done
  return {
    record: done?.[camel(type.name)] ?? done?.id ?? null,
    userErrors: done?.userErrors ?? [],
    created: done?.created,
    answer,
  }
}

export const create = (
  company: Pick<Company, 'ask'>,
  type: RecordType,
  input: unknown,
  headers?: Record<string, string>,
) => call(company, `create${type.name}`, type, { input: [`Create${type.name}Input!`, input] }, headers)

export const update = (
  company: Pick<Company, 'ask'>,
  type: RecordType,
  id: string,
  input: unknown,
  expectedVersion?: number,
  headers?: Record<string, string>,
) =>
  call(
    company,
    `update${type.name}`,
    type,
    {
      id: ['ID!', id],
      input: [`Update${type.name}Input!`, input],
      ...(expectedVersion === undefined ? {} : { expectedVersion: ['Int', expectedVersion] }),
    },
    headers,
  )

/** delete, restore or destroy. */
export const verb = (
  company: Pick<Company, 'ask'>,
  what: 'delete' | 'restore' | 'destroy',
  type: RecordType,
  id: string,
  expectedVersion?: number,
) =>
  call(company, `${what}${type.name}`, type, {
    id: ['ID!', id],
    ...(expectedVersion === undefined ? {} : { expectedVersion: ['Int', expectedVersion] }),
  })

/** The record as the list of one id, by its own field, and as a node; all three must say the same, and it is given once. */
export async function read(company: Company, type: RecordType, id: string): Promise<Any> {
  const all = selection(type)
  const data = await company.run<Any>(
    `query($id: ID!) { one: ${camel(type.name)}(id: $id) { ${all} } node(id: $id) { id ... on ${type.name} { ${all} } } list: ${type.plural}(first: 1, where: { id: { eq: $id } }) { nodes { ${all} } } }`,
    { id },
  )
  const [one, node, listed] = [data.one, data.node, data.list.nodes[0] ?? null].map((shown) =>
    JSON.stringify(shown && ordered(shown)),
  )
  if (one !== node || one !== listed)
    throw new Error(`${type.name} looks different by id, as node and in the list:\n${one}\n${node}\n${listed}`)
  return data.one
}

const ordered = (record: Any) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

/** What is read of a field, in a form in which what was written and what is read are equal. */
export function comparable(type: RecordType, field: Field, record: Any): unknown {
  if (field.relation) return record[field.relation]?.id ?? null
  if (field.target === ANY) return record[type.any?.name as string]?.id ?? null
  return plain(field, record[field.name])
}

/** What was written, in the same form. */
export function plain(field: Field, value: Any): unknown {
  if (value === null || value === undefined) return null
  if (field.kind === 'datetime') return Date.parse(value)
  if (field.kind === 'decimal') return Number(value)
  if (field.kind === 'money') return `${Number(value.amount)} ${value.currency}`
  if (field.kind === 'object' || field.kind === 'objects')
    return JSON.stringify(value, (_key, inner) =>
      inner && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(
            Object.entries(inner)
              .filter(([, one]) => one !== null)
              .sort(),
          )
        : inner,
    )
  return ['texts', 'json', 'custom'].includes(field.kind) ? JSON.stringify(value) : value
}

/** A value of a structured field's shape. */
export function shaped(field: Field): Record<string, unknown> {
  const values: Partial<Record<Field['kind'], unknown>> = {
    text: 'Some text',
    email: 'other@mail.example',
    phone: '+12025550177',
    country: 'DE',
    decimal: '12.5',
    int: 12,
    boolean: true,
  }
  // Members that are no free text.
  const named: Record<string, string> = {
    'DuplicateMatcher.field': 'email',
    'WeeklyHours.from': '09:00',
    'WeeklyHours.to': '17:00',
    'DayHours.from': '09:00',
    'DayHours.to': '17:00',
  }
  return Object.fromEntries(
    Object.entries(field.shape?.members ?? {})
      .filter(([name]) => name !== 'recordId')
      .map(([name, { kind, choice }]) => [
        name,
        choice ? Object.keys(choice.values)[1] : (named[`${field.shape?.name}.${name}`] ?? values[kind]),
      ]),
  )
}

/** Ids of records that a reference may point at: made, or, where nobody makes them, found; `place` says which of those. */
export async function targetOf(company: Company, field: Field, place = 0): Promise<string> {
  if (field.target === ANY) return (await make(company, 'Account')).id
  const target = recordType(field.target as string)
  if (creatable(target)) return (await make(company, target.name)).id
  const data = await company.run<Any>(`{ list: ${target.plural}(first: 10) { nodes { id } } }`)
  return data.list.nodes[place].id
}
