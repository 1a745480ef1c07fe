import { Redis } from 'ioredis'
import pg from 'pg'
import { readPreviousSecret } from '../config.ts'
import { pending } from '../tenancy/migrate.ts'
import { openTenancy, roleProblems } from '../tenancy/tenancy.ts'
import { surroundings } from './surroundings.ts'

/** One thing looked at. */
interface Finding {
  check: string
  ok: boolean
  /** What was seen and, when it is not right, what to do. */
  message: string
}

/** `atrium doctor`: looks at what Atrium stands on and says what to do. Exit code 1 when something is wrong. Changes nothing. */
export async function doctor({ json }: { json?: boolean }): Promise<void> {
  const around = await surroundings({ share: true, redis: false })
  try {
    const findings = [
      ...nodeVersion(),
      ...(await role(around.databaseUrl)),
      ...(await database(around.ownerUrl)),
      ...(await redis(around.redisUrl)),
      ...secret(around.secret),
    ]
    if (json) console.log(JSON.stringify(findings, null, 2))
    else for (const { ok, check, message } of findings) console.log(`${ok ? 'ok   ' : 'WRONG'}  ${check}: ${message}`)
    if (findings.some(({ ok }) => !ok)) process.exitCode = 1
  } finally {
    await around.stop()
  }
}

function nodeVersion(): Finding[] {
  const ok = Number(process.versions.node.split('.')[0]) >= 24
  return [
    {
      check: 'Node',
      ok,
      message: ok ? process.versions.node : `${process.versions.node}; run npm ci, which brings Node 24.`,
    },
  ]
}

function secret(text: string): Finding[] {
  const check = 'Secret'
  if (text.length < 32) {
    const message = 'set ATRIUM_SECRET to at least 32 random characters, the same for all processes.'
    return [{ check, ok: false, message }]
  }
  try {
    const previous = readPreviousSecret(process.env, text)
    const until = previous?.until.toISOString()
    return [{ check, ok: true, message: until ? `long enough; the previous one counts until ${until}` : 'long enough' }]
  } catch (error) {
    return [{ check, ok: false, message: said(error) }]
  }
}

async function role(databaseUrl: string): Promise<Finding[]> {
  const tenancy = openTenancy({ databaseUrl, poolSize: 1 })
  try {
    const problems = await roleProblems(tenancy)
    return [
      {
        check: 'Application role',
        ok: problems.length === 0,
        message: problems.join(' ') || 'no superuser, no BYPASSRLS, owns nothing',
      },
    ]
  } catch (error) {
    return [{ check: 'Application role', ok: false, message: `DATABASE_URL does not answer: ${said(error)}` }]
  } finally {
    await tenancy.close()
  }
}

const said = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error))

async function database(ownerUrl: string | null): Promise<Finding[]> {
  if (!ownerUrl) {
    return [
      {
        check: 'Owner connection',
        ok: false,
        message: 'set DATABASE_OWNER_URL here to look at tables and migrations.',
      },
    ]
  }
  const client = new pg.Client({ connectionString: ownerUrl })
  try {
    await client.connect()
  } catch (error) {
    return [{ check: 'Owner connection', ok: false, message: `DATABASE_OWNER_URL does not answer: ${said(error)}` }]
  }
  try {
    const findings: Finding[] = []
    const { rows: versions } = await client.query<{ number: string }>(
      `SELECT current_setting('server_version_num') AS number`,
    )
    const version = Number(versions[0]?.number)
    findings.push({
      check: 'PostgreSQL',
      ok: version >= 150000,
      message: version >= 150000 ? String(Math.floor(version / 10000)) : 'older than 15; upgrade it.',
    })
    const missing = await pending(ownerUrl).catch((error: unknown) => said(error))
    if (typeof missing === 'string') findings.push({ check: 'Migrations', ok: false, message: missing })
    else
      findings.push({
        check: 'Migrations',
        ok: missing.length === 0,
        message: missing.length === 0 ? 'all applied' : `${missing.length} not applied; run atrium migrate.`,
      })
    const { rows: open } = await client.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
 AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1`,
    )
    const names = open.map(({ name }) => name).join(', ')
    findings.push({
      check: 'Row security',
      ok: open.length === 0,
      message:
        open.length === 0
          ? 'forced, with a policy, on every table'
          : `not forced on ${names}; call atrium.tenant_table for them in a migration.`,
    })
    const { rows: clock } = await client.query<{ drift: string }>(
      `SELECT extract(epoch FROM clock_timestamp()) * 1000 AS drift`,
    )
    const drift = Math.abs(Number(clock[0]?.drift) - Date.now())
    findings.push({
      check: 'Clock',
      ok: drift < 5000,
      message:
        drift < 5000
          ? `${Math.round(drift)} ms apart from the database`
          : `${Math.round(drift / 1000)} s apart from the database; set both by NTP, tokens depend on it.`,
    })
    return findings
  } finally {
    await client.end()
  }
}

async function redis(url: string | null): Promise<Finding[]> {
  if (!url)
    return [
      {
        check: 'Redis',
        ok: true,
        message: 'none named: the cache is in memory, which serves one process only; set REDIS_URL for more.',
      },
    ]
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 2000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown version'
    return [{ check: 'Redis', ok: true, message: version }]
  } catch (error) {
    return [{ check: 'Redis', ok: false, message: `REDIS_URL does not answer: ${said(error)}` }]
  } finally {
    client.disconnect()
  }
}
