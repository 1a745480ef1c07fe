import { orderCleanup } from '../../resolvers/leads/capture/cleanup.ts'
import { CAPTURED, writeCaptureForm } from '../../resolvers/leads/capture/form.ts'
import { record } from '../record.ts'
import { boolean, choice, int, longText, many, objects, one, text, texts, url } from '../shared/fields.ts'

const CaptureField = {
  name: 'LeadCaptureField',
  description: 'A field of a form.',
  members: {
    field: {
      kind: 'text',
      description: `The field of the lead that it fills: ${CAPTURED.join(', ')}.`,
      max: 50,
      required: true,
    },
    required: { kind: 'boolean', description: 'Must it be filled in; false if left out.' },
    label: { kind: 'text', description: 'What the page calls it.', max: 100 },
  },
} as const

record('LeadCaptureForm', {
  plural: 'leadCaptureForms',
  prefix: 'form',
  description:
    'A form on a website by which leads come in, 线索表单. Pages send it to /forms/<key> without a credential; see docs/capture-forms.md.',
  settings: true,
  search: ['name'],
  fields: {
    key: text('Stands in the form’s address. Made by the server, never changed; whoever knows it may send the form.', {
      write: 'never',
    }),
    name: text('What people of the company call it.', { required: true, max: 100 }),
    fields: objects('What it asks for, at least one. Anything else that is sent is refused.', CaptureField),
    doubleOptIn: boolean(
      'Is a lead made only when the link in a mail was followed and confirmed. Needs email among the required fields.',
      { default: false },
    ),
    lifetimeHours: int('How many hours that link is good.', { default: 48, range: { min: 1, max: 720 } }),
    consentText: longText(
      'What the person agrees to with a double opt-in; stands on the confirmation page and is kept with the submission.',
      {
        max: 2000,
      },
    ),
    duplicatePolicy: choice(
      'What happens when a live lead that is not converted has the same e-mail address or telephone number. The sender is answered the same in every case.',
      'CaptureDuplicatePolicy',
      {
        ALLOW: 'Another lead is made.',
        IGNORE: 'None is made; the submission names the one that is there.',
        UPDATE: 'None is made; empty fields of the one that is there are filled, none is overwritten.',
        REFUSE: 'None is made; the submission says DUPLICATE_DETECTED.',
      },
      { default: 'ALLOW' },
    ),
    allowedOrigins: texts(
      'Origins of the pages that may send it: https://www.example.com. Programs that are no browsers send none and need none; pages of other origins are refused.',
      { max: 300 },
    ),
    redirectUrl: url('Where a browser that sent it as a page of its own goes next; others are told the address.'),
    honeypot: text(
      'Name of an input that people do not see: a submission with something in it is answered like a good one and dropped.',
      { max: 40 },
    ),
    active: boolean('Is it taken.', { default: true }),
  },
  relations: {
    source: one('LeadSource', 'sourceId', 'The source that its leads get.'),
    campaign: one(
      'Campaign',
      'campaignId',
      'The campaign that its leads get and whose members they become, with the source FORM.',
    ),
    assignmentRule: one(
      'AssignmentRule',
      'assignmentRuleId',
      'The rule by which its leads get an owner; all active rules in their order if left out.',
    ),
    targetTeam: one(
      'Team',
      'targetTeamId',
      'The team that its leads are shared with: its members see and change them, whoever owns them. A lead that is known is not shared anew.',
    ),
    submissions: many('LeadCaptureSubmission', 'form', 'What was sent by it.'),
  },
  rules: { write: writeCaptureForm, done: orderCleanup },
})
