import { recordType } from '../../read/recordType.ts'
import { mutateOne, type Outcome, requireViewer } from '../../resolvers/mutation.ts'
import { type Asked, sendSurvey } from '../../resolvers/service/sendSurvey.ts'
import { type SurveyFigures, surveyFigures } from '../../resolvers/service/surveyFigures.ts'
import { builder } from '../builder.ts'
import { recordRef } from '../shared/names.ts'
import { UserError } from '../shared/types.ts'
import './survey.ts'

const asked = ({ more }: Outcome) => more as Asked | undefined

const Payload = builder.objectRef<Outcome>('SendSurveyPayload').implement({
  description: 'What sendSurvey did.',
  fields: (t) => ({
    survey: t.field({
      type: recordRef('Survey'),
      description: 'The survey that was sent; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    sent: t.int({
      description: 'How many contacts are asked by it; null with a user error.',
      resolve: (outcome) => asked(outcome)?.sent ?? null,
    }),
    suppressed: t.int({
      description:
        'How many are not, because they opted out, they or their company are not to be contacted, or no address of theirs works. Null with a user error.',
      resolve: (outcome) => asked(outcome)?.suppressed ?? null,
    }),
    rested: t.int({
      description:
        'How many are not, because they were asked within the survey’s restDays, or about this case before. Null with a user error.',
      resolve: (outcome) => asked(outcome)?.rested ?? null,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

builder.mutationField('sendSurvey', (t) =>
  t.field({
    type: Payload,
    nullable: false,
    description:
      'Asks contacts, or the contact of a case, by mail. Errors: NOT_FOUND, INVALID_STATE for a survey that is not active, VALIDATION_FAILED for neither or both of contactIds and caseId and for a case without a contact or among colleagues, BULK_TOO_LARGE over 200. Needs Survey.read, SurveyResponse.create and Contact.read; with caseId Case.read too.',
    args: {
      surveyId: t.arg.id({ required: true, description: 'What to ask.' }),
      contactIds: t.arg.idList({ description: 'Whom to ask, each once; or caseId.' }),
      caseId: t.arg.id({ description: 'The case whose contact is asked about it, once; or contactIds.' }),
    },
    extensions: { permission: ['Survey.read', 'SurveyResponse.create', 'Contact.read'] },
    resolve: (_root, args, context, info) =>
      mutateOne({ context, info, type: recordType('Survey'), path: ['survey'] }, (write) => sendSurvey(write, args)),
  }),
)

const ScoreCount = builder.objectRef<SurveyFigures['distribution'][number]>('SurveyScoreCount').implement({
  description: 'How often a score was given.',
  fields: (t) => ({
    score: t.exposeInt('score', { nullable: false, description: 'The score.' }),
    count: t.exposeInt('count', { nullable: false, description: 'How many gave it.' }),
  }),
})

const Figures = builder.objectRef<SurveyFigures>('SurveyFigures').implement({
  description: 'A survey in figures, over the answers that the viewer sees.',
  fields: (t) => ({
    sent: t.exposeInt('sent', { nullable: false, description: 'How many were asked.' }),
    answered: t.exposeInt('answered', { nullable: false, description: 'How many of them answered.' }),
    responseRate: t.exposeFloat('responseRate', {
      description: 'Answered of sent, per cent with one decimal; null where nobody was asked.',
    }),
    average: t.exposeFloat('average', {
      description: 'The mean of the scores, two decimals; null where nobody answered.',
    }),
    nps: t.exposeFloat('nps', {
      description:
        'Of an NPS: per cent who gave 9 or 10 less per cent who gave 0 to 6, −100 to 100 with one decimal, 净推荐值. Null where nobody answered, and of a CSAT.',
    }),
    distribution: t.expose('distribution', {
      type: [ScoreCount],
      nullable: { list: false, items: false },
      description: 'Every score that there may be, the least first.',
    }),
  }),
})

builder.queryField('surveyFigures', (t) =>
  t.field({
    type: Figures,
    description:
      'What was answered to a survey by those who were asked in a time, over what the viewer sees; null for one that the viewer does not see. FIELD_FORBIDDEN for who may not filter by what it tells. Needs Survey.read and SurveyResponse.read.',
    args: {
      surveyId: t.arg.id({ required: true, description: 'The survey to measure.' }),
      from: t.arg({ type: 'DateTime', description: 'Who was asked from this moment on; all if left out.' }),
      to: t.arg({ type: 'DateTime', description: 'Who was asked before this moment; all if left out.' }),
    },
    extensions: { permission: ['Survey.read', 'SurveyResponse.read'], cost: 10 },
    resolve: (_root, { surveyId, from, to }, context) =>
      surveyFigures(context, requireViewer(context), {
        surveyId,
        from: from as Date | null | undefined,
        to: to as Date | null | undefined,
      }),
  }),
)
