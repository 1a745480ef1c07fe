import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let writes: Writes
beforeAll(async () => {
  writes = await openWrites()
})
afterAll(() => writes?.close())

const lead = async (input: Record<string, unknown>) =>
  (await writes.create('Lead', { fullName: 'Ada', ...input }))[0] as string
const read = (id: string) => writes.row('lead', id)

describe('the name of a lead', () => {
  it('is made of its parts when it is left out, and required without them', async () => {
    const ids = await writes.create(
      'Lead',
      { firstName: '伟', lastName: '王' },
      { firstName: 'Ada', lastName: 'Byron' },
      { lastName: 'Cher' },
    )
    expect(await Promise.all(ids.map(async (id) => (await read(id)).full_name))).toEqual(['王伟', 'Ada Byron', 'Cher'])
    expect(await writes.refused('Lead', { companyName: 'X' })).toEqual(['VALIDATION_FAILED fullName'])
    expect(await writes.refused('Lead', { fullName: null })).toEqual(['VALIDATION_FAILED fullName'])
  })

  it('follows its parts while it is what they make, and stays when it was given', async () => {
    const [follows, given] = (await writes.create(
      'Lead',
      { firstName: 'Ada', lastName: 'Byron' },
      { fullName: 'The Countess', lastName: 'Byron' },
    )) as [string, string]
    for (const id of [follows, given]) await writes.update('Lead', id, { lastName: 'Lovelace' })
    expect((await read(follows)).full_name).toBe('Ada Lovelace')
    expect((await read(given)).full_name).toBe('The Countess')
    await writes.update('Lead', given, { fullName: null })
    expect((await read(given)).full_name).toBe('Lovelace')
    expect(await writes.updateRefused('Lead', given, { fullName: null, lastName: null })).toEqual([
      'VALIDATION_FAILED fullName',
    ])
  })
})

describe('a lead', () => {
  it('keeps addresses and lists together as a contact does', async () => {
    expect(await read(await lead({ email: 'a@x.example' }))).toMatchObject({
      email: 'a@x.example',
      emails: [{ address: 'a@x.example', isPrimary: true }],
    })
  })

  it('is not converted by an update, and not changed when it is converted; history may be entered converted', async () => {
    expect(await writes.refused('Lead', { fullName: 'X', status: 'CONVERTED' })).toEqual([])
    const id = await lead({ rating: 'HOT' })
    expect(await writes.updateRefused('Lead', id, { status: 'CONVERTED' })).toEqual(['INVALID_STATE status'])
    await writes.write(({ db, viewer }) =>
      db.rows({
        text: "UPDATE lead SET status = 'CONVERTED' WHERE tenant_id = $1 AND id = $2",
        values: [viewer.tenantId, id],
      }),
    )
    expect(await writes.updateRefused('Lead', id, { rating: 'COLD' })).toEqual(['INVALID_STATE rating'])
    expect(await writes.updateRefused('Lead', id, { rating: 'HOT', status: 'CONVERTED' })).toEqual([])
  })

  it('notes when it got its owner', async () => {
    const id = await lead({})
    expect((await read(id)).assigned_at).toBeNull()
    await writes.update('Lead', id, { ownerId: writes.adminId })
    const at = (await read(id)).assigned_at
    expect(at).not.toBeNull()
    await writes.update('Lead', id, { ownerId: writes.adminId, rating: 'WARM' })
    expect((await read(id)).assigned_at).toBe(at)
    await writes.update('Lead', id, { ownerId: null })
    expect((await read(id)).assigned_at).toBeNull()
    expect((await read(await lead({ ownerId: writes.adminId }))).assigned_at).not.toBeNull()
  })

  it('refuses decimals that would be rounded', async () => {
    expect(await writes.refused('Lead', { fullName: 'X', pageViews: '1.234' })).toEqual(['VALIDATION_FAILED pageViews'])
    expect((await read(await lead({ pageViews: '1.230' }))).page_views).toBe(1.23)
  })

  it('has a source that a source of another kind is not', async () => {
    const [account] = (await writes.create('Account', { name: 'A' })) as [string]
    expect(await writes.refused('Lead', { fullName: 'X', sourceId: ref('Account', account) })).toEqual([
      'NOT_FOUND sourceId',
    ])
  })
})
