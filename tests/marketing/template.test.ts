import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { recordType } from '../../src/read/recordType.ts'
import { previewTemplate } from '../../src/resolvers/marketing/previewTemplate.ts'
import { createRecords } from '../../src/resolvers/records.ts'
import { openWrites, ref, type Writes } from '../support/writes.ts'

let acme: Writes
beforeAll(async () => {
  acme = await openWrites()
})
afterAll(() => acme?.close())

let counter = 0
const template = (more: Record<string, unknown> = {}) => ({
  name: `Template ${++counter}`,
  subject: 'Hello {{ contact.firstName }}',
  html: '<p>Dear {{ contact.fullName }} of {{ account.name }}, <a href="{{ unsubscribeUrl }}">no more</a></p>',
  ...more,
})
const preview = (templateId: string, type: string, id: string) =>
  acme.write(({ db, viewer }) =>
    previewTemplate(db, viewer, { templateId: ref('EmailTemplate', templateId), recordId: ref(type, id) }),
  )

it('notes the names that its texts take from outside, and no local ones', async () => {
  const [id] = await acme.create(
    'EmailTemplate',
    template({
      text: '{% assign greeting = "Hi" %}{{ greeting }} {{ recipient.fullName }}{% if lead.industry %}!{% endif %}',
    }),
  )
  expect((await acme.row('email_template', id as string)).variables).toEqual([
    'account.name',
    'contact.firstName',
    'contact.fullName',
    'lead.industry',
    'recipient.fullName',
    'unsubscribeUrl',
  ])
})

it('refuses a name that there is not, and says it with what may stand there', async () => {
  const [problem] = await acme.write(async (context) => {
    const written = await createRecords(context, recordType('EmailTemplate'), [
      template({ subject: 'Hello {{ contact.frstName }}' }),
    ])
    return written.flatMap(({ errors }) => errors)
  })
  expect(problem).toMatchObject({ code: 'TEMPLATE_VARIABLE_UNKNOWN', field: ['input', 'subject'] })
  const details = problem?.details as { variable: string; allowed: string[] }
  expect(details.variable).toBe('contact.frstName')
  expect(details.allowed).toContain('contact.firstName')
})

it.each([
  ['a namespace that there is not', '{{ session.tokenHash }}'],
  ['a setting of the company', '{{ apiKey.prefix }}'],
  ['what lies deeper', '{{ contact.account.name }}'],
  ['the prototype', '{{ contact.constructor }}'],
])('refuses %s', async (_what, html) => {
  expect(await acme.refused('EmailTemplate', template({ html }))).toEqual(['TEMPLATE_VARIABLE_UNKNOWN html'])
})

it.each([
  ['a tag that is not closed', '{% if contact.firstName %}'],
  ['a file', '{% include "/etc/passwd" %}'],
  ['another template', '{% render "other" %}'],
  ['a way around escaping', '{{ contact.firstName | raw }}'],
])('refuses %s', async (_what, html) => {
  expect(await acme.refused('EmailTemplate', template({ html }))).toEqual(['VALIDATION_FAILED html'])
})

it('takes another name as long as no live template has it', async () => {
  const given = template()
  const [id] = await acme.create('EmailTemplate', given)
  expect(await acme.refused('EmailTemplate', given)).toEqual(['UNIQUE_VIOLATION name'])
  await acme.remove('EmailTemplate', id as string)
  expect(await acme.refused('EmailTemplate', given)).toEqual([])
})

it('shows a mail as a recipient would get it, with values escaped and nothing that runs', async () => {
  const [accountId] = await acme.create('Account', { name: 'Smith & <Sons>' })
  const [contactId] = await acme.create('Contact', {
    firstName: '<img src=x onerror=alert(1)>',
    lastName: 'Byron',
    email: 'a@mail.example',
  })
  await acme.create('AccountContact', {
    accountId: ref('Account', accountId as string),
    contactId: ref('Contact', contactId as string),
  })
  const [id] = await acme.create(
    'EmailTemplate',
    template({
      html: '<p onclick="x()">{{ contact.firstName }} of {{ account.name }}</p><script>alert(1)</script>',
      text: '{{ account.name }}',
    }),
  )
  const shown = await preview(id as string, 'Contact', contactId as string)
  expect(shown?.html).toBe('<p>&lt;img src=x onerror=alert(1)&gt; of Smith &amp; &lt;Sons&gt;</p>')
  expect(shown?.text).toBe('Smith & <Sons>')
})

it('makes the plain text of the HTML where there is none of its own, and one line of the subject', async () => {
  const [contactId] = await acme.create('Contact', {
    firstName: 'Ada',
    lastName: 'Byron',
    email: 'b@mail.example',
    description: 'x',
  })
  const [id] = await acme.create(
    'EmailTemplate',
    template({
      subject: 'Hello {{ contact.firstName }}{% capture x %}\r\nBcc: all@mail.example{% endcapture %}{{ x }}',
    }),
  )
  const shown = await preview(id as string, 'Contact', contactId as string)
  expect(shown?.subject).toBe('Hello Ada Bcc: all@mail.example')
  expect(shown?.text).toContain('Dear Ada Byron of , no more')
})

it('leaves empty what the record does not have, also of another type of recipient', async () => {
  const [leadId] = await acme.create('Lead', {
    fullName: 'Grace Hopper',
    companyName: 'Navy',
    email: 'grace@mail.example',
  })
  const [id] = await acme.create(
    'EmailTemplate',
    template({
      text: '[{{ contact.firstName }}] {{ recipient.fullName }}, {{ recipient.companyName }}, {{ lead.annualRevenue }}',
    }),
  )
  expect((await preview(id as string, 'Lead', leadId as string))?.text).toBe('[] Grace Hopper, Navy, ')
})

it('shows amounts with their currency, for a mail about any record that has an owner', async () => {
  const [leadId] = await acme.create('Lead', { fullName: 'L', annualRevenue: { amount: '1200.5', currency: 'EUR' } })
  const [id] = await acme.create('EmailTemplate', template({ text: '{{ lead.annualRevenue }}' }))
  expect((await preview(id as string, 'Lead', leadId as string))?.text).toBe('1200.50 EUR')
})

it('is nothing for a record or a template that there is not', async () => {
  const [id] = await acme.create('EmailTemplate', template())
  expect(await preview(id as string, 'Contact', '018f0000-0000-7000-8000-000000000000')).toBeNull()
  expect(await preview('018f0000-0000-7000-8000-000000000000', 'Contact', id as string)).toBeNull()
})

it('gives up on a template that takes too long instead of holding up the process', async () => {
  const [contactId] = await acme.create('Contact', { lastName: 'Loop', email: 'loop@mail.example' })
  const [id] = await acme.create(
    'EmailTemplate',
    template({ text: '{% for i in (1..100000000) %}{{ i }}{% endfor %}' }),
  )
  expect(await preview(id as string, 'Contact', contactId as string)).toBeNull()
})
