import { afterAll, beforeAll, expect, jest } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { type Any, asking, type Company, type TestApp, testApp } from './app.ts'
import { make } from './factory.ts'
import { OWN, type Owner, openOwner, uuidIn } from './owner.ts'
import { type Person, person } from './people.ts'

/** A company whose deals are approved: ann and ben sell for boss, who works for chief; cat and dan are others who approve. */
export interface Approvals {
  test: TestApp
  acme: Company
  owner: Owner
  chief: Person
  boss: Person
  ann: Person
  ben: Person
  cat: Person
  dan: Person
}

export type Call = Pick<Company, 'run' | 'ask'>

/** Opens the company of a test file, once for all of its tests. */
export function openApprovals(): Approvals {
  jest.setTimeout(300_000)
  const opened = {} as Approvals
  beforeAll(async () => {
    asking.twice = false
    const test = await testApp({ poolSize: 8 })
    const { acme } = test
    const owner = await openOwner(test, acme)
    Object.assign(opened, { test, acme, owner })
    opened.chief = await person(test, acme, 'manager', { name: 'Chief' })
    opened.boss = await person(test, acme, 'manager', { name: 'Boss', managerId: opened.chief.id })
    opened.ann = await person(test, acme, 'rep', { name: 'Ann', managerId: opened.boss.id })
    opened.ben = await person(test, acme, 'rep', { name: 'Ben', managerId: opened.boss.id })
    opened.cat = await person(test, acme, 'rep', { name: 'Cat', managerId: opened.chief.id })
    opened.dan = await person(test, acme, 'rep', { name: 'Dan', managerId: opened.chief.id })
  }, 300_000)
  afterAll(async () => {
    asking.twice = true
    await opened.owner?.close()
    await opened.test?.close()
  })
  return opened
}

let n = 0

/** Writes and publishes a flow for deals whose name begins with a word of its own, which is given back with its id: other tests' deals do not come to it. */
export async function flow(
  { acme }: Approvals,
  steps: Record<string, unknown>[],
  more: Record<string, unknown> = {},
): Promise<{ id: string; word: string }> {
  const word = `flow${++n}x`
  const input = {
    name: `Flow ${n}`,
    object: 'Opportunity',
    condition: { name: { startsWith: word } },
    steps: steps.map((step, at) => ({ name: `Step ${at + 1}`, ...step })),
    ...more,
  }
  const { createApprovalFlow } = await acme.run<Any>(
    'mutation($input: CreateApprovalFlowInput!) { createApprovalFlow(input: $input) { approvalFlow { id } userErrors { code message field } } }',
    { input },
  )
  expect(createApprovalFlow.userErrors).toEqual([])
  const { id } = createApprovalFlow.approvalFlow
  expect((await publish(acme, id)).userErrors).toEqual([])
  return { id, word }
}

export const publish = async (by: Call, id: string): Promise<Any> =>
  (
    await by.run<Any>(
      'mutation($id: ID!) { publishApprovalFlow(id: $id) { approvalFlow { publishedVersion { number } } userErrors { code field } } }',
      { id },
    )
  ).publishApprovalFlow

/** A deal of somebody that comes to a flow. */
export const deal = async (
  { acme }: Approvals,
  { word }: { word: string },
  of: Pick<Person, 'id'>,
  more: Record<string, unknown> = {},
): Promise<string> =>
  (await make(acme, 'Opportunity', { name: `${word} deal ${++n}`, ownerId: of.id, sourceId: null, ...more })).id

const PICK = `approvalInstance { id status currentStep stepName submitter { id } decidedBy { id } decidedAt
 tasks(first: 50, orderBy: [{ field: ROUND }, { field: SORT }]) { nodes { id status step round added automatic comment dueAt approver { id } delegatedFrom { id } } }
 log(first: 100, orderBy: [{ field: AT }]) { nodes { task { id } action automatic step toStep comment by { id } toUser { id } delegatedFrom { id } } } }
 userErrors { code field details }`

/** Calls a verb of approvals as somebody. */
export async function verb(by: Call, name: string, args: Record<string, unknown>): Promise<Any> {
  const types: Record<string, string> = { comment: 'String', toStep: 'Int', approverIds: '[ID!]' }
  const names = Object.keys(args)
  const declared = names.map((one) => `$${one}: ${types[one] ?? 'ID!'}`).join(', ')
  const text = `mutation(${declared}) { ${name}(${names.map((one) => `${one}: $${one}`).join(', ')}) { ${PICK} } }`
  return (await by.run<Any>(text, args))[name]
}

/** What a refused call says: code and place. */
export const codes = ({ userErrors }: Any): string[] =>
  userErrors.map(({ code, field }: Any) => `${code} ${field?.join('.') ?? ''}`.trim())

/** A call that must be taken: the approval as it now is. */
export async function done(call: Promise<Any>): Promise<Any> {
  const { approvalInstance, userErrors } = await call
  expect(userErrors).toEqual([])
  return approvalInstance
}

export const submit = (by: Call, recordId: string, more: Record<string, unknown> = {}) =>
  verb(by, 'submitForApproval', { recordId, ...more })

/** A deal of ann that was submitted to a flow: its approval. */
export async function submitted(
  all: Approvals,
  to: { word: string },
  more: Record<string, unknown> = {},
): Promise<Any> {
  return done(submit(all.ann, await deal(all, to, all.ann), more))
}

/** Who is asked now, in the order of the tasks. */
export const asked = ({ tasks }: Any): string[] =>
  tasks.nodes.filter(({ status }: Any) => status === 'PENDING').map(({ approver }: Any) => approver.id)

/** What stands in the log, without what happened by itself. */
export const acts = ({ log }: Any): string[] =>
  log.nodes.filter(({ automatic }: Any) => !automatic).map(({ action }: Any) => action)

/** The approval as the administrator sees it. */
export const look = async ({ acme }: Approvals, id: string): Promise<Any> =>
  (
    await acme.run<Any>(
      `query($id: ID!) { approvalInstance(id: $id) { ${PICK.slice('approvalInstance {'.length, PICK.lastIndexOf('}', PICK.lastIndexOf('userErrors')))} } }`,
      {
        id,
      },
    )
  ).approvalInstance

/** Does what the clock has to do at a moment, in all companies. */
export async function work({ test }: Approvals, now: Date): Promise<void> {
  while ((await runJobsOnce(test.app.tenancy, { now: () => now })) > 0);
}

/** Mails of a kind to somebody that wait to be sent. */
export async function mailsTo({ owner }: Approvals, kind: string, to: Person): Promise<string[]> {
  const rows = await owner.rows<{ subject: string }>(
    `SELECT subject FROM mail WHERE ${OWN} AND kind = $1 AND to_address = $2 ORDER BY created_at`,
    kind,
    to.email,
  )
  return rows.map(({ subject }) => subject)
}

/** Changes a user as the administrator. */
export async function setUser({ acme }: Approvals, id: string, input: Record<string, unknown>): Promise<void> {
  const { updateUser } = await acme.run<Any>(
    'mutation($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { userErrors { code field } } }',
    { id, input },
  )
  expect(updateUser.userErrors).toEqual([])
}

export { uuidIn }
