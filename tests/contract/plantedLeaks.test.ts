import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { decodeId } from '../../src/ids.ts'
import { recordType } from '../../src/read/recordType.ts'
import { createTenant } from '../../src/resolvers/identity/createTenant.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { CHECKS, problemsOf } from '../support/catalogue.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { DEFINER, DIFFERENCES, PATH, PLANTS, TABLE } from '../support/plants.ts'
import { DECLARED } from '../support/registry.ts'
import type { Check } from '../support/tables.ts'
import { copies, escapes, foreignWrites, withoutTenant } from '../support/walls.ts'

let database: TestDatabase
let owner: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
})

afterAll(async () => {
  await owner.end()
  await database.drop()
})

/** What the checks say with a plant in place, which is gone again afterwards. */
async function planted(sql: string, checks?: Record<string, Check>): Promise<Record<string, string[]>> {
  await owner.query('BEGIN')
  try {
    await owner.query(sql)
    return await problemsOf(owner, checks)
  } finally {
    await owner.query('ROLLBACK')
  }
}

describe('the checks of the catalogue', () => {
  it('say nothing about the database as the migrations make it, nor about a table made by their helpers', async () => {
    expect(await problemsOf(owner)).toEqual({})
    expect(await planted(`${TABLE} SELECT atrium.tenant_table('planted')`)).toEqual({})
    expect(await planted(`${DEFINER(PATH)} GRANT EXECUTE ON FUNCTION atrium.planted() TO atrium_app`)).toEqual({})
  })

  it.each(PLANTS)('report %s, each by its own name and no other', async (_plant, sql, by, says) => {
    const found = await planted(sql)
    expect(Object.keys(found).sort()).toEqual([...by].sort())
    expect(found[by[0] as string]?.join('\n')).toContain(says)
  })

  it('are each proved able to fail by a plant', () => {
    const proved = new Set(PLANTS.flatMap(([, , by]) => by))
    expect(Object.keys(CHECKS).filter((name) => !proved.has(name as keyof typeof CHECKS))).toEqual([])
  })
})

describe('the checks of what is declared', () => {
  it('say nothing about the database as the migrations make it', async () => {
    expect(await problemsOf(owner, DECLARED)).toEqual({})
  })

  it('report an owner that is no user, and access that is inherited over a way that the decision does not follow', async () => {
    const task = recordType('Task')
    const { owners, inherits } = task
    try {
      task.owners = ['title']
      task.inherits = new Map([['assignee', 'READ']])
      expect(await problemsOf(owner, DECLARED)).toEqual({
        ownersAndInheritance: [
          'Task is owned by title, which is no reference to a user',
          'Task inherits access over assignee, which the decision does not follow',
        ],
      })
    } finally {
      Object.assign(task, { owners, inherits })
    }
  })

  it.each(DIFFERENCES)('report %s, each by its own name and no other', async (_plant, sql, by, says) => {
    const found = await planted(sql, DECLARED)
    expect(Object.keys(found).sort()).toEqual([...by].sort())
    expect(found[by[0] as string]?.join('\n')).toContain(says)
  })
})

describe('the probes of the walls', () => {
  let app: pg.Client
  let acme: string
  let globex: string

  beforeAll(async () => {
    const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 1 })
    const made = async (slug: string) =>
      decodeId((await createTenant(tenancy, { slug, name: slug, adminEmail: `admin@${slug}.example` })).id)
        ?.uuid as string
    try {
      acme = await made('acme')
      globex = await made('globex')
    } finally {
      await tenancy.close()
    }
    app = new pg.Client({ connectionString: database.appUrl })
    await app.connect()
  })

  afterAll(() => app.end())

  /** What each probe says of the table role, which has rows of both companies. */
  async function said(): Promise<Record<string, string[]>> {
    const all = {
      withoutTenant: await withoutTenant(app),
      foreignWrites: await foreignWrites(app, acme, globex),
      copies: await copies(app, acme, globex),
      escapes: await escapes(app, acme, 'atrium_login'),
    }
    const about = Object.entries(all).map(
      ([name, found]) => [name, found.filter((one) => /\brole\b/.test(one))] as const,
    )
    return Object.fromEntries(about.filter(([, found]) => found.length > 0))
  }

  /** The same while something is planted. */
  async function saidWith(plant: string, undo: string): Promise<Record<string, string[]>> {
    await owner.query(plant)
    try {
      return await said()
    } finally {
      await owner.query(undo)
    }
  }

  it('say nothing about a table that is fenced in', async () => {
    expect(await said()).toEqual({})
  })

  it('all report a table whose row security is off', async () => {
    const found = await saidWith(
      'ALTER TABLE role DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE role ENABLE ROW LEVEL SECURITY',
    )
    expect(found.withoutTenant).toContain('role shows rows with app.tenant_id null')
    expect(found.foreignWrites?.[0]).toMatch(/^role takes a row of another tenant/)
    expect(found.copies).toContain('COPY role gives rows of another tenant')
    expect(found.escapes).toEqual(['row_security = off opens role'])
  })

  it('report a second policy that opens a table', async () => {
    const found = await saidWith('CREATE POLICY planted ON role USING (true)', 'DROP POLICY planted ON role')
    expect(Object.keys(found)).toEqual(['withoutTenant', 'foreignWrites', 'copies'])
  })

  it('report a policy that fails on a connection of the pool', async () => {
    const policy = (value: string) => `ALTER POLICY tenant ON role USING (tenant_id = ${value})`
    const found = await saidWith(
      policy(`current_setting('app.tenant_id', true)::uuid`),
      policy(`(SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid)`),
    )
    expect(Object.keys(found)).toEqual(['withoutTenant'])
    expect(found.withoutTenant).toContain('role fails with 22P02 with app.tenant_id ""')
  })

  it('find that row security still holds rows where the right to move them was given away', async () => {
    const found = await saidWith(
      'GRANT UPDATE (tenant_id) ON role TO atrium_app',
      'REVOKE UPDATE (tenant_id) ON role FROM atrium_app',
    )
    expect(found).toEqual({})
  })
})
