import { callerOf } from '../../read/read.ts'
import { recordType } from '../../read/recordType.ts'
import { requireViewer } from '../../resolvers/mutation.ts'
import {
  type CaseCount,
  type CaseSummary,
  caseSummary,
  type MilestoneSummary,
} from '../../resolvers/service/caseSummary.ts'
import { builder } from '../builder.ts'
import './caseMilestone.ts'

const Count = builder.objectRef<CaseCount>('CaseCount').implement({
  description: 'How many open cases are alike.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'In what: a status, a priority, the id of a queue or of an owner; null: they have none.',
    }),
    count: t.exposeInt('count', { nullable: false, description: 'How many they are.' }),
  }),
})

const Milestones = builder.objectRef<MilestoneSummary>('CaseMilestoneSummary').implement({
  description: 'How one kind of promise was kept.',
  fields: (t) => ({
    type: t.exposeString('type', { nullable: false, description: 'A CaseMilestoneType.' }),
    completed: t.exposeInt('completed', { nullable: false, description: 'How many were done.' }),
    kept: t.exposeInt('kept', { nullable: false, description: 'How many of them were done in time.' }),
    attainment: t.exposeFloat('attainment', { description: 'Kept of completed, per cent with one decimal.' }),
    medianMinutes: t.exposeFloat('medianMinutes', {
      description: 'Business minutes that the one in the middle took, what it stood left out.',
    }),
  }),
})

const groups = (description: string) => ({ nullable: { list: false, items: false } as const, description })

const Summary = builder.objectRef<CaseSummary>('CaseSummary').implement({
  description: 'Cases in figures, over what the viewer sees.',
  fields: (t) => ({
    open: t.exposeInt('open', { nullable: false, description: 'How many cases are open.' }),
    byStatus: t.field({ type: [Count], ...groups('Open ones by status.'), resolve: (one) => one.byStatus }),
    byPriority: t.field({ type: [Count], ...groups('Open ones by priority.'), resolve: (one) => one.byPriority }),
    byQueue: t.field({
      type: [Count],
      ...groups('Open ones by queue, a hundred at most.'),
      resolve: (one) => one.byQueue,
    }),
    byOwner: t.field({
      type: [Count],
      ...groups('Open ones by owner, a hundred at most.'),
      resolve: (one) => one.byOwner,
    }),
    milestones: t.field({
      type: [Milestones],
      ...groups('How promises were kept that were done in the time asked for, by kind.'),
      resolve: (one) => one.milestones,
    }),
  }),
})

builder.queryField('caseSummary', (t) =>
  t.field({
    type: Summary,
    nullable: false,
    description:
      'Open cases by status, priority, queue and owner, and how promises were kept: attainment and the median of business minutes. Needs Case.read and CaseMilestone.read.',
    args: {
      from: t.arg({ type: 'DateTime', description: 'Promises that were done from this moment on; all if left out.' }),
      to: t.arg({ type: 'DateTime', description: 'Promises that were done before this moment; all if left out.' }),
    },
    extensions: { permission: ['Case.read', 'CaseMilestone.read'], cost: 20 },
    resolve: (_root, { from, to }, context) => {
      const viewer = requireViewer(context)
      for (const field of ['type', 'completedAt', 'isViolated', 'elapsedSec'])
        viewer.access.requireField(recordType('CaseMilestone'), field, ['caseSummary'])
      return context.tenancy.readTenant(callerOf(viewer), (db) =>
        caseSummary(db, viewer, { from: from as Date | null | undefined, to: to as Date | null | undefined }),
      )
    },
  }),
)
