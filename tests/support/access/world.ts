import { newApiKey } from '../../../src/access/apiKey.ts'
import { createTokens } from '../../../src/access/token.ts'
import { newId } from '../../../src/ids.ts'
import { type RecordType, recordType, recordTypes } from '../../../src/read/recordType.ts'
import { idOf } from '../../../src/read/values.ts'
import { type Any, type Company, callers, SECRET, type TestApp } from '../app.ts'
import { camel, creatable, inputFor, make, ONE_OF, valueFor } from '../factory.ts'
import { type Owner, openOwner, uuidIn } from '../owner.ts'
import { type Person, person } from '../people.ts'
import type { Who } from './oracle.ts'
import { columnOf } from './rows.ts'

/** The people around the viewer, `hub`, by what they are to them. */
const PEOPLE = [
  'sub',
  'subsub',
  'mate',
  'headed',
  'headedBelow',
  'below',
  'above',
  'teamMate',
  'teamLead',
  'ledMember',
  'boss',
  'foreign',
] as const
type Name = (typeof PEOPLE)[number] | 'hub'

/** Kinds of records that belong to nobody near the viewer but are shared, or reached from another. */
const SHARED: Record<string, (world: Places) => Record<string, unknown>> = {
  shareUserRead: ({ users }) => ({ userId: users.hub }),
  shareUserWrite: ({ users }) => ({ userId: users.hub, access: 'WRITE' }),
  shareTeam: ({ teams }) => ({ teamId: teams.member }),
  shareLedTeam: ({ teams }) => ({ teamId: teams.led, access: 'WRITE' }),
  shareOtherTeam: ({ teams }) => ({ teamId: teams.other, access: 'WRITE' }),
  shareDepartment: ({ departments }) => ({ departmentId: departments.own, access: 'WRITE' }),
  shareDepartmentAbove: ({ departments }) => ({ departmentId: departments.above }),
  shareDepartmentBelow: ({ departments }) => ({ departmentId: departments.below, access: 'WRITE' }),
  shareOther: ({ users }) => ({ userId: users.mate, access: 'WRITE' }),
  shareExpired: ({ users }) => ({ userId: users.hub, access: 'WRITE' }),
  shareTakenBack: ({ users }) => ({ userId: users.hub, access: 'WRITE' }),
}
/** Kinds that belong to nobody: of types that pools hold, in a pool that the viewer is in by their department, and in another. */
const POOLED = ['pooled', 'pooledElsewhere'] as const
/** Kinds that belong to nobody near and are joined to what the viewer sees. */
const JOINED = ['joinedOwn', 'joinedShared', 'joinedNoMore', 'shareRole', 'second'] as const
/** Kinds that lie in the recycle bin. */
const GONE: Record<string, Name> = { ownGone: 'hub', subGone: 'sub', foreignGone: 'foreign' }

interface Places {
  users: Record<Name, string>
  teams: Record<'member' | 'led' | 'other', string>
  departments: Record<'own' | 'above' | 'below' | 'headed' | 'headedBelow', string>
}

/** How the viewer calls: a role of theirs, several, or a key that speaks for them. */
export interface Seat {
  name: string
  role: string
  further?: string[]
  kind?: 'key'
  scopes?: string[]
  fields?: string[]
  /** Of a key: on nobody's behalf. */
  alone?: boolean
  /** How far relations open what they lead to, `Contact.accounts`, where it is not what the company began with. */
  inheritance?: Record<string, 'NONE' | 'READ' | 'WRITE'>
}

/** A viewer in their seat. */
export interface Seated {
  caller: Pick<Company, 'run' | 'ask'>
  who: Who
  /** The bearer token. */
  token: string
}

/** A row of a role's field permissions: WRITE and unmasked unless said otherwise. */
export interface FieldRow {
  object: string
  field: string
  access?: 'HIDDEN' | 'READ' | 'WRITE'
  mask?: 'NONE' | 'LIST' | 'ALWAYS'
}

/** A company with records of every type in every relation to one viewer. */
export interface World extends Places {
  house: TestApp
  company: Company
  owner: Owner
  hub: Pick<Person, 'run' | 'ask' | 'token'>
  /** Ids of roles by key. */
  roles: Map<string, string>
  /** Ids of records by `Account own`. */
  kinds: Map<string, string>
  /** Ids of another company's records by type. */
  foreign: Map<string, string>
  /** Makes the viewer what the seat says and gives how to call, and whose rights to expect. */
  sit(seat: Seat): Promise<Seated>
  /** Makes a role; rows as inputs without the role. */
  role(key: string, objects: Record<string, unknown>[], fields?: FieldRow[]): Promise<string>
  close(): Promise<void>
}

/** Every action. */
export const ALL_ACTIONS = Object.fromEntries(
  [
    'Read',
    'Create',
    'Update',
    'Delete',
    'Restore',
    'Destroy',
    'Export',
    'Import',
    'Transfer',
    'Merge',
    'Approve',
    'Convert',
    'Reopen',
  ].map((action) => [`can${action}`, true]),
)

export const owned = (): RecordType[] => recordTypes().filter(({ owners }) => owners.length > 0)
const partsOf = (type: RecordType) =>
  [...type.relations.values()].flatMap((one) => (one.kind === 'one' && one.part ? [one] : []))
const plural = (type: RecordType) => type.plural.charAt(0).toUpperCase() + type.plural.slice(1)

/** Makes records of a type in one call, as the administrator; ids in order. */
async function makeAll(company: Company, type: RecordType, inputs: Record<string, unknown>[]): Promise<string[]> {
  const ids: string[] = []
  for (let from = 0; from < inputs.length; from += 200) {
    const data = await company.run<Any>(
      `mutation($input: [Create${type.name}Input!]!) { made: create${plural(type)}(input: $input) { results { ${camel(type.name)} { id } userErrors { code message field } } userErrors { code message } } }`,
      { input: inputs.slice(from, from + 200) },
    )
    const wrong = [...data.made.userErrors, ...data.made.results.flatMap((one: Any) => one.userErrors)]
    if (wrong.length > 0) throw new Error(`create${plural(type)}: ${JSON.stringify(wrong.slice(0, 3))}`)
    ids.push(...data.made.results.map((one: Any) => one[camel(type.name)].id))
  }
  return ids
}

/** An input of a type with every plain field filled; marks of a first one among several are left unset. */
export async function plainInput(company: Company, type: RecordType, more: Record<string, unknown>) {
  const marks = [...type.fields.values()].flatMap(({ name }) => (/^is(Primary|Default)$/.test(name) ? [name] : []))
  return inputFor(company, type, { ...Object.fromEntries(marks.map((name) => [name, false])), ...more })
}

/** Makes the world on a fresh house. Call `close`. */
export async function makeWorld(house: TestApp): Promise<World> {
  const company = house.acme
  const owner = await openOwner(house, company)
  const roles = new Map<string, string>()
  for (const { id, key } of await owner.rows<{ id: string; key: string }>(
    'SELECT id, key FROM role WHERE tenant_id = atrium.tenant_id()',
  ))
    roles.set(key, idOf('Role', id))

  const role: World['role'] = async (key, objects, fields = []) => {
    const id = (await make(company, 'Role', { key })).id
    roles.set(key, id)
    await makeAll(
      company,
      recordType('ObjectPermission'),
      objects.map((one) => ({ roleId: id, ...one })),
    )
    await makeAll(
      company,
      recordType('FieldPermission'),
      fields.map((one) => ({ roleId: id, ...one })),
    )
    return id
  }

  const { departments, users, teams, hub } = await people(house, company, roles)
  const world: World = {
    house,
    company,
    owner,
    hub,
    roles,
    users,
    teams,
    departments,
    kinds: new Map(),
    foreign: new Map(),
    role,
    sit: (seat) => sit(world, seat),
    async close() {
      await owner.close()
    },
  }
  await records(world)
  await strangers(world)
  // A table without statistics passes for empty, and nested predicates over it are planned badly.
  for (const { table } of recordTypes()) await owner.rows(`ANALYZE ${table}`)
  return world
}

async function people(house: TestApp, company: Company, roles: Map<string, string>) {
  const department = async (name: string, parentId?: string) =>
    (await make(company, 'Department', { name: `${company.mark} ${name}`, parentId: parentId ?? null })).id as string
  const above = await department('above')
  const own = await department('own', above)
  const below = await department('below', own)
  const headed = await department('headed')
  const headedBelow = await department('headed below', headed)
  const departments = { above, own, below, headed, headedBelow }
  const users = {} as Record<Name, string>
  const user = async (name: Name, more: Record<string, unknown>) => {
    users[name] = (
      await make(company, 'User', {
        roleId: roles.get('rep'),
        status: 'ACTIVE',
        name: `${company.mark} ${name}`,
        ...more,
      })
    ).id
  }
  await user('boss', {})
  const signedIn = await person(house, company, 'rep', {
    name: `${company.mark} hub`,
    managerId: users.boss,
    departmentId: own,
  })
  const hub = { ...signedIn, ...(await forAnHour(house, signedIn.token)) }
  users.hub = hub.id
  await user('sub', { managerId: hub.id })
  await user('subsub', { managerId: users.sub })
  await user('mate', { departmentId: own })
  await user('headed', { departmentId: headed })
  await user('headedBelow', { departmentId: headedBelow })
  await user('below', { departmentId: below })
  await user('above', { departmentId: above })
  for (const name of ['teamMate', 'teamLead', 'ledMember', 'foreign'] as const) await user(name, {})
  await company.run(
    `mutation($id: ID!, $headId: ID!) { updateDepartment(id: $id, input: { headId: $headId }) { userErrors { code } } }`,
    { id: headed, headId: hub.id },
  )
  const team = async (name: string, leaderId: string, members: string[]) => {
    const { id } = await make(company, 'Team', { name: `${company.mark} ${name}`, leaderId })
    for (const userId of members) await make(company, 'TeamMember', { teamId: id, userId })
    return id as string
  }
  const teams = {
    member: await team('member', users.teamLead, [hub.id, users.teamMate]),
    led: await team('led', hub.id, [users.ledMember]),
    other: await team('other', users.foreign, [users.boss]),
  }
  return { departments, users, teams, hub }
}

async function records(world: World): Promise<void> {
  const { company, owner, users, kinds } = world
  const kindOwner: Record<string, string | null> = { own: users.hub, ownerless: null }
  for (const name of POOLED) kindOwner[name] = null
  for (const name of PEOPLE) kindOwner[name] = users[name]
  for (const name of [...Object.keys(SHARED), ...JOINED]) kindOwner[name] = users.foreign
  for (const [name, who] of Object.entries(GONE)) kindOwner[name] = users[who]
  const names = Object.keys(kindOwner)

  for (const type of owned()) {
    const field = type.fields.get(type.owners[0] as string)!
    const possible = names.filter((name) => field.nullable || kindOwner[name] !== null)
    if (creatable(type)) {
      const inputs: Record<string, unknown>[] = []
      for (const name of possible) inputs.push(await plainInput(company, type, { [field.name]: kindOwner[name] }))
      const ids = await makeAll(company, type, inputs)
      for (const [at, name] of possible.entries()) kinds.set(`${type.name} ${name}`, ids[at] as string)
    } else
      for (const name of possible)
        kinds.set(`${type.name} ${name}`, await insert(world, type, { [field.name]: kindOwner[name] }))
    const gone = Object.keys(GONE).map((name) => kinds.get(`${type.name} ${name}`) as string)
    if (type.operations.has('delete'))
      await company.run(
        `mutation($input: [RecordVersionInput!]!) { delete${plural(type)}(input: $input) { userErrors { code } } }`,
        { input: gone.map((id) => ({ id })) },
      )
    else
      await owner.rows(
        `UPDATE ${type.table} SET deleted_at = now() WHERE tenant_id = atrium.tenant_id() AND id = ANY ($1)`,
        gone.map(uuidIn),
      )
  }

  await pool(world)

  // One of each other type that can be made, and one in the recycle bin.
  const others = recordTypes().filter((type) => type.owners.length === 0)
  for (const type of others.filter((one) => creatable(one) && !one.any && partsOf(one).length === 0)) {
    for (const name of ['one', 'gone']) kinds.set(`${type.name} ${name}`, (await make(company, type.name)).id)
    await remove(company, type, kinds.get(`${type.name} gone`) as string)
  }

  for (const type of others.filter((one) => creatable(one) && !one.any && partsOf(one).length > 0))
    await parts(world, type, names)
  for (const type of others.filter((one) => creatable(one) && one.any && partsOf(one).length > 0))
    await links(world, type, names)
  await posts(world)
  await references(world, names)

  for (const type of owned()) {
    const shares: Record<string, unknown>[] = []
    for (const [name, principal] of Object.entries(SHARED))
      shares.push({ recordId: kinds.get(`${type.name} ${name}`), ...principal(world) })
    const ids = await makeAll(company, recordType('RecordShare'), shares)
    const at = (name: string) => ids[Object.keys(SHARED).indexOf(name)] as string
    await owner.rows(
      `UPDATE record_share SET expires_at = now() - interval '1 minute' WHERE tenant_id = atrium.tenant_id() AND id = $1`,
      uuidIn(at('shareExpired')),
    )
    await remove(company, recordType('RecordShare'), at('shareTakenBack'))
    if (type.owners[1])
      await owner.rows(
        `UPDATE ${type.table} SET ${columnOf(type, type.owners[1])} = $2 WHERE tenant_id = atrium.tenant_id() AND id = $1`,
        uuidIn(kinds.get(`${type.name} second`) as string),
        uuidIn(users.hub),
      )
  }
}

/** Puts what is to lie in pools there. The viewer's pool keeps back everything that a search would find its records by. */
async function pool({ company, owner, users, departments, kinds }: World): Promise<void> {
  for (const [object, names] of [
    ['ACCOUNT', ['Account', 'Contact']],
    ['LEAD', ['Lead']],
  ] as const) {
    const hiddenFields = names.flatMap((name, at) =>
      recordType(name).searched.map((field) => (at === 0 ? field : `${name}.${field}`)),
    )
    for (const kind of POOLED) {
      const mine = kind === 'pooled'
      const { id } = await make(company, 'Pool', {
        object,
        enabled: true,
        isDefault: false,
        hiddenFields: mine ? hiddenFields : [],
      })
      await make(company, 'PoolMember', {
        poolId: id,
        role: 'MEMBER',
        ...(mine ? { departmentId: departments.own } : { userId: users.foreign }),
      })
      for (const name of names)
        await owner.rows(
          `UPDATE ${recordType(name).table} SET pool_id = $2 WHERE tenant_id = atrium.tenant_id() AND id = $1`,
          uuidIn(kinds.get(`${name} ${kind}`) as string),
          uuidIn(id),
        )
    }
  }
}

/** A record of a type that nobody makes by a standard verb, as the owner of its table: what must be there filled, by kind. */
async function insert(world: World, type: RecordType, more: Record<string, unknown>): Promise<string> {
  const { company, owner, kinds, users } = world
  const values: Record<string, unknown> = {}
  const defaults = await owner.rows<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 AND column_default IS NOT NULL`,
    type.table,
  )
  for (const field of type.fields.values()) {
    const given = more[field.name] as string | undefined
    if (given !== undefined) values[field.column] = field.kind === 'id' && given ? uuidIn(given) : given
    else if (field.nullable || defaults.some(({ name }) => name === field.column)) continue
    // Names of kinds of jobs are upper case, and nobody knows this one.
    else if (type.name === 'Job' && field.name === 'kind') values[field.column] = 'NOBODY_KNOWS'
    else if (field.kind === 'money') values[field.column] = 10_000
    // Periods begin with a month.
    else if (/^(periodStart|month)$/.test(field.name)) values[field.column] = '2026-03-01'
    else if (field.kind !== 'id') values[field.column] = valueFor(company, field)
    else if (field.name !== 'id')
      values[field.column] = uuidIn(
        field.target === 'User' ? users.foreign : (kinds.get(`${field.target} one`) as string),
      )
  }
  const columns = Object.keys(values)
  const [row] = await owner.rows<{ id: string }>(
    `INSERT INTO ${type.table} (tenant_id, ${columns.join(', ')}) VALUES (atrium.tenant_id(), ${columns.map((_, at) => `$${at + 1}`).join(', ')}) RETURNING id`,
    ...Object.values(values),
  )
  return idOf(type.name, (row as { id: string }).id)
}

const remove = (company: Company, type: RecordType, id: string) =>
  type.operations.has('delete')
    ? company.run(`mutation($id: ID!) { delete${type.name}(id: $id) { userErrors { code } } }`, { id })
    : null

/** Live kinds, those that lie in the recycle bin left out. */
const live = (names: string[]) => names.filter((name) => !(name in GONE))

/** Pairs of kinds that are joined: each with its own kind, what is joined to what the viewer sees, and across. */
function pairs(names: string[]): [string, string][] {
  return [
    ...live(names).map((name): [string, string] => [name, name]),
    ['own', 'joinedOwn'],
    ['shareUserRead', 'joinedShared'],
    ['shareUserWrite', 'joinedOwn'],
    ['own', 'joinedNoMore'],
    ['foreign', 'own'],
    ['own', 'foreign'],
    ['sub', 'shareUserRead'],
    ['ownerless', 'sub'],
  ]
}

/** Parts of records that have owners: one of each kind; of two owners, a pair each. Of others: one part. */
async function parts({ company, kinds, owner }: World, type: RecordType, names: string[]): Promise<void> {
  const all = partsOf(type)
  // Of several owners of which a part has one, the first of them.
  const oneOf = ONE_OF[type.name]?.[0]
  const [first, second] = oneOf ? all.filter(({ field }) => field === oneOf) : all
  if (!first) return
  if (recordType(first.target).owners.length === 0) {
    for (const name of ['one', 'gone']) kinds.set(`${type.name} ${name}`, (await make(company, type.name)).id)
    await remove(company, type, kinds.get(`${type.name} gone`) as string)
    return
  }
  const required = [...type.relations.values()].flatMap((one) =>
    one.kind === 'one' && !one.part && type.fields.get(one.field)?.required ? [one] : [],
  )
  const seen = new Set<string>()
  // Two owners of one type are two records, and the same two once.
  const apart = ([a, b]: [string, string]) => {
    if (second?.target !== first.target) return true
    const key = [a, b].sort().join()
    return a !== b && !seen.has(key) && seen.add(key)
  }
  const made = second ? pairs(names).filter(apart) : live(names).map((name): [string, string] => [name, name])
  const inputs: Record<string, unknown>[] = []
  for (const [a, b] of made) {
    const more: Record<string, unknown> = { [first.field]: kinds.get(`${first.target} ${a}`) }
    if (second) more[second.field] = kinds.get(`${second.target} ${b}`)
    for (const { field, target } of required)
      more[field] =
        // What it refers to besides its owner is another one than that.
        target === first.target
          ? (await make(company, target)).id
          : (kinds.get(`${target} ${b}`) ?? kinds.get(`${target} one`))
    inputs.push(await plainInput(company, type, more))
  }
  const ids = await makeAll(company, type, inputs)
  for (const [at, [a, b]] of made.entries()) kinds.set(`${type.name} ${a === b ? a : `${a} ${b}`}`, ids[at] as string)
  const gone = kinds.get(`${type.name} own joinedNoMore`) ?? (kinds.get(`${type.name} boss`) as string)
  if (type.operations.has('delete')) await remove(company, type, gone)
  else
    await owner.rows(
      `UPDATE ${type.table} SET deleted_at = now() WHERE tenant_id = atrium.tenant_id() AND id = $1`,
      uuidIn(gone),
    )
}

/** Posts of several authors for each audience, each with a comment of another author; one of each in the recycle bin. */
async function posts(world: World): Promise<void> {
  const { users, teams, departments, kinds, owner } = world
  const audiences: [string, Record<string, unknown>][] = [
    ['ALL', {}],
    ...Object.entries(teams).map(([name, teamId]): [string, Record<string, unknown>] => [`TEAM ${name}`, { teamId }]),
    ...Object.entries(departments).map(([name, departmentId]): [string, Record<string, unknown>] => [
      `DEPARTMENT ${name}`,
      { departmentId },
    ]),
    ['USERS hub', { userId: users.hub }],
    ['USERS foreign', { userId: users.foreign }],
    ...['own', 'sub', 'foreign', 'shareUserRead', 'ownerless'].map((kind): [string, Record<string, unknown>] => [
      `RECORD ${kind}`,
      { recordId: kinds.get(`Account ${kind}`) },
    ]),
  ]
  for (const author of ['hub', 'sub', 'foreign'] as const)
    for (const [name, { userId, ...more }] of audiences) {
      const audience = name.split(' ')[0] as string
      const at = more.recordId ? { objectType: 'Account' } : {}
      const id = await insert(world, recordType('FeedPost'), { audience, authorId: users[author], ...more, ...at })
      kinds.set(`FeedPost ${author} ${name}`, id)
      const comment = { postId: id, authorId: users[author === 'hub' ? 'foreign' : 'hub'] }
      const commentId = await insert(world, recordType('FeedComment'), comment)
      kinds.set(`FeedComment ${author} ${name}`, commentId)
      if (userId) await insert(world, recordType('FeedPostUser'), { postId: id, userId })
      await insert(world, recordType('FeedReaction'), { postId: id, commentId, userId: users.foreign, kind: 'LIKE' })
      await insert(world, recordType('FeedMention'), { postId: id, userId: users.hub })
    }
  for (const type of ['feed_post', 'feed_comment'])
    await owner.rows(
      `UPDATE ${type} SET deleted_at = now() WHERE tenant_id = atrium.tenant_id() AND id = ANY ($1)`,
      ['hub', 'foreign'].map((name) =>
        uuidIn(kinds.get(`${type === 'feed_post' ? 'FeedPost' : 'FeedComment'} ${name} ALL`) as string),
      ),
    )
}

/** Links between a type and records of any type, over every relation that leads through them. */
async function links({ company, kinds }: World, type: RecordType, names: string[]): Promise<void> {
  const [far] = partsOf(type)
  if (!far) return
  const withOwner = recordType(far.target).owners.length > 0
  const linked = recordTypes().filter((one) =>
    [...one.relations.values()].some((relation) => relation.kind === 'linked' && relation.link === type.name),
  )
  // A segment has members of one object; those of the factory are of contacts.
  if (type.name === 'SegmentMember') linked.splice(0, linked.length, recordType('Contact'))
  const inputs: Record<string, unknown>[] = []
  const keys: string[] = []
  for (const other of linked) {
    for (const [a, b] of withOwner ? pairs(names) : live(names).map((name) => [name, 'one'] as const)) {
      const recordId = kinds.get(`${other.name} ${a}`)
      const farId = kinds.get(`${far.target} ${b}`)
      if (!recordId || !farId) continue
      inputs.push(await plainInput(company, type, { recordId, [far.field]: farId }))
      keys.push(`${type.name} ${other.name} ${a === b ? a : `${a} ${b}`}`)
    }
  }
  const ids = await makeAll(company, type, inputs)
  for (const [at, id] of ids.entries()) kinds.set(keys[at] as string, id)
  for (const other of linked) {
    const gone = kinds.get(`${type.name} ${other.name} ${withOwner ? 'own joinedNoMore' : 'boss one'}`)
    if (gone) await remove(company, type, gone)
  }
}

/** References between records that have owners, each to one of another kind, so that nested reads cross from what is seen to what is not. */
async function references({ owner, kinds }: World, names: string[]): Promise<void> {
  const there = live(names)
  for (const type of owned()) {
    for (const relation of type.relations.values()) {
      if (relation.kind !== 'one' || recordType(relation.target).owners.length === 0) continue
      const field = type.fields.get(relation.field)!
      if (!field.nullable || field.write === 'never') continue
      // Of several of which it has one, it keeps the one that it was made with.
      if (ONE_OF[type.name]?.includes(field.name)) continue
      const rows = there.flatMap((name, at) => {
        // A tree two levels deep over itself; elsewhere one step further on each time.
        const to = relation.target === type.name ? (at < 9 ? null : there[at % 9]) : there[(at * 7 + 3) % there.length]
        // Not every type has records of nobody.
        return to && kinds.has(`${type.name} ${name}`) && kinds.has(`${relation.target} ${to}`)
          ? [{ id: uuidIn(kinds.get(`${type.name} ${name}`)!), to: uuidIn(kinds.get(`${relation.target} ${to}`)!) }]
          : []
      })
      await owner.rows(
        `UPDATE ${type.table} t SET ${relation.column} = x.to FROM json_to_recordset($1::json) AS x(id uuid, "to" uuid) WHERE t.tenant_id = atrium.tenant_id() AND t.id = x.id`,
        JSON.stringify(rows),
      )
    }
  }
}

/** Another company's records, one of each type that can be made. */
async function strangers({ house, foreign }: World): Promise<void> {
  for (const type of recordTypes()) {
    if (creatable(type)) foreign.set(type.name, (await make(house.globex, type.name)).id)
  }
}

async function sit(world: World, seat: Seat): Promise<Seated> {
  const { company, owner, hub, users, roles, kinds, house } = world
  const roleOf = (key: string) => {
    const id = roles.get(key)
    if (!id) throw new Error(`There is no role ${key}.`)
    return id
  }
  const roleId = roleOf(seat.role)
  const { scopes = [], fields = [], alone = false } = seat
  // One record of each type is shared with whatever role the viewer has.
  await owner.rows(`DELETE FROM record_share WHERE tenant_id = atrium.tenant_id() AND role_id IS NOT NULL`)
  for (const type of owned())
    await owner.rows(
      `INSERT INTO record_share (tenant_id, object_type, record_id, role_id, access) VALUES (atrium.tenant_id(), $1, $2, $3, 'WRITE')`,
      type.name,
      uuidIn(kinds.get(`${type.name} shareRole`) as string),
      uuidIn(roleOf(seat.further?.[0] ?? seat.role)),
    )
  await owner.rows(`DELETE FROM user_role WHERE tenant_id = atrium.tenant_id() AND user_id = $1`, uuidIn(users.hub))
  for (const key of seat.further ?? [])
    await owner.rows(
      `INSERT INTO user_role (tenant_id, user_id, role_id) VALUES (atrium.tenant_id(), $1, $2)`,
      uuidIn(users.hub),
      uuidIn(roleOf(key)),
    )
  if (seat.kind === 'key') {
    const { key, prefix, last4, hash } = newApiKey('live')
    await owner.rows(
      `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id, user_id, scopes, allowed_fields) VALUES (atrium.tenant_id(), $1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      newId(),
      seat.name,
      prefix,
      last4,
      hash,
      uuidIn(roleId),
      alone ? null : uuidIn(users.hub),
      scopes,
      fields,
    )
    await touch(company, users.foreign)
    const who: Who = { userId: alone ? null : uuidIn(users.hub), roleId: uuidIn(roleId), kind: 'key', scopes, fields }
    return { caller: callers(house.app, key), who, token: key }
  }
  await owner.rows(
    `UPDATE app_user SET role_id = $2 WHERE tenant_id = atrium.tenant_id() AND id = $1`,
    uuidIn(users.hub),
    uuidIn(roleId),
  )
  await touch(company, users.foreign)
  return { caller: hub, token: hub.token, who: { userId: uuidIn(users.hub), roleId: uuidIn(roleId), kind: 'user' } }
}

let touches = 0

/** A write to a user through the API makes the process look again at what everybody may do. */
async function touch(company: Company, id: string): Promise<void> {
  await company.run(
    `mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code } } }`,
    { id, input: { title: `${company.mark} ${++touches}` } },
  )
}

/** The session of a token, with one that lives longer: the suites take more than the quarter of an hour of a token on a slow machine. */
async function forAnHour(house: TestApp, token: string) {
  const tokens = createTokens({ secret: SECRET, accessSeconds: 3600 })
  const claims = await tokens.verifyAccess(token)
  if (claims === null || claims === 'expired') throw new Error('The user of the access tests has no good token.')
  const long = await tokens.signAccess(claims)
  return { token: long.token, ...callers(house.app, long.token) }
}
