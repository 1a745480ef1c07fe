import { refuse } from '../checks.ts'
import { after, type Change } from '../write.ts'

type Entry = Record<string, unknown> & { isPrimary?: boolean }

/** Keeps `email` and `emails`, `phone` and `phones` of a person together; see settleList. */
export function settleAddresses(change: Change): void {
  settleList(change, 'email', 'emails', 'address')
  settleList(change, 'phone', 'phones', 'number')
}

/**
 * The single field is the primary entry of the list. Whichever of the two is written, the other follows: a list without a mark makes its first entry
 * primary; a single value becomes the primary entry in place of the former one, or takes the mark if it is in the list already; a cleared one leaves the list.
 * VALIDATION_FAILED for two primary entries, for two alike, and for a single value beside a list whose primary entry is another.
 */
function settleList(change: Change, single: string, list: string, key: string): void {
  const { input, values } = change
  const listGiven = input[list] !== undefined
  const wanted = input[single] === undefined ? undefined : (values[single] as string | null)
  if (!listGiven && wanted === undefined) return
  let entries = [...((after(change, list) as Entry[] | null) ?? [])]
  let primary = entries.findIndex(({ isPrimary }) => isPrimary)
  if (listGiven) {
    const problem = wrong(entries, key, primary, wanted)
    if (problem) {
      refuse(change, list, ...problem)
      return
    }
    if (!wanted && primary < 0 && entries.length > 0) primary = 0
  }
  if (wanted) {
    const place = entries.findIndex((entry) => entry[key] === wanted)
    if (place >= 0) primary = place
    else if (primary >= 0) {
      // What was said of the old address, that mail came back, does not hold for the new one.
      const { label } = entries[primary] as Entry
      entries[primary] = { [key]: wanted, ...(label === undefined ? {} : { label }) }
    } else {
      entries.unshift({ [key]: wanted })
      primary = 0
    }
  } else if (wanted === null && !listGiven) {
    entries = entries.filter(({ isPrimary }) => !isPrimary)
    primary = -1
  }
  values[list] = entries.map((entry, index) => ({ ...entry, isPrimary: index === primary }))
  values[single] = primary >= 0 ? entries[primary]?.[key] : null
}

/** What is wrong with a list that is written: the rule and the words, or null. */
function wrong(
  entries: Entry[],
  key: string,
  primary: number,
  wanted: string | null | undefined,
): [rule: string, message: string] | null {
  if (entries.filter(({ isPrimary }) => isPrimary).length > 1)
    return ['onePrimary', 'must have at most one primary entry']
  if (new Set(entries.map((entry) => entry[key])).size < entries.length) return ['distinct', 'must not name one twice']
  return wanted && primary >= 0 && entries[primary]?.[key] !== wanted
    ? ['primary', 'has another primary entry than the one given beside it']
    : null
}

// The letters of atrium.full_name() in the database, which makes the same of a contact's names.
const EAST_ASIAN = /^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]/

/** How a person is called: 王 + 伟 → 王伟, Byron + Ada → Ada Byron. Null without any name. */
export function fullName(firstName: unknown, lastName: unknown): string | null {
  const [first, last] = [String(firstName ?? ''), String(lastName ?? '')]
  if (!first || !last) return first || last || null
  return EAST_ASIAN.test(first) && EAST_ASIAN.test(last) ? `${last}${first}` : `${first} ${last}`
}
