import type { Viewer } from '../../context.ts'
import { CUSTOM, type CustomField, coordinateOf, type Definitions, NO_FIELDS } from '../../read/custom.ts'
import { type Field, findRecordType, type RecordType, recordTypes } from '../../read/recordType.ts'

/** What a template may name: the namespace, and the field in it, of a custom one its coordinate. */
export interface Variable {
  namespace: string
  field: string
}

/** Fields that a text can show: one value that people read. */
const SHOWN = new Set<Field['kind']>([
  'text',
  'choice',
  'boolean',
  'int',
  'decimal',
  'money',
  'date',
  'datetime',
  'email',
  'phone',
  'url',
  'currency',
  'country',
])
/** What the company, the recipient whoever they are, and the link out of all this are called. */
const COMPANY = ['name', 'today']
const RECIPIENT = ['fullName', 'firstName', 'lastName', 'email', 'title', 'companyName']
/** The link with which recipients end it. */
export const UNSUBSCRIBE = 'unsubscribeUrl'
/** The link to the page on which they answer a survey; of other mails it leads nowhere. */
export const SURVEY = 'surveyUrl'
const LINKS: readonly unknown[] = [UNSUBSCRIBE, SURVEY]
/** Users by the part they play. */
const USERS = new Set(['user', 'owner'])

const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)
const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

/** The record type that a namespace shows: those that somebody owns, and users as sender (user) and as the recipient's owner (owner). */
export function typeOfNamespace(namespace: string): RecordType | undefined {
  if (USERS.has(namespace)) return findRecordType('User')
  const type = findRecordType(pascal(namespace))
  return type && isBusiness(type) && camel(type.name) === namespace ? type : undefined
}

const isBusiness = (type: RecordType) => type.owners.length > 0 && !type.settings

/** The fields of a namespace, sorted; none for one that there is not. */
export function fieldsOfNamespace(namespace: string): string[] {
  if (namespace === 'company') return COMPANY
  if (namespace === 'recipient') return RECIPIENT
  const type = typeOfNamespace(namespace)
  if (!type) return []
  return [...type.fields.values()].flatMap(({ name, kind }) => (SHOWN.has(kind) ? [name] : [])).sort()
}

/** All namespaces of templates, sorted. */
export function namespaces(): string[] {
  const own = recordTypes().flatMap((type) => (isBusiness(type) ? [camel(type.name)] : []))
  return ['company', 'recipient', ...USERS, ...own].sort()
}

/** Does a path name a custom field, so that what it names depends on the company. */
export const namesCustom = ([, field]: readonly unknown[]): boolean => field === CUSTOM

/** The custom fields of a namespace that a text can show, those that nobody is given any more among them. */
export function customOf(namespace: string, definitions: Definitions): CustomField[] {
  const type = typeOfNamespace(namespace)
  if (!type?.fields.has(CUSTOM)) return []
  return [...(definitions.get(type.name) ?? NO_FIELDS).values()].filter(({ field }) => SHOWN.has(field.kind))
}

/** A path as templates write it, contact.firstName or contact.customFields.tier, taken apart; null for one that names nothing. */
export function variableOf(path: readonly unknown[], definitions: Definitions): Variable | null {
  const [namespace, field, inner, ...rest] = path
  if (LINKS.includes(namespace) && path.length === 1) return { namespace: namespace as string, field: '' }
  if (typeof namespace !== 'string' || typeof field !== 'string' || rest.length > 0) return null
  if (inner === undefined) return fieldsOfNamespace(namespace).includes(field) ? { namespace, field } : null
  if (field !== CUSTOM || !customOf(namespace, definitions).some(({ name }) => name === inner)) return null
  return { namespace, field: coordinateOf(inner as string) }
}

/** What may stand where an unknown path does: the fields of its namespace, those of the company that the viewer sees among them, or the namespaces. */
export function allowedFor([namespace]: readonly unknown[], definitions: Definitions, { access }: Viewer): string[] {
  const fields = fieldsOfNamespace(String(namespace))
  if (fields.length === 0) return [UNSUBSCRIBE, SURVEY, ...namespaces().map((one) => `${one}.*`)].sort()
  const type = typeOfNamespace(String(namespace))
  const own = customOf(String(namespace), definitions).filter(({ name }) => type && !access.hidesCustom(type, name))
  return [...fields, ...own.map(({ name }) => coordinateOf(name))].map((field) => `${namespace}.${field}`)
}
