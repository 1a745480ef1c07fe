import { describe, expect, it } from '@jest/globals'
import {
  buildSchema,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  type OperationDefinitionNode,
  parse,
} from 'graphql'
import { EVERYTHING } from '../../src/access/access.ts'
import { authorise } from '../../src/access/document.ts'
import { ACTIONS, TENANT_OBJECT } from '../../src/access/roles.ts'
import type { Context } from '../../src/context.ts'
import { RequestError } from '../../src/errors.ts'
import { executorOf } from '../../src/http/execute.ts'
import { findRecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { schema } from '../../src/schema/index.ts'

type Field = GraphQLField<unknown, unknown>

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
)
const objects = types.filter(isObjectType)
const composites = types.filter((type) => isObjectType(type) || isInterfaceType(type))
const queries = Object.values(schema.getQueryType()!.getFields())
const mutations = Object.values(schema.getMutationType()!.getFields())
const roots: [string, Field][] = [
  ...queries.map((field): [string, Field] => [`Query.${field.name}`, field]),
  ...mutations.map((field): [string, Field] => [`Mutation.${field.name}`, field]),
]
/** Every field of every object and interface by its coordinate. */
const fields = composites.flatMap((type) =>
  Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field] as [string, Field]),
)
const isRecord = (type: GraphQLNamedType) => findRecordType(type.name) !== undefined || type.name === 'Node'

/** Everything that can be named in a document with its description. */
function described(): [coordinate: string, description: string | null | undefined][] {
  const all: [string, string | null | undefined][] = types.map((type) => [type.name, type.description])
  for (const [coordinate, { description, args }] of fields) {
    all.push(
      [coordinate, description],
      ...args.map((arg) => [`${coordinate}(${arg.name})`, arg.description] as [string, string]),
    )
  }
  for (const type of types) {
    if (isInputObjectType(type))
      for (const one of Object.values(type.getFields())) all.push([`${type.name}.${one.name}`, one.description])
    if (isEnumType(type)) for (const one of type.getValues()) all.push([`${type.name}.${one.name}`, one.description])
  }
  for (const directive of schema.getDirectives()) {
    if (isSpecifiedDirective(directive)) continue
    all.push([`@${directive.name}`, directive.description])
    for (const arg of directive.args) all.push([`@${directive.name}(${arg.name})`, arg.description])
  }
  return all
}

/** Lists of objects, and what bounds them. */
const BOUNDED = [
  // A page; all that is wrong with an input; a result per row or id of a call; groups of an aggregate.
  /^\w+(Connection|Page)\.(nodes|edges)$/,
  /\.userErrors$/,
  /^(\w+ListPayload|PoolCallPayload)\.results$/,
  /^Query\.\w+Aggregate$/,
  // As many as types and fields; of sessions the latest hundred.
  /^(User|Viewer)\.permissions$/,
  /^ViewerObjectPermission\.fields$/,
  /^(User\.sessions|Query\.mySessions)$/,
  // As many as are asked for; as many as there are scores.
  /^(Query\.suggestArticles|SurveyFigures\.distribution)$/,
  // At most a hundred people.
  /^CareRulePreview\.people$/,
  // At most 100 of them are set.
  /^NotificationSettings\.types$/,
  // As many as kinds.
  /^TodoSummary\.byKind$/,
  // At most 300 of them are set.
  /^LeadSettings\.customFields$/,
  // As many as statuses; a hundred at most.
  /^BlastStatistics\.(statuses|links)$/,
  // Counts by type, reason, currency.
  /^Transfer\w+Payload\.moved$/,
  /^ReclaimPreview\.skipped$/,
  /^CustomerDealFigures\.amounts$/,
  /^CustomerReceivables\.(open|overdue|received)$/,
  /^ReceivablesAging(Group)?\.currencies$/,
  // A hundred at most.
  /^ReceivablesAging\.groups$/,
  // Some of those that look alike.
  /^CheckDuplicatesPayload\.matches$/,
  /^DuplicateGroup\.records$/,
  // A hundred at most.
  /^CustomerView\.nextDates$/,
  /^NormalisationPreview\.records$/,
  /^NormalisationRecordChange\.changes$/,
  // As many as stages; as people, departments, categories and quarters; as targets of a period; days of a year; a hundred at most.
  /^(PipelineSummary\.stages|Query\.stageConversion)$/,
  /^(Forecast|SalesVelocity)\.groups$/,
  /^Query\.targetAttainment$/,
  /^ForecastAccuracy\.points$/,
  /^Slippage\.deals$/,
  // As many as statuses, priorities and kinds of promises; a hundred queues and owners at most.
  /^CaseSummary\.(by\w+|milestones)$/,
  // A thousand rows, as many totals as currencies, 14 columns; 24 widgets.
  /^ReportResult\.(columns|rows|totals)$/,
  /^DashboardData\.widgets$/,
  // As many as Atrium brings along.
  /^(Query\.standardReports|StandardReport\.parameters)$/,
]

describe('the schema', () => {
  it('describes every type, field, argument, enum value and input field in a sentence', () => {
    const all = described()
    expect(all.length).toBeGreaterThan(3000)
    const short = all.filter(([, text]) => [...(text ?? '')].length < 10 || !/[.!?)]$/.test(text ?? ''))
    expect(short).toEqual([])
  })

  it('declares at every root field which rights it needs', () => {
    const wrong = roots.filter(([, field]) => {
      const declared = field.extensions.permission
      if (declared === 'public' || declared === 'authenticated') return false
      const rights = [declared].flat()
      return (
        rights.length === 0 ||
        rights.some((right) => {
          const [object = '', action = ''] = String(right).split('.')
          return (
            !(findRecordType(object) || object === TENANT_OBJECT) || !(ACTIONS as readonly string[]).includes(action)
          )
        })
      )
    })
    expect(wrong.map(([coordinate]) => coordinate)).toEqual([])
    expect(
      roots
        .filter(([, field]) => field.extensions.permission === 'public')
        .map(([coordinate]) => coordinate)
        .sort(),
    ).toEqual([
      'Mutation.acceptInvitation',
      'Mutation.refreshToken',
      'Mutation.requestPasswordReset',
      'Mutation.resetPassword',
      'Mutation.signIn',
      'Mutation.signInWithOidc',
      'Mutation.startOidcSignIn',
    ])
  })

  it('says in the description of a root field which rights it needs', () => {
    const silent = roots.filter(([, { description, extensions }]) => {
      const rights = [extensions.permission].flat().filter((one) => String(one).includes('.'))
      return rights.some((right) => !description?.includes(String(right)))
    })
    expect(silent.map(([coordinate]) => coordinate)).toEqual([])
  })

  it('wants a right of its own for every record type, wherever it is selected', () => {
    const open = recordTypes().filter(({ name }) => schema.getType(name)?.extensions.permission !== `${name}.read`)
    expect(open.map(({ name }) => name)).toEqual([])
  })

  it('answers every mutation with a payload that has userErrors', () => {
    const lacking = mutations.filter((field) => {
      const payload = getNamedType(field.type) as GraphQLObjectType
      return (
        !isNonNullType(field.type) ||
        !payload.name.endsWith('Payload') ||
        String(payload.getFields().userErrors?.type) !== '[UserError!]!'
      )
    })
    expect(lacking.map(({ name }) => name)).toEqual([])
  })

  it('gives every connection all its arguments and fields', () => {
    const all = fields.filter(([, field]) => getNamedType(field.type).name.endsWith('Connection'))
    const connections = all.filter(([, field]) =>
      findRecordType(getNamedType(field.type).name.replace(/Connection$/, '')),
    )
    // Of what is no record there is one list, in one order.
    for (const [coordinate, field] of all.filter((one) => !connections.includes(one))) {
      const args = Object.fromEntries(field.args.map(({ name, type }) => [name, String(type)]))
      expect({ coordinate, args }).toEqual({
        coordinate,
        args: expect.objectContaining({ first: 'Int', after: 'String' }),
      })
      expect(field.extensions).toMatchObject({ connection: true, defaultSize: expect.any(Number) })
      const own = Object.keys((getNamedType(field.type) as GraphQLObjectType).getFields())
      expect(own).toEqual(expect.arrayContaining(['nodes', 'pageInfo']))
    }
    expect(connections.length).toBeGreaterThan(60)
    for (const [coordinate, field] of connections) {
      const target = getNamedType(field.type).name.replace(/Connection$/, '')
      const args = Object.fromEntries(field.args.map(({ name, type }) => [name, String(type)]))
      const root = coordinate.startsWith('Query.')
      expect({ coordinate, type: String(field.type), ...args }).toEqual({
        coordinate,
        // A way to many may be hidden, so that one refusal never blanks its record.
        type: `${target}Connection${root ? '!' : ''}`,
        first: 'Int',
        after: 'String',
        last: 'Int',
        before: 'String',
        where: `${target}Filter`,
        orderBy: `[${target}Order!]`,
        ...(root ? { deleted: 'Boolean' } : {}),
        ...(root && recordType(target).searched.length > 0 ? { search: 'String' } : {}),
      })
      expect(field.extensions).toMatchObject({ connection: true, defaultSize: 25 })
      const own = (getNamedType(field.type) as GraphQLObjectType).getFields()
      expect(Object.fromEntries(Object.values(own).map(({ name, type }) => [name, String(type)]))).toEqual({
        edges: `[${target}Edge!]!`,
        nodes: `[${target}!]!`,
        pageInfo: 'PageInfo!',
        totalCount: 'Count',
      })
    }
  })

  it('offers every record type by id, as a list, as an aggregate, as a node, and with its declared mutations', () => {
    for (const type of recordTypes()) {
      const single = type.name.charAt(0).toLowerCase() + type.name.slice(1)
      const names = new Set(queries.map(({ name }) => name))
      expect([single, type.plural, `${single}Aggregate`].filter((name) => !names.has(name))).toEqual([])
      expect((schema.getType(type.name) as GraphQLObjectType).getInterfaces().map(({ name }) => name)).toContain('Node')
      const own = mutations.filter(({ extensions }) =>
        [extensions.permission].flat().some((one) => String(one).startsWith(`${type.name}.`)),
      )
      for (const operation of type.operations) expect(own.map(({ name }) => name)).toContain(`${operation}${type.name}`)
    }
  })

  it('has ids, versions and times of making that are never null', () => {
    const nullable = objects
      .filter((type) => type.getInterfaces().some(({ name }) => name === 'Node'))
      .flatMap((type) =>
        ['id', 'version', 'createdAt', 'updatedAt']
          .flatMap((name) => type.getFields()[name] ?? [])
          .filter(({ type: own }) => !isNonNullType(own)),
      )
    expect(nullable).toEqual([])
    const ids = roots.flatMap(([coordinate, { args }]) =>
      args.filter(({ name, type }) => name === 'id' && String(type) !== 'ID!').map(() => coordinate),
    )
    expect(ids).toEqual([])
  })

  it('may hide every other field of a record, so that one refusal never blanks a list', () => {
    const fixed = new Set(['id', 'version', 'createdAt', 'updatedAt'])
    const strict = recordTypes().flatMap(({ name }) =>
      Object.values((schema.getType(name) as GraphQLObjectType).getFields())
        .filter((field) => isNonNullType(field.type) && !fixed.has(field.name))
        .map((field) => `${name}.${field.name}`),
    )
    expect(strict).toEqual([])
  })

  it('pages every way to many records', () => {
    const lists = fields.filter(
      ([, field]) => isListType(getNullableType(field.type)) && isRecord(getNamedType(field.type)),
    )
    expect(
      lists.map(([coordinate]) => coordinate).filter((one) => !/^(\w+Connection\.nodes|Query\.nodes)$/.test(one)),
    ).toEqual([])
  })

  it('has lists of objects only where their length is bounded', () => {
    // Structured values of a record are bounded by their column.
    const shapes = new Set(
      recordTypes().flatMap(({ fields }) => [...fields.values()].flatMap(({ shape }) => shape?.name ?? [])),
    )
    const lists = fields.filter(
      ([, field]) => isListType(getNullableType(field.type)) && isObjectType(getNamedType(field.type)),
    )
    const free = lists.filter(
      ([coordinate, field]) =>
        !BOUNDED.some((one) => one.test(coordinate)) && !shapes.has(getNamedType(field.type).name),
    )
    expect(free.map(([coordinate]) => coordinate)).toEqual([])
  })

  it('names things as the trade does', () => {
    const wrong: string[] = []
    const check = (name: string, pattern: RegExp) => {
      if (!pattern.test(name.split(/[.(]/).at(-1)!.replace(')', ''))) wrong.push(name)
    }
    for (const type of types) check(type.name, /^[A-Z][a-zA-Z]*$/)
    for (const [coordinate, field] of fields) {
      // A root field is what it gives; a list price is a price. A search that is done in the background gives nothing yet.
      if (coordinate !== 'Mutation.findDuplicates') check(coordinate, /^(?!(get|fetch|find)[A-Z])[a-z][a-zA-Z0-9]*$/)
      if (/^(Query|Mutation)\./.test(coordinate)) check(coordinate, /^(?!list[A-Z])/)
      for (const arg of field.args) check(`${coordinate}(${arg.name})`, /^[a-z][a-zA-Z0-9]*$/)
    }
    for (const type of types) {
      if (isEnumType(type)) for (const { name } of type.getValues()) check(`${type.name}.${name}`, /^[A-Z][A-Z0-9_]*$/)
      if (!isInputObjectType(type)) continue
      check(type.name, /(Input|Filter|Order|Key|Row|GroupBy|Having)$/)
      for (const { name } of Object.values(type.getFields())) check(`${type.name}.${name}`, /^[a-z][a-zA-Z0-9]*$/)
    }
    expect(wrong).toEqual([])
  })

  it('never offers the columns that the server keeps as input', () => {
    const kept = [
      'tenantId',
      'id',
      'version',
      'createdAt',
      'createdById',
      'updatedAt',
      'updatedById',
      'deletedAt',
      'deletedById',
      'searchText',
    ]
    const offered = types.flatMap((type) =>
      isInputObjectType(type) && /^(Create|Update)\w+Input$/.test(type.name)
        ? Object.keys(type.getFields())
            .filter((name) => kept.includes(name))
            .map((name) => `${type.name}.${name}`)
        : [],
    )
    expect(offered).toEqual([])
    expect(described().filter(([coordinate]) => /tenantId|passwordHash|keyHash|refreshHash/.test(coordinate))).toEqual(
      [],
    )
  })
})

describe('a root field that declares no right', () => {
  const tiny = buildSchema('type Query { forgotten: String, known: String }')
  tiny.getQueryType()!.getFields().known!.extensions = { permission: 'authenticated' }
  let ran = 0
  for (const field of Object.values(tiny.getQueryType()!.getFields())) {
    field.resolve = () => {
      ran++
      return 'secret'
    }
  }
  const admin = { viewer: { tenantId: 't', kind: 'user', roles: ['admin'], access: EVERYTHING } } as unknown as Context
  const operationOf = (text: string) => {
    const document = parse(text)
    return [document, document.definitions[0] as OperationDefinitionNode] as const
  }

  it.each([
    '{ forgotten }',
    '{ known again: forgotten }',
    '{ ... { forgotten } }',
    '{ ...F } fragment F on Query { forgotten }',
  ])('is refused even to administrators: %s', async (text) => {
    const [document, operation] = operationOf(text)
    let thrown: unknown
    try {
      authorise(tiny, document, operation, admin)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Error)
    expect(thrown).not.toBeInstanceOf(RequestError)
    expect(String(thrown)).toContain('forgotten declares no permission')

    ran = 0
    const { run } = executorOf(tiny, {
      authorise: (...given) => authorise(tiny, given[0], given[1], given[2] as Context),
    })
    const asked = {
      document,
      operation,
      operationName: null,
      source: text,
      variables: {},
      context: admin,
    }
    await expect(run(asked)).rejects.toThrow('declares no permission')
    expect(ran).toBe(0)
  })

  it('is found by the same check that lets a declared one pass', () => {
    const [document, operation] = operationOf('{ known __typename }')
    expect(() => authorise(tiny, document, operation, admin)).not.toThrow()
  })
})
