import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { MASKABLE } from '../../src/read/values.ts'
import { schema } from '../../src/schema/index.ts'
import { type DryRun, dryRun } from '../support/access/dry.ts'
import { exportProblems } from '../support/access/exports.ts'
import { fieldProblems } from '../support/access/fields.ts'
import { type Oracle, oracleOf } from '../support/access/oracle.ts'
import { type Caller, readProblems } from '../support/access/reads.ts'
import { rootProblems, unruled } from '../support/access/roots.ts'
import { readRows } from '../support/access/rows.ts'
import { ALL_ACTIONS, type FieldRow, makeWorld, type Seat, type World } from '../support/access/world.ts'
import { writeProblems } from '../support/access/writes.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { type Watch, watch } from '../support/isolation.ts'

const SCOPES = ['OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL']
const business = () => recordTypes().filter((type) => !type.settings)
const half = (which: 0 | 1) => business().filter((_, at) => at % 2 === which)
const settings = () => recordTypes().filter((type) => type.settings)

/** A seat and how closely it is looked at: the seeded roles at everything, others at what is theirs. */
interface Case extends Seat {
  types?: RecordType[]
  sample: number
  /** What another seat shows as well is left out. */
  skip?: ('roots' | 'reads')[]
}

const CASES: Case[] = [
  ...['admin', 'manager', 'rep', 'readonly'].map((role) => ({ name: `the role ${role}`, role, sample: 2 })),
  // Each of a third of the types, the next of the others: what a scope finds is one predicate, whatever the type.
  ...SCOPES.map((scope, turn) => ({
    name: `a role with the scope ${scope}`,
    role: scope.toLowerCase(),
    types: business().filter((_, at) => (at + turn) % 3 === 0),
    sample: 1,
    skip: ['roots' as const],
  })),
  {
    name: 'a role that sees all and writes its own',
    role: 'sees-all',
    types: business(),
    sample: 1,
    skip: ['roots', 'reads'],
  },
  {
    name: 'a user with two roles',
    role: 'own',
    further: ['team', 'department'],
    types: half(0),
    sample: 1,
    skip: ['roots'],
  },
  {
    name: 'a user with two roles that write different things',
    role: 'deletes-all',
    further: ['updates-own'],
    types: business(),
    sample: 2,
    skip: ['reads'],
  },
  {
    name: 'a company that opens more and less by inheritance',
    role: 'updates-no-contacts',
    inheritance: {
      'Contact.accounts': 'WRITE',
      'Opportunity.account': 'WRITE',
      'Activity.links': 'NONE',
      'Task.links': 'READ',
    },
    types: business(),
    sample: 2,
    skip: ['roots'],
  },
  {
    name: 'a key that speaks for a user',
    role: 'own_and_subordinates',
    kind: 'key',
    types: half(1),
    sample: 1,
    skip: ['roots'],
  },
  { name: 'a key that speaks for nobody', role: 'rep', kind: 'key', alone: true, types: half(0), sample: 1 },
  {
    name: 'a key with scopes',
    role: 'admin',
    kind: 'key',
    scopes: ['Account.*', 'Contact.read', 'AccountContact.read', '*.update'],
    sample: 1,
  },
]

/** Roles that differ in what they show of records that they all see. */
const FIELD_CASES: Case[] = [
  { name: 'a role from which every plain field is hidden', role: 'hidden-fields', sample: 1 },
  { name: 'a role from which every reference is hidden', role: 'hidden-references', sample: 1 },
  { name: 'a role with every text masked', role: 'masked', types: business(), sample: 1 },
  { name: 'a role with a list of what it may see', role: 'listed', types: business(), sample: 1 },
  {
    name: 'a key with a list of fields',
    role: 'admin',
    kind: 'key',
    fields: ['Account.name', 'Account.ownerId', 'User.name', 'Opportunity.amount', 'Opportunity.accountId'],
    sample: 1,
  },
]

const ALWAYS = ['id', 'version', 'createdAt', 'updatedAt']
const fieldRows = (
  of: (type: RecordType, name: string, at: number) => Omit<FieldRow, 'object' | 'field'> | null,
): FieldRow[] =>
  recordTypes().flatMap((type) =>
    [...type.fields.keys()].flatMap((field, at) => {
      const row = ALWAYS.includes(field) ? null : of(type, field, at)
      return row ? [{ object: type.name, field, ...row }] : []
    }),
  )

// One that is given up while it runs would go on beside the next, in the same seat.
jest.setTimeout(300_000)

let house: TestApp
let world: World
let dry: DryRun
let address: string
let watcher: Watch

beforeAll(async () => {
  house = await testApp({ maxCost: 1e9 })
  address = await house.app.listen()
  dry = dryRun(house.app.tenancy)
  watcher = await watch(house.database.ownerUrl)
  world = await makeWorld(house)
  const reads = settings().map(({ name }) => ({ object: name, canRead: true }))
  const scoped = (readScope: string, writeScope = readScope) => ({ object: '*', ...ALL_ACTIONS, readScope, writeScope })
  for (const scope of SCOPES) await world.role(scope.toLowerCase(), [scoped(scope), ...reads])
  const none = Object.fromEntries(Object.keys(ALL_ACTIONS).map((action) => [action, false]))
  await world.role('deletes-all', [{ ...scoped('ALL'), ...none, canRead: true, canDelete: true }, ...reads])
  await world.role('updates-own', [{ ...scoped('OWN'), ...none, canRead: true, canUpdate: true }, ...reads])
  await world.role('updates-no-contacts', [
    scoped('OWN'),
    { object: 'Contact', canRead: true, canCreate: true, readScope: 'OWN', writeScope: 'OWN' },
    ...reads,
  ])
  await world.role('sees-all', [scoped('ALL', 'OWN'), ...reads])
  const whole = [...settings().map(({ name }) => name), 'Tenant'].map((object) => ({ object, ...ALL_ACTIONS }))
  const all = [scoped('ALL'), ...whole]
  const isId = (type: RecordType, name: string) => type.fields.get(name)?.kind === 'id'
  await world.role(
    'hidden-fields',
    all,
    fieldRows((type, name) => (isId(type, name) ? null : { access: 'HIDDEN' })),
  )
  await world.role(
    'hidden-references',
    all,
    fieldRows((type, name) => (isId(type, name) ? { access: 'HIDDEN' } : null)),
  )
  const maskable = (type: RecordType, name: string) => {
    const field = type.fields.get(name)!
    return MASKABLE.has(field.kind) && !field.target
  }
  await world.role(
    'masked',
    all,
    fieldRows((type, name, at) =>
      maskable(type, name) ? { mask: at % 2 ? 'LIST' : 'ALWAYS', access: at % 3 ? 'WRITE' : 'READ' } : null,
    ),
  )
  await world.role(
    'listed',
    [
      ...recordTypes().map(({ name }) => ({ ...scoped('ALL'), object: name, allowList: true })),
      { object: 'Tenant', ...ALL_ACTIONS },
    ],
    fieldRows((_type, _name, at) => (at % 3 === 0 ? { access: 'WRITE' } : at % 3 === 1 ? { access: 'READ' } : null)),
  )
})
afterAll(async () => {
  await world?.close()
  await watcher?.close()
  await house.close()
})

async function seated(seat: Seat): Promise<{ caller: Caller; oracle: Oracle; token: string }> {
  const { caller, who, token } = await world.sit(seat)
  return { caller, token, oracle: oracleOf(await readRows(world.owner), who) }
}

it('knows a rule for every root field', () => {
  expect(unruled(schema)).toEqual([])
})

describe.each(CASES)('$name', ({ types, sample, skip = [], ...seat }) => {
  let caller: Caller
  let oracle: Oracle
  let token: string

  beforeAll(async () => {
    ;({ caller, oracle, token } = await seated(seat))
  })

  it('exports what a list shows, with the right to', async () => {
    expect(await exportProblems({ address, token, oracle, types })).toEqual([])
  })

  if (!skip.includes('roots'))
    it('may call every root field that the rows allow, and no other', async () => {
      expect(await rootProblems(caller, oracle, schema, dry)).toEqual([])
    })

  if (!skip.includes('reads'))
    it('reads one and the same set over every path, that of the rows', async () => {
      const { mark } = world.company
      expect(await readProblems({ caller, oracle, mark, types, strangers: [...world.foreign.values()] })).toEqual([])
    })

  it('writes what the rows allow, is told why not elsewhere, and changes nothing by what is refused', async () => {
    const before = await watcher.checksum(house.acme)
    expect(await writeProblems({ caller, oracle, world, dry, types, sample })).toEqual([])
    expect(await watcher.checksum(house.acme)).toEqual(before)
  })
})

describe.each(FIELD_CASES)('$name', ({ types, sample: _sample, ...seat }) => {
  it('gets no value of what is hidden or masked over any path, and the rest of every answer', async () => {
    const { caller, oracle, token } = await seated(seat)
    expect(await fieldProblems({ caller, oracle, schema, dry, types })).toEqual([])
    expect(await exportProblems({ address, token, oracle, types })).toEqual([])
  })
})
