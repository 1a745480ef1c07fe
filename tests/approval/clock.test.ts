import { describe, expect, it } from '@jest/globals'
import { handOverOnce } from '../../src/jobs/handover.ts'
import type { Any } from '../support/app.ts'
import {
  acts,
  asked,
  done,
  flow,
  look,
  mailsTo,
  openApprovals,
  setUser,
  submitted,
  verb,
  work,
} from '../support/approval.ts'
import { person } from '../support/people.ts'

const all = openApprovals()
const hours = (n: number) => new Date(Date.now() + n * 3_600_000)
const automatic = ({ log }: Any): string[] =>
  log.nodes.flatMap(({ automatic: by, action }: Any) => (by ? [action] : []))

const late = async (timeoutAction: string, more: Record<string, unknown> = {}) =>
  submitted(all, await flow(all, [{ source: 'MANAGER', timeoutHours: 24, timeoutAction, ...more }]))

describe('a task whose time is over', () => {
  it('is approved or rejected, when the step says so, and not before', async () => {
    const [yes, no] = [await late('APPROVE'), await late('REJECT')]
    expect(yes.tasks.nodes[0].dueAt).not.toBeNull()
    await work(all, hours(23))
    expect((await look(all, yes.id)).status).toBe('PENDING')
    await work(all, hours(25))
    const [approved, rejected] = [await look(all, yes.id), await look(all, no.id)]
    expect(approved).toMatchObject({ status: 'APPROVED', decidedBy: null, tasks: { nodes: [{ automatic: true }] } })
    expect(rejected).toMatchObject({ status: 'REJECTED', decidedBy: null })
    expect([automatic(approved), automatic(rejected)]).toEqual([['APPROVE'], ['REJECT']])
    expect(acts(approved)).toEqual(['SUBMIT'])
  })

  it('goes to the superior, then to an administrator, each with new time', async () => {
    const { acme, boss, chief } = all
    const one = await late('ESCALATE')
    expect(asked(one)).toEqual([boss.id])
    await work(all, hours(25))
    expect(asked(await look(all, one.id))).toEqual([chief.id])
    expect(await mailsTo(all, 'APPROVAL_REQUEST', chief)).not.toEqual([])
    await work(all, hours(50))
    const after = await look(all, one.id)
    expect(asked(after)).toEqual([acme.adminUserId])
    expect(automatic(after)).toEqual(['ESCALATE', 'ESCALATE'])
    // The clock works once for each: at the same moment there is nothing left.
    await work(all, hours(50))
    expect(automatic(await look(all, one.id))).toHaveLength(2)
  })

  it('is asked for again, three times', async () => {
    const { boss } = all
    const one = await late('REMIND')
    for (const after of [25, 50, 75, 100, 125]) await work(all, hours(after))
    const now = await look(all, one.id)
    expect(automatic(now)).toEqual(['REMIND', 'REMIND', 'REMIND'])
    expect(asked(now)).toEqual([boss.id])
    expect(await mailsTo(all, 'APPROVAL_REMINDER', boss)).toHaveLength(3)
  })

  it('is left alone when it was decided in time', async () => {
    const one = await late('REJECT')
    await done(verb(all.boss, 'approve', { id: one.id }))
    await work(all, hours(25))
    expect(await look(all, one.id)).toMatchObject({ status: 'APPROVED' })
  })
})

describe('an approver who is not there any more', () => {
  const waiting = async (...ids: string[]) =>
    submitted(all, await flow(all, [{ mode: 'SEQUENTIAL', source: 'USERS', userIds: ids }]))

  it('makes room for their superior when they are suspended in the middle', async () => {
    const { acme, chief, test, cat } = all
    const eve = await person(test, acme, 'rep', { managerId: chief.id })
    const one = await waiting(cat.id, eve.id)
    await setUser(all, eve.id, { status: 'SUSPENDED' })
    await work(all, new Date())
    await done(verb(cat, 'approve', { id: one.id }))
    const after = await look(all, one.id)
    expect(asked(after)).toEqual([chief.id])
    expect(automatic(after)).toEqual(['REASSIGN'])
    expect(await done(verb(chief, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })

  it('is stood in for from the moment when they go out of office', async () => {
    const { acme, chief, dan, test } = all
    const eve = await person(test, acme, 'rep', { managerId: chief.id })
    const one = await waiting(eve.id)
    await setUser(all, eve.id, { outOfOfficeFrom: hours(5).toISOString(), outOfOfficeTo: null, delegateId: dan.id })
    await work(all, hours(4))
    expect(asked(await look(all, one.id))).toEqual([eve.id])
    await work(all, hours(6))
    const after = await look(all, one.id)
    expect(after.tasks.nodes).toMatchObject([{ approver: { id: dan.id }, delegatedFrom: { id: eve.id } }])
  })

  it('hands what waits for them over when they leave', async () => {
    const { acme, chief, dan, test } = all
    const eve = await person(test, acme, 'rep', { managerId: chief.id })
    const one = await waiting(eve.id)
    const { offboardUser } = await acme.run<Any>(
      'mutation($userId: ID!, $plan: OffboardPlanInput) { offboardUser(userId: $userId, plan: $plan) { userErrors { code field } } }',
      { userId: eve.id, plan: { toUserId: dan.id } },
    )
    expect(offboardUser.userErrors).toEqual([])
    // The hand-over knows better whose they are to be than the clock.
    await work(all, new Date())
    expect(asked(await look(all, one.id))).toEqual([eve.id])
    while ((await handOverOnce(test.app.tenancy)) > 0);
    await work(all, new Date())
    expect(asked(await look(all, one.id))).toEqual([dan.id])
    expect(await done(verb(dan, 'approve', { id: one.id }))).toMatchObject({ status: 'APPROVED' })
  })
})
