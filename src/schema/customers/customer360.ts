import type { Context } from '../../context.ts'
import type { ConnectionArgs } from '../../read/emit.ts'
import { PAGE } from '../../read/emit.ts'
import { selectionOf } from '../../read/plan.ts'
import { readConnection, readRecord } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { idOf } from '../../read/values.ts'
import {
  type CustomerFigures,
  type CustomerReceivables,
  type DealFigures,
  daysSince,
  figuresOf,
  findCustomer,
  type NextDate,
  nextDatesOf,
  receivablesOf,
} from '../../resolvers/customers/customer360.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import { type CustomerService, customerService } from '../../resolvers/service/customerService.ts'
import { timelineOf } from '../../resolvers/work/timeline.ts'
import { builder } from '../builder.ts'
import { connectionArgs } from '../shared/inputs.ts'
import { connectionRef, recordRef } from '../shared/names.ts'
import { viewerOf, within } from '../shared/parts.ts'
import { MoneyType, Node } from '../shared/types.ts'
import { loaded, TIMELINE_RIGHTS, TimelinePageRef, timelineArgs } from '../work/timeline.ts'

/** A part that is null, with FORBIDDEN, for who may not read these types, while the others stand. */
const part = (...types: string[]) => ({ part: types.map((name) => `${name}.read`) })
const ALONE = 'Null with FORBIDDEN for those who lack it; the other parts stand.'

const Deals = builder.objectRef<DealFigures>('CustomerDealFigures').implement({
  description: 'Deals of a customer that stand alike.',
  fields: (t) => ({
    count: t.exposeInt('count', { nullable: false, description: 'How many there are.' }),
    amounts: t.field({
      type: [MoneyType],
      nullable: { list: true, items: false },
      description: 'The sum of their amounts, one for each currency.',
      extensions: { of: 'Opportunity', field: 'amount' },
      resolve: ({ amounts }) => amounts,
    }),
  }),
})

const Figures = builder.objectRef<CustomerFigures>('CustomerFigures').implement({
  description: 'A customer in figures, over what the viewer sees.',
  fields: (t) => ({
    open: t.field({
      type: Deals,
      description: `Deals that are going on. Needs Opportunity.read. ${ALONE}`,
      extensions: part('Opportunity'),
      resolve: ({ open }, _args, context, info) => viewerOf(context, info, 'Opportunity') && open,
    }),
    won: t.field({
      type: Deals,
      description: `Deals that were won. Needs Opportunity.read. ${ALONE}`,
      extensions: part('Opportunity'),
      resolve: ({ won }, _args, context, info) => viewerOf(context, info, 'Opportunity') && won,
    }),
    lost: t.field({
      type: Deals,
      description: `Deals that were lost. Needs Opportunity.read. ${ALONE}`,
      extensions: part('Opportunity'),
      resolve: ({ lost }, _args, context, info) => viewerOf(context, info, 'Opportunity') && lost,
    }),
    openTasks: t.int({
      description: `Tasks about it or its deals that are to be done. Needs Task.read. ${ALONE}`,
      extensions: part('Task'),
      resolve: ({ openTasks }, _args, context, info) => (viewerOf(context, info, 'Task') ? openTasks : null),
    }),
    overdueTasks: t.int({
      description: `Those of them whose time is over. Needs Task.read. ${ALONE}`,
      extensions: part('Task'),
      resolve: ({ overdueTasks }, _args, context, info) => (viewerOf(context, info, 'Task') ? overdueTasks : null),
    }),
    activities: t.int({
      description: `Activities with it or its deals that happened. Needs Activity.read. ${ALONE}`,
      extensions: part('Activity'),
      resolve: ({ activities }, _args, context, info) => (viewerOf(context, info, 'Activity') ? activities : null),
    }),
    contacts: t.int({
      description: `People who belong to it. Needs Contact.read. ${ALONE}`,
      extensions: part('Contact'),
      resolve: ({ contacts }, _args, context, info) => (viewerOf(context, info, 'Contact') ? contacts : null),
    }),
    lastActivityAt: t.field({
      type: 'DateTime',
      description:
        'When something last happened with it: as the customer says, or the last activity that the viewer sees.',
      resolve: ({ lastActivityAt }) => lastActivityAt,
    }),
    daysSinceLastActivity: t.int({
      description: 'Whole days since then; null where nothing has happened.',
      resolve: ({ lastActivityAt }) => daysSince(lastActivityAt),
    }),
  }),
})

const Receivables = builder.objectRef<CustomerReceivables>('CustomerReceivables').implement({
  description: 'What a customer owes, by the plans of the contracts that the viewer sees.',
  fields: (t) => ({
    open: t.field({
      type: [MoneyType],
      nullable: { list: true, items: false },
      description: 'What is to be paid, one sum for each currency.',
      extensions: { of: 'ReceiptPlan', field: 'unreceivedAmount' },
      resolve: ({ open }) => open,
    }),
    overdue: t.field({
      type: [MoneyType],
      nullable: { list: true, items: false },
      description: 'What of it should have been paid before today.',
      extensions: { of: 'ReceiptPlan', field: 'unreceivedAmount' },
      resolve: ({ overdue }) => overdue,
    }),
    received: t.field({
      type: [MoneyType],
      nullable: { list: true, items: false },
      description: 'What was received for its contracts.',
      extensions: { of: 'Contract', field: 'receivedAmount' },
      resolve: ({ received }) => received,
    }),
    nextDueOn: t.field({
      type: 'Date',
      description: 'The next day on which something is due, from today on; null when nothing is.',
      extensions: { of: 'ReceiptPlan', field: 'dueDate' },
      resolve: ({ nextDueOn }) => nextDueOn,
    }),
  }),
})

const Service = builder.objectRef<CustomerService>('CustomerService').implement({
  description: 'How a customer is served, over what the viewer sees.',
  fields: (t) => ({
    openCases: t.int({
      description: `Cases of it that are open. Needs Case.read. ${ALONE}`,
      extensions: part('Case'),
      resolve: ({ openCases }, _args, context, info) => (viewerOf(context, info, 'Case') ? openCases : null),
    }),
    overdueMilestones: t.int({
      description: `Promises about them whose time is over; those that stand are left out. Needs Case.read and CaseMilestone.read. ${ALONE}`,
      extensions: part('Case', 'CaseMilestone'),
      resolve: ({ overdueMilestones }, _args, context, info) =>
        viewerOf(context, info, 'Case', 'CaseMilestone') ? overdueMilestones : null,
    }),
    lastSatisfaction: t.int({
      description:
        'How content it was last, 1 to 5, by its cases that were closed and its return visits; of what the viewer may read. Null where nothing was said.',
      extensions: part('Case', 'ReturnVisit'),
      resolve: ({ lastSatisfaction }) => lastSatisfaction,
    }),
    lastSatisfactionAt: t.field({
      type: 'DateTime',
      description: 'When that case was closed, or that visit was.',
      extensions: part('Case', 'ReturnVisit'),
      resolve: ({ lastSatisfactionAt }) => lastSatisfactionAt,
    }),
    nextVisitAt: t.field({
      type: 'DateTime',
      description: `When it is to be asked next (ReturnVisit.nextVisitAt), from now on. Needs ReturnVisit.read. ${ALONE}`,
      extensions: { ...part('ReturnVisit'), of: 'ReturnVisit', field: 'nextVisitAt' },
      resolve: ({ nextVisitAt }, _args, context, info) => viewerOf(context, info, 'ReturnVisit') && nextVisitAt,
    }),
  }),
})

const NextDateKind = builder.enumType('NextDateKind', {
  description: 'What a date that lies ahead is for.',
  values: {
    FOLLOW_UP: { description: 'To get in touch with the customer, or about a deal.' },
    TASK: { description: 'A task is due.' },
    ACTIVITY: { description: 'A planned activity begins.' },
    EXPECTED_CLOSE: { description: 'A deal is expected to close.' },
  } satisfies Record<NextDate['kind'], { description: string }>,
})

const Next = builder.objectRef<NextDate>('CustomerNextDate').implement({
  description: 'A date that lies ahead of a customer.',
  fields: (t) => ({
    kind: t.field({ type: NextDateKind, nullable: false, description: 'What it is for.', resolve: ({ kind }) => kind }),
    on: t.field({
      type: 'Date',
      nullable: false,
      description: 'The day, in the company’s time zone.',
      resolve: ({ on }) => on,
    }),
    at: t.field({
      type: 'DateTime',
      description: 'The moment; null where only the day is known.',
      resolve: ({ at }) => at,
    }),
    recordId: t.id({
      nullable: false,
      description: 'Id of the record that has the date.',
      resolve: ({ object, recordId }) => idOf(object, recordId),
    }),
    record: t.field({
      type: Node,
      description: 'The record that has the date; null where it went meanwhile.',
      resolve: (item, _args, context: Context, info) => loaded(item, context, info),
    }),
  }),
})

const DATED_TYPES = ['Opportunity', 'Task', 'Activity']
const ofCustomer = (id: string) => ({ id: { eq: idOf('Account', id) } })

/** A customer from all sides; made of its uuid. */
const CustomerView = builder.objectRef<{ id: string }>('CustomerView').implement({
  description:
    'A customer from all sides, 客户360: who it is, how it does, what happened, what comes. Each part is read when it is asked for, under its own permission.',
  fields: (t) => ({
    account: t.field({
      type: recordRef('Account'),
      description: 'The profile: the company with all that it leads to, its owner for one.',
      resolve: ({ id }, _args, context: Context, info) =>
        readRecord(context, requireViewer(context), selectionOf(info, recordType('Account'))!, id, info),
    }),
    figures: t.field({
      type: Figures,
      description: 'How it does: counts and sums over what the viewer sees.',
      extensions: { cost: 20 },
      resolve: ({ id }, _args, context: Context) => figuresOf(context, requireViewer(context), id),
    }),
    receivables: t.field({
      type: Receivables,
      description: `What it owes. Needs Contract.read and ReceiptPlan.read. ${ALONE}`,
      extensions: { ...part('Contract', 'ReceiptPlan'), cost: 10 },
      resolve: ({ id }, _args, context: Context, info) =>
        receivablesOf(context, viewerOf(context, info, 'Contract', 'ReceiptPlan'), id),
    }),
    service: t.field({
      type: Service,
      description:
        'How it is served: cases, promises, satisfaction, the next return visit; of types that the viewer may read.',
      extensions: { ...part('Case', 'CaseMilestone', 'ReturnVisit'), cost: 10 },
      resolve: ({ id }, _args, context: Context) => customerService(context, requireViewer(context), id),
    }),
    timeline: t.field({
      type: TimelinePageRef,
      description:
        'What happened with it and its deals, the newest first: timeline of it. Types that the viewer may not read are left out. Pages forward.',
      args: timelineArgs(t),
      extensions: { part: TIMELINE_RIGHTS, connection: true, defaultSize: PAGE.default },
      resolve: ({ id }, args, context: Context) =>
        timelineOf(context, requireViewer(context), idOf('Account', id), args),
    }),
    nextDates: t.field({
      type: [Next],
      nullable: { list: true, items: false },
      description:
        'What comes next, the nearest first: follow-ups, open tasks, planned activities, expected closings; of types that the viewer may read.',
      args: {
        first: t.arg.int({ description: 'How many, at most 100; 10 if left out. More is PAGE_SIZE_EXCEEDED.' }),
        overdue: t.arg.boolean({
          defaultValue: false,
          description: 'true: instead, what should have been before today and is still open, the latest first.',
        }),
      },
      extensions: { ...part(...DATED_TYPES), cost: 10 },
      resolve: ({ id }, args, context: Context) => nextDatesOf(context, requireViewer(context), id, args),
    }),
    contacts: t.field({
      type: connectionRef('Contact'),
      description: `The people who belong to it. Pages as the root field does. Needs Contact.read. ${ALONE}`,
      args: connectionArgs(t, 'Contact'),
      extensions: { ...part('Contact'), connection: true, defaultSize: PAGE.default },
      resolve: ({ id }, args: ConnectionArgs, context: Context, info) =>
        readConnection(
          context,
          viewerOf(context, info, 'Contact', 'AccountContact'),
          recordType('Contact'),
          within(args, { accounts: { some: ofCustomer(id) } }),
          info,
        ),
    }),
    opportunities: t.field({
      type: connectionRef('Opportunity'),
      description: `Deals with it. Pages as the root field does. Needs Opportunity.read. ${ALONE}`,
      args: connectionArgs(t, 'Opportunity'),
      extensions: { ...part('Opportunity'), connection: true, defaultSize: PAGE.default },
      resolve: ({ id }, args: ConnectionArgs, context: Context, info) =>
        readConnection(
          context,
          viewerOf(context, info, 'Opportunity'),
          recordType('Opportunity'),
          within(args, { accountId: { eq: idOf('Account', id) } }),
          info,
        ),
    }),
  }),
})

builder.queryField('customer360', (t) =>
  t.field({
    type: CustomerView,
    description:
      'A customer from all sides; null when there is none that the viewer may see. Each part stands under its own permission: one that the viewer may not read is null, with FORBIDDEN or FIELD_FORBIDDEN in errors, and the others stand. A part is one statement, however much the customer has. Needs Account.read.',
    args: { id: t.arg.id({ required: true, description: 'The customer, an account.' }) },
    extensions: { permission: ['Account.read'] },
    resolve: async (_root, { id }, context: Context) => {
      const uuid = await findCustomer(context, requireViewer(context), id)
      return uuid ? { id: uuid } : null
    },
  }),
)
