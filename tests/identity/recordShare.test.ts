import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let rep: Person
let other: Person

beforeAll(async () => {
  test = await testApp()
  rep = await person(test, test.acme, 'rep')
  other = await person(test, test.acme, 'rep')
})
afterAll(() => test.close())

const SHARE =
  'mutation($input: CreateRecordShareInput!) { createRecordShare(input: $input) { recordShare { id access user { id } team { id } } userErrors { code field details } } }'
const share = async (who: Pick<Person, 'run'>, input: Record<string, unknown>) =>
  (await who.run(SHARE, { input })).createRecordShare
const sees = async (who: Person, id: string) =>
  (await who.run('query($id: ID!) { account(id: $id) { id } }', { id })).account !== null
const rename = async (who: Person, id: string) =>
  (
    await who.run(
      'mutation($id: ID!) { updateAccount(id: $id, input: { name: "AcmeMark renamed" }) { userErrors { code } } }',
      { id },
    )
  ).updateAccount.userErrors.map(({ code }: { code: string }) => code)

it('tells of records that stand in the way and are out of sight only that there are some', async () => {
  const { id } = await make(test.acme, 'Account', { ownerId: rep.id })
  await make(test.acme, 'Opportunity', { accountId: id, ownerId: other.id })
  const remove = async (who: Pick<Person, 'run'>) =>
    (await who.run(`mutation { deleteAccount(id: "${id}") { userErrors { code details message } } }`)).deleteAccount
      .userErrors
  expect(await remove(rep)).toEqual([
    {
      code: 'REFERENCE_IN_USE',
      details: { refs: [], others: true },
      message: 'records that you may not see still refer to this Account.',
    },
  ])
  await make(test.acme, 'Opportunity', { accountId: id, ownerId: rep.id })
  const seen = { type: 'Opportunity', field: 'accountId', count: 1 }
  expect((await remove(rep))[0].details).toEqual({ refs: [seen], others: true })
  expect((await remove(test.acme))[0].details).toEqual({ refs: [{ ...seen, count: 2 }] })
})

describe('sharing a record', () => {
  it('is for whoever may write it: the owner shares to read, then to write, and takes it back', async () => {
    const { id } = await make(test.acme, 'Account', { ownerId: rep.id })
    expect(await sees(other, id)).toBe(false)
    const { recordShare } = await share(rep, { recordId: id, userId: other.id })
    expect(recordShare).toMatchObject({ access: 'READ', user: { id: other.id } })
    expect([await sees(other, id), await rename(other, id)]).toEqual([true, ['FORBIDDEN']])
    await rep.run(
      `mutation { updateRecordShare(id: "${recordShare.id}", input: { access: WRITE }) { userErrors { code } } }`,
    )
    expect(await rename(other, id)).toEqual([])
    // Who may write it may share it further, and cannot give themselves what they do not have.
    const third = await person(test, test.acme, 'rep')
    expect((await share(other, { recordId: id, userId: third.id })).userErrors).toEqual([])
    await rep.run(`mutation { deleteRecordShare(id: "${recordShare.id}") { userErrors { code } } }`)
    expect([await sees(other, id), await rename(other, id)]).toEqual([false, ['NOT_FOUND']])
  })

  it('is refused to those who only see it, and says nothing of what they do not see', async () => {
    const { id } = await make(test.acme, 'Account', { ownerId: rep.id })
    expect((await share(other, { recordId: id, userId: other.id })).userErrors).toEqual([
      { code: 'NOT_FOUND', field: ['input', 'recordId'], details: null },
    ])
    await share(rep, { recordId: id, userId: other.id })
    expect((await share(other, { recordId: id, userId: other.id, access: 'WRITE' })).userErrors).toEqual([
      { code: 'FORBIDDEN', field: ['input', 'recordId'], details: { permission: 'Account.update' } },
    ])
    const free = await make(test.acme, 'Account', { ownerId: null })
    expect((await share(rep, { recordId: free.id, userId: rep.id, access: 'WRITE' })).userErrors[0].code).toBe(
      'FORBIDDEN',
    )
  })

  it('names exactly one principal, a record that has an owner, an end in the future', async () => {
    const { id } = await make(test.acme, 'Account', { ownerId: rep.id })
    const team = await make(test.acme, 'Team')
    const tag = await make(test.acme, 'Tag')
    const problems = async (input: Record<string, unknown>) =>
      (await share(test.acme, input)).userErrors.map(({ code, field, details }: never) => [code, field, details])
    expect(await problems({ recordId: id })).toEqual([['VALIDATION_FAILED', ['input', 'userId'], { rule: 'one' }]])
    expect(await problems({ recordId: id, userId: rep.id, teamId: team.id })).toEqual([
      ['VALIDATION_FAILED', ['input', 'teamId'], { rule: 'one' }],
    ])
    expect(await problems({ recordId: tag.id, userId: rep.id })).toEqual([
      ['VALIDATION_FAILED', ['input', 'recordId'], { rule: 'owner' }],
    ])
    expect(await problems({ recordId: id, userId: rep.id, expiresAt: '2020-01-01T00:00:00Z' })).toEqual([
      ['VALIDATION_FAILED', ['input', 'expiresAt'], { rule: 'min' }],
    ])
  })

  it('ends with its team, with the record, and with its time', async () => {
    const { id } = await make(test.acme, 'Account', { ownerId: rep.id })
    const team = await make(test.acme, 'Team')
    await make(test.acme, 'TeamMember', { teamId: team.id, userId: other.id })
    await share(rep, { recordId: id, teamId: team.id })
    expect(await sees(other, id)).toBe(true)
    await test.acme.run(`mutation { deleteTeam(id: "${team.id}") { userErrors { code } } }`)
    expect(await sees(other, id)).toBe(false)
    await test.acme.run(`mutation { restoreTeam(id: "${team.id}") { userErrors { code } } }`)
    expect(await sees(other, id)).toBe(true)
    const { destroyTeam } = await test.acme.run(
      `mutation { destroyTeam(id: "${team.id}") { id userErrors { code message } } }`,
    )
    expect(destroyTeam).toEqual({ id: team.id, userErrors: [] })
    expect(await sees(other, id)).toBe(false)
    const { recordShare } = await share(rep, { recordId: id, userId: other.id, expiresAt: '2099-01-01T00:00:00Z' })
    expect(await sees(other, id)).toBe(true)
    await test.acme.run(`mutation { deleteAccount(id: "${id}") { userErrors { code } } }`)
    const { recordShare: gone } = await test.acme.run(`{ recordShare(id: "${recordShare.id}") { id } }`)
    expect(gone).toBeNull()
  })
})
