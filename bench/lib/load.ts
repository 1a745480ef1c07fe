/**
 * The load, a process of its own: takes one `LoadJob` from its parent's channel at a time and answers with a `LoadResult` or a sentence. Measured at full speed by
 * wrk or autocannon; warmed up, and driven at a fixed rate, by sockets of our own, because autocannon sends a second's requests at the second's beginning and
 * wrk knows no rates.
 */
import { byAutocannon } from './loadAutocannon.ts'
import type { LoadJob } from './loadJob.ts'
import { bySockets } from './loadSockets.ts'
import { byWrk } from './loadWrk.ts'

const WAYS = { wrk: byWrk, autocannon: byAutocannon, sockets: bySockets }

process.on('message', async (job: LoadJob) => {
  try {
    process.send?.({ result: await WAYS[job.by](job) })
  } catch (error) {
    process.send?.({ error: (error as Error).message })
  }
})
// The channel is what keeps it alive.
process.channel?.ref()
