import { requireRight } from '../../access/decide.ts'
import { newId } from '../../ids.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { compose, type Template } from '../marketing/compose.ts'
import { loadPeople, type Person } from '../marketing/recipients.ts'
import { loadTemplate, queueMessages } from '../marketing/sendEmail.ts'
import { BULK_MAX } from '../mutation.ts'
import { validationError } from '../normalise.ts'
import type { Written } from '../records.ts'
import { refused } from '../revenue/refusals.ts'
import { sqlFor, type WriteContext } from '../write.ts'

/** What is asked. */
export interface Survey {
  id: string
  active: boolean
  templateId: string
  daysValid: number
  restDays: number
}

/** The case that is asked about. */
export interface SurveyedCase {
  id: string
  contactId: string | null
  accountId: string | null
  isInternal: boolean
}

/** What became of contacts who were to be asked. */
export interface Asked {
  sent: number
  /** They opted out, are not to be contacted, or have no address that works. */
  suppressed: number
  /** They were asked not long ago, or about this case. */
  rested: number
}

/** Arguments of sendSurvey as clients write them. */
export interface SurveyOrder {
  surveyId: string
  contactIds?: readonly string[] | null
  caseId?: string | null
}

/** The columns of a survey `t`. */
export const SURVEY_COLUMNS =
  't.id, t.active, t.template_id AS "templateId", t.days_valid AS "daysValid", t.rest_days AS "restDays"'
/** The columns of a case `t` that is asked about. */
export const CASE_COLUMNS =
  't.id, t.contact_id AS "contactId", t.account_id AS "accountId", t.is_internal AS "isInternal"'

/**
 * Sends a survey to contacts, or to the contact of a case. Errors: NOT_FOUND, INVALID_STATE for one that is not active, BULK_TOO_LARGE, VALIDATION_FAILED for neither or both
 * of contactIds and caseId and for a case without a contact or among colleagues. @throws FORBIDDEN.
 */
export async function sendSurvey(
  context: WriteContext,
  { surveyId, contactIds, caseId }: SurveyOrder,
): Promise<Written> {
  requireRight(context.viewer, 'read', 'Survey')
  requireRight(context.viewer, 'create', 'SurveyResponse')
  if ((contactIds == null) === (caseId == null))
    return refused(validationError(['contactIds'], 'exactlyOne', 'or caseId is to be given, and not both'))
  const survey = await seen<Survey>(context, 'Survey', surveyId, SURVEY_COLUMNS)
  if (!survey) return none('surveyId', 'Survey')
  if (!survey.active)
    return refused({
      code: 'INVALID_STATE',
      message: 'The survey is not active.',
      field: ['surveyId'],
      details: { from: 'INACTIVE', allowed: [] },
    })
  const template = await loadTemplate(context, survey.templateId)
  if (!template) return none('surveyId', 'EmailTemplate')
  const about = caseId == null ? null : await caseOf(context, caseId)
  if (about && 'errors' in about) return about
  const given = about ? [about.contactId as string] : (contactIds ?? []).map((id) => uuidOf('Contact', id) ?? NO_ID)
  if (given.length > BULK_MAX)
    return refused({
      code: 'BULK_TOO_LARGE',
      message: `At most ${BULK_MAX} contacts at once.`,
      field: ['contactIds'],
      details: { max: BULK_MAX },
    })
  const asked = await askContacts(context, { survey, template, contactIds: given, about })
  if (!asked) return none(about ? 'caseId' : 'contactIds', 'Contact')
  return { id: survey.id, errors: [], more: asked }
}

const none = (field: string, type: string) =>
  refused({ code: 'NOT_FOUND', message: `There is no such ${type}.`, field: [field] })

/** The columns of a record that the viewer sees; null where there is none. */
async function seen<Row>({ db, viewer }: WriteContext, name: string, id: string, columns: string): Promise<Row | null> {
  const type = recordType(name)
  const sql = sqlFor(viewer.tenantId)
  const uuid = sql.params.add(uuidOf(name, id) ?? NO_ID, 'uuid')
  const scope = viewer.access.predicate(type, 't', sql)
  const [row] = await db.rows<Row & object>({
    text: `SELECT ${columns} FROM ${type.table} t WHERE t.tenant_id = $1 AND t.id = ${uuid} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return row ?? null
}

async function caseOf(context: WriteContext, caseId: string): Promise<SurveyedCase | Written> {
  requireRight(context.viewer, 'read', 'Case')
  const found = await seen<SurveyedCase>(context, 'Case', caseId, CASE_COLUMNS)
  if (!found) return none('caseId', 'Case')
  if (!found.contactId) return refused(validationError(['caseId'], 'contact', 'must name a case that has a contact'))
  if (found.isInternal)
    return refused(validationError(['caseId'], 'internal', 'must name a case that customers may know of'))
  return found
}

/**
 * Asks contacts (uuids), of whom the viewer sees all, with the rows of the contacts locked: each is asked once within the days of rest, and about a case once for good. Statements per call.
 *
 * @returns null where one of them is not to be seen. @throws FORBIDDEN.
 */
export async function askContacts(
  context: WriteContext,
  {
    survey,
    template,
    contactIds,
    about,
  }: { survey: Survey; template: Template; contactIds: readonly string[]; about: SurveyedCase | null },
): Promise<Asked | null> {
  const { db, viewer } = context
  const ids = [...new Set(contactIds)].sort()
  if (ids.length === 0) return { sent: 0, suppressed: 0, rested: 0 }
  await db.rows({
    text: 'SELECT id FROM contact WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [viewer.tenantId, ids],
  })
  const people = await loadPeople(
    context,
    ids.map((uuid) => ({ type: 'Contact' as const, uuid })),
  )
  if (people.length < ids.length) return null
  const [rested, closed] = await restedOf(context, survey, people, about)
  const fit = people.filter(({ uuid }) => !rested.has(uuid))
  const composed = await compose(context, template, fit, {
    record: about && { type: 'Case', uuid: about.id },
    senderId: viewer.userId,
  })
  const asked = fit.map((person, index) => ({
    id: newId(),
    person,
    composed: composed[index] ?? null,
    account: about ? about.accountId : person.accountId,
  }))
  await queueMessages(
    context,
    asked.map(({ id, person, composed: words }) => ({
      person,
      composed: words,
      orderKey: `survey:${id}`,
      problem: closed.has(person.uuid) ? 'DO_NOT_CONTACT' : null,
    })),
    { templateId: template.id, informational: false },
  )
  const made = await db.rows({
    text: `INSERT INTO survey_response (tenant_id, id, survey_id, contact_id, account_id, case_id, message_id, expires_at)
 SELECT $1::uuid, x.id, $3::uuid, x.contact, x.account, $4::uuid, m.id, now() + make_interval(days => $5)
 FROM json_to_recordset($2::json) AS x(id uuid, contact uuid, account uuid) JOIN email_message m ON m.tenant_id = $1 AND m.order_key = 'survey:' || x.id AND m.status = 'QUEUED' RETURNING id`,
    values: [
      viewer.tenantId,
      JSON.stringify(asked.map(({ id, person, account }) => ({ id, contact: person.uuid, account }))),
      survey.id,
      about?.id ?? null,
      survey.daysValid,
    ],
  })
  return { sent: made.length, suppressed: fit.length - made.length, rested: rested.size }
}

/** Of locked contacts: who was asked not long ago or about this case, and whose company is not to be contacted. */
async function restedOf(
  { db, viewer }: WriteContext,
  { id, restDays }: Survey,
  people: readonly Person[],
  about: SurveyedCase | null,
): Promise<[Set<string>, Set<string>]> {
  const rows = await db.rows<{ id: string; rested: boolean; closed: boolean }>({
    text: `SELECT x.id, EXISTS (SELECT 1 FROM survey_response r WHERE r.tenant_id = $1 AND r.contact_id = x.id AND r.sent_at > now() - make_interval(days => $3) AND r.deleted_at IS NULL)
 OR EXISTS (SELECT 1 FROM survey_response r WHERE r.tenant_id = $1 AND r.survey_id = $4 AND r.case_id = $5 AND r.deleted_at IS NULL) AS rested,
 EXISTS (SELECT 1 FROM account a WHERE a.tenant_id = $1 AND a.id IN (x.account, $6::uuid) AND a.do_not_contact AND a.deleted_at IS NULL) AS closed
 FROM json_to_recordset($2::json) AS x(id uuid, account uuid)`,
    values: [
      viewer.tenantId,
      JSON.stringify(people.map(({ uuid, accountId }) => ({ id: uuid, account: accountId }))),
      restDays,
      id,
      about?.id ?? null,
      about?.accountId ?? null,
    ],
  })
  const having = (name: 'rested' | 'closed') => new Set(rows.flatMap((row) => (row[name] ? [row.id] : [])))
  return [having('rested'), having('closed')]
}
