import type { Viewer } from '../../../context.ts'
import { fieldOf, recordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import type { Writer } from '../../../tenancy/tenancy.ts'
import { normalise } from '../../normalise.ts'
import { createRecords, lockTargets, updateRecords } from '../../records.ts'
import type { Input, WriteContext } from '../../write.ts'
import { assignOwners } from '../assignment/assign.ts'
import type { Form } from './forms.ts'
import { joinCampaign } from './joinCampaign.ts'

/** What became of a submission that was good. */
export interface Made {
  outcome: 'CREATED' | 'UPDATED' | 'IGNORED' | 'REFUSED'
  /** uuid of the lead that was made, or that was there and may be named. */
  leadId: string | null
  errorCode: string | null
}

/**
 * Writes the lead of a submission by the standard verbs, under the company's rules, and gives it an owner by its assignment rules. One that is there already, by
 * e-mail address or telephone number, is treated as the form says. Either becomes a member of the form’s campaign. Two of the same at the same time come one after the other.
 */
export async function writeLeadOf(db: Writer, viewer: Viewer, form: Form, input: Input): Promise<Made> {
  // What the form's duplicate policy has let through is meant to be written.
  const context: WriteContext = { db, viewer, allowDuplicate: true, assign: form.ruleId === null }
  const type = recordType('Lead')
  const known = form.duplicatePolicy === 'ALLOW' ? null : await sameLead(context, input)
  if (known && form.duplicatePolicy === 'REFUSE')
    return { outcome: 'REFUSED', leadId: null, errorCode: 'DUPLICATE_DETECTED' }
  if (known) {
    if (form.campaignId) await joinCampaign(context, known, form.campaignId)
    const filled = form.duplicatePolicy === 'UPDATE' && (await fillEmpty(context, known, input))
    return { outcome: filled ? 'UPDATED' : 'IGNORED', leadId: known, errorCode: null }
  }
  const [written] = await createRecords(context, type, [
    {
      ...input,
      doNotEmail: false,
      ...(form.sourceId ? { sourceId: idOf('LeadSource', form.sourceId) } : {}),
      ...(form.campaignId ? { campaignId: idOf('Campaign', form.campaignId) } : {}),
    },
  ])
  if (!written?.id) throw new Error(`A lead of a form was refused: ${written?.errors.map(({ code }) => code).join()}`)
  if (form.campaignId) await joinCampaign(context, written.id, form.campaignId)
  if (form.teamId) {
    const share = { recordId: idOf('Lead', written.id), teamId: idOf('Team', form.teamId), access: 'WRITE' }
    const [shared] = await createRecords(context, recordType('RecordShare'), [share])
    if (!shared?.id) throw new Error(`A share of a form was refused: ${shared?.errors.map(({ code }) => code).join()}`)
  }
  if (form.ruleId) await assignOwners(context, type, [written.id], { ruleId: form.ruleId })
  return { outcome: 'CREATED', leadId: written.id, errorCode: null }
}

/** The oldest live, unconverted lead with the same address or number; locks both to the end of the transaction. */
async function sameLead({ db, viewer }: WriteContext, input: Input): Promise<string | null> {
  const type = recordType('Lead')
  const of = (name: string): string | null => {
    const result = normalise(fieldOf(type, name), input[name], viewer)
    return 'ok' in result ? (result.ok as string | null) : null
  }
  const email = of('email')
  const phones = [...new Set([of('phone'), of('mobile')])].filter((one) => one !== null)
  const names = [...(email ? [email] : []), ...phones].sort()
  if (names.length === 0) return null
  await db.rows({
    text: 'SELECT pg_advisory_xact_lock(hashtextextended(x.name, 0)) FROM (SELECT unnest($1::text[]) AS name) x',
    values: [names.map((name) => `${viewer.tenantId} lead capture ${name}`)],
  })
  const [found] = await db.rows<{ id: string }>({
    text: `SELECT id FROM lead WHERE tenant_id = $1 AND deleted_at IS NULL AND status <> 'CONVERTED'
 AND (email = $2 OR phone = ANY ($3::text[]) OR mobile = ANY ($3::text[])) ORDER BY created_at, id LIMIT 1`,
    values: [viewer.tenantId, email, phones],
  })
  return found?.id ?? null
}

/** Writes what the visitor told and the lead does not know yet: a stranger overwrites nothing. Was there anything. */
async function fillEmpty(context: WriteContext, id: string, input: Input): Promise<boolean> {
  const type = recordType('Lead')
  const [locked] = await lockTargets(context, type, [{ id }], { action: 'update', pathOf: () => ['id'] })
  const before = locked?.before
  if (!before) return false
  const news = Object.entries(input).filter(([name]) => before[name] === null)
  if (news.length === 0) return false
  const [written] = await updateRecords(context, type, [{ id, input: Object.fromEntries(news) }])
  return written?.changed === true
}
