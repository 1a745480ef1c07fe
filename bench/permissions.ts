/**
 * What permissions cost: the nested list of shared/design.md (20 accounts, each with 5 contacts and 5 opportunities) asked by an administrator, who
 * sees all, and by a user with full field and record rules who sees the same records. Both in the same run, in turn; prints the ratio of the medians.
 *
 * cd bench && npm ci && npm run permissions [-- --rounds 5 --seconds 5 --connections 16 --json]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
// @ts-expect-error: it has no types of its own.
import autocannon from 'autocannon'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '16' },
    json: { type: 'boolean', default: false },
  },
})
const ACCOUNTS = 400
const OWNERS = 20

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that each query asks for.
type Any = any

const home = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
const bin = fileURLToPath(new URL('../bin/atrium.js', import.meta.url))
const env = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '/',
  ATRIUM_HOME: home,
  LOG_LEVEL: 'silent',
  GRAPHQL_MAX_COST: '10000',
}

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

async function ask(key: string, query: string, variables: Any = {}): Promise<Any> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const body = (await answer.json()) as Any
  for (const [name, value] of Object.entries<Any>(body.data ?? {})) {
    const errors = [...(value?.userErrors ?? []), ...(value?.results ?? []).flatMap((one: Any) => one.userErrors)]
    if (errors.length > 0) throw new Error(`${name}: ${JSON.stringify(errors[0])}`)
  }
  if (!body.data) throw new Error(JSON.stringify(body.errors))
  return body
}

const admin = made.apiKey
const run = async (query: string, variables?: Any) => (await ask(admin, query, variables)).data
const one = async (type: string, input: Any): Promise<string> => {
  const field = type.charAt(0).toLowerCase() + type.slice(1)
  const data = await run(
    `mutation($input: Create${type}Input!) { create${type}(input: $input) { ${field} { id } userErrors { code message field } } }`,
    { input },
  )
  return data[`create${type}`][field].id
}
const many = async (type: string, plural: string, rows: Any[]): Promise<string[]> => {
  const field = type.charAt(0).toLowerCase() + type.slice(1)
  const ids: string[] = []
  for (let from = 0; from < rows.length; from += 200) {
    const data = await run(
      `mutation($input: [Create${type}Input!]!) { create${plural}(input: $input) { results { ${field} { id } userErrors { code message field } } userErrors { code } } }`,
      { input: rows.slice(from, from + 200) },
    )
    ids.push(...data[`create${plural}`].results.map((result: Any) => result[field].id))
  }
  return ids
}

try {
  // A department under another, twenty people in it, one who heads the upper one and sees by the tree.
  const { roles } = await run('{ roles { nodes { id key } } }')
  const rep = roles.nodes.find(({ key }: Any) => key === 'rep').id
  const upper = await one('Department', { name: 'Sales' })
  const lower = await one('Department', { name: 'Field sales', parentId: upper })
  const role = await one('Role', { key: 'ruled', name: 'Ruled' })
  await one('ObjectPermission', {
    roleId: role,
    object: '*',
    canRead: true,
    canUpdate: true,
    readScope: 'DEPARTMENT_TREE',
    writeScope: 'OWN',
  })
  await one('ObjectPermission', {
    roleId: role,
    object: 'Account',
    canRead: true,
    canUpdate: true,
    readScope: 'DEPARTMENT_TREE',
    writeScope: 'OWN',
  })
  for (const object of ['User', 'Stage', 'Pipeline'])
    await one('ObjectPermission', { roleId: role, object, canRead: true, readScope: 'ALL' })
  for (const [object, field, access, mask] of [
    ['Account', 'creditLimit', 'HIDDEN', 'NONE'],
    ['Account', 'taxNo', 'HIDDEN', 'NONE'],
    ['Account', 'phone', 'READ', 'LIST'],
    ['Contact', 'birthday', 'HIDDEN', 'NONE'],
    ['Contact', 'email', 'READ', 'ALWAYS'],
    ['Opportunity', 'probability', 'READ', 'NONE'],
    ['Opportunity', 'lossReason', 'HIDDEN', 'NONE'],
  ])
    await one('FieldPermission', { roleId: role, object, field, access, mask })
  const head = await one('User', { name: 'Head', roleId: role, departmentId: upper })
  const people: string[] = []
  for (let n = 0; n < OWNERS; n++)
    people.push(await one('User', { name: `Person ${n}`, roleId: rep, departmentId: lower }))
  const owner = (n: number) => people[n % OWNERS] as string
  const accounts = await many(
    'Account',
    'Accounts',
    Array.from({ length: ACCOUNTS }, (_, n) => ({
      name: `Account ${String(n).padStart(5, '0')}`,
      phone: '+12025550100',
      annualRevenue: { amount: '1000000', currency: 'USD' },
      ownerId: owner(n),
    })),
  )
  const contacts = await many(
    'Contact',
    'Contacts',
    accounts.flatMap((_, n) =>
      Array.from({ length: 5 }, (_, k) => ({
        firstName: `First ${k}`,
        lastName: `Last ${n}`,
        email: `c${n}.${k}@mail.example`,
        ownerId: owner(n + k),
      })),
    ),
  )
  await many(
    'AccountContact',
    'AccountContacts',
    contacts.map((contactId, n) => ({ contactId, accountId: accounts[Math.floor(n / 5)] })),
  )
  await many(
    'Opportunity',
    'Opportunities',
    accounts.flatMap((accountId, n) =>
      Array.from({ length: 5 }, (_, k) => ({
        name: `Deal ${n}.${k}`,
        accountId,
        amount: { amount: '5000', currency: 'USD' },
        closeDate: '2027-01-15',
        ownerId: owner(n + k),
      })),
    ),
  )
  // Shares, so that their predicate stands in the statement too: of records of somebody outside the tree.
  const outsider = await one('User', { name: 'Outsider', roleId: rep })
  for (let n = 0; n < 10; n++) {
    const recordId = await one('Account', { name: `ZZ ${n}`, ownerId: outsider })
    await one('RecordShare', { recordId, userId: head })
  }
  const { createApiKey } = await run(
    'mutation($role: ID!, $user: ID!) { createApiKey(input: { name: "ruled", roleId: $role, userId: $user }) { key userErrors { code message } } }',
    { role, user: head },
  )
  const ruled = createApiKey.key

  const query = `{ accounts(first: 20, orderBy: [{ field: NAME }]) { nodes { id name annualRevenue { amount currency } owner { id name }
    contacts(first: 5) { nodes { id firstName lastName title } }
    opportunities(first: 5) { nodes { id name amount { amount currency } closeDate stage { name } } } } } }`
  const masked = query
    .replace('firstName lastName title', 'firstName lastName title email')
    .replace('id name annualRevenue', 'id name phone annualRevenue')
  const [all, some] = [await ask(admin, query), await ask(ruled, query)]
  if (some.errors || JSON.stringify(all.data) !== JSON.stringify(some.data))
    throw new Error('The two do not see the same: the comparison would mean nothing.')
  const [, shown] = [await ask(admin, masked), await ask(ruled, masked)]
  if (!shown.data.accounts.nodes[0].phone.includes('*')) throw new Error('Masks do not hold.')

  // As autovacuum does sooner or later: a run must not fall into the moment when the planner learns what is there.
  process.env.ATRIUM_HOME = home
  const { surroundings } = await import('../src/cli/surroundings.ts')
  const { ownerUrl } = await surroundings({ share: true })
  const { Client } = createRequire(bin)('pg')
  const database = new Client({ connectionString: ownerUrl })
  await database.connect()
  await database.query('ANALYZE')
  await database.end()

  const load = async (key: string, text: string) => {
    const { requests } = await autocannon({
      url,
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: text }),
      connections: Number(options.connections),
      duration: Number(options.seconds),
    })
    return requests.average as number
  }
  const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] as number
  await load(admin, query)
  await load(ruled, query)
  const results: Record<string, Record<'all' | 'ruled', number[]>> = {}
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, text] of [
      ['nested list', query],
      ['nested list with masked fields', masked],
    ] as const) {
      results[name] ??= { all: [], ruled: [] }
      // The order turns, so that what comes first has no advantage.
      const order = round % 2 === 0 ? (['all', 'ruled'] as const) : (['ruled', 'all'] as const)
      for (const who of order) results[name][who].push(await load(who === 'all' ? admin : ruled, text))
    }
  }
  const table = Object.entries(results).map(([workload, { all: a, ruled: b }]) => ({
    workload,
    'sees all, requests/s': Math.round(median(a)),
    'with rules, requests/s': Math.round(median(b)),
    ratio: Number((median(b) / median(a)).toFixed(3)),
  }))
  if (options.json) console.log(JSON.stringify(table, null, 1))
  else console.table(table)
} finally {
  server.kill('SIGTERM')
  await once(server, 'close')
  await rm(home, { recursive: true, force: true })
}
