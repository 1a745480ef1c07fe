import type { EmailTickets } from '../../access/emailTicket.ts'
import type { Tokens } from '../../access/token.ts'
import { UserErrors } from '../../errors.ts'
import { fieldOf, recordType } from '../../read/recordType.ts'
import type { Reader, Tenancy } from '../../tenancy/tenancy.ts'
import { type AttemptLimits, countAttempt, network } from '../identity/attempts.ts'
import { jobViewer } from '../identity/createTenant.ts'
import { normalise, validationError } from '../normalise.ts'
import { notify } from '../work/notify.ts'
import type { WriteContext } from '../write.ts'
import { departmentHead } from './people.ts'
import { SCORES, type SurveyType } from './survey.ts'

/** A survey as the one who is asked sees it. */
export interface ShownSurvey {
  company: string
  question: string
  /** The scores that there are. */
  min: number
  max: number
  /** ANSWERED ones may be answered anew until they expire. */
  state: 'OPEN' | 'ANSWERED' | 'EXPIRED'
  score: number | null
  comment: string | null
}

/** Requests of a link, and from an address, an office perhaps, within a minute. */
const LIMITS: AttemptLimits = { perAccount: 30, perAddress: 120, seconds: 60 }
/** Scores of five at which somebody is told. */
const LOW = 2

interface Row {
  id: string
  company: string
  timezone: string
  baseCurrency: string
  defaultCountry: string
  question: string
  type: SurveyType
  caseId: string | null
  expired: boolean
  score: number | null
  comment: string | null
}

const LOOK = `SELECT r.id, t.name AS company, t.timezone, t.base_currency AS "baseCurrency", t.default_country AS "defaultCountry", s.question, s.type, r.case_id AS "caseId",
 r.expires_at <= now() AS expired, r.score, r.comment
 FROM survey_response r JOIN survey s ON s.tenant_id = $1 AND s.id = r.survey_id AND s.deleted_at IS NULL JOIN tenant t ON t.id = $1 AND t.status NOT IN ('SUSPENDED', 'DELETING')
 WHERE r.tenant_id = $1 AND r.message_id = $2 AND r.deleted_at IS NULL`

/**
 * Surveys as customers answer them, without a credential: the ticket of the link names the company and the mail, and was signed by us. What names nothing gives null. `look` changes nothing, because
 * programs open links. `answer` takes an answer, which replaces the one before until the survey expires; throws UserErrors VALIDATION_FAILED.
 */
export function createSurveyParts({
  tenancy,
  tickets,
  tokens,
  limits = LIMITS,
}: {
  tenancy: Tenancy
  tickets: Pick<EmailTickets, 'verify'>
  tokens: Pick<Tokens, 'attemptKey'>
  limits?: AttemptLimits
}) {
  return {
    /** Counts a request by its link and its address: 0, or the seconds to wait. */
    count(ticket: string, ip: string | null): Promise<number> {
      const address = tokens.attemptKey(`survey from:${network(ip)}`)
      const claims = tickets.verify('SURVEY', ticket)
      // Links that name nothing count together, by their address alone.
      const account = claims ? tokens.attemptKey(`survey:${claims.tenantId}/${claims.messageId}`) : address
      const perAccount = claims ? limits.perAccount : limits.perAddress
      return countAttempt({ tenancy }, { account, address }, { ...limits, perAccount })
    },

    /** The survey of a ticket. */
    async look(ticket: string): Promise<ShownSurvey | null> {
      const claims = tickets.verify('SURVEY', ticket)
      if (!claims) return null
      const { tenantId, messageId } = claims
      const row = await tenancy.readTenant({ tenantId }, (db) => read(db, tenantId, messageId))
      return row && shown(row)
    },

    /** Takes an answer, unless the survey has expired; the survey as it then is. */
    async answer(ticket: string, said: { score: string; comment: string }): Promise<ShownSurvey | null> {
      const claims = tickets.verify('SURVEY', ticket)
      if (!claims) return null
      const { tenantId, messageId } = claims
      return tenancy.writeTenant({ tenantId, actor: `survey:${messageId}` }, async (db) => {
        const row = await read(db, tenantId, messageId, 'FOR UPDATE OF r')
        if (!row || row.expired) return row && shown(row)
        const context = { db, viewer: jobViewer({ ...row, id: tenantId }) }
        const answer = readAnswer(context, row, said)
        if (answer.score !== row.score || answer.comment !== row.comment) await keep(context, row, answer)
        return shown({ ...row, ...answer })
      })
    },
  }
}

async function read(db: Reader, tenantId: string, messageId: string, lock = ''): Promise<Row | null> {
  const [row] = await db.rows<Row>({ text: `${LOOK} ${lock}`, values: [tenantId, messageId] })
  return row ?? null
}

function shown({ company, question, type, expired, score, comment }: Row): ShownSurvey {
  const state = expired ? 'EXPIRED' : score === null ? 'OPEN' : 'ANSWERED'
  return { company, question, ...SCORES[type], state, score, comment }
}

function readAnswer({ viewer }: WriteContext, { type }: Row, said: { score: string; comment: string }) {
  const { min, max } = SCORES[type]
  const score = /^\d{1,2}$/.test(said.score) ? Number(said.score) : null
  if (score === null || score < min || score > max)
    throw new UserErrors([validationError(['score'], 'range', `must be ${min} to ${max}`)])
  const comment = normalise(fieldOf(recordType('SurveyResponse'), 'comment'), said.comment.trim() || null, viewer)
  if ('rule' in comment) throw new UserErrors([validationError(['comment'], comment.rule, comment.message)])
  return { score, comment: comment.ok as string | null }
}

/** Writes an answer, and what follows from it for the case that it is about. */
async function keep(
  context: WriteContext,
  row: Row,
  { score, comment }: { score: number; comment: string | null },
): Promise<void> {
  const { db, viewer } = context
  await db.rows({
    text: 'UPDATE survey_response SET score = $3, comment = $4, responded_at = now() WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, row.id, score, comment],
  })
  if (row.type !== 'CSAT' || !row.caseId) return
  const [one] = await db.rows<{ number: string; subject: string; ownerId: string | null }>({
    text: `UPDATE service_case SET satisfaction = $3, satisfaction_comment = $4 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING number, subject, owner_id AS "ownerId"`,
    values: [viewer.tenantId, row.caseId, score, comment],
  })
  // Whoever was told of a low score need not hear of another.
  if (!one || score > LOW || (row.score !== null && row.score <= LOW)) return
  const users = new Set([one.ownerId, await departmentHead(context, one.ownerId)])
  await notify(
    db,
    viewer.tenantId,
    [...users].flatMap((userId) =>
      userId
        ? [
            {
              userId,
              type: 'CASE_LOW_SATISFACTION',
              title: {
                en: `${one.number}: the customer gives ${score} of 5. ${one.subject}`,
                zhCN: `${one.number}：客户评分 ${score}/5。${one.subject}`,
              },
              ...(comment ? { body: comment } : {}),
              record: { type: 'Case', uuid: row.caseId as string },
            },
          ]
        : [],
    ),
  )
}
