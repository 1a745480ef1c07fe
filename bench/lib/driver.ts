import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endChild, spawnNode } from './lifeline.ts'
import type { LoadJob, LoadResult } from './loadJob.ts'

/** The process that makes the load. */
export interface Driver {
  /** Throws when answers fail: such figures mean nothing. One job at a time. */
  run(job: LoadJob): Promise<LoadResult>
  stop(): Promise<void>
}

export function startDriver(): Driver {
  const child = spawnNode(fileURLToPath(new URL('load.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const gone = once(child, 'exit').then(() => [{ error: 'The process of the load has ended.' }])
  return {
    async run(job) {
      const answer = once(child, 'message')
      child.send(job)
      const [message] = (await Promise.race([answer, gone])) as [{ result: LoadResult } | { error: string }]
      if ('error' in message) throw new Error(message.error)
      return message.result
    },
    stop: () => endChild(child),
  }
}
