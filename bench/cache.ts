/**
 * What the record cache is worth: `node`, `nodes` and links to records of any type, asked of three servers on the same data, one with Redis, one with the cache in its own
 * memory and one without (CACHE=off), in turn; prints medians and the ratios to the one without.
 *
 * cd bench && npm ci && npm run cache [-- --rounds 5 --seconds 5 --connections 32 --json]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { byWrk } from './lib/loadWrk.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
    json: { type: 'boolean', default: false },
  },
})

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each query asks for.
type Any = any

const home = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
process.env.ATRIUM_HOME = home
for (const name of ['DATABASE_URL', 'DATABASE_OWNER_URL', 'REDIS_URL', 'CACHE']) delete process.env[name]
const bin = fileURLToPath(new URL('../bin/atrium.js', import.meta.url))
const { surroundings } = await import('../src/cli/surroundings.ts')
const around = await surroundings({ redis: true })
if (!around.redisUrl) throw new Error('redis-server is not on the PATH.')
const env = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '/',
  DATABASE_URL: around.databaseUrl,
  DATABASE_OWNER_URL: around.ownerUrl as string,
  ATRIUM_SECRET: around.secret,
  LOG_LEVEL: 'silent',
  GRAPHQL_MAX_COST: '10000',
}
const run = (args: string[], more: Record<string, string> = {}) =>
  spawn(process.execPath, [bin, ...args], { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'inherit'] })

async function command(args: string[]): Promise<string> {
  const child = run(args)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`atrium ${args.join(' ')} ended with ${code}`)
  return out
}

/** A server, and how much CPU its process has used, in milliseconds. */
interface Server {
  name: string
  url: string
  child: ChildProcess
  cpu(): number
}

async function start(name: string, more: Record<string, string>): Promise<Server> {
  const child = run(['start', '--port', '0', '--no-demo'], more)
  const url = await new Promise<string>((resolve, reject) => {
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
      const found = /^Atrium listens on (\S+)/m.exec(out)
      if (found) resolve(`${found[1]}/graphql`)
    })
    child.once('close', () => reject(new Error(out)))
  })
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  const pid = children[0] || child.pid
  const cpu = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') as string[]
    return 10 * (Number(fields[11]) + Number(fields[12]))
  }
  return { name, url, child, cpu }
}

const servers: Server[] = []
try {
  await command(['migrate'])
  const made = JSON.parse(
    await command([
      'tenant',
      'create',
      '--slug',
      'bench',
      '--name',
      'Bench',
      '--admin-email',
      'a@bench.example',
      '--json',
    ]),
  )
  servers.push(
    await start('off', { CACHE: 'off' }),
    await start('memory', {}),
    await start('Redis', { REDIS_URL: around.redisUrl }),
  )
  const [first] = servers as [Server]

  const headers = { authorization: `Bearer ${made.apiKey}`, 'content-type': 'application/json' }
  const ask = async (url: string, query: string, variables: Any = {}): Promise<Any> => {
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    const body = (await answer.json()) as Any
    if (!body.data || body.errors) throw new Error(JSON.stringify(body.errors))
    return body.data
  }
  const many = async (type: string, plural: string, rows: Any[]): Promise<string[]> => {
    const field = type.charAt(0).toLowerCase() + type.slice(1)
    const ids: string[] = []
    for (let from = 0; from < rows.length; from += 100) {
      const data = await ask(
        first.url,
        `mutation($input: [Create${type}Input!]!) { create${plural}(input: $input) { results { ${field} { id } userErrors { code message field } } userErrors { code } } }`,
        { input: rows.slice(from, from + 100) },
      )
      const { results } = data[`create${plural}`]
      const [error] = results.flatMap(({ userErrors }: Any) => userErrors)
      if (error) throw new Error(`${type}: ${JSON.stringify(error)}`)
      ids.push(...results.map((result: Any) => result[field].id))
    }
    return ids
  }
  const COUNT = 400
  const list = (of: (n: number) => Any) => Array.from({ length: COUNT }, (_, n) => of(n))
  const accounts = await many(
    'Account',
    'Accounts',
    list((n) => ({
      name: `Account ${n} 有限公司`,
      phone: '+12025550100',
      annualRevenue: { amount: '1000000', currency: 'USD' },
    })),
  )
  const contacts = await many(
    'Contact',
    'Contacts',
    list((n) => ({ firstName: `First ${n}`, lastName: `Last ${n}`, email: `c${n}@mail.example` })),
  )
  const opportunities = await many(
    'Opportunity',
    'Opportunities',
    list((n) => ({ name: `Deal ${n}`, accountId: accounts[n], amount: { amount: '5000', currency: 'USD' } })),
  )
  const activities = await many(
    'Activity',
    'Activities',
    list((n) => ({ kind: 'CALL', subject: `Call ${n}`, startAt: '2027-01-15T10:00:00Z' })),
  )
  const ofAll = (n: number) =>
    [accounts, contacts, opportunities, activities][n % 4]?.[Math.floor(n / 4) % COUNT] as string
  // Links in the order of their ids, so that a page holds records of three types.
  await many(
    'ActivityLink',
    'ActivityLinks',
    list((n) => ({ activityId: activities[n], recordId: [accounts, contacts, opportunities][n % 3]?.[n] })),
  )
  const { Client } = createRequire(bin)('pg')
  const database = new Client({ connectionString: around.ownerUrl })
  await database.connect()
  await database.query('ANALYZE')
  await database.end()

  const fields =
    'id ... on Account { name phone annualRevenue { amount currency } version } ... on Contact { fullName email version } ... on Opportunity { name amount { amount currency } version } ... on Activity { subject startAt version }'
  const pages: string[] = []
  for (let after: string | null = null; pages.length < 20; ) {
    const data: Any = await ask(
      first.url,
      'query($after: String) { activityLinks(first: 20, after: $after) { pageInfo { endCursor } } }',
      { after },
    )
    after = data.activityLinks.pageInfo.endCursor
    if (!after) break
    pages.push(after)
  }
  const workloads: [string, string, Any[]][] = [
    [
      'node(id)',
      `query($id: ID!) { node(id: $id) { ${fields} } }`,
      Array.from({ length: 400 }, (_, n) => ({ id: ofAll(n) })),
    ],
    [
      'nodes(20 ids of 4 types)',
      `query($ids: [ID!]!) { nodes(ids: $ids) { ${fields} } }`,
      Array.from({ length: 80 }, (_, n) => ({ ids: Array.from({ length: 20 }, (_, k) => ofAll(20 * n + k)) })),
    ],
    [
      '20 links with their records of 3 types',
      `query($after: String) { activityLinks(first: 20, after: $after) { nodes { id record { ${fields} } } } }`,
      pages.slice(0, -1).map((after) => ({ after })),
    ],
  ]
  for (const [name, query, variables] of workloads) {
    const answers = await Promise.all(servers.map(({ url }) => ask(url, query, variables[1])))
    if (new Set(answers.map((answer) => JSON.stringify(answer))).size > 1)
      throw new Error(`${name}: the answers differ.`)
    if (JSON.stringify(answers[0]).includes('null')) throw new Error(`${name}: ${JSON.stringify(answers[0])}`)
  }

  const load = async ({ url, cpu }: Server, [, query, variables]: (typeof workloads)[number], seconds: number) => {
    const before = cpu()
    const { rate, count, p99 } = await byWrk({
      by: 'wrk',
      url,
      connections: Number(options.connections),
      seconds,
      requests: variables.map((one) => ({
        method: 'POST',
        path: '/graphql',
        headers,
        body: JSON.stringify({ query, variables: one }),
      })),
    })
    return { rate, cpu: (cpu() - before) / count, p99 }
  }
  type Sample = Awaited<ReturnType<typeof load>>
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
  const rows = []
  for (const workload of workloads) {
    const samples = new Map<string, Sample[]>(servers.map(({ name }) => [name, []]))
    for (const server of servers) await load(server, workload, 2)
    for (let round = 0; round < Number(options.rounds); round++) {
      // The order turns, so that what comes first has no advantage.
      for (const server of round % 2 ? servers.toReversed() : servers)
        samples.get(server.name)?.push(await load(server, workload, Number(options.seconds)))
    }
    const of = (name: string, what: keyof Sample) => median((samples.get(name) as Sample[]).map((one) => one[what]))
    rows.push(
      ...servers.map(({ name }) => ({
        workload: workload[0],
        cache: name,
        'requests/s': Math.round(of(name, 'rate')),
        ratio: Number((of(name, 'rate') / of('off', 'rate')).toFixed(2)),
        'server CPU, ms per request': Number(of(name, 'cpu').toFixed(3)),
        'p99, ms': of(name, 'p99'),
      })),
    )
  }
  if (options.json) console.log(JSON.stringify(rows, null, 1))
  else console.table(rows)
} finally {
  for (const { child } of servers) {
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  await around.stop()
  await rm(home, { recursive: true, force: true })
}
