import '../../src/schema/index.ts'
import { startHandoverWork } from '../../src/jobs/handover.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'

/** A process that does nothing but hand over; it ends by a signal. */
const tenancy = openTenancy({ databaseUrl: process.env.DATABASE_URL as string, poolSize: 2 })
startHandoverWork(tenancy, {
  everyMs: 50,
  onError: (error) => process.stderr.write(`${error}\n`),
})
