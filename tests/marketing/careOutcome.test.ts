import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeId } from '../../src/ids.ts'
import { ref } from '../support/writes.ts'
import { type Cared, openCare } from './care.ts'

let acme: Cared
let owner: string
let day = 0
beforeAll(async () => {
  acme = await openCare()
  owner = decodeId(acme.adminId)?.uuid as string
}, 300_000)
afterAll(() => acme?.close())

/** A birthday that nobody else has, as a contact has it and as the moment in 2027. */
function newDay(): { birthday: string; at: string } {
  const date = new Date(Date.UTC(2027, 0, 1 + day++))
  const text = date.toISOString().slice(0, 10)
  return { birthday: text.replace('2027', '1980'), at: `${text}T02:00:00Z` }
}
/** What a birthday rule does for a contact. */
async function outcome(prepare: (contactId: string) => Promise<unknown>, more: object = {}, rule: object = {}) {
  const { birthday, at } = newDay()
  const contact = await acme.contact({ birthday, ...more })
  await prepare(contact)
  const id = await acme.rule({ trigger: 'BIRTHDAY', ...rule })
  await acme.run(id, at)
  const [execution] = await acme.executions(id)
  expect(execution?.contact).toBe(contact)
  return { status: execution?.status, reason: execution?.reason, mails: (await acme.mails(contact)).length }
}
const nothing = async () => undefined

describe('nobody is mailed', () => {
  const cases: [string, Parameters<typeof outcome>[0], object, string][] = [
    ['who wants no mails', nothing, { doNotEmail: true }, 'DO_NOT_EMAIL'],
    ['who has no address', nothing, { email: null }, 'NO_ADDRESS'],
    [
      'whose address opted out',
      (id) =>
        acme
          .row('contact', id)
          .then(({ email }) => acme.update('Contact', id, { emails: [{ address: email, optedOut: true }] })),
      {},
      'OPTED_OUT',
    ],
    [
      'whose mails come back',
      (id) =>
        acme
          .row('contact', id)
          .then(({ email }) => acme.update('Contact', id, { emails: [{ address: email, isInvalid: true }] })),
      {},
      'INVALID_ADDRESS',
    ],
    [
      'who withdrew their consent',
      (id) =>
        acme.create('ConsentRecord', {
          contactId: ref('Contact', id),
          purpose: 'NEWS',
          channel: 'EMAIL',
          status: 'WITHDRAWN',
        }),
      {},
      'CONSENT',
    ],
    [
      'whose address is suppressed',
      async (id) => {
        const { email } = await acme.row('contact', id)
        await acme.write(({ db, viewer }) =>
          db.rows({
            text: `INSERT INTO suppression (tenant_id, address_hash, reason) VALUES ($1, atrium.address_hash($2), 'UNSUBSCRIBED')`,
            values: [viewer.tenantId, email],
          }),
        )
      },
      {},
      'SUPPRESSED',
    ],
    [
      'whose company is to be left alone',
      async (id) => {
        const [accountId] = await acme.create('Account', { name: 'Alone', doNotContact: true })
        await acme.create('AccountContact', {
          accountId: ref('Account', accountId as string),
          contactId: ref('Contact', id),
          isPrimary: true,
        })
      },
      {},
      'DO_NOT_CONTACT',
    ],
  ]
  it.each(cases)('%s: it is noted why', async (_who, prepare, more, reason) => {
    expect(await outcome(prepare, more)).toEqual({ status: 'SKIPPED', reason, mails: 0 })
  })

  it('but others are', async () => {
    expect(await outcome(nothing)).toEqual({ status: 'SENT', reason: null, mails: 1 })
  })

  it('for whom the template cannot be made into a mail', async () => {
    const [templateId] = await acme.create('EmailTemplate', {
      name: 'Broken',
      subject: 'x',
      html: '{% for i in (1..100000000) %}{{ i }}{% endfor %}',
    })
    const { status, reason, mails } = await outcome(
      nothing,
      {},
      { templateId: ref('EmailTemplate', templateId as string) },
    )
    expect({ status, reason, mails }).toEqual({ status: 'SKIPPED', reason: 'RENDER_FAILED', mails: 0 })
  })

  it('of a company in which nobody is known', async () => {
    const [accountId] = await acme.create('Account', { name: 'Empty' })
    await acme.write(({ db, viewer }) =>
      db.rows({
        text: `UPDATE account SET first_deal_at = '2020-06-01T02:00:00Z' WHERE tenant_id = $1 AND id = $2`,
        values: [viewer.tenantId, accountId],
      }),
    )
    const rule = await acme.rule({ trigger: 'ANNIVERSARY' })
    await acme.run(rule, '2027-06-01T02:00:00Z')
    await acme.run(rule, '2027-06-01T03:00:00Z')
    expect(await acme.executions(rule)).toEqual([
      { contact: null, account: accountId, period: '2027', status: 'SKIPPED', reason: 'NO_CONTACT' },
    ])
  })
})

it('nobody gets a second one within the days of the rule', async () => {
  const rule = await acme.rule({
    trigger: 'NO_CONTACT_DAYS',
    days: 3,
    cooldownDays: 30,
    filter: { title: { eq: 'cool' } },
  })
  const ada = await acme.contact({ title: 'cool', lastActivityAt: '2027-05-01T02:00:00Z' })
  await acme.run(rule, '2027-05-10T02:00:00Z')
  await acme.update('Contact', ada, { lastActivityAt: '2027-05-11T02:00:00Z' })
  await acme.run(rule, '2027-06-08T02:00:00Z')
  await acme.update('Contact', ada, { lastActivityAt: '2027-06-05T02:00:00Z' })
  await acme.run(rule, '2027-06-09T02:00:00Z')
  expect((await acme.executions(rule)).map(({ period, reason }) => [period, reason])).toEqual([
    ['2027-05-01', null],
    ['2027-05-11', 'COOLDOWN'],
    ['2027-06-05', null],
  ])
})

describe('a rule for who looks after them', () => {
  it('makes them a task about the person, due on that day', async () => {
    const { birthday, at } = newDay()
    const contact = await acme.contact({ birthday, ownerId: acme.adminId })
    const rule = await acme.rule({ trigger: 'BIRTHDAY', channel: 'TASK', name: 'Call them' })
    await acme.run(rule, at)
    await acme.run(rule, at)
    const tasks = await acme.rows(
      `SELECT k.title, k.assignee_id AS who, k.due_at AT TIME ZONE 'Asia/Shanghai' AS due FROM task k JOIN task_link l ON l.tenant_id = $1 AND l.task_id = k.id WHERE k.tenant_id = $1 AND l.record_id = $2`,
      contact,
    )
    expect(tasks).toEqual([{ title: expect.stringMatching(/^Call them: Ada B/), who: owner, due: expect.anything() }])
    expect(JSON.stringify(tasks)).toContain(`${at.slice(0, 10)}T23:59:59`)
  })

  it('tells them, once', async () => {
    const { birthday, at } = newDay()
    const contact = await acme.contact({ birthday, ownerId: acme.adminId, doNotEmail: true })
    const rule = await acme.rule({ trigger: 'BIRTHDAY', channel: 'NOTIFICATION', name: 'Wish well' })
    await acme.run(rule, at)
    await acme.run(rule, at)
    const notes = await acme.rows(
      'SELECT user_id AS who, title, record_id AS record FROM notification WHERE tenant_id = $1 AND type = $2',
      'CARE',
    )
    expect(notes).toEqual([
      { who: owner, title: expect.stringMatching(/^Wish well: Ada B/), record: ref('Contact', contact) },
    ])
  })

  it('tells nobody where nobody looks after them', async () => {
    expect(await outcome(nothing, {}, { channel: 'TASK' })).toEqual({ status: 'SKIPPED', reason: 'NO_OWNER', mails: 0 })
  })
})

describe('at once', () => {
  it('three who work a rule do everything once', async () => {
    const { birthday, at } = newDay()
    const people = await Promise.all(Array.from({ length: 5 }, () => acme.contact({ birthday })))
    const rule = await acme.rule({ trigger: 'BIRTHDAY' })
    const done = await Promise.all([1, 2, 3].map(() => acme.run(rule, at)))
    expect(done.reduce((sum, { sent }) => sum + sent, 0)).toBe(5)
    for (const id of people) expect(await acme.mails(id)).toHaveLength(1)
  })

  it('nothing is done for nobody', async () => {
    const rule = await acme.rule({ trigger: 'BIRTHDAY', filter: { title: { eq: 'nobody at all' } } })
    expect(await acme.run(rule, newDay().at)).toMatchObject({ sent: 0, skipped: 0 })
  })
})

it('mails the company’s own fields of what it is about', async () => {
  for (const object of ['Contact', 'Account'])
    await acme.create('FieldDefinition', { object, apiName: 'tier', type: 'TEXT', label: { en: 'Tier' } })
  const [templateId] = await acme.create('EmailTemplate', {
    name: 'Own',
    subject: '{{ contact.customFields.tier }} of {{ account.customFields.tier }}',
    html: '<a href="{{ unsubscribeUrl }}">x</a>',
  })
  const [accountId] = await acme.create('Account', { name: 'Smith', customFields: { tier: 'Stone' } })
  const { birthday, at } = newDay()
  const contact = await acme.contact({ birthday, customFields: { tier: '金' } })
  await acme.create('AccountContact', {
    accountId: ref('Account', accountId as string),
    contactId: ref('Contact', contact),
  })
  const id = await acme.rule({ trigger: 'BIRTHDAY', templateId: ref('EmailTemplate', templateId as string) })
  await acme.run(id, at)
  expect(await acme.mails(contact)).toEqual([{ subject: '金 of Stone' }])
})
