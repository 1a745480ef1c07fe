import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { type Call, flow, openApprovals } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

const all = openApprovals()
const STORY = readFileSync(new URL('../../examples/queries/leadToReceipt.graphql', import.meta.url), 'utf8')
const operation = (name: string) => {
  const found = new RegExp(`^(mutation|query) ${name}\\b[\\s\\S]*?^}`, 'm').exec(STORY)
  if (!found) throw new Error(`The story has no ${name}.`)
  return found[0]
}
/** What an operation of the story answers; null where the caller has no right to ask at all. */
const tell = async (by: Call, name: string, variables: Record<string, unknown>): Promise<Any> => {
  const { data, errors } = await by.ask<Any>(operation(name), variables)
  return errors ? errors.map(({ extensions }: Any) => extensions.code) : Object.values(data)[0]
}
const told = async (by: Call, name: string, variables: Record<string, unknown>): Promise<Any> => {
  const answer = await tell(by, name, variables)
  expect([name, answer.userErrors ?? []]).toEqual([name, []])
  return answer
}
const codes = (answer: Any) => (Array.isArray(answer) ? answer : answer.userErrors.map(({ code }: Any) => code))

let finance: Person
beforeAll(async () => {
  const { test, acme } = all
  const role = await make(acme, 'Role', { key: 'finance', name: 'Finance' })
  const rights: Record<string, Record<string, unknown>> = {
    Account: { read: true, readScope: 'ALL' },
    Contract: { read: true, update: true, readScope: 'ALL', writeScope: 'ALL' },
    ReceiptPlan: { read: true, readScope: 'ALL' },
    Receipt: { read: true, update: true, approve: true, readScope: 'ALL', writeScope: 'ALL' },
    ReceiptAllocation: { read: true, readScope: 'ALL' },
  }
  const columns = acme.run<Any>('{ __type(name: "CreateObjectPermissionInput") { inputFields { name } } }')
  const names = (await columns).__type.inputFields.map(({ name }: Any) => name)
  for (const [object, given] of Object.entries(rights)) {
    const input = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        names.includes(name) ? name : `can${name[0]?.toUpperCase()}${name.slice(1)}`,
        value,
      ]),
    )
    const { createObjectPermission } = await acme.run<Any>(
      'mutation($input: CreateObjectPermissionInput!) { createObjectPermission(input: $input) { userErrors { code message field } } }',
      { input: { roleId: role.id, object, ...input } },
    )
    expect(createObjectPermission.userErrors).toEqual([])
  }
  finance = await person(test, acme, 'finance', { name: 'Finance' })
}, 300_000)

describe('the whole chain, from a lead to a reversed receipt', () => {
  it('is told by a rep, a manager and finance, each doing only what they may', async () => {
    const { acme, ann, ben, boss } = all
    await flow(all, [{ name: 'Manager', source: 'MANAGER' }], { object: 'Contract', condition: null })
    const product = await make(acme, 'Product', {
      code: 'CK6140',
      name: '车床',
      status: 'ACTIVE',
      standardPrice: { amount: '1000.01', currency: 'USD' },
    })
    const book = await make(acme, 'PriceBook', {
      currency: 'USD',
      isStandard: true,
      active: true,
      validFrom: null,
      validTo: null,
    })
    await make(acme, 'PriceBookEntry', {
      priceBookId: book.id,
      productId: product.id,
      unitPrice: { amount: '900', currency: 'USD' },
      minQuantity: '3',
      active: true,
      validFrom: null,
      validTo: null,
    })

    const lead = (
      await told(ann, 'MakeLead', { input: { firstName: '莲', lastName: '王', companyName: '莲花贸易有限公司' } })
    ).lead
    const deal = { name: 'Three lathes', closeDate: '2030-06-30' }
    const { account, opportunity } = await told(ann, 'MakeCustomer', { leadId: lead.id, deal })
    const offered = await told(ann, 'OfferProducts', {
      id: opportunity.id,
      lines: [
        { productId: product.id, quantity: '3', taxRate: '13' },
        { name: 'Training', quantity: '1', unitPrice: { amount: '333.33' }, discountPct: '10' },
      ],
    })
    // 3 × 900.00 + 13 % = 3051.00; 333.33 − 10 % = 300.00
    expect(offered.opportunity.amount).toEqual({ amount: '3351.00', currency: 'USD' })

    const { quote } = await told(ann, 'MakeQuote', { opportunityId: opportunity.id, validUntil: '2099-12-31' })
    expect(quote).toMatchObject({ status: 'DRAFT', total: { amount: '3351.00' } })
    expect(codes(await tell(ben, 'SendQuote', { id: quote.id }))).toEqual(['NOT_FOUND'])
    await told(ann, 'SendQuote', { id: quote.id, to: ['lian.wang@lotus.example'] })
    await told(ann, 'AcceptQuote', { id: quote.id, signedBy: '王莲' })
    await told(ann, 'WinDeal', { id: opportunity.id })

    const term = { quoteId: quote.id, startDate: '2026-01-01', endDate: '2099-12-31' }
    const { contract } = await told(ann, 'MakeContract', term)
    expect(contract).toMatchObject({ status: 'DRAFT', amount: { amount: '3351.00', currency: 'USD' } })
    expect(codes(await tell(ann, 'MakeContract', term))).toEqual(['INVALID_STATE'])
    const plans = {
      contractId: contract.id,
      count: 2,
      interval: 'MONTH',
      firstPercent: '30',
      firstDueDate: '2098-01-31',
    }
    expect(codes(await tell(ann, 'PlanReceipts', { input: plans }))).toEqual(['CONTRACT_NOT_SUBMITTED'])
    await told(ann, 'SubmitContract', { id: contract.id })
    const planned = await told(ann, 'PlanReceipts', { input: plans })
    expect(planned.contract.receiptPlans.nodes.map(({ status, amount }: Any) => `${status} ${amount.amount}`)).toEqual([
      'NOT_EFFECTIVE 1005.30',
      'NOT_EFFECTIVE 2345.70',
    ])

    const money = { contractId: contract.id, amount: { amount: '1500' }, receivedOn: '2026-06-30' }
    expect(codes(await tell(ann, 'RecordReceipt', { input: money }))).toEqual(['CONTRACT_NOT_APPROVED'])
    const inbox = await told(boss, 'Inbox', { me: boss.id })
    const task = inbox.nodes.find(({ instance }: Any) => instance.record?.name === 'Three lathes')
    expect(codes(await tell(ann, 'Approve', { id: task.id }))).not.toEqual([])
    expect(codes(await tell(finance, 'Approve', { id: task.id }))).not.toEqual([])
    await told(boss, 'Approve', { id: task.id, comment: '同意' })

    // Who records money does not book it by a short cut.
    expect(codes(await tell(ann, 'RecordReceipt', { input: { ...money, confirm: true } }))).toEqual(['FORBIDDEN'])
    const [first] = planned.contract.receiptPlans.nodes
    const { receipt } = await told(ann, 'RecordReceipt', {
      input: {
        ...money,
        allocations: [
          { planId: first.id, amount: { amount: '1005.30' } },
          { planId: planned.contract.receiptPlans.nodes[1].id, amount: { amount: '494.70' } },
        ],
      },
    })
    expect(receipt.status).toBe('DRAFT')
    expect(codes(await tell(ann, 'ConfirmReceipt', { id: receipt.id }))).toEqual(['FORBIDDEN'])
    expect(codes(await tell(ben, 'ConfirmReceipt', { id: receipt.id }))).toEqual(['FORBIDDEN'])
    await told(finance, 'ConfirmReceipt', { id: receipt.id })
    const balance = async (by: Call) => tell(by, 'Balance', { id: contract.id })
    expect(await balance(finance)).toEqual({
      status: 'APPROVED',
      plannedAmount: { amount: '3351.00' },
      receivedAmount: { amount: '1500.00' },
      unreceivedAmount: { amount: '1851.00' },
      receiptPlans: {
        nodes: [
          { status: 'DONE', receivedAmount: { amount: '1005.30' } },
          { status: 'PARTIAL', receivedAmount: { amount: '494.70' } },
        ],
      },
    })
    const tooMuch = await tell(ann, 'RecordReceipt', { input: { ...money, amount: { amount: '1851.01' } } })
    const over = tooMuch.receipt ? await tell(finance, 'ConfirmReceipt', { id: tooMuch.receipt.id }) : tooMuch
    expect(codes(over)).toEqual(['RECEIPT_EXCEEDS_BALANCE'])
    expect(codes(await tell(ann, 'ReverseReceipt', { id: receipt.id, reason: 'Mine' }))).toEqual(['FORBIDDEN'])
    await told(finance, 'ReverseReceipt', { id: receipt.id, reason: 'The bank took it back' })
    expect(await balance(ann)).toMatchObject({
      receivedAmount: { amount: '0.00' },
      unreceivedAmount: { amount: '3351.00' },
      receiptPlans: { nodes: [{ status: 'PENDING' }, { status: 'PENDING' }] },
    })
    expect(await balance(ben)).toBeNull()

    const { account: seen } = await acme.run<Any>(
      `query($id: ID!) { account(id: $id) { dealStatus quotes { nodes { status } } contracts { nodes { status } } opportunities { nodes { status } } } }`,
      { id: account.id },
    )
    expect(seen).toEqual({
      dealStatus: 'WON',
      quotes: { nodes: [{ status: 'ACCEPTED' }] },
      contracts: { nodes: [{ status: 'APPROVED' }] },
      opportunities: { nodes: [{ status: 'WON' }] },
    })
  })
})
