import { runCareRule } from '../../src/resolvers/marketing/care/run.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

/** What a care rule did for somebody. */
export interface Execution {
  contact: string | null
  account: string | null
  period: string
  status: string
  reason: string | null
}

/** A company with what tests of care rules want of it. Its time zone is Asia/Shanghai. */
export interface Cared extends Writes {
  templateId: string
  /** A contact with an address. */
  contact(more?: Record<string, unknown>): Promise<string>
  /** An active rule; those for mails have the template. */
  rule(input: Record<string, unknown>): Promise<string>
  /** All steps of a rule at a moment. */
  run(ruleId: string, at: string): Promise<{ sent: number; skipped: number; next: Date }>
  executions(ruleId: string): Promise<Execution[]>
  /** Mails to a contact that wait. */
  mails(contactId: string): Promise<{ subject: string }[]>
}

/** Opens a company of its own; call `close`. */
export async function openCare(): Promise<Cared> {
  const acme = await openWrites()
  const [templateId] = (await acme.create('EmailTemplate', {
    name: 'Wish',
    subject: 'For {{ recipient.firstName }} of {{ account.name }} {{ contract.name }}',
    html: '<p>All the best <a href="{{ unsubscribeUrl }}">x</a></p>',
  })) as [string]
  let counter = 0
  return {
    ...acme,
    templateId,
    async contact(more = {}) {
      const n = ++counter
      const [id] = await acme.create('Contact', {
        firstName: 'Ada',
        lastName: `B ${n}`,
        email: `a${n}@x.example`,
        ...more,
      })
      return id as string
    },
    async rule(input) {
      const [id] = await acme.create('CareRule', {
        name: `Rule ${++counter}`,
        ...(input.channel ? {} : { channel: 'EMAIL', templateId: ref('EmailTemplate', templateId) }),
        ...input,
      })
      return id as string
    },
    async run(ruleId, at) {
      const all = { sent: 0, skipped: 0 }
      for (;;) {
        const step = await acme.write((context) => runCareRule(context, ruleId, new Date(at)))
        if (!step) throw new Error('The rule is not at work.')
        all.sent += step.sent
        all.skipped += step.skipped
        if (step.next) return { ...all, next: step.next }
      }
    },
    executions: (ruleId) =>
      acme.rows<Execution>(
        'SELECT contact_id AS contact, account_id AS account, period, status, reason FROM care_execution WHERE tenant_id = $1 AND rule_id = $2 ORDER BY at, id',
        ruleId,
      ),
    mails: (contactId) =>
      acme.rows<{ subject: string }>(
        `SELECT subject FROM email_message WHERE tenant_id = $1 AND contact_id = $2 AND status = 'QUEUED' ORDER BY id`,
        contactId,
      ),
  }
}
