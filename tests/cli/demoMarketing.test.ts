import { expect, it } from '@jest/globals'
import '../../src/schema/index.ts'
import { loadDemo, newDemoFile } from '../../src/cli/demo/load.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase } from '../support/database.ts'

it('the demo company has a campaign with members, some of whom responded, posts and a care rule at work; the neighbour none', async () => {
  const database = await freshDatabase()
  const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  try {
    await loadDemo(tenancy, newDemoFile())
    const counts = async (slug: string) => {
      const [tenant] = await tenancy.withoutTenant((db) =>
        db.rows<{ id: string }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
      )
      const tenantId = tenant?.id as string
      const [row] = await tenancy.readTenant({ tenantId }, (db) =>
        db.rows({
          text: `SELECT (SELECT count(*)::int FROM campaign WHERE tenant_id = $1) AS campaigns, count(*)::int AS members, count(*) FILTER (WHERE has_responded)::int AS responded,
 count(contact_id)::int AS contacts, (SELECT count(*)::int FROM job WHERE tenant_id = $1 AND kind = 'CARE_RULE' AND status = 'QUEUED')
 AS care, (SELECT string_agg(status, ' ' ORDER BY id) FROM social_post WHERE tenant_id = $1) AS posts FROM campaign_member WHERE tenant_id = $1`,
          values: [tenantId],
        }),
      )
      return row
    }
    expect(await counts('acme')).toEqual({
      campaigns: 1,
      members: 12,
      responded: 4,
      contacts: 6,
      care: 1,
      posts: 'PUBLISHED SCHEDULED DRAFT',
    })
    expect(await counts('globex')).toEqual({
      campaigns: 0,
      members: 0,
      responded: 0,
      contacts: 0,
      care: 0,
      posts: null,
    })
  } finally {
    await tenancy.close()
    await database.drop()
  }
}, 300_000)
