import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { getNamedType, isInputObjectType } from 'graphql'
import { type RecordType, recordTypes } from '../../src/read/recordType.ts'
import { schema } from '../../src/schema/index.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { blind, differences, populate, type World } from '../support/isolation.ts'
import { idPlaces, queries, readCoordinates, readProbes } from '../support/probes.ts'

let house: TestApp
let acme: World
let globex: World

beforeAll(async () => {
  house = await testApp()
  acme = await populate(house.acme)
  globex = await populate(house.globex)
})
afterAll(() => house.close())

/** What is no id at all is found out before anything is executed: npm run test:fallback asks for records alone. */
const COMPILED = process.env.GRAPHQL_COMPILED !== 'false'

const each = recordTypes().map((type) => [type.name, type] as [string, RecordType])

describe('reading by an id of another company', () => {
  it.each(each)('answers for every way to a %s as for an id of no record', async (_name, type) => {
    const problems: string[] = []
    for (const probe of readProbes(type, globex, acme))
      problems.push(...(await differences(globex, acme, probe, { forms: COMPILED })))
    expect(problems).toEqual([])
  })

  it.each(each)('answers the owner of a %s otherwise', async (_name, type) => {
    const same: string[] = []
    for (const probe of readProbes(type, acme, acme, { all: false })) {
      const names = await blind(acme, probe)
      same.push(...names.map((name) => `${name} of ${probe.document}`))
    }
    expect(same).toEqual([])
  })
})

/** Places in arguments of queries that are no filters, and the tests that go there with a neighbour's ids. */
const ELSEWHERE = ['SalesScopeInput.id'] // tests/sales/forecast.test.ts

it('reaches every place of the schema where an id may stand', () => {
  const reached = new Set([
    ...ELSEWHERE,
    ...recordTypes().flatMap(readCoordinates),
    ...idPlaces().map(({ coordinate }) => coordinate),
    ...queries().flatMap(({ name, args }) => args.map((arg) => `${name}(${arg.name})`)),
  ])
  const ids = Object.values(schema.getTypeMap()).flatMap((type) =>
    isInputObjectType(type) && type.name !== 'IDFilter'
      ? Object.values(type.getFields()).flatMap((field) =>
          /^ID(Filter)?$/.test(getNamedType(field.type).name) ? [`${type.name}.${field.name}`] : [],
        )
      : [],
  )
  expect(ids.length).toBeGreaterThan(100)
  expect(ids.filter((coordinate) => !reached.has(coordinate))).toEqual([])
})
