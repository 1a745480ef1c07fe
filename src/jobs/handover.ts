import { moveBatch, openHandovers } from '../resolvers/identity/handoverBatch.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** How the worker's writes are told from others': its own are no reason to look for work. */
const ACTOR = 'job:'

/**
 * Moves one batch of each hand-over that is under way, in all companies, one after the other: one company's hundred thousand records do not delay another's
 * ten. Any number of processes may do so at once; a hand-over that another is moving at this moment is left to it. What a killed process left is found here.
 *
 * @param onError is told what stopped a batch; that hand-over is tried again by the next call, the others go on. Left out: it is thrown.
 * @returns how many batches were moved; 0: nothing is left to do.
 */
export async function handOverOnce(
  tenancy: Tenancy,
  onError: (error: unknown) => void = (error) => {
    throw error
  },
): Promise<number> {
  let batches = 0
  const tenants = await tenancy.withoutTenant((db) =>
    db.rows<{ id: string }>({ text: 'SELECT atrium.tenants_with_handover() AS id', values: [] }),
  )
  for (const { id: tenantId } of tenants) {
    const jobs = await tenancy.readTenant({ tenantId }, (db) => openHandovers(db, tenantId))
    for (const { id, startedBy } of jobs) {
      try {
        const did = await tenancy.writeTenant({ tenantId, userId: startedBy, actor: `${ACTOR}${id}` }, (db) =>
          moveBatch(db, tenantId, id),
        )
        if (did) batches++
      } catch (error) {
        onError(error)
      }
    }
  }
  return batches
}

/** Settings of the worker. */
export interface HandoverOptions {
  /** Between looks without a write of this process, milliseconds: for what other processes started or left. */
  everyMs?: number
  /** From a write to the look for work that it may have caused, milliseconds. */
  delay?: number
  onError: (error: unknown) => void
}

/** Works off hand-overs in the background, soon after they are started and after a restart. */
export function startHandoverWork(
  tenancy: Tenancy,
  { everyMs = 10_000, delay = 200, onError }: HandoverOptions,
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
    running = work().catch(onError)
    void running.finally(() => {
      running = null
      if (again && !stopped) wake()
    })
  }

  async function work(): Promise<void> {
    while (!stopped && (await handOverOnce(tenancy, onError)) > 0);
  }

  tenancy.onWritten(({ actor }) => {
    if (stopped || waiting || actor?.startsWith(ACTOR)) return
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
