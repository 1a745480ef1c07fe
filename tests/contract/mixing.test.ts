import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { type App, createApp } from '../../src/app.ts'
import { recordType } from '../../src/read/recordType.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { differences, populate, tenantOf, type World } from '../support/isolation.ts'
import { uuidIn } from '../support/owner.ts'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { readProbes } from '../support/probes.ts'
import { plan, REQUESTS, RESIDUE, residue, send, settled, written } from '../support/storm.ts'

let house: TestApp
let acme: World
let globex: World

beforeAll(async () => {
  house = await testApp()
  acme = await populate(house.acme)
  globex = await populate(house.globex)
})
afterAll(() => house.close())

async function storm(app: App, url: string, name: string): Promise<void> {
  for (const round of [1, 2, 3]) {
    const asks = plan(acme, globex, `${name}${round}`, round)
    const result = await send(url, asks)
    expect(result.problems).toEqual([])
    expect(result.answered.length).toBeGreaterThan(REQUESTS * 0.7)
    expect(result.aborted).toBeGreaterThan(REQUESTS * 0.05)
    await settled(app.tenancy)
    expect(await written(house, asks, result)).toEqual([])
    expect(await residue(app.tenancy)).toEqual([])
  }
}

describe('two hundred requests of two companies at once over two connections, a fifth of them aborted', () => {
  it('would be seen to mix if they did', async () => {
    const app = await createApp({ ...house.config, poolSize: 2 })
    try {
      // Who takes his own company for the other one finds its mark in his answers.
      const asks = plan(acme, globex, 'control', 1).map((ask) => ({ ...ask, other: ask.world, abort: null }))
      const { problems } = await send(await app.listen(), asks)
      expect(problems.length).toBeGreaterThan(REQUESTS / 3)
      expect(problems.join()).toMatch(/AcmeMark is seen.*GlobexMark is seen/s)
    } finally {
      await app.close()
    }
  })

  it('never mix, and leave the pool as it was', async () => {
    const app = await createApp({ ...house.config, poolSize: 2 })
    try {
      await storm(app, await app.listen(), 'direct')
      expect(app.tenancy.stats().total).toBeLessThanOrEqual(2)
    } finally {
      await app.close()
    }
  })
})

describe.each([
  ['straight to PostgreSQL', null, true],
  ['through PgBouncer with one connection', 1, false],
  ['through PgBouncer with two connections', 2, false],
] as const)('a bracket %s', (_name, poolSize, prepare) => {
  let bouncer: PgBouncer | null = null
  let url: string
  let tenancy: Tenancy
  const caller = () => ({ tenantId: tenantOf(house.acme), userId: uuidIn(house.acme.adminUserId), actor: 'job' })
  const other = () => ({ tenantId: tenantOf(house.globex) })

  beforeAll(async () => {
    if (poolSize) bouncer = await startPgBouncer(house.database.appUrl, { poolSize })
    url = bouncer?.url ?? house.database.appUrl
    tenancy = openTenancy({
      databaseUrl: url,
      poolSize: poolSize ? 6 : 1,
      prepare,
      poolTimeout: 60_000,
      statementTimeout: 800,
    })
  }, 300_000)
  afterAll(async () => {
    await tenancy.close()
    await bouncer?.stop()
  })

  const statement = (text: string) => ({ text, values: [] })
  const pid = async () => (await tenancy.withoutTenant((db) => db.rows<{ pid: number }>(RESIDUE)))[0]!.pid

  it.each([
    ['a reader that throws', 'reader', 'SELECT 1', true],
    ['a writer that throws', 'writer', `UPDATE account SET description = 'undone'`, true],
    ['a reader whose statement fails', 'reader', 'SELECT 1 / 0', false],
    ['a writer whose statement fails', 'writer', 'SELECT 1 / 0', false],
    ['a reader that writes', 'reader', `UPDATE account SET description = 'undone'`, false],
    ['a reader whose statement is killed by its time-out', 'reader', 'SELECT pg_sleep(5)', false],
    ['a writer whose statement is killed by its time-out', 'writer', 'SELECT pg_sleep(5)', false],
    [
      'a writer whose commit fails',
      'writer',
      `INSERT INTO change (operation, object, record_id, record_version, changed_fields, actor) VALUES ('no such verb', 'x', atrium.uuid7(), 1, '{}', 'x')`,
      false,
    ],
  ] as const)('of %s leaves nothing of its company behind', async (_case, kind, text, thrown) => {
    const before = await pid()
    const work = async (db: { rows(query: { text: string; values: unknown[] }): Promise<unknown[]> }) => {
      await db.rows(statement(text))
      throw new Error('thrown by the test')
    }
    const bracket = kind === 'reader' ? tenancy.readTenant(caller(), work) : tenancy.writeTenant(caller(), work)
    const error = await bracket.then(
      () => null,
      (reason: Error) => reason,
    )
    expect(error).not.toBeNull()
    expect(error?.message === 'thrown by the test').toBe(thrown)
    expect(error?.message).not.toContain('prepared statement')
    expect(await residue(tenancy)).toEqual([])
    // The connection was not given up for it: what comes next runs on the same one.
    if (poolSize !== 2) expect(await pid()).toBe(before)
    const [row] = await tenancy.readTenant(other(), (db) =>
      db.rows<{ foreign: number; own: number }>({
        text: 'SELECT count(*) FILTER (WHERE tenant_id <> $1)::integer AS foreign, count(*)::integer AS own FROM account',
        values: [tenantOf(house.globex)],
      }),
    )
    expect(row!.foreign).toBe(0)
    expect(row!.own).toBeGreaterThan(0)
    const undone = await tenancy.readTenant(caller(), (db) =>
      db.rows(statement(`SELECT 1 FROM account WHERE description = 'undone'`)),
    )
    expect(undone).toEqual([])
  })

  it('keeps two companies apart while statements fail and are killed', async () => {
    const companies: Company[] = [house.acme, house.globex]
    const outcomes = await Promise.all(
      Array.from({ length: 120 }, async (_, index) => {
        const company = companies[index % 2]!
        const bracket = { tenantId: tenantOf(company) }
        if (index % 10 === 3)
          return tenancy.readTenant(bracket, (db) => db.rows(statement('SELECT 1 / 0'))).catch(() => [])
        if (index % 40 === 7)
          return tenancy.writeTenant(bracket, (db) => db.rows(statement('SELECT pg_sleep(5)'))).catch(() => [])
        const rows = await tenancy[index % 3 === 0 ? 'writeTenant' : 'readTenant'](bracket, (db) =>
          db.rows<{ tenant_id: string }>(statement('SELECT DISTINCT tenant_id FROM account')),
        )
        return rows.map(({ tenant_id }) => (tenant_id === bracket.tenantId ? 'own' : 'foreign'))
      }),
    )
    const seen = outcomes.flat()
    expect(seen).not.toContain('foreign')
    expect(seen.filter((one) => one === 'own').length).toBeGreaterThan(90)
    expect(await residue(tenancy)).toEqual([])
  })

  if (poolSize) {
    it('shares connections of the server, and a setting of the session would be seen by the next', async () => {
      const seen = await Promise.all(
        Array.from({ length: 20 }, () =>
          tenancy.withoutTenant((db) =>
            db.rows<{ pid: number }>(statement('SELECT pg_backend_pid() AS pid, pg_sleep(0.01)')),
          ),
        ),
      )
      expect(new Set(seen.map(([row]) => row!.pid)).size).toBeLessThanOrEqual(poolSize)
      const careless = new pg.Pool({ connectionString: url, max: 4 })
      const setAll = (tenantId: string) =>
        Promise.all(
          Array.from({ length: 4 }, () =>
            careless.query(`SELECT set_config('app.tenant_id', $1, false), pg_sleep(0.02)`, [tenantId]),
          ),
        )
      try {
        await setAll(tenantOf(house.acme))
        // The control: whoever asks next without naming a company is taken for acme.
        const left = await careless.query<{ tenant: string }>(`SELECT current_setting('app.tenant_id', true) AS tenant`)
        expect(left.rows).toEqual([{ tenant: tenantOf(house.acme) }])
        // Brackets name their company, or none, all the same.
        expect(await residue(tenancy)).toEqual([])
        const rows = await tenancy.readTenant(other(), (db) =>
          db.rows<{ tenant_id: string }>(statement('SELECT DISTINCT tenant_id FROM account')),
        )
        expect(rows).toEqual([{ tenant_id: tenantOf(house.globex) }])
      } finally {
        for (let turn = 0; turn < 20; turn++) await setAll('')
        await careless.end()
      }
      expect(await residue(tenancy)).toEqual([])
    })

    it('answers ids of another company as ids of no record there too', async () => {
      const app = await createApp({ ...house.config, databaseUrl: url, poolSize: 4, prepare })
      try {
        const attacker = { ...globex, company: { ...house.globex, ...callers(app, house.globex.apiKey) } }
        const problems: string[] = []
        for (const probe of readProbes(recordType('Account'), attacker, acme)) {
          problems.push(...(await differences(attacker, acme, probe)))
        }
        expect(problems).toEqual([])
      } finally {
        await app.close()
      }
    })

    it('carries the same storm of requests', async () => {
      const app = await createApp({ ...house.config, databaseUrl: url, poolSize: 4, prepare })
      try {
        await storm(app, await app.listen(), `bouncer${poolSize}`)
      } finally {
        await app.close()
      }
    })
  }
})
