import { type RecordType, recordTypes } from '../../read/recordType.ts'

/** What starts a workflow. */
export type Trigger =
  | 'RECORD_CREATED'
  | 'RECORD_UPDATED'
  | 'RECORD_DELETED'
  | 'SCHEDULE'
  | 'DATE_REACHED'
  | 'WEBHOOK'
  | 'MANUAL'

/** What a step does. */
export type Action =
  | 'UPDATE_RECORD'
  | 'CREATE_RECORD'
  | 'CREATE_TASK'
  | 'ASSIGN'
  | 'WAIT'
  | 'BRANCH'
  | 'START_APPROVAL'
  | 'CALL_WEBHOOK'
  | 'NOTIFY'
  | 'SEND_EMAIL'

/** A step as a workflow keeps it: ids as clients write them. Texts may hold templates; see template.ts. */
export interface Step {
  key: string
  name?: string
  action: Action
  /** The BRANCH under which it stands, and for which of its answers it is done; MATCH if left out. */
  branch?: string
  when?: 'MATCH' | 'NO_MATCH'
  /** A relation of the record to one other, which is acted on instead of it. */
  target?: string
  object?: string
  values?: Record<string, unknown>
  userId?: string
  assignmentRuleId?: string
  queueId?: string
  minutes?: number
  until?: string
  condition?: Record<string, unknown>
  /** Ids of users, or templates that give one. */
  userIds?: string[]
  title?: string
  body?: string
  emailTemplateId?: string
  /** Id of a contact, lead or user, or a template that gives one. */
  recipient?: string
  informational?: boolean
  url?: string
  payload?: unknown
}

/** What of a workflow decides how it runs: of its draft, and of each version. */
export interface Definition {
  object: string | null
  trigger: Trigger
  watchedFields: string[]
  fromValue: unknown
  toValue: unknown
  cron: string | null
  dateField: string | null
  offsetDays: number
  offsetMinutes: number
  timeOfDay: string | null
  condition: Record<string, unknown> | null
  principal: 'USER' | 'SYSTEM'
  runAsId: string | null
  maxDepth: number
  steps: Step[]
}

/** Columns of a definition, by field name, in the order in which statements name them. */
export const DEFINITION: Readonly<Record<keyof Definition, string>> = {
  object: 'object',
  trigger: 'trigger',
  watchedFields: 'watched_fields',
  fromValue: 'from_value',
  toValue: 'to_value',
  cron: 'cron',
  dateField: 'date_field',
  offsetDays: 'offset_days',
  offsetMinutes: 'offset_minutes',
  timeOfDay: 'time_of_day',
  condition: 'condition',
  principal: 'principal',
  runAsId: 'run_as_id',
  maxDepth: 'max_depth',
  steps: 'steps',
}

/** A published version with its workflow, by uuids. */
export interface Version extends Definition {
  id: string
  workflowId: string
}

/** The columns of a Version for a SELECT, of an alias of workflow_version. */
export const versionColumns = (v: string): string =>
  [
    `${v}.id`,
    `${v}.workflow_id AS "workflowId"`,
    ...Object.entries(DEFINITION).map(([name, column]) => `${v}.${column} AS "${name}"`),
  ].join(', ')

/** Most steps of a workflow, minutes of a wait (a year), days of an offset, and users of a NOTIFY. */
export const LIMITS = { steps: 50, minutes: 525_600, days: 3650, users: 50 }

/** Triggers of records that are written. */
export const RECORD_TRIGGERS: readonly Trigger[] = ['RECORD_CREATED', 'RECORD_UPDATED', 'RECORD_DELETED']

/** Does a record have to be there for it to start. */
export const needsObject = (trigger: Trigger): boolean =>
  RECORD_TRIGGERS.includes(trigger) || trigger === 'DATE_REACHED' || trigger === 'MANUAL'

/** What the company's data consists of, and not how it works or what was noted about that: the types that workflows are about. */
export const automatable = (): RecordType[] =>
  recordTypes().filter(({ settings, name }) => !settings && !['Job', 'ImportJob', 'Notification'].includes(name))
