import { type GraphQLObjectType, type GraphQLSchema, getNamedType, isEnumType, isInputObjectType } from 'graphql'
import {
  type Field,
  findRecordType,
  type RecordType,
  type Relation,
  recordType,
  recordTypes,
} from '../../../src/read/recordType.ts'
import { idOf } from '../../../src/read/values.ts'
import type { Answer, Any } from '../app.ts'
import { camel } from '../factory.ts'
import type { DryRun } from './dry.ts'
import type { Oracle } from './oracle.ts'
import { type Caller, isShown } from './reads.ts'
import { heldBy, type Row } from './rows.ts'

/** What fields are held against. */
export interface Looking {
  caller: Caller
  oracle: Oracle
  schema: GraphQLSchema
  dry: DryRun
  types?: RecordType[]
}

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
const FUNCTIONS = ['sum', 'avg', 'min', 'max'] as const
const SUFFIX = { sum: 'Sum', avg: 'Avg', min: 'Min', max: 'Max' }

/**
 * Selects every field of every type over every path and uses it in every argument: what is hidden is null with one FIELD_FORBIDDEN per coordinate and
 * the rest of the answer stands; what is masked shows no value; neither can be filtered, ordered, grouped, summed or found by.
 *
 * @returns sentences that begin with the coordinate and the path; empty when all is as it should be.
 */
export async function fieldProblems(looking: Looking): Promise<string[]> {
  const problems: string[] = []
  for (const type of looking.types ?? recordTypes()) {
    if (!looking.oracle.may('read', type.name)) continue
    problems.push(
      ...(await shownProblems(looking, type)),
      ...(await aggregateProblems(looking, type)),
      ...(await argumentProblems(looking, type)),
      ...(await keyProblems(looking, type)),
      ...(await writtenProblems(looking, type)),
    )
  }
  return problems
}

/** Everything of a type that the viewer may ask for, and how: name, selection, and whether it is hidden. */
function parts(
  { oracle }: Looking,
  type: RecordType,
): { name: string; text: string; hidden: boolean; field?: Field; relation?: Relation }[] {
  const fields = [...type.fields.values()].flatMap((field) => {
    if (field.relation || field.target === '*') return []
    const text =
      field.kind === 'money'
        ? '{ amount currency }'
        : field.shape
          ? `{ ${Object.keys(field.shape.members).join(' ')} }`
          : ''
    return [{ name: field.name, text: `${field.name} ${text}`, hidden: oracle.hides(type, field.name), field }]
  })
  const relations = [...type.relations.values()].flatMap((relation) => {
    if (!oracle.may('read', relation.target)) return []
    const text = relation.kind === 'one' ? '{ id }' : '(first: 1) { nodes { id } }'
    return [
      { name: relation.name, text: `${relation.name}${text}`, hidden: !isShown(oracle, type, relation), relation },
    ]
  })
  const any = type.any
    ? [{ name: type.any.name, text: `${type.any.name} { id }`, hidden: oracle.hides(type, 'recordId') }]
    : []
  return [...fields, ...relations, ...any]
}

/** A row whose columns are as full as possible, among those that the viewer sees. */
function fullest({ oracle }: Looking, type: RecordType): Row | undefined {
  const filled = (row: Row) => Object.values(row).filter((value) => value !== null).length
  const writable = oracle.scope(type, 'update')
  return [...oracle.visible(type)]
    .map((id) => oracle.rows.get(type.name, id) as Row)
    .sort((a, b) => Number(writable.has(b.id)) - Number(writable.has(a.id)) || filled(b) - filled(a))[0]
}

/** List, by id, node, nested below others, and the payload of a mutation. */
async function shownProblems(looking: Looking, type: RecordType): Promise<string[]> {
  const { caller, oracle, dry } = looking
  const row = fullest(looking, type)
  if (!row) return []
  const id = idOf(type.name, row.id)
  const wanted = parts(looking, type)
  const select = wanted.map(({ text }) => text).join(' ')
  const problems: string[] = []
  const coordinates = wanted.filter(({ hidden }) => hidden).map(({ name }) => `${type.name}.${name}`)
  const check = (path: string, answer: Answer, record: Any, list: boolean, more: string[] = []) => {
    problems.push(...errorsOf(path, answer, [...coordinates, ...more]))
    if (!record) problems.push(`${type.name} by ${path}: is not there: ${answer.body.slice(0, 200)}`)
    else problems.push(...valueProblems(looking, type, row, record, wanted, path, list))
  }

  const list = await caller.ask<Any>(
    `query($id: ID!) { list: ${type.plural}(first: 1, where: { id: { eq: $id } }) { nodes { ${select} } } }`,
    { id },
  )
  check('list', list, list.data?.list?.nodes[0], true)
  const one = await caller.ask<Any>(`query($id: ID!) { one: ${camel(type.name)}(id: $id) { ${select} } }`, { id })
  check('id', one, one.data?.one, false)
  const node = await caller.ask<Any>(
    `query($id: ID!) { node(id: $id) { ...F } } fragment F on ${type.name} { ${select} }`,
    { id },
  )
  check('node', node, node.data?.node, true)
  const plain = wanted.filter(({ field }) => field).map(({ text }) => text)
  const nodes = await caller.ask<Any>(
    `query($id: ID!) { nodes(ids: [$id]) { ... on ${type.name} { ${plain.join(' ')} } } }`,
    { id },
  )
  const shown = wanted.filter(({ field }) => field)
  problems.push(
    ...errorsOf(
      'nodes',
      nodes,
      shown.filter(({ hidden }) => hidden).map(({ name }) => `${type.name}.${name}`),
    ),
  )
  if (nodes.data?.nodes?.[0])
    problems.push(...valueProblems(looking, type, row, nodes.data.nodes[0], shown, 'nodes', true))
  else problems.push(`${type.name} by nodes: is not there`)

  // Below a record that refers to it, over the first way that shows it.
  const way = recordTypes()
    .flatMap((from) =>
      oracle.may('read', from.name) ? [...from.relations.values()].map((relation) => ({ from, relation })) : [],
    )
    .find(
      ({ from, relation }) =>
        relation.kind === 'one' &&
        relation.target === type.name &&
        isShown(oracle, from, relation) &&
        [...oracle.visible(from)].some((other) => oracle.rows.get(from.name, other)?.[relation.column] === row.id),
    )
  if (way && way.relation.kind === 'one') {
    const { from, relation } = way
    const other = [...oracle.visible(from)].find(
      (one) => oracle.rows.get(from.name, one)?.[relation.column] === row.id,
    ) as string
    const nested = await caller.ask<Any>(
      `query($id: ID!) { list: ${from.plural}(first: 1, where: { id: { eq: $id } }) { nodes { below: ${relation.name} { ${select} } } } }`,
      { id: idOf(from.name, other) },
    )
    check(`${from.name}.${relation.name}`, nested, nested.data?.list?.nodes[0]?.below, true)
  }

  if (
    type.operations.has('update') &&
    oracle.may('update', type.name) &&
    oracle.write(type, row.id, 'update', 'live') === 'DONE'
  ) {
    dry.on = true
    const payload = await caller.ask<Any>(
      `mutation($id: ID!) { done: update${type.name}(id: $id, input: {}) { record: ${camel(type.name)} { ${select} } userErrors { code } } }`,
      { id },
    )
    dry.on = false
    dry.take()
    // A rule of the type may stand in the way of any write, as one of the administrator's role does.
    if ((payload.data?.done?.userErrors ?? []).length === 0)
      check('payload', payload, payload.data?.done?.record, false)
  }
  return problems
}

/** One FIELD_FORBIDDEN for each coordinate that is hidden, and nothing else. */
function errorsOf(path: string, answer: Answer, coordinates: string[]): string[] {
  const told = (answer.errors ?? []).map(({ extensions }) =>
    extensions.code === 'FIELD_FORBIDDEN' ? String(extensions.coordinate) : JSON.stringify(extensions),
  )
  return [
    ...coordinates
      .filter((one) => !told.includes(one))
      .map((one) => `${one} by ${path}: hidden and no FIELD_FORBIDDEN`),
    ...told
      .filter((one, at) => !coordinates.includes(one) || told.indexOf(one) !== at)
      .map((one) => `${one} by ${path}: an error that should not be`),
  ]
}

function valueProblems(
  { oracle }: Looking,
  type: RecordType,
  row: Row,
  record: Any,
  wanted: ReturnType<typeof parts>,
  path: string,
  list: boolean,
): string[] {
  return wanted.flatMap(({ name, hidden, field }) => {
    const value = record[name]
    const what = `${type.name}.${name} by ${path}`
    if (hidden) return value === null || value === undefined ? [] : [`${what}: hidden and shown`]
    if (!field || field.name === 'id') return []
    const raw = row[field.column]
    if ((raw === null) !== (value === null || value === undefined))
      return [`${what}: ${value === null ? 'lacks its value' : 'has a value'}`]
    if (raw === null || typeof raw !== 'string' || typeof value !== 'string' || field.kind === 'datetime') return []
    const mask = oracle.mask(type, name)
    const masked = mask === 'ALWAYS' || (mask === 'LIST' && list)
    // A short text may stand in its own mask.
    if (masked)
      return value.includes('***') && (raw.length < 4 || !value.includes(raw)) ? [] : [`${what}: masked and shown`]
    return value.includes('***') ? [`${what}: is masked`] : []
  })
}

/** Sums, averages, least and greatest values, and what groups have in common. */
async function aggregateProblems(looking: Looking, type: RecordType): Promise<string[]> {
  const { caller, oracle, schema } = looking
  const problems: string[] = []
  const own = (name: string) => Object.keys((schema.getType(name) as GraphQLObjectType | undefined)?.getFields() ?? {})
  for (const fn of FUNCTIONS) {
    const names = own(`${type.name}${pascal(SUFFIX[fn])}`)
    const object = getNamedType(
      (schema.getType(`${type.name}Group`) as GraphQLObjectType).getFields()[fn]?.type ?? ({} as never),
    ) as GraphQLObjectType | undefined
    const fields = object && 'getFields' in object ? Object.keys(object.getFields()) : names
    if (fields.length === 0) continue
    const text = (name: string) => (type.fields.get(name)?.kind === 'money' ? `${name} { amount }` : name)
    const answer = await caller.ask<Any>(
      `{ groups: ${camel(type.name)}Aggregate { count ${fn} { ${fields.map(text).join(' ')} } } }`,
    )
    const hidden = fields.filter((name) => oracle.hides(type, name))
    problems.push(
      ...errorsOf(
        `aggregate ${fn}`,
        answer,
        hidden.map((name) => `${object?.name}.${name}`),
      ),
    )
    const values = answer.data?.groups?.[0]?.[fn] ?? {}
    for (const name of hidden)
      if (values[name] != null) problems.push(`${type.name}.${name} by aggregate ${fn}: hidden and shown`)
  }
  return problems
}

/** Filters, orders, groups, conditions on groups, and the search: refused for what is hidden or masked, and for nothing else. */
async function argumentProblems(looking: Looking, type: RecordType): Promise<string[]> {
  const { caller, oracle, schema } = looking
  const problems: string[] = []
  const closed = (field: string) => oracle.hides(type, field) || oracle.mask(type, field) !== 'NONE'
  let open = 0
  const ask = async (what: string, refused: boolean, query: string, variables: Record<string, unknown>) => {
    // Of what is open, now and then one: to show that the refusal is not that of everything.
    if (!refused && open++ % 8 !== 0) return
    const answer = await caller.ask<Any>(query, variables)
    const codes = (answer.errors ?? []).map(({ extensions }) => extensions.code)
    const told = codes.includes('FIELD_FORBIDDEN')
    if (refused && (!told || answer.data?.list || answer.data?.groups))
      problems.push(`${what}: used though closed: ${answer.body.slice(0, 120)}`)
    if (!refused && (told || codes.includes('INTERNAL')))
      problems.push(`${what}: refused though open: ${answer.body.slice(0, 120)}`)
  }
  const list = `query($where: ${type.name}Filter, $orderBy: [${type.name}Order!]) { list: ${type.plural}(first: 1, where: $where, orderBy: $orderBy) { nodes { id } } }`
  const filter = schema.getType(`${type.name}Filter`)
  if (!isInputObjectType(filter)) throw new Error(`${type.name} has no filter.`)
  for (const name of Object.keys(filter.getFields())) {
    const what = `${type.name}.${name} by filter`
    const relation = type.relations.get(name)
    if (relation) {
      if (!oracle.may('read', relation.target)) continue
      const shut = heldBy(type, relation).some(([holder, field]) => {
        const of = recordType(holder)
        return oracle.hides(of, field) || oracle.mask(of, field) !== 'NONE'
      })
      await ask(what, shut, list, { where: { [name]: relation.kind === 'one' ? { isNull: false } : { some: {} } } })
      continue
    }
    if (!type.fields.has(name)) continue
    // Nested in every way that a filter nests.
    const way = [
      (one: Any) => one,
      (one: Any) => ({ and: [one] }),
      (one: Any) => ({ or: [one] }),
      (one: Any) => ({ not: one }),
    ]
    const wrap = way[problems.length % 4 === 0 ? [...type.fields.keys()].indexOf(name) % 4 : 0] as (one: Any) => Any
    const conditions = type.fields.get(name)?.kind === 'custom' ? [] : {}
    await ask(what, closed(name), list, { where: wrap({ [name]: conditions }) })
  }
  const valuesOf = (name: string) => {
    const found = schema.getType(name)
    return isEnumType(found) ? found.getValues().map((one) => ({ name: one.name, field: one.value as string })) : []
  }
  for (const { name, field } of valuesOf(`${type.name}OrderField`))
    await ask(`${type.name}.${field} by order`, closed(field), list, { orderBy: [{ field: name }] })
  const groups = `query($groupBy: [${type.name}GroupBy!], $having: ${type.name}Having, $where: ${type.name}Filter) { groups: ${camel(type.name)}Aggregate(groupBy: $groupBy, having: $having, where: $where, first: 1) { count } }`
  for (const { name, field } of valuesOf(`${type.name}GroupField`))
    await ask(`${type.name}.${field} by group`, closed(field), groups, { groupBy: [{ field: name }] })
  for (const { name, field } of valuesOf(`${type.name}SumField`)) {
    await ask(`${type.name}.${field} by having`, closed(field), groups, { having: { min: { [field]: { gt: '0' } } } })
    await ask(
      `${type.name}.${field} by order of sums`,
      closed(field),
      `{ groups: ${camel(type.name)}Aggregate(orderBy: [{ by: SUM, sumField: ${name} }]) { sum { ${field} ${type.fields.get(field)?.kind === 'money' ? '{ amount }' : ''} } } }`,
      {},
    )
  }
  if (type.searched.length > 0)
    await ask(
      `${type.name} by search`,
      type.searched.every(closed),
      `query($search: String) { list: ${type.plural}(first: 1, search: $search) { nodes { id } } }`,
      { search: 'a' },
    )
  // Below another type's relation, where the path to it is open.
  const first = [...type.fields.keys()].find((name) => closed(name) && filter.getFields()[name])
  for (const from of recordTypes()) {
    const relation = [...from.relations.values()].find(
      (one) => one.target === type.name && isOpenWay(oracle, from, one),
    )
    if (!first || !relation || !oracle.may('read', from.name)) continue
    const inner = { [relation.kind === 'one' ? 'is' : 'some']: { [first]: {} } }
    await ask(
      `${type.name}.${first} by filter over ${from.name}.${relation.name}`,
      true,
      `query($where: ${from.name}Filter) { list: ${from.plural}(first: 1, where: $where) { nodes { id } } }`,
      { where: { [relation.name]: inner } },
    )
    break
  }
  return problems
}

const isOpenWay = (oracle: Oracle, from: RecordType, relation: Relation): boolean =>
  heldBy(from, relation).every(([holder, field]) => {
    const of = findRecordType(holder)
    return of && !oracle.hides(of, field) && oracle.mask(of, field) === 'NONE'
  })

/** Keys of upserts tell whether a value is there. */
async function keyProblems({ caller, oracle, dry }: Looking, type: RecordType): Promise<string[]> {
  if (!type.operations.has('upsert') || !oracle.may('create', type.name) || !oracle.may('update', type.name)) return []
  const problems: string[] = []
  for (const [key, fields] of type.unique) {
    const closed = fields.some((field) => oracle.hides(type, field) || oracle.mask(type, field) !== 'NONE')
    if (!closed) continue
    const text = (name: string) => {
      const field = type.fields.get(name) as Field
      return field.kind === 'id'
        ? idOf(field.target as string, '00000000-0000-7000-8000-000000000000')
        : field.kind === 'email'
          ? 'a@b.example'
          : field.kind === 'url'
            ? 'https://a.example'
            : field.kind === 'currency'
              ? name === 'currency'
                ? 'CHF'
                : 'SEK'
              : field.kind === 'date'
                ? '2026-01-01'
                : 'abc'
    }
    const by =
      key === 'externalId'
        ? { id: 'abc' }
        : fields.length > 1
          ? Object.fromEntries(fields.map((name) => [name, text(name)]))
          : text(fields[0] as string)
    dry.on = true
    const answer = await caller.ask<Any>(
      `mutation($by: ${type.name}UniqueKey!) { done: upsert${type.name}(by: $by, input: {}) { userErrors { code } } }`,
      { by: { [key]: by } },
    )
    dry.on = false
    dry.take()
    const codes = [
      ...(answer.errors ?? []).map(({ extensions }) => extensions.code),
      ...(answer.data?.done?.userErrors ?? []).map((one: Any) => one.code),
    ]
    if (!codes.includes('FIELD_FORBIDDEN'))
      problems.push(`${type.name}.${key} by upsert: used though closed: ${answer.body.slice(0, 160)}`)
  }
  return problems
}

/** Every field written at once: refused one by one where the viewer may not write them, and only there. */
async function writtenProblems(looking: Looking, type: RecordType): Promise<string[]> {
  const { caller, oracle, dry } = looking
  const row = fullest(looking, type)
  if (!row || !type.operations.has('update') || !oracle.may('update', type.name)) return []
  if (oracle.write(type, row.id, 'update', 'live') !== 'DONE') return []
  const writable = [...type.fields.values()].filter(
    ({ write, kind }) => write === 'always' && kind !== 'objects' && kind !== 'object',
  )
  dry.on = true
  const answer = await caller.ask<Any>(
    `mutation($id: ID!, $input: Update${type.name}Input!) { done: update${type.name}(id: $id, input: $input) { userErrors { code field } } }`,
    { id: idOf(type.name, row.id), input: Object.fromEntries(writable.map(({ name }) => [name, null])) },
  )
  dry.on = false
  dry.take()
  const told = ((answer.data?.done?.userErrors ?? []) as { code: string; field: string[] }[]).flatMap(
    ({ code, field }) => (code === 'FIELD_FORBIDDEN' ? [field.at(-1) as string] : []),
  )
  if (!answer.data?.done) return [`${type.name} by update: ${answer.body.slice(0, 200)}`]
  const wanted = writable.flatMap(({ name }) => (oracle.mayWriteField(type, name) ? [] : [name]))
  return [
    ...wanted
      .filter((name) => !told.includes(name))
      .map((name) => `${type.name}.${name} by update: written though it must not be`),
    ...told
      .filter((name) => !wanted.includes(name))
      .map((name) => `${type.name}.${name} by update: refused though it may be`),
  ]
}
