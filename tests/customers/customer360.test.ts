import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let id: string
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  id = (
    await make(acme, 'Account', {
      name: 'Everything',
      lastActivityAt: '2024-01-01T00:00:00Z',
      nextFollowUpAt: '2099-01-02T09:00:00Z',
    })
  ).id
  await life()
})
afterAll(() => test.close())

/** A customer with deals in two currencies, activities, tasks, people. */
async function life(): Promise<void> {
  const { stages } = await acme.run<Any>('{ stages { nodes { id kind } } }')
  const stage = (kind: string) => stages.nodes.find((one: Any) => one.kind === kind).id
  const deal = (kind: string, amount: string, currency: string, more = {}) =>
    make(acme, 'Opportunity', {
      accountId: id,
      stageId: stage(kind),
      amount: { amount, currency },
      currency,
      probability: undefined,
      nextFollowUpAt: null,
      ...(kind === 'OPEN' ? { closeDate: '2099-03-04' } : { actualCloseDate: '2024-01-02' }),
      ...(kind === 'LOST' ? { lossReason: 'price' } : {}),
      ...more,
    })
  await deal('WON', '100', 'USD')
  await deal('WON', '50', 'USD')
  await deal('WON', '7', 'EUR')
  await deal('LOST', '9', 'USD')
  const open = (await deal('OPEN', '20', 'USD')).id
  for (let n = 1; n <= 3; n++) {
    const activity = await make(acme, 'Activity', {
      subject: `call ${n}`,
      kind: 'CALL',
      status: 'DONE',
      startAt: `2024-02-0${n}T10:00:00Z`,
      endAt: null,
    })
    await make(acme, 'ActivityLink', { activityId: activity.id, recordId: n === 3 ? open : id })
    // Linked to both, an activity stands in the timeline once.
    if (n === 2) await make(acme, 'ActivityLink', { activityId: activity.id, recordId: open })
  }
  const planned = await make(acme, 'Activity', {
    kind: 'VISIT',
    status: 'PLANNED',
    startAt: '2099-01-01T10:00:00Z',
    endAt: null,
  })
  await make(acme, 'ActivityLink', { activityId: planned.id, recordId: id })
  for (const [title, dueAt, status] of [
    ['late', '2024-03-01T10:00:00Z', 'NOT_STARTED'],
    ['soon', '2099-02-01T10:00:00Z', 'IN_PROGRESS'],
    ['done', '2024-02-01T10:00:00Z', 'DONE'],
  ]) {
    const task = await make(acme, 'Task', { title, dueAt, status })
    await make(acme, 'TaskLink', { taskId: task.id, recordId: id })
  }
  await make(acme, 'AccountContact', {
    accountId: id,
    contactId: (await make(acme, 'Contact', { lastName: 'Person' })).id,
  })
}

const VIEW = `query($id: ID!) { customer360(id: $id) {
  account { name owner { name } }
  figures { open { count amounts { amount currency } } won { count amounts { amount currency } } lost { count } openTasks overdueTasks activities contacts lastActivityAt daysSinceLastActivity }
  timeline(first: 50) { nodes { kind at recordId record { ... on Activity { subject } ... on Task { title } ... on OpportunityStageHistory { toStage { name } } } } pageInfo { hasNextPage } }
  nextDates { kind on at record { id } }
  overdue: nextDates(overdue: true) { kind record { ... on Task { title } } }
  contacts { nodes { lastName } }
  opportunities(where: { status: { eq: OPEN } }) { nodes { name } totalCount { value } }
} }`

describe('customer360', () => {
  it('shows who it is, how it does, what happened and what comes', async () => {
    const { customer360: view } = await acme.run<Any>(VIEW, { id })
    expect(view.account).toMatchObject({ name: 'Everything', owner: { name: expect.any(String) } })
    expect(view.figures).toMatchObject({
      open: { count: 1, amounts: [{ amount: '20.00', currency: 'USD' }] },
      won: {
        count: 3,
        amounts: [
          { amount: '150.00', currency: 'USD' },
          { amount: '7.00', currency: 'EUR' },
        ],
      },
      lost: { count: 1 },
      openTasks: 2,
      overdueTasks: 1,
      activities: 3,
      contacts: 1,
      lastActivityAt: '2024-02-03T10:00:00.000Z',
    })
    expect(view.figures.daysSinceLastActivity).toBeGreaterThan(300)
    const kinds = view.timeline.nodes.map(({ kind }: Any) => kind)
    expect(kinds.filter((kind: string) => kind === 'ACTIVITY')).toHaveLength(3)
    expect(kinds.filter((kind: string) => kind === 'TASK')).toHaveLength(1)
    expect(kinds.filter((kind: string) => kind === 'STAGE_CHANGE')).toHaveLength(5)
    const times = view.timeline.nodes.map(({ at }: Any) => Date.parse(at))
    expect(times).toEqual(times.toSorted((a: number, b: number) => b - a))
    expect(view.timeline.nodes.find(({ kind }: Any) => kind === 'TASK').record.title).toBe('done')
    expect(view.nextDates.map(({ kind, on }: Any) => [kind, on])).toEqual([
      ['ACTIVITY', '2099-01-01'],
      ['FOLLOW_UP', '2099-01-02'],
      ['TASK', '2099-02-01'],
      ['EXPECTED_CLOSE', '2099-03-04'],
    ])
    expect(view.overdue).toEqual([{ kind: 'TASK', record: { title: 'late' } }])
    expect(view.contacts.nodes).toEqual([{ lastName: 'Person' }])
    expect(view.opportunities.totalCount.value).toBe(1)
  })

  it('pages its timeline without leaving anything out or telling it twice', async () => {
    const PAGE =
      'query($id: ID!, $after: String, $kinds: [TimelineKind!]) { customer360(id: $id) { timeline(first: 2, after: $after, kinds: $kinds) { nodes { recordId } pageInfo { hasNextPage endCursor } } } }'
    const whole = (await acme.run<Any>(VIEW, { id })).customer360.timeline.nodes.map(({ recordId }: Any) => recordId)
    const found: string[] = []
    let after: string | null = null
    do {
      const { timeline }: Any = (await acme.run<Any>(PAGE, { id, after })).customer360
      found.push(...timeline.nodes.map(({ recordId }: Any) => recordId))
      after = timeline.pageInfo.hasNextPage ? timeline.pageInfo.endCursor : null
    } while (after)
    expect(found).toEqual(whole)
    const first = (await acme.run<Any>(PAGE, { id })).customer360.timeline.pageInfo.endCursor
    const other = await acme.ask(PAGE, { id, after: first, kinds: ['TASK'] })
    expect(other.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    const stranger = await make(acme, 'Account')
    expect((await acme.ask(PAGE, { id: stranger.id, after: first })).errors?.[0]?.extensions.code).toBe(
      'BAD_USER_INPUT',
    )
  })

  it('is null for a customer that the caller does not see, of another company or none', async () => {
    const rep = await person(test, acme, 'rep')
    const ask = async (caller: Pick<Company, 'run'>, wanted: string) =>
      (await caller.run<Any>('query($id: ID!) { customer360(id: $id) { figures { activities } } }', { id: wanted }))
        .customer360
    expect(await ask(rep, id)).toBeNull()
    expect(await ask(test.globex, id)).toBeNull()
    expect(await ask(acme, 'acct_nonsense')).toBeNull()
  })
})

describe('the parts of customer360', () => {
  let clerk: Person
  let roleId: string
  beforeAll(async () => {
    const { createRole } = await acme.run<Any>(
      'mutation { createRole(input: { key: "clerk", name: "Clerk" }) { role { id } userErrors { code } } }',
    )
    roleId = createRole.role.id
    for (const object of ['Account', 'Task', 'TaskLink', 'Stage'])
      await make(acme, 'ObjectPermission', {
        roleId,
        object,
        canRead: true,
        readScope: 'ALL',
        writeScope: 'OWN',
        allowList: false,
      })
    clerk = await person(test, acme, 'clerk')
  })

  it('are null with FORBIDDEN where the caller lacks the right, and the others stand', async () => {
    const answer = await clerk.ask(
      `query($id: ID!) { customer360(id: $id) { account { name }
        figures { won { count } openTasks activities lastActivityAt }
        timeline { nodes { kind record { ... on Task { title } ... on Activity { subject } } } }
        nextDates { kind } contacts { nodes { lastName } } opportunities { totalCount { value } } } }`,
      { id },
    )
    expect(answer.data.customer360).toEqual({
      account: { name: 'Everything' },
      figures: { won: null, openTasks: 2, activities: null, lastActivityAt: '2024-01-01T00:00:00.000Z' },
      timeline: { nodes: [{ kind: 'TASK', record: { title: 'done' } }] },
      nextDates: [{ kind: 'FOLLOW_UP' }, { kind: 'TASK' }],
      contacts: null,
      opportunities: null,
    })
    const missing = answer.errors?.map(({ path, extensions }) => [
      extensions.code,
      path?.join('.'),
      (extensions.missing as Any[])[0].permission,
    ])
    expect(missing?.sort()).toEqual([
      ['FORBIDDEN', 'customer360.contacts', 'Contact.read'],
      ['FORBIDDEN', 'customer360.figures.activities', 'Activity.read'],
      ['FORBIDDEN', 'customer360.figures.won', 'Opportunity.read'],
      ['FORBIDDEN', 'customer360.opportunities', 'Opportunity.read'],
    ])
  })

  it('do not open a way past the rights on what their records lead to', async () => {
    for (const way of [
      'timeline { nodes { record { ... on Task { links { nodes { record { ... on Activity { subject } } } } } } } }',
      'contacts { nodes { accountContacts { nodes { id } } } }',
      'account { contacts { nodes { lastName } } }',
      'opportunities { nodes { account { contacts { nodes { lastName } } } } }',
    ]) {
      const answer = await clerk.ask(`query($id: ID!) { customer360(id: $id) { ${way} } }`, { id })
      expect([way, answer.status, answer.data]).toEqual([way, 403, undefined])
      expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    }
  })

  it('leave out a hidden field with FIELD_FORBIDDEN', async () => {
    await make(acme, 'ObjectPermission', {
      roleId,
      object: 'Opportunity',
      canRead: true,
      readScope: 'ALL',
      writeScope: 'OWN',
      allowList: false,
    })
    await make(acme, 'FieldPermission', {
      roleId,
      object: 'Opportunity',
      field: 'amount',
      access: 'HIDDEN',
      mask: 'NONE',
    })
    await make(acme, 'FieldPermission', {
      roleId,
      object: 'Account',
      field: 'nextFollowUpAt',
      access: 'HIDDEN',
      mask: 'NONE',
    })
    const seller = await person(test, acme, 'clerk')
    const answer = await seller.ask(
      'query($id: ID!) { customer360(id: $id) { figures { won { count amounts { amount } } } nextDates { kind } } }',
      { id },
    )
    expect(answer.data.customer360).toEqual({
      figures: { won: { count: 3, amounts: null } },
      nextDates: [{ kind: 'TASK' }, { kind: 'EXPECTED_CLOSE' }],
    })
    expect(answer.errors?.map(({ extensions }) => [extensions.code, extensions.coordinate])).toEqual([
      ['FIELD_FORBIDDEN', 'CustomerDealFigures.amounts'],
    ])
  })
})
