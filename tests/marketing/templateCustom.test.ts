import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Any, type Company, type TestApp, testApp } from '../support/app.ts'
import { defineField, dropField } from '../support/custom.ts'
import { make } from '../support/factory.ts'
import { uuidIn } from '../support/owner.ts'
import { type Person, person } from '../support/people.ts'

let test: TestApp
let contact: string
let clerk: Person

const VALUES = {
  tier: '<b>金</b>',
  visits: 7,
  rate: '12.50',
  budget: { amount: '1200.5', currency: 'EUR' },
  met: '2026-03-01',
  seen: '2026-03-01T22:30:00Z',
  vip: true,
  secret: 'for few',
}

beforeAll(async () => {
  test = await testApp()
  const { acme } = test
  const types = ['TEXT', 'NUMBER', 'DECIMAL', 'CURRENCY', 'DATE', 'DATETIME', 'BOOL', 'TEXT']
  for (const [index, name] of Object.keys(VALUES).entries())
    await defineField(acme, 'Contact', name, types[index] as string)
  await defineField(acme, 'Contact', 'blob', 'JSON')
  await defineField(test.globex, 'Contact', 'theirs', 'TEXT')
  const { createContact } = await acme.run<Any>(
    'mutation($input: CreateContactInput!) { createContact(input: $input) { contact { id } userErrors { code field message } } }',
    { input: { lastName: '李', emails: [{ address: 'li@mail.example' }], customFields: VALUES } },
  )
  expect(createContact.userErrors).toEqual([])
  contact = createContact.contact.id
  const role = await make(acme, 'Role', { key: 'clerk' })
  for (const object of ['Contact', 'EmailTemplate', 'EmailMessage', 'User'])
    await make(acme, 'ObjectPermission', {
      roleId: role.id,
      object,
      canRead: true,
      canCreate: true,
      readScope: 'ALL',
      writeScope: 'ALL',
    })
  await make(acme, 'FieldPermission', {
    roleId: role.id,
    object: 'Contact',
    field: 'customFields.secret',
    access: 'HIDDEN',
    mask: 'NONE',
  })
  clerk = await person(test, acme, 'clerk')
})
afterAll(() => test?.close())

let counter = 0
async function template(html: string, company: Pick<Company, 'run'> = test.acme): Promise<Any> {
  const { createEmailTemplate } = await company.run<Any>(
    'mutation($input: CreateEmailTemplateInput!) { createEmailTemplate(input: $input) { emailTemplate { id variables } userErrors { code field details } } }',
    { input: { name: `T ${++counter}`, subject: 's', html } },
  )
  return createEmailTemplate
}
const preview = (company: Pick<Company, 'ask'>, templateId: string, recordId = contact) =>
  company.ask<Any>('query($t: ID!, $r: ID!) { previewTemplate(templateId: $t, recordId: $r) { html text } }', {
    t: templateId,
    r: recordId,
  })
/** What a template becomes for the contact, mailed by somebody. */
async function mailed(company: Pick<Company, 'run'>, templateId: string): Promise<string> {
  const { sendEmail } = await company.run<Any>(
    'mutation($t: ID!, $to: [ID!]!) { sendEmail(templateId: $t, recipientIds: $to) { queued userErrors { code field } } }',
    { t: templateId, to: [contact] },
  )
  expect(sendEmail).toEqual({ queued: 1, userErrors: [] })
  const tenantId = uuidIn(test.acme.id)
  const [row] = await test.app.tenancy.readTenant({ tenantId }, (db) =>
    db.rows<{ html: string }>({
      text: 'SELECT b.html FROM email_message m JOIN email_body b ON b.tenant_id = $1 AND b.message_id = m.id WHERE m.tenant_id = $1 AND m.template_id = $2 ORDER BY m.id DESC LIMIT 1',
      values: [tenantId, uuidIn(templateId)],
    }),
  )
  return row?.html as string
}

it('shows the company’s own fields of the recipient as people read them, escaped', async () => {
  const names = Object.keys(VALUES).map((name) => `{{ contact.customFields.${name} }}`)
  const { emailTemplate } = await template(names.join('|'))
  expect(emailTemplate.variables).toContain('contact.customFields.tier')
  const shown = '&lt;b&gt;金&lt;/b&gt;|7|12.5|1200.50 EUR|2026-03-01|2026-03-02 06:30|true|for few'
  expect((await preview(test.acme, emailTemplate.id)).data.previewTemplate.html).toBe(shown)
  expect(await mailed(test.acme, emailTemplate.id)).toBe(shown)
  // Who has none of them, or is of another type, leaves them empty.
  const other = (await make(test.acme, 'Lead')).id
  expect((await preview(test.acme, emailTemplate.id, other)).data.previewTemplate.html).toBe('|'.repeat(7))
})

it.each(['tiers', 'blob', 'theirs', 'constructor', '__proto__', 'tier.size'])(
  'refuses contact.customFields.%s, and says what may stand there',
  async (name) => {
    const { userErrors } = await template(`{{ contact.customFields.${name} }}`)
    expect(userErrors).toMatchObject([{ code: 'TEMPLATE_VARIABLE_UNKNOWN', field: ['input', 'html'] }])
    expect(userErrors[0].details.allowed).toEqual(
      expect.arrayContaining(['contact.firstName', 'contact.customFields.tier']),
    )
    expect(userErrors[0].details.allowed).not.toContain('contact.customFields.theirs')
  },
)

it('mails nothing that its sender may not see, and does not tell them its name', async () => {
  const { emailTemplate } = await template('{{ contact.customFields.tier }}|{{ contact.customFields.secret }}')
  expect(await mailed(clerk, emailTemplate.id)).toBe('&lt;b&gt;金&lt;/b&gt;|')
  expect((await preview(clerk, emailTemplate.id)).data.previewTemplate.text).toBe('<b>金</b>|')
  const { userErrors } = await template('{{ contact.customFields.none }}', clerk)
  expect(userErrors[0].details.allowed).toContain('contact.customFields.tier')
  expect(userErrors[0].details.allowed).not.toContain('contact.customFields.secret')
})

it('is told in a preview when a field is gone, and mailed without it', async () => {
  const field = await defineField(test.acme, 'Contact', 'fleeting', 'TEXT')
  const { emailTemplate } = await template('[{{ contact.customFields.fleeting }}]')
  expect((await dropField(test.acme, field.id)).userErrors).toEqual([])
  const { errors } = await preview(test.acme, emailTemplate.id)
  expect(errors?.map(({ extensions }) => [extensions.code, extensions.variable])).toEqual([
    ['TEMPLATE_VARIABLE_UNKNOWN', 'contact.customFields.fleeting'],
  ])
  expect(await mailed(test.acme, emailTemplate.id)).toBe('[]')
  // Its other fields are changed without touching what names it.
  const { updateEmailTemplate } = await test.acme.run<Any>(
    'mutation($id: ID!) { updateEmailTemplate(id: $id, input: { description: "x" }) { emailTemplate { variables } userErrors { code } } }',
    { id: emailTemplate.id },
  )
  expect(updateEmailTemplate).toEqual({
    emailTemplate: { variables: ['contact.customFields.fleeting'] },
    userErrors: [],
  })
})
