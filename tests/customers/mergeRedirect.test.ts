import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { codes, merge, merged, undo } from '../support/merge.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { watchStatements } from '../support/statements.ts'

let test: TestApp
let acme: Company
let owner: Owner
let rep: Person
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
  rep = await person(test, acme, 'rep')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const accounts = (count: number, more: Record<string, unknown> = {}) =>
  Promise.all(Array.from({ length: count }, async () => (await make(acme, 'Account', more)).id as string))

/** Which record each way of reading by an id leads to. */
async function leads(who: Pick<Company, 'run'>, id: string): Promise<Any[]> {
  const data = await who.run<Any>(
    `query($id: ID!) { account(id: $id) { id } wide: account(id: $id) { id opportunities(first: 1) { nodes { id } } }
      node(id: $id) { id } deep: node(id: $id) { id ... on Account { opportunities(first: 1) { nodes { id } } } } nodes(ids: [$id]) { id } }`,
    { id },
  )
  const alone = await who.run<Any>('query($id: ID!) { account(id: $id) { id name } }', { id })
  return [data.account, data.wide, data.node, data.deep, data.nodes[0], alone.account].map((one) => one?.id ?? null)
}
const six = (id: string | null) => Array(6).fill(id)

describe('the id of a merged record', () => {
  it('leads to the survivor on every way by id, over several merges too, and to itself after the undo', async () => {
    const [a, b, c] = (await accounts(3)) as [string, string, string]
    const first = await merged(acme, 'Account', [b, c])
    expect(await leads(acme, c)).toEqual(six(b))
    const second = await merged(acme, 'Account', [a, b])
    expect([await leads(acme, b), await leads(acme, c)]).toEqual([six(a), six(a)])
    expect(codes(await undo(acme, first.merge.id))).toEqual(['INVALID_STATE id'])
    expect(codes(await undo(acme, second.merge.id))).toEqual([])
    expect([await leads(acme, a), await leads(acme, b), await leads(acme, c)]).toEqual([six(a), six(b), six(b)])
    expect(codes(await undo(acme, first.merge.id))).toEqual([])
    expect(await leads(acme, c)).toEqual(six(c))
  })

  it('leads nobody to what they may not see', async () => {
    const [a] = await accounts(1)
    const { id: mine } = await make(acme, 'Account', { ownerId: rep.id })
    await merged(acme, 'Account', [a as string, mine], { fieldSource: [{ field: 'ownerId', id: a }] })
    expect(await leads(acme, mine)).toEqual(six(a as string))
    expect([await leads(rep, mine), await leads(test.globex, mine)]).toEqual([six(null), six(null)])
  })

  it('stands for the survivor in inputs: in references, in links, in the list forms', async () => {
    const [a, b] = (await accounts(2)) as [string, string]
    const [one, two] = [(await make(acme, 'Contact')).id, (await make(acme, 'Contact')).id]
    await merged(acme, 'Account', [a, b])
    await merged(acme, 'Contact', [one, two])
    const opportunity = await make(
      acme,
      'Opportunity',
      { accountId: b, primaryContactId: two },
      'id account { id } primaryContact { id }',
    )
    expect(opportunity).toMatchObject({ account: { id: a }, primaryContact: { id: one } })
    const link = await make(acme, 'TagLink', { recordId: b }, 'id record { id }')
    expect(link.record).toEqual({ id: a })
    const child = await make(acme, 'Account', { parentId: b }, 'id parent { id }')
    expect(child.parent).toEqual({ id: a })
    const part = await make(
      acme,
      'AccountContact',
      { accountId: b, contactId: two },
      'id account { id } contact { id }',
    )
    expect(part).toMatchObject({ account: { id: a }, contact: { id: one } })
    const other = await make(acme, 'Account')
    const { updateAccounts } = await acme.run<Any>(
      'mutation($input: [UpdateAccountRow!]!) { updateAccounts(input: $input) { results { account { parent { id } } userErrors { code } } } }',
      {
        input: [
          { id: child.id, input: { parentId: null } },
          { id: other.id, input: { parentId: b } },
        ],
      },
    )
    expect(updateAccounts.results).toEqual([
      { account: { parent: null }, userErrors: [] },
      { account: { parent: { id: a } }, userErrors: [] },
    ])
    // Not under itself by another name.
    const self = await acme.run<Any>(
      'mutation($id: ID!, $b: ID!) { updateAccount(id: $id, input: { parentId: $b }) { userErrors { code } } }',
      { id: a, b },
    )
    expect(self.updateAccount.userErrors).toEqual([{ code: 'HIERARCHY_CYCLE' }])
  })

  it('is no id of a record to write to, to filter by, or to list', async () => {
    const [a, b] = (await accounts(2)) as [string, string]
    await merged(acme, 'Account', [a, b])
    const data = await acme.run<Any>(
      'query($b: ID!) { accounts(where: { id: { eq: $b } }) { nodes { id } } bin: accounts(where: { id: { eq: $b } }, deleted: true) { nodes { id mergedInto { id } } } }',
      { b },
    )
    expect(data).toEqual({ accounts: { nodes: [] }, bin: { nodes: [{ id: b, mergedInto: { id: a } }] } })
    const { updateAccount } = await acme.run<Any>(
      'mutation($b: ID!) { updateAccount(id: $b, input: { name: "AcmeMark x" }) { userErrors { code } } }',
      { b },
    )
    expect(updateAccount.userErrors).toEqual([{ code: 'NOT_FOUND' }])
  })

  it('costs a read of a live record no statement', async () => {
    const [a, b] = (await accounts(2)) as [string, string]
    await merged(acme, 'Account', [a, b])
    const watch = watchStatements()
    try {
      const statements = async (id: string) => {
        watch.clear()
        await acme.run('query($id: ID!) { account(id: $id) { id name } }', { id })
        return watch.work.length
      }
      // Found; not found, found to be merged, and found; not found, and nowhere else.
      expect([await statements(a), await statements(b), await statements('acct_01h455vb4pex5vsknk084sn02q')]).toEqual([
        1, 3, 2,
      ])
    } finally {
      watch.stop()
    }
  })
})

describe('a merged record in the recycle bin', () => {
  const act = async (verb: string, id: string) =>
    (
      await acme.run<Any>(
        `mutation($id: ID!) { done: ${verb}Account(id: $id) { userErrors { code field details } } }`,
        { id },
      )
    ).done.userErrors

  it('comes back by undoMerge alone, and none of the merge is destroyed while that is possible', async () => {
    const [a, b] = (await accounts(2)) as [string, string]
    const { merge: record } = await merged(acme, 'Account', [a, b])
    const details = { from: 'MERGED', allowed: [], mergeId: record.id, undoableUntil: record.undoableUntil }
    expect(await act('restore', b)).toEqual([{ code: 'INVALID_STATE', field: ['id'], details }])
    expect(await act('destroy', b)).toEqual([{ code: 'INVALID_STATE', field: ['id'], details }])
    expect(await act('destroy', a)).toEqual([{ code: 'INVALID_STATE', field: ['id'], details }])
    await owner.rows(
      `UPDATE merge_record SET undoable_until = now() - interval '1 second' WHERE ${OWN} AND id = $1`,
      uuidIn(record.id),
    )
    expect(codes(await undo(acme, record.id))).toEqual(['INVALID_STATE id'])
    expect(await act('restore', b)).toMatchObject([{ code: 'INVALID_STATE' }])
    expect(await act('destroy', b)).toEqual([])
    expect(await leads(acme, b)).toEqual(six(null))
    expect(await act('destroy', a)).toEqual([])
  })
})

describe('a record whose key somebody else has by now', () => {
  it('does not come back, and its error names the other, which it can be merged with', async () => {
    const key = { externalSource: 'erp', externalId: 'TAKEN-1' }
    const { id: old } = await make(acme, 'Account', key)
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: old })
    const { id: taken } = await make(acme, 'Account', key)
    const restore = (who: Pick<Company, 'run'>) =>
      who.run<Any>('mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code field details } } }', { id: old })
    expect((await restore(acme)).restoreAccount.userErrors).toEqual([
      { code: 'UNIQUE_VIOLATION', field: ['id'], details: { conflictId: taken } },
    ])
    expect(codes(await merge(acme, 'Account', { ids: [taken, old] }))).toEqual(['NOT_FOUND input.ids.1'])
    // Whose it is stays untold to those who do not see it.
    const { id: mine } = await make(acme, 'Account', { ownerId: rep.id, externalSource: 'erp', externalId: 'TAKEN-2' })
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: mine })
    await make(acme, 'Account', { externalSource: 'erp', externalId: 'TAKEN-2' })
    const { restoreAccount } = await rep.run<Any>(
      'mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code details } } }',
      { id: mine },
    )
    expect(restoreAccount.userErrors).toEqual([{ code: 'UNIQUE_VIOLATION', details: null }])
  })
})
