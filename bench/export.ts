/**
 * Export of a million contacts as CSV and JSON Lines, over /export and by `atrium export`: rows per second, and the memory of the process at 10, 50 and
 * 100 per cent. And a client that stops reading: what it was sent until then, and the memory of the server while it waits.
 *
 * cd bench && npm ci && npm run export [-- --rows 1000000 --json]
 */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openBench, processCost } from './jobs.ts'

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, json: { type: 'boolean', default: false } },
})
const ROWS = Number(options.rows)
const PAUSE_SECONDS = 5

const FILL = `INSERT INTO contact (tenant_id, first_name, last_name, title, email, phone, emails, phones, status, owner_id, external_source, external_id)
 SELECT $1::uuid, (ARRAY['Anna', '小明', 'Jürgen', '丽华', 'Zoë'])[1 + n % 5], (ARRAY['Müller', '王', 'Smith', '李', 'García'])[1 + n % 5] || n, 'Buyer',
 'c' || n || '@mail.example', '+1202' || (1000000 + n), jsonb_build_array(jsonb_build_object('address', 'c' || n || '@mail.example', 'isPrimary', true)),
 '[]', 'ACTIVE', $2::uuid, 'bench', n::text FROM generate_series($3::integer, $4::integer) n`

interface Measure {
  export: string
  'rows/s': number
  'MB/s': number
  'CPU, µs/row': number
  'memory at 10 %, MB': number
  'at 50 %': number
  'at 100 %': number
}

/** Takes a stream to its end and looks at the memory of the process that writes it on the way. */
async function take(name: string, pid: number, source: AsyncIterable<Buffer>): Promise<Measure> {
  const before = processCost(pid)?.cpu ?? 0
  const started = performance.now()
  const marks = [0.1, 0.5, 0.99]
  const memory: number[] = []
  let lines = 0
  let bytes = 0
  let cpu = before
  for await (const part of source) {
    bytes += part.length
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) lines++
    if (lines < ROWS * (marks[memory.length] ?? Number.POSITIVE_INFINITY)) continue
    const cost = processCost(pid)
    memory.push(Math.round(cost?.memory ?? Number.NaN))
    cpu = cost?.cpu ?? cpu
  }
  // Besides the records a line of headers (CSV) or the end mark (JSON Lines).
  if (lines !== ROWS + 1) throw new Error(`${name}: ${lines} lines instead of ${ROWS + 1}`)
  const seconds = (performance.now() - started) / 1000
  const measure: Measure = {
    export: name,
    'rows/s': Math.round(ROWS / seconds),
    'MB/s': Math.round(bytes / seconds / 1e5) / 10,
    'CPU, µs/row': Math.round(((cpu - before) / (ROWS * 0.99)) * 1e6),
    'memory at 10 %, MB': memory[0] as number,
    'at 50 %': memory[1] as number,
    'at 100 %': memory[2] as number,
  }
  if (!options.json) console.error(JSON.stringify(measure))
  return measure
}

function open(url: string, key: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { authorization: `Bearer ${key}` }, agent: false }, (answer) => {
      if (answer.statusCode === 200) resolve(answer)
      else reject(new Error(`${url} answered ${answer.statusCode}`))
    })
      .on('error', reject)
      .end()
  })
}

const bench = await openBench()
let server: ReturnType<typeof bench.start> | null = null
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('Stopped.')))
try {
  const { apiKey } = JSON.parse(
    await bench.run([
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
  const [tenant] = await bench.rowsAsApp(`SELECT atrium.tenant_of_slug('bench') AS id`)
  server = bench.start(['start', '--port', '0', '--no-demo'], { env: { LOG_LEVEL: 'info' } })
  const pid = server.pid
  const url = await new Promise<string>((resolve, reject) => {
    let out = ''
    server?.stdout.on('data', (text: string) => {
      out += text
      const found = /Atrium listens on (\S+)/m.exec(out)
      if (found) resolve(found[1] as string)
    })
    server?.ended.then(() => reject(new Error(out)))
  })
  // The search index is no matter of exports, and the greater part of the work to fill the table.
  await bench.rows('DROP INDEX IF EXISTS contact_search_idx')
  await bench.rows('ALTER TABLE contact DISABLE TRIGGER USER')
  await bench.rows(`SELECT set_config('app.tenant_id', $1, false)`, [tenant?.id])
  const [user] = await bench.rows('SELECT id FROM app_user WHERE tenant_id = $1 LIMIT 1', [tenant?.id])
  for (let from = 1; from <= ROWS; from += 50_000) {
    interrupted.signal.throwIfAborted()
    await bench.rows(FILL, [tenant?.id, user?.id, from, Math.min(ROWS, from + 49_999)])
  }
  await bench.rows('ALTER TABLE contact ENABLE TRIGGER USER')
  await bench.rows('VACUUM ANALYZE contact')

  const results: Measure[] = []
  for (const format of ['csv', 'jsonl']) {
    interrupted.signal.throwIfAborted()
    const command = bench.start(['export', 'Contact', '--tenant', 'bench', '--format', format])
    results.push(await take(`atrium export, ${format}`, command.pid, command.stdout as AsyncIterable<Buffer>))
    const { code } = await command.ended
    if (code !== 0) throw new Error(`The export ended with ${code}`)
  }
  for (const format of ['csv', 'jsonl']) {
    interrupted.signal.throwIfAborted()
    results.push(
      await take(`GET /export/contacts.${format}`, pid, await open(`${url}/export/contacts.${format}`, apiKey)),
    )
  }

  // A client that reads a little and then nothing: the server must stop as well.
  const idle = await open(`${url}/export/contacts.csv`, apiKey)
  await once(idle, 'readable')
  idle.read()
  await sleep(1000)
  const [first, cpuFirst] = [processCost(pid)?.memory ?? 0, processCost(pid)?.cpu ?? 0]
  await sleep(PAUSE_SECONDS * 1000)
  const [later, cpuLater] = [processCost(pid)?.memory ?? 0, processCost(pid)?.cpu ?? 0]
  idle.on('error', () => {})
  idle.destroy()
  const paused = {
    'memory after 1 s, MB': Math.round(first),
    [`after ${PAUSE_SECONDS + 1} s`]: Math.round(later),
    'CPU meanwhile, s': Math.round((cpuLater - cpuFirst) * 100) / 100,
  }
  if (options.json) console.log(JSON.stringify({ rows: ROWS, results, paused }, null, 1))
  else {
    console.table(results)
    console.log('A client that does not read:', paused)
  }
} finally {
  if (server) {
    server.kill()
    await server.ended
  }
  await bench.close()
}
