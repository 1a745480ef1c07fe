import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import { createApp } from '../../src/app.ts'
import { type Postgres, startPostgres } from '../../src/cli/servers.ts'
import { atrium } from '../process/atrium.ts'
import { callers, SECRET, testConfig } from '../support/app.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { redisUrl } from '../support/redis.ts'

jest.setTimeout(300_000)

const SCHEMA = fileURLToPath(new URL('../../schema.graphql', import.meta.url))

/** A server of which this test knows the superuser. */
let home: string
let postgres: Postgres
let database: TestDatabase

beforeAll(async () => {
  home = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-commands-'))
  postgres = await startPostgres(home, { settings: { fsync: 'off' } })
  database = await freshDatabase()
})

afterAll(async () => {
  await database.drop()
  await postgres.stop()
  await rm(home, { recursive: true, force: true })
})

const environment = (more: Record<string, string> = {}) => ({
  DATABASE_URL: database.appUrl,
  DATABASE_OWNER_URL: database.ownerUrl,
  ATRIUM_SECRET: SECRET,
  REDIS_URL: redisUrl(4),
  ...more,
})
const ownServer = (more: Record<string, string> = {}) =>
  environment({ DATABASE_URL: postgres.appUrl, DATABASE_OWNER_URL: postgres.ownerUrl, ...more })

/** The superuser, in the application's database. */
function superuser(): string {
  const url = new URL(postgres.adminUrl)
  url.pathname = '/atrium'
  return url.href
}

interface Finding {
  check: string
  ok: boolean
  message: string
}

async function doctor(env: Record<string, string>): Promise<{ code: number | null; findings: Map<string, Finding> }> {
  const { code, out } = await atrium(['doctor', '--json'], env)
  return { code, findings: new Map((JSON.parse(out) as Finding[]).map((finding) => [finding.check, finding])) }
}

async function sql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

describe('atrium tenant create', () => {
  const create = (slug: string, ...more: string[]) =>
    atrium(
      ['tenant', 'create', '--slug', slug, '--name', 'AcmeMark 有限公司', '--admin-email', 'li@acme.example', ...more],
      environment(),
    )

  it('prints, as JSON, a company, a password and a key that work', async () => {
    const { code, out, err } = await create(
      'printed',
      '--json',
      '--timezone',
      'Asia/Shanghai',
      '--currency',
      'CNY',
      '--country',
      'CN',
      '--admin-name',
      '李伟',
    )
    expect([code, err]).toEqual([0, ''])
    const made = JSON.parse(out)
    expect(made).toMatchObject({
      id: expect.stringMatching(/^tnt_/),
      slug: 'printed',
      name: 'AcmeMark 有限公司',
      adminEmail: 'li@acme.example',
    })
    const app = await createApp(testConfig(database.appUrl))
    try {
      const { viewer } = await callers(app, made.apiKey).run(
        '{ viewer { roles user { name } tenant { id name timezone baseCurrency defaultCountry } } }',
      )
      expect(viewer).toEqual({
        roles: ['admin'],
        user: { name: '李伟' },
        tenant: { id: made.id, name: made.name, timezone: 'Asia/Shanghai', baseCurrency: 'CNY', defaultCountry: 'CN' },
      })
      const { signIn } = await callers(app, null).run(
        'mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }',
        {
          input: { tenant: 'printed', email: 'li@acme.example', password: made.adminPassword },
        },
      )
      expect(signIn.accessToken).not.toBeNull()
    } finally {
      await app.close()
    }
  })

  it.each([
    ['a slug that is taken', ['taken'], /^slug: There is a tenant taken already\.\n$/],
    ['a slug that is none', ['No Slug'], /^slug: slug has 2 to 63 lower-case letters/],
    [
      'a time zone that is none',
      ['zone', '--timezone', 'Mars/Olympus'],
      /^timezone: timezone must be a name of the IANA database\.\n$/,
    ],
    [
      'a currency that is none',
      ['money', '--currency', 'XXQ'],
      /^baseCurrency: baseCurrency must be an ISO 4217 code\.\n$/,
    ],
  ])('says in a sentence what is wrong with %s', async (_what, [slug = '', ...more], sentence) => {
    if (slug === 'taken') expect((await create(slug)).code).toBe(0)
    const { code, out, err } = await create(slug, ...more)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(sentence)
  })
})

describe('atrium migrate', () => {
  it('brings an empty database up to date, and does nothing the second time', async () => {
    const first = await atrium(['migrate'], ownServer())
    expect([first.code, first.err]).toEqual([0, ''])
    expect(first.out).toMatch(
      /0001_foundation\.sql applied in \d+ ms\n(.*\n)*\d+ migrations applied, 0 were there\.\n$/,
    )
    const second = await atrium(['migrate'], ownServer())
    expect([second.code, second.err]).toEqual([0, ''])
    expect(second.out).toMatch(/^Up to date: \d+ migrations\.\n$/)
  })

  it('says in a sentence that the database does not answer', async () => {
    const { code, err } = await atrium(
      ['migrate'],
      environment({ DATABASE_OWNER_URL: 'postgresql://nobody:x@127.0.0.1:1/none' }),
    )
    expect(code).toBe(1)
    expect(err).toMatch(/^Cannot connect to the database as its owner: .*ECONNREFUSED.*\n$/)
  })
})

describe('atrium doctor', () => {
  it('finds nothing wrong with a database that is right, and says so with code 0', async () => {
    const { code, findings } = await doctor(ownServer())
    expect([...findings.values()].filter(({ ok }) => !ok)).toEqual([])
    expect([...findings.keys()]).toEqual(
      expect.arrayContaining([
        'Node',
        'Application role',
        'PostgreSQL',
        'Migrations',
        'Row security',
        'Clock',
        'Redis',
        'Secret',
      ]),
    )
    expect(code).toBe(0)
    const { out } = await atrium(['doctor'], ownServer())
    expect(out.trim().split('\n')).toHaveLength(findings.size)
    expect(out).not.toContain(SECRET)
  })

  it.each([
    ['the superuser', superuser, /is a superuser/],
    ['the owner of the tables', () => postgres.ownerUrl, /owns tables/],
  ])('finds that the application runs as %s', async (_who, url, said) => {
    const { code, findings } = await doctor(ownServer({ DATABASE_URL: url() }))
    expect(code).toBe(1)
    expect(findings.get('Application role')).toMatchObject({ ok: false, message: expect.stringMatching(said) })
  })

  it('finds every table without forced row security or without a policy, and names it', async () => {
    await sql(
      postgres.ownerUrl,
      'CREATE TABLE open_door (tenant_id uuid, id uuid); CREATE TABLE half_open (tenant_id uuid, id uuid); ALTER TABLE half_open ENABLE ROW LEVEL SECURITY',
    )
    try {
      const { code, findings } = await doctor(ownServer())
      expect(code).toBe(1)
      expect(findings.get('Row security')).toMatchObject({
        ok: false,
        message: expect.stringContaining('half_open, open_door;'),
      })
    } finally {
      await sql(postgres.ownerUrl, 'DROP TABLE open_door; DROP TABLE half_open')
    }
  })

  it('finds what does not answer, what is not applied and what is too short, all at once', async () => {
    await sql(postgres.ownerUrl, 'CREATE DATABASE bare').catch(() =>
      sql(postgres.adminUrl, 'CREATE DATABASE bare OWNER atrium_owner'),
    )
    const bare = new URL(postgres.ownerUrl)
    bare.pathname = '/bare'
    const { code, findings } = await doctor(
      ownServer({ DATABASE_OWNER_URL: bare.href, REDIS_URL: 'redis://127.0.0.1:1', ATRIUM_SECRET: 'short' }),
    )
    expect(code).toBe(1)
    const wrong = [...findings.values()].filter(({ ok }) => !ok).map(({ check }) => check)
    expect(wrong).toEqual(['Migrations', 'Redis', 'Secret'])
    const away = await doctor(
      ownServer({
        DATABASE_URL: 'postgresql://a:b@127.0.0.1:1/x',
        DATABASE_OWNER_URL: 'postgresql://a:b@127.0.0.1:1/x',
      }),
    )
    expect(away.code).toBe(1)
    expect([...away.findings.values()].filter(({ ok }) => !ok).map(({ message }) => message)).toEqual([
      expect.stringMatching(/DATABASE_URL does not answer/),
      expect.stringMatching(/DATABASE_OWNER_URL does not answer/),
    ])
  })
})

describe('atrium schema', () => {
  it('prints the schema as schema.graphql holds it', async () => {
    const { code, out, err } = await atrium(['schema'], {})
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^type Query \{$/m)
    if (existsSync(SCHEMA)) expect(out === (await readFile(SCHEMA, 'utf8'))).toBe(true)
  })
})

describe('atrium start', () => {
  it.each([
    [
      'as the superuser',
      () => ownServer({ DATABASE_URL: superuser() }),
      /superuser.*DATABASE_URL must name the unprivileged role/,
    ],
    ['as the owner of the tables', () => ownServer({ DATABASE_URL: postgres.ownerUrl }), /DATABASE_OWNER_URL|owner/],
    ['without a database for requests', () => environment({ DATABASE_URL: '' }), /DATABASE_URL/],
    ['without a secret', () => ownServer({ ATRIUM_SECRET: '' }), /ATRIUM_SECRET must have at least 32 characters/],
    [
      'with a short secret',
      () => ownServer({ ATRIUM_SECRET: 'short' }),
      /ATRIUM_SECRET must have at least 32 characters/,
    ],
    ['with an address of Redis that is none', () => ownServer({ REDIS_URL: 'http://x' }), /REDIS_URL must be a redis/],
    ['with a port that is none', () => ownServer({ PORT: '70000' }), /PORT must be a whole number/],
  ])('is refused %s, with a sentence and code 1', async (_what, env, sentence) => {
    const { code, out, err } = await atrium(['start'], env())
    expect(code).toBe(1)
    expect(out).not.toContain('listens')
    expect(err).toMatch(sentence)
    expect(err).not.toMatch(/\n\s+at |node_modules|file:/)
    for (const { password } of [new URL(postgres.appUrl), new URL(superuser()), new URL(postgres.ownerUrl)])
      expect(err).not.toContain(password)
  })
})
