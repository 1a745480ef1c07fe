import { refuse } from '../../checks.ts'
import { after, type Rules } from '../../write.ts'

/** What only customers have. */
const OF_CUSTOMERS = new Set<unknown>(['NO_OPPORTUNITY', 'NOT_WON', 'CONTRACT_ENDED'])

const NAMES = ['includeWon', 'includeWithOpportunity', 'levelId', 'productCategoryId'] as const

/** Rule of reclaim rules: what goes by deals, levels and products is for pools of customers. */
export const reclaimRuleRules: Rules = {
  async write(changes, { db, viewer }) {
    const asked = changes.filter(
      (change) => OF_CUSTOMERS.has(after(change, 'basis')) || NAMES.some((name) => change.values[name]),
    )
    const pools = asked.flatMap((change) => (after(change, 'poolId') as string | null) ?? [])
    if (pools.length === 0) return
    const rows = await db.rows<{ id: string }>({
      text: `SELECT id FROM pool WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND object = 'LEAD'`,
      values: [viewer.tenantId, pools],
    })
    const leads = new Set(rows.map(({ id }) => id))
    for (const change of asked) {
      if (!leads.has(after(change, 'poolId') as string)) continue
      if (OF_CUSTOMERS.has(after(change, 'basis'))) refuse(change, 'basis', 'account', 'is for pools of customers only')
      for (const name of NAMES)
        if (change.values[name]) refuse(change, name, 'account', 'is for pools of customers only')
    }
  },
}
