import { describe, expect, it } from '@jest/globals'
import {
  acts,
  asked,
  codes,
  deal,
  done,
  flow,
  look,
  mailsTo,
  openApprovals,
  submit,
  submitted,
  verb,
} from '../support/approval.ts'

const all = openApprovals()

describe('a step that asks for one', () => {
  it('is passed by the first, and the others are not asked any more', async () => {
    const { ann, boss, cat } = all
    const to = await flow(all, [{ source: 'USERS', userIds: [boss.id, cat.id] }])
    const one = await submitted(all, to, { comment: 'A large discount' })
    expect(asked(one)).toEqual([boss.id, cat.id])
    expect(await mailsTo(all, 'APPROVAL_REQUEST', boss)).toContain(`To approve: ${'Flow'} ${to.word.slice(4, -1)}`)
    const after = await done(verb(cat, 'approve', { id: one.id, comment: 'Fine' }))
    expect(after).toMatchObject({ status: 'APPROVED', decidedBy: { id: cat.id } })
    expect(after.tasks.nodes.map(({ status }: { status: string }) => status)).toEqual(['CANCELLED', 'APPROVED'])
    expect(acts(after)).toEqual(['SUBMIT', 'APPROVE'])
    expect(await mailsTo(all, 'APPROVAL_APPROVED', ann)).toHaveLength(1)
    expect(codes(await verb(boss, 'approve', { id: one.id }))).toEqual(['INVALID_STATE id'])
  })

  it('takes one of two who approve at the same moment; the other is told that it is over', async () => {
    const { boss, cat } = all
    const one = await submitted(all, await flow(all, [{ source: 'USERS', userIds: [boss.id, cat.id] }]))
    const answers = await Promise.all([boss, cat].map((by) => verb(by, 'approve', { id: one.id })))
    expect(answers.map(codes).sort()).toEqual([[], ['INVALID_STATE id']])
    const after = await look(all, one.id)
    expect(after.status).toBe('APPROVED')
    expect(acts(after)).toEqual(['SUBMIT', 'APPROVE'])
  })
})

describe('a step that asks for all', () => {
  it('is passed by the last, and by nobody twice', async () => {
    const { boss, cat } = all
    const one = await submitted(all, await flow(all, [{ mode: 'ALL', source: 'USERS', userIds: [boss.id, cat.id] }]))
    expect(await done(verb(cat, 'approve', { id: one.id }))).toMatchObject({ status: 'PENDING', currentStep: 1 })
    expect(codes(await verb(cat, 'approve', { id: one.id }))).toEqual(['NOT_CURRENT_APPROVER id'])
    expect(await done(verb(boss, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })

  it('is ended by one who rejects', async () => {
    const { ann, boss, cat } = all
    const to = await flow(all, [{ mode: 'ALL', source: 'USERS', userIds: [boss.id, cat.id], requireComment: true }])
    const one = await submitted(all, to)
    expect(codes(await verb(cat, 'reject', { id: one.id, comment: '  ' }))).toEqual(['COMMENT_REQUIRED comment'])
    const after = await done(verb(cat, 'reject', { id: one.id, comment: 'Too much' }))
    expect(after).toMatchObject({ status: 'REJECTED', decidedBy: { id: cat.id } })
    expect(asked(after)).toEqual([])
    expect(await mailsTo(all, 'APPROVAL_REJECTED', ann)).toHaveLength(1)
    expect(codes(await verb(boss, 'approve', { id: one.id }))).toEqual(['INVALID_STATE id'])
  })
})

describe('a step that asks one after the other', () => {
  it('keeps their order', async () => {
    const { boss, cat, dan } = all
    const to = await flow(all, [{ mode: 'SEQUENTIAL', source: 'USERS', userIds: [cat.id, boss.id, dan.id] }])
    const one = await submitted(all, to)
    expect(asked(one)).toEqual([cat.id])
    expect(codes(await verb(boss, 'approve', { id: one.id }))).toEqual(['NOT_CURRENT_APPROVER id'])
    expect(asked(await done(verb(cat, 'approve', { id: one.id })))).toEqual([boss.id])
    expect(asked(await done(verb(boss, 'approve', { id: one.id })))).toEqual([dan.id])
    expect(await done(verb(dan, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })
})

describe('several steps', () => {
  it('follow one another, and a task is decided by its own id', async () => {
    const { boss, cat, chief } = all
    const to = await flow(all, [
      { source: 'MANAGER' },
      { source: 'NTH_MANAGER', level: 2 },
      { source: 'USERS', userIds: [cat.id] },
    ])
    const one = await submitted(all, to)
    expect(asked(one)).toEqual([boss.id])
    expect(codes(await verb(cat, 'approve', { id: one.id }))).toEqual(['NOT_FOUND id'])
    const task = one.tasks.nodes[0].id
    expect(codes(await verb(chief, 'approve', { id: task }))).toEqual(['NOT_CURRENT_APPROVER id'])
    const second = await done(verb(boss, 'approve', { id: task }))
    expect(second).toMatchObject({ status: 'PENDING', currentStep: 2, stepName: 'Step 2' })
    expect(codes(await verb(boss, 'approve', { id: task }))).toEqual(['INVALID_STATE id'])
    await done(verb(chief, 'approve', { id: one.id }))
    expect(await done(verb(cat, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED', currentStep: 3 })
  })
})

describe('submitting', () => {
  it('is refused while the record waits, without a flow, for a foreign record and for what cannot be approved', async () => {
    const { ann, acme, ben, boss, test } = all
    const to = await flow(all, [{ source: 'MANAGER' }])
    const id = await deal(all, to, ann)
    const [one, two] = await Promise.all([submit(ann, id), submit(ann, id)])
    expect([codes(one), codes(two)].sort()).toEqual([[], ['ALREADY_IN_APPROVAL recordId']])
    expect(codes(await submit(ann, id))).toEqual(['ALREADY_IN_APPROVAL recordId'])
    expect(codes(await submit(ann, await deal(all, { word: 'none' }, ann)))).toEqual(['NO_APPROVAL_FLOW recordId'])
    expect(codes(await submit(ben, await deal(all, to, ann)))).toEqual(['NOT_FOUND recordId'])
    expect(codes(await submit(test.globex, id))).toEqual(['NOT_FOUND recordId'])
    expect(codes(await submit(acme, boss.id))).toEqual(['VALIDATION_FAILED recordId'])
    expect(codes(await submit(acme, 'nonsense'))).toEqual(['NOT_FOUND recordId'])
  })

  it('goes to the first flow by priority whose condition the record meets', async () => {
    const { ann, boss, cat } = all
    const to = await flow(all, [{ source: 'MANAGER' }], { priority: 200 })
    await flow(all, [{ source: 'USERS', userIds: [cat.id] }], {
      priority: 100,
      condition: { name: { startsWith: to.word }, probability: { gt: 50 } },
    })
    expect(asked(await done(submit(ann, await deal(all, to, ann, { probability: 80 }))))).toEqual([cat.id])
    expect(asked(await done(submit(ann, await deal(all, to, ann, { probability: 10 }))))).toEqual([boss.id])
  })

  it('answers a retry with the same key as the first time', async () => {
    const { ann } = all
    const id = await deal(all, await flow(all, [{ source: 'MANAGER' }]), ann)
    const text =
      'mutation($id: ID!) { submitForApproval(recordId: $id) { approvalInstance { id } userErrors { code } } }'
    const send = () => ann.run(text, { id }, { 'idempotency-key': `submit-${id}` })
    const first = await send()
    expect(first.submitForApproval.approvalInstance.id).toMatch(/^apri_/)
    expect(await send()).toEqual(first)
  })

  it('shows nothing of it to another company, nor to who does not see the record', async () => {
    const { ben, boss, test } = all
    const one = await submitted(all, await flow(all, [{ source: 'MANAGER' }]))
    const seen = async (by: typeof ben) =>
      (await by.run('query($id: ID!) { approvalInstance(id: $id) { id } }', { id: one.id })).approvalInstance?.id
    expect(await Promise.all([boss, ben].map(seen))).toEqual([one.id, undefined])
    for (const name of ['approve', 'reject', 'returnApproval', 'withdrawApproval'])
      expect(codes(await verb(test.globex, name, { id: one.id }))).toEqual(['NOT_FOUND id'])
    for (const name of ['addSigner', 'transferApproval'])
      expect(codes(await verb(test.globex, name, { id: one.id, toUserId: test.globex.adminUserId }))).toEqual([
        'NOT_FOUND id',
      ])
  })
})
