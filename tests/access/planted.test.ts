import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { extendSchema, type GraphQLField, type OperationDefinitionNode, parse } from 'graphql'
import { Access, EVERYTHING } from '../../src/access/access.ts'
import { authorise } from '../../src/access/document.ts'
import type { Context } from '../../src/context.ts'
import { forgetStatements } from '../../src/read/direct.ts'
import { recordType, recordTypes } from '../../src/read/recordType.ts'
import { uuidOf } from '../../src/read/values.ts'
import { schema } from '../../src/schema/index.ts'
import { type DryRun, dryRun } from '../support/access/dry.ts'
import { exportProblems } from '../support/access/exports.ts'
import { fieldProblems } from '../support/access/fields.ts'
import { type Oracle, oracleOf } from '../support/access/oracle.ts'
import { type Caller, readProblems } from '../support/access/reads.ts'
import { rootProblems, unruled } from '../support/access/roots.ts'
import { readRows } from '../support/access/rows.ts'
import { ALL_ACTIONS, makeWorld, type Seat, type World } from '../support/access/world.ts'
import { writeProblems } from '../support/access/writes.ts'
import { type Any, asking, type TestApp, testApp } from '../support/app.ts'

type Root = GraphQLField<unknown, Context>

// One that is given up while it runs would go on beside the next, in the same seat.
jest.setTimeout(300_000)

let house: TestApp
let world: World
let dry: DryRun
let address: string

const REP: Seat = { name: 'a representative', role: 'rep' }
const READER: Seat = { name: 'a reader', role: 'readonly' }
const BLIND: Seat = { name: 'one from whom fields are hidden', role: 'blind' }
const EXPORTER: Seat = { name: 'one who exports their own', role: 'exporter' }

beforeAll(async () => {
  house = await testApp({ maxCost: 1e9 })
  address = await house.app.listen()
  dry = dryRun(house.app.tenancy)
  world = await makeWorld(house)
  const everything = { object: '*', ...ALL_ACTIONS, readScope: 'ALL', writeScope: 'ALL' }
  const reads = recordTypes().flatMap(({ settings, name }) => (settings ? [{ object: name, canRead: true }] : []))
  await world.role(
    'blind',
    [everything, ...reads],
    [
      { object: 'Account', field: 'annualRevenue', access: 'HIDDEN' },
      { object: 'Account', field: 'email', mask: 'ALWAYS' },
    ],
  )
  await world.role('exporter', [{ object: '*', canRead: true, canExport: true }, ...reads])
})
afterAll(async () => {
  await world?.close()
  await house.close()
})

let salts = 0

/** A caller whose documents the process has not seen before: what was compiled and remembered before the plant is none of it. */
function fresh(caller: Caller): Caller {
  const salt = ++salts
  return { ask: (query, variables, headers) => caller.ask(`${query} # ${salt}`, variables, headers) }
}

interface Bench {
  caller: Caller
  oracle: Oracle
  token: string
}

/** Problems that a check finds with the plant and does not find without it. */
async function found(
  seat: Seat,
  plant: () => () => void,
  check: (bench: Bench) => Promise<string[]>,
): Promise<string[]> {
  const { caller, who, token } = await world.sit(seat)
  const oracle = oracleOf(await readRows(world.owner), who)
  const before = await check({ caller: fresh(caller), oracle, token })
  const undo = plant()
  try {
    const after = await check({ caller: fresh(caller), oracle, token })
    return after.filter((problem) => !before.includes(problem))
  } finally {
    undo()
  }
}

/** Puts another method in the place of one of the decision's. */
function method<
  Name extends 'predicate' | 'hides' | 'masks' | 'requireField' | 'requireBin' | 'limits' | 'may' | 'mayWriteField',
>(name: Name, other: (original: Any, self: Access, ...args: Any[]) => unknown): () => void {
  const original = Access.prototype[name] as Any
  Access.prototype[name] = function (this: Access, ...args: Any[]) {
    return other(original.bind(this), this, ...args)
  } as never
  forgetStatements()
  return () => {
    Access.prototype[name] = original
    forgetStatements()
  }
}

/** Changes a root field; gives how to put it back. */
function root(kind: 'Query' | 'Mutation', name: string, change: (field: Root, original: Root) => void): () => void {
  const type = kind === 'Query' ? schema.getQueryType() : schema.getMutationType()
  const field = type?.getFields()[name] as Root
  const original = { ...field }
  change(field, original)
  asking.general = true
  return () => {
    Object.assign(field, original)
    asking.general = false
  }
}

/** The field's own resolver, for a viewer who may see everything. */
const unlimited =
  (original: Root, when: (args: Any) => boolean = () => true): Root['resolve'] =>
  (parent, args, context, info) =>
    original.resolve?.(
      parent,
      args,
      when(args) && context.viewer ? { ...context, viewer: { ...context.viewer, access: EVERYTHING } } : context,
      info,
    )

const reading = (...names: string[]) => {
  const types = names.map(recordType)
  return ({ caller, oracle }: Bench) => readProblems({ caller, oracle, mark: world.company.mark, types })
}
const writing = (...names: string[]) => {
  const types = names.map(recordType)
  return ({ caller, oracle }: Bench) => writeProblems({ caller, oracle, world, dry, types, earnest: false })
}
const looking = (...names: string[]) => {
  const types = names.map(recordType)
  return ({ caller, oracle }: Bench) => fieldProblems({ caller, oracle, schema, dry, types })
}

describe('a hole that is planted', () => {
  it('as a mutation that checks nothing is found by the right and by the record', async () => {
    const plant = () =>
      root('Mutation', 'deleteLead', (field) => {
        field.extensions = { permission: 'authenticated' }
        field.resolve = (_parent, { id }, { tenancy, viewer }) =>
          tenancy.writeTenant({ tenantId: viewer!.tenantId }, async (db) => {
            await db.rows({
              text: 'UPDATE lead SET deleted_at = now() WHERE tenant_id = $1 AND id = $2',
              values: [viewer!.tenantId, uuidOf('Lead', id)],
            })
            return { record: null, userErrors: [] }
          })
      })
    expect(await found(READER, plant, ({ caller, oracle }) => rootProblems(caller, oracle, schema, dry))).toContain(
      'may be called without: deleteLead Lead.delete',
    )
    expect(await found(REP, plant, writing('Lead'))).toContainEqual(
      expect.stringMatching(/^Mutation\.deleteLead Lead \w+: done instead of NOT_FOUND$/),
    )
  })

  it('as a mutation whose right is declared too weak is found though its resolver asks again', async () => {
    const plant = () =>
      root('Mutation', 'updateTag', (field) => {
        field.extensions = { permission: 'authenticated' }
      })
    expect(await found(READER, plant, ({ caller, oracle }) => rootProblems(caller, oracle, schema, dry))).toContain(
      'may be called without: updateTag Tag.update',
    )
  })

  it('as verbs that write what is only seen is found at each of them', async () => {
    const plant = () =>
      method('predicate', (original, _self, type, alias, sql, mode, via) =>
        type.name === 'Opportunity' && mode && mode !== 'read' ? null : original(type, alias, sql, mode, via),
      )
    const problems = await found(REP, plant, writing('Opportunity'))
    for (const verb of ['updateOpportunity', 'deleteOpportunities', 'moveOpportunityStage', 'upsertOpportunity'])
      expect(problems).toContainEqual(
        expect.stringMatching(
          new RegExp(`^Mutation\\.${verb} .*(done|VALIDATION_FAILED|STAGE\\w+) instead of FORBIDDEN Opportunity\\.`),
        ),
      )
  })

  it('as an owner that anybody may change is found', async () => {
    const plant = () =>
      method('may', (original, _self, action, object) => action === 'transfer' || original(action, object))
    expect(await found(REP, plant, writing('Account'))).toEqual(
      expect.arrayContaining([
        'Mutation.createAccount for another: done instead of FORBIDDEN Account.transfer',
        'Mutation.updateAccount given away: done instead of FORBIDDEN Account.transfer',
      ]),
    )
  })

  it('as a link to what is not seen is found', async () => {
    const plant = () =>
      root('Mutation', 'createAccountContact', (field, original) => {
        field.resolve = unlimited(original)
      })
    expect(await found(REP, plant, writing('AccountContact'))).toContainEqual(
      expect.stringMatching(
        /^Mutation\.createAccountContact of Account \w+: (done|UNIQUE_VIOLATION) instead of NOT_FOUND$/,
      ),
    )
  })

  it('as one field that is shown though it is hidden is found over every path', async () => {
    const plant = () =>
      method('hides', (original, _self, type, field) => field !== 'annualRevenue' && original(type, field))
    const problems = await found(BLIND, plant, looking('Account'))
    for (const path of ['list', 'id', 'node', 'nodes', 'payload', 'aggregate sum'])
      expect(problems).toContain(`Account.annualRevenue by ${path}: hidden and shown`)
  })

  it('as a mask that is left off is found', async () => {
    const plant = () =>
      method('masks', (original, _self, type, field, list) => field !== 'email' && original(type, field, list))
    expect(await found(BLIND, plant, looking('Account'))).toContain('Account.email by list: masked and shown')
  })

  it('as a filter, an order, a group over a hidden field is found', async () => {
    const plant = () =>
      method(
        'requireField',
        (original, _self, type, field, path) => field !== 'annualRevenue' && original(type, field, path),
      )
    const problems = await found(BLIND, plant, looking('Account'))
    for (const path of ['filter', 'order', 'having', 'order of sums'])
      expect(problems).toContainEqual(expect.stringContaining(`Account.annualRevenue by ${path}: used though closed`))
  })

  it('as a hidden field that can be written is found', async () => {
    const plant = () => method('mayWriteField', () => true)
    expect(await found(BLIND, plant, looking('Account'))).toContain(
      'Account.annualRevenue by update: written though it must not be',
    )
  })

  it('as a nested link whose far end is not looked at is found', async () => {
    const plant = () =>
      method('predicate', (original, _self, type, alias, sql, mode, via) =>
        via?.relation.kind === 'through' ? null : original(type, alias, sql, mode, via),
      )
    const problems = await found(REP, plant, reading('Contact'))
    expect(problems).toContainEqual(expect.stringMatching(/^Contact\.accounts: shows \d+ that it must not/))
    expect(problems).toContainEqual(expect.stringMatching(/^Contact\.accounts\.totalCount: counts/))
  })

  it('as an aggregate over all records is found', async () => {
    const plant = () =>
      root('Query', 'leadAggregate', (field, original) => {
        field.resolve = unlimited(original)
      })
    const problems = await found(REP, plant, reading('Lead'))
    expect(problems).toContainEqual(expect.stringMatching(/^Query\.leadAggregate: counts \d+ instead of \d+$/))
    expect(problems).toContainEqual(expect.stringMatching(/^Query\.leadAggregate\(groupBy: owner\)/))
  })

  it('as a search, or a recycle bin, over all records is found', async () => {
    const plant = (when: (args: Any) => boolean) => () =>
      root('Query', 'accounts', (field, original) => {
        field.resolve = unlimited(original, when)
      })
    expect(
      await found(
        REP,
        plant(({ search }) => search),
        reading('Account'),
      ),
    ).toContainEqual(expect.stringMatching(/^Query\.accounts\(search\): shows \d+ that it must not/))
    expect(
      await found(
        REP,
        plant(({ deleted }) => deleted),
        reading('Account'),
      ),
    ).toContainEqual(expect.stringMatching(/^Query\.accounts\(deleted\): shows \d+ that it must not/))
    const bin = () => method('requireBin', () => undefined)
    expect(await found(READER, bin, reading('Account'))).toContainEqual(
      expect.stringMatching(/^Query\.accounts\(deleted\): shown without Account\.restore/),
    )
  })

  it('as a cache that is asked before the scope is found', async () => {
    const plant = () => method('limits', () => false)
    expect(await found(REP, plant, reading('Account'))).toContainEqual(
      expect.stringMatching(/^Query\.nodes Account acct_\w+: shown though not in scope$/),
    )
  })

  it('as an expired share that still opens is found', async () => {
    const plant = () =>
      method(
        'predicate',
        (original, _self, ...args) =>
          original(...args)?.replace(/ AND \(\w+\.expires_at IS NULL OR \w+\.expires_at > now\(\)\)/g, '') ?? null,
      )
    expect(await found(REP, plant, reading('Account'))).toContainEqual(
      expect.stringMatching(/^Query\.accounts: shows 1 that it must not/),
    )
  })

  it('as an export that forgets the scope is found', async () => {
    const plant = () =>
      method('predicate', (original, _self, type, ...args) =>
        type.name === 'Account' ? null : original(type, ...args),
      )
    const check = ({ oracle, token }: Bench) =>
      exportProblems({ address, token, oracle, types: [recordType('Account'), recordType('Lead')] })
    expect(await found(EXPORTER, plant, check)).toContainEqual(
      expect.stringMatching(/^GET \/export\/accounts: shows \d+ that it must not/),
    )
  })

  it('as a root field that declares nothing is refused when it is called and named by the suite', () => {
    const extended = extendSchema(
      schema,
      parse('extend type Query { backdoor: Int } extend type Mutation { wipe: Int }'),
    )
    expect(unruled(extended)).toEqual(
      expect.arrayContaining(['the root field backdoor has no rule', 'the root field wipe has no rule']),
    )
    for (const text of ['{ backdoor }', 'mutation { wipe }']) {
      const document = parse(text)
      const [operation] = document.definitions as OperationDefinitionNode[]
      expect(() => authorise(extended, document, operation!, { viewer: null } as Context)).toThrow(
        /declares no permission/,
      )
    }
  })
})
