/**
 * Rows per second of `atrium import` for accounts with all rules on: 13 columns, Latin and Chinese, references by e-mail, money, telephone numbers,
 * change rows, errors file. Creates, then upserts of rows that are new, that have changed and that are as they were. Medians of the rounds.
 *
 * cd bench && npm ci && npm run import [-- --rows 100000 --rounds 3 --json --profile <folder>]
 */
import { createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { median, openBench } from './jobs.ts'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    cases: { type: 'string', default: 'create,new,changed,unchanged' },
    json: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})
const ROWS = Number(options.rows)
const USERS = 10

const USER_MAPPING = {
  type: 'User',
  columns: { name: 'name', email: 'email' },
  constants: { roleId: { reference: { type: 'Role', by: 'key', value: 'rep' } } },
}
const MAPPING = {
  type: 'Account',
  columns: {
    id: 'externalId',
    name: 'name',
    code: 'code',
    phone: 'phone',
    email: 'email',
    website: 'website',
    industry: 'industry',
    employees: { field: 'employees', number: { integer: true } },
    revenue: { field: 'annualRevenue', money: { currencyColumn: 'currency' } },
    currency: 'currency',
    city: 'billingAddress.city',
    country: 'billingAddress.countryCode',
    owner: { field: 'ownerId', reference: { type: 'User', by: 'email' } },
  },
  constants: { externalSource: 'bench' },
}

const WORDS = ['North', 'Vega', 'Müller', 'Harbour', 'Atlas', 'Société', 'Blue', 'Iron', 'Quantum', 'Delta']
const ENDS = ['Ltd', 'GmbH', 'Inc', 'SA', 'Group', 'Partners']
const HANZI = ['长安', '重庆', '华东', '明珠', '天河', '黄山', '长江', '东方', '鸿运', '金桥']
const ENDS_ZH = ['科技有限公司', '贸易有限公司', '汽车股份有限公司', '软件集团']
const INDUSTRIES = ['Software', 'Retail', 'Medical', '制造业', '金融', 'Energy', 'Telecom', '教育']
const CITIES = [
  ['Berlin', 'DE'],
  ['上海', 'CN'],
  ['重庆', 'CN'],
  ['Lyon', 'FR'],
  ['Boston', 'US'],
  ['Osaka', 'JP'],
] as const
const pick = <T>(list: readonly T[], n: number) => list[n % list.length] as T
const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** The n-th account; `change` alters what a second import of the same file alters. */
function line(n: number, change: number): string {
  const chinese = n % 3 === 0
  const number = String(n).padStart(7, '0')
  const name = chinese
    ? `${pick(HANZI, n)}${pick(HANZI, n >> 3)}${pick(ENDS_ZH, n)}${n}`
    : `${pick(WORDS, n)} ${pick(WORDS, n >> 4)} ${n}, ${pick(ENDS, n)}`
  const phone = chinese ? `+86 138 ${number.slice(0, 4)} ${number.slice(3)}` : `(202) 55${number[1]}-${number.slice(3)}`
  const [city, country] = pick(CITIES, n)
  return [
    `A-${n}`,
    name,
    `C${number}`,
    phone,
    `Info.${n}@Company${n % 5000}.example`,
    `https://www.company${n}.example/`,
    pick(INDUSTRIES, n + change),
    String((n * 37 + change) % 90_000),
    `${(n * 991) % 100_000_000}.${String(n % 100).padStart(2, '0')}`,
    chinese ? 'CNY' : 'USD',
    city,
    country,
    `rep${n % USERS}@bench.example`,
  ]
    .map(cell)
    .join(',')
}

const bench = await openBench()
let ending = false
process.once('SIGINT', () => {
  ending = true
})
try {
  const files = join(bench.home, 'files')
  await mkdir(files)
  const at = (name: string) => join(files, name)
  await writeFile(at('users.json'), JSON.stringify(USER_MAPPING))
  await writeFile(at('accounts.json'), JSON.stringify(MAPPING))
  await writeFile(
    at('users.csv'),
    ['name,email', ...Array.from({ length: USERS }, (_, n) => `Rep ${n},rep${n}@bench.example`)].join('\n'),
  )
  for (const [name, change] of [
    ['accounts.csv', 0],
    ['changed.csv', 1],
  ] as const) {
    const out = createWriteStream(at(name))
    out.write('id,name,code,phone,email,website,industry,employees,revenue,currency,city,country,owner\n')
    for (let n = 1; n <= ROWS; n++) {
      if (!out.write(`${line(n, change)}\n`)) await new Promise((resolve) => out.once('drain', resolve))
    }
    out.end()
    await finished(out)
  }
  const load = async (tenant: string, type: string, file: string, mode: string, profile?: string) => {
    const before = bench.databaseCpu()
    const name = type === 'User' ? 'users' : 'accounts'
    const flags = profile
      ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`, `--cpu-prof-name=${profile}.cpuprofile`]
      : []
    const args = ['--tenant', tenant, '--type', type, '--file', at(file), '--mapping', at(`${name}.json`)]
    const started = bench.start(['import', ...args, '--mode', mode, '--errors', at('errors.csv'), '--json'], { flags })
    const { code, out, cpu, peak } = await started.ended
    if (code !== 0) throw new Error(`The import ended with ${code}: ${out}`)
    return { ...JSON.parse(out), node: cpu, postgres: bench.databaseCpu() - before, memory: peak } as Loaded
  }
  interface Loaded {
    rows: number
    created: number
    updated: number
    unchanged: number
    rowsPerSecond: number
    node: number
    postgres: number
    memory: number
  }
  const cases = [
    { name: 'create', mode: 'create', file: 'accounts.csv', tenant: 'a', state: 'created' },
    { name: 'new', mode: 'upsert', file: 'accounts.csv', tenant: 'b', state: 'created' },
    { name: 'changed', mode: 'upsert', file: 'changed.csv', tenant: 'b', state: 'updated' },
    { name: 'unchanged', mode: 'upsert', file: 'changed.csv', tenant: 'b', state: 'unchanged' },
  ] as const
  const chosen = cases.filter(({ name }) => options.cases.split(',').includes(name))
  const results = new Map<string, Loaded[]>(chosen.map(({ name }) => [name, []]))
  for (let round = 1; round <= Number(options.rounds) && !ending; round++) {
    for (const tenant of new Set(chosen.map((one) => one.tenant))) {
      const slug = `${tenant}${round}`
      const who = ['--name', slug, '--admin-email', `${slug}@bench.example`]
      await bench.run(['tenant', 'create', '--slug', slug, ...who, '--json'])
      await load(slug, 'User', 'users.csv', 'create')
    }
    for (const { name, mode, file, tenant, state } of chosen) {
      if (ending) break
      const loaded = await load(`${tenant}${round}`, 'Account', file, mode, options.profile && `${name}${round}`)
      if (loaded[state] !== ROWS) throw new Error(`${name}: ${JSON.stringify(loaded)}`)
      results.get(name)?.push(loaded)
      if (!options.json) console.error(`round ${round} ${name}: ${loaded.rowsPerSecond} rows/s`)
    }
  }
  const of = (list: Loaded[], read: (one: Loaded) => number) => median(list.map(read))
  const table = [...results].map(([name, list]) => ({
    import: name,
    'rows/s': of(list, (one) => one.rowsPerSecond),
    'Node CPU, µs/row': Math.round((of(list, (one) => one.node) / ROWS) * 1e6),
    'PostgreSQL CPU, µs/row': Math.round((of(list, (one) => one.postgres) / ROWS) * 1e6),
    'most memory, MB': Math.round(of(list, (one) => one.memory)),
  }))
  if (options.json) console.log(JSON.stringify({ rows: ROWS, table }, null, 1))
  else console.table(table)
  await rm(files, { recursive: true })
} finally {
  await bench.close()
}
