import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { fullName } from '../../src/resolvers/customers/person.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

const contact = async (input: Record<string, unknown>) =>
  (await writes.create('Contact', { lastName: '王', firstName: '伟', ...input }))[0] as string
const read = (id: string) => writes.row('contact', id)

describe('addresses of a contact', () => {
  it('makes the first entry of a list primary when none is marked, and the single field follows', async () => {
    const row = await read(await contact({ emails: [{ address: 'A@x.example' }, { address: 'b@x.example' }] }))
    expect(row.email).toBe('a@x.example')
    expect(row.emails).toEqual([
      { address: 'a@x.example', isPrimary: true },
      { address: 'b@x.example', isPrimary: false },
    ])
  })

  it('puts a single address into the list', async () => {
    const row = await read(await contact({ email: 'a@x.example', phone: '138 0013 8000' }))
    expect(row.emails).toEqual([{ address: 'a@x.example', isPrimary: true }])
    expect(row.phone).toBe('+8613800138000')
    expect(row.phones).toEqual([{ number: '+8613800138000', isPrimary: true }])
  })

  it('replaces the primary entry by a new single address, keeping its label and not what was said of the old one', async () => {
    const id = await contact({
      emails: [
        { address: 'a@x.example', label: 'work', isInvalid: true },
        { address: 'b@x.example', isPrimary: true, label: 'home', isInvalid: true },
      ],
    })
    await writes.update('Contact', id, { email: 'c@x.example' })
    const row = await read(id)
    expect(row.email).toBe('c@x.example')
    expect(row.emails).toEqual([
      { address: 'a@x.example', label: 'work', isInvalid: true, isPrimary: false },
      { address: 'c@x.example', label: 'home', isPrimary: true },
    ])
  })

  it('moves the mark when the single address is in the list already', async () => {
    const id = await contact({ emails: [{ address: 'a@x.example' }, { address: 'b@x.example' }] })
    await writes.update('Contact', id, { email: 'b@x.example' })
    expect((await read(id)).emails).toEqual([
      { address: 'a@x.example', isPrimary: false },
      { address: 'b@x.example', isPrimary: true },
    ])
  })

  it('takes the primary entry out when the single address is cleared, and clears it with the list', async () => {
    const id = await contact({ emails: [{ address: 'a@x.example' }, { address: 'b@x.example' }] })
    await writes.update('Contact', id, { email: null })
    expect(await read(id)).toMatchObject({ email: null, emails: [{ address: 'b@x.example', isPrimary: false }] })
    await writes.update('Contact', id, { emails: [{ address: 'c@x.example' }] })
    expect((await read(id)).email).toBe('c@x.example')
    await writes.update('Contact', id, { emails: null })
    expect(await read(id)).toMatchObject({ email: null, emails: [] })
  })

  it('refuses two primary entries, two alike, and a single address beside a list with another primary one', async () => {
    const two = (first: object, second: object, more = {}) =>
      writes.refused('Contact', { lastName: 'X', emails: [first, second], ...more })
    expect(await two({ address: 'a@x.example', isPrimary: true }, { address: 'b@x.example', isPrimary: true })).toEqual(
      ['VALIDATION_FAILED emails'],
    )
    expect(await two({ address: 'a@x.example' }, { address: 'A@x.example' })).toEqual(['VALIDATION_FAILED emails'])
    expect(
      await two({ address: 'a@x.example', isPrimary: true }, { address: 'b@x.example' }, { email: 'b@x.example' }),
    ).toEqual(['VALIDATION_FAILED emails'])
    expect(await two({ address: 'a@x.example' }, { address: 'b@x.example' }, { email: 'b@x.example' })).toEqual([])
  })

  it('leaves other updates of the contact alone', async () => {
    const id = await contact({ email: 'a@x.example' })
    const { version } = await read(id)
    await writes.update('Contact', id, { email: 'a@x.example', emails: [{ address: 'a@x.example', isPrimary: true }] })
    expect((await read(id)).version).toBe(version)
  })
})

describe('a contact', () => {
  it('needs a last name, and calls itself as its language does', async () => {
    expect(await writes.refused('Contact', { firstName: 'Ada', lastName: '  ' })).toEqual([
      'VALIDATION_FAILED lastName',
    ])
    for (const [first, last] of [
      ['伟', '王'],
      ['Ada', 'Byron'],
      [null, 'Cher'],
      ['José', '王'],
    ] as const) {
      const row = await read(await contact({ firstName: first, lastName: last }))
      expect(row.full_name).toBe(fullName(first, last))
    }
  })

  it('takes birthdays with and without a year, and only days that exist', async () => {
    for (const birthday of ['2000-02-29', '--02-29', '--12-31']) await contact({ birthday })
    for (const birthday of ['2001-02-29', '--02-30', '--13-01', '1990-1-1', '02-03', '0000-01-01']) {
      expect(await writes.refused('Contact', { lastName: 'X', birthday })).toEqual(['VALIDATION_FAILED birthday'])
    }
  })

  it('takes time zones by name only', async () => {
    await contact({ timezone: 'Asia/Shanghai' })
    for (const timezone of ['Mars/Base', '+08:00'])
      expect(await writes.refused('Contact', { lastName: 'X', timezone })).toEqual(['VALIDATION_FAILED timezone'])
  })
})

describe('the primary company of a person', () => {
  const primaries = (contactId: string) =>
    writes.rows<{ account_id: string }>(
      'SELECT account_id FROM account_contact WHERE tenant_id = $1 AND contact_id = $2 AND is_primary AND deleted_at IS NULL',
      contactId,
    )

  it('is one: setting the mark takes it from the other, and a record from the recycle bin gives it up', async () => {
    const person = await contact({})
    const other = await contact({})
    const [a, b] = (await writes.create('Account', { name: 'A' }, { name: 'B' })) as [string, string]
    const link = (account: string, who = person) => ({
      accountId: ref('Account', account),
      contactId: ref('Contact', who),
      isPrimary: true,
    })
    const [first] = (await writes.create('AccountContact', link(a), link(a, other))) as [string]
    expect(await primaries(person)).toEqual([{ account_id: a }])
    const [second] = (await writes.create('AccountContact', link(b))) as [string]
    expect(await primaries(person)).toEqual([{ account_id: b }])
    expect(await primaries(other)).toHaveLength(1)
    await writes.remove('AccountContact', second)
    await writes.update('AccountContact', first, { isPrimary: true })
    await writes.restore('AccountContact', second)
    expect(await primaries(person)).toEqual([{ account_id: a }])
  })

  it('is refused twice in one call, and a link that the index refuses takes no mark away', async () => {
    const person = await contact({})
    const accounts = await writes.create('Account', { name: 'A' }, { name: 'B' })
    const links = accounts.map((account) => ({
      accountId: ref('Account', account),
      contactId: ref('Contact', person),
      isPrimary: true,
    }))
    expect(await writes.refused('AccountContact', ...links)).toEqual(['VALIDATION_FAILED isPrimary'])
    await writes.create('AccountContact', links[0] as Record<string, unknown>)
    expect(await writes.refused('AccountContact', links[0] as Record<string, unknown>)).toEqual([
      'UNIQUE_VIOLATION accountId',
    ])
    expect(await primaries(person)).toHaveLength(1)
  })

  it('stays one when two transactions set it at the same time', async () => {
    const person = await contact({})
    const accounts = await writes.create('Account', { name: 'A' }, { name: 'B' })
    await Promise.all(
      accounts.map((account) =>
        writes.create('AccountContact', {
          accountId: ref('Account', account),
          contactId: ref('Contact', person),
          isPrimary: true,
        }),
      ),
    )
    expect(await primaries(person)).toHaveLength(1)
  })

  it('does not end before it begins', async () => {
    const [account] = (await writes.create('Account', { name: 'A' })) as [string]
    const input = { accountId: ref('Account', account), contactId: ref('Contact', await contact({})) }
    expect(await writes.refused('AccountContact', { ...input, fromDate: '2026-02-01', toDate: '2026-01-31' })).toEqual([
      'VALIDATION_FAILED toDate',
    ])
    await writes.create('AccountContact', { ...input, fromDate: '2026-02-01', toDate: '2026-02-01' })
  })
})
