import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { processMark, waitGone } from '../../src/cli/servers/process.ts'
import { endOrphans, freePort } from '../../src/cli/servers.ts'
import { until } from '../cache/model.ts'
import { SIGN_IN } from '../support/people.ts'
import { launch, postmasterOf, type Server, startAtrium } from './atrium.ts'
import { type Call, client, done, effects, inParallel, type Outcome, prepare, type Write, writes } from './load.ts'

jest.setTimeout(300_000)

let home: string
let port: number
let server: Server
let demo: { text: string; url: string; apiKey: string; email: string; password: string }

const demoText = () => readFile(join(home, 'demo.json'), 'utf8')

/** As the demo company's administrator, by the credentials that the server left in demo.json. */
async function signedIn(): Promise<Call> {
  const anonymous = client(
    () => server.url,
    () => null,
  )
  const { data } = await anonymous(SIGN_IN, { input: { tenant: 'acme', email: demo.email, password: demo.password } })
  expect(data.signIn.userErrors).toEqual([])
  return client(
    () => server.url,
    () => data.signIn.accessToken,
  )
}

beforeAll(async () => {
  home = await mkdtemp(join(process.env.ATRIUM_TEST_FOLDER ?? tmpdir(), 'atrium-kill-'))
  port = await freePort()
  server = await startAtrium(home, port)
  const text = await demoText()
  const { url, tenants } = JSON.parse(text)
  const { email, password } = tenants[0].users.find(({ role }: { role: string }) => role === 'admin')
  demo = { text, url, apiKey: tenants[0].apiKey, email, password }
})

afterAll(async () => {
  await server?.stop()
  await endOrphans(home)
  await rm(home, { recursive: true, force: true })
})

describe('the first start', () => {
  it('answers at the address in demo.json, to every user and key that stands there', async () => {
    expect(demo.url).toBe(server.url)
    const asked = await fetch(demo.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    })
    expect(await asked.json()).toMatchObject({ data: { __typename: 'Query' } })
    const { tenants } = JSON.parse(demo.text)
    expect(tenants.map(({ slug }: { slug: string }) => slug)).toEqual(['acme', 'globex'])
    for (const { slug, apiKey, users } of tenants) {
      const { data } = await client(
        () => server.url,
        () => apiKey,
      )('{ viewer { tenant { slug } } accounts(first: 3) { nodes { name } } }')
      expect(data).toMatchObject({ viewer: { tenant: { slug } }, accounts: { nodes: [{}, {}, {}] } })
      expect(users.map(({ role }: { role: string }) => role).sort()).toEqual(['admin', 'manager', 'readonly', 'rep'])
      for (const { email, password, role } of users) {
        const signed = await client(
          () => server.url,
          () => null,
        )(SIGN_IN, { input: { tenant: slug, email, password } })
        const who = await client(
          () => server.url,
          () => signed.data.signIn.accessToken,
        )('{ viewer { roles user { email } } }')
        expect(who.data.viewer).toEqual({ roles: [role], user: { email } })
      }
    }
  })

  it('refuses a second start on the same home with one sentence, and goes on', async () => {
    const other = await freePort()
    const error = await startAtrium(home, other).then(
      () => null,
      (reason: Error) => reason.message,
    )
    expect(error).toMatch(/is in use by process \d+: stop it, or set ATRIUM_HOME\./)
    expect(error?.trim()).toMatch(/^atrium start ended: .*\.$/)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })
})

describe.each(['the server', 'the server and its PostgreSQL'])(
  'after kill -9 of %s in the middle of 500 writes',
  (who) => {
    it('everything that was acknowledged is there, nothing is half done, and every retried write has its effect once', async () => {
      const run = who === 'the server' ? 'first' : 'second'
      let call = await signedIn()
      const ground = await prepare(call, run)
      const jobs = writes(run, ground)
      const outcomes = new Map<Write, Outcome>()
      let acknowledged = 0
      let killing: Promise<unknown> | null = null
      const kill = async () => {
        const database = await postmasterOf(home)
        const mark = processMark(database) as string
        const gone = server.kill()
        if (who !== 'the server') {
          process.kill(database, 'SIGKILL')
          await waitGone(mark, 60_000)
        }
        await gone
      }
      await inParallel(jobs, 20, async (job) => {
        const outcome = await call(job.query, job.variables, job.key)
        outcomes.set(job, outcome)
        if (done(outcome, job)) acknowledged++
        if (acknowledged === 180) killing ??= kill()
      })
      await killing
      const sure = jobs.filter((job) => done(outcomes.get(job) as Outcome, job))
      // It came in the middle: some were done, some were under way, most of the rest never got there.
      expect(sure.length).toBeGreaterThanOrEqual(180)
      expect(sure.length).toBeLessThan(jobs.length)
      // Nobody was told of a failure that was none of the kill's.
      expect([...outcomes.values()].filter(({ status }) => status !== 200 && status !== 0)).toEqual([])

      server = await startAtrium(home, port)
      expect(await demoText()).toBe(demo.text)
      call = await signedIn()
      const found = await effects(call, run, ground)
      expect(found.half).toEqual([])
      for (const { name } of sure) expect([name, found.times.get(name)]).toEqual([name, 1])
      for (const { name } of jobs) expect(found.times.get(name) ?? 0).toBeLessThanOrEqual(1)

      const again = new Map<Write, Outcome>()
      await inParallel(jobs, 10, async (job) => void again.set(job, await call(job.query, job.variables, job.key)))
      for (const job of jobs) {
        const outcome = again.get(job) as Outcome
        expect([job.name, done(outcome, job)]).toEqual([job.name, true])
        expect([job.name, outcome.replayed]).toEqual([job.name, found.times.has(job.name)])
        if (sure.includes(job)) expect(outcome.data).toEqual(outcomes.get(job)?.data)
      }
      const after = await effects(call, run, ground)
      expect(after.half).toEqual([])
      expect([...after.times].filter(([, times]) => times !== 1)).toEqual([])
      expect(after.times.size).toBe(jobs.length)
    })
  },
)

describe('SIGTERM under load', () => {
  it('lets what is running finish, refuses the rest, and ends with 0; the next start has all that was acknowledged', async () => {
    const run = 'third'
    let call = await signedIn()
    const ground = await prepare(call, run)
    const jobs = writes(run, ground)
    const outcomes = new Map<Write, Outcome>()
    let asked: number | null = null
    let acknowledged = 0
    await inParallel(
      jobs,
      20,
      async (job) => {
        const outcome = await call(job.query, job.variables, job.key)
        outcomes.set(job, outcome)
        if (done(outcome, job)) acknowledged++
        if (acknowledged === 150 && asked === null) {
          asked = performance.now()
          server.launcher.kill('SIGTERM')
        }
      },
      () => outcomes.size - acknowledged > 100,
    )
    const { code, signal, err } = await server.ended
    expect([code, signal, err]).toEqual([0, null, ''])
    const failed = [...outcomes].filter(([job, outcome]) => !done(outcome, job)).map(([, outcome]) => outcome)
    for (const { sentAt, status, failure, errors } of failed) {
      // A refusal says so and that one may come back; a closed door is met by those alone who came after the signal.
      if (status === 503) expect(errors[0].extensions.code).toBe('SERVICE_UNAVAILABLE')
      else
        expect([failure, sentAt > (asked as unknown as number)]).toEqual([
          expect.stringMatching(/ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET|EPIPE/),
          true,
        ])
    }

    server = await startAtrium(home, port)
    call = await signedIn()
    const found = await effects(call, run, ground)
    expect(found.half).toEqual([])
    for (const [job, outcome] of outcomes)
      expect([job.name, found.times.get(job.name) ?? 0]).toEqual([job.name, done(outcome, job) ? 1 : 0])
  })

  it('ends it with 0 when it comes twice, and when it comes during a start, and leaves nothing running', async () => {
    server.launcher.kill('SIGTERM')
    server.launcher.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)

    // In the middle of a start: when the database has begun to start, and somewhat later.
    for (const wait of [0, 150, 400]) {
      const { child, ended } = launch(['start', '--port', String(port)], { ATRIUM_HOME: home })
      await until(async () => (await postmasterOf(home).catch(() => 0)) > 0)
      const mark = processMark(await postmasterOf(home)) as string
      await new Promise((resolve) => setTimeout(resolve, wait))
      child.kill('SIGTERM')
      const { code, err } = await ended
      expect([wait, code, err, await waitGone(mark, 60_000)]).toEqual([wait, 0, '', true])
    }

    server = await startAtrium(home, port)
    expect(await demoText()).toBe(demo.text)
  })
})
