import { recordType } from '../../read/recordType.ts'
import { ids } from '../../resolvers/identity/createTenant.ts'
import { releaseToPool } from '../../resolvers/leads/pool/release.ts'
import { createRecords } from '../../resolvers/records.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import type { DemoCompany } from './types.ts'

/** Customers that nobody has looked after for long, and leads that nobody took. */
const POOLED = { Account: 6, Lead: 4 } as const

/**
 * The public pools of a demo company, 公海: one of customers and one of leads, with all users in them and the managers as administrators, a rule that
 * takes customers back, and a few records in each.
 *
 * @param known ids of clients by the keys of users and records.
 */
export async function loadPools(
  write: WriteContext,
  { users, records }: DemoCompany,
  known: Map<string, string>,
): Promise<void> {
  const members = users.map(({ key, role }) => ({
    userId: known.get(key),
    role: role === 'admin' || role === 'manager' ? 'ADMIN' : 'MEMBER',
  }))
  const pools = [
    {
      object: 'ACCOUNT',
      name: 'Public pool 客户公海',
      isDefault: true,
      hiddenFields: ['phone', 'Contact.phone', 'Contact.mobile'],
      dailyLimitPerUser: 10,
      previousOwnerCooldownHours: 0,
      remindDaysBefore: 7,
      members,
      rules: [{ basis: 'NO_FOLLOW_UP', days: 365 }],
    },
    { object: 'LEAD', name: 'Lead pool 线索公海', isDefault: true, dailyLimitPerUser: 20, allowImport: true, members },
  ]
  ids(await createRecords(write, recordType('Pool'), pools))
  const busy = new Set(
    records.flatMap(({ type, fields }) =>
      type === 'Opportunity' || type === 'AccountContact' ? [JSON.stringify(fields.accountId)] : [],
    ),
  )
  for (const [name, wanted] of Object.entries(POOLED)) {
    const keys = records.flatMap(({ type, key, fields }) => {
      if (type !== name || !fields.ownerId || fields.status === 'CONVERTED') return []
      return name === 'Account' && busy.has(JSON.stringify({ ref: key })) ? [] : [key]
    })
    const chosen = keys.slice(-wanted).map((key) => known.get(key) as string)
    if (chosen.length === 0) continue
    ids(await releaseToPool(write, { ids: chosen, reason: 'Nobody has called for half a year 半年未跟进' }))
  }
}
