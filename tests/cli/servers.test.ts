import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import pg from 'pg'
import { processMark, waitGone } from '../../src/cli/servers/process.ts'
import { endOrphans, freePort, homeSecrets, startPostgres, startRedis } from '../../src/cli/servers.ts'

const MODULE = new URL('../../src/cli/servers.ts', import.meta.url).href

const FOLDER = process.env.ATRIUM_TEST_FOLDER ?? tmpdir()

let home: string
let undo: (() => Promise<unknown>)[]

beforeEach(async () => {
  home = await mkdtemp(join(FOLDER, 'atrium-servers-'))
  undo = [() => rm(home, { recursive: true, force: true }), () => endOrphans(home)]
})

afterEach(async () => {
  for (const step of undo.reverse()) await step()
})

describe('startPostgres', () => {
  it('makes a database which the owner owns and the application only uses', async () => {
    const server = await start()
    expect(await rows(server.ownerUrl, ABOUT)).toEqual([
      { role: 'atrium_owner', super: false, bypass: false, createrole: true, owner: 'atrium_owner', ...CLUSTER },
    ])
    expect(await rows(server.appUrl, ABOUT)).toEqual([
      { role: 'atrium_app', super: false, bypass: false, createrole: false, owner: 'atrium_owner', ...CLUSTER },
    ])
    await expect(rows(server.appUrl, 'CREATE TABLE t ()')).rejects.toThrow('permission denied')
  })

  it('lets nobody in without a password and listens on the loopback alone', async () => {
    const server = await start()
    const url = new URL(server.ownerUrl)
    url.password = 'wrong'
    await expect(rows(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed')
    expect(await rows(server.adminUrl, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    const methods = await rows(server.adminUrl, 'SELECT DISTINCT auth_method FROM pg_hba_file_rules')
    expect(methods).toEqual([{ auth_method: 'scram-sha-256' }])
  })

  it('keeps secrets and messages from other users of the machine', async () => {
    const server = await start()
    for (const name of ['secrets.json', 'postgres.log']) {
      expect((await stat(join(home, name))).mode & 0o777).toBe(0o600)
    }
    expect((await homeSecrets(home)).secret).toMatch(/^[\w-]{43}$/)
    expect(await readFile(join(home, 'postgres.log'), 'utf8')).not.toContain((await homeSecrets(home)).owner)
    await server.stop()
  })

  it('finds data and port again at the second start', async () => {
    const first = await start()
    await rows(first.ownerUrl, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    await expect(rows(first.ownerUrl, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
    const second = await start()
    expect(second.port).toBe(first.port)
    expect(await rows(second.ownerUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('takes another port when its own is taken', async () => {
    const first = await start()
    await first.stop()
    const squatter = createServer().listen(first.port, '127.0.0.1')
    undo.push(async () => squatter.close())
    await once(squatter, 'listening')
    const second = await start()
    expect(second.port).not.toBe(first.port)
  })

  it('recovers, with what was committed, after the process that started it was killed', async () => {
    const { child, postgres } = await startElsewhere()
    await rows(postgres.ownerUrl, 'CREATE TABLE kept AS SELECT 42 AS answer')
    const orphan = await postmaster()
    await kill(child)
    expect(processMark(orphan.pid)).toBe(orphan.mark)

    const server = await start()
    expect(processMark(orphan.pid)).not.toBe(orphan.mark)
    expect(await rows(server.ownerUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('recovers when the database itself was killed as well', async () => {
    const { child, postgres } = await startElsewhere()
    await rows(postgres.ownerUrl, 'CREATE TABLE kept AS SELECT 42 AS answer')
    const { pid, mark } = await postmaster()
    process.kill(pid, 'SIGKILL')
    await kill(child)
    await waitGone(mark!, 5000)
    const server = await start()
    expect(await rows(server.ownerUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('never ends a stranger whose number stands in a stale postmaster.pid', async () => {
    await (await start()).stop()
    const stranger = spawn('sleep', ['60'])
    undo.push(() => kill(stranger))
    await writeFile(
      join(home, 'postgres', 'postmaster.pid'),
      `${stranger.pid}\n${join(home, 'postgres')}\n0\n1\n\n\n\n`,
    )
    const server = await start()
    expect(await rows(server.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(processMark(stranger.pid!)).not.toBeNull()
  })

  it('never ends the PostgreSQL of another home whose number stands there', async () => {
    const other = await mkdtemp(join(FOLDER, 'atrium-servers-'))
    const neighbour = await startPostgres(other)
    undo.push(async () => {
      await neighbour.stop()
      await rm(other, { recursive: true })
    })
    await (await start()).stop()
    const lock = await readFile(join(other, 'postgres', 'postmaster.pid'), 'utf8')
    await writeFile(join(home, 'postgres', 'postmaster.pid'), lock)
    const server = await start()
    expect(server.port).not.toBe(neighbour.port)
    expect(await rows(neighbour.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(await rows(server.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('refuses a home that another process uses, or shares its server when asked to', async () => {
    const { child, postgres } = await startElsewhere()
    await expect(startPostgres(home)).rejects.toThrow(`is in use by process ${child.pid}`)
    await expect(startRedis(home)).rejects.toThrow(`is in use by process ${child.pid}`)
    const shared = await startPostgres(home, { share: true })
    expect(shared.ownerUrl).toBe(postgres.ownerUrl)
    await shared.stop()
    expect(await rows(postgres.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('lets one of two first starts at once win and tells the other', async () => {
    const starts = await Promise.allSettled([startPostgres(home), startPostgres(home)])
    const winners = starts.filter((result) => result.status === 'fulfilled')
    for (const { value } of winners) undo.push(() => value.stop())
    expect(winners).toHaveLength(1)
    const loser = starts.find((result) => result.status === 'rejected')
    expect(String(loser?.reason)).toContain('is in use by process')
    expect(await rows(winners[0]!.value.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect((await readdir(home)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('ends with the process that started it, also when nobody called stop', async () => {
    const { child } = await startElsewhere()
    const { mark } = await postmaster()
    child.stdin?.end()
    await once(child, 'exit')
    expect(await waitGone(mark!, 10_000)).toBe(true)
  })

  it('says that the secrets are missing rather than making others', async () => {
    await (await start()).stop()
    await unlink(join(home, 'secrets.json'))
    await expect(startPostgres(home)).rejects.toThrow('secrets.json is missing')
    await writeFile(join(home, 'secrets.json'), '{')
    await expect(startPostgres(home)).rejects.toThrow('secrets.json is damaged')
  })

  it('passes on what PostgreSQL says when it does not start', async () => {
    await expect(startPostgres(home, { settings: { nonsense: '1' } })).rejects.toThrow(
      /PostgreSQL does not start: .*"nonsense"/,
    )
  })
})

describe('startRedis', () => {
  it('starts a Redis that wants a password, keeps nothing and ends with stop', async () => {
    const server = await startRedis(home)
    undo.push(() => server!.stop())
    const redis = new Redis(server!.url)
    try {
      expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru'])
      expect(await redis.config('GET', 'save')).toEqual(['save', ''])
      expect(await redis.config('GET', 'maxmemory')).toEqual(['maxmemory', String(256 * 1024 * 1024)])
    } finally {
      redis.disconnect()
    }
    const port = Number(new URL(server!.url).port)
    expect(await ask(port, 'PING\r\nQUIT\r\n')).toContain('NOAUTH')
    await server!.stop()
    await expect(ask(port, 'PING\r\n')).rejects.toThrow('ECONNREFUSED')
  })

  it('ends the Redis that a killed process left behind and starts on the same port', async () => {
    const { child, redis } = await startElsewhere()
    const state = JSON.parse(await readFile(join(home, 'redis.json'), 'utf8'))
    await kill(child)
    expect(processMark(Number.parseInt(state.server, 10))).toBe(state.server)
    const server = await startRedis(home)
    undo.push(() => server!.stop())
    expect(processMark(Number.parseInt(state.server, 10))).not.toBe(state.server)
    expect(new URL(server!.url).port).toBe(new URL(redis!.url).port)
  })

  it('gives null where the machine has no Redis', async () => {
    const path = process.env.PATH
    process.env.PATH = home
    try {
      expect(await startRedis(home)).toBeNull()
    } finally {
      process.env.PATH = path
    }
  })
})

describe('freePort', () => {
  it('gives a port on which one can listen', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1')
    await once(server, 'listening')
    server.close()
  })
})

const CLUSTER = { encoding: 'UTF8', provider: 'i', locale: 'und', checksums: 'on', zone: 'UTC', connections: '100' }
const ABOUT = `
  SELECT rolname AS role, rolsuper AS super, rolbypassrls AS bypass, rolcreaterole AS createrole,
         pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, datlocprovider AS provider,
         datlocale AS locale, current_setting('data_checksums') AS checksums, current_setting('timezone') AS zone,
         current_setting('max_connections') AS connections
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`

async function start() {
  const server = await startPostgres(home)
  undo.push(() => server.stop())
  return server
}

interface Elsewhere {
  child: ChildProcess
  postgres: { ownerUrl: string }
  redis: { url: string } | null
}

/** Starts both servers in a process of its own, which lives until its standard input ends or it is killed. */
async function startElsewhere(): Promise<Elsewhere> {
  const code = `import { startPostgres, startRedis } from ${JSON.stringify(MODULE)}
    const [postgres, redis] = await Promise.all([startPostgres(process.argv[1]), startRedis(process.argv[1])])
    console.log(JSON.stringify({ postgres, redis }))
    process.stdin.on('end', () => process.exit()).resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  undo.push(() => kill(child))
  const [line] = await once(child.stdout!.setEncoding('utf8'), 'data')
  return { child, ...JSON.parse(line) }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function postmaster(): Promise<{ pid: number; mark: string | null }> {
  const pid = Number.parseInt(await readFile(join(home, 'postgres', 'postmaster.pid'), 'utf8'), 10)
  return { pid, mark: processMark(pid) }
}

function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text))
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(answer))
  })
}

async function rows(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
