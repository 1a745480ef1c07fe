import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
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
beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  ann = await person(test, test.acme, 'rep')
  bob = await person(test, test.acme, 'rep')
  chief = await person(test, test.acme, 'manager')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const pool = (input: Record<string, unknown> = {}) =>
  makePool(test.acme, { members: [ann.id, bob.id], admins: [chief.id], ...input })
const release = (who: Person | TestApp['acme'], ids: string[], more: Record<string, unknown> = {}) =>
  call(who, 'releaseToPool', { ids, reason: 'no answer', ...more })
const userErrors = async (query: string, variables: Record<string, unknown>) => {
  const [payload] = Object.values(await test.acme.run<Any>(query, variables)) as Any[]
  return payload.userErrors
}
const ERRORS = 'userErrors { code field details }'

describe('releasing to a pool', () => {
  it('takes the owner, keeps who it was, whoever did it, and writes the reason down', async () => {
    const poolId = await pool()
    const id = await accountOf(test.acme, ann)
    expect(codes(await release(test.acme, [id], { poolId, reason: '长期未联系' }))).toEqual([[]])
    const { account } = await ann.run<Any>(
      'query($id: ID!) { account(id: $id) { owner { id } previousOwner { id } pool { id } pooledAt claimedAt claimType } }',
      { id },
    )
    expect(account).toEqual({
      owner: null,
      previousOwner: { id: ann.id },
      pool: { id: poolId },
      pooledAt: expect.any(String),
      claimedAt: null,
      claimType: null,
    })
    expect((await historyOf(ann, id)).at(-1)).toEqual({
      objectType: 'ACCOUNT',
      reason: 'RELEASE',
      note: '长期未联系',
      fromOwner: { id: ann.id },
      toOwner: null,
      fromPool: null,
      toPool: { id: poolId },
      by: { id: test.acme.adminUserId },
      rule: null,
    })
  })

  it('is for the owner, and for who may transfer: FORBIDDEN for others, NOT_FOUND for what they do not see', async () => {
    const poolId = await pool()
    const [mine, theirs] = [await accountOf(test.acme, ann), await accountOf(test.acme, bob)]
    await make(test.acme, 'RecordShare', { recordId: theirs, userId: ann.id, access: 'WRITE' })
    const unseen = await accountOf(test.acme, bob)
    const done = await release(ann, [mine, theirs, unseen], { poolId })
    expect(codes(done)).toEqual([[], ['FORBIDDEN'], ['NOT_FOUND']])
    expect(done.results.map((one) => one.userErrors[0]?.field)).toEqual([undefined, ['ids', '1'], ['ids', '2']])
    expect((await rowOf(owner, 'account', theirs)).owner_id).toBe(uuidIn(bob.id))
  })

  it('without a pool goes to the default one of its object, and says so where there is none: NO_POOL_FOR_RECORD', async () => {
    const id = await accountOf(test.acme, ann)
    expect(await release(ann, [id])).toMatchObject({
      results: [],
      userErrors: [{ code: 'NO_POOL_FOR_RECORD', field: ['poolId'] }],
    })
    const poolId = await pool({ isDefault: true })
    expect(codes(await release(ann, [id]))).toEqual([[]])
    expect((await rowOf(owner, 'account', id)).pool_id).toBe(uuidIn(poolId))
    // A default pool of customers takes no leads.
    const lead = (await make(test.acme, 'Lead', { ownerId: ann.id })).id
    expect((await release(ann, [lead])).userErrors).toMatchObject([{ code: 'NO_POOL_FOR_RECORD' }])
    expect((await release(ann, [lead], { poolId })).userErrors).toMatchObject([{ code: 'NO_POOL_FOR_RECORD' }])
    const off = await pool({ enabled: false })
    expect((await release(ann, [id], { poolId: off })).userErrors).toMatchObject([{ code: 'POOL_DISABLED' }])
    expect((await release(ann, [id], { poolId: await makePool(test.globex) })).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ])
  })

  it('wants a reason, ids of one type, and a record that is not there yet', async () => {
    const poolId = await pool()
    const id = await accountOf(test.acme, ann)
    expect((await release(ann, [id], { poolId, reason: '  ' })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['reason'], details: { rule: 'required' } },
    ])
    const lead = (await make(test.acme, 'Lead', { ownerId: ann.id })).id
    expect((await release(ann, [id, lead], { poolId })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['ids'] },
    ])
    await release(ann, [id], { poolId })
    expect(codes(await release(test.acme, [id], { poolId }))).toEqual([['INVALID_STATE']])
    const leads = await pool({ object: 'LEAD' })
    await set(owner, 'lead', lead, { status: 'CONVERTED' })
    expect(codes(await release(ann, [lead], { poolId: leads }))).toEqual([['INVALID_STATE']])
  })

  it('ends a lock, which is its owner’s', async () => {
    const poolId = await pool()
    const id = await accountOf(test.acme, ann)
    await ann.run('mutation($id: ID!) { lockAccount(id: $id) { userErrors { code } } }', { id })
    expect((await rowOf(owner, 'account', id)).status).toBe('LOCKED')
    await release(ann, [id], { poolId })
    expect(await rowOf(owner, 'account', id)).toMatchObject({ status: 'ACTIVE', locked_at: null, locked_by: null })
  })
})

describe('what hangs on a customer', () => {
  it('goes with it into the pool and to who claims it, and comes back whole', async () => {
    const poolId = await pool()
    const id = await accountOf(test.acme, ann)
    const contact = async (ownerId: string, ...accounts: string[]) => {
      const made = await make(test.acme, 'Contact', { ownerId })
      for (const accountId of accounts)
        await make(test.acme, 'AccountContact', { accountId, contactId: made.id, isPrimary: false })
      return made.id as string
    }
    const elsewhere = await accountOf(test.acme, ann)
    const own = await contact(ann.id, id)
    const others = await contact(chief.id, id)
    const shared = await contact(ann.id, id, elsewhere)
    const open = (await make(test.acme, 'Opportunity', { accountId: id, ownerId: ann.id })).id
    const othersDeal = (await make(test.acme, 'Opportunity', { accountId: id, ownerId: chief.id })).id
    const stage = (await rowOf(owner, 'opportunity', open)).stage_id
    const task = async (assigneeId: string, status: string, ...records: string[]) => {
      const made = await make(test.acme, 'Task', { assigneeId, status })
      for (const recordId of records) await make(test.acme, 'TaskLink', { taskId: made.id, recordId })
      return made.id as string
    }
    const todo = await task(ann.id, 'NOT_STARTED', id)
    const done = await task(ann.id, 'DONE', id)
    const both = await task(ann.id, 'IN_PROGRESS', id, elsewhere)
    const owners = async () => ({
      account: (await rowOf(owner, 'account', id)).owner_id,
      own: (await rowOf(owner, 'contact', own)).owner_id,
      ownPool: (await rowOf(owner, 'contact', own)).pool_id,
      others: (await rowOf(owner, 'contact', others)).owner_id,
      shared: (await rowOf(owner, 'contact', shared)).owner_id,
      open: (await rowOf(owner, 'opportunity', open)).owner_id,
      othersDeal: (await rowOf(owner, 'opportunity', othersDeal)).owner_id,
      todo: (await rowOf(owner, 'task', todo)).assignee_id,
      done: (await rowOf(owner, 'task', done)).assignee_id,
      both: (await rowOf(owner, 'task', both)).assignee_id,
    })
    const [a, b, c] = [uuidIn(ann.id), uuidIn(bob.id), uuidIn(chief.id)]
    const before = {
      account: a,
      own: a,
      ownPool: null,
      others: c,
      shared: a,
      open: a,
      othersDeal: c,
      todo: a,
      done: a,
      both: a,
    }
    expect(await owners()).toEqual(before)

    await release(ann, [id], { poolId })
    expect(await owners()).toEqual({ ...before, account: null, own: null, ownPool: uuidIn(poolId) })
    // Another pool takes the people along.
    const second = await pool()
    expect(codes(await call(chief, 'movePool', { ids: [id], toPoolId: second }))).toEqual([[]])
    expect((await owners()).ownPool).toBe(uuidIn(second))

    expect(codes(await call(bob, 'claimFromPool', { poolId: second, ids: [id] }))).toEqual([[]])
    expect(await owners()).toEqual({ ...before, account: b, own: b, open: b, todo: b })
    expect((await rowOf(owner, 'opportunity', open)).stage_id).toBe(stage)

    // And back to who had it first.
    await release(bob, [id], { poolId })
    expect(codes(await call(ann, 'claimFromPool', { poolId, ids: [id] }))).toEqual([[]])
    expect(await owners()).toEqual(before)
  })
})

describe('moving between pools', () => {
  it('is for who rules both, and keeps since when the record has lain there', async () => {
    const [from, to] = [await pool(), await pool()]
    const foreign = await makePool(test.acme)
    const leads = await pool({ object: 'LEAD' })
    const [id, other] = (await pooledAccounts(test.acme, from, 2)) as [string, string]
    await set(owner, 'account', id, { pooled_at: '2026-01-01T00:00:00Z' })
    expect((await call(ann, 'movePool', { ids: [id], toPoolId: to })).userErrors).toMatchObject([
      { code: 'POOL_ACCESS_DENIED', field: ['toPoolId'] },
    ])
    expect((await call(chief, 'movePool', { ids: [id], toPoolId: foreign })).userErrors).toMatchObject([
      { code: 'POOL_ACCESS_DENIED' },
    ])
    expect((await call(chief, 'movePool', { ids: [id], toPoolId: leads })).userErrors).toMatchObject([
      { code: 'NO_POOL_FOR_RECORD' },
    ])
    expect(codes(await call(chief, 'movePool', { ids: [id], toPoolId: to }))).toEqual([[]])
    const row = await rowOf(owner, 'account', id)
    expect([row.pool_id, row.pooled_at.toISOString()]).toEqual([uuidIn(to), '2026-01-01T00:00:00.000Z'])
    const [alien] = (await pooledAccounts(test.acme, foreign, 1)) as [string]
    const owned = await accountOf(test.acme, chief)
    const done = await call(test.acme, 'movePool', { ids: [owned, other], toPoolId: to })
    expect(codes(done)).toEqual([['ALREADY_CLAIMED'], []])
    expect(codes(await call(chief, 'movePool', { ids: [alien], toPoolId: to }))).toEqual([['NOT_FOUND']])
    await test.acme.run(
      'mutation($p: ID!, $u: ID!) { createPoolMember(input: { poolId: $p, userId: $u }) { userErrors { code } } }',
      {
        p: foreign,
        u: chief.id,
      },
    )
    expect(codes(await call(chief, 'movePool', { ids: [alien], toPoolId: to }))).toEqual([['POOL_ACCESS_DENIED']])
    expect((await historyOf(chief, id)).at(-1)).toMatchObject({
      reason: 'MOVE',
      fromPool: { id: from },
      toPool: { id: to },
    })
  })
})

describe('records made straight into a pool', () => {
  const CREATE = `mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id owner { id } pool { id } } ${ERRORS} } }`

  it('have no owner, and take an administrator of a pool that allows it', async () => {
    const poolId = await pool()
    const run = async (who: Person, input: Record<string, unknown>) =>
      (await who.run<Any>(CREATE, { input: { name: 'Imported', ...input } })).createAccount
    expect(await run(chief, { poolId })).toMatchObject({
      account: { owner: null, pool: { id: poolId } },
      userErrors: [],
    })
    expect((await run(ann, { poolId })).userErrors).toMatchObject([
      { code: 'POOL_ACCESS_DENIED', field: ['input', 'poolId'] },
    ])
    expect((await run(chief, { poolId, ownerId: chief.id })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['input', 'ownerId'] },
    ])
    expect((await run(chief, { poolId: await pool({ allowImport: false }) })).userErrors).toMatchObject([
      { code: 'POOL_ACCESS_DENIED' },
    ])
    expect((await run(chief, { poolId: await pool({ enabled: false }) })).userErrors).toMatchObject([
      { code: 'POOL_DISABLED' },
    ])
    expect((await run(chief, { poolId: await pool({ object: 'LEAD' }) })).userErrors).toMatchObject([
      { code: 'NO_POOL_FOR_RECORD' },
    ])
    expect((await run(chief, { poolId: await makePool(test.globex) })).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ])
  })
})

describe('the settings of pools', () => {
  const UPDATE = `mutation($id: ID!, $input: UpdatePoolInput!) { updatePool(id: $id, input: $input) { ${ERRORS} } }`
  const DELETE = `mutation($id: ID!) { deletePool(id: $id) { ${ERRORS} } }`

  it('let none go that holds records, those in the recycle bin among them: POOL_NOT_EMPTY', async () => {
    const poolId = await pool()
    await pool()
    const [first, second] = (await pooledAccounts(test.acme, poolId, 2)) as [string, string]
    const off = { id: poolId, input: { enabled: false } }
    expect(await userErrors(UPDATE, off)).toMatchObject([
      { code: 'POOL_NOT_EMPTY', field: ['input', 'enabled'], details: { count: 2 } },
    ])
    await test.acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: first })
    await call(ann, 'claimFromPool', { poolId, ids: [second] })
    expect(await userErrors(DELETE, { id: poolId })).toMatchObject([{ code: 'POOL_NOT_EMPTY', details: { count: 1 } }])
    await test.acme.run('mutation($id: ID!) { destroyAccount(id: $id) { userErrors { code } } }', { id: first })
    expect(await userErrors(UPDATE, off)).toEqual([])
  })

  it('let the last enabled one of an object stay: LAST_POOL', async () => {
    const { nodes } = (
      await test.globex.run<Any>('{ pools(where: { object: { eq: LEAD }, enabled: { eq: true } }) { nodes { id } } }')
    ).pools
    expect(nodes).toEqual([])
    const run = async (query: string, variables: Record<string, unknown>) =>
      (Object.values(await test.globex.run<Any>(query, variables)) as Any[])[0].userErrors
    const [one, two] = [
      await makePool(test.globex, { object: 'LEAD', isDefault: true }),
      await makePool(test.globex, { object: 'LEAD' }),
    ]
    expect(await run(DELETE, { id: two })).toEqual([])
    expect(await run(DELETE, { id: one })).toMatchObject([{ code: 'LAST_POOL', field: ['id'] }])
    expect(await run(UPDATE, { id: one, input: { enabled: false } })).toMatchObject([
      { code: 'LAST_POOL', field: ['input', 'enabled'] },
    ])
  })

  it('have one default of an object, which is in use', async () => {
    const [one, two] = [
      await pool({ object: 'LEAD', isDefault: true }),
      await pool({ object: 'LEAD', isDefault: true }),
    ]
    const { pools } = await test.acme.run<Any>(
      '{ pools(where: { object: { eq: LEAD }, isDefault: { eq: true } }) { nodes { id } } }',
    )
    expect(pools.nodes).toEqual([{ id: two }])
    expect(await userErrors(UPDATE, { id: two, input: { enabled: false } })).toMatchObject([{ code: 'INVALID_STATE' }])
    expect(await userErrors(UPDATE, { id: one, input: { isDefault: true, enabled: false } })).toMatchObject([
      { code: 'INVALID_STATE' },
    ])
  })

  it('keep back only fields that its records have and that can be kept back', async () => {
    const poolId = await pool()
    const hide = (hiddenFields: string[]) => userErrors(UPDATE, { id: poolId, input: { hiddenFields } })
    expect(await hide(['phone', 'Contact.email'])).toEqual([])
    for (const name of ['phones', 'ownerId', 'id', 'Lead.phone', 'User.email', 'Contact.email.x', 'currency'])
      expect([name, await hide(['phone', name])]).toMatchObject([
        name,
        [{ code: 'VALIDATION_FAILED', field: ['input', 'hiddenFields', '1'] }],
      ])
  })

  it('take one of user and department as a member, each once', async () => {
    const poolId = await pool()
    const CREATE = `mutation($input: CreatePoolMemberInput!) { createPoolMember(input: $input) { ${ERRORS} } }`
    const departmentId = (await make(test.acme, 'Department', { parentId: null, headId: null })).id
    expect(await userErrors(CREATE, { input: { poolId } })).toMatchObject([{ code: 'VALIDATION_FAILED' }])
    expect(await userErrors(CREATE, { input: { poolId, departmentId, userId: chief.id } })).toMatchObject([
      { code: 'VALIDATION_FAILED' },
    ])
    expect(await userErrors(CREATE, { input: { poolId, userId: ann.id } })).toMatchObject([
      { code: 'UNIQUE_VIOLATION' },
    ])
  })

  it('are made with members and rules in one call', async () => {
    const { createPool } = await test.acme.run<Any>(
      `mutation($input: CreatePoolInput!) { createPool(input: $input) { pool { members { nodes { role } } rules { nodes { days calendar } } } ${ERRORS} } }`,
      {
        input: {
          object: 'ACCOUNT',
          name: 'East',
          members: [{ userId: ann.id }, { userId: chief.id, role: 'ADMIN' }],
          rules: [{ basis: 'NO_FOLLOW_UP', days: 30, calendar: 'WORKING' }],
        },
      },
    )
    expect(createPool).toEqual({
      pool: {
        members: { nodes: [{ role: 'MEMBER' }, { role: 'ADMIN' }] },
        rules: { nodes: [{ days: 30, calendar: 'WORKING' }] },
      },
      userErrors: [],
    })
  })

  it('are read by all and written by the administrator', async () => {
    const poolId = await pool()
    const { pool: read } = await ann.run<Any>(
      'query($id: ID!) { pool(id: $id) { id members { nodes { user { id } role } } } }',
      { id: poolId },
    )
    expect(read.members.nodes).toHaveLength(3)
    const answer = await ann.ask(
      'mutation($id: ID!) { updatePool(id: $id, input: { dailyLimitPerUser: 999 }) { userErrors { code } } }',
      { id: poolId },
    )
    expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('locks', () => {
  const LOCK = `mutation($id: ID!) { lockAccount(id: $id) { account { status lockedAt lockedBy { id } } changed ${ERRORS} } }`
  const UNLOCK = `mutation($id: ID!) { unlockAccount(id: $id) { account { status lockedAt } changed ${ERRORS} } }`

  it('are set and ended by their verbs alone', async () => {
    const id = await accountOf(test.acme, ann)
    expect((await ann.run<Any>(LOCK, { id })).lockAccount).toEqual({
      account: { status: 'LOCKED', lockedAt: expect.any(String), lockedBy: { id: ann.id } },
      changed: true,
      userErrors: [],
    })
    expect((await ann.run<Any>(LOCK, { id })).lockAccount).toMatchObject({ changed: false })
    const UPDATE = `mutation($id: ID!, $status: AccountStatus!) { updateAccount(id: $id, input: { status: $status, rating: "A" }) { ${ERRORS} } }`
    expect((await ann.run<Any>(UPDATE, { id, status: 'ACTIVE' })).updateAccount.userErrors).toMatchObject([
      { code: 'INVALID_STATE', field: ['input', 'status'] },
    ])
    expect((await ann.run<Any>(UPDATE, { id, status: 'LOCKED' })).updateAccount.userErrors).toEqual([])
    expect((await ann.run<Any>(UNLOCK, { id })).unlockAccount).toMatchObject({
      account: { status: 'ACTIVE', lockedAt: null },
      changed: true,
    })
    expect((await ann.run<Any>(UPDATE, { id, status: 'LOCKED' })).updateAccount.userErrors).toMatchObject([
      { code: 'INVALID_STATE' },
    ])
  })

  it('are refused for won customers, for those of nobody, for others’, and beyond the quota', async () => {
    const eve = await person(test, test.acme, 'rep')
    await make(test.acme, 'OwnerQuota', {
      object: 'Account',
      limit: 100,
      lockLimit: 1,
      excludeWon: false,
      userId: eve.id,
    })
    const lock = async (who: Person, id: string) => (await who.run<Any>(LOCK, { id })).lockAccount.userErrors
    const [won, first, second] = [
      await accountOf(test.acme, eve),
      await accountOf(test.acme, eve),
      await accountOf(test.acme, eve),
    ]
    await set(owner, 'account', won, { deal_status: 'WON' })
    expect(await lock(eve, won)).toMatchObject([{ code: 'ALREADY_WON', field: ['id'] }])
    expect(await lock(eve, first)).toEqual([])
    expect(await lock(eve, second)).toEqual([
      { code: 'LOCK_QUOTA_EXCEEDED', field: ['id'], details: { limit: 1, current: 1, requested: 1 } },
    ])
    expect(await lock(ann, second)).toMatchObject([{ code: 'NOT_FOUND' }])
    const poolId = await pool()
    const [pooled] = (await pooledAccounts(test.acme, poolId, 1)) as [string]
    expect((await test.acme.run<Any>(LOCK, { id: pooled })).lockAccount.userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { from: 'POOLED', to: 'LOCKED' } },
    ])
    // One won afterwards makes room.
    await set(owner, 'account', first, { deal_status: 'WON' })
    expect(await lock(eve, second)).toEqual([])
  })

  it('are for quotas of customers alone', async () => {
    const errors = await userErrors(
      `mutation($input: CreateOwnerQuotaInput!) { createOwnerQuota(input: $input) { ${ERRORS} } }`,
      {
        input: { object: 'Lead', limit: 5, lockLimit: 2, excludeWon: true, userId: bob.id },
      },
    )
    expect(errors.map((one: Any) => one.field)).toEqual([
      ['input', 'excludeWon'],
      ['input', 'lockLimit'],
    ])
  })
})

describe('the history of owners', () => {
  it('is written by the database whatever changes an owner: a create, an update, a transfer, a hand-over', async () => {
    const id = await accountOf(test.acme, ann)
    await test.acme.run(
      'mutation($id: ID!, $to: ID) { updateAccount(id: $id, input: { ownerId: $to }) { userErrors { code } } }',
      { id, to: bob.id },
    )
    await test.acme.run(
      'mutation($id: ID!, $to: ID!) { transferAccount(id: $id, toUserId: $to) { userErrors { code } } }',
      { id, to: ann.id },
    )
    await test.acme.run(
      'mutation($id: ID!, $to: ID) { updateAccount(id: $id, input: { ownerId: $to }) { userErrors { code } } }',
      { id, to: null },
    )
    expect(
      (await historyOf(test.acme, id)).map(({ reason, fromOwner, toOwner }) => [
        reason,
        fromOwner?.id ?? null,
        toOwner?.id ?? null,
      ]),
    ).toEqual([
      ['TRANSFER', ann.id, bob.id],
      ['TRANSFER', bob.id, ann.id],
      ['TRANSFER', ann.id, null],
    ])
    expect(await rowOf(owner, 'account', id)).toMatchObject({ previous_owner_id: uuidIn(ann.id), claim_type: null })
  })

  it('is written by no client, and cannot be rewritten by the application', async () => {
    const id = await accountOf(test.acme, ann)
    const tenantId = uuidIn(test.acme.id)
    await expect(
      test.app.tenancy.writeTenant({ tenantId }, (db) =>
        db.rows({
          text: `UPDATE ownership_record SET reason = 'CLAIM' WHERE tenant_id = $1 AND account_id = $2`,
          values: [tenantId, uuidIn(id)],
        }),
      ),
    ).rejects.toThrow()
    await expect(
      test.app.tenancy.writeTenant({ tenantId }, (db) =>
        db.rows({
          text: 'UPDATE account SET pool_id = (SELECT id FROM pool WHERE tenant_id = $1 LIMIT 1) WHERE tenant_id = $1 AND id = $2',
          values: [tenantId, uuidIn(id)],
        }),
      ),
    ).rejects.toThrow()
  })
})
