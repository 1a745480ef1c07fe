import { requireRight } from '../../access/decide.ts'
import type { UserErrorInfo } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { amongQuery } from '../../read/storedFilter.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import { BULK_MAX } from '../mutation.ts'
import type { Written } from '../records.ts'
import type { WriteContext } from '../write.ts'
import { RECIPIENTS, type Recipient, type RecipientType } from './recipients.ts'
import { sendTemplate } from './sendEmail.ts'

/** Arguments of the verb as clients write them. */
export interface Sending {
  templateId: string
  recipientIds: readonly string[]
  recordId?: string | null
  informational?: boolean | null
}

/** How many mails a call queued, and how many recipients get none. */
export interface Sent {
  queued: number
  suppressed: number
}

/**
 * Mails a template to contacts, leads and users by their ids. Errors: NOT_FOUND for a template or a record that the viewer does not see, or that nobody can be mailed
 * by; BULK_TOO_LARGE. @throws FORBIDDEN, UserErrors.
 */
export async function sendToRecords(context: WriteContext, given: Sending): Promise<Written> {
  requireRight(context.viewer, 'read', 'EmailTemplate')
  requireRight(context.viewer, 'create', 'EmailMessage')
  const { templateId, recipientIds, recordId, informational } = given
  if (recipientIds.length > BULK_MAX)
    return refused('BULK_TOO_LARGE', 'recipientIds', `At most ${BULK_MAX} records at once.`, { max: BULK_MAX })
  const recipients = recipientIds.map(recipientOf)
  const template = uuidOf('EmailTemplate', templateId) ?? NO_ID
  if (recipients.includes(null))
    return refused('NOT_FOUND', 'recipientIds', 'recipientIds names a record that there is not.')
  const about = recordId == null ? undefined : aboutOf(recordId)
  if (about === null || (about && !(await isSeen(context, about))))
    return refused('NOT_FOUND', 'recordId', 'recordId names no record.')
  const sent: Sent = await sendTemplate(context, {
    templateId: template,
    recipients: recipients as Recipient[],
    ...(about ? { record: about } : {}),
    informational: informational ?? false,
  })
  return { id: template, errors: [], more: sent }
}

/** Does the caller see the record that a mail is to be about, whether its words say anything of it or not. */
async function isSeen({ db, viewer }: WriteContext, { type: name, uuid }: { type: string; uuid: string }) {
  if (!viewer.access.may('read', name)) return false
  return (await db.rows(amongQuery(recordType(name), {}, viewer, [uuid]))).length > 0
}

function refused(code: UserErrorInfo['code'], field: string, message: string, details?: unknown): Written {
  return { id: null, errors: [{ code, message, field: [field], ...(details ? { details } : {}) }] }
}

function aboutOf(id: string): { type: string; uuid: string } | null {
  const type = recordTypeOfPrefix(decodeId(id)?.prefix ?? '')
  const uuid = type ? uuidOf(type.name, id) : null
  return type && uuid ? { type: type.name, uuid } : null
}

function recipientOf(id: string): Recipient | null {
  const about = aboutOf(id)
  return about && (RECIPIENTS as readonly string[]).includes(about.type)
    ? { type: about.type as RecipientType, uuid: about.uuid }
    : null
}
