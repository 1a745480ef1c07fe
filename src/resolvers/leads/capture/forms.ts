import { hash, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Tokens } from '../../../access/token.ts'
import type { Viewer } from '../../../context.ts'
import type { UserErrorInfo } from '../../../errors.ts'
import type { Reader, Tenancy, Writer } from '../../../tenancy/tenancy.ts'
import { type AttemptLimits, countAttempt, network } from '../../identity/attempts.ts'
import { jobViewer } from '../../identity/createTenant.ts'
import type { Input } from '../../write.ts'
import { noteConsent } from './consent.ts'
import { type CaptureField, FORM_KEY } from './form.ts'
import { leadInput, type Sent } from './input.ts'
import { mailConfirmation } from './mail.ts'
import { type Made, writeLeadOf } from './write.ts'

/** A live form of a company that works, as its public address finds it. */
export interface Form {
  id: string
  key: string
  tenantId: string
  active: boolean
  fields: CaptureField[]
  doubleOptIn: boolean
  lifetimeHours: number
  consentText: string | null
  /** uuids; null where the source, the campaign, the rule or the team is gone. */
  sourceId: string | null
  campaignId: string | null
  ruleId: string | null
  teamId: string | null
  duplicatePolicy: 'ALLOW' | 'IGNORE' | 'UPDATE' | 'REFUSE'
  allowedOrigins: string[]
  redirectUrl: string | null
  honeypot: string | null
  company: string
  locale: string | null
  timezone: string
  baseCurrency: string
  defaultCountry: string
}

/** Who sends, as far as it is known. */
export interface Visitor {
  ip: string | null
  requestId: string
  /** Does their browser prefer Chinese. */
  zh: boolean
}

/** What a visitor is answered: a good one and one that nothing was made of look the same. */
export type Submitted = { ok: 'ACCEPTED' | 'CONFIRMATION_SENT' } | { errors: UserErrorInfo[] }

/** How a confirmation stands, or what became of it. */
export type Confirmation = 'OPEN' | 'CONFIRMED' | 'USED' | 'EXPIRED' | 'UNKNOWN'

/** The public side of capture forms. */
export interface Forms {
  /** Seconds to wait when the form or the address has had its submissions; counts this one otherwise. The key need not be one. */
  count(key: string, ip: string | null): Promise<number>
  /** The form of a key, believed for a few seconds; null when there is none, or its company is suspended. */
  find(key: string): Promise<Form | null>
  /** Takes a submission of an active form. */
  submit(form: Form, sent: Sent, visitor: Visitor): Promise<Submitted>
  /** How a confirmation stands; changes nothing, because scanners of mail open links. */
  look(form: Form, code: string): Promise<Confirmation>
  /** Makes the lead of a submission that waits; of two at the same time one does. */
  confirm(form: Form, code: string, visitor: Visitor): Promise<Confirmation>
}

/** Submissions by one form and from one address in a quarter of an hour. */
const LIMITS: AttemptLimits = { perAccount: 600, perAddress: 20, seconds: 900 }
/** Mails to one address in an hour: a form must not be a way to fill somebody's mailbox. */
const MAILS: AttemptLimits = { perAccount: 3, perAddress: 3, seconds: 3600 }
/** How long a form is believed, milliseconds. */
const BELIEVED = 3000
const CODE = /^[A-Za-z0-9_-]{43}$/

/** The address of a submission, as leads keep it. */
const addressOf = ({ email }: Input): string => String(email).normalize('NFC').trim().toLowerCase()

// As random as an API key, so a fast hash is right.
const hashCode = (code: string): Buffer => hash('sha256', code, 'buffer')

const FORM = `SELECT f.id, f.key, f.tenant_id AS "tenantId", f.active, f.fields, f.double_opt_in AS "doubleOptIn", f.lifetime_hours AS "lifetimeHours", f.consent_text AS "consentText",
 s.id AS "sourceId", g.id AS "campaignId", r.id AS "ruleId", m.id AS "teamId", f.duplicate_policy AS "duplicatePolicy", f.allowed_origins AS "allowedOrigins", f.redirect_url AS "redirectUrl", f.honeypot,
 t.name AS company, t.locale, t.timezone, t.base_currency AS "baseCurrency", t.default_country AS "defaultCountry"
 FROM lead_capture_form f JOIN tenant t ON t.id = f.tenant_id
 LEFT JOIN lead_source s ON s.tenant_id = $1 AND s.id = f.source_id AND s.deleted_at IS NULL
 LEFT JOIN campaign g ON g.tenant_id = $1 AND g.id = f.campaign_id AND g.deleted_at IS NULL
 LEFT JOIN assignment_rule r ON r.tenant_id = $1 AND r.id = f.assignment_rule_id AND r.deleted_at IS NULL
 LEFT JOIN team m ON m.tenant_id = $1 AND m.id = f.target_team_id AND m.deleted_at IS NULL
 WHERE f.tenant_id = $1 AND f.key = $2 AND f.deleted_at IS NULL AND t.status IN ('TRIAL', 'ACTIVE')`

/**
 * The public side of capture forms. A submission is written in the form's name: it may do what the form says and nothing else, whoever sends it.
 *
 * @param publicUrl the API's own address for the links in mails; null: they lead to the front end, which passes them on.
 */
export function createForms({
  tenancy,
  tokens,
  publicUrl,
  limits = LIMITS,
}: {
  tenancy: Tenancy
  tokens: Pick<Tokens, 'attemptKey'>
  publicUrl: string | null
  limits?: AttemptLimits
}): Forms {
  const believed = new LRUCache<string, { form: Form | null }>({ max: 10_000, ttl: BELIEVED })

  async function find(key: string): Promise<Form | null> {
    if (!FORM_KEY.test(key)) return null
    let found = believed.get(key)
    if (!found) {
      found = { form: await load(key) }
      believed.set(key, found)
    }
    return found.form
  }

  async function load(key: string): Promise<Form | null> {
    const [row] = await tenancy.withoutTenant((db) =>
      db.rows<{ tenant: string | null }>({ text: 'SELECT atrium.tenant_of_form($1) AS tenant', values: [key] }),
    )
    const tenantId = row?.tenant
    if (!tenantId) return null
    const [form] = await tenancy.readTenant({ tenantId }, (db) =>
      db.rows<Form>({ text: FORM, values: [tenantId, key] }),
    )
    return form ?? null
  }

  const viewerOf = (form: Form, { requestId }: Visitor): Viewer => jobViewer({ ...form, id: form.tenantId }, requestId)

  // The visitor's address stands in no change: what was sent tells it by its keyed hash, for a time.
  const write = <T>(form: Form, { requestId }: Visitor, work: (db: Writer) => Promise<T>): Promise<T> =>
    tenancy.writeTenant({ tenantId: form.tenantId, actor: `form:${form.id}`, requestId }, work)

  const ipHash = (ip: string | null) => ip && tokens.attemptKey(`form visitor:${network(ip)}`).toString('base64url')

  async function note(
    db: Writer,
    form: Form,
    visitor: Visitor,
    {
      outcome,
      leadId = null,
      errorCode = null,
    }: { outcome: string; leadId?: string | null; errorCode?: string | null },
  ): Promise<string> {
    const [row] = await db.rows<{ id: string }>({
      text: `INSERT INTO lead_capture_submission (tenant_id, form_id, outcome, lead_id, error_code, ip_hash) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
      values: [form.tenantId, form.id, outcome, leadId, errorCode, ipHash(visitor.ip)],
    })
    return row?.id as string
  }

  async function submit(form: Form, sent: Sent, visitor: Visitor): Promise<Submitted> {
    const ok = { ok: form.doubleOptIn ? 'CONFIRMATION_SENT' : 'ACCEPTED' } as const
    const trap = form.honeypot === null ? undefined : sent[form.honeypot]
    if (trap !== undefined && trap !== null && trap !== '') {
      await write(form, visitor, (db) => note(db, form, visitor, { outcome: 'SPAM' }))
      return ok
    }
    const viewer = viewerOf(form, visitor)
    const read = leadInput(form.fields, sent, viewer, form.honeypot)
    if ('errors' in read) {
      const errorCode = read.errors[0]?.code ?? null
      await write(form, visitor, (db) => note(db, form, visitor, { outcome: 'INVALID', errorCode }))
      return read
    }
    if (form.doubleOptIn) await ask(form, read.input, visitor)
    else
      await write(form, visitor, async (db) => note(db, form, visitor, await writeLeadOf(db, viewer, form, read.input)))
    return ok
  }

  /** Keeps a submission until its address is confirmed, and mails the way to do so. */
  async function ask(form: Form, input: Input, visitor: Visitor): Promise<void> {
    const to = addressOf(input)
    const mailbox = tokens.attemptKey(`form mail:${form.tenantId}:${to}`)
    const wait = await countAttempt({ tenancy }, { account: mailbox, address: mailbox }, MAILS)
    if (wait > 0) {
      await write(form, visitor, (db) => note(db, form, visitor, { outcome: 'REFUSED', errorCode: 'THROTTLED' }))
      return
    }
    const code = randomBytes(32).toString('base64url')
    await write(form, visitor, async (db) => {
      const id = await note(db, form, visitor, { outcome: 'PENDING' })
      await db.rows({
        text: `INSERT INTO lead_capture_pending (tenant_id, submission_id, token_hash, input, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(hours => $5))`,
        values: [form.tenantId, id, hashCode(code), JSON.stringify(input), form.lifetimeHours],
      })
      await mailConfirmation(db, form, { to, code, publicUrl, zh: visitor.zh })
    })
  }

  async function look(form: Form, code: string): Promise<Confirmation> {
    if (!CODE.test(code)) return 'UNKNOWN'
    const row = await tenancy.readTenant({ tenantId: form.tenantId }, (db) => pendingOf(db, form, code))
    return stateOf(row)
  }

  async function confirm(form: Form, code: string, visitor: Visitor): Promise<Confirmation> {
    if (!CODE.test(code)) return 'UNKNOWN'
    return write(form, visitor, async (db) => {
      const row = await pendingOf(db, form, code, true)
      const state = stateOf(row)
      if (state !== 'OPEN' || !row) return state
      const viewer = viewerOf(form, visitor)
      const made: Made = await writeLeadOf(db, viewer, form, row.input as Input)
      await db.rows({
        text: `UPDATE lead_capture_submission SET outcome = $3, lead_id = $4, error_code = $5, confirmed_at = now() WHERE tenant_id = $1 AND id = $2`,
        values: [form.tenantId, row.id, made.outcome, made.leadId, made.errorCode],
      })
      await noteConsent(
        { db, viewer },
        { submissionId: row.id, leadId: made.leadId, email: addressOf(row.input as Input), form },
      )
      await db.rows({
        text: 'UPDATE lead_capture_pending SET used_at = now(), input = NULL WHERE tenant_id = $1 AND submission_id = $2',
        values: [form.tenantId, row.id],
      })
      return 'CONFIRMED'
    })
  }

  return {
    count: (key, ip) =>
      countAttempt(
        { tenancy },
        {
          account: tokens.attemptKey(`form:${FORM_KEY.test(key) ? key : ''}`),
          address: tokens.attemptKey(`form from:${network(ip)}`),
        },
        limits,
      ),
    find,
    submit,
    look,
    confirm,
  }
}

interface Pending {
  /** uuid of the submission. */
  id: string
  input: unknown
  over: boolean
  used: boolean
}

async function pendingOf(db: Reader, { tenantId, id }: Form, code: string, lock = false): Promise<Pending | undefined> {
  const [row] = await db.rows<Pending>({
    text: `SELECT p.submission_id AS id, p.input, p.expires_at <= now() OR p.input IS NULL AS over, p.used_at IS NOT NULL AS used
 FROM lead_capture_pending p JOIN lead_capture_submission s ON s.tenant_id = $1 AND s.id = p.submission_id
 WHERE p.tenant_id = $1 AND s.form_id = $2 AND p.token_hash = $3${lock ? ' FOR UPDATE OF p' : ''}`,
    values: [tenantId, id, hashCode(code)],
  })
  return row
}

function stateOf(row: Pending | undefined): Confirmation {
  if (!row) return 'UNKNOWN'
  if (row.used) return 'USED'
  return row.over ? 'EXPIRED' : 'OPEN'
}
