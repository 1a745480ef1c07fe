import { may } from '../../../access/decide.ts'
import type { Viewer } from '../../../context.ts'
import { CUSTOM, type CustomField, coordinateOf, customValues, shownValue } from '../../../read/custom.ts'
import { recordType } from '../../../read/recordType.ts'
import type { Values } from '../../write.ts'
import type { Target } from './mapping.ts'

/** Where a custom field of leads goes in one of the targets: to one of another name, or, with null, nowhere. */
export interface CustomMapping {
  from: string
  target: 'ACCOUNT' | 'CONTACT' | 'OPPORTUNITY'
  to: string | null
}

/** Name of the record type of a target of a mapping. */
export const typeOfTarget = (target: CustomMapping['target']): Target =>
  (target.charAt(0) + target.slice(1).toLowerCase()) as Target

/** Can each value of one custom field stand in another: they are of one type, references to the same; texts also in longer texts. */
export function fits(from: CustomField, to: CustomField): boolean {
  if (from.field.target !== to.field.target) return false
  return (
    from.type === to.type || (to.type === 'LONGTEXT' && ['TEXT', 'EMAIL', 'PHONE', 'URL', 'SELECT'].includes(from.type))
  )
}

/** Custom fields for a target, as clients would write them, and the coordinate of the lead's field that each came from. */
export interface CarriedCustom {
  values: Record<string, unknown>
  from: Map<string, string>
}

/**
 * The custom fields that a lead gives to a target: each to that of its name, or as the company's mapping says. Nobody gets to see by that what they do not
 * see of the lead, or writes what they may not write; what does not fit stays with the lead.
 *
 * @param given what the caller says themselves: the lead gives none of that.
 * @param record of one that is there, its columns: only what is empty there is filled.
 */
export function carriedCustom(
  { access, ...viewer }: Viewer,
  target: Target,
  lead: Values,
  mappings: readonly CustomMapping[],
  { given = {}, record = null }: { given?: Record<string, unknown>; record?: Values | null } = {},
): CarriedCustom {
  const found: CarriedCustom = { values: {}, from: new Map() }
  const [leads, type] = [recordType('Lead'), recordType(target)]
  const open = access.shownCustom(leads, false).filter(({ masked }) => !masked)
  if (open.length === 0 || !type.fields.has(CUSTOM) || !access.mayWriteField(type, CUSTOM)) return found
  const ways = new Map(
    mappings.flatMap((one) => (typeOfTarget(one.target) === target ? [[one.from, one.to] as const] : [])),
  )
  const kept = (record?.[CUSTOM] ?? {}) as Record<string, unknown>
  for (const [name, value] of Object.entries(customValues(lead[CUSTOM] ?? {}, open))) {
    const from = access.custom(leads).get(name) as CustomField
    const to = access.custom(type).get((ways.has(name) ? ways.get(name) : name) ?? '')
    if (!to || to.deprecated || !fits(from, to) || Object.hasOwn(given, to.name) || kept[to.id] != null) continue
    if (access.hidesCustom(type, to.name) || !access.mayWriteCustom(type, to.name)) continue
    // Who may not read what an id leads to cannot refer to it.
    if (to.field.target && !may({ ...viewer, access }, 'read', to.field.target)) continue
    found.values[to.name] = value
    found.from.set(coordinateOf(to.name), coordinateOf(name))
  }
  return found
}

/** What writes back the custom fields that were filled, as clients would: those that still hold what was written then. */
export function emptiedCustom(
  { access }: Viewer,
  target: Target,
  now: Values,
  [was, then]: [before: unknown, after: unknown],
): Record<string, unknown> {
  const [old, filled] = [(was ?? {}) as Record<string, unknown>, (then ?? {}) as Record<string, unknown>]
  const kept = (now[CUSTOM] ?? {}) as Record<string, unknown>
  const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
  return Object.fromEntries(
    [...access.custom(recordType(target)).values()].flatMap((custom) => {
      const { id, name } = custom
      if (same(old[id], filled[id]) || !same(kept[id], filled[id])) return []
      return [[name, old[id] == null ? null : shownValue(custom, old[id])]]
    }),
  )
}
