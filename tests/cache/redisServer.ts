import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { freePort } from '../../src/cli/servers.ts'

/** A redis-server of a test's own, to be killed, frozen and started again on its port. */
export interface OwnRedis {
  url: string
  port: number
  start(): Promise<void>
  /** Ends it as a crash would; what it held is gone. */
  kill(): Promise<void>
  /** It takes connections and bytes and answers nothing. */
  freeze(): void
  thaw(): void
  /** A client for the test itself. */
  client(): Redis
  close(): Promise<void>
}

/** Starts one without a password on a free port. It keeps nothing, or in `folder` what SAVE has written, to start from. */
export async function ownRedis({ folder = '/' }: { folder?: string } = {}): Promise<OwnRedis> {
  const port = await freePort()
  let child: ChildProcess | null = null
  const clients: Redis[] = []
  const redis: OwnRedis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      child = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
        { stdio: 'ignore' },
      )
      const probe = new Redis(redis.url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
      probe.on('error', () => {})
      await probe.ping()
      probe.disconnect()
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    client() {
      const client = new Redis(redis.url)
      client.on('error', () => {})
      clients.push(client)
      return client
    },
    async close() {
      for (const client of clients) client.disconnect()
      await redis.kill()
    },
  }
  await redis.start()
  return redis
}

/** A wire between a client and a server that can be cut and mended. */
export async function wire(port: number): Promise<{ port: number; cut(): void; mend(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((from) => {
    if (!whole) {
      from.destroy()
      return
    }
    const to = connect({ port, host: '127.0.0.1' })
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    cut,
    mend() {
      whole = true
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
