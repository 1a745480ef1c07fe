import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import '../../src/schema/index.ts'
import { createVault } from '../../src/access/totp.ts'
import { recordType } from '../../src/read/recordType.ts'
import { idOf } from '../../src/read/values.ts'
import { createTenant, jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { setSecret } from '../../src/resolvers/marketing/social/account.ts'
import { publishSocialPost } from '../../src/resolvers/marketing/social/verbs.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import type { Input, WriteContext } from '../../src/resolvers/write.ts'
import { openTenancy, type Tenancy } from '../../src/tenancy/tenancy.ts'
import { until } from '../cache/model.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { uuidIn } from '../support/owner.ts'

jest.setTimeout(300_000)

const WORKER = fileURLToPath(new URL('socialWorker.ts', import.meta.url))
const SECRET = 'a secret that is long enough to be one'
/** A process takes seconds to start on a busy machine. */
const SOON = { limit: 60_000 }

let database: TestDatabase
let tenancy: Tenancy
let owner: pg.Client
const children: ChildProcess[] = []

/** What a bridge does with a publication: answer with a status, keep silent, or publish and lose the answer. */
type Manner = number | 'SILENT' | 'LOST'

/** A bridge as it should be: what was asked before under a key gets the same answer, and appears once. */
interface Bridge {
  url: string
  server: Server
  /** Manners of the next publications; then each is done. */
  manners: Manner[]
  /** Keys in the order in which they came. */
  asked: string[]
  /** What appeared on the network, by key. */
  published: Map<string, { id: string; url: string; content: string }>
  wrong: string[]
  secret: string
}

async function openBridge(): Promise<Bridge> {
  const bridge = { manners: [], asked: [], published: new Map(), wrong: [], secret: '' } as unknown as Bridge
  const answer = (response: ServerResponse, status: number, body: unknown = {}) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  bridge.server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const key = String(request.headers['webhook-id'])
    const signed = createHmac('sha256', Buffer.from(bridge.secret.slice(6), 'base64'))
      .update(`${key}.${request.headers['webhook-timestamp']}.${body}`)
      .digest('base64')
    if (request.headers['webhook-signature'] !== `v1,${signed}`) bridge.wrong.push(key)
    const { type, data } = JSON.parse(body)
    if (type !== 'social.post.publish') return answer(response, 200, { likes: 1 })
    bridge.asked.push(key)
    const manner = bridge.manners.shift()
    if (manner === 'SILENT') return
    if (typeof manner === 'number') return answer(response, manner)
    const known = bridge.published.get(key)
    const here = known ?? {
      id: `post-${bridge.published.size + 1}`,
      url: 'https://net.example/1',
      content: data.content,
    }
    bridge.published.set(key, here)
    if (manner === 'LOST') return void request.socket.destroy()
    answer(response, 200, here)
  })
  bridge.server.listen(0, '127.0.0.1')
  await once(bridge.server, 'listening')
  bridge.url = `http://127.0.0.1:${(bridge.server.address() as AddressInfo).port}/`
  return bridge
}

/** A company with an account at a bridge of its own. */
interface Company {
  tenantId: string
  bridge: Bridge
  /** Makes posts and has them published now; uuids. */
  publish(count: number): Promise<string[]>
  rows<Row = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<Row[]>
  states(): Promise<Record<string, number>>
  due(): Promise<unknown>
}

let slugs = 0
async function openCompany(): Promise<Company> {
  const slug = `acme${++slugs}`
  const made = await createTenant(tenancy, { slug, name: slug, adminEmail: `admin@${slug}.example` })
  const tenantId = uuidIn(made.id)
  const viewer = jobViewer({ id: tenantId, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'US' })
  const write = <T>(work: (context: WriteContext) => Promise<T>) =>
    tenancy.writeTenant({ tenantId }, (db) => work({ db, viewer }))
  const make = async (type: string, inputs: Input[]) => {
    const written = await write((context) => createRecords(context, recordType(type), inputs))
    expect(written.flatMap(({ errors }) => errors)).toEqual([])
    return written.map(({ id }) => id as string)
  }
  const rows = async <Row>(text: string, ...values: unknown[]): Promise<Row[]> => {
    await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId])
    return (await owner.query(text, values)).rows
  }
  const bridge = await openBridge()
  const [accountId] = (await make('SocialAccount', [
    { name: 'Weibo', platform: 'WEIBO', connector: 'webhook', settings: { url: 'https://bridge.example/' } },
  ])) as [string]
  const id = idOf('SocialAccount', accountId)
  const { secret } = await write((context) =>
    setSecret(context, { id }, createVault({ secret: SECRET, previousSecret: null })),
  )
  bridge.secret = secret as string
  // No bridge of this machine could be written down by a tenant.
  await rows('UPDATE social_account SET settings = $2 WHERE id = $1', accountId, { url: bridge.url })
  return {
    tenantId,
    bridge,
    rows,
    async publish(count) {
      const ids = await make(
        'SocialPost',
        Array.from({ length: count }, (_, n) => ({ accountId: id, content: `新品 ${n}` })),
      )
      await write(async (context) => {
        for (const one of ids) await publishSocialPost(context, { id: idOf('SocialPost', one) })
      })
      return ids
    },
    async states() {
      const found = await rows<{ status: string; n: number }>(
        'SELECT status, count(*)::int AS n FROM social_post WHERE deleted_at IS NULL GROUP BY 1',
      )
      return Object.fromEntries(found.map(({ status, n }) => [status, n]))
    },
    due: () => rows('UPDATE social_delivery SET due_at = now() WHERE due_at IS NOT NULL'),
  }
}

function worker(): ChildProcess {
  const child = spawn(process.execPath, [WORKER], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.appUrl, SECRET },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

const endAll = async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) await end(child, 'SIGKILL')
}

beforeAll(async () => {
  database = await freshDatabase()
  tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
}, 300_000)
const companies: Company[] = []
let acme: Company
beforeEach(async () => {
  acme = await openCompany()
  companies.push(acme)
})
afterEach(async () => {
  await endAll()
  for (const { bridge, rows } of companies.splice(0)) {
    bridge.server.closeAllConnections()
    bridge.server.close()
    await rows('UPDATE social_delivery SET due_at = NULL')
  }
})
afterAll(async () => {
  await endAll()
  await owner?.end()
  await tenancy?.close()
  await database?.drop()
})

it('a process that is killed while the bridge works leaves the post to another, which asks under the same key', async () => {
  const { bridge } = acme
  bridge.manners.push('SILENT')
  const [id] = await acme.publish(1)
  const doomed = worker()
  await until(async () => bridge.asked.length === 1, SOON)
  await end(doomed, 'SIGKILL')
  expect(await acme.states()).toEqual({ PUBLISHING: 1 })
  // The bridge published it meanwhile, for nobody.
  const key = bridge.asked[0] as string
  bridge.published.set(key, { id: 'post-before', url: 'https://net.example/before', content: '新品 0' })
  worker()
  worker()
  // Its time is not over: nobody else takes it.
  const [{ left } = { left: 0 }] = await acme.rows<{ left: number }>(
    'SELECT extract(epoch FROM due_at - now())::int AS left FROM social_delivery WHERE post_id = $1',
    id,
  )
  expect(left).toBeGreaterThan(200)
  await acme.due()
  await until(async () => (await acme.states()).PUBLISHED === 1, SOON)
  expect(bridge.asked).toEqual([key, key])
  expect(await acme.rows('SELECT published_id, attempts FROM social_post WHERE id = $1', id)).toEqual([
    { published_id: 'post-before', attempts: 2 },
  ])
  expect(bridge.wrong).toEqual([])
})

it('two processes publish each post once, though the bridge fails, loses answers and one of them is killed', async () => {
  const { bridge } = acme
  const MANY = 40
  bridge.manners.push(503, 'LOST', 500, 'LOST', 429, 'LOST', 503)
  await acme.publish(MANY)
  const doomed = worker()
  worker()
  await until(async () => bridge.asked.length >= 10, SOON)
  await end(doomed, 'SIGKILL')
  await until(async () => {
    // The clock of waits and leases runs ahead.
    await acme.rows(
      `UPDATE social_delivery d SET due_at = now() FROM social_post p WHERE p.id = d.post_id AND p.status = 'PUBLISHING' AND d.due_at > now() + interval '30 seconds' AND d.due_at < now() + interval '3 minutes'`,
    )
    // What the killed one had on its way, its requests take ten seconds at most.
    if ((doomed.signalCode ?? null) !== null)
      await acme.rows(
        `UPDATE social_delivery d SET due_at = now() FROM social_post p WHERE p.id = d.post_id AND p.status = 'PUBLISHING' AND d.due_at < now() + interval '4 minutes 45 seconds' AND d.due_at > now() + interval '3 minutes'`,
      )
    return (await acme.states()).PUBLISHED === MANY
  }, SOON)
  expect(bridge.published.size).toBe(MANY)
  expect(new Set(bridge.asked).size).toBe(MANY)
  const ids = await acme.rows<{ id: string }>(
    'SELECT published_id AS id FROM social_post WHERE published_id IS NOT NULL',
  )
  expect(ids.map(({ id }) => id).sort()).toEqual([...bridge.published.values()].map(({ id }) => id).sort())
  expect(bridge.wrong).toEqual([])
})

it('a company whose bridge keeps silent does not hold up another', async () => {
  const globex = await openCompany()
  companies.push(globex)
  acme.bridge.manners.push(...Array.from({ length: 20 }, () => 'SILENT' as const))
  await acme.publish(20)
  await globex.publish(3)
  const began = Date.now()
  worker()
  await until(async () => (await globex.states()).PUBLISHED === 3, SOON)
  // Those of the other are still waiting for their bridge, five at a time.
  expect(await acme.states()).toEqual({ PUBLISHING: 20 })
  expect(acme.bridge.asked.length).toBeLessThanOrEqual(5)
  expect(Date.now() - began).toBeLessThan(30_000)
})

it('a company that is suspended publishes nothing until it is back', async () => {
  await acme.publish(1)
  const stand = (status: string) => acme.rows('UPDATE tenant SET status = $2 WHERE id = $1', acme.tenantId, status)
  await stand('SUSPENDED')
  const globex = await openCompany()
  companies.push(globex)
  await globex.publish(1)
  worker()
  await until(async () => (await globex.states()).PUBLISHED === 1, SOON)
  expect(acme.bridge.asked).toEqual([])
  await stand('ACTIVE')
  await until(async () => (await acme.states()).PUBLISHED === 1, SOON)
})
