import { connect, type Socket } from 'node:net'
import { FAILED, type LoadJob, type LoadResult, message, resultOf } from './loadJob.ts'

const OK = 'HTTP/1.1 200'

/**
 * Load over connections that are kept, one request at a time on each. At a rate, requests have their turn at even distances; one whose turn comes while all
 * connections are busy waits, and its waiting counts.
 */
export async function bySockets({ url, requests, connections, seconds, rate }: LoadJob): Promise<LoadResult> {
  const { hostname, port, host } = new URL(url)
  const messages = requests.map((one) => message(one, host))
  const times: number[] = []
  const failures = { count: 0, one: null as string | null }
  const fail = (what: string) => {
    failures.count++
    failures.one ??= what
  }
  const waiting: number[] = []
  const idle: ((due: number) => void)[] = []
  let next = 0
  let until = Number.POSITIVE_INFINITY

  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname)
    socket.setNoDelay(true)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    let due = 0
    let data: Buffer | null = null
    const send = (at: number) => {
      due = at
      socket.write(messages[next++ % messages.length] as Buffer)
    }
    socket.on('data', (chunk) => {
      data = data ? Buffer.concat([data, chunk]) : chunk
      if (!isWhole(data)) return
      const now = performance.now()
      times.push(now - due)
      if (data.toString('latin1', 0, OK.length) !== OK || data.includes(FAILED)) fail(data.toString())
      data = null
      const later = waiting.shift()
      if (later !== undefined) send(later)
      else if (rate === undefined && now < until) send(now)
      else idle.push(send)
    })
    socket.on('error', (error) => fail(error.message))
    idle.push(send)
    return socket
  }

  const sockets = await Promise.all(Array.from({ length: connections }, open))
  const began = performance.now()
  try {
    if (rate === undefined) {
      until = began + seconds * 1000
      for (const send of idle.splice(0)) send(performance.now())
      await ended(() => idle.length === connections)
    } else {
      const total = Math.max(1, Math.round(rate * seconds))
      let sent = 0
      await ended(() => {
        for (; sent < total; sent++) {
          const due = began + (sent * 1000) / rate
          if (due > performance.now()) return false
          const send = idle.shift()
          if (send) send(due)
          else waiting.push(due)
        }
        return times.length >= total
      })
    }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  return resultOf(times, (performance.now() - began) / 1000, failures)

  /** Looks every millisecond. A server that does not answer is not waited for without end. */
  function ended(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const late = performance.now() - began > seconds * 2000 + 20_000
        if (!late && !done()) return
        clearInterval(timer)
        if (late) reject(new Error('The server does not answer.'))
        else resolve()
      }, 1)
    })
  }
}

/** Has an answer come to its end: by its length, or the last chunk. */
function isWhole(data: Buffer): boolean {
  const end = data.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /content-length: *(\d+)/i.exec(data.toString('latin1', 0, end))?.[1]
  if (length !== undefined) return data.length >= end + 4 + Number(length)
  return data.toString('latin1', data.length - 7) === '\r\n0\r\n\r\n'
}
