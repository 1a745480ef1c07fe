/**
 * What receivables by age cost beside one plan: `npm run aging -- --plans 100000 --accounts 5000 --owners 100 --requests 300`. Ten plans of each contract, due within a year before and
 * after today. Asks an Atrium of its own over HTTP, one request after the other, in turn for one plan by id, for receivablesAging by account and by owner, for the same as a manager of a tenth
 * of the owners, and as of yesterday, which reads the plans themselves. Prints the medians and their ratios to the first.
 */
import { parseArgs } from 'node:util'
import { newApiKey } from '../src/access/apiKey.ts'
import { createTenant } from '../src/resolvers/identity/createTenant.ts'
import '../src/schema/index.ts'
import { decodeId } from '../src/ids.ts'
import { idOf } from '../src/read/values.ts'
import { openTenancy } from '../src/tenancy/tenancy.ts'
import { openBench } from './jobs.ts'

const { values } = parseArgs({
  options: {
    plans: { type: 'string', default: '100000' },
    accounts: { type: 'string', default: '5000' },
    owners: { type: 'string', default: '100' },
    requests: { type: 'string', default: '300' },
  },
})
const plans = Number(values.plans)
const [accounts, owners, requests] = [Number(values.accounts), Number(values.owners), Number(values.requests)]

const PLAN = 'query($id: ID!) { receiptPlan(id: $id) { id amount { amount currency } dueDate contract { name } } }'
const BUCKETS =
  'notDue { amount } days1To30 { amount } days31To60 { amount } days61To90 { amount } over90 { amount } total { amount currency }'
const aging = (args: string) =>
  `{ receivablesAging${args} { asOf groupCount base { ${BUCKETS} } currencies { currency aging { ${BUCKETS} } } groups { id base { ${BUCKETS} } } } }`
const bench = await openBench()
const tenancy = openTenancy({ databaseUrl: bench.databaseUrl, poolSize: 2 })
try {
  const made = await createTenant(tenancy, { slug: 'aging', name: 'Aging', adminEmail: 'admin@aging.example' })
  const tenantId = decodeId(made.id)?.uuid as string
  const write = (text: string, given: unknown[] = []) =>
    tenancy.writeTenant({ tenantId }, (db) =>
      db.rows<{ id: string; ids: string[]; n: number }>({ text, values: [tenantId, ...given] }),
    )
  const key = newApiKey('live')
  await write(
    `WITH m AS (INSERT INTO app_user (tenant_id, name, status, role_id) SELECT tenant_id, 'Manager', 'ACTIVE', id FROM role WHERE tenant_id = $1 AND key = 'manager' RETURNING tenant_id, id, role_id)
 INSERT INTO api_key (tenant_id, name, prefix, last4, key_hash, role_id, user_id) SELECT m.tenant_id, 'Key', $2, $3, $4, m.role_id, m.id FROM m`,
    [key.prefix, key.last4, key.hash],
  )
  await write(
    `INSERT INTO app_user (tenant_id, name, status, role_id, manager_id) SELECT $1::uuid, 'Rep ' || n, 'ACTIVE', (SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep'),
 CASE WHEN n % 10 = 0 THEN (SELECT id FROM app_user WHERE tenant_id = $1 AND name = 'Manager') END FROM generate_series(1, $2::int) n`,
    [owners],
  )
  const [{ ids: reps }] = (await write(
    `SELECT array_agg(id ORDER BY id) AS ids FROM app_user WHERE tenant_id = $1 AND name LIKE 'Rep %'`,
  )) as [{ ids: string[] }]
  const began = performance.now()
  await write(
    `INSERT INTO account (tenant_id, name, owner_id) SELECT $1::uuid, 'Account ' || n, ($2::uuid[])[1 + n % ${owners}] FROM generate_series(1, $3::int) n`,
    [reps, accounts],
  )
  const chunk = 100
  const contracts = Math.ceil(plans / 10)
  for (let from = 1; from <= contracts; from += chunk) {
    const range = [from, Math.min(from + chunk - 1, contracts)]
    await write(
      `INSERT INTO contract (tenant_id, number, name, account_id, owner_id, amount, currency, start_date, end_date, status, approved_at, rate)
 SELECT $1::uuid, 'C' || n, 'Contract ' || n, a.id, a.owner_id, 100000000000, (ARRAY['USD', 'EUR', 'CNY'])[1 + n % 3], current_date - 400, current_date + 400, 'APPROVED', now() - interval '400 days', (ARRAY[1, 1.0865, 0.1402])[1 + n % 3]
 FROM generate_series($2::int, $3::int) n JOIN account a ON a.tenant_id = $1 AND a.name = 'Account ' || (1 + n % ${accounts})`,
      range,
    )
    await write(
      `INSERT INTO receipt_plan (tenant_id, contract_id, sequence, amount, currency, due_date, status)
 SELECT $1::uuid, c.id, s, 10000 + (n * 7919 + s * 104729) % 1000000000, c.currency, current_date + (n * 7919 + s * 73) % 730 - 365, 'PENDING'
 FROM generate_series($2::int, $3::int) n JOIN contract c ON c.tenant_id = $1 AND c.number = 'C' || n, generate_series(1, 10) s`,
      range,
    )
  }
  await write('SELECT atrium.fold_receivables() WHERE $1::uuid IS NOT NULL')
  console.log(
    `${plans} plans of ${accounts} accounts and ${owners} owners, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  )
  await bench.rows('VACUUM ANALYZE')
  const [{ n: kept }] = (await write('SELECT count(*)::integer AS n FROM receivable_total WHERE tenant_id = $1')) as [
    { n: number },
  ]
  console.log(`${kept} rows of sums`)
  const { ids } = (
    await write(
      `SELECT array_agg(id) AS ids FROM (SELECT id FROM receipt_plan WHERE tenant_id = $1 ORDER BY md5(id::text) LIMIT 500) x`,
    )
  )[0] as { ids: string[] }

  const server = bench.start(['start', '--port', '0', '--no-demo'], { env: { LOG_LEVEL: 'silent' } })
  const url = await new Promise<string>((resolve) => {
    let out = ''
    server.stdout.on('data', (text: string) => {
      out += text
      const found = /^Atrium listens on (\S+)/m.exec(out)
      if (found) resolve(`${found[1]}/graphql`)
    })
  })
  const ask = async (token: string, query: string, id?: string): Promise<number> => {
    const from = performance.now()
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: id ? { id } : {} }),
    })
    const body = await response.text()
    const took = performance.now() - from
    if (body.includes('"errors"')) throw new Error(body)
    return took
  }
  const times: [what: string, times: number[]][] = [
    ['one plan', []],
    ['receivablesAging', []],
    ['by owner', []],
    ['as a manager', []],
    ['over the plans', []],
  ]
  const yesterday = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10)
  for (let round = -30; round < requests; round++) {
    const took = [
      await ask(made.apiKey, PLAN, idOf('ReceiptPlan', ids[(round + 30) % ids.length] as string)),
      await ask(made.apiKey, aging('')),
      await ask(made.apiKey, aging('(groupBy: OWNER)')),
      await ask(key.key, aging('')),
      // Takes longer than the others together.
      round % 20 === 0 ? await ask(made.apiKey, aging(`(asOf: "${yesterday}")`)) : null,
    ]
    // The first ones meet cold caches.
    if (round >= 0) for (const [at, one] of took.entries()) if (one !== null) times[at]?.[1].push(one)
  }
  const median = (some: number[]) => some.toSorted((a, b) => a - b)[some.length >> 1] as number
  const first = median(times[0]?.[1] as number[])
  for (const [what, some] of times)
    console.log(`${what}: p50 ${median(some).toFixed(2)} ms, ${(median(some) / first).toFixed(1)} × one plan`)
  server.kill()
  await server.ended
} finally {
  await tenancy.close()
  await bench.close()
}
