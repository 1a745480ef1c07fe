import { describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import {
  acts,
  asked,
  codes,
  deal,
  done,
  flow,
  look,
  openApprovals,
  publish,
  setUser,
  submit,
  submitted,
  verb,
} from '../support/approval.ts'
import { make } from '../support/factory.ts'

const all = openApprovals()

/** Three steps: the manager, cat, dan. */
const three = async (more: Record<string, unknown> = {}) =>
  flow(
    all,
    [
      { source: 'MANAGER' },
      { source: 'USERS', userIds: [all.cat.id], requireComment: true },
      { source: 'USERS', userIds: [all.dan.id] },
    ],
    more,
  )

describe('returning', () => {
  it('to the submitter ends it, and it may be submitted again', async () => {
    const { ann, boss, cat } = all
    const to = await three()
    const id = await deal(all, to, ann)
    const one = await done(submit(ann, id))
    await done(verb(boss, 'approve', { id: one.id }))
    expect(codes(await verb(cat, 'returnApproval', { id: one.id }))).toEqual(['COMMENT_REQUIRED comment'])
    const after = await done(verb(cat, 'returnApproval', { id: one.id, comment: 'Which discount?' }))
    expect(after).toMatchObject({ status: 'WITHDRAWN', decidedBy: { id: cat.id } })
    expect(acts(after)).toEqual(['SUBMIT', 'APPROVE', 'RETURN'])
    expect(asked(await done(submit(ann, id)))).toEqual([boss.id])
  })

  it('to an earlier step begins that anew: what was approved since counts no more', async () => {
    const { boss, cat, dan } = all
    const one = await submitted(all, await three())
    await done(verb(boss, 'approve', { id: one.id }))
    await done(verb(cat, 'approve', { id: one.id }))
    for (const toStep of [0, 3, 4])
      expect(codes(await verb(dan, 'returnApproval', { id: one.id, toStep }))).toEqual(['VALIDATION_FAILED toStep'])
    const back = await done(verb(dan, 'returnApproval', { id: one.id, toStep: 1 }))
    expect(back).toMatchObject({ status: 'PENDING', currentStep: 1 })
    expect(asked(back)).toEqual([boss.id])
    await done(verb(boss, 'approve', { id: one.id }))
    await done(verb(cat, 'approve', { id: one.id }))
    expect(await done(verb(dan, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })
})

describe('a further signer', () => {
  it('has to agree besides those of whom one is enough', async () => {
    const { boss, cat, dan } = all
    const to = await flow(all, [{ source: 'USERS', userIds: [boss.id, cat.id] }])
    const one = await submitted(all, to)
    const more = await done(verb(boss, 'addSigner', { id: one.id, toUserId: dan.id, comment: 'Legal' }))
    expect(asked(more).sort()).toEqual([boss.id, cat.id, dan.id].sort())
    const waits = await done(verb(cat, 'approve', { id: one.id }))
    expect(waits.status).toBe('PENDING')
    expect(asked(waits)).toEqual([dan.id])
    expect(codes(await verb(boss, 'approve', { id: one.id }))).toEqual(['INVALID_STATE id'])
    const after = await done(verb(dan, 'approve', { id: one.id }))
    expect(after.status).toBe('APPROVED')
    expect(acts(after)).toEqual(['SUBMIT', 'ADD_SIGN', 'APPROVE', 'APPROVE'])
  })

  it('is a user who works here, is not asked already, could see it, and did not submit it', async () => {
    const { ann, boss, cat, test } = all
    const one = await submitted(all, await flow(all, [{ mode: 'ALL', source: 'USERS', userIds: [boss.id, cat.id] }]))
    const gone = await make(all.acme, 'User', { status: 'SUSPENDED' })
    const bare = await make(all.acme, 'User', {
      status: 'ACTIVE',
      roleId: (await make(all.acme, 'Role')).id,
      managerId: null,
    })
    const call = async (toUserId: string) => codes(await verb(boss, 'addSigner', { id: one.id, toUserId }))
    expect(await call(test.globex.adminUserId)).toEqual(['NOT_FOUND toUserId'])
    expect(await call(one.id)).toEqual(['NOT_FOUND toUserId'])
    expect(await call(gone.id)).toEqual(['USER_INACTIVE toUserId'])
    expect(await call(ann.id)).toEqual(['SELF_APPROVAL_FORBIDDEN toUserId'])
    expect(await call(bare.id)).toEqual(['VALIDATION_FAILED toUserId'])
    expect(await call(cat.id)).toEqual(['VALIDATION_FAILED toUserId'])
    expect(acts(await look(all, one.id))).toEqual(['SUBMIT'])
  })
})

describe('a transfer', () => {
  it('gives the decision to another, who sees the record from then on', async () => {
    const { ben, boss } = all
    const one = await submitted(all, await flow(all, [{ source: 'MANAGER' }]))
    const after = await done(verb(boss, 'transferApproval', { id: one.id, toUserId: ben.id }))
    expect(asked(after)).toEqual([ben.id])
    expect(after.tasks.nodes.map(({ status }: Any) => status).sort()).toEqual(['PENDING', 'TRANSFERRED'])
    expect(codes(await verb(boss, 'approve', { id: one.id }))).toEqual(['NOT_CURRENT_APPROVER id'])
    const { approvalTasks } = await ben.run<Any>(
      'query($me: ID!) { approvalTasks(where: { approverId: { eq: $me }, status: { eq: PENDING } }) { nodes { instance { id record { ... on Opportunity { name } } } } } }',
      { me: ben.id },
    )
    expect(approvalTasks.nodes).toEqual([
      { instance: { id: one.id, record: { name: expect.stringMatching(/^flow/) } } },
    ])
    expect(await done(verb(ben, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })

  it('goes to the delegate of who is out of office', async () => {
    const { ben, boss, dan } = all
    await setUser(all, ben.id, { outOfOfficeFrom: '2020-01-01T00:00:00Z', outOfOfficeTo: null, delegateId: dan.id })
    const one = await submitted(all, await flow(all, [{ source: 'MANAGER' }]))
    const after = await done(verb(boss, 'transferApproval', { id: one.id, toUserId: ben.id }))
    expect(after.tasks.nodes.at(-1)).toMatchObject({ approver: { id: dan.id }, delegatedFrom: { id: ben.id } })
    await setUser(all, ben.id, { outOfOfficeFrom: null, outOfOfficeTo: null, delegateId: null })
  })
})

describe('withdrawing', () => {
  it('is the submitter’s; an administrator cancels; nobody takes back what is over', async () => {
    const { acme, ann, boss } = all
    const to = await flow(all, [{ source: 'MANAGER' }])
    const one = await submitted(all, to)
    expect(codes(await verb(boss, 'withdrawApproval', { id: one.id }))).toEqual(['FORBIDDEN id'])
    const after = await done(verb(ann, 'withdrawApproval', { id: one.id, comment: 'Not yet' }))
    expect(after).toMatchObject({ status: 'WITHDRAWN' })
    expect(asked(after)).toEqual([])
    expect(codes(await verb(ann, 'withdrawApproval', { id: one.id }))).toEqual(['INVALID_STATE id'])
    expect(codes(await verb(boss, 'approve', { id: one.id }))).toEqual(['INVALID_STATE id'])
    const two = await submitted(all, to)
    expect(await done(verb(acme, 'withdrawApproval', { id: two.id }))).toMatchObject({ status: 'CANCELLED' })
    const three = await submitted(all, to)
    await done(verb(boss, 'approve', { id: three.id }))
    expect(codes(await verb(ann, 'withdrawApproval', { id: three.id }))).toEqual(['ALREADY_APPROVED id'])
  })

  it('and approving at the same moment: one of the two holds', async () => {
    const { ann, boss } = all
    const one = await submitted(all, await flow(all, [{ source: 'MANAGER' }]))
    const [withdrawn, approved] = await Promise.all([
      verb(ann, 'withdrawApproval', { id: one.id }),
      verb(boss, 'approve', { id: one.id }),
    ])
    const { status } = await look(all, one.id)
    expect(['WITHDRAWN', 'APPROVED']).toContain(status)
    expect(codes(withdrawn)).toEqual(status === 'WITHDRAWN' ? [] : ['ALREADY_APPROVED id'])
    expect(codes(approved)).toEqual(status === 'APPROVED' ? [] : ['INVALID_STATE id'])
  })
})

describe('what comes back', () => {
  it('begins at the first step, or where it ended, as the flow says', async () => {
    const { ann, boss, cat } = all
    for (const [recheck, step] of [
      ['FIRST_STEP', 1],
      ['LAST_STEP', 2],
    ] as const) {
      const to = await three({ recheck })
      const id = await deal(all, to, ann)
      const one = await done(submit(ann, id))
      await done(verb(boss, 'approve', { id: one.id }))
      await done(verb(cat, 'reject', { id: one.id, comment: 'No' }))
      expect(await done(submit(ann, id))).toMatchObject({ currentStep: step, status: 'PENDING' })
    }
  })
})

describe('a flow', () => {
  const write = async (input: Record<string, unknown>): Promise<Any> =>
    (
      await all.acme.run<Any>(
        'mutation($input: CreateApprovalFlowInput!) { createApprovalFlow(input: $input) { approvalFlow { id } userErrors { code field } } }',
        { input: { name: 'Flow', object: 'Opportunity', ...input } },
      )
    ).createApprovalFlow

  it('that changes leaves what is under way as it began', async () => {
    const { acme, ann, boss, cat, dan } = all
    const to = await flow(all, [{ source: 'MANAGER' }, { source: 'USERS', userIds: [cat.id] }])
    const old = await submitted(all, to)
    const { updateApprovalFlow } = await acme.run<Any>(
      'mutation($id: ID!, $input: UpdateApprovalFlowInput!) { updateApprovalFlow(id: $id, input: $input) { approvalFlow { publishedVersion { number } } userErrors { code } } }',
      { id: to.id, input: { steps: [{ name: 'Only', source: 'USERS', userIds: [dan.id] }] } },
    )
    expect(updateApprovalFlow).toEqual({ approvalFlow: { publishedVersion: { number: 1 } }, userErrors: [] })
    // A draft holds for nobody.
    expect(asked(await submitted(all, to))).toEqual([boss.id])
    expect(await publish(acme, to.id)).toMatchObject({ approvalFlow: { publishedVersion: { number: 2 } } })
    expect(await publish(acme, to.id)).toMatchObject({ approvalFlow: { publishedVersion: { number: 2 } } })
    expect(asked(await submitted(all, to))).toEqual([dan.id])
    expect(asked(await done(verb(boss, 'approve', { id: old.id })))).toEqual([cat.id])
    await acme.run('mutation($id: ID!) { deleteApprovalFlow(id: $id) { userErrors { code } } }', { id: to.id })
    expect(codes(await submit(ann, await deal(all, to, ann)))).toEqual(['NO_APPROVAL_FLOW recordId'])
    expect(await done(verb(cat, 'approve', { id: old.id }))).toMatchObject({ status: 'APPROVED' })
  })

  it('is refused with what does not fit', async () => {
    const { acme, boss, test } = all
    const step = { name: 'One', source: 'MANAGER' }
    const refused = async (given: Record<string, unknown>) => codes(await write(given))
    const inStep = (given: Record<string, unknown>) => refused({ steps: [{ ...step, ...given }] })
    expect(await refused({ object: 'Nothing' })).toEqual(['VALIDATION_FAILED input.object'])
    expect(await refused({ condition: { nonsense: { eq: 1 } } })).toEqual(['VALIDATION_FAILED input.condition'])
    expect(await refused({ steps: Array.from({ length: 21 }, () => step) })).toEqual(['VALIDATION_FAILED input.steps'])
    expect(await inStep({ source: 'USERS' })).toEqual(['VALIDATION_FAILED input.steps.0.userIds'])
    expect(await inStep({ source: 'ROLE' })).toEqual(['VALIDATION_FAILED input.steps.0.roleId'])
    expect(await inStep({ source: 'NTH_MANAGER' })).toEqual(['VALIDATION_FAILED input.steps.0.level'])
    expect(await inStep({ source: 'NTH_MANAGER', level: 11 })).toEqual(['VALIDATION_FAILED input.steps.0.level'])
    expect(await inStep({ source: 'FIELD', field: 'accountId' })).toEqual(['VALIDATION_FAILED input.steps.0.field'])
    expect(await inStep({ emptyApproverAction: 'FALLBACK_USER' })).toEqual([
      'VALIDATION_FAILED input.steps.0.fallbackUserId',
    ])
    expect(await inStep({ timeoutHours: 0 })).toEqual(['VALIDATION_FAILED input.steps.0.timeoutHours'])
    expect(await inStep({ editableFields: ['ownerId'] })).toEqual(['VALIDATION_FAILED input.steps.0.editableFields'])
    const foreign = test.globex.adminUserId
    expect(await inStep({ source: 'USERS', userIds: [boss.id, foreign] })).toEqual([
      'REFERENCE_NOT_FOUND input.steps.0.userIds.1',
    ])
    expect(await inStep({ ccUserIds: ['user_none'] })).toEqual(['REFERENCE_NOT_FOUND input.steps.0.ccUserIds.0'])
    expect(await inStep({ source: 'ROLE', roleId: boss.id })).toEqual(['REFERENCE_NOT_FOUND input.steps.0.roleId'])
    const empty = await write({ steps: [] })
    expect(codes(await publish(acme, empty.approvalFlow.id))).toEqual(['VALIDATION_FAILED steps'])
    expect(codes(await publish(test.globex, empty.approvalFlow.id))).toEqual(['NOT_FOUND id'])
    await expect(publish(boss, empty.approvalFlow.id)).rejects.toThrow('ApprovalFlow.update')
  })

  it('tells those in copy, who see the record from then on', async () => {
    const { ben } = all
    const one = await submitted(all, await flow(all, [{ source: 'MANAGER', ccUserIds: [ben.id] }]))
    const { approvalInstance } = await ben.run<Any>(
      'query($id: ID!) { approvalInstance(id: $id) { record { ... on Opportunity { name approvals { nodes { id } } } } } }',
      { id: one.id },
    )
    expect(approvalInstance.record).toMatchObject({ approvals: { nodes: [{ id: one.id }] } })
    expect(codes(await verb(ben, 'approve', { id: one.id }))).toEqual(['NOT_CURRENT_APPROVER id'])
  })
})
