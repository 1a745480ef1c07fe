import { DateTime } from 'luxon'
import { UserErrors } from '../../errors.ts'
import { type RecordType, recordType } from '../../read/recordType.ts'
import { ident } from '../../read/sql.ts'
import { idOf, uuidOf } from '../../read/values.ts'
import { submitRecord } from '../approval/submitRecord.ts'
import { assignRecords } from '../leads/assignment/assignRecords.ts'
import { ASSIGNED } from '../leads/assignment/rule.ts'
import { sendTemplate } from '../marketing/sendEmail.ts'
import { createRecords, updateRecords, type Written } from '../records.ts'
import { assignCase } from '../service/assign.ts'
import { notify } from '../work/notify.ts'
import { type Input, sqlFor, type WriteContext } from '../write.ts'
import { orderCall } from './call.ts'
import { fitting } from './condition.ts'
import type { Action, Step } from './definition.ts'
import { scopeFor, targetOf } from './scope.ts'
import { type Done, type Run, StepRefused } from './stepOfRun.ts'
import { render } from './template.ts'

/** A record that a step acts on. */
interface Subject {
  type: RecordType
  uuid: string
}

interface Doing {
  context: WriteContext
  run: Run
  /** With its templates filled in. */
  step: Step
  now: Date
}

/** Does a step as the viewer of the context, who is the run's principal. @throws UserErrors, StepRefused, RequestError: the step cannot be done. */
export async function perform(context: WriteContext, run: Run, step: Step, now: Date): Promise<Done> {
  const { values, userId, assignmentRuleId, userIds, title, body, emailTemplateId, recipient, payload } = step
  const given = { values, userId, assignmentRuleId, userIds, title, body, emailTemplateId, recipient, payload }
  const about = {
    workflow: { id: idOf('Workflow', run.version.workflowId), name: run.workflowName },
    run: { id: idOf('WorkflowRun', run.id) },
    recordId: run.recordId,
    payload: run.payload,
    now,
  }
  const scope = await scopeFor(context.db, context.viewer, given, about)
  const filled = render(given, scope) as Partial<Step>
  return ACTIONS[step.action]({ context, run, step: { ...step, ...filled }, now })
}

const ACTIONS: Record<Action, (doing: Doing) => Promise<Done>> = {
  async UPDATE_RECORD(doing) {
    const { type, uuid } = await subjectOf(doing)
    const input = doing.step.values as Input
    const written = await updateRecords(doing.context, type, [{ id: uuid, input }])
    return { result: { ...madeBy(type, written), changed: written[0]?.changed ?? false } }
  },
  async CREATE_RECORD({ context, step }) {
    const type = recordType(step.object as string)
    return { result: madeBy(type, await createRecords(context, type, [step.values as Input])) }
  },
  async CREATE_TASK({ context, run, step }) {
    const type = recordType('Task')
    const written = await createRecords(context, type, [step.values as Input])
    const result = madeBy(type, written)
    // The task is about what the workflow is about.
    if (run.recordId) {
      const links = await createRecords(context, recordType('TaskLink'), [
        { taskId: result.recordId, recordId: run.recordId },
      ])
      madeBy(recordType('TaskLink'), links)
    }
    return { result }
  },
  async ASSIGN(doing) {
    const { context, step } = doing
    const { type, uuid } = await subjectOf(doing)
    if (step.queueId !== undefined) {
      const written = await assignCase(context, { id: idOf(type.name, uuid), queueId: step.queueId })
      return { result: { ...madeBy(type, [written]), changed: written.changed ?? false } }
    }
    if (step.userId !== undefined) {
      // A template that gives nobody does not take the record from whom it belongs to.
      if (step.userId == null || step.userId === '')
        throw new StepRefused({ code: 'REFERENCE_NOT_FOUND', message: 'userId names no User.' })
      // Whoever left, or has not come yet, is given nothing, as by transfer; who may see no users is not told of them.
      const { db, viewer } = context
      const [inactive] = viewer.access.may('read', 'User')
        ? await db.rows({
            text: `SELECT 1 FROM app_user WHERE tenant_id = $1 AND id = $2 AND status <> 'ACTIVE' AND contact_id IS NULL AND deleted_at IS NULL`,
            values: [viewer.tenantId, uuidOf('User', String(step.userId))],
          })
        : []
      if (inactive)
        throw new StepRefused({ code: 'USER_INACTIVE', message: 'userId is of a user who does not work here.' })
      const owner = type.owners[0] as string
      return {
        result: madeBy(type, await updateRecords(context, type, [{ id: uuid, input: { [owner]: step.userId } }])),
      }
    }
    const object = Object.keys(ASSIGNED).find((one) => ASSIGNED[one] === type.name) as string
    const [assigned] = await assignRecords(context, {
      object,
      ids: [idOf(type.name, uuid)],
      ruleId: step.assignmentRuleId,
    })
    if (!assigned || assigned.errors.length > 0) throw new UserErrors(assigned?.errors ?? [])
    const { outcome, ownerId } = assigned
    return { result: { outcome, ownerId: ownerId && idOf('User', ownerId) } }
  },
  async WAIT(doing) {
    const { step, now } = doing
    const until = step.minutes === undefined ? await dateOf(doing) : new Date(now.getTime() + step.minutes * 60_000)
    // What is over already is not waited for.
    return { result: { until: until?.toISOString() ?? null }, ...(until && until > now ? { until } : {}) }
  },
  async BRANCH(doing) {
    const { type, uuid } = await subjectOf(doing)
    const { db, viewer } = doing.context
    const outcome = (await fitting(db, viewer, type, doing.step.condition, [uuid])).has(uuid)
    return { outcome, result: { outcome: outcome ? 'MATCH' : 'NO_MATCH' } }
  },
  async NOTIFY({ context, run, step }) {
    const users = new Set((step.userIds ?? []).flatMap((id) => uuidOf('User', id) ?? []))
    if (users.size === 0) throw new StepRefused({ code: 'REFERENCE_NOT_FOUND', message: 'userIds names no User.' })
    const record = run.recordId ? targetOf(run.recordId) : null
    await notify(
      context.db,
      context.viewer.tenantId,
      [...users].map((userId) => ({
        userId,
        type: 'WORKFLOW',
        title: String(step.title),
        ...(step.body === undefined ? {} : { body: String(step.body) }),
        ...(record ? { record: { type: record.type.name, uuid: record.uuid } } : {}),
      })),
    )
    return { result: { users: users.size } }
  },
  async SEND_EMAIL({ context, run, step }) {
    const to = targetOf(String(step.recipient))
    if (!to || !isRecipient(to.type.name))
      throw new StepRefused({ code: 'REFERENCE_NOT_FOUND', message: 'recipient names no contact, lead or user.' })
    const record = run.recordId ? targetOf(run.recordId) : null
    const { queued, suppressed } = await sendTemplate(context, {
      templateId: step.emailTemplateId as string,
      recipients: [{ type: to.type.name, uuid: to.uuid }],
      ...(record ? { record: { type: record.type.name, uuid: record.uuid } } : {}),
      informational: step.informational ?? false,
      key: `workflow:${run.id}:${step.key}`,
    })
    return { result: { queued, suppressed } }
  },
  async CALL_WEBHOOK({ context, run, step }) {
    await orderCall(context, run, step)
    return { asked: true }
  },
  async START_APPROVAL(doing) {
    const { type, uuid } = await subjectOf(doing)
    // Who approves is asked by somebody.
    if (!doing.context.viewer.userId)
      throw new StepRefused({ code: 'FORBIDDEN', message: 'Only a workflow that runs as a user submits records.' })
    const written = await submitRecord(doing.context, { recordId: idOf(type.name, uuid) })
    return { result: madeBy(recordType('ApprovalInstance'), [written]) }
  },
}

/** Who gets mails. */
const isRecipient = (name: string): name is 'Contact' | 'Lead' | 'User' => ['Contact', 'Lead', 'User'].includes(name)

/** The id of what was written. @throws UserErrors when it was refused. */
function madeBy(type: RecordType, [written]: Written[]): { recordId: string } {
  if (!written?.id) throw new UserErrors(written?.errors ?? [])
  return { recordId: idOf(type.name, written.id) }
}

/** What a step acts on: the record of the run, or the one that a relation of it leads to. @throws StepRefused NOT_FOUND. */
async function subjectOf(doing: Doing): Promise<Subject> {
  const found = doing.run.recordId ? targetOf(doing.run.recordId) : null
  const subject = found && doing.step.target !== undefined ? await related(doing, found, doing.step.target) : found
  if (!subject) throw new StepRefused({ code: 'NOT_FOUND', message: 'There is no record to act on.' })
  return subject
}

async function related(doing: Doing, { type, uuid }: Subject, name: string): Promise<Subject | null> {
  const relation = type.relations.get(name)
  if (relation?.kind !== 'one') return null
  const value = await readValue(doing, { type, uuid }, relation.field, relation.column)
  return value ? { type: recordType(relation.target), uuid: value } : null
}

/** A column of a record as the viewer may see it; null out of their sight. */
async function readValue(
  { context: { db, viewer } }: Doing,
  { type, uuid }: Subject,
  field: string,
  column: string,
): Promise<string | null> {
  if (!viewer.access.may('read', type.name) || viewer.access.hides(type, field)) return null
  const sql = sqlFor(viewer.tenantId)
  const id = sql.params.add(uuid, 'uuid')
  const seen = viewer.access.predicate(type, 't', sql)
  const [row] = await db.rows<{ value: string | null }>({
    text: `SELECT t.${ident(column)}::text AS value FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND t.id = ${id}${seen ? ` AND ${seen}` : ''}`,
    values: sql.params.values,
  })
  return row?.value ?? null
}

/** The moment in a field of what a step acts on; of a date its midnight in the company's time zone. Null for none. */
async function dateOf(doing: Doing): Promise<Date | null> {
  const subject = await subjectOf(doing)
  const field = subject.type.fields.get(doing.step.until as string)
  if (!field) throw new StepRefused({ code: 'VALIDATION_FAILED', message: 'The field of the wait is gone.' })
  const value = await readValue(doing, subject, field.name, field.column)
  if (!value) return null
  return field.kind === 'date'
    ? DateTime.fromISO(value, { zone: doing.context.viewer.timezone }).toJSDate()
    : DateTime.fromSQL(value, { zone: 'utc' }).toJSDate()
}
