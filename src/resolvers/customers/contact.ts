import { isDate } from '../../read/values.ts'
import { checkTimezone, refuse } from '../checks.ts'
import type { Change } from '../write.ts'
import { settleAddresses } from './person.ts'

/** Rule of contacts: addresses and numbers kept together with their lists, a birthday that exists, a time zone that exists. */
export function writeContact(changes: Change[]): void {
  for (const change of changes) {
    settleAddresses(change)
    checkTimezone(change, 'timezone')
    const { birthday } = change.values
    // Without a year the 29th of February is a birthday too.
    if (typeof birthday === 'string' && !isDate(birthday.replace(/^--/, '2000-'))) {
      refuse(change, 'birthday', 'date', 'must be a day of the calendar, YYYY-MM-DD or --MM-DD')
    }
  }
}
