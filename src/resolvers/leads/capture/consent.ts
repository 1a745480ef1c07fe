import type { WriteContext } from '../../write.ts'

/**
 * Notes what a person agreed to when they confirmed that the address is theirs: with the submission. This is the one place that knows of it: a
 * ConsentRecord of the lead is made here too, once there are such records.
 */
export async function noteConsent(
  { db, viewer }: WriteContext,
  { submissionId, text }: { submissionId: string; text: string | null },
): Promise<void> {
  await db.rows({
    text: 'UPDATE lead_capture_submission SET consent = $3 WHERE tenant_id = $1 AND id = $2',
    values: [viewer.tenantId, submissionId, text],
  })
}
