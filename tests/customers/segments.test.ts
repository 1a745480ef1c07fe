import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let rep: Person
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  rep = await person(test, acme, 'rep')
})
afterAll(() => test.close())

const CREATE =
  'mutation($input: CreateSegmentInput!) { createSegment(input: $input) { segment { id memberCount } userErrors { code field message } } }'
async function segment(input: Record<string, unknown>, caller: Pick<Company, 'run'> = acme): Promise<Any> {
  return (await caller.run<Any>(CREATE, { input: { name: 'S', object: 'ACCOUNT', ...input } })).createSegment
}
const wrong = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${(field ?? []).join('.')}`)
const members = async (id: string, caller: Pick<Company, 'run'> = acme, args = '') =>
  (
    await caller.run<Any>(
      `query($id: ID!) { segment(id: $id) { accounts${args} { nodes { name } totalCount { value } } } }`,
      {
        id,
      },
    )
  ).segment.accounts

describe('a dynamic segment', () => {
  it('finds what its filter finds, anew each time, in pages, further filtered and ordered', async () => {
    for (const name of ['seg a', 'seg b', 'seg c']) await make(acme, 'Account', { name, industry: 'dynamic' })
    const { segment: made } = await segment({ kind: 'DYNAMIC', filter: { industry: { eq: 'dynamic' } } })
    const names = async (args: string) => (await members(made.id, acme, args)).nodes.map(({ name }: Any) => name)
    expect(await names('(orderBy: [{ field: NAME, direction: DESC }], first: 2)')).toEqual(['seg c', 'seg b'])
    expect(await names('(where: { name: { startsWith: "seg b" } })')).toEqual(['seg b'])
    await make(acme, 'Account', { name: 'seg d', industry: 'dynamic' })
    expect((await members(made.id)).totalCount.value).toBe(4)
    const page = await acme.run<Any>(
      'query($id: ID!) { segment(id: $id) { contacts { nodes { id } } accounts(first: 1) { pageInfo { endCursor hasNextPage } } } }',
      { id: made.id },
    )
    expect(page.segment.contacts).toBeNull()
    expect(page.segment.accounts.pageInfo.hasNextPage).toBe(true)
    expect(await names(`(first: 5, after: "${page.segment.accounts.pageInfo.endCursor}")`)).toEqual([
      'seg b',
      'seg c',
      'seg d',
    ])
  })

  it('has a filter that the API takes: each problem with its path', async () => {
    const filter = (given: unknown, more = {}) => segment({ kind: 'DYNAMIC', filter: given, ...more })
    expect(wrong(await filter({ nonsense: { eq: 1 } }))).toEqual(['VALIDATION_FAILED input.filter'])
    expect((await filter({ nonsense: { eq: 1 } })).userErrors[0].message).toContain('nonsense')
    expect(wrong(await filter({ name: { like: 'x' } }))).toEqual(['VALIDATION_FAILED input.filter.name'])
    expect(wrong(await filter({ and: [{ type: { eq: 'NOBODY' } }] }))).toEqual([
      'VALIDATION_FAILED input.filter.and.0.type.eq',
    ])
    expect(wrong(await filter({ name: { eq: null } }))).toEqual(['VALIDATION_FAILED input.filter.name.eq'])
    expect(wrong(await filter(undefined))).toEqual(['VALIDATION_FAILED input.filter'])
    expect(wrong(await filter(['x']))).toEqual(['VALIDATION_FAILED input.filter'])
    // A lead has no domains; a static segment no filter.
    expect(wrong(await filter({ domains: { arrayContains: 'x' } }, { object: 'LEAD' }))).toEqual([
      'VALIDATION_FAILED input.filter',
    ])
    expect(wrong(await segment({ filter: { name: { eq: 'x' } } }))).toEqual(['VALIDATION_FAILED input.filter'])
  })

  it('shows everybody what they may see, whoever made it, and counts as whoever refreshes it sees', async () => {
    await make(acme, 'Account', { name: 'mine', industry: 'sight', ownerId: rep.id })
    await make(acme, 'Account', { name: 'theirs', industry: 'sight', ownerId: acme.adminUserId })
    const { segment: made } = await segment({ kind: 'DYNAMIC', filter: { industry: { eq: 'sight' } }, ownerId: rep.id })
    expect((await members(made.id)).nodes.map(({ name }: Any) => name)).toEqual(['mine', 'theirs'])
    expect(await members(made.id, rep)).toEqual({ nodes: [{ name: 'mine' }], totalCount: { value: 1 } })
    const refresh =
      'mutation($id: ID!) { refreshSegment(id: $id) { segment { memberCount refreshedAt } userErrors { code } } }'
    expect((await rep.run<Any>(refresh, { id: made.id })).refreshSegment.segment.memberCount).toBe(1)
    expect((await acme.run<Any>(refresh, { id: made.id })).refreshSegment.segment.memberCount).toBe(2)
    // The nightly count sees with the eyes of the owner.
    await acme.run('mutation { scheduleSegmentRefresh(dailyAt: "03:00") { job { id } userErrors { code } } }')
    const now = () => new Date(Date.now() + 25 * 3_600_000)
    while ((await runJobsOnce(test.app.tenancy, { now })) > 0) {
      const { jobs } = await acme.run<Any>(
        '{ jobs(where: { kind: { eq: "REFRESH_SEGMENTS" }, status: { eq: COMPLETED } }) { nodes { id } } }',
      )
      if (jobs.nodes.length > 0) break
    }
    const { segment: read } = await acme.run<Any>('query($id: ID!) { segment(id: $id) { memberCount } }', {
      id: made.id,
    })
    expect(read.memberCount).toBe(1)
    await acme.run('mutation { scheduleSegmentRefresh { job { id } userErrors { code } } }')
  })

  it('takes no filter by what its writer may not see, and shows no members to those who may not see the filter’s field', async () => {
    const { createRole } = await acme.run<Any>(
      'mutation { createRole(input: { key: "no-mail", name: "No mail" }) { role { id } userErrors { code } } }',
    )
    const roleId = createRole.role.id
    await make(acme, 'ObjectPermission', {
      roleId,
      object: '*',
      canRead: true,
      canCreate: true,
      canUpdate: true,
      readScope: 'ALL',
      writeScope: 'ALL',
      allowList: false,
    })
    await make(acme, 'ObjectPermission', {
      roleId,
      object: 'User',
      canRead: true,
      readScope: 'ALL',
      writeScope: 'OWN',
      allowList: false,
    })
    await make(acme, 'FieldPermission', { roleId, object: 'Account', field: 'email', access: 'HIDDEN', mask: 'NONE' })
    const blind = await person(test, acme, 'no-mail')
    const filter = { email: { contains: 'secret' } }
    expect(wrong(await segment({ kind: 'DYNAMIC', filter }, blind))).toEqual(['FIELD_FORBIDDEN input.filter.email'])
    const { segment: made } = await segment({ kind: 'DYNAMIC', filter })
    const answer = await blind.ask('query($id: ID!) { segment(id: $id) { name accounts { totalCount { value } } } }', {
      id: made.id,
    })
    expect(answer.data.segment.accounts).toBeNull()
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(['FIELD_FORBIDDEN'])
  })

  it('forgets its count when its filter changes', async () => {
    const { segment: made } = await segment({ kind: 'DYNAMIC', filter: { name: { eq: 'x' } } })
    await acme.run('mutation($id: ID!) { refreshSegment(id: $id) { userErrors { code } } }', { id: made.id })
    const { updateSegment } = await acme.run<Any>(
      'mutation($id: ID!, $filter: JSON) { updateSegment(id: $id, input: { filter: $filter }) { segment { memberCount filter } userErrors { code field } } }',
      { id: made.id, filter: { name: { eq: 'y' } } },
    )
    expect(updateSegment).toEqual({ segment: { memberCount: null, filter: { name: { eq: 'y' } } }, userErrors: [] })
  })
})

describe('a static segment', () => {
  const ADD =
    'mutation($id: ID!, $ids: [ID!]!) { addSegmentMembers(segmentId: $id, recordIds: $ids) { segment { memberCount } userErrors { code field } } }'
  const REMOVE =
    'mutation($id: ID!, $ids: [ID!]!) { removeSegmentMembers(segmentId: $id, recordIds: $ids) { segment { memberCount } userErrors { code field } } }'

  it('holds what is put into it, once, until it is taken out', async () => {
    const { segment: made } = await segment({})
    const ids = [(await make(acme, 'Account', { name: 'one' })).id, (await make(acme, 'Account', { name: 'two' })).id]
    const add = async (some: string[]) => (await acme.run<Any>(ADD, { id: made.id, ids: some })).addSegmentMembers
    expect(await add(ids)).toEqual({ segment: { memberCount: 2 }, userErrors: [] })
    expect(await add([ids[0] as string, ids[0] as string])).toEqual({ segment: { memberCount: 2 }, userErrors: [] })
    expect((await members(made.id)).nodes.map(({ name }: Any) => name)).toEqual(['one', 'two'])
    const { account } = await acme.run<Any>('query($id: ID!) { account(id: $id) { segments { nodes { id } } } }', {
      id: ids[0],
    })
    expect(account.segments.nodes).toEqual([{ id: made.id }])
    const { removeSegmentMembers } = await acme.run<Any>(REMOVE, { id: made.id, ids })
    expect(removeSegmentMembers.segment.memberCount).toBe(0)
    expect((await add([ids[1] as string])).segment.memberCount).toBe(1)
  })

  it('takes records of its type that the caller sees, into static segments that they may write', async () => {
    const { segment: made } = await segment({})
    const { segment: dynamic } = await segment({ kind: 'DYNAMIC', filter: {} })
    const [mine, theirs, lead] = [
      (await make(acme, 'Account', { ownerId: rep.id })).id,
      (await make(acme, 'Account', { ownerId: acme.adminUserId })).id,
      (await make(acme, 'Lead')).id,
    ]
    const add = async (id: string, ids: string[], caller: Pick<Company, 'run'> = acme) =>
      wrong((await caller.run<Any>(ADD, { id, ids })).addSegmentMembers)
    expect(await add(made.id, [mine, lead])).toEqual(['NOT_FOUND recordIds.1'])
    expect(await add(dynamic.id, [mine])).toEqual(['INVALID_STATE segmentId'])
    expect(await add(made.id, [mine], rep)).toEqual(['NOT_FOUND segmentId'])
    const { segment: own } = await segment({}, rep)
    expect(await add(own.id, [mine, theirs], rep)).toEqual(['NOT_FOUND recordIds.1'])
    expect(await add(own.id, [mine], rep)).toEqual([])
    // What another puts in without the owner's sight is not there for them, in no count either.
    expect(await add(own.id, [theirs])).toEqual([])
    expect((await members(own.id, rep)).totalCount.value).toBe(1)
    expect((await members(own.id)).totalCount.value).toBe(2)
  })
})
