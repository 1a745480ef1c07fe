import type { RecordType } from '../../read/recordType.ts'
import type { WriteContext } from '../write.ts'

/** What follows for a record, by its uuid, when its approval takes a turn. In the transaction of the act, in the name of who acts and with every right: the act itself was allowed. */
export type Follow = (context: WriteContext, id: string) => Promise<void>

/** A record type whose records can be approved, and what approval means for them. */
export interface Subject {
  /** Name of the record type: Contract. */
  object: string
  /** Types whose records stay as they are with the one that waits: its lines. Each is declared as a part of it. */
  parts?: readonly string[]
  /** It was submitted: before it is locked. */
  submitted?: Follow
  approved?: Follow
  rejected?: Follow
  /** It was taken back by its submitter, given back to them, or cancelled by an administrator. */
  withdrawn?: Follow
}

const subjects = new Map<string, Subject>()

/** Declares that records of a type can be approved. Called once, when the file with the type's rules is loaded. @throws on a second declaration. */
export function approvalSubject(subject: Subject): void {
  if (subjects.has(subject.object)) throw new Error(`${subject.object} can be approved already.`)
  subjects.set(subject.object, subject)
}

/** What was declared for a type, by its name. */
export const subjectOf = (object: string): Subject | undefined => subjects.get(object)

/** Names of the types that can be approved, in alphabetical order. */
export const approvable = (): string[] => [...subjects.keys()].sort()

/** The relations over which records of a type are parts that wait with what they are parts of. */
export function lockedWith(type: RecordType): { object: string; field: string }[] {
  return [...type.relations.values()].flatMap((relation) =>
    relation.kind === 'one' && relation.part && subjects.get(relation.target)?.parts?.includes(type.name)
      ? [{ object: relation.target, field: relation.field }]
      : [],
  )
}
