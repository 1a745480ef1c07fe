/**
 * What a pipeline in figures costs beside one deal: `npm run pipeline -- --deals 100000 --owners 100 --requests 500`. Asks an Atrium of its own over HTTP, one request after the
 * other, in turn for one deal by id, for pipelineSummary, for the same as a manager of a tenth of the owners, and for it over the deals themselves, by a filter. Prints the medians and their ratios
 * to the first.
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
    deals: { type: 'string', default: '100000' },
    owners: { type: 'string', default: '100' },
    requests: { type: 'string', default: '500' },
  },
})
const [deals, owners, requests] = [Number(values.deals), Number(values.owners), Number(values.requests)]

const DEAL = 'query($id: ID!) { opportunity(id: $id) { id name amount { amount currency } stage { name } } }'
const FIGURES = `{ stages { stage { name } count amount { amount currency } weighted { amount currency } averageDaysInStage } total { count amount { amount currency } } }`
const SUMMARY = `query($id: ID!) { pipelineSummary(pipelineId: $id) ${FIGURES} }`
const FILTERED = `query($id: ID!) { pipelineSummary(pipelineId: $id, where: {}) ${FIGURES} }`

const bench = await openBench()
const tenancy = openTenancy({ databaseUrl: bench.databaseUrl, poolSize: 2 })
try {
  const made = await createTenant(tenancy, { slug: 'pipeline', name: 'Pipeline', adminEmail: 'admin@pipeline.example' })
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
  await write(
    `INSERT INTO exchange_rate (tenant_id, currency, base_currency, rate, date) VALUES ($1, 'EUR', 'USD', 1.0865, '2020-01-01'), ($1, 'CNY', 'USD', 0.1402, '2020-01-01')`,
  )
  const began = performance.now()
  const chunk = 1000
  for (let from = 0; from < deals; from += chunk)
    await write(
      `INSERT INTO opportunity (tenant_id, name, pipeline_id, stage_id, status, owner_id, amount, currency, probability, close_date, last_stage_changed_at)
 SELECT $1::uuid, 'Deal ' || n, s.pipeline_id, s.id, s.kind, ($4::uuid[])[1 + n % ${owners}], (n * 7919) % 1000000000, (ARRAY['USD', 'EUR', 'CNY'])[1 + n % 3], s.probability, current_date + n % 90, now() - make_interval(hours => n % 2000)
 FROM generate_series($2::int, $3::int) n JOIN (SELECT s.*, row_number() OVER (ORDER BY sort) - 1 AS place, count(*) OVER () AS stages FROM stage s WHERE tenant_id = $1) s ON s.place = (n / 3) % s.stages`,
      [from + 1, Math.min(from + chunk, deals), reps],
    )
  console.log(`${deals} deals of ${owners} owners, ${((performance.now() - began) / 1000).toFixed(1)} s`)
  await bench.rows('VACUUM ANALYZE')
  const [{ n: kept }] = (await write('SELECT count(*)::integer AS n FROM pipeline_total WHERE tenant_id = $1')) as [
    { n: number },
  ]
  console.log(`${kept} rows of sums`)
  const [{ id: pipeline }] = (await write('SELECT id FROM pipeline WHERE tenant_id = $1')) as [{ id: string }]
  const { ids } = (
    await write(
      `SELECT array_agg(id) AS ids FROM (SELECT id FROM opportunity WHERE tenant_id = $1 ORDER BY md5(id::text) LIMIT 500) x`,
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
  const ask = async (token: string, query: string, id: string): Promise<number> => {
    const from = performance.now()
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { id } }),
    })
    const body = await response.text()
    const took = performance.now() - from
    if (body.includes('"errors"')) throw new Error(body)
    return took
  }
  const times: [what: string, times: number[]][] = [
    ['one deal', []],
    ['pipelineSummary', []],
    ['as a manager', []],
    ['over the deals', []],
  ]
  const id = idOf('Pipeline', pipeline)
  for (let round = -50; round < requests; round++) {
    const took = [
      await ask(made.apiKey, DEAL, idOf('Opportunity', ids[(round + 50) % ids.length] as string)),
      await ask(made.apiKey, SUMMARY, id),
      await ask(key.key, SUMMARY, id),
      // Takes longer than the others together.
      round % 10 === 0 ? await ask(made.apiKey, FILTERED, id) : null,
    ]
    // The first ones meet cold caches.
    if (round >= 0) for (const [at, one] of took.entries()) if (one !== null) times[at]?.[1].push(one)
  }
  const median = (some: number[]) => some.toSorted((a, b) => a - b)[some.length >> 1] as number
  const first = median(times[0]?.[1] as number[])
  for (const [what, some] of times)
    console.log(`${what}: p50 ${median(some).toFixed(2)} ms, ${(median(some) / first).toFixed(1)} × one deal`)
  server.kill()
  await server.ended
} finally {
  await tenancy.close()
  await bench.close()
}
