import { readdirSync, readFileSync } from 'node:fs'

/** Of the clock in which Linux counts CPU time, a second has a hundred. */
const TICK_MS = 10

/** Fields of /proc/<pid>/stat from the third on (proc_pid_stat(5)); null when the process is gone. */
function stat(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

const own = (fields: string[] | null) => (fields ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : 0)

/** CPU time of a process so far, in milliseconds; 0 when it is gone. */
export function processCpu(pid: number): number {
  return own(stat(pid))
}

/** CPU time of a process and its children so far, those that have ended too, in milliseconds. */
export function familyCpu(pid: number): number {
  const fields = stat(pid)
  let sum = own(fields) + (fields ? (Number(fields[13]) + Number(fields[14])) * TICK_MS : 0)
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const child = stat(Number(name))
    if (child && Number(child[1]) === pid) sum += own(child)
  }
  return sum
}

/** Memory of a process that lies in RAM, in MB; 0 when it is gone. */
export function memory(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
