/**
 * How long a company's single job waits beside another's many: `npm run fairness -- --jobs 100000 --singles 30`. One Atrium process works off the queue of a company with so many jobs; meanwhile
 * another company orders single ones, the next when the last is done. Prints the median and the longest time from order to end, how many of the many were done meanwhile, and ends with 1 where one took
 * longer than five seconds.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { decodeId } from '../src/ids.ts'
import { startJobs } from '../src/jobs/runner.ts'
import { createTenant } from '../src/resolvers/identity/createTenant.ts'
import { BLAST_JOB } from '../src/resolvers/marketing/expandBlast.ts'
import { enqueueJob } from '../src/resolvers/platform/job.ts'
import '../src/schema/index.ts'
import { openTenancy } from '../src/tenancy/tenancy.ts'
import { openBench } from './jobs.ts'

const LIMIT_MS = 5000

const { values } = parseArgs({
  options: { jobs: { type: 'string', default: '100000' }, singles: { type: 'string', default: '30' } },
})
const [jobs, singles] = [Number(values.jobs), Number(values.singles)]

const bench = await openBench()
const tenancy = openTenancy({ databaseUrl: bench.databaseUrl, poolSize: 8 })
try {
  const company = async (slug: string) => {
    const made = await createTenant(tenancy, { slug, name: slug, adminEmail: `admin@${slug}.example` })
    return decodeId(made.id)?.uuid as string
  }
  const [many, single] = [await company('many'), await company('single')]
  const count = async (tenantId: string, status: string) => {
    const [row] = await tenancy.readTenant({ tenantId }, (db) =>
      db.rows<{ n: number }>({
        text: 'SELECT count(*)::integer AS n FROM job WHERE tenant_id = $1 AND kind = $2 AND status = $3',
        values: [tenantId, BLAST_JOB, status],
      }),
    )
    return row?.n ?? 0
  }
  // A job of a blast that is not there: a step that reads and ends.
  for (let from = 0; from < jobs; from += 5000)
    await tenancy.writeTenant({ tenantId: many }, (db) =>
      db.rows({
        text: `INSERT INTO job (tenant_id, kind, input) SELECT $1::uuid, $2, jsonb_build_object('blastId', gen_random_uuid()) FROM generate_series(1, $3::int)`,
        values: [many, BLAST_JOB, Math.min(5000, jobs - from)],
      }),
    )
  const running = startJobs(tenancy, { onError: console.error })
  const took: number[] = []
  try {
    while ((await count(many, 'COMPLETED')) === 0) await new Promise((resolve) => setTimeout(resolve, 100))
    for (let n = 1; n <= singles; n++) {
      const began = performance.now()
      await tenancy.writeTenant({ tenantId: single }, (db) =>
        enqueueJob(db, single, { kind: BLAST_JOB, input: { blastId: randomUUID() } }),
      )
      while ((await count(single, 'COMPLETED')) < n) await new Promise((resolve) => setTimeout(resolve, 5))
      took.push(performance.now() - began)
    }
    took.sort((a, b) => a - b)
    const [median, longest] = [took[took.length >> 1] as number, took.at(-1) as number]
    console.log(
      `${jobs} jobs of one company; ${singles} single ones of another: median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms; meanwhile ${await count(many, 'COMPLETED')} of the many were done.`,
    )
    if (longest > LIMIT_MS) process.exitCode = 1
  } finally {
    await running.stop()
  }
} finally {
  await tenancy.close()
  await bench.close()
}
