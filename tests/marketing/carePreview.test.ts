import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { make } from '../support/factory.ts'
import { OWN, type Owner, openOwner } from '../support/owner.ts'
import { person } from '../support/people.ts'

let test: TestApp
let acme: Company
let owner: Owner
beforeAll(async () => {
  test = await testApp()
  acme = test.acme
  owner = await openOwner(test, acme)
}, 300_000)
afterAll(async () => {
  await owner?.close()
  await test?.close()
})

const PREVIEW =
  'query($id: ID!, $on: Date!) { careRulePreview(id: $id, on: $on) { people { contact { id } account { id } period status reason } more } }'
const preview = async (id: string, on: string, who: Pick<Company, 'run'> = acme) =>
  (await who.run<Any>(PREVIEW, { id, on })).careRulePreview
const id = async (type: string, more: Any = {}, company = acme) => (await make(company, type, more)).id as string
const rule = (more: Any = {}, company = acme) => id('CareRule', { filter: null, ...more }, company)

it('tells who would get something on a day, and who would not and why; nothing is written', async () => {
  const [mine, nobodys] = [
    await id('Contact', { birthday: '1990-02-03', timezone: 'America/New_York', ownerId: acme.adminUserId }),
    await id('Contact', { birthday: '--02-03', ownerId: null }),
  ]
  const care = await rule({ active: false })
  const { people, more } = await preview(care, '2031-02-03')
  expect(more).toBe(false)
  const told = people.map(({ contact, period, status, reason }: Any) => [contact.id, period, status, reason])
  expect(told.sort()).toEqual(
    [
      [mine, '2031', 'SENT', null],
      [nobodys, '2031', 'SKIPPED', 'NO_OWNER'],
    ].sort(),
  )
  expect(await preview(care, '2031-02-04')).toEqual({ people: [], more: false })
  const rows = await owner.rows(`SELECT 1 FROM care_execution WHERE ${OWN}`)
  expect(rows).toEqual([])
})

it('leaves out who was seen to in the period', async () => {
  const contact = await id('Contact', { birthday: '1990-02-07', ownerId: acme.adminUserId })
  const care = await rule()
  expect((await preview(care, '2031-02-07')).people).toHaveLength(1)
  await owner.rows(
    `INSERT INTO care_execution (tenant_id, rule_id, contact_id, period, channel, status) SELECT tenant_id, (SELECT id FROM care_rule WHERE ${OWN} ORDER BY id DESC LIMIT 1), id, '2031', 'TASK', 'SENT' FROM contact WHERE ${OWN} AND birthday = '1990-02-07'`,
  )
  expect(await preview(care, '2031-02-07')).toEqual({ people: [], more: false })
  expect((await preview(care, '2032-02-07')).people.map((one: Any) => one.contact.id)).toEqual([contact])
})

it('is null for a rule of another company, and finds only people of one’s own', async () => {
  const birthday = '1990-02-11'
  const [here, there] = [
    await id('Contact', { birthday, ownerId: acme.adminUserId }),
    await id('Contact', { birthday, ownerId: test.globex.adminUserId }, test.globex),
  ]
  const foreign = await rule({}, test.globex)
  expect(await preview(foreign, '2031-02-11')).toBeNull()
  expect((await preview(await rule(), '2031-02-11')).people.map((one: Any) => one.contact.id)).toEqual([here])
  expect((await preview(foreign, '2031-02-11', test.globex)).people.map((one: Any) => one.contact.id)).toEqual([there])
})

it('is for who may read rules: a representative may not', async () => {
  const rep = await person(test, acme, 'rep')
  const care = await rule()
  const { errors } = await rep.ask(PREVIEW, { id: care, on: '2031-02-03' })
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
})
