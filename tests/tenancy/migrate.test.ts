import { execFile } from 'node:child_process'
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { migrate, pending } from '../../src/tenancy/migrate.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const run = promisify(execFile)
const MODULE = new URL('../../src/tenancy/migrate.ts', import.meta.url).href
const FIRST = { '0001_first.sql': 'CREATE TABLE one (id int);\nCREATE TABLE two (id int);\n' }

let database: TestDatabase
let dir: string

beforeEach(async () => {
  database = await freshDatabase({ empty: true })
  dir = await mkdtemp(join(tmpdir(), 'atrium-migrations-'))
})

afterEach(async () => {
  await database.drop()
  await rm(dir, { recursive: true })
})

describe('migrate', () => {
  it('applies the files in order and, run again, nothing', async () => {
    await write({ ...FIRST, '0002_second.sql': 'ALTER TABLE one ADD name text' })
    expect(await up()).toEqual({ applied: ['0001_first.sql', '0002_second.sql'], already: 0 })
    expect(await up()).toEqual({ applied: [], already: 2 })
    expect(await rows('SELECT name, length(checksum) AS length FROM atrium.migration ORDER BY name')).toEqual([
      { name: '0001_first.sql', length: 64 },
      { name: '0002_second.sql', length: 64 },
    ])
  })

  it('applies only what is new', async () => {
    await write(FIRST)
    await up()
    await write({ '0002_second.sql': 'CREATE TABLE three ()' })
    expect(await pending(database.ownerUrl, { dir })).toEqual(['0002_second.sql'])
    expect(await up()).toEqual({ applied: ['0002_second.sql'], already: 1 })
  })

  it('keeps the semicolons of a function body', async () => {
    await write({
      '0001_function.sql': `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END; $$;`,
    })
    await up()
    expect(await rows('SELECT f()')).toEqual([{ f: 2 }])
  })

  it('lets processes that migrate at once apply each file once', async () => {
    await write({
      '0001_slow.sql': 'CREATE TABLE slow (); SELECT pg_sleep(0.5)',
      '0002_next.sql': 'CREATE TABLE next ()',
    })
    const results = await Promise.all([upElsewhere(), upElsewhere(), up()])
    expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 2])
    expect(results.map(({ already }) => already).sort()).toEqual([0, 2, 2])
  })

  it('refuses an applied file that was changed, and names it', async () => {
    await write(FIRST)
    await up()
    await write({ '0001_first.sql': 'CREATE TABLE other ()', '0002_second.sql': 'CREATE TABLE three ()' })
    await expect(up()).rejects.toThrow('0001_first.sql was changed after it was applied')
    await expect(pending(database.ownerUrl, { dir })).rejects.toThrow('0001_first.sql')
    expect(await tables()).toEqual(['one', 'two'])
  })

  it('does not count line ends and a byte order mark as a change', async () => {
    await write(FIRST)
    await up()
    await write({ '0001_first.sql': `\uFEFF${FIRST['0001_first.sql'].replaceAll('\n', '\r\n')}` })
    expect(await up()).toEqual({ applied: [], already: 1 })
  })

  it('refuses when the file of an applied migration is missing', async () => {
    await write({ ...FIRST, '0002_second.sql': 'CREATE TABLE three ()' })
    await up()
    await unlink(join(dir, '0001_first.sql'))
    await expect(up()).rejects.toThrow('0001_first.sql was applied to this database, but its file is missing')
  })

  it('refuses two files of one number, odd names and latecomers', async () => {
    await write({ ...FIRST, '0001_twin.sql': '' })
    await expect(up()).rejects.toThrow('0001_first.sql and 0001_twin.sql have the same number')
    await unlink(join(dir, '0001_twin.sql'))
    await write({ '2_odd.sql': '' })
    await expect(up()).rejects.toThrow('2_odd.sql is not named')
    await unlink(join(dir, '2_odd.sql'))
    await write({ '0003_third.sql': '' })
    await up()
    await write({ '0002_late.sql': '' })
    await expect(up()).rejects.toThrow('0002_late.sql comes before 0003_third.sql')
  })

  it('leaves nothing of a file that fails, keeps those before it, and names file and line', async () => {
    await write({
      ...FIRST,
      '0002_bad.sql': `CREATE TABLE three ();\n-- 𠮷野家 and 你好\nCREATE TABLE four (\n  id nosuchtype\n);`,
      '0003_never.sql': 'CREATE TABLE five ()',
    })
    await expect(up()).rejects.toThrow(/0002_bad\.sql:4 failed: .*nosuchtype/)
    expect(await tables()).toEqual(['one', 'two'])
    expect(await pending(database.ownerUrl, { dir })).toEqual(['0002_bad.sql', '0003_never.sql'])
    await write({ '0002_bad.sql': 'CREATE TABLE three ()' })
    expect((await up()).applied).toEqual(['0002_bad.sql', '0003_never.sql'])
  })

  it('refuses a file that ends the transaction itself', async () => {
    await write({ '0001_commit.sql': 'CREATE TABLE one (); COMMIT; CREATE TABLE two ()' })
    await expect(up()).rejects.toThrow('0001_commit.sql failed: it ends the transaction itself')
    expect(await rows('SELECT count(*)::int AS n FROM atrium.migration')).toEqual([{ n: 0 }])
  })

  it('does not let the settings of one file reach the next', async () => {
    await write({ '0001_path.sql': 'SET search_path = pg_catalog', '0002_table.sql': 'CREATE TABLE one ()' })
    await up()
    expect(await tables()).toEqual(['one'])
  })

  it('lets its lock go when it fails', async () => {
    await write({ '0001_bad.sql': 'SELECT 1/0' })
    await expect(up()).rejects.toThrow('division by zero')
    await expect(up()).rejects.toThrow('division by zero')
  })

  it('changes nothing when it only looks for what is pending', async () => {
    await write(FIRST)
    expect(await pending(database.ownerUrl, { dir })).toEqual(['0001_first.sql'])
    expect(await rows(`SELECT to_regnamespace('atrium') AS schema`)).toEqual([{ schema: null }])
  })

  it('makes the user of the application, which then has the rights of atrium_app and no more', async () => {
    await write({
      '0001_first.sql': 'CREATE TABLE one (id int); GRANT SELECT ON one TO atrium_app; CREATE TABLE two ()',
    })
    const app = new URL(database.ownerUrl)
    app.username = `atrium_migrate_test_${process.pid}`
    app.password = "it's a p@ss"
    try {
      await migrate(database.ownerUrl, { dir, appUrl: app.href })
      await migrate(database.ownerUrl, { dir, appUrl: app.href })
      expect(await rows('SELECT count(*)::int AS n FROM one', app.href)).toEqual([{ n: 0 }])
      await expect(rows('SELECT FROM two', app.href)).rejects.toThrow('permission denied')
    } finally {
      await rows(`DROP ROLE IF EXISTS ${app.username}`)
    }
  })

  it('refuses an application that connects as the owner', async () => {
    await expect(migrate(database.ownerUrl, { dir, appUrl: database.ownerUrl })).rejects.toThrow('owns the database')
  })

  it('says in a sentence that the database cannot be reached, without the password', async () => {
    const url = new URL(database.ownerUrl)
    url.password = 'not-the-password'
    const failure = await migrate(url.href, { dir }).catch((error) => error)
    expect(failure.message).toMatch(/^Cannot connect to the database as its owner: .*password/)
    expect(failure.message).not.toContain('not-the-password')
  })
})

function up() {
  return migrate(database.ownerUrl, { dir })
}

/** The same in a process of its own. */
async function upElsewhere(): Promise<{ applied: string[]; already: number }> {
  const code = `import { migrate } from ${JSON.stringify(MODULE)}
    console.log(JSON.stringify(await migrate(process.argv[1], { dir: process.argv[2] })))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code, database.ownerUrl, dir])
  return JSON.parse(stdout)
}

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(files)) await writeFile(join(dir, name), sql)
}

async function tables(): Promise<string[]> {
  const found = await rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
  return found.map((row) => row.tablename as string)
}

async function rows(sql: string, url = database.ownerUrl): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
