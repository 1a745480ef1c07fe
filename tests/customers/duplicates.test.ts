import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createApp } from '../../src/app.ts'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { type Any, type Company, callers, type TestApp, testApp } from '../support/app.ts'
import { merged, undo } from '../support/merge.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let rep: Person
let other: Person
let manager: Person

beforeAll(async () => {
  test = await testApp({}, { duplicates: true })
  acme = test.acme
  rep = await person(test, acme, 'rep', { name: 'Rep One' })
  other = await person(test, acme, 'rep', { name: 'Rep Two' })
  manager = await person(test, acme, 'manager')
})
afterAll(() => test?.close())

type Caller = Pick<Company, 'run'>
const ERRORS = 'userErrors { code field message details }'

/** Makes a record and gives the payload. */
const create = async (as: Caller, type: string, input: unknown, allowDuplicate?: boolean): Promise<Any> => {
  const { made } = await as.run(
    `mutation($input: Create${type}Input!, $allow: Boolean) { made: create${type}(input: $input, allowDuplicate: $allow) { record: ${type.toLowerCase()} { id version } ${ERRORS} } }`,
    { input, allow: allowDuplicate ?? null },
  )
  return made
}
const update = async (as: Caller, type: string, id: string, input: unknown, allowDuplicate?: boolean): Promise<Any> => {
  const { done } = await as.run(
    `mutation($id: ID!, $input: Update${type}Input!, $allow: Boolean) { done: update${type}(id: $id, input: $input, allowDuplicate: $allow) { record: ${type.toLowerCase()} { id version } ${ERRORS} } }`,
    { id, input, allow: allowDuplicate ?? null },
  )
  return done
}
const idOf = (payload: Any): string => {
  if (!payload.record) throw new Error(JSON.stringify(payload.userErrors))
  return payload.record.id
}
const codes = ({ userErrors }: Any) => userErrors.map(({ code }: Any) => code)
const matches = ({ userErrors }: Any) => userErrors[0]?.details.matches
const look = async (as: Caller, object: string, input: unknown, id?: string): Promise<Any> => {
  const { checkDuplicates } = await as.run(
    `query($object: String!, $input: JSON!, $id: ID) { checkDuplicates(object: $object, input: $input, recordId: $id) { matches { score match { id object name owner { id name } poolId masked } } canOverride ruleId ${ERRORS} } }`,
    { object, input, id: id ?? null },
  )
  return checkDuplicates
}

/** The rule that a company began with, changed for as long as `work` lasts. */
async function withRule(object: string, input: unknown, work: () => Promise<void>): Promise<void> {
  const { duplicateRules } = await acme.run(
    'query($object: String!) { duplicateRules(where: { object: { eq: $object } }) { nodes { id action active scope } } }',
    { object },
  )
  const { id, action, active, scope } = duplicateRules.nodes[0]
  const set = (changes: unknown) =>
    acme.run(
      'mutation($id: ID!, $input: UpdateDuplicateRuleInput!) { updateDuplicateRule(id: $id, input: $input) { userErrors { code message } } }',
      { id, input: changes },
    )
  await set(input)
  try {
    await work()
  } finally {
    await set({ action, active, scope })
  }
}

describe('a company begins', () => {
  it('with one rule for each type, which warns', async () => {
    const { duplicateRules } = await acme.run(
      '{ duplicateRules(orderBy: [{ field: OBJECT }]) { nodes { object action active scope threshold matchers { field method weight } } } }',
    )
    expect(duplicateRules.nodes.map((one: Any) => [one.object, one.action, one.active, one.scope])).toEqual([
      ['Account', 'WARN', true, 'ALL'],
      ['Contact', 'WARN', true, 'ALL'],
      ['Lead', 'WARN', true, 'ALL'],
    ])
    expect(duplicateRules.nodes[0].matchers[0]).toEqual({ field: 'name', method: 'FUZZY', weight: '12' })
  })

  it('and lets only its administrator change them', async () => {
    const answer = await rep.ask('{ duplicateRules { nodes { id } } }')
    expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('a new record that looks like one that exists', () => {
  it.each([
    ['Account', { name: 'Harbour Lights Ltd.' }, { name: 'HARBOUR LIGHTS Limited' }],
    ['Account', { name: '深圳市蓝海科技有限公司' }, { name: '深圳市蓝海科技股份有限公司' }],
    ['Account', { name: '重庆明珠（贸易）有限公司' }, { name: '重庆明珠(贸易)有限责任公司' }],
    ['Account', { name: 'Müller Söhne GmbH' }, { name: 'Mueller Soehne' }],
    ['Account', { name: 'O’Neil Brothers Inc' }, { name: 'ONeil Brothers, Inc.' }],
    ['Account', { name: 'Ｑｕｉｅｔ　Ｗａｔｅｒ　Ｃｏ．' }, { name: 'Quiet Water' }],
    [
      'Account',
      { name: 'First name', taxNo: '91500000-MA5U-1234' },
      { name: 'Another altogether', taxNo: '91500000ma5u1234' },
    ],
    [
      'Contact',
      { lastName: '王', firstName: '伟明', mobile: '+86 138 0013 8001' },
      { lastName: '王伟明', mobile: '+8613800138001' },
    ],
    [
      'Contact',
      { lastName: 'Byron', firstName: 'Ada', email: 'ada@engines.example' },
      { lastName: 'King', email: 'ADA+news@engines.example' },
    ],
    [
      'Contact',
      { lastName: 'Nguyen', firstName: 'Van An', birthday: '1980-04-03' },
      { lastName: 'Van An', firstName: 'Nguyen', birthday: '1980-04-03' },
    ],
    ['Lead', { fullName: '李小龙', companyName: '龙门影业有限公司' }, { fullName: '李小龙', companyName: '龍門影業' }],
    [
      'Lead',
      { fullName: 'Grace Hopper', phone: '+12025550199' },
      { fullName: 'Hopper, Grace', phone: '(202) 555-0199' },
    ],
  ])('is refused: %s %j, %j', async (type, first, second) => {
    const id = idOf(await create(acme, type, first))
    const refused = await create(acme, type, second)
    expect(codes(refused)).toEqual(['DUPLICATE_DETECTED'])
    expect(refused.record).toBeNull()
    const { matches: found, canOverride, ruleId } = refused.userErrors[0].details
    expect(found[0]).toMatchObject({ id, object: type, masked: false })
    expect(found[0].score).toBeGreaterThanOrEqual(0.5)
    expect(canOverride).toBe(true)
    expect(ruleId).toMatch(/^dupr_/)
    // Written all the same by who says so.
    expect(codes(await create(acme, type, second, true))).toEqual([])
  })

  it.each([
    ['Account', { name: '第一人民医院' }, { name: '第二人民医院' }],
    ['Account', { name: 'Plant 3' }, { name: 'Plant 4' }],
    [
      'Account',
      { name: 'Corner Grill', billingAddress: { street: '1 Main St', city: 'Lyon' } },
      { name: 'Corner Grill', billingAddress: { street: '9 Rue Basse', city: 'Nice' }, phone: '+33140000001' },
    ],
    ['Contact', { lastName: '张', firstName: '敏' }, { lastName: '张', firstName: '敏' }],
    [
      'Contact',
      {
        lastName: 'Ryan',
        firstName: 'Jack',
        address: { street: '21 Bayly Place', city: 'Cleveland', postalCode: '4163' },
      },
      {
        lastName: 'Ryan',
        firstName: 'Annika',
        address: { street: '21 Bayly Place', city: 'Cleveland', postalCode: '4163' },
      },
    ],
  ])('is none when it is another: %s %j, %j', async (type, first, second) => {
    idOf(await create(acme, type, first))
    expect(codes(await create(acme, type, second))).toEqual([])
  })

  it('is not found in another company', async () => {
    idOf(await create(test.globex, 'Account', { name: 'Neighbour Holdings Ltd', taxNo: 'NEIGHBOUR-77' }))
    expect(codes(await create(acme, 'Account', { name: 'Neighbour Holdings Ltd', taxNo: 'NEIGHBOUR-77' }))).toEqual([])
  })

  it('is found again when it comes back from the recycle bin, and not while it lies there', async () => {
    const id = idOf(await create(acme, 'Account', { name: 'Phoenix Rising Ltd' }))
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id })
    expect((await look(acme, 'Account', { name: 'Phoenix Rising' })).matches).toEqual([])
    await acme.run('mutation($id: ID!) { restoreAccount(id: $id) { userErrors { code } } }', { id })
    expect(matches(await create(acme, 'Account', { name: 'Phoenix Rising' }))[0].id).toBe(id)
    await acme.run('mutation($id: ID!) { destroyAccount(id: $id) { userErrors { code } } }', { id })
    expect(codes(await create(acme, 'Account', { name: 'Phoenix Rising' }))).toEqual([])
  })

  it('is held against the other rows of its call', async () => {
    const rows = [{ name: 'Twin Peaks Ltd' }, { name: 'Lonely Hill' }, { name: 'Twin Peaks GmbH' }]
    const ask = (errorPolicy: string) =>
      acme.run(
        `mutation($input: [CreateAccountInput!]!, $policy: ErrorPolicy) { createAccounts(input: $input, errorPolicy: $policy) { results { account { id } ${ERRORS} } } }`,
        { input: rows, policy: errorPolicy },
      )
    const all = await ask('REJECT_EVERYTHING')
    expect(all.createAccounts.results.map(codes)).toEqual([[], [], ['DUPLICATE_DETECTED']])
    expect(all.createAccounts.results.map(({ account }: Any) => account)).toEqual([null, null, null])
    const some = await ask('REJECT_FAILED_ROWS')
    expect(some.createAccounts.results.map(codes)).toEqual([[], [], ['DUPLICATE_DETECTED']])
    expect(matches(some.createAccounts.results[2])[0]).toMatchObject({
      id: null,
      name: 'Twin Peaks Ltd',
      field: ['input', '0'],
    })
    expect(some.createAccounts.results[0].account.id).toMatch(/^acct_/)
  })
})

describe('a change', () => {
  it('is held against others when it changes what is compared, and only then', async () => {
    const one = idOf(await create(acme, 'Account', { name: 'Silver Birch', phone: '+12025550111' }))
    const two = idOf(await create(acme, 'Account', { name: 'Golden Oak' }))
    const refused = await update(acme, 'Account', two, { name: 'Silver Birch Inc' })
    expect(matches(refused)[0].id).toBe(one)
    expect(codes(await update(acme, 'Account', two, { name: 'Silver Birch Inc' }, true))).toEqual([])
    expect(codes(await update(acme, 'Account', two, { industry: 'Wood' }))).toEqual([])
    expect(codes(await update(acme, 'Account', two, { name: 'Silver Birch Inc' }))).toEqual([])
    expect(codes(await update(acme, 'Account', two, { name: 'Golden Oak' }))).toEqual([])
    // The new name is looked for, the old one no more.
    expect(codes(await create(acme, 'Account', { name: 'Golden Oak Ltd' }))).toEqual(['DUPLICATE_DETECTED'])
  })

  it('of an upsert is no duplicate of its own record, and a new one is', async () => {
    const upsert = async (id: string, input: unknown): Promise<Any> =>
      (
        await acme.run(
          `mutation($by: AccountUniqueKey!, $input: CreateAccountInput!) { upsertAccount(by: $by, input: $input) { created account { id } ${ERRORS} } }`,
          { by: { externalId: { id, source: 'erp' } }, input },
        )
      ).upsertAccount
    expect(await upsert('1', { name: 'Copper Kettle', phone: '+12025550122' })).toMatchObject({ created: true })
    expect(await upsert('1', { name: 'Copper Kettle Ltd', phone: '+12025550123' })).toMatchObject({
      created: false,
      userErrors: [],
    })
    expect(codes(await upsert('2', { name: 'Copper Kettle' }))).toEqual(['DUPLICATE_DETECTED'])
  })
})

describe('who may know and who may override', () => {
  it('hears of a record out of sight that it is there, and no more', async () => {
    const id = idOf(await create(rep, 'Account', { name: 'Hidden Valley Wines', phone: '+12025550133' }))
    const [seen] = matches(await create(rep, 'Account', { name: 'Hidden Valley Wines' }))
    expect(seen).toMatchObject({ id, name: 'Hidden Valley Wines', masked: false })
    expect(seen.owner).toMatchObject({ id: rep.id })
    const refused = await create(other, 'Account', { name: 'Hidden Valley Wines Ltd' })
    expect(matches(refused)).toEqual([
      {
        id: null,
        object: 'Account',
        name: 'H***s',
        owner: null,
        poolId: null,
        score: expect.any(Number),
        masked: true,
      },
    ])
    expect(JSON.stringify(refused)).not.toContain('Valley Wines"')
    expect((matches(refused)[0].score * 10) % 1).toBeCloseTo(0)
    const asked = await look(other, 'Account', { name: 'Hidden Valley Wines Ltd' })
    expect(asked.matches[0].match).toMatchObject({ id: null, name: 'H***s', owner: null, masked: true })
  })

  it('is not told of records out of sight by a rule that looks only at those in sight', () =>
    withRule('Account', { scope: 'VISIBLE' }, async () => {
      idOf(await create(rep, 'Account', { name: 'Quiet Corner Books' }))
      expect(codes(await create(other, 'Account', { name: 'Quiet Corner Books' }))).toEqual([])
      expect(codes(await create(acme, 'Account', { name: 'Quiet Corner Books' }))).toEqual(['DUPLICATE_DETECTED'])
    }))

  it('may override a rule that blocks only with the right to merge', () =>
    withRule('Account', { action: 'BLOCK' }, async () => {
      idOf(await create(rep, 'Account', { name: 'Granite Works' }))
      const refused = await create(rep, 'Account', { name: 'Granite Works' }, true)
      expect(codes(refused)).toEqual(['DUPLICATE_DETECTED'])
      expect(refused.userErrors[0].details.canOverride).toBe(false)
      const managed = await create(manager, 'Account', { name: 'Granite Works' })
      expect(managed.userErrors[0].details.canOverride).toBe(true)
      expect(codes(await create(manager, 'Account', { name: 'Granite Works' }, true))).toEqual([])
    }))

  it('is not asked by a rule that is switched off', () =>
    withRule('Contact', { active: false }, async () => {
      idOf(await create(acme, 'Contact', { lastName: 'Off', email: 'off@switch.example' }))
      expect(codes(await create(acme, 'Contact', { lastName: 'Off', email: 'off@switch.example' }))).toEqual([])
    }))
})

describe('a rule', () => {
  const make = async (input: unknown): Promise<Any> =>
    (
      await acme.run(
        'mutation($input: CreateDuplicateRuleInput!) { createDuplicateRule(input: $input) { duplicateRule { id } userErrors { code field details } } }',
        { input },
      )
    ).createDuplicateRule
  const matcher = (field: string, more = {}) => ({ field, method: 'NORMALIZED', weight: '10', ...more })

  it('names fields of the list, each once, and one that records are found by', async () => {
    const wrong = async (matchers: unknown[], threshold = '10') =>
      (await make({ object: 'Account', name: 'Wrong', matchers, threshold })).userErrors.map(
        ({ field, details }: Any) => [field.join('.'), details.rule],
      )
    expect(await wrong([])).toEqual([['input.matchers', 'required']])
    expect(await wrong([matcher('colour')])).toEqual([['input.matchers.0.field', 'choice']])
    expect(await wrong([matcher('name'), matcher('name')])).toEqual([['input.matchers.1.field', 'distinct']])
    expect(await wrong([matcher('name', { weight: '0' })])).toEqual([['input.matchers.0.weight', 'range']])
    expect(await wrong([matcher('city')])).toEqual([['input.matchers', 'found']])
    expect(await wrong([matcher('name')], '11')).toEqual([['input.threshold', 'max']])
  })

  it('may hold a lead against contacts and accounts', async () => {
    const made = await make({
      object: 'Lead',
      name: 'Known people',
      threshold: '10',
      crossObjects: ['Contact', 'Account'],
      matchers: [matcher('email')],
    })
    const contact = idOf(await create(acme, 'Contact', { lastName: 'Known', email: 'known@people.example' }))
    const refused = await create(acme, 'Lead', { fullName: 'Someone', email: 'known@people.example' })
    expect(matches(refused)[0]).toMatchObject({ id: contact, object: 'Contact' })
    await acme.run('mutation($id: ID!) { deleteDuplicateRule(id: $id) { userErrors { code } } }', {
      id: made.duplicateRule.id,
    })
  })
})

describe('checkDuplicates', () => {
  it('says what a create would meet, with half an input, and leaves the record itself out', async () => {
    const id = idOf(
      await create(acme, 'Contact', { lastName: 'Curie', firstName: 'Marie', email: 'marie@radium.example' }),
    )
    const asked = await look(acme, 'Contact', { email: 'MARIE@radium.example' })
    expect(asked.matches.map(({ match }: Any) => match.id)).toEqual([id])
    expect((await look(acme, 'Contact', { email: 'marie@radium.example' }, id)).matches).toEqual([])
  })

  it('tells what is wrong with the values', async () => {
    expect(codes(await look(acme, 'Contact', { email: 'nonsense', colour: 'red' }))).toEqual([
      'VALIDATION_FAILED',
      'VALIDATION_FAILED',
    ])
    expect(codes(await look(acme, 'Contact', []))).toEqual(['VALIDATION_FAILED'])
  })
})

describe('at the same time', () => {
  it('one of twenty that make the same company in two processes succeeds', async () => {
    const second = await createApp(test.config)
    try {
      const caller = callers(second, acme.apiKey)
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          create(n % 2 ? caller : acme, 'Account', {
            name: n % 3 ? 'Race Track Ltd' : 'RACE TRACK GmbH',
            phone: '+12025550144',
          }),
        ),
      )
      expect(answers.filter(({ record }) => record)).toHaveLength(1)
      expect(answers.filter((one) => codes(one)[0] === 'DUPLICATE_DETECTED')).toHaveLength(19)
    } finally {
      await second.close()
    }
  })
})

describe('a search through all records', () => {
  const FIND = `mutation($object: String!) { findDuplicates(object: $object) { job { id status } ${ERRORS} } }`
  const pairs = async (as: Caller, object: string, status = 'OPEN'): Promise<Any[]> =>
    (
      await as.run(
        'query($object: String!, $status: DuplicatePairStatus) { duplicatePairs(object: $object, status: $status, first: 100) { nodes { score status left { id name masked } right { id name masked } } } }',
        { object, status },
      )
    ).duplicatePairs.nodes
  const search = async (object: string): Promise<Any> => {
    const { findDuplicates } = await acme.run(FIND, { object })
    expect(findDuplicates.userErrors).toEqual([])
    while ((await runJobsOnce(test.app.tenancy)) > 0);
    return (
      await acme.run('query($id: ID!) { job(id: $id) { status done total errorCode figures { name value } } }', {
        id: findDuplicates.job.id,
      })
    ).job
  }
  const holding = (list: Any[], id: string) => list.filter(({ left, right }) => left.id === id || right.id === id)

  it('finds pairs and groups, which a steward dismisses for good', async () => {
    const ids: string[] = []
    for (const name of ['Search Me One Ltd', 'Search Me One Inc', 'Search Me One'])
      ids.push(idOf(await create(acme, 'Account', { name }, true)))
    const job = await search('Account')
    expect(job).toMatchObject({ status: 'COMPLETED', errorCode: null })
    expect(job.done).toBe(job.total)
    const found = await pairs(acme, 'Account')
    expect(holding(found, ids[0] as string)).toHaveLength(2)
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a))
    const { duplicateGroups } = await acme.run(
      '{ duplicateGroups(object: "Account", first: 100) { nodes { pairs records { id } } } }',
    )
    const group = duplicateGroups.nodes.find(({ records }: Any) => records.some(({ id }: Any) => id === ids[0]))
    expect(group.records.map(({ id }: Any) => id)).toEqual(ids)
    expect(group.pairs).toBe(3)
    const dismiss = async (as: Caller, leftId: string, rightId: string): Promise<Any> =>
      (
        await as.run(
          `mutation($l: ID!, $r: ID!) { dismissDuplicate(object: "Account", leftId: $l, rightId: $r) { dismissed ${ERRORS} } }`,
          { l: leftId, r: rightId },
        )
      ).dismissDuplicate
    expect(await dismiss(acme, ids[1] as string, ids[0] as string)).toEqual({ dismissed: true, userErrors: [] })
    expect(codes(await dismiss(acme, ids[1] as string, ids[1] as string))).toEqual(['VALIDATION_FAILED'])
    expect(codes(await dismiss(rep, ids[1] as string, ids[0] as string))).toEqual(['FORBIDDEN'])
    // Ids of another company are none.
    expect(codes(await dismiss(test.globex, ids[1] as string, ids[0] as string))).toEqual(['NOT_FOUND', 'NOT_FOUND'])
    await search('Account')
    expect(holding(await pairs(acme, 'Account'), ids[0] as string)).toHaveLength(1)
    expect(await pairs(acme, 'Account', 'DISMISSED')).toHaveLength(1)
    // What was dismissed does not stand in the way of a change.
    await acme.run('mutation($id: ID!) { deleteAccount(id: $id) { userErrors { code } } }', { id: ids[2] })
    expect(codes(await update(acme, 'Account', ids[0] as string, { name: 'Search Me One AG' }))).toEqual([])
  })

  it('knows of pairs that were merged, and of merges that were undone', async () => {
    const ids: string[] = []
    for (const name of ['Merge Me Two Ltd', 'Merge Me Two Inc'])
      ids.push(idOf(await create(acme, 'Account', { name }, true)))
    await search('Account')
    const of = async (status: string) => holding(await pairs(acme, 'Account', status), ids[0] as string).length
    expect([await of('OPEN'), await of('MERGED')]).toEqual([1, 0])
    const done = await merged(acme, 'Account', ids)
    expect([await of('OPEN'), await of('MERGED')]).toEqual([0, 1])
    expect(codes(await undo(acme, done.merge.id))).toEqual([])
    expect([await of('OPEN'), await of('MERGED')]).toEqual([1, 0])
  })

  it('shows pairs of others with shortened names, and none to who may not merge', async () => {
    for (const name of ['Out Of Sight Ltd', 'Out Of Sight Inc']) idOf(await create(other, 'Account', { name }, true))
    await search('Account')
    const masked = (await pairs(manager, 'Account')).filter(({ left }) => left.masked)
    expect(masked.length).toBeGreaterThan(0)
    expect(masked[0].left).toEqual({ id: null, name: expect.stringContaining('***'), masked: true })
    const refused = await rep.ask('{ duplicatePairs(object: "Account") { nodes { score } } }')
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const { findDuplicates } = await rep.run(FIND, { object: 'Account' })
    expect(codes(findDuplicates)).toEqual(['FORBIDDEN'])
  })

  it('pages its pairs both ways', async () => {
    const all = await pairs(acme, 'Account')
    expect(all.length).toBeGreaterThan(3)
    const ask = async (args: string): Promise<Any> =>
      (
        await acme.run(
          `{ duplicatePairs(object: "Account", ${args}) { nodes { left { id } right { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
        )
      ).duplicatePairs
    const first = await ask('first: 2')
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false })
    const next = await ask(`first: 2, after: "${first.pageInfo.endCursor}"`)
    expect([...first.nodes, ...next.nodes].map(({ left, right }: Any) => [left.id, right.id])).toEqual(
      all.slice(0, 4).map(({ left, right }) => [left.id, right.id]),
    )
    const back = await ask(`last: 2, before: "${next.pageInfo.startCursor}"`)
    expect(back.nodes).toEqual(first.nodes)
  })

  it('gives keys to records that a statement wrote past the verbs', async () => {
    const id = idOf(await create(acme, 'Account', { name: 'Before The Rename' }))
    const tenantId = uuidIn(acme.id)
    await test.app.tenancy.writeTenant({ tenantId }, (db) =>
      db.rows({
        text: "UPDATE account SET name = 'Written Past Verbs' WHERE tenant_id = $1 AND id = $2",
        values: [tenantId, uuidIn(id)],
      }),
    )
    // No key stands for the old name any more.
    expect((await look(acme, 'Account', { name: 'Before The Rename' })).matches).toEqual([])
    await search('Account')
    expect(
      (await look(acme, 'Account', { name: 'Written Past Verbs Ltd' })).matches.map(({ match }: Any) => match.id),
    ).toEqual([id])
  })
})
