import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { newId } from '../../src/ids.ts'
import { findRecordType, type RecordType, recordType, recordTypes } from '../../src/read/recordType.ts'
import { schema } from '../../src/schema/index.ts'
import type { Any } from './app.ts'
import { creatable, inputFor, MADE_BY_VERB, make, ONE_OF, plainFields, SPECIAL } from './factory.ts'
import { ANY, type Probe, type World } from './isolation.ts'

type RootField = GraphQLField<unknown, unknown>
export const queries = () => Object.values(schema.getQueryType()!.getFields())
export const mutations = () => Object.values(schema.getMutationType()!.getFields())

/** Aliases of one document; the limits allow 20 root fields. */
const BATCH = 8

/** Names that other systems give: no ids of ours. */
const FOREIGN_NAMES = new Set(['externalId', 'clientId', 'externalUserId', 'unionId'])

/** Is a leaf of an input an id: by its type, or, where ids stand in structured values, by its name. */
const isId = ({ name, type }: GraphQLArgument | GraphQLInputField) =>
  getNamedType(type).name === 'ID' ||
  (getNamedType(type).name === 'String' && /[a-z]Id$/.test(name) && !FOREIGN_NAMES.has(name))

/** Arguments that hold an id and do not say of what. */
const NAMED: Record<string, string> = {
  dutiesTo: 'User',
  provider: 'IdentityProvider',
  recordIds: 'Contact',
  templateId: 'EmailTemplate',
  recipientIds: 'Contact',
  intoId: 'LeadSource',
  fromIds: 'LeadSource',
  queueId: 'CaseQueue',
}
/** Arguments that take ids of records of any type. */
const OF_ANY = new Set(['logActivity(recordIds)'])
/** Verbs for which an empty id is one that was left out. */
const EMPTY_IS_NONE = new Set(['requestPermission', 'startOidcSignIn', 'signInWithOidc'])

/** The type whose ids belong into a field of an input about a record type. */
function targetOf(name: string, type: RecordType | undefined): string {
  if (type?.fields.has(name)) return type.fields.get(name)!.target ?? ANY
  if ((name === 'id' || name === 'ids' || name === 'linkId') && type) return type.name
  if (Object.hasOwn(NAMED, name)) return NAMED[name] as string
  return (
    recordTypes().find((one) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`.endsWith(`${one.name}Id`))?.name ??
    ANY
  )
}

/** An id of the victim that belongs to a place. */
export const foreignId = ({ ids }: World, target: string): string => ids.get(target === ANY ? 'Contact' : target)!

// Reading.

/** A root field of a reading probe. */
interface Part {
  alias: string
  text: (variable: string) => string
  target: string
  /** The victim's id; undefined where the victim has none there, so that the owner's answer shows nothing. */
  foreign: string | undefined
  /** Is it asked in every form of an id: one operator of a field is enough, all read what they are given alike. */
  forms: boolean
}

const OPERATORS = [
  ['eq', '$'],
  ['neq', '$'],
  ['in', '[$]'],
  ['notIn', '[$]'],
] as const

/** All ways to read by an id of a record type, through every root field that takes one or filters by one. */
function readParts(type: RecordType, victim: World): Part[] {
  const parts: Part[] = []
  const add = (target: string, foreign: string | undefined, text: Part['text'], forms = true) =>
    parts.push({ alias: `p${parts.length}`, target, foreign, text, forms })
  const id = victim.ids.get(type.name)!
  const plain = plainFields(type).join(' ')
  for (const field of queries()) {
    for (const arg of field.args) {
      const named = getNamedType(arg.type)
      const many = isListType(getNullableType(arg.type))
      const returned = getNamedType(field.type).name
      if (named.name === 'ID' && (returned === type.name || returned === 'Node')) {
        const select =
          returned === 'Node' ? `{ __typename id ... on ${type.name} { ${plain} } }` : `{ __typename ${plain} }`
        add(
          returned === 'Node' ? ANY : type.name,
          id,
          (variable) => `${field.name}(${arg.name}: ${many ? `[${variable}, $own]` : variable}) ${select}`,
        )
      }
      if (named.name !== `${type.name}Filter`) continue
      // What needs more than a filter has tests of its own.
      if (field.args.some((one) => one !== arg && isNonNullType(one.type))) continue
      const select = returned.endsWith('Connection') ? '{ nodes { id } totalCount { value } }' : '{ count }'
      const page = returned.endsWith('Connection') ? 'first: 1, ' : ''
      const filtered = (where: string) => `${field.name}(${page}${arg.name}: ${where}) ${select}`
      for (const one of type.fields.values()) {
        if (one.kind !== 'id' || !one.filter) continue
        const target = one.name === 'id' ? type.name : one.target!
        const relation = one.target === ANY ? type.any!.name : one.relation
        const there = one.name === 'id' ? id : victim.refs.get(`${type.name}.${relation}`)
        for (const [operator, place] of OPERATORS) {
          add(
            target,
            there,
            (variable) => filtered(`{ ${one.name}: { ${operator}: ${place.replace('$', variable)} } }`),
            operator === 'eq',
          )
        }
      }
      for (const relation of type.relations.values()) {
        const there = victim.refs.get(`${type.name}.${relation.name}`)
        for (const quantifier of relation.kind === 'one' ? ['is'] : ['some', 'every', 'none']) {
          // With several there, `every` is false whichever it is.
          add(
            relation.target,
            quantifier === 'every' ? undefined : there,
            (variable) => filtered(`{ ${relation.name}: { ${quantifier}: { id: { eq: ${variable} } } } }`),
            quantifier === 'is' || quantifier === 'some',
          )
        }
      }
    }
  }
  return parts
}

/** Coordinates of filters by id that reading probes reach: all of `Type.field`. */
export function readCoordinates(type: RecordType): string[] {
  return [...type.fields.values()]
    .filter(({ kind, filter }) => kind === 'id' && filter)
    .map(({ name }) => `${type.name}Filter.${name}`)
}

/** Reading probes of a type, in documents of several root fields; `all` false: only those to which the owner gets another answer. */
export function readProbes(type: RecordType, attacker: World, victim: World, { all = true } = {}): Probe[] {
  const [whole, plain] = [true, false].map((which) =>
    readParts(type, victim).filter(({ foreign, forms }) => forms === which && (all || foreign)),
  ) as [Part[], Part[]]
  const probes: Probe[] = []
  const groups = [whole, plain].flatMap((parts) =>
    Array.from({ length: Math.ceil(parts.length / BATCH) }, (_, at) => parts.slice(at * BATCH, (at + 1) * BATCH)),
  )
  for (const [at, group] of groups.entries()) {
    const own = group.some(({ text }) => text('$x').includes('$own'))
    const variables = group.map(({ alias }) => `$${alias}: ID!`)
    probes.push({
      name: `${type.name} by id (${at * BATCH}…)`,
      forms: group[0]?.forms,
      document: `query(${[...variables, ...(own ? ['$own: ID!'] : [])].join(', ')}) { ${group.map(({ alias, text }) => `${alias}: ${text(`$${alias}`)}`).join(' ')} }`,
      places: group.map(({ alias, target, foreign }) => ({
        variable: alias,
        target,
        foreign: foreign ?? foreignId(victim, target),
      })),
      variables: (ids) => ({ ...ids, ...(own ? { own: attacker.ids.get(type.name) } : {}) }),
    })
  }
  return probes
}

// Writing.

type Path = (string | number)[]

/** Where a mutation takes an id. */
export interface IdPlace {
  field: RootField
  path: Path
  target: string
  /** `Type.field` of the input, or `mutation(arg)`. */
  coordinate: string
  /** Is it a text that may be left empty. */
  text: boolean
}

/** The record type that a mutation is about, by the right that it needs. */
export function subjectOf(field: RootField): RecordType | undefined {
  const [permission] = [field.extensions.permission].flat() as string[]
  return findRecordType(permission?.split('.')[0] ?? '')
}

/** What a lead becomes, by the names in the input of its conversion. */
const BECOMES: Record<string, string> = { account: 'Account', contact: 'Contact', opportunity: 'Opportunity' }
const CONVERSION = /^convertLeads?$/

/** The type that an input below a field is about: its own, or that of its parts. */
function partOf(type: RecordType | undefined, name: string): RecordType | undefined {
  const relation = type?.relations.get(name)
  if (type?.name === 'Lead' && Object.hasOwn(BECOMES, name)) return recordType(BECOMES[name] as string)
  return relation ? recordType(relation.target) : type
}

/** Every place of every mutation where an id may stand. */
export function idPlaces(): IdPlace[] {
  return mutations().flatMap((field) => {
    const places: IdPlace[] = []
    const visit = (
      one: GraphQLArgument | GraphQLInputField,
      path: Path,
      coordinate: string,
      within: string[],
      type: RecordType | undefined,
    ) => {
      const here = [...path, one.name, ...(isListType(getNullableType(one.type)) ? [0] : [])]
      const named = getNamedType(one.type)
      if (isId(one))
        places.push({
          field,
          path: here,
          target: OF_ANY.has(coordinate) ? ANY : targetOf(one.name, type),
          coordinate,
          text: getNamedType(one.type).name === 'String' || EMPTY_IS_NONE.has(field.name),
        })
      if (!isInputObjectType(named) || within.includes(named.name)) return
      for (const inner of Object.values(named.getFields())) {
        visit(inner, here, `${named.name}.${inner.name}`, [...within, named.name], partOf(type, one.name))
      }
    }
    for (const arg of field.args) visit(arg, [], `${field.name}(${arg.name})`, [], subjectOf(field))
    return places
  })
}

/** Arguments with which a company may call a mutation, except for the id that a probe puts in. */
export async function argumentsFor(
  world: World,
  { field, path }: Pick<IdPlace, 'field' | 'path'>,
): Promise<Record<string, Any>> {
  const type = subjectOf(field)
  const args: Record<string, Any> = {}
  for (const arg of field.args) {
    if (isNonNullType(arg.type) || arg.name === path[0])
      args[arg.name] = await valueFor(world, arg.name, arg.type, type, below(path, arg.name))
  }
  // Of references of which a record has one, the one that is probed.
  const others = ONE_OF[type?.name ?? '']
  if (others?.includes(path.at(-1) as string))
    for (const input of [args.input ?? []].flat()) for (const name of others) delete input[name]
  // The same of parts that are given with a record.
  for (const input of [args.input ?? []].flat())
    for (const member of input?.members ?? [])
      for (const name of ONE_OF.PoolMember as string[]) if (name !== path.at(-1)) delete member[name]
  const persons = ONE_OF.CampaignMember as string[]
  if (path.includes('members') && persons.includes(path.at(-1) as string))
    for (const input of [args.input ?? []].flat())
      for (const member of input?.members ?? [])
        for (const name of persons) if (name !== path.at(-1)) delete member[name]
  // Whose records go, or who goes, is nobody whom others refer to.
  if (field.name === 'offboardUser' && path[0] !== 'userId') args.userId = await active(world)
  if (field.name === 'startHandover' && path.at(-1) !== 'fromUserId') args.input.fromUserId = await active(world)
  // A task for a user is for one.
  if (path.includes('entryTasks'))
    for (const input of [args.input].flat())
      for (const stage of [input, input?.input, ...(input?.stages ?? [])])
        for (const task of stage?.entryTasks ?? [])
          if (path.includes('userId')) Object.assign(task, { subject: 'Call', assignee: 'USER' })
  // Each lead is converted once, and only a deal without the conversion's company names one.
  if (CONVERSION.test(field.name)) {
    for (const input of [args.input].flat()) {
      input.leadId = await openLead(world.company)
      if (!path.includes('account')) input.account = { none: true }
    }
  }
  // One that is merged is merged with others; the first of them is probed.
  if (type && field.name === `merge${type.name}s` && args.input)
    args.input.ids = [null, (await make(world.company, type.name)).id, (await make(world.company, type.name)).id].slice(
      path.includes('ids') ? 0 : 1,
    )
  // A request for a role names a role, one for a record a record.
  if (field.name === 'requestPermission') args.input.kind = path.at(-1) === 'recordId' ? 'RECORD_ACCESS' : 'ROLE'
  // A step of a flow says what it is called and whom it asks.
  if (type?.name === 'ApprovalFlow' && path.includes('steps'))
    for (const one of [args.input].flat()) (one.input ?? one).steps = [{ name: 'Step', source: 'MANAGER' }]
  // A step of a workflow says what it is called and what it does.
  if (type?.name === 'Workflow' && path.includes('steps'))
    for (const one of [args.input].flat()) (one.input ?? one).steps = [{ key: 'wait', action: 'WAIT', minutes: 5 }]
  // What a customer is recognised by is asked for before anything else.
  if (field.name === 'submitRegistration')
    Object.assign(args.input, { companyName: `${world.company.mark} ${newId()}`, taxNo: newId() })
  // What identifies a record of an upsert stands in its key alone.
  if (args.by)
    for (const name of ['externalId', 'externalSource', ...Object.keys(Object.values(args.by)[0] as object)])
      delete args.input[name]
  return args
}

/** A user who works in the company and owns nothing. */
const active = async ({ company }: World): Promise<string> => (await make(company, 'User', { status: 'ACTIVE' })).id

/** A lead that can be converted. */
const openLead = async (company: World['company']): Promise<string> =>
  (await make(company, 'Lead', { ownerId: company.adminUserId })).id

/** The rest of a path below a name, if it leads there. */
const below = (path: Path, name: string): Path => (path[0] === name ? path.slice(1) : [])

async function valueFor(
  world: World,
  name: string,
  given: GraphQLInputType,
  type: RecordType | undefined,
  path: Path,
): Promise<Any> {
  const nullable = getNullableType(given)
  if (isListType(nullable)) return [await valueFor(world, name, nullable.ofType, type, path.slice(1))]
  const named = getNamedType(given)
  if (isInputObjectType(named)) {
    const value: Record<string, Any> = {}
    const fields = Object.values(named.getFields())
    // A new record, or a part within one.
    if (
      type &&
      creatable(type) &&
      /^(?!Update).*Input$/.test(named.name) &&
      fields.every(({ name }) => type.fields.has(name) || type.relations.has(name))
    ) {
      for (const [key, one] of Object.entries(await inputFor(world.company, type)))
        if (key in named.getFields()) value[key] = one
    }
    const wanted = named.isOneOf
      ? fields.filter((one) => one.name === (path[0] ?? 'externalId'))
      : fields.filter(({ type, name }) => isNonNullType(type) || name === path[0])
    // Something to write, lest an update that got through leave no trace.
    if (type && named.name === `Update${type.name}Input`) value.externalId = `${world.company.mark} ${newId()}`
    for (const one of wanted)
      if (!(one.name in value) || path.length > 1)
        value[one.name] = await valueFor(world, one.name, one.type, partOf(type, one.name), below(path, one.name))
    return value
  }
  if (name === 'tenant') return world.company.slug
  if (isEnumType(named)) return named.getValues()[0]?.value
  if (named.name === 'Boolean') return true
  if (named.name === 'Int') return 1
  if (named.name === 'EmailAddress') return `${newId()}@mail.example`
  if (isId({ name, type: given } as GraphQLArgument)) return foreignId(world, targetOf(name, type))
  if (name === 'object') return 'Account'
  const text = named.name === 'Date' ? '2026-03-01' : `${world.company.mark} ${newId()}`
  return SPECIAL[type?.name ?? '']?.(world.company)[name] ?? text
}

/** A probe of one place of a mutation. */
export function writeProbe({ field, path, target, text }: IdPlace, args: Record<string, Any>, foreign: string): Probe {
  const payload = getNamedType(field.type).name
  const select =
    payload.endsWith('ListPayload') && !/^(Destroy)?TargetListPayload$/.test(payload)
      ? 'results { userErrors { code message field details } } userErrors { code message field details }'
      : 'userErrors { code message field details }'
  const variables = field.args.filter(({ name }) => name in args)
  return {
    name: `${field.name} ${path.join('.')}`,
    document: `mutation(${variables.map(({ name, type }) => `$${name}: ${type}`).join(', ')}) { ${field.name}(${variables.map(({ name }) => `${name}: $${name}`).join(', ')}) { ${select} } }`,
    places: [{ variable: 'id', target, foreign, text }],
    variables: ({ id }) => put(structuredClone(args), path, id),
  }
}

function put(args: Record<string, Any>, path: Path, value: unknown): Record<string, Any> {
  let at: Any = args
  path.slice(0, -1).forEach((step, index) => {
    at[step] ??= typeof path[index + 1] === 'number' ? [] : {}
    at = at[step]
  })
  at[path.at(-1)!] = value
  return args
}

/** What verbs that are written by hand are called with, where that is none of the world's records. */
const BY_HAND: Record<string, (owner: World) => Promise<string>> = {
  decidePermissionRequest: ({ company }) => MADE_BY_VERB.PermissionRequest!(company),
  async revertConversion({ company }) {
    const id = await openLead(company)
    await company.run(
      'mutation($id: ID!) { convertLead(input: { leadId: $id, account: { none: true } }) { userErrors { code } } }',
      { id },
    )
    return id
  },
  ...Object.fromEntries(
    ['updateApiKey', 'rotateApiKey', 'revokeApiKey'].map((name) => [
      name,
      // The company's first key is the one that asks.
      async ({ company, ids }: World) => {
        const query = `mutation($roleId: ID!) { createApiKey(input: { name: "Probe", roleId: $roleId }) { apiKey { id } } }`
        return (await company.run(query, { roleId: ids.get('Role') })).createApiKey.apiKey.id
      },
    ]),
  ),
  ...Object.fromEntries(
    ['resendInvitation', 'revokeInvitation'].map((name) => [
      name,
      async ({ company, ids }: World) => {
        const query = `mutation($input: InviteUserInput!) { inviteUser(input: $input) { user { id } } }`
        const input = { email: `${newId()}@mail.example`, name: company.mark, roleId: ids.get('Role') }
        return (await company.run(query, { input })).inviteUser.user.id
      },
    ]),
  ),
}

/** The victim's id for a place of a mutation: one that the mutation would take from the victim. */
export async function foreignRecord(victim: World, { field, target }: IdPlace): Promise<string> {
  return BY_HAND[field.name]?.(victim) ?? foreignId(victim, target)
}

/**
 * A record of the owner's that a mutation can be called with in a place: one of its own for what removes it or makes it refer to itself, deleted for
 * what brings it back.
 */
export async function ownRecord(owner: World, { field, path, target }: IdPlace): Promise<string> {
  const byHand = BY_HAND[field.name]
  if (byHand && path.length === 1) return byHand(owner)
  // A role has one row for an object, and for a field.
  if (target === 'Role' && subjectOf(field)?.name.endsWith('Permission')) return (await make(owner.company, 'Role')).id
  if (target === 'User' && /^(startHandover|offboardUser)$/.test(field.name)) return active(owner)
  if (ONE_OF[subjectOf(field)?.name ?? '']?.includes(path.at(-1) as string))
    return (await make(owner.company, target)).id
  if (CONVERSION.test(field.name) && path.at(-1) === 'leadId') return openLead(owner.company)
  if (CONVERSION.test(field.name) && path.at(-1) === 'ownerId' && !path.includes('create')) return active(owner)
  // A pool takes records of its own object that are made straight into it, when it says so.
  const subject = path.includes('account') ? 'ACCOUNT' : subjectOf(field)?.name.toUpperCase()
  if (target === 'Pool' && (subject === 'ACCOUNT' || subject === 'LEAD'))
    return (await make(owner.company, 'Pool', { object: subject, enabled: true, allowImport: true })).id
  const verb = /^(delete|destroy|restore)/.exec(field.name)?.[0]
  if (!verb && (path.at(-1) === 'id' || target !== subjectOf(field)?.name)) return foreignId(owner, target)
  const { id } = await make(owner.company, target)
  if (verb === 'restore')
    await owner.company.run(`mutation($id: ID!) { delete${target}(id: $id) { userErrors { code } } }`, { id })
  return id
}

/** All user errors of an answer, those of list rows too. */
export function userErrors(
  data: Record<string, Any> | null,
): { code: string; message: string; field: string[] | null }[] {
  return Object.values(data ?? {}).flatMap((payload) => [
    ...(payload?.userErrors ?? []),
    ...(payload?.results ?? []).flatMap((row: Any) => row.userErrors),
  ])
}

/** Everything that can be selected of a type at depth one: plain columns, amounts, structured values, and ids and cursors of what it is joined with. */
export function everything(type: RecordType): string {
  const object = schema.getType(type.name) as Any
  const parts = Object.values(object.getFields() as Record<string, RootField>).map((field) => {
    const named = getNamedType(field.type)
    const listed = named.name.endsWith('Connection') && !findRecordType(named.name.replace(/Connection$/, ''))
    if (named.name.endsWith('Connection') && !listed) return `${field.name}(first: 1) { nodes { __typename id } }`
    if (isRecord(named)) return `${field.name} { __typename id }`
    return 'getFields' in named
      ? `${field.name}${listed ? '(first: 1)' : ''} { ${plainly(named as GraphQLObjectType)} }`
      : field.name
  })
  return parts.join(' ')
}

const isRecord = ({ name }: GraphQLNamedType) => findRecordType(name) !== undefined || name === 'Node'

/** Everything of an object that is no record. */
function plainly(object: GraphQLObjectType): string {
  return Object.values(object.getFields())
    .map(({ name, type }) => {
      const named = getNamedType(type)
      if (isRecord(named)) return `${name} { __typename id }`
      return 'getFields' in named ? `${name} { ${plainly(named as GraphQLObjectType)} }` : name
    })
    .join(' ')
}
