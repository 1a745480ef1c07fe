import type { ObjectRef } from '@pothos/core'
import type { Connection, Row } from '../../read/finish.ts'
import type { Field, RecordType } from '../../read/recordType.ts'
import type { mutateMany, Outcome } from '../../resolvers/mutation.ts'
import { builder } from '../builder.ts'

// biome-ignore lint/suspicious/noExplicitAny: types are made from declarations at run time; Pothos' generics cannot follow. Files of this folder alone have such casts.
export type Any = any

/** camelCase → UPPER_CASE. */
export const upper = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
/** camelCase → PascalCase. */
export const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
/** PascalCase → camelCase. */
export const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

/** How a field is called in enums of fields: references without their Id. */
export const enumName = (field: Field) => upper(field.relation ?? field.name)
/** PascalCase → words in small letters, for descriptions. */
export const spoken = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()

const objects = new Map<string, Any>()
const inputs = new Map<string, Any>()

/** The object type of that name, which may be declared in a file that is loaded later. */
export function objectRef(name: string): Any {
  const known = objects.get(name) ?? builder.objectRef<Any>(name)
  objects.set(name, known)
  return known
}

/** The object type of a record type, for fields written by hand. */
export function recordRef(name: string): ObjectRef<typeof builder.$inferSchemaTypes, Row, Row> {
  return objectRef(name)
}

/** The connection type of a record type, for fields written by hand. */
export function connectionRef(name: string): ObjectRef<typeof builder.$inferSchemaTypes, Connection, Connection> {
  return objectRef(`${name}Connection`)
}

/** The payload of the standard mutations of a record type, for verbs that answer with it. */
export function payloadRef(name: string): ObjectRef<typeof builder.$inferSchemaTypes, Outcome, Outcome> {
  return objectRef(`${name}Payload`)
}

type Outcomes = Awaited<ReturnType<typeof mutateMany>>

/** The payload of the standard mutations of lists of a record type, for verbs that answer with it. */
export function listPayloadRef(name: string): ObjectRef<typeof builder.$inferSchemaTypes, Outcomes, Outcomes> {
  return objectRef(`${name}ListPayload`)
}

/** The input type of that name, which may be declared later. */
export function inputRef(name: string): Any {
  const known = inputs.get(name) ?? builder.inputRef<Any>(name)
  inputs.set(name, known)
  return known
}

/** Has a type an own word for its plural in sentences. */
export const these = (type: RecordType) => spoken(pascal(type.plural))
