import { randomInt } from 'node:crypto'
import { CronExpressionParser } from 'cron-parser'
import { findRecordType, type RecordType } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { refuse } from '../checks.ts'
import { normalise } from '../normalise.ts'
import { after, type Change, type WriteContext } from '../write.ts'
import { type Asker, checkSteps } from './checkSteps.ts'
import { conditionProblems } from './condition.ts'
import { automatable, DEFINITION, LIMITS, needsObject, type Step, type Trigger } from './definition.ts'
import { systemAccess } from './principal.ts'

/**
 * Rule of workflows: about a type of the company's data; a trigger that says all that it needs; a condition that the API would take; steps that can be
 * done. Errors: VALIDATION_FAILED, REFERENCE_NOT_FOUND.
 */
export async function writeWorkflow(changes: Change[], context: WriteContext): Promise<void> {
  const { tenantId } = context.viewer
  // As the company's own: what the principal may not see is told when it runs.
  const asker = { tenantId, access: await systemAccess(context.db, tenantId) }
  for (const change of changes) {
    const { values, before } = change
    if (before && !Object.keys(values).some((name) => Object.hasOwn(DEFINITION, name))) continue
    const trigger = after(change, 'trigger') as Trigger
    if (trigger === 'WEBHOOK' && after(change, 'hookToken') == null) values.hookToken = newToken()
    const type = typeOf(change, trigger)
    if (type === undefined) continue
    checkTrigger(change, trigger, type, context)
    if (after(change, 'condition') != null) checkCondition(change, type, asker)
    const steps = after(change, 'steps')
    if (Array.isArray(steps)) checkSteps(change, steps as Step[], { trigger, type, asker })
  }
  await checkNamed(changes, context)
}

/** What ids of steps name, by their members; a template is none. */
const NAMED = {
  userId: { type: 'User', table: 'app_user' },
  userIds: { type: 'User', table: 'app_user' },
  assignmentRuleId: { type: 'AssignmentRule', table: 'assignment_rule' },
  queueId: { type: 'CaseQueue', table: 'case_queue' },
  emailTemplateId: { type: 'EmailTemplate', table: 'email_template' },
} as const

/** REFERENCE_NOT_FOUND for users, rules and templates of mails that steps name and that are not there. One statement for all. */
async function checkNamed(changes: Change[], { db, viewer }: WriteContext): Promise<void> {
  const named = changes.flatMap((change) =>
    ((change.values.steps ?? []) as Step[]).flatMap((step, index) => {
      const at = ['steps', String(index)]
      return [
        ...(['userId', 'assignmentRuleId', 'queueId', 'emailTemplateId'] as const).map((name) => ({
          name,
          id: step[name],
          path: [...at, name],
        })),
        ...(step.userIds ?? []).map((id, place) => ({
          name: 'userIds' as const,
          id,
          path: [...at, 'userIds', String(place)],
        })),
      ].flatMap(({ name, id, path }) =>
        id === undefined || id.includes('{')
          ? []
          : [{ change, path, ...NAMED[name], uuid: uuidOf(NAMED[name].type, id) ?? NO_ID }],
      )
    }),
  )
  if (named.length === 0) return
  const tables = [...new Set(named.map(({ table }) => table))]
  const rows = await db.rows<{ id: string }>({
    text: tables
      .map(
        (table, place) =>
          `SELECT id FROM ${table} WHERE tenant_id = $1 AND id = ANY ($${place + 2}::uuid[]) AND deleted_at IS NULL`,
      )
      .join(' UNION ALL '),
    values: [
      viewer.tenantId,
      ...tables.map((table) => named.flatMap((one) => (one.table === table ? [one.uuid] : []))),
    ],
  })
  const there = new Set(rows.map(({ id }) => id))
  for (const { change, type, uuid, path } of named) {
    if (there.has(uuid)) continue
    const message = `${path[2]} names no ${type} that is there.`
    change.errors.push({ code: 'REFERENCE_NOT_FOUND', message, field: [...change.path, ...path] })
  }
}

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const newToken = () => Array.from({ length: 22 }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** The type that a workflow is about; null for none, undefined when it is refused. */
function typeOf(change: Change, trigger: Trigger): RecordType | null | undefined {
  const object = after(change, 'object') as string | null | undefined
  if (object == null) {
    if (!needsObject(trigger)) return null
    refuse(change, 'object', 'required', `is required for ${trigger}`)
    return undefined
  }
  const type = findRecordType(object)
  if (type && automatable().includes(type)) return type
  refuse(change, 'object', 'choice', 'must be the name of a type of the company’s data: Lead, Opportunity')
  return undefined
}

function checkTrigger(change: Change, trigger: Trigger, type: RecordType | null, context: WriteContext): void {
  if (trigger === 'WEBHOOK' && type) refuse(change, 'object', 'trigger', 'must be left out for WEBHOOK')
  if (trigger === 'SCHEDULE') checkCron(change, context)
  const time = after(change, 'timeOfDay')
  if (typeof time === 'string' && !/^([01][0-9]|2[0-3]):[0-5][0-9]$/.test(time))
    refuse(change, 'timeOfDay', 'time', 'must be a time of the form HH:MM')
  if (trigger === 'RECORD_UPDATED' && type) checkWatched(change, type, context)
  if (trigger === 'DATE_REACHED' && type) checkDate(change, type)
}

function checkWatched(change: Change, type: RecordType, { viewer }: WriteContext): void {
  const watched = (after(change, 'watchedFields') ?? []) as string[]
  for (const [index, name] of watched.entries())
    if (!type.fields.has(name))
      refuse(change, ['watchedFields', String(index)], 'field', `must be a field of ${type.name}`)
  for (const name of ['fromValue', 'toValue']) {
    const value = after(change, name)
    if (value == null) continue
    const field = type.fields.get(watched[0] ?? '')
    if (!field) refuse(change, name, 'watchedFields', 'needs a first watched field')
    else if ('rule' in normalise(field, value, viewer))
      refuse(change, name, 'value', `must be a value of ${field.name}`)
  }
}

function checkCron(change: Change, { viewer }: WriteContext): void {
  const cron = after(change, 'cron')
  if (typeof cron !== 'string') {
    refuse(change, 'cron', 'required', 'is required for SCHEDULE')
    return
  }
  try {
    if (cron.trim().split(/\s+/).length !== 5) throw new Error('no five fields')
    CronExpressionParser.parse(cron, { tz: viewer.timezone }).next()
  } catch {
    refuse(change, 'cron', 'cron', 'must be a cron expression of five fields: 0 9 * * 1-5')
  }
}

function checkDate(change: Change, type: RecordType): void {
  const field = type.fields.get(String(after(change, 'dateField')))
  if (field?.kind !== 'date' && field?.kind !== 'datetime') {
    refuse(change, 'dateField', 'field', `must be a field of ${type.name} that holds a date`)
    return
  }
  if (field.kind === 'date' && after(change, 'offsetMinutes'))
    refuse(change, 'offsetMinutes', 'date', 'must be 0 for a date without a time; use timeOfDay')
  if (field.kind === 'datetime' && after(change, 'timeOfDay') != null)
    refuse(change, 'timeOfDay', 'datetime', 'must be left out for a date with a time')
  if (Math.abs(Number(after(change, 'offsetDays'))) > LIMITS.days)
    refuse(change, 'offsetDays', 'range', `must be from -${LIMITS.days} to ${LIMITS.days}`)
}

function checkCondition(change: Change, type: RecordType | null, asker: Asker): void {
  if (!type) {
    refuse(change, 'condition', 'object', 'needs an object whose records it is about')
    return
  }
  for (const { path, message } of conditionProblems(type, after(change, 'condition'), asker))
    refuse(change, ['condition', ...path], 'filter', `is no filter: ${message}`)
}
