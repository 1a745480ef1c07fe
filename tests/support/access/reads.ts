import { type RecordType, type Relation, recordType, recordTypes } from '../../../src/read/recordType.ts'
import { idOf } from '../../../src/read/values.ts'
import type { Answer, Any, Company } from '../app.ts'
import { camel } from '../factory.ts'
import type { Oracle } from './oracle.ts'
import { behind, columnOf, heldBy, isLive, type Row } from './rows.ts'

export type Caller = Pick<Company, 'ask'>

/** What reading is held against. */
export interface Reading {
  caller: Caller
  oracle: Oracle
  /** A word that stands in the records' texts. */
  mark: string
  /** Ids that must look like those of nothing: another company's. */
  strangers?: string[]
  /** Records of one page of a plain list; 100 if left out, as elsewhere. */
  page?: number
  /** Of how many records of a type that are seen, and of those that are not, by their own field and as a node; through `nodes` all are. */
  each?: number
  /** Only these types; all if left out. Ways from and to others are followed all the same. */
  types?: RecordType[]
}

const BATCH = 15
const upper = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()

/** Tells how two sets of ids differ; null when they do not. */
export function difference(what: string, got: string[], wanted: string[]): string | null {
  const [a, b] = [new Set(got), new Set(wanted)]
  const more = [...a].filter((id) => !b.has(id))
  const less = [...b].filter((id) => !a.has(id))
  const twice = got.length - a.size
  if (more.length + less.length + twice === 0) return null
  return `${what}: shows ${more.length} that it must not (${more.slice(0, 2)}), lacks ${less.length} (${less.slice(0, 2)})${twice ? `, ${twice} twice` : ''}`
}

export const codesOf = (answer: Answer): string[] => (answer.errors ?? []).map(({ extensions }) => extensions.code)

/** A relation's ids as a viewer should find them from a record that they see: those behind it that they see as well. */
export function behindSeen(oracle: Oracle, type: RecordType, relation: Relation, row: Row): string[] {
  const seen = oracle.visible(recordType(relation.target))
  return [...new Set(behind(oracle.rows, type, relation, row))].filter((id) => seen.has(id))
}

/** Does a relation show itself: none of the fields that hold it is hidden. */
export const isShown = (oracle: Oracle, type: RecordType, relation: Relation): boolean =>
  heldBy(type, relation).every(([holder, field]) => !oracle.hides(recordType(holder), field))

/** May it be filtered by: neither hidden nor masked. */
const isOpen = (oracle: Oracle, type: RecordType, relation: Relation): boolean =>
  heldBy(type, relation).every(
    ([holder, field]) => !oracle.hides(recordType(holder), field) && oracle.mask(recordType(holder), field) === 'NONE',
  )

/**
 * Reads every type over every path and tells where the answer is not the set that the oracle says: list (all pages), count, aggregate (also by owner),
 * search, recycle bin, by id, node, nodes, to-one and to-many relations, links to records of any type, filters over relations.
 *
 * @returns sentences that begin with the path; empty when all is as it should be.
 */
export async function readProblems(reading: Reading): Promise<string[]> {
  const problems: string[] = []
  for (const type of reading.types ?? recordTypes()) {
    if (!reading.oracle.may('read', type.name)) continue
    problems.push(
      ...(await listProblems(reading, type)),
      ...(await wayProblems(reading, type)),
      ...(await filterProblems(reading, type)),
    )
  }
  problems.push(...(await idProblems(reading)))
  return problems
}

/** The whole answer, or a problem when it has errors. */
async function data(
  { caller }: Reading,
  what: string,
  query: string,
  variables: Record<string, unknown>,
  problems: string[],
): Promise<Any | null> {
  const answer = await caller.ask<Any>(query, variables)
  if (!answer.errors && answer.data) return answer.data
  problems.push(`${what}: ${answer.body.slice(0, 300)}`)
  return null
}

/** All nodes of a list of a type, page by page. */
async function pages(
  reading: Reading,
  what: string,
  type: RecordType,
  select: string,
  args: string,
  problems: string[],
  more: { mark?: string } = {},
): Promise<Any[]> {
  const nodes: Any[] = []
  let after: string | null = null
  do {
    const found: Any = await data(
      reading,
      what,
      `query($first: Int, $after: String${more.mark === undefined ? '' : ', $mark: String'}) { list: ${type.plural}(first: $first, after: $after${args}) { nodes { id ${select} } pageInfo { hasNextPage endCursor } } }`,
      { first: select === '' && args === '' ? (reading.page ?? 100) : 100, after, ...more },
      problems,
    )
    if (!found) return nodes
    nodes.push(...found.list.nodes)
    after = found.list.pageInfo.hasNextPage ? found.list.pageInfo.endCursor : null
  } while (after)
  return nodes
}

const idsOf = (nodes: Any[]): string[] => nodes.map(({ id }) => id)

async function listProblems(reading: Reading, type: RecordType): Promise<string[]> {
  const { oracle, mark } = reading
  const problems: string[] = []
  const note = (problem: string | null) => problem && problems.push(problem)
  const ids = (uuids: Iterable<string>) => [...uuids].map((id) => idOf(type.name, id))
  const visible = oracle.visible(type)
  const list = `Query.${type.plural}`

  note(difference(list, idsOf(await pages(reading, list, type, '', '', problems)), ids(visible)))

  const open = type.searched.filter((field) => !oracle.hides(type, field) && oracle.mask(type, field) === 'NONE')
  const searching = open.length > 0
  const counted = await data(
    reading,
    list,
    `query($mark: String) { count: ${type.plural}(first: 0) { totalCount { value } } groups: ${camel(type.name)}Aggregate { count }
     ${searching ? `found: ${type.plural}(first: 0, search: $mark) { totalCount { value } } foundGroups: ${camel(type.name)}Aggregate(search: $mark) { count }` : ''} }`.replace(
      searching ? '' : '($mark: String) ',
      searching ? '' : ' ',
    ),
    searching ? { mark } : {},
    problems,
  )
  const count = (what: string, got: number, wanted: number) => {
    if (got !== wanted) problems.push(`${what}: counts ${got} instead of ${wanted}`)
  }
  if (counted) {
    count(`${list}.totalCount`, counted.count.totalCount.value, visible.size)
    count(`Query.${camel(type.name)}Aggregate`, counted.groups[0]?.count ?? 0, visible.size)
  }
  if (counted && searching) {
    const found = [...visible].filter((id) =>
      open.some(
        (field) =>
          !oracle.withholds(type, field, oracle.rows.get(type.name, id) as Row) &&
          String(oracle.rows.get(type.name, id)?.[columnOf(type, field)] ?? '')
            .toLowerCase()
            .includes(mark.toLowerCase()),
      ),
    )
    const nodes = await pages(reading, `${list}(search)`, type, '', ', search: $mark', problems, { mark })
    note(difference(`${list}(search)`, idsOf(nodes), ids(found)))
    count(`${list}(search).totalCount`, counted.found.totalCount.value, found.length)
    count(`Query.${camel(type.name)}Aggregate(search)`, counted.foundGroups[0]?.count ?? 0, found.length)
  }
  problems.push(...(await groupProblems(reading, type)), ...(await binProblems(reading, type)))
  return problems
}

/** Groups by the owner: as many of each as the viewer sees, and the owner only when they see them. */
async function groupProblems(reading: Reading, type: RecordType): Promise<string[]> {
  const { oracle } = reading
  const relation = [...type.relations.values()].find((one) => one.kind === 'one' && one.field === type.owners[0])
  if (relation?.kind !== 'one' || !oracle.may('read', relation.target) || !isOpen(oracle, type, relation)) return []
  const problems: string[] = []
  const what = `Query.${camel(type.name)}Aggregate(groupBy: ${relation.name})`
  const found = await data(
    reading,
    what,
    `{ groups: ${camel(type.name)}Aggregate(groupBy: [{ field: ${upper(relation.name)} }]) { count key { ${relation.name} { id } } } }`,
    {},
    problems,
  )
  const people = oracle.visible(recordType(relation.target))
  const wanted = new Map<string | null, number>()
  for (const id of oracle.visible(type)) {
    const owner = oracle.rows.get(type.name, id)?.[relation.column] ?? null
    wanted.set(owner, (wanted.get(owner) ?? 0) + 1)
  }
  const lines = (groups: [string | null, number][]) =>
    groups
      .map((one) => one.join(' '))
      .sort()
      .join()
  const got = lines((found?.groups ?? []).map((one: Any) => [one.key[relation.name]?.id ?? null, one.count]))
  const expected = lines(
    [...wanted].map(([owner, n]) => [owner && people.has(owner) ? idOf(relation.target, owner) : null, n]),
  )
  if (found && got !== expected) problems.push(`${what}: ${got} instead of ${expected}`)
  return problems
}

async function binProblems(reading: Reading, type: RecordType): Promise<string[]> {
  const { oracle, caller } = reading
  const what = `Query.${type.plural}(deleted)`
  const action = type.operations.has('restore') ? 'restore' : 'read'
  if (!oracle.may(action, type.name)) {
    const answer = await caller.ask(`{ ${type.plural}(deleted: true) { totalCount { value } } }`)
    const missing = answer.errors?.[0]?.extensions.missing as { permission: string }[] | undefined
    return missing?.[0]?.permission === `${type.name}.${action}` && !answer.data?.[type.plural]
      ? []
      : [`${what}: shown without ${type.name}.${action}: ${answer.body.slice(0, 200)}`]
  }
  const problems: string[] = []
  const nodes = await pages(reading, what, type, '', ', deleted: true', problems)
  const wanted = [...oracle.bin(type)].map((id) => idOf(type.name, id))
  const problem = difference(what, idsOf(nodes), wanted)
  if (problem) problems.push(problem)
  return problems
}

/** Every relation of every record that is seen. */
async function wayProblems(reading: Reading, type: RecordType): Promise<string[]> {
  const { oracle } = reading
  const problems: string[] = []
  const ways = [...type.relations.values()].filter(
    (one) => oracle.may('read', one.target) && isShown(oracle, type, one),
  )
  const ones = ways.filter(({ kind }) => kind === 'one')
  const manys = ways.filter(({ kind }) => kind !== 'one')
  const any = type.any && !oracle.hides(type, 'recordId') ? type.any : null
  const check = (what: string, got: string[], wanted: string[], target: string) => {
    const problem = difference(
      what,
      got,
      wanted.map((id) => idOf(target, id)),
    )
    if (problem) problems.push(problem)
  }
  const byId = new Map(oracle.rows.of(type.name).map((row) => [idOf(type.name, row.id), row]))

  if (ones.length > 0 || any) {
    const select = [...ones.map(({ name }) => `${name} { id }`), ...(any ? [`${any.name} { id }`] : [])].join(' ')
    for (const node of await pages(reading, `${type.name} to one`, type, select, '', problems)) {
      const row = byId.get(node.id)
      if (!row) continue
      for (const relation of ones)
        check(
          `${type.name}.${relation.name}`,
          node[relation.name] ? [node[relation.name].id] : [],
          behindSeen(oracle, type, relation, row),
          relation.target,
        )
      if (any) {
        const target = recordTypes().find(({ name }) => name === row.object_type)
        const seen = target && oracle.visible(target).has(row.record_id)
        check(
          `${type.name}.${any.name}`,
          node[any.name] ? [node[any.name].id] : [],
          seen ? [row.record_id] : [],
          row.object_type,
        )
      }
    }
  }
  // Three at a time: each holds up to a hundred records of its own.
  for (let from = 0; from < manys.length; from += 3) {
    const group = manys.slice(from, from + 3)
    const select = group.map(({ name }) => `${name}(first: 100) { nodes { id } totalCount { value } }`).join(' ')
    for (const node of await pages(reading, `${type.name} to many`, type, select, '', problems)) {
      const row = byId.get(node.id)
      if (!row) continue
      for (const relation of group) {
        const wanted = behindSeen(oracle, type, relation, row)
        const what = `${type.name}.${relation.name}`
        const connection = node[relation.name]
        if (!connection) {
          problems.push(`${what}: is null`)
          continue
        }
        if (wanted.length <= 100) check(what, idsOf(connection.nodes), wanted, relation.target)
        if (connection.totalCount.value !== wanted.length)
          problems.push(`${what}.totalCount: counts ${connection.totalCount.value} instead of ${wanted.length}`)
      }
    }
  }
  return problems
}

/** Does it hang on a record's owner, or on what it is a part of, who sees it. */
const isLimited = (type: RecordType): boolean =>
  type.owners.length > 0 ||
  type.any !== null ||
  [...type.relations.values()].some((one) => one.kind === 'one' && one.part)

/** Filters over every relation: who has, and who has none, of what the viewer sees. */
async function filterProblems(reading: Reading, type: RecordType): Promise<string[]> {
  const { oracle } = reading
  const problems: string[] = []
  const visible = [...oracle.visible(type)]
  const parts: { what: string; where: string; wanted: string[] }[] = []
  for (const relation of type.relations.values()) {
    if (!oracle.may('read', relation.target) || !isOpen(oracle, type, relation)) continue
    // Of what everybody sees all of, a few types' filters tell as much as all.
    if (reading.types && !isLimited(recordType(relation.target))) continue
    const has = (id: string) => behindSeen(oracle, type, relation, oracle.rows.get(type.name, id)!).length > 0
    const [some, none] =
      relation.kind === 'one' ? ['{ isNull: false }', '{ isNull: true }'] : ['{ some: {} }', '{ none: {} }']
    for (const [quantifier, wanted] of [
      [some, visible.filter(has)],
      [none, visible.filter((id) => !has(id))],
    ] as const)
      parts.push({
        what: `Query.${type.plural}(where: ${relation.name} ${quantifier})`,
        where: `{ ${relation.name}: ${quantifier} }`,
        wanted,
      })
  }
  for (let from = 0; from < parts.length; from += BATCH) {
    const group = parts.slice(from, from + BATCH)
    const found = await data(
      reading,
      `${type.name} filters`,
      `{ ${group.map(({ where }, at) => `p${at}: ${type.plural}(first: 100, where: ${where}) { nodes { id } totalCount { value } }`).join(' ')} }`,
      {},
      problems,
    )
    if (!found) continue
    group.forEach(({ what, wanted }, at) => {
      const { nodes, totalCount } = found[`p${at}`]
      const ids = wanted.map((id) => idOf(type.name, id))
      const problem =
        ids.length <= 100
          ? difference(what, idsOf(nodes), ids)
          : difference(
              what,
              idsOf(nodes).filter((id) => !ids.includes(id)),
              [],
            )
      if (problem) problems.push(problem)
      if (totalCount.value !== ids.length)
        problems.push(`${what}.totalCount: counts ${totalCount.value} instead of ${ids.length}`)
    })
  }
  return problems
}

/** Every record that there is, live or not, the viewer's or not, by its id. */
async function idProblems(reading: Reading): Promise<string[]> {
  const { oracle, strangers = [] } = reading
  const problems: string[] = []
  const all: { id: string; type: RecordType | null; there: boolean }[] = strangers.map((id) => ({
    id,
    type: null,
    there: false,
  }))
  for (const type of reading.types ?? recordTypes()) {
    const visible = oracle.visible(type)
    for (const row of oracle.rows.of(type.name))
      all.push({ id: idOf(type.name, row.id), type, there: isLive(row) && visible.has(row.id) })
  }
  const told = (what: string, there: boolean) =>
    problems.push(there ? `${what}: is not shown` : `${what}: shown though not in scope`)
  for (let from = 0; from < all.length; from += 100) {
    const group = all.slice(from, from + 100)
    const found = await data(
      reading,
      'Query.nodes',
      'query($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      { ids: group.map(({ id }) => id) },
      problems,
    )
    group.forEach(({ id, type, there }, at) => {
      if (found && (found.nodes[at]?.id === id) !== there)
        told(`Query.nodes ${type?.name ?? 'of another company'} ${id}`, there)
    })
  }
  const byType = Map.groupBy(all, ({ type }) => type)
  for (const [type, every] of byType) {
    if (!type || !oracle.may('read', type.name)) continue
    const some = [true, false].flatMap((seen) =>
      every.filter(({ there }) => there === seen).slice(0, reading.each ?? 4),
    )
    for (let from = 0; from < some.length; from += BATCH) {
      const group = some.slice(from, from + BATCH)
      // By its own field and as a node, which reads it through the loaders with what hangs on it.
      const half = Math.ceil(group.length / 2)
      const found = await data(
        reading,
        `Query.${camel(type.name)}`,
        `query(${group.map((_, at) => `$i${at}: ID!`).join(', ')}) { ${group
          .map((_, at) =>
            (from / BATCH) % 2 === (at < half ? 0 : 1)
              ? `a${at}: ${camel(type.name)}(id: $i${at}) { id }`
              : `a${at}: node(id: $i${at}) { id ... on ${type.name} { version } }`,
          )
          .join(' ')} }`,
        Object.fromEntries(group.map(({ id }, at) => [`i${at}`, id])),
        problems,
      )
      group.forEach(({ id, there }, at) => {
        if (found && (found[`a${at}`]?.id === id) !== there) told(`Query.${camel(type.name)} or node ${id}`, there)
      })
    }
  }
  return problems
}
