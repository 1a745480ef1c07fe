import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { UserErrors } from '../../src/errors.ts'
import { decodeId } from '../../src/ids.ts'
import { type EmailOrder, sendTemplate } from '../../src/resolvers/marketing/sendEmail.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let acme: Writes
let templateId: string
beforeAll(async () => {
  acme = await openWrites()
  ;[templateId] = (await acme.create('EmailTemplate', {
    name: 'News',
    subject: 'News for {{ recipient.fullName }}',
    html: '<p>{{ recipient.firstName }} <a href="{{ unsubscribeUrl }}">x</a></p>',
  })) as [string]
})
afterAll(() => acme?.close())

let counter = 0
const contact = async (more: Record<string, unknown> = {}) =>
  (
    await acme.create('Contact', {
      firstName: 'Ada',
      lastName: `Byron ${++counter}`,
      email: `ada${counter}@mail.example`,
      ...more,
    })
  )[0] as string
const lead = async (more: Record<string, unknown> = {}) =>
  (
    await acme.create('Lead', { fullName: `Lead ${++counter}`, email: `lead${counter}@mail.example`, ...more })
  )[0] as string
const send = (order: Omit<EmailOrder, 'templateId'> & { templateId?: string }) =>
  acme.write((context) => sendTemplate(context, { templateId, ...order }))
const messages = (id: string) =>
  acme.rows<{
    status: string
    problem: string | null
    subject: string
    to: string
    html: string | null
    text: string | null
  }>(
    `SELECT m.status, m.problem, m.subject, m.to_address AS "to", b.html, b.body AS text FROM email_message m LEFT JOIN email_body b ON b.tenant_id = $1 AND b.message_id = m.id
 WHERE m.tenant_id = $1 AND $2 IN (m.contact_id, m.lead_id, m.user_id) ORDER BY m.id`,
    id,
  )
const problems = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserErrors)) throw error
  return error.errors.map(({ code, field }) => `${code} ${field?.join('.')}`)
}

it('queues one mail for each recipient, whatever type they are of, with its words', async () => {
  const [ada, grace] = [await contact(), await lead()]
  const answer = await send({
    recipients: [
      { type: 'Contact', uuid: ada },
      { type: 'Lead', uuid: grace },
      { type: 'User', uuid: decodeId(acme.adminId)?.uuid as string },
      { type: 'Contact', uuid: ada },
    ],
  })
  expect(answer).toEqual({ queued: 3, suppressed: 0 })
  const [mail] = await messages(ada)
  expect(mail).toMatchObject({ status: 'QUEUED', problem: null, to: expect.stringMatching(/^ada\d+@mail\.example$/) })
  expect(mail?.subject).toMatch(/^News for Ada Byron/)
  expect(mail?.html).toBe('<p>Ada <a href="{ATRIUM_UNSUBSCRIBE}">x</a></p>')
  expect(mail?.text).toContain('Ada')
})

it('is one mail when the same order is given twice, and two with another key', async () => {
  const uuid = await contact()
  const recipients = [{ type: 'Contact', uuid } as const]
  expect(await send({ recipients, key: 'order 1' })).toEqual({ queued: 1, suppressed: 0 })
  expect(await send({ recipients, key: 'order 1' })).toEqual({ queued: 0, suppressed: 0 })
  expect(await send({ recipients, key: 'order 2' })).toEqual({ queued: 1, suppressed: 0 })
  expect(await messages(uuid)).toHaveLength(2)
})

it('is one mail when two give the same order at once', async () => {
  const uuid = await contact()
  const recipients = [{ type: 'Contact', uuid } as const]
  const answers = await Promise.all([1, 2, 3].map(() => send({ recipients, key: 'at once' })))
  expect(answers.map(({ queued }) => queued).sort()).toEqual([0, 0, 1])
  expect(await messages(uuid)).toHaveLength(1)
})

it('queues nothing for nobody', async () => {
  expect(await send({ recipients: [] })).toEqual({ queued: 0, suppressed: 0 })
})

const suppressed: [string, (id: string) => Promise<unknown>, string][] = [
  ['who said no mail', (id) => acme.update('Contact', id, { doNotEmail: true }), 'DO_NOT_EMAIL'],
  [
    'whose address opted out',
    (id) =>
      acme
        .row('contact', id)
        .then(({ email }) => acme.update('Contact', id, { emails: [{ address: email, optedOut: true }] })),
    'OPTED_OUT',
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
    'CONSENT',
  ],
]
it.each(suppressed)('suppresses the mail of %s, but not one of business', async (_who, refuse, problem) => {
  const uuid = await contact()
  await refuse(uuid)
  const recipients = [{ type: 'Contact', uuid } as const]
  expect(await send({ recipients })).toEqual({ queued: 0, suppressed: 1 })
  expect(await messages(uuid)).toEqual([expect.objectContaining({ status: 'SUPPRESSED', problem, html: null })])
  expect(await send({ recipients, informational: true })).toEqual({ queued: 1, suppressed: 0 })
})

it('sends nothing, not even of business, to an address that does not work', async () => {
  const uuid = await contact({
    emails: [{ address: 'dead@mail.example', isInvalid: true }],
    email: 'dead@mail.example',
  })
  expect(await send({ recipients: [{ type: 'Contact', uuid }], informational: true })).toEqual({
    queued: 0,
    suppressed: 1,
  })
  expect(await messages(uuid)).toEqual([expect.objectContaining({ status: 'SUPPRESSED', problem: 'INVALID_ADDRESS' })])
})

it('suppresses the mail of a lead that is not to be contacted', async () => {
  const uuid = await lead({ doNotContact: true })
  expect(await send({ recipients: [{ type: 'Lead', uuid }] })).toEqual({ queued: 0, suppressed: 1 })
})

it('counts whom nobody can write to, and writes no message', async () => {
  const uuid = await contact({ email: null })
  expect(await send({ recipients: [{ type: 'Contact', uuid }] })).toEqual({ queued: 0, suppressed: 1 })
  expect(await messages(uuid)).toEqual([])
})

it('is NOT_FOUND for a template or a recipient that there is not', async () => {
  const none = '018f0000-0000-7000-8000-000000000000'
  expect(await problems(send({ templateId: none, recipients: [] }))).toEqual(['NOT_FOUND templateId'])
  expect(await problems(send({ recipients: [{ type: 'Contact', uuid: none }] }))).toEqual(['NOT_FOUND recipientIds'])
})

it('takes back what it queued when the transaction that causes it fails', async () => {
  const uuid = await contact()
  const failed = acme.write(async (context) => {
    await sendTemplate(context, { templateId, recipients: [{ type: 'Contact', uuid }] })
    throw new Error('Something else went wrong.')
  })
  await expect(failed).rejects.toThrow('Something else')
  expect(await messages(uuid)).toEqual([])
})
