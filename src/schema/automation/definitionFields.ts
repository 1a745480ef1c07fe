import type { Shape } from '../../read/recordType.ts'
import { LIMITS } from '../../resolvers/automation/definition.ts'
import { choice, type FieldOptions, int, json, objects, text, texts } from '../shared/fields.ts'

const WorkflowStep: Shape = {
  name: 'WorkflowStep',
  description:
    'A step of a workflow. Texts of values and userId may hold templates: {{ record.name }}, {{ record.owner.name }}, {{ payload.id }}, {{ today }}; see docs/workflows.md.',
  members: {
    key: {
      kind: 'text',
      description:
        'What others call it: up to 40 letters, digits and underscores, a small letter first; once in a workflow.',
      max: 40,
      required: true,
    },
    name: { kind: 'text', description: 'What people call it.', max: 100 },
    action: {
      kind: 'choice',
      description: 'What it does.',
      required: true,
      choice: {
        name: 'WorkflowAction',
        values: {
          UPDATE_RECORD: 'Writes values into the record.',
          CREATE_RECORD: 'Makes a record of the type object with values.',
          CREATE_TASK: 'Makes a task with values; it is about the record.',
          ASSIGN:
            'Gives the record to userId, or to whom the assignment rule assignmentRuleId chooses; a case to the queue queueId.',
          WAIT: 'Lets minutes pass, or waits until the date in the field until; a date that is over is not waited for.',
          BRANCH: 'Asks whether the record meets condition; steps that name it as their branch are done or not.',
          NOTIFY: 'Tells the users of userIds title and body, as their settings for notifications say.',
          SEND_EMAIL: 'Sends a template of mails to recipient; who opted out gets none, unless it is informational.',
          CALL_WEBHOOK:
            'Posts payload to url, signed by the secret of the workflow (rotateWorkflowSecret); goes on when that was answered with 2xx, and fails with WEBHOOK_FAILED after more than a day of attempts, or at 410.',
          START_APPROVAL: 'Submits the record for approval, as the user that the workflow runs as.',
        },
      },
    },
    branch: {
      kind: 'text',
      description: 'The key of an earlier BRANCH: the step is done by its answer alone.',
      max: 40,
    },
    when: {
      kind: 'choice',
      description: 'By which answer of its branch; MATCH if left out.',
      choice: {
        name: 'WorkflowBranchAnswer',
        values: { MATCH: 'The record meets the condition.', NO_MATCH: 'It does not.' },
      },
    },
    target: {
      kind: 'text',
      description: 'A relation of the record to one other, account: that one is acted on instead.',
      max: 50,
    },
    object: { kind: 'text', description: 'Of CREATE_RECORD: the name of the type.', max: 30 },
    values: {
      kind: 'json',
      description:
        'What is written, by the names of fields, as the input of create and update takes it. A text that is one {{ expression }} alone keeps the type of its value.',
    },
    userId: { kind: 'text', description: 'Of ASSIGN: the id of a user, or a template that gives one.', max: 500 },
    assignmentRuleId: { kind: 'text', description: 'Of ASSIGN: the id of an assignment rule.', max: 50 },
    queueId: { kind: 'text', description: 'Of ASSIGN of cases: the id of a queue.', max: 50 },
    userIds: {
      kind: 'texts',
      description: `Of NOTIFY: ids of users, or templates that give one; at most ${LIMITS.users}.`,
    },
    title: { kind: 'text', description: 'Of NOTIFY: a sentence; may hold templates.', max: 500 },
    body: { kind: 'text', description: 'Of NOTIFY: more of it; may hold templates.', max: 5000 },
    emailTemplateId: { kind: 'text', description: 'Of SEND_EMAIL: the id of the template.', max: 50 },
    recipient: {
      kind: 'text',
      description: 'Of SEND_EMAIL: the id of a contact, lead or user, or a template that gives one: {{ record.id }}.',
      max: 500,
    },
    informational: {
      kind: 'boolean',
      description: 'Of SEND_EMAIL: is it of business, which opting out does not stop; false if left out.',
    },
    url: {
      kind: 'text',
      description: 'Of CALL_WEBHOOK: an https address of the public internet; WEBHOOK_URL_FORBIDDEN for others.',
      max: 2000,
    },
    payload: { kind: 'json', description: 'Of CALL_WEBHOOK: what is sent, JSON; may hold templates.' },
    minutes: { kind: 'int', description: `Of WAIT: 1 to ${LIMITS.minutes}.` },
    until: { kind: 'text', description: 'Of WAIT: the name of a field of the record that holds a date.', max: 50 },
    condition: { kind: 'json', description: 'Of BRANCH: what the where of the list of the records takes, as JSON.' },
  },
}

const TRIGGERS = {
  RECORD_CREATED: 'A record was made that meets the condition.',
  RECORD_UPDATED:
    'A record was changed that meets the condition now: any field, or one of watchedFields; the first of them from fromValue to toValue, where they are set.',
  RECORD_DELETED: 'A record that meets the condition went to the recycle bin.',
  SCHEDULE: 'The times of cron: once, or with an object once for each record that meets the condition.',
  DATE_REACHED:
    'The date in the field dateField, moved by offsetDays and offsetMinutes, is reached by a record that meets the condition.',
  WEBHOOK: 'Another system sends something to /hooks/<hookToken>.',
  MANUAL: 'Somebody says so: runWorkflow.',
}

const PRINCIPALS = {
  USER: 'The user runAs; who publishes it where none is set.',
  SYSTEM: 'Everything in the company may be read and written; only administrators publish it so.',
}

/** The fields of a definition, of drafts and, with `never`, of versions. */
export function definitionFields(write: Pick<FieldOptions, 'write'> = {}) {
  const draft = write.write === undefined
  return {
    object: text('Name of the type whose records it is about: Lead.', {
      ...(draft ? { write: 'create' as const } : write),
      max: 30,
    }),
    trigger: choice('What starts it.', 'WorkflowTrigger', TRIGGERS, { ...write, ...(draft ? { required: true } : {}) }),
    watchedFields: texts('Of RECORD_UPDATED: names of the fields; empty: any.', write),
    fromValue: json('Of RECORD_UPDATED: what the first watched field held before; null: anything.', write),
    toValue: json('Of RECORD_UPDATED: what the first watched field holds now; null: anything.', write),
    cron: text(
      'Of SCHEDULE: minute, hour, day of the month, month, day of the week, in the company’s time zone: 0 9 * * 1-5.',
      {
        ...write,
        max: 100,
      },
    ),
    dateField: text('Of DATE_REACHED: the name of the field.', { ...write, max: 50 }),
    offsetDays: int('Of DATE_REACHED: days after the date; below 0 before it.', {
      ...write,
      ...(draft ? { default: 0 } : {}),
    }),
    offsetMinutes: int('Of DATE_REACHED with a time: minutes after it, besides the days; below 0 before it.', {
      ...write,
      ...(draft ? { default: 0, range: { min: -1440, max: 1440 } } : {}),
    }),
    timeOfDay: text(
      'Of DATE_REACHED without a time: when on that day, HH:MM in the company’s time zone; 09:00 if left out.',
      {
        ...write,
        max: 5,
      },
    ),
    condition: json(
      'Which records it is for: what the where of their list takes, as JSON: {"rating": {"eq": "HOT"}}. Asked with the rights of the workflow. Checked as where is: VALIDATION_FAILED with the path of what is wrong. Null: all records. At most 20,000 characters.',
      { ...write, max: 20_000 },
    ),
    principal: choice('As whom it runs.', 'WorkflowPrincipal', PRINCIPALS, {
      ...write,
      ...(draft ? { default: 'USER' } : {}),
    }),
    maxDepth: int('Workflows that start one another, this one among them, before it fails with WORKFLOW_LOOP.', {
      ...write,
      ...(draft ? { default: 8, range: { min: 1, max: 8 } } : {}),
    }),
    steps: objects(`The steps, in their order; at most ${LIMITS.steps}.`, WorkflowStep, write),
  }
}
