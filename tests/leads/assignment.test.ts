import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { parseMapping } from '../../src/jobs/import/mapping.ts'
import { runImport } from '../../src/jobs/import/run.ts'
import { jobViewer } from '../../src/resolvers/identity/createTenant.ts'
import { type Candidate, type Cursor, nextTurn, type TurnStrategy } from '../../src/resolvers/leads/assignment/turns.ts'
import { fileOf } from '../import/files.ts'
import { type Any, asking, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

jest.setTimeout(300_000)

let test: TestApp
let acme: Company
/** A program of the company without a user. */
let program: Pick<Company, 'run' | 'ask'>
let rep: Person
let manager: Person
beforeAll(async () => {
  asking.twice = false
  test = await testApp({ poolSize: 10 })
  acme = test.acme
  program = await programOf(acme)
  rep = await person(test, acme, 'rep')
  manager = await person(test, acme, 'manager')
})
afterAll(async () => {
  asking.twice = true
  await test?.close()
})

async function programOf(company: Company): Promise<Pick<Company, 'run' | 'ask'>> {
  const { roles } = await company.run<Any>('{ roles(where: { key: { eq: "admin" } }) { nodes { id } } }')
  const { createApiKey } = await company.run<Any>(
    'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { key userErrors { code field } } }',
    { input: { name: 'website', roleId: roles.nodes[0].id } },
  )
  expect(createApiKey.userErrors).toEqual([])
  return callers(test.app, createApiKey.key)
}

let count = 0
const user = async (more: Record<string, unknown> = {}): Promise<string> => {
  const { roles } = await acme.run<Any>('{ roles(where: { key: { eq: "rep" } }) { nodes { id } } }')
  const input = { roleId: roles.nodes[0].id, email: `c${++count}@acme.example`, status: 'ACTIVE' }
  return (await make(acme, 'User', { ...input, outOfOfficeFrom: null, outOfOfficeTo: null, ...more })).id
}

const RULE = `mutation($input: CreateAssignmentRuleInput!) { createAssignmentRule(input: $input) {
  assignmentRule { id } userErrors { code field message details }
} }`
const tryRule = async (input: Record<string, unknown>, company: Company = acme) =>
  (await company.run<Any>(RULE, { input: { object: 'LEAD', name: 'rule', ...input } })).createAssignmentRule
/** A rule for leads of one line of business, so that the tests keep out of each other's way. */
async function rule(
  industry: string,
  input: Record<string, unknown>,
  users: (string | Record<string, unknown>)[] = [],
) {
  const candidates = users.map((one) => (typeof one === 'string' ? { userId: one } : one))
  const { assignmentRule, userErrors } = await tryRule({
    condition: { industry: { eq: industry } },
    candidates,
    ...input,
  })
  expect(userErrors).toEqual([])
  return assignmentRule.id as string
}

const CREATE = `mutation($input: CreateLeadInput!) { createLead(input: $input) { lead { id status assignedAt owner { id } } userErrors { code field } } }`
const lead = async (industry: string, call: Pick<Company, 'run'> = program, more: Record<string, unknown> = {}) => {
  const { createLead } = await call.run<Any>(CREATE, { input: { fullName: '王伟', industry, ...more } })
  expect(createLead.userErrors).toEqual([])
  // What is answered is read behind the write: the owner is there already.
  return createLead.lead as { id: string; status: string; assignedAt: string | null; owner: { id: string } | null }
}
const ASSIGN = `mutation($object: AssignmentObject!, $ids: [ID!]!, $ruleId: ID) { assignRecords(object: $object, ids: $ids, ruleId: $ruleId) {
  results { record { id ... on Lead { owner { id } } } outcome ownerId ruleId userErrors { code field } } userErrors { code field details }
} }`
const assign = async (variables: Record<string, unknown>, call: Pick<Company, 'run'> = acme) =>
  (await call.run<Any>(ASSIGN, { object: 'LEAD', ...variables })).assignRecords

const tally = (owners: (string | undefined)[]) => {
  const counts = new Map<string | undefined, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return counts
}

describe('a turn', () => {
  const candidates = (...more: Partial<Candidate>[]): Candidate[] =>
    more.map((one, place) => ({
      id: `${place}`,
      userId: 'ABCDEF'[place] as string,
      weight: 1,
      open: 0,
      room: 99,
      ...one,
    }))
  const turns = (
    strategy: TurnStrategy,
    people: Candidate[],
    many: number,
    cursor: Cursor = { last: null, credits: {} },
  ) => Array.from({ length: many }, () => nextTurn(strategy, people, cursor)?.userId ?? '-').join('')

  it('goes round, from behind the last one, also when that one is gone', () => {
    expect(turns('ROUND_ROBIN', candidates({}, {}, {}), 7)).toBe('ABCABCA')
    expect(turns('ROUND_ROBIN', candidates({}, {}, {}), 3, { last: '0x', credits: {} })).toBe('BCA')
    expect(turns('ROUND_ROBIN', [], 2)).toBe('--')
  })

  it('passes over who has no room and says when nobody has', () => {
    expect(turns('ROUND_ROBIN', candidates({ room: 1 }, {}, { room: 0 }), 4)).toBe('ABBB')
    expect(turns('WEIGHTED', candidates({ room: 1, weight: 9 }, { room: 2 }), 4)).toBe('ABB-')
  })

  it('spreads weights smoothly', () => {
    expect(turns('WEIGHTED', candidates({ weight: 3 }, { weight: 1 }), 8)).toBe('AABAAABA')
    expect(turns('WEIGHTED', candidates({ weight: 5 }, { weight: 1 }, { weight: 1 }), 7)).toBe('AABACAA')
  })

  it('evens out what people have', () => {
    expect(turns('LOAD_BALANCED', candidates({ open: 3 }, { open: 1 }, { open: 2 }), 6)).toBe('BCBCAB')
  })
})

describe('an assignment rule', () => {
  it('takes a condition that the API would take as a where, and says where another is wrong', async () => {
    const wrong = async (condition: unknown) => {
      const { userErrors } = await tryRule({ condition })
      return userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
    }
    expect(await wrong('{ no object')).toEqual(['VALIDATION_FAILED input.condition'])
    expect(await wrong({ tenantId: { eq: 'x' } })).toEqual(['VALIDATION_FAILED input.condition'])
    expect(await wrong({ employees: { gte: 'many' } })).toEqual(['VALIDATION_FAILED input.condition.employees.gte'])
    expect(await wrong({ status: { in: ['NEW', 'SOLD'] } })).toEqual(['VALIDATION_FAILED input.condition.status.in.1'])
    expect(await wrong({ industry: { eq: null } })).toEqual(['VALIDATION_FAILED input.condition.industry.eq'])
    expect(await wrong({ createdAt: { gt: 'yesterday' } })).toEqual(['VALIDATION_FAILED input.condition.createdAt.gt'])
    const ok = { or: [{ source: { is: { key: { eq: 'web' } } } }, { not: { employees: { lt: 5 } } }] }
    expect(await wrong(ok)).toEqual([])
    await acme.run('mutation { deleteAssignmentRules(input: []) { userErrors { code } } }')
    // That one fits nearly everything; it must not stand in the other tests' way.
    const { assignmentRules } = await acme.run<Any>('{ assignmentRules { nodes { id } } }')
    for (const { id } of assignmentRules.nodes)
      await acme.run('mutation($id: ID!) { deleteAssignmentRule(id: $id) { userErrors { code } } }', { id })
  })

  it('names a pool of its object, in use, when its strategy is POOL', async () => {
    const wrong = async (input: Record<string, unknown>) =>
      (await tryRule(input)).userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
    const pool = async (more: Record<string, unknown>) => (await make(acme, 'Pool', { enabled: true, ...more })).id
    const strategy = 'POOL'
    expect(await wrong({ strategy })).toEqual(['VALIDATION_FAILED input.poolId'])
    expect(await wrong({ strategy, poolId: await pool({ object: 'ACCOUNT' }) })).toEqual([
      'NO_POOL_FOR_RECORD input.poolId',
    ])
    expect(await wrong({ strategy, poolId: await pool({ object: 'LEAD', enabled: false }) })).toEqual([
      'POOL_DISABLED input.poolId',
    ])
    const { id: foreign } = await make(test.globex, 'Pool')
    expect(await wrong({ strategy, poolId: foreign })).toEqual(['NOT_FOUND input.poolId'])
    const poolId = await pool({ object: 'LEAD' })
    const { assignmentRule } = await tryRule({ strategy, poolId, condition: { industry: { eq: 'none such' } } })
    const change = async (input: Record<string, unknown>) => {
      const { updateAssignmentRule } = await acme.run<Any>(
        'mutation($id: ID!, $input: UpdateAssignmentRuleInput!) { updateAssignmentRule(id: $id, input: $input) { userErrors { code field } } }',
        { id: assignmentRule.id, input },
      )
      return updateAssignmentRule.userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
    }
    expect(await change({ poolId: null })).toEqual(['VALIDATION_FAILED input.poolId'])
    expect(await change({ strategy: 'MANUAL', poolId: null })).toEqual([])
    expect(await change({ strategy: 'POOL' })).toEqual(['VALIDATION_FAILED input.poolId'])
  })

  it('is a setting: only administrators see it', async () => {
    for (const someone of [rep, manager])
      expect((await someone.ask('{ assignmentRules { nodes { id } } }')).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

/** A pool without limits. */
const FREELY = { previousOwnerCooldownHours: null, newDataCooldownHours: null, dailyLimitPerUser: null, maxBatch: 100 }

describe('a rule of the strategy POOL', () => {
  it('puts what fits into its pool, with the reason in the history; while that is switched off it stays', async () => {
    const { id: poolId } = await make(acme, 'Pool', { object: 'LEAD', enabled: true, ...FREELY })
    await make(acme, 'Pool', { object: 'LEAD', enabled: true })
    const ruleId = await rule('pooled', { strategy: 'POOL', poolId })
    const made = await lead('pooled')
    const owned = await lead('pooled', acme)
    const assign = `mutation($ids: [ID!]!) { assignRecords(object: LEAD, ids: $ids) { results { outcome ownerId ruleId userErrors { code } } } }`
    expect((await acme.run<Any>(assign, { ids: [owned.id] })).assignRecords.results).toEqual([
      { outcome: 'POOLED', ownerId: null, ruleId, userErrors: [] },
    ])
    const read = async (id: string) =>
      (
        await acme.run<Any>(
          'query($id: ID!) { lead(id: $id) { owner { id } pool { id } ownershipRecords { nodes { reason toPool { id } } } } }',
          { id },
        )
      ).lead
    const history = { nodes: [{ reason: 'ASSIGN', toPool: { id: poolId } }] }
    for (const one of [made, owned])
      expect(await read(one.id)).toEqual({ owner: null, pool: { id: poolId }, ownershipRecords: history })
    // What lies in a pool already stays there.
    expect((await acme.run<Any>(assign, { ids: [made.id] })).assignRecords.results[0].outcome).toBe('NO_CANDIDATE')
    const { claimFromPool } = await acme.run<Any>(
      'mutation($pool: ID!, $ids: [ID!]!) { claimFromPool(poolId: $pool, ids: $ids) { results { userErrors { code } } } }',
      { pool: poolId, ids: [made.id, owned.id] },
    )
    expect(claimFromPool.results).toEqual([{ userErrors: [] }, { userErrors: [] }])
    const { updatePool } = await acme.run<Any>(
      'mutation($id: ID!) { updatePool(id: $id, input: { enabled: false }) { userErrors { code } } }',
      { id: poolId },
    )
    expect(updatePool.userErrors).toEqual([])
    const { id: late } = await lead('pooled')
    expect(await read(late)).toEqual({ owner: null, pool: null, ownershipRecords: { nodes: [] } })
    expect((await acme.run<Any>(assign, { ids: [owned.id] })).assignRecords.results[0].outcome).toBe('NO_CANDIDATE')
    expect((await read(owned.id)).owner).toEqual({ id: acme.adminUserId })
  })
})

describe('a new lead without an owner', () => {
  it('gets the next one when a program without a user makes it, and is ASSIGNED from now on', async () => {
    const [first, second] = [await user(), await user()]
    await rule('round', {}, [first, second])
    const leads = []
    for (let turn = 0; turn < 5; turn++) leads.push(await lead('round'))
    expect(leads.map(({ owner }) => owner?.id)).toEqual([first, second, first, second, first])
    expect(leads.every(({ status, assignedAt }) => status === 'ASSIGNED' && assignedAt)).toBe(true)
  })

  it('is left alone when somebody is there, when it has an owner, and when no rule fits', async () => {
    const one = await user()
    await rule('alone', {}, [one])
    expect((await lead('alone', acme)).owner?.id).toBe(acme.adminUserId)
    expect((await lead('alone', acme, { ownerId: null })).owner).toBeNull()
    expect((await lead('alone', program, { ownerId: rep.id })).owner?.id).toBe(rep.id)
    expect((await lead('no such')).owner).toBeNull()
    expect((await lead('alone', program, { status: 'CONVERTED' })).owner).toBeNull()
  })

  it('goes by the first rule, by priority, whose condition it fits; MANUAL leaves it', async () => {
    const [big, small] = [await user(), await user()]
    const both = { industry: { eq: 'ranked' } }
    await rule('ranked', { priority: 20 }, [small])
    await rule('ranked', { priority: 10, condition: { ...both, employees: { gte: 100 } } }, [big])
    await rule('ranked', {
      priority: 5,
      strategy: 'MANUAL',
      condition: { ...both, rating: { eq: 'HOT' } },
    })
    expect((await lead('ranked', program, { employees: 500 })).owner?.id).toBe(big)
    expect((await lead('ranked', program, { employees: 5 })).owner?.id).toBe(small)
    const hot = await lead('ranked', program, { rating: 'HOT', employees: 500 })
    expect(hot).toMatchObject({ owner: null, status: 'NEW' })
  })

  it('passes over who is inactive, out of office, switched off, at their cap or at their quota; nobody left leaves it as it is', async () => {
    const away = await user({ outOfOfficeFrom: '2020-01-01T00:00:00Z' })
    const [left, off, capped, limited] = [await user({ status: 'SUSPENDED' }), await user(), await user(), await user()]
    await make(acme, 'OwnerQuota', { object: 'Lead', limit: 2, userId: limited })
    await rule('passed', {}, [away, left, { userId: off, active: false }, { userId: capped, openLimit: 1 }, limited])
    const owners = []
    for (let turn = 0; turn < 4; turn++) owners.push((await lead('passed')).owner?.id)
    expect(owners).toEqual([capped, limited, limited, undefined])
    const { id } = await lead('passed')
    expect((await assign({ ids: [id] })).results).toMatchObject([
      { outcome: 'NO_CANDIDATE', ownerId: null, record: { id, owner: null }, userErrors: [] },
    ])
  })

  it('counts open records alone: what is converted or given up loads nobody', async () => {
    const [busy, free] = [await user(), await user()]
    await rule('load', { strategy: 'LOAD_BALANCED' }, [busy, free])
    for (let one = 0; one < 3; one++) await lead('load', acme, { ownerId: free, status: 'UNQUALIFIED' })
    for (let one = 0; one < 2; one++) await lead('load', acme, { ownerId: busy })
    const owners = []
    for (let turn = 0; turn < 4; turn++) owners.push((await lead('load')).owner?.id)
    expect(tally(owners)).toEqual(
      new Map([
        [free, 3],
        [busy, 1],
      ]),
    )
  })

  it('goes by weight', async () => {
    const [heavy, light] = [await user(), await user()]
    await rule('weight', { strategy: 'WEIGHTED' }, [
      { userId: heavy, weight: 3 },
      { userId: light, weight: 1 },
    ])
    const owners = []
    for (let turn = 0; turn < 8; turn++) owners.push((await lead('weight')).owner?.id)
    expect(tally(owners)).toEqual(
      new Map([
        [heavy, 6],
        [light, 2],
      ]),
    )
  })

  it('is shared out exactly among four when a hundred come at once', async () => {
    const four = [await user(), await user(), await user(), await user()]
    await rule('crowd', {}, four)
    // A busy machine may find no connection in time for all of them; such an answer says to try again, and nothing was written.
    const once = async (): Promise<Any> => {
      const answer = await program.ask<Any>(CREATE, { input: { fullName: '王伟', industry: 'crowd' } })
      return answer.status === 503 ? once() : answer.data.createLead.lead
    }
    const leads = await Promise.all(Array.from({ length: 100 }, once))
    expect(tally(leads.map(({ owner }) => owner?.id))).toEqual(new Map(four.map((id) => [id, 25])))
  })

  it('comes from an import that asks for it, and stays without an owner in one that does not', async () => {
    const [first, second] = [await user(), await user()]
    await rule('import', {}, [first, second])
    const viewer = jobViewer({ id: uuidIn(acme.id), timezone: 'UTC', baseCurrency: 'USD', defaultCountry: 'CN' })
    const load = (more: object) =>
      runImport({
        tenancy: test.app.tenancy,
        viewer,
        mapping: parseMapping({
          type: 'Lead',
          columns: { name: 'fullName' },
          constants: { industry: 'import' },
          ...more,
        }),
        file: fileOf('name\n李娜\n王芳\n张伟\n刘洋\n'),
        mode: 'create',
      })
    const owners = async () =>
      (
        await acme.run<Any>('{ leads(where: { industry: { eq: "import" } }) { nodes { owner { id } } } }')
      ).leads.nodes.map(({ owner }: Any) => owner?.id)
    expect(await load({})).toMatchObject({ created: 4 })
    expect(await owners()).toEqual([undefined, undefined, undefined, undefined])
    expect(await load({ assign: true })).toMatchObject({ created: 4 })
    expect(tally(await owners())).toEqual(
      new Map<string | undefined, number>([
        [undefined, 4],
        [first, 2],
        [second, 2],
      ]),
    )
    expect(() => parseMapping({ type: 'Lead', columns: { name: 'fullName' }, assign: 'yes' })).toThrow(/assign/)
  })

  it('is another company’s business there: rules and people of one give out nothing of the other', async () => {
    const website = await programOf(test.globex)
    const { createLead } = await website.run<Any>(CREATE, { input: { fullName: 'Ada', industry: 'round' } })
    expect(createLead).toMatchObject({ lead: { owner: null }, userErrors: [] })
    const { id } = createLead.lead
    const ruleId = await rule('neighbour', {}, [await user()])
    expect((await assign({ ids: [id] })).results).toMatchObject([{ record: null, userErrors: [{ code: 'NOT_FOUND' }] }])
    expect((await assign({ ids: [], ruleId }, website)).userErrors).toMatchObject([
      { code: 'NOT_FOUND', field: ['ruleId'] },
    ])
  })
})

describe('assignRecords', () => {
  it('gives records an owner by the rules or by one of them, also those that have one', async () => {
    const [first, second] = [await user(), await user()]
    const byRule = await rule('verb', { priority: 1 }, [first])
    const other = await rule('verb', { priority: 2, strategy: 'ROUND_ROBIN' }, [second])
    const { id } = await lead('verb', acme)
    expect((await assign({ ids: [id] })).results).toMatchObject([
      { outcome: 'ASSIGNED', ownerId: first, ruleId: byRule, record: { id, owner: { id: first } } },
    ])
    expect((await assign({ ids: [id], ruleId: other })).results).toMatchObject([
      { outcome: 'ASSIGNED', ownerId: second, ruleId: other },
    ])
    const unfit = await lead('unfit', acme)
    expect((await assign({ ids: [unfit.id], ruleId: other })).results).toMatchObject([{ outcome: 'NO_RULE' }])
  })

  it('does accounts, too', async () => {
    const one = await user()
    const { assignmentRule } = await tryRule({
      object: 'ACCOUNT',
      condition: { name: { startsWith: '重庆' } },
      candidates: [{ userId: one }],
    })
    const { id } = await make(acme, 'Account', { name: '重庆长安汽车股份有限公司' })
    const { results } = await assign({ object: 'ACCOUNT', ids: [id] })
    expect(results).toMatchObject([{ outcome: 'ASSIGNED', ownerId: one, ruleId: assignmentRule.id, record: { id } }])
    const { createAccount } = await program.run<Any>(
      'mutation { createAccount(input: { name: "重庆火锅" }) { account { owner { id } } userErrors { code } } }',
    )
    expect(createAccount).toMatchObject({ account: { owner: { id: one } }, userErrors: [] })
  })

  it('refuses what the caller may not transfer, converted leads, other rules, and too many; the rest is done', async () => {
    const one = await user()
    const id = await rule('refusals', {}, [one])
    const good = await lead('refusals', acme)
    const sold = await lead('refusals', acme, { status: 'CONVERTED' })
    const { results } = await assign({ ids: [good.id, sold.id, 'lead_nothing', good.id] })
    expect(results[2].userErrors).toEqual([{ code: 'NOT_FOUND', field: ['ids', '2'] }])
    expect(results.map(({ outcome, userErrors }: Any) => [outcome, userErrors.map(({ code }: Any) => code)])).toEqual([
      ['ASSIGNED', []],
      [null, ['INVALID_STATE']],
      [null, ['NOT_FOUND']],
      [null, ['VALIDATION_FAILED']],
    ])
    expect((await rep.ask(ASSIGN, { object: 'LEAD', ids: [good.id] })).errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
      missing: [{ permission: 'Lead.transfer' }],
    })
    // A manager may, what is theirs; a rule that they may not see is none.
    const own = await lead('refusals', manager)
    expect((await assign({ ids: [own.id, good.id] }, manager)).results).toMatchObject([
      { outcome: 'ASSIGNED', ownerId: one },
      { userErrors: [{ code: 'NOT_FOUND' }] },
    ])
    expect((await assign({ ids: [], ruleId: id }, manager)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
    expect((await assign({ object: 'ACCOUNT', ids: [], ruleId: id })).userErrors).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['ruleId'] },
    ])
    expect((await assign({ ids: Array(201).fill(good.id) })).userErrors).toMatchObject([{ code: 'BULK_TOO_LARGE' }])
  })

  it('answers a retry with the same key as it did', async () => {
    const [first, second] = [await user(), await user()]
    await rule('again', {}, [first, second])
    const { id } = await lead('again', acme)
    const send = () => acme.run<Any>(ASSIGN, { object: 'LEAD', ids: [id] }, { 'idempotency-key': 'assign again' })
    const once = await send()
    expect(once.assignRecords.results).toMatchObject([{ outcome: 'ASSIGNED', ownerId: first }])
    expect(await send()).toEqual(once)
  })
})
