import { describe, expect, it } from '@jest/globals'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { autoRenew } from '../../src/resolvers/revenue/autoRenew.ts'
import type { Any } from '../support/app.ts'
import { flow, openApprovals } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import { OWN, uuidIn } from '../support/owner.ts'
import { day } from './money.ts'

const all = openApprovals()

/** A contract of ann in force that ends today and goes on by itself. */
async function contract(more: Record<string, unknown> = {}, columns: Record<string, unknown> = {}): Promise<string> {
  const { id } = await make(all.acme, 'Contract', {
    ownerId: all.ann.id,
    amount: { amount: '1200', currency: 'USD' },
    currency: undefined,
    startDate: day(-364),
    endDate: day(0),
    autoRenew: true,
    ...more,
  })
  const set = { status: 'APPROVED', ...columns }
  await all.owner.rows(
    `UPDATE contract SET ${Object.keys(set).map((name, at) => `${name} = $${at + 2}`)} WHERE ${OWN} AND id = $1`,
    uuidIn(id),
    ...Object.values(set),
  )
  return id
}
const night = (company = all.acme, today = day(0)) => {
  const tenantId = uuidIn(company.id)
  const viewer = jobViewer({ id: tenantId, timezone: 'Asia/Shanghai', baseCurrency: 'USD', defaultCountry: 'CN' })
  return company.tenancy.writeTenant({ tenantId }, (db) => autoRenew({ db, viewer }, today))
}
const renewals = async (id: string): Promise<Any[]> =>
  (
    await all.acme.run<Any>(
      `query($id: ID!) { contracts(where: { renewedFromId: { eq: $id } }, deleted: false) { nodes { id status startDate amount { amount } owner { id } } } }`,
      { id },
    )
  ).contracts.nodes
const told = async () =>
  (
    await all.ann.run<Any>('{ notifications(first: 50, orderBy: [{ field: CREATED_AT }]) { nodes { type title } } }')
  ).notifications.nodes.map(({ type }: Any) => type)
const settings = (submitRenewals: boolean) =>
  all.acme.run<Any>(
    'mutation($input: UpdateRevenueSettingsInput!) { updateRevenueSettings(input: $input) { revenueSettings { submitRenewals } userErrors { code } } }',
    { input: { submitRenewals } },
  )

describe('a contract that goes on by itself', () => {
  it('is renewed on its last day, once, as a draft that its owner is told of', async () => {
    const id = await contract()
    expect(await night()).toBe(1)
    expect(await renewals(id)).toMatchObject([
      {
        status: 'DRAFT',
        startDate: day(1),
        amount: { amount: '1200.00' },
        owner: { id: all.ann.id },
      },
    ])
    expect(await told()).toEqual(['CONTRACT_RENEWED'])
    expect(await night()).toBe(0)
    // Who ends it deletes the renewal, and it does not come back.
    const [renewal] = await renewals(id)
    await all.acme.run<Any>('mutation($id: ID!) { deleteContract(id: $id) { userErrors { code } } }', {
      id: renewal.id,
    })
    expect(await night()).toBe(0)
    expect(await renewals(id)).toEqual([])
  })

  it('is renewed once by two nights at the same time', async () => {
    const id = await contract()
    const looked = await Promise.all([night(), night(), night()])
    expect(looked.toSorted()).toEqual([0, 0, 1])
    expect(await renewals(id)).toHaveLength(1)
  })

  it('is left alone before its last day, long after it, without the mark, when it was ended, or renewed by hand', async () => {
    await contract({ endDate: day(1) })
    await contract({ endDate: day(-31) }, { status: 'EXPIRED' })
    await contract({ autoRenew: false })
    await contract({}, { status: 'TERMINATED' })
    const byHand = await contract()
    const { renewContract } = await all.acme.run<Any>(
      'mutation($id: ID!) { renewContract(id: $id) { contract { id } userErrors { code } } }',
      { id: byHand },
    )
    expect(renewContract.userErrors).toEqual([])
    expect(await night()).toBe(0)
    expect(await night(all.test.globex)).toBe(0)
    const late = await contract({ endDate: day(-30) }, { status: 'EXPIRED' })
    expect(await night()).toBe(1)
    expect(await renewals(late)).toHaveLength(1)
  })

  it('tells its owner when it cannot be renewed, and holds up no other', async () => {
    const product = await make(all.acme, 'Product', { name: 'Sold no more' })
    const id = await contract()
    const good = await contract()
    await all.owner.rows(
      `INSERT INTO contract_line (tenant_id, contract_id, product_id, name, currency, unit_price, subtotal, total) VALUES (atrium.tenant_id(), $1, $2, 'Line', 'USD', 10000, 10000, 10000)`,
      uuidIn(id),
      uuidIn(product.id),
    )
    await all.owner.rows(`UPDATE product SET status = 'INACTIVE' WHERE ${OWN} AND id = $1`, uuidIn(product.id))
    const before = (await told()).length
    expect(await night()).toBe(2)
    expect([await renewals(id), (await renewals(good)).length]).toEqual([[], 1])
    expect((await told()).slice(before).toSorted()).toEqual(['CONTRACT_NOT_RENEWED', 'CONTRACT_RENEWED'])
    expect(await night()).toBe(0)
  })

  it('is submitted at once in its owner’s name where the company says so, and a flow takes it', async () => {
    await settings(true)
    const alone = await contract()
    await night()
    expect(await renewals(alone)).toMatchObject([{ status: 'DRAFT' }])
    await flow(all, [{ source: 'MANAGER' }], { object: 'Contract', condition: null })
    const id = await contract()
    await night()
    expect(await renewals(id)).toMatchObject([{ status: 'IN_APPROVAL' }])
    const { approvalInstances } = await all.acme.run<Any>(
      'query($id: ID!) { approvalInstances(where: { recordId: { eq: $id } }) { nodes { status submitter { id } } } }',
      { id: (await renewals(id))[0].id },
    )
    expect(approvalInstances.nodes).toEqual([{ status: 'PENDING', submitter: { id: all.ann.id } }])
    expect((await settings(false)).updateRevenueSettings.revenueSettings).toEqual({ submitRenewals: false })
  })
})
