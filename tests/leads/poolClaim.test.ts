import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { viewerOfUser } from '../../src/access/viewer.ts'
import type { Viewer } from '../../src/context.ts'
import { callerOf } from '../../src/read/read.ts'
import { poolClaims } from '../../src/resolvers/leads/pool/claims.ts'
import { claimFromPool } from '../../src/resolvers/leads/pool/give.ts'
import { type Any, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'
import { accountOf, call, codes, historyOf, makePool, pooledAccounts, rowOf, set } from './pools.ts'

jest.setTimeout(300_000)

let test: TestApp
let owner: Owner
let ann: Person
let bob: Person
let chief: Person
let outsider: Person
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  ann = await person(test, test.acme, 'rep')
  bob = await person(test, test.acme, 'rep')
  chief = await person(test, test.acme, 'manager')
  outsider = await person(test, test.acme, 'rep')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const pool = (input: Record<string, unknown> = {}) =>
  makePool(test.acme, { members: [ann.id, bob.id], admins: [chief.id], ...input })
const claim = (who: Person, poolId: string, ids: string[], errorPolicy?: string) =>
  call(who, 'claimFromPool', { poolId, ids, errorPolicy })
const one = (poolId: string) => pooledAccounts(test.acme, poolId, 1).then(([id]) => id as string)

describe('claiming from a pool', () => {
  it('makes the caller the owner, says so in the record and in its history, and shows it to no other member any more', async () => {
    const poolId = await pool()
    const id = await one(poolId)
    const done = await claim(ann, poolId, [id])
    expect(done).toMatchObject({
      userErrors: [],
      results: [{ id, userErrors: [], record: { id, owner: { id: ann.id } } }],
    })
    const { account } = await ann.run<Any>(
      'query($id: ID!) { account(id: $id) { owner { id } pool { id } pooledAt claimType claimedAt previousOwner { id } } }',
      { id },
    )
    expect(account).toEqual({
      owner: { id: ann.id },
      pool: null,
      pooledAt: null,
      claimType: 'CLAIMED',
      claimedAt: expect.any(String),
      previousOwner: null,
    })
    expect((await historyOf(ann, id)).at(-1)).toMatchObject({
      objectType: 'ACCOUNT',
      reason: 'CLAIM',
      fromOwner: null,
      toOwner: { id: ann.id },
      fromPool: { id: poolId },
      toPool: null,
      by: { id: ann.id },
    })
    expect((await bob.run<Any>('query($id: ID!) { account(id: $id) { id } }', { id })).account).toBeNull()
  })

  it('is for members of the pool: POOL_ACCESS_DENIED for others, and for a key that speaks for nobody', async () => {
    const poolId = await pool()
    const id = await one(poolId)
    expect(await claim(outsider, poolId, [id])).toMatchObject({
      results: [],
      userErrors: [{ code: 'POOL_ACCESS_DENIED', field: ['poolId'] }],
    })
    // The key of the administrator's role rules every pool, and is nobody who could own something.
    const { roles } = await test.acme.run<Any>('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
    const { createApiKey } = await test.acme.run<Any>(
      'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }',
      { input: { name: 'Nobody', roleId: roles.nodes[0].id } },
    )
    const key = callers(test.app, createApiKey.key) as Person
    expect((await claim(key, poolId, [id])).userErrors).toMatchObject([{ code: 'POOL_ACCESS_DENIED' }])
    expect((await rowOf(owner, 'account', id)).owner_id).toBeNull()
  })

  it('from one that is switched off is POOL_DISABLED, from one of another company NOT_FOUND', async () => {
    const poolId = await pool({ enabled: false })
    const id = await accountOf(test.acme, ann)
    expect((await claim(ann, poolId, [id])).userErrors).toMatchObject([{ code: 'POOL_DISABLED', field: ['poolId'] }])
    const foreign = await makePool(test.globex)
    expect((await claim(ann, foreign, [id])).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['poolId'] }])
  })

  it('by the members of a department counts for those below it', async () => {
    const above = (await make(test.acme, 'Department', { parentId: null, headId: null })).id
    const below = (await make(test.acme, 'Department', { parentId: above, headId: null })).id
    const dan = await person(test, test.acme, 'rep', { departmentId: below })
    const poolId = await pool()
    await make(test.acme, 'PoolMember', { poolId, departmentId: above, role: 'MEMBER' })
    expect(codes(await claim(dan, poolId, [await one(poolId)]))).toEqual([[]])
  })

  it('gives a record once: the loser learns ALREADY_CLAIMED, the others are theirs; with REJECT_EVERYTHING nothing is', async () => {
    const poolId = await pool()
    const [first, second, third] = (await pooledAccounts(test.acme, poolId, 3)) as [string, string, string]
    await claim(ann, poolId, [first])
    const all = await claim(bob, poolId, [first, second], 'REJECT_EVERYTHING')
    expect(codes(all)).toEqual([['ALREADY_CLAIMED'], []])
    expect((await rowOf(owner, 'account', second)).owner_id).toBeNull()
    expect(codes(await claim(bob, poolId, [first, second, third]))).toEqual([['ALREADY_CLAIMED'], [], []])
    expect((await rowOf(owner, 'account', first)).owner_id).toBe(uuidIn(ann.id))
    expect((await rowOf(owner, 'account', third)).owner_id).toBe(uuidIn(bob.id))
  })

  it('tells nothing of a record that was never in the pool and that the caller does not see', async () => {
    const poolId = await pool()
    const secret = await accountOf(test.acme, outsider)
    const mine = await accountOf(test.acme, ann)
    const done = await claim(ann, poolId, [secret, mine, 'acct_01h455vb4pex5vsknk084sn02q', 'nonsense'])
    expect(codes(done)).toEqual([['NOT_FOUND'], ['ALREADY_CLAIMED'], ['NOT_FOUND'], ['NOT_FOUND']])
    const id = await one(poolId)
    const twice = await claim(ann, poolId, [id, id])
    expect(twice.results.map(({ userErrors }) => userErrors)).toMatchObject([
      [],
      [{ code: 'VALIDATION_FAILED', details: { rule: 'once' } }],
    ])
  })

  it('takes no more at once than the pool gives: BULK_TOO_LARGE', async () => {
    const poolId = await pool({ maxBatch: 2 })
    const ids = await pooledAccounts(test.acme, poolId, 3)
    expect(await claim(ann, poolId, ids)).toMatchObject({
      results: [],
      userErrors: [{ code: 'BULK_TOO_LARGE', details: { max: 2 } }],
    })
    expect(await claim(ann, poolId, [])).toEqual({ results: [], userErrors: [] })
  })

  it('needs the right to write records of the type', async () => {
    const reader = await person(test, test.acme, 'readonly')
    const poolId = await pool({ members: [reader.id] })
    const answer = await reader.ask(
      'mutation($poolId: ID!, $ids: [ID!]!) { claimFromPool(poolId: $poolId, ids: $ids) { userErrors { code } } }',
      { poolId, ids: [await one(poolId)] },
    )
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
  })
})

describe('the daily limit', () => {
  it('holds per user and pool, tells what is left, and is given back by what fails', async () => {
    const poolId = await pool({ dailyLimitPerUser: 3 })
    const ids = await pooledAccounts(test.acme, poolId, 6)
    await claim(bob, poolId, [ids[0] as string])
    // One is gone, so three of the four others fit.
    const done = await claim(ann, poolId, ids.slice(0, 5))
    expect(codes(done)).toEqual([['ALREADY_CLAIMED'], [], [], [], ['CLAIM_LIMIT_REACHED']])
    expect(done.results[4]?.userErrors[0]?.details).toEqual({ limit: 3, used: 3, resetsAt: expect.any(String) })
    const { poolClaims: claims } = await ann.run<Any>(
      'query($id: ID!) { poolClaims(poolId: $id) { limit used resetsAt } }',
      {
        id: poolId,
      },
    )
    expect(claims).toMatchObject({ limit: 3, used: 3 })
    // The next midnight in Shanghai.
    expect(claims.resetsAt).toMatch(/T16:00:00\.000Z$/)
    expect(Date.parse(claims.resetsAt) - Date.now()).toBeLessThanOrEqual(86_400_000)
    expect(
      (await bob.run<Any>('query($id: ID!) { poolClaims(poolId: $id) { used } }', { id: poolId })).poolClaims,
    ).toEqual({
      used: 1,
    })
    expect(
      (await outsider.run<Any>('query($id: ID!) { poolClaims(poolId: $id) { used } }', { id: poolId })).poolClaims,
    ).toBeNull()
  })

  it('counts nothing when the whole call is refused', async () => {
    const poolId = await pool({ dailyLimitPerUser: 2 })
    const ids = await pooledAccounts(test.acme, poolId, 3)
    const done = await claim(ann, poolId, ids, 'REJECT_EVERYTHING')
    expect(codes(done)).toEqual([[], [], ['CLAIM_LIMIT_REACHED']])
    expect(done.results[2]?.userErrors[0]?.details).toMatchObject({ limit: 2, used: 0 })
    expect(codes(await claim(ann, poolId, ids.slice(0, 2), 'REJECT_EVERYTHING'))).toEqual([[], []])
  })

  it('begins anew with the day of the company’s time zone', async () => {
    const poolId = await pool({ dailyLimitPerUser: 1 })
    const [first, second, third] = (await pooledAccounts(test.acme, poolId, 3)) as [string, string, string]
    const tenantId = uuidIn(test.acme.id)
    const viewer = await viewerOf(ann)
    const at = (id: string, now: string) =>
      test.app.tenancy.writeTenant(callerOf(viewer), (db) =>
        claimFromPool({ db, viewer }, { poolId, ids: [id] }, { partial: true, now: new Date(now) }),
      )
    // Shanghai is eight hours ahead: 15:59 UTC is one minute to midnight there.
    expect((await at(first, '2031-05-01T15:00:00Z'))[0]?.errors).toEqual([])
    expect((await at(second, '2031-05-01T15:59:59Z'))[0]?.errors).toMatchObject([
      { code: 'CLAIM_LIMIT_REACHED', details: { limit: 1, used: 1, resetsAt: '2031-05-01T16:00:00.000Z' } },
    ])
    expect((await at(second, '2031-05-01T16:00:00Z'))[0]?.errors).toEqual([])
    expect((await at(third, '2031-05-02T15:59:59Z'))[0]?.errors).toMatchObject([{ code: 'CLAIM_LIMIT_REACHED' }])
    const told = await test.app.tenancy.readTenant({ tenantId }, (db) =>
      poolClaims(db, viewer, poolId, new Date('2031-05-02T20:00:00Z')),
    )
    expect(told).toEqual({ limit: 1, used: 0, resetsAt: '2031-05-03T16:00:00.000Z' })
  })
})

describe('times of waiting', () => {
  it('keep who had a record from claiming it again for a while, also when it went through other hands: PREVIOUS_OWNER_COOLDOWN', async () => {
    const poolId = await pool({ previousOwnerCooldownHours: 12 })
    const id = await accountOf(test.acme, ann)
    await test.acme.run(
      'mutation($id: ID!, $to: ID!) { updateAccount(id: $id, input: { ownerId: $to }) { userErrors { code } } }',
      {
        id,
        to: bob.id,
      },
    )
    expect(codes(await call(bob, 'releaseToPool', { ids: [id], poolId, reason: 'no interest' }))).toEqual([[]])
    for (const who of [ann, bob]) {
      const { results } = await claim(who, poolId, [id])
      expect(results[0]?.userErrors).toMatchObject([{ code: 'PREVIOUS_OWNER_COOLDOWN', field: ['ids', '0'] }])
      const until = Date.parse(results[0]?.userErrors[0]?.details.until)
      expect(until - Date.now()).toBeGreaterThan(11.9 * 3_600_000)
      expect(until - Date.now()).toBeLessThanOrEqual(12 * 3_600_000)
    }
    const viewer = await viewerOf(bob)
    const [later] = await test.app.tenancy.writeTenant(callerOf(viewer), (db) =>
      claimFromPool({ db, viewer }, { poolId, ids: [id] }, { now: new Date(Date.now() + 13 * 3_600_000) }),
    )
    expect(later?.errors).toEqual([])
  })

  it('keep new data from being claimed at once: NEW_DATA_COOLDOWN', async () => {
    const poolId = await pool({ newDataCooldownHours: 1 })
    const id = await one(poolId)
    const { results } = await claim(ann, poolId, [id])
    expect(results[0]?.userErrors).toMatchObject([
      { code: 'NEW_DATA_COOLDOWN', details: { until: expect.any(String) } },
    ])
    await set(owner, 'account', id, { pooled_at: new Date(Date.now() - 3_700_000) })
    expect(codes(await claim(ann, poolId, [id]))).toEqual([[]])
  })
})

describe('the owner quota of the receiver', () => {
  it('holds for claims and assignments: OWNER_QUOTA_EXCEEDED for what has no place', async () => {
    const eve = await person(test, test.acme, 'rep')
    const poolId = await pool({ members: [eve.id] })
    await make(test.acme, 'OwnerQuota', {
      object: 'Account',
      limit: 2,
      lockLimit: null,
      excludeWon: false,
      userId: eve.id,
    })
    const ids = await pooledAccounts(test.acme, poolId, 4)
    const done = await claim(eve, poolId, ids.slice(0, 3))
    expect(codes(done)).toEqual([[], [], ['OWNER_QUOTA_EXCEEDED']])
    expect(done.results[2]?.userErrors[0]?.details).toEqual({ object: 'Account', limit: 2, current: 0, requested: 3 })
    const assigned = await call(chief, 'assignFromPool', { poolId, ids: [ids[3]], userId: eve.id })
    expect(codes(assigned)).toEqual([['OWNER_QUOTA_EXCEEDED']])
  })

  it('does not count won customers where it says so', async () => {
    const eve = await person(test, test.acme, 'rep')
    const poolId = await pool({ members: [eve.id] })
    await make(test.acme, 'OwnerQuota', {
      object: 'Account',
      limit: 1,
      lockLimit: null,
      excludeWon: true,
      userId: eve.id,
    })
    const ids = await pooledAccounts(test.acme, poolId, 4)
    for (const id of ids.slice(0, 2)) await set(owner, 'account', id, { deal_status: 'WON' })
    expect(codes(await claim(eve, poolId, ids))).toEqual([[], [], [], ['OWNER_QUOTA_EXCEEDED']])
    expect(codes(await claim(eve, poolId, ids.slice(3)))).toEqual([['OWNER_QUOTA_EXCEEDED']])
  })
})

describe('assigning from a pool', () => {
  it('is for its administrators; limits and times of waiting do not hold', async () => {
    const poolId = await pool({ dailyLimitPerUser: 0, newDataCooldownHours: 5 })
    const id = await one(poolId)
    const given = { poolId, ids: [id], userId: bob.id }
    expect((await call(ann, 'assignFromPool', given)).userErrors).toMatchObject([{ code: 'POOL_ACCESS_DENIED' }])
    expect(codes(await call(chief, 'assignFromPool', given))).toEqual([[]])
    expect(await rowOf(owner, 'account', id)).toMatchObject({
      owner_id: uuidIn(bob.id),
      claim_type: 'ASSIGNED',
      pool_id: null,
    })
    expect((await historyOf(bob, id)).at(-1)).toMatchObject({ reason: 'ASSIGN', by: { id: chief.id } })
    expect(codes(await call(chief, 'assignFromPool', { ...given, userId: ann.id }))).toEqual([['ALREADY_CLAIMED']])
  })

  it('wants an active user of the company', async () => {
    const poolId = await pool()
    const gone = (await make(test.acme, 'User', { status: 'SUSPENDED' })).id
    const ids = [await one(poolId)]
    expect((await call(chief, 'assignFromPool', { poolId, ids, userId: gone })).userErrors).toMatchObject([
      { code: 'USER_INACTIVE', field: ['userId'] },
    ])
    expect(
      (await call(chief, 'assignFromPool', { poolId, ids, userId: test.globex.adminUserId })).userErrors,
    ).toMatchObject([{ code: 'NOT_FOUND', field: ['userId'] }])
  })

  it('over the owner takes the right to transfer: nobody claims by an update', async () => {
    const poolId = await pool({ dailyLimitPerUser: 0 })
    const id = await one(poolId)
    const UPDATE =
      'mutation($id: ID!, $to: ID!) { updateAccount(id: $id, input: { ownerId: $to }) { account { pool { id } } userErrors { code } } }'
    const refused = await ann.run<Any>(UPDATE, { id, to: ann.id })
    expect(refused.updateAccount.userErrors).toEqual([{ code: 'FORBIDDEN' }])
    // Neither with a share to write it.
    await make(test.acme, 'RecordShare', { recordId: id, userId: ann.id, access: 'WRITE' })
    expect((await ann.run<Any>(UPDATE, { id, to: ann.id })).updateAccount.userErrors).toEqual([{ code: 'FORBIDDEN' }])
    expect((await test.acme.run<Any>(UPDATE, { id, to: bob.id })).updateAccount).toEqual({
      account: { pool: null },
      userErrors: [],
    })
    expect((await historyOf(bob, id)).at(-1)).toMatchObject({
      reason: 'TRANSFER',
      fromPool: { id: poolId },
      toOwner: { id: bob.id },
    })
  })
})

describe('leads', () => {
  it('are claimed, assigned and released as customers are', async () => {
    const poolId = await pool({ object: 'LEAD' })
    const { id } = await make(test.acme, 'Lead', { poolId, fullName: '王小明' })
    expect(codes(await claim(ann, poolId, [id]))).toEqual([[]])
    const read = async (who: Person) =>
      (
        await who.run<Any>(
          'query($id: ID!) { lead(id: $id) { owner { id } assignedAt claimType ownershipRecords { nodes { reason objectType } } } }',
          {
            id,
          },
        )
      ).lead
    expect(await read(ann)).toEqual({
      owner: { id: ann.id },
      assignedAt: expect.any(String),
      claimType: 'CLAIMED',
      ownershipRecords: {
        nodes: [{ reason: 'CLAIM', objectType: 'LEAD' }],
      },
    })
    expect(codes(await call(ann, 'releaseToPool', { ids: [id], poolId, reason: '空号' }))).toEqual([[]])
    expect(await read(bob)).toMatchObject({ owner: null, assignedAt: null, claimType: null })
  })
})

async function viewerOf(who: Person): Promise<Viewer> {
  const tenantId = uuidIn(test.acme.id)
  return (await test.app.tenancy.readTenant({ tenantId }, (db) => viewerOfUser(db, tenantId, uuidIn(who.id)))) as Viewer
}
