import { numberNow } from '../events/sequence.ts'
import { followChanges } from '../resolvers/automation/changes.ts'
import { jobViewer } from '../resolvers/identity/createTenant.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** The follower's own name as a caller: it looks until there is nothing more. */
const FOLLOWER = 'workflows'

/**
 * One round: some changes of each company that has workflows that records start. Any number of processes may do this at once.
 *
 * @returns is there more to look at.
 */
export async function followOnce(tenancy: Tenancy, onError: (error: unknown) => void): Promise<boolean> {
  const tenants = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_changes() AS id', values: [] }),
  )
  let more = false
  for (const { id: tenantId } of tenants) {
    try {
      await numberNow(tenancy, tenantId)
      more = (await follow(tenancy, tenantId)) || more
    } catch (error) {
      onError(error)
    }
  }
  return more
}

function follow(tenancy: Tenancy, tenantId: string): Promise<boolean> {
  return tenancy.writeTenant({ tenantId, actor: FOLLOWER }, async (db) => {
    const [company] = await db.rows<Parameters<typeof jobViewer>[0]>({
      text: `SELECT id, timezone, base_currency AS "baseCurrency", default_country AS "defaultCountry" FROM tenant WHERE id = $1 AND status NOT IN ('SUSPENDED', 'DELETING')`,
      values: [tenantId],
    })
    return company ? followChanges({ db, viewer: jobViewer(company) }) : false
  })
}

/** Starts in the background what changes start, soon after they are committed, until it is stopped. */
export function startFollowing(
  tenancy: Tenancy,
  { onError, delay = 150, everyMs = 2000 }: { onError: (error: unknown) => void; delay?: number; everyMs?: number },
): { stop(): Promise<void> } {
  let waiting: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false
  let stopped = false

  function wake(): void {
    waiting = null
    if (running) {
      again = true
      return
    }
    again = false
    running = rounds().catch(onError)
    void running.finally(() => {
      running = null
      if (again && !stopped) wake()
    })
  }

  async function rounds(): Promise<void> {
    while (!stopped && (await followOnce(tenancy, onError)));
  }

  tenancy.onWritten(({ actor }) => {
    if (stopped || waiting || actor === FOLLOWER || actor === 'numbering') return
    waiting = setTimeout(wake, delay)
  })
  const timer = setInterval(wake, everyMs)
  wake()

  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      if (waiting) clearTimeout(waiting)
      await running
    },
  }
}
