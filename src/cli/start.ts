import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { announceMails } from '../events/mail.ts'
import { migrate } from '../tenancy/migrate.ts'
import type { DemoFile } from './demo/load.ts'
import { type Surroundings, surroundings } from './surroundings.ts'

/** `atrium start`: servers, migrations, demo companies on the first start, then the API until a signal ends it. */
export async function start({ port, demo }: { port?: number; demo: boolean }): Promise<void> {
  const began = Date.now()
  const say = (line: string) => console.log(line)
  // A signal that comes while we start ends the start, not just the process: servers must not stay behind.
  let ending: Promise<void> | null = null
  let app: Awaited<ReturnType<typeof createApp>> | null = null
  const end = () => {
    ending ??= (async () => {
      say('Stopping …')
      await app?.close().catch((error: unknown) => console.error(error))
      await arriving.then(
        (one) => one.stop(),
        () => {},
      )
    })()
    return ending
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end())
  const arriving = surroundings({ redis: true, log: () => {} })
  // The schema is put together here while the database is made ready over there.
  const loading = import('../app.ts')
  loading.catch(() => {})
  try {
    const around = await arriving
    if (ending) return await ending
    if (around.ownerUrl) {
      const { applied } = await migrate(around.ownerUrl, { appUrl: around.databaseUrl })
      if (applied.length > 0) say(`Database brought up to date: ${applied.length} migrations.`)
    } else say('DATABASE_OWNER_URL is not set: the database is taken as it is; run atrium migrate where it is.')
    if (ending) return await ending
    const config = readConfig({
      ...process.env,
      DATABASE_URL: around.databaseUrl,
      DATABASE_OWNER_URL: around.ownerUrl ?? undefined,
      REDIS_URL: around.redisUrl ?? '',
      ATRIUM_SECRET: around.secret,
      ...(port === undefined ? {} : { PORT: String(port) }),
    })
    app = await (await loading).createApp(config)
    // Not in the log, which holds no addresses: for the one who watches the terminal.
    if (!config.smtpUrl && process.env.NODE_ENV !== 'production')
      announceMails(app.tenancy, (to) => say(`A mail waits for ${to}: set SMTP_URL.`))
    const file = demo ? await demoFile(around, app, say) : null
    if (ending) return await ending
    const url = await app.listen()
    if (file) await keep(around, { ...file, url })
    greet(url, around, file, Date.now() - began)
  } catch (error) {
    // What fails because its server is being stopped is no news.
    if (!ending) {
      await end()
      throw error
    }
    await ending
    // It may have come to life when its end had begun.
    await app?.close().catch(() => {})
  }
}

const demoPath = (around: Surroundings) => join(around.home, 'demo.json')

/** What stands in demo.json: made on the first start, completed by a second one when the first was killed. Null when there are no demo companies. */
async function demoFile(
  around: Surroundings,
  app: Awaited<ReturnType<typeof createApp>>,
  say: (line: string) => void,
): Promise<DemoFile | null> {
  const { loadDemo, newDemoFile, readDemoFile, tenantExists } = await import('./demo/load.ts')
  const known = await readDemoFile(demoPath(around))
  if (!known && (!around.embedded || (await tenantExists(app.tenancy, 'acme')))) return null
  const file = known ?? newDemoFile()
  if (!known) {
    say('Making two demo companies …')
    await keep(around, file)
  }
  await loadDemo(app.tenancy, file)
  return file
}

async function keep(around: Surroundings, file: DemoFile): Promise<void> {
  await mkdir(around.home, { recursive: true })
  const path = demoPath(around)
  const half = `${path}.${process.pid}`
  try {
    await writeFile(half, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
    await rename(half, path)
  } finally {
    await rm(half, { force: true })
  }
}

function greet(url: string, around: Surroundings, file: DemoFile | null, took: number): void {
  const lines = [
    '',
    `Atrium listens on ${url} (started in ${(took / 1000).toFixed(1)} s)`,
    `  GraphQL     ${url}/graphql`,
    `  Explorer    ${url}/`,
    `  Database    ${around.embedded ? `embedded PostgreSQL in ${around.home}` : 'as DATABASE_URL says'}`,
    `  Cache       ${around.redisUrl ? (process.env.REDIS_URL ? 'Redis as REDIS_URL says' : 'a private redis-server') : "in this process's memory: no redis-server on the PATH"}`,
  ]
  const tenant = file?.tenants[0]
  if (file && tenant) {
    const admin = tenant.users.find(({ role }) => role === 'admin')
    lines.push(
      `  Companies   ${file.tenants.map(({ slug, name }) => `${slug} (${name})`).join(', ')}; users, passwords and keys in ${demoPath(around)}`,
      '',
      'Sign in:',
      `  mutation { signIn(input: { tenant: "${tenant.slug}", email: "${admin?.email}", password: "${admin?.password}" }) { accessToken userErrors { message } } }`,
      'A first query, with the API key:',
      `  curl -s ${url}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer ${tenant.apiKey}' \\`,
      `    -d '{"query":"{ accounts(first: 3) { nodes { name contacts(first: 2) { nodes { fullName } } opportunities { totalCount { value } } } } }"}'`,
    )
  } else {
    lines.push('', 'Make a company: npx atrium tenant create --slug acme --name "Acme" --admin-email you@example.com')
  }
  lines.push('', 'Ctrl-C stops everything.')
  console.log(lines.join('\n'))
}
