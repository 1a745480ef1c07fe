import { expect, it } from '@jest/globals'
import '../../src/schema/index.ts'
import { loadDemo, newDemoFile } from '../../src/cli/demo/load.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase } from '../support/database.ts'

it('the demo company has contracts, plans and receipts in all states, the neighbour none', async () => {
  const database = await freshDatabase()
  const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  try {
    await loadDemo(tenancy, newDemoFile())
    const states = async (slug: string) => {
      const [tenant] = await tenancy.withoutTenant((db) =>
        db.rows<{ id: string }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
      )
      const tenantId = tenant?.id as string
      return tenancy.readTenant({ tenantId }, (db) =>
        db.rows<{ of: string; states: string[] }>({
          text: `SELECT x.of, array_agg(DISTINCT x.status ORDER BY x.status) AS states FROM (
 SELECT 'contract' AS of, status FROM contract WHERE tenant_id = $1 UNION ALL SELECT 'plan', status FROM receipt_plan WHERE tenant_id = $1
 UNION ALL SELECT 'receipt', status FROM receipt WHERE tenant_id = $1 UNION ALL SELECT 'owed', level FROM receivable_total WHERE tenant_id = $1) x GROUP BY 1 ORDER BY 1`,
          values: [tenantId],
        }),
      )
    }
    expect(await states('acme')).toEqual([
      { of: 'contract', states: ['APPROVED', 'DRAFT', 'IN_APPROVAL', 'TERMINATED'] },
      { of: 'owed', states: ['ACCOUNT', 'DAY', 'OWNER'] },
      { of: 'plan', states: ['DONE', 'NOT_EFFECTIVE', 'OVERDUE', 'PENDING', 'VOID'] },
      { of: 'receipt', states: ['CONFIRMED', 'DRAFT', 'REVERSED'] },
    ])
    expect(await states('globex')).toEqual([])
  } finally {
    await tenancy.close()
  }
}, 300_000)
