import { type SocialOptions, workSocial } from '../resolvers/marketing/social/deliver.ts'
import type { Tenancy } from '../tenancy/tenancy.ts'

/** Publishes posts that are due and asks for their figures, in the background, until it is stopped. */
export function startSocial(
  tenancy: Tenancy,
  { everyMs = 2000, ...options }: SocialOptions & { everyMs?: number },
): { stop(): Promise<void> } {
  let running: Promise<void> | null = null
  let stopped = false

  async function rounds(): Promise<void> {
    while (!stopped && (await workSocial(tenancy, options)) > 0);
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
