import { expect, it } from '@jest/globals'
import { type Action, type Status, TRANSITIONS } from '../../src/resolvers/approval/states.ts'
import type { Any } from '../support/app.ts'
import { codes, deal, flow, look, openApprovals, submit, verb, work } from '../support/approval.ts'

const all = openApprovals()

/** Numbers from 0 to below 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Refusals that an act may run into. */
const REFUSALS = [
  'INVALID_STATE',
  'NOT_CURRENT_APPROVER',
  'SELF_APPROVAL_FORBIDDEN',
  'COMMENT_REQUIRED',
  'ALREADY_APPROVED',
  'NO_APPROVER',
  'VALIDATION_FAILED',
  'FORBIDDEN',
  'NOT_FOUND',
]

const byHand = ({ log }: Any) => log.nodes.filter(({ automatic }: Any) => !automatic)

/** Written down apart from the code that it is held against: which steps of an approval were passed by their modes' rules. */
function unpassed(steps: Any[], { tasks, log }: Any): string[] {
  return steps.flatMap(({ mode }: Any, at) => {
    const step = at + 1
    const own = tasks.nodes.filter((task: Any) => task.step === step)
    const last = Math.max(0, ...own.map(({ round }: Any) => round))
    const votes = own.filter(({ round, status }: Any) => round === last && status !== 'TRANSFERRED')
    if (votes.length === 0)
      return log.nodes.some((one: Any) => one.action === 'PASS' && one.step === step)
        ? []
        : [`step ${step} was passed by nobody`]
    const agreed = votes.filter(({ status }: Any) => status === 'APPROVED')
    for (const task of agreed) {
      const said = log.nodes.filter((one: Any) => one.action === 'APPROVE' && one.task?.id === task.id)
      if (said.length !== (task.automatic && said.length === 0 ? 0 : 1))
        return [`step ${step}: an approval that nobody gave`]
    }
    const counted = mode === 'ANY' ? votes.filter(({ added }: Any) => added) : votes
    if (counted.some(({ status }: Any) => status !== 'APPROVED')) return [`step ${step}: not all agreed`]
    const one = agreed.some(({ added }: Any) => !added)
    return one ? [] : [`step ${step}: none of its own agreed`]
  })
}

it.each(Array.from({ length: 30 }, (_, i) => i + 1))(
  'keeps to the states and to the rules of the steps, seed %i',
  async (seed) => {
    const { acme, ann, ben, boss, cat, chief, dan } = all
    const next = random(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
    const people = [ann, ben, boss, cat, chief, dan]
    const approvers = () => [...new Set(Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(people).id))]
    const steps = Array.from({ length: 1 + Math.floor(next() * 3) }, () => ({
      mode: pick(['ANY', 'ALL', 'SEQUENTIAL']),
      source: 'USERS',
      userIds: approvers(),
      sameAsSubmitterAction: pick(['SKIP', 'MANAGER', 'ALLOW']),
      duplicateApproverRule: pick(['FIRST_ONLY', 'EACH']),
      requireComment: next() < 0.3,
      ...(next() < 0.4 ? { timeoutHours: 24, timeoutAction: pick(['ESCALATE', 'APPROVE', 'REJECT', 'REMIND']) } : {}),
    }))
    const to = await flow(all, steps, { recheck: pick(['FIRST_STEP', 'LAST_STEP']) })
    const id = await deal(all, to, ann)
    let now = (await submit(ann, id)).approvalInstance
    expect(TRANSITIONS.NEW.SUBMIT).toContain(now.status)
    expect(byHand(now).map(({ action }: Any) => action)).toEqual(['SUBMIT'])
    for (let turn = 0; turn < 14; turn++) {
      const before = now
      const { status } = before as { status: Status }
      const waiting = before.tasks.nodes.filter((task: Any) => task.status === 'PENDING')
      // Mostly whose turn it is, now and then anybody.
      const theirs = people.filter((one) => waiting.some((task: Any) => task.approver.id === one.id))
      const by =
        theirs.length > 0 && next() < 0.75 ? pick(theirs) : pick([...people, { ...acme, id: acme.adminUserId }])
      const action = pick<Action>([
        'APPROVE',
        'APPROVE',
        'APPROVE',
        'APPROVE',
        'REJECT',
        'RETURN',
        'ADD_SIGN',
        'TRANSFER',
        'WITHDRAW',
      ])
      const comment = next() < 0.6 ? { comment: 'Because' } : {}
      const args: Record<string, unknown> = { id: before.id, ...comment }
      if (action === 'ADD_SIGN' || action === 'TRANSFER') args.toUserId = pick(people).id
      if (action === 'RETURN' && next() < 0.8) args.toStep = 1 + Math.floor(next() * 3)
      const name = {
        APPROVE: 'approve',
        REJECT: 'reject',
        RETURN: 'returnApproval',
        ADD_SIGN: 'addSigner',
        TRANSFER: 'transferApproval',
        WITHDRAW: 'withdrawApproval',
      }[action as string] as string
      const answer = await verb(by, name, args)
      now = await look(all, before.id)
      const said = `${seed}.${turn}: ${action} by ${by.id} ${JSON.stringify(codes(answer))}`
      if (answer.userErrors.length > 0) {
        expect([said, REFUSALS.includes(answer.userErrors[0].code)]).toEqual([said, true])
        expect([said, now]).toEqual([said, before])
      } else {
        const did = action === 'WITHDRAW' && by.id !== ann.id ? 'CANCEL' : action
        expect([said, TRANSITIONS[status][did] ?? []]).toEqual([said, expect.arrayContaining([now.status])])
        expect([said, byHand(now).length]).toEqual([said, byHand(before).length + 1])
        expect(byHand(now).at(-1)).toMatchObject({ action: did, by: { id: by.id } })
      }
      const open = now.tasks.nodes.filter((task: Any) => task.status === 'PENDING' || task.status === 'WAITING')
      expect([said, open.length > 0]).toEqual([said, now.status === 'PENDING'])
      const { mode } = steps[now.currentStep - 1] as { mode: string }
      if (mode === 'SEQUENTIAL')
        expect(open.filter((task: Any) => task.status === 'PENDING' && !task.added).length).toBeLessThanOrEqual(1)
    }
    if (now.status === 'PENDING') {
      await work(all, new Date(Date.now() + 25 * 3_600_000))
      now = await look(all, now.id)
      expect(['PENDING', 'APPROVED', 'REJECTED']).toContain(now.status)
    }
    if (now.status === 'APPROVED') expect(unpassed(steps, now)).toEqual([])
    else expect(TRANSITIONS).toHaveProperty(now.status)
  },
)
