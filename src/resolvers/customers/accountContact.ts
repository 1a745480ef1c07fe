import { refuse } from '../checks.ts'
import { after, type Rules } from '../write.ts'
import { onePrimary } from './onePrimary.ts'
import { leavePrimary } from './primaryContact.ts'

const primary = onePrimary({
  table: 'account_contact',
  owner: { field: 'contactId', column: 'contact_id', table: 'contact' },
})

/** Rules of people's parts in companies: one primary company per person, no end before the beginning. */
export const accountContactRules: Rules = {
  async write(changes, context) {
    for (const change of changes) {
      const [from, to] = [after(change, 'fromDate'), after(change, 'toDate')]
      // Dates as text of the form YYYY-MM-DD have the order of time.
      if (from && to && (to as string) < (from as string))
        refuse(change, 'toDate', 'min', 'must not be before fromDate')
    }
    await primary.write(changes, context)
  },
  async delete(changes, context) {
    await leavePrimary(changes, context)
  },
  async done(changes, context) {
    await primary.done(changes, context)
    await leavePrimary(
      changes.filter(({ values }) => values.isActive === false),
      context,
    )
  },
}
