/**
 * Search by a part of a name among a million contacts of one company, over HTTP, one request after the other: the median time of each part beside that of a
 * single read by id, in the order of ids and in that of last names; then what the index costs per inserted row.
 *
 * cd bench && npm ci && npm run search [-- --rows 1000000 --repeat 21 --json]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    repeat: { type: 'string', default: '21' },
    json: { type: 'boolean', default: false },
  },
})
const ROWS = Number(options.rows)
const REPEAT = Number(options.repeat)
const WRITTEN = 20_000

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each query asks for.
type Any = any

const bin = fileURLToPath(new URL('../bin/atrium.js', import.meta.url))
const home = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
process.env.ATRIUM_HOME = home
const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ATRIUM_HOME: home, LOG_LEVEL: 'silent' }

/** Contacts number $2 to $3 of the tenant $1: three of ten with Chinese names, the others of many countries; addresses and numbers to go with them. */
const CONTACTS = `INSERT INTO contact (tenant_id, id, first_name, last_name, email, phone, mobile)
SELECT $1::uuid, (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid, f, l,
 CASE WHEN n % 10 < 8 THEN lower(translate(CASE WHEN han THEN 'user' ELSE f || '.' || l END, 'üéëèøŁćú ', 'ueeeolcu')) || a % 9999 || '@' || d || '.example' END,
 CASE WHEN n % 10 < 7 THEN '+49' || 1500000000 + (b::bigint * 7) % 499999999 END,
 CASE WHEN n % 10 < 4 THEN '+861' || 3000000000 + c % 999999999 END
FROM (SELECT n, han, a, b, c,
 CASE WHEN han THEN CASE WHEN a % 4 = 0 THEN '' ELSE chr(19968 + ((b % 40) * (b % 60)) % 3000) END || chr(19968 + ((c % 30) * (c % 50)) % 3000)
  ELSE (ARRAY['Anna','Jürgen','Martin','Sophie','José','Olga','Peter','Zoë','Günther','Maria','Hélène','Ivan','Ingrid','Carlos','Fatima','Björn','Łukasz','Noor','Emma','Liam','Chloé','Søren','Ana María','Thomas'])[1 + b % 24] END AS f,
 CASE WHEN han THEN (ARRAY['王','李','张','刘','陈','杨','黄','赵','吴','周','徐','孙','马','朱','胡','郭','何','林','高','罗','欧阳','司马'])[1 + (a % 22 * (c % 22)) % 22]
  WHEN a % 50 = 0 THEN (ARRAY['Müller','Schülle','Kühn','Núñez'])[1 + c % 4]
  ELSE initcap((ARRAY['ba','ko','schmi','tel','ra','von ','mar','li','gru','hof','fel','ster','ne','pa','kra','dor'])[1 + a % 16]
   || (ARRAY['l','n','dt','ra','mi','ster','x','ko','ven','ber'])[1 + b / 7 % 10]
   || (ARRAY['mann','er','son','ez','ov','ski','elli','berg','stein','feld','a','o','sen','qvist','inen','ić'])[1 + c % 16]
   || CASE WHEN c % 3 = 0 THEN (ARRAY['-hall','-diaz','by','gard'])[1 + b % 4] ELSE '' END) END AS l,
 (ARRAY['mail','firma','acme','northwind','contoso','globex','initech','umbrella','stark','wayne','hooli','piedpiper'])[1 + b % 12] || c % 300 AS d
 FROM (SELECT n, n % 10 < 3 AS han, abs(hashint4(n)) AS a, abs(hashint4(n + 1000000007)) AS b, abs(hashint4(n + 500000003)) AS c
  FROM generate_series($2::int, $3::int) n) numbers) names`

/** Parts by how often they occur: rare up to one in ten thousand, frequent from one in a hundred. */
const PARTS = [
  ['two letters, none', 'zq'],
  ['two letters, frequent', 'an'],
  ['three letters, none', 'xqz'],
  ['three letters, frequent', 'mül'],
  ['four letters, middling', 'ülle'],
  ['six letters, rare', 'qvist7'],
  ['seven letters, middling', 'schülle'],
  ['eight letters, rare', 'bakomann'],
  ['eight letters, frequent', 'northwin'],
  ['digits, rare', '861300012'],
  ['two words, rare', 'nunez martin'],
  ['two words, frequent', 'peter berg'],
  ['one character, frequent', '王'],
  ['one character, middling', '儹'],
  ['two characters, rare', '王儹'],
  ['two characters, frequent', '欧阳'],
  ['three characters, rare', '欧阳丏'],
  ['four characters, none', '欧阳小明'],
] as const

async function command(args: string[]): Promise<string> {
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`atrium ${args.join(' ')} ended with ${code}`)
  return out
}

const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number

const made = JSON.parse(
  await command('tenant create --slug bench --name Bench --admin-email a@bench.example --json'.split(' ')),
)
const server = spawn(process.execPath, [bin, 'start', '--port', '0', '--no-demo'], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise<string>((resolve, reject) => {
  let out = ''
  server.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
    const found = /^Atrium listens on (\S+)/m.exec(out)
    if (found) resolve(`${found[1]}/graphql`)
  })
  server.once('close', () => reject(new Error(out)))
})

async function ask(query: string, variables: Any): Promise<{ data: Any; time: number }> {
  const body = JSON.stringify({ query, variables })
  const headers = { authorization: `Bearer ${made.apiKey}`, 'content-type': 'application/json' }
  const started = performance.now()
  const text = await (await fetch(url, { method: 'POST', headers, body })).text()
  const time = performance.now() - started
  const { data, errors } = JSON.parse(text)
  if (errors) throw new Error(JSON.stringify(errors))
  return { data, time }
}

const { surroundings } = await import('../src/cli/surroundings.ts')
const { ownerUrl } = await surroundings({ share: true })
const { decodeId } = await import('../src/ids.ts')
const { Client } = createRequire(bin)('pg')
const database = new Client({ connectionString: ownerUrl })
await database.connect()
try {
  const tenant = decodeId(made.id)?.uuid
  await database.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenant])
  await database.query('ALTER TABLE contact DISABLE TRIGGER USER')
  for (let from = 1; from <= ROWS; from += 50_000) {
    await database.query(CONTACTS, [tenant, from, Math.min(from + 49_999, ROWS)])
    process.stderr.write(`\r${Math.min(from + 49_999, ROWS)} of ${ROWS} contacts`)
  }
  process.stderr.write('\n')
  await database.query('VACUUM ANALYZE contact')

  const single = 'query($id: ID!) { contact(id: $id) { id fullName email phone } }'
  const list =
    'query($s: String!, $order: [ContactOrder!]) { contacts(search: $s, first: 20, orderBy: $order) { nodes { id fullName email phone } } }'
  const filter =
    'query($s: String!, $order: [ContactOrder!]) { contacts(where: { lastName: { contains: $s } }, first: 20, orderBy: $order) { nodes { id fullName email phone } } }'
  const orders = { id: null, name: [{ field: 'LAST_NAME' }] }
  const { data } = await ask('{ contacts(first: 100) { nodes { id } } }', {})
  const ids: string[] = data.contacts.nodes.map(({ id }: Any) => id)
  const times = async (query: string, variables: (turn: number) => Any, repeat = REPEAT) => {
    for (let turn = 0; turn < 5; turn++) await ask(query, variables(turn))
    const list: number[] = []
    for (let turn = 0; turn < repeat; turn++) list.push((await ask(query, variables(turn))).time)
    return median(list)
  }
  const one = await times(single, (turn) => ({ id: ids[turn % ids.length] }), REPEAT * 10)
  const round = (value: number) => Number(value.toFixed(2))
  const results: Any[] = []
  for (const [what, part] of PARTS) {
    const found = await database.query(
      `SELECT count(*)::int AS n FROM contact WHERE tenant_id = $1 AND deleted_at IS NULL
 AND search_text LIKE ALL (ARRAY(SELECT '%' || atrium.search_key(word) || '%' FROM unnest($2::text[]) word))`,
      [tenant, part.split(' ')],
    )
    const byId = await times(list, () => ({ s: part, order: orders.id }))
    const byName = await times(list, () => ({ s: part, order: orders.name }))
    results.push({
      part,
      what,
      records: found.rows[0].n,
      'by id, ms': round(byId),
      'by name, ms': round(byName),
      'by id, single reads': round(byId / one),
      'by name, single reads': round(byName / one),
    })
  }
  const contains = await times(filter, () => ({ s: 'ülle', order: null }))
  results.push({
    part: 'ülle',
    what: 'lastName contains',
    'by id, ms': round(contains),
    'by id, single reads': round(contains / one),
  })
  const both = results.flatMap((row) => [row['by id, ms'], row['by name, ms']]).filter((time) => time !== undefined)

  const inserted = async (before: string) => {
    const list: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      await database.query('BEGIN')
      await database.query(before)
      const started = performance.now()
      await database.query(CONTACTS, [tenant, ROWS + 1, ROWS + WRITTEN])
      list.push(((performance.now() - started) * 1000) / WRITTEN)
      await database.query('ROLLBACK')
    }
    return median(list)
  }
  const summary = {
    'single read, ms': round(one),
    'median of all parts, ms': round(median(both)),
    'median of all parts, single reads': round(median(both) / one),
    'µs per inserted row without the index': round(await inserted('DROP INDEX contact_search_idx')),
    'µs per inserted row with it': round(await inserted('SELECT 1')),
  }
  if (options.json) console.log(JSON.stringify({ results, summary }, null, 1))
  else {
    console.table(results)
    console.table(summary)
  }
} finally {
  await database.end()
  server.kill('SIGTERM')
  await once(server, 'close')
  await rm(home, { recursive: true, force: true })
}
