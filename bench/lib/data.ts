import { createHash } from 'node:crypto'
import pg from 'pg'
import { newApiKey } from '../../src/access/apiKey.ts'
import { decodeId, newId } from '../../src/ids.ts'
import { createTenant } from '../../src/resolvers/identity/createTenant.ts'
import '../../src/schema/index.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'

/** How much is made. */
export interface DataOptions {
  /** Of a migrated database; as its owner. */
  ownerUrl: string
  /** Number of small tenants besides the giant; at least 1. */
  tenants: number
  /** Records of a small tenant (the median): accounts, contacts, account contacts, opportunities, activities and their links as 2 : 5 : 5 : 4 : 4 : 4. */
  rowsPerTenant: number
  /** How many times the median the giant has; 0: no giant. */
  giant: number
  /** Activities of one account of the giant, out of its own. */
  hotAccountActivities: number
  /** Is told after each step how many records stand, out of how many, and what comes. */
  progress?: (done: number, total: number, what: string) => void
}

/** Plain uuids of live records of a tenant. */
export interface SampleIds {
  /** In the order of names. */
  accounts: string[]
  /** Those with at least five live contacts and five live opportunities, in the order of names; they come first by name. */
  fullAccounts: string[]
  contacts: string[]
  opportunities: string[]
  activities: string[]
  users: string[]
  /** Of the one pipeline, in its order. */
  stages: string[]
  pipeline: string
  /** The account with hotAccountActivities; null where there is none. */
  hotAccount: string | null
}

/** A tenant that is asked over the API. */
export interface BenchTenant {
  slug: string
  /** Plain uuid. */
  tenantId: string
  /** Of the administrator. */
  apiKey: string
  /** Of a user with field rules, a DEPARTMENT_TREE scope and shares, who sees the same records as the administrator. */
  ruledKey: string
  /** Records of the six tables. */
  rows: number
  sampleIds: SampleIds
}

/** The tenants that are asked; the others are there to be in the way. */
export interface BenchTenants {
  /** One with the median, one with a third of it and one with three times as much; fewer where fewer were wanted. */
  small: BenchTenant[]
  giant: BenchTenant | null
  /** Records of the six tables, of all tenants. */
  rows: number
}

const PARTS = { account: 2, contact: 5, account_contact: 5, opportunity: 4, activity: 4, activity_link: 4 }
type Table = keyof typeof PARTS
const TABLES = Object.keys(PARTS) as Table[]
const WHOLE = 24
/** Spread of the tenants' sizes: scale of a log-logistic distribution, the largest twenty times the median. */
const SKEW = 0.5
const BOUNDS = [0.05, 20] as const
/** Records come evenly over three years that are past. */
const START = Date.UTC(2023, 0, 1)
const SPAN = Date.UTC(2026, 0, 1) - START
/** Spreads what belongs together over the years: a prime that no size is a multiple of. */
const STEP = 1_000_003
/** Rows of one INSERT: sorted by time in memory. */
const SLICE = 150_000
/** Records that the ruled user sees by a share and not by the scope. */
const SHARED = 5

/** How many times the median tenant the small tenant `index` has. The first three are those that are asked. */
function factorOf(index: number, tenants: number): number {
  const asked = [1, 1 / 3, 3][index]
  if (asked) return asked
  const place = ((index * 0.6180339887) % 1) * (1 - 1 / tenants) + 0.5 / tenants
  return Math.min(BOUNDS[1], Math.max(BOUNDS[0], (place / (1 - place)) ** SKEW))
}

/** The `rowsPerTenant` with which so many tenants, the giant among them, have about `total` records. */
export function medianRows(total: number, tenants: number, giant: number): number {
  let sum = giant
  for (let index = 0; index < tenants; index++) sum += factorOf(index, tenants)
  return Math.max(WHOLE, Math.round(total / sum))
}

interface Size {
  idx: number
  id: string
  account: number
  contact: number
  opportunity: number
  activity: number
  /** Accounts with five contacts and five opportunities or more. */
  packed: number
  /** Activities of the hot account. */
  hot: number
  /** Inverse of STEP modulo accounts: from an account's rank to its place in time. */
  inverse: number
  /** Between 0 and 1: keeps the tenants' records apart in time. */
  shift: number
}

function sizeOf(idx: number, rows: number, hot: number, id: string): Size {
  const part = (table: Table) => Math.max(PARTS[table], Math.round((rows * PARTS[table]) / WHOLE))
  const account = part('account')
  const packed = Math.min(
    Math.floor(account * 0.4),
    Math.max(20, Math.ceil(account * 0.1), Math.min(200, account * 0.3)),
  )
  return {
    idx,
    id,
    account,
    contact: part('contact'),
    opportunity: part('opportunity'),
    activity: part('activity') + hot,
    packed: Math.floor(packed),
    hot,
    inverse: inverse(STEP % account, account),
    shift: (idx * 0.6180339887) % 1,
  }
}

function inverse(value: number, modulus: number): number {
  let [a, b, x, y] = [value, modulus, 1, 0]
  while (b > 0) {
    const q = Math.floor(a / b)
    ;[a, b] = [b, a - q * b]
    ;[x, y] = [y, x - q * y]
  }
  return ((x % modulus) + modulus) % modulus
}

const rowsOf = (size: Size, table: Table) =>
  table === 'account_contact' ? size.contact : table === 'activity_link' ? size.activity : size[table]
const allRows = (size: Size) => TABLES.reduce((sum, table) => sum + rowsOf(size, table), 0)

// SQL. In each SELECT below `t` is the tenant with its sizes and n the record's place in time among those of its tenant and table.

const ms = (n: string, count: string) => `(${START} + ((${n} + t.shift) / ${count} * ${SPAN})::bigint)`
const at = (moment: string) => `to_timestamp(${moment} / 1000.0)`
const idOf = (kind: string, n: string, moment: string) => {
  const rest = `md5('${kind}' || t.idx || ':' || ${n})`
  return `(lpad(to_hex(${moment}), 12, '0') || '7' || substr(${rest}, 1, 3) || '8' || substr(${rest}, 4, 15))::uuid`
}
/** An account by its rank: the full ones first. */
const accountOf = (rank: string) => {
  const n = `((${rank})::bigint * t.inverse % t.account)`
  return idOf('a', n, ms(n, 't.account'))
}
const list = (words: string) =>
  `('{${words
    .split(' ')
    .map((word) => `"${word}"`)
    .join()}}'::text[])`
const pick = (words: string, n: string) => `${list(words)}[1 + (${n}) % ${words.split(' ').length}]`
const ownerOf = (n: string) => `t.owners[1 + (${n}) % cardinality(t.owners)]`

const EARLY = 'Abbott Acorn Aldous Alpine Amber Anchor Arden Atlas'
const LATER =
  'Beacon Cobalt Delta Ember Fjord Granite Harbour Ibis Juniper Kestrel Lumen Müller Nordic Orion Société Vega'
const TRADES = 'Systems Foods Motors Textiles Energy Logistics Optics Paper Robotics Shipping Tools Ventures'
const HANZI = '华东 长安 明珠 天河 黄山 长江 东方 鸿运 金桥 重庆 海川 新星'
const TRADES_ZH = '科技有限公司 贸易有限公司 汽车股份有限公司 软件集团 医疗器械有限公司 食品有限公司'
const INDUSTRIES = 'Software Retail Medical 制造业 金融 Energy Telecom 教育'
const FIRST = 'Anna Boris Chloé Daniel Elif Frank Grace Hülya Ivan Julia Karl Léa Marco Nadia Oskar Paula'
const LAST =
  'Adler Becker Castillo Dumont Eriksen Fischer Grünwald Hughes Ito Jansen Kovács Lindqvist Moreau Novak Olsen Petrov'
const FIRST_ZH = '小明 伟 芳 娜 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟'
const LAST_ZH = '王 李 张 刘 陈 杨 黄 赵 周 吴 徐 孙'
const TITLES = 'Buyer Director Engineer Manager 采购经理 总经理 Analyst Partner'
const KINDS = 'CALL MEETING EMAIL SMS VISIT NOTE FOLLOW_UP'
const STATUSES = 'DONE DONE DONE DONE PLANNED DONE CANCELLED DONE DONE NO_SHOW'

/** The rank, 0 for the first, of an account that a part belongs to: five parts for each full account, the others evenly to the rest. */
const rankOf = (q: string) =>
  `(CASE WHEN ${q} < 5 * t.packed THEN ${q} % t.packed ELSE t.packed + (${q} - 5 * t.packed) % (t.account - t.packed) END)`
const accountGone = (rank: string) => `(${rank} >= t.packed + 1 AND ${rank} % 100 = 99)`
const partGone = (q: string) => `(${q} >= 5 * t.packed AND ${q} % 100 = 7)`

interface Source {
  count: string
  /** Expressions over t and n, beyond `moment` and q, the record's place among its kin. */
  more?: Record<string, string>
  columns: Record<string, string>
}

const gone = (condition: string) => `CASE WHEN ${condition} THEN ${at('t.moment + 86400000')} END`
const SOURCES: Record<Table, Source> = {
  account: {
    count: 't.account',
    columns: {
      id: idOf('a', 't.n', 't.moment'),
      name: `CASE WHEN t.q < t.packed THEN ${pick(EARLY, 't.q')} || ' ' || ${pick(TRADES, 't.q / 8')} || ' ' || t.q / 96
        WHEN t.q % 3 = 0 THEN ${pick(HANZI, 't.q / 3')} || ${pick(TRADES_ZH, 't.q / 36')} || t.q
        ELSE ${pick(LATER, 't.q')} || ' ' || ${pick(TRADES, 't.q / 16')} || ' ' || t.q END`,
      code: `'A-' || t.n`,
      type: `${pick('PROSPECT CUSTOMER PROSPECT PARTNER CUSTOMER SUPPLIER', 't.q')}`,
      status: `${pick('ACTIVE ACTIVE ACTIVE INACTIVE', 't.q')}`,
      industry: pick(INDUSTRIES, 't.q'),
      employees: '(t.q * 37 % 9000 + 3)::integer',
      annual_revenue: '(t.q * 7919 % 100000 + 1) * 10000000',
      currency: `'USD'`,
      website: `'https://www.company' || t.n || '.example'`,
      domains: `ARRAY['company' || t.n || '.example']`,
      phone: `'+1202555' || lpad((t.q % 10000)::text, 4, '0')`,
      email: `'office@company' || t.n || '.example'`,
      billing_address: `jsonb_build_object('street', t.q % 200 || ' Main Street', 'city', ${pick('Berlin 上海 Lyon Chicago', 't.q')}, 'countryCode', ${pick('DE CN FR US', 't.q')})`,
      description: `'Customer since ' || (2000 + t.q % 26) || ', met at a trade fair.'`,
      owner_id: `CASE WHEN t.q > t.packed AND t.account - t.q <= ${SHARED} THEN t.admin ELSE ${ownerOf('t.q')} END`,
      deleted_at: gone(accountGone('t.q')),
    },
  },
  contact: {
    count: 't.contact',
    columns: {
      id: idOf('c', 't.n', 't.moment'),
      first_name: `CASE WHEN t.q % 3 = 0 THEN ${pick(FIRST_ZH, 't.q / 3')} ELSE ${pick(FIRST, 't.q')} END`,
      last_name: `CASE WHEN t.q % 3 = 0 THEN ${pick(LAST_ZH, 't.q / 48')} ELSE ${pick(LAST, 't.q / 16')} END`,
      title: pick(TITLES, 't.q'),
      department_name: pick('Purchasing Sales Finance IT', 't.q / 2'),
      email: `'person' || t.n || '@company.example'`,
      mobile: `'+86138' || lpad((t.q % 100000000)::text, 8, '0')`,
      status: `${pick('ACTIVE ACTIVE ACTIVE ACTIVE INACTIVE', 't.q')}`,
      owner_id: ownerOf(rankOf('t.q')),
      deleted_at: gone(partGone('t.q')),
    },
  },
  account_contact: {
    count: 't.contact',
    columns: {
      id: idOf('l', 't.n', 't.moment'),
      account_id: accountOf(rankOf('t.q')),
      contact_id: idOf('c', 't.n', 't.moment'),
      role: pick('DECISION_MAKER EVALUATOR INFLUENCER BUYER USER FINANCE', 't.q'),
      is_primary: 'true',
      deleted_at: gone(`${partGone('t.q')} OR ${accountGone(rankOf('t.q'))}`),
    },
  },
  opportunity: {
    count: 't.opportunity',
    more: {
      stage: 't.n * 31 % 10',
      close: `date '2023-02-01' + (t.n * 7 % 1200)::integer`,
    },
    columns: {
      id: idOf('o', 't.n', 't.moment'),
      number: `'O-' || t.n`,
      name: `CASE WHEN t.q % 4 = 0 THEN ${pick('设备采购 年度续约 系统升级 新产线', 't.q / 4')} || t.q ELSE ${pick('Renewal Expansion Pilot Upgrade Replacement', 't.q')} || ' ' || t.q END`,
      account_id: accountOf(rankOf('t.q')),
      pipeline_id: 't.pipeline',
      stage_id: 't.stages[CASE WHEN t.stage < 4 THEN 1 + t.stage WHEN t.stage < 8 THEN 5 ELSE 6 END]',
      status: `CASE WHEN t.stage < 4 THEN 'OPEN' WHEN t.stage < 8 THEN 'WON' ELSE 'LOST' END`,
      amount: '(t.q * 104729 % 500000 + 500)::bigint * 10000',
      currency: `'USD'`,
      probability: 'CASE WHEN t.stage < 4 THEN 10 + 20 * t.stage WHEN t.stage < 8 THEN 100 ELSE 0 END::integer',
      forecast_category: `CASE WHEN t.stage < 2 THEN 'PIPELINE' WHEN t.stage = 2 THEN 'BEST_CASE' WHEN t.stage = 3 THEN 'COMMIT' WHEN t.stage < 8 THEN 'CLOSED' ELSE 'OMITTED' END`,
      close_date: 't.close',
      actual_close_date: 'CASE WHEN t.stage >= 4 THEN t.close END',
      type: pick('NEW UPSELL RENEWAL', 't.q'),
      next_step: `'Call again'`,
      last_stage_changed_at: at('t.moment'),
      owner_id: ownerOf(rankOf('t.q')),
      deleted_at: gone(`${partGone('t.q')} OR ${accountGone(rankOf('t.q'))}`),
    },
  },
  activity: {
    count: 't.activity',
    columns: {
      id: idOf('v', 't.n', 't.moment'),
      kind: pick(KINDS, 't.n'),
      subject: `CASE WHEN t.n % 3 = 0 THEN ${pick('电话沟通 客户拜访 方案演示 合同谈判', 't.n / 3')} ELSE ${pick('Call Visit Demo Negotiation Follow-up', 't.n')} || ' ' || t.n END`,
      body: `'Talked about delivery times, prices and the next steps; they will answer by the end of week ' || t.n % 52 || '.'`,
      direction: pick('INBOUND OUTBOUND', 't.n'),
      status: pick(STATUSES, 't.n'),
      start_at: at('t.moment'),
      end_at: at('t.moment + 1800000'),
      duration_sec: '1800',
      owner_id: ownerOf('t.n'),
      deleted_at: gone('t.q >= t.hot AND t.n % 100 = 11'),
    },
  },
  activity_link: {
    count: 't.activity',
    columns: {
      id: idOf('k', 't.n', 't.moment'),
      activity_id: idOf('v', 't.n', 't.moment'),
      object_type: `'Account'`,
      record_id: accountOf('CASE WHEN t.q < t.hot THEN t.packed ELSE t.q % t.account END'),
      deleted_at: gone(
        `t.q >= t.hot AND t.n % 100 = 11 OR ${accountGone('CASE WHEN t.q < t.hot THEN t.packed ELSE t.q % t.account END')}`,
      ),
    },
  },
}

/** One slice of a table's rows, in the order of time, so that the tenants' rows lie among one another as they do where all of them write. */
function fill(table: Table, slice: number, slices: number): string {
  const { count, more = {}, columns } = SOURCES[table]
  const by = 'owner_id' in columns ? columns.owner_id : ownerOf('t.n')
  const all: Record<string, string> = {
    tenant_id: 't.id',
    ...columns,
    created_at: at('t.moment'),
    created_by: by as string,
    updated_at: at('t.moment'),
    updated_by: by as string,
  }
  const extra = Object.entries(more).map(([name, value]) => `, ${value} AS ${name}`)
  return `INSERT INTO ${table} (${Object.keys(all).join()}) SELECT ${Object.values(all).join()}
    FROM (SELECT t.*${extra.join('')} FROM (
      SELECT t.*, n, n * ${STEP} % ${count} AS q, ${ms('n', count)} AS moment
      FROM bench_tenant t CROSS JOIN LATERAL generate_series(${count}::bigint * ${slice} / ${slices}, ${count}::bigint * (${slice} + 1) / ${slices} - 1) n
    ) t ORDER BY t.moment) t`
}

/**
 * Fills a migrated Atrium database by SQL, as its owner, past the triggers (no change rows), in bulk: indexes other than the primary keys and foreign
 * keys are put back after the load and checked then. What is asked over the API is made as `atrium tenant create` makes it, the other tenants are
 * clones. Contents are the same each time, but for keys and the ids of the tenants. One transaction: a failure leaves the tables as they were.
 */
export async function makeData({
  ownerUrl,
  tenants,
  rowsPerTenant,
  giant,
  hotAccountActivities,
  progress = () => {},
}: DataOptions): Promise<BenchTenants> {
  const slugs = ['bench-median', 'bench-third', 'bench-triple'].slice(0, tenants)
  if (giant > 0) slugs.push('bench-giant')
  const tenancy = openTenancy({ databaseUrl: ownerUrl, poolSize: 1 })
  const made: { slug: string; tenantId: string; apiKey: string; ruledKey: string }[] = []
  try {
    for (const slug of slugs) {
      progress(0, 1, `company ${slug}`)
      const { id, apiKey } = await createTenant(tenancy, { slug, name: slug, adminEmail: `admin@${slug}.example` })
      made.push({ slug, tenantId: decodeId(id)?.uuid as string, apiKey, ruledKey: '' })
    }
  } finally {
    await tenancy.close()
  }
  const others = Math.max(0, tenants - 3)
  const sizes = [
    ...made.map(({ slug, tenantId }, idx) =>
      slug === 'bench-giant'
        ? sizeOf(idx, rowsPerTenant * giant, hotAccountActivities, tenantId)
        : sizeOf(idx, rowsPerTenant * factorOf(idx, tenants), 0, tenantId),
    ),
    ...Array.from({ length: others }, (_, n) =>
      sizeOf(made.length + n, rowsPerTenant * factorOf(3 + n, tenants), 0, cloneId(n, others)),
    ),
  ]
  const total = sizes.reduce((sum, size) => sum + allRows(size), 0)
  let done = 0
  const tell = (what: string) => progress(done, total, what)

  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    const run = async <Row = Record<string, unknown>>(text: string, values: unknown[] = []) =>
      (await client.query(text, values)).rows as Row[]
    await run('BEGIN')
    await run(
      `SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL TimeZone = 'UTC'; SET LOCAL synchronous_commit = off`,
    )
    // The owner sees no tenant's rows either while row security is forced; all of it is as before when the transaction ends.
    const forced = await run<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relforcerowsecurity AND relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
    )
    const records = await run<{ name: string }>(
      `SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgfoid = 'atrium.record_changes()'::regprocedure ORDER BY 1`,
    )
    for (const { name } of forced) await run(`ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`)
    for (const { name } of records) await run(`ALTER TABLE ${name} DISABLE TRIGGER USER`)
    tell('settings')
    for (const one of made) one.ruledKey = await settle(run, one.tenantId)
    await clone(run, made[0]!.tenantId, sizes.slice(made.length))
    await run(
      `CREATE TEMP TABLE bench_size ON COMMIT DROP AS SELECT * FROM json_to_recordset('${JSON.stringify(sizes)}')
       AS x(idx integer, id uuid, account integer, contact integer, opportunity integer, activity integer, packed integer, hot integer, inverse integer, shift float8)`,
    )

    await run(`CREATE TEMP TABLE bench_tenant ON COMMIT DROP AS
      SELECT s.*, (SELECT array_agg(u.id ORDER BY u.email) FROM app_user u WHERE u.tenant_id = s.id AND u.email LIKE 'person%') AS owners,
        (SELECT u.id FROM app_user u WHERE u.tenant_id = s.id AND u.email LIKE 'admin%') AS admin, p.id AS pipeline,
        (SELECT array_agg(g.id ORDER BY g.sort) FROM stage g WHERE g.tenant_id = s.id AND g.pipeline_id = p.id) AS stages
      FROM bench_size s JOIN pipeline p ON p.tenant_id = s.id AND p.is_default`)
    await run('ANALYZE bench_tenant')

    const names = TABLES.map((table) => `'${table}'::regclass`).join()
    const indexes = await run<{ name: string; definition: string }>(
      `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
       WHERE indrelid IN (${names}) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) ORDER BY 1`,
    )
    const keys = await run<{ table: string; name: string; definition: string }>(
      `SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
       WHERE contype = 'f' AND conrelid IN (${names}) ORDER BY conrelid, oid`,
    )
    for (const { table, name } of keys) await run(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
    for (const { name } of indexes) await run(`DROP INDEX ${name}`)
    for (const table of TABLES) {
      const wanted = sizes.reduce((sum, size) => sum + rowsOf(size, table), 0)
      const slices = Math.max(1, Math.ceil(wanted / SLICE))
      for (let slice = 0; slice < slices; slice++) {
        tell(table)
        done += (await client.query(fill(table, slice, slices))).rowCount ?? 0
      }
    }
    for (const { name, definition } of indexes) {
      tell(`index ${name}`)
      await run(definition)
    }
    for (const { table, name, definition } of keys) {
      tell(`key ${name}`)
      await run(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`)
    }
    await run(`INSERT INTO record_share (tenant_id, object_type, record_id, user_id)
      SELECT a.tenant_id, 'Account', a.id, h.id FROM account a JOIN app_user h ON h.tenant_id = a.tenant_id AND h.email LIKE 'head%'
      JOIN bench_tenant t ON t.id = a.tenant_id AND t.admin = a.owner_id WHERE a.deleted_at IS NULL`)
    for (const { name } of records) await run(`ALTER TABLE ${name} ENABLE TRIGGER USER`)
    for (const { name } of forced) await run(`ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`)
    await run('COMMIT')
    // As autovacuum does sooner or later; in the middle of a measurement it would be in the way.
    for (const { name } of forced) {
      tell(`vacuum ${name}`)
      await run(`VACUUM (ANALYZE) ${name}`)
    }
    const sampled: BenchTenant[] = []
    for (const [index, one] of made.entries())
      sampled.push({ ...one, rows: allRows(sizes[index]!), sampleIds: await samplesOf(run, one.tenantId) })
    progress(total, total, 'done')
    return {
      small: sampled.filter(({ slug }) => slug !== 'bench-giant'),
      giant: sampled.find(({ slug }) => slug === 'bench-giant') ?? null,
      rows: total,
    }
  } finally {
    await client.end()
  }
}

type Run = <Row = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<Row[]>

function cloneId(n: number, count: number): string {
  const time = Math.round(START + (SPAN * n) / Math.max(1, count))
  const rest = createHash('md5').update(`tenant ${n}`).digest('hex')
  const hex = `${time.toString(16).padStart(12, '0')}7${rest.slice(0, 3)}8${rest.slice(3, 18)}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Departments, people and the ruled user of a tenant that has what every new tenant has; gives the ruled user's key. */
async function settle(run: Run, tenant: string): Promise<string> {
  const key = newApiKey('live')
  const [upper, lower, role, head] = [newId(), newId(), newId(), newId()]
  const [rep] = await run<{ id: string }>(`SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep'`, [tenant])
  await run(
    `INSERT INTO department (tenant_id, id, name, parent_id) VALUES ($1, $2, 'Sales', NULL), ($1, $3, 'Field sales', $2)`,
    [tenant, upper, lower],
  )
  await run(`INSERT INTO role (tenant_id, id, key, name) VALUES ($1, $2, 'ruled', 'Ruled')`, [tenant, role])
  await run(
    `INSERT INTO object_permission (tenant_id, role_id, object, can_read, can_update, read_scope, write_scope)
     SELECT $1, $2, x.object, true, x.scope = 'DEPARTMENT_TREE', x.scope, 'OWN'
     FROM (VALUES ('*', 'DEPARTMENT_TREE'), ('Account', 'DEPARTMENT_TREE'), ('User', 'ALL'), ('Stage', 'ALL'), ('Pipeline', 'ALL')) AS x(object, scope)`,
    [tenant, role],
  )
  await run(
    `INSERT INTO field_permission (tenant_id, role_id, object, field, access, mask)
     SELECT $1, $2, x.object, x.field, x.access, x.mask
     FROM (VALUES ('Account', 'creditLimit', 'HIDDEN', 'NONE'), ('Account', 'taxNo', 'HIDDEN', 'NONE'), ('Account', 'phone', 'READ', 'LIST'),
       ('Contact', 'birthday', 'HIDDEN', 'NONE'), ('Contact', 'email', 'READ', 'ALWAYS'), ('Opportunity', 'probability', 'READ', 'NONE'),
       ('Opportunity', 'lossReason', 'HIDDEN', 'NONE')) AS x(object, field, access, mask)`,
    [tenant, role],
  )
  await run(
    `INSERT INTO app_user (tenant_id, id, email, name, role_id, department_id)
     VALUES ($1, $2, 'head@bench.example', 'Head', $3, $4)`,
    [tenant, head, role, upper],
  )
  await run(
    `INSERT INTO app_user (tenant_id, id, email, name, role_id, department_id)
     SELECT $1, atrium.uuid7(), 'person' || n || '@bench.example', ('{Ada,Bruno,陈静,Dora,Emil,Fatma,高伟,Hana}'::text[])[n], $2, $3 FROM generate_series(1, 8) n`,
    [tenant, rep?.id, lower],
  )
  await run(
    `INSERT INTO api_key (tenant_id, id, name, prefix, last4, key_hash, role_id, user_id) VALUES ($1, $2, 'ruled', $3, $4, $5, $6, $7)`,
    [tenant, newId(), key.prefix, key.last4, key.hash, role, head],
  )
  return key.key
}

/** Tables of which a clone has none: what was written, and what proves somebody. */
const NOT_CLONED = new Set(['tenant', 'change', 'change_commit', 'change_counter', 'idempotency_record', 'user_secret'])
/** These in this order, what refers to them after them. */
const FIRST_CLONED = ['role', 'department', 'app_user', 'pipeline', 'stage']

/** Makes tenants with all that one has, under ids of their own. */
async function clone(run: Run, from: string, to: Size[]): Promise<void> {
  const clones = JSON.stringify(to.map(({ idx, id }) => ({ idx, id })))
  await run(
    `CREATE TEMP TABLE bench_clone ON COMMIT DROP AS SELECT * FROM json_to_recordset('${clones}') AS x(idx integer, id uuid)`,
  )
  await run('ANALYZE bench_clone')
  await run(`INSERT INTO tenant (id, slug, name) SELECT c.id, 'clone-' || c.idx, 'Clone ' || c.idx FROM bench_clone c`)
  const columns = await run<{ table: string; column: string; type: string }>(
    `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type FROM pg_class c
     JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id'
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname, a.attnum`,
  )
  const tables = [...new Set([...FIRST_CLONED, ...columns.map(({ table }) => table)])]
  for (const table of tables) {
    if (NOT_CLONED.has(table)) continue
    const own = columns.filter((one) => one.table === table)
    const value = ({ column, type }: { column: string; type: string }) => {
      if (column === 'tenant_id') return 'c.id'
      if (table === 'api_key' && column === 'key_hash') return `sha256(o.key_hash || convert_to(c.idx::text, 'UTF8'))`
      if (type !== 'uuid') return `o."${column}"`
      const mixed = `md5(o."${column}"::text || c.idx)`
      return `(substr(replace(o."${column}"::text, '-', ''), 1, 13) || substr(${mixed}, 1, 3) || '8' || substr(${mixed}, 4, 15))::uuid`
    }
    await run(
      `INSERT INTO ${table} (${own.map(({ column }) => `"${column}"`).join()}) SELECT ${own.map(value).join()} FROM ${table} o, bench_clone c WHERE o.tenant_id = '${from}'`,
    )
  }
}

async function samplesOf(run: Run, tenant: string): Promise<SampleIds> {
  await run(`SELECT set_config('app.tenant_id', $1, false)`, [tenant])
  const ids = async (rest: string) => (await run<{ id: string }>(`SELECT t.id FROM ${rest}`)).map(({ id }) => id)
  const own = (table: string, condition = 'true') =>
    `${table} t WHERE t.tenant_id = '${tenant}' AND t.deleted_at IS NULL AND ${condition}`
  const count = (part: string) => `(SELECT count(*) FROM ${part}) >= 5`
  const [hot] = await run<{ id: string }>(
    `SELECT record_id AS id FROM activity_link WHERE tenant_id = '${tenant}' GROUP BY record_id HAVING count(*) >= 1000 ORDER BY count(*) DESC LIMIT 1`,
  )
  return {
    accounts: await ids(`${own('account')} ORDER BY t.name, t.id LIMIT 1000`),
    fullAccounts: await ids(
      `${own(
        'account',
        `${count('opportunity o WHERE o.tenant_id = t.tenant_id AND o.account_id = t.id AND o.deleted_at IS NULL')}
        AND ${count('account_contact l WHERE l.tenant_id = t.tenant_id AND l.account_id = t.id AND l.deleted_at IS NULL')}`,
      )} ORDER BY t.name, t.id LIMIT 400`,
    ),
    contacts: await ids(`${own('contact')} ORDER BY md5(t.id::text) LIMIT 1000`),
    opportunities: await ids(`${own('opportunity')} ORDER BY md5(t.id::text) LIMIT 1000`),
    activities: await ids(`${own('activity')} ORDER BY md5(t.id::text) LIMIT 1000`),
    users: await ids(`${own('app_user')} ORDER BY t.id`),
    stages: await ids(`${own('stage')} ORDER BY t.sort`),
    pipeline: (await ids(own('pipeline', 't.is_default')))[0] as string,
    hotAccount: hot?.id ?? null,
  }
}
