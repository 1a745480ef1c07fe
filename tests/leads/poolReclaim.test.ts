import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { poolReclaim } from '../../src/jobs/poolReclaim.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { daysAfter, overBefore } from '../../src/resolvers/leads/pool/days.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { mailsTo } from '../support/mails.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { accountOf, historyOf, makePool, rowOf, set } from './pools.ts'

jest.setTimeout(300_000)

let test: TestApp
let owner: Owner
let chief: Person
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  chief = await person(test, test.acme, 'manager')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const DAY = 86_400_000
const ago = (days: number) => new Date(Date.now() - days * DAY)

/** A pool of one person's customers, with its rules. */
async function poolOf(rules: Record<string, unknown>[], input: Record<string, unknown> = {}) {
  const who = await person(test, test.acme, 'rep', { email: undefined })
  const poolId = await makePool(test.acme, { members: [who.id], admins: [chief.id], ...input })
  for (const rule of rules)
    await make(test.acme, 'PoolReclaimRule', {
      poolId,
      basis: 'NO_FOLLOW_UP',
      days: 30,
      calendar: 'NATURAL',
      includeWon: false,
      includeWithOpportunity: false,
      active: true,
      ...rule,
    })
  return { poolId, who }
}

/** A customer with whom nothing has happened for so many days. */
async function quiet(who: Person, days: number, values: Record<string, unknown> = {}): Promise<string> {
  const id = await accountOf(test.acme, who, { lastActivityAt: null })
  await set(owner, 'account', id, { claimed_at: ago(days), created_at: ago(days), last_activity_at: null, ...values })
  return id
}

const PREVIEW = `query($poolId: ID!, $ruleId: ID, $first: Int, $after: String, $outcome: ReclaimOutcome, $reason: ReclaimSkip) {
  poolPreview(poolId: $poolId, ruleId: $ruleId) { preview { taken skipped { reason count }
    items(first: $first, after: $after, outcome: $outcome, reason: $reason) { nodes { recordId outcome reason rule { id } record { id } } pageInfo { hasNextPage endCursor } } }
    userErrors { code field } } }`
const preview = async (poolId: string, more: Record<string, unknown> = {}, who: Pick<Person, 'run'> = test.acme) =>
  (await who.run<Any>(PREVIEW, { poolId, ...more })).poolPreview

/** What the dry run says of each record, by id: TAKEN or the reason. */
async function verdicts(poolId: string): Promise<Record<string, string>> {
  const { items } = (await preview(poolId, { first: 100 })).preview
  return Object.fromEntries(items.nodes.map((one: Any) => [one.recordId, one.reason ?? one.outcome]))
}

const RUN = `mutation($poolId: ID!, $dryRun: Boolean) { runReclaim(poolId: $poolId, dryRun: $dryRun) { job { id status } preview { taken skipped { reason count } } userErrors { code field } } }`

/** Works off what is due by a moment. */
async function drain(now = new Date()): Promise<void> {
  while ((await runJobsOnce(test.app.tenancy, { now: () => now, kinds: [poolReclaim] })) > 0);
}

/** Runs a pass and gives its figures. */
async function pass(poolId: string): Promise<Record<string, number>> {
  const { runReclaim } = await test.acme.run<Any>(RUN, { poolId })
  expect(runReclaim.userErrors).toEqual([])
  await drain()
  const { job } = await test.acme.run<Any>('query($id: ID!) { job(id: $id) { status done figures { name value } } }', {
    id: runReclaim.job.id,
  })
  expect(job.status).toBe('COMPLETED')
  return Object.fromEntries(job.figures.map((one: Any) => [one.name, one.value]))
}

describe('what a rule takes back', () => {
  it('is what nothing has happened with for its days, by the latest of activity, claim and creation', async () => {
    const { poolId, who } = await poolOf([{ days: 30 }])
    const due = await quiet(who, 31)
    const fresh = await quiet(who, 29)
    const visited = await quiet(who, 90, { last_activity_at: ago(3) })
    const claimed = await quiet(who, 90, { claimed_at: ago(3) })
    expect(await verdicts(poolId)).toEqual({
      [due]: 'TAKEN',
      [fresh]: 'NOT_DUE',
      [visited]: 'NOT_DUE',
      [claimed]: 'NOT_DUE',
    })
    expect(await pass(poolId)).toMatchObject({ TAKEN: 1, SKIPPED: 3, NOT_DUE: 3, FAILED: 0 })
    expect(await rowOf(owner, 'account', due)).toMatchObject({
      owner_id: null,
      pool_id: uuidIn(poolId),
      previous_owner_id: uuidIn(who.id),
    })
    expect((await historyOf(who, due)).at(-1)).toMatchObject({
      reason: 'RECLAIM',
      fromOwner: { id: who.id },
      toPool: { id: poolId },
      rule: { id: expect.any(String) },
    })
  })

  it('goes by the days of the customer’s level where that has its own, and by the level that the rule is about', async () => {
    const { id: vip } = await make(test.acme, 'CustomerLevel', { reclaimDays: 60 })
    const { id: plain } = await make(test.acme, 'CustomerLevel', { reclaimDays: null })
    const { poolId, who } = await poolOf([{ days: 30 }], { remindDaysBefore: 20 })
    const [spared, due, other] = [
      await quiet(who, 45, { level_id: uuidIn(vip) }),
      await quiet(who, 61, { level_id: uuidIn(vip) }),
      await quiet(who, 45, { level_id: uuidIn(plain) }),
    ]
    expect(await verdicts(poolId)).toEqual({ [spared]: 'NOT_DUE', [due]: 'TAKEN', [other]: 'TAKEN' })
    const { poolId: second, who: owns } = await poolOf([{ days: 30, levelId: plain }])
    const mine = await quiet(owns, 45, { level_id: uuidIn(plain) })
    const [not, none] = [await quiet(owns, 90, { level_id: uuidIn(vip) }), await quiet(owns, 90)]
    expect(await verdicts(second)).toEqual({ [mine]: 'TAKEN', [not]: 'OTHER_LEVEL', [none]: 'OTHER_LEVEL' })
    expect(await pass(second)).toMatchObject({ TAKEN: 1, SKIPPED: 2, OTHER_LEVEL: 2 })
  })

  it('is of the product line that the rule is about: of who has a deal with a product of it, or below', async () => {
    const { id: line } = await make(test.acme, 'ProductCategory')
    const { id: branch } = await make(test.acme, 'ProductCategory', { parentId: line })
    const { id: other } = await make(test.acme, 'ProductCategory')
    const { poolId, who } = await poolOf([{ days: 30, productCategoryId: line, includeWithOpportunity: true }], {
      remindDaysBefore: 20,
    })
    const dealing = async (accountId: string, categoryId: string) => {
      const product = await make(test.acme, 'Product', { categoryId })
      const deal = await make(test.acme, 'Opportunity', { accountId })
      const made = await make(test.acme, 'OpportunityLine', { opportunityId: deal.id, productId: product.id })
      return made.id
    }
    const [mine, below, another, none, fresh] = [
      await quiet(who, 45),
      await quiet(who, 45),
      await quiet(who, 45),
      await quiet(who, 45),
      await quiet(who, 5),
    ]
    await dealing(mine, line)
    await dealing(below, branch)
    await dealing(another, other)
    await dealing(fresh, line)
    const expected = {
      [mine]: 'TAKEN',
      [below]: 'TAKEN',
      [another]: 'OTHER_PRODUCT',
      [none]: 'OTHER_PRODUCT',
      [fresh]: 'NOT_DUE',
    }
    expect(await verdicts(poolId)).toEqual(expected)
    // Another rule that is not due says so before one that is about others.
    await test.acme.run<Any>(
      'mutation($input: CreatePoolReclaimRuleInput!) { createPoolReclaimRule(input: $input) { userErrors { code } } }',
      { input: { poolId, basis: 'NO_FOLLOW_UP', days: 60 } },
    )
    expect(await verdicts(poolId)).toEqual({ ...expected, [another]: 'NOT_DUE', [none]: 'NOT_DUE' })
  })

  it('is never what is locked, protected, won or in a deal, unless the rule includes the last two; each is left with its reason', async () => {
    const { poolId, who } = await poolOf([{ days: 10 }])
    const locked = await quiet(who, 40, { locked_at: ago(1), status: 'LOCKED' })
    const shielded = await quiet(who, 40, { protected_until: ago(-5) })
    const won = await quiet(who, 40, { deal_status: 'WON' })
    const dealing = await quiet(who, 40)
    await make(test.acme, 'Opportunity', { accountId: dealing, ownerId: who.id })
    await set(owner, 'account', dealing, { last_activity_at: null, claimed_at: ago(40) })
    const due = await quiet(who, 40)
    expect(await verdicts(poolId)).toEqual({
      [locked]: 'LOCKED',
      [shielded]: 'PROTECTED',
      [won]: 'WON',
      [dealing]: 'OPEN_OPPORTUNITY',
      [due]: 'TAKEN',
    })
    const page = await preview(poolId, { outcome: 'SKIPPED', first: 2 })
    expect(page.preview).toMatchObject({
      taken: 1,
      skipped: [
        { reason: 'LOCKED', count: 1 },
        { reason: 'OPEN_OPPORTUNITY', count: 1 },
        { reason: 'PROTECTED', count: 1 },
        { reason: 'WON', count: 1 },
      ],
      items: {
        nodes: [{ recordId: locked, record: { id: locked } }, { recordId: shielded }],
        pageInfo: { hasNextPage: true },
      },
    })
    const next = await preview(poolId, { outcome: 'SKIPPED', first: 2, after: page.preview.items.pageInfo.endCursor })
    expect(next.preview.items.nodes.map((one: Any) => one.recordId)).toEqual([won, dealing])
    expect((await preview(poolId, { reason: 'WON' })).preview.items.nodes).toHaveLength(1)

    const generous = await make(test.acme, 'PoolReclaimRule', {
      poolId,
      basis: 'NO_FOLLOW_UP',
      days: 20,
      calendar: 'NATURAL',
      includeWon: true,
      includeWithOpportunity: true,
      active: false,
    })
    // A rule that is not in use can be tried out.
    expect((await preview(poolId, { ruleId: generous.id })).preview.taken).toBe(3)
    expect((await preview(poolId)).preview.taken).toBe(1)
    await test.acme.run(
      'mutation($id: ID!) { updatePoolReclaimRule(id: $id, input: { active: true }) { userErrors { code } } }',
      { id: generous.id },
    )
    expect(await pass(poolId)).toMatchObject({ TAKEN: 3, SKIPPED: 2, LOCKED: 1, PROTECTED: 1 })
  })

  it('is by NO_OPPORTUNITY what no deal was made for, by NOT_WON what had no deal, by PROTECTION_EXPIRED what was protected', async () => {
    const { poolId, who } = await poolOf([{ basis: 'NO_OPPORTUNITY', days: 10 }])
    const without = await quiet(who, 20)
    const lost = await quiet(who, 20)
    const deal = (await make(test.acme, 'Opportunity', { accountId: lost, ownerId: who.id })).id
    await set(owner, 'opportunity', deal, { status: 'LOST' })
    await set(owner, 'account', lost, { last_activity_at: null, claimed_at: ago(20) })
    expect(await verdicts(poolId)).toEqual({ [without]: 'TAKEN', [lost]: 'NOT_DUE' })
    await set(owner, 'opportunity', deal, { created_at: ago(15) })
    expect((await verdicts(poolId))[lost]).toBe('TAKEN')

    const second = await poolOf([{ basis: 'NOT_WON', days: 10, includeWon: true }])
    const sold = await quiet(second.who, 50, { deal_status: 'WON', last_deal_at: ago(5) })
    const longAgo = await quiet(second.who, 50, { deal_status: 'WON', last_deal_at: ago(40) })
    expect(await verdicts(second.poolId)).toEqual({ [sold]: 'NOT_DUE', [longAgo]: 'TAKEN' })

    const third = await poolOf([{ basis: 'PROTECTION_EXPIRED', days: 10 }])
    const never = await quiet(third.who, 50)
    const over = await quiet(third.who, 50, { protected_until: ago(11) })
    const justOver = await quiet(third.who, 50, { protected_until: ago(5) })
    expect(await verdicts(third.poolId)).toEqual({ [never]: 'NOT_DUE', [over]: 'TAKEN', [justOver]: 'NOT_DUE' })
  })

  it('is by CONTRACT_ENDED what has no contract any more, by the end of the last one', async () => {
    const { poolId, who } = await poolOf([{ basis: 'CONTRACT_ENDED', days: 10, includeWon: true }])
    const never = await quiet(who, 90)
    const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
    const customer = async (...contracts: Record<string, unknown>[]) => {
      const id = await quiet(who, 90)
      for (const values of contracts) {
        const made = (await make(test.acme, 'Contract', { accountId: id, ownerId: who.id })).id
        await set(owner, 'contract', made, {
          start_date: '2020-01-01',
          end_date: day(30),
          status: 'EXPIRED',
          ...values,
        })
      }
      await set(owner, 'account', id, { last_activity_at: null, claimed_at: ago(90), created_at: ago(90) })
      return id
    }
    const over = await customer({})
    const justOver = await customer({ end_date: day(5) })
    const renewed = await customer({}, { status: 'APPROVED', end_date: day(-300) })
    const terminated = await customer({ status: 'TERMINATED', end_date: day(-300), terminated_on: day(20) })
    const drafted = await customer({ status: 'DRAFT' })
    expect(await verdicts(poolId)).toEqual({
      [never]: 'NOT_DUE',
      [over]: 'TAKEN',
      [justOver]: 'NOT_DUE',
      [renewed]: 'NOT_DUE',
      [terminated]: 'TAKEN',
      [drafted]: 'NOT_DUE',
    })
    expect(await pass(poolId)).toMatchObject({ TAKEN: 2, NOT_DUE: 4 })
  })

  it('is of leads never what is converted; rules that go by deals are for customers alone', async () => {
    const { poolId, who } = await poolOf([{ days: 5 }], { object: 'LEAD' })
    const lead = async (values: Record<string, unknown>) => {
      const { id } = await make(test.acme, 'Lead', { ownerId: who.id, lastActivityAt: null })
      await set(owner, 'lead', id, { claimed_at: ago(9), created_at: ago(9), ...values })
      return id as string
    }
    const [open, converted] = [await lead({}), await lead({ status: 'CONVERTED' })]
    expect(await verdicts(poolId)).toEqual({ [open]: 'TAKEN', [converted]: 'CONVERTED' })
    expect(await pass(poolId)).toMatchObject({ TAKEN: 1, CONVERTED: 1 })
    expect(await rowOf(owner, 'lead', open)).toMatchObject({ pool_id: uuidIn(poolId), assigned_at: null })
    const { createPoolReclaimRule } = await test.acme.run<Any>(
      'mutation($input: CreatePoolReclaimRuleInput!) { createPoolReclaimRule(input: $input) { userErrors { code field } } }',
      { input: { poolId, basis: 'NOT_WON', days: 3, includeWon: true } },
    )
    expect(createPoolReclaimRule.userErrors).toEqual([
      { code: 'VALIDATION_FAILED', field: ['input', 'basis'] },
      { code: 'VALIDATION_FAILED', field: ['input', 'includeWon'] },
    ])
  })

  it('is of owners who are in the pool; of the default pool also of those who are in none', async () => {
    const stranger = await person(test, test.acme, 'rep')
    const orphan = await quiet(stranger, 99)
    const { poolId, who } = await poolOf([{ days: 30 }])
    const mine = await quiet(who, 99)
    expect(await verdicts(poolId)).toEqual({ [mine]: 'TAKEN' })
    const all = await poolOf([{ days: 30 }], { isDefault: true })
    const found = await verdicts(all.poolId)
    expect([found[orphan], found[mine]]).toEqual(['TAKEN', undefined])
    const departmentId = (await make(test.acme, 'Department', { parentId: null, headId: null })).id
    await make(test.acme, 'PoolMember', { poolId, departmentId, role: 'MEMBER' })
    await test.acme.run(
      'mutation($id: ID!, $d: ID) { updateUser(id: $id, input: { departmentId: $d }) { userErrors { code } } }',
      {
        id: stranger.id,
        d: departmentId,
      },
    )
    expect((await verdicts(poolId))[orphan]).toBe('TAKEN')
    expect((await verdicts(all.poolId))[orphan]).toBeUndefined()
  })
})

describe('a pass', () => {
  it('is for administrators of the pool and who may set it up; a dry run changes nothing', async () => {
    const { poolId, who } = await poolOf([{ days: 30 }])
    const due = await quiet(who, 31)
    expect(await preview(poolId, {}, who)).toEqual({
      preview: null,
      userErrors: [{ code: 'POOL_ACCESS_DENIED', field: ['poolId'] }],
    })
    expect((await who.run<Any>(RUN, { poolId })).runReclaim.userErrors).toMatchObject([{ code: 'POOL_ACCESS_DENIED' }])
    const { runReclaim } = await chief.run<Any>(RUN, { poolId, dryRun: true })
    expect(runReclaim).toEqual({ job: null, preview: { taken: 1, skipped: [] }, userErrors: [] })
    expect((await rowOf(owner, 'account', due)).owner_id).toBe(uuidIn(who.id))
    // They count for the company and see, record by record, what they may see.
    const seen = await preview(poolId, {}, chief)
    expect([seen.preview.taken, seen.preview.items.nodes]).toEqual([1, []])
    expect((await preview(await makePool(test.globex))).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['poolId'] }])
    expect((await preview(await makePool(test.acme, { enabled: false }))).userErrors).toEqual([
      { code: 'POOL_DISABLED', field: ['poolId'] },
    ])
  })

  it('done again takes nothing more, and one that is under way is not started twice', async () => {
    const { poolId, who } = await poolOf([{ days: 30 }])
    await quiet(who, 31)
    const first = (await test.acme.run<Any>(RUN, { poolId })).runReclaim.job.id
    expect((await test.acme.run<Any>(RUN, { poolId })).runReclaim.job.id).toBe(first)
    await drain()
    expect(await pass(poolId)).toMatchObject({ TAKEN: 0, SKIPPED: 0 })
  })

  it('is made every night at two in the company’s time zone, by nobody, as long as the pool is in use and takes back', async () => {
    const { poolId, who } = await poolOf([{ days: 30 }], { reclaimEnabled: true })
    const due = await quiet(who, 31)
    const jobs = async () =>
      (
        await test.acme.run<Any>(
          '{ jobs(where: { kind: { eq: "POOL_RECLAIM" }, status: { in: [QUEUED, RUNNING] }, dailyAt: { isNull: false } }) { nodes { runAt createdBy { id } } } }',
        )
      ).jobs.nodes
    const [job] = await jobs()
    // 02:00 in Shanghai.
    expect(job.runAt).toMatch(/T18:00:00\.000Z$/)
    await drain(new Date(Date.parse(job.runAt) - 1000))
    expect((await rowOf(owner, 'account', due)).owner_id).not.toBeNull()
    await drain(new Date(job.runAt))
    expect((await rowOf(owner, 'account', due)).pool_id).toBe(uuidIn(poolId))
    expect((await historyOf(who, due)).at(-1)).toMatchObject({ reason: 'RECLAIM', by: null })
    const [tomorrow] = await jobs()
    expect(Date.parse(tomorrow.runAt) - Date.parse(job.runAt)).toBe(DAY)
    await test.acme.run(
      'mutation($id: ID!) { updatePool(id: $id, input: { reclaimEnabled: false }) { userErrors { code } } }',
      { id: poolId },
    )
    expect(await jobs()).toEqual([])
  })

  it('reminds the owner of what goes back in the next days: a task for each record and day, once, and one mail', async () => {
    const { poolId, who } = await poolOf([{ days: 30 }], {
      reclaimEnabled: true,
      remindDaysBefore: 3,
      name: '华东公海',
    })
    await set(owner, 'app_user', who.id, { locale: 'zh-CN' })
    const soon = await quiet(who, 28)
    const alsoSoon = await quiet(who, 29)
    await quiet(who, 20)
    const locked = await quiet(who, 28, { locked_at: ago(1), status: 'LOCKED' })
    const { jobs } = await test.acme.run<Any>(
      '{ jobs(where: { kind: { eq: "POOL_RECLAIM" }, status: { eq: QUEUED } }) { nodes { id runAt } } }',
    )
    const night = new Date(jobs.nodes[0].runAt)
    // The night is not yet over the day that the records fall due.
    await set(owner, 'account', soon, {
      claimed_at: new Date(night.getTime() - 28 * DAY),
      created_at: new Date(night.getTime() - 28 * DAY),
    })
    await set(owner, 'account', alsoSoon, {
      claimed_at: new Date(night.getTime() - 29 * DAY),
      created_at: new Date(night.getTime() - 29 * DAY),
    })
    await drain(night)
    const tasks = async () =>
      (
        await who.run<Any>(
          '{ tasks(first: 10, where: { externalSource: { eq: "atrium:pool" } }, orderBy: [{ field: DUE_AT }]) { nodes { id title status dueAt links(first: 2) { nodes { record { id } } } } } }',
        )
      ).tasks.nodes
    const made = await tasks()
    expect(made.map((one: Any) => one.links.nodes[0].record.id)).toEqual([alsoSoon, soon])
    expect(made[0].title).toMatch(/将于 \d{4}-\d{2}-\d{2} 退回公海 华东公海$/)
    expect(made[0].dueAt).toBe(`${made[0].title.match(/\d{4}-\d{2}-\d{2}/)[0]}T00:00:00.000Z`)
    expect((await rowOf(owner, 'account', locked)).owner_id).toBe(uuidIn(who.id))
    const mails = await mailsTo(owner, who.email)
    expect(mails.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['POOL_REMINDER', '2 条记录即将退回公海 华东公海'],
    ])
    // Not again the next night, not even when a task was deleted.
    await test.acme.run('mutation($id: ID!) { deleteTask(id: $id) { userErrors { code } } }', { id: made[1].id })
    await drain(new Date(night.getTime() + DAY))
    expect((await tasks()).map((one: Any) => one.id)).toEqual([made[0].id])
    expect(await mailsTo(owner, who.email)).toHaveLength(1)
    // When the record has gone back, there is nothing left to be done about it.
    await drain(new Date(night.getTime() + 2 * DAY))
    expect((await rowOf(owner, 'account', alsoSoon)).pool_id).toBe(uuidIn(poolId))
    expect((await tasks())[0].status).toBe('CANCELLED')
  })
})

describe('days', () => {
  it('count from date to date: all of them, or Monday to Friday', () => {
    expect(daysAfter('2026-02-27', 3, 'NATURAL')).toBe('2026-03-02')
    // A Friday, a Saturday.
    expect(daysAfter('2026-11-20', 1, 'WORKING')).toBe('2026-11-23')
    expect(daysAfter('2026-11-21', 1, 'WORKING')).toBe('2026-11-23')
    expect(daysAfter('2026-11-20', 6, 'WORKING')).toBe('2026-11-30')
  })

  it('are over from the day on that they lead to, in the company’s time zone', () => {
    for (const calendar of ['NATURAL', 'WORKING'] as const)
      for (let day = 1; day <= 28; day++) {
        const today = `2026-02-${String(day).padStart(2, '0')}`
        for (const days of [1, 2, 5, 10, 23]) {
          const before = overBefore(today, days, calendar, 'Asia/Shanghai')
          // The last moment that counts as over, and the first that does not, by their dates there.
          const date = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10)
          const [last, first] = [date(before.getTime() - 1), date(before.getTime())]
          expect([today, days, daysAfter(last, days, calendar) <= today]).toEqual([today, days, true])
          expect([today, days, daysAfter(first, days, calendar) > today]).toEqual([today, days, true])
        }
      }
    // The clocks change on the 8th of March.
    expect(overBefore('2026-03-09', 1, 'NATURAL', 'America/New_York').toISOString()).toBe('2026-03-09T04:00:00.000Z')
    expect(overBefore('2026-03-08', 1, 'NATURAL', 'America/New_York').toISOString()).toBe('2026-03-08T05:00:00.000Z')
  })
})
