import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { OPERATIONS, type Operation, tidy } from '../../src/resolvers/customers/normaliseText.ts'
import { type Any, asking, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let acme: Company
let manager: Person
beforeAll(async () => {
  asking.twice = true
  test = await testApp()
  acme = test.acme
  manager = await person(test, acme, 'admin')
})
afterAll(() => test.close())

describe('tidying a text', () => {
  const by = (operations: Operation[], more = {}) => ({ field: 'x', operations, map: [], empty: [], ...more })

  it.each([
    ['TRIM', '  a b ', 'a b'],
    ['COLLAPSE_SPACES', 'a \t\n b', 'a b'],
    ['HALF_WIDTH', 'ＡＢＣ　１２３（株）王', 'ABC 123(株)王'],
    ['TITLE_CASE', 'JOHN o’neil McDonald 王伟', 'John O’neil McDonald 王伟'],
    ['UPPER_CASE', 'straße', 'STRASSE'],
    ['LOWER_CASE', 'ÀÉ', 'àé'],
    ['EMAIL', ' mailto:Ada@X.Example ', 'ada@x.example'],
    ['PHONE', '138 0013 8000', '+8613800138000'],
    ['PHONE', 'ask Anna', 'ask Anna'],
    ['URL', 'WWW.Example.com/Path', 'https://www.example.com/Path'],
    ['URL', 'HTTP://Example.com', 'http://example.com'],
    ['URL', 'no site', 'no site'],
  ] as [Operation, string, string][])(
    '%s makes of %j %j, and nothing more when it is done again',
    (operation, from, to) => {
      expect(tidy(from, by([operation]), 'CN')).toBe(to)
      expect(tidy(to, by([operation]), 'CN')).toBe(to)
      expect(Object.keys(OPERATIONS)).toContain(operation)
    },
  )

  it('clears words that mean nothing and brings spellings together, whatever their case and width', () => {
    const rule = by(['TRIM'], { empty: ['Select', 'n/a'], map: [{ from: ['google', 'Goggle'], to: 'Google' }] })
    expect(['SELECT', ' Ｎ／Ａ ', ' '].map((text) => tidy(text, rule, 'CN'))).toEqual([null, null, null])
    expect(['GOOGLE ', 'goggle', 'Bing'].map((text) => tidy(text, rule, 'CN'))).toEqual(['Google', 'Google', 'Bing'])
  })
})

describe('a normalisation', () => {
  const PREVIEW = `query($rules: [NormalisationRuleInput!], $first: Int, $after: String) { previewAccountNormalisation(rules: $rules, first: $first, after: $after) {
    records { recordId record { ... on Account { name } } changes { field before after } } looked endCursor } }`
  const APPLY =
    'mutation($rules: [NormalisationRuleInput!]) { applyAccountNormalisation(rules: $rules) { job { id } userErrors { code field } } }'
  const RULES = [
    { field: 'industry', operations: ['TRIM', 'LOWER_CASE'], map: [{ from: ['it', 'i.t.'], to: 'software' }] },
    { field: 'billingAddress.city', empty: ['Select'] },
  ]
  const finished = async (id: string) => {
    for (let n = 0; n < 50; n++) {
      await runJobsOnce(test.app.tenancy)
      const { job } = await acme.run<Any>(
        'query($id: ID!) { job(id: $id) { status done figures { name value } errorCode } }',
        { id },
      )
      if (job.status !== 'QUEUED' && job.status !== 'RUNNING') return job
    }
    throw new Error('The job does not end.')
  }

  it('shows what would change, before and after, in pages, and then makes it so with every change on record', async () => {
    const ids: string[] = []
    for (const [industry, city] of [
      ['IT', 'Select'],
      ['i.t.', 'Bonn'],
      ['software', 'Select'],
      ['retail', 'Köln'],
    ])
      ids.push((await make(acme, 'Account', { industry, billingAddress: { city, street: 'Main' } })).id)
    const first = (await manager.run<Any>(PREVIEW, { rules: RULES, first: 2 })).previewAccountNormalisation
    expect(first.records.map(({ recordId, changes }: Any) => [recordId, changes])).toEqual([
      [
        ids[0],
        [
          { field: 'industry', before: 'IT', after: 'software' },
          { field: 'billingAddress.city', before: 'Select', after: null },
        ],
      ],
      [ids[1], [{ field: 'industry', before: 'i.t.', after: 'software' }]],
    ])
    const second = (await manager.run<Any>(PREVIEW, { rules: RULES, after: first.endCursor }))
      .previewAccountNormalisation
    expect(second).toMatchObject({
      records: [{ recordId: ids[2], record: { name: expect.any(String) } }],
      endCursor: null,
    })
    const [untouched] = await changesOf(ids)
    expect(untouched?.updates).toBe(0)

    const { job } = (await manager.run<Any>(APPLY, { rules: RULES })).applyAccountNormalisation
    expect(await finished(job.id)).toMatchObject({
      status: 'COMPLETED',
      done: 4,
      figures: [
        { name: 'CHANGED', value: 3 },
        { name: 'FAILED', value: 0 },
      ],
    })
    const { accounts } = await acme.run<Any>(
      'query($ids: [ID!]) { accounts(where: { id: { in: $ids } }) { nodes { industry billingAddress { city street } version } } }',
      { ids },
    )
    expect(accounts.nodes).toEqual([
      { industry: 'software', billingAddress: { city: null, street: 'Main' }, version: 2 },
      { industry: 'software', billingAddress: { city: 'Bonn', street: 'Main' }, version: 2 },
      { industry: 'software', billingAddress: { city: null, street: 'Main' }, version: 2 },
      { industry: 'retail', billingAddress: { city: 'Köln', street: 'Main' }, version: 1 },
    ])
    expect(await changesOf(ids)).toEqual([{ updates: 3, users: 3 }])
    expect((await manager.run<Any>(PREVIEW, { rules: RULES })).previewAccountNormalisation.records).toEqual([])
    const again = (await manager.run<Any>(APPLY, { rules: RULES })).applyAccountNormalisation.job
    expect((await finished(again.id)).figures).toContainEqual({ name: 'CHANGED', value: 0 })
  })

  /** Updates of records in the change rows, and those that name the user who ordered them. */
  const changesOf = (ids: string[]) =>
    test.app.tenancy.readTenant({ tenantId: uuidIn(acme.id) }, (db) =>
      db.rows<{ updates: number; users: number }>({
        text: `SELECT count(*)::integer AS updates, count(*) FILTER (WHERE user_id = $3)::integer AS users FROM change WHERE tenant_id = $1 AND object = 'account' AND operation = 'updated' AND record_id = ANY ($2::uuid[])`,
        values: [uuidIn(acme.id), ids.map(uuidIn), uuidIn(manager.id)],
      }),
    )

  it('looks at and changes what its caller may write only, by rules that say something', async () => {
    const rep = await person(test, acme, 'rep')
    const mine = await make(acme, 'Account', { ownerId: rep.id, industry: 'MINE' })
    const theirs = await make(acme, 'Account', { ownerId: acme.adminUserId, industry: 'THEIRS' })
    const rules = [{ field: 'industry', operations: ['LOWER_CASE'] }]
    const { records } = (await rep.run<Any>(PREVIEW, { rules })).previewAccountNormalisation
    expect(records.map(({ recordId }: Any) => recordId)).toEqual([mine.id])
    const { job } = (await rep.run<Any>(APPLY, { rules })).applyAccountNormalisation
    expect(await finished(job.id)).toMatchObject({ status: 'COMPLETED', done: 1 })
    const { account } = await acme.run<Any>('query($id: ID!) { account(id: $id) { industry } }', { id: theirs.id })
    expect(account.industry).toBe('THEIRS')
    const bad = async (given: unknown) =>
      (await manager.run<Any>(APPLY, { rules: given })).applyAccountNormalisation.userErrors
    expect(await bad([{ field: 'nonsense' }])).toEqual([{ code: 'VALIDATION_FAILED', field: ['rules', '0', 'field'] }])
    expect(await bad([{ field: 'employees' }])).toMatchObject([{ code: 'VALIDATION_FAILED' }])
    expect(await bad([{ field: 'name', empty: ['x'] }])).toEqual([
      { code: 'VALIDATION_FAILED', field: ['rules', '0', 'empty'] },
    ])
    expect(await bad([])).toMatchObject([{ code: 'VALIDATION_FAILED', field: ['rules'] }])
  })

  it('has standard rules', async () => {
    const { id } = await make(acme, 'Account', { name: 'Ｄｏｕｂｌｅ  Name', subIndustry: 'Select', rating: 'n/a' })
    const { previewAccountNormalisation: preview } = await manager.run<Any>(PREVIEW, { first: 100 })
    expect(preview.records.find(({ recordId }: Any) => recordId === id).changes).toEqual([
      { field: 'name', before: 'Ｄｏｕｂｌｅ  Name', after: 'Double Name' },
      { field: 'subIndustry', before: 'Select', after: null },
      { field: 'rating', before: 'n/a', after: null },
    ])
  })
})

describe('mergeLeadSources', () => {
  const MERGE =
    'mutation($into: ID!, $from: [ID!]!) { mergeLeadSources(intoId: $into, fromIds: $from) { leadSource { id } moved userErrors { code field } } }'

  it('makes one source of several spellings, for converted leads too', async () => {
    const source = async (key: string, more = {}) => (await make(acme, 'LeadSource', { key, name: key, ...more })).id
    const [into, a, b] = [await source('google'), await source('Google'), await source('GOOGLE')]
    const lead = (await make(acme, 'Lead', { sourceId: a })).id
    const converted = (await make(acme, 'Lead', { sourceId: b, status: 'CONVERTED' })).id
    const account = (await make(acme, 'Account', { sourceId: b })).id
    const below = await source('google-ads', { parentId: a })
    const merge = async (to: string, from: string[]) =>
      (await acme.run<Any>(MERGE, { into: to, from })).mergeLeadSources
    expect((await merge(into, [into])).userErrors).toEqual([{ code: 'MERGE_NEEDS_TWO', field: ['fromIds'] }])
    expect((await merge(below, [a])).userErrors).toEqual([{ code: 'HIERARCHY_CYCLE', field: ['intoId'] }])
    expect((await merge(into, [a, 'lsrc_nonsense'])).userErrors).toEqual([
      { code: 'NOT_FOUND', field: ['fromIds', '1'] },
    ])
    expect(await merge(into, [a, b])).toEqual({ leadSource: { id: into }, moved: 4, userErrors: [] })
    const data = await acme.run<Any>(
      'query($ids: [ID!], $a: ID!, $s: ID!) { leads(where: { id: { in: $ids } }) { nodes { source { id } } } account(id: $a) { source { id } } leadSource(id: $s) { parent { id } } leadSources { nodes { key } } }',
      { ids: [lead, converted], a: account, s: below },
    )
    expect([
      ...data.leads.nodes.map(({ source: one }: Any) => one.id),
      data.account.source.id,
      data.leadSource.parent.id,
    ]).toEqual(Array(4).fill(into))
    expect(data.leadSources.nodes.map(({ key }: Any) => key)).not.toContain('GOOGLE')
  })
})

describe('data care', () => {
  it('scores what is known of a customer and names what is missing', async () => {
    const { createAccount } = await acme.run<Any>(
      'mutation { createAccount(input: { name: "Score" }) { account { id dataQualityScore dataQuality { score missing } } userErrors { code } } }',
    )
    const { account } = createAccount
    const gone = [
      'phone',
      'email',
      'website',
      'billingAddress',
      'industry',
      'registrationNo',
      'primaryContact',
      'lastActivityAt',
    ]
    expect(account.dataQuality).toEqual({ score: 20, missing: gone })
    const contact = (await make(acme, 'Contact')).id
    await acme.run('mutation($i: LinkContactInput!) { linkContact(input: $i) { userErrors { code } } }', {
      i: { accountId: account.id, contactId: contact },
    })
    const { updateAccount } = await acme.run<Any>(
      'mutation($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { account { dataQuality { score missing } } userErrors { code field } } }',
      {
        id: account.id,
        input: {
          phone: '+8613800138000',
          email: 'a@x.example',
          domains: ['x.example'],
          billingAddress: { city: 'Bonn', countryCode: 'DE' },
          industry: 'retail',
          taxNo: '1',
          primaryContactId: contact,
          lastActivityAt: '2024-01-01T00:00:00Z',
        },
      },
    )
    expect(updateAccount.account.dataQuality).toEqual({ score: 100, missing: [] })
    const { accounts } = await acme.run<Any>('{ accounts(where: { dataQualityScore: { gte: 100 } }) { nodes { id } } }')
    expect(accounts.nodes).toEqual([{ id: account.id }])
  })

  it('finds the inactive and those who cannot be reached', async () => {
    const bounced = (
      await make(acme, 'Contact', { emails: [{ address: 'gone@x.example', isInvalid: true }], email: undefined })
    ).id
    const silent = (await make(acme, 'Contact', { email: null, emails: [], phone: null, phones: [], mobile: null })).id
    const fine = (await make(acme, 'Contact')).id
    const lost = (await make(acme, 'Account', { phone: null, email: null, website: null })).id
    const quiet = (await make(acme, 'Account', { lastActivityAt: '2020-01-01T00:00:00Z' })).id
    const fresh = (await make(acme, 'Account', { lastActivityAt: null })).id
    const busy = (await make(acme, 'Account', { lastActivityAt: new Date().toISOString() })).id
    const CARE =
      'query($days: Int) { dataCare(inactiveDays: $days) { inactiveAccounts(first: 100) { nodes { id } } unreachableAccounts(first: 100) { nodes { id } } invalidContacts(first: 100) { nodes { id } } invalidLeads { totalCount { value } } } }'
    const { dataCare } = await acme.run<Any>(CARE)
    const ids = (list: Any) => list.nodes.map(({ id }: Any) => id)
    expect(ids(dataCare.invalidContacts)).toEqual(expect.arrayContaining([bounced, silent]))
    expect(ids(dataCare.invalidContacts)).not.toContain(fine)
    expect(ids(dataCare.unreachableAccounts)).toEqual([lost])
    expect(ids(dataCare.inactiveAccounts)).toContain(quiet)
    for (const id of [fresh, busy]) expect(ids(dataCare.inactiveAccounts)).not.toContain(id)
    expect((await acme.ask(CARE, { days: 0 })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })
})
