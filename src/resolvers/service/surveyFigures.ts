import type { Context, Viewer } from '../../context.ts'
import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { visible } from '../marketing/campaignFigures.ts'
import { sqlFor } from '../write.ts'
import { SCORES, type SurveyType } from './survey.ts'

/** A survey in figures, over the answers that the viewer sees. */
export interface SurveyFigures {
  sent: number
  answered: number
  /** Per cent with one decimal; null where nobody was asked. */
  responseRate: number | null
  /** With two decimals; null where nobody answered. */
  average: number | null
  /** Of NPS: per cent of 9 and 10 less per cent of 0 to 6, with one decimal. */
  nps: number | null
  /** Every score that there may be, the least first. */
  distribution: { score: number; count: number }[]
}

/** Fields that the figures tell of: who may not filter by one would learn it from them. */
const TOLD = ['score', 'sentAt', 'respondedAt']

/** Counts what was answered to a survey by those who were asked in a time, in one statement. @returns null where the viewer sees no such survey. @throws FIELD_FORBIDDEN. */
export async function surveyFigures(
  context: Pick<Context, 'tenancy'>,
  viewer: Viewer,
  { surveyId, from, to }: { surveyId: string; from?: Date | null; to?: Date | null },
): Promise<SurveyFigures | null> {
  for (const field of TOLD) viewer.access.requireField(recordType('SurveyResponse'), field, ['surveyFigures'])
  const sql = sqlFor(viewer.tenantId)
  const survey = sql.params.add(uuidOf('Survey', surveyId) ?? NO_ID, 'uuid')
  const [since, until] = [sql.params.add(from ?? null, 'timestamptz'), sql.params.add(to ?? null, 'timestamptz')]
  const text = `WITH s AS MATERIALIZED (SELECT s.id, s.type FROM survey s WHERE ${visible(viewer, 'Survey', 's', sql)} AND s.id = ${survey}
), r AS MATERIALIZED (SELECT r.id, r.score FROM survey_response r WHERE ${visible(viewer, 'SurveyResponse', 'r', sql)} AND r.survey_id = ${survey}
 AND (${since} IS NULL OR r.sent_at >= ${since}) AND (${until} IS NULL OR r.sent_at < ${until})
) SELECT s.type, count(r.id)::integer AS sent, count(r.score)::integer AS answered, round(100.0 * count(r.score) / nullif(count(r.id), 0), 1)::float8 AS "responseRate",
 round(avg(r.score), 2)::float8 AS average,
 CASE WHEN s.type = 'NPS' THEN round(100.0 * (count(*) FILTER (WHERE r.score >= 9) - count(*) FILTER (WHERE r.score <= 6)) / nullif(count(r.score), 0), 1)::float8 END AS nps,
 (SELECT coalesce(json_object_agg(d.score, d.count), '{}') FROM (SELECT score, count(*)::integer AS count FROM r WHERE score IS NOT NULL GROUP BY score) d) AS counts
 FROM s LEFT JOIN r ON true GROUP BY s.id, s.type`
  const [row] = await context.tenancy.readTenant(callerOf(viewer), (db) =>
    db.rows<Omit<SurveyFigures, 'distribution'> & { type: SurveyType; counts: Record<string, number> }>({
      text,
      values: sql.params.values,
    }),
  )
  if (!row) return null
  const { type, counts, ...figures } = row
  const { min, max } = SCORES[type]
  const distribution = Array.from({ length: max - min + 1 }, (_, index) => ({
    score: min + index,
    count: counts[min + index] ?? 0,
  }))
  return { ...figures, distribution }
}
