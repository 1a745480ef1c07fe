import type { Writer } from '../../tenancy/tenancy.ts'
import { enqueueJob } from './job.ts'

/** The kind of the nightly job that removes what nobody asks for any more. */
export const HOUSEKEEPING = 'HOUSEKEEPING'

/** Orders the nightly housekeeping of a new tenant, at a minute of the small hours of its own, so that not all tenants begin together. */
export async function orderHousekeeping(db: Writer, tenantId: string): Promise<void> {
  const minute = Math.floor(Math.random() * 240)
  const two = (value: number) => String(value).padStart(2, '0')
  await enqueueJob(db, tenantId, {
    kind: HOUSEKEEPING,
    key: 'housekeeping',
    dailyAt: `${two(1 + Math.floor(minute / 60))}:${two(minute % 60)}`,
    // Nothing is old on the first day.
    runAt: new Date(Date.now() + 86_400_000),
  })
}
