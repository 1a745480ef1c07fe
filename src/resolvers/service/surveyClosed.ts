import { jobViewer } from '../identity/createTenant.ts'
import { loadTemplate } from '../marketing/sendEmail.ts'
import type { WriteContext } from '../write.ts'
import { askContacts, CASE_COLUMNS, SURVEY_COLUMNS, type Survey, type SurveyedCase } from './sendSurvey.ts'

/**
 * Asks the contact of a case (uuid) that was closed, by the oldest active survey for that: once for each case. As the company, whatever the one who closes it may do. Where there is nobody
 * to ask, nothing happens: the case is closed all the same.
 */
export async function surveyClosed(context: WriteContext, caseId: string): Promise<void> {
  const { db } = context
  const { tenantId, timezone, baseCurrency, defaultCountry, requestId } = context.viewer
  const [survey] = await db.rows<Survey>({
    text: `SELECT ${SURVEY_COLUMNS} FROM survey t WHERE t.tenant_id = $1 AND t.trigger = 'CASE_CLOSED' AND t.active AND t.deleted_at IS NULL ORDER BY t.id LIMIT 1`,
    values: [tenantId],
  })
  if (!survey) return
  const [about] = await db.rows<SurveyedCase>({
    text: `SELECT ${CASE_COLUMNS} FROM service_case t JOIN contact c ON c.tenant_id = $1 AND c.id = t.contact_id AND c.deleted_at IS NULL WHERE t.tenant_id = $1 AND t.id = $2 AND NOT t.is_internal`,
    values: [tenantId, caseId],
  })
  if (!about?.contactId) return
  const company = { db, viewer: jobViewer({ id: tenantId, timezone, baseCurrency, defaultCountry }, requestId) }
  const template = await loadTemplate(company, survey.templateId)
  if (template) await askContacts(company, { survey, template, contactIds: [about.contactId], about })
}
