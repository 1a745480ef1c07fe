import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ImportInvalid } from '../../src/jobs/import/detect.ts'
import { subjectOf } from '../../src/resolvers/approval/registry.ts'
import { type Companies, type Company, openCompanies } from './company.ts'

let companies: Companies
let acme: Company
beforeAll(async () => {
  companies = await openCompanies()
  acme = companies.acme
})
afterAll(() => companies.close())

const date = (field: string) => ({ field, date: { format: 'yyyy-MM-dd' } })
const usd = { field: 'amount', money: { currency: 'USD' } }
const of = (type: string, by: string, field: string) => ({ field, reference: { type, by } })
const CONTRACT = {
  type: 'Contract',
  columns: {
    name: 'name',
    customer: of('Account', 'name', 'accountId'),
    worth: usd,
    from: date('startDate'),
    to: date('endDate'),
  },
}
const PLAN = {
  type: 'ReceiptPlan',
  columns: { contract: of('Contract', 'name', 'contractId'), sum: usd, due: date('dueDate') },
}
const RECEIPT = {
  type: 'Receipt',
  columns: { contract: of('Contract', 'name', 'contractId'), sum: usd, on: date('receivedOn'), payer: 'payer' },
}

describe('money is imported', () => {
  it('as contracts, their plans and drafts of receipts, by the rules of each', async () => {
    await acme.load({ type: 'Account', columns: { name: 'name' } }, 'name\nKüng AG\n')
    const contracts = await acme.load(
      CONTRACT,
      'name,customer,worth,from,to\nOne,Küng AG,1000,2026-01-01,2026-12-31\nTwo,Küng AG,500,2026-12-31,2026-01-01\nThree,Küng AG,10,2026-01-01,2026-12-31\n',
    )
    expect([contracts.created, contracts.told]).toEqual([2, ['3 to CONTRACT_DATE_INVALID 2026-01-01']])
    const rows = await acme.rows<{ id: string; name: string; status: string }>(
      'SELECT id, name, status FROM contract WHERE tenant_id = $1 ORDER BY name',
    )
    expect(rows.map(({ name, status }) => [name, status])).toEqual([
      ['One', 'DRAFT'],
      ['Three', 'DRAFT'],
    ])
    const { viewer } = acme
    await companies.tenancy.writeTenant({ tenantId: viewer.tenantId }, async (db) => {
      for (const turn of ['submitted', 'approved'] as const)
        await subjectOf('Contract')?.[turn]?.({ db, viewer }, (rows[0] as { id: string }).id)
    })
    const plans = await acme.load(
      PLAN,
      'contract,sum,due\nOne,600,2026-03-31\nOne,500,2026-06-30\nThree,5,2026-06-30\nOne,400,2099-06-30\n',
    )
    expect([plans.created, plans.told]).toEqual([
      2,
      ['3 sum PLAN_EXCEEDS_CONTRACT 500', '4 contract CONTRACT_NOT_SUBMITTED Three'],
    ])
    const receipts = await acme.load(
      RECEIPT,
      'contract,sum,on,payer\nOne,250,2026-04-02,Küng\nThree,1,2026-04-02,Küng\nOne,1,2099-01-01,Küng\n',
    )
    expect([receipts.created, receipts.told]).toEqual([
      1,
      ['3 contract CONTRACT_NOT_APPROVED Three', '4 on VALIDATION_FAILED 2099-01-01'],
    ])
    expect(await acme.rows("SELECT status, payer, number <> '' AS numbered FROM receipt WHERE tenant_id = $1")).toEqual(
      [{ status: 'DRAFT', payer: 'Küng', numbered: true }],
    )
    expect(
      await acme.rows(
        'SELECT planned_amount::text AS planned, received_amount::text AS received FROM contract WHERE tenant_id = $1 ORDER BY name',
      ),
    ).toEqual([
      { planned: '10000000', received: '0' },
      { planned: '0', received: '0' },
    ])
  })

  it('as drafts only, and not by a key', async () => {
    const confirmed = acme.load(
      { ...RECEIPT, columns: { ...RECEIPT.columns, state: 'status' } },
      'contract,sum,on,payer,state\n',
    )
    await expect(confirmed).rejects.toThrow(ImportInvalid)
    const upserted = acme.load({ ...RECEIPT, key: ['number'] }, 'contract,sum,on,payer\n', { mode: 'upsert' })
    await expect(upserted).rejects.toThrow(ImportInvalid)
    // What nobody makes stays out.
    await expect(acme.load({ type: 'AccountCredit', columns: { a: 'balance' } }, 'a\n')).rejects.toThrow(ImportInvalid)
    expect((await companies.globex.load({ type: 'Account', columns: { name: 'name' } }, 'name\nOther\n')).created).toBe(
      1,
    )
    const foreign = await companies.globex.load(RECEIPT, 'contract,sum,on,payer\nOne,1,2026-04-02,X\n')
    expect([foreign.created, foreign.told]).toEqual([0, ['2 contract REFERENCE_NOT_FOUND One']])
  })
})
