import { findRecordType, recordTypes } from '../read/recordType.ts'
import { ACTIONS, type Action, EVERY, TENANT_OBJECT } from './roles.ts'

/** Is a text a scope of a key: `Account.read`, `Account.*` or `*.read`, of an object and an action that there are. No scopes at all mean everything. */
export function isScope(text: string): boolean {
  const [object = '', action = '', ...more] = text.split('.')
  if (more.length > 0 || (object === EVERY && action === EVERY)) return false
  const isObject = object === EVERY || object === TENANT_OBJECT || findRecordType(object) !== undefined
  return isObject && (action === EVERY || (ACTIONS as readonly string[]).includes(action))
}

/** The field that an entry of a key's field list names, `Account.name`; a to-one relation stands for the field that holds it. Null when there is none. */
export function listedField(text: string): string | null {
  const [object = '', name = '', ...more] = text.split('.')
  const type = findRecordType(object)
  // Which custom fields there are changes while keys stay; one that there is not shows nothing.
  if (type?.fields.get(name)?.kind === 'custom' && more.length === 1 && /^[a-z][a-zA-Z0-9]{0,39}$/.test(more[0] ?? ''))
    return text
  if (!type || more.length > 0) return null
  if (type.fields.has(name)) return text
  const relation = type.relations.get(name)
  return relation?.kind === 'one' ? `${object}.${relation.field}` : null
}

/** Do scopes allow all that others do. None at all allow everything. */
export function coversScopes(outer: readonly string[], inner: readonly string[]): boolean {
  if (outer.length === 0) return true
  if (inner.length === 0) return false
  return inner.every((scope) => meant(scope).every((one) => outer.some((wide) => holds(wide, one))))
}

/** What a scope means, one object and one action each. */
function meant(scope: string): { object: string; action: Action }[] {
  const [object, action] = scope.split('.')
  const objects = object === EVERY ? [...recordTypes().map(({ name }) => name), TENANT_OBJECT] : [object as string]
  const actions = action === EVERY ? ACTIONS : [action as Action]
  return objects.flatMap((one) => actions.map((verb) => ({ object: one, action: verb })))
}

function holds(scope: string, { object, action }: { object: string; action: Action }): boolean {
  const [name, verb] = scope.split('.')
  return (name === object || name === EVERY) && (verb === action || verb === EVERY)
}

/** The scopes that two lists both allow, as a list like them; null when they have nothing in common, because an empty list would mean everything. */
export function narrowScopes(a: readonly string[], b: readonly string[]): string[] | null {
  if (a.length === 0 || b.length === 0) return [...a, ...b]
  const meet = (one: string, other: string) => (one === EVERY ? other : other === EVERY || other === one ? one : null)
  const both = new Set<string>()
  for (const [object, action] of a.map((scope) => scope.split('.') as [string, string])) {
    for (const [name, verb] of b.map((scope) => scope.split('.') as [string, string])) {
      const [who, what] = [meet(object, name), meet(action, verb)]
      if (who && what) both.add(`${who}.${what}`)
    }
  }
  return both.size > 0 ? [...both] : null
}
