import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadAccess } from '../../src/access/standing.ts'
import { recordTypes } from '../../src/read/recordType.ts'
import { ident, Params } from '../../src/read/sql.ts'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { download, send, upload } from '../support/files.ts'
import { fill } from '../support/fill.ts'
import { OWN, type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let owner: Owner
let roles: Record<string, string>
let account: string
let mine: string
let colleague: string
/** A customer's user, another of the same company, and one of a company's own. */
let ada: Person
let bob: Person
let rep: Person

beforeAll(async () => {
  test = await testApp()
  owner = await openOwner(test, test.acme)
  const found = await test.acme.run('{ roles { nodes { id key } } }')
  roles = Object.fromEntries(found.roles.nodes.map(({ id, key }: Any) => [key, id]))
  account = (await make(test.acme, 'Account', { name: 'Nordwind 北风' })).id
  mine = await contactOf('Ada', 'Byron')
  colleague = await contactOf('Bob', 'Byron')
  ada = await person(test, test.acme, 'customer', { contactId: mine, name: 'Ada Byron' })
  bob = await person(test, test.acme, 'customer', { contactId: colleague, name: 'Bob Byron' })
  rep = await person(test, test.acme, 'rep')
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

async function contactOf(firstName: string, lastName: string): Promise<string> {
  const { id } = await make(test.acme, 'Contact', { firstName, lastName })
  await make(test.acme, 'AccountContact', { accountId: account, contactId: id, isPrimary: true, isActive: true })
  return id
}
const codes = (errors: Any[]) => errors.map(({ code, field }) => `${code} ${field?.join('.')}`)
const opens = async (who: Pick<Person, 'run'>, input: Any): Promise<Any> =>
  (
    await who.run<Any>(
      'mutation($input: CreateCaseInput!) { createCase(input: $input) { case { id number status channel priority account { id } contact { id } } userErrors { code field details } } }',
      { input },
    )
  ).createCase
const says = async (who: Pick<Person, 'run'>, input: Any): Promise<Any> =>
  (
    await who.run<Any>(
      'mutation($input: CreateCaseCommentInput!) { createCaseComment(input: $input) { caseComment { id authorType contact { id } } userErrors { code field details } } }',
      { input },
    )
  ).createCaseComment
const refusedUser = async (input: Any) =>
  codes(
    (
      await test.acme.run<Any>(
        'mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } userErrors { code field details } } }',
        { input },
      )
    ).createUser.userErrors,
  )
const all = async (who: Pick<Person, 'run'>) =>
  (await who.run<Any>('{ cases(first: 100) { totalCount { value } nodes { id } } caseAggregate { count } }')) as Any

describe('a customer’s own user', () => {
  it('is invited with a contact alone, signs in, and is told who they are', async () => {
    const contactId = await contactOf('Carl', 'Gauß')
    const admin = await person(test, test.acme, 'admin')
    const asAdmin = async (input: Any) =>
      (
        await admin.run<Any>(
          'mutation($input: InviteUserInput!) { inviteUser(input: $input) { user { id status contact { id } role { key } } userErrors { code field } } }',
          { input: { email: `${input.name}@nordwind.example`, ...input } },
        )
      ).inviteUser
    expect(await asAdmin({ name: 'carl', contactId })).toMatchObject({
      user: { status: 'INVITED', contact: { id: contactId }, role: { key: 'customer' } },
      userErrors: [],
    })
    expect(codes((await asAdmin({ name: 'nobody' })).userErrors)).toEqual(['VALIDATION_FAILED input.roleId'])
    const { viewer } = await ada.run('{ viewer { roles user { name contact { id fullName } } tenant { slug } } }')
    expect(viewer).toEqual({
      roles: ['customer'],
      user: { name: 'Ada Byron', contact: { id: mine, fullName: 'Ada Byron' } },
      tenant: { slug: 'acme' },
    })
  })

  it('opens a case that is their contact’s and their company’s, and nobody’s yet', async () => {
    const { case: opened, userErrors } = await opens(ada, { subject: '主轴停转', description: 'Since this morning' })
    expect(userErrors).toEqual([])
    expect(opened).toMatchObject({
      status: 'NEW',
      channel: 'WEB',
      priority: 'NORMAL',
      account: { id: account },
      contact: { id: mine },
    })
    const [row] = await owner.rows<{ owner: string | null }>(
      `SELECT owner_id AS owner FROM service_case WHERE ${OWN} AND id = $1`,
      uuidIn(opened.id),
    )
    expect(row?.owner).toBeNull()
  })

  it('may not say what is the company’s to say about it', async () => {
    for (const [field, value] of Object.entries({
      priority: 'URGENT',
      isInternal: true,
      ownerId: rep.id,
      contactId: colleague,
      accountId: account,
      number: 'MINE-1',
    }))
      expect([field, codes((await opens(ada, { subject: 'Mine', [field]: value })).userErrors)]).toEqual([
        field,
        [`FIELD_FORBIDDEN input.${field}`],
      ])
  })

  it('sees their own cases that are not internal, on every way, and no other', async () => {
    const own = (await opens(ada, { subject: 'Seen' })).case.id
    const others = [
      (await opens(bob, { subject: 'Of a colleague' })).case.id,
      (await make(test.acme, 'Case', { subject: 'Among us', contactId: mine, accountId: account, isInternal: true }))
        .id,
      (
        await make(test.acme, 'Case', {
          subject: 'Of the company',
          accountId: account,
          contactId: null,
          isInternal: false,
        })
      ).id,
    ]
    const seen = await all(ada)
    const ids = seen.cases.nodes.map(({ id }: Any) => id)
    expect(ids).toContain(own)
    expect(ids.filter((id: string) => others.includes(id))).toEqual([])
    expect(seen.cases.totalCount.value).toBe(ids.length)
    expect(seen.caseAggregate.reduce((sum: number, { count }: Any) => sum + count, 0)).toBe(ids.length)
    for (const id of others) {
      const answer = await ada.ask(
        'query($id: ID!) { case(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }',
        { id },
      )
      expect(answer.data).toEqual({ case: null, node: null, nodes: [null] })
      expect(codes((await says(ada, { caseId: id, body: 'Let me in' })).userErrors)).toEqual(['NOT_FOUND input.caseId'])
    }
    const { account: shown } = await ada.run('query($id: ID!) { account(id: $id) { name cases { nodes { id } } } }', {
      id: account,
    })
    expect(shown.name).toBe('Nordwind 北风')
    expect(shown.cases.nodes.map(({ id }: Any) => id).sort()).toEqual(ids.sort())
    expect((await ada.ask('query($id: ID!) { contact(id: $id) { fullName } }', { id: colleague })).data).toEqual({
      contact: null,
    })
  })

  it('sees what was said to them, says more, and cannot take it back', async () => {
    const { id } = (await opens(ada, { subject: 'Said' })).case
    await make(test.acme, 'CaseComment', {
      caseId: id,
      body: 'They always say that',
      isInternal: true,
      authorType: 'AGENT',
    })
    const said = await make(test.acme, 'CaseComment', {
      caseId: id,
      body: 'Please restart it',
      isInternal: false,
      authorType: 'AGENT',
    })
    await test.acme.run(
      'mutation($id: ID!) { resolveCase(id: $id, resolution: "Restarted") { userErrors { code } } }',
      { id },
    )
    const { caseComment, userErrors } = await says(ada, { caseId: id, body: 'It stands again' })
    expect(userErrors).toEqual([])
    expect(caseComment).toMatchObject({ authorType: 'CUSTOMER', contact: { id: mine } })
    const { case: one, caseComments } = await ada.run(
      'query($id: ID!) { case(id: $id) { status reopenCount resolution comments(orderBy: [{ field: AT }]) { totalCount { value } nodes { body authorType } } } caseComments(where: { caseId: { eq: $id } }) { totalCount { value } } }',
      { id },
    )
    expect(one).toMatchObject({ status: 'REOPENED', reopenCount: 1, resolution: 'Restarted' })
    expect(one.comments).toEqual({
      totalCount: { value: 2 },
      nodes: [
        { body: 'Please restart it', authorType: 'AGENT' },
        { body: 'It stands again', authorType: 'CUSTOMER' },
      ],
    })
    expect(caseComments.totalCount.value).toBe(2)
    for (const [field, value] of Object.entries({ isInternal: true, authorType: 'AGENT', contactId: colleague }))
      expect(codes((await says(ada, { caseId: id, body: 'x', [field]: value })).userErrors)).toEqual([
        `FIELD_FORBIDDEN input.${field}`,
      ])
    const refused = await ada.ask(
      'mutation($id: ID!) { updateCaseComment(id: $id, input: { body: "Other" }) { userErrors { code } } }',
      { id: said.id },
    )
    expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN'])
  })

  it('is not told what a case is to the company', async () => {
    const { id } = (await opens(ada, { subject: 'Hidden' })).case
    const answer = await ada.ask(
      'query($id: ID!) { case(id: $id) { subject rootCause isImportant isInternal owner { id } firstResponseAt } }',
      { id },
    )
    expect(answer.data).toEqual({
      case: {
        subject: 'Hidden',
        rootCause: null,
        isImportant: null,
        isInternal: null,
        owner: null,
        firstResponseAt: null,
      },
    })
    expect(new Set(answer.errors?.map(({ extensions }: Any) => extensions.code))).toEqual(new Set(['FIELD_FORBIDDEN']))
    const asked = await ada.ask('{ cases(where: { isInternal: { eq: true } }) { nodes { id } } }')
    expect(asked.errors?.[0]?.extensions.code).toBe('FIELD_FORBIDDEN')
    for (const query of ['{ caseMilestones { nodes { id } } }', '{ users { nodes { id } } leads { nodes { id } } }']) {
      const { errors, data } = await ada.ask(query)
      if (query.includes('leads'))
        expect(errors?.[0]?.extensions.missing).toContainEqual({ path: 'leads', permission: 'Lead.read' })
      else expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
      expect(data ?? null).toBeNull()
    }
    // Of users only themselves.
    const { users } = await ada.run('{ users { totalCount { value } nodes { name } } }')
    expect(users).toEqual({ totalCount: { value: 1 }, nodes: [{ name: 'Ada Byron' }] })
  })

  it('reads articles that are out and for customers', async () => {
    const article = async (input: Any, out = true) => {
      const { id } = await make(test.acme, 'KnowledgeArticle', { publishAt: null, expireAt: null, ...input })
      if (out)
        for (const verb of ['submitArticle', 'publishArticle'])
          await test.acme.run(`mutation($id: ID!) { ${verb}(id: $id) { userErrors { code } } }`, { id })
    }
    await article({ title: 'For all', slug: 'for-all', visibility: 'PUBLIC' })
    await article({ title: 'For partners', slug: 'for-partners', visibility: 'PARTNER' })
    await article({ title: 'For us', slug: 'for-us', visibility: 'INTERNAL' })
    await article({ title: 'A draft', slug: 'a-draft', visibility: 'PUBLIC' }, false)
    await article({
      title: 'Over',
      slug: 'over',
      visibility: 'PUBLIC',
      publishAt: '2020-01-01T00:00:00Z',
      expireAt: '2020-02-01T00:00:00Z',
    })
    const { knowledgeArticles } = await ada.run(
      '{ knowledgeArticles(orderBy: [{ field: TITLE }]) { nodes { title } } }',
    )
    expect(knowledgeArticles.nodes.map(({ title }: Any) => title)).toEqual(['For all', 'For partners'])
  })

  it('sees the files of what was said to them; those at the case and at the company are among colleagues', async () => {
    const { id } = (await opens(ada, { subject: 'Files' })).case
    const open = (
      await make(test.acme, 'CaseComment', { caseId: id, body: 'The manual', isInternal: false, authorType: 'AGENT' })
    ).id
    const closed = (
      await make(test.acme, 'CaseComment', { caseId: id, body: 'Costs', isInternal: true, authorType: 'AGENT' })
    ).id
    const files: string[] = []
    for (const recordId of [open, closed, id, account, mine]) files.push(await upload(test.acme, {}, { recordId }))
    const { attachments } = await ada.run('{ attachments { totalCount { value } nodes { id url } } }')
    expect(attachments.nodes.map(({ id: one }: Any) => one)).toEqual([files[0]])
    expect((await download(ada, attachments.nodes[0].url)).status).toBe(200)
    for (const one of files.slice(1))
      expect((await ada.ask('query($id: ID!) { attachment(id: $id) { id } }', { id: one })).data).toEqual({
        attachment: null,
      })
  })

  it('adds files to what they said, and to nothing else', async () => {
    const { id } = (await opens(ada, { subject: 'With a photograph' })).case
    const own = (await says(ada, { caseId: id, body: 'See here' })).caseComment.id
    const said = (
      await make(test.acme, 'CaseComment', { caseId: id, body: 'Which part?', isInternal: false, authorType: 'AGENT' })
    ).id
    const file = await upload(ada, { name: '主轴.txt', content: 'It is the left one' }, { recordId: own })
    const { attachment } = await test.acme.run('query($id: ID!) { attachment(id: $id) { fileName record { id } } }', {
      id: file,
    })
    expect(attachment).toEqual({ fileName: '主轴.txt', record: { id: own } })
    expect(
      (await ada.run('query($id: ID!) { attachment(id: $id) { fileName } }', { id: file })).attachment.fileName,
    ).toBe('主轴.txt')
    expect((await bob.ask('query($id: ID!) { attachment(id: $id) { fileName } }', { id: file })).data).toEqual({
      attachment: null,
    })
    const answers: Any[] = []
    for (const recordId of [said, id, account, mine]) answers.push((await send(ada, {}, { recordId })).json)
    expect(answers.map(({ userErrors }) => codes(userErrors))).toEqual(Array(4).fill(['FORBIDDEN recordId']))
    expect(codes((await send(ada, {})).json.userErrors)).toEqual(['VALIDATION_FAILED recordId'])
    expect(codes((await send(bob, {}, { recordId: own })).json.userErrors)).toEqual(['NOT_FOUND recordId'])
    expect(codes((await send(ada, {}, { recordId: own, category: 'CONTRACT' })).json.userErrors)).toEqual([
      'FIELD_FORBIDDEN category',
    ])
  })
})

describe('the customer’s role', () => {
  it('goes with a contact, and a contact with it', async () => {
    const contactId = await contactOf('Emmy', 'Noether')
    const input = { name: 'Emmy', email: 'emmy@nordwind.example' }
    expect(await refusedUser({ ...input, contactId, roleId: roles.rep })).toEqual(['VALIDATION_FAILED input.roleId'])
    expect(await refusedUser({ ...input, contactId, roleId: roles.admin })).toEqual(['VALIDATION_FAILED input.roleId'])
    expect(await refusedUser({ ...input, roleId: roles.customer })).toEqual(['VALIDATION_FAILED input.contactId'])
    const foreign = (await make(test.globex, 'Contact', { lastName: 'Of Globex' })).id
    expect(await refusedUser({ ...input, contactId: foreign, roleId: roles.customer })).toEqual([
      'NOT_FOUND input.contactId',
    ])
    const update = async (id: string, change: Any) =>
      codes(
        (
          await test.acme.run<Any>(
            'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code field } } }',
            {
              id,
              input: change,
            },
          )
        ).updateUser.userErrors,
      )
    expect(await update(ada.id, { roleId: roles.admin })).toEqual(['VALIDATION_FAILED input.roleId'])
    expect(await update(rep.id, { roleId: roles.customer })).toEqual(['VALIDATION_FAILED input.contactId'])
  })

  it('is fixed, lent to nobody, and joined by no other', async () => {
    const refused = async (type: string, input: Any) => {
      const name = `create${type}`
      const answer = await test.acme.run<Any>(
        `mutation($input: Create${type}Input!) { done: ${name}(input: $input) { userErrors { code field } } }`,
        { input },
      )
      return codes(answer.done.userErrors)
    }
    expect(await refused('ObjectPermission', { roleId: roles.customer, object: 'Lead', canRead: true })).toEqual([
      'INVALID_STATE input.roleId',
    ])
    expect(
      await refused('FieldPermission', { roleId: roles.customer, object: 'Case', field: 'rootCause', access: 'READ' }),
    ).toEqual(['INVALID_STATE input.roleId'])
    expect(await refused('UserRole', { userId: rep.id, roleId: roles.customer })).toEqual([
      'VALIDATION_FAILED input.roleId',
    ])
    expect(await refused('UserRole', { userId: ada.id, roleId: roles.admin })).toEqual([
      'VALIDATION_FAILED input.userId',
    ])
  })

  it('makes nobody an owner, a colleague or the user of a key', async () => {
    const wrong = async (call: string, variables: Any) => {
      const { done } = await test.acme.run<Any>(call, variables)
      return codes(done.userErrors)
    }
    expect(
      await wrong(
        'mutation($input: CreateLeadInput!) { done: createLead(input: $input) { userErrors { code field } } }',
        {
          input: { lastName: 'Wang', ownerId: ada.id },
        },
      ),
    ).toEqual(['VALIDATION_FAILED input.ownerId'])
    expect(
      await wrong(
        'mutation($input: CreateTeamMemberInput!) { done: createTeamMember(input: $input) { userErrors { code field } } }',
        {
          input: { userId: ada.id, teamId: (await make(test.acme, 'Team', {})).id },
        },
      ),
    ).toContain('VALIDATION_FAILED input.userId')
    expect(
      await wrong(
        'mutation($input: CreateApiKeyInput!) { done: createApiKey(input: $input) { userErrors { code field } } }',
        {
          input: { name: 'Of Ada', roleId: roles.admin, userId: ada.id },
        },
      ),
    ).toEqual(['VALIDATION_FAILED input.userId'])
  })

  it('is given nothing by the verbs that give records away', async () => {
    const company = (await make(test.acme, 'Account', { name: 'To be given' })).id
    const task = (await make(test.acme, 'Case', { subject: 'To be given', isInternal: false })).id
    const answers: Record<string, string[]> = {}
    const call = async (name: string, args: string, variables: Any) => {
      const { done } = await test.acme.run<Any>(
        `mutation($id: ID!, $to: ID!) { done: ${name}(${args}) { userErrors { code field } } }`,
        variables,
      )
      answers[name] = codes(done.userErrors)
    }
    await call('transferAccount', 'id: $id, toUserId: $to', { id: company, to: ada.id })
    await call('assignCase', 'id: $id, toUserId: $to', { id: task, to: ada.id })
    await call('startHandover', 'input: { fromUserId: $id, toUserId: $to, reason: "They leave" }', {
      id: rep.id,
      to: ada.id,
    })
    expect(answers.transferAccount).toEqual(['NOT_FOUND toUserId'])
    expect(answers.assignCase).toHaveLength(1)
    expect(answers.startHandover).toEqual(['NOT_FOUND input.toUserId'])
    for (const table of ['account', 'service_case', 'lead', 'opportunity'])
      expect(await owner.rows(`SELECT id FROM ${table} WHERE ${OWN} AND owner_id = $1`, uuidIn(ada.id))).toEqual([])
  })

  it('goes with its contact into the one that that is merged into', async () => {
    const [stays, goes] = [await contactOf('Grace', 'Hopper'), await contactOf('Grace', 'Hoper')]
    const grace = await person(test, test.acme, 'customer', { contactId: goes })
    const old = (await opens(grace, { subject: 'Before' })).case.id
    const other = (await make(test.acme, 'Case', { subject: 'Of the other', contactId: stays, isInternal: false })).id
    const { done } = await test.acme.run<Any>(
      'mutation($input: MergeInput!) { done: mergeContacts(input: $input) { userErrors { code field } } }',
      { input: { ids: [stays, goes] } },
    )
    expect(done.userErrors).toEqual([])
    const { viewer, cases } = await grace.run('{ viewer { user { contact { id } } } cases { nodes { id } } }')
    expect(viewer.user.contact.id).toBe(stays)
    expect(cases.nodes.map(({ id }: Any) => id).sort()).toEqual([old, other].sort())
  })

  it('keeps the contact while its user is there', async () => {
    const remove = async () =>
      codes(
        (
          await test.acme.run<Any>('mutation($id: ID!) { deleteContact(id: $id) { userErrors { code field } } }', {
            id: mine,
          })
        ).deleteContact.userErrors,
      )
    expect(await remove()).toEqual(['REFERENCE_IN_USE id'])
  })
})

it('shows a customer nothing of any type that does not say what is theirs, whatever rights there were', async () => {
  const { globex } = test
  const theirs = await openOwner(test, globex)
  await fill(globex, theirs, 30, { analyse: false })
  await theirs.close()
  const contactId = (await make(globex, 'Contact', { lastName: 'Hill' })).id
  const accountId = (await make(globex, 'Account', { name: 'Hill & Co' })).id
  await make(globex, 'AccountContact', { accountId, contactId, isPrimary: true, isActive: true })
  const hill = await person(test, globex, 'customer', { contactId })
  const { id } = (await opens(hill, { subject: 'Theirs' })).case
  await says(hill, { caseId: id, body: 'And said' })
  const tenantId = uuidIn(globex.id)
  const { roles } = await globex.run('{ roles(where: { key: { eq: "customer" } }) { nodes { id } } }')
  const wrong = await test.app.tenancy.readTenant({ tenantId }, async (db) => {
    const { access } = await loadAccess(db, {
      tenantId,
      userId: uuidIn(hill.id),
      roleId: uuidIn(roles.nodes[0].id),
      further: true,
    })
    const shown: string[] = []
    for (const type of recordTypes()) {
      const params = new Params(tenantId)
      let aliases = 0
      const predicate = access.predicate(type, 't', { params, alias: () => `x${aliases++}` })
      const rows = await db.rows<{ count: string }>({
        text: `SELECT count(*) FROM ${ident(type.table)} t WHERE t.tenant_id = $1 AND ${predicate ?? 'true'}`,
        values: params.values,
      })
      if (Number(rows[0]?.count) > 0) shown.push(type.name)
    }
    return shown
  })
  // The look is a look: what is theirs is found by it. Of the articles some may be out.
  expect(wrong.filter((name) => name !== 'KnowledgeArticle').sort()).toEqual([
    'Account',
    'Case',
    'CaseComment',
    'Contact',
    'User',
  ])
})
