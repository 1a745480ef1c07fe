import { refuse } from '../checks.ts'
import { SURVEY } from '../marketing/variables.ts'
import { after, type Rules } from '../write.ts'

/** What may be answered to a survey, by its type. */
export const SCORES: Readonly<Record<'CSAT' | 'NPS', { min: number; max: number }>> = {
  CSAT: { min: 1, max: 5 },
  NPS: { min: 0, max: 10 },
}
export type SurveyType = keyof typeof SCORES

/** Rules of surveys: the template of their mail has the link to the page on which they are answered (VALIDATION_FAILED). */
export const surveyRules: Rules = {
  async write(changes, { db, viewer }) {
    const named = changes.filter(({ values, errors }) => values.templateId && errors.length === 0)
    if (named.length === 0) return
    const rows = await db.rows<{ id: string }>({
      text: 'SELECT id FROM email_template WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND $3 = ANY (variables)',
      values: [viewer.tenantId, [...new Set(named.map((change) => after(change, 'templateId')))], SURVEY],
    })
    const good = new Set(rows.map(({ id }) => id))
    for (const change of named)
      if (!good.has(change.values.templateId as string))
        refuse(change, 'templateId', 'surveyUrl', 'must name a template in which {{ surveyUrl }} stands')
  },
}
