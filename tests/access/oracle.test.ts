import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTypes } from '../../src/read/recordType.ts'
import { oracleOf } from '../support/access/oracle.ts'
import { readProblems } from '../support/access/reads.ts'
import { readRows } from '../support/access/rows.ts'
import { ALL_ACTIONS, makeWorld, type Seat, type World } from '../support/access/world.ts'
import { type TestApp, testApp } from '../support/app.ts'

const SCOPES = ['OWN', 'OWN_AND_SUBORDINATES', 'DEPARTMENT', 'DEPARTMENT_TREE', 'TEAM', 'ALL']
const SEATS: Seat[] = [
  ...['admin', 'manager', 'rep', 'readonly'].map((role) => ({ name: `the role ${role}`, role })),
  ...SCOPES.map((scope) => ({ name: `a role with the scope ${scope}`, role: `scope-${scope.toLowerCase()}` })),
]

let house: TestApp
let world: World

beforeAll(async () => {
  house = await testApp({ maxCost: 1e9 })
  console.time('world')
  world = await makeWorld(house)
  const settings = recordTypes().filter((type) => type.settings)
  for (const scope of SCOPES)
    await world.role(`scope-${scope.toLowerCase()}`, [
      { object: '*', ...ALL_ACTIONS, readScope: scope, writeScope: scope },
      ...settings.map(({ name }) => ({ object: name, canRead: true })),
    ])
  console.timeEnd('world')
}, 60_000)
afterAll(async () => {
  await world?.close()
  await house.close()
})

describe.each(SEATS)('$name', (seat) => {
  it('reads one and the same set over every path, that of the rows', async () => {
    const { caller, who } = await world.sit(seat)
    console.time('rows')
    const oracle = oracleOf(await readRows(world.owner), who)
    console.timeEnd('rows')
    let n = 0
    let t = 0
    const ask = caller.ask
    const counted = { ask: async (...args: Parameters<typeof ask>) => { n++; const b = performance.now(); const a = await ask(...args); t += performance.now() - b; return a } } as never
    const b = performance.now()
    setTimeout(() => 0, 0)
    process.once('beforeExit', () => 0)
    const problems = await readProblems({ caller: counted, oracle, mark: world.company.mark, strangers: [...world.foreign.values()] })
    process.stderr.write(`${seat.name} requests ${n} in ${t} of ${performance.now() - b}\n`)
    expect(problems).toEqual([])
    if (n < 0) expect(
      await readProblems({ caller, oracle, mark: world.company.mark, strangers: [...world.foreign.values()] }),
    ).toEqual([])
  })
})
