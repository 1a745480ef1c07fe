import sanitizeHtml from 'sanitize-html'
import { loadDefinitions } from '../../access/custom.ts'
import { requireRight } from '../../access/decide.ts'
import type { Viewer } from '../../context.ts'
import { requestError } from '../../errors.ts'
import { decodeId } from '../../ids.ts'
import { recordType, recordTypeOfPrefix } from '../../read/recordType.ts'
import { NO_ID, uuidOf } from '../../read/values.ts'
import type { Reader, Writer } from '../../tenancy/tenancy.ts'
import { sqlFor } from '../write.ts'
import { compose, SURVEY_MARK, type Template, UNSUBSCRIBE_MARK } from './compose.ts'
import { loadPeople, type Person, RECIPIENTS, type RecipientType } from './recipients.ts'
import { loadTemplate } from './sendEmail.ts'
import { allowedFor, namesCustom, variableOf } from './variables.ts'

/** A mail as one recipient would get it. */
export interface Preview {
  subject: string
  html: string
  text: string
}

/** Stands where the recipient's own link would. */
const NOWHERE = 'https://example.com/unsubscribe'
const NO_SURVEY = 'https://example.com/survey'

/**
 * A template as it looks for a record: for a contact, a lead or a user as their mail; for any other as a mail about it to nobody. Its HTML holds nothing that runs.
 * Changes nothing.
 *
 * @returns null when there is no such template or record, or it cannot be rendered for it.
 * @throws FORBIDDEN; TEMPLATE_VARIABLE_UNKNOWN for a custom field that the company has no more.
 */
export async function previewTemplate(
  db: Reader,
  viewer: Viewer,
  { templateId, recordId }: { templateId: string; recordId: string },
): Promise<Preview | null> {
  requireRight(viewer, 'read', 'EmailTemplate')
  const context = { db: db as Writer, viewer }
  const template = await loadTemplate(context, uuidOf('EmailTemplate', templateId) ?? NO_ID)
  const type = recordTypeOfPrefix(decodeId(recordId)?.prefix ?? '')
  if (!template || !type) return null
  const uuid = uuidOf(type.name, recordId) ?? NO_ID
  const isRecipient = (RECIPIENTS as readonly string[]).includes(type.name)
  const people = isRecipient
    ? await loadPeople(context, [{ type: type.name as RecipientType, uuid }])
    : (await isSeen(context, type.name, uuid))
      ? [NOBODY]
      : []
  await checkCustom(context, template)
  const [mail] = await compose(context, template, people, {
    record: { type: type.name, uuid },
    senderId: viewer.userId,
  })
  if (!mail) return null
  const filled = (text: string) => text.replaceAll(UNSUBSCRIBE_MARK, NOWHERE).replaceAll(SURVEY_MARK, NO_SURVEY)
  return { subject: mail.subject, html: harmless(filled(mail.html)), text: filled(mail.text) }
}

/** A mail that is sent goes without a field that is gone; who looks at the template is told. */
async function checkCustom({ db, viewer }: { db: Reader; viewer: Viewer }, { variables }: Template): Promise<void> {
  const named = variables.filter((name) => namesCustom(name.split('.')))
  if (named.length === 0) return
  const definitions = await loadDefinitions(db, viewer.tenantId)
  const variable = named.find((name) => !variableOf(name.split('.'), definitions))
  if (variable === undefined) return
  throw requestError('TEMPLATE_VARIABLE_UNKNOWN', {
    extensions: { variable, allowed: allowedFor(variable.split('.'), definitions, viewer) },
  })
}

const NOBODY: Person = {
  type: 'User',
  uuid: NO_ID,
  to: null,
  fullName: null,
  firstName: null,
  lastName: null,
  title: null,
  companyName: null,
  ownerId: null,
  accountId: null,
  dead: null,
  optedOut: null,
}

async function isSeen({ db, viewer }: { db: Reader; viewer: Viewer }, typeName: string, id: string): Promise<boolean> {
  requireRight(viewer, 'read', typeName)
  const type = recordType(typeName)
  const sql = sqlFor(viewer.tenantId)
  const among = sql.params.among([id], 'uuid')
  const scope = viewer.access.predicate(type, 't', sql)
  const rows = await db.rows({
    text: `SELECT 1 FROM ${type.table} t WHERE t.tenant_id = $1 AND t.id ${among} AND t.deleted_at IS NULL${scope ? ` AND ${scope}` : ''}`,
    values: sql.params.values,
  })
  return rows.length > 0
}

/** HTML as mail programs show it: without scripts, handlers and frames. */
function harmless(html: string): string {
  return sanitizeHtml(html, {
    allowedTags: [
      ...sanitizeHtml.defaults.allowedTags,
      'html',
      'head',
      'body',
      'title',
      'style',
      'img',
      'center',
      'font',
    ],
    allowedAttributes: {
      '*': [
        'style',
        'class',
        'id',
        'align',
        'valign',
        'width',
        'height',
        'bgcolor',
        'border',
        'cellpadding',
        'cellspacing',
        'colspan',
        'rowspan',
        'dir',
        'lang',
        'color',
        'face',
        'size',
      ],
      a: ['href', 'name', 'target', 'title'],
      img: ['src', 'alt', 'title'],
    },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowVulnerableTags: true,
  })
}
