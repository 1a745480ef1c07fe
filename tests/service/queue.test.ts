import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { viewerOfUser } from '../../src/access/viewer.ts'
import type { Viewer } from '../../src/context.ts'
import { assignCase, takeCase } from '../../src/resolvers/service/assign.ts'
import { closeCase } from '../../src/resolvers/service/changeCaseStatus.ts'
import type { Input } from '../../src/resolvers/write.ts'
import { ref } from '../support/writes.ts'
import { openService, type Service } from './service.ts'

let service: Service
beforeAll(async () => {
  service = await openService()
})
afterAll(() => service?.close())

let queues = 0
const queue = async (input: Input, ...users: string[]) => {
  const [id] = (await service.create('CaseQueue', { name: `Queue ${++queues}`, ...input })) as [string]
  for (const user of users)
    await service.create('CaseQueueMember', { queueId: ref('CaseQueue', id), userId: ref('User', user) })
  return id
}
const into = (id: string) => ({ queueId: ref('CaseQueue', id) })
const owners = async (ids: string[]) => {
  const all: (string | null)[] = []
  for (const id of ids) all.push((await service.read(id)).owner_id)
  return all
}
const asUser = async (userId: string): Promise<Viewer> =>
  (await service.write(({ db }) => viewerOfUser(db, service.viewer.tenantId, userId))) as Viewer

describe('a queue', () => {
  it('gives its cases to its members in turn, over calls and within one', async () => {
    const [a, b] = [await service.user(), await service.user()]
    const id = await queue({ routing: 'ROUND_ROBIN' }, a, b)
    const one = await service.case(into(id))
    const more = await service.create('Case', ...['x', 'y', 'z'].map((subject) => ({ subject, ...into(id) })))
    expect(await owners([one, ...more])).toEqual([a, b, a, b])
    expect(await service.read(one)).toMatchObject({ status: 'ASSIGNED', queue_id: id })
  })

  it('gives to two at once, each member as many', async () => {
    const [a, b] = [await service.user(), await service.user()]
    const id = await queue({ routing: 'ROUND_ROBIN' }, a, b)
    const made = await Promise.all([service.case(into(id)), service.case(into(id))])
    expect((await owners(made)).toSorted()).toEqual([a, b].toSorted())
  })

  it('gives to whoever has the fewest open cases, and passes over those who are away or not active', async () => {
    const [busy, free] = [await service.user(), await service.user()]
    const away = await service.user({ outOfOfficeFrom: '2020-01-01T00:00:00Z', outOfOfficeTo: '2099-01-01T00:00:00Z' })
    const gone = await service.user({ status: 'SUSPENDED' })
    const id = await queue({ routing: 'LEAST_OPEN' }, away, gone, busy, free)
    await service.case({ ownerId: ref('User', busy) })
    const made = [await service.case(into(id)), await service.case(into(id)), await service.case(into(id))]
    expect(await owners(made)).toEqual([free, busy, free])
  })

  it('lets cases wait where nobody is given any, nobody is there, or the owner is named', async () => {
    const [member, named] = [await service.user(), await service.user()]
    const [manual, empty] = [await queue({}, member), await queue({ routing: 'ROUND_ROBIN' })]
    const made = [
      await service.case(into(manual)),
      await service.case(into(empty)),
      await service.case({ ...into(manual), ownerId: ref('User', named) }),
    ]
    expect(await owners(made)).toEqual([null, null, named])
  })

  it('that is the default one takes what names no queue, of its types and channels, the smallest rank first', async () => {
    const [all, complaints] = [
      await queue({ isDefault: true, rank: 2 }),
      await queue({ isDefault: true, rank: 1, caseTypes: ['COMPLAINT'], channels: ['PHONE'] }),
    ]
    const queueOf = async (input: Input) => (await service.read(await service.case(input))).queue_id
    expect(await queueOf({ type: 'COMPLAINT', channel: 'PHONE' })).toBe(complaints)
    expect(await queueOf({ type: 'COMPLAINT', channel: 'WEB' })).toBe(all)
    const user = await service.user()
    expect(await queueOf({ ownerId: ref('User', user) })).toBeNull()
    await service.update('CaseQueue', all, { active: false })
    expect(await queueOf({})).toBeNull()
    expect(await service.refused('Case', { subject: 'X', ...into(all) })).toEqual(['INVALID_STATE queueId'])
    await service.update('CaseQueue', complaints, { isDefault: false })
    expect(await service.refused('CaseQueue', { name: 'X', caseTypes: ['NOISE'], channels: ['FAX'] })).toEqual([
      'VALIDATION_FAILED caseTypes',
      'VALIDATION_FAILED channels',
    ])
  })
})

describe('assigning', () => {
  const assign = (id: string, more: object) =>
    service.codes((context) => assignCase(context, { id: ref('Case', id), ...more }))

  it('gives a case to a user, or to a queue that gives it on or lets it wait', async () => {
    const [user, member] = [await service.user(), await service.user()]
    const [turns, manual] = [await queue({ routing: 'ROUND_ROBIN' }, member), await queue({})]
    const one = await service.case()
    expect(await assign(one, { toUserId: ref('User', user) })).toEqual([])
    expect(await service.read(one)).toMatchObject({ owner_id: user, status: 'ASSIGNED' })
    expect(await assign(one, into(turns))).toEqual([])
    expect(await service.read(one)).toMatchObject({ owner_id: member, queue_id: turns })
    expect(await assign(one, into(manual))).toEqual([])
    expect(await service.read(one)).toMatchObject({ owner_id: null, queue_id: manual, status: 'NEW' })
    const told = await service.rows(
      `SELECT 1 FROM notification WHERE tenant_id = $1 AND type = 'CASE_ASSIGNED' AND user_id = $2`,
      user,
    )
    expect(told).toHaveLength(1)
  })

  it('is refused to both and to neither, to who is not there, and for what is over', async () => {
    const one = await service.case()
    const user = ref('User', await service.user())
    const gone = ref('User', await service.user({ status: 'SUSPENDED' }))
    expect(await assign(one, {})).toEqual(['VALIDATION_FAILED toUserId'])
    expect(await assign(one, { toUserId: user, ...into(await queue({})) })).toEqual(['VALIDATION_FAILED toUserId'])
    expect(await assign(one, { toUserId: gone })).toEqual(['USER_INACTIVE toUserId'])
    expect(await assign(one, { toUserId: ref('User', one) })).toEqual(['NOT_FOUND toUserId'])
    expect(await assign(one, into(one))).toEqual(['NOT_FOUND queueId'])
    expect(await assign(one, into(await queue({ active: false })))).toEqual(['INVALID_STATE queueId'])
    await service.verb((context) => closeCase(context, { id: ref('Case', one) }))
    expect(await assign(one, { toUserId: user })).toEqual(['INVALID_STATE id'])
  })
})

describe('taking', () => {
  it('is for members of the queue; of two at once one has it', async () => {
    const [a, b, stranger] = [await service.user(), await service.user(), await service.user()]
    const id = await queue({}, a, b)
    const one = await service.case(into(id))
    const viewers = [await asUser(a), await asUser(b), await asUser(stranger)] as [Viewer, Viewer, Viewer]
    const take = (viewer: Viewer) => service.codes(({ db }) => takeCase({ db, viewer }, { id: ref('Case', one) }))
    expect(await take(viewers[2])).toEqual(['FORBIDDEN id'])
    const both = await Promise.all([take(viewers[0]), take(viewers[1])])
    expect(both.flat()).toEqual(['ALREADY_CLAIMED id'])
    const { owner_id: owner } = await service.read(one)
    expect([a, b]).toContain(owner)
    expect(await service.read(one)).toMatchObject({ status: 'ASSIGNED' })
    // Who has it may ask again; the other does not even see it any more.
    expect(await take(owner === a ? viewers[0] : viewers[1])).toEqual([])
    expect(await take(owner === a ? viewers[1] : viewers[0])).toEqual(['NOT_FOUND id'])
  })
})
