import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { partOf, recordType, recordTypes } from '../../src/read/recordType.ts'
import { ident } from '../../src/read/sql.ts'
import { until } from '../cache/model.ts'
import { type TestApp, testApp } from '../support/app.ts'
import { creatable, make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { update } from '../support/written.ts'

let app: TestApp
let owner: Owner

beforeAll(async () => {
  app = await testApp()
  owner = await openOwner(app, app.acme)
})
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

const parts = recordTypes().filter(
  (type) => creatable(type) && type.operations.has('update') && !type.any && partOf(type).length > 0,
)

/** Does a connection to this database wait for a lock. */
async function waiting(): Promise<boolean> {
  const rows = await owner.rows(
    'SELECT 1 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()',
  )
  return rows.length > 0
}

// Who makes a part locks what it is a part of, and may then write into its siblings; in another order, two of them would wait for each other in a ring.
it.each(parts.map((type) => [type.name, type] as const))(
  'a change of a %s takes what it is a part of before itself',
  async (name, type) => {
    const { id } = await make(app.acme, name)
    const columns = partOf(type).map(({ column }) => ident(column))
    const [held] = await owner.rows(
      `SELECT ${columns.join(', ')} FROM ${ident(type.table)} WHERE ${OWN} AND id = $1`,
      uuidIn(id),
    )
    // Of some a record has one of several.
    const owners = partOf(type).filter(({ column }) => held?.[column])
    expect(owners).not.toEqual([])
    for (const { target, column } of owners) {
      await owner.rows('BEGIN')
      try {
        const lock = (table: string, how = '') =>
          `SELECT 1 FROM ${ident(table)} WHERE ${OWN} AND id = $1 FOR NO KEY UPDATE ${how}`
        expect(await owner.rows(lock(recordType(target).table), held?.[column])).toHaveLength(1)
        const changed = update(app.acme, type, id, {})
        await until(waiting)
        expect(await owner.rows(lock(type.table, 'NOWAIT'), uuidIn(id))).toHaveLength(1)
        await owner.rows('COMMIT')
        expect((await changed).userErrors).toEqual([])
      } finally {
        await owner.rows('ROLLBACK')
      }
    }
  },
)
