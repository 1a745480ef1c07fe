import type { Viewer } from '../../../context.ts'
import { uuidOf } from '../../../read/values.ts'
import type { Reader } from '../../../tenancy/tenancy.ts'
import { todayIn } from '../../checks.ts'
import { nextDay } from './give.ts'
import { seatsIn } from './seat.ts'

/** What a user may still claim from a pool today. */
export interface PoolClaims {
  limit: number | null
  used: number
  resetsAt: string
}

/** How many records the caller has claimed from a pool today; null for a pool that there is not, and for who is not in it. */
export async function poolClaims(
  db: Reader,
  viewer: Viewer,
  poolId: string,
  now = new Date(),
): Promise<PoolClaims | null> {
  const id = uuidOf('Pool', poolId)
  const seat = id ? (await seatsIn({ db, viewer }, [id])).get(id) : undefined
  if (!seat?.role) return null
  const [row] = await db.rows<{ claimed: number }>({
    text: 'SELECT claimed FROM pool_claim_count WHERE tenant_id = $1 AND pool_id = $2 AND user_id = $3 AND day = $4::date',
    values: [viewer.tenantId, id, viewer.userId, todayIn(viewer.timezone, now)],
  })
  return {
    limit: seat.dailyLimitPerUser,
    used: row?.claimed ?? 0,
    resetsAt: nextDay(viewer.timezone, now).toISOString(),
  }
}
