import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { runJobsOnce } from '../../src/jobs/runner.ts'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'

let test: TestApp
let acme: Company
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
})
afterAll(() => test?.close())

const RESULT = 'added changed jobId userErrors { code field }'
async function toCampaign(campaignId: string, from: Any, statusId?: string, company: Company = acme): Promise<Any> {
  const answer = await company.run<Any>(
    `mutation($campaignId: ID!, $from: MembersFromInput!, $statusId: ID) { addCampaignMembers(campaignId: $campaignId, from: $from, statusId: $statusId) { ${RESULT} } }`,
    { campaignId, from, statusId },
  )
  return answer.addCampaignMembers
}
async function toList(targetListId: string, from: Any): Promise<Any> {
  const answer = await acme.run<Any>(
    `mutation($targetListId: ID!, $from: MembersFromInput!) { addTargetListMembers(targetListId: $targetListId, from: $from) { targetList { memberCount } ${RESULT} } }`,
    { targetListId, from },
  )
  return answer.addTargetListMembers
}
const campaign = async () => {
  const { id } = await make(acme, 'Campaign')
  const answer = await acme.run<Any>(
    'query($id: ID!) { campaign(id: $id) { memberStatuses(orderBy: [{ field: SORT }]) { nodes { id } } } }',
    { id },
  )
  const [sent, responded] = answer.campaign.memberStatuses.nodes.map((one: Any) => one.id)
  return { id, sent, responded }
}
const members = async (id: string) =>
  (
    await acme.run<Any>(
      'query($id: ID!) { campaign(id: $id) { members(first: 100) { nodes { contact { id } lead { id } account { id } hasResponded } } } }',
      { id },
    )
  ).campaign.members.nodes.map((one: Any) => `${(one.contact ?? one.lead ?? one.account).id} ${one.hasResponded}`)
const wrong = ({ userErrors }: Any) => userErrors.map(({ code, field }: Any) => `${code} ${field.join('.')}`)
const id = async (type: string, more: Any = {}) => (await make(acme, type, more)).id as string

it('adds people and companies to a campaign once, and gives those who are there the status that is named', async () => {
  const { id: to, responded } = await campaign()
  const [contact, lead, account] = [await id('Contact'), await id('Lead'), await id('Account')]
  expect(await toCampaign(to, { recordIds: [contact, lead, contact] })).toMatchObject({
    added: 2,
    changed: 0,
    jobId: null,
    userErrors: [],
  })
  expect(await toCampaign(to, { recordIds: [lead, account] })).toMatchObject({ added: 1, changed: 0 })
  expect(await toCampaign(to, { recordIds: [lead, account] }, responded)).toMatchObject({ added: 0, changed: 2 })
  expect(await toCampaign(to, { recordIds: [lead, account] }, responded)).toMatchObject({ added: 0, changed: 0 })
  expect(await toCampaign(to, { recordIds: [] })).toMatchObject({ added: 0, changed: 0, userErrors: [] })
  expect((await members(to)).sort()).toEqual([`${contact} false`, `${lead} true`, `${account} true`].sort())
})

it('adds one person once by two calls at the same time', async () => {
  const { id: to } = await campaign()
  const contact = await id('Contact')
  const both = await Promise.all([1, 2].map(() => toCampaign(to, { recordIds: [contact] })))
  expect(both.map(({ added }) => added).sort()).toEqual([0, 1])
  expect(both.flatMap(wrong)).toEqual([])
})

it('refuses all of a call for what is not there, of another company, no person, or too much', async () => {
  const { id: to } = await campaign()
  const other = await campaign()
  const contact = await id('Contact')
  const foreign = (await make(test.globex, 'Contact')).id
  expect(wrong(await toCampaign(to, { recordIds: [contact, foreign] }))).toEqual(['NOT_FOUND from.recordIds.1'])
  expect(wrong(await toCampaign(to, { recordIds: [to] }))).toEqual(['NOT_FOUND from.recordIds.0'])
  expect(await members(to)).toEqual([])
  expect(wrong(await toCampaign(to, { recordIds: [contact] }, other.sent))).toEqual(['VALIDATION_FAILED statusId'])
  expect(wrong(await toCampaign(to, { recordIds: Array(201).fill(contact) }))).toEqual([
    'BULK_TOO_LARGE from.recordIds',
  ])
  expect(wrong(await toCampaign(to, { recordIds: [contact] }, undefined, test.globex))).toEqual([
    'NOT_FOUND campaignId',
  ])
  const segment = await make(test.globex, 'Segment')
  expect(wrong(await toCampaign(to, { segmentId: segment.id }))).toEqual(['NOT_FOUND from.segmentId'])
  const list = await make(test.globex, 'TargetList')
  expect(wrong(await toCampaign(to, { targetListId: list.id }))).toEqual(['NOT_FOUND from.targetListId'])
})

async function done(jobId: string): Promise<Any> {
  for (let job: Any = null; ; ) {
    job = (await acme.run<Any>('query($id: ID!) { job(id: $id) { status figures { name value } } }', { id: jobId })).job
    if (!['QUEUED', 'RUNNING'].includes(job.status))
      return { status: job.status, ...Object.fromEntries(job.figures.map(({ name, value }: Any) => [name, value])) }
    if ((await runJobsOnce(test.app.tenancy)) === 0) throw new Error('The job does not go on.')
  }
}

it('adds all whom a dynamic segment finds, in steps, also those who are there already', async () => {
  const { id: to, responded } = await campaign()
  const inputs = Array.from({ length: 101 }, (_, n) => ({ lastName: `Many ${n}`, title: 'many' }))
  const create =
    'mutation($inputs: [CreateContactInput!]!) { createContacts(input: $inputs, allowDuplicate: true) { results { contact { id } } } }'
  const made = await acme.run<Any>(create, { inputs })
  await acme.run<Any>(create, { inputs })
  const first = made.createContacts.results[0].contact.id
  await toCampaign(to, { recordIds: [first] })
  const segmentId = await id('Segment', { object: 'CONTACT', kind: 'DYNAMIC', filter: { title: { eq: 'many' } } })
  const { jobId, userErrors } = await toCampaign(to, { segmentId }, responded)
  expect(userErrors).toEqual([])
  expect(await done(jobId)).toEqual({ status: 'COMPLETED', ADDED: 201, CHANGED: 1, FAILED: 0 })
  const again = await toCampaign(to, { segmentId }, responded)
  expect(await done(again.jobId)).toEqual({ status: 'COMPLETED', ADDED: 0, CHANGED: 0, FAILED: 0 })
})

it('fills a list by ids, by a segment and by another list, and does not take companies', async () => {
  const [one, two] = [await id('TargetList'), await id('TargetList')]
  const [contact, lead] = [await id('Contact'), await id('Lead')]
  expect(await toList(one, { recordIds: [contact, lead] })).toMatchObject({ targetList: { memberCount: 2 }, added: 2 })
  expect(await toList(one, { recordIds: [contact] })).toMatchObject({ targetList: { memberCount: 2 }, added: 0 })
  expect(wrong(await toList(one, { recordIds: [await id('Account')] }))).toEqual(['NOT_FOUND from.recordIds.0'])
  const companies = await id('Segment', { object: 'ACCOUNT' })
  expect(wrong(await toList(one, { segmentId: companies }))).toEqual(['VALIDATION_FAILED from.segmentId'])
  const { jobId } = await toList(two, { targetListId: one })
  expect(await done(jobId)).toMatchObject({ status: 'COMPLETED', ADDED: 2, FAILED: 0 })
})
