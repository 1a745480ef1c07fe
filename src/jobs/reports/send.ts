import { hash, randomBytes } from 'node:crypto'
import { viewerOfUser } from '../../access/viewer.ts'
import type { Viewer } from '../../context.ts'
import { type Localized, requestErrorIn } from '../../errors.ts'
import { enqueueMail, inLanguage, mailLink, oneLine } from '../../events/mail.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { findDashboard } from '../../resolvers/reports/dashboardData.ts'
import { openReports, parametersOf, type Runnable } from '../../resolvers/reports/open.ts'
import { nextRun, orderRuns, REPORT_SCHEDULE } from '../../resolvers/reports/schedule.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { databaseError } from '../../tenancy/databaseError.ts'
import type { Reader } from '../../tenancy/tenancy.ts'
import type { JobKind } from '../kind.ts'
import { type Part, type ReportFormat, reportFile } from './file.ts'
import { requireExport } from './rights.ts'

/** Users of one step, and days for which a link opens its file. */
const BATCH = 5
const DAYS = 7

interface Schedule {
  id: string
  name: string
  reportId: string | null
  standard: string | null
  dashboardId: string | null
  cron: string
  recipientIds: string[]
  format: ReportFormat
  parameters: Record<string, unknown> | null
}

/** A report of what is sent, with the values of its parameters. */
type Sent = { report: Runnable | null; name: string; parameters: unknown }

/**
 * Sends one time of a schedule, a few users in each step: each gets what they may see by then, once (report_delivery_once). Then it orders the next time that is still to come: what was missed is
 * sent once. A time that is no longer the schedule's next one is not sent.
 */
export const sendReports: JobKind = {
  kind: REPORT_SCHEDULE,
  as: 'system',
  async step(context, { input, state, now }) {
    const { db, viewer } = context
    const dueAt = new Date(String(input.dueAt))
    const schedule = await lockSchedule(context, String(input.scheduleId), dueAt)
    if (!schedule) return { state: null }
    const sent = await whatOf(db, viewer, schedule)
    if (!sent) return end(context, schedule, now, { active: false, error: 'REPORT_GONE' })
    const place = Number(state?.place ?? 0)
    let error = (state?.error as string | null | undefined) ?? null
    let there = Number(state?.there ?? 0)
    let done = 0
    for (const id of schedule.recipientIds.slice(place, place + BATCH)) {
      const user = await viewerOfUser(db, viewer.tenantId, uuidOf('User', id) ?? '')
      if (!user) continue
      there++
      const problem = await deliver(context, schedule, { user, sent, dueAt, now })
      if (problem) error = problem
      else done++
    }
    const figures = { SENT: done }
    if (place + BATCH < schedule.recipientIds.length)
      return { state: { place: place + BATCH, error, there }, done, total: schedule.recipientIds.length, figures }
    const active = there > 0
    const step = await end(context, schedule, now, { active, error: active ? error : 'NO_RECIPIENTS' })
    return { ...step, done, total: schedule.recipientIds.length, figures }
  },
}

/** The schedule, while that time is its next one. */
async function lockSchedule({ db, viewer }: WriteContext, id: string, dueAt: Date): Promise<Schedule | undefined> {
  const [row] = await db.rows<Schedule>({
    text: `SELECT id, name, report_id AS "reportId", standard, dashboard_id AS "dashboardId", cron, recipient_ids AS "recipientIds", format, parameters FROM report_schedule
 WHERE tenant_id = $1 AND id = $2 AND active AND next_run_at = $3 AND deleted_at IS NULL FOR NO KEY UPDATE`,
    values: [viewer.tenantId, id, dueAt],
  })
  return row
}

/** What it sends; null when that is not there any more. Whether its recipients see the report itself is not asked: whoever sends it shows it to them. */
async function whatOf(db: Reader, viewer: Viewer, schedule: Schedule): Promise<Sent[] | null> {
  const { reportId, standard, dashboardId, parameters } = schedule
  if (dashboardId) {
    const board = await findDashboard(db, viewer, idOf('Dashboard', dashboardId))
    if (!board) return null
    const reports = await openReports(
      db,
      viewer,
      board.layout.map((widget) => widget.reportId),
    )
    return board.layout.map((widget, at) => {
      const report = reports[at] ?? null
      const name = widget.title ?? report?.name ?? widget.reportId
      return { report, name, parameters: report && parametersOf(report, widget, parameters) }
    })
  }
  const [report] = await openReports(db, viewer, [reportId ? idOf('Report', reportId) : String(standard)])
  return report ? [{ report, name: report.name, parameters }] : null
}

interface Delivery {
  user: Viewer
  sent: Sent[]
  dueAt: Date
  now: Date
}

/** Makes the file of one user and mails them the link; the code of what stood in the way. */
async function deliver(
  context: WriteContext,
  schedule: Schedule,
  { user, sent, dueAt, now }: Delivery,
): Promise<string | null> {
  const { db } = context
  const parts: Part[] = []
  for (const { report, name, parameters } of sent) {
    const found = await figures(context, user, report, { parameters, format: schedule.format, now })
    parts.push({ name, ...found })
  }
  // A report alone that cannot be made is not sent; on a dashboard it is said in its place.
  const [first] = parts
  if (parts.length === 1 && first?.error) return first.error
  const token = randomBytes(32).toString('base64url')
  const made = await db.rows({
    text: `INSERT INTO report_delivery (tenant_id, schedule_id, user_id, due_at, format, content, token_hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(days => ${DAYS}))
 ON CONFLICT (tenant_id, schedule_id, due_at, user_id) DO NOTHING RETURNING id`,
    values: [
      user.tenantId,
      schedule.id,
      user.userId,
      dueAt,
      schedule.format,
      reportFile(schedule.format, schedule.name, parts),
      hashOf(token),
    ],
  })
  if (made.length > 0) await tell(context, user, schedule.name, `${user.tenantId.replaceAll('-', '')}${token}`)
  return parts.find(({ error }) => error)?.error ?? null
}

/** The hash of a token by which a file opens. As random as an API key, so a fast hash is right. */
export const hashOf = (token: string): string => hash('sha256', token, 'base64url')

async function figures(
  { db }: WriteContext,
  user: Viewer,
  report: Runnable | null,
  { parameters, format, now }: { parameters: unknown; format: ReportFormat; now: Date },
): Promise<Omit<Part, 'name'>> {
  if (!report) return { result: null, error: 'NOT_FOUND' }
  try {
    return await db.savepoint(async () => {
      await requireExport(db, user, report.objects, format)
      return { result: await report.run(db, user, parameters, now), error: null }
    })
  } catch (thrown) {
    const known = requestErrorIn(databaseError(thrown))
    if (!known || known.code === 'SERVICE_UNAVAILABLE') throw thrown
    return { result: null, error: known.code }
  }
}

async function tell({ db, viewer }: WriteContext, user: Viewer, name: string, ticket: string): Promise<void> {
  const [facts] = await db.rows<{ to: string; locale: string | null; home: string }>({
    text: `SELECT u.email AS "to", u.locale, t.locale AS home FROM app_user u JOIN tenant t ON t.id = u.tenant_id WHERE u.tenant_id = $1 AND u.id = $2 AND u.email IS NOT NULL`,
    values: [viewer.tenantId, user.userId],
  })
  if (!facts) return
  const say = (one: Localized) => inLanguage(one, facts.locale, facts.home)
  const called = oneLine(name)
  await enqueueMail(db, {
    tenantId: viewer.tenantId,
    kind: 'REPORT',
    to: facts.to,
    subject: say({ en: `Report: ${called}`, zhCN: `报表：${called}` }),
    text: [
      say({ en: `Your report “${called}” is ready:`, zhCN: `您的报表“${called}”已生成：` }),
      mailLink('/report-files', { ticket }),
      say({
        en: `The link opens for ${DAYS} days, for whoever has it. Do not pass it on.`,
        zhCN: `该链接在 ${DAYS} 天内有效，任何持有链接的人均可打开，请勿转发。`,
      }),
    ].join('\n\n'),
    hours: DAYS * 24,
  })
}

/** Notes that the time was sent, lets go of files whose links do not open any more, and orders the next time. */
async function end(
  context: WriteContext,
  { id, cron }: Schedule,
  now: Date,
  { active, error }: { active: boolean; error: string | null },
) {
  const { db, viewer } = context
  await db.rows({
    text: `UPDATE report_schedule SET active = $3, next_run_at = $4, last_run_at = $5, last_error = $6 WHERE tenant_id = $1 AND id = $2`,
    values: [viewer.tenantId, id, active, active ? nextRun(cron, viewer.timezone, now) : null, now, error],
  })
  await orderRuns([{ id }], context)
  return { state: null }
}
