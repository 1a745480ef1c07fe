import { type CallOptions, sendCalls } from '../resolvers/automation/call.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** Sends what workflows send to other systems, in the background, until it is stopped. */
export function startCalls(
  tenancy: Tenancy,
  { everyMs = 2000, ...options }: CallOptions & { everyMs?: number },
): { stop(): Promise<void> } {
  let running: Promise<void> | null = null
  let stopped = false

  async function rounds(): Promise<void> {
    while (!stopped && (await sendCalls(tenancy, options)) > 0);
  }

  function wake(): void {
    if (running || stopped) return
    running = rounds()
      .catch(options.onError)
      .finally(() => {
        running = null
      })
  }

  const timer = setInterval(wake, everyMs)
  wake()

  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      await running
    },
  }
}
