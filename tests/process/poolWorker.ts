import { createApp } from '../../src/app.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { testConfig } from '../support/app.ts'

/** A process that serves and says where, or works off jobs; it ends by a signal. */
const databaseUrl = process.env.DATABASE_URL as string
if (process.env.WORK === 'jobs') {
  startJobs(openTenancy({ databaseUrl, poolSize: 2 }), {
    everyMs: 50,
    onError: (error) => process.stderr.write(`${error}\n`),
  })
} else {
  const app = await createApp(testConfig(databaseUrl, { poolSize: 10, cache: false, maxCost: 1e6 }))
  process.stdout.write(`${await app.listen()}\n`)
}
