import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/*
 * npm run smoke: what the README promises a newcomer, done as it says: npm start in an empty home, the first queries of examples/queries,
 * Ctrl-C, and a second start that finds the data again. Fails when the first answer takes longer than 10 s.
 */
const LIMIT_MS = 10_000
const PATIENCE_MS = 60_000
const home = mkdtempSync(join(tmpdir(), 'atrium-smoke-'))
const document = readFileSync('examples/queries/firstQueries.graphql', 'utf8')

interface Demo {
  tenants: { slug: string; apiKey: string; users: { email: string; password: string; role: string }[] }[]
}
interface Page {
  accounts: { nodes: { name: string }[] }
}

/** The running server, also when something below fails. */
let server: ChildProcess | null = null
try {
  const first = await startServer()
  const { tenants } = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as Demo
  const tenant = tenants[0]
  const admin = tenant?.users.find(({ role }) => role === 'admin')
  if (!tenant || !admin) throw new Error('demo.json names no company with an administrator.')

  const { accounts } = await ask<Page>(first.url, tenant.apiKey, 'Accounts', { first: 3 })
  const took = Date.now() - first.began
  if (accounts.nodes.length !== 3) throw new Error(`Asked for 3 accounts, got ${accounts.nodes.length}.`)
  console.log(`First answer ${took} ms after npm start.`)
  if (took > LIMIT_MS) throw new Error(`The first answer took longer than ${LIMIT_MS} ms.`)

  const { signIn } = await ask<{ signIn: { accessToken: string } }>(first.url, null, 'SignIn', {
    tenant: tenant.slug,
    email: admin.email,
    password: admin.password,
  })
  const name = 'Smoke and Sons 烟记'
  const asked = { input: { name }, key: 'smoke-1' }
  const { createAccount } = await ask<{ createAccount: { account: { id: string } } }>(
    first.url,
    signIn.accessToken,
    'NewAccount',
    asked,
  )
  const again = await ask<{ createAccount: { account: { id: string } } }>(
    first.url,
    signIn.accessToken,
    'NewAccount',
    asked,
  )
  if (again.createAccount.account.id !== createAccount.account.id)
    throw new Error('The same idempotency key made a second account.')
  const { opportunityAggregate: groups } = await ask<{ opportunityAggregate: { count: number }[] }>(
    first.url,
    tenant.apiKey,
    'OpenByStage',
  )
  if (groups.length === 0) throw new Error('No open opportunities in the demo data.')
  await stopServer()

  const second = await startServer()
  const query = `{ accounts(where: { name: { eq: "${name}" } }) { nodes { name } } }`
  const kept = await ask<Page>(second.url, tenant.apiKey, null, {}, query)
  if (kept.accounts.nodes.length !== 1)
    throw new Error(`After the second start there are ${kept.accounts.nodes.length} accounts "${name}".`)
  await stopServer()
  console.log('Start, first queries, stop and second start work as the README says.')
} finally {
  await stopServer()
  rmSync(home, { recursive: true, force: true })
}

async function startServer(): Promise<{ url: string; began: number }> {
  const began = Date.now()
  const child = spawn('npm', ['start', '--', '--port', '0'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ATRIUM_HOME: home },
  })
  server = child
  const lines: string[] = []
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`npm start ${why}:\n${lines.join('\n')}`))
    const timer = setTimeout(fail, PATIENCE_MS, 'named no address')
    child.once('exit', (code) => fail(`ended with ${code}`))
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      const url = /Atrium listens on (\S+)/.exec(line)?.[1]
      if (!url) return
      clearTimeout(timer)
      resolve({ url, began })
    })
  })
}

/** What Ctrl-C in a terminal does: the signal goes to npm and to what it runs. */
async function stopServer(): Promise<void> {
  const child = server
  server = null
  if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) })
  process.kill(-child.pid, 'SIGINT')
  await ended
}

async function ask<T>(
  url: string,
  token: string | null,
  operationName: string | null,
  variables: object = {},
  query = document,
): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query, operationName, variables }),
  })
  const answer = (await response.json()) as { data?: T; errors?: unknown[] }
  const userErrors = Object.values(answer.data ?? {}).flatMap(
    (field) => (field as { userErrors?: unknown[] })?.userErrors ?? [],
  )
  if (!answer.data || answer.errors || userErrors.length > 0)
    throw new Error(`${operationName ?? query}: ${JSON.stringify(answer)}`)
  return answer.data
}
