/**
 * How flat Atrium is: the median time of each workload for a small tenant among ten thousand companies, and for a giant among them, over that of the same
 * small tenant in a database with ten. Both databases and both servers run at the same time and are asked in turn, request by request, so that whatever
 * else the machine does falls on all alike. What is counted is the time of one request on a connection of its own.
 *
 * cd bench && npm ci && npm run scale [-- --tenants 10000 --rows 10000000 --giant 100 --hot 20000 --rounds 40 --burst 10 --workloads a,b --keep <folder> --json]
 *
 * --keep: the folder in which the databases stay, so that the next run need not make them.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import pg from 'pg'
import { homeSecrets, startPostgres } from '../src/cli/servers.ts'
import { migrate } from '../src/tenancy/migrate.ts'
import { typeId } from './lib/canonical.ts'
import { type BenchTenant, type BenchTenants, makeData, medianRows } from './lib/data.ts'
import { endChild, spawnNode } from './lib/lifeline.ts'
import { prepare, requests } from './opponents/atrium.requests.ts'
import type { BenchContext, BenchRequest } from './opponents/types.ts'
import { shuffle } from './workloads.ts'

const { values: options } = parseArgs({
  options: {
    tenants: { type: 'string', default: '10000' },
    rows: { type: 'string', default: '10000000' },
    giant: { type: 'string', default: '100' },
    hot: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '40' },
    burst: { type: 'string', default: '10' },
    workloads: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
/** The database that is compared with: ten companies. */
const FEW = 10
const LIMITS = { small: 1.15, giant: 1.5 }
const PAGE = 200
/** What a row counts is counted, however many there are: these cannot stay as they are for a tenant that has a hundred times as much. */
const COUNTING = new Set(['filter', 'aggregate', 'count'])

/** A database with its server. */
interface Side {
  tenants: BenchTenants
  url: string
  ownerUrl: string
  close(): Promise<void>
}

async function open(home: string, tenants: number, rowsPerTenant: number, giant: number): Promise<Side> {
  await mkdir(home, { recursive: true })
  const closing: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    const postgres = await startPostgres(home)
    closing.push(() => postgres.stop())
    const { secret } = await homeSecrets(home)
    await migrate(postgres.ownerUrl, { appUrl: postgres.appUrl })
    const known = join(home, 'bench.json')
    let made = await readFile(known, 'utf8').then(
      (text) => JSON.parse(text) as BenchTenants,
      () => null,
    )
    if (!made) {
      const bar = new SingleBar({
        format: `{bar} {percentage}% {value} of {total} records, {what}`,
        stream: process.stderr,
      })
      bar.start(1, 0, { what: '' })
      made = await makeData({
        ownerUrl: postgres.ownerUrl,
        tenants,
        rowsPerTenant,
        giant,
        hotAccountActivities: giant > 0 ? Number(options.hot) : 0,
        progress(done, total, what) {
          bar.setTotal(total)
          bar.update(done, { what })
        },
      }).finally(() => bar.stop())
      await writeFile(known, JSON.stringify(made), { mode: 0o600 })
    }
    const child = spawnNode(fileURLToPath(new URL('../bin/atrium.js', import.meta.url)), {
      args: ['start', '--port', '0', '--no-demo'],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '/',
        ATRIUM_HOME: home,
        ATRIUM_SECRET: secret,
        DATABASE_URL: postgres.appUrl,
        NODE_ENV: 'production',
        LOG_LEVEL: 'silent',
        GRAPHQL_MAX_COST: '10000',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    closing.push(() => endChild(child))
    let url = ''
    for await (const line of createInterface({ input: child.stdout! })) {
      url = /^Atrium listens on (\S+)/.exec(line)?.[1] ?? ''
      if (url) break
    }
    if (!url) throw new Error('Atrium does not start.')
    child.stdout?.resume()
    return { tenants: made, url, ownerUrl: postgres.ownerUrl, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The requests of each workload for one tenant; asks the server where the page is that it is to begin at. */
async function askOf(side: Side, tenant: BenchTenant): Promise<Record<string, BenchRequest[]>> {
  const { accounts, fullAccounts, hotAccount } = tenant.sampleIds
  const context: BenchContext = {
    tenantId: tenant.tenantId,
    token: tenant.apiKey,
    accountIds: accounts.slice(0, 40),
    updates: shuffle(
      accounts
        .slice(-10)
        .flatMap((id) => Array.from({ length: 20 }, (_, n) => ({ id, name: `zz ${id.slice(-6)} ${n}` }))),
    ),
    industry: 'Software',
    parts: ['ovács', '小明'],
    page: Math.min(PAGE, Math.max(1, Math.floor(accounts.length / 20))),
    prepared: {},
  }
  // sampleIds has no more than a thousand: the giant has its page 200 in any case.
  if (accounts.length >= 1000) context.page = PAGE
  await prepare(side.url, context)
  const all = requests(context)
  const ruled = requests({ ...context, token: tenant.ruledKey })
  const one = (query: string): BenchRequest[] => [
    { ...(all.single[0] as BenchRequest), body: JSON.stringify({ query }) },
  ]
  const busy = typeId('acct', hotAccount ?? (fullAccounts[0] as string))
  const { documents: _, ...named } = all
  return {
    ...named,
    'nested, with rules': ruled.nested,
    'newest activities of an account': one(
      `{ account(id: "${busy}") { id name activities(first: 5, orderBy: [{ field: ID, direction: DESC }]) { nodes { id subject startAt } } } }`,
    ),
    'stages with their opportunities': one(
      '{ stages(first: 6) { nodes { id name opportunities(first: 5) { nodes { id name amount { amount currency } } } } } }',
    ),
    count: one('{ contacts(first: 1) { totalCount { value isExact } } }'),
  }
}

/** A connection that is kept; gives how long a request took, in milliseconds. */
async function caller(url: string): Promise<{ ask(request: BenchRequest): Promise<number>; close(): void }> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let answered: (data: Buffer) => void = () => {}
  let data = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    data = data.length === 0 ? chunk : Buffer.concat([data, chunk])
    const end = data.indexOf('\r\n\r\n')
    const length = end < 0 ? undefined : /content-length: *(\d+)/i.exec(data.toString('latin1', 0, end))?.[1]
    if (length === undefined || data.length < end + 4 + Number(length)) return
    const whole = data
    data = Buffer.alloc(0)
    answered(whole)
  })
  return {
    async ask({ path, headers, body }) {
      const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const text = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${given.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
      const began = performance.now()
      const whole = new Promise<Buffer>((done, failed) => {
        answered = done
        socket.once('close', () => failed(new Error('The server has closed the connection.')))
      })
      socket.write(text)
      const answer = (await whole).toString()
      const took = performance.now() - began
      socket.removeAllListeners('close')
      if (!answer.startsWith('HTTP/1.1 200') || answer.includes('"errors":')) throw new Error(`${body}\n${answer}`)
      return took
    },
    close: () => socket.destroy(),
  }
}

const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number

const given = options.keep && resolve(options.keep)
const folder = given ?? (await mkdtemp(join(tmpdir(), 'atrium-scale-')))
const [tenants, giant] = [Number(options.tenants), Number(options.giant)]
// The same small tenant in both.
const rowsPerTenant = medianRows(Number(options.rows), tenants, giant)
const sides: Side[] = []
try {
  const big = await open(join(folder, 'big'), tenants, rowsPerTenant, giant)
  sides.push(big)
  const few = await open(join(folder, 'few'), FEW, rowsPerTenant, 0)
  sides.push(few)
  const targets = [
    { name: 'few', side: few, tenant: few.tenants.small[0] as BenchTenant },
    { name: 'small', side: big, tenant: big.tenants.small[0] as BenchTenant },
    { name: 'giant', side: big, tenant: big.tenants.giant as BenchTenant },
  ] as const
  const asked = await Promise.all(
    targets.map(async ({ side, tenant, ...target }) => ({
      ...target,
      requests: await askOf(side, tenant),
      caller: await caller(side.url),
    })),
  )
  const wanted = options.workloads?.split(',')
  const names = Object.keys(asked[0]!.requests).filter((name) => !wanted || wanted.includes(name))
  // What writes comes last, and finds the same rows in each.
  names.sort((a, b) => Number(['update', 'create'].includes(a)) - Number(['update', 'create'].includes(b)))
  const table = []
  for (const name of names) {
    const times = new Map(asked.map(({ name: target }) => [target, [] as number[]]))
    let sent = 0
    const next = (list: BenchRequest[]) => list[sent % list.length] as BenchRequest
    // Until statements are prepared everywhere, on each connection of the servers' pools.
    for (const { requests: of, caller: by } of [...asked, asked[0]!])
      for (let n = 0; n < 40; n++, sent++) await by.ask(next(of[name] as BenchRequest[]))
    for (let round = 0; round < Number(options.rounds); round++) {
      // The few twice, so that both servers have as much to do and are as warm.
      const order = [...asked, asked[0]!]
      for (let turn = 0; turn < order.length; turn++) {
        const { name: target, requests: of, caller: by } = order[(turn + round) % order.length]!
        for (let n = 0; n < Number(options.burst); n++) {
          sent++
          times.get(target)?.push(await by.ask(next(of[name] as BenchRequest[])))
        }
      }
    }
    const [base, small, large] = targets.map(({ name: target }) => median(times.get(target) as number[])) as [
      number,
      number,
      number,
    ]
    const ratio = { small: small / base, giant: large / base }
    table.push({
      workload: name,
      'ten companies, p50 ms': Number(base.toFixed(3)),
      'small among many': Number(ratio.small.toFixed(2)),
      'giant among many': Number(ratio.giant.toFixed(2)),
      flat: `${ratio.small <= LIMITS.small ? 'yes' : 'NO'} ${ratio.giant <= LIMITS.giant ? 'yes' : COUNTING.has(name) ? 'counts' : 'NO'}`,
    })
    if (!options.json) console.error(JSON.stringify(table.at(-1)))
  }
  for (const { caller: by } of asked) by.close()
  const client = new pg.Client({ connectionString: big.ownerUrl })
  await client.connect()
  const { rows } = await client.query('SELECT pg_size_pretty(pg_database_size(current_database())) AS size')
  await client.end()
  const what = {
    companies: tenants,
    records: big.tenants.rows,
    size: rows[0].size as string,
    small: big.tenants.small[0]?.rows,
    giant: big.tenants.giant?.rows,
    limits: LIMITS,
  }
  if (options.json) console.log(JSON.stringify({ ...what, table }, null, 1))
  else {
    console.log(what)
    console.table(table)
  }
} finally {
  for (const side of sides.reverse()) await side.close()
  if (!given) await rm(folder, { recursive: true, force: true })
}
