import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Any, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Owner, openOwner, uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let owner: Owner
let ann: Person
let account: string
let contract: string
beforeAll(async () => {
  test = await testApp()
  const { acme } = test
  owner = await openOwner(test, acme)
  ann = await person(test, acme, 'rep')
  const { id: receipt } = await make(acme, 'Receipt')
  const found = await acme.run<Any>('query($id: ID!) { receipt(id: $id) { account { id } contract { id } } }', {
    id: receipt,
  })
  ;[account, contract] = [found.receipt.account.id, found.receipt.contract.id]
  const quote = await make(acme, 'Quote', { accountId: account })
  const service = await make(acme, 'Case', { accountId: account })
  const task = await make(acme, 'Task', { status: 'DONE' })
  await make(acme, 'TaskLink', { taskId: task.id, recordId: account })
  const call = await make(acme, 'Activity', {
    status: 'DONE',
    startAt: '2024-01-06T10:00:00Z',
    endAt: null,
    isPrivate: false,
  })
  await make(acme, 'ActivityLink', { activityId: call.id, recordId: account })
  for (const [table, column, id, at] of [
    ['receipt', 'confirmed_at', receipt, '2024-01-01'],
    ['quote', 'sent_at', quote.id, '2024-01-02'],
    ['service_case', 'created_at', service.id, '2024-01-03'],
    ['task', 'completed_at', task.id, '2024-01-04'],
    ['contract', 'approved_at', contract, '2024-01-05'],
  ] as const)
    await set(`UPDATE ${table} SET ${column} = $3::timestamptz WHERE tenant_id = $1 AND id = $2`, id, at)
})
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

/** Changes a record of acme as none of its verbs would, so that the moments are known. */
const set = (text: string, id: string, at: string) => owner.rows(text, owner.tenantId, uuidIn(id), at)

const TIMELINE =
  'query($id: ID!, $first: Int, $after: String, $kinds: [TimelineKind!]) { timeline(recordId: $id, first: $first, after: $after, kinds: $kinds) { nodes { kind at record { id } } pageInfo { hasNextPage hasPreviousPage endCursor } } }'
const kindsOf = async (who: Pick<Person, 'run'>, id: string) =>
  (await who.run<Any>(TIMELINE, { id })).timeline?.nodes.map(({ kind }: Any) => kind)

describe('a timeline', () => {
  it('tells of a customer what stands in tables, the newest first', async () => {
    const { timeline } = await test.acme.run<Any>(TIMELINE, { id: account })
    expect(timeline.nodes.map(({ kind, at }: Any) => [kind, at.slice(0, 10)])).toEqual([
      ['ACTIVITY', '2024-01-06'],
      ['CONTRACT_APPROVED', '2024-01-05'],
      ['TASK', '2024-01-04'],
      ['CASE', '2024-01-03'],
      ['QUOTE_SENT', '2024-01-02'],
      ['RECEIPT', '2024-01-01'],
    ])
    for (const { record } of timeline.nodes) expect(record).not.toBeNull()
    expect(await kindsOf(test.acme, contract)).toEqual(['CONTRACT_APPROVED', 'RECEIPT'])
  })

  it('tells a contact the mails that it was sent, and of a deal its stages', async () => {
    const { id: mail } = await make(test.acme, 'EmailMessage')
    const { emailMessage } = await test.acme.run<Any>('query($id: ID!) { emailMessage(id: $id) { contact { id } } }', {
      id: mail,
    })
    expect(await kindsOf(test.acme, emailMessage.contact.id)).toEqual([])
    await set('UPDATE email_message SET sent_at = $3::timestamptz WHERE tenant_id = $1 AND id = $2', mail, '2024-01-01')
    expect(await kindsOf(test.acme, emailMessage.contact.id)).toEqual(['EMAIL'])
    const { id: deal } = await make(test.acme, 'Opportunity')
    expect(await kindsOf(test.acme, deal)).toEqual(['STAGE_CHANGE'])
  })

  it('pages without leaving anything out, and takes no cursor of another record or other kinds', async () => {
    const whole = (await test.acme.run<Any>(TIMELINE, { id: account })).timeline.nodes
    const found: Any[] = []
    let after: string | null = null
    let first: string | null = null
    do {
      const { timeline }: Any = await test.acme.run<Any>(TIMELINE, { id: account, first: 4, after })
      expect(timeline.pageInfo.hasPreviousPage).toBe(after !== null)
      found.push(...timeline.nodes)
      first ??= timeline.pageInfo.endCursor
      after = timeline.pageInfo.hasNextPage ? timeline.pageInfo.endCursor : null
    } while (after)
    expect(found).toEqual(whole)
    for (const other of [{ id: contract }, { id: account, kinds: ['TASK'] }])
      expect((await test.acme.ask(TIMELINE, { ...other, after: first })).errors?.[0]?.extensions.code).toBe(
        'BAD_USER_INPUT',
      )
    const { timeline } = await test.acme.run<Any>(TIMELINE, { id: account, kinds: ['TASK', 'CASE'] })
    expect(timeline.nodes.map(({ kind }: Any) => kind)).toEqual(['TASK', 'CASE'])
  })

  it('is null for what is not seen, another company’s, none, or of a type without one', async () => {
    const { viewer } = await test.acme.run<Any>('{ viewer { user { id } } }')
    for (const [who, id] of [
      [ann, account],
      [test.globex, account],
      [test.acme, 'acct_nonsense'],
      [test.acme, viewer.user.id],
    ] as const)
      expect((await who.run<Any>(TIMELINE, { id })).timeline).toBeNull()
  })

  it('leaves out private activities of others, of all kinds what the viewer may not read, and moments that are hidden', async () => {
    const { id: own } = await make(test.acme, 'Account', { ownerId: ann.id })
    for (const isPrivate of [true, false]) {
      const { logActivity } = await ann.run<Any>(
        'mutation($input: CreateActivityInput!, $about: [ID!]!) { logActivity(input: $input, recordIds: $about) { userErrors { code message field } } }',
        { input: { kind: 'CALL', subject: 'A word', isPrivate }, about: [own] },
      )
      expect(logActivity.userErrors).toEqual([])
    }
    expect(await kindsOf(ann, own)).toEqual(['ACTIVITY', 'ACTIVITY'])
    expect(await kindsOf(test.acme, own)).toEqual(['ACTIVITY'])

    const { createRole } = await test.acme.run<Any>(
      'mutation { createRole(input: { key: "looker", name: "Looker" }) { role { id } userErrors { code } } }',
    )
    const roleId = createRole.role.id
    for (const object of ['Account', 'Quote', 'Contract'])
      await make(test.acme, 'ObjectPermission', {
        roleId,
        object,
        canRead: true,
        readScope: 'ALL',
        writeScope: 'OWN',
        allowList: false,
      })
    const looker = await person(test, test.acme, 'looker')
    const kinds = async () =>
      (
        await looker.run<Any>('query($id: ID!) { timeline(recordId: $id) { nodes { kind } } }', { id: account })
      ).timeline.nodes.map(({ kind }: Any) => kind)
    expect(await kinds()).toEqual(['CONTRACT_APPROVED', 'QUOTE_SENT'])
    await make(test.acme, 'FieldPermission', {
      roleId,
      object: 'Quote',
      field: 'sentAt',
      access: 'HIDDEN',
      mask: 'NONE',
    })
    expect(await kinds()).toEqual(['CONTRACT_APPROVED'])
  })
})
