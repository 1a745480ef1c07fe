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
  const running = new Set<Promise<void>>()
  let stopped = false

  function round(tenantId: string): void {
    waiting.delete(tenantId)
    const work = numberNow(tenancy, tenantId).then(() => {}, onError)
    running.add(work)
    void work.finally(() => running.delete(work))
  }

  tenancy.onWritten(({ tenantId, actor }) => {
    if (stopped || actor === NUMBERING || waiting.has(tenantId)) return
    waiting.set(tenantId, setTimeout(round, delay, tenantId))
  })

  return {
    async stop() {
      stopped = true
      const left = [...waiting.keys()]
      for (const timer of waiting.values()) clearTimeout(timer)
      for (const tenantId of left) round(tenantId)
      await Promise.all(running)
    },
  }
}
