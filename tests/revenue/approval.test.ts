import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Any, Company } from '../support/app.ts'
import { codes, openApprovals, publish, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'

type Call = Pick<Company, 'run' | 'ask'>

const us = openApprovals()
let flows: { contract: string; receipt: string }

const PICK: Record<string, string> = {
  contract:
    'contract { id status amountBase { amount currency } rate approvedAt plannedAmount { amount } receiptPlans(orderBy: [{ field: SEQUENCE }]) { nodes { status isOverdue } } }',
  receipt: 'receipt { id status confirmedBy { id } contract { receivedAmount { amount } } }',
  receiptPlan: 'receiptPlan { id status }',
  contractLine: 'contractLine { id }',
}

/** Calls a mutation of contracts and money as somebody: what it answers. */
async function call(by: Call, name: string, of: keyof typeof PICK, args: Record<string, unknown>): Promise<Any> {
  const types: Record<string, string> = {
    input: name === 'recordReceipt' ? 'RecordReceiptInput!' : `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`,
    reason: 'String!',
  }
  const names = Object.keys(args)
  const declared = names.map((one) => `$${one}: ${types[one] ?? 'ID!'}`).join(', ')
  const text = `mutation(${declared}) { ${name}(${names.map((one) => `${one}: $${one}`).join(', ')}) { ${PICK[of]} userErrors { code message field details } } }`
  const answer = (await by.run<Any>(text, args))[name]
  return { record: answer[of as string], userErrors: answer.userErrors }
}
const on = (by: Call, verbName: string, id: string) => call(by, verbName, 'contract', { id })
const update = (by: Call, id: string, input: Record<string, unknown>) =>
  call(by, 'updateContract', 'contract', { id, input })
const plan = (by: Call, contractId: string, amount: string) =>
  call(by, 'createReceiptPlan', 'receiptPlan', {
    input: { contractId, amount: { amount }, dueDate: '2026-01-31' },
  })
const record = (by: Call, contractId: string, amount: string, more: Record<string, unknown> = {}) =>
  call(by, 'recordReceipt', 'receipt', {
    input: { contractId, amount: { amount }, receivedOn: '2026-06-01', ...more },
  })
const taken = async (given: Promise<Any>): Promise<Any> => {
  const { record: one, userErrors } = await given
  expect(userErrors).toEqual([])
  return one
}

/** A contract of ann over 1000. */
const contract = async (more: Record<string, unknown> = {}): Promise<string> => {
  const { id: accountId } = await make(us.acme, 'Account', { ownerId: us.ann.id })
  const { id } = await make(us.acme, 'Contract', {
    ownerId: us.ann.id,
    accountId,
    amount: { amount: '1000', currency: 'USD' },
    ...more,
  })
  return id
}
/** Decides the one thing that waits for somebody. */
async function decide(by: Call & { id: string }, name: 'approve' | 'reject'): Promise<Any> {
  const { approvalTasks } = await by.run<Any>(
    `query($id: ID!) { approvalTasks(where: { approverId: { eq: $id }, status: { eq: PENDING } }) { nodes { id } } }`,
    { id: by.id },
  )
  expect(approvalTasks.nodes).toHaveLength(1)
  return verb(by, name, { id: approvalTasks.nodes[0].id })
}
const set = async (id: string, active: boolean) =>
  us.acme.run(
    'mutation($id: ID!, $input: UpdateApprovalFlowInput!) { updateApprovalFlow(id: $id, input: $input) { userErrors { code } } }',
    {
      id,
      input: { active },
    },
  )

beforeAll(async () => {
  const made = async (object: string) => {
    const { id } = await make(us.acme, 'ApprovalFlow', {
      object,
      condition: null,
      active: true,
      steps: [{ name: 'Manager', source: 'MANAGER', emptyApproverAction: 'REFUSE' }],
    })
    expect((await publish(us.acme, id)).userErrors).toEqual([])
    return id as string
  }
  flows = { contract: await made('Contract'), receipt: await made('Receipt') }
})

describe('a contract that is submitted', () => {
  it('needs a flow and somebody who decides: NO_APPROVAL_FLOW, NO_APPROVER', async () => {
    const id = await contract()
    await set(flows.contract, false)
    expect(codes(await on(us.ann, 'submitContract', id))).toEqual(['NO_APPROVAL_FLOW id'])
    await set(flows.contract, true)
    // Nobody is above the chief.
    const own = await contract({ ownerId: us.chief.id })
    expect(codes(await on(us.chief, 'submitContract', own))).toEqual(['NO_APPROVER'])
    const { contract: still } = await us.acme.run<Any>('query($id: ID!) { contract(id: $id) { status } }', { id: own })
    expect(still.status).toBe('DRAFT')
  })

  it('stays as it is until it is decided, and its plans take effect with it', async () => {
    const id = await contract()
    expect((await taken(on(us.ann, 'submitContract', id))).status).toBe('IN_APPROVAL')
    expect(codes(await on(us.ann, 'submitContract', id))).toEqual(['ALREADY_IN_APPROVAL id'])
    expect(codes(await update(us.ann, id, { name: 'Other' }))).toEqual(['WITHDRAW_FIRST id'])
    const line = { contractId: id, name: 'More', unitPrice: { amount: '1' } }
    expect(codes(await call(us.ann, 'createContractLine', 'contractLine', { input: line }))).toEqual([
      expect.stringMatching(/^WITHDRAW_FIRST/),
    ])
    expect((await taken(plan(us.ann, id, '400'))).status).toBe('NOT_EFFECTIVE')
    expect(codes(await record(us.ann, id, '10'))).toEqual(['CONTRACT_NOT_APPROVED input.contractId'])
    expect(codes(await decide(us.boss, 'approve'))).toEqual([])
    const { contract: now } = await us.ann.run<Any>(
      `query($id: ID!) { ${PICK.contract?.replace('contract {', 'contract(id: $id) {')} }`,
      { id },
    )
    expect(now).toMatchObject({
      status: 'APPROVED',
      amountBase: { amount: '1000.00', currency: 'USD' },
      plannedAmount: { amount: '400.00' },
      receiptPlans: { nodes: [{ status: 'OVERDUE', isOverdue: true }] },
    })
    expect(codes(await on(us.ann, 'withdrawContract', id))).toEqual(['ALREADY_APPROVED id'])
    expect(codes(await on(us.ann, 'submitContract', id))).toEqual(['INVALID_STATE id'])
    expect(codes(await update(us.ann, id, { name: 'Other' }))).toEqual(['APPROVED_NOT_EDITABLE input.name'])
  })

  it('that is refused voids its plans, and is mended and submitted again', async () => {
    const id = await contract()
    await taken(on(us.ann, 'submitContract', id))
    await taken(plan(us.ann, id, '400'))
    expect(codes(await decide(us.boss, 'reject'))).toEqual([])
    expect((await taken(update(us.ann, id, { name: 'Better' }))).receiptPlans.nodes).toMatchObject([{ status: 'VOID' }])
    expect((await taken(on(us.ann, 'submitContract', id))).status).toBe('IN_APPROVAL')
    expect(codes(await decide(us.boss, 'approve'))).toEqual([])
  })

  it('and taken back must hold its plans when it is submitted again: PLAN_EXCEEDS_CONTRACT', async () => {
    const id = await contract()
    await taken(on(us.ann, 'submitContract', id))
    await taken(plan(us.ann, id, '800'))
    expect((await taken(on(us.ann, 'withdrawContract', id))).status).toBe('WITHDRAWN')
    expect(codes(await on(us.ann, 'withdrawContract', id))).toEqual(['INVALID_STATE id'])
    await taken(update(us.ann, id, { amount: { amount: '700' } }))
    expect(codes(await on(us.ann, 'submitContract', id))).toEqual(['PLAN_EXCEEDS_CONTRACT id'])
    // Nor by the way that takes records of any type.
    expect(codes(await verb(us.ann, 'submitForApproval', { recordId: id }))).toEqual(['PLAN_EXCEEDS_CONTRACT id'])
    await taken(update(us.ann, id, { amount: { amount: '800' } }))
    await taken(on(us.ann, 'submitContract', id))
    expect(codes(await decide(us.boss, 'approve'))).toEqual([])
  })

  it('without a rate of exchange is not approved, and still waits', async () => {
    const id = await contract({ amount: { amount: '10', currency: 'NOK' }, currency: undefined })
    await taken(on(us.ann, 'submitContract', id))
    expect(codes(await decide(us.boss, 'approve'))).toEqual(['CURRENCY_RATE_MISSING'])
    await make(us.acme, 'ExchangeRate', { currency: 'NOK', baseCurrency: 'USD', rate: '0.1', date: '2026-01-01' })
    expect(codes(await decide(us.boss, 'approve'))).toEqual([])
    const { contract: now } = await us.ann.run<Any>(
      'query($id: ID!) { contract(id: $id) { status amountBase { amount } } }',
      { id },
    )
    expect(now).toEqual({ status: 'APPROVED', amountBase: { amount: '1.00' } })
  })

  it('is nobody else’s: other sellers and other companies find nothing', async () => {
    const id = await contract()
    for (const by of [us.ben, us.test.globex])
      for (const name of ['submitContract', 'withdrawContract', 'renewContract'])
        expect(codes(await on(by, name, id))).toEqual(['NOT_FOUND id'])
    expect(codes(await call(us.test.globex, 'voidContract', 'contract', { id, reason: 'x' }))).toEqual(['NOT_FOUND id'])
    expect(codes(await plan(us.test.globex, id, '1'))).toEqual(['NOT_FOUND input.contractId'])
    expect(codes(await record(us.test.globex, id, '1'))).toEqual(['NOT_FOUND input.contractId'])
  })
})

describe('a receipt', () => {
  /** A contract of ann in force. */
  const inForce = async () => {
    const id = await contract()
    await taken(on(us.ann, 'submitContract', id))
    expect(codes(await decide(us.boss, 'approve'))).toEqual([])
    return id
  }

  it('is confirmed by who may: a seller records it, the manager says that it came', async () => {
    const id = await inForce()
    const draft = await taken(record(us.ann, id, '300'))
    const refused = await us.ann.ask('mutation($id: ID!) { confirmReceipt(id: $id) { userErrors { code } } }', {
      id: draft.id,
    })
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const confirmed = await taken(call(us.boss, 'confirmReceipt', 'receipt', { id: draft.id }))
    expect(confirmed).toMatchObject({
      status: 'CONFIRMED',
      confirmedBy: { id: us.boss.id },
      contract: { receivedAmount: { amount: '300.00' } },
    })
    for (const by of [us.test.globex])
      expect(codes(await call(by, 'confirmReceipt', 'receipt', { id: draft.id }))).toEqual(['NOT_FOUND id'])
    expect(codes(await call(us.test.globex, 'reverseReceipt', 'receipt', { id: draft.id, reason: 'x' }))).toEqual([
      'NOT_FOUND id',
    ])
  })

  it('counts when its flow has approved it', async () => {
    const id = await inForce()
    const draft = await taken(record(us.ann, id, '300'))
    expect((await taken(call(us.ann, 'submitReceipt', 'receipt', { id: draft.id }))).status).toBe('IN_APPROVAL')
    expect(codes(await call(us.ann, 'submitReceipt', 'receipt', { id: draft.id }))).toEqual(['ALREADY_IN_APPROVAL id'])
    expect(codes(await call(us.ann, 'updateReceipt', 'receipt', { id: draft.id, input: { payer: 'Other' } }))).toEqual([
      'WITHDRAW_FIRST id',
    ])
    expect((await taken(call(us.ann, 'withdrawReceipt', 'receipt', { id: draft.id }))).status).toBe('DRAFT')
    await taken(call(us.ann, 'submitReceipt', 'receipt', { id: draft.id }))
    expect(codes(await decide(us.boss, 'approve'))).toEqual([])
    expect(codes(await call(us.ann, 'withdrawReceipt', 'receipt', { id: draft.id }))).toEqual(['ALREADY_APPROVED id'])
    expect(codes(await call(us.ann, 'submitReceipt', 'receipt', { id: draft.id }))).toEqual(['RECEIPT_CONFIRMED id'])
    expect(codes(await verb(us.ann, 'submitForApproval', { recordId: draft.id }))).toEqual(['RECEIPT_CONFIRMED id'])
  })

  it('that no longer fits is not approved: the decision is undone', async () => {
    const id = await inForce()
    const draft = await taken(record(us.ann, id, '900'))
    await taken(call(us.ann, 'submitReceipt', 'receipt', { id: draft.id }))
    await taken(record(us.boss, id, '200', { confirm: true }))
    expect(codes(await decide(us.boss, 'approve'))).toEqual(['RECEIPT_EXCEEDS_BALANCE id'])
    expect(codes(await decide(us.boss, 'reject'))).toEqual([])
    const { receipt } = await us.ann.run<Any>('query($id: ID!) { receipt(id: $id) { status } }', { id: draft.id })
    expect(receipt.status).toBe('REJECTED')
  })
})
