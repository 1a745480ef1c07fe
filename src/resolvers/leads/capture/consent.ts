import { recordType } from '../../../read/recordType.ts'
import { idOf } from '../../../read/values.ts'
import { createRecords } from '../../records.ts'
import type { WriteContext } from '../../write.ts'

/** What the consent of a form is for, as its ConsentRecord calls it. */
const FORM_PURPOSE = 'CAPTURE_FORM'

/**
 * Notes what a person agreed to when they confirmed that the address is theirs: with the submission, and as a consent to mail of the lead that has this
 * address. One that was there and was found by its telephone number alone may be somebody else.
 *
 * @param leadId uuid of the lead that was made or was there; null when there is none.
 * @param email as it was confirmed.
 */
export async function noteConsent(
  context: WriteContext,
  {
    submissionId,
    leadId,
    email,
    form,
  }: { submissionId: string; leadId: string | null; email: string; form: { id: string; consentText: string | null } },
): Promise<void> {
  const { db, viewer } = context
  await db.rows({
    text: 'UPDATE lead_capture_submission SET consent = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, submissionId, form.consentText],
  })
  if (!leadId || !form.consentText) return
  const [theirs] = await db.rows({
    text: 'SELECT id FROM lead WHERE tenant_id = $1 AND id = $2 AND email = $3',
    values: [viewer.tenantId, leadId, email],
  })
  if (!theirs) return
  const [written] = await createRecords(context, recordType('ConsentRecord'), [
    {
      leadId: idOf('Lead', leadId),
      purpose: FORM_PURPOSE,
      channel: 'EMAIL',
      status: 'GRANTED',
      lawfulBasis: 'CONSENT',
      source: idOf('LeadCaptureForm', form.id),
      evidence: `${form.consentText}\n${idOf('LeadCaptureSubmission', submissionId)}`,
    },
  ])
  if (!written?.id)
    throw new Error(`A consent of a form was refused: ${written?.errors.map(({ code }) => code).join()}`)
}
