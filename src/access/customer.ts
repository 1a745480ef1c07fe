import type { FieldRow, ObjectRow } from './permissions.ts'
import type { Action } from './roles.ts'

/** What customers' users see of a type, what they may write of it, and what they may do with it. */
interface Opened {
  actions: Action[]
  reads: readonly string[]
  writes?: readonly string[]
}

/** Fields that are not named here are hidden, those of next year too. Which records, `customer` in a type's declaration says. */
const OPENED: Record<string, Opened> = {
  Case: {
    actions: ['read', 'create'],
    writes: ['subject', 'description', 'type', 'severity'],
    reads: [
      'number',
      'channel',
      'priority',
      'status',
      'resolution',
      'resolvedAt',
      'closedAt',
      'reopenCount',
      'satisfaction',
      'satisfactionComment',
      'accountId',
      'contactId',
      'duplicateOfId',
    ],
  },
  CaseComment: {
    actions: ['read', 'create'],
    writes: ['caseId', 'body'],
    reads: ['authorType', 'at', 'contactId'],
  },
  KnowledgeArticle: {
    actions: ['read'],
    reads: ['title', 'slug', 'summary', 'body', 'bodyPlain', 'language', 'publishedAt'],
  },
  Contact: {
    actions: ['read'],
    reads: ['salutation', 'firstName', 'lastName', 'fullName', 'title', 'email', 'phone', 'mobile', 'language'],
  },
  User: { actions: ['read'], reads: ['name', 'email', 'status', 'locale', 'timezone', 'contactId'] },
  Account: { actions: ['read'], reads: ['name'] },
  Attachment: {
    actions: ['read', 'create'],
    writes: ['fileName', 'recordId', 'description'],
    reads: ['contentType', 'size', 'sha256', 'objectType'],
  },
}

/** The rights of the customer's role as its rows would say them, if it had any: no company can open more, or lend it by another role. */
export const CUSTOMER_RIGHTS: { objects: ObjectRow[]; fields: FieldRow[] } = {
  objects: Object.entries(OPENED).map(([object, { actions }]) => ({
    object,
    actions,
    // Not asked: the types say themselves what is a customer's (Access.predicate).
    readScope: 'OWN',
    writeScope: 'OWN',
    allowList: true,
  })),
  fields: Object.entries(OPENED).flatMap(([object, { reads, writes = [] }]) => [
    ...reads.map((field): FieldRow => ({ object, field, access: 'READ', mask: 'NONE' })),
    ...writes.map((field): FieldRow => ({ object, field, access: 'WRITE', mask: 'NONE' })),
  ]),
}

/** Types whose files customers' users see with the record. What hangs at a case itself, or at the customer, is among colleagues. */
export const FILES_FOR_CUSTOMERS: ReadonlySet<string> = new Set(['CaseComment', 'KnowledgeArticle'])
