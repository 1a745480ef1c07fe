import { addressProblem } from '../../access/egress.ts'
import type { Viewer } from '../../context.ts'
import { findRecordType, type RecordType, recordType } from '../../read/recordType.ts'
import { approvable } from '../approval/registry.ts'
import { refuse } from '../checks.ts'
import { ASSIGNED } from '../leads/assignment/rule.ts'
import type { Change } from '../write.ts'
import { conditionProblems } from './condition.ts'
import { type Action, automatable, LIMITS, type Step, type Trigger } from './definition.ts'
import { namesIn, ROOTS } from './template.ts'

/** For whom conditions are looked at. */
export type Asker = Pick<Viewer, 'tenantId' | 'access'>

interface About {
  trigger: Trigger
  /** What the workflow is about; null for nothing. */
  type: RecordType | null
  asker: Asker
}

/** Says what is wrong with a member of a step. */
type Say = (name: string | string[], rule: string, message: string) => void

/** The rule of an address that must not be called. */
const FORBIDDEN_URL = 'address'
const KEY = /^[a-z][A-Za-z0-9_]{0,39}$/

/** Refuses steps that could not be done: unknown fields, relations and branches, templates that are none. */
export function checkSteps(change: Change, steps: Step[], { trigger, type, asker }: About): void {
  if (steps.length > LIMITS.steps) refuse(change, 'steps', 'maxItems', `must have at most ${LIMITS.steps} members`)
  const seen = new Map<string, Action>()
  steps.forEach((step, index) => {
    const say: Say = (name, rule, message) => {
      const path = ['steps', String(index), ...[name].flat()]
      if (rule !== FORBIDDEN_URL) refuse(change, path, rule, message)
      else change.errors.push({ code: 'WEBHOOK_URL_FORBIDDEN', message, field: [...change.path, ...path] })
    }
    if (!KEY.test(step.key))
      say('key', 'name', 'must have up to 40 letters, digits and underscores, a small letter first')
    if (seen.has(step.key)) say('key', 'once', 'is the key of an earlier step')
    if (step.branch !== undefined && seen.get(step.branch) !== 'BRANCH')
      say('branch', 'branch', 'must be the key of an earlier BRANCH')
    seen.set(step.key, step.action)
    checkTemplates(step, type, say)
    const target = targetType(step, type, say)
    if (NEEDS_RECORD.has(step.action) && !type) say('action', 'object', 'needs an object that the workflow is about')
    else CHECKS[step.action]?.(step, target, say, asker)
    // Its relations lead to live ones.
    if (trigger === 'RECORD_DELETED' && NEEDS_RECORD.has(step.action) && step.target === undefined)
      say('action', 'trigger', 'cannot be done with a record that was deleted')
  })
}

const NEEDS_RECORD: ReadonlySet<Action> = new Set(['UPDATE_RECORD', 'ASSIGN', 'BRANCH', 'START_APPROVAL'])

/** The type of what a step acts on; null when there is none, or it is refused. */
function targetType({ target }: Step, type: RecordType | null, say: Say): RecordType | null {
  if (target === undefined) return type
  const relation = type?.relations.get(target)
  if (relation?.kind === 'one') return recordType(relation.target)
  say('target', 'relation', 'must be a relation of the record to one other: account')
  return null
}

function checkTemplates(step: Step, type: RecordType | null, say: Say): void {
  let names: string[][]
  try {
    names = namesIn(step)
  } catch {
    say('values', 'template', 'holds a template that cannot be read')
    return
  }
  for (const [root = '', field] of names) {
    if (!ROOTS.includes(root)) say('values', 'template', `must name one of ${ROOTS.join(', ')} in templates`)
    else if (
      root === 'record' &&
      field !== undefined &&
      !type?.fields.has(field) &&
      type?.relations.get(field)?.kind !== 'one'
    )
      say('values', 'template', `names record.${field.slice(0, 40)}, which is not there`)
  }
}

type Check = (step: Step, target: RecordType | null, say: Say, asker: Asker) => void

const CHECKS: Partial<Record<Action, Check>> = {
  UPDATE_RECORD: ({ values }, target, say) => checkValues(values, target, (field) => field === 'always', say),
  CREATE_RECORD({ object, values }, _target, say) {
    const type = findRecordType(object ?? '')
    if (!type?.operations.has('create') || !automatable().includes(type)) {
      say('object', 'choice', 'must be the name of a type whose records can be made')
      return
    }
    checkValues(values, type, (field) => field !== 'never', say)
  },
  CREATE_TASK: ({ values }, _target, say) => checkValues(values, recordType('Task'), (field) => field !== 'never', say),
  ASSIGN({ userId, assignmentRuleId, queueId }, target, say) {
    if ([userId, assignmentRuleId, queueId].filter((one) => one !== undefined).length !== 1)
      say('userId', 'oneOf', 'or assignmentRuleId or queueId must be given, and one of them alone')
    if (target && queueId !== undefined && target.name !== 'Case') say('queueId', 'object', 'is for Case')
    if (target && assignmentRuleId !== undefined && !Object.values(ASSIGNED).includes(target.name))
      say('assignmentRuleId', 'object', `is for ${Object.values(ASSIGNED).join(' and ')}`)
    if (target && target.owners.length === 0) say('action', 'owner', 'needs records that have an owner')
  },
  WAIT({ minutes, until }, target, say) {
    if ((minutes === undefined) === (until === undefined)) {
      say('minutes', 'oneOf', 'or until must be given, and not both')
      return
    }
    if (minutes !== undefined && (minutes < 1 || minutes > LIMITS.minutes))
      say('minutes', 'range', `must be from 1 to ${LIMITS.minutes}`)
    if (until !== undefined && !['date', 'datetime'].includes(target?.fields.get(until)?.kind ?? ''))
      say('until', 'field', 'must be a field that holds a date')
  },
  BRANCH({ condition }, target, say, asker) {
    if (condition === undefined) {
      say('condition', 'required', 'is required for BRANCH')
      return
    }
    if (!target) return
    for (const { path, message } of conditionProblems(target, condition, asker))
      say(['condition', ...path], 'filter', `is no filter: ${message}`)
  },
  NOTIFY({ userIds, title }, _target, say) {
    if (!userIds?.length) say('userIds', 'required', 'is required for NOTIFY')
    if ((userIds?.length ?? 0) > LIMITS.users) say('userIds', 'maxItems', `must have at most ${LIMITS.users} members`)
    if (title === undefined) say('title', 'required', 'is required for NOTIFY')
  },
  SEND_EMAIL({ emailTemplateId, recipient }, _target, say) {
    if (emailTemplateId === undefined) say('emailTemplateId', 'required', 'is required for SEND_EMAIL')
    if (recipient === undefined) say('recipient', 'required', 'is required for SEND_EMAIL')
  },
  CALL_WEBHOOK({ url }, _target, say) {
    if (url === undefined || !URL.canParse(url)) say('url', 'required', 'must be an https address')
    else {
      const problem = addressProblem(new URL(url))
      if (problem) say('url', FORBIDDEN_URL, problem)
    }
  },
  START_APPROVAL(_step, target, say) {
    if (target && !approvable().includes(target.name))
      say('action', 'object', `needs records that can be approved: ${approvable().join(', ')}`)
  },
}

function checkValues(
  values: Step['values'],
  type: RecordType | null,
  writable: (write: 'always' | 'create' | 'never') => boolean,
  say: Say,
): void {
  if (typeof values !== 'object' || values === null || Array.isArray(values) || Object.keys(values).length === 0) {
    say('values', 'required', 'must name fields with their values')
    return
  }
  for (const name of Object.keys(values)) {
    const field = type?.fields.get(name)
    if (type && (!field || !writable(field.write)))
      say(['values', name], 'field', `is no field of ${type.name} that can be written`)
  }
}
