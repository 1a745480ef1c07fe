import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordType } from '../../src/read/recordType.ts'
import { holdersOf } from '../../src/resolvers/customers/merge/children.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { codes, everything, hangAll, merged, undo } from '../support/merge.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'

let test: TestApp
let owner: Owner
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

/** Numbers that look random and are the same each time. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}

/** Makes the same child hang on several of the records: tags, activities, people and shares that they have in common. */
async function share(type: string, ids: string[], random: () => number): Promise<void> {
  const { acme } = test
  const some = () => ids.filter(() => random() < 0.7)
  const { id: tagId } = await make(acme, 'Tag')
  const { id: activityId } = await make(acme, 'Activity')
  const { id: userId } = await make(acme, 'User', { status: 'ACTIVE' })
  for (const recordId of some()) await make(acme, 'TagLink', { tagId, recordId })
  for (const recordId of some()) await make(acme, 'ActivityLink', { activityId, recordId })
  for (const recordId of some())
    await make(acme, 'RecordShare', {
      userId,
      recordId,
      access: random() < 0.5 ? 'READ' : 'WRITE',
      expiresAt: random() < 0.5 ? null : '2099-01-01T00:00:00Z',
    })
  if (type === 'Account') {
    const { id: contactId } = await make(acme, 'Contact')
    for (const accountId of some())
      await make(acme, 'AccountContact', {
        accountId,
        contactId,
        role: random() < 0.5 ? null : 'BUYER',
        isPrimary: random() < 0.5,
        toDate: random() < 0.5 ? null : '2026-12-31',
      })
  }
  if (type === 'Contact') {
    const { id: accountId } = await make(acme, 'Account')
    const { id: opportunityId } = await make(acme, 'Opportunity')
    for (const contactId of some()) await make(acme, 'AccountContact', { accountId, contactId, isPrimary: true })
    for (const contactId of some())
      await make(acme, 'OpportunityContact', { opportunityId, contactId, isPrimary: random() < 0.5 })
  }
}

describe.each(['Account', 'Contact', 'Lead'])('merging three of %s with children of every type', (name) => {
  const type = recordType(name)

  it.each([1, 2, 3])('loses no child and no value, and its undo brings all back (%i)', async (seed) => {
    const random = numbers(seed)
    const ids: string[] = []
    for (let count = 0; count < 3; count++) {
      // Some fields are empty here and filled there.
      const empty = [...type.fields.values()]
        .filter(({ nullable, write, required, kind }) => nullable && write === 'always' && !required && kind !== 'id')
        .filter(
          ({ name: field }) => random() < 0.4 && !['fullName', 'firstName', 'externalId', 'currency'].includes(field),
        )
      const { id } = await make(test.acme, name, Object.fromEntries(empty.map((field) => [field.name, null])))
      ids.push(id)
      await hangAll(test.acme, owner, name, id)
    }
    await share(name, ids, random)
    // One child of each table lies in the recycle bin.
    for (const { type: holder, column } of holdersOf(type)) {
      if (holder === type) continue
      await owner.rows(
        `UPDATE "${holder.table}" SET deleted_at = '2026-01-01' WHERE tenant_id = atrium.tenant_id() AND id = (SELECT id FROM "${holder.table}" WHERE tenant_id = atrium.tenant_id() AND "${column}" = $1 ORDER BY id DESC LIMIT 1)`,
        uuidIn(ids[2] as string),
      )
    }
    const before = await everything(owner)
    const done = await merged(test.acme, name, ids)
    const between = await everything(owner)

    const [survivor, ...losers] = ids.map(uuidIn) as [string, ...string[]]
    for (const [table, rows] of Object.entries(before)) {
      // What the survivor is found by follows from its values.
      if (table === 'duplicate_key') continue
      expect([table, Object.keys(between[table] as object).length]).toEqual([table, Object.keys(rows).length])
    }
    // No live child hangs on a merged record any more, and each that does in the recycle bin was live and is had by the survivor.
    for (const { type: holder, column, any } of holdersOf(type)) {
      const left = Object.values(between[holder.table] as object).filter(
        (row: Any) =>
          losers.includes(row[column]) && (!any || row[any.typeColumn] === name) && !losers.includes(row.id),
      ) as Any[]
      for (const row of left) {
        expect([holder.table, row.deleted_at]).toEqual([holder.table, expect.any(String)])
        expect(before[holder.table]?.[row.id].deleted_at).toBeNull()
      }
    }
    // Every value of the three stands in the survivor, or in the record that was merged, as it was.
    for (const id of losers) {
      const { deleted_at: at, deleted_by: _, merged_into_id: into, ...rest } = (between[type.table] as Any)[id]
      expect([at, into]).toEqual([expect.any(String), survivor])
      expect(before[type.table]?.[id]).toEqual({ ...rest, deleted_at: null, deleted_by: null, merged_into_id: null })
    }
    expect(done.moved.length).toBeGreaterThan(3)

    expect(codes(await undo(test.acme, done.merge.id))).toEqual([])
    expect(await everything(owner)).toEqual(before)
  })
})
