import type { GraphQLResolveInfo } from 'graphql'
import type { Context } from '../../context.ts'
import { recordType } from '../../read/recordType.ts'
import { mutateMany, mutateOne, type Outcome } from '../../resolvers/mutation.ts'
import type { Written } from '../../resolvers/records.ts'
import { changePipeline, type PipelineChange } from '../../resolvers/sales/changePipeline.ts'
import { type Closing, closeDeal } from '../../resolvers/sales/close.ts'
import { moveOpportunities, moveOpportunityStage, type StageMove } from '../../resolvers/sales/moveOpportunityStage.ts'
import { type Reopening, reopenOpportunity } from '../../resolvers/sales/reopen.ts'
import type { WriteContext } from '../../resolvers/write.ts'
import { builder } from '../builder.ts'
import { type Any, inputRef, objectRef, recordRef } from '../shared/names.ts'
import { ErrorPolicy, RecordVersionInput, UserError } from '../shared/types.ts'
import { StagePairInput } from './stagePair.ts'

const Payload = builder.objectRef<Outcome>('MoveOpportunityStagePayload').implement({
  description: 'What a verb did that moves an opportunity from stage to stage.',
  fields: (t) => ({
    opportunity: t.field({
      type: recordRef('Opportunity'),
      description: 'The opportunity as it now is; null with a user error.',
      resolve: (outcome) => outcome.record,
    }),
    changed: t.boolean({
      description:
        'Did it move; false when it stood there already, or waits for an approval first (pendingStage). Null with a user error.',
      resolve: (outcome) => outcome.changed,
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      nullable: { list: false, items: false },
      description: 'All that is wrong with the input; empty when it was done.',
    }),
  }),
})

/** Arguments that several of the verbs take. */
const ARGS = {
  id: (t: Any) => t.arg.id({ required: true, description: 'The opportunity.' }),
  reason: (t: Any) => t.arg.string({ description: 'Why it moves; stands in the history. At most 2000 characters.' }),
  fields: (t: Any) =>
    t.arg({
      type: inputRef('UpdateOpportunityInput'),
      description: 'Values that are written in the same step, before the stage asks for what it requires.',
    }),
  actualCloseDate: (t: Any) =>
    t.arg({
      type: 'Date',
      description: 'When it was won or lost, not in the future; today in the company’s time zone if left out.',
    }),
  lossReasonId: (t: Any) =>
    t.arg.id({
      description: 'Why it was lost, of the company’s list; NOT_FOUND, VALIDATION_FAILED for one no longer used.',
    }),
  lossNote: (t: Any) =>
    t.arg.string({ description: 'What else there is to say about the loss. At most 2000 characters.' }),
  expectedVersion: (t: Any) =>
    t.arg.int({ description: 'The version it must still have; otherwise STALE_VERSION. Left out: any.' }),
}

/** The arguments of these names. */
const taking = (t: Any, names: readonly (keyof typeof ARGS)[]): Record<string, Any> =>
  Object.fromEntries(names.map((name) => [name, ARGS[name](t)]))

function verb<Args>(
  name: string,
  {
    description,
    right = 'update',
    args,
    run,
  }: {
    description: string
    right?: 'update' | 'reopen'
    args: (t: Any) => Record<string, Any>
    run: (write: WriteContext, args: Args) => Promise<Written>
  },
): void {
  builder.mutationField(name, (t) =>
    t.field({
      type: Payload,
      nullable: false,
      description: `${description} Needs Opportunity.${right}.`,
      args: args(t),
      extensions: { permission: [`Opportunity.${right}`] },
      resolve: (_root: unknown, given: unknown, context: Context, info: GraphQLResolveInfo) =>
        mutateOne({ context, info, type: recordType('Opportunity'), path: ['opportunity'] }, (write) =>
          run(write, given as Args),
        ),
    }),
  )
}

const MOVING =
  'STAGE_TRANSITION_NOT_ALLOWED, STAGE_REQUIREMENTS_MISSING, FORBIDDEN for departments that the pipeline is not for; NO_APPROVAL_FLOW, NO_APPROVER where the move waits for an approval, APPROVAL_PENDING while the deal does'

verb<StageMove>('moveOpportunityStage', {
  description: `Moves an opportunity to another stage of its pipeline and writes its history. Entering a won stage sets its closing date and makes its account a customer; a lost stage needs a reason. Errors: STAGE_NOT_IN_PIPELINE, INVALID_STATE for closed opportunities, LOSS_REASON_REQUIRED, ${MOVING}.`,
  args: (t) => ({
    id: ARGS.id(t),
    toStageId: t.arg.id({ required: true, description: 'The stage to move to.' }),
    ...taking(t, ['reason', 'fields', 'lossReasonId']),
    lossReason: t.arg.string({
      description:
        'Why it was lost, in words; required when the stage is a lost one and lossReasonId is left out. New clients give lossReasonId. At most 255 characters.',
    }),
    ...taking(t, ['lossNote', 'actualCloseDate', 'expectedVersion']),
  }),
  run: moveOpportunityStage,
})

verb<Closing>('closeWon', {
  description: `Wins an opportunity, 赢单: moves it to a won stage. One that is won already stays as it is. Errors: INVALID_STATE for one that is closed otherwise and for a stage of another kind, ${MOVING}.`,
  args: (t) => ({
    id: ARGS.id(t),
    toStageId: t.arg.id({ description: 'A won stage of its pipeline; the first if left out.' }),
    ...taking(t, ['reason', 'fields', 'actualCloseDate', 'expectedVersion']),
  }),
  run: (write, args) => closeDeal(write, 'WON', args),
})

verb<Closing>('closeLost', {
  description: `Loses an opportunity, 输单, for a reason: moves it to a lost stage. One that is lost already stays as it is. Errors: INVALID_STATE for one that is closed otherwise and for a stage of another kind, ${MOVING}.`,
  args: (t) => ({
    id: ARGS.id(t),
    lossReasonId: t.arg.id({
      required: true,
      description: 'Why, of the company’s list; NOT_FOUND, VALIDATION_FAILED for one no longer used.',
    }),
    toStageId: t.arg.id({ description: 'A lost stage of its pipeline; the first if left out.' }),
    ...taking(t, ['lossNote', 'reason', 'fields', 'actualCloseDate', 'expectedVersion']),
  }),
  run: (write, args) => closeDeal(write, 'LOST', args),
})

verb<Reopening>('reopenOpportunity', {
  right: 'reopen',
  description:
    'Opens a closed opportunity again and writes its history: closing date and loss go, and the deal status of its account is worked out again. An open one stays as it is. Errors: STAGE_NOT_IN_PIPELINE, INVALID_STATE for a closed stage, STAGE_REQUIREMENTS_MISSING.',
  args: (t) => ({
    id: ARGS.id(t),
    reason: t.arg.string({
      required: true,
      description: 'Why it is opened again; stands in the history. At most 2000 characters.',
    }),
    toStageId: t.arg.id({
      description: 'An open stage of its pipeline. Left out: the one that it was closed from, else the first.',
    }),
    ...taking(t, ['expectedVersion']),
  }),
  run: reopenOpportunity,
})

verb<PipelineChange>('changePipeline', {
  description:
    'Takes an open opportunity into another pipeline and writes its history. Errors: INVALID_STATE for a closed opportunity, a closed stage and a pipeline that is switched off, STAGE_NOT_IN_PIPELINE, STAGE_REQUIREMENTS_MISSING, FORBIDDEN for departments that the pipeline is not for, VALIDATION_FAILED.',
  args: (t) => ({
    id: ARGS.id(t),
    pipelineId: t.arg.id({ required: true, description: 'The pipeline to go to.' }),
    toStageId: t.arg.id({
      description: 'The open stage to go to. Left out: as stageMap says, else the first open one.',
    }),
    stageMap: t.arg({
      type: [StagePairInput],
      description: 'To which stage deals go from which: for a client that moves many with the same arguments.',
    }),
    ...taking(t, ['reason', 'fields', 'expectedVersion']),
  }),
  run: changePipeline,
})

builder.mutationField('moveOpportunities', (t: Any) =>
  t.field({
    type: objectRef('OpportunityListPayload'),
    nullable: false,
    description: `Moves up to 200 opportunities to one stage of their pipeline, each as moveOpportunityStage does. Those that stand there already stay. Errors as there, per row. Needs Opportunity.update.`,
    args: {
      input: t.arg({ type: [RecordVersionInput], required: true, description: 'The opportunities, at most 200.' }),
      toStageId: t.arg.id({ required: true, description: 'The stage to move to.' }),
      ...taking(t, ['reason', 'lossReasonId', 'lossNote', 'actualCloseDate']),
      errorPolicy: t.arg({
        type: ErrorPolicy,
        defaultValue: 'REJECT_EVERYTHING',
        description: 'What to do when some rows are bad.',
      }),
    },
    extensions: { permission: ['Opportunity.update'] },
    resolve: (_root: unknown, { input, errorPolicy, ...move }: Any, context: Context, info: GraphQLResolveInfo) =>
      mutateMany(
        { context, info, type: recordType('Opportunity'), path: ['results', 'opportunity'] },
        errorPolicy ?? 'REJECT_EVERYTHING',
        input.length,
        (write, partial) => moveOpportunities(write, input, move, partial),
      ),
  }),
)
