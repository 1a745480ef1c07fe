import { writeTemplate } from '../../resolvers/marketing/emailTemplate.ts'
import { record } from '../record.ts'
import { longText, text, texts } from '../shared/fields.ts'

record('EmailTemplate', {
  plural: 'emailTemplates',
  prefix: 'emtp',
  description:
    'A mail with places for what is known of its recipient, in the language of Liquid: {{ contact.firstName }}. Names: contact, lead, account, opportunity and every other type that has owners, with the fields of the API and the company’s own, {{ contact.customFields.tier }}; recipient (fullName, firstName, lastName, email, title, companyName) whoever it is; user, the sender; owner, the recipient’s; company.name, company.today; unsubscribeUrl; of mails of surveys surveyUrl. What the sender may not see stays empty. version counts its changes.',
  search: ['name'],
  fields: {
    name: text('What it is called, unique.', { required: true }),
    description: longText('What it is for.'),
    subject: text('The subject, one line.', { required: true, max: 500 }),
    html: longText(
      'The mail as HTML, at most 200,000 characters; every value that is put in is escaped. TEMPLATE_VARIABLE_UNKNOWN for a name that there is not.',
      { required: true, max: 200_000, filter: false },
    ),
    text: longText('The same as plain text; made of html for each mail where it is left out.', {
      max: 200_000,
      filter: false,
    }),
    variables: texts('The names that subject, html and text take from outside.', { write: 'never' }),
  },
  unique: { name: ['name'] },
  rules: { write: writeTemplate },
})
