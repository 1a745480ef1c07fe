import { describe, expect, it } from '@jest/globals'
import type { Any } from '../support/app.ts'
import { asked, codes, deal, done, flow, openApprovals, setUser, submit, submitted, verb } from '../support/approval.ts'
import { make } from '../support/factory.ts'
import { person } from '../support/people.ts'

const all = openApprovals()

const passes = ({ log }: Any): number => log.nodes.filter(({ action }: Any) => action === 'PASS').length

describe('approvers', () => {
  it('are found by role, as head of a department, in a field of the record, and as the submitter names them', async () => {
    const { acme, ann, ben, boss, cat, test } = all
    const role = await make(acme, 'Role')
    await make(acme, 'ObjectPermission', {
      roleId: role.id,
      object: '*',
      canRead: true,
      canUpdate: true,
      readScope: 'ALL',
      writeScope: 'ALL',
    })
    const holder = await make(acme, 'User', {
      roleId: role.id,
      status: 'ACTIVE',
      managerId: null,
      outOfOfficeFrom: null,
      outOfOfficeTo: null,
    })
    expect(asked(await submitted(all, await flow(all, [{ source: 'ROLE', roleId: role.id }])))).toEqual([holder.id])

    const top = await make(acme, 'Department', { headId: cat.id })
    const below = await make(acme, 'Department', { parentId: top.id, headId: null })
    await setUser(all, ann.id, { departmentId: below.id })
    expect(asked(await submitted(all, await flow(all, [{ source: 'DEPARTMENT_HEAD' }])))).toEqual([cat.id])

    const owned = await flow(all, [{ source: 'FIELD', field: 'ownerId' }])
    expect(asked(await done(submit(boss, await deal(all, owned, ben))))).toEqual([ben.id])

    const chosen = await flow(all, [{ mode: 'SEQUENTIAL', source: 'INITIATOR_CHOICE' }])
    const one = await submitted(all, chosen)
    // Nobody was named: an administrator.
    expect(asked(one)).toEqual([acme.adminUserId])
    const two = await done(submit(ann, await deal(all, chosen, ann), { approverIds: [cat.id, boss.id] }))
    expect(asked(two)).toEqual([cat.id])
    expect(two.tasks.nodes.map(({ approver }: Any) => approver.id)).toEqual([cat.id, boss.id])
    const foreign = test.globex.adminUserId
    expect(codes(await submit(ann, await deal(all, chosen, ann), { approverIds: [cat.id, foreign] }))).toEqual([
      'REFERENCE_NOT_FOUND approverIds.1',
    ])
  })

  it('make room for their superiors when they have left, are suspended, or could not decide', async () => {
    const { acme, chief, test } = all
    const [left, off] = await Promise.all(
      ['SUSPENDED', 'SUSPENDED'].map((status) => make(acme, 'User', { status, managerId: chief.id })),
    )
    const reader = await person(test, acme, 'readonly', { managerId: chief.id })
    const to = await flow(all, [{ mode: 'ALL', source: 'USERS', userIds: [left?.id, off?.id, reader.id] }])
    expect(asked(await submitted(all, to))).toEqual([chief.id])
  })

  it('are stood in for by their delegates while they are out of office', async () => {
    const { ann, boss, cat, dan } = all
    const away = { outOfOfficeFrom: '2020-01-01T00:00:00Z', outOfOfficeTo: null }
    await setUser(all, cat.id, { ...away, delegateId: dan.id })
    const to = await flow(all, [{ source: 'USERS', userIds: [cat.id] }])
    const one = await submitted(all, to)
    expect(one.tasks.nodes).toMatchObject([{ approver: { id: dan.id }, delegatedFrom: { id: cat.id } }])
    expect(codes(await verb(cat, 'approve', { id: one.id }))).toEqual(['NOT_FOUND id'])
    const after = await done(verb(dan, 'approve', { id: one.id }))
    expect(after).toMatchObject({ status: 'APPROVED' })
    expect(after.log.nodes.at(-1)).toMatchObject({
      action: 'APPROVE',
      by: { id: dan.id },
      delegatedFrom: { id: cat.id },
    })
    // Their delegate is the submitter: their superior decides.
    await setUser(all, cat.id, { delegateId: ann.id })
    expect(asked(await submitted(all, to))).not.toContain(ann.id)
    await setUser(all, cat.id, { outOfOfficeFrom: null, outOfOfficeTo: null, delegateId: null })
    expect(asked(await submitted(all, to))).toEqual([cat.id])
    expect(boss).toBeDefined()
  })
})

describe('a step for which nobody is found', () => {
  const nobody = { source: 'INITIATOR_CHOICE' }

  it('passes, goes to an administrator, to a fallback, or refuses what would come to it', async () => {
    const { acme, ann, cat } = all
    const passed = await submitted(all, await flow(all, [{ ...nobody, emptyApproverAction: 'AUTO_PASS' }]))
    expect([passed.status, passes(passed)]).toEqual(['APPROVED', 1])
    expect(asked(await submitted(all, await flow(all, [{ ...nobody, emptyApproverAction: 'ADMIN' }])))).toEqual([
      acme.adminUserId,
    ])
    const fallback = { ...nobody, emptyApproverAction: 'FALLBACK_USER', fallbackUserId: cat.id }
    expect(asked(await submitted(all, await flow(all, [fallback])))).toEqual([cat.id])
    const id = await deal(all, await flow(all, [{ ...nobody, emptyApproverAction: 'REFUSE' }]), ann)
    const { userErrors } = await submit(ann, id)
    expect(userErrors).toMatchObject([{ code: 'NO_APPROVER', details: { step: 1, name: 'Step 1' } }])
    // Nothing of it is there: the record is free.
    const { approvalInstances } = await acme.run<Any>(
      'query($id: ID!) { approvalInstances(where: { recordId: { eq: $id } }) { nodes { id } } }',
      { id },
    )
    expect(approvalInstances.nodes).toEqual([])
  })

  it('refuses the approval that would lead to it, and nothing of that is written', async () => {
    const { boss } = all
    const one = await submitted(
      all,
      await flow(all, [{ source: 'MANAGER' }, { ...nobody, emptyApproverAction: 'REFUSE' }]),
    )
    const refused = await verb(boss, 'approve', { id: one.id })
    expect(refused.userErrors).toMatchObject([{ code: 'NO_APPROVER', details: { step: 2 } }])
    expect(asked(await done(verb(boss, 'addSigner', { id: one.id, toUserId: all.cat.id })))).toEqual([
      boss.id,
      all.cat.id,
    ])
  })
})

describe('the submitter', () => {
  it('is not asked, their manager is, or they are, as the step says', async () => {
    const { ann, boss, cat } = all
    const step = (sameAsSubmitterAction: string, ...more: string[]) => ({
      source: 'USERS',
      userIds: [ann.id, ...more],
      sameAsSubmitterAction,
    })
    const skipped = await submitted(all, await flow(all, [step('SKIP')]))
    expect([skipped.status, passes(skipped)]).toEqual(['APPROVED', 1])
    expect(asked(await submitted(all, await flow(all, [step('SKIP', cat.id)])))).toEqual([cat.id])
    const managed = await submitted(all, await flow(all, [step('MANAGER')]))
    expect(asked(managed)).toEqual([boss.id])
    expect(codes(await verb(ann, 'approve', { id: managed.id }))).toEqual(['SELF_APPROVAL_FORBIDDEN id'])
    expect(codes(await verb(boss, 'transferApproval', { id: managed.id, toUserId: ann.id }))).toEqual([
      'SELF_APPROVAL_FORBIDDEN toUserId',
    ])
    const allowed = await submitted(all, await flow(all, [step('ALLOW')]))
    expect(asked(allowed)).toEqual([ann.id])
    expect(await done(verb(ann, 'approve', { id: allowed.id }))).toMatchObject({ status: 'APPROVED' })
  })
})

describe('who approved an earlier step', () => {
  const steps = (duplicateApproverRule: string, second: Record<string, unknown>) => [
    { source: 'MANAGER' },
    { source: 'USERS', duplicateApproverRule, ...second },
  ]

  it('has approved a later one too, where it asks nobody twice', async () => {
    const { boss, cat } = all
    const to = await flow(all, steps('FIRST_ONLY', { mode: 'ALL', userIds: [boss.id, cat.id] }))
    const one = await submitted(all, to)
    const two = await done(verb(boss, 'approve', { id: one.id }))
    expect(asked(two)).toEqual([cat.id])
    expect(two.tasks.nodes.filter(({ automatic }: Any) => automatic)).toMatchObject([
      { approver: { id: boss.id }, step: 2, status: 'APPROVED' },
    ])
    expect(await done(verb(cat, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
    const any = await submitted(all, await flow(all, steps('FIRST_ONLY', { userIds: [cat.id, boss.id] })))
    const after = await done(verb(boss, 'approve', { id: any.id }))
    expect([after.status, passes(after)]).toEqual(['APPROVED', 1])
    expect(after.tasks.nodes.map(({ approver }: Any) => approver.id)).toEqual([boss.id, boss.id])
  })

  it('is asked again where each counts', async () => {
    const { boss } = all
    const one = await submitted(all, await flow(all, steps('EACH', { userIds: [boss.id] })))
    expect(asked(await done(verb(boss, 'approve', { id: one.id })))).toEqual([boss.id])
    expect(await done(verb(boss, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })
})
