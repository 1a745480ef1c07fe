import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/*
 * npm run smoke: what the README promises a newcomer, done as it says: npm start in an empty home, the first queries of examples/queries,
 * Ctrl-C, and a second start that finds the data again. Says how long the first answer took and does not judge it:
 * a neighbour on the machine makes it three times as long. On a quiet machine it is to be 10 s at most.
 */
/** What has not come by then hangs. */
const PATIENCE_MS = 180_000
const home = mkdtempSync(join(tmpdir(), 'atrium-smoke-'))
const document = ['firstQueries', 'leadToPool', 'leadToReceipt']
  .map((name) => readFileSync(`examples/queries/${name}.graphql`, 'utf8'))
  .join('\n')

interface Demo {
  tenants: { slug: string; apiKey: string; users: { email: string; password: string; role: string }[] }[]
}
interface Page {
  accounts: { nodes: { name: string }[] }
}

/** The running server, also when something below fails. */
let server: ChildProcess | null = null
try {
  const { first, tenant } = await startInNewHome()
  const admin = tenant.users.find(({ role }) => role === 'admin')
  if (!admin) throw new Error('demo.json names no administrator.')

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
  await fromLeadToPool(first.url, tenant)
  await fromLeadToReceipt(first.url, tenant)
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

/** Starts in an empty home and asks for the first answer. */
async function startInNewHome(): Promise<{ first: { url: string }; tenant: Demo['tenants'][number] }> {
  const first = await startServer()
  const { tenants } = JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as Demo
  const [tenant] = tenants
  if (!tenant) throw new Error('demo.json names no company.')
  const { accounts } = await ask<Page>(first.url, tenant.apiKey, 'Accounts', { first: 3 })
  if (accounts.nodes.length !== 3) throw new Error(`Asked for 3 accounts, got ${accounts.nodes.length}.`)
  console.log(`First answer ${Date.now() - first.began} ms after npm start.`)
  return { first, tenant }
}

/** The README's story as its sales representative tells it. */
async function fromLeadToPool(url: string, tenant: Demo['tenants'][number]): Promise<void> {
  const rep = tenant.users.find(({ role }) => role === 'rep')
  if (!rep) throw new Error('demo.json names no sales representative.')
  const credentials = { tenant: tenant.slug, email: rep.email, password: rep.password }
  const { signIn } = await ask<{ signIn: { accessToken: string } }>(url, null, 'SignIn', credentials)
  const run = (operation: string, variables = {}, refused = false) =>
    // biome-ignore lint/suspicious/noExplicitAny: answers have the shape of the documents in examples/queries.
    ask<any>(url, signIn.accessToken, operation, variables, document, refused)
  const input = {
    firstName: '莲',
    lastName: '王',
    companyName: '莲花贸易有限公司',
    email: 'lian.wang@lotus.example',
    phone: '+8613800138000',
  }
  const { createLead } = await run('NewLead', { input })
  const twin = await run('NewLead', { input: { ...input, companyName: '莲花贸易' } }, true)
  const [warning] = twin.createLead.userErrors
  if (warning?.code !== 'DUPLICATE_DETECTED' || !warning.details.canOverride)
    throw new Error(`A second lead like the first one: ${JSON.stringify(twin)}`)
  const deal = { name: 'First order', closeDate: '2030-06-30', amount: { amount: '12000.00' } }
  const { convertLead } = await run('ConvertLead', { leadId: createLead.lead.id, deal })
  if (convertLead.lead?.status !== 'CONVERTED') throw new Error(`The conversion: ${JSON.stringify(convertLead)}`)
  const ids = [convertLead.account.id]
  await run('ReleaseToPool', { ids, reason: 'Moves to another region' })
  const { pools, accounts } = await run('PublicPool')
  if (!accounts.nodes.some(({ id }: { id: string }) => id === ids[0]))
    throw new Error('The customer is not in the pool.')
  const { claimFromPool } = await run('ClaimFromPool', { poolId: pools.nodes[0].id, ids })
  if (claimFromPool.results[0]?.record?.claimType !== 'CLAIMED')
    throw new Error(`The claim: ${JSON.stringify(claimFromPool)}`)
  const { account } = await run('History', { id: ids[0] })
  const reasons = account.ownershipRecords.nodes.map(({ reason }: { reason: string }) => reason).join()
  if (reasons !== 'RELEASE,CLAIM') throw new Error(`The customer's history: ${reasons}`)
  console.log('From a lead over a warning and a conversion to the pool and back, as the README says.')
}

/** The README's second story: a representative tells it, their manager approves, the administrator books. */
async function fromLeadToReceipt(url: string, tenant: Demo['tenants'][number]): Promise<void> {
  const tokens = new Map<string, string>()
  for (const { role, email, password } of tenant.users) {
    const credentials = { tenant: tenant.slug, email, password }
    const { signIn } = await ask<{ signIn: { accessToken: string } }>(url, null, 'SignIn', credentials)
    tokens.set(role, signIn.accessToken)
  }
  // biome-ignore lint/suspicious/noExplicitAny: answers have the shape of the documents in examples/queries.
  const run = async (role: string, operation: string, variables = {}): Promise<any> => {
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    const answer = await ask<any>(url, tokens.get(role) as string, operation, variables)
    return Object.values(answer)[0]
  }
  const lead = { firstName: '伟', lastName: '张', companyName: '长江机电有限公司', phone: '+8613900139000' }
  const { lead: made } = await run('rep', 'MakeLead', { input: lead })
  const deal = { name: 'Ten machines', closeDate: '2030-06-30' }
  const { opportunity } = await run('rep', 'MakeCustomer', { leadId: made.id, deal })
  const lines = [{ name: 'Machine', quantity: '10', unitPrice: { amount: '100.10' }, taxRate: '13' }]
  await run('rep', 'OfferProducts', { id: opportunity.id, lines })
  const { quote } = await run('rep', 'MakeQuote', { opportunityId: opportunity.id, validUntil: '2030-12-31' })
  await run('rep', 'SendQuote', { id: quote.id, to: ['buyer@customer.example'] })
  await run('rep', 'AcceptQuote', { id: quote.id, signedBy: '张伟' })
  await run('rep', 'WinDeal', { id: opportunity.id })
  const term = { quoteId: quote.id, startDate: '2026-01-01', endDate: '2030-12-31' }
  const { contract } = await run('rep', 'MakeContract', term)
  await run('rep', 'SubmitContract', { id: contract.id })
  const plans = { contractId: contract.id, count: 2, interval: 'MONTH', firstPercent: '30', firstDueDate: '2030-01-31' }
  await run('rep', 'PlanReceipts', { input: plans })
  const { user } = await run('manager', 'Me')
  const { nodes } = await run('manager', 'Inbox', { me: user.id })
  // The demo company has others that wait.
  const mine = nodes.find(
    (one: { instance: { record: { id?: string } | null } }) => one.instance.record?.id === contract.id,
  )
  await run('manager', 'Approve', { id: mine.id })
  const money = { contractId: contract.id, amount: { amount: '1000.00' }, receivedOn: '2026-06-30' }
  const { receipt } = await run('rep', 'RecordReceipt', { input: money })
  await run('admin', 'ConfirmReceipt', { id: receipt.id })
  const balance = await run('rep', 'Balance', { id: contract.id })
  if (balance.unreceivedAmount.amount !== '131.13') throw new Error(`The balance: ${JSON.stringify(balance)}`)
  await run('admin', 'ReverseReceipt', { id: receipt.id, reason: 'The bank took it back' })
  const after = await run('rep', 'Balance', { id: contract.id })
  if (after.receivedAmount.amount !== '0.00') throw new Error(`After the reversal: ${JSON.stringify(after)}`)
  console.log('From a lead over quote, contract, approval and receipt to its reversal, as the README says.')
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

/** What an operation answers; throws for an error, and for user errors unless it is to be `refused`. */
async function ask<T>(
  url: string,
  token: string | null,
  operationName: string | null,
  variables: object = {},
  query = document,
  refused = false,
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
  if (!answer.data || answer.errors || userErrors.length > 0 !== refused)
    throw new Error(`${operationName ?? query}: ${JSON.stringify(answer)}`)
  return answer.data
}
