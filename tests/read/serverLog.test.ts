import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type App, createApp } from '../../src/app.ts'
import { type Postgres, startPostgres } from '../../src/cli/servers.ts'
import { decodeId } from '../../src/ids.ts'
import { createTenant, type MadeTenant } from '../../src/resolvers/identity/createTenant.ts'
import { migrate } from '../../src/tenancy/migrate.ts'
import { type Any, asking, callers, testConfig } from '../support/app.ts'

/*
 * The same as statements.test.ts, seen from the other side: a PostgreSQL that writes down every statement it gets.
 */
let home: string
let postgres: Postgres
let app: App
let tenant: MadeTenant

beforeAll(async () => {
  // Statements are counted.
  asking.twice = false
  home = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-log-'))
  postgres = await startPostgres(home, {
    settings: { fsync: 'off', log_statement: 'all', log_line_prefix: '~%a~', log_min_messages: 'log' },
  })
  await migrate(postgres.ownerUrl, { appUrl: postgres.appUrl })
  // By the price list (spec/api.md 7) the whole query at page 100 costs more than the usual 1,000 points.
  app = await createApp(testConfig(postgres.appUrl, { maxCost: 10_000 }))
  tenant = await createTenant(app.tenancy, { slug: 'acme', name: 'AcmeMark', adminEmail: 'admin@acme.example' })
})

afterAll(async () => {
  await app?.close()
  await postgres?.stop()
  await rm(home, { recursive: true, force: true })
})

/** Waits until every change has its number: then nothing of the writes goes on in the background. */
async function numbered(): Promise<void> {
  const tenantId = decodeId(tenant.id)?.uuid as string
  for (const until = Date.now() + 20_000; ; ) {
    const [row] = await app.tenancy.readTenant({ tenantId }, (db) =>
      db.rows<{ open: number }>({
        text: 'SELECT count(*)::int AS open FROM change WHERE sequence IS NULL',
        values: [],
      }),
    )
    if (row?.open === 0) return
    if (Date.now() > until) throw new Error(`${row?.open} changes have no number.`)
  }
}

/** Statements that the server says the application sent while `work` ran. */
async function logged(work: () => Promise<unknown>): Promise<string[]> {
  const file = join(home, 'postgres.log')
  const before = (await readFile(file, 'utf8')).length
  await work()
  const text = (await readFile(file, 'utf8')).slice(before)
  return [...text.matchAll(/^~atrium~LOG: {2}(?:statement|execute [^:]+): (.*)$/gm)].map(
    ([, statement]) => statement as string,
  )
}

describe('the log of the server', () => {
  it('holds one statement for a nested query, beside the settings, for 5 accounts and for 100', async () => {
    const { run } = callers(app, tenant.apiKey)
    const { createAccounts } = await run<Any>(
      'mutation($input: [CreateAccountInput!]!) { createAccounts(input: $input) { results { account { id } } } }',
      {
        input: Array.from({ length: 100 }, (_, n) => ({ name: `AcmeMark ${n}` })),
      },
    )
    const accounts = createAccounts.results.map(({ account }: Any) => account.id)
    await run(
      'mutation($input: [CreateOpportunityInput!]!) { createOpportunities(input: $input) { results { opportunity { id } } } }',
      {
        input: accounts.map((accountId: string) => ({ name: 'AcmeMark deal', accountId })),
      },
    )
    await numbered()
    const query = (size: number) =>
      `{ accounts(first: ${size}) { nodes { name contacts(first: 2) { nodes { fullName } } opportunities(first: 2) { nodes { name stage { name } lines(first: 2) { nodes { product { name } } } } } activities(first: 2) { nodes { subject } } } } }`
    for (const size of [5, 100]) {
      // Who calls is believed for some seconds: that look does not belong to the query.
      await run('{ viewer { roles } }')
      const statements = await logged(() => run(query(size)))
      const own = statements.filter((text) => /^SELECT \(SELECT coalesce\(json_agg/.test(text))
      expect(own).toHaveLength(1)
      for (const table of ['account', 'contact', 'opportunity', 'stage', 'opportunity_line', 'product', 'activity'])
        expect(own[0]).toContain(`"${table}"`)
      const others = statements.filter((text) => text !== own[0]).map((text) => text.replace(/\(.*/, ''))
      expect(others.filter((text) => !/^(BEGIN|COMMIT|SELECT set_config)/.test(text))).toEqual([])
    }
  })
})
