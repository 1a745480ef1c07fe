import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { recordTypes } from '../../src/read/recordType.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { fill } from '../support/fill.ts'
import { openOwner } from '../support/owner.ts'

let app: TestApp

beforeAll(async () => {
  app = await testApp({ statementTimeout: 10_000 })
  const owner = await openOwner(app, app.acme)
  // A company just filled, or one with fewer records than autovacuum looks at: PostgreSQL has no statistics of its tables.
  for (const { table } of recordTypes()) await owner.rows(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`)
  await fill(app.acme, owner, 30, { analyse: false })
  await owner.close()
})
afterAll(() => app?.close())

const FILTERS = {
  'one step': { contacts: { some: { lastName: { contains: '1' } } } },
  'three steps': {
    contacts: { some: { opportunities: { some: { account: { is: { name: { contains: '1' } } } } } } },
  },
}
const ask = (where: unknown) =>
  app.acme.ask('query($w: AccountFilter) { accounts(where: $w) { nodes { id } } }', { w: where })

it('answers a relation filter of one step over tables without statistics', async () => {
  expect((await ask(FILTERS['one step'])).errors).toBeUndefined()
})

// PostgreSQL turns nested EXISTS into one join, takes every table for a single row, and runs through thirty to the sixth combinations.
it('answers a relation filter of three steps over tables without statistics', async () => {
  expect((await ask(FILTERS['three steps'])).errors).toBeUndefined()
})
