import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { subjectOf } from '../../src/resolvers/approval/registry.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { recordReceipt } from '../../src/resolvers/revenue/recordReceipt.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'

let test: TestApp
let owner: Owner
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  await test.acme.run('mutation { updateRevenueSettings(input: { allowOverpayment: true }) { userErrors { code } } }')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

/** A customer who paid 30 too much for a contract over 100. */
async function customer(): Promise<{ id: string; contract: string }> {
  const { id } = await make(test.acme, 'Account')
  const contract = await make(test.acme, 'Contract', { accountId: id, amount: { amount: '100', currency: 'USD' } })
  const tenantId = uuidIn(test.acme.id)
  const viewer = jobViewer({ id: tenantId, timezone: 'Asia/Shanghai', baseCurrency: 'USD', defaultCountry: 'CN' })
  await test.acme.tenancy.writeTenant({ tenantId }, async (db) => {
    for (const turn of ['submitted', 'approved'] as const)
      await subjectOf('Contract')?.[turn]?.({ db, viewer }, uuidIn(contract.id))
    const { errors } = await recordReceipt(
      { db, viewer },
      { contractId: contract.id, amount: { amount: '130' }, receivedOn: '2026-08-01', confirm: true },
    )
    expect(errors).toEqual([])
  })
  return { id, contract: contract.id }
}

it('customers who become one bring contracts, receipts and all that they have to their credit, and take them back', async () => {
  const [kept, gone] = [await customer(), await customer()]
  const of = async (table: string, column = 'id') =>
    (
      await owner.rows<{ value: string; account: string }>(
        `SELECT ${column}::text AS value, account_id AS account FROM ${table} WHERE ${OWN} AND deleted_at IS NULL AND account_id = ANY ($1::uuid[]) ORDER BY 2, 1`,
        [uuidIn(kept.id), uuidIn(gone.id)],
      )
    ).map(({ value, account }) => [value, account === uuidIn(kept.id)])
  const before = [await of('contract'), await of('receipt'), await of('account_credit', 'balance')]
  expect(before[2]).toEqual([
    ['300000', true],
    ['300000', false],
  ])
  const { mergeAccounts } = await test.acme.run<Any>(
    'mutation($input: MergeInput!) { mergeAccounts(input: $input) { merge { id } userErrors { code message } } }',
    { input: { ids: [kept.id, gone.id], survivorId: kept.id } },
  )
  expect(mergeAccounts.userErrors).toEqual([])
  expect((await of('contract')).map(([, survivor]) => survivor)).toEqual([true, true])
  expect((await of('receipt')).map(([, survivor]) => survivor)).toEqual([true, true])
  expect(await of('account_credit', 'balance')).toEqual([['600000', true]])
  const { undoMerge } = await test.acme.run<Any>(
    'mutation($id: ID!) { undoMerge(id: $id) { userErrors { code message } } }',
    { id: mergeAccounts.merge.id },
  )
  expect(undoMerge.userErrors).toEqual([])
  expect([await of('contract'), await of('receipt'), await of('account_credit', 'balance')]).toEqual(before)
})
