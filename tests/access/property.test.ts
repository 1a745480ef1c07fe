import { afterAll, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createTenant } from '../../src/resolvers/identity/createTenant.ts'
import { oracleOf } from '../support/access/oracle.ts'
import { build, companies, scopedTypes } from '../support/access/random.ts'
import { readProblems } from '../support/access/reads.ts'
import { readRows } from '../support/access/rows.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { openOwner } from '../support/owner.ts'

/** Of fast-check: a run that fails is found again by it and by the path that fast-check prints. */
const SEED = 20_261_122
const RUNS = 30

let house: TestApp

beforeAll(async () => {
  house = await testApp({ maxCost: 1e9 })
})
afterAll(() => house.close())

it(`shows one and the same set in lists, by id, in counts, groups, every nested path, filters and search (seed ${SEED})`, async () => {
  let run = 0
  let seen = 0
  let unseen = 0
  await fc.assert(
    fc.asyncProperty(companies, async (spec) => {
      const slug = `random-${++run}`
      const mark = `Mark${run}x`
      const company = await createTenant(house.app.tenancy, {
        slug,
        name: mark,
        adminEmail: `admin@${slug}.example`,
        pipeline: true,
      })
      const owner = await openOwner(house, company)
      try {
        const viewers = await build(house, owner, mark, spec)
        const rows = await readRows(owner)
        const types = scopedTypes()
        // Every company is looked at through a third of the types, each third by ten of them.
        const some = types.filter((_, at) => (at + run) % 3 === 0)
        expect(types.flatMap(({ name }) => rows.of(name)).length).toBeGreaterThanOrEqual(60)
        for (const { caller, who } of viewers) {
          const oracle = oracleOf(rows, who)
          for (const type of some) {
            const visible = oracle.visible(type).size
            seen += visible
            unseen += rows.of(type.name).length - visible
          }
          expect(await readProblems({ caller, oracle, mark, types: some, page: 7 })).toEqual([])
        }
      } finally {
        await owner.close()
      }
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  )
  // Neither everything nor nothing, or the sets would say little.
  expect(seen).toBeGreaterThan(RUNS * 20)
  expect(unseen).toBeGreaterThan(RUNS * 20)
}, 900_000)
