/**
 * One pass of a reclaim rule over a company with many customers: `npm run reclaim -- --customers 200000 --due 0.25 --contacts 1`. Prints seconds and CPU of the dry run,
 * of the pass that takes what is due, and of the same pass again.
 */
import { parseArgs } from 'node:util'
import { poolReclaim } from '../src/jobs/poolReclaim.ts'
import { runJobsOnce } from '../src/jobs/runner.ts'
import { createTenant } from '../src/resolvers/identity/createTenant.ts'
import { previewOf } from '../src/resolvers/leads/pool/preview.ts'
import { reclaimOf } from '../src/resolvers/leads/pool/verdict.ts'
import { enqueueJob } from '../src/resolvers/platform/job.ts'
import '../src/schema/index.ts'
import { decodeId } from '../src/ids.ts'
import { openTenancy } from '../src/tenancy/tenancy.ts'
import { openBench } from './jobs.ts'

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '200000' },
    due: { type: 'string', default: '0.25' },
    contacts: { type: 'string', default: '1' },
  },
})
const customers = Number(values.customers)
const due = Number(values.due)
const contacts = Number(values.contacts)

const bench = await openBench()
const tenancy = openTenancy({ databaseUrl: bench.databaseUrl, poolSize: 2 })
try {
  const made = await createTenant(tenancy, { slug: 'reclaim', name: 'Reclaim', adminEmail: 'admin@reclaim.example' })
  const tenantId = decodeId(made.id)?.uuid as string
  const ask = (text: string, given: unknown[] = []) =>
    tenancy.writeTenant({ tenantId }, (db) => db.rows<Record<string, never>>({ text, values: [tenantId, ...given] }))
  await ask(
    `INSERT INTO app_user (tenant_id, name, status, role_id) SELECT $1::uuid, 'Rep ' || n, 'ACTIVE', (SELECT id FROM role WHERE tenant_id = $1 AND key = 'rep') FROM generate_series(1, 200) n`,
  )
  const reps = (
    await ask(`SELECT array_agg(id ORDER BY id) AS ids FROM app_user WHERE tenant_id = $1 AND name LIKE 'Rep %'`)
  )[0]?.ids as unknown as string[]
  const chunk = 5000
  for (let from = 0; from < customers; from += chunk) {
    const size = Math.min(chunk, customers - from)
    // A quarter is due; of the others some are locked, won or in a deal and due, the rest was followed up.
    await ask(
      `WITH a AS (
 INSERT INTO account (tenant_id, name, owner_id, created_at, claimed_at, last_activity_at, deal_status, locked_at)
 SELECT $1::uuid, 'Customer ' || n, ($4::uuid[])[1 + n % 200], now() - interval '400 days', now() - interval '300 days',
  CASE WHEN n % 1000 < $5::float8 * 1000 OR n % 10 = 9 THEN now() - interval '90 days' ELSE now() - interval '3 days' END,
  CASE WHEN n % 100 = 89 THEN 'WON' ELSE 'NOT_WON' END, CASE WHEN n % 100 = 79 THEN now() END
 FROM generate_series($2::int, $3::int) n RETURNING id, owner_id, name
), c AS (
 INSERT INTO contact (tenant_id, last_name, owner_id) SELECT $1::uuid, a.name, a.owner_id FROM a, generate_series(1, $6::int) RETURNING id, last_name
), l AS (
 INSERT INTO account_contact (tenant_id, account_id, contact_id) SELECT $1::uuid, a.id, c.id FROM a JOIN c ON c.last_name = a.name RETURNING 1
)
 INSERT INTO opportunity (tenant_id, name, account_id, owner_id, pipeline_id, stage_id, status, currency)
 SELECT $1::uuid, a.name, a.id, a.owner_id, s.pipeline_id, s.id, 'OPEN', 'USD' FROM a, (SELECT id, pipeline_id FROM stage WHERE tenant_id = $1 ORDER BY sort LIMIT 1) s
 WHERE right(a.name, 2) = '69'`,
      [from + 1, from + size, reps, due, contacts],
    )
  }
  const pool = (
    await ask(
      `INSERT INTO pool (tenant_id, object, name, is_default) VALUES ($1, 'ACCOUNT', 'Pool', true) RETURNING id`,
    )
  )[0]?.id as unknown as string
  await ask(`INSERT INTO pool_reclaim_rule (tenant_id, pool_id, basis, days) VALUES ($1, $2, 'NO_FOLLOW_UP', 30)`, [
    pool,
  ])
  await bench.rows('VACUUM ANALYZE')

  const measure = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const [began, database, own] = [performance.now(), bench.databaseCpu(), process.cpuUsage()]
    const result = await work()
    const used = process.cpuUsage(own)
    console.log(
      `${what}: ${((performance.now() - began) / 1000).toFixed(1)} s, CPU of PostgreSQL ${(bench.databaseCpu() - database).toFixed(1)} s, of Node ${((used.user + used.system) / 1e6).toFixed(1)} s`,
    )
    return result
  }
  const moment = { at: new Date(), timezone: 'UTC' }
  const preview = await measure('dry run', () =>
    tenancy.readTenant({ tenantId }, async (db) => {
      const reclaim = await reclaimOf(db, tenantId, pool)
      return reclaim && previewOf(db, tenantId, reclaim, moment)
    }),
  )
  console.log(JSON.stringify({ taken: preview?.taken, skipped: preview?.skipped }))
  const pass = async () => {
    const { id } = await tenancy.writeTenant({ tenantId }, (db) =>
      enqueueJob(db, tenantId, { kind: 'POOL_RECLAIM', input: { poolId: pool, daily: false } }),
    )
    while ((await runJobsOnce(tenancy, { kinds: [poolReclaim] })) > 0);
    const [job] = await ask('SELECT status, figures FROM job WHERE tenant_id = $1 AND id = $2', [id])
    console.log(JSON.stringify(job))
  }
  await measure(`a pass over ${customers} customers`, pass)
  await measure('the same again', pass)
} finally {
  await tenancy.close()
  await bench.close()
}
