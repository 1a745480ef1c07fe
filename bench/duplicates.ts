/**
 * Duplicates: how well the rules that a company begins with find them, and what that costs, through the product's own path (a database of its own, the
 * writers, the job of findDuplicates).
 *
 * cd bench && npm ci && npm run duplicates -- <folder with records.csv and truth-pairs.csv> [...] [--show 10]
 * npm run duplicates -- --scale 1000000 [--object Account] [--checks 200]     a check on create against so many records
 * npm run duplicates -- --tenant 50000 [--object Contact]                     a search through a whole tenant
 *
 * Columns of records.csv are mapped by name: id; given_name/first_name, surname/last_name, name/full_name, company/company_name, street_number, address,
 * address_1, address_2, street, suburb/city, state, postcode/zip/postal_code, date_of_birth/birthday, phone, mobile, email, website, domain, tax_no,
 * registration_no. With a first or last name they are contacts, with a person and a company leads, else accounts. --object says otherwise, --country where
 * telephone numbers are at home (AU). What the API would refuse (a date that is none) is left out.
 */
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, openBench } from './jobs.ts'

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string' },
    tenant: { type: 'string' },
    checks: { type: 'string', default: '200' },
    object: { type: 'string' },
    country: { type: 'string', default: 'AU' },
    show: { type: 'string', default: '0' },
  },
})

const bench = await openBench()
// Settings of the bench are read when Atrium is loaded.
Object.assign(process.env, bench.env)
const { readConfig } = await import('../src/config.ts')
const { createApp } = await import('../src/app.ts')
const { createTenant, jobViewer } = await import('../src/resolvers/identity/createTenant.ts')
const { createRecords } = await import('../src/resolvers/records.ts')
const { recordType } = await import('../src/read/recordType.ts')
const { findDuplicates } = await import('../src/resolvers/customers/duplicates/find.ts')
const { lookForDuplicates } = await import('../src/resolvers/customers/duplicates/look.ts')
const { fillKeys } = await import('../src/resolvers/customers/duplicates/store.ts')
const { runJobsOnce } = await import('../src/jobs/runner.ts')
const { normalise } = await import('../src/resolvers/normalise.ts')
const { decodeId } = await import('../src/ids.ts')
type Viewer = ReturnType<typeof jobViewer>
type DuplicateObject = 'Account' | 'Contact' | 'Lead'
type Row = Record<string, string>

const config = {
  ...readConfig(process.env),
  backgroundWork: false,
  logLevel: 'silent' as const,
  statementTimeout: 600_000,
}
const app = await createApp(config)
const { tenancy } = app
let tenants = 0

async function company(): Promise<Viewer> {
  const made = await createTenant(tenancy, {
    slug: `bench-${++tenants}`,
    name: 'Bench',
    adminEmail: 'admin@bench.example',
    defaultCountry: options.country as string,
  })
  const id = decodeId(made.id)?.uuid as string
  return jobViewer({ id, timezone: 'UTC', baseCurrency: 'USD', defaultCountry: options.country as string })
}

const caller = (viewer: Viewer) => ({ tenantId: viewer.tenantId, requestId: viewer.requestId })

/** Searches a whole tenant by the job, and gives seconds, CPU of this process, and what it found. */
async function search(viewer: Viewer, object: DuplicateObject) {
  await tenancy.writeTenant(caller(viewer), (db) => findDuplicates({ db, viewer }, object))
  const started = performance.now()
  const cpu = process.cpuUsage()
  const server = bench.databaseCpu()
  while ((await runJobsOnce(tenancy)) > 0);
  const used = process.cpuUsage(cpu)
  const pairs = await tenancy.readTenant(caller(viewer), (db) =>
    db.rows<{ left: string; right: string; score: number }>({
      text: `SELECT left_id AS left, right_id AS right, score FROM duplicate_pair WHERE tenant_id = $1 AND object = $2 AND status = 'OPEN'`,
      values: [viewer.tenantId, object],
    }),
  )
  return {
    pairs,
    seconds: round((performance.now() - started) / 1000),
    nodeCpuSeconds: round((used.user + used.system) / 1e6),
    postgresCpuSeconds: round(bench.databaseCpu() - server),
  }
}

const round = (value: number) => Math.round(value * 1000) / 1000

// How well they are found.

async function readCsv(file: string): Promise<Row[]> {
  const { parse } = createRequire(join(import.meta.dirname, '../src/app.ts'))('csv-parse')
  const rows: Row[] = []
  for await (const row of createReadStream(file).pipe(
    parse({
      bom: true,
      trim: true,
      relax_column_count: true,
      columns: (names: string[]) => names.map((name) => name.trim().toLowerCase()),
    }),
  ))
    rows.push(row)
  return rows
}

/** The first of the columns that is filled. */
const first = (row: Row, ...names: string[]) => names.map((name) => row[name]?.trim()).find(Boolean)

function objectOf(columns: Row): DuplicateObject {
  if (options.object) return options.object as DuplicateObject
  const has = (...names: string[]) => names.some((name) => Object.hasOwn(columns, name))
  const person = has('given_name', 'first_name', 'surname', 'last_name', 'full_name', 'birthday', 'date_of_birth')
  if (person && has('company', 'company_name')) return 'Lead'
  return person ? 'Contact' : 'Account'
}

function inputOf(row: Row, object: DuplicateObject, viewer: Viewer): Record<string, unknown> {
  const given = first(row, 'given_name', 'first_name')
  const family = first(row, 'surname', 'last_name')
  const street = [
    [first(row, 'street_number', 'house_number'), first(row, 'address_1', 'address', 'street', 'addr')]
      .filter(Boolean)
      .join(' '),
    first(row, 'address_2'),
  ]
    .filter(Boolean)
    .join('\n')
  const address = {
    street: street || undefined,
    city: first(row, 'suburb', 'city', 'town'),
    state: first(row, 'state'),
    postalCode: first(row, 'postcode', 'postal_code', 'zip', 'zip_code'),
  }
  const place = Object.values(address).some(Boolean) ? address : undefined
  const website = first(row, 'website', 'url', 'domain', 'homepage')
  const contact = {
    phone: first(row, 'phone', 'phone_number', 'telephone', 'tel'),
    email: first(row, 'email', 'e_mail', 'email_address'),
  }
  const page = website && (/^https?:/i.test(website) ? website : `https://${website}`)
  const whole = first(row, 'full_name', 'name')
  const born = first(row, 'date_of_birth', 'birthday', 'dob', 'birth_date')
  const input: Record<string, unknown> =
    object === 'Account'
      ? {
          name: first(row, 'name', 'company', 'company_name') ?? '-',
          ...contact,
          website: page,
          taxNo: first(row, 'tax_no', 'tax_number', 'vat'),
          registrationNo: first(row, 'registration_no', 'registration_number'),
          billingAddress: place,
        }
      : object === 'Contact'
        ? {
            firstName: family ? given : undefined,
            lastName: family ?? given ?? whole ?? '-',
            ...contact,
            mobile: first(row, 'mobile'),
            birthday: born?.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'),
            address: place,
          }
        : {
            firstName: given,
            lastName: family,
            fullName: given || family ? undefined : (whole ?? '-'),
            companyName: first(row, 'company', 'company_name'),
            ...contact,
            mobile: first(row, 'mobile'),
            website: page,
            address: place,
          }
  const type = recordType(object)
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || 'ok' in normalise(type.fields.get(name)!, value, viewer)) continue
    delete input[name]
  }
  const day = input.birthday as string | undefined
  if (
    day &&
    (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)) || !new Date(day).toISOString().startsWith(day))
  )
    delete input.birthday
  return input
}

async function evaluate(folder: string) {
  const rows = await readCsv(join(folder, 'records.csv'))
  const truth = new Set(
    (await readCsv(join(folder, 'truth-pairs.csv'))).map(({ id1, id2 }) => [id1, id2].sort().join('\n')),
  )
  const object = objectOf(rows[0] as Row)
  const viewer = await company()
  const ids = new Map<string, string>()
  for (let from = 0; from < rows.length; from += 500) {
    const some = rows.slice(from, from + 500)
    const written = await tenancy.writeTenant(caller(viewer), (db) =>
      createRecords(
        { db, viewer, allowDuplicate: true },
        recordType(object),
        some.map((row) => inputOf(row, object, viewer)),
      ),
    )
    written.forEach(({ id, errors }, index) => {
      if (!id) throw new Error(`${folder}: row ${from + index + 2}: ${JSON.stringify(errors)}`)
      ids.set(id, (some[index] as Row).id as string)
    })
  }
  const { pairs, ...cost } = await search(viewer, object)
  const found = pairs.map(({ left, right }) => [ids.get(left) as string, ids.get(right) as string].sort().join('\n'))
  const hits = found.filter((pair) => truth.has(pair)).length
  const precision = found.length === 0 ? 0 : hits / found.length
  const recall = truth.size === 0 ? 0 : hits / truth.size
  const byId = new Map(rows.map((row) => [row.id as string, Object.values(row).join(' | ')]))
  const told = (list: string[]) =>
    list.slice(0, Number(options.show)).map((pair) => pair.split('\n').map((id) => byId.get(id)))
  return {
    set: basename(folder),
    object,
    records: rows.length,
    truth: truth.size,
    found: found.length,
    precision: round(precision),
    recall: round(recall),
    f1: precision + recall === 0 ? 0 : round((2 * precision * recall) / (precision + recall)),
    ...cost,
    ...(Number(options.show) > 0
      ? {
          missed: told([...truth].filter((pair) => !found.includes(pair))),
          wrong: told(found.filter((pair) => !truth.has(pair))),
        }
      : {}),
  }
}

// What it costs.

/** As many records as asked for, written past the API and given their keys as those of a company that was there before. Every hundredth is a twin. */
async function fill(viewer: Viewer, object: DuplicateObject, count: number): Promise<void> {
  // Each column is drawn by itself, so that two records agree in one by chance only.
  const draw = (what: string, many: number) => `abs(hashtextextended('${what}' || n, 0) % ${many})`
  const hanzi = (what: string) => `chr((19968 + ${draw(what, 3000)})::integer)`
  const address = `jsonb_build_object('street', (1 + ${draw('number', 400)}) || ' ' || initcap(substr(md5(${draw('street', 20_000)}::text), 1, 8)) || ' Street', 'city', 'City' || ${draw('city', 1000)}, 'postalCode', lpad(${draw('code', 90_000)}::text, 5, '0'))`
  const text =
    object === 'Account'
      ? `INSERT INTO account (tenant_id, name, phone, email, website, billing_address)
 SELECT $1, CASE WHEN n % 3 = 0 THEN (ARRAY['长安','重庆','华东','明珠','天河','黄山','长江','东方','鸿运','金桥'])[1 + n % 10] || ${hanzi('a')} || ${hanzi('b')} || ${hanzi('c')} || '科技有限公司'
  ELSE initcap(substr(md5('a' || n), 1, 7)) || ' ' || (ARRAY['Trading','Systems','Logistics','Foods','Medical'])[1 + n % 5] || ' ' || (ARRAY['Ltd','GmbH','Inc','SA'])[1 + n % 4] END,
 '+1202' || (2000000 + n), 'info@' || substr(md5('d' || n), 1, 10) || '.example', 'https://www.' || substr(md5('d' || n), 1, 10) || '.example', ${address}`
      : `INSERT INTO contact (tenant_id, first_name, last_name, email, mobile, birthday, address)
 SELECT $1, CASE WHEN n % 3 = 0 THEN ${hanzi('f')} ELSE initcap(substr(md5(${draw('first', 2000)}::text), 1, 6)) END,
 CASE WHEN n % 3 = 0 THEN (ARRAY['王','李','张','刘','陈'])[1 + ${draw('l', 5)}] ELSE initcap(substr(md5(${draw('last', 20_000)}::text), 1, 7)) END,
 substr(md5('e' || n), 1, 12) || '@mail.example', '+1303' || (2000000 + n), to_char(date '1940-01-01' + ${draw('day', 22_000)}::integer, 'YYYY-MM-DD'), ${address}`
  // Change rows of what was there before are nobody's business here, nor is it searched by parts of its name: both cost more than all else.
  const grams = await bench.rows(
    `SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'gin' AND indrelid = '${object.toLowerCase()}'::regclass`,
  )
  for (const { name } of grams) await bench.rows(`DROP INDEX ${name}`)
  const table = object === 'Account' ? 'account' : 'contact'
  await bench.rows(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
  for (let from = 0; from < count; from += 20_000) {
    await tenancy.writeTenant(caller(viewer), (db) =>
      db.rows({
        text: `${text} FROM (SELECT CASE WHEN g % 100 = 0 THEN g - 1 ELSE g END AS n FROM generate_series($2::integer, $3::integer) g) x`,
        values: [viewer.tenantId, from + 1, Math.min(count, from + 20_000)],
      }),
    )
  }
  await bench.rows(`ALTER TABLE ${table} ENABLE TRIGGER USER`)
  for (let after: string | null = null; ; ) {
    const { last } = await tenancy.writeTenant(caller(viewer), (db) => fillKeys({ db, viewer }, object, after, 5000))
    if (!last) break
    after = last
  }
  await bench.rows('ANALYZE')
}

async function scale(count: number) {
  const object = (options.object ?? 'Account') as DuplicateObject
  const viewer = await company()
  const started = performance.now()
  await fill(viewer, object, count)
  const filled = round((performance.now() - started) / 1000)
  const table = object === 'Account' ? 'account' : 'contact'
  const sample = await tenancy.readTenant(caller(viewer), (db) =>
    db.rows<{ record: Record<string, unknown> }>({
      text: `SELECT to_jsonb(t) AS record FROM ${table} t WHERE t.tenant_id = $1 ORDER BY md5(t.id::text) LIMIT $2`,
      values: [viewer.tenantId, Number(options.checks)],
    }),
  )
  const used = process.cpuUsage()
  const server = bench.databaseCpu()
  const times: number[] = []
  const creates: number[] = []
  let found = 0
  for (const { record } of sample) {
    const input: Record<string, unknown> =
      object === 'Account'
        ? { name: record.name, phone: record.phone, email: record.email, billingAddress: record.billing_address }
        : {
            firstName: record.first_name,
            lastName: record.last_name,
            mobile: record.mobile,
            birthday: record.birthday,
            address: record.address,
          }
    const begun = performance.now()
    const { matches } = await lookForDuplicates(tenancy, viewer, object, input, null)
    times.push(performance.now() - begun)
    if (matches.length > 0) found++
    const create = performance.now()
    await tenancy.writeTenant(caller(viewer), (db) => createRecords({ db, viewer }, recordType(object), [input]))
    creates.push(performance.now() - create)
  }
  const cpu = process.cpuUsage(used)
  const at = (list: number[], part: number) =>
    round([...list].sort((a, b) => a - b)[Math.floor(list.length * part)] as number)
  return {
    object,
    records: count,
    fillSeconds: filled,
    checks: sample.length,
    found,
    checkMs: { p50: round(median(times)), p95: at(times, 0.95), max: at(times, 0.9999) },
    // Of a look and a create together.
    nodeCpuMs: round((cpu.user + cpu.system) / 1000 / sample.length),
    postgresCpuMs: round(((bench.databaseCpu() - server) * 1000) / sample.length),
    refusedCreateMs: { p50: round(median(creates)), p95: at(creates, 0.95) },
  }
}

async function tenant(count: number) {
  const object = (options.object ?? 'Account') as DuplicateObject
  const viewer = await company()
  await fill(viewer, object, count)
  const { pairs, ...cost } = await search(viewer, object)
  return { object, records: count, twins: Math.floor(count / 100), found: pairs.length, ...cost }
}

try {
  const answer: Record<string, unknown> = {}
  if (folders.length > 0) {
    answer.sets = []
    for (const folder of folders) (answer.sets as unknown[]).push(await evaluate(folder))
  }
  if (options.scale) answer.check = await scale(Number(options.scale))
  if (options.tenant) answer.search = await tenant(Number(options.tenant))
  console.log(JSON.stringify(answer, null, 1))
} finally {
  await app.close()
  await bench.close()
}
