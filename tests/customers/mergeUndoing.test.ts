import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { codes, everything, merge, merged, undo } from '../support/merge.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { watchStatements } from '../support/statements.ts'

let test: TestApp
let acme: Company
let owner: Owner
let manager: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  manager = await person(test, acme, 'manager')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const accounts = async (...inputs: Record<string, unknown>[]) => {
  const ids: string[] = []
  for (const input of inputs)
    ids.push(
      (
        await make(acme, 'Account', {
          phone: null,
          industry: null,
          website: null,
          domains: [],
          externalId: null,
          ...input,
        })
      ).id,
    )
  return ids as [string, string, ...string[]]
}
const write = async (type: string, id: string, input: Record<string, unknown>) =>
  (
    await acme.run<Any>(
      `mutation($id: ID!, $input: Update${type}Input!) { done: update${type}(id: $id, input: $input) { userErrors { code } } }`,
      { id, input },
    )
  ).done.userErrors
const act = async (verb: string, id: string) =>
  (await acme.run<Any>(`mutation($id: ID!) { done: ${verb}(id: $id) { userErrors { code } } }`, { id })).done.userErrors
const account = async (id: string, select: string) =>
  (await acme.run<Any>(`query($id: ID!) { account(id: $id) { id ${select} } }`, { id })).account

describe('undoing a merge', () => {
  it('is refused when a field of the survivor was written since, and with force keeps what was written', async () => {
    const [a, b] = await accounts({ name: 'AcmeMark a' }, { phone: '+12025550101', industry: 'Steel' })
    const { merge: record } = await merged(acme, 'Account', [a, b])
    // A field that the merge did not write is none of its business.
    await write('Account', a, { phone: '+12025550199', name: 'AcmeMark renamed' })
    const refused = await undo(acme, record.id)
    expect(refused).toMatchObject({
      merge: null,
      survivor: null,
      restoredIds: null,
      userErrors: [{ code: 'STALE_VERSION', field: ['id'], details: { currentVersion: 3, changedFields: ['phone'] } }],
    })
    const done = await undo(acme, record.id, true)
    expect(done).toMatchObject({ survivor: { id: a }, restoredIds: [b], keptFields: ['phone'], userErrors: [] })
    expect(done.merge.undoneAt).not.toBeNull()
    expect(await account(a, 'name phone industry')).toEqual({
      id: a,
      name: 'AcmeMark renamed',
      phone: '+12025550199',
      industry: null,
    })
    expect(await account(b, 'phone industry')).toEqual({ id: b, phone: '+12025550101', industry: 'Steel' })
    expect((await undo(acme, record.id)).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'UNDONE' } },
    ])
  })

  it('leaves children with the survivor that were made after the merge, and those where they are that were moved on or destroyed', async () => {
    const [a, b, c] = await accounts({}, {}, {})
    const deals: string[] = []
    for (let count = 0; count < 4; count++) deals.push((await make(acme, 'Opportunity', { accountId: b })).id)
    const { merge: record } = await merged(acme, 'Account', [a, b])
    const { id: newer } = await make(acme, 'Opportunity', { accountId: b })
    await write('Opportunity', deals[1] as string, { accountId: c })
    await act('destroyOpportunity', deals[2] as string)
    await act('deleteOpportunity', deals[3] as string)
    expect(codes(await undo(acme, record.id))).toEqual([])
    const rows = await owner.rows<Any>(
      `SELECT id, account_id, deleted_at IS NOT NULL AS gone FROM opportunity WHERE ${OWN} AND account_id = ANY ($1)`,
      [a, b, c].map((id) => uuidIn(id as string)),
    )
    expect(Object.fromEntries(rows.map(({ id, account_id: at, gone }) => [id, [at, gone]]))).toEqual({
      [uuidIn(deals[0] as string)]: [uuidIn(b), false],
      [uuidIn(deals[1] as string)]: [uuidIn(c as string), false],
      [uuidIn(deals[3] as string)]: [uuidIn(b), true],
      [uuidIn(newer)]: [uuidIn(a), false],
    })
  })

  it('keeps what somebody wrote since into a child that was united', async () => {
    const [a, b] = await accounts({}, {})
    const { id: contactId } = await make(acme, 'Contact')
    const kept = await make(acme, 'AccountContact', { accountId: a, contactId, role: null, isPrimary: false })
    const other = await make(acme, 'AccountContact', { accountId: b, contactId, role: 'BUYER', isPrimary: true })
    const { merge: record } = await merged(acme, 'Account', [a, b])
    await write('AccountContact', kept.id, { role: 'FINANCE' })
    expect(codes(await undo(acme, record.id))).toEqual([])
    const { accountContacts } = await acme.run<Any>(
      'query($id: ID!) { accountContacts(where: { contactId: { eq: $id } }, orderBy: [{ field: ID }]) { nodes { id account { id } role isPrimary } } }',
      { id: contactId },
    )
    expect(accountContacts.nodes).toEqual([
      { id: kept.id, account: { id: a }, role: 'FINANCE', isPrimary: false },
      { id: other.id, account: { id: b }, role: 'BUYER', isPrimary: true },
    ])
  })

  it('goes back in the order of the merges, those of people and of companies apart', async () => {
    const [a, b, c] = await accounts({}, {}, {})
    const people = [(await make(acme, 'Contact')).id, (await make(acme, 'Contact')).id] as [string, string]
    for (const accountId of [a, b, c])
      for (const contactId of people) await make(acme, 'AccountContact', { accountId, contactId, isPrimary: false })
    const before = await everything(owner)
    const one = await merged(acme, 'Account', [a, b])
    const two = await merged(acme, 'Contact', people)
    const three = await merged(acme, 'Account', [a, c as string])
    expect((await undo(acme, one.merge.id)).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'MERGED_AGAIN', mergeId: three.merge.id } },
    ])
    // The people’s merge put parts of both into the recycle bin.
    expect((await undo(acme, two.merge.id)).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { mergeId: three.merge.id } },
    ])
    for (const { merge: record } of [three, two, one]) expect(codes(await undo(acme, record.id))).toEqual([])
    expect(await everything(owner)).toEqual(before)
  })

  it('is refused while the survivor lies in the recycle bin, after 30 days, and to those who may not write it', async () => {
    const [a, b] = await accounts({ ownerId: manager.id }, { ownerId: manager.id })
    const done = await merged(manager, 'Account', [a, b])
    await act('deleteAccount', a)
    expect((await undo(acme, done.merge.id)).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'DELETED' } },
    ])
    await act('restoreAccount', a)
    await write('Account', a, { ownerId: acme.adminUserId })
    await make(acme, 'RecordShare', { recordId: a, userId: manager.id, access: 'READ' })
    expect(codes(await undo(manager, done.merge.id))).toEqual(['FORBIDDEN id'])
    await owner.rows(
      `UPDATE merge_record SET undoable_until = now() - interval '1 second' WHERE ${OWN} AND id = $1`,
      uuidIn(done.merge.id),
    )
    expect((await undo(acme, done.merge.id)).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'FINAL' } },
    ])
  })

  it('says which record has taken a key meanwhile, and whose quota would be passed', async () => {
    const [a, b] = await accounts(
      { externalSource: 'erp', externalId: 'SURVIVOR' },
      { externalSource: 'erp', externalId: 'LOSER' },
    )
    const { merge: record } = await merged(acme, 'Account', [a, b])
    const { id: taken } = await make(acme, 'Account', { externalSource: 'erp', externalId: 'LOSER' })
    const before = await everything(owner)
    expect((await undo(acme, record.id)).userErrors).toMatchObject([
      { code: 'UNIQUE_VIOLATION', field: ['id'], details: { conflictId: taken } },
    ])
    expect(await everything(owner)).toEqual(before)
    await act('deleteAccount', taken)
    const { id: userId } = await make(acme, 'User', { status: 'ACTIVE' })
    await owner.rows(`UPDATE account SET owner_id = $2 WHERE ${OWN} AND id = $1`, uuidIn(b), uuidIn(userId))
    const quota = await make(acme, 'OwnerQuota', { userId, object: 'Account', limit: 0 })
    expect(codes(await undo(acme, record.id))).toEqual(['OWNER_QUOTA_EXCEEDED id'])
    await act('deleteOwnerQuota', quota.id)
    expect(codes(await undo(acme, record.id))).toEqual([])
  })
})

describe('the statements of a merge and of its undo', () => {
  it('are the same, however many children there are', async () => {
    const sent = async (count: number) => {
      const [a, b] = await accounts({}, {})
      const { id: activityId } = await make(acme, 'Activity')
      await make(acme, 'ActivityLink', { activityId, recordId: a })
      await owner.rows(
        `WITH made AS (INSERT INTO activity (kind) SELECT 'NOTE' FROM generate_series(1, $2::integer) RETURNING id)
         INSERT INTO activity_link (activity_id, object_type, record_id) SELECT id, 'Account', $1::uuid FROM made`,
        uuidIn(b),
        count,
      )
      // One that both have, so that something is put away too.
      await make(acme, 'ActivityLink', { activityId, recordId: b })
      const watch = watchStatements()
      try {
        const { merge: record, moved } = await merged(acme, 'Account', [a, b])
        expect(moved).toEqual([{ type: 'ActivityLink', field: 'recordId', count }])
        expect(codes(await undo(acme, record.id))).toEqual([])
        return watch.work
      } finally {
        watch.stop()
      }
    }
    await sent(1)
    const few = await sent(1)
    expect(await sent(1000)).toEqual(few)
  })
})

describe('at the same time', () => {
  it('of several merges that take the same record one is done, and the others find it gone', async () => {
    for (let round = 0; round < 3; round++) {
      const [shared, ...survivors] = await accounts({}, {}, {}, {})
      const outcomes = await Promise.all(survivors.map((one) => merge(acme, 'Account', { ids: [one, shared] })))
      const won = outcomes.filter(({ merge: record }) => record)
      expect(won).toHaveLength(1)
      for (const lost of outcomes.filter(({ merge: record }) => !record))
        expect(lost.userErrors.map(({ code }: Any) => code)).toContain('NOT_FOUND')
    }
  })

  it('children that are made, moved and written meanwhile come to the survivor, and none stays behind', async () => {
    const [a, b, c] = await accounts({}, {}, {})
    const deals: string[] = []
    for (let count = 0; count < 6; count++)
      deals.push((await make(acme, 'Opportunity', { accountId: count < 3 ? b : c })).id)
    const { id: tagId } = await make(acme, 'Tag')
    const outcomes = await Promise.all([
      ...deals.map((id, index) =>
        write('Opportunity', id, index < 3 ? { name: `AcmeMark written ${index}` } : { accountId: b }),
      ),
      make(acme, 'Opportunity', { accountId: b }),
      make(acme, 'TagLink', { tagId, recordId: b }),
      make(acme, 'Account', { parentId: b }),
      merged(acme, 'Account', [a, b]),
      make(acme, 'Opportunity', { accountId: b }),
      make(acme, 'Account', { parentId: b }),
      make(acme, 'Activity').then(({ id: activityId }) => make(acme, 'ActivityLink', { activityId, recordId: b })),
    ])
    expect(outcomes.slice(0, 6)).toEqual(Array(6).fill([]))
    for (const [table, column] of [
      ['opportunity', 'account_id'],
      ['tag_link', 'record_id'],
      ['activity_link', 'record_id'],
      ['account', 'parent_id'],
    ])
      expect([table, await owner.rows(`SELECT id FROM ${table} WHERE ${OWN} AND "${column}" = $1`, uuidIn(b))]).toEqual(
        [table, []],
      )
    const [row] = await owner.rows<Any>(
      `SELECT count(*)::integer AS deals, count(*) FILTER (WHERE name LIKE 'AcmeMark written%')::integer AS written FROM opportunity WHERE ${OWN} AND account_id = $1`,
      uuidIn(a),
    )
    expect(row).toEqual({ deals: 8, written: 3 })
  })

  it('an undo is done once', async () => {
    const [a, b] = await accounts({}, {})
    const { merge: record } = await merged(acme, 'Account', [a, b])
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => undo(acme, record.id)))
    expect(outcomes.flatMap(({ userErrors }) => userErrors.map(({ code }: Any) => code))).toEqual(
      Array(3).fill('INVALID_STATE'),
    )
  })
})
