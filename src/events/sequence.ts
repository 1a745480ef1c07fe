import type { Tenancy } from '../tenancy/tenancy.ts'

/** The numbering's own name as a caller: its writes are no reason to number again. */
const NUMBERING = 'numbering'

/** Gives the tenant's committed changes their numbers now and says the last one. Readers of the feed call it first, so that they see all there is. */
export async function numberNow(tenancy: Tenancy, tenantId: string): Promise<number> {
  const [row] = await tenancy.writeTenant({ tenantId, actor: NUMBERING }, (db) =>
    db.rows<{ last: string }>({ text: 'SELECT atrium.number_changes() AS last', values: [] }),
  )
  return Number(row?.last ?? 0)
}

/**
 * Numbers changes soon after they are committed, in the background: one round per tenant at a time, many writes share one. What a killed process left
 * unnumbered is numbered by the next round of any process, or by the next reader.
 */
export function numberChanges(
  tenancy: Tenancy,
  onError: (error: unknown) => void,
  { delay = 200 }: { delay?: number } = {},
): { stop(): Promise<void> } {
  const waiting = new Map<string, NodeJS.Timeout>()
  const running = new Map<string, Promise<void>>()
  /** Tenants that wrote while their round ran. */
  const again = new Set<string>()
  let stopped = false

  function round(tenantId: string): void {
    waiting.delete(tenantId)
    // A second round would wait for the first one's lock, with a connection in its hands: a long one would take all of them.
    if (running.has(tenantId)) {
      again.add(tenantId)
      return
    }
    const work = numberNow(tenancy, tenantId)
      .then(() => {}, onError)
      .finally(() => {
        running.delete(tenantId)
        if (again.delete(tenantId)) later(tenantId)
      })
    running.set(tenantId, work)
  }

  function later(tenantId: string): void {
    if (stopped) round(tenantId)
    else if (!waiting.has(tenantId)) waiting.set(tenantId, setTimeout(round, delay, tenantId))
  }

  tenancy.onWritten(({ tenantId, actor }) => {
    if (!stopped && actor !== NUMBERING) later(tenantId)
  })

  return {
    async stop() {
      stopped = true
      const left = [...waiting.keys()]
      for (const timer of waiting.values()) clearTimeout(timer)
      for (const tenantId of left) round(tenantId)
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}
