import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Redis } from 'ioredis'
import { type App, createApp } from '../../src/app.ts'
import { keyOf, LIFETIME } from '../../src/cache/store.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { type Company, callers, type TestApp, testApp, testConfig } from '../support/app.ts'
import { make, marked } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { person } from '../support/people.ts'
import { until } from './model.ts'
import { type OwnRedis, ownRedis, wire } from './redisServer.ts'

/** Longest a request may take while Redis is dead or frozen, milliseconds. */
const PATIENCE = 1000

let redis: OwnRedis
let test: TestApp
/** A second process on the same database and the same Redis. */
let second: App
let client: Redis

beforeAll(async () => {
  redis = await ownRedis()
  client = redis.client()
  test = await testApp({ redisUrl: redis.url })
  second = await createApp(test.config)
})

afterAll(async () => {
  redis.thaw()
  await second.close()
  await test.close()
  await redis.close()
})

const NODE = 'query($id: ID!) { node(id: $id) { id ... on Account { name version } } }'
const UPDATE =
  'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { account { version } userErrors { code } } }'

type Calls = Pick<Company, 'run' | 'ask'>
const here = (): Calls => test.acme
const there = (): Calls => callers(second, test.acme.apiKey)

/** Runs a request and holds it against the clock. */
async function soon<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const answer = await work()
  expect(performance.now() - began).toBeLessThan(PATIENCE)
  return answer
}

const nameOf = async (calls: Calls, id: string): Promise<string> => (await calls.run(NODE, { id })).node.name
async function rename(calls: Calls, id: string): Promise<string> {
  const name = marked(test.acme, 'renamed')
  const { updateAccount } = await calls.run(UPDATE, { id, input: { name } })
  expect(updateAccount.userErrors).toEqual([])
  return name
}

const keyFor = (id: string) => keyOf(uuidIn(test.acme.id), 'account', uuidIn(id))

/** A record that both processes have read, so that it is in the cache. */
async function cachedAccount(): Promise<string> {
  const { id } = await make(test.acme, 'Account')
  await until(async () => {
    await nameOf(here(), id)
    return (await client.get(keyFor(id)))?.includes('{') ?? false
  })
  await nameOf(there(), id)
  return id
}

describe('the cache in Redis', () => {
  it('holds keys of one shape, each with a tenant, an end and values of that tenant only', async () => {
    const companies = new Map([test.acme, test.globex].map((company) => [uuidIn(company.id), company]))
    for (const company of companies.values()) {
      const account = await make(company, 'Account')
      const activity = await make(company, 'Activity', { subject: marked(company, 'call') })
      const link = await make(company, 'ActivityLink', { activityId: activity.id, recordId: account.id })
      await company.run(
        `{ activityLinks(first: 20) { nodes { record { id ... on Account { name } } } } viewer { user { name } apiKey { name } } }`,
      )
      await company.run(`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, { ids: [account.id, activity.id, link.id] })
      await company.run(UPDATE, { id: account.id, input: { name: marked(company, 'again') } })
      await nameOf(company, account.id)
    }
    await until(async () => (await client.dbsize()) >= 2 * 5)
    const keys = await client.keys('*')
    const tables = recordTypes().map((type) => type.table)
    for (const key of keys) {
      const [, tenant, table] = /^\{t:([0-9a-f-]{36})\}:r:([a-z_]+):[0-9a-f-]{36}$/.exec(key) ?? []
      expect(tables).toContain(table)
      const owner = companies.get(tenant as string)
      expect(owner?.slug).toBeDefined()
      const ends = await client.pttl(key)
      expect(ends).toBeGreaterThan(0)
      expect(ends).toBeLessThanOrEqual(LIFETIME)
      const text = (await client.get(key)) as string
      expect(text).toMatch(/^[0-9a-f]{24}:\d+:[!?{]/)
      for (const other of companies.values()) if (other !== owner) expect(text).not.toMatch(new RegExp(other.mark, 'i'))
      // What was written and not read since is a mark without a value.
      if (!text.includes('{')) continue
      expect(text).toContain(`"tenantId":"${tenant}"`)
      expect(`${key} ${table}`).toMatch(/ (account|activity|activity_link|app_user|api_key)$/)
    }
    expect(new Set(keys.map((key) => key.slice(3, 39)))).toEqual(new Set(companies.keys()))
    // Never in the cache, whatever was read: what proves a key.
    for (const key of keys) expect(await client.get(key)).not.toContain('key_hash')
  })

  it('shows in a second process what the first has written, at once, many times over', async () => {
    const id = await cachedAccount()
    for (let n = 0; n < 30; n++) {
      const name = await rename(n % 2 ? here() : there(), id)
      expect(await Promise.all([nameOf(here(), id), nameOf(there(), id)])).toEqual([name, name])
    }
  })

  it('serves no value that another tenant, or nobody, could have put there', async () => {
    const id = await cachedAccount()
    const right = await nameOf(here(), id)
    const stolen = await client.get(keyFor(id))
    const foreign = await make(test.globex, 'Account')
    const foreignKey = keyOf(uuidIn(test.globex.id), 'account', uuidIn(foreign.id))
    await client.set(foreignKey, (stolen as string).replaceAll(uuidIn(id), uuidIn(foreign.id)))
    expect(await nameOf(test.globex, foreign.id)).toContain(test.globex.mark)
    await until(async () => !(await client.get(foreignKey))?.includes(test.acme.mark))
    for (const poison of ['garbage', '{"name":"poison"}', `${stolen}`.slice(0, -3), '\u0000\n\u0000', '']) {
      await client.set(keyFor(id), poison)
      expect(await nameOf(here(), id)).toBe(right)
    }
  })

  it('goes on with right answers after everything in it was thrown away', async () => {
    const id = await cachedAccount()
    await client.flushall()
    const name = await rename(here(), id)
    await client.flushall()
    expect(await nameOf(there(), id)).toBe(name)
    expect(await nameOf(here(), id)).toBe(name)
  })
})

describe.each(['killed', 'frozen'] as const)('when Redis is %s', (how) => {
  const away = async () => (how === 'killed' ? redis.kill() : redis.freeze())
  const back = async () => (how === 'killed' ? redis.start() : redis.thaw())

  beforeEach(async () => {
    await until(async () => (await client.ping().catch(() => '')) === 'PONG')
  })

  afterEach(async () => {
    redis.thaw()
    await until(async () => (await client.ping().catch(() => '')) === 'PONG')
  })

  it('every request is answered, rightly and soon; what was written meanwhile is seen afterwards, and the cache works again', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, cachedAccount))
    const names = new Map(await Promise.all(ids.map(async (id) => [id, await nameOf(here(), id)] as const)))
    const inFlight = ids.map((id) => soon(() => nameOf(here(), id)))
    await away()
    expect(await Promise.all(inFlight)).toEqual(ids.map((id) => names.get(id)))

    for (let round = 0; round < 5; round++) {
      for (const id of ids) {
        names.set(id, await soon(() => rename(round % 2 ? there() : here(), id)))
        for (const calls of [here(), there()]) expect(await soon(() => nameOf(calls, id))).toBe(names.get(id))
      }
    }
    const made = await soon(() => make(test.acme, 'Account'))
    expect(await soon(() => nameOf(there(), made.id))).toContain('AcmeMark')
    const link = await soon(() => make(test.acme, 'TagLink', { recordId: made.id }, 'id record { id }'))
    expect(link.record.id).toBe(made.id)

    await back()
    for (const calls of [there(), here()])
      for (const id of ids) expect(await soon(() => nameOf(calls, id))).toBe(names.get(id))
    await until(async () => {
      await nameOf(here(), made.id)
      return (await client.get(keyFor(made.id)).catch(() => null))?.includes('{') ?? false
    })
    expect(await nameOf(there(), made.id)).toContain('AcmeMark')
  })

  it('a process that starts then starts, and answers', async () => {
    const id = await cachedAccount()
    await away()
    const late = await createApp(testConfig(test.database.appUrl, { redisUrl: redis.url }))
    try {
      const calls = callers(late, test.acme.apiKey)
      expect(await soon(() => nameOf(calls, id))).toContain('AcmeMark')
      const ready = await late.server.inject({ url: '/readyz' })
      expect(ready.statusCode).toBe(200)
    } finally {
      await late.close()
      await back()
    }
  })
})

describe('when one process is cut off from Redis', () => {
  it('it answers rightly, and tells Redis what it wrote when it is back, without being asked', async () => {
    const line = await wire(redis.port)
    const lone = await createApp(testConfig(test.database.appUrl, { redisUrl: `redis://127.0.0.1:${line.port}` }))
    try {
      const calls = callers(lone, test.acme.apiKey)
      const id = await cachedAccount()
      await until(async () => (await nameOf(calls, id)).length > 0)
      line.cut()
      const name = await soon(() => rename(calls, id))
      expect(await soon(() => nameOf(calls, id))).toBe(name)
      line.mend()
      await until(async () => (await nameOf(there(), id)) === name)
    } finally {
      await lone.close()
      await line.close()
    }
  })
})

describe('what stands in the cache', () => {
  it('is shown to nobody whose role may not read it, nor to another company', async () => {
    const { viewer } = await test.acme.run('{ viewer { apiKey { id name } } }')
    const { id } = viewer.apiKey
    await until(async () => (await client.get(keyOf(uuidIn(test.acme.id), 'api_key', uuidIn(id)))) !== null)
    expect((await test.acme.run(NODE, { id })).node).toEqual({ id })
    const rep = await person(test, test.acme, 'rep')
    expect((await rep.run(NODE, { id })).node).toBeNull()
    expect((await test.globex.run(NODE, { id })).node).toBeNull()
  })
})
