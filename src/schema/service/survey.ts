import { surveyRules } from '../../resolvers/service/survey.ts'
import { record } from '../record.ts'
import { boolean, choice, datetime, int, longText, many, one, text } from '../shared/fields.ts'

const kept = { write: 'never' } as const

record('Survey', {
  plural: 'surveys',
  prefix: 'survey',
  description:
    'What customers are asked by mail, 满意度调查, and answer on a page of their own. sendSurvey sends it; one with the trigger CASE_CLOSED goes out by itself. docs/service.md tells how.',
  settings: true,
  search: ['name'],
  fields: {
    name: text('What it is called, unique; customers do not see it.', { required: true, max: 100 }),
    type: choice(
      'How it is answered.',
      'SurveyType',
      {
        CSAT: 'By 1 (not at all content) to 5. About a case, the answer is its satisfaction.',
        NPS: 'By 0 to 10: how likely they are to recommend the company.',
      },
      { default: 'CSAT', write: 'create' },
    ),
    question: text('The question, as the page asks it.', { required: true, max: 500 }),
    active: boolean('Is it sent. What was sent before may be answered all the same.', { default: true }),
    trigger: choice(
      'When it is sent.',
      'SurveyTrigger',
      {
        MANUAL: 'By sendSurvey alone.',
        CASE_CLOSED:
          'To the contact of a case that is closed, once for each case; of several active ones the oldest is sent.',
      },
      { default: 'MANUAL' },
    ),
    daysValid: int('For how many days it can be answered.', { default: 14, range: { min: 1, max: 365 } }),
    restDays: int('Who was asked anything within so many days is not asked; 0: nobody rests.', {
      default: 30,
      range: { min: 0, max: 3650 },
    }),
  },
  relations: {
    template: one(
      'EmailTemplate',
      'templateId',
      'The mail that asks; {{ surveyUrl }} in it is the link to the page (VALIDATION_FAILED without).',
      {
        required: true,
        onDelete: 'restrict',
      },
    ),
    responses: many('SurveyResponse', 'survey', 'Who was asked, and what they answered; order them by SENT_AT.'),
  },
  unique: { name: ['name'] },
  rules: surveyRules,
})

record('SurveyResponse', {
  plural: 'surveyResponses',
  prefix: 'svresp',
  description:
    'That a contact was asked, and what they answered. A part of the contact: who sees them sees it. Answered on a public page, anew until it expires.',
  fields: {
    sentAt: datetime('When they were asked.', kept),
    expiresAt: datetime('Until when it can be answered.', kept),
    score: int('The answer: 1 to 5 or 0 to 10, by the type of the survey; null: none yet.', {
      ...kept,
      range: { min: 0, max: 10 },
    }),
    comment: longText('What they said about it.', { ...kept, max: 2000 }),
    respondedAt: datetime('When they answered last; null: not yet.', kept),
  },
  relations: {
    survey: one('Survey', 'surveyId', 'What they were asked.', kept),
    contact: one('Contact', 'contactId', 'Who was asked.', { ...kept, part: true }),
    account: one('Account', 'accountId', 'The customer: that of the case, or the main company of the contact.', kept),
    case: one('Case', 'caseId', 'The case that they were asked about.', kept),
    message: one('EmailMessage', 'messageId', 'The mail that asked them.', kept),
  },
  operations: [],
})
