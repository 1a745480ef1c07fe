import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Takes one line of progress for the person at the screen. */
export type Log = (line: string) => void

/**
 * A name for a running process that its successor under the same number does not share: `<pid>-<start time>`.
 * Null when there is no such process; one that has ended but was not yet collected counts as gone.
 */
export function processMark(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null
  try {
    if (process.platform !== 'linux') {
      const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
      return started ? `${pid}-${Date.parse(started) / 1000}` : null
    }
    // proc_pid_stat(5): the name in parentheses may hold anything; the state follows it, the start time is field 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${pid}-${fields[19]}`
  } catch {
    return null
  }
}

/** Whether the process that a mark of `processMark` names still runs. */
export function markAlive(mark: string): boolean {
  return processMark(Number.parseInt(mark, 10)) === mark
}

/** Whether the system knows the number at all, also for a process that has ended and was not collected. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The command line of a process, its parts joined by blanks; empty when it is gone or not ours to read. */
export function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

/** The folder in which a process is, where the system tells. */
export function folderOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until a process has ended. Gives false after `timeout` milliseconds. */
export async function waitGone(mark: string, timeout: number): Promise<boolean> {
  const until = Date.now() + timeout
  while (markAlive(mark)) {
    if (Date.now() > until) return false
    await sleep(10)
  }
  return true
}

/** Sends each signal in turn until the process has ended; throws when it survives them all. */
export async function end(mark: string, steps: readonly (readonly [NodeJS.Signals, number])[]): Promise<void> {
  for (const [name, timeout] of steps) {
    if (!markAlive(mark)) return
    signal(Number.parseInt(mark, 10), name)
    if (await waitGone(mark, timeout)) return
  }
  if (markAlive(mark)) throw new Error(`Process ${Number.parseInt(mark, 10)} does not end; stop it by hand.`)
}

const endWithUs = new Map<string, NodeJS.Signals>()

/** Has the process told to end when this one exits without having stopped it. Gives the way to take that back. */
export function tie(mark: string, name: NodeJS.Signals): () => void {
  if (endWithUs.size === 0) process.on('exit', endAll)
  endWithUs.set(mark, name)
  return function untie() {
    endWithUs.delete(mark)
    if (endWithUs.size === 0) process.off('exit', endAll)
  }
}

function endAll(): void {
  for (const [mark, name] of endWithUs) {
    if (markAlive(mark)) signal(Number.parseInt(mark, 10), name)
  }
}
