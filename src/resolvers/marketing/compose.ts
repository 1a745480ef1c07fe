import { compile } from 'html-to-text'
import { loadDefinitions } from '../../access/custom.ts'
import { oneLine } from '../../events/mail.ts'
import { CUSTOM, customName, NO_DEFINITIONS } from '../../read/custom.ts'
import { recordType } from '../../read/recordType.ts'
import { todayIn } from '../checks.ts'
import type { WriteContext } from '../write.ts'
import { type Parsed, parse, render } from './liquid.ts'
import type { Person } from './recipients.ts'
import { loadValues, type Shown } from './values.ts'
import { fieldsOfNamespace, namesCustom, SURVEY, typeOfNamespace, UNSUBSCRIBE, variableOf } from './variables.ts'

/** A template as it stands. */
export interface Template {
  id: string
  name: string
  subject: string
  html: string
  text: string | null
  variables: string[]
}

/** The words of one mail; null where the template could not be made into one for this recipient. */
export type Composed = { subject: string; html: string; text: string } | null

/** Stands for the recipient's own link out, until the mail is sent: only the sender knows the address and the key. */
export const UNSUBSCRIBE_MARK = '{ATRIUM_UNSUBSCRIBE}'
/** Stands for the page on which the recipient answers a survey, as that does. */
export const SURVEY_MARK = '{ATRIUM_SURVEY}'

const SUBJECT_MAX = 200
const asText = compile({
  wordwrap: 78,
  limits: { maxInputLength: 1_000_000 },
  selectors: [{ selector: 'img', format: 'skip' }],
})

/** What a mail is about and who says it, by uuid, beside its recipient. */
export interface About {
  record?: { type: string; uuid: string } | null
  /** The user who sends; none for programs. */
  senderId?: string | null
}

/**
 * Makes the mails of a template for people: what they show is what the viewer may see. One statement for each type that the template names.
 *
 * @returns in the order of the people.
 */
export async function compose(
  context: WriteContext,
  template: Template,
  people: readonly Person[],
  { record, senderId }: About = {},
): Promise<Composed[]> {
  const parsed = {
    subject: parse('text', template.subject),
    html: parse('html', template.html),
    text: template.text === null ? null : parse('text', template.text),
  }
  const used = usedBy(template)
  const definitions = template.variables.some((name) => namesCustom(name.split('.')))
    ? await loadDefinitions(context.db, context.viewer.tenantId)
    : NO_DEFINITIONS
  const company = used.has('company') ? await companyOf(context) : {}
  const rows = new Map<string, Map<string, Shown>>()
  for (const [namespace, fields] of used) {
    const type = typeOfNamespace(namespace)
    if (!type) continue
    const ids = people.flatMap((one) => idIn(namespace, one, { record, senderId }) ?? [])
    rows.set(namespace, await loadValues(context, type, ids, fields, definitions))
  }
  const hidden = hiddenOf(context)
  return people.map((one) => {
    const values: Record<string, unknown> = {
      company,
      recipient: recipientOf(one, hidden),
      [UNSUBSCRIBE]: UNSUBSCRIBE_MARK,
      [SURVEY]: SURVEY_MARK,
    }
    for (const [namespace, fields] of used) {
      if (!rows.has(namespace)) continue
      const id = idIn(namespace, one, { record, senderId })
      values[namespace] = nested(
        (id && rows.get(namespace)?.get(id)) || Object.fromEntries(fields.map((name) => [name, ''])),
      )
    }
    return made(parsed, values)
  })
}

function made(
  parsed: { subject: Parsed; html: Parsed; text: Parsed | null },
  values: Record<string, unknown>,
): Composed {
  try {
    const html = render(parsed.html, values)
    return {
      subject: oneLine(render(parsed.subject, values), SUBJECT_MAX),
      html,
      text: parsed.text ? render(parsed.text, values) : asText(html),
    }
  } catch {
    // A template that took a value apart that is not there, or that took too long.
    return null
  }
}

/** Values with the custom ones in an object of their own, as templates name them. */
function nested(shown: Shown): Record<string, unknown> {
  const [custom, own] = [{} as Shown, {} as Shown]
  for (const [name, value] of Object.entries(shown)) {
    const inner = customName(name)
    if (inner === null) own[name] = value
    else custom[inner] = value
  }
  return { ...own, [CUSTOM]: custom }
}

/** The namespaces that a template names, with the fields of each: custom ones too that are gone since it was written. */
function usedBy({ variables }: Template): Map<string, string[]> {
  const used = new Map<string, string[]>()
  for (const name of variables) {
    const path = name.split('.')
    const variable = namesCustom(path)
      ? { namespace: path[0] as string, field: path.slice(1).join('.') }
      : variableOf(path, NO_DEFINITIONS)
    if (variable?.field) used.set(variable.namespace, [...(used.get(variable.namespace) ?? []), variable.field])
  }
  return used
}

/** Which record a namespace shows for a recipient. */
function idIn(namespace: string, one: Person, { record, senderId }: About): string | null {
  if (namespace === 'user') return senderId ?? null
  if (namespace === 'owner') return one.ownerId
  const type = typeOfNamespace(namespace)?.name
  const about = one.about ?? record
  if (about && about.type === type) return about.uuid
  if (type === one.type) return one.uuid
  return type === 'Account' ? one.accountId : null
}

/** Which of the recipient's names the viewer may not see, by type. */
function hiddenOf({ viewer: { access } }: WriteContext): (type: string, field: string) => boolean {
  return (name, field) => {
    const type = recordType(name)
    return type.fields.has(field) && (access.hides(type, field) || access.masks(type, field, true))
  }
}

function recipientOf(one: Person, hidden: (type: string, field: string) => boolean): Shown {
  const { about, ...names } = one
  const values: Record<string, string | null> = { ...names, email: one.to }
  return Object.fromEntries(
    fieldsOfNamespace('recipient').map((name) => [name, hidden(one.type, name) ? '' : (values[name] ?? '')]),
  )
}

async function companyOf({ db, viewer }: WriteContext): Promise<Shown> {
  const [row] = await db.rows<{ name: string }>({
    text: 'SELECT name FROM tenant WHERE id = $1',
    values: [viewer.tenantId],
  })
  return { name: row?.name ?? '', today: todayIn(viewer.timezone) }
}
