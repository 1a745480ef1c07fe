import type { Tokens } from '../../access/token.ts'
import { uuidOf } from '../../read/values.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'
import { type AttemptLimits, countAttempt, network } from '../identity/attempts.ts'
import { normalise } from '../normalise.ts'
import { type Version, versionColumns } from './definition.ts'
import { isSigned, secretsOf } from './secret.ts'
import { type Cause, startRuns } from './start.ts'

/** What another system sends to start a workflow. */
export interface Sent {
  /** From the address. */
  token: string
  body: Buffer
  signature: string
  /** Names what happened: what comes again under one name starts nothing. */
  eventId: string
  /** The run whose request made the other system send this, as it was told. */
  runId: string
  ip: string | null
  requestId: string
}

/** What became of it; a number: too many, wait for so many seconds. */
export type Received = 'ACCEPTED' | 'DUPLICATE' | 'UNKNOWN' | 'UNSIGNED' | 'INVALID' | number

/** The public side of workflows of the trigger WEBHOOK. */
export interface Hooks {
  receive(sent: Sent): Promise<Received>
}

/** What is sent to one address, and from one network, in a quarter of an hour. */
const LIMITS: AttemptLimits = { perAccount: 3000, perAddress: 3000, seconds: 900 }
const TOKEN = /^[0-9A-Za-z]{22}$/
const EVENT = /^[\x21-\x7e]{1,200}$/
/** Characters of a payload as JSON; the route takes no more bytes. */
const MAX = 64 * 1024

/** What other systems send: signed by the workflow's secret, each event once, and kept for its steps. */
export function createHooks({
  tenancy,
  tokens,
  limits = LIMITS,
}: {
  tenancy: Tenancy
  tokens: Pick<Tokens, 'attemptKey' | 'vault'>
  limits?: AttemptLimits
}): Hooks {
  async function receive({ token, body, signature, eventId, runId, ip, requestId }: Sent): Promise<Received> {
    const known = TOKEN.test(token)
    const account = tokens.attemptKey(`hook:${known ? token : ''}`)
    const address = tokens.attemptKey(`hook from:${network(ip)}`)
    const wait = await countAttempt({ tenancy }, { account, address }, limits)
    if (wait > 0) return wait
    if (!known) return 'UNKNOWN'
    const [row] = await tenancy.withoutTenant((db) =>
      db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_hook($1) AS tenant', values: [token] }),
    )
    const tenantId = row?.tenant
    if (!tenantId) return 'UNKNOWN'
    const found = await tenancy.readTenant({ tenantId }, async (db) => {
      const version = await versionOf(db, tenantId, token)
      return version ? { version, secrets: await secretsOf(db, tenantId, version.workflowId, tokens.vault) } : null
    })
    if (!found) return 'UNKNOWN'
    const { version, secrets } = found
    if (!isSigned(signature, body, secrets)) return 'UNSIGNED'
    const payload = EVENT.test(eventId) ? read(body) : undefined
    if (payload === undefined) return 'INVALID'
    const actor = `hook:${version.workflowId}`
    const made = await tenancy.writeTenant({ tenantId, actor, requestId }, async (db) => {
      const cause = await causeOf(db, tenantId, runId)
      return startRuns(db, tenantId, version, [{ recordId: null, eventKey: `hook:${eventId}`, payload, cause }])
    })
    return made > 0 ? 'ACCEPTED' : 'DUPLICATE'
  }
  return { receive }
}

async function versionOf(db: Reader, tenantId: string, token: string): Promise<Version | undefined> {
  const [version] = await db.rows<Version>({
    text: `SELECT ${versionColumns('v')} FROM workflow w JOIN workflow_version v ON v.tenant_id = $1 AND v.id = w.published_version_id JOIN tenant t ON t.id = w.tenant_id
 WHERE w.tenant_id = $1 AND w.hook_token = $2 AND w.enabled AND w.deleted_at IS NULL AND v.trigger = 'WEBHOOK' AND t.status IN ('TRIAL', 'ACTIVE')`,
    values: [tenantId, token],
  })
  return version
}

/** A body as JSON that the database can hold; undefined for what is none. */
function read(body: Buffer): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
  if (value === null) return undefined
  const result = normalise({ kind: 'json', max: MAX, required: true }, value, { defaultCountry: '' })
  return 'ok' in result ? result.ok : undefined
}

async function causeOf(db: Reader, tenantId: string, runId: string): Promise<Cause | null> {
  const uuid = uuidOf('WorkflowRun', runId)
  if (!uuid) return null
  const [run] = await db.rows<Cause>({
    text: 'SELECT id, depth, chain FROM workflow_run WHERE tenant_id = $1 AND id = $2',
    values: [tenantId, uuid],
  })
  return run ?? null
}
