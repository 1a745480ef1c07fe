import { expect, it } from '@jest/globals'
import '../../src/schema/index.ts'
import { loadDemo, newDemoFile } from '../../src/cli/demo/load.ts'
import { openTenancy } from '../../src/tenancy/tenancy.ts'
import { freshDatabase } from '../support/database.ts'

it('the demo company has cases with comments, a survey with answers, articles and posts, and sends nobody a mail; the neighbour has none', async () => {
  const database = await freshDatabase()
  const tenancy = openTenancy({ databaseUrl: database.appUrl, poolSize: 2 })
  try {
    await loadDemo(tenancy, newDemoFile())
    const figures = async (slug: string) => {
      const [tenant] = await tenancy.withoutTenant((db) =>
        db.rows<{ id: string }>({ text: 'SELECT atrium.tenant_of_slug($1) AS id', values: [slug] }),
      )
      const tenantId = tenant?.id as string
      const [row] = await tenancy.readTenant({ tenantId }, (db) =>
        db.rows({
          text: `SELECT (SELECT array_agg(DISTINCT status ORDER BY status) FROM service_case WHERE tenant_id = $1) AS cases, (SELECT count(*)::integer FROM case_comment WHERE tenant_id = $1) AS comments,
 (SELECT array_agg(score ORDER BY score) FROM survey_response WHERE tenant_id = $1) AS answers, (SELECT array_agg(satisfaction ORDER BY satisfaction) FROM service_case WHERE tenant_id = $1 AND satisfaction IS NOT NULL) AS satisfaction,
 (SELECT count(*)::integer FROM knowledge_article WHERE tenant_id = $1 AND status = 'PUBLISHED' AND visibility = 'PUBLIC') AS articles,
 (SELECT array_agg(audience ORDER BY audience) FROM feed_post WHERE tenant_id = $1 AND author_id IS NOT NULL) AS posts, (SELECT sum(comment_count)::integer FROM feed_post WHERE tenant_id = $1) AS said, (SELECT count(*)::integer FROM email_message WHERE tenant_id = $1) AS mails`,
          values: [tenantId],
        }),
      )
      return row
    }
    expect(await figures('acme')).toEqual({
      cases: ['ASSIGNED', 'CLOSED', 'IN_PROGRESS', 'WAITING_CUSTOMER'],
      comments: 7,
      answers: [2, 5, null],
      satisfaction: [2, 5],
      articles: 2,
      posts: ['ALL', 'RECORD', 'USERS'],
      said: 1,
      mails: 0,
    })
    expect(await figures('globex')).toEqual({
      cases: null,
      comments: 0,
      answers: null,
      satisfaction: null,
      articles: 0,
      posts: null,
      said: null,
      mails: 0,
    })
  } finally {
    await tenancy.close()
  }
}, 300_000)
