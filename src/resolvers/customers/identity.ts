import { refuse } from '../checks.ts'
import type { Change } from '../write.ts'

const SUBJECTS = ['accountId', 'contactId', 'leadId']

/** Adds VALIDATION_FAILED to a new record that belongs to none, or to several, of the records that these fields name. */
export function checkOneSubject(change: Change, fields: string[], words: string): void {
  if (change.before) return
  const named = fields.filter((name) => change.values[name] != null)
  if (named.length !== 1) refuse(change, named[1] ?? (fields[0] as string), 'one', `must be one of ${words}`)
}

/** Rule of identities on other platforms: of one record, and the platform named as programs name it. */
export function writeIdentity(changes: Change[]): void {
  for (const change of changes) {
    checkOneSubject(change, SUBJECTS, 'account, contact and lead')
    const { platform } = change.values
    if (typeof platform !== 'string') continue
    change.values.platform = platform.toUpperCase()
    if (!/^[A-Z][A-Z0-9_]*$/.test(change.values.platform as string))
      refuse(change, 'platform', 'platform', 'must begin with a letter and have letters, digits and _ only')
  }
}
