import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { forgetStatements } from '../../src/read/direct.ts'
import { Emitter } from '../../src/read/emit.ts'
import { type RecordType, recordType } from '../../src/read/recordType.ts'
import { TENANT } from '../../src/read/sql.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { asOwner, differences, leaks, populate, type World } from '../support/isolation.ts'
import { everything, readProbes } from '../support/probes.ts'

let house: TestApp
let acme: World
let globex: World

beforeAll(async () => {
  house = await testApp()
  acme = await populate(house.acme)
  globex = await populate(house.globex)
})
afterAll(() => house.close())

/** What the isolation suites report about reading a type: answers that differ, and foreign marks in its list. */
async function reported(type: RecordType): Promise<string[]> {
  const problems: string[] = []
  for (const probe of readProbes(type, globex, acme)) problems.push(...(await differences(globex, acme, probe)))
  const list = await house.globex.ask(`{ ${type.plural}(first: 10) { nodes { ${everything(type)} } } }`)
  expect(list.errors).toBeUndefined()
  return [...problems, ...leaks(list, house.acme)]
}

/** Plants a record type without tenant predicate in the engine for as long as `work` runs. */
async function withoutPredicate<T>(type: RecordType, work: () => Promise<T>): Promise<T> {
  const { visible } = Emitter.prototype
  Emitter.prototype.visible = function (asked, alias) {
    // The parameter stays in the statement, which PostgreSQL wants to see used.
    return asked === type ? `${TENANT} IS NOT NULL AND ${alias}.deleted_at IS NULL` : visible.call(this, asked, alias)
  }
  forgetStatements()
  try {
    return await work()
  } finally {
    Emitter.prototype.visible = visible
    forgetStatements()
  }
}

/** Plants a table without row security for as long as `work` runs. */
async function withoutPolicy<T>(type: RecordType, work: () => Promise<T>): Promise<T> {
  await asOwner(house.database.ownerUrl, `ALTER TABLE "${type.table}" DISABLE ROW LEVEL SECURITY`)
  try {
    return await work()
  } finally {
    await asOwner(house.database.ownerUrl, `ALTER TABLE "${type.table}" ENABLE ROW LEVEL SECURITY`)
  }
}

describe.each(['Account', 'TagLink'])('the two walls around %s', (name) => {
  const type = recordType(name)

  it('let nothing through together', async () => {
    expect(await reported(type)).toEqual([])
  })

  it('let nothing through when the predicate is missing: row security holds', async () => {
    expect(await withoutPredicate(type, () => reported(type))).toEqual([])
  })

  it('let nothing through when row security is missing: the predicate holds', async () => {
    expect(await withoutPolicy(type, () => reported(type))).toEqual([])
  })

  it('are both needed to be gone for the suite to see a leak, and then it does', async () => {
    const problems = await withoutPolicy(type, () => withoutPredicate(type, () => reported(type)))
    expect(problems.length).toBeGreaterThan(5)
    expect(problems.join('\n')).toContain(`${name} by id (0…) with foreign`)
  })
})
