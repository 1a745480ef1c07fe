import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asking, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let rep: Person
let other: Person
let manager: Person
let gone: Person

beforeAll(async () => {
  asking.twice = false
  test = await testApp()
  manager = await person(test, test.acme, 'manager')
  const under = { managerId: manager.id }
  rep = await person(test, test.acme, 'rep', under)
  other = await person(test, test.acme, 'rep', under)
  gone = await person(test, test.acme, 'rep', under)
  await test.acme.run(
    'mutation($id: ID!) { updateUser(id: $id, input: { status: SUSPENDED }) { userErrors { code } } }',
    {
      id: gone.id,
    },
  )
})
afterAll(() => test.close())

const TRANSFER = `mutation($id: ID!, $to: ID!, $include: [TransferAlong!], $days: Int, $version: Int) {
  transferAccount(id: $id, toUserId: $to, include: $include, keepAccessDays: $days, expectedVersion: $version) {
    account { id owner { id } } moved { type count } userErrors { code field details }
  }
}`
const transfer = async (who: Pick<Person, 'run'>, variables: Record<string, unknown>, headers = {}) =>
  (await who.run(TRANSFER, variables, headers)).transferAccount
const errors = async (who: Pick<Person, 'run'>, variables: Record<string, unknown>) =>
  (await transfer(who, variables)).userErrors
const ownerOf = async (type: string, id: string) =>
  (await test.acme.run(`query($id: ID!) { node(id: $id) { ... on ${type} { owner { id } } } }`, { id })).node.owner.id

/** An account of a rep with two contacts, one of them another's, an open and a lost opportunity. */
async function customer() {
  const { id } = await make(test.acme, 'Account', { ownerId: rep.id })
  const contacts = [
    await make(test.acme, 'Contact', { ownerId: rep.id }),
    await make(test.acme, 'Contact', { ownerId: other.id }),
  ]
  for (const contact of contacts) await make(test.acme, 'AccountContact', { accountId: id, contactId: contact.id })
  const open = await make(test.acme, 'Opportunity', { accountId: id, ownerId: rep.id })
  const lost = await make(test.acme, 'Opportunity', { accountId: id, ownerId: rep.id })
  const { opportunity } = await test.acme.run(
    'query($id: ID!) { opportunity(id: $id) { pipeline { stages(where: { kind: { eq: LOST } }) { nodes { id } } } } }',
    { id: lost.id },
  )
  let stage = opportunity.pipeline.stages.nodes[0]?.id
  if (!stage) {
    const pipeline = (
      await test.acme.run('query($id: ID!) { opportunity(id: $id) { pipeline { id } } }', { id: lost.id })
    ).opportunity.pipeline.id
    stage = (await make(test.acme, 'Stage', { pipelineId: pipeline, kind: 'LOST', probability: 0 })).id
  }
  await test.acme.run(
    'mutation($id: ID!, $stage: ID!) { moveOpportunityStage(id: $id, toStageId: $stage, lossReason: "price") { userErrors { code } } }',
    { id: lost.id, stage },
  )
  return { id, mine: contacts[0]!.id, theirs: contacts[1]!.id, open: open.id, lost: lost.id }
}

describe('a transfer', () => {
  it('gives the record and nothing else, unless something is to go along', async () => {
    const { id, mine, open } = await customer()
    expect(await transfer(manager, { id, to: other.id })).toEqual({
      account: { id, owner: { id: other.id } },
      moved: [{ type: 'Account', count: 1 }],
      userErrors: [],
    })
    expect([await ownerOf('Contact', mine), await ownerOf('Opportunity', open)]).toEqual([rep.id, rep.id])
  })

  it('takes contacts and open opportunities of the old owner along, and neither closed ones nor those of others', async () => {
    const { id, mine, theirs, open, lost } = await customer()
    const { moved } = await transfer(manager, { id, to: other.id, include: ['CONTACTS', 'OPEN_OPPORTUNITIES'] })
    expect(moved).toEqual([
      { type: 'Account', count: 1 },
      { type: 'Contact', count: 1 },
      { type: 'Opportunity', count: 1 },
    ])
    expect(await ownerOf('Contact', mine)).toBe(other.id)
    expect(await ownerOf('Contact', theirs)).toBe(other.id)
    expect(await ownerOf('Opportunity', open)).toBe(other.id)
    expect(await ownerOf('Opportunity', lost)).toBe(rep.id)
  })

  it('lets the old owner go on seeing it for as long as is said', async () => {
    const sees = async (id: string) =>
      (await rep.run('query($id: ID!) { account(id: $id) { id } }', { id })).account !== null
    const { id } = await customer()
    await transfer(manager, { id, to: other.id })
    expect(await sees(id)).toBe(false)
    const kept = await customer()
    await transfer(manager, { id: kept.id, to: other.id, days: 7 })
    expect(await sees(kept.id)).toBe(true)
    const { recordShares } = await test.acme.run(
      'query($id: ID!) { recordShares(where: { recordId: { eq: $id } }) { nodes { access expiresAt user { id } } } }',
      { id: kept.id },
    )
    expect(recordShares.nodes).toMatchObject([{ access: 'READ', user: { id: rep.id } }])
    const days = (Date.parse(recordShares.nodes[0].expiresAt) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(7)
  })

  it('changes nothing when it is theirs already, and says the same again under its key', async () => {
    const { id } = await customer()
    expect(await transfer(manager, { id, to: rep.id })).toMatchObject({ moved: [], userErrors: [] })
    const key = { 'idempotency-key': `transfer ${id}` }
    const first = await transfer(manager, { id, to: other.id }, key)
    expect(first.moved).toEqual([{ type: 'Account', count: 1 }])
    expect(await transfer(manager, { id, to: other.id }, key)).toEqual(first)
  })

  it('is refused without the right, for what is out of sight, stale, and to who is gone', async () => {
    const { id } = await customer()
    const answer = await rep.ask(TRANSFER, { id, to: other.id })
    expect(answer.errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
      missing: [{ permission: 'Account.transfer' }],
    })
    expect(await errors(test.globex, { id, to: other.id })).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }])
    const foreign = (await make(test.globex, 'Account')).id
    expect(await errors(manager, { id: foreign, to: other.id })).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }])
    expect(await errors(manager, { id, to: gone.id })).toMatchObject([{ code: 'USER_INACTIVE', field: ['toUserId'] }])
    expect(await errors(manager, { id, to: other.id, version: 99 })).toMatchObject([
      { code: 'STALE_VERSION', field: ['expectedVersion'] },
    ])
    expect(await errors(manager, { id, to: other.id, days: 366 })).toMatchObject([
      { code: 'VALIDATION_FAILED', field: ['keepAccessDays'] },
    ])
  })

  it('stops at the receiver’s quota and leaves nothing half done', async () => {
    const { id, mine } = await customer()
    const full = await person(test, test.acme, 'rep', { managerId: manager.id })
    await make(test.acme, 'OwnerQuota', {
      object: 'Contact',
      userId: full.id,
      limit: 0,
      roleId: undefined,
      departmentId: undefined,
    })
    const refused = await errors(manager, { id, to: full.id, include: ['CONTACTS'] })
    expect(refused).toMatchObject([
      { code: 'OWNER_QUOTA_EXCEEDED', field: ['include'], details: { object: 'Contact' } },
    ])
    expect([await ownerOf('Account', id), await ownerOf('Contact', mine)]).toEqual([rep.id, rep.id])
  })

  it.each(['Contact', 'Lead', 'Opportunity'])('works for a %s', async (name) => {
    const { id } = await make(test.acme, name, { ownerId: rep.id })
    const field = name.charAt(0).toLowerCase() + name.slice(1)
    const answer = await manager.run(
      `mutation($id: ID!, $to: ID!) { transfer${name}(id: $id, toUserId: $to) { ${field} { owner { id } } moved { type count } userErrors { code } } }`,
      { id, to: other.id },
    )
    expect(answer[`transfer${name}`]).toEqual({
      [field]: { owner: { id: other.id } },
      moved: [{ type: name, count: 1 }],
      userErrors: [],
    })
  })
})
