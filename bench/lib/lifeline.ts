import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A child ends when this process is killed without a chance to say so: the channel between them closes. */
const LIFELINE = `data:text/javascript,${encodeURIComponent(
  "process.once('disconnect', () => process.kill(process.pid, 'SIGTERM')); process.channel?.unref()",
)}`
/** How long a child may take to end by itself. */
const GRACE_MS = 10_000

/** Starts a Node program that lives no longer than this one; in a group of its own, so that Ctrl-C reaches it through us alone. */
export function spawnNode(
  file: string,
  {
    env,
    stdio,
    args = [],
    flags = [],
  }: { env?: NodeJS.ProcessEnv; stdio: SpawnOptions['stdio']; args?: string[]; flags?: string[] },
): ChildProcess {
  return spawn(process.execPath, [...flags, '--import', LIFELINE, file, ...args], {
    ...(env ? { env } : {}),
    stdio: [...(stdio as []), 'ipc'],
    detached: true,
  })
}

/** Ends a child and waits for it. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await closed
  clearTimeout(timer)
}
