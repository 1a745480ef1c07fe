import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { JobKind } from '../../src/jobs/kind.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { enqueueJob } from '../../src/resolvers/platform/job.ts'
import { asking, type TestApp, testApp } from '../support/app.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'

const MANY = 100_000

let app: TestApp
let owner: Owner
beforeAll(async () => {
  asking.twice = false
  app = await testApp()
  owner = await openOwner(app, app.acme)
  // Without the changes of each: what is measured is the order.
  await owner.rows('ALTER TABLE job DISABLE TRIGGER USER')
  await owner.rows(`INSERT INTO job (kind) SELECT 'SHORT' FROM generate_series(1, ${MANY})`)
  await owner.rows('ALTER TABLE job ENABLE TRIGGER USER')
}, 300_000)
afterAll(async () => {
  await owner?.close()
  await app?.close()
})

it('delays another company’s single job by one step, however many jobs a company has ordered', async () => {
  const steps: string[] = []
  const short: JobKind = {
    kind: 'SHORT',
    as: 'system',
    async step({ viewer }) {
      steps.push(viewer.tenantId)
      return { state: null }
    },
  }
  const { tenancy } = app.app
  const [acme, globex] = [uuidIn(app.acme.id), uuidIn(app.globex.id)]
  for (let round = 0; round < 3; round++) await runJobsOnce(tenancy, { kinds: [short] })
  expect(steps).toEqual([acme, acme, acme])
  await tenancy.writeTenant({ tenantId: globex }, (db) => enqueueJob(db, globex, { kind: 'SHORT' }))
  await runJobsOnce(tenancy, { kinds: [short] })
  expect(steps.slice(3).sort()).toEqual([acme, globex].sort())
  const [left] = await owner.rows<{ count: number }>(
    `SELECT count(*)::integer AS count FROM job WHERE tenant_id = atrium.tenant_id() AND kind = 'SHORT' AND status = 'QUEUED'`,
  )
  expect(left?.count).toBe(MANY - 4)
})
