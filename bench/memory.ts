/**
 * Memory of the server under many distinct documents: so many of them, some a second or third time, from several tenants and between requests that repeat; prints the
 * memory as it goes, and at the end the highest of the last third and whether it still grows there.
 *
 * cd bench && npm ci && npm run memory [-- --documents 200000 --minutes 30 --every 10 --connections 8 --limit 350 --json --node-options=--trace-gc]
 * With --minutes 0 as fast as it goes.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { memory, processCpu } from './lib/cost.ts'
import { documentOf, type Ids } from './lib/documents.ts'
import { openPlace } from './lib/place.ts'

const { values: options } = parseArgs({
  options: {
    documents: { type: 'string', default: '200000' },
    minutes: { type: 'string', default: '30' },
    every: { type: 'string', default: '10' },
    connections: { type: 'string', default: '8' },
    limit: { type: 'string', default: '350' },
    'node-options': { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})
const number = (name: 'documents' | 'minutes' | 'every' | 'connections' | 'limit', least: number) => {
  const value = Number(options[name])
  if (!(value >= least)) throw new Error(`--${name} must be a number from ${least}.`)
  return value
}
const DOCUMENTS = number('documents', 100)
const MS = number('minutes', 0) * 60_000
const EVERY = number('every', 0.1) * 1000
const LIMIT = number('limit', 1)
const CONNECTIONS = number('connections', 1)
/** Of these documents, each is asked again and again. */
const REPEATED = 20
/** How many of the distinct ones come twice, and three times. */
const TWICE = 0.2
const THRICE = 0.05

interface Sample {
  seconds: number
  documents: number
  /** MB. */
  rss: number
  heapUsed: number
  heapTotal: number
  external: number
}

let close = async () => {}
let child: ChildProcess | null = null
const end = async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await close()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end().then(() => process.exit(1)))

try {
  const place = await openPlace(
    { tenants: 3, rows: 2000, giant: 0, hot: 0 },
    {
      progress: () => {},
      keep: (one) => {
        close = one
      },
    },
  )
  const urls = await place.fresh()
  const redis = await place.freshRedis()
  const { url, pid } = await start({
    DATABASE_URL: urls.app,
    ATRIUM_HOME: place.home,
    ATRIUM_SECRET: place.secret,
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    NODE_OPTIONS: options['node-options'],
    ...(redis ? { REDIS_URL: redis.url } : {}),
  })
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const send = (path: string, { key, body }: { key?: string; body?: string }): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { ...(key ? { authorization: `Bearer ${key}` } : {}), 'content-type': 'application/json' }
      const message = request(`${url}${path}`, { method: body ? 'POST' : 'GET', headers, agent }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part) => {
          text += part
        })
        answer.once('end', () => resolve(text)).once('error', reject)
      })
      message.once('error', reject).end(body)
    })
  const ids: { keys: string[]; ids: Ids }[] = []
  for (const { apiKey, ruledKey } of place.tenants.small) {
    const keys = [apiKey, ruledKey]
    const { data } = JSON.parse(
      await send('/graphql', {
        key: keys[0],
        body: JSON.stringify({
          query: '{ accounts(first: 50) { nodes { id } } contacts(first: 50) { nodes { id } } }',
        }),
      }),
    )
    const of = (list: { nodes: { id: string }[] }) => list.nodes.map(({ id }) => id)
    ids.push({ keys, ids: { accounts: of(data.accounts), contacts: of(data.contacts) } })
  }

  const counts = { answered: 0, failed: 0 }
  const ask = async (n: number) => {
    const tenant = ids[n % ids.length] as (typeof ids)[number]
    const key = tenant.keys[n % 7 === 0 ? 1 : 0]
    const text = await send('/graphql', { key, body: JSON.stringify({ query: documentOf(n, tenant.ids) }) })
    if (text.includes('"errors":[')) counts.failed++
    else counts.answered++
  }
  const samples: Sample[] = []
  const began = Date.now()
  let next = 0
  let done = false
  const sample = async () => {
    const metrics = await send('/metrics', {})
    const mb = (name: string) =>
      Math.round(Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1] ?? 0) / 2 ** 20)
    const one = {
      seconds: Math.round((Date.now() - began) / 1000),
      documents: next,
      rss: Math.round(memory(pid)),
      heapUsed: mb('nodejs_heap_size_used_bytes'),
      heapTotal: mb('nodejs_heap_size_total_bytes'),
      external: mb('nodejs_external_memory_bytes'),
    }
    samples.push(one)
    if (!options.json)
      console.log(
        `${String(one.seconds).padStart(5)} s ${String(one.documents).padStart(7)} documents: RSS ${one.rss} MB, heap ${one.heapUsed} of ${one.heapTotal} MB, external ${one.external} MB`,
      )
  }
  const watch = (async () => {
    while (!done) {
      await sample()
      await sleep(EVERY)
    }
    await sample()
  })()
  const cpuBefore = processCpu(pid)
  const work = async () => {
    for (;;) {
      const n = next++
      if (n >= DOCUMENTS) return
      const due = began + (MS * n) / DOCUMENTS
      if (due > Date.now()) await sleep(due - Date.now())
      await ask(n)
      const chance = (n * 0.618034) % 1
      if (chance < TWICE) await ask(n)
      if (chance < THRICE) await ask(n)
      await ask(DOCUMENTS + (n % REPEATED))
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  const cpu = processCpu(pid) - cpuBefore
  done = true
  await watch

  const last = samples.slice(-Math.max(3, Math.ceil(samples.length / 3)))
  const plateau = Math.max(...last.map(({ rss }) => rss))
  const report = {
    documents: DOCUMENTS,
    ...counts,
    'CPU, ms per request': Number((cpu / (counts.answered + counts.failed)).toFixed(3)),
    first: samples[0]?.rss,
    highest: Math.max(...samples.map(({ rss }) => rss)),
    plateau,
    'MB per 10,000 documents, last third': Number((slope(last) * 10_000).toFixed(1)),
  }
  if (options.json) console.log(JSON.stringify({ ...report, samples }, null, 1))
  else console.table(report)
  if (plateau > LIMIT) {
    console.error(`The memory reaches ${plateau} MB; ${LIMIT} are allowed.`)
    process.exitCode = 1
  }
} finally {
  await end()
}

/** Starts Atrium as people do and finds the process that answers. */
async function start(env: Record<string, string>): Promise<{ url: string; pid: number }> {
  const bin = fileURLToPath(new URL('../bin/atrium.js', import.meta.url))
  const log = createWriteStream(join(env.ATRIUM_HOME as string, 'memory.log'))
  const started = spawn(process.execPath, [bin, 'start', '--no-demo', '--port', '0'], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  const url = await new Promise<string>((resolve, reject) => {
    let out = ''
    started.stdout.setEncoding('utf8').on('data', (text: string) => {
      log.write(text)
      if (out === 'found') return
      out += text
      const found = /^Atrium listens on (\S+)/m.exec(out)
      if (!found) return
      out = 'found'
      resolve(found[1] as string)
    })
    started.once('close', () => reject(new Error(out)))
  })
  const children = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8').trim().split(' ')
  return { url, pid: Number(children[0] || started.pid) }
}

/** MB per document, by least squares. */
function slope(points: Sample[]): number {
  const mean = (list: number[]) => list.reduce((sum, one) => sum + one, 0) / list.length
  const x = mean(points.map(({ documents }) => documents))
  const y = mean(points.map(({ rss }) => rss))
  const spread = points.reduce((sum, one) => sum + (one.documents - x) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, one) => sum + (one.documents - x) * (one.rss - y), 0) / spread
}
